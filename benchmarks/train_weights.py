"""Train the weights of projection by candidates, and measure them on corpora that they were not trained on.

    python -m benchmarks.train_weights            # prints F1, each corpus scored by weights trained on the others
    python -m benchmarks.train_weights --write    # and writes the shipped weights, trained on all
    python -m benchmarks.train_weights --links hybrid --model e5-small    # for links of one kind

There are weights for each kind of links: those of the statistical aligner; those of the hybrid aligner; and hard links,
which are those of the statistical aligner from a probability of 0.5 on, each taken for certain.

A model gives every candidate of an entity, and "not here", a probability (softmax of a linear score); training
maximises the probability of the gold spans with the entity's label. An entity without such a span is mostly one that
the annotators of the two sides saw differently, so it counts little. Weights are held near zero (near a prior for
articles) by a quadratic penalty, which matters: the corpora are few, and their conventions differ.

Gold on both sides is European and Asian. African text has gold on the target side alone: there a tagger labels the
English, and an entity counts that has just one gold counterpart that the links allow. Such entities are measured on,
and train the weights of abbreviations; in training the others they brought nothing (docs/benchmarks.md).

Confidences are calibrated twice: where the source is gold, and where a tagger made it, for all that it found.

The weights of abbreviations are trained afterwards, while all others stay: on the same corpora with names of the source
written as their first letters, so that one word is rendered by several.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from benchmarks.projection_sets import NAMES, TAGGED, abbreviated, family, load
from crosspan.align import make_aligner
from crosspan.core.types import Alignment, Pair
from crosspan.evaluate import score_spans
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateProjector, Candidates
from crosspan.project.features import FEATURES, MEMORY, MEMORY_OTHER
from crosspan.project.memory import EntityMemory, entity_names
from crosspan.project.scoring import memory_columns, probabilities
from crosspan.project.weights import HARD, HYBRID, KINDS, STATISTICAL, LinkKind, Weights
from crosspan.project.words import is_abbreviation

Floats = npt.NDArray[np.float64]

PENALTY = 100.0
NOT_HERE = 0.2
SET_WEIGHT = {"europarl": 1.0, "pud": 1.0, "xsid": 0.3, "masakha": 1.0}
OF_ABBREVIATIONS = [FEATURES.index(name) for name in FEATURES if name.startswith("written_")]
ABBREVIATED = ("europarl", "pud", "masakha")
LINKED = 0.1
HARD_FROM = 0.5
PRIOR = {"first_article": -1.5}
WEIGHTS_FILE = Path(__file__).parents[1] / "src/crosspan/project/learned_weights.json"
LEFT_OUT_DIR = Path(__file__).parent / "weights"


@dataclass
class Set:
    """Aligned pairs with the candidates of their entities.

    ``weight`` says how much each entity counts, ``gold`` which candidates are right.
    """

    name: str
    pairs: list[Pair]
    alignments: list[Alignment]
    candidates: Candidates
    features: Floats
    gold: npt.NDArray[np.bool_]
    weight: Floats

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """Which entities have a right candidate."""
        return np.bincount(self.candidates.span[self.gold], minlength=len(self.weight)) > 0


@cache
def aligned(name: str, use: str, model: str, abbreviate: bool) -> tuple[list[Pair], list[Alignment]]:
    """The pairs of a set with the links of an aligner."""
    pairs, bitext = load(name)
    if abbreviate:
        pairs = [abbreviated(pair) for pair in pairs]
    aligner = make_aligner(use, **({"model": model} if use == HYBRID else {}))
    return pairs, aligner.fit(pairs, bitext=bitext).align(pairs)


def certain(links: Alignment) -> Alignment:
    """The links that are more probable than not, as if they were certain."""
    kept = links.prob >= HARD_FROM
    return Alignment(links.source[kept], links.target[kept], np.ones(int(kept.sum()), np.float32))


def prepare(name: str, kind: LinkKind, model: str, *, abbreviate: bool = False) -> Set:
    pairs, links = aligned(name, HYBRID if kind == HYBRID else STATISTICAL, model, abbreviate)
    alignments = [certain(one) for one in links] if kind == HARD else links
    batch = PairBatch.build(pairs, alignments)
    candidates = CandidateProjector(weights=Weights({})).candidates(pairs, batch)
    spans = {(k, s.start, s.end, s.label) for k, pair in enumerate(pairs) for s in pair.target.spans}
    sentence, labels = batch.span_sentence.tolist(), [batch.labels[k] for k in batch.span_label.tolist()]
    rows = zip(candidates.span.tolist(), candidates.start.tolist(), candidates.end.tolist(), strict=True)
    gold = np.array([(sentence[e], p, q, labels[e]) in spans for e, p, q in rows], np.bool_)
    data = Set(
        name, pairs, alignments, candidates, candidates.features.astype(np.float64), gold, np.zeros(batch.n_spans)
    )
    data.weight = counting(data, sentence) * SET_WEIGHT[family(name)]
    if abbreviate:
        short = [
            is_abbreviation(" ".join(pair.source.tokens[s.start : s.end])) for pair in pairs for s in pair.source.spans
        ]
        data.weight = np.where(short & data.found & (data.weight > 0), 1.0, 0.0)
    return data


def counting(data: Set, sentence: Sequence[int]) -> Floats:
    """How much each entity counts: with gold on one side, those with one counterpart that no other entity wants."""
    if data.name not in TAGGED:
        return np.where(data.found, 1.0, NOT_HERE)
    seen = data.features[:, FEATURES.index("mass")] + data.features[:, FEATURES.index("spelled")]
    allowed = np.flatnonzero(data.gold & (seen > LINKED))
    span, start = data.candidates.span[allowed], data.candidates.start[allowed]
    wanted = Counter((sentence[e], p) for e, p in zip(span.tolist(), start.tolist(), strict=True))
    alone = np.array([wanted[sentence[e], p] == 1 for e, p in zip(span.tolist(), start.tolist(), strict=True)])
    counts = np.bincount(span, minlength=len(data.weight))
    free = np.bincount(span[alone], minlength=len(data.weight)) if len(span) else counts
    return np.where((counts == 1) & (free == 1), 1.0, 0.0)


def remember(data: Set, vector: Floats) -> None:
    """Fill the memory features from a pass without them."""
    plain = data.features.copy()
    plain[:, [MEMORY, MEMORY_OTHER]] = 0.0
    confidence = probabilities(data.candidates.span, plain @ vector)
    memory, names = EntityMemory(), entity_names(data.pairs)
    memory.add(names, data.candidates.span, data.candidates.words, confidence)
    recalled = memory_columns(*memory.recall(names, data.candidates.span, data.candidates.words, confidence))
    data.features[:, MEMORY], data.features[:, MEMORY_OTHER] = recalled


def loss_and_slope(data: Set, score: Floats) -> tuple[float, Floats]:
    """The loss of a set where candidates have these scores, and its derivative by the score of each candidate."""
    span, gold, n = data.candidates.span, data.gold, len(data.weight)
    p = probabilities(span, score)
    right = np.bincount(span[gold], p[gold], n)
    nowhere = 1.0 - np.bincount(span, p, n)
    told = np.where(data.found, right, nowhere)
    share = np.where(gold, p / np.maximum(right[span], 1e-12), 0.0)
    return -float((data.weight * np.log(np.maximum(told, 1e-12))).sum()), (p - share) * data.weight[span]


def fit(sets: Sequence[Set], start: Floats | None = None) -> Floats:
    scale = np.sqrt(np.mean([np.mean(data.features**2, axis=0) for data in sets], axis=0)) + 1e-6
    prior = np.array([PRIOR.get(name, 0.0) for name in FEATURES]) * scale
    free = np.ones(len(FEATURES))
    free[OF_ABBREVIATIONS] = 0.0

    def loss(scaled: Floats) -> tuple[float, Floats]:
        vector = scaled / scale * free
        total, slope = 0.0, np.zeros(len(FEATURES))
        for data in sets:
            one, by_score = loss_and_slope(data, data.features @ vector)
            total += one
            slope += data.features.T @ by_score
        away = scaled - prior
        return total + PENALTY / 2.0 * float(away @ away), slope * free / scale + PENALTY * away

    begin = prior if start is None else start * scale
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    result: Floats = found.x / scale * free
    return result


def fit_abbreviations(sets: Sequence[Set], vector: Floats) -> Floats:
    """The weights with those of abbreviations, which are trained while the others stay."""
    base = [data.features @ vector for data in sets]
    columns = [data.features[:, OF_ABBREVIATIONS] for data in sets]

    def loss(some: Floats) -> tuple[float, Floats]:
        total, slope = 0.5 * float(some @ some), some.copy()
        for data, plain, own in zip(sets, base, columns, strict=True):
            one, by_score = loss_and_slope(data, plain + own @ some)
            total += one
            slope += own.T @ by_score
        return total, slope

    whole = vector.copy()
    whole[OF_ABBREVIATIONS] = minimize(loss, np.zeros(len(OF_ABBREVIATIONS)), jac=True, method="L-BFGS-B").x
    return whole


def train(sets: Sequence[Set], short: Sequence[Set] = ()) -> Floats:
    """Train without memory, fill the memory with what that finds, and train again; then abbreviations."""
    sets = [data for data in sets if data.name not in TAGGED]
    for data in sets:
        data.features[:, [MEMORY, MEMORY_OTHER]] = 0.0
    vector = fit(sets)
    for data in sets:
        remember(data, vector)
    vector = fit(sets, vector)
    for data in short:
        remember(data, vector)
    return fit_abbreviations(short, vector) if short else vector


def as_weights(vector: Floats, sets: Sequence[Set]) -> Weights:
    named = dict(zip(FEATURES, vector.tolist(), strict=True))
    return Weights(named, trained_on=tuple(data.name for data in sets))


def project(data: Set, weights: Weights) -> tuple[float, Floats, npt.NDArray[np.bool_]]:
    """F1 on a set, with the raw probability of each projected span and whether it is right.

    Where a set counts some of its entities alone, those with one gold counterpart, it is the share of them that is
    right.
    """
    projections = CandidateProjector(weights=weights).project(data.pairs, data.alignments)
    gold = [pair.target for pair in data.pairs]
    score = score_spans(gold, [projection.sentence for projection in projections])
    sure, right = [], []
    places = [(k, span) for k, pair in enumerate(data.pairs) for span in pair.source.spans]
    number = {place: e for e, place in enumerate(places)}
    hits = np.zeros(len(places))
    for k, (pair, projection) in enumerate(zip(data.pairs, projections, strict=True)):
        spans = {(s.start, s.end, s.label) for s in pair.target.spans}
        for link in projection.links:
            sure.append(link.confidence)
            right.append((link.target.start, link.target.end, link.target.label) in spans)
            hits[number[k, link.source]] = right[-1]
    some = data.weight > 0
    return score.micro.f1 if some.all() else float(hits[some].mean()), np.array(sure), np.array(right, np.bool_)


def calibrate(probability: Floats, right: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the logistic function from logits to the share that is right (Platt 1999)."""
    p = np.clip(probability, 1e-6, 1.0 - 1e-6)
    logit = np.log(p / (1.0 - p))

    def loss(x: Floats) -> float:
        z = x[0] * logit + x[1]
        return float(np.logaddexp(0.0, np.where(right, -z, z)).sum())

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return float(found.x[0]), float(found.x[1])


