"""How candidates are made, scored and matched: the options of :mod:`crosspan.project.candidates`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.options import AtLeast, Within, checked
from crosspan.core.values import as_type
from crosspan.project.fused import added_weights, scorer_settings
from crosspan.project.matchers import Constraint, check_matching
from crosspan.project.ner_candidates import NerOptions
from crosspan.project.scorers import SCORERS
from crosspan.project.scorers.nmt import NmtOptions

Scoring = Literal["learned", "align", "fused"]
CandidateKind = Literal["ngrams", "all_ngrams", "target_spans", "ner"]
AlignForm = Literal["paper", "thesis"]
Links = Literal["auto", "statistical", "hybrid", "hard"]


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
        weights: Weights to use instead of the built-in ones, by name of a feature or a score; ``ner``, ``ner_spans``,
            ``nmt`` and those of other packages can be added to any scores.
        align_form: ``"thesis"`` leaves the factor 2 out of the align score, as Shkalikov's thesis does.
        link_kind: What the links are, for which there are built-in weights each: ``"statistical"``, ``"hybrid"``, or
            ``"hard"``, without probabilities. With ``"auto"`` the aligner says it; where none does, links of a pair
            that are all certain are hard, others statistical.
        tagged: Whether a tagger made the labels of the source and gave them no scores: then its mistakes count in the
            confidence.
        hard_links: Count every link as 1, as the paper does, and not with its probability.
        ner: The tagger of the target side, for candidates and the scores ``ner`` and ``ner_spans``.
        nmt: The translator of the score ``nmt``.
        scorers: Options of scores that other packages bring, as ``NAME.OPTION``.
        memory: Whether renderings elsewhere in the corpus count.
        matcher: One of :data:`crosspan.project.matchers.MATCHERS`.
        matching: Options of a matcher that another package brings.
        n_proj: How many target ranges an entity may have.
        constraint: ``"<="``, ``"="`` or ``">="`` that many.

    Raises:
        OptionError: A value is outside what it can be.
    """

    candidates: CandidateKind = "ngrams"
    sub_ranges: bool = False
    max_words: Annotated[int, AtLeast(1)] = 40
    reach: Annotated[int, AtLeast(0)] = 2
    min_mass: Annotated[float, Within(0, 1)] = 0.1
    stop_words: tuple[str, ...] = ()
    trim_articles: bool = True
    scores: Scoring = "learned"
    weights: Mapping[str, float] = field(default_factory=dict)
    align_form: AlignForm = "paper"
    link_kind: Links = "auto"
    tagged: bool = False
    hard_links: bool = False
    ner: NerOptions = field(default_factory=NerOptions)
    nmt: NmtOptions = field(default_factory=NmtOptions)
    scorers: Mapping[str, Any] = field(default_factory=dict)
    memory: bool = True
    matcher: str = "exact"
    matching: Mapping[str, Any] = field(default_factory=dict)
    n_proj: int = 1
    constraint: Constraint = "<="

    def __post_init__(self) -> None:
        checked(self)
        check_matching(self.matcher, self.n_proj, self.constraint)
        if not isinstance(self.weights, Mapping):
            raise OptionError(f"weights is {self.weights!r}", hint="Set them one by one, as weights.NAME=NUMBER.")
        for name, value in self.weights.items():
            as_type(f"weights.{name}", value, 1.0)

    def check_names(self, more: Collection[str] = ()) -> None:
        """Raise unless all scores that are named are there.

        Args:
            more: Names of scores that somebody brings himself.

        Raises:
            OptionError: There is no such score, or it has no such option.
        """
        if not self.weights and not self.scorers:
            return
        from crosspan.project.features import FEATURES

        for name in self.weights:
            if name not in FEATURES and name not in SCORERS and name not in more:
                known = [*FEATURES, *SCORERS.names(), *more]
                hint = did_you_mean(name, known, otherwise=f"There are: {', '.join(known)}.")
                raise OptionError(f"there is no score called {name!r}", hint=hint)
        for name in {key.partition(".")[0] for key in self.scorers}:
            SCORERS.resolved(name, scorer_settings(self, name))

    def facts(self) -> dict[str, Any]:
        """What of :class:`~crosspan.core.components.Component` depends on these options."""
        added = [SCORERS.component(name) for name, weight in added_weights(self).items() if weight]
        asks = self.candidates == "ner" or any(one.text for one in added)
        packages = {name for one in added for name in (*one.packages, *one.optional)}
        if self.candidates == "ner":
            packages |= {*SCORERS.component("ner").optional}
        return {
            "learns": self.scores == "learned",
            "text": asks,
            "target_spans": asks or self.candidates == "target_spans",
            "optional": tuple(sorted(packages)),
        }
