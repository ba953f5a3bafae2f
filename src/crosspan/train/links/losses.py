"""What an aligner is tuned to: the objectives of AWESOME (Dou & Neubig 2021).

Each takes a :class:`Learner` and a batch of pairs, draws what is random for the whole batch, and gives a function of
some of its pairs: their part of the mean loss of the batch. So a batch can be learned from piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from crosspan.models.layers import states_behind
from crosspan.models.loading import neural
from crosspan.train.links.data import (
    Frame,
    Int64Array,
    PairPieces,
    Rows,
    given_links,
    masked,
    rows_of,
    word_grid,
    word_links,
)
from crosspan.train.pretrain.corruption import IGNORED


@dataclass(slots=True)
class Learner:
    """A model that is being tuned, and what its objectives need to know.

    Args:
        model: A masked language model.
        head: Tells from the first vector of two sentences whether they are translations.
        frame: The special pieces.
        layer: The layer whose vectors are compared.
        threshold: A link is more probable than this in both directions.
        mask_share: How many pieces are hidden.
        longest: How many pieces the model reads at once, special ones included.
    """

    model: Any
    head: Any
    frame: Frame
    layer: int
    threshold: float
    mask_share: float
    longest: int

    def states(self, rows: Rows, layer: int) -> Any:
        """Vectors of a layer for sequences ``[rows, pieces, width]``; no layer behind it is computed."""
        body, inputs = self.model.base_model, self._inputs(rows.ids, rows)
        if layer == int(body.config.num_hidden_layers):
            return body(**inputs).last_hidden_state
        return states_behind(body, layer, **inputs)

    def logits(self, read: Int64Array, rows: Rows) -> Any:
        """Scores of all pieces at each place ``[rows, pieces, vocabulary]``."""
        return self.model(**self._inputs(read, rows)).logits

    def _inputs(self, read: Int64Array, rows: Rows) -> dict[str, Any]:
        torch = neural("tuning", "torch")
        device = next(self.model.parameters()).device
        return {
            "input_ids": torch.from_numpy(read).to(device),
            "attention_mask": torch.from_numpy(rows.there).to(device).long(),
        }


def make_head(width: int) -> Any:
    """A classifier of two classes over one vector."""
    torch = neural("tuning", "torch")
    return torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.Tanh(), torch.nn.Linear(width, 2))


Part = Callable[[Int64Array], Any]
"""The part that some pairs of a batch have in the mean loss of the batch."""


def _both(learner: Learner, batch: Sequence[PairPieces]) -> tuple[Rows, Rows]:
    return (
        rows_of(learner.frame, [[pair.source] for pair in batch]),
        rows_of(learner.frame, [[pair.target] for pair in batch]),
    )


def _directions(learner: Learner, source: Rows, target: Rows) -> tuple[Any, Any]:
    """Probabilities of links seen from either side ``[batch, pieces, pieces]``; 0 where no piece tells of a word."""
    torch = neural("tuning", "torch")
    one, other = learner.states(source, learner.layer), learner.states(target, learner.layer)
    scores = torch.einsum("bik,bjk->bij", one.float(), other.float())
    rows = torch.from_numpy(source.told).to(scores.device)[:, :, None]
    columns = torch.from_numpy(target.told).to(scores.device)[:, None, :]
    away = torch.finfo(scores.dtype).min / 2
    forward = scores.masked_fill(~columns, away).softmax(dim=2)
    backward = scores.masked_fill(~rows, away).softmax(dim=1)
    there = rows & columns
    return forward * there, backward * there


def _guide(learner: Learner, batch: Sequence[PairPieces], source: Rows, target: Rows) -> Any:
    """Links to learn, all pieces of linked words with all: those given, or those that the model itself finds now."""
    torch = neural("tuning", "torch")
    guide = np.zeros((len(batch), source.ids.shape[1], target.ids.shape[1]), np.float32)
    training = learner.model.training
    learner.model.eval()
    with torch.no_grad():
        forward, backward = _directions(learner, source, target)
        own = ((forward > learner.threshold) & (backward > learner.threshold)).cpu().numpy()
    learner.model.train(training)
    for index, pair in enumerate(batch):
        one, other = source.told[index], target.told[index]
        if pair.links is None:
            words = word_links(own[index][np.ix_(one, other)], pair.source, pair.target)
        else:
            words = given_links(pair.links, pair.source, pair.target)
        guide[index][np.ix_(one, other)] = word_grid(words, pair.source, pair.target)
    return torch.from_numpy(guide).to(forward.device)


def _lengths(rows: Rows, device: Any) -> Any:
    return neural("tuning", "torch").from_numpy(rows.told.sum(axis=1)).to(device)


def self_training(learner: Learner, batch: Sequence[PairPieces], rng: np.random.Generator) -> Part:
    """Make the links that the model finds, or those given, more probable in both directions."""
    whole = _both(learner, batch)

    def part(pairs: Int64Array) -> Any:
        source, target = (rows.at(pairs) for rows in whole)
        guide = _guide(learner, [batch[at] for at in pairs.tolist()], source, target)
        forward, backward = _directions(learner, source, target)
        one = (forward * guide).sum(dim=(1, 2)) / _lengths(source, guide.device)
        other = (backward * guide).sum(dim=(1, 2)) / _lengths(target, guide.device)
        return -((one + other).sum() / len(batch))

    return part


def consistency(learner: Learner, batch: Sequence[PairPieces], rng: np.random.Generator) -> Part:
    """Make the two directions agree."""
    torch = neural("tuning", "torch")
    whole = _both(learner, batch)

    def part(pairs: Int64Array) -> Any:
        source, target = (rows.at(pairs) for rows in whole)
        forward, backward = _directions(learner, source, target)
        agreed = (forward * backward).sum(dim=(1, 2))
        shorter = torch.minimum(_lengths(source, agreed.device), _lengths(target, agreed.device))
        return -((agreed / shorter).sum() / len(batch))

    return part


def _guessing(learner: Learner, read: Int64Array, labels: Int64Array, rows: Rows) -> Any:
    """Cross entropy of the hidden pieces: the mean over those of a row, then the sum over rows."""
    torch = neural("tuning", "torch")
    logits = learner.logits(read, rows)
    wanted = torch.from_numpy(labels).to(logits.device)
    each = torch.nn.functional.cross_entropy(
        logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED, reduction="none"
    ).view(wanted.shape)
    return (each.sum(dim=1) / (wanted != IGNORED).sum(dim=1).clamp(min=1)).sum()


def masked_words(learner: Learner, batch: Sequence[PairPieces], rng: np.random.Generator) -> Part:
    """Guess hidden pieces of each sentence by itself (masked language modelling), of both languages."""
    rows = rows_of(learner.frame, [[side] for pair in batch for side in (pair.source, pair.target)])
    read, labels = masked(rows, learner.frame, rows.side > 0, learner.mask_share, rng)

    def part(pairs: Int64Array) -> Any:
        mine = np.stack([2 * pairs, 2 * pairs + 1], axis=1).reshape(-1)
        return 2.0 * (_guessing(learner, read[mine], labels[mine], rows.at(mine)) / len(read))

    return part


def translated_words(learner: Learner, batch: Sequence[PairPieces], rng: np.random.Generator) -> Part:
    """Guess hidden pieces of a sentence beside its translation, where nothing is hidden; then the other way round."""
    turned = rng.random() < 0.5
    parts = [[pair.target, pair.source] if turned else [pair.source, pair.target] for pair in batch]
    rows = rows_of(learner.frame, [*parts, *parts])
    which = np.repeat([1, 2], len(batch))[:, None]
    read, labels = masked(rows, learner.frame, rows.side == which, learner.mask_share, rng)

    def part(pairs: Int64Array) -> Any:
        mine = np.concatenate([pairs, pairs + len(batch)])
        return 2.0 * (_guessing(learner, read[mine], labels[mine], rows.at(mine)) / len(read))

    return part


def parallel_sentences(learner: Learner, batch: Sequence[PairPieces], rng: np.random.Generator) -> Part:
    """Tell sentences beside their translations from sentences beside others of the batch, which has two pairs at least.

    The translation of another is cut off where both are more than the model reads at once.
    """
    torch = neural("tuning", "torch")
    joined = []
    room = learner.longest - 2 * (len(learner.frame.before) + len(learner.frame.after))
    for index, pair in enumerate(batch):
        wrong = batch[(index + int(rng.integers(1, len(batch)))) % len(batch)]
        for other in (pair, wrong):
            two = [pair.source, other.target.begin(max(1, room - len(pair.source)))]
            joined.append(two[::-1] if rng.random() < 0.5 else two)
    rows = rows_of(learner.frame, joined)
    layer = min(learner.layer + 1, int(learner.model.config.num_hidden_layers))

    def part(pairs: Int64Array) -> Any:
        mine = np.stack([2 * pairs, 2 * pairs + 1], axis=1).reshape(-1)
        first = learner.states(rows.at(mine), layer)[:, 0]
        right = torch.tensor([1, 0] * len(pairs), device=first.device)
        logits = learner.head(first.float())
        return torch.nn.functional.cross_entropy(logits, right, reduction="sum") / len(joined)

    return part


OBJECTIVES: dict[str, Callable[[Learner, Sequence[PairPieces], np.random.Generator], Part]] = {
    "self_training": self_training,
    "tlm": translated_words,
    "mlm": masked_words,
    "psi": parallel_sentences,
    "consistency": consistency,
}
"""The objectives by name."""

GUESSING = ("tlm", "mlm")
"""Objectives that guess pieces, of all that there are."""
