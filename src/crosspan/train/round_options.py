"""How predictions and labels vote; by itself, so that asking for options loads no tagger."""

from __future__ import annotations

from dataclasses import dataclass

from crosspan.core.errors import OptionError

ROUNDS = 1
"""How often labels are voted on and the tagger is trained again, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class VoteOptions:
    """How predictions and projected labels vote.

    Args:
        folds: The sentences are cut into so many parts; each is predicted by a tagger trained on the others.
        accept: A predicted entity where nothing is labelled is taken over when it is at least this sure.
        doubt: Where it is less sure than that, but at least so sure, its words are unobserved.
        reject: A projected span becomes unobserved when its own confidence times what the tagger gives its words is
            below this.
        sample: Most sentences that each tagger that votes is trained on, chosen by a hash of their words; 0 for all. It
            votes on all sentences of its part in any case.
    """

    folds: int = 4
    accept: float = 0.8
    doubt: float = 0.3
    reject: float = 0.02
    sample: int = 10_000

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise OptionError("folds must be at least 2", hint="A tagger must not vote on what it was trained on.")
        if not 0.0 <= self.reject <= 1.0 or not 0.0 <= self.doubt <= self.accept <= 1.0:
            raise OptionError("accept, doubt and reject are chances, and doubt is at most accept")
        if self.sample < 0:
            raise OptionError(f"sample is {self.sample}", hint="Choose 0, for all sentences, or more.")
