"""Trainings in which an encoder learns its task and, against a discriminator, not to tell languages apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from crosspan.models.batching import in_batches
from crosspan.models.checkpoints import trained
from crosspan.models.loop import Outcome
from crosspan.models.objective import COLLAPSE, TASK, Look
from crosspan.models.processes import Processes
from crosspan.models.watch import Watch
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.adversarial_text import LanguageText, TextRow, judged
from crosspan.train.adversary import (
    discriminator_of,
    language_losses,
    lead_of,
    reversed_gradient,
    weight_at,
)
from crosspan.train.token_model import body_of
from crosspan.train.token_objective import TokenObjective
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import GamePart, GameReport
from crosspan.train.token_rows import Row

DISCRIMINATOR_FILE = "discriminator.safetensors"
"""The file of the discriminator's weights, where they are kept."""

_DISCRIMINATOR, _GENERATOR = "discriminator", "generator"
_VALUES = ("loss", "language_loss", "lambda", "gradient", "language_gradient")
"""What is told of a step, in the order of :class:`~crosspan.train.token_report.GamePart`."""
_ACCURACY = "language_accuracy"
_NO_GRADIENT = 1e-12
_LOSS, _GRADIENT = "the adversarial loss", "the adversarial gradient"

_FEWEST_STEPS = 40
"""Games with fewer steps are not judged."""

Part = Literal["discriminator", "generator", "both"]


