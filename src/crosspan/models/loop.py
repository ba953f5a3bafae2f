"""The loop of gradient steps: one for every training.

It goes through the epochs of an objective, looks at what was held out, stops early, makes checkpoints and goes on from
them exactly, and tells log and listeners how it goes. A step that finds a loss or a gradient that is no number ends it,
and what was good is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.core.logs import warn
from crosspan.core.progress import Listener, Progress
from crosspan.models.checkpoints import Checkpoints, put_back, trained
from crosspan.models.loading import neural
from crosspan.models.objective import COLLAPSE, TASK, Objective
from crosspan.models.saving import only_training, write_finished, write_model
from crosspan.models.stepper import NotANumberError
from crosspan.models.watch import WINDOW

_LOG = logging.getLogger(__name__)

PARTS = 100
"""Into how many parts the course of the losses is divided."""

LAST_GOOD = "last-good"
"""The folder of the model as it was before a loss was no number, below that of the training."""


class NothingLearned(UserWarning):
    """A training has destroyed what it had learned, or learns nothing."""


@dataclass(slots=True)
class State:
    """How far a training is: what a checkpoint keeps beside weights.

    Args:
        step: Steps done.
        best_step: The step whose weights are the best so far.
        best: What the look at them found; ``None`` where looks choose no weights.
        rank: By which they are the best.
        worse: Looks since then.
        stopped: Whether that was too many.
        collapsed: What was seen when what was learned was lost again; empty where it was not.
        looks: The step of each look, and what it found.
        parts: Of each part of the training, the sum and the number of each value of its steps.
    """

    step: int = 0
    best_step: int = 0
    best: dict[str, float] | None = None
    rank: list[float] | None = None
    worse: int = 0
    stopped: bool = False
    collapsed: str = ""
    looks: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    parts: list[dict[str, list[float]]] = field(default_factory=list)

    @classmethod
    def kept(cls, values: Mapping[str, Any]) -> State:
        """The state that a checkpoint has.

        Raises:
            TypeError: The values are not those of a state.
            ValueError: The same.
        """
        state = cls(**values)
        state.looks = [(int(step), dict(found)) for step, found in state.looks]
        return state

    def note(self, total: int, values: Mapping[str, float]) -> None:
        """Add the values of the next of so many steps to its part."""
        part = self.step * min(PARTS, total) // total
        while len(self.parts) <= part:
            self.parts.append({})
        for name, value in values.items():
            sums = self.parts[part].setdefault(name, [0.0, 0.0])
            sums[0] += value
            sums[1] += 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a training came to; its model then has the weights that were chosen.

    Args:
        steps: Changes of the weights.
        best_step: The step whose weights were kept.
        best: What the look at them found; ``None`` where the last weights were kept.
        stopped: Whether the training ended early.
        collapsed: What was seen when what was learned was lost again, which ended it; empty where it was not.
        looks: The step of each look, and what it found.
        means: Of each part of the training, up to 100, the mean of each value of its steps.
        resumed_at: The step at which a training that was killed went on; 0 where it began anew.
    """

    steps: int
    best_step: int
    best: Mapping[str, float] | None
    stopped: bool
    collapsed: str
    looks: tuple[tuple[int, Mapping[str, float]], ...]
    means: tuple[Mapping[str, float], ...]
    resumed_at: int

    def course(self, name: str, digits: int | None = 6) -> tuple[float, ...]:
        """The means of one value, rounded, of the parts that have it."""
        found = [part[name] for part in self.means if name in part]
        return tuple(found if digits is None else [round(value, digits) for value in found])


