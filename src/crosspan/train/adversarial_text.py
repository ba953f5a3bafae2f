"""The text that the discriminator of languages sees: windows of sentences by language, balanced batches of them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence
from crosspan.models.batching import padded
from crosspan.models.pieces import pieces_of
from crosspan.models.romanizing import as_read
from crosspan.train.adversarial_options import AdversarialOptions, Level
from crosspan.train.adversary import layer_states, means_of
from crosspan.train.examples import Example
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_rows import Cutting

_MOST_HELD_OUT = 500
"""Windows of a language that a look at the discriminator takes at most: it is to be quick."""

_MOST, _SHORTEST = 0.9, 16
"""Windows are as long as this share of the source's, and no shorter than so many pieces."""

SOURCE = "source"
"""The name of the source's class, and that of its language where the sentences do not name one."""


@dataclass(frozen=True, slots=True, eq=False)
class TextRow:
    """A window of a sentence.

    Args:
        ids: Its pieces with the special ones.
        begin: The first of the pieces that the discriminator judges: no special ones, each in one window only.
        end: After the last of them.
        lang: Index of its language.
    """

    ids: npt.NDArray[np.int32]
    begin: int
    end: int
    lang: int


@dataclass(frozen=True, slots=True, eq=False)
class TextBatch:
    """Rows as arrays, and the pieces that are judged.

    Args:
        ids: Pieces, ``[rows, longest]``.
        mask: 0 where there is none.
        row: The row of each piece that is judged, ``[n]``.
        at: Its place in the row, ``[n]``.
        lang: Index of the language of each row, ``[rows]``.
    """

    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]
    row: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    lang: npt.NDArray[np.int64]


class LanguageText:
    """Text of the source and of other languages.

    Args:
        langs: Names of the languages; those of the source first.
        sources: How many of them are of the source.
        classes: "binary" or "each", see :class:`~crosspan.train.adversarial_options.AdversarialOptions`.
        learned: Rows of each language that the discriminator learns from.
        held: Rows of each language that it is measured on.
        seed: Of the order.

    Example:
        >>> row = lambda lang, n: TextRow(np.arange(n, dtype=np.int32), 1, n - 1, lang)
        >>> text = LanguageText(("en", "de", "sw"), 1, "binary", [[row(0, 5)] * 4, [row(1, 4)], [row(2, 6)] * 9], [])
        >>> text.classes, text.class_of.tolist(), text.shares.tolist()
        (('source', 'other'), [0, 1, 1], [0.5, 0.25, 0.25])
        >>> [one.lang for one in text.batch(0, 8)]
        [0, 0, 0, 0, 1, 1, 2, 2]
    """

    def __init__(
        self,
        langs: tuple[str, ...],
        sources: int,
        classes: str,
        learned: Sequence[Sequence[TextRow]],
        held: Sequence[Sequence[TextRow]],
        seed: int = 0,
    ) -> None:
        self.langs, self.sources, self.learned, self.held, self.seed = langs, sources, learned, held, seed
        binary = classes == "binary"
        others = len(langs) - sources
        self.classes = (SOURCE, "other") if binary else langs
        self.class_of = np.repeat([0, 1], [sources, others]) if binary else np.arange(len(langs))
        # what each language counts: all classes the same, and within a class all languages
        counts = np.bincount(self.class_of)
        self.shares: npt.NDArray[np.float64] = 1.0 / (len(counts) * counts[self.class_of])
        self._order: dict[tuple[int, int], npt.NDArray[np.int64]] = {}

    @property
    def rows(self) -> list[TextRow]:
        """All rows, those held out among them."""
        return [row for rows in (*self.learned, *self.held) for row in rows]

    @property
    def chance(self) -> float:
        """The share of the largest class, which one reaches without looking."""
        return float(np.bincount(self.class_of, weights=self.shares).max())

    def batch(self, number: int, size: int) -> list[TextRow]:
        """The rows of a batch: of each language as many as its share, and at least one.

        Args:
            number: Of the batch; it alone decides which rows these are.
            size: About how many rows.
        """
        found = []
        for lang, rows in enumerate(self.learned):
            count = max(1, round(size * float(self.shares[lang])))
            for at in range(number * count, (number + 1) * count):
                epoch, within = divmod(at, len(rows))
                found.append(rows[self._permutation(lang, epoch)[within]])
        return found

    def _permutation(self, lang: int, epoch: int) -> npt.NDArray[np.int64]:
        if (lang, epoch) not in self._order:
            for old in [key for key in self._order if key[0] == lang and key[1] < epoch - 1]:
                del self._order[old]
            chance = np.random.default_rng([self.seed, 2, lang, epoch])
            self._order[lang, epoch] = chance.permutation(len(self.learned[lang]))
        return self._order[lang, epoch]

    def weights(self, rows: Sequence[TextRow], level: Level) -> npt.NDArray[np.float32]:
        """How much a piece, or a sentence, of each language counts: each language its share, in all 1.

        Args:
            rows: All that are looked at together.
            level: Whether pieces are judged, or sentences.
        """
        counts = np.zeros(len(self.langs))
        for row in rows:
            counts[row.lang] += row.end - row.begin if level == "token" else 1
        there = self.shares * (counts > 0)
        found: npt.NDArray[np.float32] = (there / there.sum() / counts.clip(1)).astype(np.float32)
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """Windows of each language: those learned from, and those the discriminator is measured on."""
        return {
            lang: {"learned": len(self.learned[at]), "held_out": len(self.held[at])}
            for at, lang in enumerate(self.langs)
        }

    def digest(self) -> str:
        """What the course of a training depends on."""
        digest = hashlib.sha256(repr((self.langs, self.sources, self.classes)).encode())
        for rows in (*self.learned, *self.held):
            for row in rows:
                digest.update(row.ids.tobytes() + f"|{row.begin},{row.end}|".encode())
            digest.update(b"#")
        return digest.hexdigest()


