"""Steps that link words: with an aligner, or by reading links made elsewhere."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from crosspan.align import ALIGNERS, Aligner
from crosspan.align.link_units import Linked, counted_by_blanks
from crosspan.core.digests import file_digest
from crosspan.core.errors import AlignmentError, PairError
from crosspan.core.failures import EachByItself, in_words
from crosspan.core.logs import warn
from crosspan.core.model_options import UNSEEN
from crosspan.core.options import with_settings
from crosspan.core.progress import Advance
from crosspan.core.saved import loaded
from crosspan.core.types import Alignment
from crosspan.pipeline.corpus import Bitext, TokenPair, fault_of
from crosspan.pipeline.parts import Fault, Faults, Links, Model
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.learning import REPORTED, learning_facts, learning_text
from crosspan.pipeline.use import Use

_UNITS_HINT = (
    "Read the text as it was linked: the format tokens parts words at blanks alone (--source-format tokens or "
    "--target-format tokens)."
)


_TELLING = 20
_TELLING_IF_ALL = 3
"""Fewer sentences with links tell nothing."""


class LinkWarning(UserWarning):
    """Links seem to be of other tokens than the sentences have."""


_NO_LINKS = Alignment.from_links([])


@dataclass(kw_only=True)
class Align(Step):
    """Links the words of a shard with an aligner that has learned, or that needs not learn from the corpus.

    Args:
        aligner: The aligner; with ``learned`` only which links it reports counts.
        learned: Whether the step ``learn`` made it.
        saved: The file that it was saved in, if it was.
    """

    aligner: Use
    learned: bool = False
    saved: Path | None = None
    name: str = "align"
    parallel: bool = True
    _linker: Linker | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"),)
        if self.learned:
            self.needs += (Need("learn", "model", True),)

    def facts(self) -> Mapping[str, Any]:
        """The aligner; one that learned counts by its content."""
        if self.learned:
            return {"use": self.aligner.name, REPORTED: self.aligner.settings.get(REPORTED)}
        if self.saved is not None:
            return {"use": self.aligner.name, "sha256": file_digest(self.saved)}
        return {"aligner": self.aligner.facts()}

    def roots(self) -> tuple[str, ...]:
        """The aligner's."""
        return self.aligner.roots()

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Load the aligner."""
        self._linker = Linker(self._loaded(inputs))

    def _loaded(self, inputs: Inputs) -> Any:
        if self.saved is not None:
            return ALIGNERS.factory(self.aligner.name).load(self.saved, threads=inputs.threads)  # type: ignore[attr-defined]
        if not self.learned:
            return self.aligner.make(inputs.threads)
        aligner = aligner_from(inputs.model("learn"), inputs.threads)
        free = {REPORTED, self.aligner.component.model, *UNSEEN}  # the model lies elsewhere perhaps; it is the same
        changed = {name: value for name, value in self.aligner.settings.items() if name in free}
        if changed:
            aligner.options = with_settings(aligner.options, changed)
        return aligner

    def work(self, inputs: Inputs) -> Output:
        """Link the words of a shard."""
        assert self._linker is not None
        return self._linker.linked(inputs)


@dataclass(kw_only=True)
class LearnAndAlign(Step):
    """Learns and aligns with an aligner that cannot be saved: what is missing is aligned by one that learns anew."""

    aligner: Use
    bitext: Sequence[Bitext] = ()
    limit: int = 0
    name: str = "align"
    together: bool = True
    _linker: Linker | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("pairs", "tokens", True))

    def facts(self) -> Mapping[str, Any]:
        """The aligner, and the bitext."""
        return {"aligner": self.aligner.facts(), **learning_facts(self.bitext, self.limit)}

    def roots(self) -> tuple[str, ...]:
        """The aligner's."""
        return self.aligner.roots()

    def learn(self, inputs: Inputs) -> Any:
        """Learn."""
        aligner: Aligner = self.aligner.make(inputs.threads)
        aligner.fit_tokens(learning_text(inputs, self.bitext, self.limit), progress=inputs.advance)
        return aligner

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Take the aligner."""
        self._linker = Linker(learned)

    def work(self, inputs: Inputs) -> Output:
        """Link the words of a shard."""
        assert self._linker is not None
        return self._linker.linked(inputs)


@dataclass(kw_only=True)
class NoLinks(Step):
    """Links nothing, for methods of projection that look at no links."""

    name: str = "align"

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"),)

    def work(self, inputs: Inputs) -> Output:
        """An alignment without links for each pair."""
        return _output([_NO_LINKS] * len(inputs.tokens()), {})


@dataclass(frozen=True, slots=True)
class LinkSource:
    """Links made elsewhere, one alignment a pair.

    Args:
        read: Gives them from the first.
        shown: What to call their file in messages; empty for links in memory.
        path: Their file, where it stays.
        one_based: Whether they count words from 1 there.
    """

    read: Callable[[], Iterable[Alignment]]
    shown: str = ""
    path: Path | None = None
    one_based: bool = False

    def facts(self) -> Any:
        """What they depend on: asked for only where results are kept."""
        return None if self.path is None else [file_digest(self.path, self.shown), self.one_based]


@dataclass(kw_only=True)
class GivenLinks(Step):
    """Takes the links of a shard from where they were made, one alignment a pair."""

    source: LinkSource
    shard: int
    limit: int = 0
    name: str = "align"
    _links: Iterator[Alignment] | None = None
    _at: int = 0
    _from_one: bool = False

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("pairs", "tokens", True), Need("pairs", "about", True))

    def facts(self) -> Mapping[str, Any]:
        """The links by their content."""
        return {"links": self.source.facts(), "limit": self.limit}

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Check that there are as many lines as pairs, and begin to read."""
        n_pairs = inputs.total("pairs", "tokens", "sentences")
        n_lines = sum(1 for _ in self.source.read())
        if n_lines != n_pairs and not (self.limit and n_lines > n_pairs):
            raise PairError(
                f"{n_lines} lines of links, but {n_pairs} sentence pairs",
                where=self.source.shown or None,
                hint="Links and sentences must belong together line by line; an empty line stands for no links.",
            )
        self._check_units(inputs)
        self._links, self._at = iter(self.source.read()), 0

    def _check_units(self, inputs: Inputs) -> None:
        """Warn where the links of the first shard count what stands between blanks."""
        tokens, about = next(inputs.all("pairs", "tokens")), next(inputs.all("pairs", "about"))
        rows = zip(zip(*tokens.sides, strict=True), zip(*about.sides, strict=True), self.source.read(), strict=False)
        linked = [Linked(words, (one.text, other.text), links) for words, (one, other), links in rows]
        place = f"{self.source.shown}: " if self.source.shown else ""
        linked_words = [one.links for one in linked if len(one.links)]
        self._from_one = not self.source.one_based and _count_from_one(linked_words)
        if self.source.shown and self._from_one:
            warn(f"{place}no link has a 0. If they count from 1, add --one-based (one_based in a recipe).", LinkWarning)
        for side, name in enumerate(("source", "target")):
            if counted_by_blanks(linked, side):
                warn(
                    f"{place}the links seem to count the words between blanks of the {name}, but its tokens are finer "
                    f"(punctuation stands apart), so that labels come to stand on wrong words. {_UNITS_HINT}",
                    LinkWarning,
                )

    def work(self, inputs: Inputs) -> Output:
        """Read the links of a shard; shards come in order, some are passed over."""
        assert self._links is not None
        tokens = inputs.tokens()
        first = inputs.shard * self.shard
        passed_over = first - self._at
        links = list(itertools.islice(self._links, passed_over, passed_over + len(tokens)))
        self._at = first + len(tokens)
        faults: Faults = {}
        for index, (one, source, target) in enumerate(zip(links, *tokens.sides, strict=True)):
            try:
                one.check(len(source), len(target))
            except AlignmentError as error:
                if self._from_one:
                    error.hint = "No link has a 0: if they count from 1, add --one-based (one_based in a recipe)."
                faults[index] = fault_of(error, f"{self.source.shown}:{first + index + 1}" if self.source.shown else "")
        return _output([None if index in faults else one for index, one in enumerate(links)], faults)


