"""How much a candidate looks like an entity to a tagger of the target language.

The ``ner`` and ``ner_spans`` scores of Politov et al. (2025) and Shkalikov's thesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crosspan.core.logs import warn
from crosspan.core.types import Pair
from crosspan.project.ner_candidates import NerOptions, TargetTagger

if TYPE_CHECKING:
    from crosspan.project.batch import PairBatch
    from crosspan.project.candidates import Candidates
    from crosspan.tag import Tagger

Float64Array = npt.NDArray[np.float64]


class UnknownLabels(UserWarning):
    """Entities have labels that the tagger of the target side does not know."""


class NerScorer:
    """A score of candidates: mean over the words of p(B-l), p(I-l), p(I-l) …, times alpha^(words - 1).

    ``l`` is the label of the source entity; with ``spans`` it is the label with the highest score, whatever that of the
    entity is. Alpha (1.15) is a bonus for length; scores up to the floor (0.05) become 0. Entities whose label the
    tagger does not know score 0, which a warning says once.

    Args:
        options: Which tagger, alpha and the floor.
        tagger: A tagger that is loaded already.
        spans: Take the best label, not that of the entity.
        shared: What asks the tagger, to share it with other scores.
        threads: Threads of the tagger.

    Example:
        >>> from crosspan.project.batch import PairBatch
        >>> from crosspan.project.candidates import CandidateProjector
        >>> from crosspan.core.types import Alignment, Sentence, Span
        >>> class Sure:
        ...     labels, tags = ("LOC",), ("O", "B-LOC", "I-LOC")
        ...     def probabilities(self, sentences):
        ...         return [np.array([[0.1, 0.9, 0.0], [0.2, 0.0, 0.8]], np.float32) for _ in sentences]
        >>> pair = Pair(Sentence(("Cape", "Town"), (Span(0, 2, "LOC"),)), Sentence(("Le", "Cap")))
        >>> batch = PairBatch.build([pair], [Alignment.from_pharaoh("0-0 1-1")])
        >>> candidates = CandidateProjector().candidates([pair], batch)
        >>> NerScorer(tagger=Sure())([pair], batch, candidates).round(3).tolist()  # Le, Le Cap, Cap
        [0.9, 0.977, 0.0]
    """

    def __init__(
        self,
        options: NerOptions | None = None,
        *,
        tagger: Tagger | None = None,
        spans: bool = False,
        shared: TargetTagger | None = None,
        threads: int | None = None,
    ) -> None:
        self.options = options or NerOptions()
        self.spans = spans
        self.target = shared or TargetTagger(self.options, tagger, threads)
        self._told: set[str] = set()

    def __call__(self, pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates) -> Float64Array:
        """The score of each candidate, ``[n_candidates]``."""
        out = np.zeros(len(candidates))
        if not len(candidates):
            return out
        sentence = batch.span_sentence[candidates.span]
        used, place = np.unique(sentence, return_inverse=True)
        tagger = self.target.loaded()
        rows = self.target.probabilities([pairs[index].target for index in used.tolist()])
        offset = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
        begin = offset[place] + candidates.start
        end = offset[place] + candidates.end
        flat = np.concatenate(rows).astype(np.float64)
        column = {tag: index for index, tag in enumerate(tagger.tags)}
        label = batch.span_label[candidates.span]
        if not self.spans:
            self._tell_unknown([name for name in batch.labels if name not in tagger.labels])
        for name in tagger.labels:
            at = slice(None) if self.spans else np.flatnonzero(label == _number(batch.labels, name))
            found = label_scores(flat[:, column["B-" + name]], flat[:, column["I-" + name]], begin[at], end[at])
            out[at] = np.maximum(out[at], found)
        out *= self.options.alpha ** (candidates.end - candidates.start - 1.0)
        return np.where(out <= self.options.floor, 0.0, out)

    def _tell_unknown(self, labels: Sequence[str]) -> None:
        new = [label for label in labels if label not in self._told]
        if new:
            self._told.update(new)
            warn(
                f"the tagger of the target side knows no {', '.join(new)}: the ner score of such entities is 0; "
                "give its labels other names with ner.labels, or use ner_spans",
                UnknownLabels,
                stacklevel=3,
            )


def ner_spans(
    options: NerOptions | None = None,
    *,
    tagger: Tagger | None = None,
    shared: TargetTagger | None = None,
    threads: int | None = None,
) -> NerScorer:
    """The score ``ner_spans``: :class:`NerScorer` with whatever label fits best."""
    return NerScorer(options, tagger=tagger, spans=True, shared=shared, threads=threads)


def label_scores(
    begin_prob: Float64Array,
    inside_prob: Float64Array,
    begin: npt.NDArray[np.integer],
    end: npt.NDArray[np.integer],
) -> Float64Array:
    """Mean over the words of ranges of p(B) of the first and p(I) of the others, by running sums.

    Args:
        begin_prob: p(B) of each word of a corpus, ``[n]``.
        inside_prob: p(I) of each, ``[n]``.
        begin: First word of each range.
        end: Word after its last.

    Example:
        >>> begin, inside = np.array([0.9, 0.1]), np.array([0.0, 0.7])
        >>> label_scores(begin, inside, np.array([0, 1]), np.array([2, 2])).round(2).tolist()
        [0.8, 0.1]
    """
    sums = np.concatenate([[0.0], np.cumsum(inside_prob)])
    inside = np.maximum(sums[end] - sums[begin + 1], 0.0)  # not below 0 by rounding
    found: Float64Array = (begin_prob[begin] + inside) / (end - begin)
    return found


def _number(labels: Sequence[str], name: str) -> int:
    return labels.index(name) if name in labels else -1
