"""Where results of steps are while a plan runs: in memory, in a temporary folder, or in a cache that stays.

A store that finds results again (``keyed``) needs to know all that they depend on; the others do not, and cost nothing
for it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from crosspan.core.errors import OutputError
from crosspan.core.locks import Lock
from crosspan.pipeline.codec import decode, encode
from crosspan.pipeline.parts import Links, Model, Seen

UNSURE = "unsure"
"""The fact that a result is used but not found again, so that the next run makes it anew."""


RUN = "run"
"""The fact in which run a result was made, of a step whose shards must not be mixed."""

GPUS = "gpus"
"""The fact on which GPUs models ran when a result was made, whose last digits depend on them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A result as a store knows it.

    Args:
        key: What it was made from and how, as a hash; a plain name in a store that is not keyed.
        parts: The SHA-256 of each of its parts; empty in a store that is not keyed.
        facts: Counts and the like.
    """

    key: str
    parts: Mapping[str, str]
    facts: Mapping[str, Any]

    @property
    def unsure(self) -> bool:
        """Whether the next run makes it anew."""
        return bool(self.facts.get(UNSURE))


class Store(Protocol):
    """Keeps results. A result is put all or nothing, and putting it twice does no harm."""

    keyed: bool
    """Whether results are found again by what they depend on."""

    holds: bool
    """Whether a claim keeps other runs from the same work."""

    def find(self, key: str) -> Entry | None:
        """The result of a key; ``None`` where there is none, or one that is unsure."""

    def find_all(self, keys: Sequence[str]) -> list[Entry | None]:
        """What :meth:`find` finds for each of many keys; a store that is far away is asked for many at a time."""

    def put(self, key: str, parts: Mapping[str, Any], facts: Mapping[str, Any], *, replace: bool = False) -> Entry:
        """Keep a result."""

    def part(self, entry: Entry, name: str) -> Any:
        """One part of a result."""

    def claim(self, key: str, *, wait: bool = False) -> AbstractContextManager[bool]:
        """Hold the work on a result; says whether nobody else does. ``wait`` waits until nobody does."""

    def unfinished(self, key: str) -> AbstractContextManager[Path | None]:
        """A folder for what is done so far, to be used under a claim; ``None`` where nothing survives a kill."""


def changed_in_use(where: str) -> OutputError:
    """The error of a result that was there, and is another one now or none."""
    return OutputError(
        "a file of the cache was changed while it was in use",
        where=where,
        hint="Run again: what is missing is worked out anew.",
    )


class MemoryStore:
    """Results in memory, for sentences that are there as well.

    Example:
        >>> from crosspan.pipeline.parts import Facts
        >>> store = MemoryStore()
        >>> store.part(store.put("read/0", {"scores": Facts({"f1": 0.5})}, {}), "scores").values
        {'f1': 0.5}
    """

    keyed = False
    holds = True

    def __init__(self) -> None:
        self._parts: dict[str, dict[str, Any]] = {}

    def find(self, key: str) -> Entry | None:
        """Nothing is found again."""
        return None

    def find_all(self, keys: Sequence[str]) -> list[Entry | None]:
        """Nothing is found again."""
        return [None] * len(keys)

    def put(self, key: str, parts: Mapping[str, Any], facts: Mapping[str, Any], *, replace: bool = False) -> Entry:
        """Keep a result; links and the like are kept as flat arrays, which are a tenth of the size."""
        flat = (Links, Seen)
        self._parts[key] = {name: encode(part) if isinstance(part, flat) else part for name, part in parts.items()}
        return Entry(key, dict.fromkeys(parts, ""), facts)

    def part(self, entry: Entry, name: str) -> Any:
        """One part of a result."""
        part = self._parts[entry.key][name]
        return decode(part) if isinstance(part, bytes) else part

    def claim(self, key: str, *, wait: bool = False) -> AbstractContextManager[bool]:
        """Nobody else works here."""
        return nullcontext(True)

    def unfinished(self, key: str) -> AbstractContextManager[Path | None]:
        """Nothing survives."""
        return nullcontext(None)


class SpoolStore:
    """Results in one temporary file, for corpora of any size; models stay in memory.

    The file has no name, so nothing is left behind however the process ends. To be used as a context manager.

    Example:
        >>> from crosspan.pipeline.parts import Tokens
        >>> with SpoolStore() as store:
        ...     entry = store.put("read/0", {"tokens": Tokens(([["Accra"]],))}, {})
        ...     store.part(entry, "tokens").sides
        ([['Accra']],)
    """

    keyed = False
    holds = True

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="crosspan-")  # noqa: SIM115  # closed by __exit__
        self._places: dict[tuple[str, str], tuple[int, int]] = {}
        self._models: dict[tuple[str, str], Model] = {}
        self._keys: set[str] = set()
        self._end = 0
        self._lock = Lock()  # the file is at one place at a time

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # of what is held back, nothing is needed any more
            self._file.close()

    def find(self, key: str) -> Entry | None:
        """Nothing is found again."""
        return None

    def find_all(self, keys: Sequence[str]) -> list[Entry | None]:
        """Nothing is found again."""
        return [None] * len(keys)

    def put(self, key: str, parts: Mapping[str, Any], facts: Mapping[str, Any], *, replace: bool = False) -> Entry:
        """Keep a result."""
        data = {name: encode(part) for name, part in parts.items() if not isinstance(part, Model)}
        self._models.update({(key, name): part for name, part in parts.items() if isinstance(part, Model)})
        with self._lock, spooling():
            for name, one in data.items():
                self._file.seek(self._end)
                self._file.write(one)
                self._places[key, name] = self._end, len(one)
                self._end += len(one)
        self._keys.add(key)
        return Entry(key, dict.fromkeys(parts, ""), facts)

    def part(self, entry: Entry, name: str) -> Any:
        """One part of a result."""
        if (entry.key, name) in self._models:
            return self._models[entry.key, name]
        place, size = self._places[entry.key, name]
        with self._lock, spooling():  # what is still held back is written now
            self._file.seek(place)
            data = self._file.read(size)
        return decode(data)

    def claim(self, key: str, *, wait: bool = False) -> AbstractContextManager[bool]:
        """Nobody else works here."""
        return nullcontext(True)

    def unfinished(self, key: str) -> AbstractContextManager[Path | None]:
        """Nothing survives."""
        return nullcontext(None)


@contextmanager
def spooling() -> Iterator[None]:
    """Name the temporary folder where it is full."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"a temporary file cannot be written: {(error.strerror or str(error)).lower()}",
            where=tempfile.gettempdir(),
            hint="Free space there, or name another folder with TMPDIR.",
        ) from error
