"""What the search of CODEC saves, and how fast it is: ``python -m benchmarks.codec [--width N] [--layers N] ...``.

Two models of the NLLB architecture are measured, as no published one is at hand: one that is random, whose
probabilities tell the search little, and one that learned for a minute to copy marked text, whose probabilities are
sharp, as those of a translator are. Both read sentences of made-up words.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.codec import CodecOptions, CodecProjector
from crosspan.project.codec_model import MarkerModel, marked_text
from crosspan.project.codec_search import Forced
from crosspan.testing.tiny_models import SPECIAL, byte_pairs
from crosspan.translate.transformers import TransformersTranslator

SYLLABLES = ("ka", "lo", "mi", "ne", "ru", "sa", "to", "vi", "be", "du")
WORDS = [first + second for first in SYLLABLES for second in SYLLABLES]
NONE = Alignment.from_links([])


def sentences(n: int, words: tuple[int, int], seed: int) -> list[Pair]:
    """Pairs of a sentence with one entity and its copy."""
    rng = random.Random(seed)
    made = []
    for _ in range(n):
        tokens = tuple(rng.choices(WORDS, k=rng.randint(*words)))
        start = rng.randrange(len(tokens))
        span = Span(start, min(len(tokens), start + rng.randint(1, 3)), "X")
        made.append(Pair(Sentence(tokens, (span,)), Sentence(tokens)))
    return made


def build(folder: Path, width: int, layers: int) -> tuple[Any, Any]:
    """A random NLLB; the large first weights let it learn fast."""
    torch.manual_seed(0)
    lines = [" ".join(WORDS)] * 20 + ["[ ]"] * 50
    vocabulary, merges = byte_pairs(lines, list(SPECIAL.values()), size=400)
    kind: Any = transformers.NllbTokenizer
    tokenizer = kind(vocab=vocabulary, merges=merges, src_lang="eng_Latn", tgt_lang="spa_Latn", model_max_length=256)
    config = transformers.M2M100Config(
        vocab_size=len(tokenizer), d_model=width, encoder_layers=layers, decoder_layers=layers,
        encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=2 * width, decoder_ffn_dim=2 * width,
        max_position_embeddings=256, pad_token_id=tokenizer.pad_token_id, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, decoder_start_token_id=tokenizer.eos_token_id,
        dropout=0.0, attention_dropout=0.0, encoder_layerdrop=0.0, decoder_layerdrop=0.0, init_std=0.1,
    )  # fmt: skip
    model = transformers.M2M100ForConditionalGeneration(config)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return tokenizer, model


def teach(tokenizer: Any, model: Any, steps: int, words: tuple[int, int], rate: float) -> float:
    """Copying with the markers where they are; gives the last loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    model.train()
    loss = float("nan")
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = rate * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / steps)
        pairs = sentences(32, (3, words[1]), 1_000 + step)
        texts = [
            marked_text(pair.source, pair.source.spans[0], "[", "]") if at % 5 else " ".join(pair.source.tokens)
            for at, pair in enumerate(pairs)
        ]
        batch = tokenizer(texts, text_target=texts, return_tensors="pt", padding=True)
        batch["labels"][batch["labels"] == tokenizer.pad_token_id] = -100
        optimizer.zero_grad()
        found = model(**batch).loss
        found.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        loss = float(found.detach())
    model.eval()
    return loss


def by_force(translator: Any, pairs: Sequence[Pair], budget: int) -> tuple[list[tuple[int, int]], int]:
    """The best place of each entity by trying all, and how many target texts that took."""
    model = MarkerModel(translator, "[", "]", budget)
    templates = model.templates([pair.target for pair in pairs], "es")
    markers = model.markers("es")
    states = model.read([marked_text(one.source, one.source.spans[0], "[", "]") for one in pairs], "en", "es")
    best, n = [], 0
    for template, state in zip(templates, states, strict=True):
        places = list(combinations(range(len(template.place)), 2))
        asked = [
            Forced(template.marked(int(template.place[i]), int(template.place[j]), *markers), 0) for i, j in places
        ]
        n += len(asked)
        found = [float(one.forced.sum()) for one in model.know([(state, one) for one in asked])]
        i, j = places[int(np.argmax(found))]
        best.append((int(template.opens[i]), int(template.closes[j])))
    return best, n


