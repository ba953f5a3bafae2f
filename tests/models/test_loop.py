"""The loop with an objective of a few numbers: its order, its looks, its ends, and going on after a kill."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from crosspan.core.errors import MemoryTooSmallError, ModelError, OutputError  # noqa: E402
from crosspan.models.batching import SmallerBatch  # noqa: E402
from crosspan.models.loop import Loop  # noqa: E402
from crosspan.models.objective import Look, Objective, cut_in_order  # noqa: E402
from crosspan.models.processes import Processes  # noqa: E402
from crosspan.models.schedule import Course, cosine_rate_at  # noqa: E402
from crosspan.models.stepper import adamw  # noqa: E402


@dataclass(frozen=True)
class Options:
    learning_rate: float = 0.1
    warmup: float = 0.2
    seed: int = 0


class Line(Objective):
    """Learns the line ``2 x + 1``, with noise from PyTorch's stream of chance."""

    def __init__(self, options=None, *, noise=0.0, dev=None, **course):
        options = options or Options()
        torch.manual_seed(3)
        model = torch.nn.Linear(1, 1)
        how = {"examples": 20, "batch_size": 4, "epochs": 4, **course}
        super().__init__(
            Processes("cpu"), adamw(model, 0.1, 0.0, fused=False), Course(**how), model, None, options,
            max_norm=1.0, most=how["batch_size"], what="numbers",
        )  # fmt: skip
        self.noise, self.dev, self.room = noise, iter(dev) if dev else None, 99
        self.seen, self.sizes = [], []

    def batches(self, epoch):
        return cut_in_order(np.random.default_rng([self.options.seed, epoch]).permutation(20), self.course.batch_size)

    def prepared(self, batches, step):
        self.seen.append([batch.tolist() for batch in batches])
        return batches, sum(map(len, batches))

    def losses(self, prepared, number, rows):
        if len(rows) > self.room:
            raise MemoryError
        self.sizes.append(len(rows))
        batches, count = prepared
        x = torch.from_numpy(batches[number][rows] / 20.0).float()[:, None]
        found = self.model(x) + self.noise * torch.randn(len(rows), 1)
        yield (found - 2 * x - 1).square().sum() / count

    def draw(self, step, number):
        if not number:
            self.draw_from(self.options.seed, step)

    def look(self):
        if self.dev is None:
            return None
        score = next(self.dev)
        return Look({"f1": score}, (score,))


class Killed(BaseException):
    pass


def kill_at(step):
    def listen(event):
        if event.done == step:
            raise Killed

    return listen


def weights(objective):
    return [value.tolist() for value in objective.model.parameters()]


