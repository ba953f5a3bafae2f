"""What the whole way costs: tag, align, project and train on 100,000 sentence pairs, each step a process of its own.

    python -m benchmarks.end_to_end                # 100,000 pairs; --pairs N
    python -m benchmarks.end_to_end --page

The text is that of :mod:`benchmarks.scale`: real English-German text, repeated to the size, with a fifth of its words
made new in each repetition.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks import page
from benchmarks.findings import markdown
from benchmarks.scale import base_text, corpus


@dataclass(frozen=True, slots=True)
class Step:
    """What a command took.

    Args:
        name: The command.
        seconds: Wall time.
        cpu_seconds: Time that its threads were at work; beside the wall time it tells whether the machine was busy.
        memory_mb: Most memory that its process held.
    """

    name: str
    seconds: float
    cpu_seconds: float
    memory_mb: float


def run_step(name: str, *arguments: str) -> Step:
    """Run one command of crosspan.

    Raises:
        RuntimeError: The command failed.
    """
    began = time.perf_counter()
    process = os.posix_spawn(
        sys.executable, [sys.executable, "-m", "crosspan.cli.main", name, *arguments, "--quiet"], os.environ
    )
    _, status, usage = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError(f"crosspan {name} ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Step(name, time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def measure(pairs: int) -> list[Step]:
    """The steps for a corpus of so many pairs."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "source.tok"), Path(folder, "target.tok")
        with source.open("w", encoding="utf-8") as left, target.open("w", encoding="utf-8") as right:
            for pair in corpus(base_text(), pairs):
                left.write(" ".join(pair.source.tokens) + "\n")
                right.write(" ".join(pair.target.tokens) + "\n")
        tagged, projected, model = (os.path.join(folder, name) for name in ("en.jsonl", "de.jsonl", "de.crf"))
        commands = [
            ("tag", str(source), "--out", tagged),
            ("project", tagged, str(target), "--out", projected),
            ("train", projected, "--out", model),
        ]
        steps = []
        for command in commands:
            steps.append(run_step(*command))
            print(steps[-1], flush=True)
        return steps


def table(steps: list[Step], pairs: int) -> str:
    total = Step(
        "all",
        sum(step.seconds for step in steps),
        sum(step.cpu_seconds for step in steps),
        max(step.memory_mb for step in steps),
    )
    rows = [
        [step.name, f"{step.seconds:,.0f}", f"{step.cpu_seconds:,.0f}", f"{step.memory_mb:,.0f}"]
        for step in (*steps, total)
    ]
    return markdown([f"{pairs:,} pairs", "seconds", "CPU seconds", "peak memory, MB"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--page", action="store_true", help="put the table into docs/benchmarks.md")
    arguments = parser.parse_args()
    text = table(measure(arguments.pairs), arguments.pairs)
    print(text)
    if arguments.page:
        page.write("end-to-end", text)


if __name__ == "__main__":
    main()
