"""Ready recipes as pipelines of a suite: its sentences become files, the recipe runs, and what it labelled is read."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosspan.core.progress import Listener
from crosspan.core.progress_calls import heard
from crosspan.core.types import Sentence
from crosspan.io import read, write
from crosspan.pipeline import load_recipe, run_recipe
from crosspan.pipeline.recipes.ready import ready_recipe
from crosspan.pipeline.recipes.toml_text import toml_text
from crosspan.suites.suite import Material, MissingData

_LABELLED = {"translate-train": "predicted"}


def run_ready(
    name: str,
    settings: Mapping[str, str],
    material: Material,
    lang: str,
    folder: Path,
    *,
    from_gold: bool,
    threads: int | None = None,
    progress: Listener | None = None,
) -> tuple[list[Sentence], tuple[str, ...]]:
    """Run a ready recipe on the test sentences of a language.

    Args:
        name: Of the recipe.
        settings: Changes to it, by ``table.key``.
        material: What was read of the suite.
        lang: The language.
        folder: Where its files, results and cache go; a later run goes on from there.
        from_gold: Whether the source has gold labels, which are carried over: nothing is translated or tagged then.
        threads: Threads to use; all cores by default.
        progress: Told how far the work is.

    Returns:
        The test sentences with labels, and notes for the reader of the table. A sentence that could not be worked on
        is without labels.

    Raises:
        MissingData: The language lacks what the recipe needs.
        CrosspanError: The recipe, a model or an option is at fault.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = recipe_data(name, material, lang, folder, from_gold=from_gold)
    path = folder / "recipe.toml"
    path.write_text(toml_text(data), encoding="utf-8")
    recipe = load_recipe(path, [f"{key}={value}" for key, value in settings.items()])
    report = run_recipe(recipe, threads=threads, progress=heard(progress, f"{lang}: "))
    labelled = read(folder / "out" / f"{_LABELLED.get(recipe.general.task, 'labelled')}.jsonl")
    found = {one.id: one for one in labelled}
    sentences = [
        replace(gold, spans=found[str(index)].spans) if str(index) in found else replace(gold, spans=())
        for index, gold in enumerate(material.gold)
    ]
    notes = []
    if len(found) < len(sentences):
        first = report.written.first[0][1] if report.written is not None and report.written.first else "filtered"
        lost = len(sentences) - len(found)
        notes.append(f"{lost} sentences could not be worked on and count as unlabelled, the first: {first}")
    return sentences, tuple(notes)


def recipe_data(name: str, material: Material, lang: str, folder: Path, *, from_gold: bool) -> dict[str, Any]:
    """The recipe for one language, its files written; see :func:`run_ready`."""
    target, source = folder / "target.jsonl", folder / "source.jsonl"
    write(target, _plain(material.gold))
    given = {"TARGET": "target.jsonl", "SOURCE": "source.jsonl", "OUT": "out"}
    text = ready_recipe(name, {**given, "TARGET_LANG": lang, "SOURCE_LANG": material.source_lang})
    data = tomllib.loads(text)
    data["output"] = {"format": "jsonl"}
    if data["task"] == "translate-train":
        sentences = list(material.source) if from_gold else [pair.source for pair in material.train]
        if not sentences:
            raise MissingData("no source sentences to learn from")
        write(source, sentences if from_gold else _plain(sentences))
        data["predict"] = {"path": "target.jsonl"}
        if from_gold:
            data.pop("tag", None)
    elif from_gold and data["task"] != "model-transfer":
        if len(material.source) != len(material.gold):
            raise MissingData("the other side of the sentences is not there")
        write(source, [replace(one, id=None) for one in material.source])
        data["task"] = "project"
        data["source"]["path"] = "source.jsonl"
        for table in ("translate", "tag"):
            data.pop(table, None)
    return data


def _plain(sentences: Sequence[Sentence]) -> list[Sentence]:
    """Without labels; the number of a sentence is its name, so that it is found again."""
    return [
        Sentence(one.tokens, id=str(index), lang=one.lang, text=one.text, offsets=one.offsets)
        for index, one in enumerate(sentences)
    ]
