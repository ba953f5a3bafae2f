"""What each objective of tuning does to an aligner: error rates on gold links, before and after.

    python -m benchmarks.tune_aligner --work FOLDER            # pre-trains a small encoder, then tunes it
    python -m benchmarks.tune_aligner --encoder FOLDER         # tunes this one

No published encoder is at hand where this is measured. So a small one (masked language model, 4 layers of 256) is
pre-trained on the text of the languages concerned first, both sides of NTREX; it knows far less than mBERT does. The
layer whose vectors are compared is chosen on the development part of XL-WA, before tuning, and kept. Tuning reads
NTREX; test sentences are those of XL-WA (and the Hansards), of which no training sees links or text.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from benchmarks import datasets
from crosspan.align import make_aligner
from crosspan.core.tables import Table
from crosspan.evaluate import score_alignments
from crosspan.train.links.tuning import TuningOptions, tune_aligner
from crosspan.train.pretrain.language_model import train_language_model
from crosspan.train.pretrain.options import PretrainOptions
from crosspan.train.pretrain.scratch import Shape, new_encoder

LANGS = ("es", "it", "nl")
WAYS: dict[str, tuple[str, ...]] = {
    "self_training": ("self_training",),
    "tlm": ("tlm",),
    "mlm": ("mlm",),
    "psi": ("psi",),
    "all four": ("self_training", "tlm", "mlm", "psi"),
    "all four and consistency": ("self_training", "tlm", "mlm", "psi", "consistency"),
}


def encoder_of(work: Path, steps: int, threads: int) -> Path:
    """A small encoder that read both sides of the bitext, sentences apart."""
    lines = [" ".join(side) for lang in LANGS for pair in datasets.ntrex(lang) for side in pair]
    new, out = work / "new", work / "encoder"
    if not (out / "pretraining.json").is_file():
        if not new.is_dir():
            new_encoder(lines, Shape(layers=4, width=256, heads=4, longest=256, dropout=0.0), new)
        options = PretrainOptions(
            units="words", max_steps=steps, epochs=100, batch_size=16, longest=96, learning_rate=2e-3, warmup=0.1
        )
        train_language_model(new, lines, out, options=options, threads=threads)
    return out


def error_rates(model: Path, layer: int, split: str, threads: int) -> dict[str, float]:
    """Alignment error rate of each language."""
    aligner = make_aligner("awesome", threads=threads, model=str(model), layer=layer)
    found = {}
    for lang in LANGS:
        pairs, gold = datasets.xl_wa(lang, split)
        links = list(aligner.iter_align_tokens([(one.source.tokens, one.target.tokens) for one in pairs]))
        found[lang] = round(score_alignments(gold, links).aer, 4)
    return found


def main() -> None:
    """Tune in each way, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("tune-aligner"), help="where models go")
    parser.add_argument("--encoder", type=Path, help="a folder; by default one is pre-trained")
    parser.add_argument("--pretrain-steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="*", default=list(WAYS), choices=list(WAYS))
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    model = given.encoder or encoder_of(given.work, given.pretrain_steps, given.threads)
    n_layers = int(json.loads((model / "config.json").read_text())["num_hidden_layers"])
    rates = {layer: error_rates(model, layer, "dev", given.threads) for layer in range(1, n_layers + 1)}
    layer = min(rates, key=lambda one: sum(rates[one].values()))
    print(f"layer {layer} of {n_layers}, chosen on dev: { {one: rates[one] for one in rates} }", flush=True)
    rows = {"as it was": error_rates(model, layer, "test", given.threads)}
    print("as it was", rows["as it was"], flush=True)
    bitext = [pair for lang in LANGS for pair in datasets.ntrex(lang)]
    for name in given.only:
        out = given.work / f"tuned-{name.replace(' ', '-')}"
        begin = time.process_time()
        if not (out / "tuning.json").is_file():
            options = TuningOptions(
                model=str(model), layer=layer, objectives=WAYS[name], epochs=given.epochs, batch=16,
                learning_rate=given.rate, longest=200,
            )  # fmt: skip
            tune_aligner(bitext, out, options, threads=given.threads)
        rows[name] = error_rates(out, layer, "test", given.threads)
        print(name, rows[name], f"{time.process_time() - begin:.0f} s", flush=True)
    lines = [
        [name, *(f"{row[lang]:.3f}" for lang in LANGS), f"{sum(row.values()) / len(row):.3f}"]
        for name, row in rows.items()
    ]
    print(Table(["tuned by", *(f"en-{lang}" for lang in LANGS), "mean"], lines).markdown())


if __name__ == "__main__":
    main()
