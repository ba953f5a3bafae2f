"""Stages that link words: learning an aligner, aligning shard by shard, or reading links made elsewhere."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from crosspan.align import ALIGNERS, Aligner, make_aligner
from crosspan.align.statistical import StatisticalAligner, StatisticalOptions
from crosspan.core.errors import PairError
from crosspan.core.types import Alignment
from crosspan.io import read_links
from crosspan.io.pairs import read_pairs
from crosspan.pipeline.codec import dump_links, dumps, loads
from crosspan.pipeline.failures import each_by_itself, in_words
from crosspan.pipeline.provenance import file_digest, model_digest
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.steps.reading import InputFile

TokenPair = tuple[Sequence[str], Sequence[str]]
Bitext = Sequence[tuple[InputFile, InputFile]]


def learning_text(inputs: Inputs, bitext: Bitext, limit: int) -> Iterator[TokenPair]:
    """What an aligner learns from: the bitext, then the sentences at hand."""
    for one, other in bitext:
        more = read_pairs(one.file, other.file)
        for item in itertools.islice(more, limit) if limit else more:
            yield item.pair.source.tokens, item.pair.target.tokens
        one.check_unchanged()
        other.check_unchanged()
    for data in inputs.all("pairs", "tokens"):
        yield from zip(*loads(data), strict=True)


def bitext_options(bitext: Bitext, limit: int) -> dict[str, Any]:
    """What learning depends on beside the sentences at hand."""
    return {"bitext": [[one.options, other.options] for one, other in bitext], "limit": limit if bitext else 0}


@dataclass(kw_only=True)
class Learn(Step):
    """Learns the statistical aligner from the whole corpus; the model is the result."""

    settings: StatisticalOptions
    bitext: Bitext = ()
    limit: int = 0
    name: str = "learn"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens", True),)
        # which links are reported is not learned
        self.settings = replace(self.settings, min_prob=StatisticalOptions().min_prob)
        self.options = {"aligner": asdict(self.settings), **bitext_options(self.bitext, self.limit)}

    def work(self, inputs: Inputs) -> Output:
        """Learn."""
        text = learning_text(inputs, self.bitext, self.limit)
        aligner = StatisticalAligner(self.settings, threads=inputs.threads).fit_tokens(text, progress=inputs.advance)
        with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
            path = Path(folder) / "aligner.npz"
            aligner.save(path)
            return Output({"model": path.read_bytes()}, {"pairs": aligner.sentences_seen})


@dataclass(kw_only=True)
class AlignWithModel(Step):
    """Links the words of a shard with the statistical aligner, learned here or saved before."""

    min_prob: float | None
    model: Path | None = None
    name: str = "align"
    parallel: bool = True
    _aligner: StatisticalAligner | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"),)
        self.options = {"min_prob": self.min_prob}
        if self.model is None:
            self.needs += (Need("learn", "model", True),)
        else:
            self.options["sha256"] = file_digest(self.model)

    def prepare(self, inputs: Inputs) -> None:
        """Load the aligner."""
        if self.model is not None:
            self._aligner = StatisticalAligner.load(self.model, threads=inputs.threads)
        else:
            with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
                path = Path(folder) / "aligner.npz"
                path.write_bytes(next(inputs.all("learn", "model")))
                self._aligner = StatisticalAligner.load(path, threads=inputs.threads)
        if self.min_prob is not None:
            self._aligner.options = replace(self._aligner.options, min_prob=self.min_prob)

    def work(self, inputs: Inputs) -> Output:
        """Link the words of a shard."""
        assert self._aligner is not None
        return linked(self._aligner.align_tokens, inputs)


@dataclass(kw_only=True)
class AlignByBackend(Step):
    """Learns and aligns with an aligner that cannot be saved: what is missing is aligned by one that learns anew."""

    use: str
    settings: Mapping[str, Any]
    bitext: Bitext = ()
    limit: int = 0
    name: str = "align"
    together: bool = True
    _aligner: Aligner | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("pairs", "tokens", True))
        self.options = {
            **ALIGNERS.identity(self.use, self.settings, content=model_digest),
            **bitext_options(self.bitext, self.limit),
        }

    def prepare(self, inputs: Inputs) -> None:
        """Learn."""
        self._aligner = make_aligner(self.use, threads=inputs.threads, **self.settings)
        self._aligner.fit_tokens(learning_text(inputs, self.bitext, self.limit))

    def work(self, inputs: Inputs) -> Output:
        """Link the words of a shard."""
        aligner = self._aligner
        assert aligner is not None
        return linked(lambda pairs: list(aligner.iter_align_tokens(pairs)), inputs)


def linked(align: Callable[[Sequence[TokenPair]], list[Alignment]], inputs: Inputs) -> Output:
    """The links of a shard; pairs that cannot be aligned have none, and a reason."""
    pairs: list[TokenPair] = list(zip(*loads(inputs.part("pairs", "tokens")), strict=True))
    found = each_by_itself(align, pairs)
    faults = {
        str(index): [None, f"the aligner failed on the pair ({in_words(one)})", None]
        for index, one in enumerate(found)
        if isinstance(one, Exception)
    }
    links = [None if isinstance(one, Exception) else one for one in found]
    return _output(links, faults)


def _output(links: Sequence[Alignment | None], faults: Mapping[str, Any]) -> Output:
    facts = {
        "sentences": len(links),
        "links": sum(len(one) for one in links if one is not None),
        "rejected": len(faults),
    }
    return Output({"links": dump_links(links), "faults": dumps(faults)}, facts)


@dataclass(kw_only=True)
class AlignByModel(Step):
    """Links the words of a shard with a pre-trained model, which learns nothing from the corpus."""

    use: str
    settings: Mapping[str, Any]
    name: str = "align"
    parallel: bool = True
    _aligner: Aligner | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"),)
        self.options = {
            **ALIGNERS.identity(self.use, self.settings, content=model_digest),
        }

    def prepare(self, inputs: Inputs) -> None:
        """Make the aligner, which loads its model when it is first used."""
        self._aligner = make_aligner(self.use, threads=inputs.threads, **self.settings)

    def work(self, inputs: Inputs) -> Output:
        """Link the words of a shard."""
        aligner = self._aligner
        assert aligner is not None
        return linked(lambda pairs: list(aligner.iter_align_tokens(pairs)), inputs)


@dataclass(kw_only=True)
class NoLinks(Step):
    """Links nothing, for methods of projection that look at no links."""

    name: str = "align"

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"),)

    def work(self, inputs: Inputs) -> Output:
        """An alignment without links for each pair."""
        n_pairs = len(loads(inputs.part("pairs", "tokens"))[0])
        return _output([Alignment.from_links([])] * n_pairs, {})


@dataclass(kw_only=True)
class GivenLinks(Step):
    """Takes the links of a shard from a file made elsewhere, one line a pair."""

    path: Path
    shown: str
    shard: int
    limit: int = 0
    name: str = "align"
    _links: Iterator[Alignment] | None = None
    _at: int = 0

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need("pairs", "tokens", True))
        self.options = {"sha256": file_digest(self.path, self.shown), "limit": self.limit}

    def prepare(self, inputs: Inputs) -> None:
        """Check that there are as many lines as pairs, and begin to read."""
        n_pairs = sum(len(loads(data)[0]) for data in inputs.all("pairs", "tokens"))
        n_lines = sum(1 for _ in self._read())
        if n_lines != n_pairs and not (self.limit and n_lines > n_pairs):
            raise PairError(
                f"{n_lines} lines of links, but {n_pairs} sentence pairs",
                where=self.shown,
                hint="Links and sentences must belong together line by line; an empty line stands for no links.",
            )
        self._links, self._at = self._read(), 0

    def _read(self) -> Iterator[Alignment]:
        try:
            yield from read_links(self.path)
        except Exception as error:
            where = getattr(error, "where", None)
            if where is not None:
                error.where = where.replace(str(self.path), self.shown)  # type: ignore[attr-defined]
            raise

    def work(self, inputs: Inputs) -> Output:
        """Read the links of a shard; shards come in order, some are passed over."""
        assert self._links is not None
        n_pairs = len(loads(inputs.part("pairs", "tokens"))[0])
        passed_over = inputs.shard * self.shard - self._at
        links = list(itertools.islice(self._links, passed_over, passed_over + n_pairs))
        self._at = inputs.shard * self.shard + n_pairs
        return _output(links, {})
