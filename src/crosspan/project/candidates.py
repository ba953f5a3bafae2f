"""Projection by candidates: score every range of target words for every entity, then choose the best matching."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crosspan.core.locks import Lock
from crosspan.core.types import Alignment, Pair, Projection
from crosspan.project.batch import PairBatch
from crosspan.project.candidate_options import AlignForm, CandidateKind, CandidateOptions, Scoring
from crosspan.project.fused import AddedScores, highest
from crosspan.project.match import Matching, match
from crosspan.project.memory import entity_names
from crosspan.project.ner_candidates import given_ranges
from crosspan.project.observed import Observed, fingerprint
from crosspan.project.results import Reason, assemble
from crosspan.project.scorers import Scorer
from crosspan.project.scoring import LinearScores, memory_columns, probabilities
from crosspan.project.weights import Weights
from crosspan.project.words import Words

if TYPE_CHECKING:
    from crosspan.tag import Tagger
    from crosspan.translate import ScoringTranslator

Floats = npt.NDArray[np.float64]

PART = 200_000
"""About as many candidates are worked on at once where all n-grams are candidates."""

__all__ = [
    "AlignForm",
    "CandidateKind",
    "CandidateOptions",
    "CandidateProjector",
    "Candidates",
    "Observed",
    "RunnerUp",
    "Scorer",
    "Scoring",
]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates of a batch.

    Args:
        span: Index of the source span in the batch, int32, ascending.
        start: First target word, int32.
        end: Word after the last, int32.
        words: Hash of the lower-cased words, uint64.
        features: What speaks for and against, float32, shape (candidates, features); columns are named by
            :data:`crosspan.project.features.FEATURES`.
    """

    span: npt.NDArray[np.int32]
    start: npt.NDArray[np.int32]
    end: npt.NDArray[np.int32]
    words: npt.NDArray[np.uint64]
    features: npt.NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.span)

    def where(self, keep: npt.NDArray[np.bool_]) -> Candidates:
        """Some of the candidates."""
        return Candidates(self.span[keep], self.start[keep], self.end[keep], self.words[keep], self.features[keep])


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """A candidate that was not chosen.

    Args:
        start: First target word.
        end: Word after the last.
        probability: Its share among all candidates of its entity and "not here", before calibration; with
            ``scores="align"`` its score.
    """

    start: int
    end: int
    probability: float


