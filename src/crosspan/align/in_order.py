"""Links every word to the one at its place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from crosspan.core.types import Alignment

_TokenPair = tuple[Sequence[str], Sequence[str]]


class InOrder:
    """Links every word to the one at its place."""

    def __init__(self, *, threads: int | None = None) -> None:
        self.threads = threads

    def fit_tokens(self, pairs: Iterable[_TokenPair], *, progress: Any = None) -> InOrder:
        """Nothing is learned."""
        return self

    def align_tokens(self, pairs: Iterable[_TokenPair], *, progress: Any = None) -> list[Alignment]:
        """One alignment a pair."""
        return list(self.iter_align_tokens(pairs))

    def iter_align_tokens(self, pairs: Iterable[_TokenPair], *, progress: Any = None) -> Iterator[Alignment]:
        """One alignment a pair."""
        for source, target in pairs:
            yield Alignment.from_links([(at, at) for at in range(min(len(source), len(target)))])
