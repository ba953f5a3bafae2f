"""A sound file of each kind that crosspan reads, with what is done to read it."""

from __future__ import annotations

import importlib
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from crosspan.align.statistical import StatisticalAligner
from crosspan.cli.main import main
from crosspan.core.errors import CrosspanError
from crosspan.core.files import open_output
from crosspan.core.types import ProjectedSpan, Projection, Sentence, Span
from crosspan.io import write, write_projections
from crosspan.io.choice import FORMATS, format_named
from crosspan.io.format import binary_output
from crosspan.lab.study.plan import load_plan
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.parts import Labels, Tokens
from crosspan.project.memory_file import load as load_memory
from crosspan.project.observed import Observed
from crosspan.review.decision_file import DecisionFile, read_decisions
from crosspan.review.decisions import Decision
from crosspan.review.drawing import Shown
from crosspan.review.tasks import Task, TaskNames
from crosspan.review.tools import TOOLS, tool_by_name
from crosspan.review.tools.tool import ToolOptions
from crosspan.tag.chain import allowed_transitions
from crosspan.tag.crf import CrfModel, FeatureOptions
from crosspan.tag.lexicon import Lexicon
from crosspan.tag.model_file import save_model

LONGEST = 20.0
"""Seconds that no reading may take, however busy the machine; sound files take some hundredths."""

SENTENCES = [
    Sentence(("Ada", "Obi", "lives", "in", "Accra", "."), (Span(0, 2, "PER", 0.75), Span(4, 5, "LOC", 0.5)), "a", "en"),
    Sentence(("Kofi", "left", "Lagos"), (Span(0, 1, "PER", 1.0),), "b", "en", "Kofi left Lagos",
             ((0, 4), (5, 9), (10, 15))),
    Sentence(("東京", "mọ́"), (), None, "sw", "東京 mọ́", ((0, 2), (3, 6))),
]  # fmt: skip
PAIRED = [*SENTENCES[:2], Sentence(("Mọ́", "ŋɔn"), (), None, "ln")]
"""The same in Latin letters, which need no romanisation; their translations; links between both."""
TARGETS = ["Ada Obi anaishi Accra .", "Kofi aliondoka Lagos", "Mọ́ ŋɔn"]
LINKS = "0-0 1-1:0.5 2-2 4-3\n0-0 1-1 2-2:0.25\n0-0\n"
RECIPE = """\
task = "project"
limit = 2
[source]
path = "sound.jsonl"
lang = "en"
[target]
path = "target.txt"
[align]
use = "links"
path = "sound.links"
[project]
use = "heuristic"
min_confidence = 0.1
filters = ["comp-src"]
[output]
format = "jsonl"
"""
STUDY = """\
name = "s"
seeds = [1, 2]
[train]
path = "sound.jsonl"
limit = 2
options.epochs = 2
[[encoder]]
name = "xlm-r"
[[mode]]
name = "alternating"
weight = 0.5
[[test]]
suite = "uner"
languages = ["da"]
[unlabelled.files]
da = "target.txt"
[groups]
one = ["xlm-r"]
"""


