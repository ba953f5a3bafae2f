"""Stages in which labels go through a translator, as marks around entities (:mod:`crosspan.project.markers`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from crosspan.core.options import with_settings
from crosspan.core.types import DroppedSpan, Projection, Sentence
from crosspan.pipeline.codec import (
    Faults,
    about_row,
    dump_labels,
    dump_projections,
    dumps,
    load_labels,
    load_projections,
    loads,
    reason_of,
    whole_sentence,
)
from crosspan.pipeline.failures import each_by_itself, in_words
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.projecting import projection_facts
from crosspan.pipeline.steps.translating import TranslatorSpec, given_sentences
from crosspan.pipeline.transfer import with_source_scores
from crosspan.project.filters import drop_unsure
from crosspan.project.marked_translation import compose, translate_marked
from crosspan.project.marker_options import MarkerOptions

if TYPE_CHECKING:
    from crosspan.translate import Translator


@dataclass(kw_only=True)
class TranslateMarked(Step):
    """Makes pairs and projections at once: sentences, and their marked translations with the marks read again.

    Args:
        translator: The translator.
        settings: Options of markers, by name.
        labels: The stage that has the labels of what was read.
        min_confidence: Spans less sure than this are dropped.
    """

    translator: TranslatorSpec
    settings: Mapping[str, Any]
    labels: str
    min_confidence: float = 0.0
    name: str = "pairs"
    parallel: bool = True
    _loaded: Translator | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("given", "tokens"), Need("given", "about"), Need(self.labels, "labels"))
        self.options = {
            "translator": self.translator.identity(),
            "markers": dict(self.settings),
            "min_confidence": self.min_confidence,
        }

    def prepare(self, inputs: Inputs) -> None:
        """Load the translator."""
        self._loaded = self.translator.load(inputs.threads, marked=True)

    def work(self, inputs: Inputs) -> Output:
        """Translate a shard."""
        spans, faults = load_labels(inputs.part(self.labels, "labels"))
        given = [replace(one, spans=found) for one, found in zip(given_sentences(inputs), spans, strict=True)]
        projections = _marked(given, faults, self._translate, self.translator.target_lang)
        if self.min_confidence:
            projections = [drop_unsure(one, self.min_confidence) for one in projections]
        targets = [one.sentence for one in projections]
        about = loads(inputs.part("given", "about"))
        parts = {
            "tokens": dumps([[one.tokens for one in side] for side in (given, targets)]),
            "labels": dump_labels(spans, faults),
            "target_spans": dump_labels((), {}),
            "about": dumps({"sides": [[*map(about_row, given)], [*map(about_row, targets)]], "lines": about["lines"]}),
            "projections": dump_projections(projections),
        }
        rejected = sum(one.error is not None for one in projections)
        facts = {"sentences": len(given), "spans": sum(map(len, spans)), "rejected": rejected, "first": None}
        return Output(parts, facts)

    def _translate(self, sentences: Sequence[Sentence]) -> list[Projection]:
        assert self._loaded is not None
        spec, options = self.translator, with_settings(MarkerOptions(), self.settings)
        found = translate_marked(
            sentences, self._loaded, source_lang=spec.source_lang, target_lang=spec.target_lang, options=options
        )
        return [with_source_scores(one.projection) for one in found]


@dataclass(kw_only=True)
class BackTranslate(Step):
    """Makes pairs in one language: the labelled source, brought back with marks, and the target as it is.

    Args:
        translator: From the language of the source to that of the target.
        options_of_markers: How entities are marked and found again.
        labels: The stage that has the labels of the source.
    """

    translator: TranslatorSpec
    options_of_markers: MarkerOptions
    labels: str
    name: str = "pairs"
    parallel: bool = True
    _loaded: Translator | None = None

    def __post_init__(self) -> None:
        parts = ("tokens", "about", "target_spans")
        self.needs = (*(Need("translated", part) for part in parts), Need(self.labels, "labels"))
        self.options = {"translator": self.translator.identity(), "markers": asdict(self.options_of_markers)}

    def prepare(self, inputs: Inputs) -> None:
        """Load the translator."""
        self._loaded = self.translator.load(inputs.threads, marked=True)

    def work(self, inputs: Inputs) -> Output:
        """Bring a shard back."""
        spans, faults = load_labels(inputs.part(self.labels, "labels"))
        sources, targets = loads(inputs.part("translated", "tokens"))
        about = loads(inputs.part("translated", "about"))
        labelled = [
            whole_sentence(words, row, found)
            for words, row, found in zip(sources, about["sides"][0], spans, strict=True)
        ]
        back = _marked(labelled, faults, self._translate, self.translator.target_lang)
        for index, one in enumerate(back):
            if one.error is not None:
                faults.setdefault(index, (None, f"the sentence was lost on the way back ({one.error})", None))
        parts = {
            "tokens": dumps([[one.sentence.tokens for one in back], targets]),
            "labels": dump_labels([one.sentence.spans for one in back], faults),
            "target_spans": inputs.part("translated", "target_spans"),
            "about": dumps({**about, "sides": [[about_row(one.sentence) for one in back], about["sides"][1]]}),
            "legs": dump_projections(back),
        }
        facts = {
            "sentences": len(back),
            "spans": sum(len(one.sentence.spans) for one in back),
            "rejected": len(faults),
            "first": None,
        }
        return Output(parts, facts)

    def _translate(self, sentences: Sequence[Sentence]) -> list[Projection]:
        assert self._loaded is not None
        spec = self.translator
        found = translate_marked(
            sentences,
            self._loaded,
            source_lang=spec.source_lang,
            target_lang=spec.target_lang,
            options=self.options_of_markers,
        )
        return [one.projection for one in found]


@dataclass(kw_only=True)
class Compose(Step):
    """Tells what became of the labels of the source, by way of the back-translation, in the target.

    Args:
        projected: The stage that carried labels from the back-translation to the target.
        tagged: Whether labels of the source have scores of a tagger, which count as well.
    """

    projected: str
    tagged: bool
    name: str = "compose"

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("pairs", "legs"), Need(self.projected, "projections"))
        self.options = {"tagged": self.tagged}

    def work(self, inputs: Inputs) -> Output:
        """Put both legs of a shard together."""
        back, targets = loads(inputs.part("pairs", "tokens"))
        legs = load_projections(inputs.part("pairs", "legs"), back)
        found = load_projections(inputs.part(self.projected, "projections"), targets)
        whole = [compose(one, other) for one, other in zip(legs, found, strict=True)]
        if self.tagged:
            whole = list(map(with_source_scores, whole))
        return Output({"projections": dump_projections(whole)}, projection_facts(whole))


def _marked(sentences: Sequence[Sentence], faults: Faults, translate: Any, lang: str) -> list[Projection]:
    """One projection a sentence: those with a fault are passed over, and one that fails costs no other."""
    found = [
        Projection(
            Sentence((), id=one.id, lang=lang or None),
            dropped=tuple([DroppedSpan(span, "error") for span in one.spans]),
            error=reason_of(faults[index]) if index in faults else None,
        )
        for index, one in enumerate(sentences)
    ]
    at = [index for index in range(len(sentences)) if index not in faults]
    for index, one in zip(at, each_by_itself(translate, [sentences[index] for index in at]), strict=True):
        if isinstance(one, Exception):
            found[index] = replace(found[index], error=f"the translator failed on the sentence ({in_words(one)})")
        else:
            found[index] = one
    return found