def _count_from_one(links: Sequence[Alignment]) -> bool:
    """Whether the first word of no sentence has a link, which in many sentences is no chance.

    Nor is it in a few sentences if the second word has one in each.
    """
    least = [min(int(one.source.min()), int(one.target.min())) for one in links]
    if len(links) < _TELLING:
        return len(links) >= _TELLING_IF_ALL and set(least) == {1}
    return 0 not in least


def aligner_from(model: Model, threads: int | None) -> Any:
    """An aligner that a step learned: the object itself, or what its file holds."""
    if not isinstance(model.value, bytes):
        return model.value
    load = ALIGNERS.factory(model.use).load  # type: ignore[attr-defined]
    return loaded(model.value, "model.npz", partial(load, threads=threads))


class Linker:
    """An aligner at work, shard after shard.

    Args:
        aligner: The aligner, which has learned what it has to.
    """

    def __init__(self, aligner: Any) -> None:
        self._each: EachByItself[TokenPair, Alignment] = EachByItself(partial(aligned, aligner), "the aligner")

    def linked(self, inputs: Inputs) -> Output:
        """The links of a shard; pairs that cannot be aligned have none, and a reason."""
        found = self._each(list(zip(*inputs.tokens().sides, strict=True)))
        faults: Faults = {
            index: Fault(None, f"the aligner failed on the pair ({in_words(one)})")
            for index, one in enumerate(found)
            if isinstance(one, Exception)
        }
        links = [None if isinstance(one, Exception) else one for one in found]
        return _output(links, faults, unsure=self._each.unsure)


def iter_linked(
    aligner: Any, pairs: Iterable[TokenPair], *, shard: int, advance: Advance | None = None
) -> Iterator[Alignment | Exception]:
    """The links of each pair as they are found, or the error that it alone brings about.

    Args:
        aligner: The aligner, which has learned what it has to.
        pairs: The pairs.
        shard: How many of them are held at a time.
        advance: Called with the pairs that are done; how many there are is not known before the end.

    Raises:
        CrosspanError: No pair is at fault; see :class:`crosspan.core.failures.EachByItself`.
    """
    each: EachByItself[TokenPair, Alignment] = EachByItself(partial(aligned, aligner), "the aligner")
    waiting, done = iter(pairs), 0
    while some := list(itertools.islice(waiting, shard)):
        yield from each(some)
        done += len(some)
        if advance is not None:
            advance(done, 0)
    if advance is not None:
        advance(done, done)


def aligned(aligner: Any, pairs: Sequence[TokenPair]) -> list[Alignment]:
    """The links of some pairs, by whatever method an aligner has for that."""
    if hasattr(aligner, "align_tokens"):
        return list(aligner.align_tokens(pairs))
    return list(aligner.iter_align_tokens(pairs))


def _output(links: Sequence[Alignment | None], faults: Faults, *, unsure: bool = False) -> Output:
    facts = {
        "sentences": len(links),
        "links": sum(len(one) for one in links if one is not None),
        "rejected": len(faults),
        "where": {str(index): fault.where for index, fault in faults.items() if fault.where},
    }
    return Output({"links": Links(links, faults)}, facts, unsure)
