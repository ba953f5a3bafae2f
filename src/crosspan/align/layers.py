"""Which layer of an encoder to compare: by its depth, or by how well the layers do on the sentences at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from crosspan.align.embedding import EmbeddingOptions
from crosspan.align.evidence import Float32Array
from crosspan.align.soft_links import Means, SoftLinks, kinds, mean_vectors
from crosspan.align.statistical import StatisticalAligner, StatisticalOptions, TokenPair
from crosspan.align.trust import agreement
from crosspan.core.errors import EmptyInputError
from crosspan.core.logs import logger_of
from crosspan.models.loading import load_config

_LOG = logger_of(__name__)

COMPARED_ON = 128
"""Sentence pairs on which layers are compared."""


class Layer(NamedTuple):
    """A layer, and what must be known to compare its vectors.

    Args:
        number: The layer.
        means: The mean vectors of both languages.
    """

    number: int
    means: Means


def candidates(depth: int) -> list[int]:
    """Layers that are worth comparing: from a third of the depth to three quarters, up to six.

    Example:
        >>> candidates(12), candidates(3)
        ([4, 5, 6, 7, 8, 9], [1, 2])
    """
    low, high = max(1, round(depth / 3)), max(1, round(depth * 3 / 4))
    return sorted({round(number) for number in np.linspace(low, high, 6).tolist()})


def statistics_of(
    batch: Sequence[TokenPair], wanted: Sequence[TokenPair], options: StatisticalOptions, threads: int | None
) -> list[Float32Array]:
    """What a statistical model that learned from some pairs says of the cells of some of them.

    Args:
        batch: The pairs to learn from.
        wanted: The pairs whose cells are wanted.
        options: Of the model; links of any probability count.
        threads: Threads to use.

    Returns:
        Probabilities ``[source words, target words]`` for each wanted pair.
    """
    plain = StatisticalAligner(options, threads=threads).fit_tokens(batch)
    found = []
    for pair, links in zip(wanted, plain.iter_align_tokens(wanted), strict=True):
        cells = np.zeros((len(pair[0]), len(pair[1])), np.float32)
        cells[links.source, links.target] = links.prob
        found.append(cells)
    return found


def best_layer(
    options: EmbeddingOptions,
    layers: Sequence[int],
    pairs: Sequence[TokenPair],
    believed: Sequence[Float32Array],
    threads: int | None,
) -> Layer:
    """The layer whose two directions agree best with each other, and with a model that knows the words alone.

    Args:
        options: How to read; their layer does not count.
        layers: Those to choose from; a single one may be any, ``-1`` the last.
        pairs: Sentence pairs with words on both sides; the first :data:`COMPARED_ON` are read.
        believed: What the other model says of them.
        threads: Threads to use.

    Raises:
        OptionError: No model is named, it has no such layer, or its layers cannot be told apart.
    """
    pairs, believed = pairs[:COMPARED_ON], believed[:COMPARED_ON]
    reader = SoftLinks(_behind(options, max(layers)), threads=threads)
    wanted = list(layers) if len(layers) > 1 else [reader.encoder.layer]
    found = []
    for number, units in zip(wanted, reader.layers_of(pairs, wanted), strict=True):
        reader.means = mean_vectors(units)
        prob = [reader.probabilities(*both) for both in units]
        of_kind = [kinds(pair, (one.pieces, other.pieces)) for pair, (one, other) in zip(pairs, units, strict=True)]
        found.append((agreement(prob, of_kind, believed), Layer(number, reader.means)))
    best = max(found, key=lambda one: (one[0], -one[1].number))[1]
    if len(found) > 1:
        told = ", ".join(f"{layer.number}: {score:.3f}" for score, layer in found)
        _LOG.info("agreement of the layers of %s: %s; layer %d is taken", options.model, told, best.number)
    return best


def layer_for(options: EmbeddingOptions, pairs: Sequence[TokenPair], threads: int | None) -> int:
    """The best layer for some sentence pairs, of those that are worth comparing.

    Raises:
        EmptyInputError: There is not one pair with words on both sides.
    """
    batch = [(tuple(source), tuple(target)) for source, target in pairs if len(source) and len(target)]
    if not batch:
        raise EmptyInputError("there is no sentence pair to choose a layer on", hint="Name one with layer=….")
    depth = depth_of(options.model)
    believed = statistics_of(batch, batch[:COMPARED_ON], StatisticalOptions(min_prob=0.001), threads)
    return best_layer(options, candidates(depth), batch, believed, threads).number


def depth_of(model: str) -> int:
    """How many layers an encoder has."""
    return int(load_config(model).num_hidden_layers)


def _behind(options: EmbeddingOptions, layer: int) -> EmbeddingOptions:
    shared: dict[str, Any] = {name: getattr(options, name) for name in ("model", "device", "dtype", "batch")}
    return EmbeddingOptions(layer=layer, **shared)
