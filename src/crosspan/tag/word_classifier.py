"""Models that give every piece of a word probabilities of tags, as taggers of words, whatever runs them.

A model gets our words as they are, cut into its pieces; what it says of pieces becomes what it says of words. Long
sentences are read in overlapping windows, none is cut off. What runs the model is left to
:mod:`crosspan.tag.transformers` and :mod:`crosspan.tag.onnx`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.core.locks import Lock
from crosspan.core.options import AtLeast, OneOf, checked
from crosspan.core.types import Sentence, Span
from crosspan.models.batching import Advance, in_batches, padded
from crosspan.models.pieces import (
    Marks,
    Pieces,
    Window,
    WordChoice,
    longest_input,
    pieces_of,
    recorded_marks,
    special_pieces,
    windows_of,
)
from crosspan.models.romanizing import Romanize, as_read, to_read_with
from crosspan.tag.crf import relabel, tags_of
from crosspan.tag.decoding import SCHEMES, best_spans, check_needed, columns_of, parsed_names

Float32Array = npt.NDArray[np.float32]
Int64Array = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordClassifierOptions:
    """How a token-classification model labels words.

    Args:
        model: Name on the hub, or the folder of the model.
        words: What a word of several pieces takes its probabilities from: its "first" piece, the "average" of all,
            or the one that is surest of its tag ("max").
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: "skip"
            leaves them out, "keep" takes them as any other, as most programs do, and "auto" does as was done where the
            model was trained, and skips where it does not say.
        labels: New names of labels or tags, such as PERSON=PER,GPE=LOC,DATE=O; what becomes O is no entity.
        others: What becomes of labels that are not named in labels: "keep" or "drop".
        needed: Labels that the model must know; without one of them it is not loaded.
        scheme: How the model writes spans, where its tags do not tell: IOB1 looks like IOB2.
        romanize: Whether the model is given words of other scripts in Latin letters: "yes", "no", or "auto": as it was
            trained. What comes out are the words as they were.
        overlap: Pieces that neighbouring windows of a long sentence share; -1 is a quarter of a window.
        budget: Most pieces of a batch, padding included; memory that runs out halves it.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    words: WordChoice = "first"
    marks: Literal["auto", "skip", "keep"] = "auto"
    labels: tuple[str, ...] = ()
    others: Literal["keep", "drop"] = "keep"
    needed: tuple[str, ...] = ()
    scheme: Annotated[str, OneOf(SCHEMES)] = "auto"
    romanize: Romanize = "auto"
    overlap: Annotated[int, AtLeast(-1)] = -1
    budget: Annotated[int, AtLeast(1)] = 8_192

    def __post_init__(self) -> None:
        checked(self)
        parsed_names(self.labels)