def language_text(
    tokenizer: Any,
    config: Any,
    examples: Sequence[Example],
    unlabelled: Sequence[Sentence],
    sources: frozenset[str],
    options: TokenClassifierOptions,
    adversarial: AdversarialOptions,
) -> LanguageText:
    """The text of both sides, cut into windows.

    Args:
        tokenizer: Of the encoder.
        config: Its configuration.
        examples: What the task is learned from; those in a source language, or in none if none is known, are seen by
            the discriminator as well.
        unlabelled: Sentences of other languages; each names its language.
        sources: The source languages, as far as they are known.
        options: How the encoder is trained.
        adversarial: How it is kept from telling languages apart.

    Raises:
        OptionError: Unlabelled text names no language, or that of the source.
        EmptyInputError: There is too little text of a language.
    """
    given = [one for one in unlabelled if len(one)]
    _check_languages(given, sources)
    sides: dict[str, list[Sentence]] = {name: [] for name in sorted(sources) or [SOURCE]}
    for one in examples:
        lang = one.sentence.lang
        if lang in sources or (lang is None and len(sides) == 1):
            sides[lang if lang in sources and lang is not None else next(iter(sides))].append(one.sentence)
    first = sum(bool(rows) for rows in sides.values())
    if not first:
        raise OptionError(
            "which of the labelled sentences are of the source language is not known",
            hint="Say it with source_lang=….",
        )
    sides = {name: rows for name, rows in sides.items() if rows}
    others: dict[str, list[Sentence]] = {}
    for sentence in given:
        others.setdefault(str(sentence.lang), []).append(sentence)
    sides |= dict(sorted(others.items()))
    cut = _cut_as(
        tokenizer, config, [one for name in sides if name not in others for one in sides[name]], options, adversarial
    )
    learned, held = [], []
    for index, (name, sentences) in enumerate(sides.items()):
        if len(sentences) < 2:
            raise EmptyInputError(
                f"there is one sentence in {name!r}, and the discriminator needs one to learn from and one to be "
                "measured on",
                hint="Give more text of that language, or leave it out.",
            )
        count = min(len(sentences) - 1, math.ceil(adversarial.held_out * len(sentences)))
        chosen = {*np.random.default_rng([options.seed, 3, index]).permutation(len(sentences))[:count].tolist()}
        parts = [[one for at, one in enumerate(sentences) if (at in chosen) == out] for out in (False, True)]
        rows = [[*chain.from_iterable(text_rows(tokenizer, config, part, index, cut))] for part in parts]
        learned.append(rows[0])
        held.append(rows[1][:_MOST_HELD_OUT])
    return LanguageText(tuple(sides), first, adversarial.classes, learned, held, options.seed)


