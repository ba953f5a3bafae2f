"""Adversarial training in two worlds of two languages that were made for it, as a table over seeds.

    python -m benchmarks.adversarial --seeds 5

Words of both languages carry a language mark and a shared signal; an encoder of two layers learns to tag one of them.
Reversal is tried where each word is a piece of its own (tests.worlds.language_world), the others where languages
share roots and the mark agrees with the label in the source alone (tests.worlds.agreement_world). F1 is that of
exact spans on new sentences, without one labelled sentence of the target; the probes are trained afresh on the finished
model, and guessing reaches 0.5. It shows that the methods work as they should where their assumption holds, and says
nothing of real encoders. One thread, a few seconds a training.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from dataclasses import astuple, fields
from pathlib import Path

from tests.worlds.language_trials import ADVPICKER, METHODS, Outcome, tried


def main() -> None:
    """Run the trials and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--methods", nargs="*", default=[*list(METHODS)[:-1], ADVPICKER])
    given = parser.parse_args()
    names = [field.name for field in fields(Outcome)]
    print(f"| method | {' | '.join(f'{name}, mean (lowest to highest)' for name in names)} |")
    print("|---" * (len(names) + 1) + "|", flush=True)
    for method in given.methods:
        found: dict[str, list[tuple[float, ...]]] = {}
        for seed in range(given.seeds):
            with tempfile.TemporaryDirectory() as folder:
                for name, outcome in tried(method, seed, Path(folder)).items():
                    found.setdefault(name, []).append(astuple(outcome))
                    print(f"{name}, seed {seed}: {outcome}", file=sys.stderr, flush=True)
        for name, outcomes in found.items():
            columns = zip(*outcomes, strict=True)
            cells = [f"{statistics.mean(one):.2f} ({min(one):.2f} to {max(one):.2f})" for one in columns]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
