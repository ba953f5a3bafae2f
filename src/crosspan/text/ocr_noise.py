r"""Errors of text recognition, put into clean tokens at a chosen rate: confused, lost and added characters.

The unit is the grapheme cluster (``\X``), so that a base letter and its marks go together, and the same text in NFC
and in NFD gets the same errors. What is drawn depends on the seed and the words of the sentence alone, not on where it
stands. There are as many tokens afterwards as before, and none is empty, so that labels stay where they are.
"""

from __future__ import annotations

import hashlib
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import regex

from crosspan.core.errors import OptionError

_Choice = TypeVar("_Choice")

_MOST = 0.5
_LOST = 0.15
_ADDED = 0.15
"""Shares of the errors that lose or add a character; the others confuse some."""

CONFUSED: dict[str, tuple[str, ...]] = {
    "l": ("1", "I", "t"), "1": ("l", "I"), "I": ("l", "1", "J"), "i": ("l", "1", "j"), "j": ("i",), "J": ("I",),
    "e": ("c", "o"), "c": ("e", "o"), "o": ("c", "e", "0"), "O": ("0", "Q"), "0": ("O", "o"), "Q": ("O",),
    "ſ": ("f",), "f": ("ſ", "t"), "s": ("f", "a"), "a": ("n", "o"), "n": ("u", "a"), "u": ("n", "v"), "v": ("u", "y"),
    "h": ("b", "k"), "b": ("h", "6"), "k": ("t", "h"), "t": ("l", "f", "r"), "r": ("t", "x"), "x": ("r",),
    "g": ("q", "y"), "q": ("g",), "y": ("v", "g"), "p": ("v",), "z": ("3", "s"), "w": ("m",), "m": ("w",), "d": ("a",),
    "B": ("8", "V"), "8": ("B", "3"), "V": ("B", "Y"), "N": ("R", "M"), "R": ("N", "K"), "K": ("R",), "M": ("N",),
    "S": ("5", "G"), "5": ("S",), "G": ("C", "6"), "C": ("G", "E"), "E": ("C", "F"), "F": ("E", "P"), "P": ("F",),
    "D": ("O",), "T": ("I",), "Z": ("2",), "2": ("Z",), "3": ("8",), "6": ("b", "G"), "7": ("1",), "9": ("g",),
    "4": ("1",), "U": ("V",), "Y": ("V",), "W": ("M",), "H": ("N",), "A": ("4",), "L": ("I",), "X": ("K",),
    "ß": ("B", "f"), "æ": ("a", "e"), "œ": ("e", "c"), "ø": ("o",), "đ": ("d",), "ł": ("l",),
    ".": (",", "·"), ",": (".", "'"), ":": (".", ";"), ";": (":", ","), "'": ("’", ","), "’": ("'",), "-": ("—", "."),
    "—": ("-",), "„": ('"', ","), "“": ('"',), "”": ('"',), '"': ("'",), "!": ("1", "l"), "?": ("7",), "(": ("C",),
    ")": ("J",),
    "и": ("н", "п"), "н": ("и", "п"), "п": ("н", "л"), "л": ("п",), "ш": ("щ",), "щ": ("ш",), "ц": ("и",),
    "о": ("с", "е"), "с": ("о", "е"), "е": ("с",), "в": ("з",), "з": ("в", "э"), "ь": ("ъ", "в"), "ъ": ("ь",),
    "г": ("т",), "т": ("г",),
    "α": ("a", "ο"), "ο": ("σ", "α"), "σ": ("ο",), "ν": ("υ",), "υ": ("ν",), "ι": ("τ",), "τ": ("ι",), "ς": ("ε",),
    "ε": ("ς",),
}  # fmt: skip
"""What a character is taken for."""

SPLIT: dict[str, tuple[str, ...]] = {
    "m": ("rn", "in", "ni"), "d": ("cl",), "w": ("vv",), "n": ("ii", "ri"), "u": ("ii",), "h": ("li",), "b": ("lo",),
    "k": ("lc",), "M": ("IVI",), "W": ("VV",), "ü": ("ii",), "ы": ("ьі",), "ю": ("іо",), "H": ("II",), "N": ("IV",),
}  # fmt: skip
"""What one character is taken for where that is several."""

JOINED: dict[str, tuple[str, ...]] = {
    "rn": ("m",), "in": ("m",), "ni": ("m",), "cl": ("d",), "vv": ("w",), "ii": ("n", "u"), "ri": ("n",), "li": ("h",),
    "fi": ("h",), "ſi": ("h",), "lo": ("b",), "VV": ("W",), "II": ("H",), "tt": ("n",), "ьі": ("ы",),
}  # fmt: skip
"""What two characters are taken for where that is one."""

_SPECKS = (".", ",", "'", "-", "i", "l", "·", ":")
_SPOILT = regex.compile(r"[\p{L}\p{N}\p{P}]")
_ACCENTED = regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}]\p{Mn}+")


@dataclass(frozen=True, slots=True)
class Reached:
    """How much was spoilt.

    Args:
        errors: Characters to change, add or take away between the clean and the spoilt text (edit distance).
        characters: Characters of the clean text, as grapheme clusters.
    """

    errors: int = 0
    characters: int = 0

    @property
    def rate(self) -> float:
        """The character error rate; 0 without characters."""
        return self.errors / self.characters if self.characters else 0.0

    def __add__(self, other: Reached) -> Reached:
        return Reached(self.errors + other.errors, self.characters + other.characters)

    def to_dict(self) -> dict[str, float]:
        """As plain values for JSON."""
        return {"rate": self.rate, "errors": self.errors, "characters": self.characters}


