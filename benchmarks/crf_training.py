"""What training the embedded tagger costs, stage by stage: CPU seconds and peak memory.

    python -m benchmarks.crf_training                      # 20,000 sentences; --sentences N
    python -m benchmarks.crf_training --projected FILE     # on projections that are there already
    python -m benchmarks.crf_training --rounds 1           # with a round of self-training

The text is that of :mod:`benchmarks.end_to_end`: English-German, tagged and projected by the commands of crosspan. To
compare two versions of crosspan, let one write its projections (``--keep FILE``) and give both the same ``FILE``.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosspan.io import read_projections
from crosspan.train.crf import train_crf
from crosspan.train.noise import examples_of
from crosspan.train.self_training import train_on_projections


@dataclass(slots=True)
class Stage:
    """What one stage cost.

    Args:
        name: As progress calls it.
        cpu_seconds: Time that threads were at work.
        seconds: Wall time.
        memory_mb: Most memory that the process had held when the stage ended.
    """

    name: str
    cpu_seconds: float
    seconds: float
    memory_mb: float


@dataclass(slots=True)
class Stages:
    """Hears progress, and notes the cost of each stage when the next begins."""

    found: list[Stage] = field(default_factory=list)
    name: str = "reading"
    cpu: float = field(default_factory=time.process_time)
    wall: float = field(default_factory=time.perf_counter)

    def __call__(self, *event: Any) -> None:
        name = getattr(event[0], "stage", event[0])  # older versions of crosspan call with (stage, done, total)
        if name != self.name:
            self.end()
            self.name = name

    def end(self) -> None:
        """Note the stage that is over."""
        cpu, wall = time.process_time(), time.perf_counter()
        self.found.append(Stage(self.name, cpu - self.cpu, wall - self.wall, peak_mb()))
        self.cpu, self.wall = cpu, wall


def peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def measure(path: Path, sentences: int, rounds: int, threads: int | None) -> tuple[Any, list[Stage]]:
    """Train on projections of a file; return the tagger and what each stage cost."""
    stages = Stages()
    examples = examples_of(itertools.islice(read_projections(path), sentences))
    how: dict[str, Any] = {"threads": threads, "progress": stages}
    tagger = train_on_projections(examples, rounds=rounds, **how) if rounds else train_crf(examples, **how)
    stages.end()
    return tagger, stages.found


def make(folder: Path, sentences: int) -> Path:
    """Tag and project the text, as :mod:`benchmarks.end_to_end` does."""
    from benchmarks.end_to_end import run_step
    from benchmarks.scale import base_text, corpus

    source, target, tagged, projected = (folder / name for name in ("source.tok", "target.tok", "a.jsonl", "b.jsonl"))
    with source.open("w", encoding="utf-8") as left, target.open("w", encoding="utf-8") as right:
        for pair in corpus(base_text(), sentences):
            left.write(" ".join(pair.source.tokens) + "\n")
            right.write(" ".join(pair.target.tokens) + "\n")
    run_step("tag", str(source), "--out", str(tagged))
    run_step("project", str(tagged), str(target), "--out", str(projected))
    return projected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sentences", type=int, default=20_000)
    parser.add_argument("--projected", type=Path, help="a JSONL file of projections")
    parser.add_argument("--keep", type=Path, help="where to put the projections that are made")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of self-training")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--out", type=Path, help="where to put the tagger")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.projected or make(Path(folder), arguments.sentences)
        if arguments.keep:
            arguments.keep.write_bytes(path.read_bytes())
        tagger, stages = measure(path, arguments.sentences, arguments.rounds, arguments.threads)
    if arguments.out:
        tagger.save(arguments.out)
    print(f"{'stage':24}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}")
    for stage in stages:
        print(f"{stage.name:24}{stage.cpu_seconds:8.1f}{stage.seconds:8.1f}{stage.memory_mb:9.0f}")
    total = sum(stage.cpu_seconds for stage in stages), sum(stage.seconds for stage in stages)
    print(f"{'all':24}{total[0]:8.1f}{total[1]:8.1f}{peak_mb():9.0f}")
    card = tagger.card
    print({name: card[name] for name in ("sentences", "tokens", "features", "kept_features", "iterations", "loss")})


if __name__ == "__main__":
    main()
