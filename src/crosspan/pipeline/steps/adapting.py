"""The step that adapts a tagger of crosspan to the text at hand (:mod:`crosspan.train.adapt`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence
from crosspan.pipeline.parts import Model
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.train.adapt_options import AdaptOptions


@dataclass(kw_only=True)
class Adapt(Step):
    """Adapts a tagger to a sample of the source sentences and their translations; the model is the result.

    Args:
        tagger: The tagger.
        settings: How.
        pairs: The step that has the pairs.
    """

    tagger: Use
    settings: AdaptOptions
    pairs: str = "pairs"
    name: str = "adapt"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need(self.pairs, "tokens", True),)

    def facts(self) -> Mapping[str, Any]:
        """The tagger, and how it is adapted."""
        return {"tagger": self.tagger.facts(), "settings": asdict(self.settings)}

    def roots(self) -> tuple[str, ...]:
        """The tagger's."""
        return self.tagger.roots()

    def work(self, inputs: Inputs) -> Output:
        """Adapt."""
        from crosspan.tag.crf import CrfTagger
        from crosspan.train.adapt import adapt_tagger, sample_of

        tagger = self.tagger.make(inputs.threads)
        if not isinstance(tagger, CrfTagger):
            raise OptionError("this tagger cannot be adapted", hint="Write adapt = false in [tag].")
        chosen = sample_of(self._pairs(inputs), self.settings)
        sides = ([Sentence(tuple(pair[side])) for pair in chosen] for side in (0, 1))
        adapted = adapt_tagger(tagger, *sides, options=self.settings, threads=inputs.threads, progress=inputs.listener)
        return Output({"model": Model("taggers", "crf", adapted)}, {"pairs": len(chosen)})

    def _pairs(self, inputs: Inputs) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
        """The words of the pairs that have some on both sides."""
        for tokens in inputs.all(self.pairs, "tokens"):
            yield from (pair for pair in zip(*tokens.sides, strict=True) if all(pair))
