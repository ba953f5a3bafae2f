"""A tagger that needs no download: a conditional random field over features of words, fast and small."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.locks import Lock
from crosspan.core.options import Within, checked
from crosspan.core.types import Sentence, Span
from crosspan.tag import EMBEDDED, chain, features
from crosspan.tag.word_types import WordTypes

if TYPE_CHECKING:
    from crosspan.tag.lexicon import Lexicon

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Bias = Sequence[float] | Float64Array

MOST_WORD_TYPES = 300_000
"""A tagger forgets what it noted of words when it has seen this many types, so that its memory stays bounded."""


@dataclass(frozen=True, slots=True)
class FeatureOptions:
    """Which features a tagger looks at.

    Args:
        ngrams: Length of the pieces of the word itself that are features; 0 for none.
        wide: Whether pairs of neighbouring words are features too.
        lexicon: Whether the embedded lexicon of names is looked up.
    """

    ngrams: Annotated[int, Within(0, 100)] = 0
    wide: bool = False
    lexicon: bool = True

    def __post_init__(self) -> None:
        checked(self)


@dataclass(frozen=True, slots=True, eq=False)
class CrfModel:
    """The numbers of a conditional random field.

    Args:
        labels: Kinds of entity, sorted.
        options: The features it was trained with.
        keys: Keys of its features, uint32 ``[f]``, ascending.
        weights: Their weights, float32 ``[f, k]`` for ``k = 2 * len(labels) + 1`` tags.
        transition: Scores of neighbouring tags, float64 ``[k + 1, k]``; the last row is the beginning of a sentence.
        temperature: Scores are divided by it where probabilities are asked for.
        card: What is known of its training, as plain values.
    """

    labels: tuple[str, ...]
    options: FeatureOptions
    keys: npt.NDArray[np.uint32]
    weights: Float32Array
    transition: Float64Array
    temperature: float = 1.0
    card: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class TokenBatch:
    """Sentences as flat arrays.

    Args:
        first: Offsets of sentences, int64 ``[s + 1]``.
        parts: How many parts the features of each token have; see :func:`crosspan.tag.features.extract`.
        part_offsets: Offsets of the parts of each token, int64 ``[n * parts + 1]``.
        keys: Features, uint32.
    """

    first: npt.NDArray[np.int64]
    parts: int
    part_offsets: npt.NDArray[np.int64]
    keys: npt.NDArray[np.uint32]

    @property
    def offsets(self) -> npt.NDArray[np.int64]:
        """Offsets of the features of each token, int64 ``[n + 1]``."""
        return np.ascontiguousarray(self.part_offsets[:: self.parts])


class FeatureMaker:
    """Turns sentences into features; keeps what it knows of words from call to call.

    Args:
        options: Which features to make.
    """

    def __init__(self, options: FeatureOptions) -> None:
        self.options = options
        self._lexicon = _lexicon() if options.lexicon else None
        self._lock = Lock()
        self._fresh()

    def _fresh(self) -> None:
        self._types = WordTypes(ngrams=self.options.ngrams)
        self._upper = np.zeros(0, np.int8)

    def batch(self, token_lists: Sequence[Sequence[str]], threads: int | None = None) -> TokenBatch:
        """The features of tokenised sentences; many threads may ask at a time.

        Args:
            token_lists: The sentences.
            threads: Threads to use; all cores by default.
        """
        first = chain.flat_offsets([len(tokens) for tokens in token_lists])
        with self._lock:  # what is known of words grows by new arrays: those that are taken here stay as they are
            if len(self._types.words) > MOST_WORD_TYPES:
                self._fresh()
            ids = self._types.ids(token for tokens in token_lists for token in tokens)
            words, attributes, bag = self._types.words, self._types.attributes, self._types.bag
            known = len(self._upper)
            if len(words) > known:
                new = np.array([_case(word) for word in words[known:]], np.int8)
                self._upper = np.concatenate([self._upper, new])
            upper = self._upper
        if self._lexicon is None:
            found = np.zeros((len(ids), 3), np.uint32)
        else:
            found = np.stack(self._lexicon.match(ids, first, words), axis=1)
        wide = self.options.wide
        offsets, keys = features.extract(first, ids, attributes, bag, upper, found, wide=wide, threads=threads)
        return TokenBatch(first, features.WIDE_PARTS if wide else features.PARTS, offsets, keys)


def _lexicon() -> Lexicon:
    from crosspan.tag.lexicon import Lexicon

    return Lexicon.load()


def _case(word: str) -> int:
    """0 without a letter, 2 with a capital at its beginning, else 1."""
    return 2 if word[:1].isupper() else 1 if any(character.isalpha() for character in word) else 0


class CrfTagger:
    """A :class:`~crosspan.tag.Tagger` that is a conditional random field (Lafferty, McCallum and Pereira 2001).

    Tags are decoded so that they are always valid IOB2. The score of a span is its exact probability under the model.
    Many threads may use one tagger at a time.

    Args:
        model: What was learned.
        threads: Threads to use; all cores by default. The result does not depend on it.
    """

    def __init__(self, model: CrfModel, *, threads: int | None = None) -> None:
        self.model = model
        self.threads = threads
        self._maker = FeatureMaker(model.options)
        self._table: tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]] = features.build_table(model.keys)
        self._weights = features.in_fours(model.weights)

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, sorted."""
        return self.model.labels

    @property
    def tags(self) -> tuple[str, ...]:
        """``O``, and ``B-`` and ``I-`` of each label: the columns of :meth:`probabilities`."""
        return tags_of(self.model.labels)

    @property
    def card(self) -> Mapping[str, Any]:
        """What is known of its training, as plain values."""
        return self.model.card

    def tag(self, sentences: Sequence[Sentence], *, entity_bias: Sequence[Bias] | None = None) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`.

        Args:
            sentences: What to label.
            entity_bias: For each sentence, what is taken from the score of ``O`` of each token: log odds of being part
                of an entity that are known from elsewhere.
        """
        return self._decoded(sentences, entity_bias, chances=False)[0]

    def probabilities(
        self, sentences: Sequence[Sentence], *, entity_bias: Sequence[Bias] | None = None
    ) -> list[Float32Array]:
        """The probability of each tag at each token; see :class:`~crosspan.tag.Tagger` and :meth:`tag`."""
        first, emission = self._scores(sentences, entity_bias)
        out = np.zeros_like(emission)
        if len(emission):
            model = self.model
            chain.marginals(first, emission, model.transition, model.temperature, out, self.threads)
        return _by_sentence(out, first)

    def tag_with_probabilities(
        self, sentences: Sequence[Sentence], *, entity_bias: Sequence[Bias] | None = None
    ) -> tuple[list[Sentence], list[Float32Array]]:
        """What :meth:`tag` and :meth:`probabilities` say, for little more than the cost of one of them."""
        return self._decoded(sentences, entity_bias, chances=True)

    def _decoded(
        self, sentences: Sequence[Sentence], bias: Sequence[Bias] | None, *, chances: bool
    ) -> tuple[list[Sentence], list[Float32Array]]:
        first, emission = self._scores(sentences, bias)
        best, scores = np.zeros(len(emission), np.int64), np.zeros(len(emission))
        probabilities = np.zeros((len(emission) if chances else 0, emission.shape[1]))
        if len(emission):
            model = self.model
            chain.best_spans(
                first, emission, model.transition, model.temperature, best, scores, probabilities, self.threads
            )
        out = []
        for sentence, begin, end in zip(sentences, first[:-1].tolist(), first[1:].tolist(), strict=True):
            spans = [
                Span(start, stop, self.labels[label], round(float(scores[begin + start]), 4))
                for start, stop, label in spans_of(best[begin:end])
            ]
            out.append(relabel(sentence, spans))
        return out, _by_sentence(probabilities, first) if chances else []

    def save(self, path: str | Path) -> None:
        """Write the model, all or nothing; the same model gives the same bytes.

        Raises:
            OutputError: The file cannot be written.
        """
        from crosspan.tag.model_file import save_model

        save_model(self.model, path)

    @classmethod
    def load(cls, path: str | Path, *, threads: int | None = None) -> CrfTagger:
        """Read a model that was saved.

        Raises:
            ModelError: The file cannot be read, is damaged, or is something else.
        """
        from crosspan.tag.model_file import load_model

        return cls(load_model(path), threads=threads)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self.model, self.threads)

    def _scores(
        self, sentences: Sequence[Sentence], bias: Sequence[Bias] | None
    ) -> tuple[npt.NDArray[np.int64], Float64Array]:
        batch = self._maker.batch([sentence.tokens for sentence in sentences], self.threads)
        emission = np.zeros((len(batch.offsets) - 1, len(self.tags)))
        if len(emission):
            features.score(batch.offsets, batch.keys, self._table, self._weights, emission, self.threads)
            if bias is not None:
                emission[:, 0] -= np.concatenate([np.asarray(row, np.float64) for row in bias])
        return batch.first, emission


def _by_sentence(rows: Float64Array, first: npt.NDArray[np.int64]) -> list[Float32Array]:
    return [rows[begin:end].astype(np.float32) for begin, end in itertools.pairwise(first.tolist())]


def _restored(model: CrfModel, threads: int | None) -> CrfTagger:
    return CrfTagger(model, threads=threads)


def tags_of(labels: Sequence[str]) -> tuple[str, ...]:
    """The IOB2 tags of labels.

    Example:
        >>> tags_of(["LOC", "PER"])
        ('O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER')
    """
    return ("O", *(f"{prefix}-{label}" for label in labels for prefix in "BI"))


def spans_of(tags: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Begin, end and number of the label of each entity in valid tags.

    Example:
        >>> spans_of(np.array([0, 1, 2, 3, 0]))
        [(1, 3, 0), (3, 4, 1)]
    """
    found: list[tuple[int, int, int]] = []
    for index in np.flatnonzero(tags).tolist():
        tag = int(tags[index])
        if tag % 2:
            found.append((index, index + 1, tag // 2))
        else:
            found[-1] = (found[-1][0], index + 1, found[-1][2])
    return found


def relabel(sentence: Sentence, spans: Sequence[Span]) -> Sentence:
    """The same sentence with other spans."""
    return Sentence(sentence.tokens, tuple(spans), sentence.id, sentence.lang, sentence.text, sentence.offsets)


def load_crf(model: str | os.PathLike[str], *, threads: int | None = None) -> CrfTagger:
    """Load a tagger of this kind.

    Args:
        model: The language of one that is embedded (:data:`crosspan.tag.EMBEDDED`), or the path of a model.
        threads: Threads to use; all cores by default.

    Raises:
        ModelError: The file cannot be read, is damaged, or is something else.

    Example:
        >>> load_crf("en").labels
        ('LOC', 'ORG', 'PER')
    """
    name = os.fspath(model)
    place = files("crosspan.tag") / "data" / f"{name}.crf" if name in EMBEDDED else name
    return CrfTagger.load(str(place), threads=threads)
