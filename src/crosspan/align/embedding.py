"""What aligners that compare the vectors of a pre-trained model have in common: reading sentences, in any number."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from crosspan.align.int8 import quantize
from crosspan.align.pretrained import (
    PIECES_ON_CPU,
    PIECES_ON_GPU,
    SHARD,
    Advance,
    Found,
    NoLinksWarning,
    PretrainedAligner,
    Progress,
    TokenPair,
    Words,
)
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.logs import warn
from crosspan.core.options import AtLeast, Within, checked
from crosspan.core.threads import torch_threads
from crosspan.core.types import Alignment, Pair
from crosspan.models.device import Placement
from crosspan.models.pieces import Marks

if TYPE_CHECKING:
    from crosspan.models.encoder import Encoder
    from crosspan.models.pieces import Pieces

USUAL: Final = "usual"
AUTO: Final = "auto"
"""Layers that are not named by their number: by the depth of the model, or chosen on the sentences at hand."""

INT8 = "int8"
"""The precision in whole numbers, see :mod:`crosspan.align.int8`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """Settings that all aligners by vectors share.

    Args:
        model: Name on the hub, or a folder.
        layer: The layer whose vectors are compared; 0 is the embeddings, -1 the last; usual goes by the depth, auto
            by how the layers do on the sentences at hand.
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: skip
            leaves them out, keep compares them as any other, as the papers' programs do.
        min_prob: Links below this are left out.
        device: Where the model runs: auto, cpu, cuda, cuda:1, mps.
        dtype: Precision of the model: auto, float32, float16, bfloat16, or int8, the fastest on a CPU.
        batch: Most pieces of words that are read at once, padding included; 0 chooses by the device.

    Raises:
        OptionError: A value is out of range.
    """

    model: str = ""
    layer: int | str = USUAL
    marks: Marks = "skip"
    min_prob: Annotated[float, Within(0, 1)] = 0.0
    device: str = "auto"
    dtype: str = "auto"
    batch: Annotated[int, AtLeast(0)] = 0

    def __post_init__(self) -> None:
        checked(self)
        if self.layer not in (USUAL, AUTO):
            self.layer_number()
        if self.dtype != INT8:
            Placement(device=self.device, dtype=self.dtype)  # checks itself
        elif self.device not in ("auto", "cpu"):
            raise OptionError(f"int8 runs on a CPU, not on {self.device}", hint="Set device=cpu, or another dtype.")

    def layer_number(self) -> int:
        """The layer, where it is named by its number.

        Raises:
            OptionError: It is not.
        """
        return layer_number(self.layer, (USUAL, AUTO))

    def facts(self) -> dict[str, Any]:
        """What differs from what is known of aligners by vectors: to choose a layer, it must see the sentences."""
        return {"learns": True} if self.layer == AUTO else {}


def layer_number(layer: int | str, others: Sequence[str]) -> int:
    """The number of a layer that a setting names.

    Args:
        layer: The setting.
        others: What else it can be.

    Raises:
        OptionError: It is no number.

    Example:
        >>> layer_number("-1", [USUAL])
        -1
    """
    try:
        return int(layer)
    except ValueError:
        hint = f"Write a whole number{''.join(f', {one}' for one in others[:-1])} or {others[-1]}."
        raise OptionError(f"layer is {layer!r}", hint=hint) from None


def usual_layer(config: Any) -> int:
    """The layer that is compared by default: that of the papers for mBERT, 7 of 12 for others.

    Args:
        config: Configuration of the model.

    Example:
        >>> from types import SimpleNamespace as Some
        >>> mbert = Some(model_type="bert", vocab_size=119_547, num_hidden_layers=12)
        >>> usual_layer(mbert), usual_layer(Some(model_type="xlm-roberta", vocab_size=250_002, num_hidden_layers=24))
        (8, 14)
    """
    if is_mbert(config):
        return 8
    return max(1, round(int(config.num_hidden_layers) * 7 / 12))


