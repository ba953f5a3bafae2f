"""What a stage of a run is: what it needs, what its result depends on, and the work on one shard."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from crosspan.core.digests import digest_of
from crosspan.pipeline.store import Entry, Store

Advance = Callable[[int, int], None]


class Need(NamedTuple):
    """A part of an earlier stage's result.

    Args:
        stage: Name of that stage.
        part: Name of the part.
        whole: Whether the parts of all shards are needed, not only that of the shard at hand.
    """

    stage: str
    part: str
    whole: bool = False


class Output(NamedTuple):
    """The result of a stage for one shard.

    Args:
        parts: The data. Stages further on depend on each part by itself.
        facts: Counts and the like, as plain values; nothing depends on them.
    """

    parts: Mapping[str, bytes]
    facts: Mapping[str, Any] = {}


class Inputs:
    """The data that a stage asked for, read from the cache when it is used.

    Args:
        store: The cache.
        entries: Results of earlier stages: that of the shard by ``(stage, part, False)``, those of all shards by
            ``(stage, part, True)``.
        shard: Number of the shard.
        threads: Threads to use; all cores for ``None``.
        advance: Called with what is done of the work and all there is.
    """

    def __init__(
        self,
        store: Store,
        entries: Mapping[Need, Sequence[Entry]],
        *,
        shard: int = 0,
        threads: int | None = None,
        advance: Advance | None = None,
    ) -> None:
        self._store = store
        self._entries = entries
        self.shard = shard
        self.threads = threads
        self.advance: Advance = advance or (lambda done, total: None)
        self.unfinished: Path | None = None
        """Where a stage that can go on in the middle keeps what it has so far; ``None`` where it has to begin anew."""

    def part(self, stage: str, name: str) -> bytes:
        """A part of an earlier stage's result for this shard."""
        return self._store.part(self._entries[Need(stage, name)][0], name)

    def all(self, stage: str, name: str) -> Iterator[bytes]:
        """A part of an earlier stage's result for one shard after the other."""
        for entry in self._entries[Need(stage, name, True)]:
            yield self._store.part(entry, name)


class Stage(Protocol):
    """A step of a run.

    The key of a result is a hash of ``name``, ``version``, ``options`` and the checksums of what the stage needs.
    Anything else that a result depends on, such as a model, must be in ``options`` by its content. Threads, batch sizes
    and devices must not: they change no result.
    """

    name: str
    """Short, as in the list of stages."""
    version: int
    """Goes up whenever the same input and options would give another result."""
    needs: tuple[Need, ...]
    """What is read of earlier stages."""
    options: Mapping[str, Any]
    """What the result depends on, as plain values."""
    single: bool
    """Whether there is one result for the whole corpus, not one a shard."""
    parallel: bool
    """Whether shards may be worked on in other processes. The stage is sent there before :meth:`prepare` is called."""
    resumes: bool
    """Whether work on a shard that was killed goes on from what it left in :attr:`Inputs.unfinished`."""
    together: bool
    """Whether shards of two runs must not be mixed, because learning twice does not give quite the same."""

    def prepare(self, inputs: Inputs) -> None:
        """Get ready: load a model, or look at the whole corpus. Called only if there is work to do."""

    def work(self, inputs: Inputs) -> Output:
        """Work on one shard."""


@dataclass(kw_only=True)
class Step:
    """What most stages have in common; see :class:`Stage`."""

    name: str = ""
    version: int = 1
    needs: tuple[Need, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    single: bool = False
    parallel: bool = False
    resumes: bool = False
    together: bool = False

    def prepare(self, inputs: Inputs) -> None:
        """Nothing to prepare."""


class Job(NamedTuple):
    """The work on one shard.

    Args:
        shard: Its number.
        key: Of its result.
        entries: What it needs of earlier stages, of this shard only.
    """

    shard: int
    key: str
    entries: Mapping[Need, Sequence[Entry]]


def jobs_of(stage: Stage, products: Mapping[str, Sequence[Entry]], version: str) -> list[Job]:
    """The work of a stage, shard by shard.

    Args:
        stage: The stage.
        products: Results of earlier stages.
        version: Of the program; another one computes everything anew.
    """
    whole = {need: products[need.stage] for need in stage.needs if need.whole}
    common = {
        "stage": stage.name,
        "version": [version, stage.version],
        "options": stage.options,
        "whole": {
            f"{need.stage}.{need.part}": [entry.parts[need.part] for entry in entries]
            for need, entries in whole.items()
        },
    }
    base = digest_of(common)
    by_shard = [need for need in stage.needs if not need.whole]
    if stage.single or not by_shard:
        return [Job(0, base, {})]
    jobs = []
    for index in range(len(products[by_shard[0].stage])):
        entries = {need: [products[need.stage][index]] for need in by_shard}
        digests = {f"{need.stage}.{need.part}": found[0].parts[need.part] for need, found in entries.items()}
        jobs.append(Job(index, digest_of([base, digests]), entries))
    return jobs