class WordClassifier(ABC):
    """A :class:`~crosspan.tag.Tagger` around a token-classification model.

    Tags are decoded so that they are always valid IOB2. The score of a span is its exact probability where words are
    labelled independently of one another and only valid sequences count: that it begins at its first word, goes on
    to its last, and does not go on after it (:func:`crosspan.tag.decoding.best_spans`).

    Args:
        options: How it labels words.
        config: Configuration of the model: it names the tags.
        tokenizer: The tokenizer of the model.
        threads: Threads to use; all cores by default.

    Raises:
        ModelError: The model does not name its labels, or lacks one that is needed.
        OptionError: An option has a value that it cannot take.
    """

    def __init__(self, options: WordClassifierOptions, config: Any, tokenizer: Any, threads: int | None) -> None:
        self.name = options.model
        self.threads = threads
        self._how = options
        self._marks: Marks = recorded_marks(config) if options.marks == "auto" else options.marks
        self._romanize = to_read_with(config, options.romanize, self.name)
        names = [str(config.id2label[index]) for index in sorted(config.id2label)]
        self._n_tags = len(names)
        self._columns = columns_of(
            names,
            mapping=parsed_names(options.labels),
            scheme=options.scheme,
            others=options.others,
            where=self.name,
        )
        check_needed(self.labels, options.needed, self.name)
        self._tokenizer = tokenizer
        self._turn = Lock()  # a tokenizer has settings, which it changes while it cuts
        self._longest = longest_input(tokenizer, config)
        self._special = special_pieces(tokenizer, self.name)

    _other_precision = "Its weights are damaged: fetch it again."
    """What to do where the model gives values that are no numbers."""

    @abstractmethod
    def _computed(self, ids: Int64Array, mask: Int64Array, row: Int64Array, at: Int64Array) -> Float32Array:
        """Run the model.

        Args:
            ids: Numbers of pieces, padded, ``[n_rows, longest]``.
            mask: 1 where a piece is, 0 where there is padding.
            row: The rows of the pieces whose probabilities are wanted.
            at: Their places in these rows.

        Returns:
            Probabilities of the model's own tags, ``[n_wanted, n_tags]``.
        """

    @abstractmethod
    def _at_work(self) -> AbstractContextManager[None]:
        """What is to hold while the model runs, such as how many threads it uses."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, as they are called here, sorted."""
        return self._columns.labels

    @property
    def tags(self) -> tuple[str, ...]:
        """``O``, and ``B-`` and ``I-`` of each label: the columns of :meth:`probabilities`."""
        return tags_of(self.labels)

    def tag(self, sentences: Sequence[Sentence], *, advance: Advance | None = None) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`.

        Args:
            sentences: What to label.
            advance: Called with windows done and all there are.

        Raises:
            ModelError: The model gives no numbers.
            UnavailableError: Memory is too small for one window, or the device failed.
        """
        found = self.spans_of(self.probabilities(sentences, advance=advance))
        return [relabel(sentence, spans) for sentence, spans in zip(sentences, found, strict=True)]

    def spans_of(self, rows: Sequence[Float32Array]) -> list[tuple[Span, ...]]:
        """The spans that :meth:`tag` finds, from what :meth:`probabilities` gave."""
        return best_spans(rows, self.labels, self.threads)

    def probabilities(self, sentences: Sequence[Sentence], *, advance: Advance | None = None) -> list[Float32Array]:
        """The probability of each tag at each word; see :class:`~crosspan.tag.Tagger` and :meth:`tag`.

        Labels that are no entities here count as ``O``.
        """
        words = as_read([sentence.tokens for sentence in sentences], self._romanize)
        with self._turn:
            pieces = pieces_of(self._tokenizer, words, self._marks)
        rows = self._rows(pieces, advance)
        found = []
        for one, row in zip(pieces, rows, strict=True):
            if self._how.words != "first" and len(one):
                row = _of_words(row, one.told().first(), self._how.words)
            found.append(self._columns.iob2(row))
        return found

    def _rows(self, pieces: Sequence[Pieces], advance: Advance | None) -> list[Float32Array]:
        """Probabilities of the model's own tags: of the first piece of each word, or of all that tell of it."""
        windows = [
            (index, window) for index, one in enumerate(pieces) if len(one) for window in self._windows_of(len(one))
        ]
        first_only = self._how.words == "first"
        starts = [one.first() if first_only else one.telling() for one in pieces]

        def compute(batch: npt.NDArray[np.int64]) -> list[Float32Array]:
            chosen = [windows[at] for at in batch.tolist()]
            ids = [pieces[index].ids[window.begin : window.end] for index, window in chosen]
            wanted = []
            for index, window in chosen:
                at = starts[index]
                wanted.append(at[(at >= window.keep_begin) & (at < window.keep_end)] - window.begin)
            return self._read(ids, wanted)

        lengths = [window.end - window.begin + sum(map(len, self._special)) for _, window in windows]
        with self._at_work():
            found = in_batches(lengths, compute, budget=self._how.budget, advance=advance)
        parts: list[list[Float32Array]] = [[] for _ in pieces]
        for (index, _), rows in zip(windows, found, strict=True):
            parts[index].append(rows)
        empty = np.zeros((0, self._n_tags), np.float32)
        return [np.concatenate(part) if part else empty for part in parts]

    def _windows_of(self, n_pieces: int) -> list[Window]:
        overlap = None if self._how.overlap < 0 else self._how.overlap
        return windows_of(n_pieces, self._longest, overlap=overlap)

    def _read(
        self, rows: Sequence[npt.NDArray[np.int32]], wanted: Sequence[npt.NDArray[np.int64]]
    ) -> list[Float32Array]:
        """Run the model over sequences of pieces; give the probabilities at the pieces that are wanted of each."""
        before, after = self._special
        whole = [[*before, *row.tolist(), *after] for row in rows]
        ids, mask = padded(whole, int(self._tokenizer.pad_token_id or 0))
        counts = [len(at) for at in wanted]
        sequence = np.repeat(np.arange(len(rows)), counts)
        place = np.concatenate([np.zeros(0, np.int64), *wanted]) + len(before)
        found = self._computed(ids, mask, sequence, place)
        if not np.isfinite(found).all():
            raise ModelError(
                "the model gives values that are no numbers",
                where=self.name,
                hint=self._other_precision,
            )
        return np.split(found, np.cumsum(counts)[:-1])


def _of_words(rows: Float32Array, first: npt.NDArray[np.int64], words: str) -> Float32Array:
    """Probabilities of words from those of their pieces."""
    if words == "average":
        counts = np.diff(np.append(first, len(rows)))
        mean: Float32Array = (np.add.reduceat(rows, first, axis=0) / counts[:, None]).astype(np.float32)
        return mean
    surest = rows.max(axis=1)
    top = np.maximum.reduceat(surest, first)
    word = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(rows))))
    at = np.flatnonzero(surest == top[word])
    return rows[at[np.unique(word[at], return_index=True)[1]]]
