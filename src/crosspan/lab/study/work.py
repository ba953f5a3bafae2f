"""The work on the cells of a study, as one step of which each cell is a job.

Inside, a cell is a few steps of its own, kept in a store of its own: a training that was killed goes on, and an encoder
is made once and found by every cell that needs it.
"""

from __future__ import annotations

import multiprocessing
import re
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crosspan.core.errors import CrosspanError, MemoryTooSmallError, UnavailableError
from crosspan.core.failures import in_words
from crosspan.core.outages import is_outage
from crosspan.core.progress import Listener
from crosspan.core.secrets import hidden
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.folder import PASSES, RECORD, StudyFolder
from crosspan.lab.study.making import Maker, model_of
from crosspan.lab.study.plan import StudyPlan
from crosspan.pipeline.engine import Engine
from crosspan.pipeline.executor import TRIES, LocalExecutor
from crosspan.pipeline.parts import Facts, Model
from crosspan.pipeline.provenance import versions
from crosspan.pipeline.step import Inputs, Output, Step
from crosspan.pipeline.store import Store


@dataclass(kw_only=True)
class CellWork(Step):
    """Runs cells; the number of a job is that of its cell.

    Args:
        plan: The study.
        data: What it reads.
        cells: Its cells.
        folder: Of the study.
        devices: Where models run: one for each worker process, in turn.
        listener: Is told how far a cell is; of this process only.
    """

    plan: StudyPlan
    data: StudyData
    cells: Sequence[Cell]
    folder: Path
    devices: Sequence[str] = ("auto",)
    listener: Listener | None = field(default=None, repr=False)
    name: str = "study"
    parallel: bool = True

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_maker", "listener")}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state, listener=None)

    @cached_property
    def _maker(self) -> Maker:
        return Maker(self.plan, self.data)

    def work(self, inputs: Inputs) -> Output:
        """Run a cell; an error is its result, so that the others go on.

        Raises:
            UnavailableError: A package is missing, the disk is full or the device failed: no other cell would fare
                better.
        """
        cell = self.cells[inputs.shard]
        begin = time.monotonic()
        try:
            result = (self._pretrain if cell.kind == "pretrain" else self._train)(cell, inputs)
        except Exception as error:  # whatever a cell raises, the others go on
            if isinstance(error, UnavailableError) and not isinstance(error, MemoryTooSmallError):
                raise
            passes = is_outage(error) or isinstance(error, _LeftOutError)
            return _record(cell, {"status": "failed", "error": told(error), PASSES: passes})
        seconds = round(time.monotonic() - begin, 1)
        about = {"seconds": seconds, "device": _device_name(self._device), "versions": versions()}
        return _record(cell, {"status": "done", "result": result, **about})

    def lost(self, inputs: Inputs) -> Output:
        """A cell that failed; with more memory it may do."""
        error = f"its process was killed, {TRIES} times: it may need more memory than there is"
        return _record(self.cells[inputs.shard], {"status": "failed", "error": error, PASSES: True})

    def _pretrain(self, cell: Cell, inputs: Inputs) -> dict[str, Any]:
        store, found = self._encoder(cell, inputs)
        result: dict[str, Any] = store.part(found, "result").values
        return result

    def _train(self, cell: Cell, inputs: Inputs) -> dict[str, Any]:
        model = model_of(self.plan, cell.encoder)
        if cell.needs:
            first = next(one for one in self.cells if one.key == cell.needs)
            store, found = self._encoder(first, inputs)
            model = str(self._folder.unpacked(first.key, store.part(found, "model")))
        engine = self._engine(cell, inputs)
        reading, steps = self._maker.training(cell, model, self._device)
        reading.run(engine)
        for step in steps:
            engine.run(step)
        if engine.unsure:
            raise _LeftOutError("sentences could not be labelled", hint="Run it again, with more memory.")
        if self.plan.general.keep == "all":
            learned: Model = engine.store.part(engine.products["train"][0], "model")
            if isinstance(learned.value, bytes):
                self._folder.unpacked(cell.key, learned)
        result: dict[str, Any] = engine.store.part(engine.products["score"][0], "result").values
        return result

    def _encoder(self, cell: Cell, inputs: Inputs) -> tuple[Store, Any]:
        """An encoder that the study makes, made if it is not there (any more)."""
        engine = self._engine(cell, inputs)
        (found,) = engine.run(self._maker.pretraining(cell, self._device))
        return engine.store, found

    def _engine(self, cell: Cell, inputs: Inputs) -> Engine:
        return Engine(self._folder.steps(cell.key), LocalExecutor(threads=inputs.threads), self.listener)

    @property
    def _folder(self) -> StudyFolder:
        return StudyFolder(self.folder)

    @property
    def _device(self) -> str:
        """That of this process: worker processes are numbered one after the other."""
        number = re.search(r"(\d+)\Z", multiprocessing.current_process().name)
        return self.devices[(int(number[1]) - 1 if number else 0) % len(self.devices)]


class _LeftOutError(CrosspanError):
    """Sentences were left out that may do well another time, so that the scores are not those of the cell."""


def told(error: Exception) -> str:
    """An error in words; of one that nobody foresaw, with its place in the code."""
    if isinstance(error, CrosspanError):
        return hidden(str(error))
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = f" ({last[0].name}, line {last[0].lineno})" if last else ""
    return f"{in_words(error)}{place}"


def _record(cell: Cell, values: Mapping[str, Any]) -> Output:
    """The result of a cell: which it is, and what became of it."""
    names = ("kind", "key", "encoder", "mode", "target", "seed", "needs")
    record = {**{name: getattr(cell, name) for name in names}, **values}
    return Output({RECORD: Facts(record)}, {"status": values["status"]})


def _device_name(device: str) -> str:
    """What kind of device it is, without its number."""
    from crosspan.models.device import Placement, device_of
    from crosspan.models.loading import neural

    torch = neural("a study", "torch")
    found = device_of(Placement(device=device))
    return str(torch.cuda.get_device_name(found)) if found.type == "cuda" else str(found.type)
