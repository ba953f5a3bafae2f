"""What is found out about files before the work begins."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, atomic_binary
from crosspan.core.overwrites import check_outputs
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.corpus import Files, InputFile


class _Abandoned(Exception):  # noqa: N818  # no error: it ends a trial
    pass


def check_writing(outputs: Iterable[PathLike | None], inputs: Iterable[PathLike]) -> None:
    """Find out before the work whether its results can be written, and that they replace no input.

    Raises:
        OptionError: An output is an input, or two outputs are the same.
        OutputError: An output cannot be written.
    """
    named = [path for path in outputs if path is not None]
    for path in named:
        if _is_regular(path):
            with suppress(_Abandoned), atomic_binary(path):
                raise _Abandoned
    check_outputs(named, [path for path in inputs if not os.path.isdir(path)])  # a folder is refused where it is opened


def _is_regular(path: PathLike) -> bool:
    """Whether a path is a file, or is to become one."""
    if os.fspath(path) == "-":
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode) or os.path.isdir(path)
    except OSError:
        return True


def corpus_of(source: SentenceFile, target: SentenceFile | None, others: Sequence[PathLike] = ()) -> Files:
    """The files of a corpus, which are read once, so that they may be pipes."""
    paths = [source.path, *([target.path] if target is not None else []), *others]
    if sum(str(path) == "-" for path in paths) > 1:
        raise FormatError("standard input can be only one of the files", where="<stdin>", hint="Save the other.")
    return Files((InputFile(source), *([InputFile(target)] if target is not None else [])))
