"""What a suite has for a language, as corpora of a plan: known by their files, and read when they are needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from crosspan.core.sources import source_digest
from crosspan.core.types import Pair, Sentence
from crosspan.io.pairs import LocatedPair, empty_side, one_sided
from crosspan.pipeline.corpus import NOWHERE, Bitext
from crosspan.suites.suite import Material, MissingData


class LazyMaterial:
    """The material of a language; it is read once, when somebody asks for it.

    Args:
        read: Reads it.
        given: All that it depends on, as plain values: the checksums of the files, and what is done with them.
        roots: Modules whose code it depends on, beside this one.
    """

    def __init__(
        self,
        read: Callable[[], tuple[Material, Mapping[str, Any]]],
        given: Mapping[str, Any],
        roots: tuple[str, ...] = (),
    ) -> None:
        self._read = read
        self._given = given
        self._roots = roots

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """All that it depends on, the code that reads it among it; asked for only where results are kept."""
        return {**self._given, "code": source_digest((__name__, *self._roots))}

    @cached_property
    def _found(self) -> tuple[Material, Mapping[str, Any]]:
        return self._read()

    @property
    def material(self) -> Material:
        """What was read."""
        return self._found[0]

    @property
    def more(self) -> Mapping[str, Any]:
        """Plain values that reading found out, such as how much noise there was."""
        return self._found[1]

    def part(self, name: str, pairs: Callable[[Material], Iterable[Pair]], *, n_sides: int = 2) -> SuiteCorpus:
        """A part of it as a corpus."""
        return SuiteCorpus(self, name, pairs, n_sides)

    def bitext(self) -> Bitext:
        """Its further text."""
        return Bitext(lambda: self.material.bitext, {"material": self.facts, "part": "bitext"})


@dataclass(frozen=True, slots=True)
class SuiteCorpus:
    """A part of the material of a language; see :class:`crosspan.pipeline.corpus.Corpus`."""

    source: LazyMaterial
    name: str
    pairs: Callable[[Material], Iterable[Pair]]
    n_sides: int = 2
    shown: str = field(default="", init=False)

    def facts(self) -> Any:
        """What it depends on."""
        return {"material": self.source.facts, "part": self.name}

    def located(self) -> Iterator[LocatedPair]:
        """The sentences."""
        for number, pair in enumerate(self.pairs(self.source.material), 1):
            wrong = self.n_sides == 2 and one_sided(pair)
            yield LocatedPair(pair, number, empty_side(pair) if wrong else None)

    def check_unchanged(self) -> None:
        """Files of a suite are looked at before."""


def test_pairs(material: Material) -> list[Pair]:
    """The test sentences with their other side.

    Raises:
        MissingData: It is not there.
    """
    if len(material.source) != len(material.gold):
        raise MissingData("the other side of the sentences is not there")
    return list(map(Pair, material.source, numbered(material.gold)))


def test_sentences(material: Material) -> list[Pair]:
    """The test sentences, without their labels."""
    return [Pair(replace(one, spans=()), NOWHERE) for one in numbered(material.gold)]


def labelled_sources(material: Material) -> list[Pair]:
    """The other side of the test sentences, with its labels, alone."""
    return [Pair(one, NOWHERE) for one in material.source]


def train_pairs(material: Material) -> Sequence[Pair]:
    """The sentences to train on.

    Raises:
        MissingData: There are none.
    """
    if not material.train:
        raise MissingData("no translated sentences to train on")
    return material.train


def train_sources(material: Material) -> list[Pair]:
    """The other side of the sentences to train on, alone.

    Raises:
        MissingData: There are none.
    """
    if not material.train:
        raise MissingData("no source sentences to learn from")
    return [Pair(replace(pair.source, spans=()), NOWHERE) for pair in material.train]


def numbered(sentences: Iterable[Sentence]) -> list[Sentence]:
    """The sentences, named by their number."""
    return [replace(one, id=str(index)) for index, one in enumerate(sentences)]
