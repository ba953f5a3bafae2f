"""Word alignment by softmax or α-entmax over similarities in both directions, as AWESOME does (Dou & Neubig 2021)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from crosspan.align.embedding import USUAL, EmbeddingAligner, EmbeddingOptions, Units
from crosspan.align.entmax import entmax_rows
from crosspan.align.extraction import softmax_rows, word_alignment
from crosspan.core.errors import OptionError
from crosspan.core.options import Above, Within
from crosspan.core.types import Alignment

Extraction = Literal["softmax", "entmax"]

_LEAST = 0.3
"""Where links of encoders other than mBERT begin: at this, e5-small makes fewest errors on the dev part of XL-WA."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwesomeOptions(EmbeddingOptions):
    """Settings of :class:`Awesome`.

    Args:
        model: Name on the hub, or a folder, such as bert-base-multilingual-cased or one that tune-aligner wrote.
        layer: The layer whose vectors are compared; 0 is the embeddings, -1 the last; usual goes by the depth, auto
            by how the layers do on the sentences at hand.
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: skip
            leaves them out, keep compares them as any other, as the papers' programs do.
        min_prob: Links less probable than this are left out; usual is 0 for mBERT, as in the paper, and 0.3 for others,
            whose probabilities are less sure.
        device: Where the model runs: auto, cpu, cuda, cuda:1, mps.
        dtype: Precision of the model: auto, float32, float16, bfloat16, or int8, the fastest on a CPU.
        batch: Most pieces of words that are read at once, padding included; 0 chooses by the device.
        extraction: How similarities become probabilities: softmax or entmax.
        threshold: A link is more probable than this in both directions; entmax keeps all that is not exactly 0.
        alpha: Of α-entmax: 2 is sparsemax; the nearer to 1, the more like softmax.

    Raises:
        OptionError: A value is out of range.
    """

    min_prob: float | str = USUAL  # type: ignore[assignment]  # a number for all others
    extraction: Extraction = "softmax"
    threshold: Annotated[float, Within(0, 1)] = 0.001
    alpha: Annotated[float, Above(1)] = 1.5

    def __post_init__(self) -> None:
        EmbeddingOptions.__post_init__(self)
        if self.min_prob != USUAL:
            self.least()

    def least(self) -> float:
        """The least probability of a link, where it is a number.

        Raises:
            OptionError: It is none, or out of range.
        """
        limit = Within(0, 1)
        try:
            found = float(self.min_prob)
        except ValueError:
            found = math.nan
        if not limit.holds(found):
            hint = f"Write a number {limit.words}, or {USUAL}."
            raise OptionError(f"min_prob is {self.min_prob!r}", hint=hint)
        return found


class Awesome(EmbeddingAligner):
    """Links the pieces of words that are probable translations of each other seen from either side.

    The similarity of two pieces is the product of their vectors (Dou & Neubig 2021). The links are those of the package
    ``awesome-align``; long sentences are read in windows that overlap, where the package cuts them off, and a word
    that the tokenizer leaves nothing of counts as its unknown piece. A link's ``prob`` is the product of its
    probabilities in the two directions, where the package gives a harmonic mean of flattened ones.

    Args:
        options: Settings.
        threads: Threads to use on a CPU; all cores by default.

    Example:
        >>> Awesome(AwesomeOptions(extraction="entmax")).options.alpha
        1.5
    """

    options: AwesomeOptions

    def __init__(self, options: AwesomeOptions | None = None, *, threads: int | None = None) -> None:
        super().__init__(options or AwesomeOptions(), threads=threads)

    def _links(self, source: Units, target: Units) -> Alignment:
        options = self.options
        scores = source.vectors @ target.vectors.T
        forward, backward = self._probabilities(scores), self._probabilities(np.ascontiguousarray(scores.T)).T
        least = options.threshold if options.extraction == "softmax" else 0.0
        links = (forward > least) & (backward > least)
        return word_alignment(links, forward * backward, source.word, target.word, least=self._least())

    def _least(self) -> float:
        if self.options.min_prob != USUAL:
            return self.options.least()
        return 0.0 if self._is_mbert else _LEAST

    def _probabilities(self, scores: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        if self.options.extraction == "softmax":
            return softmax_rows(scores)
        return entmax_rows(scores, self.options.alpha)
