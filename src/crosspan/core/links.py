"""Word links of a sentence pair, as flat arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import AlignmentError, ArgumentError
from crosspan.core.shown import shown

Int32Array = npt.NDArray[np.int32]
Float32Array = npt.NDArray[np.float32]

_LAST = 2**31 - 1

_LINK = re.compile(r"(\d{1,9})-(\d{1,9})(?::([0-9.eE+-]+))?\Z", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Word links of one sentence pair, as three parallel arrays sorted by source, then target.

    Args:
        source: Source token index of each link, int32, counted from 0.
        target: Target token index of each link, int32, counted from 0.
        prob: Posterior probability of each link in [0, 1], float32.

    Raises:
        AlignmentError: The arrays differ in length, an index is negative, or a probability is outside [0, 1].

    Example:
        >>> Alignment.from_pharaoh("0-0 1-2:0.75").to_pharaoh()
        '0-0 1-2:0.75'
    """

    source: Int32Array
    target: Int32Array
    prob: Float32Array

    def __post_init__(self) -> None:
        if not len(self.source) == len(self.target) == len(self.prob):
            raise AlignmentError(
                f"{len(self.source)} source indices, {len(self.target)} target indices and "
                f"{len(self.prob)} probabilities do not make links"
            )
        if len(self.source) == 0:
            return
        if min(int(self.source.min()), int(self.target.min())) < 0:
            raise AlignmentError("a link has a negative index", hint="Links count from 0.")
        if not (self.prob.min() >= 0.0 and self.prob.max() <= 1.0):  # false for NaN as well
            raise AlignmentError("a link has a probability outside [0, 1]")

    def __len__(self) -> int:
        return len(self.source)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Alignment):
            return NotImplemented
        return (
            np.array_equal(self.source, other.source)
            and np.array_equal(self.target, other.target)
            and np.array_equal(self.prob, other.prob)
        )

    @classmethod
    def from_links(cls, links: Iterable[tuple[int, int] | tuple[int, int, float]]) -> Alignment:
        """Build from ``(source, target)`` or ``(source, target, prob)`` tuples; a link given twice keeps its best.

        Example:
            >>> len(Alignment.from_links([(0, 0), (1, 1, 0.5)]))
            2

        Raises:
            ArgumentError: Something is no such tuple.
            AlignmentError: An index is negative, or a probability outside [0, 1].
        """
        best: dict[tuple[int, int], float] = {}
        link: Any = None
        try:
            for link in links:
                key = (int(link[0]), int(link[1]))
                prob = float(link[2]) if len(link) == 3 else 1.0
                best[key] = max(prob, best.get(key, 0.0))
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise ArgumentError(
                f"{shown(links if link is None else link)} is no link",
                hint="Give (source, target) or (source, target, prob).",
            ) from error
        keys = sorted(best)
        if keys and max(map(max, keys)) > _LAST:
            raise AlignmentError("a link points further than any sentence reaches", hint="Links count tokens from 0.")
        return cls(
            np.array([key[0] for key in keys], dtype=np.int32),
            np.array([key[1] for key in keys], dtype=np.int32),
            np.array([best[key] for key in keys], dtype=np.float32),
        )

    @classmethod
    def from_pharaoh(cls, line: str) -> Alignment:
        """Read one line of Pharaoh links: ``i-j`` or ``i-j:p``, separated by blanks, counted from 0.

        Raises:
            AlignmentError: A link is malformed.
        """
        if not isinstance(line, str):
            raise ArgumentError(f"a line of links is a string, not {line!r}", hint="Use from_links for tuples.")
        links: list[tuple[int, int, float]] = []
        for item in line.split():
            match = _LINK.match(item)
            try:
                prob = float(match[3]) if match and match[3] else 1.0
            except ValueError:
                match = None
            if match is None:
                raise AlignmentError(
                    f"{item!r} is not a link", hint="Write links as i-j or i-j:probability, from 0, e.g. 0-0 1-2:0.9."
                )
            links.append((int(match[1]), int(match[2]), prob))
        return cls.from_links(links)

    def to_pharaoh(self, *, digits: int = 4) -> str:
        """Write as one line of Pharaoh links; a probability of 1 is left out.

        Args:
            digits: Significant digits of the probabilities.
        """
        return " ".join(
            f"{i}-{j}" if (shown := f"{p:.{digits}g}") == "1" else f"{i}-{j}:{shown}"
            for i, j, p in zip(self.source.tolist(), self.target.tolist(), self.prob.tolist(), strict=True)
        )

    def to_dict(self) -> dict[str, Any]:
        """As plain values: three lists of one length, as :class:`Alignment` itself keeps them.

        Example:
            >>> Alignment.from_pharaoh("0-0 1-2:0.75").to_dict()
            {'source': [0, 1], 'target': [0, 2], 'prob': [1.0, 0.75]}
        """
        return {"source": self.source.tolist(), "target": self.target.tolist(), "prob": self.prob.tolist()}

    @classmethod
    def from_dict(cls, record: Mapping[str, Sequence[float]]) -> Alignment:
        """Read what :meth:`to_dict` wrote; ``prob`` may be left out, it is 1 then.

        Raises:
            ArgumentError: It holds something else.
            AlignmentError: The lists differ in length, or hold impossible values.

        Example:
            >>> Alignment.from_dict({"source": [0, 1], "target": [0, 2]}).to_pharaoh()
            '0-0 1-2'
        """
        try:
            source = np.asarray(record["source"], np.int32)
            given = record.get("prob")
            prob = np.ones(len(source), np.float32) if given is None else np.asarray(given, np.float32)
            return cls(source, np.asarray(record["target"], np.int32), prob)
        except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
            raise ArgumentError(
                "the record holds no links", hint='Write {"source": [0], "target": [0], "prob": [1.0]}.'
            ) from error

    def check(self, n_source: int, n_target: int) -> None:
        """Raise unless every link lies inside sentences of these lengths.

        Raises:
            AlignmentError: A link points past the last token of either side.
        """
        if len(self) and (int(self.source.max()) >= n_source or int(self.target.max()) >= n_target):
            bad = int(np.flatnonzero((self.source >= n_source) | (self.target >= n_target))[0])
            raise AlignmentError(
                f"link {self.source[bad]}-{self.target[bad]} points outside a pair of "
                f"{n_source} source and {n_target} target tokens",
                hint="Links count tokens from 0 and must come from the same tokenisation as the files.",
            )