class RefusedError(Exception):
    """A command said what is wrong, in one paragraph."""


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Args:
        name: The name of such a file.
        make: Writes a sound one.
        read: Reads one in the working folder; what it returns is the same for the same content.
        checked: Whether damage cannot go unnoticed: what is not refused is read as it was.
        leads: Whether it names other files, which then may be the ones that are refused.
    """

    name: str
    make: Callable[[Path], object]
    read: Callable[[], object]
    checked: bool = False
    leads: bool = False

    def outcome(self, longest: float = LONGEST) -> object:
        """What reading gives, or the error as text; anything else fails the test that asks."""
        began = time.perf_counter()
        try:
            found = self.read()
        except CrosspanError as error:
            found = RefusedError(str(error))
        except RefusedError as error:
            found = error
        if isinstance(found, RefusedError):
            said = str(found)
            assert self.name in said or self.leads, f"the file is not named: {said}"
            assert len(said) < 2_000, said
        assert time.perf_counter() - began < longest
        return found


def command(*words: str, out: str = "") -> object:
    """Run a command; what it writes or prints.

    Raises:
        RefusedError: It ended with an error in words.
    """
    Path(out or "nothing").unlink(missing_ok=True)
    said, printed = io.StringIO(), io.StringIO()
    with redirect_stderr(said), redirect_stdout(printed):
        code = main([*words, "--quiet"] if words[0] not in ("evaluate", "check", "run") else words)
    error = said.getvalue()
    assert "should not happen" not in error, error
    assert "Traceback" not in error, error
    assert code in (0, 1, 2, 3)
    if code in (1, 2):
        assert re.match(r"crosspan: .|Usage: ", error), error
        assert error.count("\n") == 1 or code == 2, error
        assert not out or not Path(out).exists()
        raise RefusedError(error)
    return Path(out).read_bytes() if out else printed.getvalue()


def projections() -> Iterator[Projection]:
    """What a projection may hold."""
    for one in PAIRED:
        spans = [replace(span, score=0.5) for span in one.spans]
        links = tuple([ProjectedSpan(span, span, 0.5) for span in spans])
        yield Projection(replace(one, spans=tuple(spans)), links)


def write_arrow(path: Path, *, a_file: bool = False, compression: str | None = None) -> None:
    """What HuggingFace ``datasets`` keeps on disk, which crosspan reads only."""
    arrow = importlib.import_module("pyarrow")
    rows = [{"id": one.id, "lang": one.lang, "tokens": one.tokens, "ner_tags": one.tags()} for one in SENTENCES]
    table = arrow.Table.from_pylist(rows)
    how = arrow.ipc.IpcWriteOptions(compression=compression)
    stream = io.BytesIO()
    with (arrow.ipc.new_file if a_file else arrow.ipc.new_stream)(stream, table.schema, options=how) as writer:
        writer.write_table(table)
    with binary_output(path) as raw:
        raw.write(stream.getvalue())


def write_webanno(path: Path) -> None:
    """What annotators of INCEpTION export, which crosspan reads only."""
    lines = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=custom.NamedEntity|value", "", ""]
    begin = 0
    for number, one in enumerate(SENTENCES, 1):
        label = {at: f"{span.label}[{number}]" for span in one.spans[:1] for at in range(span.start, span.end)}
        lines.append(f"#Text={' '.join(one.tokens)}")
        for at, token in enumerate(one.tokens):
            end = begin + len(token)
            lines.append(f"{number}-{at + 1}\t{begin}-{end}\t{token}\t{label.get(at, '_')}\t")
            begin = end + 1
        lines.append("")
    with open_output(path) as stream:
        stream.write("".join(f"{line}\n" for line in lines))


READ_ONLY: dict[str, Callable[[Path], object]] = {"arrow": write_arrow, "webanno": write_webanno}
"""How files are made of formats that crosspan does not write."""


def write_tagger(path: Path) -> None:
    """A tagger with a few features, none of which ever occurs."""
    chance = np.random.default_rng(0)
    keys = np.sort(chance.choice(1 << 20, 40, replace=False)).astype(np.uint32) + 1
    weights = chance.normal(size=(40, 5)).astype(np.float32)
    transition = allowed_transitions(2) + chance.normal(size=(6, 5))
    save_model(CrfModel(("LOC", "PER"), FeatureOptions(lexicon=False), keys, weights, transition, 1.5, {"n": 1}), path)


def write_aligner(path: Path) -> None:
    """A fitted aligner."""
    pairs = [(one.tokens, line.split()) for one, line in zip(PAIRED, TARGETS, strict=True)]
    StatisticalAligner(threads=1).fit_tokens(pairs).save(path)


def write_memory(path: Path) -> None:
    """The memory of a corpus."""
    observed = Observed()
    observed.counted = True
    observed.pairs = {1, 2}
    observed.source.add(SENTENCES)
    observed.memory.add(
        ["ada obi", "accra"], np.array([0, 1], np.int32), np.array([7, 9], np.uint64), np.array([0.5, 1.0])
    )
    observed.save(path)


def read_memory(name: str) -> object:
    """All that a memory of a corpus holds."""
    found = load_memory(Path(name))
    names, arrays = found.memory.arrays()
    rows = [(words, counts.tolist()) for words, counts in (found.source.rows(), found.target.rows())]
    return names, {name: array.tolist() for name, array in arrays.items()}, rows, found.pairs, found.counted


def read_lexicon(name: str) -> object:
    """What a lexicon finds."""
    found = Lexicon.read(name)
    return found.categories, len(found), [found.look_up(entry) for entry in ("New York", "York", "Accra", "none")]


def read_result(name: str) -> object:
    """A result in a cache: a damaged one is none."""
    store = FolderStore(Path("."))
    entry = store.find(RESULT)
    if entry is None:
        return RefusedError(f"{name}: worked out again")
    return [store.part(entry, part) for part in entry.parts]


RESULT = "ab" + "cd" * 31


def write_result(path: Path) -> None:
    """A result in a cache."""
    words = Tokens(([list(one.tokens) for one in SENTENCES],))
    FolderStore(path.parent.parent).put(
        RESULT, {"labels": Labels([one.spans for one in SENTENCES]), "words": words}, {}
    )


def around(folder: Path) -> None:
    """The sound files that a damaged one is read together with."""
    write(folder / "sound.jsonl", PAIRED)
    write(folder / "reviewed.jsonl", SENTENCES)
    (folder / "target.txt").write_text("".join(f"{line}\n" for line in TARGETS), encoding="utf-8")
    (folder / "sound.links").write_text(LINKS)
    write_projections(folder / "projected.jsonl", projections())


def reviewed() -> list[Shown]:
    """Sentences as they are shown to annotators."""
    named = TaskNames()
    return [Shown(Task(index=at, id=named.of(one, at), sentence=one), "random") for at, one in enumerate(SENTENCES)]


def write_decisions(path: Path) -> None:
    """What somebody decided."""
    with DecisionFile(path) as file:
        for one in reviewed():
            spans = one.task.spans
            decision = Decision(id=one.task.id, hash=one.task.hash, before=spans, after=spans[:1], who="Ada", seconds=2)
            file.add(replace(decision, when="2025-03-01T10:00:00Z", drawn="random"))


def write_export(path: Path, tool: str) -> None:
    """What a tool exports where somebody accepted everything."""
    tool_by_name(tool).write(path, reviewed(), ToolOptions())
    if tool == "label-studio":
        tasks = json.loads(path.read_text(encoding="utf-8"))
        done = [{**one, "annotations": [{"result": one["predictions"][0]["result"]}]} for one in tasks]
        path.write_text(json.dumps(done, ensure_ascii=False), encoding="utf-8")


def text(content: str) -> Callable[[Path], object]:
    """Writes a text."""
    return lambda path: path.write_text(content, encoding="utf-8")


def kinds() -> Iterator[Kind]:
    """Every kind of file: of each format, of each model, and of what else is read."""
    for name in FORMATS.builtin:
        if any(find_spec(package) is None for package in FORMATS.component(name).packages):
            continue
        found = format_named(name)
        make = READ_ONLY[name] if name in READ_ONLY else partial(write, sentences=SENTENCES, format=name)
        for more in ("", ".gz"):
            file = f"{name}{found.endings[0] if found.endings else '.txt'}{more}"
            read = partial(command, "convert", file, "out.jsonl", "--from", name, out="out.jsonl")
            checked = bool(more) or (found.binary and name != "arrow")  # which has no checksums
            yield Kind(file, make, read, checked)
    models = {"m.crf": write_tagger, "m.npz": write_aligner}
    words = {
        "m.crf": ("tag", "target.txt", "--out", "out.jsonl", "--model", "m.crf", "--threads", "1"),
        "m.npz": ("align", "sound.jsonl", "target.txt", "--out", "out.jsonl", "--model", "m.npz", "--threads", "1"),
    }
    for name, write_model in models.items():
        yield Kind(name, write_model, partial(command, *words[name], out="out.jsonl"), True)
    yield Kind("memory.npz", write_memory, partial(read_memory, "memory.npz"), True)
    lexicon = Lexicon.of({"New York": ["city"], "York": ["city", "surname"], "Accra": ["city"]}, ["city", "surname"])
    yield Kind("lexicon.npz", lexicon.write, partial(read_lexicon, "lexicon.npz"), True)
    yield Kind(f"ab/{RESULT[2:]}", write_result, partial(read_result, f"ab/{RESULT[2:]}"), True)
    heuristic = ("--method", "heuristic", "--threads", "1", "--out", "out.jsonl", "--links", "a.links")
    project = partial(command, "project", "sound.jsonl", "target.txt", *heuristic, out="out.jsonl")
    yield Kind("a.links", text(LINKS), project)
    gold = text(re.sub(":[0-9.]+", "", LINKS))
    yield Kind("gold.links", gold, partial(command, "evaluate", "--links", "gold.links", "sound.links"))
    learn = ("--set", "iterations=1", "--threads", "1")
    train = partial(command, "train", "p.jsonl", "--out", "out.crf", *learn, out="out.crf")
    yield Kind("p.jsonl", partial(write_projections, projections=list(projections())), train)
    page = ("report", "sound.jsonl", "projected.jsonl", "--out", "out.html")
    dropped = text(json.dumps({"index": 9, "error": "bad", "where": "x:1"}) + "\n")
    yield Kind("d.jsonl", dropped, partial(command, *page, "--dropped", "d.jsonl", out="out.html"))
    yield Kind("decided.jsonl", write_decisions, lambda: read_decisions("decided.jsonl").every)
    for tool in TOOLS:
        if tool != "inception" or find_spec("cassis") is not None:
            file = f"{tool}.json"
            told = ("review", "import", file, "--base", "reviewed.jsonl", "--from-tool", tool, "--looked-at")
            yield Kind(file, partial(write_export, tool=tool), partial(command, *told, "--out", "d", out="d"))
    yield Kind("r.toml", text(RECIPE), partial(command, "run", "r.toml", "--dry-run"), leads=True)
    yield Kind("s.toml", text(STUDY), partial(load_plan, "s.toml"), leads=True)


KINDS = {kind.name: kind for kind in kinds()}


def odd() -> tuple[Any, ...]:
    """Values that may stand where others belong."""
    plain = (None, True, -1, 0, 1.5, 10**30, 1e308, "", "x", "9", "\0", [], {}, [[]], [None], [1, 2, 3], [0, 99])
    return (*plain, {"a": 1}, ["a", "b"], [[0, 1, "PER"]], [-5, -1], "high", [["x"]], {"start": 0, "end": 1})
