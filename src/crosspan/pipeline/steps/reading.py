"""The first stage: files become shards of words, of labels, and of what else is known of the sentences.

Words, labels and the rest are parts by themselves, so that new labels do not change what depends on words alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crosspan import __version__
from crosspan.core.digests import digest_of, file_digest
from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, PairError
from crosspan.core.types import Sentence
from crosspan.io.pairs import LocatedPair, SentenceFile, one_sided, read_pairs
from crosspan.pipeline.codec import AboutRow, Fault, Faults, about_row, dump_labels, dumps
from crosspan.pipeline.store import Entry, Store

VERSION = 2
LISTING = "listing"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of sentences whose content is known by its checksum.

    Args:
        file: The file and how to read it.
        sha256: Of its content.
        size: In bytes.
        modified: When it was last written to, to notice that it changes while it is read.
    """

    file: SentenceFile
    sha256: str
    size: int
    modified: int

    @classmethod
    def of(cls, file: SentenceFile) -> InputFile:
        """Look at a file.

        Raises:
            FormatError: There is no such file, or it is none.
        """
        path = Path(file.path)
        if path.exists() and not path.is_file():
            raise FormatError("this is no file", where=file.shown, hint="A recipe reads files that stay, not pipes.")
        digest = file_digest(path, file.shown)
        about = path.stat()
        return cls(file, digest, about.st_size, about.st_mtime_ns)

    @property
    def options(self) -> dict[str, Any]:
        """What the sentences read depend on, as plain values."""
        file = self.file
        return {
            "sha256": self.sha256,
            "name": file.shown,
            "format": file.format,
            "ending": Path(file.path).suffixes[-2:],
            "lang": file.lang,
            "columns": file.columns,
            "scheme": file.scheme,
            "repair": file.repair,
        }

    def check_unchanged(self) -> None:
        """Raise if the file was written to since.

        Raises:
            FormatError: It was.
        """
        about = Path(self.file.path).stat()
        if (about.st_size, about.st_mtime_ns) != (self.size, self.modified):
            raise FormatError("the file changed while it was read", where=self.file.shown, hint="Run it again.")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a corpus is read.

    Args:
        name: Of the stage.
        files: One file, or source and target.
        shard: Sentences of a shard.
        limit: Sentences to read; 0 for all.
        labelled: Whether the labels of the first file count. Where they do not, bad ones do no harm.
    """

    name: str
    files: tuple[InputFile, ...]
    shard: int
    limit: int = 0
    labelled: bool = True

    @property
    def _base(self) -> str:
        return digest_of(
            {
                "stage": "read",
                "version": [__version__, VERSION],
                "files": [file.options for file in self.files],
                "shard": self.shard,
                "limit": self.limit,
                "labelled": self.labelled,
            }
        )

    @property
    def listing_key(self) -> str:
        """The key of the number of shards, which is kept when all of them are."""
        return digest_of([self._base, LISTING])

    def entries(self, store: Store) -> tuple[list[Entry], int]:
        """The shards, from the cache or from the files; and how many were not in the cache.

        Raises:
            CrosspanError: A file cannot be read, or the files do not belong together.
        """
        base = self._base
        listing = store.find(self.listing_key)
        if listing is not None:
            keys = [digest_of([base, index]) for index in range(int(listing.facts["shards"]))]
            found = [store.find(key) for key in keys]
            known = [entry for entry in found if entry is not None]
            if len(known) == len(found):
                return known, 0
        entries = list(self._read(base, store))
        for file in self.files:
            file.check_unchanged()
        self._check(entries)
        store.put(self.listing_key, {}, {"shards": len(entries)})
        return entries, len(entries)

    def _read(self, base: str, store: Store) -> Iterator[Entry]:
        pairs = self._pairs()
        if self.limit:
            pairs = itertools.islice(pairs, self.limit)
        for index in itertools.count():
            shard = list(itertools.islice(pairs, self.shard))
            if not shard:
                return
            parts, facts = self._encoded(shard)
            yield store.put(digest_of([base, index]), parts, facts)

    def _pairs(self) -> Iterator[LocatedPair]:
        if len(self.files) == 2:
            yield from read_pairs(self.files[0].file, self.files[1].file)
            return
        for item in self.files[0].file.located():
            yield LocatedPair(_Alone(item.sentence), item.line, item.fault)  # type: ignore[arg-type]

    def _encoded(self, shard: list[LocatedPair]) -> tuple[dict[str, bytes], dict[str, Any]]:
        sides: list[list[Sentence]] = [[item.pair.source for item in shard]]
        if len(self.files) == 2:
            sides.append([item.pair.target for item in shard])
        faults: Faults = {}
        for index, item in enumerate(shard):
            fault = self._fault(item)
            if fault is not None:
                faults[index] = (fault.where or f"{self.files[0].file.shown}:{item.line}", fault.message, fault.hint)
        spans = [item.pair.source.spans if self.labelled else () for item in shard]
        given = [(item.pair.target if len(self.files) == 2 else item.pair.source).spans for item in shard]
        about: list[list[AboutRow]] = [[about_row(sentence) for sentence in side] for side in sides]
        parts = {
            "tokens": dumps([[sentence.tokens for sentence in side] for side in sides]),
            "labels": dump_labels(spans, faults),
            "target_spans": dump_labels(given, {}),
            "about": dumps({"sides": about, "lines": [item.line for item in shard]}),
        }
        facts = {
            "sentences": len(shard),
            "spans": sum(map(len, spans)),
            "rejected": len(faults),
            "first": faults[min(faults)] if faults else None,
        }
        return parts, facts

    def _fault(self, item: LocatedPair) -> CrosspanError | None:
        if self.labelled or isinstance(item.fault, PairError) or len(self.files) == 1:
            return item.fault if self.labelled or len(self.files) == 2 else None
        return PairError("one side of the pair is empty") if item.fault and one_sided(item.pair) else None

    def _check(self, entries: Iterable[Entry]) -> None:
        """Find out before the work whether there is anything to work on."""
        sentences = rejected = spans = 0
        first: Fault | None = None
        for entry in entries:
            sentences += entry.facts["sentences"]
            rejected += entry.facts["rejected"]
            spans += entry.facts["spans"]
            first = first or entry.facts["first"]
        where = self.files[0].file.shown
        if sentences == 0:
            raise EmptyInputError("there is no sentence", where=where, hint="Check that it is the right file.")
        if first is not None and rejected == sentences:
            raise EmptyInputError(f"no sentence can be worked on; the first: {first[1]}", where=first[0], hint=first[2])
        if self.labelled and spans == 0:
            raise EmptyInputError(
                "not one entity is labelled",
                where=where,
                hint="Label it first, let [tag] do it, or say with columns where its tags are.",
            )


@dataclass(frozen=True, slots=True)
class _Alone:
    """What stands for a pair where there is one file."""

    source: Sentence
