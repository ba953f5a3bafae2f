"""A lexicon of names: which words of a text stand in a list of people, places, organisations, or of what is no name.

Entries are sequences of words with a set of categories each, kept as a tree of words in flat arrays. A text is matched
from left to right, for each category by itself: the longest entry that begins at a word, then on after its end.

Case, accents and the form of apostrophes do not count, nor does a hyphen between words: ``Guinea-Bissau``, ``GUINEA -
BISSAU`` and ``Guinea Bissau`` are one. A possessive *'s* may follow an entry, and an elided *d'* or *l'* may stand
before it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import regex

from crosspan.core.array_file import reading, write_arrays
from crosspan.core.errors import OptionError
from crosspan.tag import lexicon_match

UInt32Array = npt.NDArray[np.uint32]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]

MOST_CATEGORIES = 32

_FILE = Path(__file__).parent / "data" / "lexicon.npz"
_VERSION = 1
_STARTS, _ENDS = 1, 2  # whether an entry may start and end at a piece of a word

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼʹ`´＇", "'"))
_ACCENT = regex.compile(r"[\u0300-\u036f]")
_HYPHENS = regex.compile(r"[-\u2010-\u2015]")
_ELIDED = regex.compile(r"((?:[dl]|qu|all|dall|dell|nell|sull)')(.*)", regex.DOTALL)

_WHOLE = (np.uint8, np.uint16, np.uint32, np.int32)
"""Types of whole numbers: the smallest that they fit in."""


def pieces_of(word: str) -> list[tuple[str, int]]:
    """A word as the lexicon sees it: its pieces, each with 1 where an entry may start plus 2 where one may end.

    Example:
        >>> pieces_of("KAMPALA's"), pieces_of("d’Abidjan")
        ([('kampala', 3), ("'s", 2)], [("d'", 1), ('abidjan', 3)])
        >>> pieces_of("Guinea-Bissau"), pieces_of("Inc."), pieces_of("-")
        ([('guinea', 1), ('bissau', 2)], [('inc', 3)], [])
    """
    word = _normal(word)
    if word.isalpha():
        return [(word, _STARTS | _ENDS)]
    before = after = ""
    if len(word) > 2 and word.endswith("'s"):
        word, after = word[:-2], "'s"
    found = _ELIDED.fullmatch(word)
    if found:
        before, word = found.groups()
    inner = [part.rstrip(".") or part for part in _HYPHENS.split(word) if part]
    last = len(inner) - 1
    pieces = [(part, _STARTS * (i == 0) | _ENDS * (i == last)) for i, part in enumerate(inner)]
    if before:
        pieces.insert(0, (before, _STARTS | _ENDS * (not inner)))
    if after:
        pieces.append((after, _ENDS))
    return pieces


def words_of(entry: str) -> tuple[str, ...]:
    """The words of an entry as the lexicon keeps them.

    Example:
        >>> words_of("Côte d’Ivoire"), words_of("McDonald's")
        (('cote', "d'", 'ivoire'), ('mcdonald', "'s"))
    """
    return tuple(piece for word in entry.split() for piece, _ in pieces_of(word))


def _normal(word: str) -> str:
    if word.isascii():
        return word.lower().replace("`", "'")
    word = unicodedata.normalize("NFKD", word.casefold().translate(_APOSTROPHES))
    return unicodedata.normalize("NFC", _ACCENT.sub("", word))


class Lexicon:
    """Entries with their categories; see the module. Made by :meth:`load`, :meth:`read` or :meth:`of`.

    Args:
        categories: Their names; the place of a name is its bit in a mask.
        words: All words of entries, sorted, without repetition, one a line.
        children: How many words can follow each node of the tree, int32 ``[nodes]``; node 0 is the beginning of an
            entry. Nodes stand in the order of their depth, then of their parents, then of their words.
        word: The number of the word that leads to each node but the first, int32 ``[nodes - 1]``.
        mask: Categories of the entry that ends at each node, uint32 ``[nodes]``; 0 where none does.
    """

    def __init__(
        self,
        categories: Sequence[str],
        words: str,
        children: npt.NDArray[Any],
        word: npt.NDArray[Any],
        mask: npt.NDArray[Any],
    ) -> None:
        self.categories = tuple(categories)
        self._words = words
        self._keys, self._places, self._n_words = lexicon_match.table_of(_characters(words))
        self._mask = mask.astype(np.uint32)
        self._word = np.concatenate([np.full(1, -1, np.int32), word.astype(np.int32)])
        self._first = np.ones(len(children) + 1, np.int32)
        np.cumsum(children, out=self._first[1:])
        self._first[1:] += 1
        self._root = np.zeros(self._n_words + 1, np.int32)  # node of each first word; 0: none, and the last is no word
        roots = np.arange(1, 1 + int(children[0]), dtype=np.int32)
        self._root[self._word[roots]] = roots

    @classmethod
    def load(cls) -> Lexicon:
        """The lexicon that comes with the package; read once.

        Example:
            >>> Lexicon.load().look_up("Kampala")[0]
            'city_large'
        """
        return _embedded()

    @classmethod
    def of(cls, entries: Mapping[str, Iterable[str]], categories: Sequence[str]) -> Lexicon:
        """Make a lexicon.

        Args:
            entries: Names of categories for each entry, whose words are separated by spaces; entries that are the
                same but for case, accents and hyphens are put together.
            categories: All categories, at most 32.

        Raises:
            OptionError: There are too many categories, or an entry has another one.

        Example:
            >>> names = Lexicon.of({"New York": ["city"], "York": ["city", "surname"]}, ["city", "surname"])
            >>> names.look_up("york"), names.look_up("NEW  YORK"), names.look_up("New")
            (('city', 'surname'), ('city',), ())
        """
        if len(categories) > MOST_CATEGORIES:
            raise OptionError(f"{len(categories)} categories are too many", hint=f"At most {MOST_CATEGORIES}.")
        bit = {name: 1 << place for place, name in enumerate(categories)}
        masks: dict[tuple[str, ...], int] = {}
        for entry, names in entries.items():
            key = words_of(entry)
            if key:
                try:
                    masks[key] = masks.get(key, 0) | sum(bit[name] for name in set(names))
                except KeyError as error:
                    raise OptionError(f"{entry!r} has the unknown category {error}") from None
        return cls(categories, *_tree(masks))

    @classmethod
    def read(cls, path: str | Path) -> Lexicon:
        """Read a lexicon that :meth:`write` wrote.

        Raises:
            ModelError: The file cannot be read, is damaged, from a newer version, or something else.
        """
        with reading(
            path, "lexicon", kind="", version=_VERSION, again="Make it again, or install crosspan anew."
        ) as file:
            words = file.take("words", np.uint8, (None,)).tobytes().decode("utf-8")
            children, steps, codes = (file.take(name, _WHOLE, (None,)) for name in ("children", "steps", "codes"))
            palette = file.take("palette", np.uint32, (None,))
            word = np.cumsum(steps, dtype=np.int64)
            categories = file.names("categories")
            if len(categories) > MOST_CATEGORIES:
                raise ValueError("there are too many categories")
            if not 0 < len(children) == len(codes) == len(word) + 1 == int(children.sum(dtype=np.int64)) + 1:
                raise ValueError("its lists do not make a tree")
            if not _within(children, len(children)) or not _within(codes, len(palette)):
                raise ValueError("its lists point to what is not there")
            if not _within(word, words.count("\n") + bool(words)):
                raise ValueError("its entries have words that are not there")
            return cls(categories, words, children, word, palette[codes])

    def write(self, path: str | Path) -> None:
        """Write the lexicon, all or nothing; the same lexicon gives the same bytes.

        Raises:
            OutputError: The file cannot be written.
        """
        palette, codes = np.unique(self._mask, return_inverse=True)
        about = {"version": _VERSION, "categories": self.categories}
        arrays = {
            "words": np.frombuffer(self._words.encode("utf-8"), np.uint8),
            "children": np.diff(self._first).astype(_smallest(np.diff(self._first))),
            "steps": np.diff(self._word[1:], prepend=np.int32(0)),
            "codes": codes.astype(_smallest(codes)),
            "palette": palette,
        }
        write_arrays(path, about, arrays, packed=True)

    def __len__(self) -> int:
        """The number of entries."""
        return int(np.count_nonzero(self._mask))

    def entries(self) -> Iterator[tuple[tuple[str, ...], int]]:
        """The words of each entry, and its mask."""
        words = self._words.split("\n")
        path: list[tuple[str, ...]] = [()] * len(self._mask)
        for node in range(len(self._mask)):
            for child in range(self._first[node], self._first[node + 1]):
                path[child] = (*path[node], words[self._word[child]])
            if self._mask[node]:
                yield path[node], int(self._mask[node])

    def look_up(self, entry: str) -> tuple[str, ...]:
        """The categories of an entry; none where it is not in the lexicon."""
        node = 0
        for number in self._numbers(words_of(entry)):
            node = lexicon_match.child_of(self._first, self._word, node, number)
            if node == 0:
                return ()
        return tuple(name for place, name in enumerate(self.categories) if int(self._mask[node]) >> place & 1)

    def match(
        self, type_ids: npt.NDArray[np.integer[Any]], offsets: npt.NDArray[np.integer[Any]], vocabulary: Sequence[str]
    ) -> tuple[UInt32Array, UInt32Array, UInt32Array]:
        """Find entries in sentences. Hyphens that stand alone are passed over inside an entry.

        Args:
            type_ids: The place of each token in ``vocabulary``, ``[n]``.
            offsets: Where sentences begin, and ``n``: ``[s + 1]``.
            vocabulary: Words.

        Returns:
            For each token the mask of categories of which it is the first word of an entry, of which it is a later
            word, and of which it is an entry by itself; each uint32 ``[n]``. A token has a category in one of the
            three at most.

        Example:
            >>> names = Lexicon.of({"New York": ["city"], "York": ["city", "surname"]}, ["city", "surname"])
            >>> begin, inside, single = names.match(np.array([0, 1, 1]), np.array([0, 2, 3]), ["new", "York's"])
            >>> begin.tolist(), inside.tolist(), single.tolist()
            ([1, 0, 0], [0, 1, 0], [0, 2, 3])
        """
        used, types = np.unique(np.asarray(type_ids), return_inverse=True)
        first = np.zeros(len(used) + 1, np.int64)
        pieces: list[str] = []
        flags: list[int] = []
        for i, j in enumerate(used.tolist(), 1):
            for piece, flag in pieces_of(vocabulary[j]):
                pieces.append(piece)
                flags.append(flag)
            first[i] = len(pieces)
        begin, inside, single = np.zeros((3, len(types)), np.uint32)
        lexicon_match.match_all(
            types.astype(np.int64),
            np.asarray(offsets, np.int64),
            first,
            self._numbers(pieces),
            np.array(flags, np.uint8),
            self._root,
            self._first,
            self._word,
            self._mask,
            begin,
            inside,
            single,
        )
        return begin, inside, single

    def _numbers(self, words: Sequence[str]) -> Int32Array:
        """The number of each word; the number of words for those that are in no entry."""
        lines = "\n".join(["" if "\n" in word else word for word in words])
        found: Int32Array = lexicon_match.find_all(_characters(lines), self._keys, self._places, self._n_words)
        return found[: len(words)]


@cache
def _embedded() -> Lexicon:
    return Lexicon.read(_FILE)


def _within(values: npt.NDArray[Any], end: int) -> bool:
    """Whether all numbers are from 0 and below an end."""
    return not len(values) or (int(values.min()) >= 0 and int(values.max()) < end)


def _smallest(values: npt.NDArray[Any]) -> type[np.unsignedinteger[Any]]:
    """The smallest type for numbers from 0."""
    largest = int(values.max(initial=0))
    return np.uint8 if largest < 1 << 8 else np.uint16 if largest < 1 << 16 else np.uint32


def _tree(masks: Mapping[tuple[str, ...], int]) -> tuple[str, Int32Array, Int32Array, UInt32Array]:
    """Words, numbers of children, words of nodes and masks of nodes, in the order that :class:`Lexicon` wants."""
    words = sorted({word for entry in masks for word in entry})
    number = {word: place for place, word in enumerate(words)}
    level: dict[tuple[int, ...], int] = {(): 0}
    coded = {tuple(number[word] for word in entry): mask for entry, mask in masks.items()}
    by_depth: dict[int, set[tuple[int, ...]]] = {}
    for entry in coded:
        for depth in range(1, len(entry) + 1):
            by_depth.setdefault(depth, set()).add(entry[:depth])
    children, word, mask = [0], [], [0]
    for depth in sorted(by_depth):
        next_level = {}
        for prefix in sorted(by_depth[depth]):  # parents are in this order too
            next_level[prefix] = len(children)
            children[level[prefix[:-1]]] += 1
            children.append(0)
            word.append(prefix[-1])
            mask.append(coded.get(prefix, 0))
        level = next_level
    return "\n".join(words), np.array(children, np.int32), np.array(word, np.int32), np.array(mask, np.uint32)


def _characters(text: str) -> UInt32Array:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
