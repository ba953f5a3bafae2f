"""The embedded word aligner: learns from the sentences at hand, needs no model and no download."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt

from crosspan.align.evidence import Evidence, Float32Array, weighed
from crosspan.align.expectation import Expectation, Parameters, expect
from crosspan.align.hmm import JUMP_OFFSET
from crosspan.align.learned import Learned
from crosspan.align.lexicon import Block, Floats, Smoothing, WordLexicon
from crosspan.align.numbering import WORD
from crosspan.core.arithmetic import exps
from crosspan.core.checks import each_checked
from crosspan.core.errors import EmptyInputError, ModelError
from crosspan.core.locks import Lock
from crosspan.core.options import Above, Below, Within, checked
from crosspan.core.threads import Stop, both, cores
from crosspan.core.types import Alignment, Pair

TokenPair = tuple[Sequence[str], Sequence[str]]
Progress = Callable[[int, int], None]

FIT_CELLS = 12_000_000
"""Cells learned from at a time: bounds the memory of :meth:`StatisticalAligner.fit` to about 1 GB, and what the words
learned take."""

ALIGN_CELLS = 2_000_000
"""Cells aligned at a time."""

LEARN_CELLS = 2_000_000
"""Largest sentence pair, in cells, that is learned from: in longer ones nearly everything meets everything."""


@dataclass(frozen=True, slots=True)
class StatisticalOptions:
    """Settings of the aligner; the defaults measured best over all the data sets in ``benchmarks/``.

    Args:
        diagonal_iterations: Rounds with the diagonal model.
        hmm_iterations: Rounds with the hidden Markov model.
        p_null: Prior probability that a word has no link, in (0, 1).
        tension: How strongly the diagonal model prefers the diagonal, from 0.
        min_prob: Links below this probability are not reported.
        smoothing: The lexical priors.
    """

    diagonal_iterations: Annotated[int, Within(0, 1_000)] = 4
    hmm_iterations: Annotated[int, Within(0, 1_000)] = 3
    p_null: Annotated[float, Above(0), Below(1)] = 0.05
    tension: Annotated[float, Within(0, 1_000)] = 0.0
    min_prob: Annotated[float, Within(0, 1)] = 0.05
    smoothing: Smoothing = field(default_factory=Smoothing)

    def __post_init__(self) -> None:
        checked(self)


class StatisticalAligner:
    """Word alignment by a hidden Markov model with a hierarchical lexicon, trained by agreement of both directions.

    The lexicon smooths words towards their prefixes and suffix and starts from spelling similarity (romanised, so
    across scripts). Both directions are trained together, counting the product of their posteriors (Liang, Taskar &
    Klein 2006). A link's probability is the mean of the two directions' posteriors.

    It learns in blocks of bounded size; what a block taught is the prior of the next, so that memory stays bounded
    however much text streams through. The result depends neither on the number of threads nor on chance.

    Many threads may align with one aligner at a time, also while it learns: what they see is what it knew before. It
    learns all of what :meth:`fit` is given, or nothing.

    Args:
        options: Settings.
        threads: Threads to use; all cores by default.
        learned: What it knows already; nothing by default.

    Example:
        >>> pairs = [(["the", "house"], ["das", "Haus"]), (["the", "book"], ["das", "Buch"])]
        >>> aligner = StatisticalAligner().fit_tokens(pairs)
        >>> aligner.align_tokens([(["the", "book"], ["das", "Buch"])])[0].to_pharaoh(digits=1)[:3]
        '0-0'
    """

    KIND: ClassVar[str] = "crosspan statistical aligner"
    """What its file says it is."""

    def __init__(
        self,
        options: StatisticalOptions | None = None,
        *,
        threads: int | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.options = options or StatisticalOptions()
        self.threads = threads or cores()
        nothing = Learned(WordLexicon(self.options.smoothing), np.zeros((2, 2 * JUMP_OFFSET + 1)), 0)
        self.learned = learned or nothing
        self._learning = Lock()

    @property
    def sentences_seen(self) -> int:
        """Sentence pairs that it has learned from."""
        return self.learned.sentences

    def fit(
        self, pairs: Iterable[Pair], *, bitext: Iterable[TokenPair] = (), progress: Progress | None = None
    ) -> StatisticalAligner:
        """Learn from pairs, and from further translated text before them.

        Args:
            pairs: The sentences at hand.
            bitext: More sentences of the two languages, as token sequences; read once, in bounded memory.
            progress: Called with (steps done, steps known so far).

        Raises:
            EmptyInputError: There is not one pair with words on both sides.
        """
        at_hand = ((pair.source.tokens, pair.target.tokens) for pair in each_checked("pairs", pairs, Pair))
        return self.fit_tokens(itertools.chain(bitext, at_hand), progress=progress)

    def fit_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> StatisticalAligner:
        """Learn from token sequences; the last block weighs no more than the first, but is fitted knowing the others.

        Raises:
            EmptyInputError: There is not one pair with words on both sides.
        """
        with self._learning:  # whoever comes meanwhile learns on from what this makes
            learned = self.learned.copied()
            self._learn_all(learned, pairs, progress)
            if learned.sentences == 0:
                raise EmptyInputError(
                    "there is no sentence pair to learn from", hint="Give pairs with words on both sides."
                )
            self.learned = learned
        return self

    def _learn_all(self, learned: Learned, pairs: Iterable[TokenPair], progress: Progress | None) -> None:
        done = total = 0
        lock, stop = threading.Lock(), Stop()
        batches = blocks(_without_giants(pairs), FIT_CELLS)
        batch = next(batches, [])
        numbered = learned.lexicon.numbered(batch)
        while batch:
            block = learned.lexicon.block(numbered, learning=True)
            following = next(batches, [])
            self._get_ready(batch)
            total += sum(self._rounds()) * len(batch)

            def advance(count: int, total: int = total) -> None:
                nonlocal done
                stop.check()
                with lock:  # threads report as they finish
                    done += count
                    if progress is not None:
                        progress(done, total)

            # where learning has work for one thread, another numbers the words of the next block
            learn = partial(self._learn, learned, batch, block, advance)
            _, numbered = both(learn, partial(learned.lexicon.numbered, following), self.threads, stop)
            batch = following

    def _learn(self, learned: Learned, batch: list[TokenPair], block: Block, advance: Callable[[int], None]) -> None:
        lexicon = learned.lexicon
        evidence = self._evidence(batch, learning=True)
        tables = self._first_tables(learned, block)
        lexicon.source.count(block.source)
        lexicon.target.count(block.target)
        counts = [np.zeros(len(pairs)) for pairs in block.first]
        unlinked = (np.zeros_like(lexicon.source.unlinked), np.zeros_like(lexicon.target.unlinked))
        jumps = np.zeros_like(learned.jumps)
        diagonal, with_hmm = self._rounds()
        for iteration in range(diagonal + with_hmm):
            hmm = iteration >= diagonal
            parameters = self._parameters(
                lexicon,
                learned.jumps + jumps,
                (lexicon.source.unlinked + unlinked[0], lexicon.target.unlinked + unlinked[1]),
            )
            found = expect(
                block.arrays, *weighed(block.cell_pair, tables, evidence), parameters,
                use_hmm=hmm, mean=False, threads=self.threads, advance=advance,
            )  # fmt: skip
            counts = lexicon.expected_counts(block, found.posterior)
            unlinked = _unlinked(block, found, lexicon)
            if hmm:
                jumps = np.stack([found.jumps_forward, found.jumps_backward])
            tables = self._tables(lexicon, block, counts)
        lexicon.learn(block, counts, forget_below=0.005)
        lexicon.source.unlinked = lexicon.source.unlinked + unlinked[0]
        lexicon.target.unlinked = lexicon.target.unlinked + unlinked[1]
        learned.jumps += jumps
        learned.sentences += len(batch)

    def _tables(
        self, lexicon: WordLexicon, block: Block, counts: list[Floats]
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Translation probabilities from the priors and these new counts."""
        together = [new + prior for new, prior in zip(counts, block.prior, strict=True)]
        return lexicon.probabilities(block, together, lexicon.totals(block, together), self.threads)

    def _first_tables(self, learned: Learned, block: Block) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Where to start: what is known of a word, and for a new word how often the two meet (Dice coefficient)."""
        lexicon = learned.lexicon
        meet = np.bincount(block.cell_pair, minlength=len(block.first[WORD]))
        e, f = block.first[WORD], block.second[WORD]
        freq_e = np.bincount(block.source, minlength=len(lexicon.source.vocabulary))
        freq_f = np.bincount(block.target, minlength=len(lexicon.target.vocabulary))
        start = meet / np.sqrt(freq_e[e] * freq_f[f]) + 0.05 * (block.prior[WORD] - block.known[WORD])
        if learned.sentences == 0:
            return start.astype(np.float32), start.astype(np.float32)
        zeros = [np.zeros(len(pairs)) for pairs in block.first]
        out = []
        totals = (lexicon.source.total, lexicon.target.total)
        for table, total, words in zip(self._tables(lexicon, block, zeros), totals, (e, f), strict=True):
            seen = total[WORD][words]
            out.append(((seen * table + 5.0 * start) / (seen + 5.0)).astype(np.float32))
        return out[0], out[1]

    def _parameters(self, lexicon: WordLexicon, jumps: Floats, unlinked: tuple[Floats, Floats]) -> Parameters:
        """The position models, from expected jumps and from how often each source and target word had no link."""
        forward, backward = (smooth_jumps(counts) for counts in jumps)
        null_forward, null_backward = lexicon.target.null(unlinked[1]), lexicon.source.null(unlinked[0])
        return Parameters(forward, backward, null_forward, null_backward, self.options.p_null, self.options.tension)

    def align(self, pairs: Sequence[Pair], *, progress: Progress | None = None) -> list[Alignment]:
        """Align sentence pairs, also ones that were not learned from.

        Returns:
            One alignment a pair, in order. A pair with an empty side has no links.

        Raises:
            ModelError: The aligner has learned nothing yet.
        """
        words = [(pair.source.tokens, pair.target.tokens) for pair in each_checked("pairs", pairs, Pair)]
        return self.align_tokens(words, progress=progress)

    def align_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> list[Alignment]:
        """Like :meth:`align`, for token sequences."""
        return list(self.iter_align_tokens(pairs, progress=progress))

    def iter_align_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> Iterator[Alignment]:
        """Align a stream of any length in bounded memory.

        Raises:
            ModelError: The aligner has learned nothing yet.
        """
        learned = self.learned
        if learned.sentences == 0:
            raise ModelError("the aligner has learned nothing yet", hint="Call fit first, or load a saved model.")
        done = 0
        for batch in blocks(pairs, ALIGN_CELLS, keep_empty=True):
            yield from self._align(learned, batch)
            done += len(batch)
            if progress is not None:
                progress(done, done)

    def _align(self, learned: Learned, batch: list[TokenPair]) -> list[Alignment]:
        numbered = learned.lexicon.numbered(batch)
        lexicon = learned.lexicon.visited(numbered)
        block = lexicon.block(numbered, learning=False)
        totals = lexicon.source.total, lexicon.target.total
        parameters = self._parameters(lexicon, learned.jumps, (lexicon.source.unlinked, lexicon.target.unlinked))
        tables = lexicon.probabilities(block, block.prior, totals, self.threads)
        evidence = self._evidence(batch, learning=False)
        found = expect(
            block.arrays, *weighed(block.cell_pair, tables, evidence), parameters,
            use_hmm=True, mean=True, threads=self.threads,
        )  # fmt: skip
        return to_alignments(block, self._judged(batch, block, found.posterior, evidence), self.options.min_prob)

    def _get_ready(self, batch: list[TokenPair]) -> None:
        """Find out what must be known before these pairs are learned from; here there is nothing."""

    def _rounds(self) -> tuple[int, int]:
        """Rounds of learning with the diagonal model, and with the hidden Markov model."""
        return self.options.diagonal_iterations, self.options.hmm_iterations

    def _evidence(self, batch: list[TokenPair], *, learning: bool) -> Evidence | None:
        """What else says which words belong together; here there is nothing.

        Args:
            batch: The sentence pairs.
            learning: Whether they are learned from, or aligned.
        """
        return None

    def _judged(
        self, batch: list[TokenPair], block: Block, posterior: Float32Array, evidence: Evidence | None
    ) -> Float32Array:
        """The probability of each cell of pairs that are aligned, from posterior and evidence; here the former."""
        return posterior

    def save(self, path: str | Path) -> None:
        """Write the model to one ``.npz`` file (NumPy arrays and JSON; no pickle)."""
        from crosspan.align.model_file import save

        save(self, Path(path))

    def kept(self) -> dict[str, Any]:
        """What its file holds beyond words, tables and options: plain values by name; here there is nothing."""
        return {}

    def take_back(self, kept: Mapping[str, Any]) -> None:
        """Take what :meth:`kept` gave, among other values, from a file.

        Raises:
            ValueError: It is damaged.
        """

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> StatisticalAligner:
        """Read a model that :meth:`save` wrote.

        Raises:
            ModelError: The file is damaged or not such a model.
        """
        from crosspan.align.model_file import load

        return load(Path(path), threads=threads)


def _unlinked(block: Block, found: Expectation, lexicon: WordLexicon) -> tuple[Floats, Floats]:
    source = np.bincount(block.source, found.unlinked_source, len(lexicon.source.vocabulary)).astype(np.float64)
    target = np.bincount(block.target, found.unlinked_target, len(lexicon.target.vocabulary)).astype(np.float64)
    return source, target


def smooth_jumps(counts: Floats) -> npt.NDArray[np.float32]:
    """Jump probabilities from expected counts: short jumps get a few pseudo-counts, long ones a fat tail.

    Args:
        counts: Expected jumps by width, shape (2 * JUMP_OFFSET + 1,); all zero at the start.
    """
    width = np.abs(np.arange(len(counts)) - JUMP_OFFSET - 1.0)
    total = counts.sum()
    if total == 0.0:
        weight = exps(-0.5 * width) + 0.02 / (1.0 + width)
    else:
        weight = counts + 0.5 * exps(-0.3 * width) + 1e-3 * total / ((1.0 + width) * np.sqrt(1.0 + width))
    out: npt.NDArray[np.float32] = (weight / weight.sum()).astype(np.float32)
    return out


def _without_giants(pairs: Iterable[TokenPair]) -> Iterator[TokenPair]:
    """Leave out pairs too long to learn from; only where there are no others, learn from the first of them."""
    giant: TokenPair | None = None
    ordinary = False
    for pair in pairs:
        if len(pair[0]) * len(pair[1]) <= LEARN_CELLS:
            ordinary = ordinary or (len(pair[0]) > 0 and len(pair[1]) > 0)
            yield pair
        elif giant is None:
            giant = pair
    if giant is not None and not ordinary:
        yield giant


def blocks(pairs: Iterable[TokenPair], cells: int, *, keep_empty: bool = False) -> Iterator[list[TokenPair]]:
    """Group a stream of pairs into lists of at most so many cells (a larger pair stands alone).

    Args:
        pairs: Token sequences.
        cells: The limit.
        keep_empty: Keep pairs with an empty side; they cannot be learned from.
    """
    batch: list[TokenPair] = []
    held = 0
    for pair in pairs:
        size = len(pair[0]) * len(pair[1])
        if size == 0 and not keep_empty:
            continue
        if batch and (held + size > cells or len(batch) >= cells // 20):
            yield batch
            batch, held = [], 0
        batch.append(pair)
        held += size
    if batch:
        yield batch


def to_alignments(block: Block, posterior: npt.NDArray[np.float32], min_prob: float) -> list[Alignment]:
    """Cut a block's cell posteriors into one alignment a pair."""
    cells = np.flatnonzero(posterior >= min_prob)
    prob = np.minimum(posterior[cells], np.float32(1.0))
    pair = np.searchsorted(block.cell_ptr, cells, side="right") - 1
    n_target = np.diff(block.target_ptr)[pair]
    inside = cells - block.cell_ptr[pair]
    i, j = inside // np.maximum(n_target, 1), inside % np.maximum(n_target, 1)
    i, j = i.astype(np.int32), j.astype(np.int32)
    ends = np.searchsorted(pair, np.arange(len(block.cell_ptr)))
    return [Alignment(i[a:b], j[a:b], prob[a:b]) for a, b in itertools.pairwise(ends.tolist())]
