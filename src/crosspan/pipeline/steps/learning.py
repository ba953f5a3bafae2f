"""The step in which an aligner learns from the whole corpus, and from more translated text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crosspan.pipeline.corpus import Bitext, TokenPair, bitext_facts
from crosspan.pipeline.parts import Model
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use

REPORTED = "min_prob"
"""The option of aligners that says which links are reported; it changes nothing of what is learned."""


def learning_text(inputs: Inputs, bitext: Sequence[Bitext], limit: int) -> Iterator[TokenPair]:
    """What an aligner learns from: the bitext, then the sentences at hand."""
    for one in bitext:
        yield from itertools.islice(one.read(), limit or None)
        one.check()
    for tokens in inputs.all("pairs", "tokens"):
        yield from zip(*tokens.sides, strict=True)


def learning_facts(bitext: Sequence[Bitext], limit: int) -> Mapping[str, Any]:
    """What learning depends on beside the sentences at hand."""
    return {"bitext": bitext_facts(bitext), "limit": limit if bitext else 0}


@dataclass(kw_only=True)
class Learn(Step):
    """Lets an aligner that can be saved learn from the whole corpus; the model is the result."""

    aligner: Use
    bitext: Sequence[Bitext] = ()
    limit: int = 0
    name: str = "learn"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens", True),)
        settings = {name: value for name, value in self.aligner.settings.items() if name != REPORTED}
        self.aligner = replace(self.aligner, settings=settings)

    def facts(self) -> Mapping[str, Any]:
        """The aligner, and the bitext."""
        return {"aligner": self.aligner.facts(), **learning_facts(self.bitext, self.limit)}

    def roots(self) -> tuple[str, ...]:
        """The aligner's."""
        return self.aligner.roots()

    def work(self, inputs: Inputs) -> Output:
        """Learn."""
        aligner = self.aligner.make(inputs.threads)
        aligner.fit_tokens(learning_text(inputs, self.bitext, self.limit), progress=inputs.advance)
        return Output({"model": Model("aligners", self.aligner.name, aligner)}, {})
