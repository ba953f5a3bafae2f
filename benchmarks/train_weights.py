"""Train the weights of projection by candidates, and measure them on corpora that they were not trained on.

    python -m benchmarks.train_weights            # prints F1, each corpus scored by weights trained on the others
    python -m benchmarks.train_weights --write    # and writes the shipped weights, trained on all

A model gives every candidate of an entity, and "not here", a probability (softmax of a linear score); training
maximises the probability of the gold spans with the entity's label. An entity without such a span is mostly one that
the annotators of the two sides saw differently, so it counts little. Weights are held near zero (near a prior for
articles) by a quadratic penalty, which matters: the corpora are few, and their conventions differ.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.projection_sets import NAMES, family, load
from crosspan.align.statistical import StatisticalAligner
from crosspan.core.types import Alignment, Pair
from crosspan.evaluate import score_spans
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateProjector, Candidates, memory_columns, probabilities
from crosspan.project.features import FEATURES, MEMORY, MEMORY_OTHER
from crosspan.project.memory import EntityMemory, entity_names
from crosspan.project.weights import Weights

Floats = npt.NDArray[np.float64]

PENALTY = 100.0
NOT_HERE = 0.2
SET_WEIGHT = {"europarl": 1.0, "pud": 1.0, "xsid": 0.3}
PRIOR = {"first_article": -1.5}
WEIGHTS_FILE = Path(__file__).parents[1] / "src/crosspan/project/learned_weights.json"
LEFT_OUT_DIR = Path(__file__).parent / "weights"


@dataclass
class Set:
    name: str
    pairs: list[Pair]
    alignments: list[Alignment]
    candidates: Candidates
    features: Floats
    gold: npt.NDArray[np.bool_]
    n_spans: int


def prepare(name: str) -> Set:
    pairs, bitext = load(name)
    alignments = StatisticalAligner().fit(pairs, bitext=bitext).align(pairs)
    batch = PairBatch.build(pairs, alignments)
    candidates = CandidateProjector(weights=Weights({})).candidates(pairs, batch)
    spans = {(k, s.start, s.end, s.label) for k, pair in enumerate(pairs) for s in pair.target.spans}
    sentence, labels = batch.span_sentence.tolist(), [batch.labels[k] for k in batch.span_label.tolist()]
    rows = zip(candidates.span.tolist(), candidates.start.tolist(), candidates.end.tolist(), strict=True)
    gold = np.array([(sentence[e], p, q, labels[e]) in spans for e, p, q in rows], np.bool_)
    features = candidates.features.astype(np.float64)
    return Set(name, pairs, alignments, candidates, features, gold, batch.n_spans)


def remember(data: Set, vector: Floats) -> None:
    """Fill the memory features from a pass without them."""
    plain = data.features.copy()
    plain[:, [MEMORY, MEMORY_OTHER]] = 0.0
    confidence = probabilities(data.candidates.span, plain @ vector)
    memory, names = EntityMemory(), entity_names(data.pairs)
    memory.add(names, data.candidates.span, data.candidates.words, confidence)
    recalled = memory_columns(*memory.recall(names, data.candidates.span, data.candidates.words, confidence))
    data.features[:, MEMORY], data.features[:, MEMORY_OTHER] = recalled


def fit(sets: Sequence[Set], start: Floats | None = None) -> Floats:
    scale = np.sqrt(np.mean([np.mean(data.features**2, axis=0) for data in sets], axis=0)) + 1e-6
    prior = np.array([PRIOR.get(name, 0.0) for name in FEATURES]) * scale

    def loss(scaled: Floats) -> tuple[float, Floats]:
        vector = scaled / scale
        total, slope = 0.0, np.zeros(len(FEATURES))
        for data in sets:
            span, gold = data.candidates.span, data.gold
            p = probabilities(span, data.features @ vector)
            right = np.bincount(span[gold], p[gold], data.n_spans)
            nowhere = 1.0 - np.bincount(span, p, data.n_spans)
            found = np.bincount(span[gold], minlength=data.n_spans) > 0
            weight = np.where(found, 1.0, NOT_HERE) * SET_WEIGHT[family(data.name)]
            total -= float((weight * np.log(np.maximum(np.where(found, right, nowhere), 1e-12))).sum())
            share = np.where(gold, p / np.maximum(right[span], 1e-12), 0.0)
            slope -= data.features.T @ ((share - p) * weight[span])
        away = scaled - prior
        return total + PENALTY / 2.0 * float(away @ away), slope / scale + PENALTY * away

    begin = prior if start is None else start * scale
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    result: Floats = found.x / scale
    return result


def train(sets: Sequence[Set]) -> Floats:
    """Train without memory, fill the memory with what that finds, and train again."""
    for data in sets:
        data.features[:, [MEMORY, MEMORY_OTHER]] = 0.0
    vector = fit(sets)
    for data in sets:
        remember(data, vector)
    return fit(sets, vector)


def as_weights(vector: Floats, sets: Sequence[Set], slope: float = 1.0, offset: float = 0.0) -> Weights:
    named = dict(zip(FEATURES, vector.tolist(), strict=True))
    return Weights(named, slope, offset, tuple(data.name for data in sets))


def project(data: Set, weights: Weights) -> tuple[float, Floats, npt.NDArray[np.bool_]]:
    """F1 on a set, with the raw probability of each projected span and whether it is right."""
    projections = CandidateProjector(weights=weights).project(data.pairs, data.alignments)
    gold = [pair.target for pair in data.pairs]
    score = score_spans(gold, [projection.sentence for projection in projections])
    sure, right = [], []
    for pair, projection in zip(data.pairs, projections, strict=True):
        spans = {(s.start, s.end, s.label) for s in pair.target.spans}
        for link in projection.links:
            sure.append(link.confidence)
            right.append((link.target.start, link.target.end, link.target.label) in spans)
    return score.micro.f1, np.array(sure), np.array(right, np.bool_)


def calibrate(probability: Floats, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the logistic function from logits to the share that is right (Platt 1999)."""
    p = np.clip(probability, 1e-6, 1.0 - 1e-6)
    logit = np.log(p / (1.0 - p))

    def loss(x: Floats) -> float:
        z = x[0] * logit + x[1]
        return float(np.logaddexp(0.0, np.where(right, -z, z)).sum())

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return float(found.x[0]), float(found.x[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights trained on all sets")
    args = parser.parse_args()
    sets = [prepare(name) for name in NAMES]
    logits: list[Floats] = []
    rights: list[npt.NDArray[np.bool_]] = []
    left_out: dict[str, Weights] = {}
    for corpus in dict.fromkeys(family(data.name) for data in sets):
        others = [data for data in sets if family(data.name) != corpus]
        left_out[corpus] = as_weights(train(others), others)
        for data in sets:
            if family(data.name) == corpus:
                f1, sure, right = project(data, left_out[corpus])
                print(f"{data.name:14} F1 {f1:.4f}  (trained without {corpus})", flush=True)
                logits.append(sure)
                rights.append(right)
    slope, offset = calibrate(np.concatenate(logits), np.concatenate(rights))
    print(f"calibration: slope {slope:.3f}, offset {offset:.3f}")
    if args.write:
        shipped = as_weights(train(sets), sets, slope, offset)
        WEIGHTS_FILE.write_text(json.dumps(shipped.to_dict(), indent=1) + "\n", encoding="utf-8")
        LEFT_OUT_DIR.mkdir(exist_ok=True)
        for corpus, weights in left_out.items():
            held = Weights(weights.weights, slope, offset, weights.trained_on)
            path = LEFT_OUT_DIR / f"without_{corpus}.json"
            path.write_text(json.dumps(held.to_dict(), indent=1) + "\n", encoding="utf-8")
        for data in sets:
            print(f"{data.name:14} F1 {project(data, shipped)[0]:.4f}  (trained on all, this set too)", flush=True)


if __name__ == "__main__":
    main()