def test_every_example_of_an_epoch_is_seen_once_in_an_order_of_its_own(tmp_path):
    line = Line(Options(learning_rate=0.5), accumulate=2)
    outcome = Loop(line, tmp_path).run()
    assert outcome.steps == line.course.total == 12
    epochs = [[one for step in line.seen[at : at + 3] for batch in step for one in batch] for at in (0, 3, 6, 9)]
    assert all(sorted(epoch) == list(range(20)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    assert [len(step) for step in line.seen[:3]] == [2, 2, 1]
    assert len(outcome.course("loss")) == 12
    assert outcome.course("loss")[-1] < 0.5 * outcome.course("loss")[0]


def test_what_a_listener_is_told(tmp_path, caplog):
    heard = []
    with caplog.at_level(logging.INFO, logger="crosspan"):
        Loop(Line(dev=[0.5, 0.6, 0.7, 0.8]), tmp_path).run(heard.append)
    assert [(event.stage, event.done, event.total) for event in heard[:2]] == [("training", 1, 20), ("training", 2, 20)]
    assert {*heard[0].metrics} == {"loss", "rate"}
    assert heard[3].metrics["rate"] == pytest.approx(0.1)
    assert heard[-1].metrics["rate"] == pytest.approx(0.1 / 16)
    assert "goes on" not in caplog.text


def test_looks_and_early_stopping(tmp_path, caplog):
    heard = []
    line = Line(dev=[0.5, 0.7, 0.6, 0.7, 0.9], patience=2)
    with caplog.at_level(logging.INFO, logger="crosspan"):
        outcome = Loop(line, tmp_path).run(heard.append)
    assert (outcome.steps, outcome.best_step, outcome.stopped) == (20, 10, True)
    assert outcome.best == {"f1": 0.7}
    assert [step for step, _ in outcome.looks] == [5, 10, 15, 20]
    assert [event.metrics["dev_f1"] for event in heard if "dev_f1" in event.metrics] == [0.5, 0.7, 0.6, 0.7]
    assert "training: step 10 of 20: f1 0.7" in caplog.text
    early = Line(dev=[0.5, 0.7, 0.6, 0.6], max_steps=20)
    Loop(early, tmp_path / "early").run()
    assert weights(line) == weights(early)  # those of step 10, whatever came after


@pytest.mark.parametrize("at", [1, 3, 4, 7, 10, 19])
def test_one_that_was_killed_ends_as_if_it_had_not_been(tmp_path, at):
    scores = [0.1 * k for k in (5, 7, 6, 8, 6, 7, 7, 7)]
    how = {"noise": 0.5, "evaluate_every": 3, "save_every": 2}
    whole = Line(dev=scores, **how)
    outcome = Loop(whole, tmp_path / "whole").run()
    first = Line(dev=scores, **how)
    with pytest.raises(Killed):
        Loop(first, tmp_path / "part").run(kill_at(at))
    assert len(list(tmp_path.glob("part/checkpoint-*"))) == (at >= 2)
    resumed_at = at // 2 * 2
    second = Line(dev=scores[resumed_at // 3 :], **how)
    again = Loop(second, tmp_path / "part").run()
    assert again.resumed_at == resumed_at
    assert (again.looks, again.means, again.best_step) == (outcome.looks, outcome.means, outcome.best_step)
    assert weights(second) == weights(whole)


def test_a_checkpoint_of_other_options_is_not_gone_on_with(tmp_path):
    with pytest.raises(Killed):
        Loop(Line(save_every=2), tmp_path).run(kill_at(3))
    with pytest.raises(OutputError, match="another training"):
        Loop(Line(Options(seed=1), save_every=2), tmp_path).run()
    (tmp_path / "checkpoint-00000002" / "state.json").write_text('{"mark": "x", "step": 2, "since": "1.0"}')
    with pytest.raises(OutputError, match="another training"):
        Loop(Line(save_every=2), tmp_path).run()


def test_memory_that_runs_out(tmp_path):
    whole, halved = Line(max_steps=3), Line(max_steps=3)
    halved.room = 2
    Loop(whole, tmp_path / "whole").run()
    with pytest.warns(SmallerBatch, match="going on with 2 numbers at once"):
        Loop(halved, tmp_path / "halved").run()
    assert halved.sizes[:2] == [2, 2]
    np.testing.assert_allclose(weights(whole)[0], weights(halved)[0], rtol=1e-5)
    none = Line()
    none.room = 0
    with (
        pytest.warns(SmallerBatch),
        pytest.raises(MemoryTooSmallError, match="memory is too small for one of the numbers"),
    ):
        Loop(none, tmp_path / "none").run()


def test_a_loss_that_is_no_number_changes_no_weights(tmp_path):
    line = Line()
    before = weights(line)
    line.noise = math.nan
    with pytest.raises(ModelError, match="the loss is not a number at step 1") as caught:
        Loop(line, tmp_path).run()
    assert "a smaller learning_rate" in caught.value.hint
    assert weights(line) == before


def test_chance_elsewhere_is_left_alone(tmp_path):
    line = Line(noise=1.0)
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    Loop(line, tmp_path).run()
    assert torch.equal(torch.rand(1), expected)


def test_courses():
    course = Course(examples=70, batch_size=8, accumulate=2, epochs=3, max_steps=12, evaluate_every=None, save_every=4)
    assert (course.per_epoch, course.total) == (5, 12)
    assert [done for done in range(1, 13) if course.looks_at(done)] == [12]
    assert [done for done in range(1, 13) if course.saves_at(done)] == [4, 8]
    each = Course(examples=10, batch_size=2, epochs=2)
    assert [done for done in range(1, 11) if each.looks_at(done)] == [5, 10]
    assert [done for done in range(1, 11) if each.saves_at(done)] == [5]
    assert cosine_rate_at(0, 10, 0) == 1.0
    assert cosine_rate_at(9, 10, 4) == pytest.approx(0.0669873)
