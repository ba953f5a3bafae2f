"""How well the language of text can be told by an encoder's vectors: a probe that is trained afresh.

The discriminator of an adversarial training says less: the encoder may only have learned to fool *that* network
(Elazar and Goldberg 2018). A probe that never played is the fair judge.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence
from crosspan.models.device import Placement
from crosspan.models.encoder import Encoder
from crosspan.models.loading import neural
from crosspan.train.adversarial_options import Level
from crosspan.train.adversary import discriminator_of


@dataclass(frozen=True, slots=True)
class ProbeScore:
    """What a probe found.

    Args:
        accuracy: Share of held-out vectors whose language it tells; each language counts the same.
        chance: What guessing reaches.
        train: Vectors it learned from.
        test: Vectors it was measured on.
    """

    accuracy: float
    chance: float
    train: int
    test: int


def language_probe(
    encoder: str | os.PathLike[str],
    sentences: Sequence[Sentence],
    *,
    level: Level = "token",
    layer: int = -1,
    hidden: int = 64,
    steps: int = 200,
    seed: int = 0,
    placement: Placement | None = None,
) -> ProbeScore:
    """Train a small network to tell languages by the vectors of an encoder, and measure it on other sentences.

    Args:
        encoder: An encoder or a tagger: a name on the hub, or a folder.
        sentences: Text of two languages or more, each sentence with its ``lang``; every second one of a language is
            learned from, the others are for the test.
        level: Whether vectors of pieces are judged, or means of sentences.
        layer: Whose vectors: 0 is the embeddings, -1 the last.
        hidden: Width of the probe's inner layer.
        steps: Of its training, each on all vectors.
        seed: Of its first weights.
        placement: Device and precision of the encoder.

    Raises:
        OptionError: A sentence names no language, or all name the same.
        EmptyInputError: There are fewer than two sentences of a language.
        ModelError: The encoder cannot be loaded.
    """
    torch = neural("the probe", "torch")
    langs = sorted({str(one.lang) for one in sentences})
    if len(langs) < 2 or any(one.lang is None for one in sentences):
        raise OptionError("a probe needs sentences of two languages that name them", hint="Give each its lang.")
    given = Encoder(encoder, layer=layer, placement=placement)
    found = given.vectors(given.pieces([one.tokens for one in sentences]))
    sides: list[list[tuple[np.ndarray, int]]] = [[], []]
    for index, lang in enumerate(langs):
        mine = [rows for rows, one in zip(found, sentences, strict=True) if one.lang == lang and len(rows)]
        if len(mine) < 2:
            raise EmptyInputError(f"there are fewer than two sentences in {lang!r}", hint="Give more of them.")
        for at, rows in enumerate(mine):
            sides[at % 2].append((rows if level == "token" else rows.mean(axis=0, keepdims=True), index))
    x, y = zip(*(_arrays(side) for side in sides), strict=True)
    middle, spread = x[0].mean(axis=0), x[0].std(axis=0) + 1e-6
    learned, tested = (torch.from_numpy((one - middle) / spread) for one in x)
    targets = torch.from_numpy(y[0])
    weights = torch.from_numpy((1.0 / (len(langs) * np.bincount(y[0])))[y[0]].astype(np.float32))
    probe = discriminator_of(learned.shape[1], hidden, len(langs), seed, torch.device("cpu"))
    optimizer = torch.optim.AdamW(probe.parameters(), lr=1e-2, weight_decay=1e-2)
    for _ in range(steps):
        optimizer.zero_grad()
        losses = torch.nn.functional.cross_entropy(probe(learned), targets, reduction="none")
        (losses * weights).sum().backward()
        optimizer.step()
    with torch.inference_mode():
        right = probe(tested).argmax(-1).numpy() == y[1]
    recalls = [float(right[y[1] == index].mean()) for index in range(len(langs))]
    return ProbeScore(round(float(np.mean(recalls)), 6), 1.0 / len(langs), len(y[0]), len(y[1]))


def _arrays(side: Sequence[tuple[np.ndarray, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of all sentences, and the language of each."""
    return np.concatenate([rows for rows, _ in side]), np.repeat([lang for _, lang in side], [len(r) for r, _ in side])
