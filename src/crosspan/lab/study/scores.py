"""The step that scores a tagger on all test sets, as counts of each sentence, so that any test can be made of them."""

from __future__ import annotations

import io
import itertools
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError
from crosspan.core.types import Sentence
from crosspan.evaluate.counts import count_spans, f1_metric
from crosspan.pipeline.corpus import Corpus, gold_of
from crosspan.pipeline.parts import Facts, Model
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.train import RECORD

Counts = npt.NDArray[np.int64]

_CONFIG = "config.json"


class Part(NamedTuple):
    """A test set among the sentences of all.

    Args:
        key: Its name.
        size: How many sentences it has.
        ignore: Labels that do not count in it.
    """

    key: str
    size: int
    ignore: tuple[str, ...]


@dataclass(kw_only=True)
class SetScore(Step):
    """Scores what a tagger made of the test sets, and keeps what is known of the tagger itself.

    Args:
        gold: The sentences of all test sets, one set after the other, with the right labels.
        parts: Where each begins and ends.
        labels: The kinds of entity that count.
    """

    gold: Corpus
    parts: Sequence[Part]
    labels: Sequence[str]
    name: str = "score"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need("tests", "tokens", True), Need("tag", "labels", True), Need("train", "model", True))

    def facts(self) -> Mapping[str, Any]:
        """The right labels, and what counts."""
        return {"gold": self.gold.facts(), "parts": [list(part) for part in self.parts], "labels": sorted(self.labels)}

    def work(self, inputs: Inputs) -> Output:
        """Score."""
        rows = zip(gold_of(self.gold), self._found(inputs), strict=True)
        scores = {}
        for part in self.parts:
            gold, found = zip(*itertools.islice(rows, part.size), strict=True)
            counted = count_spans(gold, found, labels=self.labels, ignore_labels=part.ignore)
            scores[part.key] = packed(counted.statistics("micro"))
        report, sizes = _about(inputs.model("train"))
        return Output({"result": Facts({"report": report, "sizes": sizes, "scores": scores})})

    @staticmethod
    def _found(inputs: Inputs) -> Iterator[Sentence]:
        """What the tagger made of each sentence; a score of some of them would be none."""
        for tokens, labels in zip(inputs.all("tests", "tokens"), inputs.all("tag", "labels"), strict=True):
            if labels.faults:
                first = labels.faults[min(labels.faults)]
                raise ModelError(f"{len(labels.faults)} test sentences are without labels; the first: {first.message}")
            yield from map(Sentence, map(tuple, tokens.sides[0]), labels.spans)


def packed(rows: Counts) -> dict[str, Any]:
    """Counts of sentences as plain values, with the scores they make.

    Args:
        rows: True positives, predicted and gold spans of each sentence, ``(n_sentences, 3)``.

    Returns:
        ``f1``, ``precision`` and ``recall`` of exact spans (micro average, percent), and ``tp``, ``pred`` and ``gold``
        of each sentence.

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


def _about(model: Model) -> tuple[dict[str, Any], dict[str, int]]:
    """The record that a training left with its model, and the size of an encoder; empty where there is none."""
    files = _files(model.value) if isinstance(model.value, bytes) else {}
    report = json.loads(files[RECORD]) if RECORD in files else {}
    if _CONFIG not in files:
        return report, {}
    from crosspan.lab.study.sizes import sizes_of

    with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
        (Path(folder) / _CONFIG).write_bytes(files[_CONFIG])
        return report, sizes_of(folder).to_dict()


def _files(data: bytes) -> dict[str, bytes]:
    """The two files of a packed model that tell of it."""
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            found = {name: archive.extractfile(name) for name in (RECORD, _CONFIG) if name in archive.getnames()}
            return {name: stream.read() for name, stream in found.items() if stream is not None}
    except tarfile.TarError:  # a model in one file
        return {}
