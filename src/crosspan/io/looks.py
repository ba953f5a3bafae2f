"""What looks like something else than running text, and is not to be read as such.

Text has such things, too: *U-Bahn*, *B-52*, *I/O*, links, numbers, markup. So each form must be what a good part of the
lines have, and what is written in it must be such as labels are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from crosspan.core.errors import FormatError
from crosspan.core.shown import shown

_BRAT = re.compile(
    r"T[0-9]+\t\S+ [0-9]+ [0-9]+|[ER][0-9]+\t\S+[ :]|[AMN][0-9]+\t\S+ [TREN][0-9]|[*#][0-9]*\t\S+ T[0-9]"
)
_WEBANNO = re.compile(r"#FORMAT=(WebAnno \S+ \S+)")
_END = r"\"?[\s\u200b]*$"
_TAG = r"([BIESLUMW])[-_]([^\W\d_]\S*)|(\w+)[-_]([BIESLUMW])"
_TAGGED = re.compile(rf"[\s,;|]\"?(?:{_TAG}|O){_END}")
_NAMED = re.compile(_TAG)
_HTML = "(?!(?:EM|STRONG|SUP|SUB|BR|DIV|SPAN|T[DRH]|LI|[UO]L|CODE|PRE|FONT|CENTER|SMALL|BIG|TITLE|HEAD|BODY|HTML)\\b)"
_MARKUP = re.compile(rf"<{_HTML}([A-Z][A-Z_-]+)\b[^<>]*>[^<>]+</\1>")  # <PER>Ada</PER>, <ENAMEX TYPE="X">Ada</ENAMEX>
_LINK = re.compile(r"\[([^\[\]]+)\]\(([A-Za-z][\w-]*)\)")  # [Ada](PER)
_GLUED = re.compile(r"\S+[/_|:=(](?:(O)|([BIESLU][-_][^\W\d_]\S+)|([A-Z]{2,}))\)?")  # Ada/B-PER left/O, Ada_PER left_O
_BRACKETS = re.compile(
    r"\[(?P<before>[A-Z]{2,}[A-Z_-]*)[ :]+(?P<one>[^\[\]]*[^\W\d_A-Z][^\[\]]*)\]"  # [PER Ada Obi]
    r"|[\[{](?P<other>[^\[\]{}]*[^\W\d_A-Z][^\[\]{}]*)[\]}][_/:]?(?P<behind>[A-Z]{2,})\b"  # [Ada Obi]PER, {Ada Obi}_PER
)
_WRITTEN_OUT = re.compile(
    r"[\[(]\s*\d+\s*,\s*\d+\s*,\s*(?P<q>['\"]?)[^\W\d_][\w.-]*(?P=q)\s*[\])]"  # (0, 3, 'PER'), [0, 3, PER]
    r"|\(\s*(?P<a>['\"]).+?(?P=a)\s*,\s*(?P<b>['\"])(?:O|[BIESLUM][-_]\w+)(?P=b)\s*\)"  # ('Ada', 'B-PER')
    r"|^A \d+ \d+\|\|\||^\w+\|[ta]\||^\w+\t\d+\t\d+\t"  # M2, PubTator
    r"|\t[A-Z]{2,}[A-Z_]*[:=]\s?\S"  # Ada left, a tab, PER: Ada
)
_STANDOFF = re.compile(r"(?:\S+[\t ,;]+)?(\d+)[\t ,;]+(\d+)[\t ,;]+([^\W\d_]\S*)(.*)")  # 0 7 PER, doc 0 7 PER Ada
_NO_WORD = re.compile(r"[\W_]+")
_SUSPECT = 0.3
_MANY = 8
_AS_TEXT = "or say --from plain (or --source-format) to read the lines as text."


def are_believable(tags: Collection[str]) -> bool:
    """Whether values that have the form of tags are such, and not words: ``E-Mail``, ``S-Bahn``, ``B-52``.

    Args:
        tags: All that stand in their place, ``O`` among them.

    Example:
        >>> are_believable(["B-per", "O"]), are_believable(["B-PER"]), are_believable(["U-Bahn", "S-Bahn"])
        (True, True, False)
    """
    named = [found for tag in tags if (found := _NAMED.fullmatch(tag.strip())) is not None]
    labels = [(found[2] or found[3], found[1] or found[4]) for found in named]
    if named and any(tag.strip() == "O" for tag in tags):
        return True
    both = {label for label, prefix in labels if prefix == "B"} & {label for label, prefix in labels if prefix == "I"}
    return bool(both) or any(len(label) > 1 and label.isupper() for label, _ in labels)


def tagged_share(lines: Sequence[str]) -> float:
    """Which share of lines ends in a tag; 0 where all of these are ``O``, or hardly tags.

    Example:
        >>> tagged_share(["Ada B-PER", "left O", "Doctors'I-ORG", "."])
        0.5
    """
    rows = [line for line in lines if line.strip() and not line.startswith(("# ", "-DOCSTART-"))]
    ends = [found[0].strip(' \t,;|"\u200b\u00a0') for row in rows if (found := _TAGGED.search(row)) is not None]
    return len(ends) / len(rows) if are_believable({*ends}) else 0.0


def inline_labels(texts: Iterable[str]) -> list[str]:
    """The labels that stand in texts themselves.

    Example:
        >>> inline_labels(["<PER>Ada</PER> left [Accra](city)"])
        ['<PER>Ada</PER>', '[Accra](city)']
        >>> inline_labels(["<EM>so</EM> it is, see [Accra](accra) and [this](http://x.y)"])
        []
    """
    markup: list[str] = []
    links: list[tuple[str, str]] = []
    for text in texts:
        markup += [found[0] for found in _MARKUP.finditer(text)] if "</" in text else []
        links += [
            (found[0], found[2])
            for found in (_LINK.finditer(text) if "](" in text else ())
            if _NO_WORD.sub("", found[1]).casefold() != _NO_WORD.sub("", found[2]).casefold()
        ]
    if len(links) >= _MANY and 2 * len({target for _, target in links}) > len(links):
        links = []  # labels are few, pages are many
    return markup + [link for link, _ in links]


def _glued(rows: Sequence[str]) -> list[str]:
    """The first words of rows most of whose words carry a tag, if any tag has a name."""
    found = []
    named = bare = False
    outside: set[str] = set()
    for row in rows:
        words = row.split()
        tags = [tag for word in words if (tag := _GLUED.fullmatch(word)) is not None]
        if 2 * len(tags) > len(words):
            found.append(words[0])
            named |= any(tag[2] for tag in tags)
            outside |= {tag[0] for tag in tags if tag[1]}
            bare |= any(tag[3] for tag in tags)
    return found if named or (len(outside) > 1 and bare) else []


def _bracketed(rows: Sequence[str]) -> list[str]:
    """What stands in brackets with a label, if there are few labels."""
    found = [match for row in rows for match in _BRACKETS.finditer(row)]
    labels = {match["before"] or match["behind"] for match in found}
    return [] if len(found) >= _MANY and 2 * len(labels) > len(found) else [match[0] for match in found]


def _rows_of_tags(rows: Sequence[str]) -> list[str]:
    """Rows that are nothing but tags, with the words in another row."""
    found = [row for row in rows if len(row.split()) > 1 and all(map(_is_tag, row.split()))]
    return found if are_believable({tag for row in found for tag in row.split()}) else []


def _is_tag(word: str) -> bool:
    return word == "O" or _NAMED.fullmatch(word) is not None


def _are_places(rows: Sequence[str]) -> bool:
    """Whether most lines are a beginning, an end, and a label, with something before and behind perhaps."""
    found = [place for row in rows if (place := _STANDOFF.match(row)) is not None]
    good = [place for place in found if int(place[1]) < int(place[2])]
    if 2 * len(good) <= len(rows) or len(good) < 0.9 * len(found):
        return False
    labels = {place[3] for place in good}
    few = 2 * len(labels) <= len(good) or all(label.isupper() and len(label) > 1 for label in labels)
    return few or not any(place[4].strip() for place in good)


def check_running_text(lines: Sequence[str], name: str) -> None:
    """Raise where lines hold labels in a form that is not read here, so that they never become text.

    Args:
        lines: The beginning of a file.
        name: The file, for messages.

    Raises:
        FormatError: They do.

    Example:
        >>> check_running_text(["Ada left.", "She came back."], "a.txt")
    """
    rows = [line for line in lines if line.strip()]
    if found := _WEBANNO.match(rows[0]) if rows else None:
        raise FormatError(
            f"this is {found[1]}, which is not read here",
            where=name,
            hint="Export it as WebAnno TSV 3, CoNLL 2002 or JSON, or name the format if it is another.",
        )
    if 2 * sum(_BRAT.match(row) is not None for row in rows) > len(rows):
        raise FormatError(
            "these are annotations of brat, whose text stands in another file",
            where=name,
            hint="Export both as CoNLL, or say --from plain (or --source-format) to read the lines as text.",
        )
    if rows and rows[0].lstrip().startswith("<") and 2 * sum(row.lstrip().startswith("<") for row in rows) > len(rows):
        raise FormatError("this is XML, which is not read here", where=name, hint=f"Export it otherwise; {_AS_TEXT}")
    if _are_places(rows):
        raise FormatError(
            "the lines are places and labels, whose text stands elsewhere",
            where=name,
            hint=f"Name the text; {_AS_TEXT}",
        )
    written = [match[0].strip() for row in rows if (match := _WRITTEN_OUT.search(row)) is not None]
    inline = inline_labels(rows) + _glued(rows) + _bracketed(rows) + _rows_of_tags(rows) + written
    if len(inline) >= _SUSPECT * len(rows) > 0:
        raise FormatError(
            f"labels stand within the text ({shown(inline[0])}), which is not read here",
            where=name,
            hint=f"Write one token a line, or text with the places of entities; {_AS_TEXT}",
        )
    if tagged_share(rows) >= _SUSPECT:
        raise FormatError(
            "the lines end in tags, but are no columns that can be told apart",
            where=name,
            hint="Say --from conll (or --source-format), with --columns; or --from plain to read the lines as text.",
        )
