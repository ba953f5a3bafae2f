"""What becomes of cells that fail, of outages, and of folders that somebody has damaged; no cell is trained here."""

from __future__ import annotations

import os
import threading
import time

import pytest

from crosspan.core.errors import MemoryTooSmallError, MissingDependencyError, OutputError
from crosspan.lab.study.launch import open_study, prepare, run_study
from crosspan.lab.study.work import CellWork
from crosspan.models.batching import device_error
from crosspan.pipeline.engine import Engine

pytest.importorskip("torch")


@pytest.fixture
def worked(monkeypatch):
    """The cells that were worked on; ``worked.fault`` is raised by each that it names."""

    class Worked(list):
        fault = staticmethod(lambda cell: None)

    done = Worked()

    def work(self, cell, inputs):
        done.append(cell.key)
        done.fault(cell)
        return {"scores": {}}

    monkeypatch.setattr(CellWork, "_train", work)
    monkeypatch.setattr(CellWork, "_pretrain", work)
    return done


@pytest.fixture
def study(world, tmp_path, worked):
    return open_study(world / "study.toml", tmp_path / "out")


def run(study, **how):
    """Run the cells as the command does, and give up where that takes as long as for ever."""
    failed = []

    def inside():
        try:
            prepare(study)
            run_study(study, devices=["cpu"], threads=1, **how)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=inside, daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it hangs"
    if failed:
        raise failed[0]


def statuses(study):
    return [study.folder.state(cell).status for cell in study.cells]


# --- damaged folders ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "junk"])
def test_a_damaged_cell_is_run_again(study, worked, damage):
    run(study)
    assert len(worked) == len(study.cells) == 9
    worked.clear()
    for cell in study.cells[::2]:
        file = study.folder.cells.path(cell.key)
        data = file.read_bytes()
        middle = len(data) // 2
        file.write_bytes(
            {
                "empty": b"",
                "cut": data[:middle],
                "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
                "junk": b'{"status": "done"}\n',
            }[damage]
        )
    run(study)
    assert sorted(worked) == sorted(cell.key for cell in study.cells[::2])
    assert statuses(study) == ["done"] * 9


@pytest.mark.parametrize("content", [b"", b"host 4711 2999-01-01"])
def test_claims_that_nobody_holds_hold_nobody_up(study, worked, content):
    """Whatever stands in them, and whatever their date: what counts is that their process lives."""
    unfinished = study.folder.cells.folder / "unfinished"
    unfinished.mkdir(parents=True)
    for cell in study.cells:
        lock = unfinished / f"{cell.key}.lock"
        lock.write_bytes(content)
        os.utime(lock, (time.time() + 10**8,) * 2)
    run(study)
    assert statuses(study) == ["done"] * 9


def test_a_record_that_cannot_be_read_back_ends_the_study(study, worked, monkeypatch):
    """As on a disk that loses what is written: the cell would be run again and again."""
    put = type(study.folder.cells).put

    def lose(self, key, *parts, **how):
        found = put(self, key, *parts, **how)
        self.path(key).write_bytes(b"")
        return found

    monkeypatch.setattr(type(study.folder.cells), "put", lose)
    with pytest.raises(OutputError, match="cannot be read back"):
        run(study)
    assert len(worked) == 1


# --- outages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        OutputError("the disk is full"),
        MissingDependencyError("no such package"),
        device_error(RuntimeError("CUDA error: unspecified launch failure")),
    ],
    ids=str,
)
def test_an_outage_stops_the_study_and_the_next_run_goes_on(study, worked, fault):
    def fails(cell):
        if len(worked) == 4:
            raise fault

    worked.fault = fails
    with pytest.raises(type(fault)):
        run(study)
    assert statuses(study).count("done") == 3
    assert statuses(study).count("open") == 6
    worked.fault = lambda cell: None
    run(study)
    assert len(worked) == 4 + 6
    assert statuses(study) == ["done"] * 9


@pytest.mark.parametrize("fault", [MemoryTooSmallError("too small"), MemoryError(), ConnectionResetError()], ids=repr)
def test_what_may_pass_costs_one_cell_and_is_tried_again(study, worked, fault):
    bad = study.cells[-1]

    def fails(cell):
        if cell == bad:
            raise fault

    worked.fault = fails
    run(study)
    assert study.folder.state(bad).status == "failed"
    assert statuses(study).count("done") == 8
    worked.clear()
    worked.fault = lambda cell: None
    run(study)
    assert worked == [bad.key]
    assert statuses(study) == ["done"] * 9


def test_what_is_the_cells_own_fault_is_not_tried_again_unasked(study, worked):
    bad = study.cells[-1]

    def fails(cell):
        if cell == bad:
            raise ValueError("no such layer")

    worked.fault = fails
    run(study)
    worked.clear()
    run(study)
    assert worked == []
    assert study.folder.state(bad).status == "failed"
    prepare(study, retry_failed=True)
    assert study.folder.state(bad).status == "open"


def test_scores_of_which_sentences_are_missing_are_none(world, tmp_path, monkeypatch):
    found = open_study(world / "study.toml", tmp_path / "out")
    monkeypatch.setattr(Engine, "run", lambda self, step: [])
    monkeypatch.setattr(Engine, "unsure", property(lambda self: True))
    monkeypatch.setattr("crosspan.pipeline.steps.reading.CorpusReading.run", lambda self, engine: None)
    cell = next(cell for cell in found.cells if not cell.needs and cell.kind == "train")
    run_study(found, fits=[cell.key], devices=["cpu"], threads=1)
    state = found.folder.state(cell)
    assert (state.status, state.passes) == ("failed", True)
    assert "could not be labelled" in state.why
