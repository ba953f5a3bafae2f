"""The step that averages what was projected with what a tagger of the target language predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosspan.core.types import Alignment
from crosspan.pipeline.parts import Labels
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.pipeline.voting import vote
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

    def work(self, inputs: Inputs) -> Output:
        """Label a shard."""
        assert self._tagger is not None
        projections = inputs.projected(self.projected).on(inputs.tokens().sides[1])
        links = [_NO_LINKS if one is None else one for one in inputs.links().alignments] if self.linked else None
        found = vote(self._tagger, projections, links=links, weight=self.weight)
        spans = [sentence.spans for sentence in found]
        facts = {"sentences": len(found), "spans": sum(map(len, spans)), "rejected": 0}
        return Output({"labels": Labels(spans)}, facts)
