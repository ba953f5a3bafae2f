"""Projection by generation: a sequence-to-sequence model writes candidates, a translation model chooses among them.

T-Projection (García-Ferrero, Agerri and Rigau, Findings of EMNLP 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import AtLeast, checked, with_settings
from crosspan.core.types import Alignment, Pair, Projection
from crosspan.models.device import Placement
from crosspan.project.batch import Float64Array, PairBatch
from crosspan.project.match import match
from crosspan.project.results import Reason, assemble
from crosspan.project.scorers.nmt import NmtOptions, NmtScorer
from crosspan.project.sides import language_of
from crosspan.project.t_projection_data import Places, Template
from crosspan.project.t_projection_model import BeamWriter, Writer
from crosspan.text.detokenize import phrase

FILTERS = ("not_generated", "not_in_target")
"""Why an entity has no candidate: the model wrote none of its class, or none that stands in the sentence."""

_TOO_LONG = "the sentence is too long for the model that writes candidates"


class PhraseScorer(Protocol):
    """How well phrases translate each other; :class:`crosspan.project.scorers.nmt.NmtScorer` is one."""

    def phrases(
        self, sources: Sequence[str], targets: Sequence[str], languages: tuple[str, str]
    ) -> npt.NDArray[np.float64]:
        """One number a pair of phrases, larger is better: 1 is a perfect translation, 0 none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TProjectionOptions:
    """How candidates are written and chosen.

    Args:
        model: The model that writes candidates, by its name or folder: one that was trained with
            :func:`crosspan.train.candidates.training.train_writer`.
        device: Where it runs: ``"auto"``, ``"cpu"``, ``"cuda"`` …
        dtype: Its precision: ``"auto"``, ``"float32"``, ``"float16"`` or ``"bfloat16"``.
        beams: How many answers it gives to each sentence; the paper took 100, and found 15 to 25 to be enough.
        longest: Most pieces of an answer.
        substring: Whether a candidate may be a part of a word, which is then labelled as a whole: for agglutinative
            languages.
        min_score: Candidates whose translation score is not above this are left out.
        names: What labels are called for the model, such as ``"DIS=Disease"``, as in its training.
        blank: What stands for an entity in its question, as in its training.
        budget: Most pieces that are read and written at once, each counted for every beam.
        nmt: The translator that scores candidates, and how; its ``floor`` is not used.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    device: str = "auto"
    dtype: str = "auto"
    beams: Annotated[int, AtLeast(1)] = 15
    longest: Annotated[int, AtLeast(1)] = 256
    substring: bool = False
    min_score: Annotated[float, AtLeast(0)] = 0.0
    names: tuple[str, ...] = ()
    blank: str = "[None]"
    budget: Annotated[int, AtLeast(1)] = 16_384
    nmt: NmtOptions = field(default_factory=NmtOptions)

    def __post_init__(self) -> None:
        checked(self)
        Placement(device=self.device, dtype=self.dtype)
        Template.named(self.names, self.blank)


@dataclass(slots=True)
class _Candidates:
    """Candidates of a batch: span, range, and the phrases that are compared."""

    span: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    target: list[str] = field(default_factory=list)
    languages: list[tuple[str, str]] = field(default_factory=list)


class TProjection:
    """Carries spans over by writing candidates and choosing among them (:mod:`crosspan.project.projector`).

    As published, a model that was trained on labelled sentences of the source language reads the target sentence with
    a blank for each entity of the source sentence, and fills it in many ways by beam search; what it writes for a
    class are the candidates of all entities of that class, as far as they stand in the sentence; NMTScore says how
    well each translates an entity. Other than published, a candidate may be any of the places where its words stand,
    and of all choices without overlap the one with the highest total score is taken, where the published code goes
    from entity to entity.

    The confidence of a span is its translation score, at most 1. The alignments are not used, but a pair whose
    alignment is ``None`` becomes an error projection. Entities without candidates are dropped as
    ``filtered:not_generated`` or ``filtered:not_in_target``.

    Args:
        options: How candidates are written and chosen.
        writer: What writes candidates; by default ``options.model``, loaded when it is first needed.
        scorer: What scores them; by default NMTScore with ``options.nmt``.
        settings: Single options by name, such as ``nmt.model``, which come before ``options``; values may be strings.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> class Fixed:
        ...     def write(self, questions):
        ...         return [["<Location>York</Location>", "<Location>Nueva York</Location>"] for _ in questions]
        ...     def phrases(self, sources, targets, languages):
        ...         return np.array([1 / (1 + abs(len(a) - len(b))) for a, b in zip(sources, targets)])
        >>> options = TProjectionOptions(nmt=NmtOptions(source_lang="en", target_lang="es"))
        >>> pair = Pair(Sentence(("New", "York"), (Span(0, 2, "LOC"),)), Sentence(("en", "Nueva", "York")))
        >>> made = TProjection(options, writer=Fixed(), scorer=Fixed()).project([pair], [Alignment.from_links([])])
        >>> made[0].sentence.tags()
        ['O', 'B-LOC', 'I-LOC']
    """

    def __init__(
        self,
        options: TProjectionOptions | None = None,
        *,
        writer: Writer | None = None,
        scorer: PhraseScorer | None = None,
        **settings: Any,
    ) -> None:
        self.options = with_settings(options or TProjectionOptions(), settings)
        self._template = Template.named(self.options.names, self.options.blank)
        self._writer = writer
        self._scorer = scorer
        self._turn = Lock()

    def count(self, pairs: Sequence[Pair]) -> None:
        """Do nothing: T-Projection looks at one sentence at a time."""

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Do nothing: T-Projection looks at one sentence at a time."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Project the spans of pairs.

        Raises:
            OptionError: No model or language is named, or the translator does not know one.
            ModelError: A model cannot be loaded, or failed.
            MissingDependencyError: ``crosspan[neural]`` is not installed.
        """
        batch = PairBatch.build(pairs, alignments)
        reason = np.full(batch.n_spans, Reason.NO_LINK, np.int8)
        with self._turn:
            found = self._candidates(pairs, batch, reason)
            score = self._scores(found)
        span = np.array(found.span, np.int32)
        start, end = np.array(found.start, np.int32), np.array(found.end, np.int32)
        matching = match(batch.span_ptr, span, start, end, np.where(score > self.options.min_score, score, 0.0))
        result = matching.result(start, end, np.clip(score, 0.0, 1.0))
        without = result.reason == Reason.NO_LINK
        result.reason[without] = reason[without]
        result.reason[batch.bad[batch.span_sentence]] = Reason.ERROR
        return assemble(batch, pairs, result, filters=FILTERS)

    def written(self, pairs: Sequence[Pair]) -> list[list[str] | None]:
        """What the model writes for pairs: all answers to each, the best first; ``None`` where it cannot read one.

        Raises:
            OptionError: No model is named.
            ModelError: The model cannot be loaded, or failed.
        """
        questions = [self._template.question(pair.target, [span.label for span in pair.source.spans]) for pair in pairs]
        return self._loaded_writer().write(questions) if questions else []

    def _candidates(self, pairs: Sequence[Pair], batch: PairBatch, reason: npt.NDArray[np.int8]) -> _Candidates:
        """The candidates of all entities; ``reason`` and the errors of ``batch`` are completed."""
        found = _Candidates()
        work = [
            index
            for index, pair in enumerate(pairs)
            if not batch.bad[index] and pair.source.spans and pair.target.tokens
        ]
        languages = [self._languages(pairs[index]) for index in work]
        answers = self.written([pairs[index] for index in work])
        for index, some, spoken in zip(work, answers, languages, strict=True):
            if some is None:
                batch.bad[index] = True
                batch.errors[index] = _TOO_LONG
                continue
            pair, first = pairs[index], int(batch.span_ptr[index])
            places = self._places(pair, some)
            for row, span in enumerate(pair.source.spans, first):
                if span.label not in places:
                    reason[row] = Reason.FILTERED
                elif not places[span.label]:
                    reason[row] = Reason.FILTERED + 1
                for start, end, text in places.get(span.label, ()):
                    found.span.append(row)
                    found.start.append(start)
                    found.end.append(end)
                    found.source.append(phrase(pair.source, span.start, span.end))
                    found.target.append(text)
                    found.languages.append(spoken)
        return found

    def _places(self, pair: Pair, answers: Sequence[str]) -> dict[str, list[tuple[int, int, str]]]:
        """For each class that was written, the ranges that its candidates stand at, and the phrase to score."""
        labels = list(dict.fromkeys(span.label for span in pair.source.spans))
        where = Places(pair.target.tokens, inside=self.options.substring)
        found: dict[str, dict[tuple[int, int, str], None]] = {}
        for one in dict.fromkeys(one for text in answers for one in self._template.read(text, labels)):
            of_class = found.setdefault(one.label, {})
            whole = Places(pair.target.tokens).of(one.text) if self.options.substring else None
            for start, end in where.of(one.text):
                # of a part of a word, the part alone is a translation
                text = one.text if whole is not None and not whole else phrase(pair.target, start, end)
                of_class[start, end, text] = None
        return {label: sorted(some) for label, some in found.items()}

    def _scores(self, found: _Candidates) -> Float64Array:
        score = np.zeros(len(found.span))
        for languages in dict.fromkeys(found.languages):
            at = [index for index, one in enumerate(found.languages) if one == languages]
            sources, targets = [found.source[index] for index in at], [found.target[index] for index in at]
            score[at] = self._loaded_scorer().phrases(sources, targets, languages)
        return score

    def _languages(self, pair: Pair) -> tuple[str, str]:
        nmt = self.options.nmt
        return (
            language_of(nmt.source_lang, pair.source, "nmt.source_lang"),
            language_of(nmt.target_lang, pair.target, "nmt.target_lang"),
        )

    def _loaded_writer(self) -> Writer:
        if self._writer is None:
            options = self.options
            if not options.model:
                raise OptionError(
                    "T-Projection needs a model that writes candidates",
                    hint="Train one with crosspan.train.candidates.training, and give its folder as model.",
                )
            self._writer = BeamWriter(
                options.model,
                beams=options.beams,
                placement=Placement(device=options.device, dtype=options.dtype),
                longest=options.longest,
                budget=options.budget,
            )
        return self._writer

    def _loaded_scorer(self) -> PhraseScorer:
        if self._scorer is None:
            self._scorer = NmtScorer(self.options.nmt)
        return self._scorer
