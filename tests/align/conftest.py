"""Bitext whose word links are known."""

from __future__ import annotations

import random

import pytest

# Words are made up, so that no spelling helps; "en"/"de" order differs by local swaps.
_CONSONANTS = "bdfgklmnprstvz"
_VOWELS = "aeiou"


def _words(rng: random.Random, count: int, vowels: str) -> list[str]:
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(rng.choice(_CONSONANTS) + rng.choice(vowels) for _ in range(rng.randint(2, 4)))] = None
    return list(found)


def make_bitext(count: int, *, seed: int = 0, vocabulary: int = 200, length: tuple[int, int] = (5, 20)):
    """Sentence pairs by dictionary: some neighbours swap, and some target words have no source.

    Returns:
        Token pairs, and the set of true links of each.
    """
    rng = random.Random(seed)
    dictionary = random.Random(99)
    sources = _words(dictionary, vocabulary, _VOWELS)
    targets = _words(dictionary, vocabulary, _VOWELS)
    weights = [1.0 / (rank + 3) for rank in range(vocabulary)]
    pairs, gold = [], []
    for _ in range(count):
        ids = rng.choices(range(vocabulary), weights, k=rng.randint(*length))
        order = list(range(len(ids)))
        for place in range(len(order) - 1):
            if rng.random() < 0.15:
                order[place], order[place + 1] = order[place + 1], order[place]
        target, links = [], set()
        for place in order:
            if rng.random() < 0.1:
                target.append("zu")
            links.add((place, len(target)))
            target.append(targets[ids[place]])
        pairs.append(([sources[k] for k in ids], target))
        gold.append(links)
    return pairs, gold


def link_f1(gold, alignments, threshold=0.5):
    """F1 of the links from a probability on."""
    right = found = wanted = 0
    for links, alignment in zip(gold, alignments, strict=True):
        keep = alignment.prob >= threshold
        got = set(zip(alignment.source[keep].tolist(), alignment.target[keep].tolist(), strict=True))
        right += len(got & links)
        found += len(got)
        wanted += len(links)
    return 2 * right / (found + wanted)


@pytest.fixture(scope="session")
def bitext():
    return make_bitext(600)


@pytest.fixture(scope="session")
def fresh_bitext():
    """Sentences that were not learned from."""
    return make_bitext(60, seed=1)


@pytest.fixture(scope="session")
def sparse_bitext():
    """Few sentences of many words, of which statistics alone learn little."""
    return make_bitext(60, seed=2, vocabulary=1_500)


@pytest.fixture(scope="session")
def f1():
    return link_f1


@pytest.fixture(scope="session")
def fitted(bitext):
    from crosspan.align.statistical import StatisticalAligner

    return StatisticalAligner(threads=1).fit_tokens(bitext[0])


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folders of tiny models by name, made when first asked for."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from crosspan.testing import tiny_models

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")

    def find(kind, **options):
        path = folder / "-".join([kind, *(f"{name}{value}" for name, value in sorted(options.items()))])
        if not path.exists():
            getattr(tiny_models, f"save_{kind}")(path, **options)
        return str(path)

    return find


@pytest.fixture(scope="session")
def sentences():
    """Sentences of the demonstration corpus and their German translations."""
    from crosspan.demo import load_corpus

    return [(one.tokens, other.tokens) for one, other in zip(load_corpus("en"), load_corpus("de"), strict=True)]