def _cut_as(
    tokenizer: Any,
    config: Any,
    source: Sequence[Sentence],
    options: TokenClassifierOptions,
    adversarial: AdversarialOptions,
) -> TokenClassifierOptions:
    """How long the windows are that the discriminator sees: none much longer than those of the source."""
    if adversarial.longest < 0:
        return options
    longest = adversarial.longest
    if not longest:
        lengths = [len(row.ids) for rows in text_rows(tokenizer, config, source, 0, options) for row in rows]
        longest = max(_SHORTEST, math.ceil(np.quantile(lengths, _MOST))) if lengths else 0
    return replace(options, longest=min(longest, options.longest) if options.longest else longest)


def _check_languages(unlabelled: Sequence[Sentence], sources: frozenset[str]) -> None:
    if not unlabelled:
        raise OptionError(
            "adversarial training needs unlabelled text of the target language, and there is none",
            hint="Give some (--unlabelled), or set adversarial.mode=none.",
        )
    for one in unlabelled:
        if one.lang is None:
            raise OptionError(
                "an unlabelled sentence does not say which language it is in",
                hint="Name the language of the file: --unlabelled sw=FILE.",
            )
        if one.lang in sources:
            raise OptionError(
                f"unlabelled text is in {one.lang!r}, the source language",
                hint="Give text of other languages; source_lang=… names the source.",
            )


def text_rows(
    tokenizer: Any, config: Any, sentences: Sequence[Sentence], lang: int, options: TokenClassifierOptions
) -> list[list[TextRow]]:
    """The windows of each sentence, cut as those that the task is learned from.

    Args:
        tokenizer: Of the encoder.
        config: Its configuration.
        sentences: All of one language.
        lang: Its index.
        options: How long windows are.
    """
    cut = Cutting(tokenizer, config, options)
    return [
        [
            TextRow(ids, window.keep_begin + shift, window.keep_end + shift, lang)
            for window, ids, shift in cut.windows(one)
        ]
        for one in pieces_of(tokenizer, as_read([sentence.tokens for sentence in sentences], options.romanize == "yes"))
    ]


def text_batch_of(rows: Sequence[TextRow], pad: int, multiple: int = 1) -> TextBatch:
    """Put rows together, padded to the longest of them, or to the next multiple of a number of pieces."""
    ids, mask = padded([row.ids for row in rows], pad, multiple)
    return TextBatch(
        ids,
        mask,
        np.repeat(np.arange(len(rows)), [row.end - row.begin for row in rows]),
        np.concatenate([np.arange(row.begin, row.end) for row in rows]),
        np.array([row.lang for row in rows], np.int64),
    )


def judged(
    body: Any,
    rows: Sequence[TextRow],
    options: AdversarialOptions,
    pad: int,
    there: Callable[[npt.NDArray[Any]], Any],
    *,
    multiple: int = 1,
) -> tuple[Any, npt.NDArray[np.int64]]:
    """What the discriminator judges of some rows.

    Args:
        body: The encoder.
        rows: The rows.
        options: Which layer it reads, and whether it judges pieces or sentences.
        pad: The piece that fills rows up.
        there: Brings an array to the encoder's device.
        multiple: What the length of a batch is a multiple of.

    Returns:
        Vectors in float32, ``[n, width]``, and the language of each, ``[n]``.
    """
    batch = text_batch_of(rows, pad, multiple)
    states = layer_states(body, options.layer, there(batch.ids), there(batch.mask))
    row = there(batch.row)
    vectors = states[row, there(batch.at)].float()
    if options.level == "token":
        return vectors, batch.lang[batch.row]
    return means_of(vectors, row, len(rows)), batch.lang
