"""The file of decisions: lines of JSON, to which each decision is added at once and brought to the disk.

Who is killed in the middle of a line leaves a last line that does not end. It is no decision: readers say so and go on,
and the next who adds to the file takes it away.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from crosspan.core.digests import digest_of
from crosspan.core.encodings import decoded
from crosspan.core.errors import CrosspanError, FormatError, OptionError, OutputError
from crosspan.core.files import PathLike, name_of, output_errors, sync_folder
from crosspan.core.json_text import parse_json
from crosspan.core.lines import open_input
from crosspan.core.locks import only_one
from crosspan.io.jsonl import put_records
from crosspan.review.decisions import Decision, decision_of, last_of


@dataclass(frozen=True, slots=True)
class Decisions:
    """What a file of decisions holds.

    Args:
        every: All decisions in the order of the file, those that no longer hold among them.
        torn: The line, from 1, that was not written to its end; ``None`` where all were.
    """

    every: tuple[Decision, ...] = ()
    torn: int | None = None

    @property
    def last(self) -> dict[str, Decision]:
        """The decision that holds, by the name of its sentence; see :func:`crosspan.review.decisions.last_of`."""
        return last_of(self.every)


def read_decisions(path: PathLike, *, missing: bool = False) -> Decisions:
    """Read a file of decisions.

    Args:
        path: The file; ``-`` is standard input.
        missing: Whether the file may be missing; then there are no decisions.

    Raises:
        FormatError: The file cannot be opened, or a line but the last torn one is no decision.
        SpanError: The spans of a decision are wrong.

    Example:
        >>> import tempfile
        >>> from crosspan.review.decisions import text_hash
        >>> one = Decision(id="a", hash=text_hash("Ada"), before=(), after=())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with DecisionFile(Path(folder) / "ada.jsonl") as file:
        ...         file.add(one)
        ...     read_decisions(Path(folder) / "ada.jsonl").last == {"a": one}
        True
    """
    if missing and not os.path.exists(path):
        return Decisions()
    with open_input(path) as stream:
        return _decisions(stream.read(), name_of(path))[0]


def _decisions(raw: bytes, name: str) -> tuple[Decisions, int]:
    """The decisions of a file, and how many bytes of it are whole."""
    found: list[Decision] = []
    whole = 0
    for number, line in enumerate(_lines(raw), 1):
        ends = line.endswith(b"\n")
        if line.strip():
            try:
                found.append(_decision(line, f"{name}:{number}", name, number))
            except CrosspanError:
                if ends or _is_json(line):  # what is whole was not torn, and is something else
                    raise
                return Decisions(tuple(found), number), whole
        whole += len(line)
    return Decisions(tuple(found)), whole


def _is_json(line: bytes) -> bool:
    try:
        parse_json(line)
    except ValueError:
        return False
    return True


def _lines(raw: bytes) -> list[bytes]:
    lines = raw.split(b"\n")
    return [line + b"\n" for line in lines[:-1]] + [one for one in lines[-1:] if one]


def _decision(line: bytes, where: str, name: str, number: int) -> Decision:
    text = decoded(line, name, number - 1)
    try:
        return decision_of(parse_json(text))
    except ValueError as error:
        hint = "Mend the line, or take it out: the other decisions stay as they are."
        if number == 1:
            hint = "Is it the export of a tool? 'crosspan review import' makes decisions of it."
        raise FormatError(f"not valid JSON ({error})", where=where, hint=hint) from error
    except CrosspanError as error:
        raise type(error)(error.message, where=where, hint=error.hint) from error


class DecisionFile:
    """A file of decisions that is added to. One process holds it at a time; each decision is on the disk at once.

    Args:
        path: The file; it is made where it is missing.

    Raises:
        FormatError: It holds something that is no decision.
        OutputError: It cannot be written, or another process adds to it.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with DecisionFile(Path(folder) / "ada.jsonl") as file:
        ...         file.add(Decision(id="a", hash="", before=(), after=()))
        ...         len(file.every)
        1
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self.torn: int | None = None
        """The line that was found not to end, and was taken away."""
        self.every: list[Decision] = []
        """All decisions of the file in order, with those that were added."""
        self._number = -1
        self._size = 0
        self._held = ExitStack()

    def __enter__(self) -> DecisionFile:
        with ExitStack() as opening:
            name = str(self.path)
            if not opening.enter_context(only_one(self.path.with_name(f".{self.path.name}.lock"))):
                raise OutputError(
                    "another process adds to this file",
                    where=name,
                    hint="Let each person have a file: choose another, or end the other process.",
                )
            with output_errors(name):
                self._number = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            opening.callback(os.close, self._number)
            with output_errors(name):
                sync_folder(self.path.parent)
                with open(self.path, "rb") as stream:
                    raw = stream.read()
            found, self._size = _decisions(raw, name)
            self.every, self.torn = list(found.every), found.torn
            with output_errors(name):
                os.ftruncate(self._number, self._size)
                if raw[: self._size] and not raw[: self._size].endswith(b"\n"):
                    self._write(b"\n")
            self._held = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._held.close()

    def add(self, *decisions: Decision) -> None:
        """Add decisions: all of them, or none. They are on the disk when this returns.

        Args:
            decisions: What was decided.

        Raises:
            OutputError: The disk is full, or takes nothing more; the file is as it was.
        """
        lines = io.StringIO()
        put_records(lines, [one.to_dict() for one in decisions])
        with output_errors(str(self.path)):
            self._write(lines.getvalue().encode("utf-8"))
        self.every += decisions

    def _write(self, raw: bytes) -> None:
        try:
            left = memoryview(raw)
            while left:
                left = left[os.write(self._number, left) :]
            os.fsync(self._number)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._number, self._size)
            raise
        self._size += len(raw)


def append_decisions(path: PathLike, decisions: Iterable[Decision]) -> None:
    """Add decisions to a file, which is made where it is missing.

    Args:
        path: The file.
        decisions: What was decided.

    Raises:
        FormatError: The file holds something that is no decision.
        OutputError: It cannot be written, or another process adds to it.
    """
    with DecisionFile(path) as file:
        file.add(*decisions)


def check_kept(path: PathLike, decisions: Iterable[Decision]) -> None:
    """Raise where a file that is to be replaced holds decisions that the new one would not: they are nowhere else.

    Args:
        path: The file, if it is there.
        decisions: What it is to hold.

    Raises:
        OptionError: It holds others.
    """
    if not os.path.isfile(path):
        return
    there: list[Decision] = []
    with open(path, "rb") as stream:
        for line in stream:
            with suppress(ValueError, CrosspanError):
                there.append(decision_of(parse_json(line)))
    new = {digest_of(one.to_dict()) for one in decisions}
    lost = sum(digest_of(one.to_dict()) not in new for one in there)
    if lost:
        raise OptionError(
            f"it holds {lost} decisions that would be lost",
            where=name_of(path),
            hint="Choose another file; 'crosspan review apply' takes several.",
        )
