"""Files of sentences of which a command needs the words alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosspan.io import format_by_name
from crosspan.io.pairs import SentenceFile, read_pairs

TokenPair = tuple[tuple[str, ...], tuple[str, ...]]


def sentence_file(path: str, from_format: str, encoding: str = "utf-8") -> SentenceFile:
    """A file whose labels are not looked at.

    Args:
        path: Where it is; a dash stands for standard input.
        from_format: Its format, where its name does not tell it.
        encoding: Its encoding.

    Example:
        >>> sentence_file("a.conll", "plain").format, sentence_file("a.txt2", "plain").format
        ('auto', 'plain')
    """
    # "begin" reads the most; what it reads is not looked at
    return SentenceFile(path, "auto" if format_by_name(path) else from_format, repair="begin", encoding=encoding)


def token_pairs(files: Sequence[SentenceFile]) -> Iterator[TokenPair]:
    """The tokens of two files, in step; what is wrong with labels does no harm.

    Raises:
        CrosspanError: A file cannot be read, or one is shorter than the other.
    """
    for item in read_pairs(*files):
        yield item.pair.source.tokens, item.pair.target.tokens
