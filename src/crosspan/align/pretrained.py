"""What aligners with a pre-trained model have in common: they learn nothing, and work through streams in shards."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from typing import Self, TypeVar

from crosspan.core.types import Alignment, Pair

TokenPair = tuple[Sequence[str], Sequence[str]]
Progress = Callable[[int, int], None]
Words = tuple[str, ...]
Advance = Callable[[float], None]
Found = TypeVar("Found")

SHARD = 2_000
"""Pairs that are worked on at once: their sentences are read once each, in batches of like length."""

PIECES_ON_CPU, PIECES_ON_GPU = 512, 16_384
"""Pieces of a batch where ``batch`` is 0. On a CPU, what goes through a layer should stay in its cache."""


class NoLinksWarning(UserWarning):
    """Pairs that could not be aligned have no links."""


class PretrainedAligner(ABC):
    """An aligner (:class:`crosspan.align.Aligner`) whose model is loaded when it is first used, and learns nothing."""

    def fit(self, pairs: Iterable[Pair], *, bitext: Iterable[TokenPair] = (), progress: Progress | None = None) -> Self:
        """Load the model; there is nothing to learn, and nothing of the text is read."""
        return self.fit_tokens(())

    def fit_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> Self:
        """Like :meth:`fit`, for token sequences."""
        self._load_model()
        return self

    def align(self, pairs: Sequence[Pair], *, progress: Progress | None = None) -> list[Alignment]:
        """Link the words of each pair; a pair with an empty side has no links.

        Raises:
            ModelError: The model cannot be loaded.
            UnavailableError: Its device failed, or memory is too small.
        """
        return self.align_tokens([(pair.source.tokens, pair.target.tokens) for pair in pairs], progress=progress)

    def align_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> list[Alignment]:
        """Like :meth:`align`, for token sequences."""
        return list(self.iter_align_tokens(pairs, progress=progress))

    def iter_align_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> Iterator[Alignment]:
        """Link the words of a stream of token sequences, some thousands at a time.

        Args:
            pairs: Words of both sides.
            progress: Called with pairs done and all there are, as far as is known.

        Yields:
            The links of each pair, in order. A pair that cannot be aligned has none, and a warning says how many.
        """
        yield from in_shards(pairs, self._align_shard, progress)

    @abstractmethod
    def _load_model(self) -> None:
        """Load the model, so that what is wrong with it is said before the work begins."""

    @abstractmethod
    def _align_shard(self, shard: Sequence[tuple[Words, Words]], advance: Advance) -> list[Alignment]:
        """The links of some pairs; ``advance`` is told the share that is done."""


def in_shards(
    pairs: Iterable[TokenPair],
    work: Callable[[Sequence[tuple[Words, Words]], Advance], Sequence[Found]],
    progress: Progress | None = None,
) -> Iterator[Found]:
    """Work through a stream of pairs, :data:`SHARD` of them at a time.

    Args:
        pairs: Words of both sides.
        work: Gets some pairs, and what to tell the share that is done to; gives one thing for each pair.
        progress: Called with pairs done and all there are, as far as is known.

    Yields:
        What ``work`` gives, in order.

    Example:
        >>> list(in_shards([(["a"], ["b", "c"])], lambda shard, _: [len(target) for _, target in shard]))
        [2]
    """
    total = len(pairs) if isinstance(pairs, Sized) else 0
    stream = iter(pairs)
    done = 0
    while shard := list(itertools.islice(stream, SHARD)):

        def advance(share: float, before: int = done, size: int = len(shard)) -> None:
            if progress is not None:
                now = before + int(share * size)
                progress(now, max(total, now))

        found = work([(tuple(source), tuple(target)) for source, target in shard], advance)
        done += len(shard)
        advance(1.0)
        yield from found
