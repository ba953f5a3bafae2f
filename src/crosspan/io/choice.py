"""The family of formats, and which of them a file is in: by what the user says, by its name, by what it begins with."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from itertools import chain

from crosspan.core.components import Component
from crosspan.core.errors import CrosspanError, MissingDependencyError, ModelError, OptionError
from crosspan.core.families import Family
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import open_input, read_blocks
from crosspan.io.dataset_folder import is_dataset_folder
from crosspan.io.format import Format, Reading, TextFormat
from crosspan.io.looks import check_running_text
from crosspan.io.rejects import Located

_START = 32
"""So many bytes tell what a file is."""

FORMATS = Family(
    "crosspan.formats",
    "format",
    {
        "arrow": Component(
            target="crosspan.io.arrow:Arrow",
            about="Data sets of HuggingFace as save_to_disk keeps them.",
            packages=("pyarrow",),
            extra="parquet",
        ),
        "webanno": Component(
            target="crosspan.io.webanno:WebAnno",
            about="WebAnno TSV 3, which INCEpTION exports.",
        ),
        "conll": Component(
            target="crosspan.io.conll:Conll",
            about="A token a line with its tag; any columns, any tag scheme.",
        ),
        "docbin": Component(
            target="crosspan.io.docbin:DocBin",
            about="spaCy's binary documents.",
            packages=("spacy",),
            extra="spacy",
        ),
        "entities": Component(
            target="crosspan.io.entities:Entities",
            about="Running text with the places of its entities, a line of JSON each.",
        ),
        "jsonl": Component(
            target="crosspan.io.jsonl:Jsonl",
            about="Records of JSON; keeps scores, sources and what was dropped.",
        ),
        "parquet": Component(
            target="crosspan.io.parquet:Parquet",
            about="Columns, as the HuggingFace hub has them.",
            packages=("pyarrow",),
            extra="parquet",
        ),
        "plain": Component(
            target="crosspan.io.plain:Plain",
            about="Running text, a sentence a line, which crosspan tokenises.",
        ),
        "tokens": Component(
            target="crosspan.io.tokens:TokenLines",
            about="A sentence a line, its tokens separated by blanks.",
        ),
    },
    unknown=Component(),
)
"""``plain`` is text that crosspan tokenises, ``tokens`` is text whose tokens are separated by blanks."""


def format_named(name: str) -> Format:
    """The format of a name.

    Raises:
        OptionError: There is none; the error names the nearest.
        MissingDependencyError: It needs a package that is not installed.
        ModelError: The package that brings it is broken.

    Example:
        >>> format_named("jsonl").endings
        ('.jsonl', '.ndjson', '.json')
    """
    if name not in FORMATS:
        raise OptionError(f"unknown format {name!r}", hint=f"Choose one of {', '.join(FORMATS.names())}.")
    found = FORMATS.factory(name)
    made = found() if callable(found) else found
    if not isinstance(made, Format) or made.name != name:
        raise ModelError(
            f"{name!r} is no format of this name",
            where=repr(found),
            hint="Derive it from crosspan.io.Format, and name it alike there and in the entry point.",
        )
    return made


def all_formats() -> Iterator[Format]:
    """Every format that can be had; one whose package is broken is noted in the log and passed over."""
    for name in _names():
        try:
            yield format_named(name)
        except CrosspanError as error:
            logging.getLogger(__name__).warning("format %s is passed over: %s", name, error)


def _names() -> Iterator[str]:
    """All names; packages are looked for only where crosspan's own formats are not what is sought."""
    yield from FORMATS.builtin
    yield from (name for name in FORMATS.names() if name not in FORMATS.builtin)


def format_by_name(path: PathLike) -> str | None:
    """The format that the ending of a file name stands for; ``None`` where it stands for none, such as ``.txt``.

    Example:
        >>> format_by_name("train.conll.gz"), format_by_name("train.txt")
        ('conll', None)
    """
    ending = os.path.splitext(os.fspath(path).lower().removesuffix(".gz"))[1]
    return next((found.name for found in all_formats() if ending in found.endings), None) if ending else None


def input_format(path: PathLike, format: str = "auto", encoding: str = "utf-8") -> Format:  # noqa: A002  # the word users know
    """The format of a file to read, which is looked into where its name does not tell.

    Args:
        path: The file; it is opened once more, so it must not be a pipe.
        format: The name of a format, or ``"auto"``.
        encoding: The encoding of a text file.

    Raises:
        OptionError: There is no such format, or it is for writing only.
        CrosspanError: The file cannot be opened, or is empty.
    """
    return told_format(path, format) or _recognised(next(read_blocks(path, encoding)), name_of(path))


