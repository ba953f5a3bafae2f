"""How a tagger is adapted to text; by itself, so that asking for options loads no tagger."""

from __future__ import annotations

from dataclasses import dataclass

from crosspan.core.errors import OptionError

COPY_BIAS = 3.0
"""Log odds by which a copied word is likelier to be part of an entity than the tagger thinks.

Chosen on the development sets of Luganda and Twi (MasakhaNER 2 with MAFAND).
"""


@dataclass(frozen=True, slots=True)
class AdaptOptions:
    """How a tagger is adapted.

    Args:
        rounds: How often it labels the text and learns from that.
        copy_bias: Log odds added for copied words.
        entity_bias: Log odds added for every word: taggers miss more of foreign text than they invent.
        accept: Entities at least this sure are learned.
        doubt: Other words that are at least this likely part of an entity are unobserved.
        l2: Strength of the penalty that keeps the tagger near what it was.
        iterations: Most steps of each training.
        sample: Most sentences that it learns from, chosen by a hash of their words; 0 for all of them.
    """

    rounds: int = 1
    copy_bias: float = COPY_BIAS
    entity_bias: float = 0.7
    accept: float = 0.7
    doubt: float = 0.2
    l2: float = 0.5
    iterations: int = 40
    sample: int = 10_000

    def __post_init__(self) -> None:
        if self.rounds < 1:
            raise OptionError("rounds must be at least 1")
        if not 0.0 < self.accept <= 1.0 or not 0.0 < self.doubt <= 1.0:
            raise OptionError("accept and doubt are chances above 0, up to 1")
        if self.sample < 0:
            raise OptionError(f"sample is {self.sample}", hint="Choose 0, for all sentences, or more.")
