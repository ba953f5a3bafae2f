"""Claims on cells, so that many processes on many machines share one folder and do nothing twice.

A claim is a file that only one process can make (``O_EXCL``). While the cell runs, a thread touches the file. One that
was not touched for long, or whose process is gone from this machine, is stale, and is taken over. Ages are told by the
clock of the shared folder alone, as those of machines differ.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from crosspan.core.errors import CrosspanError
from crosspan.core.files import make_folder
from crosspan.core.progress import Listener, Progress

BEAT_S = 15.0
"""Seconds from one touch of a claim to the next."""

STALE_S = 180.0
"""A claim that was not touched for so many seconds counts no more."""


class ClaimLost(CrosspanError):  # noqa: N818  # no fault: another process has the cell now
    """Another process has taken over a cell, as this one was not heard of for too long."""


class Claims:
    """The claims in a folder.

    Args:
        folder: The folder; it is made.
        beat_s: Seconds from one touch to the next.
        stale_s: Seconds without a touch after which a claim is stale.

    Raises:
        OutputError: The folder cannot be made.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     claims = Claims(Path(name) / "claims")
        ...     with claims.take("a") as first:
        ...         again = claims.take("a")
        ...     with claims.take("a") as later:
        ...         print(again, later.key)
        None a
    """

    def __init__(self, folder: Path, *, beat_s: float = BEAT_S, stale_s: float = STALE_S) -> None:
        self.folder, self.beat_s, self.stale_s = folder, beat_s, stale_s
        make_folder(folder, "Name another with --out.")

    def take(self, key: str) -> Claim | None:
        """Claim a cell; ``None`` where another process has it."""
        claim = Claim(self, key)
        if claim.made():
            return claim
        if not self._is_stale(key):
            return None
        # only one process at a time may judge and remove, or it would remove what another has just made
        lock = self.folder / f"{key}.takeover"
        if not _create(lock, ""):
            if self._age(lock) > self.stale_s:  # its process was killed within these few lines
                with suppress(FileNotFoundError):
                    lock.unlink()
            return None
        try:
            if self._is_stale(key):
                with suppress(FileNotFoundError):
                    self.path(key).unlink()
            return claim if claim.made() else None
        finally:
            with suppress(FileNotFoundError):
                lock.unlink()

    def path(self, key: str) -> Path:
        """The file of a claim."""
        return self.folder / f"{key}.json"

    def held(self) -> int:
        """How many cells are claimed by a process that lives."""
        return sum(not self._is_stale(path.stem) for path in self.folder.glob("*.json"))

    def _is_stale(self, key: str) -> bool:
        path = self.path(key)
        owner = owner_of(path)
        if owner is None:
            # just being written, or damaged
            return self._age(path) > self.stale_s
        if owner.get("host") == _host() and not _lives(int(owner.get("pid", 0))):
            return True
        return self._age(path) > self.stale_s

    def _age(self, path: Path) -> float:
        """Seconds since a file was touched, by the clock of the folder; -1 where it is gone."""
        probe = self.folder / f".now.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            probe.touch()
            now = probe.stat().st_mtime
            return now - path.stat().st_mtime
        except FileNotFoundError:
            return -1.0
        finally:
            with suppress(FileNotFoundError):
                probe.unlink()


class Claim:
    """A claim of this process; as a context manager, it is kept alive inside and given back at its end.

    Args:
        claims: Where it is.
        key: Of the cell.
    """

    def __init__(self, claims: Claims, key: str) -> None:
        self.claims, self.key = claims, key
        self.token = secrets.token_hex(8)
        self._stop = threading.Event()
        self._lost = False
        self._thread: threading.Thread | None = None

    def made(self) -> bool:
        """Make the file; tell whether it was this process that did."""
        owner = {"token": self.token, "host": _host(), "pid": os.getpid()}
        return _create(self.claims.path(self.key), json.dumps(owner))

    def check(self) -> None:
        """Raise if another process has taken the cell over.

        Raises:
            ClaimLost: It has.
        """
        if self._lost:
            raise ClaimLost("another process has taken over this cell", hint="It goes on there.")

    def guarded(self, progress: Listener | None) -> Listener:
        """A listener that also checks the claim."""

        def listen(event: Progress) -> None:
            self.check()
            if progress is not None:
                progress(event)

        return listen

    def __enter__(self) -> Claim:
        self._thread = threading.Thread(target=self._beat, name=f"claim {self.key[:8]}", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        if self._ours():
            with suppress(OSError):
                self.claims.path(self.key).unlink()

    def _beat(self) -> None:
        path = self.claims.path(self.key)
        while not self._stop.wait(self.claims.beat_s):
            try:
                if not self._ours():
                    self._lost = True
                    return
                os.utime(path)
            except OSError:
                continue  # a network disk that is away for a moment

    def _ours(self) -> bool:
        owner = owner_of(self.claims.path(self.key))
        return owner is not None and owner.get("token") == self.token


def owner_of(path: Path) -> dict[str, Any] | None:
    """Whose a claim is; ``None`` where that cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _create(path: Path, text: str) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True


def _host() -> str:
    """A name of this machine, and of this container of it: process numbers mean something inside it only."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return " ".join(parts)


def _lives(pid: int) -> bool:
    if os.name == "nt":
        return True  # there a signal 0 would end the process; the age of the claim tells
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
