"""Nobody writes past the two ways that are all or nothing: ``core/files.py`` and ``core/folders.py``.

The source is searched for calls that write, name or remove something on a disk. Each place that has one is listed here
with the reason why it may; a new one is a failure until it goes through those modules, or has such a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import crosspan

ROOT = Path(crosspan.__file__).parent

THE_TWO_WAYS = ("core/files.py", "core/folders.py", "core/temporary.py")

CALLS = {
    *("write_text", "write_bytes", "touch", "mkdir", "makedirs", "rmdir", "unlink", "removedirs"),
    *("rename", "renames", "rmtree", "move", "copy2", "copyfile", "copytree", "symlink_to", "hardlink_to"),
    *("savez", "savez_compressed", "save_pretrained", "save_model", "save_file", "to_disk", "tofile", "extractall"),
    *("NamedTemporaryFile", "TemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp"),
}
"""Names of functions and methods that write."""

OF_OS = ("replace", "open", "truncate", "remove", "link")
"""Those of ``os`` that have the name of something harmless elsewhere."""

_TEMPORARY = "a folder of the system for what is temporary, gone at the end of the block"
_IN_FOLDER = "inside of an atomic_folder"

ALLOWED = {
    ("align/fast_align.py", "TemporaryDirectory"): _TEMPORARY,
    ("align/fast_align.py", "open"): "in that folder",
    ("cli/main.py", "os.open"): "the device that takes everything, in place of standard output",
    ("core/answers.py", "mkdir"): "a folder for SQLite, which has a journal of its own",
    ("core/compiled.py", "unlink"): "machine code of an older source",
    ("core/digests.py", "mkdir"): "a folder for hashes, which are made again",
    ("core/locks.py", "os.open"): "a file without content, to be locked",
    ("core/locks.py", "unlink"): "that file",
    ("core/overwrites.py", "mkdir"): "a trial, to see whether something can be written",
    ("core/overwrites.py", "rmdir"): "that trial",
    ("core/saved.py", "TemporaryDirectory"): _TEMPORARY,
    ("core/saved.py", "write_bytes"): "in that folder",
    ("core/unfinished.py", "unlink"): "what an earlier try left, all of which its result begins with",
    ("io/pairs.py", "TemporaryDirectory"): _TEMPORARY,
    ("io/pairs.py", "open"): "in that folder",
    ("lab/study/folder.py", "unlink"): "the result of a cell that is run again",
    ("lab/study/pretraining.py", "TemporaryDirectory"): _TEMPORARY,
    ("lab/study/scores.py", "TemporaryDirectory"): _TEMPORARY,
    ("lab/study/scores.py", "write_bytes"): "in that folder",
    ("manual/hypertext.py", "mkdir"): "folders of the user's cache, for pages that are made again",
    ("models/archive.py", "extractall"): _IN_FOLDER,
    ("models/archive.py", "open"): "an archive in memory",
    ("models/checkpoints.py", "save_file"): _IN_FOLDER,
    ("models/checkpoints.py", "write_text"): _IN_FOLDER,
    ("models/saving.py", "mkdir"): "a folder below that of a model, whose files are moved to their places",
    ("models/saving.py", "os.replace"): "a file of a model that is whole and on the disk is moved to its place",
    ("models/saving.py", "rmdir"): "empty folders that are left of that",
    ("models/saving.py", "save_file"): _IN_FOLDER,
    ("models/saving.py", "save_model"): _IN_FOLDER,
    ("models/saving.py", "save_pretrained"): "called inside of an atomic_folder",
    ("models/saving.py", "write_text"): _IN_FOLDER,
    ("core/answers.py", "unlink"): "its own file, when it is not needed any more",
    ("models/q4_file.py", "save_pretrained"): _IN_FOLDER,
    ("models/q4_file.py", "write_text"): _IN_FOLDER,
    ("pipeline/dataset_export.py", "mkdir"): _IN_FOLDER,
    ("pipeline/executor.py", "TemporaryDirectory"): _TEMPORARY,
    ("pipeline/executor.py", "touch"): "in that folder, for worker processes",
    ("pipeline/executor.py", "unlink"): "in that folder, for worker processes",
    ("pipeline/executor.py", "write_bytes"): "in that folder, for worker processes",
    ("pipeline/folder_store.py", "unlink"): "results that are not kept",
    ("pipeline/runner.py", "unlink"): "results of an earlier run, which nobody has changed",
    ("pipeline/steps/tagging.py", "TemporaryDirectory"): _TEMPORARY,
    ("pipeline/steps/training.py", "TemporaryDirectory"): _TEMPORARY,
    ("pipeline/store.py", "TemporaryFile"): "a file of the system without a name",
    ("pipeline/training_files.py", "save_model"): "ours, through atomic_binary",
    (
        "review/decision_file.py",
        "os.open",
    ): "a journal, held by one process: a decision is on the disk before it counts",
    ("review/desk/records.py", "TemporaryFile"): "a file of the system without a name",
    ("tag/crf.py", "save_model"): "ours, through atomic_binary",
    ("tag/onnx_export.py", "copyfile"): _IN_FOLDER,
    ("tag/onnx_export.py", "mkdir"): _IN_FOLDER,
    ("tag/onnx_export.py", "os.replace"): _IN_FOLDER,
    ("tag/onnx_export.py", "rmtree"): _IN_FOLDER,
    ("tag/onnx_export.py", "save_model"): _IN_FOLDER,
    ("tag/onnx_export.py", "save_pretrained"): _IN_FOLDER,
    ("tag/onnx_export.py", "write_text"): _IN_FOLDER,
    ("tag/spacy_component.py", "mkdir"): "in the folder of a pipeline that spaCy writes, in its own way",
    ("tag/spacy_component.py", "rmtree"): "what an earlier call put into that folder",
    ("tag/spacy_component.py", "unlink"): "what an earlier call put into that folder",
    ("train/advpicker.py", "unlink"): "the mark of a training that is done",
    ("train/pretrain/files.py", "TemporaryDirectory"): _TEMPORARY,
    ("translate/conversion.py", "rmdir"): _IN_FOLDER,
    ("translate/conversion.py", "save_pretrained"): _IN_FOLDER,
    ("translate/conversion.py", "write_text"): _IN_FOLDER,
    ("translate/firefox_engine.py", "TemporaryFile"): "a file of the system without a name",
}
"""Module and call: why it may."""


def writers() -> Iterator[tuple[str, str]]:
    for path in sorted(ROOT.rglob("*.py")):
        shown = path.relative_to(ROOT).as_posix()
        if shown in THE_TWO_WAYS or shown.startswith("testing/"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and (name := name_of_writer(node)):
                yield shown, name


def name_of_writer(call: ast.Call) -> str:
    """What a call is called, if it writes."""
    function = call.func
    if isinstance(function, ast.Name):
        if function.id == "open":
            return "open" if _writes(call.args[1:2], call) else ""
        return function.id if function.id in CALLS else ""
    if not isinstance(function, ast.Attribute):
        return ""
    if isinstance(function.value, ast.Name) and function.value.id == "os" and function.attr in OF_OS:
        return f"os.{function.attr}"
    if function.attr == "open":
        return "open" if _writes(call.args[:1], call) else ""
    return function.attr if function.attr in CALLS else ""


def _writes(mode: list[ast.expr], call: ast.Call) -> bool:
    given = [*mode, *(one.value for one in call.keywords if one.arg == "mode")]
    return any(isinstance(one, ast.Constant) and {*str(one.value)} & {*"wax+"} for one in given)


def test_nobody_writes_past_the_two_ways():
    found = {*writers()}
    assert found - {*ALLOWED} == set(), "write through atomic_binary, open_output or atomic_folder"
    assert {*ALLOWED} - found == set(), "what is gone need not be allowed"


def test_what_is_searched_for_is_found():
    text = 'open(a, "w"); open(a); p.open("ab"); p.open(); x.write_text(t); os.replace(a, b); s.replace("a", "b")'
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    assert [name for name in map(name_of_writer, calls) if name] == ["open", "open", "write_text", "os.replace"]
