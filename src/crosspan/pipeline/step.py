"""What a step of a plan is: what it needs, what its result depends on, and the work on one shard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from crosspan.core.digests import Digested
from crosspan.core.progress import Advance, Listener, advance_of
from crosspan.pipeline.parts import Extras, Labels, Links, Model, Projected, Tokens
from crosspan.pipeline.store import Entry, Store


class Need(NamedTuple):
    """A part of an earlier step's result.

    Args:
        step: Name of that step.
        part: Name of the part.
        whole: Whether the parts of all shards are needed, not only that of the shard at hand.
    """

    step: str
    part: str
    whole: bool = False


class Output(NamedTuple):
    """The result of a step for one shard.

    Args:
        parts: The data (:mod:`crosspan.pipeline.parts`). Steps further on depend on each part by itself.
        facts: Counts and the like, as plain values; nothing depends on them.
        unsure: Whether it may owe to an outage that nobody could tell from bad input. It is used, and made anew by the
            next run.
    """

    parts: Mapping[str, Any]
    facts: Mapping[str, Any] = {}
    unsure: bool = False


class Inputs:
    """The data that a step asked for, read from the store when it is used.

    Args:
        store: The store.
        entries: Results of earlier steps: that of the shard by ``(step, part, False)``, those of all shards by
            ``(step, part, True)``.
        shard: Number of the shard.
        threads: Threads to use; all cores for ``None``.
        listener: Told how far the work is, and what it measures.
    """

    def __init__(
        self,
        store: Store,
        entries: Mapping[Need, Sequence[Entry]],
        *,
        shard: int = 0,
        threads: int | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._store = store
        self._entries = entries
        self.shard = shard
        self.threads = threads
        self.listener: Listener = listener or (lambda event: None)
        """What hears of progress inside the step."""
        self.advance: Advance = advance_of(self.listener, "")
        """The same, for what has nothing to measure; the engine knows the name of the step."""
        self.unfinished: Path | None = None
        """Where a step that can go on in the middle keeps what it has so far; ``None`` where it has to begin anew."""

    def part(self, step: str, name: str) -> Any:
        """A part of an earlier step's result for this shard."""
        return self._store.part(self._entries[Need(step, name)][0], name)

    def all(self, step: str, name: str) -> Iterator[Any]:
        """A part of an earlier step's result for one shard after the other."""
        for entry in self._entries[Need(step, name, True)]:
            yield self._store.part(entry, name)

    def total(self, step: str, part: str, fact: str) -> int:
        """The sum of a count over all shards of an earlier step, whose part is needed as a whole."""
        return sum(int(entry.facts[fact]) for entry in self._entries[Need(step, part, True)])

    def tokens(self, step: str = "pairs") -> Tokens:
        """The words of the shard."""
        found: Tokens = self.part(step, "tokens")
        return found

    def about(self, step: str = "pairs") -> Extras:
        """What else is known of its sentences."""
        found: Extras = self.part(step, "about")
        return found

    def labels(self, step: str, name: str = "labels") -> Labels:
        """The labels that a step gave."""
        found: Labels = self.part(step, name)
        return found

    def links(self) -> Links:
        """The word links of the shard."""
        found: Links = self.part("align", "links")
        return found

    def projected(self, step: str, name: str = "projections") -> Projected:
        """The projections of a step."""
        found: Projected = self.part(step, name)
        return found

    def model(self, step: str) -> Model:
        """The model that a step learned."""
        found: Model = next(self.all(step, "model"))
        return found


@dataclass(kw_only=True)
class Step:
    """A step of a plan; steps derive from it.

    The key of a result is made of the name, the :meth:`facts`, the source code that the step imports (its module, and
    the :meth:`roots`), and the checksums of what it needs. Threads, batch sizes and devices are no facts: they change
    no result.

    Args:
        name: Short, as in the list of steps.
        needs: What is read of earlier steps.
        single: Whether there is one result for the whole corpus, not one a shard.
        parallel: Whether shards may be worked on in other processes.
        resumes: Whether work on a shard that was killed goes on from what it left in :attr:`Inputs.unfinished`.
        together: Whether shards of two runs must not be mixed, because learning twice does not give quite the same.
    """

    name: str = ""
    needs: tuple[Need, ...] = ()
    single: bool = False
    parallel: bool = False
    resumes: bool = False
    together: bool = False

    def facts(self) -> Mapping[str, Any]:
        """All that the result depends on beside its needs and its code, as plain values: options, models by content."""
        return {}

    def roots(self) -> tuple[str, ...]:
        """Modules of components that the step uses, whose code the result depends on too."""
        return ()

    def learn(self, inputs: Inputs) -> Any:
        """Look at the whole corpus, once, in the main process, if there is work to do; workers get what it returns."""
        return None

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Get ready in each process that works: load a model, say."""

    def work(self, inputs: Inputs) -> Output:
        """Work on one shard."""
        raise NotImplementedError

    def lost(self, inputs: Inputs) -> Output | None:
        """What stands for the result of a shard on which worker processes were killed again and again.

        Without anything the run ends with an error, when all other shards are done.
        """
        return None


class Job(NamedTuple):
    """The work on one shard.

    Args:
        shard: Its number.
        key: Of its result.
        entries: What it needs of earlier steps, of this shard only.
        seen: The files by whose content the key was made.
        run: What the results of one run have in common, of a step whose shards must not be mixed; else empty.
    """

    shard: int
    key: str
    entries: Mapping[Need, Sequence[Entry]]
    seen: Digested = Digested()
    run: str = ""
