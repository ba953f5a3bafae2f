"""Scores of one tagger on all test sets, kept as counts of each sentence, so that any test can be made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.evaluate.counts import count_spans, f1_metric
from crosspan.lab.study.data import TestSet
from crosspan.tag.transformers import TransformersTagger

Counts = npt.NDArray[np.int64]


def score_tagger(
    folder: Path,
    tests: Iterable[TestSet],
    labels: Sequence[str],
    *,
    words: str,
    device: str,
    threads: int | None,
    check: Any = None,
) -> dict[str, Any]:
    """Score a tagger.

    Args:
        folder: The folder of the model.
        tests: The test sets.
        labels: The kinds of entity that count.
        words: Which pieces of a word it labels by.
        device: Where it runs.
        threads: Threads to use on a CPU.
        check: Called before each test set, such as to see whether the cell is still this process's.

    Returns:
        By the name of the test set: ``f1``, ``precision`` and ``recall`` of exact spans (micro average, percent), and
        ``tp``, ``pred`` and ``gold`` of each sentence.
    """
    tagger = TransformersTagger(folder, threads=threads, words=words, device=device, dtype="float32")
    found = {}
    for test in tests:
        if check is not None:
            check()
        counted = count_spans(test.gold, tagger.tag(test.gold), labels=labels, ignore_labels=test.ignore)
        found[test.key] = packed(counted.statistics("micro"))
    return found


def packed(rows: Counts) -> dict[str, Any]:
    """Counts of sentences as plain values, with the scores they make.

    Args:
        rows: True positives, predicted and gold spans of each sentence, ``(n_sentences, 3)``.

    Example:
        >>> packed(np.array([[1, 1, 2], [0, 1, 0]]))["f1"]
        50.0
    """
    total = rows.sum(axis=0)
    tp, pred, gold = (int(value) for value in total)
    return {
        "f1": round(100 * float(f1_metric("micro")(total.astype(np.float64))), 4),
        "precision": round(100 * tp / pred, 4) if pred else 0.0,
        "recall": round(100 * tp / gold, 4) if gold else 0.0,
        "tp": rows[:, 0].tolist(),
        "pred": rows[:, 1].tolist(),
        "gold": rows[:, 2].tolist(),
    }


def unpacked(score: Mapping[str, Any]) -> Counts:
    """The counts of :func:`packed` again.

    Example:
        >>> unpacked({"tp": [1], "pred": [1], "gold": [2]}).tolist()
        [[1, 1, 2]]
    """
    return np.array([score["tp"], score["pred"], score["gold"]], np.int64).T
