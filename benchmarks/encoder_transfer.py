"""What an encoder that learned to tag English text knows of other languages, for settings of its training.

    python -m benchmarks.encoder_transfer                                  # e5-small, settings as they are
    python -m benchmarks.encoder_transfer --set layers=6 --set learning_rate=1e-4 --set learning_rate=2e-4 --part 3
    python -m benchmarks.encoder_transfer --set precision=float32 --set precision=bfloat16 --only en,de

Values of one setting are tried one after another, of several settings all together, each in a process of its own. The
tagger learns from UNER English EWT; the weights that do best on its dev sentences are kept, so nothing but English has
a say in them. The tests are those of EWT, of PUD (de, pt, sv), of other UNER sets (zh, da, hr, sk, tl), and of
MasakhaNER 2 (swa, hau, lug, twi, yor). F1 of exact spans, micro average. What is counted is
the processor time of the training, with its looks at the dev sentences.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import datasets
from benchmarks.encoder_links import ways
from crosspan.core.options import with_settings
from crosspan.core.progress import Progress
from crosspan.core.tables import Table
from crosspan.core.types import Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.tag import load_tagger
from crosspan.train.token_classifier import TokenClassifierOptions, train_token_classifier

_UNER = {"zh": "zh_gsdsimp", "da": "da_ddt", "hr": "hr_set", "sk": "sk_snk", "tl": "tl_trg"}
_PUD = ("de", "pt", "sv")
_AFRICAN = ("swa", "hau", "lug", "twi", "yor")
TESTS = ("en", *_PUD, *_UNER, *_AFRICAN)


def english(part: str) -> list[Sentence]:
    """A part of EWT: train, dev or test."""
    return datasets.uner_file(f"ner/uner_ewt/en_ewt-ud-{part}.iob2")


def test_of(lang: str) -> list[Sentence]:
    """The test sentences of a language."""
    if lang in _AFRICAN:
        return datasets.masakhaner2(lang)
    if lang in _UNER:
        return datasets.uner_file(f"ner/uner/{_UNER[lang]}-ud-test.iob2", lang)
    return english("test") if lang == "en" else [pair.target for pair in datasets.pud(lang)]


def measured(chosen: argparse.Namespace, settings: Mapping[str, str]) -> dict[str, Any]:
    """Train in this process, and label all tests."""
    how = TokenClassifierOptions(encoder=chosen.model, device="cpu", source_lang="en")
    options = with_settings(how, settings)

    def tell(now: Progress) -> None:
        dev = now.metrics.get("dev_f1")
        if dev is not None:
            print(f"step {now.done} of {now.total}: dev {dev:.3f}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "tagger")
        begin = time.process_time()
        report = train_token_classifier(
            english("train")[:: chosen.part], out, dev=english("dev"), options=options, threads=chosen.threads,
            progress=tell,
        )  # fmt: skip
        spent = time.process_time() - begin
        tagger = load_tagger(f"transformers:{out}", threads=chosen.threads)
        scores = {}
        for lang in chosen.only.split(",") if chosen.only else TESTS:
            gold = test_of(lang)
            found = tagger.tag([replace(one, spans=()) for one in gold])
            scores[lang] = evaluate_ner(gold, found).strict.micro.f1
    dev = report.dev["f1"] if report.dev else 0.0
    return {"seconds": spent, "dev": dev, "looks": [look[1] for look in report.looks], "scores": scores}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="e5-small")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the training")
    parser.add_argument("--only", default="", help="tests, such as en,de,swa")
    parser.add_argument("--part", type=int, default=1, help="learn from every so manieth sentence")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", metavar="JSON", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one is not None:
        print(json.dumps(measured(chosen, json.loads(chosen.one))))
        return
    rows = []
    langs: list[str] = []
    for settings in ways(chosen.set):
        shared = ["--model", chosen.model, "--part", str(chosen.part), "--threads", str(chosen.threads)]
        command = [sys.executable, "-m", "benchmarks.encoder_transfer", *shared, "--only", chosen.only]
        command += ["--one", json.dumps(settings)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        langs = list(found["scores"])
        figures = [found["dev"], *found["scores"].values()]
        shown = " ".join(f"{name}={value}" for name, value in settings.items())
        rows.append([shown, *(f"{one:.3f}".lstrip("0") for one in figures), f"{found['seconds']:.0f}"])
        print(*rows[-1], "looks", *found["looks"], flush=True)
    print(Table(["settings", "dev", *langs, "CPU s"], rows).markdown())


if __name__ == "__main__":
    main()
