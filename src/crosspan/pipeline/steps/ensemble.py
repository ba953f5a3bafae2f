"""The step that averages what was projected with what a tagger of the target language predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosspan.core.failures import EachByItself, in_words
from crosspan.core.types import Alignment, Sentence, Span
from crosspan.pipeline.parts import Fault, Faults, Labels
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.pipeline.voting import Float32Array, averaged
from crosspan.tag import Tagger

_NO_LINKS = Alignment.from_links([])


@dataclass(kw_only=True)
class Ensemble(Step):
    """Averages projections and predictions word by word (:func:`crosspan.pipeline.voting.vote`).

    Args:
        tagger: The tagger of the target language.
        weight: Of the projections.
        projected: The step that has them.
        linked: Whether words are linked.
    """

    tagger: Use
    weight: float
    projected: str
    linked: bool = True
    name: str = "ensemble"
    parallel: bool = True
    _tagger: Tagger | None = None
    _each: EachByItself[Sentence, Float32Array] | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need(self.projected, "projections"))
        if self.linked:
            self.needs += (Need("align", "links"),)

    def facts(self) -> Mapping[str, Any]:
        """The tagger, and the weight."""
        return {"tagger": self.tagger.facts(), "weight": self.weight}

    def roots(self) -> tuple[str, ...]:
        """The tagger's."""
        return self.tagger.roots()

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Load the tagger."""
        self._tagger = self.tagger.make(inputs.threads)
        self._each = EachByItself(self._tagger.probabilities, "the tagger")

    def work(self, inputs: Inputs) -> Output:
        """Label a shard."""
        assert self._tagger is not None
        assert self._each is not None
        projections = inputs.projected(self.projected).on(inputs.tokens().sides[1])
        links = [_NO_LINKS if one is None else one for one in inputs.links().alignments] if self.linked else None
        spans: list[tuple[Span, ...]] = []
        faults: Faults = {}
        for index, model in enumerate(self._each([projection.sentence for projection in projections])):
            if isinstance(model, Exception):
                faults[index] = Fault(None, f"the tagger failed on the sentence ({in_words(model)})")
                spans.append(())
                continue
            own = None if links is None else links[index]
            found = averaged(projections[index], model, self._tagger.tags, links=own, weight=self.weight)
            spans.append(found.spans)
        facts = {"sentences": len(spans), "spans": sum(map(len, spans)), "rejected": len(faults)}
        return Output({"labels": Labels(spans, faults)}, facts, self._each.unsure)
