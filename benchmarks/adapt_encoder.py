"""What each way of bringing an encoder closer to a language does, on a tiny encoder and text of real languages.

    python -m benchmarks.adapt_encoder --data ../shared/data

The encoder learns English and German news from random weights. It then learns each language as it is (LAPT), with 99
pieces added first (TVA), and with its text in Latin letters (uroman). All are measured on the same lines, which none of
them learned from. Perplexities are of hidden pieces, before and after the training on the language. They can be
compared within a row only: another vocabulary, or text in other letters, is another task.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosspan.core.tables import Column, Table, words
from crosspan.models.loading import load_tokenizer
from crosspan.text.romanize import romanize_line
from crosspan.train.pretrain.language_model import PretrainReport, train_language_model
from crosspan.train.pretrain.options import PretrainOptions
from crosspan.train.pretrain.scratch import Shape, new_encoder
from crosspan.train.pretrain.vocabulary import Coverage, augment, coverage

SHAPE = Shape(layers=2, width=64, heads=2, vocabulary=2_000, longest=128, dropout=0.0)
HELD_OUT = 150
WAYS = ("LAPT", "TVA + LAPT", "romanised, LAPT", "romanised, TVA + LAPT")


def news(data: Path, lang: str) -> list[str]:
    """Lines of a language: NTREX, and for Luganda those of MAFAND."""
    if lang == "lug":
        rows = (data / "parallel_text/mafand/en-lug.tsv").read_text(encoding="utf-8").splitlines()
        return [row.split("\t")[2] for row in rows if row.count("\t") == 2][:2_000]
    kind = "src" if lang == "eng" else "ref"
    return (data / f"parallel_text/ntrex/newstest2019-{kind}.{lang}.txt").read_text(encoding="utf-8").splitlines()


def learned(encoder: Path, lines: list[str], held: list[str], out: Path, steps: int) -> PretrainReport:
    """A training of so many steps."""
    options = PretrainOptions(
        epochs=1_000, max_steps=steps, batch_size=16, longest=64, learning_rate=2e-3, device="cpu", save_every=100_000
    )
    return train_language_model(encoder, lines, out, held_out=held, options=options, threads=1)


def measured(way: str, base: Path, lines: list[str], held: list[str], place: Path, steps: int) -> dict[str, object]:
    """A row of the table."""
    began = time.process_time()
    if way.startswith("romanised"):
        lines, held = ([romanize_line(line) for line in text] for text in (lines, held))
    encoder, before = base, coverage(load_tokenizer(base), held)
    if "TVA" in way:
        encoder = place / "augmented"
        augment(base, lines, encoder, count=99, held_out=held)
    after: Coverage = coverage(load_tokenizer(encoder), held)
    report = learned(encoder, lines, held, place / "adapted", steps)
    assert report.perplexity is not None
    return {
        "way": way,
        "pieces_per_word": [round(one.pieces_per_word, 3) for one in (before, after)],
        "unknown_words": [round(one.unknown_rate, 4) for one in (before, after)],
        "perplexity": [round(value, 1) for value in report.perplexity],
        "cpu_seconds": round(time.process_time() - began, 1),
    }


def main() -> None:
    """Print a line of JSON for each row, and the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="The folder of real data.")
    parser.add_argument("--langs", default="lug,wol,amh")
    parser.add_argument("--base-steps", type=int, default=400)
    parser.add_argument("--steps", type=int, default=150)
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        text = [line for lang in ("eng", "deu") for line in news(args.data, lang)]
        learned(
            new_encoder(text, SHAPE, folder / "new"), text[HELD_OUT:], text[:HELD_OUT], folder / "base", args.base_steps
        )
        for lang in args.langs.split(","):
            lines = news(args.data, lang)
            given, held = lines[:-HELD_OUT], lines[-HELD_OUT:]
            other_script = any(romanize_line(line) != line for line in held[:20])
            for way in WAYS if other_script else WAYS[:2]:
                place = folder / f"{lang}-{WAYS.index(way)}"
                row = {"lang": lang, **measured(way, folder / "base", given, held, place, args.steps)}
                rows.append(row)
                print(json.dumps(row), flush=True)
    header: list[str | Column] = [*words("text", "way"), "pieces a word", "words not wholly known", "perplexity"]
    print(Table(header, list(map(cells, rows))).markdown())


def cells(row: Mapping[str, Any]) -> list[str]:
    """A line of the table."""
    pieces, unknown, perplexity = row["pieces_per_word"], row["unknown_words"], row["perplexity"]
    return [
        *(row["lang"], row["way"], f"{pieces[0]:.2f} → {pieces[1]:.2f}"),
        *(f"{unknown[0]:.1%} → {unknown[1]:.1%}", f"{perplexity[0]:.0f} → {perplexity[1]:.0f}"),
    ]


if __name__ == "__main__":
    main()
