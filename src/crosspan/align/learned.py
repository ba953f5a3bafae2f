"""What a statistical aligner knows: one value, which is replaced as a whole when more is learned."""

from __future__ import annotations

from dataclasses import dataclass

from crosspan.align.lexicon import Floats, WordLexicon


@dataclass(slots=True, eq=False)
class Learned:
    """What an aligner has learned. Once it is the aligner's, nothing of it changes any more: learning makes another.

    Args:
        lexicon: How likely words are translations of each other.
        jumps: Expected jumps by width, of both directions, float64 ``[2, 2 * JUMP_OFFSET + 1]``.
        sentences: Sentence pairs that it was learned from.
    """

    lexicon: WordLexicon
    jumps: Floats
    sentences: int

    def copied(self) -> Learned:
        """Another one that knows the same, to learn on."""
        return Learned(self.lexicon.copied(), self.jumps.copy(), self.sentences)