class CandidateProjector:
    """Carries spans over by matching candidates (see :mod:`crosspan.project.projector`).

    A candidate's score is the log-odds, under a linear model, of being the entity against the entity not being there;
    the matching with the highest total is then the most probable one. The confidence of a projected span is its
    probability among all candidates of its entity, calibrated on gold data.

    Args:
        options: How candidates are made, scored and matched.
        scorers: Scores of one's own by name; they count with ``options.weights[name]``, or 1.
        weights: Trained weights to take the place of the built-in ones, whatever the kind of links.
        tagger: A tagger of the target side; without it ``options.ner`` names one, which is loaded when it is needed.
        translator: A translator that gives scores; without it ``options.nmt`` names one.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> source = Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER"), Span(3, 4, "LOC")))
        >>> pair = Pair(source, Sentence(("Ada", "te", "Accra")))
        >>> projection = CandidateProjector().project([pair], [Alignment.from_pharaoh("0-0 1-1 3-2")])[0]
        >>> projection.sentence.tags()
        ['B-PER', 'O', 'B-LOC']
    """

    def __init__(
        self,
        options: CandidateOptions | None = None,
        *,
        scorers: Mapping[str, Scorer] | None = None,
        weights: Weights | None = None,
        tagger: Tagger | None = None,
        translator: ScoringTranslator | None = None,
    ) -> None:
        self.options = options or CandidateOptions()
        self.scorers = dict(scorers or {})
        self.options.check_names(self.scorers)
        self._scores = LinearScores.of(self.options, weights)
        self._added = AddedScores.of(self.options, given=self.scorers, tagger=tagger, translator=translator)
        self._observed: Observed | None = None
        self._turn = Lock()

    @property
    def memory(self) -> Observed | None:
        """What was observed of the corpus: kept, saved and given to another projector, it projects alike there."""
        return self._observed

    @memory.setter
    def memory(self, observed: Observed | None) -> None:
        self._observed = observed

    def count(self, pairs: Sequence[Pair]) -> None:
        """Count words; call it with all shards before observing any, so that all are observed alike."""
        observed = self._corpus()
        observed.counted = True
        observed.add_words(pairs)

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Learn how entities are rendered; call it with all shards before projecting any.

        Where nothing was counted, words are counted here, shard by shard.
        """
        observed = self._corpus()
        if not observed.counted:
            observed.add_words(pairs)
        observed.pairs.update(map(fingerprint, pairs))
        if self._remembers:
            batch = self._batch(pairs, alignments)
            self._remember(pairs, batch, self.candidates(pairs, batch, observed), observed)

    def _corpus(self) -> Observed:
        with self._turn:
            self._observed = self._observed or Observed()
            return self._observed

    @property
    def _remembers(self) -> bool:
        return self.options.memory and self.options.scores == "learned"

    def _batch(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> PairBatch:
        batch = PairBatch.build(pairs, alignments)
        return replace(batch, link_prob=np.ones_like(batch.link_prob)) if self.options.hard_links else batch

    def _remember(self, pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates, observed: Observed) -> None:
        confidence = probabilities(candidates.span, self._scored(batch, candidates))
        observed.memory.add(entity_names(pairs), candidates.span, candidates.words, confidence)

    def _kinds(self, batch: PairBatch, candidates: Candidates) -> npt.NDArray[np.int8]:
        """The kind of the links of each candidate."""
        return self._scores.kinds(batch)[batch.span_sentence[candidates.span]]

    def _scored(self, batch: PairBatch, candidates: Candidates) -> Floats:
        """The score of each candidate by its features."""
        return self._scores.scored(candidates.features, self._kinds(batch, candidates))

    def candidates(self, pairs: Sequence[Pair], batch: PairBatch, observed: Observed | None = None) -> Candidates:
        """The candidates of a batch with their features; memory is left at 0.

        Args:
            pairs: The pairs.
            batch: The same as arrays.
            observed: What is known of the corpus; by default that is the batch alone.
        """
        from crosspan.project.features import entity_candidates

        source = Words.of([pair.source for pair in pairs], observed.source if observed else None)
        target = Words.of([pair.target for pair in pairs], observed.target if observed else None)
        given = given_ranges(pairs, self.options, self._added.target)
        found = entity_candidates(
            self.options.max_words, self.options.reach, np.float32(max(self.options.min_mass, 1e-6)),
            self.options.trim_articles and self.options.scores == "learned",
            batch.span_ptr, batch.span_start, batch.span_end,
            batch.link_ptr, batch.link_source, batch.link_target, batch.link_prob,
            source.ptr, source.type, source.lower, source.function, source.abbreviation, source.punctuation,
            source.log_frequency, source.spellings.arrays,
            target.ptr, target.type, target.lower, target.function, target.punctuation, target.log_frequency,
            target.word_hash, target.spellings.arrays, *given,
        )  # fmt: skip
        candidates = Candidates(*found)
        keep = ~batch.bad[batch.span_sentence[candidates.span]] & self._allowed(pairs, batch, candidates)
        return candidates if keep.all() else candidates.where(keep)

    def _allowed(self, pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates) -> npt.NDArray[np.bool_]:
        """Which candidates hold no stop word, for which running counts of stop words are enough."""
        if not self.options.stop_words:
            return np.ones(len(candidates), np.bool_)
        stop = {word.lower() for word in self.options.stop_words}
        hit = [token.lower() in stop for pair in pairs for token in pair.target.tokens]
        count = np.concatenate([[0], np.cumsum(hit)])
        base = batch.target_ptr[batch.span_sentence[candidates.span]]
        return np.asarray(count[base + candidates.end] == count[base + candidates.start])

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Project the spans of aligned pairs.

        Where nothing was observed before, the pairs themselves are all that is known of the corpus.

        Returns:
            One projection a pair, in order.
        """
        found: list[Projection] = []
        for some, links, observed in self._parts(pairs, alignments):
            batch, candidates, matching, score = self._matched(some, links, observed)
            found += self._projections(some, batch, candidates, matching, self._confidence(batch, candidates, score))
        return found

    def project_with_runners_up(
        self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None], *, k: int = 5
    ) -> tuple[list[Projection], list[list[list[RunnerUp]]]]:
        """Project as :meth:`project` does, and tell what else each span could have become.

        Args:
            pairs: The pairs.
            alignments: Their links; ``None`` makes an error projection.
            k: How many other candidates to name, at most.

        Returns:
            The projections, and for each pair and each of its source spans the best candidates that were not chosen,
            best first. A span that was dropped has all of its best ones there.

        Raises:
            ValueError: ``k`` is below 0.

        Example:
            >>> from crosspan.core.types import Sentence, Span
            >>> pair = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("mjini", "Accra")))
            >>> found = CandidateProjector().project_with_runners_up([pair], [Alignment.from_pharaoh("0-0 1-1")], k=1)
            >>> [(one.start, one.end) for one in found[1][0][0]]
            [(0, 2)]
        """
        if k < 0:
            raise ValueError(f"{k} runners-up cannot be named")
        projections: list[Projection] = []
        others: list[list[list[RunnerUp]]] = []
        for some, links, observed in self._parts(pairs, alignments):
            batch, candidates, matching, score = self._matched(some, links, observed)
            others += self._runners_up(batch, candidates, matching, score, k)
            projections += self._projections(
                some, batch, candidates, matching, self._confidence(batch, candidates, score)
            )
        return projections, others

    def _runners_up(
        self, batch: PairBatch, candidates: Candidates, matching: Matching, score: Floats, k: int
    ) -> list[list[list[RunnerUp]]]:
        learned = self.options.scores == "learned"
        raw = probabilities(candidates.span, score) if learned else self._confidence(batch, candidates, score)
        others: list[list[RunnerUp]] = [[] for _ in range(batch.n_spans)]
        order = np.lexsort((-score, candidates.span))
        taken = np.zeros(len(candidates), np.bool_)
        taken[matching.chosen[matching.chosen >= 0]] = True
        taken[matching.more] = True
        order = order[~taken[order]]
        span = candidates.span[order]
        rank = np.arange(len(span)) - np.searchsorted(span, span)
        for at in order[rank < k].tolist():
            there = RunnerUp(int(candidates.start[at]), int(candidates.end[at]), float(raw[at]))
            others[candidates.span[at]].append(there)
        return [others[start:end] for start, end in pairwise(batch.span_ptr.tolist())]

    def _parts(
        self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]
    ) -> Iterator[tuple[Sequence[Pair], Sequence[Alignment | None], Observed | None]]:
        """The pairs in parts whose candidates fit into memory, with what is known of the whole."""
        observed = self._observed
        if self.options.candidates != "all_ngrams" or self._remembers or len(pairs) != len(alignments):
            yield pairs, alignments, observed
            return
        if observed is None:
            observed = Observed()
            observed.add_words(pairs)
        longest = self.options.max_words
        sizes = [len(pair.source.spans) * len(pair.target) * min(longest, len(pair.target)) for pair in pairs]
        part = np.cumsum(sizes) // PART
        edges = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(pairs)]
        for start, end in pairwise(edges):
            yield pairs[start:end], alignments[start:end], observed

    def _matched(
        self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None], observed: Observed | None
    ) -> tuple[PairBatch, Candidates, Matching, Floats]:
        """The candidates of some pairs with their scores, and which of them were chosen."""
        batch = self._batch(pairs, alignments)
        candidates = self.candidates(pairs, batch, observed)
        score = self._scored(batch, candidates)
        if self._remembers:
            if observed is None:
                observed = Observed()
                observed.pairs.update(map(fingerprint, pairs))
                self._remember(pairs, batch, candidates, observed)
            score = score + self._recalled(pairs, batch, candidates, score, observed)
        weights = {**{name: self.options.weights.get(name, 1.0) for name in self.scorers}, **self._added.weights}
        for name, scorer in {**self.scorers, **self._added.scorers}.items():
            score = score + weights[name] * np.asarray(scorer(pairs, batch, candidates), np.float64)
        matching = match(
            batch.span_ptr, candidates.span, candidates.start, candidates.end, score,
            method=self.options.matcher, n_proj=self.options.n_proj, constraint=self.options.constraint,
            settings=self.options.matching,
        )  # fmt: skip
        return batch, candidates, matching, score

    @staticmethod
    def _projections(
        pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates, matching: Matching, confidence: Floats
    ) -> list[Projection]:
        result = matching.result(candidates.start, candidates.end, confidence)
        result.reason[batch.bad[batch.span_sentence]] = Reason.ERROR
        more = matching.more_ranges(candidates.span, candidates.start, candidates.end, confidence)
        return assemble(batch, pairs, result, more=more if len(more.span) else None)

    def _recalled(
        self, pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates, score: Floats, observed: Observed
    ) -> Floats:
        from crosspan.project.features import MEMORY, MEMORY_OTHER

        # what was observed brought its own renderings in; they are taken out again
        known = np.fromiter((fingerprint(pair) in observed.pairs for pair in pairs), np.bool_, len(pairs))
        own = np.where(known[batch.span_sentence[candidates.span]], probabilities(candidates.span, score), 0.0)
        same, other = observed.memory.recall(entity_names(pairs), candidates.span, candidates.words, own)
        columns = memory_columns(same, other)
        kind = self._kinds(batch, candidates)
        return self._scores.part(MEMORY, kind) * columns[0] + self._scores.part(MEMORY_OTHER, kind) * columns[1]

    def _confidence(self, batch: PairBatch, candidates: Candidates, score: Floats) -> Floats:
        if self.options.scores != "learned":
            from crosspan.project.features import ALIGN

            weights = {"align": float(self._scores.vectors[0, ALIGN]), **self._added.weights}
            return np.clip(score / highest(weights), 0.0, 1.0)
        return self._scores.calibrated(probabilities(candidates.span, score), self._kinds(batch, candidates))
