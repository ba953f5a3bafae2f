"""What a tuning of an aligner learns: several objectives at once, on pairs of sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from crosspan.models.loading import neural
from crosspan.models.objective import Objective, cut_in_order
from crosspan.models.partial_vocabulary import PartialVocabulary
from crosspan.models.processes import Processes
from crosspan.models.schedule import Course
from crosspan.models.stepper import Indices, adamw
from crosspan.train.links.data import PairPieces, order_of
from crosspan.train.links.losses import OBJECTIVES, Learner, Part
from crosspan.train.links.options import TuningOptions

_OF_MANY = "psi"
"""The objective that tells a sentence from others of its batch, and has nothing to say of one alone."""


_Parts = Sequence[Mapping[str, Part]]
"""What was drawn for a step: of each batch the parts of its losses, by objective."""


class LinksObjective(Objective):
    """Learns word links.

    Args:
        options: How.
        learner: The model, and what its objectives need to know.
        examples: Pairs to learn from.
        tokenizer: Of the model.
        processes: The processes that share the work.
        partial: What puts the vectors of all pieces back, where only some are trained.
    """

    stage = "tuning"
    options: TuningOptions

    def __init__(
        self,
        options: TuningOptions,
        learner: Learner,
        examples: Sequence[PairPieces],
        tokenizer: Any,
        processes: Processes,
        partial: PartialVocabulary | None = None,
    ) -> None:
        whole = neural("tuning", "torch").nn.ModuleDict({"model": learner.model, "head": learner.head})
        course = Course(
            examples=len(examples),
            batch_size=options.batch,
            accumulate=options.accumulate,
            epochs=options.epochs,
            max_steps=options.max_steps,
            save_every=options.save_every,
        )
        super().__init__(
            processes,
            adamw(whole, options.learning_rate, options.weight_decay, fused=False),
            course,
            learner.model,
            tokenizer,
            options,
            max_norm=options.max_norm,
            most=options.batch,
            what="pairs",
        )
        self.names = options.objectives
        self.learned, self.learner, self.examples, self.partial = whole, learner, examples, partial

    def batches(self, epoch: int) -> Sequence[Indices]:
        """Pairs in random order."""
        return cut_in_order(order_of(len(self.examples), self.options.seed, epoch), self.options.batch)

    def prepared(self, batches: Sequence[Indices], step: int) -> _Parts:
        """What each objective draws, for each whole batch."""
        parts = []
        for number, batch in enumerate(batches):
            rng, _ = self._chance(step, number)
            chosen = [self.examples[index] for index in batch.tolist()]
            told = [name for name in self.names if name != _OF_MANY or len(batch) > 1]
            parts.append({name: OBJECTIVES[name](self.learner, chosen, rng) for name in told})
        return parts

    def losses(self, prepared: _Parts, number: int, rows: Indices) -> Iterable[Any]:
        """The part of some pairs in the mean of each loss over all batches; ``None`` where a batch says nothing."""
        for name in self.names:
            part = prepared[number].get(name)
            yield None if part is None else part(rows) / len(prepared)

    def draw(self, step: int, number: int) -> None:
        """A stream for each batch."""
        self.draw_seeded(self._chance(step, number)[1] + self.processes.rank)

    def _chance(self, step: int, number: int) -> tuple[np.random.Generator, int]:
        """What a batch draws from, and before it the seed of what the model leaves out."""
        rng = np.random.default_rng([self.options.seed, 2, step, number])
        return rng, int(rng.integers(1 << 62))

    def take(self, step: int) -> dict[str, float]:
        """See :meth:`crosspan.models.objective.Objective.take`."""
        found = super().take(step)
        sizes = [len(batch) for batch in self.batches_of(step)]
        if _OF_MANY in found and 1 in sizes:
            several = sum(size > 1 for size in sizes)
            value = found.pop(_OF_MANY)
            return {**found, _OF_MANY: value * len(sizes) / several} if several else found
        return found

    def finished(self) -> Any:
        """The model with the vectors of all pieces. The training has ended."""
        self.forget()
        if self.partial is not None:
            self.partial.put_back()
        return self.model

    def facts(self) -> Iterable[object]:
        """All pairs, and their links."""
        for pair in self.examples:
            for pieces in (pair.source, pair.target):
                yield pieces.ids.tobytes()
                yield pieces.word.tobytes()
            if pair.links is not None:
                yield pair.links.source.tobytes()
                yield pair.links.target.tobytes()