class Game(TokenObjective):
    """What both kinds of adversarial training have: the discriminator, its text, and how it is measured.

    Args:
        options: How the encoder is trained.
        rows: What the task is learned from.
        model: The encoder with its layer of tags.
        tokenizer: Its tokenizer.
        processes: The processes that share the work.
        adversarial: How languages are kept from being told apart.
        text: What the discriminator sees.
        given: The rest of what :class:`~crosspan.train.token_objective.TokenObjective` takes.
    """

    def __init__(
        self,
        options: TokenClassifierOptions,
        rows: Sequence[Row],
        model: Any,
        tokenizer: Any,
        processes: Processes,
        adversarial: AdversarialOptions,
        text: LanguageText,
        **given: Any,
    ) -> None:
        super().__init__(options, rows, model, tokenizer, processes, **given)
        self.adversarial, self.text = adversarial, text
        self.body = body_of(model)
        self.encoder = [value for value in self.body.parameters() if value.requires_grad]
        pieces = self.body.get_input_embeddings().weight if adversarial.reach == "shared" else None
        self.reached = [value is not pieces for value in self.encoder]
        self.watch = Watch(
            loss=adversarial.tolerated, score=adversarial.tolerated, looks=1, fewest=_FEWEST_STEPS, needed=True
        )
        width = int(self.body.config.hidden_size)
        self.discriminator = discriminator_of(
            width, adversarial.hidden, len(text.classes), options.seed, processes.device
        )
        self.learned = self.torch.nn.ModuleDict({"model": model, "discriminator": self.discriminator})
        self.judges = [*self.discriminator.parameters()]
        self.optimizers[_DISCRIMINATOR] = self._optimizer(self.judges, adversarial.discriminator_rate)
        self.per_step = adversarial.discriminator_steps + (adversarial.mode == "alternating")
        self.size = adversarial.batch_size or options.batch_size * options.accumulate
        self.method = adversarial.mode

    def facts(self) -> Iterable[object]:
        """What the task depends on, and what the discriminator does."""
        yield from super().facts()
        yield asdict(self.adversarial)
        yield self.text.digest()

    def _optimizer(self, parameters: Sequence[Any], rate: float) -> Any:
        fused = self.processes.device.type in ("cpu", "cuda")
        return self.torch.optim.AdamW(parameters, lr=rate, eps=1e-8, weight_decay=0.0, fused=fused)

    # --- the discriminator's side -------------------------------------------------------------------------------------

    def lambda_at(self, step: int) -> float:
        """λ at a step, by the schedule; it is full at the last one."""
        done, how = step / max(1, self.course.total - 1), self.adversarial
        return weight_at(done, how.weight, how.schedule, how.begin)

    def balanced(self, weight: float, loss: float) -> float:
        """λ as it counts where the discriminator has this loss."""
        return weight * lead_of(loss, len(self.text.classes)) if self.adversarial.balance == "task" else weight

    def train_discriminator(self, step: int, times: int) -> float:
        """Let the discriminator learn from vectors as they are; give its mean loss."""
        found: list[float] = []
        for turn in range(times):
            loss = self.language_gradient(step, turn, "discriminator")
            found += self.finite({_LOSS: loss})
            self.change(_DISCRIMINATOR)
        return sum(found) / max(1, times)

    def language_gradient(self, step: int, turn: int, part: Part) -> Any:
        """Add up gradients of the discriminator's loss; give this loss.

        Args:
            step: Of the training; with ``turn`` it says which sentences are seen.
            turn: Which of the batches of this step.
            part: Who gets gradients: the discriminator; the generator, that is the encoder, of the loss with turned
                labels; or both, the encoder through the layer that turns them.
        """
        rows = self.text.batch(step * self.per_step + turn, self.size)
        weights = self.text.weights(rows, self.adversarial.level)
        longest_first = sorted(rows, key=lambda row: -len(row.ids))
        lengths = np.array([len(row.ids) for row in longest_first], np.int64)

        def losses(chosen: npt.NDArray[np.int64]) -> Iterable[Any]:
            yield self._language_loss([longest_first[at] for at in chosen.tolist()], weights, part)

        def add_up() -> Any:
            self.model.train()
            self.draw_from(self.options.seed, 4 + turn, step)
            return self.added_up(len(longest_first), losses, lengths=lengths)[0]

        learning = {"discriminator": self.judges, "generator": self.encoder, "both": [*self.encoder, *self.judges]}
        return self.gradient_of(add_up, [*self.encoder, *self.judges], learning[part])

    def _language_loss(self, rows: Sequence[TextRow], weights: npt.NDArray[np.float32], part: Part) -> Any:
        with self.torch.set_grad_enabled(part != "discriminator"):
            vectors, lang = self._vectors(rows)
        if part == "both":
            vectors = reversed_gradient(vectors, 1.0)
        target = self.there(self.text.class_of[lang])
        losses = language_losses(self.discriminator(vectors), target, turned=part == "generator")
        return (losses * self.there(weights[lang])).sum()

    def _vectors(self, rows: Sequence[TextRow]) -> tuple[Any, npt.NDArray[np.int64]]:
        """What the discriminator judges, ``[n, width]`` in float32, and the language of each."""
        with self.autocast():
            return judged(self.body, rows, self.adversarial, self.pad, self.there, multiple=self.multiple())

    def gradient_norm(self) -> Any:
        """The length of the gradient at the encoder."""
        there = [value.grad for value in self.encoder if value.grad is not None]
        return self.torch.nn.utils.get_total_norm(there).float()

    # --- what is measured and written ---------------------------------------------------------------------------------

    def look(self) -> Look:
        """How well the task goes, and the discriminator: ``language_accuracy``."""
        accuracy = self._accuracy()
        found = super().look()
        if found is None:
            return Look({_ACCURACY: accuracy})
        return Look({**found.values, _ACCURACY: accuracy}, found.rank)

    def _accuracy(self) -> float:
        """Share of the held-out text of which the discriminator knows the language; each class counts the same."""
        rows = [row for side in self.text.held for row in side]
        weights = self.text.weights(rows, self.adversarial.level)
        self.model.eval()

        def compute(batch: npt.NDArray[np.int64]) -> list[float]:
            chosen = [rows[index] for index in batch.tolist()]
            with self.torch.inference_mode():
                vectors, lang = self._vectors(chosen)
                found = self.discriminator(vectors).argmax(-1).cpu().numpy()
            right = np.where(found == self.text.class_of[lang], weights[lang], 0.0)
            if self.adversarial.level == "sentence":
                return [float(one) for one in right]
            ends = np.cumsum([row.end - row.begin for row in chosen])[:-1]
            return [float(one.sum()) for one in np.split(right, ends)]

        return round(sum(in_batches([len(row.ids) for row in rows], compute, budget=8_192, what="windows")), 6)

    def game(self, outcome: Outcome) -> GameReport:
        """The course of the game."""
        courses = [outcome.course(name) for name in _VALUES]
        return GameReport(
            settings=asdict(self.adversarial),
            classes=self.text.classes,
            windows=self.text.counts(),
            chance=round(self.text.chance, 6),
            parts=tuple(GamePart(*values) for values in zip(*courses, strict=True)),
            looks=tuple((step, values[_ACCURACY]) for step, values in outcome.looks),
        )

    def remedy(self, what: str) -> str:
        """What to change; the game is most often what destroys."""
        return (
            "a smaller adversarial.weight or learning_rate, or adversarial.balance=task where it is fixed"
            if what == COLLAPSE
            else super().remedy(what)
        )

    def extra_files(self) -> Mapping[str, Mapping[str, Any]]:
        """The discriminator, if it is to be kept."""
        return {DISCRIMINATOR_FILE: trained(self.discriminator)} if self.adversarial.keep else {}


