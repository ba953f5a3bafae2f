"""The loop of a fine-tuning: batches, steps, looks at the dev sentences, checkpoints, and the model that comes out."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.errors import ModelError, OutputError
from crosspan.models.batching import SmallerBatch, device_error, free_memory, out_of_memory
from crosspan.models.checkpoints import Checkpoints, put_back, trained
from crosspan.models.loading import neural
from crosspan.models.processes import Processes
from crosspan.models.schedule import rate_at
from crosspan.tag.crf import tags_of
from crosspan.train.model_card import RECORD, record_of, written_card
from crosspan.train.token_losses import word_losses
from crosspan.train.token_model import batch_dtype, loaded, merged, optimizer_of
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import WHO, StageProgress, TokenClassifierReport
from crosspan.train.token_rows import Row, batch_of, batches_of_epoch
from crosspan.train.token_scores import DevScore, score_on
from crosspan.types import Sentence

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
    losses: list[list[float]] = field(default_factory=list)


class Training:
    """One fine-tuning; see :func:`crosspan.train.token_classifier.train_token_classifier`."""

    def __init__(
        self,
        options: TokenClassifierOptions,
        rows: Sequence[Row],
        dev: Sequence[Sentence],
        labels: tuple[str, ...],
        tokenizer: Any,
        folder: Path,
        processes: Processes,
        facts: Mapping[str, Any],
        threads: int | None,
    ) -> None:
        self.options, self.rows, self.dev, self.labels = options, rows, dev, labels
        self.tokenizer, self.folder, self.processes, self.facts = tokenizer, folder, processes, facts
        self.threads = threads
        self.torch = neural(WHO, "torch")
        self.model = loaded(options, tokenizer, tags_of(labels), processes.device)
        self.optimizer = optimizer_of(self.model, options, processes.device)
        self.parameters = [value for group in self.optimizer.param_groups for value in group["params"]]
        self.dtype = batch_dtype(options, processes.device)
        self.lengths = np.array([len(row.ids) for row in rows], np.int64)
        self.mean_weight = sum(float(row.weight.sum()) for row in rows) / sum(row.words for row in rows)
        per_epoch = -(-len(rows) // options.batch_size)
        self.per_epoch = -(-per_epoch // options.accumulate)
        self.total = self.per_epoch * options.epochs
        if options.max_steps:
            self.total = min(self.total, options.max_steps)
        self.at_once = options.batch_size
        self.checkpoints = Checkpoints(folder, self._mark())
        self.state = _State()
        self.best_weights: Mapping[str, Any] | None = None
        self._epoch: tuple[int, list[npt.NDArray[np.int64]]] = (-1, [])

    def run(self, progress: StageProgress | None) -> TokenClassifierReport:
        """Train, from the last checkpoint where there is one, and write the model."""
        self._resume()
        begin = self.state.step
        every = self.options.evaluate_every or self.per_epoch
        saves = self.options.save_every or every
        devices = [self.processes.device] if self.processes.device.type == "cuda" else []
        with self.torch.random.fork_rng(devices=devices):
            while self.state.step < self.total and not self.state.stopped:
                self._step(self.state.step)
                self.state.step += 1
                step, last = self.state.step, self.state.step == self.total
                if self.dev and (step % every == 0 or last):
                    self._look()
                if step % saves == 0 and not last and not self.state.stopped:
                    self._save()
                if progress is not None and self.processes.first:
                    progress("training", step, self.total)
        return self._finish(begin)

    # --- a step ------------------------------------------------------------------------------------------------------

    def _step(self, step: int) -> None:
        """One change of the weights."""
        options, torch = self.options, self.torch
        for group in self.optimizer.param_groups:
            group["lr"] = options.learning_rate * rate_at(step, self.total, options.warmup)
        batches = self._batches(step)
        words = sum(self.rows[index].words for batch in batches for index in batch.tolist())
        while True:
            self.optimizer.zero_grad(set_to_none=True)
            try:
                loss = self._gradient(batches, step, words * self.mean_weight)
                break
            except Exception as error:
                if not out_of_memory(error) or self.at_once == 1:
                    raise device_error(error) from error
            free_memory()
            self.at_once = -(-self.at_once // 2)
            warnings.warn(f"memory ran out; going on with {self.at_once} sentences at once", SmallerBatch, stacklevel=2)
        self.processes.add_gradients(self.parameters)
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, options.max_norm)
        value, length = torch.stack([loss.float(), norm.float().to(loss.device)]).tolist()
        if not (math.isfinite(value) and math.isfinite(length)):
            raise self._no_number(step, "the loss" if not math.isfinite(value) else "the gradient")
        self.optimizer.step()
        part = step * min(_PARTS, self.total) // self.total
        while len(self.state.losses) <= part:
            self.state.losses.append([0.0, 0.0])
        self.state.losses[part][0] += value
        self.state.losses[part][1] += 1.0

    def _batches(self, step: int) -> list[npt.NDArray[np.int64]]:
        """The batches of a step, of which each process takes its share."""
        epoch, within = divmod(step, self.per_epoch)
        if self._epoch[0] != epoch:
            self._epoch = (epoch, batches_of_epoch(self.lengths, self.options.batch_size, self.options.seed, epoch))
        begin = within * self.options.accumulate
        return self._epoch[1][begin : begin + self.options.accumulate]

    def _gradient(self, batches: Sequence[npt.NDArray[np.int64]], step: int, share: float) -> Any:
        """Add up the gradients of a step, in parts that fit into memory; give its loss."""
        torch, device = self.torch, self.processes.device
        self.model.train()
        # what is left out at random depends on the step alone, so that training can go on in the middle
        sequence = np.random.SeedSequence([self.options.seed, 1, step, self.processes.rank])
        seed = int(sequence.generate_state(1)[0])
        torch.default_generator.manual_seed(seed)  # torch.manual_seed takes longer than a step of a tiny model
        if device.type != "cpu":
            torch.get_device_module(device).manual_seed(seed)
        total = torch.zeros((), device=device)
        for batch in batches:
            mine = batch[self.processes.rank :: self.processes.count]
            for at in range(0, len(mine), self.at_once):
                loss = self._loss([self.rows[index] for index in mine[at : at + self.at_once].tolist()]) / share
                loss.backward()
                total += loss.detach()
        return total

    def _loss(self, rows: Sequence[Row]) -> Any:
        """The sum of the losses of all words of some windows."""
        torch, device, options = self.torch, self.processes.device, self.options
        batch = batch_of(rows, int(self.tokenizer.pad_token_id or 0), 8 if device.type == "cuda" else 1)

        def there(array: npt.NDArray[Any]) -> Any:
            return torch.from_numpy(array).to(device, non_blocking=True)

        with self._autocast():
            logits = self.model(input_ids=there(batch.ids), attention_mask=there(batch.mask)).logits
        picked = logits[there(batch.row), there(batch.at)]
        losses = word_losses(
            picked,
            there(batch.target),
            there(batch.summed) if batch.summed.any() else None,
            gce_q=options.gce_q if options.loss == "gce" else None,
            smoothing=options.label_smoothing,
        )
        return (losses * there(batch.weight)).sum()

    def _autocast(self) -> Any:
        half = self.dtype is not None
        return self.torch.autocast(self.processes.device.type, dtype=self.dtype or self.torch.bfloat16, enabled=half)

    # --- dev sentences and checkpoints --------------------------------------------------------------------------------

    def _look(self) -> None:
        """Score the dev sentences, and note whether the weights are the best so far."""
        state = self.state
        with self._autocast():
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
            self.best_weights = trained(self.model)

    def _dev_score(self) -> DevScore:
        self.model.eval()
        return score_on(self.model, self.tokenizer, self.dev, self.labels, self.options, self.threads)

    def _save(self) -> None:
        if self.processes.first:
            # the weights of this very step are not written twice
            best = None if self.state.best_step == self.state.step else self.best_weights
            self.checkpoints.write(self.state.step, self.model, self.optimizer, asdict(self.state), best)
        self.processes.shared(None)  # all wait until it is written

    def _resume(self) -> None:
        kept = self.checkpoints.restore(self.model, self.optimizer)
        if kept is None:
            return
        state, best = kept
        self.state = _State(**state)
        if self.state.best is not None:
            self.best_weights = trained(self.model) if best is None else best

    def _no_number(self, step: int, what: str) -> ModelError:
        """Keep what is good, and say where the training stopped."""
        kept, at = "", self.state.best_step
        if self.processes.first and (self.best_weights is not None or self.checkpoints.newest() is not None):
            if self.best_weights is not None:
                put_back(self.model, self.best_weights)
            else:
                found = self.checkpoints.restore(self.model, self.optimizer)
                at = 0 if found is None else int(found[0]["step"])
            place = self.folder / "last-good"
            self._write_model(place)
            kept = f"The last good model, of step {at}, is in {place}. "
        self.processes.shared(None)  # torchrun ends all processes when one fails: not before it is written
        return ModelError(
            f"{what} is not a number at step {step + 1}",
            hint=kept + "Train again into another folder, with a smaller learning_rate, a longer warmup or "
            "precision=float32.",
        )

    def _mark(self) -> str:
        """What the course of a training depends on."""
        fixed = {name: value for name, value in asdict(self.options).items() if name not in ("device", "save_every")}
        digest = hashlib.sha256(json.dumps([fixed, self.labels], sort_keys=True).encode())
        for row in self.rows:
            for array in (row.ids, row.at, row.target, row.weight):
                digest.update(array.tobytes() + b"|")
        digest.update(repr([(one.tokens, one.spans) for one in self.dev]).encode())
        return digest.hexdigest()

    # --- what comes out ----------------------------------------------------------------------------------------------

    def _finish(self, resumed_at: int) -> TokenClassifierReport:
        state = self.state
        if self.processes.first and self.best_weights is not None and state.best_step != state.step:
            put_back(self.model, self.best_weights)
        facts = {
            "folder": str(self.folder),
            "labels": self.labels,
            "sentences": int(self.facts["sentences"]),
            "windows": len(self.rows),
            "entities": dict(self.facts["entities"]),
            "steps": state.step,
            "best_step": state.best_step if state.best is not None else state.step,
            "stopped": state.stopped,
            "losses": tuple(round(total / count, 6) for total, count in state.losses if count),
            "looks": tuple((int(step), f1, loss) for step, f1, loss in state.looks),
            "dev": None if state.best is None else dict(state.best),
            "dev_side": self.facts["dev_side"],
        }
        record = record_of(facts, self.facts, self.options, self.processes.count)
        if self.processes.first:
            scratch = self.folder / "finished.part"
            shutil.rmtree(scratch, ignore_errors=True)
            self._write_model(scratch, record)
            self._put_in_place(scratch)
        self.processes.shared(None)
        return TokenClassifierReport(**facts, signature=record["signature"], resumed_at=resumed_at)

    def _write_model(self, place: Path, record: Mapping[str, Any] | None = None) -> None:
        """Write model, tokenizer and card."""
        with _room(self.folder), _quiet():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            model = merged(self.model).eval()
            model.save_pretrained(place, max_shard_size="5GB")
            self.tokenizer.save_pretrained(place)
            if record is not None:
                (place / "README.md").write_text(written_card(record), encoding="utf-8")
                text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True)
                (place / RECORD).write_text(text + "\n", encoding="utf-8")

    def _put_in_place(self, scratch: Path) -> None:
        with _room(self.folder):
            for path in sorted(scratch.iterdir(), key=lambda path: path.name == RECORD):  # the record last
                os.replace(path, self.folder / path.name)
            scratch.rmdir()
        self.checkpoints.remove()


@contextmanager
def _room(folder: Path) -> Iterator[None]:
    """Say clearly that a model cannot be written."""
    try:
        yield
    except Exception as error:
        if not (isinstance(error, OSError) or type(error).__module__.startswith("safetensors")):
            raise
        raise OutputError(
            f"the model cannot be written ({getattr(error, 'strerror', None) or error})",
            where=str(folder),
            hint="Make room, and run it again: it goes on from the last checkpoint.",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars of other libraries."""
    logging = neural(WHO).utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
