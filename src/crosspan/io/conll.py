"""CoNLL-style columns: one token a line, an empty line after each sentence.

Read: tabs, blanks or commas, any number of columns (see :mod:`crosspan.io.conll_layout`), ``#`` comments,
``-DOCSTART-``, all tag schemes and spellings (:mod:`crosspan.core.tag_forms`); see :mod:`crosspan.io.conll_rows`.

Written: token, tab, tag; with ``# sent_id``, ``# lang`` and
``# text`` where they are known. A sentence without tokens is written as the comment ``# tokens = 0``, so that files
stay parallel. Not kept: scores of spans, and offsets where more than white space stands between the tokens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import IO

from crosspan.core.errors import EmptyInputError, FormatError, SpanError, TagError
from crosspan.core.files import PathLike, name_of, protect_start
from crosspan.core.json_text import parse_json
from crosspan.core.lines import read_blocks
from crosspan.core.shown import shown
from crosspan.core.tag_forms import Respelt
from crosspan.core.tags import Scheme, decode, reading_scheme, to_tags
from crosspan.core.types import Sentence, Span
from crosspan.io.column_names import DOCSTART
from crosspan.io.conll_layout import ColumnLayout, find_layout
from crosspan.io.conll_rows import RawSentence, parse_rows
from crosspan.io.format import Reading, TextFormat, Writing
from crosspan.io.looks import are_believable, tagged_share
from crosspan.io.notices import Notices
from crosspan.io.places import find_offsets
from crosspan.io.rejects import Located

_LOOK_AT = 2_000
_SAMPLE_SENTENCES = 20_000
_LIKELY = 0.5
_EVEN = 0.9


class Conll(TextFormat):
    """The format ``conll``.

    Example:
        >>> [item.sentence.spans for item in Conll().parse(["in O", "Accra B-LOC"], "x.txt", Reading())]
        [(Span(start=1, end=2, label='LOC', score=None),)]
    """

    name = "conll"
    title = "CoNLL"
    endings = (
        *(".conll", ".conllu", ".conll02", ".conll03", ".iob", ".iob1", ".iob2", ".bio", ".bioes", ".bilou", ".tsv"),
        *(".csv", ".bmes"),
    )

    def recognises(self, lines: Sequence[str]) -> bool:
        """Whether most lines have a tag in the same column, or a first line names the columns."""
        lines = lines[:_LOOK_AT]
        try:
            layout = find_layout(lines, "")
        except FormatError:
            return False
        rows = [line for line in lines if (line.strip() and line[0] != "#") or "\t" in line]
        if layout.tag is None or not rows:
            return False
        return layout.header or (layout.sure and _are_columns(layout, rows)) or tagged_share(rows) >= _LIKELY

    def parse(self, lines: Iterable[str], name: str, how: Reading) -> Iterator[Located]:
        """Yield sentences; raises where no column holds tags, a row has too few columns, or there is no sentence."""
        seen = Notices(name, how.notices)
        raws = parse_rows(lines, name, how, seen)
        head = list(islice(raws, _SAMPLE_SENTENCES))
        if not head:
            raise EmptyInputError("the file holds no sentence", where=name, hint="Check that it is the right file.")
        known = reading_scheme(raw.tags for raw in head) if how.scheme == "auto" else how.scheme
        for raw in chain(head, raws):
            error = raw.fault
            spans: list[Span] = []
            if error is None:
                spans, fault = decode(raw.tags, known, how.repair)
                if fault is not None:
                    error = TagError(fault.message, where=f"{name}:{raw.numbers[fault.index]}", hint=fault.hint)
            tags = raw.tags if raw.fault is None else None
            yield Located(raw.line, _sentence(raw, name, tuple(spans), how.lang), error, tags=tags)
        seen.tell()

    def raw_tags(self, path: PathLike, how: Reading) -> Iterator[Sequence[str]]:
        """The tags of each sentence as they stand; none for a sentence of a file without tags."""
        lines = chain.from_iterable(read_blocks(path, how.encoding))
        for raw in parse_rows(lines, name_of(path), how, Notices(name_of(path))):
            yield raw.tags

    def put(self, stream: IO[str], sentences: Iterable[Sentence], how: Writing) -> int:
        r"""Write sentences as ``token TAB tag``.

        Raises:
            FormatError: A token or label cannot stand in a column, e.g. because it holds a tab.
            TagError: The spans cannot be told apart in this scheme.

        Example:
            >>> import io
            >>> stream = io.StringIO()
            >>> Conll().put(stream, [Sentence(("in", "Accra"), (Span(1, 2, "LOC"),))], Writing())
            1
            >>> stream.getvalue()
            'in\tO\nAccra\tB-LOC\n\n'
        """
        count = 0
        for count, sentence in enumerate(sentences, 1):
            block = _block(sentence, how.scheme, count)
            stream.write(block if count > 1 else protect_start(block))
        return count


def _are_columns(layout: ColumnLayout, rows: Sequence[str]) -> bool:
    """Whether most rows have what can be a tag; where it has no name, all have the same width, which text has not."""
    cells = list(map(layout.split, rows))
    tags = [layout.tag_of(cell) for cell in cells if len(cell) >= layout.needed]
    if len(tags) < _LIKELY * len(rows):
        return False
    if layout.spelling not in ("label", "letter") and {*tags} != {"O"}:
        return are_believable({*Respelt(layout.spelling, layout.outside).all(tags)})
    return sum(len(cell) == layout.width for cell in cells) >= _EVEN * len(cells)


def _sentence(raw: RawSentence, name: str, spans: tuple[Span, ...], lang: str | None) -> Sentence:
    lang = lang or raw.lang
    if not raw.comments:
        return Sentence(raw.tokens, spans, None, lang)
    text = _value(raw, name, "text")
    return Sentence(
        raw.tokens,
        spans,
        _value(raw, name, "sent_id") or raw.comments.get("id"),
        lang or _value(raw, name, "lang"),
        text,
        None if text is None else find_offsets(raw.tokens, text),
    )


def _value(raw: RawSentence, name: str, key: str) -> str | None:
    """What a comment says; one that cannot stand in a line as it is has been written as a string of JSON."""
    written = raw.comments.get(f"{key}_json")
    if written is None:
        return raw.comments.get(key)
    where = f"{name}:{raw.line}"
    try:
        value = parse_json(written)
    except ValueError as error:
        raise FormatError(f"'# {key}_json' is not valid JSON ({error})", where=where, hint=_MEND) from error
    if not isinstance(value, str):
        raise FormatError(f"'# {key}_json' is {shown(value)}, not a string", where=where, hint=_MEND)
    return value


_MEND = "Mend the comment at the head of the sentence, or remove it."


def _block(sentence: Sentence, scheme: Scheme, number: int) -> str:
    """A sentence as lines, with the empty line after it."""
    tokens = sentence.tokens
    head = _comments(sentence)
    if not tokens:
        return head + "# tokens = 0\n\n"
    if sentence.spans:
        tags = sentence.tags() if scheme == "IOB2" else _tags(sentence, scheme)
        body = "\n".join([f"{token}\t{tag}" for token, tag in zip(tokens, tags, strict=True)])
    else:
        body = "\tO\n".join(tokens) + "\tO"
    # One tab a token and one line feed between tokens: more of either would be read back as something else.
    if body.count("\t") != len(tokens) or body.count("\n") != len(tokens) - 1 or "" in tokens or "\r\n" in body:
        raise _unwritable(sentence, number)
    return f"{head}{body}\n\n"


def _tags(sentence: Sentence, scheme: Scheme) -> list[str]:
    try:
        return to_tags(sentence.spans, len(sentence.tokens), scheme)
    except (TagError, SpanError) as error:
        raise type(error)(error.message, where=sentence.id, hint=error.hint) from error


def _comments(sentence: Sentence) -> str:
    head = _comment("sent_id", sentence.id) + _comment("lang", sentence.lang) + _comment("text", sentence.text)
    if DOCSTART in sentence.tokens:
        head += _comment("tokens", str(len(sentence.tokens)))  # marks it as a sentence, not a document mark
    return head


def _comment(key: str, value: str | None) -> str:
    if value is None:
        return ""
    if "\n" in value or "\t" in value or "\r" in value:
        return f"# {key}_json = {json.dumps(value, ensure_ascii=False)}\n"
    return f"# {key} = {value}\n"


def _unwritable(sentence: Sentence, number: int) -> FormatError:
    return FormatError(
        "a token is empty or holds a tab or line feed, or a label does, which columns cannot keep",
        where=sentence.id or f"sentence {number}",
        hint="Write JSONL or Parquet, which keep everything.",
    )