def is_mbert(config: Any) -> bool:
    """Whether a model is multilingual BERT, with which the papers set the defaults of their programs.

    Args:
        config: Configuration of the model.
    """
    return config.model_type == "bert" and config.vocab_size in _MBERT


_MBERT = (119_547, 105_879)
"""Sizes of the vocabularies of multilingual BERT, cased and uncased."""


class Units(NamedTuple):
    """What is compared of a sentence.

    Args:
        vectors: ``[n_units, width]``.
        word: Word of each unit, ascending ``[n_units]``.
    """

    vectors: npt.NDArray[np.float32]
    word: npt.NDArray[np.int32]


class VectorReader:
    """Reads sentence pairs with an encoder, which it loads when it is first used.

    Args:
        options: Settings.
        threads: Threads to use on a CPU; all cores by default.
    """

    FAILED: ClassVar[str] = "have no links"
    """What becomes of pairs that cannot be read."""

    def __init__(self, options: EmbeddingOptions, *, threads: int | None = None) -> None:
        self.options = options
        self.threads = threads
        self._encoder: Encoder | None = None
        self._loading = Lock()

    @property
    def encoder(self) -> Encoder:
        """The model; loaded when it is first asked for.

        Raises:
            OptionError: No model is named, or it has no such layer.
            ModelError: It cannot be loaded.
            MissingDependencyError: ``crosspan[neural]`` is not installed.
        """
        with self._loading:
            if self._encoder is None:
                self._encoder = self._load()
            return self._encoder

    def _load(self) -> Encoder:
        from crosspan.models.encoder import Encoder

        options = self.options
        if not options.model:
            raise OptionError(
                f"the aligner {type(self).__name__} has no model",
                hint="Name one with model=…: a folder, or a name on the hub such as bert-base-multilingual-cased.",
            )
        whole = options.dtype == INT8
        placement = Placement(device="cpu" if whole else options.device, dtype="float32" if whole else options.dtype)
        encoder = Encoder(options.model, layer=self._layer(), placement=placement)
        encoder.budget = options.batch or (PIECES_ON_CPU if encoder.device.type == "cpu" else PIECES_ON_GPU)
        encoder = self._adapted(encoder)
        if whole:
            quantize(encoder.model)
        return encoder

    @cached_property
    def _is_mbert(self) -> bool:
        """Whether usual settings are those of the papers, or what other encoders do best with."""
        return is_mbert(self.encoder.model.config)

    def _layer(self) -> int:
        """The layer that is read."""
        if self.options.layer != USUAL:
            return self.options.layer_number()
        from crosspan.models.loading import load_config

        return usual_layer(load_config(self.options.model))

    def _adapted(self, encoder: Encoder) -> Encoder:
        """The model that was loaded, with what else it needs; as it is by default."""
        return encoder

    def _languages(self) -> tuple[str, str]:
        """What the tokenizer must be told about the language of each side; nothing by default."""
        return "", ""

    def _units(self, vectors: npt.NDArray[np.float32], pieces: Pieces) -> Units:
        """What is compared of a sentence, from the vectors of its pieces that tell something of their words."""
        return Units(vectors, pieces.word)

    def _linked(
        self,
        shard: Sequence[tuple[Words, Words]],
        advance: Advance,
        link: Callable[[Units, Units], Found],
        nothing: Found,
    ) -> list[Found]:
        """What ``link`` makes of each pair, or ``nothing`` where it cannot be linked; sentences are read once each."""
        sides = self._languages()
        wanted: dict[str, dict[Words, None]] = {}
        for pair in shard:
            if pair[0] and pair[1]:
                for language, words in zip(sides, pair, strict=True):
                    wanted.setdefault(language, {})[words] = None
        total = max(1, sum(map(len, wanted.values())))
        known: dict[tuple[str, Words], Units] = {}
        for language, sentences in wanted.items():
            before = len(known) / total
            share = len(sentences) / total
            found = self._read(list(sentences), language, lambda part, b=before, s=share: advance(b + part * s))  # type: ignore[misc]
            known.update(((language, words), units) for words, units in zip(sentences, found, strict=True))
        links: list[Found] = []
        failed = 0
        for pair in shard:
            one: Found | None = nothing
            if pair[0] and pair[1]:
                source, target = (known[side] for side in zip(sides, pair, strict=True))
                try:
                    one = link(source, target) if _finite(source) and _finite(target) else None
                except MemoryError:  # a table of millions of words by millions
                    one = None
            failed += one is None
            links.append(nothing if one is None else one)
        if failed:
            warn(
                f"{failed} of {len(shard)} pairs {self.FAILED}: they are too long, or the model gave no numbers",
                NoLinksWarning,
                stacklevel=4,
            )
        return links

    def _read(self, sentences: Sequence[Words], language: str, advance: Advance) -> list[Units]:
        """The units of sentences in one language."""
        encoder = self.encoder
        with torch_threads(self.threads):
            pieces = encoder.pieces(sentences, self.options.marks, language)
            vectors = encoder.vectors(pieces, advance=lambda done, total: advance(done / max(total, 1)))
        return [self._telling(rows, cut) for rows, cut in zip(vectors, pieces, strict=True)]

    def _telling(self, rows: npt.NDArray[np.float32], cut: Pieces) -> Units:
        """The units of a sentence from the vectors of all its pieces."""
        return self._units(rows if cut.mark is None else rows[~cut.mark], cut.told())


