"""Reading and writing corpora and word links.

One file a format (:class:`crosspan.io.format.Format`); what stands here asks the family of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Unpack

from crosspan.core.checks import each_checked
from crosspan.core.files import PathLike, name_of
from crosspan.core.tags import Scheme
from crosspan.core.types import Projection, Sentence
from crosspan.io.choice import FORMATS, format_by_name, input_format, located, output_format, output_names
from crosspan.io.format import UNITS, Format, Labelled, Marked, Reading, ReadOptions, TextFormat, Unit, Writing
from crosspan.io.pairs import SentenceFile
from crosspan.io.pharaoh import GoldLinks, read_gold_links, read_links, write_links
from crosspan.io.plain import read_bitext
from crosspan.io.projections import projections_of
from crosspan.io.rejects import Located, Reject, settle

__all__ = [
    "FORMATS",
    "UNITS",
    "Format",
    "GoldLinks",
    "Labelled",
    "Located",
    "Marked",
    "ReadOptions",
    "Reading",
    "Reject",
    "SentenceFile",
    "TextFormat",
    "Unit",
    "Writing",
    "format_by_name",
    "holds_projections",
    "input_format",
    "iter_sentences",
    "output_format",
    "output_names",
    "read",
    "read_bitext",
    "read_gold_links",
    "read_links",
    "read_projections",
    "write",
    "write_links",
    "write_projections",
]


def read(
    path: PathLike,
    *,
    format: str = "auto",  # noqa: A002  # the word users know
    rejects: list[Reject] | None = None,
    **how: Unpack[ReadOptions],
) -> list[Sentence]:
    r"""Read all sentences of a file.

    Args:
        path: The file; ``-`` is standard input, and ``.gz`` is decompressed.
        format: A name of :data:`FORMATS`; ``"auto"`` goes by the ending of the name, then by the content.
        rejects: A list that takes the sentences whose labels cannot be read. Such a sentence keeps its place and its
            tokens, without spans. With ``None`` the first one raises; those that an annotator rejected are left out.
        how: How it is read: ``lang``, ``columns``, ``scheme``, ``repair``, ``paragraphs``, ``tag_column``,
            ``tag_names``, ``encoding``, ``offsets``, as :class:`Reading` has them.

    Returns:
        The sentences in order.

    Raises:
        FormatError: The file cannot be opened, or does not have the form that its format asks for.
        EncodingError: It is not in this encoding.
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
    return list(iter_sentences(path, format=format, rejects=rejects, **how))


def iter_sentences(
    path: PathLike,
    *,
    format: str = "auto",  # noqa: A002
    rejects: list[Reject] | None = None,
    **how: Unpack[ReadOptions],
) -> Iterator[Sentence]:
    """Yield the sentences of a file one by one, in bounded memory.

    Arguments and errors are those of :func:`read`; errors come when the place in the file is reached.
    """
    yield from settle(SentenceFile(path, format, **how).located(), rejects)


def write(
    path: PathLike,
    sentences: Iterable[Sentence],
    *,
    format: str = "auto",  # noqa: A002
    scheme: Scheme = "IOB2",
    offsets: Unit = "codepoints",
) -> int:
    """Write sentences to a file, all or nothing: on an error or Ctrl-C, what was there before stays.

    Args:
        path: The file; ``-`` is standard output, and ``.gz`` is compressed.
        sentences: What to write; they may be produced while writing.
        format: A name of :data:`FORMATS`; ``"auto"`` goes by the ending of the name, and is ``"conll"`` for ``-``.
        scheme: The tag scheme, in formats that have tags.
        offsets: What character offsets count, in formats that have some: one of :data:`UNITS`.

    Returns:
        The number of sentences written.

    Raises:
        OptionError: The format is unknown, or the name does not tell it.
        OutputError: The file cannot be written.
        FormatError: A sentence cannot be kept in this format.
    """
    sentences = each_checked("sentences", sentences, Sentence)
    return output_format(path, format).write(path, sentences, Writing(scheme=scheme, offsets=offsets))


def write_projections(
    path: PathLike,
    projections: Iterable[Projection],
    *,
    format: str = "auto",  # noqa: A002
    scheme: Scheme = "IOB2",
    offsets: Unit = "codepoints",
) -> int:
    """Write labelled target sentences, all or nothing.

    Args:
        path: The file; ``-`` is standard output.
        projections: What to write, without error sentences; they may be produced while writing.
        format: A format that keeps labels, or ``"auto"``. JSONL, Parquet and DocBin keep all of a projection; see
            :meth:`crosspan.Projection.to_dict`.
        scheme: The tag scheme, in formats that have tags.
        offsets: What character offsets count, in formats that have some: one of :data:`UNITS`.

    Returns:
        The number of sentences written.

    Raises:
        OptionError: The name does not tell a format, or the format cannot keep labels.
        OutputError: The file cannot be written.
    """
    how = Writing(scheme=scheme, offsets=offsets)
    projections = each_checked("projections", projections, Projection)
    return output_format(path, format, labels=True).write_projections(path, projections, how)


def holds_projections(path: PathLike, *, format: str = "auto") -> bool:  # noqa: A002
    """Whether the first sentence of a file is one of a projection, so that :func:`read_projections` reads it.

    Args:
        path: The file; it is read more than once, so it must not be a pipe.
        format: Its format; ``"auto"`` finds it.

    Raises:
        CrosspanError: The file cannot be opened, or does not have the form of its format.
    """
    found = next(located(path, format, Reading(notices=[])), None)
    return found is not None and found.evidence is not None


def read_projections(
    path: PathLike,
    *,
    format: str = "auto",  # noqa: A002
    rejects: list[Reject] | None = None,
) -> Iterator[Projection]:
    """Yield the projections of a file that :func:`write_projections` wrote, in bounded memory.

    Args:
        path: The file; ``-`` is standard input.
        format: The format, which must keep all of a projection: JSONL, Parquet or DocBin; ``"auto"`` finds it.
        rejects: A list that takes the records whose spans are wrong; they become projections with an error. With
            ``None`` the first one raises.

    Raises:
        FormatError: A record is no projection; sentences that are merely labelled are read by :func:`read`.
        SpanError: The spans of a record are wrong, and ``rejects`` is ``None``.
        EmptyInputError: There is nothing in the file.

    Example:
        >>> import pathlib, tempfile
        >>> from crosspan.core.types import ProjectedSpan, Span
        >>> link = ProjectedSpan(Span(2, 3, "LOC"), Span(0, 1, "LOC", 0.9), 0.9)
        >>> projection = Projection(Sentence(("Accra",), (link.target,)), (link,))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder) / "a.jsonl"
        ...     _ = write_projections(path, [projection])
        ...     list(read_projections(path)) == [projection]
        True
    """
    yield from projections_of(located(path, format, Reading()), name_of(path), rejects)
