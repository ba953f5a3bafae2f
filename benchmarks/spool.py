"""Alignments of a whole corpus, kept on disk between two passes over it."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from crosspan.core.types import Alignment

_HEADER = struct.Struct("<qq")  # sentences, links
_MEMORY = 16 << 20

Number = TypeVar("Number", bound=np.generic)


class AlignmentSpool:
    """A temporary file of alignments, shard after shard; a small corpus stays in memory.

    The file has no name, so nothing is left behind however the process ends.

    Example:
        >>> with AlignmentSpool() as spool:
        ...     spool.append([Alignment.from_pharaoh("0-0 1-2:0.5"), None])
        ...     [[links and links.to_pharaoh() for links in shard] for shard in spool]
        [['0-0 1-2:0.5', None]]
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_MEMORY)  # noqa: SIM115  # closed by __exit__

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def append(self, alignments: Sequence[Alignment | None]) -> None:
        """Add a shard.

        Raises:
            OSError: The disk is full.
        """
        given = [links for links in alignments if links is not None]
        counts = np.array([-1 if links is None else len(links) for links in alignments], np.int64)
        columns = [
            np.concatenate([np.empty(0, np.int32), *(links.source for links in given)]),
            np.concatenate([np.empty(0, np.int32), *(links.target for links in given)]),
            np.concatenate([np.empty(0, np.float32), *(links.prob for links in given)]),
        ]
        self._file.write(_HEADER.pack(len(counts), len(columns[0])))
        for column in (counts, *columns):
            self._file.write(column.tobytes())

    def __iter__(self) -> Iterator[list[Alignment | None]]:
        """Yield the shards from the first, as they were added."""
        self._file.flush()
        self._file.seek(0)
        while header := self._file.read(_HEADER.size):
            n_sentences, n_links = _HEADER.unpack(header)
            counts = self._column(np.int64, n_sentences)
            source, target = self._column(np.int32, n_links), self._column(np.int32, n_links)
            prob = self._column(np.float32, n_links)
            ends = np.cumsum(np.maximum(counts, 0))
            begins = ends - np.maximum(counts, 0)
            yield [
                None if count < 0 else Alignment(source[begin:end], target[begin:end], prob[begin:end])
                for count, begin, end in zip(counts.tolist(), begins.tolist(), ends.tolist(), strict=True)
            ]

    def _column(self, kind: type[Number], n: int) -> npt.NDArray[Number]:
        # bytearray: compiled code is compiled for arrays that may be written to
        raw = bytearray(self._file.read(n * np.dtype(kind).itemsize))
        return np.frombuffer(raw, kind)
