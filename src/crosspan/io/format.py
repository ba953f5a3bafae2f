"""What a format is: a way to keep sentences in a file, in one object that says all there is to know about it."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Literal, TypedDict, get_args

from crosspan.core.encodings import check_encoding_name
from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike, atomic_binary, name_of, open_output
from crosspan.core.lines import read_blocks
from crosspan.core.tags import Repair, Scheme, SchemeOption, check_repair, check_scheme
from crosspan.core.types import Projection, Sentence
from crosspan.io.label_names import numbered
from crosspan.io.notices import Notice
from crosspan.io.rejects import Located

Unit = Literal["codepoints", "utf16", "bytes"]
UNITS: tuple[Unit, ...] = get_args(Unit)
"""What offsets count: code points as Python does, UTF-16 units as JavaScript and Java do, or bytes of UTF-8."""

Labelled = Sentence | Projection
"""What is written: a sentence with labels, or one with all that is known of how it came by them."""

Marked = tuple[Sentence, str | None]
"""A sentence with the reason why it could not be worked on, if that is so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is read; a format takes what concerns it.

    Args:
        lang: The language of the sentences, where the file does not say.
        columns: What each column holds, such as ``"id,token,-,tag"``; ``None`` finds out.
        scheme: The tag scheme; ``"auto"`` finds it in the first sentences, some thousands of them.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        paragraphs: Whether a line of running text may hold several sentences.
        tag_column: The column or key of the tags, by its name or its number from 1; ``None`` finds out.
        tag_names: What tags and labels that are given as numbers stand for: names in order, from 0, or ``NUMBER=NAME``;
            one string has commas between them.
        encoding: The encoding of a text file.
        offsets: What character offsets count where a record does not say.
        side: Which side of ``source ||| target`` a file of running text is, 0 or 1, where it has both.
        marks: Whether document marks (``-DOCSTART-``) are sentences, as where the other side of a pair has them.
        notices: Takes what is noticed; by default that is warned of.

    Raises:
        OptionError: A value is none that can be taken.
    """

    lang: str | None = None
    columns: str | Sequence[str] | None = None
    scheme: SchemeOption = "auto"
    repair: Repair = "error"
    paragraphs: bool = False
    tag_column: str | None = None
    tag_names: str | Sequence[str] | None = None
    encoding: str = "utf-8"
    offsets: Unit = "codepoints"
    side: int | None = None
    marks: bool = False
    notices: list[Notice] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_repair(self.repair)
        check_encoding_name(self.encoding)
        check_unit(self.offsets)
        if self.scheme != "auto":
            check_scheme(self.scheme)

    @property
    def names(self) -> Mapping[int, str] | None:
        """What numbers of tags stand for."""
        return None if self.tag_names is None else numbered(self.tag_names)


class ReadOptions(TypedDict, total=False):
    """How a user says that a file is read, by keywords: the fields of :class:`Reading` that are a user's to say."""

    lang: str | None
    columns: str | Sequence[str] | None
    scheme: SchemeOption
    repair: Repair
    paragraphs: bool
    tag_column: str | None
    tag_names: str | Sequence[str] | None
    encoding: str
    offsets: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How a file is written; a format takes what concerns it.

    Args:
        scheme: The tag scheme.
        offsets: What character offsets count, one of :data:`UNITS`.
        classes: The tags by their numbers, where a format is to keep tags as numbers; every tag must be among them.

    Raises:
        OptionError: A value is none that can be taken.
    """

    scheme: Scheme = "IOB2"
    offsets: Unit = "codepoints"
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_scheme(self.scheme)
        check_unit(self.offsets)


def sentence_in(item: Labelled) -> Sentence:
    """The sentence of something that is written.

    Example:
        >>> sentence_in(Projection(Sentence(("Accra",)))).tokens
        ('Accra',)
    """
    return item.sentence if isinstance(item, Projection) else item


def check_unit(unit: str) -> None:
    """Raise unless offsets can count this.

    Raises:
        OptionError: They cannot.
    """
    if unit not in UNITS:
        raise OptionError(f"offsets cannot count {unit!r}", hint=f"Choose from {', '.join(UNITS)}.")


@contextmanager
def binary_output(path: PathLike) -> Iterator[IO[bytes]]:
    """Open a file for writing bytes, all or nothing; a name that ends in ``.gz`` is compressed.

    Args:
        path: The file.

    Raises:
        OutputError: The file cannot be written.
    """
    with atomic_binary(path) as raw:
        if not os.fspath(path).endswith(".gz"):
            yield raw
            return
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
            yield packed  # type: ignore[misc]  # GzipFile has all that writers use


class Format:
    """A format of files of sentences. A text format is better made from :class:`TextFormat`.

    A class says what is known of the format without a file, and overrides :meth:`read` and :meth:`write`.
    """

    name: str
    """What ``--from`` and ``--to`` call it."""
    title: str = ""
    """What messages call it, if not by its name."""
    endings: tuple[str, ...] = ()
    """Endings of names, in small letters; the first is that of new files."""
    magic: bytes = b""
    """What every file begins with, where a format has such a thing."""
    reads: bool = True
    writes: bool = True
    labels: bool = True
    """Whether spans are kept."""
    scores: bool = False
    """Whether the confidences of spans are kept."""
    sources: bool = False
    """Whether of a projection the source of each span is kept, and why others were dropped."""
    ids: bool = True
    """Whether the names of sentences are kept."""
    texts: bool = True
    """Whether the text is kept as it is, and not only its tokens."""
    running: bool = False
    """Whether it is running text, whose lines may be cut into sentences."""
    faults: bool = False
    """Whether a sentence that could not be worked on keeps its place, with the reason instead of labels."""

    def read(self, path: PathLike, how: Reading) -> Iterator[Located]:
        """Yield the sentences of a file in order; one whose labels cannot be read has a fault and no spans.

        Args:
            path: The file; ``-`` is standard input. See :func:`crosspan.core.lines.open_input`.
            how: How it is read.

        Raises:
            CrosspanError: The file cannot be opened, is empty, or does not have the form of this format.
        """
        raise NotImplementedError

    def write(self, path: PathLike, sentences: Iterable[Sentence], how: Writing) -> int:
        """Write sentences, all or nothing, and return how many.

        Args:
            path: The file.
            sentences: What to write; they may be produced while writing.
            how: How it is written.

        Raises:
            OutputError: The file cannot be written.
            FormatError: A sentence cannot be kept in this format.
        """
        raise NotImplementedError

    def write_marked(self, path: PathLike, marked: Iterable[Marked], how: Writing) -> int:
        """As :meth:`write`; sentences that could not be worked on are left out, unless the format keeps ``faults``."""
        return self.write(path, (sentence for sentence, reason in marked if reason is None), how)

    def write_projections(self, path: PathLike, items: Iterable[Labelled], how: Writing) -> int:
        """Write labelled sentences with all that the format keeps of those that are projections; as :meth:`write` else.

        A format with ``sources`` reads it back as :attr:`crosspan.io.Located.evidence`.
        """
        return self.write(path, map(sentence_in, items), how)

    def recognises(self, lines: Sequence[str]) -> bool:
        """Whether a file that begins with these lines is of this format; asked where its name does not tell."""
        return False

    def raw_tags(self, path: PathLike, how: Reading) -> Iterator[Sequence[str]] | None:
        """The tags of each sentence as they stand; ``None`` where the format has no tags of any scheme."""
        return None

    @property
    def binary(self) -> bool:
        """Whether a file is no text, so that it has no lines or encoding."""
        return True

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return self.title or self.name


class TextFormat(Format):
    r"""A format of lines of UTF-8. A class overrides :meth:`parse`, :meth:`put`, or both.

    Example:
        >>> class Shout(TextFormat):
        ...     name, endings, labels = "shout", (".shout",), False
        ...
        ...     def put(self, stream, sentences, how):
        ...         return sum(1 for one in sentences if stream.write(" ".join(one.tokens).upper() + "\n"))
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     count = Shout().write(folder + "/a.shout", [Sentence(("Habari",))], Writing())
        ...     print(count, open(folder + "/a.shout").read().strip())
        1 HABARI
    """

    @property
    def binary(self) -> bool:
        """It is text."""
        return False

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield the sentences that lines hold; see :meth:`Format.read`.

        Args:
            lines: The lines, without their ends.
            name: The file, for messages.
            how: How it is read.
        """
        raise NotImplementedError

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        """Write sentences to a stream and return how many; see :meth:`Format.write`."""
        raise NotImplementedError

    def read(self, path: PathLike, how: Reading) -> Iterator[Located]:
        """See :meth:`Format.read`."""
        return self.parse(chain.from_iterable(read_blocks(path, how.encoding)), name_of(path), how)

    def write(self, path: PathLike, sentences: Iterable[Sentence], how: Writing) -> int:
        """See :meth:`Format.write`."""
        with open_output(path) as stream:
            return self.put(stream, sentences, how)
