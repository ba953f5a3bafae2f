"""The step that adapts a tagger of crosspan to the text at hand (:mod:`crosspan.train.adapt`)."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Adapts a tagger to the source sentences and their translations; the model is the result.

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
        from crosspan.train.adapt import adapt_tagger

        tagger = self.tagger.make(inputs.threads)
        if not isinstance(tagger, CrfTagger):
            raise OptionError("this tagger cannot be adapted", hint="Write adapt = false in [tag].")
        sides: tuple[list[Sentence], list[Sentence]] = ([], [])
        known: dict[str, str] = {}  # the same word is kept once
        for tokens in inputs.all(self.pairs, "tokens"):
            for source, target in zip(*tokens.sides, strict=True):
                if source and target:
                    for side, words in zip(sides, (source, target), strict=True):
                        side.append(Sentence(tuple([known.setdefault(word, word) for word in words])))

        adapted = adapt_tagger(tagger, *sides, options=self.settings, threads=inputs.threads, progress=inputs.listener)
        return Output({"model": Model("taggers", "crf", adapted)}, {"pairs": len(sides[0])})
