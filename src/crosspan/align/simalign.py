"""Word alignment by the similarity of contextual vectors, as SimAlign does it (Jalili Sabet et al. 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from crosspan.align.embedding import EMPTY, USUAL, EmbeddingAligner, EmbeddingOptions, Units, word_means
from crosspan.align.extraction import (
    METHODS,
    Method,
    argmax_links,
    certain,
    cosine_similarity,
    distorted,
    itermax_links,
    match_links,
    one_way_links,
    unit_vectors,
    word_alignment,
)
from crosspan.align.pretrained import Progress, TokenPair, in_shards
from crosspan.core.errors import OptionError
from crosspan.core.options import AtLeast, Within
from crosspan.core.types import Alignment

if TYPE_CHECKING:
    from crosspan.models.pieces import Pieces

UnitKind = Literal["subword", "word"]
UNITS: tuple[UnitKind, ...] = get_args(UnitKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimAlignOptions(EmbeddingOptions):
    """Settings of :class:`SimAlign`.

    Args:
        model: Name on the hub, or a folder, such as bert-base-multilingual-cased.
        layer: The layer whose vectors are compared; 0 is the embeddings, -1 the last; usual goes by the depth, auto
            by how the layers do on the sentences at hand.
        marks: What becomes of pieces that only say that a word begins, such as the lone ▁ of XLM-R's tokenizer: skip
            leaves them out, keep compares them as any other, as the papers' programs do.
        min_prob: Links of words less similar than this are left out.
        device: Where the model runs: auto, cpu, cuda, cuda:1, mps.
        dtype: Precision of the model: auto, float32, float16, bfloat16, or int8, the fastest on a CPU.
        batch: Most pieces of words that are read at once, padding included; 0 chooses by the device.
        units: What is compared: subword (two words are linked if two of their pieces are) or word (means of pieces).
        method: How links are chosen: argmax, itermax, match, forward or backward; usual is itermax for mBERT, as in the
            paper, and argmax for others.
        distortion: How much similarity is lost between opposite ends of the sentences; 0 for nothing.
        null_threshold: Quantile of a pair's entropies above which links are taken out; 1 for none, 0.95 in the paper.
        iterations: Rounds of itermax.
        factor: What itermax multiplies the similarity to a linked unit by.

    Raises:
        OptionError: A value is out of range.
    """

    units: UnitKind = "subword"
    method: Literal[Method, "usual"] = USUAL
    distortion: Annotated[float, Within(0, 1)] = 0.0
    null_threshold: Annotated[float, Within(0, 1)] = 1.0
    iterations: Annotated[int, AtLeast(1)] = 2
    factor: Annotated[float, Within(0, 1)] = 0.9

    def __post_init__(self) -> None:
        EmbeddingOptions.__post_init__(self)


class SimAlign(EmbeddingAligner):
    """Links words whose vectors in a multilingual encoder are alike; needs no bitext.

    The methods are those of Jalili Sabet et al. (2020): mutual *argmax*, *itermax*, and *match*, the maximum-weight
    bipartite matching; with their distortion and null extensions. The links are those of the package ``simalign``, with
    these differences, where it fails: a sentence longer than the model reads in windows that overlap, and is not cut
    off; a word that the tokenizer leaves nothing of counts as its unknown piece; an empty sentence has no links. A
    link's ``prob`` is the cosine of its best piece vectors, brought to [0, 1], after distortion: an order of links, not
    a posterior.

    Args:
        options: Settings.
        threads: Threads to use on a CPU; all cores by default.

    Example:
        >>> SimAlign(SimAlignOptions(model="bert-base-multilingual-cased", method="argmax")).options.layer
        'usual'
    """

    options: SimAlignOptions

    def __init__(self, options: SimAlignOptions | None = None, *, threads: int | None = None) -> None:
        super().__init__(options or SimAlignOptions(), threads=threads)

    def _units(self, vectors: npt.NDArray[np.float32], pieces: Pieces) -> Units:
        if self.options.units == "subword":
            return Units(unit_vectors(vectors), pieces.word)
        means = word_means(vectors, pieces)
        return Units(unit_vectors(means), np.arange(len(means), dtype=np.int32))

    def align_methods(
        self, pairs: Iterable[TokenPair], methods: Sequence[Method] = METHODS, *, progress: Progress | None = None
    ) -> dict[Method, list[Alignment]]:
        """The links of several methods: sentences are read, and their similarities computed, once for all of them.

        Args:
            pairs: Words of both sides.
            methods: Which; all of them by default. The method of the options makes no difference.
            progress: Called with pairs done and all there are, as far as is known.

        Returns:
            For each method what :meth:`align_tokens` gives with it.

        Raises:
            OptionError: There is no such method.
            ModelError: The model cannot be loaded.
            UnavailableError: Its device failed, or memory is too small.
        """
        found = list(self.iter_align_methods(pairs, methods, progress=progress))
        return {method: [one[method] for one in found] for method in methods}

    def iter_align_methods(
        self, pairs: Iterable[TokenPair], methods: Sequence[Method] = METHODS, *, progress: Progress | None = None
    ) -> Iterator[dict[Method, Alignment]]:
        """Like :meth:`align_methods`, for a stream of any length: the links of a pair by each method.

        Raises:
            OptionError: There is no such method.
            ModelError: The model cannot be loaded.
            UnavailableError: Its device failed, or memory is too small.
        """
        _check_methods(methods)
        nothing = dict.fromkeys(methods, EMPTY)

        def link(source: Units, target: Units) -> dict[Method, Alignment]:
            return self._links_of(source, target, methods)

        return in_shards(pairs, lambda shard, advance: self._linked(shard, advance, link, nothing), progress)

    def _links(self, source: Units, target: Units) -> Alignment:
        method: Method = "itermax" if self._is_mbert else "argmax"
        if self.options.method != USUAL:
            method = self.options.method
        return self._links_of(source, target, [method])[method]

    def _links_of(self, source: Units, target: Units, methods: Sequence[Method]) -> dict[Method, Alignment]:
        options = self.options
        similarity = distorted(cosine_similarity(source.vectors, target.vectors), options.distortion)
        kept = certain(similarity, options.null_threshold) if options.null_threshold < 1.0 else None
        found = {}
        for method in methods:
            links = self._chosen(similarity, method)
            links = links if kept is None else links & kept
            found[method] = word_alignment(links, similarity, source.word, target.word, least=options.min_prob)
        return found

    def _chosen(self, similarity: npt.NDArray[Any], method: Method) -> npt.NDArray[np.bool_]:
        if method == "argmax":
            return argmax_links(similarity)
        if method == "itermax":
            return itermax_links(similarity, iterations=self.options.iterations, factor=self.options.factor)
        if method == "match":
            return match_links(similarity)
        return one_way_links(similarity, forward=method == "forward")


def _check_methods(methods: Sequence[str]) -> None:
    unknown = [method for method in methods if method not in METHODS]
    if unknown:
        raise OptionError(f"there is no method {unknown[0]!r}", hint=f"Choose one of {', '.join(METHODS)}.")
