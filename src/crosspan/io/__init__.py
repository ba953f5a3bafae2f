"""Reading and writing corpora and word links.

One module a format; this one chooses between them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike, name_of, open_input, open_output, read_blocks
from crosspan.core.tags import Repair, Scheme, SchemeOption
from crosspan.core.types import Sentence
from crosspan.io.conll import iter_conll, write_conll
from crosspan.io.jsonl import iter_jsonl, write_jsonl
from crosspan.io.pharaoh import GoldLinks, read_gold_links, read_links, write_links
from crosspan.io.plain import iter_plain, read_bitext, write_plain
from crosspan.io.rejects import Located, Reject, settle
from crosspan.io.sniff import sniff

__all__ = [
    "FORMATS",
    "Format",
    "FormatOption",
    "GoldLinks",
    "Located",
    "Reject",
    "format_by_name",
    "iter_located",
    "iter_sentences",
    "read",
    "read_bitext",
    "read_gold_links",
    "read_links",
    "write",
    "write_links",
]

Format = Literal["conll", "docbin", "jsonl", "parquet", "plain", "tokens"]
FormatOption = Literal["auto", "conll", "docbin", "jsonl", "parquet", "plain", "tokens"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""``plain`` is text that crosspan tokenises, ``tokens`` is text whose tokens are separated by blanks."""

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".spacy": "docbin",
    ".conll": "conll",
    ".conllu": "conll",
    ".conll02": "conll",
    ".conll03": "conll",
    ".iob": "conll",
    ".iob1": "conll",
    ".iob2": "conll",
    ".bio": "conll",
    ".bioes": "conll",
    ".bilou": "conll",
    ".tsv": "conll",
    ".tok": "tokens",
}


def format_by_name(path: PathLike) -> Format | None:
    """The format that the ending of a file name stands for; ``None`` where it stands for none, such as ``.txt``.

    Example:
        >>> format_by_name("train.conll.gz"), format_by_name("train.txt")
        ('conll', None)
    """
    name = os.fspath(path).lower().removesuffix(".gz")
    return _SUFFIXES.get(os.path.splitext(name)[1])


def read(
    path: PathLike,
    *,
    format: FormatOption = "auto",  # noqa: A002  # the word users know
    lang: str | None = None,
    columns: str | Sequence[str] | None = None,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    rejects: list[Reject] | None = None,
) -> list[Sentence]:
    r"""Read all sentences of a file.

    Args:
        path: The file; ``-`` is standard input, and ``.gz`` is decompressed.
        format: One of :data:`FORMATS`; ``"auto"`` goes by the ending of the name, then by the content.
        lang: The language of the sentences, kept with them.
        columns: What each column of a CoNLL-style file holds, such as ``"id,token,-,tag"``; ``None`` finds out.
        scheme: The tag scheme; ``"auto"`` finds it.
        repair: What to do with ill-formed tags: ``"error"``, ``"begin"``, ``"drop"`` or ``"merge"``; see
            :mod:`crosspan.core.tags`.
        rejects: A list that takes the sentences whose labels cannot be read. Such a sentence keeps its place and its
            tokens, without spans. With ``None`` the first one raises.

    Returns:
        The sentences in order.

    Raises:
        FormatError: The file cannot be opened, or does not have the form that its format asks for.
        EncodingError: It is not UTF-8.
        EmptyInputError: There is nothing in it.
        TagError, SpanError: Labels cannot be read, and ``rejects`` is ``None``.
        OptionError: An option has a value that it cannot take.

    Example:
        >>> import pathlib, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "a.conll"
        ...     _ = path.write_text("in O\nAccra B-LOC\n", encoding="utf-8")
        ...     read(path)[0].spans
        (Span(start=1, end=2, label='LOC', score=None),)
    """
    return list(
        iter_sentences(path, format=format, lang=lang, columns=columns, scheme=scheme, repair=repair, rejects=rejects)
    )


