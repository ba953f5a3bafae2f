"""The card of a data set: what is in it, how it was made, and what its author must still say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, name_of
from crosspan.core.json_text import parse_json
from crosspan.core.lines import open_input
from crosspan.core.tables import Table
from crosspan.core.types import Sentence
from crosspan.pipeline.outputs import REPORT, RESOLVED
from crosspan.pipeline.provenance import versions

_NO_LICENSE = "**Not stated.** Whoever publishes this must say under which licence the text and its labels are."

_PLACES = ("root =", "out =")
"""Lines of a recipe that name folders of its author's machine."""

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(slots=True)
class Split:
    """What a split holds.

    Args:
        name: Its name, such as ``train``.
        sentences: How many sentences.
        spans: How many entities of each label.
        projected: How many sentences have labels that were carried over, as their records say.
        langs: The languages that the sentences name, with how many do.
    """

    name: str
    sentences: int = 0
    spans: Counter[str] = field(default_factory=Counter)
    projected: int = 0
    langs: Counter[str] = field(default_factory=Counter)

    def add(self, sentence: Sentence, evidence: object) -> None:
        """Count a sentence."""
        self.sentences += 1
        self.projected += evidence is not None
        self.spans.update(span.label for span in sentence.spans)
        if sentence.lang is not None:
            self.langs[sentence.lang] += 1

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {"sentences": self.sentences, "spans": dict(sorted(self.spans.items())), "projected": self.projected}


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card says that is not counted.

    Args:
        title: The name of the data set.
        license: Its licence, as the hub calls it (``cc-by-4.0``); ``None`` leaves a line that asks for it.
        run: What ``run.json`` of the run says that made the labels.
        recipe: The recipe of that run.
        quality: What ``quality.json`` of ``crosspan review apply`` says.
    """

    title: str = ""
    license: str | None = None
    run: Mapping[str, Any] | None = None
    recipe: str = ""
    quality: Mapping[str, Any] | None = None


def about_run(folder: PathLike) -> tuple[Mapping[str, Any], str]:
    """What a run says of itself, and its recipe.

    Args:
        folder: The folder of its results.

    Raises:
        FormatError: There is no such run.
    """
    return read_facts(Path(folder, REPORT)), Path(folder, RESOLVED).read_text(encoding="utf-8")


def read_facts(path: PathLike) -> Mapping[str, Any]:
    """A file of JSON that crosspan wrote.

    Raises:
        FormatError: It cannot be read, or is something else.
    """
    try:
        with open_input(path) as stream:
            found = parse_json(stream.read())
        if not isinstance(found, dict):
            raise ValueError("it is no object")
    except ValueError as error:
        hint = "Name the file that crosspan wrote."
        raise FormatError(f"not JSON of facts ({error})", where=name_of(path), hint=hint) from error
    return found


def card(splits: Collection[Split], tags: Sequence[str], scheme: str, about: CardFacts) -> str:
    """The text of a card: its header is what the hub reads, the rest is for people.

    Args:
        splits: What is in the data set.
        tags: The tags by their numbers.
        scheme: Their scheme.
        about: What else is known.

    Example:
        >>> print(card([Split("train", 2)], ["O"], "IOB2", CardFacts("names", "cc0-1.0")).partition("configs")[0])
        ---
        pretty_name: "names"
        license: cc0-1.0
        task_categories:
        - token-classification
        task_ids:
        - named-entity-recognition
        size_categories:
        - n<1K
        tags:
        - crosspan
        <BLANKLINE>
    """
    parts = [
        f"# {about.title}" if about.title else "# A data set of named entities",
        _contents(splits, tags, scheme),
        _making(splits, about),
        _quality(about.quality),
        "## Licence\n\n" + (about.license or _NO_LICENSE),
    ]
    return f"---\n{_header(splits, about)}---\n\n" + "\n\n".join(parts) + "\n"


def _header(splits: Collection[Split], about: CardFacts) -> str:
    total = sum(split.sentences for split in splits)
    langs = sorted({lang for split in splits for lang in split.langs})
    lines = [f"pretty_name: {json.dumps(about.title or 'named entities', ensure_ascii=False)}"]
    lines += ["language:", *(f"- {json.dumps(lang)}" for lang in langs)] if langs else []
    lines += [f"license: {about.license or 'unknown'}"]
    lines += ["task_categories:", "- token-classification", "task_ids:", "- named-entity-recognition"]
    lines += ["size_categories:", f"- {next((size for most, size in _SIZES if total < most), 'n>1M')}"]
    lines += ["tags:", "- crosspan", *(["- annotation-projection"] if any(one.projected for one in splits) else [])]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {split.name}", f"    path: data/{split.name}-*.parquet"]
    return "".join(f"{line}\n" for line in lines)


def _contents(splits: Collection[Split], tags: Sequence[str], scheme: str) -> str:
    labels = sorted({label for split in splits for label in split.spans})
    table = Table(
        ["split", "sentences", "of them projected", *labels],
        [
            [one.name, f"{one.sentences:,}", f"{one.projected:,}", *(f"{one.spans[label]:,}" for label in labels)]
            for one in splits
        ],
    )
    return (
        "## What is in it\n\n"
        f"Sentences with named entities; `ner_tags` are numbers of the {scheme} tags {', '.join(tags)}. `spans` hold "
        "the same entities with the confidence of each, and for projected ones the place in the source sentence they "
        "come from; `dropped` what could not be projected, with the reason.\n\n" + table.markdown()
    )


def _making(splits: Collection[Split], about: CardFacts) -> str:
    made = versions()
    lines = ["## How it was made", f"Written by crosspan {made['crosspan']}."]
    if about.run is not None:
        projection = about.run.get("projection")
        lines.append(f"The labels are those of a run of the task `{about.run.get('task')}`, with this recipe:")
        shown = [line for line in about.recipe.splitlines() if not line.startswith(_PLACES)]
        lines.append("```toml\n" + "\n".join(shown).strip() + "\n```")
        if projection:
            shown_counts = json.dumps(projection, indent=2, ensure_ascii=False)
            lines.append(f"What became of the source's labels:\n\n```json\n{shown_counts}\n```")
        used = about.run.get("versions")
        if used:
            lines.append(f"Versions: {', '.join(f'{name} {version}' for name, version in used.items())}.")
    elif any(split.projected for split in splits):
        lines.append("Labels of projected sentences were carried over from a translation. How, its author must say.")
    else:
        lines.append("Where text and labels come from, its author must say.")
    return "\n\n".join(lines)


def _quality(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return (
            "## How good the labels are\n\nNot estimated. `crosspan review` draws sentences to look at, and says how "
            "good the rest is."
        )
    total = found.get("total")
    lines = [f"## How good the labels are\n\nEstimated from {found.get('sentences')} sentences that people looked at."]
    if isinstance(total, Mapping):
        rows = [
            [name, f"{total[name]:.3f}", _between(total.get("intervals", {}).get(name))]
            for name in ("precision", "recall", "f1")
            if isinstance(total.get(name), int | float)
        ]
        lines.append(Table(["measure", "estimate", f"interval, {found.get('confidence', 0.95):.0%}"], rows).markdown())
    lines += [str(note) for note in found.get("notes", ())]
    return "\n\n".join(lines)


def _between(ends: Any) -> str:
    return f"{ends[0]:.3f} to {ends[1]:.3f}" if isinstance(ends, list) and len(ends) == 2 else ""
