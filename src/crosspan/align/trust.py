"""How far an encoder is to be believed, by comparison with a model that learned from the sentences at hand alone.

Two witnesses that do not talk to each other, the statistics of the words and the encoder, look at the same cells.
Where both tend to say the same, each tells how good the other is (Dawid & Skene 1979): the share of links, and of other
cells, on which the encoder says a value is estimated by expectation maximisation from what the statistics say. The
ratio of the two is what that value is worth as evidence. Where the encoder does not know a language, its values are the
same on links as elsewhere, and are worth nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.align.soft_links import KINDS, UNKNOWN

Floats = npt.NDArray[np.float64]

BOUNDS = np.array([1e-5, 1e-4, 1e-3, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 0.85, 0.95])
"""Between these, probabilities of the encoder count alike when ratios are estimated."""

_LEAST = 1e-6
_MIDDLES = np.log([1e-6, 3e-5, 3e-4, 1.8e-3, 6e-3, 0.018, 0.06, 0.15, 0.25, 0.4, 0.6, 0.78, 0.91, 0.99])
_ROUNDS = 10
_DOUBT = 5.0
"""Links that say nothing, added to those that were seen."""
_MOST = 1e3
"""No ratio is larger, nor smaller than its inverse."""
_NONE, _FULL = 1.0, 2.0
"""What an encoder says of a link on average, in nats: up to the first it is not believed, from the second on it is. One
that does not know a language still says up to half a nat, as it knows where in the sentence a word stands."""

_LITTLE = 0.1
"""An encoder that is believed on a smaller share of the links is left out."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What the encoder's values are worth.

    Args:
        ratio: Logarithm of how much more often each of its values is seen on links than elsewhere, for each kind of
            cells and each range of :data:`BOUNDS`: ``[kinds, ranges]``, not falling within a row.
        told: What it says of a link of each kind, on average, in nats ``[kinds]``.
        links: Expected links of each kind that this was learned from ``[kinds]``.
        odds: Logarithm of the odds that any cell is a link.
        unknown: Expected links of words that the encoder has no pieces for.
    """

    ratio: Floats
    told: Floats
    links: Floats
    odds: float
    unknown: float

    @property
    def of_kinds(self) -> Floats:
        """How far the encoder is believed on each kind of cells, from 0 to 1."""
        return np.clip((self.told - _NONE) / (_FULL - _NONE), 0.0, 1.0)

    @property
    def whole(self) -> float:
        """How far it is believed all in all: on average over the links of words not written alike; 0 if hardly."""
        links = self.links[1:]
        share = float((self.of_kinds[1:] * links).sum() / max(links.sum() + self.unknown, 1e-9))
        return share if share >= _LITTLE else 0.0

    def of_cells(self, prob: npt.NDArray[np.float32], kind: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
        """How far the encoder is believed on each cell, from 0 to 1; 0 where it says nothing.

        Args:
            prob: Its probabilities, or UNKNOWN.
            kind: Kinds of the cells.
        """
        return np.where(prob == UNKNOWN, 0.0, self.of_kinds[kind]).astype(np.float32)

    def ratios(self, prob: npt.NDArray[np.float32], kind: npt.NDArray[np.int8]) -> Floats:
        """Logarithm of what the encoder's value of each cell is worth; 0 where it is not believed, or says nothing.

        Args:
            prob: Its probabilities, or UNKNOWN.
            kind: Kinds of the cells.
        """
        return self._weighed(prob, kind, np.zeros(len(KINDS)))

    def factors(
        self, prob: npt.NDArray[np.float32], kind: npt.NDArray[np.int8], weight: float
    ) -> npt.NDArray[np.float32]:
        """How much more probable the encoder makes each cell; 1 where it is not believed, or says nothing.

        A value of half of what is said of a link on average counts as saying nothing: words that have no better cell
        are sooner without a link.

        Args:
            prob: Its probabilities, or UNKNOWN.
            kind: Kinds of the cells.
            weight: Exponent of the ratios.
        """
        return np.exp(weight * self._weighed(prob, kind, self.told / 2.0)).astype(np.float32)

    def _weighed(self, prob: npt.NDArray[np.float32], kind: npt.NDArray[np.int8], nothing: Floats) -> Floats:
        found = np.zeros(prob.shape, np.float64)
        places = np.log(np.maximum(prob, 0.0) + _LEAST)
        for number, (row, zero, believed) in enumerate(zip(self.ratio, nothing, self.of_kinds, strict=True)):
            cells = (kind == number) & (prob != UNKNOWN)
            if believed > 0.0:
                found[cells] = believed * (np.interp(places[cells], _MIDDLES, row) - zero)
        return found

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        arrays = {name: getattr(self, name).tolist() for name in ("ratio", "told", "links")}
        return {**arrays, "odds": self.odds, "unknown": self.unknown}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Trust:
        """What :meth:`to_dict` gave.

        Raises:
            ValueError: It is damaged.
        """
        ratio, told, links = (np.array(kept[name], np.float64) for name in ("ratio", "told", "links"))
        made = cls(ratio, told, links, float(kept["odds"]), float(kept["unknown"]))
        n_kinds = len(KINDS)
        shapes = (made.ratio.shape, made.told.shape, made.links.shape)
        if shapes != ((n_kinds, len(_MIDDLES)), (n_kinds,), (n_kinds,)) or not np.isfinite(made.ratio).all():
            raise ValueError("the trust in the encoder is damaged")
        return made


def trust_of(prob: npt.NDArray[np.float32], kind: npt.NDArray[np.int8], believed: npt.NDArray[np.float32]) -> Trust:
    """Compare an encoder with a model that knows the words alone.

    Args:
        prob: The encoder's probabilities of cells, or UNKNOWN.
        kind: Kinds of the cells.
        believed: Probabilities of the same cells in the other model.

    Example:
        >>> prob = np.tile(np.array([0.99, 0.0, 0.0], np.float32), 200)
        >>> kind, believed = np.ones(600, np.int8), np.tile(np.array([0.8, 0.1, 0.1], np.float32), 200)
        >>> good, bad = trust_of(prob, kind, believed), trust_of(prob, kind, believed[::-1] * 0 + 1 / 3)
        >>> round(good.whole, 1), round(bad.whole, 1)
        (1.0, 0.0)
    """
    known = prob != UNKNOWN
    rows = [_ratios(prob[cells], believed[cells]) for cells in ((kind == one) & known for one in range(len(KINDS)))]
    ratio, told, links = (np.array(column) for column in zip(*rows, strict=True))
    share = min(max(float(links.sum()) / max(int(known.sum()), 1), 1e-6), 1.0 - 1e-6)
    unknown = float(believed[~known].sum(dtype=np.float64))
    return Trust(ratio, told, links, float(np.log(share / (1.0 - share))), unknown)


def _ratios(prob: npt.NDArray[np.float32], believed: npt.NDArray[np.float32]) -> tuple[Floats, float, float]:
    """Logarithms of ratios, their mean over links, and the number of links, for cells of one kind."""
    n_ranges = len(BOUNDS) + 1
    range_of = np.digitize(prob, BOUNDS)
    all_cells = np.bincount(range_of, minlength=n_ranges).astype(np.float64)
    usual = (all_cells + 1e-9) / (all_cells + 1e-9).sum()
    before = believed.astype(np.float64)
    now = before
    for _ in range(_ROUNDS + 1):
        linked = np.bincount(range_of, now, n_ranges)
        other = all_cells - linked
        ratio = (linked + _DOUBT * usual) / (linked.sum() + _DOUBT)
        ratio = ratio / ((other + _DOUBT * usual) / (other.sum() + _DOUBT))
        ratio = np.clip(np.maximum.accumulate(ratio), 1.0 / _MOST, _MOST)
        odds = before * ratio[range_of]
        now = odds / (odds + 1.0 - before)
    links = float(linked.sum())
    told = float((linked * np.log(ratio)).sum() / links) if links > 0.0 else 0.0
    return np.log(ratio), told, links


def agreement(
    prob: Sequence[npt.NDArray[np.float32]],
    kind: Sequence[npt.NDArray[np.int8]],
    believed: Sequence[npt.NDArray[np.float32]],
) -> float:
    """How well the two directions of an encoder agree, times how well it agrees with another model, each from 0 to 1.

    Words written alike do not count, for any layer knows them. The directions agree on the share of words, of the
    shorter side, that the product of their probabilities adds up to; the models as far as their cells point the same
    way (the cosine).

    Args:
        prob: The encoder's probabilities of each pair's cells.
        kind: Kinds of the cells.
        believed: Probabilities of the same cells in the other model.
    """
    shares, dot, own, others = [], 0.0, 0.0, 0.0
    for cells, of_kind, other in zip(prob, kind, believed, strict=True):
        free = of_kind != 0
        length = min(free.all(axis=1).sum(), free.all(axis=0).sum())
        said = np.where(free, np.maximum(cells, 0.0), 0.0).astype(np.float64)
        heard = np.where(free, other, 0.0).astype(np.float64)
        if length:
            shares.append(min(said.sum() / length, 1.0))
        dot, own, others = dot + (said * heard).sum(), own + (said**2).sum(), others + (heard**2).sum()
    if not shares or own == 0.0 or others == 0.0:
        return 0.0
    return float(np.mean(shares) * dot / np.sqrt(own * others))