class EmbeddingAligner(VectorReader, PretrainedAligner):
    """An aligner that links words whose vectors are alike, and learns nothing."""

    def _load_model(self) -> None:
        self.encoder  # noqa: B018  # loads it

    def fit(self, pairs: Iterable[Pair], *, bitext: Iterable[TokenPair] = (), progress: Progress | None = None) -> Self:
        """Load the model; where the layer is auto, choose it on the first of the pairs, and else read nothing."""
        if self.options.layer != AUTO:
            return self.fit_tokens(())
        return self.fit_tokens((pair.source.tokens, pair.target.tokens) for pair in pairs)

    def fit_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> Self:
        """Like :meth:`fit`, for token sequences.

        Raises:
            EmptyInputError: The layer is to be chosen, and there is not one pair with words on both sides.
        """
        if self.options.layer == AUTO and self._best_layer is None:
            from crosspan.align.layers import layer_for

            self._best_layer = layer_for(self.options, list(itertools.islice(pairs, SHARD)), self.threads)
        return super().fit_tokens(())

    _best_layer: int | None = None

    def _layer(self) -> int:
        if self.options.layer != AUTO:
            return super()._layer()
        if self._best_layer is None:
            raise ModelError("the aligner has not chosen its layer yet", hint="Call fit first, or name a layer.")
        return self._best_layer

    @abstractmethod
    def _links(self, source: Units, target: Units) -> Alignment:
        """Links of a pair; both sides have words."""

    def _align_shard(self, shard: Sequence[tuple[Words, Words]], advance: Advance) -> list[Alignment]:
        return self._linked(shard, advance, self._links, EMPTY)


EMPTY = Alignment.from_links([])
"""No links."""


def _finite(units: Units) -> bool:
    return bool(np.isfinite(units.vectors).all())


def word_means(vectors: npt.NDArray[np.float32], pieces: Pieces) -> npt.NDArray[np.float32]:
    """Vectors of words as the mean of those of their pieces.

    Args:
        vectors: Of pieces ``[n_pieces, width]``.
        pieces: The words they belong to.

    Returns:
        ``[n_words, width]``.

    Example:
        >>> from crosspan.models.pieces import Pieces
        >>> pieces = Pieces(np.array([7, 8, 9], np.int32), np.array([0, 0, 1], np.int32))
        >>> word_means(np.array([[1.0], [3.0], [5.0]], np.float32), pieces).tolist()
        [[2.0], [5.0]]
    """
    first = pieces.first()
    counts = np.diff(first, append=len(pieces))
    sums = np.add.reduceat(vectors, first, axis=0) if len(first) else vectors
    return np.asarray(sums / counts[:, None].astype(np.float32))
