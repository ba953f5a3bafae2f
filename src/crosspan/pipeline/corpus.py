"""What a plan reads: files whose content is known by its checksum, or sentences that are in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crosspan.core.checks import words_of
from crosspan.core.digests import depends_on, file_digest, files_of
from crosspan.core.errors import CrosspanError, FormatError, LeftOutError
from crosspan.core.files import PathLike
from crosspan.core.types import Pair, Sentence
from crosspan.io.dataset_folder import is_dataset_folder
from crosspan.io.pairs import LocatedPair, SentenceFile, empty_side, one_sided, read_pairs
from crosspan.pipeline.parts import Fault

TokenPair = tuple[Sequence[str], Sequence[str]]

NOWHERE = Sentence(())
"""The side that a corpus of single sentences lacks."""


class Corpus(Protocol):
    """Sentences, or pairs of them, that can be read from the first."""

    @property
    def shown(self) -> str:
        """What to call it in messages; that of its first side."""

    @property
    def n_sides(self) -> int:
        """2 for pairs, 1 for sentences."""

    def facts(self) -> Any:
        """What the sentences depend on, as plain values: asked for only where results are kept."""

    def located(self) -> Iterator[LocatedPair]:
        """The pairs; where there is one side, the target is :data:`NOWHERE`."""

    def check_unchanged(self) -> None:
        """Raise if it was changed since its facts were found out."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of sentences, or a folder of a data set, whose content is known by its checksum.

    Args:
        file: The file and how to read it.
        sha256: Of its content; empty where nothing is kept by it, as of a pipe.
        size: In bytes.
    """

    file: SentenceFile
    sha256: str = ""
    size: int = 0

    @classmethod
    def of(cls, file: SentenceFile) -> InputFile:
        """Look at a file.

        Raises:
            FormatError: There is no such file, or it is none.
        """
        path = Path(file.path)
        if path.exists() and not path.is_file() and not is_dataset_folder(path):
            raise FormatError("this is no file", where=file.shown, hint="A recipe reads files that stay, not pipes.")
        digest = file_digest(path, file.shown)
        sizes = [(path / name).stat().st_size for name in (files_of(path) if path.is_dir() else [""])]
        return cls(file, digest, sum(sizes))

    def facts(self) -> Any:
        """What the sentences read depend on, as plain values."""
        file = self.file
        if self.sha256:
            depends_on(file.path, file.shown, self.sha256)
        return {
            "sha256": self.sha256,
            "name": file.shown,
            "format": file.format,
            "ending": Path(file.path).suffixes[-2:],
            "lang": file.lang,
            "columns": file.columns,
            "scheme": file.scheme,
            "repair": file.repair,
            "tags": [file.tag_column, file.tag_names],
            "encoding": file.encoding,
            "offsets": file.offsets,
        }

    def check_unchanged(self) -> None:
        """Raise if the file was written to since, or another has taken its place.

        Raises:
            FormatError: It was.
        """
        if self.sha256 and file_digest(self.file.path, self.file.shown) != self.sha256:
            raise FormatError("the file changed while it was read", where=self.file.shown, hint="Run it again.")


@dataclass(frozen=True, slots=True)
class Files:
    """A corpus in one file, or in two that belong together line by line."""

    files: tuple[InputFile, ...]

    @property
    def shown(self) -> str:
        """The first file."""
        return self.files[0].file.shown

    @property
    def n_sides(self) -> int:
        """As many as there are files."""
        return len(self.files)

    def facts(self) -> Any:
        """Checksums, and how the files are read."""
        return [file.facts() for file in self.files]

    def located(self) -> Iterator[LocatedPair]:
        """The sentences with their lines and faults."""
        if len(self.files) == 2:
            yield from read_pairs(self.files[0].file, self.files[1].file)
            return
        for item in self.files[0].file.located():
            yield LocatedPair(Pair(item.sentence, NOWHERE), item.line, item.fault)

    def check_unchanged(self) -> None:
        """Raise if a file was written to since."""
        for file in self.files:
            file.check_unchanged()


def corpus_of(source: SentenceFile, target: SentenceFile | None, others: Sequence[PathLike] = ()) -> Files:
    """The files of a corpus, which are read once, so that they may be pipes."""
    paths = [source.path, *([target.path] if target is not None else []), *others]
    if sum(str(path) == "-" for path in paths) > 1:
        raise FormatError("standard input can be only one of the files", where="<stdin>", hint="Save the other.")
    return Files((InputFile(source), *([InputFile(target)] if target is not None else [])))


@dataclass(frozen=True, slots=True)
class InMemory:
    """A corpus of sentences that are there already.

    Args:
        sources: The sentences; any iterable that can be gone through again.
        targets: Their counterparts; ``None`` where there is one side.
        name: What to call it in messages.
        pairs: Both together, in place of the two.
    """

    sources: Iterable[Sentence] = ()
    targets: Iterable[Sentence] | None = None
    name: str = ""
    pairs: Iterable[Pair] | None = None

    @property
    def shown(self) -> str:
        """Its name."""
        return self.name

    @property
    def n_sides(self) -> int:
        """2 for pairs."""
        return 1 if self.targets is None and self.pairs is None else 2

    def facts(self) -> Any:
        """A checksum of all there is of the sentences."""
        found = hashlib.sha256()
        for item in self.located():
            for one in (item.pair.source, item.pair.target):
                row = (one.tokens, one.tags(), [span.score for span in one.spans], one.id, one.lang, one.text)
                found.update(repr(row).encode("utf-8", "surrogatepass") + b"\n")
        return {"sentences": found.hexdigest(), "sides": self.n_sides}

    def located(self) -> Iterator[LocatedPair]:
        """The sentences; a pair that lacks one side has a fault."""
        if self.pairs is None and self.targets is None:
            for number, one in enumerate(self.sources, 1):
                yield LocatedPair(Pair(one, NOWHERE), number)
            return
        pairs = self.pairs
        if pairs is None:
            pairs = map(Pair, self.sources, self.targets or ())
        for number, pair in enumerate(pairs, 1):
            yield LocatedPair(pair, number, empty_side(pair) if one_sided(pair) else None)

    def check_unchanged(self) -> None:
        """Nothing that is in memory is watched."""


@dataclass(frozen=True, slots=True)
class Bitext:
    """Translated text for an aligner to learn from.

    Args:
        read: Gives the pairs of tokens from the first.
        facts: What they depend on.
        check: Raises if they were changed meanwhile.
    """

    read: Callable[[], Iterable[TokenPair]]
    facts: Any = None
    check: Callable[[], None] = lambda: None

    @classmethod
    def of_files(cls, one: InputFile, other: InputFile) -> Bitext:
        """Two files that belong together line by line."""

        def read() -> Iterator[TokenPair]:
            for item in read_pairs(one.file, other.file):
                yield item.pair.source.tokens, item.pair.target.tokens

        return cls(read, [one.facts(), other.facts()], Files((one, other)).check_unchanged)

    @classmethod
    def of_pairs(cls, pairs: Iterable[Pair | TokenPair]) -> Bitext:
        """Pairs in memory."""

        def tokens() -> Iterator[TokenPair]:
            for index, pair in enumerate(pairs):
                yield words_of(f"bitext[{index}]", pair)

        return cls(tokens, _Lazy(tokens))


@dataclass(frozen=True, slots=True)
class _Lazy:
    """A checksum of pairs that is made when it is asked for."""

    read: Callable[[], Iterable[TokenPair]]

    def value(self) -> str:
        found = hashlib.sha256()
        for one, other in self.read():
            found.update(repr((tuple(one), tuple(other))).encode("utf-8", "surrogatepass") + b"\n")
        return found.hexdigest()


def bitext_facts(bitext: Sequence[Bitext]) -> list[Any]:
    """What learning from some bitexts depends on, as plain values."""
    return [one.facts.value() if isinstance(one.facts, _Lazy) else one.facts for one in bitext]


def gold_of(corpus: Corpus, limit: int = 0) -> list[Sentence]:
    """Sentences with right labels.

    Args:
        corpus: Where they are.
        limit: How many; 0 for all.

    Raises:
        CrosspanError: They cannot be read; bad labels of gold are no small matter.
    """
    found: list[Sentence] = []
    for item in corpus.located():
        if limit and len(found) == limit:
            break
        if isinstance(item.fault, LeftOutError):
            continue
        if item.fault is not None:
            raise item.fault
        found.append(item.pair.source)
    return found


def fault_of(error: CrosspanError, place: str) -> Fault:
    """The fault of a sentence, with its place where the error does not say it."""
    return Fault(error.where or place or None, error.message, error.hint)
