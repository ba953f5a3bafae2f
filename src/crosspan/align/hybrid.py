"""The statistical aligner with an encoder as a second witness: both in one model, learning and aligning."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np

from crosspan.align.embedding import AUTO, USUAL, EmbeddingOptions, usual_layer
from crosspan.align.evidence import Evidence, Float32Array
from crosspan.align.layers import best_layer, candidates, depth_of, statistics_of
from crosspan.align.lexicon import Block
from crosspan.align.link_judge import describe, judged, link_by_encoder
from crosspan.align.soft_links import Means, SoftCells, SoftLinks
from crosspan.align.statistical import (
    StatisticalAligner,
    StatisticalOptions,
    TokenPair,
)
from crosspan.align.trust import Trust, trust_of
from crosspan.core.digests import file_digest
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.logs import logger_of
from crosspan.core.model_options import seen_options
from crosspan.core.options import AtLeast, Within, checked
from crosspan.models.loading import load_config

_LOG = logger_of(__name__)

_LOOKED_AT = 1_000
"""Sentence pairs on which the encoder and the statistics are compared."""
_REMEMBERED = 6_000_000
"""Cells whose evidence is remembered from learning to aligning; 5 bytes each."""
_SHARE = 0.6
"""Exponent of the tables of words where the encoder is fully believed."""
_ROUNDS_LESS = (2, 2)
"""Rounds of learning that are left out then: what the encoder says need not be found by iteration, and each round makes
tables that were learned from little text surer of themselves."""


@dataclass(frozen=True, slots=True)
class HybridOptions(StatisticalOptions):
    """Settings of :class:`Hybrid`.

    Args:
        diagonal_iterations: Rounds with the diagonal model; up to two fewer the more the encoder is believed.
        hmm_iterations: Rounds with the hidden Markov model; up to two fewer likewise.
        p_null: Prior probability that a word has no link, in (0, 1).
        tension: How strongly the diagonal model prefers the diagonal, from 0.
        min_prob: Links below this probability are not reported.
        smoothing: The lexical priors.
        model: The encoder: a name on the hub, or a folder.
        layer: The layer whose vectors are compared; usual goes by the depth, auto by how the layers do on the
            sentences at hand.
        weight: How much the encoder counts, from 0, which leaves the statistical aligner alone.
        sample: Sentence pairs that the encoder reads while learning, about; of more, fewer and fewer are read.
        device: Where the encoder runs: auto, cpu, cuda, cuda:1, mps.
        dtype: Precision of the encoder: auto, float32, float16, bfloat16, or int8.
        batch: Most pieces of words that are read at once, padding included; 0 chooses by the device.

    Raises:
        OptionError: A value is out of range.
    """

    model: str = ""
    layer: int | str = AUTO
    weight: Annotated[float, Within(0, 10)] = 0.7
    sample: Annotated[int, AtLeast(1)] = 10_000
    device: str = "auto"
    dtype: str = "auto"
    batch: Annotated[int, AtLeast(0)] = 0

    def __post_init__(self) -> None:
        checked(self)
        self.reading(self.layer)

    def reading(self, layer: int | str) -> EmbeddingOptions:
        """The options for reading with the encoder up to a layer."""
        return EmbeddingOptions(model=self.model, layer=layer, device=self.device, dtype=self.dtype, batch=self.batch)


class Hybrid(StatisticalAligner):
    """A statistical aligner that an encoder helps: as far as it turns out to know the two languages.

    The emission of each cell is t(f|e)^s · r(N)^w: what the words say, and what the probability N that the encoder
    gives the link is worth. What it is worth, r, and its layer are found on the first block of the sentences that are
    learned from, without gold links, by comparison with a statistical model of the same sentences (see
    :mod:`crosspan.align.trust`); so are s and the number of rounds, which are those of the statistical aligner where
    the encoder is not believed. Words that the encoder has no pieces for are left to the statistics.

    Args:
        options: Settings; a model must be named, unless the weight is 0.
        threads: Threads to use; all cores by default.

    Example:
        >>> pairs = [(["the", "house"], ["das", "Haus"]), (["the", "book"], ["das", "Buch"])]
        >>> aligner = Hybrid(HybridOptions(weight=0.0)).fit_tokens(pairs)
        >>> aligner.align_tokens(pairs) == StatisticalAligner().fit_tokens(pairs).align_tokens(pairs)
        True
    """

    KIND: ClassVar[str] = "crosspan hybrid aligner"

    options: HybridOptions

    def __init__(self, options: HybridOptions | None = None, *, threads: int | None = None) -> None:
        super().__init__(options or HybridOptions(), threads=threads)
        self.trust: Trust | None = None
        self.layer = -1
        self._reader: SoftLinks | None = None
        self._digest = ""
        self._means: Means | None = None
        self._memory: dict[tuple[tuple[str, ...], tuple[str, ...]], SoftCells] = {}
        self._reading = Lock()
        self._seen = 0

    def fit_tokens(self, pairs: Any, *, progress: Callable[[int, int], None] | None = None) -> Self:
        """Learn from token sequences; see :meth:`StatisticalAligner.fit_tokens`.

        Raises:
            EmptyInputError: There is not one pair with words on both sides.
            OptionError: No model is named, or it has no such layer.
            ModelError: The encoder cannot be loaded.
            MissingDependencyError: ``crosspan[neural]`` is not installed.
        """
        if self.options.weight > 0.0 and self.trust is None:  # what is wrong is said before the work begins
            if not self.options.model:
                raise OptionError(
                    "the aligner Hybrid has no model",
                    hint="Name one with model=…: a folder, or a name on the hub such as bert-base-multilingual-cased.",
                )
            load_config(self.options.model)
        super().fit_tokens(pairs, progress=progress)
        return self

    def _get_ready(self, batch: list[TokenPair]) -> None:
        if self.options.weight == 0.0 or self.trust is not None:
            return
        began = _first_of(batch, _LOOKED_AT)
        words = {name: getattr(self.options, name) for name in StatisticalOptions.__dataclass_fields__}
        plain = StatisticalOptions(**{**words, "min_prob": 0.001})
        believed = statistics_of(batch, began, plain, self.threads)
        reading = self.options.reading(self.options.layer)
        self.layer, self._means = best_layer(reading, self._candidates(reading), began, believed, self.threads)
        self._digest = _digest_of(self.options.model)
        cells = self._cells(began)
        self.trust = trust_of(
            np.concatenate([one.prob.ravel() for one in cells]),
            np.concatenate([one.kind.ravel() for one in cells]),
            np.concatenate([one.ravel() for one in believed]),
        )
        self._say(len(began))

    @staticmethod
    def _candidates(reading: EmbeddingOptions) -> list[int]:
        if reading.layer == AUTO:
            return candidates(depth_of(reading.model))
        return [usual_layer(load_config(reading.model)) if reading.layer == USUAL else reading.layer_number()]

    def _say(self, n_pairs: int) -> None:
        assert self.trust is not None
        rows = zip(("words alike", "whole words", "words in pieces"), self.trust.told, self.trust.links, strict=True)
        told = "; ".join(f"{name} {nats:.2f} nats a link, {links:.0f} links" for name, nats, links in rows)
        share, rounds = self._share(), self._rounds()
        _LOG.info(
            "the encoder %s, layer %d, compared with the statistics on %d pairs: %s; believed %.2f; the tables of words"
            " count with exponent %.2f; rounds of learning %d + %d",
            self.options.model, self.layer, n_pairs, told, self.trust.whole, share, *rounds,
        )  # fmt: skip

    def _rounds(self) -> tuple[int, int]:
        diagonal, with_hmm = super()._rounds()
        believed = self.trust.whole if self.trust is not None else 0.0
        less = [round(believed * count) for count in _ROUNDS_LESS]
        return max(diagonal - less[0], min(diagonal, 1)), max(with_hmm - less[1], min(with_hmm, 1))

    def _share(self) -> float:
        assert self.trust is not None
        return 1.0 - (1.0 - _SHARE) * self.trust.whole * min(self.options.weight / 0.7, 1.0)

    def _evidence(self, batch: list[TokenPair], *, learning: bool) -> Evidence | None:
        if self.trust is None or self.trust.whole == 0.0:
            return None
        read = [not learning or self._is_read(pair) for pair in batch]
        cells = self._cells([pair for pair, it in zip(batch, read, strict=True) if it])
        factors = (self.trust.factors(one.prob, one.kind, self.options.weight).ravel() for one in cells)
        parts = [
            next(factors) if it else np.ones(len(pair[0]) * len(pair[1]), np.float32)
            for pair, it in zip(batch, read, strict=True)
        ]
        return Evidence(np.concatenate(parts), self._share(), () if learning else cells)

    def _judged(
        self, batch: list[TokenPair], block: Block, posterior: Float32Array, evidence: Evidence | None
    ) -> Float32Array:
        if self.trust is None or evidence is None:
            return posterior
        parts = []
        for pair, cells, begin in zip(batch, evidence.told, block.cell_ptr[:-1].tolist(), strict=True):
            plain = posterior[begin : begin + cells.prob.size].reshape(cells.prob.shape)
            sure = judged(describe(plain, link_by_encoder(self.trust, cells), cells.kind, *pair))
            believed = self.trust.of_cells(cells.prob, cells.kind)
            parts.append((believed * sure + (np.float32(1.0) - believed) * plain).ravel())
        return np.concatenate(parts)

    def _is_read(self, pair: TokenPair) -> bool:
        """Whether the encoder reads a pair that is learned from: the n-th as probably as the sample over n."""
        self._seen += 1
        if self._seen <= self.options.sample:
            return True
        text = "\0".join((" ".join(pair[0]), " ".join(pair[1])))
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "big") < self.options.sample / self._seen * 2.0**64

    def _cells(self, pairs: Sequence[TokenPair]) -> list[SoftCells]:
        """What the encoder says of each pair; those that are there twice, or were there not long ago, are read once."""
        with self._reading:  # many threads may align at a time, and there is one encoder
            return self._read(pairs)

    def _read(self, pairs: Sequence[TokenPair]) -> list[SoftCells]:
        keys = [(tuple(source), tuple(target)) for source, target in pairs]
        missing = [key for key in dict.fromkeys(keys) if key not in self._memory]
        fresh = dict(zip(missing, self.reader.of(missing), strict=True)) if missing else {}
        found = [self._memory[key] if key in self._memory else fresh[key] for key in keys]
        room = _REMEMBERED - sum(one.prob.size for one in self._memory.values())
        for key, cells in fresh.items():
            room -= cells.prob.size
            if room > 0:
                self._memory[key] = cells
        return found

    @property
    def reader(self) -> SoftLinks:
        """What reads with the encoder.

        Raises:
            ModelError: The encoder is another than the model was learned with.
        """
        if self._reader is not None:
            return self._reader
        if _digest_of(self.options.model) != self._digest:
            raise ModelError(
                "the encoder is another than the one that the aligner learned with",
                where=self.options.model,
                hint="Put that one back, or let the aligner learn again.",
            )
        self._reader = SoftLinks(self.options.reading(self.layer), threads=self.threads)
        self._reader.means = self._means
        return self._reader

    def kept(self) -> dict[str, Any]:
        """What its file holds beyond words, tables and options: the encoder's digest and layer, and the trust in it."""
        if self.trust is None or self._means is None:
            return {"encoder": None}
        return {
            "encoder": {
                "digest": self._digest,
                "layer": self.layer,
                "means": [mean.tolist() for mean in self._means],
                "trust": self.trust.to_dict(),
                "seen": self._seen,
            }
        }

    def take_back(self, kept: Mapping[str, Any]) -> None:
        """Take what :meth:`kept` gave from a file. The encoder is loaded when it is needed.

        Raises:
            ValueError: It is damaged.
        """
        found = kept["encoder"]
        if found is None:
            return
        self.trust = Trust.from_dict(found["trust"])
        self.layer, self._digest, self._seen = int(found["layer"]), str(found["digest"]), int(found["seen"])
        source, target = (np.array(mean, np.float32) for mean in found["means"])
        self._means = source, target


def _first_of(batch: Sequence[TokenPair], count: int) -> list[TokenPair]:
    """Some pairs from all over a block."""
    step = max(1, len(batch) // count)
    return list(batch[::step][:count])


def _digest_of(model: str) -> str:
    """A hash of the encoder's files; its name where it does not lie here."""
    return str(seen_options({"model": model}, file_digest)["model"])
