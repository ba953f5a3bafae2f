"""Tiny downloads, written by hand in the layouts of the real ones."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS

Row = tuple[str, str]

ENGLISH: list[list[Row]] = [
    [("Ada", "B-PER"), ("lives", "O"), ("in", "O"), ("Accra", "B-LOC")],
    [("Bob", "B-PER"), ("lives", "O"), ("in", "O"), ("Bonn", "B-LOC")],
    [("Eva", "B-PER"), ("sees", "O"), ("Accra", "B-LOC")],
]
OTHER: list[list[Row]] = [
    [("Ada", "B-PER"), ("anaishi", "O"), ("Accra", "B-LOC")],
    [("Bob", "B-PER"), ("anaishi", "O"), ("Bonn", "B-LOC")],
    [("Eva", "B-PER"), ("anaona", "O"), ("Accra", "B-LOC")],
]


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def columns(sentences: Sequence[Sequence[Row]], separator: str = "\t") -> str:
    return "".join("".join(f"{word}{separator}{tag}\n" for word, tag in rows) + "\n" for rows in sentences)


def europarl(folder: Path, *langs: str) -> None:
    for lang in langs:
        put(folder / f"{lang}-europarl.test.conll02", columns(ENGLISH if lang == "en" else OTHER))


def pud(folder: Path, lang: str, sentences: Sequence[Sequence[Row]], order: Sequence[int] = (0, 1, 2)) -> None:
    text = ""
    for number in order:
        rows = sentences[number]
        text += f"# sent_id = n{number}\n# text = {' '.join(word for word, _ in rows)}\n"
        text += "".join(f"{i}\t{word}\t{tag}\t-\t-\n" for i, (word, tag) in enumerate(rows, 1)) + "\n"
    names = {"en": "English", "sv": "Swedish"}
    put(folder / f"UNER_{names[lang]}-PUD" / f"{lang}_pud-ud-test.iob2", text)


def xsid(folder: Path, lang: str, sentences: Sequence[Sequence[Row]], ids: Sequence[int] = (1, 2, 3)) -> Path:
    text = ""
    for number, rows in zip(ids, sentences, strict=True):
        text += (f"# id = {number}\n" if lang != "en" else "") + "# intent = see\n"
        text += "".join(f"{i}\t{word}\tsee\t{tag}\n" for i, (word, tag) in enumerate(rows, 1)) + "\n"
    return put(folder / "data" / "xSID-0.7" / f"{lang}.test.conll", text)


def masakhaner(folder: Path, lang: str, split: str, sentences: Sequence[Sequence[Row]] = OTHER) -> Path:
    return put(folder / "MasakhaNER2.0" / "data" / lang / f"{split}.txt", columns(sentences, " "))


def mafand_json(folder: Path, pair: str, split: str, rows: Sequence[Row]) -> Path:
    source, target = pair.split("-")
    lines = [json.dumps({"translation": {source: one, target: other}}) for one, other in rows]
    return put(folder / "lafand-mt" / "data" / "json_files" / pair / f"{split}.json", "\n".join(lines) + "\n")


MAFAND_ROWS: list[Row] = [
    ("Ada lives in Accra.", "Ada anaishi Accra."),
    ("Bob lives in Bonn.", "Bob  anaishi, Bonn"),
    ("Nobody is here.", "Hakuna mtu."),
]


def xl_wa(path: Path) -> Path:
    lines = [
        "Ada lives in Accra\tAda anaishi Accra\t0-0 1-1 3-2",
        "Bob lives in Bonn\tBob anaishi Bonn\t0-0 1-1 3-2",
        "Eva sees Accra\tEva anaona Accra\t0-0 1-1 2-2",
    ]
    return put(path, "\n".join(lines) + "\n")


@pytest.fixture
def downloads() -> ModuleType:
    """The functions above, which test modules cannot import."""
    return sys.modules[__name__]


@pytest.fixture
def families(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Taggers and trainers, to which a test may add some that are gone when it ends."""
    for family in (TAGGERS, TRAINERS):
        monkeypatch.setattr(family, "_added", dict(family._added))
    return TAGGERS, TRAINERS
