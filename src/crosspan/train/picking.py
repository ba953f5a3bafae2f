"""Which unlabelled sentences a student learns from: those that look least clearly like one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt

from crosspan.core.options import Above, AtLeast, AtMost, checked
from crosspan.core.types import Sentence

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvPickerOptions:
    """How sentences are picked, and how the student learns from them.

    Args:
        share: Share of the unlabelled sentences of each language that the student learns from.
        epochs: How often the student goes through them; 0 is as often as the teacher through its own.
        learning_rate: The student's; 0 is the teacher's.

    Raises:
        OptionError: A value is out of range.
    """

    share: Annotated[float, Above(0), AtMost(1)] = 0.8
    epochs: Annotated[int, AtLeast(0)] = 0
    learning_rate: Annotated[float, AtLeast(0)] = 0.0

    def __post_init__(self) -> None:
        checked(self, "picker.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which sentences were kept.

    Args:
        given: Unlabelled sentences of each language.
        kept: How many of them were kept.
        quantiles: Scores of each language at 0, 25, 50, 75 and 100 percent.
        lowest: The lowest score that was kept of each language.
        source: The mean probability that a sentence of each language is of the source.
    """

    given: Mapping[str, int]
    kept: Mapping[str, int]
    quantiles: Mapping[str, tuple[float, ...]]
    lowest: Mapping[str, float]
    source: Mapping[str, float]


def picked(
    sentences: Sequence[Sentence], source: Float64Array, share: float
) -> tuple[npt.NDArray[np.int64], Selection]:
    """Choose the sentences that are least clearly of one side.

    Args:
        sentences: Each with its language.
        source: The probability that each is of the source, ``[n]``.
        share: How many to keep of each language.

    Returns:
        Indices of those kept, ascending, and what was chosen.

    Example:
        >>> text = [Sentence(("a",), lang="sw")] * 4
        >>> kept, selection = picked(text, np.array([0.1, 0.5, 0.9, 0.6]), 0.5)
        >>> kept.tolist(), selection.kept, selection.lowest
        ([1, 3], {'sw': 2}, {'sw': 0.9})
    """
    scores = 1.0 - np.abs(source - 0.5)
    langs = np.array([str(one.lang) for one in sentences])
    kept: list[int] = []
    given, counts, quantiles, lowest, means = {}, {}, {}, {}, {}
    for lang in sorted({*langs.tolist()}):
        mine = np.flatnonzero(langs == lang)
        count = max(1, round(share * len(mine)))
        best = mine[np.argsort(-scores[mine], kind="stable")[:count]]
        kept += best.tolist()
        given[lang], counts[lang] = len(mine), count
        quantiles[lang] = tuple(round(float(q), 6) for q in np.quantile(scores[mine], _QUANTILES))
        lowest[lang] = round(float(scores[best].min()), 6)
        means[lang] = round(float(source[mine].mean()), 6)
    return np.array(sorted(kept), np.int64), Selection(
        given=given, kept=counts, quantiles=quantiles, lowest=lowest, source=means
    )
