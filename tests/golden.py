"""Answers that must stay: what crosspan made of known text when they were written, kept in ``tests/data/golden``.

``CROSSPAN_GOLDEN=write`` in the environment writes them anew where a test would compare. A change of an answer is a
change of behaviour: say in the change why.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "golden"
WRITES = os.environ.get("CROSSPAN_GOLDEN") == "write"


def answer_of(path: Path) -> list[list[Any]]:
    """Of each sentence of a file of labels: spans with their confidence and source, then what was dropped and why."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        spans = [[one["start"], one["end"], one["label"], score_of(one), place(one)] for one in record["spans"]]
        found.append([spans, [[*place({"source": one}), one["reason"]] for one in record.get("dropped", ())]])
    return found


def score_of(span: dict[str, Any]) -> float | None:
    return None if span.get("score") is None else round(span["score"], 4)


def place(span: dict[str, Any]) -> list[int]:
    source = span.get("source") or {}
    return [source[name] for name in ("start", "end") if name in source]


def summary(path: Path) -> dict[str, Any]:
    """A digest of the answers of a file, and counts that tell where to look when it differs."""
    answers = answer_of(path)
    spans = [span for found, _ in answers for span in found]
    scores = [span[3] for span in spans if span[3] is not None]
    return {
        "sentences": len(answers),
        "spans": len(spans),
        "dropped": sum(len(dropped) for _, dropped in answers),
        "mean": round(sum(scores) / max(len(scores), 1), 4),
        "sha256": hashlib.sha256(json.dumps(answers).encode()).hexdigest(),
    }


def check(file: str, name: str, found: Any) -> None:
    """Compare with what is kept under a name of a file, or keep it."""
    path = FOLDER / f"{file}.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if WRITES:
        rows = [f"  {json.dumps(key)}: {json.dumps(row)}" for key, row in sorted({**kept, name: found}.items())]
        path.write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")
        return
    assert found == kept[name]


def check_neural(file: str, name: str, path: Path) -> None:
    """The same for a file of labels that a neural network had a hand in; where it ran must be as it was.

    Other processors and other versions of PyTorch round otherwise, and what tiny models say hangs on little.
    """
    import torch

    place = {"torch": torch.__version__, "processor": torch.backends.cpu.get_cpu_capability()}
    where = FOLDER / f"{file}.json"
    kept = json.loads(where.read_text(encoding="utf-8")) if where.exists() else {}
    if WRITES or kept[name]["made_with"] == place:
        check(file, name, {**summary(path), "made_with": place})
