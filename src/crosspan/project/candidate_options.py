"""How candidates are made, scored and matched: the options of :mod:`crosspan.project.candidates`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.core.settings import as_type
from crosspan.project.match import check_matching
from crosspan.project.ner_candidates import NerOptions
from crosspan.project.nmt_score import NmtOptions

Scoring = Literal["learned", "align", "fused"]
CandidateKind = Literal["ngrams", "all_ngrams", "target_spans", "ner"]
AlignForm = Literal["paper", "thesis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateOptions:
    """How candidates are made, scored and matched.

    With ``scores="align"``, ``min_mass=0`` and ``constraint="<="`` the n-grams near the links lose nothing against all
    n-grams of the same lengths, whatever ``reach`` and ``n_proj``: a best range begins and ends with linked words, as
    unlinked ones at its ends only lower the score. A larger ``min_mass`` can lose faintly linked words, and with
    ``"="`` or ``">="`` entities without links may need ranges that are no candidates.

    Args:
        candidates: ``"ngrams"``, all ranges of target words near the links; ``"all_ngrams"``, all ranges wherever they
            are; ``"target_spans"``, the spans that the target sentences come with; or ``"ner"``, the spans that
            ``ner.tagger`` finds in them. Labels of such spans do not matter.
        sub_ranges: With ``"target_spans"`` and ``"ner"``, all ranges inside the spans are candidates too.
        max_words: Longest n-gram or sub-range; of ``"ngrams"``, one for an entity of k words (less an article at its
            beginning) never has more than 2k + 4.
        reach: How many words beyond a linked or look-alike word an n-gram may begin or end. Look-alike words count
            where the entity is one word, or begins with one that is not in small letters.
        min_mass: Link probability from which a word is linked for that; at least one in a million.
        stop_words: Words that no candidate may contain.
        trim_articles: Look for a name without the article it begins with; only ``"learned"`` scores do.
        scores: ``"learned"``, the weighted sum of all features, against "not here"; ``"align"``, the score of
            Politov et al. (2025), 2·links/(words of both); or ``"fused"``, align with a weight of 0.5, ner_spans with
            0.5 and nmt with 1.
        weights: Weights to use instead of the built-in ones, by feature or scorer name; ``ner``, ``ner_spans`` and
            ``nmt`` can be added to any scores.
        align_form: ``"thesis"`` leaves the factor 2 out of the align score, as Shkalikov's thesis does.
        hard_links: Count every link as 1, as the paper does, and not with its probability.
        ner: The tagger of the target side, for candidates and the scores ``ner`` and ``ner_spans``.
        nmt: The translator of the score ``nmt``.
        memory: Whether renderings elsewhere in the corpus count.
        matcher: ``"exact"`` or ``"greedy"``.
        n_proj: How many target ranges an entity may have.
        constraint: ``"<="``, ``"="`` or ``">="`` that many.

    Raises:
        OptionError: A value is outside what it can be.
    """

    candidates: CandidateKind = "ngrams"
    sub_ranges: bool = False
    max_words: int = 40
    reach: int = 2
    min_mass: float = 0.1
    stop_words: tuple[str, ...] = ()
    trim_articles: bool = True
    scores: Scoring = "learned"
    weights: Mapping[str, float] = field(default_factory=dict)
    align_form: AlignForm = "paper"
    hard_links: bool = False
    ner: NerOptions = field(default_factory=NerOptions)
    nmt: NmtOptions = field(default_factory=NmtOptions)
    memory: bool = True
    matcher: Literal["exact", "greedy"] = "exact"
    n_proj: int = 1
    constraint: Literal["<=", "=", ">="] = "<="

    def __post_init__(self) -> None:
        choices = (("candidates", CandidateKind), ("scores", Scoring), ("align_form", AlignForm))
        for name, kinds in ((name, get_args(kind)) for name, kind in choices):
            if getattr(self, name) not in kinds:
                raise OptionError(f"{name} is {getattr(self, name)!r}", hint=f"Choose one of {', '.join(kinds)}.")
        check_matching(self.matcher, self.n_proj, self.constraint)
        if not isinstance(self.weights, Mapping):
            raise OptionError(f"weights is {self.weights!r}", hint="Set them one by one, as weights.NAME=NUMBER.")
        for name, value in self.weights.items():
            as_type(f"weights.{name}", value, 1.0)
        if self.max_words < 1:
            raise OptionError(f"max_words is {self.max_words}", hint="Let it be 1 or more.")
        if self.reach < 0:
            raise OptionError(f"reach is {self.reach}", hint="Let it be 0 or more words.")
        if not 0.0 <= self.min_mass <= 1.0:
            raise OptionError(f"min_mass is {self.min_mass}", hint="Choose a value from 0 to 1.")
