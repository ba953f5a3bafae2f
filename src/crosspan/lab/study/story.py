"""The page of a study: what it is about, what came out, what it can tell, and exactly what was run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from crosspan.core.tables import Table, words
from crosspan.lab.study.analysis import analyse
from crosspan.lab.study.answer import answer
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData
from crosspan.lab.study.folder import CellState
from crosspan.lab.study.making import targets_of
from crosspan.lab.study.plan import StudyPlan
from crosspan.lab.study.results import Scores
from crosspan.lab.study.sections import findings, picture
from crosspan.report.blocks import Block, Code, Heading, Items, Text, write_page

NAME = "study"
"""What the files of the page begin with."""

_ROOM_IN_KEY = 12
_PROGRAMS = ("crosspan", "python", "platform", "numpy", "scipy", "torch", "transformers", "tokenizers", "sentencepiece")


def write_story(
    folder: Path, plan: StudyPlan, data: StudyData, cells: Sequence[Cell], states: Mapping[str, CellState]
) -> list[Path]:
    """Write the page of a study; the same results give the same page.

    Args:
        folder: Where it goes.
        plan: The study.
        data: What it reads.
        cells: Its cells.
        states: How far they are.

    Returns:
        Its files.

    Raises:
        OutputError: They cannot be written.
    """
    return write_page(folder, NAME, story(plan, data, cells, states))


def story(plan: StudyPlan, data: StudyData, cells: Sequence[Cell], states: Mapping[str, CellState]) -> list[Block]:
    """The parts of the page; see :func:`write_story`."""
    results = Scores(plan, data, cells, states)
    counts = Counter(str(states[cell.key].status) for cell in cells)
    found = analyse(results)
    blocks: list[Block] = [
        Heading(1, plan.general.title or plan.general.name),
        *answer(results, found),
        *picture(results, found),
        Text(f"Of {len(cells)} cells, {_counted(counts)}; the last section says why, and exactly what was run."),
        Heading(2, "What was asked"),
        *map(Text, plan.general.about),
        *findings(results, found),
    ]
    if plan.general.caveats:
        blocks += [Heading(2, "What this can tell, and what it cannot"), *map(Text, plan.general.caveats)]
    return [*blocks, *_what_was_run(plan, data, cells, states)]


def _what_was_run(
    plan: StudyPlan, data: StudyData, cells: Sequence[Cell], states: Mapping[str, CellState]
) -> list[Block]:
    blocks: list[Block] = [Heading(2, "What was run")]
    blocks += _cells(cells, states)
    blocks += _data(plan, data)
    blocks += [
        Heading(3, "Programs"),
        Table((*words("package", "version"), "cells"), _versions(cells, states)),
        Heading(3, "Settings"),
        Text(
            "Every setting, those that the file of the study leaves at their default among them. Paths start from the "
            f"data folder. With this as `{NAME}.toml`:"
        ),
        Code("sh", f"crosspan study {NAME}.toml --out {plan.general.name}\n"),
        Code("toml", plan.resolved()),
        Heading(3, "Files"),
        Text("SHA-256 of every file that was read:"),
        Table(words("file", "SHA-256"), [(f"`{name}`", f"`{value}`") for name, value in data.files.items()]),
    ]
    return blocks


def _cells(cells: Sequence[Cell], states: Mapping[str, CellState]) -> list[Block]:
    rows = []
    for cell in cells:
        state = states[cell.key]
        if state.status != "done":
            rows.append([cell.label, state.status, state.why or "–", f"`{cell.key[:_ROOM_IN_KEY]}`"])
    if not rows:
        return [Text(f"All {len(cells)} cells were run, and none failed.")]
    return [
        Text("Cells that have no result: `failed` ended with an error, `skipped` did not fit, `blocked` waits for one "
             "of those in vain, `open` was not run yet."),
        Table(words("cell", "status", "why", "key"), rows),
    ]  # fmt: skip


def _data(plan: StudyPlan, data: StudyData) -> list[Block]:
    tests = [
        [
            *(f"`{one.key}`", one.lang, one.domain, f"{len(one.gold):,} of {one.n_total:,}"),
            f"{sum(len(sentence.spans) for sentence in one.gold):,}",
            ", ".join(one.ignore) or "–",
            "; ".join(one.notes) or "–",
        ]
        for one in data.tests
    ]
    spans = sum(len(one.spans) for one in data.train)
    items = [
        f"Learned from: {len(data.train):,} sentences of `{plan.train.path}` with {spans:,} entities; weights "
        f"chosen by {len(data.dev):,} sentences of `{plan.train.dev or 'none'}`.",
    ]
    if data.lines:
        items.append(f"Pre-trained on {len(data.lines):,} lines, measured on {len(data.held_out):,} others.")
    used = [lang for lang in targets_of(plan, data) if data.unlabelled.get(lang)]
    if used and len(plan.modes) > 1:
        how = "all together" if plan.unlabelled.together else "a training of its own for each"
        each = ", ".join(f"{lang} {len(data.unlabelled[lang]):,}" for lang in used)
        items.append(f"Unlabelled sentences for adversarial training, {how}: {each}.")
    items += [f"Not there: `{key}`: {why}" for key, why in data.missing.items()]
    rows = [
        [name, f"{one.lines:,}", f"{one.same:,}", f"{one.shared:,}"] for name, one in data.overlaps.items() if one.lines
    ]
    blocks: list[Block] = [
        Heading(3, "Data"),
        Items(items),
        Text("Test sets; a part of a file is taken at even distances:"),
        Table(
            (*words("test set", "language", "domain"), "sentences", "entities", *words("not counted", "remarks")), tests
        ),
    ]
    if rows:
        blocks += [
            Text(
                "No text that models read without labels holds a test sentence. These lines were left out: those that "
                "are a sentence of one of the whole test files, and those that share eight words in a row with one."
            ),
            Table(("text", "lines", "is a test sentence", "shares eight words"), rows),
        ]
    return blocks


def _versions(cells: Sequence[Cell], states: Mapping[str, CellState]) -> list[list[str]]:
    """Versions and devices of the cells that are done; the number of cells where they differ."""
    found: Counter[tuple[str, str]] = Counter()
    for cell in cells:
        record = states[cell.key].record
        if record is None or states[cell.key].status != "done":
            continue
        found[("device", str(record["device"]))] += 1
        found.update((name, value) for name, value in record["versions"].items() if name in _PROGRAMS)
    return [[name, value, str(count)] for (name, value), count in sorted(found.items())]


def _counted(counts: Mapping[str, int]) -> str:
    named = {
        "done": "are done",
        "failed": "failed",
        "skipped": "were skipped",
        "blocked": "wait in vain",
        "open": "are still to be run",
    }
    return ", ".join(f"{counts[name]} {words}" for name, words in named.items() if counts.get(name)) or "none is run"
