"""The scores of a study, out of the records of its cells, by encoder, mode, seed and test set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.folder import CellState
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.scores import unpacked

Counts = npt.NDArray[np.int64]

ALL = "all"
"""The name of the slice that holds every test set."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the test sets.

    Args:
        kind: ``"all"``, ``"group"`` of languages, or ``"domain"``.
        name: Its name.
        tests: The test sets.
    """

    kind: str
    name: str
    tests: tuple[str, ...]


class Scores:
    """Scores by encoder, mode, seed and test set.

    Args:
        plan: The study.
        data: What it reads.
        cells: Its cells.
        states: How far they are.
    """

    def __init__(
        self, plan: StudyPlan, data: StudyData, cells: Iterable[Cell], states: Mapping[str, CellState]
    ) -> None:
        self.plan, self.data = plan, data
        self.records: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
        self.pretrained: dict[str, list[Mapping[str, Any]]] = {}
        self._counts: dict[tuple[str, str, int, str], Counts] = {}
        self._f1: dict[tuple[str, str, int, str], float] = {}
        for cell in cells:
            state = states[cell.key]
            if state.status != "done" or state.record is None:
                continue
            result = state.record["result"]
            if cell.kind == "pretrain":
                self.pretrained.setdefault(cell.encoder, []).append(result)
                continue
            self.records.setdefault((cell.encoder, cell.mode, cell.seed), []).append(result)
            for test, score in result["scores"].items():
                self._counts[cell.encoder, cell.mode, cell.seed, test] = unpacked(score)
                self._f1[cell.encoder, cell.mode, cell.seed, test] = float(score["f1"])

    def slices(self) -> list[Slice]:
        """All test sets, those of each group of languages, and those of each domain."""
        tests = self.data.tests
        domains = dict.fromkeys(one.domain for one in tests)
        found = [
            Slice("all", ALL, tuple(one.key for one in tests)),
            *(
                Slice("group", name, tuple(one.key for one in tests if one.lang in members))
                for name, members in self.plan.groups.items()
            ),
            *(Slice("domain", name, tuple(one.key for one in tests if one.domain == name)) for name in domains),
        ]
        return [one for one in found if one.tests]

    def seeds(self, encoder: str, mode: str, tests: Sequence[str]) -> list[int]:
        """The seeds with a score on each of some test sets."""
        return [
            seed for seed in self.plan.general.seeds if all((encoder, mode, seed, test) in self._f1 for test in tests)
        ]

    def f1(self, encoder: str, mode: str, seed: int, tests: Sequence[str]) -> float:
        """The mean F1 over some test sets, in percent; each counts the same."""
        return float(np.mean([self._f1[encoder, mode, seed, test] for test in tests]))

    def rows(self, encoder: str, mode: str, seeds: Sequence[int], tests: Sequence[str]) -> Counts:
        """Counts for tests over sentences, to be used with :func:`mean_f1`.

        Returns:
            ``(n_sentences, 3 n_tests)``: true positives, predicted and gold spans, added up over the seeds, in the
            columns of the sentence's test set.
        """
        parts = []
        for at, test in enumerate(tests):
            counts = sum(self._counts[encoder, mode, seed, test] for seed in seeds)
            wide = np.zeros((len(counts), 3 * len(tests)), np.int64)  # type: ignore[arg-type]
            wide[:, 3 * at : 3 * at + 3] = counts
            parts.append(wide)
        return np.concatenate(parts)


def mean_f1(sums: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The mean F1 over test sets, in percent, of summed rows of :meth:`Scores.rows`, over any leading axes.

    Example:
        >>> float(mean_f1(np.array([1.0, 1.0, 1.0, 0.0, 1.0, 1.0])))
        50.0
    """
    parts = sums.reshape(*sums.shape[:-1], -1, 3)
    below = parts[..., 1] + parts[..., 2]
    f1 = np.divide(2 * parts[..., 0], below, out=np.zeros_like(below, dtype=np.float64), where=below > 0)
    found: npt.NDArray[np.float64] = 100.0 * f1.mean(axis=-1)
    return found
