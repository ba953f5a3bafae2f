"""Steps in which labels go through a translator, as marks around entities (:mod:`crosspan.project.markers`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from crosspan.core.failures import EachByItself, in_words
from crosspan.core.types import DroppedSpan, Projection, Sentence
from crosspan.pipeline.parts import (
    Extras,
    Fault,
    Faults,
    Labels,
    Projected,
    Tokens,
    about_row,
    settled_projection,
    whole_sentences,
)
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.projecting import counts_of
from crosspan.pipeline.steps.translating import Between
from crosspan.project.filters import drop_unsure
from crosspan.project.marked_translation import compose, translate_marked
from crosspan.project.marker_options import MarkerOptions

if TYPE_CHECKING:
    from crosspan.translate import Translator


@dataclass(kw_only=True)
class _Marked(Step):
    """What both directions of marked translation share.

    Args:
        translator: The translator.
        markers: How entities are marked, and found again.
        labels: The step that has the labels of what is translated.
    """

    translator: Between
    labels: str
    markers: MarkerOptions = field(default_factory=MarkerOptions)
    parallel: bool = True
    _loaded: Translator | None = None
    _each: EachByItself[Sentence, Projection] | None = None

    def facts(self) -> Mapping[str, Any]:
        """The translator, and the markers."""
        return {"translator": self.translator.facts(), "markers": asdict(self.markers)}

    def roots(self) -> tuple[str, ...]:
        """The translator's."""
        return self.translator.use.roots()

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Load the translator."""
        self._loaded = self.translator.load(inputs.threads, marked=True)
        self._each = EachByItself(self._call, "the translator")

    def _translated(self, sentences: Sequence[Sentence], faults: Faults) -> list[Projection]:
        """One projection a sentence: those with a fault are passed over, and one that fails costs no other."""
        lang = self.translator.target_lang or None
        found = [
            Projection(
                Sentence((), id=one.id, lang=lang),
                dropped=tuple([DroppedSpan(span, "error") for span in one.spans]),
                error=faults[index].reason if index in faults else None,
            )
            for index, one in enumerate(sentences)
        ]
        at = [index for index in range(len(sentences)) if index not in faults]
        assert self._each is not None
        results = self._each([sentences[index] for index in at])
        for index, one in zip(at, results, strict=True):
            if isinstance(one, Exception):
                found[index] = replace(found[index], error=f"the translator failed on the sentence ({in_words(one)})")
            else:
                found[index] = one
        return found

    @property
    def _unsure(self) -> bool:
        return self._each is not None and self._each.unsure

    def _call(self, sentences: Sequence[Sentence]) -> list[Projection]:
        assert self._loaded is not None
        made = self.translator
        found = translate_marked(
            sentences,
            self._loaded,
            options=self.markers,
            source_lang=made.source_lang,
            target_lang=made.target_lang,
        )
        return [one.projection for one in found]


@dataclass(kw_only=True)
class TranslateMarked(_Marked):
    """Makes pairs and projections at once: sentences, and their marked translations with the marks read again.

    Args:
        min_confidence: Spans less sure than this are dropped.
    """

    min_confidence: float = 0.0
    name: str = "pairs"

    def __post_init__(self) -> None:
        self.needs = (Need("given", "tokens"), Need("given", "about"), Need(self.labels, "labels"))

    def facts(self) -> Mapping[str, Any]:
        """The translator, the markers, and what is dropped."""
        return {**_Marked.facts(self), "min_confidence": self.min_confidence}

    def work(self, inputs: Inputs) -> Output:
        """Translate a shard."""
        labels, about = inputs.labels(self.labels), inputs.about("given")
        given = whole_sentences(inputs.tokens("given"), about, 0, labels)
        projections = [settled_projection(one) for one in self._translated(given, dict(labels.faults))]
        if self.min_confidence:
            projections = [drop_unsure(one, self.min_confidence) for one in projections]
        sides = (given, [one.sentence for one in projections])
        parts = {
            "tokens": Tokens(tuple([one.tokens for one in side] for side in sides)),
            "labels": labels,
            "target_spans": Labels([()] * len(given)),
            "about": Extras(tuple([*map(about_row, side)] for side in sides), about.lines),
            "projections": Projected(projections),
        }
        spans = sum(map(len, labels.spans))
        facts = {**counts_of(projections), "spans": spans, "first": None}
        return Output(parts, facts, self._unsure)


@dataclass(kw_only=True)
class BackTranslate(_Marked):
    """Makes pairs in one language: the labelled source, brought back with marks, and the target as it is."""

    name: str = "pairs"

    def __post_init__(self) -> None:
        parts = ("tokens", "about", "target_spans")
        self.needs = (*(Need("translated", part) for part in parts), Need(self.labels, "labels"))

    def work(self, inputs: Inputs) -> Output:
        """Bring a shard back."""
        tokens, about, labels = inputs.tokens("translated"), inputs.about("translated"), inputs.labels(self.labels)
        faults = dict(labels.faults)
        back = self._translated(whole_sentences(tokens, about, 0, labels), faults)
        for index, one in enumerate(back):
            if one.error is not None:
                faults.setdefault(index, Fault(None, f"the sentence was lost on the way back ({one.error})"))
        parts = {
            "tokens": Tokens(([one.sentence.tokens for one in back], tokens.sides[1])),
            "labels": Labels([one.sentence.spans for one in back], faults),
            "target_spans": inputs.labels("translated", "target_spans"),
            "about": Extras(([about_row(one.sentence) for one in back], about.sides[1]), about.lines),
            "legs": Projected(back),
        }
        spans = sum(len(one.sentence.spans) for one in back)
        facts = {"sentences": len(back), "spans": spans, "rejected": len(faults), "first": None}
        return Output(parts, facts, self._unsure)


@dataclass(kw_only=True)
class Compose(Step):
    """Tells what became of the labels of the source, by way of the back-translation, in the target.

    Args:
        projected: The step that carried labels from the back-translation to the target.
        source_scores: Whether scores of source spans count in the confidence.
    """

    projected: str
    source_scores: bool = True
    name: str = "compose"

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("pairs", "legs"), Need(self.projected, "projections"))

    def facts(self) -> Mapping[str, Any]:
        """Whether scores count."""
        return {"source_scores": self.source_scores}

    def work(self, inputs: Inputs) -> Output:
        """Put both legs of a shard together."""
        back, targets = inputs.tokens().sides
        legs = inputs.projected("pairs", "legs").on(back)
        found = inputs.projected(self.projected).on(targets)
        whole = [
            settled_projection(compose(one, other), source_scores=self.source_scores)
            for one, other in zip(legs, found, strict=True)
        ]
        return Output({"projections": Projected(whole)}, counts_of(whole))
