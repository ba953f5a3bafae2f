"""What it costs to fine-tune an encoder as a tagger: peak memory, and processor time a step.

    python -m benchmarks.encoder_training                                   # e5-small, 12 layers, 20 steps of EWT
    python -m benchmarks.encoder_training --set vocabulary=text --set vocabulary=all --set precision=bfloat16

Values of one setting are tried one after another, of several settings all together, each in a process of its own. The
sentences are those of UNER English EWT in the order of a training; the first step, which compiles and fills caches, is
not counted, nor are loading and saving, but they are in the memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import datasets
from benchmarks.encoder_links import ways
from crosspan.core.options import with_settings
from crosspan.core.progress import Progress
from crosspan.core.tables import Table
from crosspan.train.token_classifier import TokenClassifierOptions, train_token_classifier


def measured(model: str, settings: dict[str, str], steps: int, threads: int) -> dict[str, float]:
    """Train for some steps in this process."""
    sentences = datasets.uner_file("ner/uner_ewt/en_ewt-ud-train.iob2")
    options = with_settings(TokenClassifierOptions(encoder=model, max_steps=steps, device="cpu"), settings)
    seen: list[float] = []

    def listen(event: Progress) -> None:
        seen.append(time.process_time())

    with tempfile.TemporaryDirectory() as folder:
        train_token_classifier(sentences, Path(folder, "tagger"), options=options, threads=threads, progress=listen)
    each = sorted(one - before for before, one in itertools.pairwise(seen))
    return {
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
        "mean": sum(each) / len(each),
        "median": each[len(each) // 2],
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="e5-small")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the training")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--one", metavar="JSON", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one is not None:
        print(json.dumps(measured(chosen.model, json.loads(chosen.one), chosen.steps, chosen.threads)))
        return
    rows = []
    for settings in ways(chosen.set):
        shared = ["--model", chosen.model, "--steps", str(chosen.steps), "--threads", str(chosen.threads)]
        command = [sys.executable, "-m", "benchmarks.encoder_training", *shared, "--one", json.dumps(settings)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        shown = " ".join(f"{name}={value}" for name, value in settings.items())
        rows.append([shown, f"{found['memory']:.2f}", f"{found['mean']:.2f}", f"{found['median']:.2f}"])
        print(*rows[-1], flush=True)
    print(Table(["settings", "peak memory, GB", "CPU s a step, mean", "median"], rows).markdown())


if __name__ == "__main__":
    main()
