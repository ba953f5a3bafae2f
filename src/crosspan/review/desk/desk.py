"""The sentences, the order in which they come up, and what was decided of each: all of the page but HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, get_args

from crosspan.core.digests import digest_of
from crosspan.core.errors import EmptyInputError, OptionError, PairError
from crosspan.core.locks import Lock
from crosspan.core.shown import shown
from crosspan.core.types import Span
from crosspan.io.places import place_spans
from crosspan.report.colours import hues
from crosspan.report.records import Names
from crosspan.review.decision_file import DecisionFile
from crosspan.review.decisions import Decision, last_of, now
from crosspan.review.desk.answers import PageAnswer
from crosspan.review.desk.base import WatchedFile
from crosspan.review.desk.orders import Order, Queue, by_chance, certainty, queue_of
from crosspan.review.desk.records import RecordSpool, record_of_task, text_of_side
from crosspan.review.tasks import Task

Kind = Literal["open", "decided", "any"]
"""Which sentences are looked for: those that wait for a decision, those that have one, or all."""
KINDS: tuple[Kind, ...] = get_args(Kind)

_LONGEST_LABEL = 100


class ConflictError(PairError):
    """A sentence was decided meanwhile, by somebody else or in another window.

    Args:
        decision: What was decided; ``None`` where a decision was taken back.
    """

    def __init__(self, decision: Decision | None) -> None:
        self.decision = decision
        if decision is None:
            super().__init__("the decision of this sentence was taken back meanwhile", hint="Look at it again.")
            return
        who = f" by {shown(decision.who)}" if decision.who else ""
        super().__init__(f"this sentence was decided meanwhile{who}", hint="Keep that, or put yours in its place.")


class Desk:
    """The sentences of a file, with the decisions that are made of them.

    Args:
        tasks: The sentences.
        decisions: Where decisions go, opened.
        base: The file that the sentences are from.
        who: Who decides.
        order: The order in which sentences come up, unless the page asks for another.
        seed: Of the order by chance.

    Raises:
        EmptyInputError: There is no sentence to look at.
        PairError: The decisions that are there are of another file.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        decisions: DecisionFile,
        base: WatchedFile,
        *,
        who: str,
        order: Order = "mixed",
        seed: int = 0,
    ) -> None:
        self.file, self.base, self.who, self.order, self.seed = decisions, base, who, order, seed
        self.labels, self.reasons = Names(), Names()
        self.common: Counter[str] = Counter()
        self.faults: list[Task] = []
        self._spool = RecordSpool()
        self._certainties: dict[int, float | None] = {}
        self._indices: dict[str, int] = {}
        self._lock = Lock()
        self._read(tasks)
        base.check()
        self._held: dict[int, Decision] = {}
        self.stale: set[str] = set()
        self.unknown = 0
        self._take_up()
        self._queues: dict[Order, Queue] = {}
        self._ranks = {index: rank for rank, index in enumerate(by_chance(list(self._certainties), seed))}

    def close(self) -> None:
        """Let go of the sentences; the decisions are in their file."""
        self._spool.__exit__(None, None, None)

    def __len__(self) -> int:
        return len(self._certainties)

    def _read(self, tasks: Iterable[Task]) -> None:
        for index, task in enumerate(tasks):
            if task.fault is not None or not task.sentence.tokens:
                self.faults.append(replace(task, source=None, alignment=None))
                self._spool.add({})
                continue
            self._spool.add(record_of_task(task, self.labels, self.reasons))
            self.common.update(span.label for span in task.sentence.spans)
            self._certainties[index] = certainty(task)
            self._indices[task.id] = index
        if not self._certainties:
            raise EmptyInputError("there is no sentence to look at", hint="Check that it is the right file.")

    def _take_up(self) -> None:
        """Find the sentences of the decisions that were made before."""
        for name, decision in last_of(self.file.every).items():
            index = self._indices.get(name)
            if index is None:
                self.unknown += 1
            elif self._spool[index]["h"] != decision.hash:
                self.stale.add(name)
            else:
                self._held[index] = decision
            for span in decision.after:
                self.labels.number(span.label)
        if self.unknown + len(self.stale) > 0 and not self._held:
            raise PairError(
                "no decision in it is of a sentence of the file that is to be corrected",
                where=str(self.file.path),
                hint="Let --decisions name another file, or correct the file that these decisions were made of.",
            )

    # What is shown

    def queue(self, order: Order) -> Queue:
        """The queue of an order."""
        with self._lock:
            if order not in self._queues:
                self._queues[order] = queue_of(order, self._certainties, self.seed)
            return self._queues[order]

    def shown(self, index: int, order: Order) -> dict[str, Any]:
        """A sentence with all that the page must know of it.

        Args:
            index: The sentence.
            order: The order it is shown in.

        Returns:
            ``sentence`` its record, ``at`` its place in the queue, ``drawn`` why it comes up there, ``decision`` what
            was decided and ``version``, by which a later decision is noticed, ``stale`` whether an earlier decision
            was of another text, and ``counts``.

        Raises:
            OptionError: There is no such sentence.
        """
        self._check_index(index)
        queue = self.queue(order)
        with self._lock:
            held = self._held.get(index)
            record = self._spool[index]
            place = queue.places[index]
            return {
                "sentence": record,
                "index": index,
                "at": place,
                "drawn": queue.drawn[place],
                "decision": None if held is None else self._decided(held),
                "version": _version(held),
                "stale": record["id"] in self.stale,
                "counts": self.counts(),
            }

    def _check_index(self, index: int) -> None:
        if index not in self._certainties:
            raise OptionError(f"there is no sentence {index}", hint="Load the page again.")

    def _decided(self, decision: Decision) -> dict[str, Any]:
        record = decision.to_dict()
        record["after"] = [[self.labels.number(one.label), one.start, one.end, None] for one in decision.after]
        return {name: record[name] for name in ("verdict", "after", "who", "when", "drawn")}

    def names(self) -> dict[str, Any]:
        """The labels by their numbers, with the hue of each, the numbers of the most common first, and the reasons."""
        labels = self.labels.listed()
        known = hues(labels)
        common = sorted(range(len(labels)), key=lambda number: -self.common[labels[number]])
        return {
            "labels": [(name, known[name]) for name in labels],
            "common": common,
            "reasons": self.reasons.listed(),
        }

    def counts(self) -> dict[str, Any]:
        """How far it is: sentences, decided, skipped, drawn by chance, and the mean time of a decision."""
        held = list(self._held.values())
        times = [one.seconds for one in held if one.seconds is not None]
        return {
            "all": len(self),
            "decided": sum(one.verdict != "skip" for one in held),
            "skipped": sum(one.verdict == "skip" for one in held),
            "random": sum(one.verdict == "done" and one.drawn == "random" for one in held),
            "seconds": round(sum(times) / len(times), 1) if times else None,
        }

    def step(self, order: Order, at: int, way: int, kind: Kind) -> int | None:
        """The next sentence of a kind, from a place of the queue on; beyond the end it goes on at the other.

        Where no sentence waits any more, those that were skipped do.

        Args:
            order: Which queue.
            at: The first place that is looked at.
            way: 1 forwards, -1 backwards.
            kind: What is looked for.

        Returns:
            The sentence; ``None`` where there is none.
        """
        queue = self.queue(order)
        n = len(queue.indices)
        with self._lock:
            for wanted in (kind, "skipped") if kind == "open" else (kind,):
                for steps in range(n):
                    index = queue.indices[(at + way * steps) % n]
                    if self._is(index, wanted):
                        return index
        return None

    def _is(self, index: int, kind: str) -> bool:
        held = self._held.get(index)
        if kind == "skipped":
            return held is not None and held.verdict == "skip"
        return kind == "any" or (held is None) == (kind == "open")

    def find(self, order: Order, at: int, words: str) -> int | None:
        """The next sentence with some words in its name or on one of its sides, from a place of the queue on.

        Args:
            order: Which queue.
            at: The first place that is looked at.
            words: The words, or ``#`` and the number of a sentence; case does not matter.
        """
        queue = self.queue(order)
        wanted = words.strip().casefold()
        if wanted.startswith("#") and wanted[1:].isdecimal():
            index = int(wanted[1:]) - 1
            return index if index in self._certainties else None
        n = len(queue.indices)
        places = (queue.indices[(at + steps) % n] for steps in range(n))
        return next((index for index in places if wanted in self._haystack(index)), None)

    def _haystack(self, index: int) -> str:
        record = self._spool[index]
        sides = [text_of_side(record[name])[0] for name in ("s", "t")]
        return "\n".join([record["id"], *sides]).casefold()

    # What is decided

    def decide(self, answer: PageAnswer, *, force: bool = False) -> str:
        """Keep a decision; it is on the disk when this returns.

        Args:
            answer: The decision.
            force: Whether it takes the place of one that was made meanwhile.

        Returns:
            Its version, see :meth:`shown`.

        Raises:
            ConflictError: The sentence was decided meanwhile.
            PairError: The sentence is not the one that was looked at, or its file was changed.
            OptionError: There is no such sentence.
            SpanError: The spans do not fit the text.
            OutputError: The disk takes no more.
        """
        self._check_index(answer.index)
        self.base.check()
        with self._lock:
            record = self._spool[answer.index]
            if record["h"] != answer.hash:
                raise PairError("the text of the sentence is another one now", hint="Load the page again.")
            held = self._held.get(answer.index)
            if _version(held) != answer.version and not force:
                raise ConflictError(held)
            decision = self._decision(answer, record, held)
            decisions = [decision, *self._also_random(answer.index, decision)]
            self.file.add(*decisions)
            self._keep(decisions)
            return _version(self._held.get(answer.index))

    def _decision(self, answer: PageAnswer, record: Mapping[str, Any], held: Decision | None) -> Decision:
        text, offsets = text_of_side(record["t"])
        names = self.labels.listed()
        unknown = next((one.label for one in answer.after if one.label not in names), None)
        if unknown is not None:
            raise OptionError(f"there is no label {shown(unknown)}", hint="Add it first.")
        after = answer.after if answer.verdict == "done" else ()
        place_spans(text, offsets, after)  # raises where they do not fit
        before = [Span(start, end, names[label], score) for label, start, end, score in record["b"]]
        earlier = held or next((one for one in reversed(self.file.every) if one.id == record["id"]), None)
        same = earlier is not None and earlier.hash == answer.hash
        return Decision(
            id=record["id"],
            hash=answer.hash,
            before=tuple(before),
            after=after,
            verdict=answer.verdict,
            who=self.who,
            when=now(),
            seconds=answer.seconds,
            drawn=earlier.drawn if same and earlier is not None and earlier.drawn else answer.drawn,
        )

    def _also_random(self, index: int, decision: Decision) -> list[Decision]:
        """Decisions of sentences that the order by chance has passed now, and that came up for another reason before.

        They belong to the sample: without them those that were unsure would be missing in it, and it would look too
        good.
        """
        if decision.drawn != "random":
            return []
        rank = self._ranks[index]
        passed = [
            (self._ranks[one], held) for one, held in self._held.items() if held.drawn != "random" and one != index
        ]
        return [replace(held, drawn="random") for at, held in sorted(passed, key=lambda one: one[0]) if at < rank]

    def _keep(self, decisions: Iterable[Decision]) -> None:
        """Know what the file holds now."""
        for one in decisions:
            index = self._indices[one.id]
            if one.verdict == "open":
                self._held.pop(index, None)
            else:
                self._held[index] = one
            self.stale.discard(one.id)

    def add_label(self, name: str) -> None:
        """Make a label known.

        Args:
            name: The label.

        Raises:
            OptionError: No label can be called so.
        """
        if not name or len(name) > _LONGEST_LABEL or not name.isprintable() or any(map(str.isspace, name)):
            raise OptionError(
                f"a label cannot be called {shown(name)}",
                hint=f"Write a word of at most {_LONGEST_LABEL} letters, without blanks.",
            )
        with self._lock:
            self.labels.number(name)


def _version(decision: Decision | None) -> str:
    """What tells one decision of a sentence from the next; why the sentence came up does not matter."""
    if decision is None:
        return ""
    facts = {name: value for name, value in decision.to_dict().items() if name != "drawn"}
    return digest_of(facts)[:16]