def iter_sentences(
    path: PathLike,
    *,
    format: FormatOption = "auto",  # noqa: A002
    lang: str | None = None,
    columns: str | Sequence[str] | None = None,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
    rejects: list[Reject] | None = None,
) -> Iterator[Sentence]:
    """Yield the sentences of a file one by one, in bounded memory.

    Arguments and errors are those of :func:`read`; errors come when the place in the file is reached.
    """
    located = iter_located(path, format=format, lang=lang, columns=columns, scheme=scheme, repair=repair)
    yield from settle(located, rejects)


def iter_located(
    path: PathLike,
    *,
    format: FormatOption = "auto",  # noqa: A002
    lang: str | None = None,
    columns: str | Sequence[str] | None = None,
    scheme: SchemeOption = "auto",
    repair: Repair = "error",
) -> Iterator[Located]:
    """Yield the sentences of a file with their lines and faults; arguments and errors are those of :func:`read`."""
    if format not in ("auto", *FORMATS):
        raise OptionError(f"unknown format {format!r}", hint=f"Choose one of {', '.join(FORMATS)}.")
    found = format_by_name(path) if format == "auto" else format
    if found is None and _is_parquet(path):
        found = "parquet"
    if found == "parquet":
        from crosspan.io.parquet import iter_parquet

        yield from iter_parquet(path, scheme=scheme, repair=repair, lang=lang)
        return
    if found == "docbin":
        from crosspan.io.docbin import iter_docbin

        yield from iter_docbin(path, lang=lang)
        return
    name = name_of(path)
    blocks = read_blocks(path)
    first = next(blocks)  # an empty file raises here
    blocks = chain([first], blocks)
    if found is None:
        found = sniff(first)
    if found == "conll":
        yield from iter_conll(blocks, name, columns=columns, scheme=scheme, repair=repair, lang=lang)
    elif found == "jsonl":
        yield from iter_jsonl(blocks, name, scheme=scheme, repair=repair, lang=lang)
    else:
        yield from iter_plain(blocks, tokenized=found == "tokens", lang=lang)


def _is_parquet(path: PathLike) -> bool:
    if os.fspath(path) == "-":
        return False
    with open_input(path) as stream:
        return stream.read(4) == b"PAR1"


def write(
    path: PathLike,
    sentences: Iterable[Sentence],
    *,
    format: FormatOption = "auto",  # noqa: A002
    scheme: Scheme = "IOB2",
) -> int:
    """Write sentences to a file, all or nothing: on an error or Ctrl-C, what was there before stays.

    Args:
        path: The file; ``-`` is standard output, and ``.gz`` is compressed.
        sentences: What to write; they may be produced while writing.
        format: One of :data:`FORMATS`; ``"auto"`` goes by the ending of the name, and is ``"conll"`` for ``-``.
        scheme: The tag scheme, in formats that have tags.

    Returns:
        The number of sentences written.

    Raises:
        OptionError: The format is unknown, or the name does not tell it.
        OutputError: The file cannot be written.
        FormatError: A sentence cannot be kept in this format.
    """
    found = _format_to_write(path, format)
    if found == "parquet":
        from crosspan.io.parquet import write_parquet

        return write_parquet(path, sentences, scheme=scheme)
    if found == "docbin":
        from crosspan.io.docbin import write_docbin

        return write_docbin(path, sentences)
    with open_output(path) as stream:
        if found == "conll":
            return write_conll(stream, sentences, scheme=scheme)
        if found == "jsonl":
            return write_jsonl(stream, sentences)
        return write_plain(stream, sentences, tokenized=found == "tokens")


def _format_to_write(path: PathLike, format: FormatOption) -> Format:  # noqa: A002
    if format not in ("auto", *FORMATS):
        raise OptionError(f"unknown format {format!r}", hint=f"Choose one of {', '.join(FORMATS)}.")
    is_stdout = os.fspath(path) == "-"
    found = format if format != "auto" else "conll" if is_stdout else format_by_name(path)
    if found is None:
        raise OptionError(
            f"the name {os.fspath(path)!r} does not tell the format",
            hint=f"End it in .conll, .jsonl, .parquet or .spacy, or name the format: {', '.join(FORMATS)}.",
        )
    if found in ("parquet", "docbin") and is_stdout:
        shown = "Parquet" if found == "parquet" else "DocBin"
        raise OptionError(f"{shown} cannot be written to standard output", hint="Name a file.")
    return found
