"""What an encoder that learned to tag English text knows of other languages, for settings of its training.

    python -m benchmarks.encoder_transfer                                  # e5-small, settings as they are
    python -m benchmarks.encoder_transfer --set layers=6 --set learning_rate=1e-4 --set learning_rate=2e-4 --part 3
    python -m benchmarks.encoder_transfer --set precision=float32 --set precision=bfloat16 --only en,de
    python -m benchmarks.encoder_transfer --text deu,swa,hau --set adversarial.mode=reversal

Values of one setting are tried one after another, of several settings all together, each in a process of its own. The
tagger learns from UNER English EWT; the weights that do best on its dev sentences are kept, so nothing but English has
a say in them. The tests are those of EWT, of PUD (de, pt, sv), of other UNER sets (zh, da, hr, sk, tl), and of
MasakhaNER 2 (swa, hau, lug, twi, yor). F1 of exact spans, micro average. What is counted is
the processor time of the training, with its looks at the dev sentences.

With --text it also learns from lines of NTREX without labels, in these languages (codes of NTREX). Then a probe is
trained on the finished model to tell English and these languages apart by the vectors of words, on other lines: its
accuracy, with what guessing reaches, says whether adversarial training did what it is for. Neither that nor the dev
sentences know a label of another language, so settings may be chosen by them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import astuple, replace
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
from crosspan.train.advpicker import AdvPickerReport
from crosspan.train.language_probe import language_probe
from crosspan.train.token_report import TokenClassifierReport
from crosspan.train.trainer_options import AdvPickerTrainerOptions, TokenTrainerOptions
from crosspan.train.trainers import train_encoder

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


def ntrex_lines(lang: str, part: slice) -> list[Sentence]:
    """Lines of NTREX in English ("eng"), or in a language that English stands beside there."""
    side = 0 if lang == "eng" else 1
    rows = datasets.ntrex("deu" if lang == "eng" else lang)[part]
    return [Sentence(tuple(row[side]), lang="en" if lang == "eng" else lang) for row in rows]


def measured(chosen: argparse.Namespace, settings: Mapping[str, str]) -> dict[str, Any]:
    """Train in this process, and label all tests."""
    picks = chosen.trainer == "advpicker"
    how = (AdvPickerTrainerOptions if picks else TokenTrainerOptions)(
        encoder=chosen.model, device="cpu", source_lang="en"
    )
    options = with_settings(how, settings)
    reads = picks or options.adversarial.mode != "none"
    langs = chosen.text.split(",") if chosen.text else []
    text = [one for lang in langs if reads for one in ntrex_lines(lang, slice(0, chosen.lines))]

    def tell(now: Progress) -> None:
        dev = now.metrics.get("dev_f1")
        if dev is not None:
            print(f"step {now.done} of {now.total}: dev {dev:.3f}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "tagger")
        begin = time.process_time()
        report = train_encoder(
            english("train")[:: chosen.part], out=out, dev=english("dev")[:: chosen.dev_part], options=options,
            unlabelled=text, threads=chosen.threads, progress=tell,
        )  # fmt: skip
        spent = time.process_time() - begin
        tagger = load_tagger(f"transformers:{out}", threads=chosen.threads)
        scores = {}
        for lang in chosen.only.split(",") if chosen.only else TESTS:
            gold = test_of(lang)
            gold = gold[:: max(1, len(gold) // chosen.limit)] if chosen.limit else gold
            found = tagger.tag([replace(one, spans=()) for one in gold])
            scores[lang] = evaluate_ner(gold, found).strict.micro.f1
        probe = None
        if langs:
            lines = [one for lang in ("eng", *langs) for one in ntrex_lines(lang, slice(-80, None))]
            probe = language_probe(out, lines, steps=100).accuracy
    student = report.student if isinstance(report, AdvPickerReport) else report
    game = report.game if isinstance(report, TokenClassifierReport) else None
    if isinstance(report, AdvPickerReport):
        print("teacher:", *report.teacher["looks"], report.selection, file=sys.stderr)
    if game is not None:
        print("discriminator:", *(f"{step} {accuracy:.3f}" for step, accuracy in game.looks), file=sys.stderr)
        for one in game.parts[:: max(1, len(game.parts) // 12)]:
            print("part:", *(f"{value:.3g}" for value in astuple(one)), file=sys.stderr)
    dev = student.dev["f1"] if student.dev else 0.0
    return {"seconds": spent, "dev": dev, "looks": [look[1] for look in student.looks], "probe": probe,
            "scores": scores}  # fmt: skip


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="e5-small")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the training")
    parser.add_argument("--only", default="", help="tests, such as en,de,swa")
    parser.add_argument("--part", type=int, default=1, help="learn from every so manieth sentence")
    parser.add_argument("--dev-part", type=int, default=1, help="the same of the dev sentences")
    parser.add_argument("--limit", type=int, default=0, help="about so many sentences of each test; 0 takes all")
    parser.add_argument("--text", default="", help="languages of lines without labels, such as deu,swa,hau")
    parser.add_argument("--lines", type=int, default=300, help="so many lines of each")
    parser.add_argument("--trainer", default="token-classifier", choices=("token-classifier", "advpicker"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", metavar="JSON", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one is not None:
        print(json.dumps(measured(chosen, json.loads(chosen.one))))
        return
    rows = []
    langs: list[str] = []
    for settings in ways(chosen.set):
        names = ("model", "part", "dev_part", "limit", "text", "lines", "trainer", "threads")
        shared = [f"--{name.replace('_', '-')}={getattr(chosen, name)}" for name in names]
        command = [sys.executable, "-m", "benchmarks.encoder_transfer", *shared, "--only", chosen.only]
        command += ["--one", json.dumps(settings)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        langs = list(found["scores"])
        figures = [found["dev"], *([found["probe"]] if chosen.text else []), *found["scores"].values()]
        shown = " ".join(f"{name}={value}" for name, value in settings.items())
        rows.append([shown, *(f"{one:.3f}".lstrip("0") for one in figures), f"{found['seconds']:.0f}"])
        print(*rows[-1], "looks", *found["looks"], flush=True)
    print(Table(["settings", "dev", *(["probe"] if chosen.text else []), *langs, "CPU s"], rows).markdown())


if __name__ == "__main__":
    main()
