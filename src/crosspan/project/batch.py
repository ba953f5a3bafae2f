"""Sentence pairs as flat arrays for compiled code.

A stage works on a :class:`PairBatch`; :mod:`crosspan.project.results` is the way back to projections.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import PairError
from crosspan.core.types import Alignment, Pair, Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Int8Array = npt.NDArray[np.int8]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """Many sentence pairs with their links, as flat arrays.

    Sentence ``s`` owns the spans ``span_ptr[s]:span_ptr[s + 1]`` and the links ``link_ptr[s]:link_ptr[s + 1]``.
    Links are strictly in order of (source, target), none is given twice, and all lie inside their sentences; the
    links of a bad sentence are left out.

    Args:
        n_source: Source tokens of each sentence, int32 ``[n]``.
        n_target: Target tokens of each sentence, int32 ``[n]``.
        span_ptr: Where each sentence's spans begin, int64 ``[n + 1]``.
        span_start: First token of each source span, int32 ``[m]``.
        span_end: One past the last token of each source span, int32 ``[m]``.
        span_label: Index of each span's label in ``labels``, int32 ``[m]``.
        labels: The label names, in order of first appearance.
        link_ptr: Where each sentence's links begin, int64 ``[n + 1]``.
        link_source: Source token of each link, int32.
        link_target: Target token of each link, int32.
        link_prob: Probability of each link, float32.
        bad: Which sentences cannot be worked on, bool ``[n]``.
        errors: What is wrong with each bad sentence.

    Attributes:
        span_sentence: The sentence that each span belongs to, int64 ``[m]``.
        source_ptr: Where each sentence's tokens begin among all source tokens, int64 ``[n + 1]``.
        target_ptr: Where each sentence's tokens begin among all target tokens, int64 ``[n + 1]``.
    """

    n_source: Int32Array
    n_target: Int32Array
    span_ptr: Int64Array
    span_start: Int32Array
    span_end: Int32Array
    span_label: Int32Array
    labels: tuple[str, ...]
    link_ptr: Int64Array
    link_source: Int32Array
    link_target: Int32Array
    link_prob: Float32Array
    bad: BoolArray
    errors: dict[int, str] = field(default_factory=dict)
    span_sentence: Int64Array = field(init=False)
    source_ptr: Int64Array = field(init=False)
    target_ptr: Int64Array = field(init=False)

    def __post_init__(self) -> None:
        numbers = np.arange(len(self.n_source), dtype=np.int64)
        object.__setattr__(self, "span_sentence", np.repeat(numbers, np.diff(self.span_ptr)))
        object.__setattr__(self, "source_ptr", _offsets(self.n_source))
        object.__setattr__(self, "target_ptr", _offsets(self.n_target))

    def __len__(self) -> int:
        return len(self.n_source)

    @property
    def n_spans(self) -> int:
        """Number of source spans in all sentences."""
        return len(self.span_start)

    @classmethod
    def build(cls, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> PairBatch:
        """Flatten pairs and their alignments.

        A sentence whose links point outside it, or that has no alignment (``None``), is marked bad and stays in the
        batch, so that one such sentence does not stop the others.

        Args:
            pairs: Source sentences with spans, and their translations.
            alignments: The links of each pair, in the same order.

        Returns:
            The batch, with one entry a pair.

        Raises:
            PairError: There are not as many alignments as pairs.

        Example:
            >>> from crosspan.core.types import Span
            >>> pair = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("Accra", "mu")))
            >>> batch = PairBatch.build([pair, pair], [Alignment.from_pharaoh("1-0"), Alignment.from_pharaoh("1-7")])
            >>> batch.labels, batch.bad.tolist(), batch.errors[1]
            (('LOC',), [False, True], 'link 1-7 points outside a pair of 2 source and 2 target tokens')
        """
        n = len(pairs)
        if len(alignments) != n:
            raise PairError(
                f"{len(alignments)} alignments for {n} sentence pairs",
                hint="Give one alignment a pair, in the same order; a pair without links takes an empty one.",
            )
        n_source = np.fromiter((len(pair.source.tokens) for pair in pairs), np.int32, n)
        n_target = np.fromiter((len(pair.target.tokens) for pair in pairs), np.int32, n)
        spans = [span for pair in pairs for span in pair.source.spans]
        ids: dict[str, int] = {}
        label = np.fromiter((ids.setdefault(span.label, len(ids)) for span in spans), np.int32, len(spans))
        counts, source, target, prob, bad, errors = _flatten_links(alignments, n_source, n_target)
        return cls(
            n_source=n_source,
            n_target=n_target,
            span_ptr=_offsets(np.fromiter((len(pair.source.spans) for pair in pairs), np.int64, n)),
            span_start=np.fromiter((span.start for span in spans), np.int32, len(spans)),
            span_end=np.fromiter((span.end for span in spans), np.int32, len(spans)),
            span_label=label,
            labels=tuple(ids),
            link_ptr=_offsets(counts),
            link_source=source,
            link_target=target,
            link_prob=prob,
            bad=bad,
            errors=errors,
        )


def _offsets(counts: npt.NDArray[np.integer]) -> Int64Array:
    """Running total of ``counts`` with a leading 0."""
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def _flatten_links(
    alignments: Sequence[Alignment | None], n_source: Int32Array, n_target: Int32Array
) -> tuple[Int64Array, Int32Array, Int32Array, Float32Array, BoolArray, dict[int, str]]:
    """Concatenate all links; find the sentences with none or wrong ones; put links in order."""
    n = len(alignments)
    bad = np.fromiter((links is None for links in alignments), np.bool_, n)
    errors = {int(s): "there is no alignment for this pair" for s in np.flatnonzero(bad)}
    given = [links for links in alignments if links is not None and len(links.source)]
    counts = np.fromiter((0 if links is None else len(links.source) for links in alignments), np.int64, n)
    source = np.concatenate([np.empty(0, np.int32), *(links.source for links in given)]).astype(np.int32, copy=False)
    target = np.concatenate([np.empty(0, np.int32), *(links.target for links in given)]).astype(np.int32, copy=False)
    prob = np.concatenate([np.empty(0, np.float32), *(links.prob for links in given)]).astype(np.float32, copy=False)
    sentence = np.repeat(np.arange(n, dtype=np.int64), counts)

    outside = (source < 0) | (source >= n_source[sentence]) | (target < 0) | (target >= n_target[sentence])
    if outside.any():
        wrong = np.flatnonzero(outside)
        for s, at in zip(*np.unique(sentence[wrong], return_index=True), strict=True):
            link = wrong[at]
            bad[s] = True
            errors[int(s)] = (
                f"link {source[link]}-{target[link]} points outside a pair of "
                f"{n_source[s]} source and {n_target[s]} target tokens"
            )
        kept = np.flatnonzero(~bad[sentence])
        sentence, source, target, prob = sentence[kept], source[kept], target[kept], prob[kept]

    step = np.diff(target) > 0
    step |= np.diff(source) != 0
    step &= np.diff(source) >= 0
    step |= np.diff(sentence) != 0
    if not step.all():  # only alignments made by hand come unsorted or with a link twice
        order = np.lexsort((-prob, target, source, sentence))
        sentence, source, target, prob = sentence[order], source[order], target[order], prob[order]
        first = np.ones(len(source), np.bool_)
        first[1:] = (np.diff(sentence) != 0) | (np.diff(source) != 0) | (np.diff(target) != 0)
        sentence, source, target, prob = sentence[first], source[first], target[first], prob[first]
    return np.bincount(sentence, minlength=n).astype(np.int64), source, target, prob, bad, errors


class _WordlessCache(dict[str, bool]):
    """Remembers for each distinct token whether it is wordless: a corpus has far fewer types than tokens."""

    def __missing__(self, token: str) -> bool:
        wordless = not token.isalnum() and not any(unicodedata.category(char)[0] in "LMN" for char in token)
        self[token] = wordless
        return wordless


def punctuation_mask(sentences: Iterable[Sentence]) -> BoolArray:
    """Tell for every token, sentence after sentence, whether it is nothing but punctuation and symbols.

    Args:
        sentences: The sentences, whose tokens are counted through.

    Returns:
        bool ``[total tokens]``; true where a token holds no letter, mark or digit.

    Example:
        >>> punctuation_mask([Sentence(("Guinea", "-", "Bissau")), Sentence(("„", "1984"))]).tolist()
        [False, True, False, True, False]
    """
    cache = _WordlessCache()
    tokens = chain.from_iterable(sentence.tokens for sentence in sentences)
    return np.fromiter(map(cache.__getitem__, tokens), np.bool_)
