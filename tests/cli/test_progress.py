"""What is told of progress: bars that show the stage that runs, and elsewhere seldom a line."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.progress import Progress as Bars

from crosspan.cli.progress import BarListener, Lines, progress_bars
from crosspan.core.progress import Progress


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def told():
    clock, written = Clock(), []
    lines = Lines(written.append, every=10.0, clock=clock)

    def tell(at, *event):
        clock.now = at
        lines(Progress(*event))
        return written

    tell.end = lines.end
    tell.written = written
    return tell


def test_short_work_tells_nothing(told):
    for at in range(9):
        told(at, "aligning", at, 8)
    told.end()
    assert told.written == []


def test_a_line_every_ten_seconds_at_most(told):
    for at in range(61):
        told(at, "aligning", at, 100)
    assert [line.split()[1] for line in told.written] == ["10", "20", "30", "40", "50", "60"]


def test_a_stage_that_ended_is_told_once(told):
    told(0, "aligning", 1, 4)
    told(12, "aligning", 3, 4)
    told(14, "aligning", 4, 4)
    told(15, "training", 1, 9, {"loss": 0.5})
    told(30, "training", 2, 9, {"loss": 0.4})
    told.end()
    assert told.written == ["aligning: 3 of 4", "aligning: 4 of 4; 14 s", "training: 2 of 9, loss 0.4"]


def test_stages_that_take_turns_are_not_told_at_each_turn(told):
    for at in range(40):
        told(at * 0.5, "aligning", at, 100)
        told(at * 0.5, "projecting", at, 100)
    assert len(told.written) == 1


def test_the_bar_of_the_stage_that_runs_moves():
    bars = Bars(console=Console(file=io.StringIO()))
    listener = BarListener(bars)
    listener(Progress("aligning", 3983, 3983))
    listener(Progress("training", 1, 9, {"loss": 0.41}))
    last = bars.tasks[-1]
    assert (last.description, last.completed, last.total, last.visible) == ("training", 1, 9, True)
    assert last.fields["measured"] == "loss 0.41"
    for lang in range(20):
        listener(Progress(f"{lang}: aligning", 1, 1))
    assert sum(task.visible for task in bars.tasks) <= 6
    assert bars.tasks[-1].visible


def test_where_no_terminal_is_lines_are_written(monkeypatch, capsys):
    monkeypatch.setattr("crosspan.cli.progress.EVERY", 0.0)
    with progress_bars() as progress:
        progress(Progress("tagging", 1, 2))
        progress(Progress("tagging", 2, 2))
    assert capsys.readouterr().err == "tagging: 1 of 2\ntagging: 2 of 2\n"
    with progress_bars(quiet=True) as progress:
        assert progress is None
