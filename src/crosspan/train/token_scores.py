"""How a tagger that is being trained does on sentences with right labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosspan.core.types import Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.tag.crf import relabel
from crosspan.tag.transformers import TransformersTagger, TransformersTaggerOptions
from crosspan.train.token_options import TokenClassifierOptions


@dataclass(frozen=True, slots=True)
class DevScore:
    """Exact spans, micro average, and the mean loss of a word."""

    precision: float
    recall: float
    f1: float
    loss: float


def score_on(
    model: Any,
    tokenizer: Any,
    gold: Sequence[Sentence],
    labels: Sequence[str],
    options: TokenClassifierOptions,
    threads: int | None = None,
) -> DevScore:
    """Label sentences as the finished tagger would, and compare.

    Args:
        model: The model, in evaluation mode.
        tokenizer: Its tokenizer.
        gold: The right labels.
        labels: The kinds of entity that count.
        options: How the model is trained.
        threads: Threads to use on a CPU.
    """
    how = TransformersTaggerOptions(model=options.encoder, words=options.words, overlap=options.overlap)
    tagger = TransformersTagger.around(model, tokenizer, how, threads)
    kept = [relabel(one, [span for span in one.spans if span.label in labels]) for one in gold]
    rows = tagger.probabilities(kept)
    number = {tag: index for index, tag in enumerate(tagger.tags)}
    losses, words = 0.0, 0
    for one, row in zip(kept, rows, strict=True):
        right = row[np.arange(len(one)), [number[tag] for tag in one.tags()]]
        losses -= float(np.log(np.maximum(right, 1e-30)).sum())
        words += len(one)
    found = [relabel(one, spans) for one, spans in zip(kept, tagger.spans_of(rows), strict=True)]
    strict = evaluate_ner(kept, found).strict.micro
    return DevScore(
        round(strict.precision, 6), round(strict.recall, 6), round(strict.f1, 6), round(losses / max(1, words), 6)
    )
