"""The loop of a fine-tuning: steps, looks at the dev sentences, checkpoints, and the model that comes out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.core.types import Sentence
from crosspan.models.checkpoints import Checkpoints, put_back, trained
from crosspan.models.loading import neural
from crosspan.models.saving import record_text, write_finished, write_model
from crosspan.models.stepper import NotANumberError
from crosspan.train.model_card import RECORD, record_of, written_card
from crosspan.train.token_model import merged
from crosspan.train.token_report import WHO, StageProgress, TokenClassifierReport
from crosspan.train.token_scores import DevScore, score_on
from crosspan.train.token_step import TaskStep

_PARTS = 100
"""Into how many parts the course of the loss is divided."""


@dataclass(slots=True)
class _State:
    """How far a training is: what a checkpoint keeps beside weights."""

    step: int = 0
    best_step: int = 0
    best: dict[str, float] | None = None
    worse: int = 0
    stopped: bool = False
    looks: list[list[float]] = field(default_factory=list)
    measured: list[list[float]] = field(default_factory=list)
    course: list[list[float]] = field(default_factory=list)


class Training:
    """One fine-tuning; see :func:`crosspan.train.token_classifier.train_token_classifier`.

    Args:
        steps: What a step does: learn the task, and more where there is more.
        dev: Sentences that choose the weights.
        labels: The kinds of entity.
        tokenizer: Of the encoder.
        folder: Where the model goes.
        facts: What is known of the data.
        threads: Threads for decoding.
    """

    def __init__(
        self,
        steps: TaskStep,
        dev: Sequence[Sentence],
        labels: tuple[str, ...],
        tokenizer: Any,
        folder: Path,
        facts: Mapping[str, Any],
        threads: int | None,
    ) -> None:
        self.steps, self.dev, self.labels = steps, dev, labels
        self.options, self.processes, self.model = steps.options, steps.processes, steps.model
        self.tokenizer, self.folder, self.facts = tokenizer, folder, facts
        self.threads = threads
        self.torch = neural(WHO, "torch")
        self.checkpoints = Checkpoints(folder, self._mark())
        self.state = _State()
        self.best_weights: Mapping[str, Any] | None = None

    def run(self, progress: StageProgress | None) -> TokenClassifierReport:
        """Train, from the last checkpoint where there is one, and write the model."""
        self._resume()
        begin = self.state.step
        every = self.options.evaluate_every or self.steps.per_epoch
        saves = self.options.save_every or every
        devices = [self.processes.device] if self.processes.device.type == "cuda" else []
        with self.torch.random.fork_rng(devices=devices):
            while self.state.step < self.steps.total and not self.state.stopped:
                self._step(self.state.step)
                self.state.step += 1
                step, last = self.state.step, self.state.step == self.steps.total
                if step % every == 0 or last:
                    self._look()
                if step % saves == 0 and not last and not self.state.stopped:
                    self._save()
                if progress is not None and self.processes.first:
                    progress("training", step, self.steps.total)
        return self._finish(begin)

    def _step(self, step: int) -> None:
        """One step, and what is noted of it."""
        try:
            values = self.steps.take(step)
        except NotANumberError as error:
            raise self._no_number(step, str(error)) from None
        part = step * min(_PARTS, self.steps.total) // self.steps.total
        while len(self.state.course) <= part:
            self.state.course.append([0.0] * (len(values) + 1))
        for at, value in enumerate((*values, 1.0)):
            self.state.course[part][at] += value

    # --- dev sentences and checkpoints --------------------------------------------------------------------------------

    def _look(self) -> None:
        """Measure what is to be measured, and note whether the weights are the best so far."""
        state = self.state
        measured = self.processes.shared(self.steps.look() if self.processes.first else None)
        if measured is not None:
            state.measured.append([state.step, measured])
        if not self.dev:
            return
        with self.steps.autocast():
            found = self._dev_score() if self.processes.first else None
        score: DevScore = self.processes.shared(found)
        state.looks.append([state.step, score.f1, score.loss])
        best = state.best
        if best is not None and (score.f1, -score.loss) <= (best["f1"], -best["loss"]):
            state.worse += 1
            state.stopped = 0 < self.options.patience <= state.worse
            return
        state.worse, state.best, state.best_step = 0, asdict(score), state.step
        if self.processes.first:
            self.best_weights = trained(self.steps.learned)

    def _dev_score(self) -> DevScore:
        self.model.eval()
        return score_on(self.model, self.tokenizer, self.dev, self.labels, self.options, self.threads)

    def _save(self) -> None:
        if self.processes.first:
            # the weights of this very step are not written twice
            state, steps = self.state, self.steps
            best = None if state.best_step == state.step else self.best_weights
            self.checkpoints.write(state.step, steps.learned, steps.optimizers, asdict(state), best)
        self.processes.shared(None)  # all wait until it is written

    def _resume(self) -> None:
        kept = self.checkpoints.restore(self.steps.learned, self.steps.optimizers)
        if kept is None:
            return
        state, best = kept
        self.state = _State(**state)
        if self.state.best is not None:
            self.best_weights = trained(self.steps.learned) if best is None else best

    def _no_number(self, step: int, what: str) -> ModelError:
        """Keep what is good, and say where the training stopped."""
        kept, at = "", self.state.best_step
        if self.processes.first and (self.best_weights is not None or self.checkpoints.newest() is not None):
            if self.best_weights is not None:
                put_back(self.steps.learned, self.best_weights)
            else:
                found = self.checkpoints.restore(self.steps.learned, self.steps.optimizers)
                at = 0 if found is None else int(found[0]["step"])
            place = self.folder / "last-good"
            write_model(merged(self.model), self.tokenizer, place, weights=self.steps.extra_files())
            kept = f"The last good model, of step {at}, is in {place}. "
        self.processes.shared(None)  # torchrun ends all processes when one fails: not before it is written
        smaller = "adversarial.weight" if "adversarial" in what else "learning_rate"
        return ModelError(
            f"{what} is not a number at step {step + 1}",
            hint=kept + f"Train again into another folder, with a smaller {smaller}, a longer warmup or "
            "precision=float32.",
        )

    def _mark(self) -> str:
        """What the course of a training depends on."""
        fixed = {name: value for name, value in asdict(self.options).items() if name not in ("device", "save_every")}
        digest = hashlib.sha256(json.dumps([fixed, self.labels, *self.steps.mark], sort_keys=True).encode())
        for row in self.steps.rows:
            for array in (row.ids, row.at, row.target, row.weight):
                digest.update(array.tobytes() + b"|")
        digest.update(repr([(one.tokens, one.spans) for one in self.dev]).encode())
        return digest.hexdigest()

    # --- what comes out ----------------------------------------------------------------------------------------------

    def _finish(self, resumed_at: int) -> TokenClassifierReport:
        state = self.state
        if self.processes.first and self.best_weights is not None and state.best_step != state.step:
            put_back(self.steps.learned, self.best_weights)
        means = [[value / count for value in values] for *values, count in state.course if count]
        facts = {
            "folder": str(self.folder),
            "labels": self.labels,
            "sentences": int(self.facts["sentences"]),
            "windows": len(self.steps.rows),
            "entities": dict(self.facts["entities"]),
            "steps": state.step,
            "best_step": state.best_step if state.best is not None else state.step,
            "stopped": state.stopped,
            "losses": tuple(round(values[0], 6) for values in means),
            "looks": tuple((int(step), f1, loss) for step, f1, loss in state.looks),
            "dev": None if state.best is None else dict(state.best),
            "dev_side": self.facts["dev_side"],
        }
        game = self.steps.report(means, state.measured)
        record = record_of(facts, self.facts, self.options, self.processes.count, self.steps.method, game)
        if self.processes.first:
            files = {"README.md": written_card(record), RECORD: record_text(record)}
            model = merged(self.model)
            write_finished(model, self.tokenizer, self.folder, RECORD, files, self.steps.extra_files())
            self.checkpoints.remove()
        self.processes.shared(None)
        return TokenClassifierReport(**facts, signature=record["signature"], resumed_at=resumed_at, game=game)