class Loop:
    """One training, as a block of ``with`` that holds its folder: no other run can train into it meanwhile.

    Args:
        objective: What is learned.
        folder: Where the model goes; until it is complete, only checkpoints are there.
    """

    def __init__(self, objective: Objective, folder: Path) -> None:
        self.objective, self.folder = objective, folder
        self.course, self.processes = objective.course, objective.processes
        self.checkpoints = Checkpoints(folder, objective.mark())
        self.state = State()
        self.best_weights: Mapping[str, Any] | None = None
        self._judged = self.course.total >= objective.watch.fewest
        self._guessing = objective.guessing() if self._judged else None
        self._held: ExitStack | None = None

    def __enter__(self) -> Loop:
        self._held = ExitStack()
        if self.processes.first:
            self._held.enter_context(only_training(self.folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._held is not None:
            self._held.close()

    def run(self, listener: Listener | None = None) -> Outcome:
        """Train, from the last checkpoint where there is one.

        Args:
            listener: Told of each step, with its losses and the learning rate, and what a look found as ``dev_…``.

        Raises:
            ModelError: A loss is not a number, what was learned is destroyed and no dev sentences chose weights before,
                nothing was learned where that is to end the training, or a checkpoint is damaged.
            UnavailableError: Memory is too small, or the device failed.
            OutputError: The checkpoint is of another training, or there is no room for the next.
        """
        if self._held is None:
            raise RuntimeError("a training holds its folder: run it in a block of with")
        torch = neural("a training", "torch")
        self._resume()
        state, course, stage = self.state, self.course, self.objective.stage
        begin = state.step
        devices = [self.processes.device] if self.processes.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            if course.first_look and not state.looks:
                self._look()
            while state.step < course.total and not state.stopped:
                values = self._step(state.step)
                parts = len(state.parts)
                state.note(course.total, values)
                if len(state.parts) > parts > 0:
                    self._judge()
                state.step += 1
                if course.looks_at(state.step):
                    values |= {f"dev_{name}": value for name, value in self._look().items()}
                if course.saves_at(state.step) and not state.stopped:
                    self._save()
                if listener is not None and self.processes.first:
                    listener(Progress(stage, state.step, course.total, values))
            if not state.stopped:
                self._judge(over=True)
        return self._outcome(begin)

    def write(self, record: str, files: Mapping[str, str]) -> None:
        """Write the finished model, and take the checkpoints away.

        Args:
            record: Name of the file that tells that the model is complete.
            files: Texts to be written beside it, that one among them.

        Raises:
            OutputError: There is no room.
        """
        if self.processes.first:
            objective = self.objective
            extra = objective.extra_files()
            write_finished(objective.finished(), objective.tokenizer, self.folder, record, files, extra)
            self.checkpoints.remove()
        self.processes.shared(None)  # all wait until it is written

    def _step(self, step: int) -> dict[str, float]:
        """One step; what is to be told of it."""
        try:
            values = self.objective.take(step)
        except NotANumberError as error:
            raise self._no_number(step, str(error)) from None
        rate = self.objective.optimizers[TASK].param_groups[0]["lr"]
        return {**values, "rate": float(rate)}

    def _look(self) -> Mapping[str, float]:
        """Measure what was held out, and note whether the weights are the best so far."""
        state = self.state
        found = self.processes.shared(self.objective.look() if self.processes.first else None)
        if found is None:
            return {}
        state.looks.append((state.step, dict(found.values)))
        shown = ", ".join(f"{name} {value:.6g}" for name, value in found.values.items())
        _LOG.info("%s: step %d of %d: %s", self.objective.stage, state.step, self.course.total, shown)
        if found.rank is None:
            return dict(found.values)
        if state.rank is not None and not found.rank > tuple(state.rank):
            state.worse += 1
            state.stopped = state.stopped or 0 < self.course.patience <= state.worse
            scores = [values["f1"] for _, values in state.looks if "f1" in values]
            if self._judged and self.objective.watch.of_looks(scores) == "collapsed":
                self._collapsed(f"F1 on the dev sentences is {scores[-1]:.3f}, after {max(scores):.3f}")
            return dict(found.values)
        state.worse, state.best_step = 0, state.step
        state.best, state.rank = dict(found.values), [*found.rank]
        if self.processes.first:
            self.best_weights = trained(self.objective.learned)
        return dict(found.values)

    def _judge(self, *, over: bool = False) -> None:
        """Look whether anything is still learned.

        Args:
            over: Whether the training has ended; else a part of it has just begun.

        Raises:
            ModelError: What was learned is destroyed, or nothing was learned at the end, where that is an error.
        """
        if self._guessing is None:
            return
        parts = self.state.parts if over else self.state.parts[:-1]
        means = [part["loss"][0] / part["loss"][1] for part in parts if "loss" in part]
        found = self.objective.watch.of_losses(means, self._guessing)
        if found == "collapsed":
            last = sum(means[-WINDOW:]) / WINDOW
            self._collapsed(
                f"the loss is {last:.3g} again, after {min(means):.3g}; that of guessing is {self._guessing:.3g}"
            )
        elif found == "nothing" and (over or len(parts) == PARTS // 2):
            said = f"is over, and the loss is still that of guessing ({self._guessing:.3g}): nothing was learned"
            if not over:
                warn(f"half of the training {said}. {self._other_rate()}", NothingLearned, stacklevel=3)
            elif self.objective.watch.needed:
                raise ModelError(f"the training {said}", hint=self._other_rate())

    def _collapsed(self, what: str) -> None:
        """Stop with the best weights, or with an error where none were chosen.

        Raises:
            ModelError: There are none.
        """
        state = self.state
        if state.best is None:
            hint = f"{self._other_rate()} Dev sentences would have kept the weights from before."
            raise ModelError(f"what was learned is destroyed: at step {state.step + 1} {what}", hint=hint)
        if not state.stopped:
            warn(
                f"what was learned is destroyed: at step {state.step + 1} {what}. The training ends with the weights "
                f"of step {state.best_step}, the best on the dev sentences. {self._other_rate()}",
                NothingLearned,
                stacklevel=3,
            )
        state.stopped, state.collapsed = True, state.collapsed or f"step {state.step + 1}: {what}"

    def _other_rate(self) -> str:
        rate = self.objective.options.learning_rate
        return f"Train again into another folder, with {self.objective.remedy(COLLAPSE)}; learning_rate was {rate:g}."

    def _save(self) -> None:
        if self.processes.first:
            state, objective = self.state, self.objective
            # the weights of this very step are not written twice
            best = None if state.best_step == state.step else self.best_weights
            path = self.checkpoints.write(state.step, objective.learned, objective.optimizers, asdict(state), best)
            _LOG.debug("%s: wrote %s", objective.stage, path)
        self.processes.shared(None)  # all wait until it is written

    def _resume(self) -> None:
        kept = self.checkpoints.restore(self.objective.learned, self.objective.optimizers, State.kept)
        if kept is None:
            return
        self.state, best = kept
        if self.state.rank is not None:
            self.best_weights = trained(self.objective.learned) if best is None else best
        _LOG.info("%s: goes on at step %d of %d", self.objective.stage, self.state.step, self.course.total)

    def _no_number(self, step: int, what: str) -> ModelError:
        """Keep what is good, and say where the training stopped."""
        objective, kept, at = self.objective, "", self.state.best_step
        newest = self.checkpoints.newest()
        if self.processes.first and (self.best_weights is not None or newest is not None):
            if self.best_weights is not None:
                put_back(objective.learned, self.best_weights)
            else:
                found = self.checkpoints.restore(objective.learned, objective.optimizers, State.kept)
                at = 0 if found is None else found[0].step
            place = self.folder / LAST_GOOD
            write_model(objective.finished(), objective.tokenizer, place, weights=objective.extra_files())
            checkpoint = f"; the last checkpoint is {newest}" if newest is not None else ""
            kept = f"The last good model, of step {at}, is in {place}{checkpoint}. "
        self.processes.shared(None)  # torchrun ends all processes when one fails: not before it is written
        return ModelError(
            f"{what} is not a number at step {step + 1}",
            hint=f"{kept}Train again into another folder, with {objective.remedy(what)}.",
        )

    def _outcome(self, resumed_at: int) -> Outcome:
        state = self.state
        if self.processes.first and self.best_weights is not None and state.best_step != state.step:
            put_back(self.objective.learned, self.best_weights)
        means = [{name: total / count for name, (total, count) in part.items()} for part in state.parts]
        return Outcome(
            steps=state.step,
            best_step=state.best_step if state.best is not None else state.step,
            best=state.best,
            stopped=state.stopped,
            collapsed=state.collapsed,
            looks=tuple(state.looks),
            means=tuple(part for part in means if part),
            resumed_at=resumed_at,
        )
