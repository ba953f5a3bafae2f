"""The grid of a study: its cells, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.making import Maker, targets_of
from crosspan.lab.study.options import training_of
from crosspan.lab.study.plan import StudyPlan


def cells_of(plan: StudyPlan, data: StudyData) -> list[Cell]:
    """The cells, seed by seed, so that a grid that ends early has whole rows; encoders before what needs them.

    Args:
        plan: The study.
        data: What it reads.
    """
    maker = Maker(plan, data)
    found: dict[str, Cell] = {}
    for seed in plan.general.seeds:
        for encoder in plan.encoders:
            first = ""
            if encoder.shape:
                own = seed if plan.pretrain.each_seed else plan.pretrain.seed
                cell = Cell(kind="pretrain", encoder=encoder.name, seed=own)
                first = maker.key(cell)
                found.setdefault(first, replace(cell, key=first))
            for mode in plan.modes_of(encoder.name):
                for target, tests in _targets(plan, data, encoder.name, mode.name):
                    cell = Cell(
                        kind="train",
                        encoder=encoder.name,
                        mode=mode.name,
                        target=target,
                        seed=seed,
                        needs=first,
                        tests=tests,
                    )
                    cell = replace(cell, key=maker.key(cell))
                    found.setdefault(cell.key, cell)
    return list(found.values())


def _targets(plan: StudyPlan, data: StudyData, encoder: str, mode: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The languages that have a training of their own, and the test sets that each is scored on."""
    reads = training_of(plan, plan.encoder(encoder), mode).component.unlabelled
    for target in targets_of(plan, data) if reads and not plan.unlabelled.together else ("",):
        yield target, tuple(one.key for one in data.tests if target in ("", one.lang))
