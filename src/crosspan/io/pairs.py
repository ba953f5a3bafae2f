"""Two files of sentences side by side, read as often as needed in bounded memory."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from crosspan.core.errors import CrosspanError, FormatError, PairError
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import open_input, read_lines
from crosspan.core.types import Pair
from crosspan.io.choice import located
from crosspan.io.column_names import DOCSTART
from crosspan.io.format import Reading
from crosspan.io.rejects import Located


@dataclass(frozen=True, slots=True)
class SentenceFile(Reading):
    """A file of sentences and how to read it; what is not said here is a field of :class:`crosspan.io.Reading`.

    Args:
        path: Where the file is.
        format: Its format; ``"auto"`` finds it.
        name: What to call it in messages, if not by its path.

    Example:
        >>> SentenceFile("a.conll").shown
        'a.conll'
    """

    path: PathLike
    format: str = "auto"
    name: str | None = field(default=None, kw_only=True)

    @property
    def shown(self) -> str:
        """The name of the file in messages."""
        return self.name or name_of(self.path)

    def located(self) -> Iterator[Located]:
        """Yield the sentences with their lines and faults, from the beginning of the file."""
        found = located(self.path, self.format, self)
        if self.name is None:
            yield from found
            return
        with self.naming():
            for item in found:
                if item.fault is not None:
                    self._rename(item.fault)
                yield item

    @contextmanager
    def naming(self) -> Iterator[None]:
        """Put the name of the file into errors that a reader of its copy raises."""
        try:
            yield
        except CrosspanError as error:
            self._rename(error)
            raise

    def _rename(self, error: CrosspanError) -> None:
        if error.where is not None:
            error.where = error.where.replace(os.fspath(self.path), self.shown)


@contextmanager
def rereadable(*files: SentenceFile) -> Iterator[list[SentenceFile]]:
    """Make files readable more than once: standard input and pipes are copied into temporary files.

    Args:
        files: What is to be read.

    Yields:
        The same files; those copied have another path and keep their name. The copies are removed at the end.

    Raises:
        FormatError: A file cannot be opened, or standard input is asked for twice.
    """
    if sum(os.fspath(file.path) == "-" for file in files) > 1:
        raise FormatError("standard input can be only one of the files", where="<stdin>", hint="Save the other.")
    with ExitStack() as stack:
        yield [_settled(file, stack) for file in files]


def _settled(file: SentenceFile, stack: ExitStack) -> SentenceFile:
    name = os.fspath(file.path)
    if name != "-":
        if not os.path.exists(name):
            raise FormatError("no such file", where=file.shown, hint="Check the path.")
        if stat.S_ISREG(os.stat(name).st_mode) or os.path.isdir(name):
            return file  # a folder has its message where it is opened
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crosspan-")))
    copy = folder / "input"
    with open_input(name) as stream, open(copy, "wb") as kept:
        shutil.copyfileobj(stream, kept, 1 << 20)
    return replace(file, path=os.fspath(copy), name=file.shown)


class LocatedPair(NamedTuple):
    """A sentence pair as it was read.

    Args:
        pair: The pair; the source is without spans where its labels are at fault.
        line: Where the source sentence begins in its file, from 1.
        fault: Why the pair cannot be worked on, with its place.
    """

    pair: Pair
    line: int
    fault: CrosspanError | None = None


def one_sided(pair: Pair) -> bool:
    """Whether one side has words and the other has none.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> one_sided(Pair(Sentence(("Habari",)), Sentence(()))), one_sided(Pair(Sentence(()), Sentence(())))
        (True, False)
    """
    return bool(pair.source.tokens) != bool(pair.target.tokens)


def empty_side(pair: Pair, where: str | None = None) -> PairError:
    """What is wrong with a pair that has words on one side only, in the same words wherever it comes from.

    Args:
        pair: The pair.
        where: The place of the empty sentence.

    Example:
        >>> from crosspan.core.types import Sentence
        >>> empty_side(Pair(Sentence(("Habari",)), Sentence(()))).message
        'the target sentence is empty, but its counterpart is not'
    """
    side = "target" if pair.source.tokens else "source"
    return PairError(
        f"the {side} sentence is empty, but its counterpart is not",
        where=where,
        hint="Put the sentence in, or remove it from both sides.",
    )


def read_pairs(source: SentenceFile, target: SentenceFile) -> Iterator[LocatedPair]:
    r"""Yield the sentences of two files two by two.

    Document marks (``-DOCSTART-``) are sentences where only so both sides have as many. Of lines that hold
    ``source ||| target`` each file is its side. Labels of the target are not looked at. A pair whose source has bad
    labels, or of which one side is empty, has a
    fault.

    Args:
        source: The labelled sentences.
        target: Their translations, in the same order.

    Raises:
        PairError: One file has more sentences than the other.
        FormatError, EncodingError, EmptyInputError: A file cannot be read.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     a, b = pathlib.Path(folder) / "a.conll", pathlib.Path(folder) / "b.txt"
        ...     _ = a.write_text("Accra B-LOC\n"), b.write_text("Accra\n")
        ...     [item.pair.target.tokens for item in read_pairs(SentenceFile(a), SentenceFile(b))]
        [('Accra',)]
    """
    source, target = _beside(replace(source, side=0), replace(target, side=1))
    left, right = source.located(), target.located()
    for index, (one, other) in enumerate(zip_longest(left, right)):
        if one is None:
            raise _unequal(target, other.line, index + 1 + sum(1 for _ in right), source, index)
        if other is None:
            raise _unequal(source, one.line, index + 1 + sum(1 for _ in left), target, index)
        pair = Pair(one.sentence, other.sentence)
        fault = one.fault
        if fault is None and one_sided(pair):
            empty, line = (source, one.line) if other.sentence.tokens else (target, other.line)
            fault = empty_side(pair, f"{empty.shown}:{line}")
        yield LocatedPair(pair, one.line, fault)


def _beside(source: SentenceFile, target: SentenceFile) -> tuple[SentenceFile, SentenceFile]:
    """Two files as they are read together: with document marks as sentences, where only so their counts agree."""
    marks = [_count_marks(one) for one in (source, target)]
    if not any(marks):
        return source, target
    counts = [sum(1 for _ in one.located()) for one in (source, target)]
    if counts[0] == counts[1] + marks[1] and marks[1]:
        return source, replace(target, marks=True)
    if counts[1] == counts[0] + marks[0] and marks[0]:
        return replace(source, marks=True), target
    return source, target


def _count_marks(file: SentenceFile) -> int:
    """How many document marks a file in columns has, if it begins with one and can be read twice."""
    if not os.path.isfile(file.path):
        return 0
    try:
        lines = read_lines(file.path, file.encoding)
        first = next((line for line in lines if line.strip()), "")
        if not first.startswith(DOCSTART):
            return 0
        return 1 + sum(line.startswith(DOCSTART) for line in lines)
    except CrosspanError:
        return 0  # it is told where the sentences are read


def _unequal(longer: SentenceFile, line: int, n_longer: int, shorter: SentenceFile, n_shorter: int) -> PairError:
    has = f"{n_shorter} sentence{'s' * (n_shorter != 1)}"
    return PairError(
        f"{n_longer} sentences, but {shorter.shown} has {has}; this one is the first without a counterpart",
        where=f"{longer.shown}:{line}",
        hint="Both must hold the same sentences in the same order; 'crosspan check --pair' helps to find the gap.",
    )
