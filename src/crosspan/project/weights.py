"""Trained weights of the candidate features, and what calibrates confidence; data of the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

STATISTICAL: Final = "statistical"
HYBRID: Final = "hybrid"
HARD: Final = "hard"

LinkKind = Literal["statistical", "hybrid", "hard"]

KINDS: tuple[LinkKind, ...] = (STATISTICAL, HYBRID, HARD)
"""Kinds of links that there are weights for: of a model that learned from the text at hand; the same where an encoder
helped; and links without probabilities."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A linear model over :data:`crosspan.project.features.FEATURES`.

    Args:
        weights: Weight of each feature by name; missing ones are 0.
        slope: Of the logistic function that turns the logit of a probability into a confidence.
        offset: Its offset.
        trained_on: Names of the data sets.
        tagged: Slope and offset where a tagger made the labels of the source, whose mistakes count as well.
    """

    weights: dict[str, float]
    slope: float = 1.0
    offset: float = 0.0
    trained_on: tuple[str, ...] = ()
    tagged: tuple[float, float] = (1.0, 0.0)

    def calibrated(self, probability: npt.NDArray[np.float64], *, tagged: bool = False) -> npt.NDArray[np.float64]:
        """Confidences from raw probabilities (Platt scaling), clipped away from 0 and 1.

        Args:
            probability: Raw probabilities.
            tagged: Whether a tagger made the labels of the source.

        Example:
            >>> Weights({}, slope=1.0, offset=0.0).calibrated(np.array([0.25])).round(3).tolist()
            [0.25]
        """
        from crosspan.core.arithmetic import exps, logs

        p = np.clip(probability, 1e-6, 1.0 - 1e-6)
        slope, offset = self.tagged if tagged else (self.slope, self.offset)
        out: npt.NDArray[np.float64] = 1.0 / (1.0 + exps(-(slope * logs(p / (1.0 - p)) + offset)))
        return out

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Weights:
        """Read what :meth:`to_dict` wrote."""
        return cls(
            {str(k): float(v) for k, v in data["weights"].items()},
            float(data["slope"]),
            float(data["offset"]),
            tuple(data["trained_on"]),
            (float(data["tagged"]["slope"]), float(data["tagged"]["offset"])),
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "trained_on": list(self.trained_on),
            "slope": round(self.slope, 4),
            "offset": round(self.offset, 4),
            "tagged": dict(zip(("slope", "offset"), (round(value, 4) for value in self.tagged), strict=True)),
            "weights": {name: round(value, 4) for name, value in self.weights.items()},
        }


@cache
def learned_weights(kind: LinkKind = STATISTICAL) -> Weights:
    """The built-in weights for a kind of links (``learned_weights.json``), made by ``benchmarks/train_weights.py``.

    Args:
        kind: One of :data:`KINDS`.
    """
    text = resources.files("crosspan.project").joinpath("learned_weights.json").read_text("utf-8")
    return Weights.from_dict(json.loads(text)[kind])
