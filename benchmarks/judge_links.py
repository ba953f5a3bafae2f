"""Learn the weights by which the hybrid aligner judges links (:mod:`crosspan.align.link_judge`), from gold links.

    python -m benchmarks.judge_links --model e5-small

Gold links are those of the development part of XL-WA (five languages, 523 pairs); the test part is not looked at. First
each language is measured with the weights of the other four, then the weights of all are printed, to be put into the
module. ``CROSSPAN_DATA`` names the data folder.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from benchmarks import datasets, ours
from crosspan.align import Hybrid, HybridOptions
from crosspan.align.evidence import Evidence
from crosspan.align.lexicon import Block
from crosspan.align.link_judge import FEATURES, describe, judged, link_by_encoder
from crosspan.core.types import Alignment
from crosspan.evaluate import GoldLinks, score_alignments

Floats = npt.NDArray[np.float32]

ROUNDS = 25
PENALTY = 1.0


class Describing(Hybrid):
    """A hybrid aligner that keeps the features of all cells it judges."""

    seen: list[Floats]

    def _judged(
        self,
        batch: list[tuple[Sequence[str], Sequence[str]]],
        block: Block,
        posterior: Floats,
        evidence: Evidence | None,
    ) -> Floats:
        assert self.trust is not None
        assert evidence is not None
        for pair, cells, begin in zip(batch, evidence.told, block.cell_ptr[:-1].tolist(), strict=True):
            plain = posterior[begin : begin + cells.prob.size].reshape(cells.prob.shape)
            self.seen.append(describe(plain, link_by_encoder(self.trust, cells), cells.kind, *pair))
        return super()._judged(batch, block, posterior, evidence)


def described(lang: str, model: str) -> tuple[list[Floats], list[GoldLinks]]:
    """The features of each pair's cells, and its gold links."""
    pairs, gold = datasets.xl_wa(lang, "dev")
    aligner = Describing(HybridOptions(model=model), threads=1)
    aligner.seen = []
    aligner.fit(pairs).align(pairs)
    return aligner.seen, gold


def learned(data: Sequence[tuple[list[Floats], list[GoldLinks]]]) -> list[float]:
    """Weights of a logistic regression with a small penalty, by Newton's method."""
    rows = np.concatenate([one.reshape(-1, len(FEATURES)) for seen, _ in data for one in seen]).astype(np.float64)
    right = np.concatenate([_marks(one, links) for seen, gold in data for one, links in zip(seen, gold, strict=True)])
    weights = np.zeros(len(FEATURES))
    for _ in range(ROUNDS):
        prob = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (right - prob) - PENALTY * weights
        bend = (rows * (prob * (1.0 - prob))[:, None]).T @ rows + PENALTY * np.eye(len(weights))
        weights = weights + np.linalg.solve(bend, slope)
    return [float(weight) for weight in weights]


def _marks(seen: Floats, links: GoldLinks) -> npt.NDArray[np.float64]:
    found = np.zeros(seen.shape[:2])
    for i, j in links.sure:
        found[i, j] = 1.0
    return found.ravel()


def error_rate(seen: Sequence[Floats], gold: Sequence[GoldLinks], weights: Sequence[float]) -> float:
    """Of the links that these weights believe."""
    found = []
    for one in seen:
        prob = judged(one, weights)
        source, target = np.nonzero(prob >= ours.LINK_THRESHOLD)
        found.append(Alignment(source.astype(np.int32), target.astype(np.int32), prob[source, target]))
    return score_alignments(gold, found).aer


def main() -> None:
    """Measure each language with the weights of the others, and print the weights of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="e5-small", help="the encoder: a name, or a folder")
    model = parser.parse_args().model
    data = {lang: described(lang, model) for lang in datasets.XL_WA_LANGS}
    for lang, one in data.items():
        others = learned([other for name, other in data.items() if name != lang])
        print(f"{lang}: {error_rate(*one, others):.4f} with the weights of the others")
    for name, weight in zip(FEATURES, learned(list(data.values())), strict=True):
        print(f"{name:18} {weight:.3f}")


if __name__ == "__main__":
    main()
