"""What columns are called: in a first row, in a comment, or before the values themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

DOCSTART = "-DOCSTART-"
"""What stands before a document in place of a token."""

_TOKEN_NAMES = ("token", "tokens", "word", "words", "form")
_TAG_NAMES = (
    *("ne-coarse-lit", "ner", "ner_tag", "ner_tags", "tag", "tags", "label", "labels", "entity", "slot", "bio"),
    *("iob", "iob2", "bioes", "bilou", "bmes", "ne", "ne_tag", "ner_label", "entity_tag", "named_entity", "iob_tag"),
)
_ID_NAMES = ("id", "idx", "index")
_END_NAMES = ("misc",)
_SENTENCE_NAMES = frozenset(
    ("sentence", "sentenceid", "sentid", "sent", "sentenceidx", "sentidx", "sentencenumber", "sentenceno", "sentno")
)
_NO_LETTER = re.compile(r"[\W_]+")
_SEPARATOR = re.compile(r"\ufeff?\"?sep=([^\w\s])\"?[;, ]*", re.IGNORECASE)
_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.+)")


@dataclass(frozen=True, slots=True)
class Named:
    """Columns by their names.

    Args:
        names: All names, as they stand.
        token: Column of the token.
        tag: Column of the tag.
        id: Column that numbers the tokens.
        end: Column that marks ends of sentences.
        sentence: Column that names the sentence.
        told: Whether the user named the column of the tags.
    """

    names: tuple[str, ...]
    token: int
    tag: int
    id: int | None = None
    end: int | None = None
    sentence: int | None = None
    told: bool = False


_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NAMES = "ner|nes?|ents?|entit[a-z]*|mentions?|named?|names|slots?"
_KINDS = {
    "words": re.compile(
        r"[ux]?pos(?:tags?)?|chunk[a-z]*|dep[s]?|deprels?|depend[a-z]*|heads?|morph[a-z]*|feats?|lemma[a-z]*"
        r"|lang[s]?|languages?|case|srl|senses?"
    ),
    "tags": re.compile(rf"{_NAMES}|(?:[a-z]*)(?:tags?|labels?|entities)|iob[0-9]?|bio(?:es)?|bilou|bmes"),
    "names": re.compile(_NAMES),
    "label": re.compile("labels?|types?|tags?|class|categor(?:y|ies)|kind|ner"),
    "place": re.compile("start|begin|from|end|offsets?|pos|positions?|span|indices|index|idx|range|place|loc"),
    "places": re.compile(rf"{_NAMES}|(?:[a-z]*)(?:labels?|spans?|annotations?)|label(?:l?ed|l?ing)s?|vertex[a-z]*"),
}


def is_called(name: str, kind: str) -> bool:
    """Whether a name of a column or key is what some things are called, by its parts.

    Args:
        name: The name.
        kind: ``"words"`` for what words have besides labels, ``"tags"`` for tags of entities, ``"names"`` for entities,
            ``"places"`` for what may hold labels with their places, ``"label"`` and ``"place"`` for those themselves.

    Example:
        >>> is_called("fine_ner_tags", "tags"), is_called("attention_mask", "tags"), is_called("dinner", "places")
        (True, False, False)
        >>> is_called("posTags", "words"), is_called("position", "words")
        (True, False)
    """
    return any(_KINDS[kind].fullmatch(part.lower()) for part in _PARTS.findall(name))


def same_name(cell: str) -> str | None:
    """What a name of a column stands for, ``"token"`` or ``"tag"``; ``None`` for another.

    Example:
        >>> same_name("Word"), same_name("NER"), same_name("POS")
        ('token', 'tag', None)
    """
    name = _plain(cell)
    return "token" if name in _TOKEN_NAMES else "tag" if name in _TAG_NAMES else None


def _plain(cell: str) -> str:
    return cell.strip(" \t\ufeff\"'").lower()


def header_of(row: Sequence[str], tag_column: str | None = None) -> Named | None:
    """The columns that a row names; ``None`` where it is no such row.

    Args:
        row: Its cells.
        tag_column: The name of the column of the tags, or its number from 1, where the user says so.

    Example:
        >>> header_of(["Sentence #", "Word", "POS", "Tag"])
        Named(names=('Sentence #', 'Word', 'POS', 'Tag'), token=1, tag=3, id=None, end=None, sentence=0, told=False)
    """
    names = [_plain(cell) for cell in row]

    def place(known: Sequence[str]) -> int | None:
        return next((names.index(name) for name in known if name in names), None)

    token, tag = place(_TOKEN_NAMES), place(_TAG_NAMES)
    if tag_column is not None and token is not None:
        told = _plain(tag_column)
        tag = names.index(told) if told in names else tag
        if told.isdigit() and tag is not None and 0 < int(told) <= len(names):
            tag = int(told) - 1
    if token is None or tag is None or token == tag:
        return None
    sentence = next((at for at, name in enumerate(names) if _NO_LETTER.sub("", name) in _SENTENCE_NAMES), None)
    shown = tuple(cell.strip(" \t\ufeff") for cell in row)
    return Named(shown, token, tag, place(_ID_NAMES), place(_END_NAMES), sentence, tag_column is not None)


def names_in_comment(lines: Sequence[str], tag_column: str | None = None) -> Named | None:
    """The columns that CoNLL-U Plus names in its first line.

    Example:
        >>> names_in_comment(["# global.columns = ID FORM NER"]).tag
        2
    """
    found = _COLUMNS.fullmatch(lines[0].strip()) if lines else None
    return None if found is None else header_of(found[1].split(), tag_column)


def separator_told(line: str) -> str | None:
    """What separates columns, as a first line for spreadsheets tells it.

    Example:
        >>> separator_told("sep=;"), separator_told("sep word")
        (';', None)
    """
    found = _SEPARATOR.fullmatch(line)
    return None if found is None else found[1]


def value_of(cell: str, key: str) -> str | None:
    """What stands after a key in a cell of features.

    Example:
        >>> value_of("SpaceAfter=No|name=B-PER", "name")
        'B-PER'
    """
    for item in cell.split("|"):
        name, equals, value = item.partition("=")
        if equals and name == key:
            return value
    return None
