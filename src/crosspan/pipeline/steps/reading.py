"""The first step: a corpus becomes shards of words, of labels, and of what else is known of the sentences."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from crosspan.core.digests import digest_of
from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, PairError
from crosspan.core.logs import logger_of, warn
from crosspan.core.sources import source_digest
from crosspan.core.types import Sentence
from crosspan.io.pairs import LocatedPair, empty_side, one_sided
from crosspan.pipeline.corpus import Corpus, fault_of
from crosspan.pipeline.engine import Engine
from crosspan.pipeline.parts import Extras, Fault, Faults, Labels, Tokens, about_row
from crosspan.pipeline.store import Entry
from crosspan.text.english import plainly_not_english
from crosspan.text.pair_watch import PairFault, PairWatch

_LISTING = "listing"
_FAULTS = "pair_faults"
_LOG = logger_of(__name__)


class PairWarning(UserWarning):
    """Lines that are to be translations of each other seem not to be."""


class LanguageWarning(UserWarning):
    """A tagger is to label text of another language than its own."""


_OTHER = "Name a tagger of its language, or check that the files are not swapped."
PAIR_HINT = "Look at the lines around with 'crosspan check --pair'."


@dataclass(frozen=True, slots=True)
class CorpusReading:
    """How a corpus is read.

    Args:
        name: Of the step.
        corpus: What is read.
        shard: Sentences of a shard.
        limit: Sentences to read; 0 for all.
        labelled: Whether the labels of the first side count. Where they do not, bad ones do no harm.
        replaces: Whether labels that are there are to be replaced; else a sentence that has some is an error. ``None``
            does not look.
        checks: Whether it is an error that there is nothing to work on.
        english: Whether the first side is to be labelled by an English tagger.
    """

    name: str
    corpus: Corpus
    shard: int
    limit: int = 0
    labelled: bool = True
    replaces: bool | None = None
    checks: bool = True
    english: bool = False

    def run(self, engine: Engine) -> None:
        """Read the shards, or find them in the store.

        Raises:
            CrosspanError: A file cannot be read, or the files do not belong together.
        """
        began = time.perf_counter()
        entries, computed = self._entries(engine)
        if self.english and entries and plainly_not_english(engine.store.part(entries[0], "tokens").sides[0]):
            place = f"{self.corpus.shown}: " if self.corpus.shown else ""
            warn(f"{place}this is plainly not English, but an English tagger is to label it. {_OTHER}", LanguageWarning)
        engine.add(self.name, entries, computed, time.perf_counter() - began)

    def _tell(self, faults: Iterable[Sequence[Any]]) -> None:
        """Warn of what seems to be wrong with the pairs: now, before the work, and in every run."""
        for line, *values in faults:
            place = f"{self.corpus.shown}:{line}: " if self.corpus.shown else ""
            fault = PairFault(*values)
            if fault.lasting:
                warn(f"{place}{fault.message}. {PAIR_HINT}", PairWarning, stacklevel=2)
            else:
                _LOG.info("%s%s", place, fault.message)

    @property
    def base(self) -> str:
        """What the keys of the shards are made from."""
        return digest_of(
            {
                "step": "read",
                "code": source_digest((__name__,)),
                "corpus": self.corpus.facts(),
                "shard": self.shard,
                "limit": self.limit,
                "labelled": self.labelled,
                "replaces": self.replaces,
            }
        )

    def listing_key(self) -> str:
        """The key of the number of shards, which is kept when all of them are."""
        return digest_of([self.base, _LISTING])

    def _entries(self, engine: Engine) -> tuple[list[Entry], int]:
        store = engine.store
        if not store.keyed:
            watch = PairWatch()
            entries = list(self._read(self.name, engine, watch))
            self._check(entries)
            self._tell(self._faults(watch, entries, engine))
            return entries, len(entries)
        base = self.base
        listing = store.find(digest_of([base, _LISTING]))
        if listing is not None:
            found = store.find_all([digest_of([base, index]) for index in range(int(listing.facts["shards"]))])
            known = [entry for entry in found if entry is not None]
            if len(known) == len(found):
                self._tell(listing.facts[_FAULTS])
                return known, 0
        watch = PairWatch()
        entries = list(self._read(base, engine, watch))
        self.corpus.check_unchanged()
        self._check(entries)
        faults = self._faults(watch, entries, engine)
        self._tell(faults)
        store.put(digest_of([base, _LISTING]), {}, {"shards": len(entries), _FAULTS: faults})
        return entries, len(entries)

    def _read(self, base: str, engine: Engine, watch: PairWatch) -> Iterator[Entry]:
        pairs = self.corpus.located()
        if self.limit:
            pairs = itertools.islice(pairs, self.limit)
        for index in itertools.count():
            shard = list(itertools.islice(pairs, self.shard))
            if not shard:
                return
            if self.corpus.n_sides == 2:
                for item in shard:
                    watch.add(item.pair.source.tokens, item.pair.target.tokens)
            key = digest_of([base, index]) if engine.store.keyed else f"{base}/{index}"
            yield engine.store.put(key, *self._parts(shard), replace=True)
            engine.advance(self.name, index * self.shard + len(shard), 0)

    @staticmethod
    def _faults(watch: PairWatch, entries: Sequence[Entry], engine: Engine) -> list[list[Any]]:
        """What seems to be wrong with the pairs, each with its line, as plain values."""

        def pairs() -> Iterator[tuple[Sequence[str], Sequence[str]]]:
            for entry in entries:
                yield from zip(*engine.store.part(entry, "tokens").sides, strict=True)

        found = []
        for fault in watch.faults(pairs):
            index, within = 0, fault.start
            while within >= (size := int(entries[index].facts["sentences"])):
                index, within = index + 1, within - size
            line = engine.store.part(entries[index], "about").lines[within]
            found.append([line, fault.code, fault.start, fault.end, fault.shift])
        return found

    def _parts(self, shard: list[LocatedPair]) -> tuple[dict[str, Any], dict[str, Any]]:
        sides: list[list[Sentence]] = [[item.pair.source for item in shard]]
        if self.corpus.n_sides == 2:
            sides.append([item.pair.target for item in shard])
        faults: Faults = {}
        for index, item in enumerate(shard):
            if self.replaces is False and item.pair.source.spans:
                raise FormatError(
                    "the sentence has labels already",
                    where=f"{self.corpus.shown}:{item.line}",
                    hint="Ask for them to be replaced (--replace), or name a file without labels.",
                )
            fault = self._fault(item)
            if fault is not None:
                faults[index] = fault_of(fault, f"{self.corpus.shown}:{item.line}" if self.corpus.shown else "")
        spans = [item.pair.source.spans if self.labelled else () for item in shard]
        parts = {
            "tokens": Tokens(tuple([one.tokens for one in side] for side in sides)),
            "labels": Labels(spans, faults),
            "target_spans": Labels([one.spans for one in sides[-1]]),
            "about": Extras(tuple([*map(about_row, side)] for side in sides), [item.line for item in shard]),
        }
        facts = {
            "sentences": len(shard),
            "spans": sum(map(len, spans)),
            "rejected": len(faults),
            "first": faults[min(faults)] if faults else None,
        }
        return parts, facts

    def _fault(self, item: LocatedPair) -> CrosspanError | None:
        if self.labelled or self.replaces is False or isinstance(item.fault, PairError):
            return item.fault
        two = self.corpus.n_sides == 2
        return empty_side(item.pair) if two and item.fault and one_sided(item.pair) else None

    def _check(self, entries: Iterable[Entry]) -> None:
        """Find out before the work whether there is anything to work on."""
        if not self.checks:
            return
        sentences = rejected = spans = 0
        first: Fault | None = None
        for entry in entries:
            sentences += entry.facts["sentences"]
            rejected += entry.facts["rejected"]
            spans += entry.facts["spans"]
            first = first or _fault_in(entry.facts["first"])
        where = self.corpus.shown or None
        if sentences == 0:
            raise EmptyInputError("there is no sentence", where=where, hint="Check that it is the right file.")
        if first is not None and rejected == sentences:
            raise EmptyInputError(
                f"no sentence can be worked on; the first: {first.message}", where=first.where, hint=first.hint
            )
        if self.labelled and spans == 0:
            raise EmptyInputError(
                "not one entity is labelled",
                where=where,
                hint="Check the order of the files, say with columns where its tags are, or label it first.",
            )


def _fault_in(row: Sequence[Any] | None) -> Fault | None:
    return None if row is None else Fault(*row)