def located(path: PathLike, format: str, how: Reading) -> Iterator[Located]:  # noqa: A002
    """Yield the sentences of a file in its format, whichever that is; see :func:`crosspan.io.read`."""
    found = told_format(path, format)
    if found is not None:
        _check_running(found, how)
        yield from found.read(path, how)
        return
    blocks = read_blocks(path, how.encoding)
    first = next(blocks)  # an empty file raises here
    recognised = _recognised(first, name_of(path))
    _check_running(recognised, how)
    yield from recognised.parse(chain(first, chain.from_iterable(blocks)), name_of(path), how)


def _check_running(found: Format, how: Reading) -> None:
    if how.paragraphs and not found.running:
        raise OptionError(
            f"the format {found.name} is of sentences, not of paragraphs",
            hint="Only lines of plain text are cut into sentences; leave the option out, or name the format.",
        )


def told_format(path: PathLike, format: str) -> Format | None:  # noqa: A002
    """The format that an option, the name of a file, or its first bytes tell; ``None`` is some text."""
    name = format if format != "auto" else format_by_name(path)
    if format == "auto" and os.path.isdir(path) and is_dataset_folder(path):
        name = "arrow"
    found = None if name is None else format_named(name)
    if (found is None or not found.binary) and format == "auto" and os.path.isfile(path):
        with open_input(path) as stream:  # a pipe is not looked into: what is read from it would be lost
            start = stream.read(_START)
        found = next((one for one in all_formats() if one.magic and start.startswith(one.magic)), found)
    if found is not None and not found.reads:
        raise OptionError(f"the format {found.name} is for writing only", hint="Name another format.")
    if found is not None:
        _check_installed(found)
    return found


def _check_installed(found: Format) -> None:
    """Raise unless the packages that a format needs are installed."""
    component = FORMATS.component(found.name)
    for package in component.packages:
        if find_spec(package) is None:
            what = f"crosspan[{component.extra}]" if component.extra else package
            raise MissingDependencyError(
                f"{found.shown} needs the package {package}", hint=f"Install it with: pip install '{what}'."
            )


def _recognised(lines: Sequence[str], name: str) -> TextFormat:
    """The format of text that begins so; plain text where nobody knows it, and it does not look like labels."""
    for found in all_formats():
        if isinstance(found, TextFormat) and found.reads and found.recognises(lines):
            return found
    check_running_text(lines, name)
    plain = format_named("plain")
    assert isinstance(plain, TextFormat)
    return plain


def output_format(path: PathLike, format: str = "auto", *, labels: bool = False) -> Format:  # noqa: A002
    """The format to write, told before any work is done.

    Args:
        path: The file; ``-`` is standard output.
        format: The name of a format; ``"auto"`` goes by the ending of the name, and is ``"conll"`` for ``-``.
        labels: Whether spans are to be kept.

    Raises:
        OptionError: The name does not tell a format, or the format cannot keep what it must, or be written there.
        MissingDependencyError: The format needs a package that is not installed.

    Example:
        >>> output_format("out.jsonl.gz").name, output_format("-").name
        ('jsonl', 'conll')
    """
    is_stdout = os.fspath(path) == "-"
    name = format if format != "auto" else "conll" if is_stdout else format_by_name(path)
    what = "a format that keeps labels" if labels else "the format"
    found = None if name is None else format_named(name)
    if found is None or (labels and format == "auto" and not found.labels):
        raise OptionError(
            f"the name {os.fspath(path)!r} does not tell {what}",
            hint=f"End it in .conll, .jsonl, .parquet or .spacy, or name the format: {_listed(labels)}.",
        )
    if not found.writes or (labels and not found.labels):
        said = "keeps no labels" if found.writes else "is for reading only"
        raise OptionError(f"the format {found.name} {said}", hint=f"Choose one of {_listed(labels)}.")
    if found.binary and is_stdout:
        raise OptionError(f"{found.shown} cannot be written to standard output", hint="Name a file.")
    _check_installed(found)
    return found


def _listed(labels: bool) -> str:
    return ", ".join(output_names(labels))


def output_names(labels: bool = True) -> tuple[str, ...]:
    """Names of the formats that can be written, or of those among them that keep labels.

    Example:
        >>> output_names()
        ('conll', 'docbin', 'entities', 'jsonl', 'parquet')
    """
    return tuple(found.name for found in all_formats() if found.writes and (found.labels or not labels))