def measure(kind: LinkKind, model: str) -> tuple[Weights, dict[str, Weights]]:
    """Print what weights for a kind of links reach on corpora that they have not seen.

    Returns:
        Weights trained on all, and those trained without each corpus.
    """
    sets = [prepare(name, kind, model) for name in (*NAMES, *TAGGED)]
    wanted = [data.name for data in sets if family(data.name) in ABBREVIATED]
    short = [prepare(name, kind, model, abbreviate=True) for name in wanted]
    outcomes: list[tuple[list[Floats], list[npt.NDArray[np.bool_]]]] = [([], []), ([], [])]
    left_out: dict[str, Weights] = {}
    for corpus in dict.fromkeys(family(data.name) for data in sets):
        others, other_short = ([one for one in some if family(one.name) != corpus] for some in (sets, short))
        left_out[corpus] = as_weights(train(others, other_short), others)
        for data in sets:
            if family(data.name) == corpus:
                f1, sure, right = project(data, left_out[corpus])
                print(f"{kind:12} {data.name:14} F1 {f1:.4f}  (trained without {corpus})", flush=True)
                for some, one in zip(outcomes[data.name in TAGGED], (sure, right), strict=True):
                    some.append(one)
        for data in short:
            if family(data.name) == corpus:
                share = project(data, left_out[corpus])[0]
                print(f"{kind:12} {data.name:14} {share:.4f} of abbreviations right", flush=True)
    gold, tagged = (calibrate(np.concatenate(sure), np.concatenate(right)) for sure, right in outcomes)
    for name, (slope, offset) in (("gold", gold), ("tagged", tagged)):
        print(f"{kind:12} calibration where the source is {name}: slope {slope:.3f}, offset {offset:.3f}")
    held = {corpus: Weights(one.weights, *gold, one.trained_on, tagged) for corpus, one in left_out.items()}
    return Weights(as_weights(train(sets, short), sets).weights, *gold, tuple(one.name for one in sets), tagged), held


def write(path: Path, kind: LinkKind, weights: Weights) -> None:
    """Put the weights for a kind of links into a file, beside those of other kinds."""
    there = json.loads(path.read_text("utf-8")) if path.exists() else {}
    found = {**there, kind: weights.to_dict()}
    ordered = {one: found[one] for one in KINDS if one in found}
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the weights trained on all sets")
    parser.add_argument("--links", choices=KINDS, action="append", help="kind of links; all by default")
    parser.add_argument("--model", default="e5-small", help="the encoder of the hybrid aligner")
    args = parser.parse_args()
    for kind in args.links or KINDS:
        shipped, left_out = measure(kind, args.model)
        if args.write:
            write(WEIGHTS_FILE, kind, shipped)
            LEFT_OUT_DIR.mkdir(exist_ok=True)
            for corpus, weights in left_out.items():
                write(LEFT_OUT_DIR / f"without_{corpus}.json", kind, weights)


if __name__ == "__main__":
    main()
