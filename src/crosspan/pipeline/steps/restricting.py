"""The step that keeps the labels of the target alone, and finds out from the corpus what others stand for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crosspan.pipeline.parts import Projected
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.projecting import counts_of
from crosspan.project.unknown_labels import Restriction


@dataclass(kw_only=True)
class Restrict(Step):
    """Keeps some labels of projections (:mod:`crosspan.project.unknown_labels`).

    Args:
        labels: The labels of the target.
        projected: The step that has the projections.
    """

    labels: tuple[str, ...]
    projected: str
    name: str = "restrict"
    parallel: bool = True
    _restriction: Restriction | None = None

    def __post_init__(self) -> None:
        parts = (("pairs", "tokens"), (self.projected, "projections"))
        self.needs = (*(Need(*part) for part in parts), *(Need(*part, True) for part in parts))

    def facts(self) -> Mapping[str, Any]:
        """The labels."""
        return {"labels": self.labels}

    def learn(self, inputs: Inputs) -> Restriction:
        """Look at the names of the whole corpus."""
        restriction = Restriction(self.labels)
        for tokens, projected in zip(
            inputs.all("pairs", "tokens"), inputs.all(self.projected, "projections"), strict=True
        ):
            restriction.learn(projected.on(tokens.sides[1]))
        return restriction

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Take what was learned."""
        self._restriction = learned

    def work(self, inputs: Inputs) -> Output:
        """Restrict a shard."""
        assert self._restriction is not None
        projections = inputs.projected(self.projected).on(inputs.tokens().sides[1])
        found = [self._restriction.apply(one) for one in projections]
        return Output({"projections": Projected(found)}, counts_of(found))
