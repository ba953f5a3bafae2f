"""What T-Projection's model reads and writes: a sentence with blanks for its entities, and the entities.

For ``Obama went to New York .`` the model reads ``Obama went to New York . <Person>[None]</Person><Location>[None]
</Location>`` and is to write ``<Person>Obama</Person><Location>New York</Location>``, as in the published code of
García-Ferrero, Agerri and Rigau (2023), in one line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence
from crosspan.text.detokenize import phrase, written

NAMES: Mapping[str, str] = {
    "PER": "Person",
    "LOC": "Location",
    "ORG": "Organization",
    "MISC": "Miscellaneous",
    "DATE": "Date",
    "TIME": "Time",
    "GPE": "Country",
    "FAC": "Facility",
    "NORP": "Group",
}
"""What labels are called for the model; others go by their own names."""

_UNNAMEABLE = re.compile(r"[<>/\s]")


class WrittenEntity(NamedTuple):
    """An entity that the model wrote.

    Args:
        label: Its class.
        text: Its words.
    """

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """How sentences and entities are written for the model.

    Args:
        names: Names of labels, beside and before :data:`NAMES`.
        blank: What stands for an entity that is asked for.

    Raises:
        OptionError: A name cannot stand in a tag, or two labels have the same.

    Example:
        >>> from crosspan.core.types import Span
        >>> sentence = Sentence(("Obama", "left", "York"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
        >>> template = Template()
        >>> template.question(sentence, ["PER", "LOC"])
        'Obama left York <Person>[None]</Person><Location>[None]</Location>'
        >>> template.answer(sentence)
        '<Person>Obama</Person><Location>York</Location>'
        >>> template.read("<Person>Obama</Person><Location> New York", ["PER", "LOC"])
        [WrittenEntity(label='PER', text='Obama')]
    """

    names: Mapping[str, str] = field(default_factory=dict)
    blank: str = "[None]"

    @classmethod
    def named(cls, names: Iterable[str], blank: str = "[None]") -> Template:
        """A template from options such as ``"DISEASE=Disease"``.

        Raises:
            OptionError: One is not of this form.

        Example:
            >>> Template.named(["GPE=Place"]).name("GPE")
            'Place'
        """
        found: dict[str, str] = {}
        for one in names:
            label, sign, name = one.partition("=")
            if not (label and sign and name):
                raise OptionError(f"{one!r} names no label", hint="Write LABEL=Name, such as DIS=Disease.")
            found[label] = name
        return cls(found, blank)

    def __post_init__(self) -> None:
        for label, name in self.names.items():
            if _UNNAMEABLE.search(name):
                raise OptionError(f"the label {label!r} cannot be called {name!r}", hint="Use letters only.")
        known = {**NAMES, **self.names}
        for label, name in self.names.items():
            other = next((one for one in known if one != label and known[one] == name), None)
            if other is not None:
                raise OptionError(f"{label!r} and {other!r} are both called {name!r}", hint="Give each its own name.")

    def name(self, label: str) -> str:
        """What a label is called for the model."""
        return self.names.get(label) or NAMES.get(label) or _UNNAMEABLE.sub("_", label)

    def question(self, sentence: Sentence, labels: Sequence[str]) -> str:
        """What the model reads: the text, and a blank for each entity that is looked for."""
        text = " ".join((written(sentence).text or "").split())
        return text + " " + "".join(self._tagged(label, self.blank) for label in labels)

    def answer(self, sentence: Sentence) -> str:
        """What the model is to write for a sentence with labels."""
        spans = sentence.spans
        return "".join(self._tagged(span.label, phrase(sentence, span.start, span.end)) for span in spans)

    def _tagged(self, label: str, text: str) -> str:
        name = self.name(label)
        return f"<{name}>{text}</{name}>"

    def read(self, text: str, labels: Iterable[str]) -> list[WrittenEntity]:
        """The entities in what the model wrote; what is not closed, empty or of another class is left out."""
        found: list[WrittenEntity] = []
        by_name = {self.name(label): label for label in labels}
        if not by_name:
            return found
        either = "|".join(re.escape(name) for name in by_name)
        tags = re.compile(rf"<\s*(/?)\s*({either})\s*>")
        opened: tuple[str, int] | None = None
        for tag in tags.finditer(text):
            name = tag[2]
            if not tag[1]:
                opened = (name, tag.end())
            else:
                if opened is not None and opened[0] == name:
                    inside = " ".join(text[opened[1] : tag.start()].split())
                    if inside and inside != self.blank:
                        found.append(WrittenEntity(by_name[name], inside))
                opened = None
        return found


def _plain(text: str) -> str:
    """Letters as models write them: in one form, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _loose(text: str) -> str:
    """The same without case and punctuation."""
    folded = unicodedata.normalize("NFKC", _plain(text).casefold())
    return "".join(char for char in folded if unicodedata.category(char)[0] not in "PSC")


class Places:
    """Where phrases stand in a sentence, at the borders of words.

    As published, a phrase is looked for as it is, and without case and punctuation where that finds nothing; other
    than published, all of its places are found, blanks and the forms of letters (a model may normalise them) make no
    difference, and punctuation alone is not a place.

    Args:
        tokens: The words of the sentence.
        inside: Whether each word of the phrase may be a part of a word, for agglutinative languages. Parts have
            three letters at least.

    Example:
        >>> Places(("in", "Accra", "(", "Accra", ")")).of("accra")
        [(1, 2), (3, 4)]
        >>> Places(("Ummeli", "waseJamani")).of("Jamani"), Places(("Ummeli", "waseJamani"), inside=True).of("Jamani")
        ([], [(1, 2)])
    """

    def __init__(self, tokens: Sequence[str], *, inside: bool = False) -> None:
        self.inside = inside
        self._forms = ([_plain(token) for token in tokens], [_loose(token) for token in tokens])

    def of(self, text: str) -> list[tuple[int, int]]:
        """All places of a phrase, as first word and word after the last, in order."""
        for words, form in zip(self._forms, (_plain, _loose), strict=True):
            found = _runs(words, form(text))
            if found:
                return found
        if self.inside:
            for words, form in zip(self._forms, (_plain, _loose), strict=True):
                parts = [part for part in map(form, text.split()) if part]
                found = _parts(words, parts)
                if found:
                    return found
        return []


def _runs(words: Sequence[str], wanted: str) -> list[tuple[int, int]]:
    """Runs of words that spell a text; a run neither begins nor ends with words that spell nothing."""
    found: list[tuple[int, int]] = []
    if not wanted:
        return found
    for start, first in enumerate(words):
        if not first or not wanted.startswith(first):
            continue
        at = 0
        for end in range(start, len(words)):
            if not wanted.startswith(words[end], at):
                break
            at += len(words[end])
            if at == len(wanted):
                found.append((start, end + 1))
                break
    return found


def _parts(words: Sequence[str], parts: Sequence[str]) -> list[tuple[int, int]]:
    """Runs of words each of which holds the part that stands at its place."""
    if not parts or any(len(part) < 3 for part in parts):
        return []
    n = len(parts)
    return [
        (start, start + n)
        for start in range(len(words) - n + 1)
        if all(part in word for part, word in zip(parts, words[start : start + n], strict=True))
    ]
