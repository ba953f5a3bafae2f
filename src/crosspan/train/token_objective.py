"""What a fine-tuning learns: the tags of words, in windows of like length, measured on sentences with right labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.types import Sentence
from crosspan.models.loop import Outcome
from crosspan.models.objective import COLLAPSE, Look, Objective
from crosspan.models.partial_vocabulary import PartialVocabulary
from crosspan.models.processes import Processes
from crosspan.models.schedule import Course
from crosspan.models.stepper import Indices, adamw, half_precision, pieces_at_once
from crosspan.train.token_losses import word_losses
from crosspan.train.token_model import merged
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import GameReport
from crosspan.train.token_rows import Row, batch_of, batches_of_epoch
from crosspan.train.token_scores import score_on

_ENOUGH_ROWS = 20_000
"""Windows that are enough to know the shares of the tags."""


class TokenObjective(Objective):
    """Learns the task, and nothing else; a training with more to do than that has a subclass.

    Args:
        options: How the encoder is trained.
        rows: What it learns from.
        model: The encoder with its layer of tags.
        tokenizer: Its tokenizer.
        processes: The processes that share the work.
        dev: Sentences that choose the weights.
        labels: The kinds of entity.
        threads: Threads for decoding.
        partial: What puts the vectors of all pieces back, where only some are trained.
    """

    method: str | None = None
    """What the signature calls a way of training that is not the plain one."""

    options: TokenClassifierOptions

    def __init__(
        self,
        options: TokenClassifierOptions,
        rows: Sequence[Row],
        model: Any,
        tokenizer: Any,
        processes: Processes,
        *,
        dev: Sequence[Sentence] = (),
        labels: tuple[str, ...] = (),
        threads: int | None = None,
        partial: PartialVocabulary | None = None,
    ) -> None:
        course = Course(
            examples=len(rows),
            batch_size=options.batch_size,
            accumulate=options.accumulate,
            epochs=options.epochs,
            max_steps=options.max_steps,
            evaluate_every=options.evaluate_every,
            save_every=options.save_every,
            patience=options.patience,
        )
        device = processes.device
        super().__init__(
            processes,
            adamw(model, options.learning_rate, options.weight_decay, fused=device.type in ("cpu", "cuda")),
            course,
            model,
            tokenizer,
            options,
            max_norm=options.max_norm,
            most=options.batch_size,
            dtype=half_precision(options.precision, device, int(model.config.hidden_size)),
            pieces=pieces_at_once(options.pieces_at_once, device),
        )
        self.rows, self.dev, self.labels, self.threads, self.partial = rows, dev, labels, threads, partial
        self.pad = int(tokenizer.pad_token_id or 0)
        self.lengths = np.array([len(row.ids) for row in rows], np.int64)
        self.mean_weight = sum(float(row.weight.sum()) for row in rows) / sum(row.words for row in rows)

    # --- what is learned ---------------------------------------------------------------------------------------------

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Windows of like length together, in random order."""
        return batches_of_epoch(self.lengths, self.options.batch_size, self.options.seed, epoch)

    def prepared(self, batches: Sequence[Indices], step: int) -> tuple[Sequence[Indices], float]:
        """The batches, and what the sum of the losses of their words is divided by."""
        words = sum(self.rows[index].words for batch in batches for index in batch.tolist())
        return batches, words * self.mean_weight

    def losses(self, prepared: tuple[Sequence[Indices], float], number: int, rows: Indices) -> Iterable[Any]:
        """The loss of all words of some windows."""
        batches, share = prepared
        yield self._task_loss([self.rows[at] for at in batches[number][rows].tolist()]) / share

    def lengths_of(self, batch: Indices) -> npt.NDArray[np.int64]:
        """Pieces of each window."""
        return self.lengths[batch]

    def draw(self, step: int, number: int) -> None:
        """One stream for all batches of a step."""
        if not number:
            self.draw_from(self.options.seed, 1, step)

    def multiple(self) -> int:
        """What the length of a batch is a multiple of."""
        return 8 if self.processes.device.type == "cuda" else 1

    def _task_loss(self, rows: Sequence[Row]) -> Any:
        """The sum of the losses of all words of some windows."""
        there = self.there
        batch = batch_of(rows, self.pad, self.multiple())
        with self.autocast():
            logits = self.model(input_ids=there(batch.ids), attention_mask=there(batch.mask)).logits
        picked = logits[there(batch.row), there(batch.at)]
        summed = there(batch.summed) if batch.summed.any() else None
        return (self.word_losses(picked, there(batch.target), summed) * there(batch.weight)).sum()

    def word_losses(self, logits: Any, target: Any, summed: Any | None) -> Any:
        """The loss of each word; see :func:`crosspan.train.token_losses.word_losses`."""
        gce_q = self.options.gce_q if self.options.loss == "gce" else None
        return word_losses(logits, target, summed, gce_q=gce_q, smoothing=self.options.label_smoothing)

    def guessing(self) -> float:
        """The loss of giving each word each tag with the share that it has of all."""
        rows = self.rows[:: 1 + len(self.rows) // _ENOUGH_ROWS]
        targets, weights = (np.concatenate([getattr(row, name) for row in rows]) for name in ("target", "weight"))
        summed = np.concatenate([row.summed for row in rows])
        shares = (targets / targets.sum(1, keepdims=True).clip(1e-9) * weights[:, None]).sum(0) / weights.sum()
        logits = np.broadcast_to(np.log(np.maximum(shares, 1e-9)), targets.shape)
        with self.torch.no_grad():
            scored, wanted = (self.torch.from_numpy(np.ascontiguousarray(one, np.float32)) for one in (logits, targets))
            losses = self.word_losses(scored, wanted, self.torch.from_numpy(summed) if summed.any() else None)
        return float((losses.numpy() * weights).sum() / weights.sum())

    def facts(self) -> Iterable[object]:
        """Labels, windows and dev sentences."""
        yield self.labels
        for row in self.rows:
            for array in (row.ids, row.at, row.target, row.weight):
                yield array.tobytes()
        yield repr([(one.tokens, one.spans) for one in self.dev])

    # --- how well it goes --------------------------------------------------------------------------------------------

    def look(self) -> Look | None:
        """Label the dev sentences as the finished tagger would, and compare."""
        if not self.dev:
            return None
        self.model.eval()
        with self.autocast():
            score = score_on(self.model, self.tokenizer, self.dev, self.labels, self.options, self.threads)
        return Look(asdict(score), (score.f1, -score.loss))

    def game(self, outcome: Outcome) -> GameReport | None:
        """What is reported beside the task."""
        return None

    # --- what comes out ----------------------------------------------------------------------------------------------

    def finished(self) -> Any:
        """The model without matrices beside its weights, and with the vectors of all pieces. The training has ended."""
        self.forget()
        if self.partial is not None:
            self.partial.put_back()
        return merged(self.model)

    def remedy(self, what: str) -> str:
        """What to change where something is not a number, or what was learned is destroyed."""
        if what == COLLAPSE:
            return "a smaller learning_rate or a longer warmup"
        smaller = "adversarial.weight" if "adversarial" in what else "learning_rate"
        return f"a smaller {smaller}, a longer warmup or precision=float32"
