"""The data of a fine-tuning, checked: what is learned from, the labels, and which side the dev sentences are of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence
from crosspan.train.examples import Example
from crosspan.train.token_options import TokenClassifierOptions


@dataclass(frozen=True, slots=True)
class TrainingData:
    """What a fine-tuning learns from and is measured on.

    Args:
        examples: Labelled sentences with words.
        labels: The kinds of entity to learn, sorted.
        dev: The sentences that choose the weights.
        dev_side: Which side these are of; see :class:`crosspan.train.token_report.TokenClassifierReport`.
        sources: The source languages, as far as they are known.
    """

    examples: tuple[Example, ...]
    labels: tuple[str, ...]
    dev: tuple[Sentence, ...]
    dev_side: str
    sources: frozenset[str]

    def facts(self, about: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the record of the model says of them."""
        return _facts(self.examples, self.labels, self.dev_side, about)


def checked_data(
    examples: Sequence[Example | Sentence],
    dev: Sequence[Sentence],
    options: TokenClassifierOptions,
    labels: Sequence[str] = (),
) -> TrainingData:
    """Check the data of a fine-tuning before anything is loaded.

    Args:
        examples: Labelled sentences.
        dev: Sentences that choose the weights.
        options: How the encoder is trained.
        labels: The kinds of entity to learn; by default those that occur.

    Raises:
        OptionError: A weight is not above 0, or the dev sentences do not fit.
        EmptyInputError: There is no entity to learn from.
    """
    given = tuple(one if isinstance(one, Example) else Example(one) for one in examples)
    given = tuple(one for one in given if len(one.sentence))
    kinds = _kinds(given, labels)
    gold = tuple(one for one in dev if len(one))
    side = _dev_side(given, gold, kinds, not labels, options)
    sources = {options.source_lang} if options.source_lang else _source_langs(given)
    return TrainingData(given, kinds, gold, side, frozenset(sources))


def _kinds(given: Sequence[Example], labels: Sequence[str]) -> tuple[str, ...]:
    found = {span.label for one in given for span in one.sentence.spans}
    if not (found & {*labels} if labels else found):
        raise EmptyInputError(
            "there is no labelled entity to learn from", hint="Check that the sentences have labels, and which."
        )
    for one in given:
        if not one.weight > 0:
            raise OptionError(f"an example has the weight {one.weight}", hint="Weights must be above 0.")
    return tuple(sorted({*labels} or found))


def _dev_side(
    given: Sequence[Example],
    gold: Sequence[Sentence],
    kinds: Sequence[str],
    strict: bool,
    options: TokenClassifierOptions,
) -> str:
    """Which side the dev sentences are of; choosing weights by target sentences would be no transfer any more."""
    if not gold:
        if options.patience:
            raise OptionError(
                "early stopping needs dev sentences, and there are none",
                hint="Give labelled sentences of the source language, or set patience=0.",
            )
        return "none"
    strange = sorted({span.label for one in gold for span in one.spans} - {*kinds})
    if strict and strange:
        raise OptionError(
            f"the dev sentences have the label {strange[0]!r}, which no sentence to learn from has",
            hint=f"Map it, or name the labels to learn: {','.join(kinds)}.",
        )
    if options.dev_is_target:
        return "target"
    source = {options.source_lang} if options.source_lang else _source_langs(given)
    langs = {one.lang for one in gold}
    known = {lang for lang in langs if lang is not None}
    other = sorted(known - source)
    if other and (source or any(one.sentence.lang is not None for one in given)):
        named = f"not in {', '.join(sorted(source))!r}, the source language" if source else "and no source is known"
        raise OptionError(
            f"the dev sentences are in {other[0]!r}, {named}",
            hint="Give a dev set of the source language (source_lang=… names it), or say that it is meant with "
            "dev_is_target=yes.",
        )
    return "source" if known and langs == known and source else "unstated"


def _source_langs(given: Sequence[Example]) -> set[str]:
    """Languages of which no sentence looks as if its labels had been carried over."""
    langs = {one.sentence.lang for one in given if one.sentence.lang is not None}
    carried = {
        one.sentence.lang
        for one in given
        if one.missing or one.unobserved or any(span.score is not None for span in one.sentence.spans)
    }
    return langs - carried


def _facts(
    given: Sequence[Example], kinds: Sequence[str], side: str, about: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What the record of the model says of its data."""
    counts = dict.fromkeys(kinds, 0)
    for one in given:
        for span in one.sentence.spans:
            if span.label in counts:
                counts[span.label] += 1
    return {
        "sentences": len(given),
        "tokens": sum(len(one.sentence) for one in given),
        "languages": sorted({one.sentence.lang for one in given if one.sentence.lang is not None}),
        "unobserved": sum(len(one.unobserved) for one in given),
        "entities": counts,
        "dev_side": side,
        **(about or {}),
    }
