"""The hybrid aligner beside the statistical one, on gold links, and where the encoder knows nothing.

    python -m benchmarks.hybrid --model e5-small              # alignment error rate, own text alone
    python -m benchmarks.hybrid --model e5-small --bitext     # with the development part and NTREX
    python -m benchmarks.hybrid --model e5-small --unseen     # a cipher, and Luganda, Twi and Wolof
    python -m benchmarks.hybrid --model e5-small --sample     # what reading a part of the text costs

``CROSSPAN_DATA`` names the data folder. Links count from a probability of 0.5. In the cipher, the letters of the target
language are others, each always the same, in Latin script: there are gold links, and no encoder has seen the language.
For Luganda and Twi there are none, but gold entities: what the English tagger finds is projected, and scored.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks import datasets, ours
from crosspan.align import Hybrid, HybridOptions, StatisticalAligner
from crosspan.core.types import Alignment, Pair, Sentence
from crosspan.evaluate import GoldLinks, score_alignments

Bitext = datasets.Bitext


def aligners(model: str, **options: object) -> dict[str, Callable[[], StatisticalAligner]]:
    """What is compared: ways to make an aligner that has learned nothing yet, by name."""
    return {
        "statistical": lambda: StatisticalAligner(threads=1),
        "hybrid": lambda: Hybrid(HybridOptions(model=model, **options), threads=1),  # type: ignore[arg-type]
    }


def gold_sets() -> Iterator[tuple[str, list[Pair], list[GoldLinks], Bitext]]:
    """Name, pairs, gold links and other text."""
    for lang in datasets.XL_WA_LANGS:
        extra = datasets.bitext_of(datasets.xl_wa(lang, "dev")[0])
        extra += datasets.ntrex(lang) if datasets.has_ntrex(lang) else []
        yield f"XL-WA en-{lang}", *datasets.xl_wa(lang), extra
    yield "Hansards en-fr", *datasets.hansards(), datasets.ntrex("fr")
    yield "zh-en", *datasets.zhen(), [(other, one) for one, other in datasets.ntrex("zh")]


def ciphered(pairs: Sequence[Pair], seed: int = 0) -> list[Pair]:
    """The pairs with other letters on the target side, each letter always the same one or two of Latin script."""
    chance = random.Random(seed)
    letters = sorted({letter for pair in pairs for word in pair.target.tokens for letter in word.lower()})
    letters = [letter for letter in letters if letter.isalpha()]
    latin = [chr(number) for number in range(ord("a"), ord("z") + 1)]
    drawn = [*latin, *(one + other for one in latin for other in "hywr")][: max(len(letters), len(latin))]
    chance.shuffle(drawn)
    key = dict(zip(letters, drawn, strict=False))

    def write(word: str) -> str:
        return "".join(
            key[letter] if letter in key else key.get(letter.lower(), letter).capitalize() for letter in word
        )

    return [
        Pair(pair.source, Sentence(tuple(write(word) for word in pair.target.tokens), id=pair.target.id))
        for pair in pairs
    ]


def row(
    name: str, pairs: Sequence[Pair], gold: Sequence[GoldLinks], extra: Bitext, model: str, **options: object
) -> str:
    """One row of the table: error rates, how far the encoder is believed, and seconds of one core."""
    shown = [name]
    for make in aligners(model, **options).values():
        began = time.process_time()
        aligner = make().fit(pairs, bitext=extra)
        rate = score_alignments(gold, aligner.align(pairs), threshold=ours.LINK_THRESHOLD).aer
        shown.append(f"{rate:.3f}".removeprefix("0"))
    assert isinstance(aligner, Hybrid)
    assert aligner.trust is not None
    shown += [f"{aligner.trust.whole:.2f}", str(aligner.layer), f"{time.process_time() - began:.0f}"]
    return f"| {' | '.join(shown)} |"


def projected(lang: str, model: str) -> str:
    """F1 of the English tagger's labels, projected to a language with gold entities, over each aligner's links."""
    from crosspan.tag import TAGGERS

    pairs = datasets.masakhaner(lang)
    tagger = TAGGERS.make(TAGGERS.default, "en")
    tagged = tagger.tag([pair.source for pair in pairs])
    labelled = [Pair(source, pair.target) for source, pair in zip(tagged, pairs, strict=True)]
    shown = [f"{lang}, F1 of projection"]
    for make in aligners(model).values():
        aligner = make().fit(labelled, bitext=datasets.mafand(lang))
        shown.append(f"{ours.projection_f1(labelled, aligner.align(labelled))[0]:.3f}".removeprefix("0"))
    assert isinstance(aligner, Hybrid)
    assert aligner.trust is not None
    return f"| {' | '.join(shown)} | {aligner.trust.whole:.2f} | {aligner.layer} | |"


def same_links(lang: str, model: str) -> str:
    """The share of links that both aligners have, where there is neither gold."""
    pairs = datasets.mafand(lang)
    found: list[list[Alignment]] = []
    for make in aligners(model).values():
        aligner = make().fit_tokens(pairs)
        found.append(aligner.align_tokens(pairs))
    assert isinstance(aligner, Hybrid)
    assert aligner.trust is not None
    same = sum(one == other for one, other in zip(*found, strict=True)) / len(pairs)
    return f"| {lang}, pairs with the same links | | {same:.3f} | {aligner.trust.whole:.2f} | {aligner.layer} | |"


def rows(model: str, *, bitext: bool, unseen: bool, sample: bool) -> Iterator[str]:
    """The rows asked for."""
    if unseen:
        for lang in datasets.XL_WA_LANGS:
            pairs, gold = datasets.xl_wa(lang)
            yield row(f"XL-WA en-{lang}, ciphered", ciphered(pairs), gold, [], model)
        yield from (projected(lang, model) for lang in ("lug", "twi"))
        yield same_links("wol", model)
        return
    for name, pairs, gold, extra in gold_sets():
        if sample:
            for size in (100, 1_000, 10_000):
                yield row(f"{name}, {len(extra)} more pairs, sample {size}", pairs, gold, extra, model, sample=size)
        else:
            yield row(name, pairs, gold, extra if bitext else [], model)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="e5-small", help="the encoder: a name, or a folder")
    for name in ("bitext", "unseen", "sample"):
        parser.add_argument(f"--{name}", action="store_true")
    chosen = parser.parse_args()
    print("| | statistical | hybrid | believed | layer | seconds |\n|---|---|---|---|---|---|", flush=True)
    for one in rows(chosen.model, bitext=chosen.bitext, unseen=chosen.unseen, sample=chosen.sample):
        print(one, flush=True)


if __name__ == "__main__":
    main()