def measure(translator: Any, pairs: Sequence[Pair], budget: int) -> Iterator[str]:
    """One row a way to search."""
    start = time.perf_counter()
    best, n = by_force(translator, pairs, budget)
    seconds = time.perf_counter() - start
    gold = [(pair.source.spans[0].start, pair.source.spans[0].end) for pair in pairs]
    right = sum(one == other for one, other in zip(best, gold, strict=True))
    yield f"{'all places':18} {n / len(pairs):10.1f} {len(pairs) / seconds:12.1f} {1.0:10.3f} {right / len(pairs):8.3f}"
    for openings in (0, 10, 5, 2):
        options = CodecOptions(source_lang="en", target_lang="es", openings=openings, effort=0, budget=budget)
        projector = CodecProjector(options, translator=translator)
        start = time.perf_counter()
        made = projector.project(pairs, [NONE] * len(pairs))
        seconds = time.perf_counter() - start
        found = [(one.links[0].target.start, one.links[0].target.end) if one.links else None for one in made]
        same = sum(one == other for one, other in zip(found, best, strict=True)) / len(pairs)
        right = sum(one == other for one, other in zip(found, gold, strict=True))
        name = f"{openings} openings" if openings else "exact"
        yield (
            f"{name:18} {projector.sequences / len(pairs):10.1f} {len(pairs) / seconds:12.1f} "
            f"{same:10.3f} {right / len(pairs):8.3f}"
        )


def full_size() -> str:
    """How fast a random model of the shape of NLLB-200-distilled-600M reads marked texts."""
    kind: Any = transformers.M2M100ForConditionalGeneration
    config = transformers.M2M100Config(vocab_size=256_206, max_position_embeddings=1024)  # its other sizes are NLLB's
    model = kind(config).eval()
    ids = torch.randint(4, 256_000, (16, 40))
    states = model.get_encoder()(input_ids=ids[:1]).last_hidden_state[0].detach()

    class Holder:
        network, start = model, 2
        tokenizer = type("Tokenizer", (), {"pad_token_id": 1})

    asked = [(states, Forced(tuple(row.tolist()), 5)) for row in ids]
    holder: Any = Holder()
    marker = MarkerModel(holder, "[", "]")
    marker.know(asked[:2])
    wall, cpu = time.perf_counter(), time.process_time()
    marker.know(asked)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return (
        f"NLLB-600M shape, float32, {torch.get_num_threads()} threads: {len(asked)} texts of 40 pieces in {wall:.1f} s "
        f"({cpu:.1f} s of processors), {len(asked) / wall:.2f} texts/s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--layers", type=int, default=1)
    parser.add_argument("--sentences", type=int, default=60)
    parser.add_argument("--words", type=int, nargs=2, default=(8, 16), metavar=("LEAST", "MOST"))
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--budget", type=int, default=2_048)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--full-size", action="store_true", help="only the speed of a model of a real one's shape")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    logging: Any = transformers.utils.logging
    logging.disable_progress_bar()
    if given.full_size:
        print(full_size())
        return
    words = (given.words[0], given.words[1])
    pairs = sentences(given.sentences, words, seed=7)
    print(f"{given.sentences} sentences of {words[0]} to {words[1]} words, width {given.width}, {given.layers} layers")
    for kind in ("random", "trained"):
        with tempfile.TemporaryDirectory() as name:
            tokenizer, model = build(Path(name), given.width, given.layers)
            if kind == "trained":
                loss = teach(tokenizer, model, given.steps, words, given.rate)
                model.save_pretrained(name)
                kind = f"trained for {given.steps} steps, last loss {loss:.3f}"
            translator = TransformersTranslator(name, device=given.device)
            print(f"\n{kind}\n{'':18} {'texts each':>10} {'sentences/s':>12} {'as all':>10} {'right':>8}")
            for row in measure(translator, pairs, given.budget):
                print(row, flush=True)


if __name__ == "__main__":
    main()
