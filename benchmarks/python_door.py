"""The Python door of :mod:`benchmarks.doors`: a script of its own, so that it can run with any version of crosspan.

    python benchmarks/python_door.py TASK FOLDER OUT THREADS

It is what a user would write: read files, call one function with its defaults, write what came out.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import crosspan
from crosspan.tag import load_tagger

HOMES = ("crosspan", "crosspan.pipeline.labels", "crosspan.pipeline.voting", "crosspan.pipeline.transfer", "crosspan.transfer")
"""Where the functions are, in this version and in older ones."""


def function(name: str) -> Any:
    """A function of crosspan by its name, wherever it is."""
    for home in HOMES:
        with suppress(ImportError, AttributeError):
            return getattr(import_module(home), name)
    raise ImportError(f"crosspan has no {name}")


def main(task: str, place: str, out: str, threads: int) -> None:
    folder = Path(place)

    def read(name: str) -> list[crosspan.Sentence]:
        return crosspan.read(folder / f"{name}.jsonl")

    def tokens(one: str, other: str) -> list[Any]:
        return [(a.tokens, b.tokens) for a, b in zip(read(one), read(other), strict=True)]

    more = tokens("more.source", "more.target") if (folder / "more.source.jsonl").exists() else []
    sources, targets = read("test.source"), read("test.target")
    how: dict[str, Any] = {"bitext": more, "threads": threads}
    model = folder / "python.crf"
    if task == "projection":
        found = [one.sentence for one in crosspan.project_labels(sources, targets, **how)]
    else:
        how["tagger"] = load_tagger("en", threads=threads)
        if task == "translate-test":
            found = [one.sentence for one in function("translate_test")(targets, sources, **how)]
        else:
            if task == "translate-train" or not model.exists():
                tagger = function("translate_train")(read("train.source"), read("train.target"), **how)
                tagger.save(model)
            tagger = load_tagger(str(model), threads=threads)
            found = tagger.tag(targets)
        if task == "ensemble":
            projections = function("translate_test")(targets, sources, **how)
            pairs = tokens("test.source", "test.target")
            links = crosspan.StatisticalAligner(threads=threads).fit_tokens([*more, *pairs]).align_tokens(pairs)
            found = function("ensemble")(tagger, projections, links=links)
    crosspan.write(out, found)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