@dataclass(frozen=True, slots=True, kw_only=True)
class OcrNoise:
    """Spoils tokens as text recognition does.

    Args:
        rate: Errors a character, at most 0.5.
        seed: Another seed draws other errors.

    Raises:
        OptionError: The rate is not possible.

    Example:
        >>> noise = OcrNoise(rate=0.2, seed=1)
        >>> noise.spoil(["modern", "Berlin"]) == noise.spoil(["modern", "Berlin"])
        True
    """

    rate: float = 0.05
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.rate <= _MOST:
            raise OptionError(
                f"the rate of noise is {self.rate:g}, not between 0 and {_MOST:g}", hint="0.05 is one character in 20."
            )

    def spoil(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """The tokens of a sentence with errors; as many, none of them empty."""
        work = _Sentence(tokens)
        digest = hashlib.sha256(repr((self.seed, [unicodedata.normalize("NFC", one) for one in tokens])).encode())
        rng = random.Random(int.from_bytes(digest.digest()[:8], "big"))
        wanted = self.rate * sum(map(len, work.pieces))
        budget = int(wanted) + (rng.random() < wanted % 1)
        drawn = sorted((rng.random(), place) for place in work.places)
        for _, place in drawn:
            if budget <= 0:
                break
            if place not in work.changed:
                budget -= work.change(place, rng, budget)
        return work.tokens()


def reached(clean: Sequence[str], spoilt: Sequence[str]) -> Reached:
    """Compare clean tokens with spoilt ones.

    Example:
        >>> reached(["modern", "ſie"], ["modem", "fie"])
        Reached(errors=3, characters=9)
    """
    total = Reached()
    for one, other in zip(clean, spoilt, strict=True):
        a = _clusters(unicodedata.normalize("NFC", one))
        total += Reached(0 if one == other else _distance(a, _clusters(unicodedata.normalize("NFC", other))), len(a))
    return total


@dataclass(slots=True)
class _Sentence:
    """A sentence while it is spoilt: its clusters, and what has become of some."""

    words: Sequence[str]
    pieces: list[list[str]] = field(init=False)
    names: list[list[str]] = field(init=False)  # the clusters in NFC, by which everything is decided
    places: list[tuple[int, int]] = field(init=False)
    left: list[int] = field(init=False)
    changed: dict[tuple[int, int], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.pieces = [_clusters(word) for word in self.words]
        self.names = [[unicodedata.normalize("NFC", piece) for piece in word] for word in self.pieces]
        self.places = [
            (at, index) for at, word in enumerate(self.names) for index, name in enumerate(word) if _SPOILT.match(name)
        ]
        self.left = [len(word) for word in self.pieces]

    def change(self, place: tuple[int, int], rng: random.Random, budget: int) -> int:
        """Put one error at a place, and say how many characters it costs."""
        at, index = place
        kind = rng.random()
        if kind < _LOST and self.left[at] > 1:
            self.changed[place] = ""
            self.left[at] -= 1
            return 1
        if _LOST <= kind < _LOST + _ADDED:
            self.changed[place] = self.pieces[at][index] + _one_of(_SPECKS, rng)
            return 1
        name = self.names[at][index]
        after = (at, index + 1)
        options = [(other, 1, False) for other in _singles(name)]
        if budget > 1:
            options += [(other, len(other), False) for other in SPLIT.get(name, ()) if len(other) <= budget]
            if index + 1 < len(self.names[at]) and after not in self.changed:
                options += [(other, 2, True) for other in JOINED.get(name + self.names[at][index + 1], ())]
        if not options:
            options = [(other, 1, False) for other in self._likes_of(name)]
        other, cost, joins = _one_of(options, rng)
        self.changed[place] = other
        if joins:
            self.changed[after] = ""
            self.left[at] -= 1
        return cost

    def _likes_of(self, name: str) -> list[str]:
        """Other characters of the same kind in the sentence, so of the same script; a point where there is none."""
        kind = unicodedata.category(name[0])
        found = {self.names[at][index] for at, index in self.places}
        return sorted(one for one in found if one != name and unicodedata.category(one[0]) == kind) or [
            "." if name != "." else ","
        ]

    def tokens(self) -> tuple[str, ...]:
        """The words with what was changed; one whose characters would run into each other is left as it was."""
        out = list(self.words)
        for at in {at for at, _ in self.changed}:
            parts = [self.changed.get((at, index), piece) for index, piece in enumerate(self.pieces[at])]
            word = "".join(parts)
            if len(_clusters(word)) == sum(len(_clusters(part)) for part in parts):
                out[at] = word
        return tuple(out)


def _singles(name: str) -> tuple[str, ...]:
    """What one character may be taken for; letters with marks also for those without."""
    parts = unicodedata.normalize("NFD", name)
    bare = (parts[0],) if _ACCENTED.fullmatch(parts) else ()
    return (*CONFUSED.get(name, ()), *bare)


def _one_of(options: Sequence[_Choice], rng: random.Random) -> _Choice:
    return options[int(rng.random() * len(options))]


def _clusters(text: str) -> list[str]:
    found: list[str] = regex.findall(r"\X", text)
    return found


def _distance(a: Sequence[str], b: Sequence[str]) -> int:
    """How many characters to change, add or take away."""
    row = list(range(len(b) + 1))
    for number, one in enumerate(a, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(b, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (one != other))
    return row[-1]