class Reversal(Game):
    """One change of all weights; the discriminator's gradient enters the encoder with its sign turned."""

    def take(self, step: int) -> dict[str, float]:
        """See :meth:`crosspan.models.objective.Objective.take`."""
        weight, times = self.lambda_at(step), self.adversarial.discriminator_steps
        self.train_discriminator(step, times - 1)
        losses = self.task_gradient(step)
        task = self.gradient_norm()
        kept = [value.grad for value in self.encoder]
        losses[_LOSS] = self.language_gradient(step, times - 1, "both" if weight else "discriminator")
        if weight:
            weight = self.balanced(weight, float(losses[_LOSS]))
            self._weigh(kept, weight)
        against = self.gradient_norm()
        for value, gradient in zip(self.encoder, kept, strict=True):
            if gradient is not None:
                value.grad = gradient if value.grad is None else value.grad.add_(gradient)
        found = self.finite({**losses, "the gradient": task, _GRADIENT: against})
        self.change(TASK)
        self.change(_DISCRIMINATOR)
        return dict(zip(_VALUES, (found[0], found[1], weight, *found[2:]), strict=True))

    def _weigh(self, kept: Sequence[Any], weight: float) -> None:
        """Give the turned gradient of each weight its length.

        Beside the task's it is λ times as long as this, tensor by tensor: AdamW scales each weight's step by the
        gradients that this weight has seen, so a ratio of the whole lengths would say nothing of a single layer.
        """
        of_task = self.adversarial.balance == "task"
        for value, gradient, reached in zip(self.encoder, kept, self.reached, strict=True):
            if value.grad is None:
                continue
            if not reached or (of_task and gradient is None):
                value.grad = None
            elif of_task:
                value.grad.mul_(weight * gradient.norm() / value.grad.norm().clamp_min(_NO_GRADIENT))
            else:
                value.grad.mul_(weight)


class Alternating(Game):
    """A change of the weights for the task, one of the discriminator, and one of the encoder against it."""

    def __init__(self, *arguments: Any, **given: Any) -> None:
        super().__init__(*arguments, **given)
        rate = self.adversarial.generator_rate or self.options.learning_rate
        moved = [value for value, reached in zip(self.encoder, self.reached, strict=True) if reached]
        self.optimizers[_GENERATOR] = self._optimizer(moved, rate)
        self._rate = rate

    def take(self, step: int) -> dict[str, float]:
        """See :meth:`crosspan.models.objective.Objective.take`."""
        weight, times = self.lambda_at(step), self.adversarial.discriminator_steps
        losses = self.task_gradient(step)
        learned = self.finite({**losses, "the gradient": self.gradient_norm()})
        self.change(TASK)
        lost = self.train_discriminator(step, times)
        opposed = [0.0, 0.0]
        if weight:
            weight = self.balanced(weight, lost)
            turned = self.language_gradient(step, times, "generator")
            opposed = self.finite({_LOSS: turned, _GRADIENT: self.gradient_norm()})
            self.set_rate(_GENERATOR, self._rate * weight * self.rate(step))
            self.change(_GENERATOR)
        return dict(zip(_VALUES, (learned[0], lost, weight, learned[1], opposed[1]), strict=True))


def game_of(
    options: TokenClassifierOptions,
    rows: Sequence[Row],
    model: Any,
    tokenizer: Any,
    processes: Processes,
    adversarial: AdversarialOptions,
    text: LanguageText,
    **given: Any,
) -> Game:
    """The training of the mode that is wanted; see :class:`Game`."""
    kind = Reversal if adversarial.mode == "reversal" else Alternating
    return kind(options, rows, model, tokenizer, processes, adversarial, text, **given)
