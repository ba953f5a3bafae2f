"""A small call of every verb that writes, with what it reads and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from crosspan.cli.main import VERBS, cli
from crosspan.cli.places import FilledFolder, PlaceType
from crosspan.core.types import Sentence
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.io.pairs import SentenceFile
from crosspan.review.decision_file import DecisionFile
from crosspan.review.decisions import Decision
from crosspan.review.tasks import ReviewFiles, read_tasks

OLDER = b"of an earlier run\n"
"""What stands where a file of results is to be."""

RECIPE = """
task = "translate-train"
out = "out"
shard = 8
[source]
path = "en.conll"
lang = "en"
[target]
path = "sw.txt"
lang = "sw"
[train]
iterations = 4
features.lexicon = "no"
rounds = 0
[predict]
path = "sw.txt"
[evaluate]
path = "sw.conll"
"""

ENCODER_RECIPE = """
task = "translate-train"
out = "out-encoder"
[source]
path = "en.conll"
lang = "en"
[target]
path = "sw.txt"
lang = "sw"
[train]
use = "token-classifier"
encoder = "xlmr"
rounds = 0
max_steps = 2
save_every = 1
batch_size = 4
longest = 24
"""

STUDY = """
name = "tiny"
data = "."
seeds = [1]
samples = 10
[train]
path = "en.iob2"
dev = "en.iob2"
limit = 8
dev_limit = 4
[train.options]
epochs = 1
batch_size = 8
longest = 24
[pretrain]
text = ["text.txt"]
held_out = 2
[pretrain.options]
max_steps = 2
batch_size = 4
longest = 24
save_every = 1
[[encoder]]
name = "made"
shape = { family = "roberta", layers = 1, width = 16, heads = 2, vocabulary = 200, longest = 48 }
[[test]]
suite = "uner"
languages = ["da"]
limit = 4
"""


@dataclass(frozen=True)
class Call:
    """A call of a verb.

    Args:
        words: Its words.
        files: Files that it writes, of which older ones are there before.
        folders: Folders that it writes; what is in them is a result.
        needs: Packages that it needs.
    """

    words: tuple[str, ...]
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def verb(self) -> str:
        """The verb."""
        return next(name for name in (" ".join(self.words[:2]), self.words[0]) if name in VERBS)

    @property
    def here(self) -> bool:
        """Whether all packages that it needs are installed."""
        return all(find_spec(name) is not None for name in self.needs)


def _set(*settings: str) -> tuple[str, ...]:
    return tuple(word for one in settings for word in ("--set", one))


_SMALL = _set("max_steps=2", "save_every=1", "batch_size=4", "longest=24")
_NEW = _set("shape.layers=1", "shape.width=16", "shape.heads=2", "shape.vocabulary=200", "shape.longest=48")

CALLS: dict[str, Call] = {
    "project": Call(
        ("project", "en.conll", "sw.txt", "--out", "out.jsonl", "--dropped", "dropped.jsonl"),
        ("out.jsonl", "dropped.jsonl"),
    ),
    "align": Call(("align", "en.txt", "sw.txt", "--out", "links", "--save-model", "links.npz"), ("links", "links.npz")),
    "tag": Call(("tag", "en.txt", "--out", "tagged.conll.gz"), ("tagged.conll.gz",)),
    "translate": Call(
        (
            *("translate", "en.txt", "--from", "en", "--to", "sw", "--use", "file", "--model", "sw.txt"),
            *("--out", "translated.txt", "--rejects", "rejects.jsonl"),
        ),
        ("translated.txt", "rejects.jsonl"),
    ),
    "convert": Call(("convert", "en.conll", "converted.jsonl"), ("converted.jsonl",)),
    "train": Call(
        ("train", "sw.conll", "--out", "model.crf", *_set("iterations=4", "features.lexicon=no")), ("model.crf",)
    ),
    "run": Call(("run", "recipe.toml", "--clean-cache"), folders=("out",)),
    "report": Call(("report", "en.conll", "sw.txt", "--out", "page.html"), ("page.html",)),
    "review export": Call(
        (
            *("review", "export", "en.conll", "--to", "label-studio", "--random", "8"),
            *("--out", "tasks.json", "--config", "page.xml"),
        ),
        ("tasks.json", "page.xml"),
    ),
    "review import": Call(
        ("review", "import", "annotated.jsonl", "--base", "en.conll", "--out", "decided.jsonl"), ("decided.jsonl",)
    ),
    "review agree": Call(
        ("review", "agree", "decisions.jsonl", "others.jsonl", "--base", "en.conll", "--out", "differ.jsonl"),
        ("differ.jsonl",),
    ),
    "review apply": Call(
        ("review", "apply", "en.conll", "decisions.jsonl", "--out", "reviewed"), folders=("reviewed",)
    ),
    "new": Call(("new", "recipe", "--source", "en.conll", "--out", "new.toml", "--force"), ("new.toml",)),
    "demo": Call(("demo", "--lang", "sw", "--out", "demo-out"), folders=("demo-out",)),
    "bench": Call(
        ("bench", "europarl-ner", "--data", "data", "--lang", "de", "--out", "table.md", "--cache", "kept"),
        ("table.md",),
    ),
    "train an encoder": Call(
        ("train", "sw.conll", "--dev", "sw.conll", "--encoder", "xlmr", "--out", "tuned", *_SMALL),
        folders=("tuned",),
        needs=("torch", "transformers"),
    ),
    "run an encoder": Call(
        ("run", "encoder.toml", "--clean-cache"), folders=("out-encoder",), needs=("torch", "transformers")
    ),
    "pretrain": Call(
        ("pretrain", "text.txt", "--new", "roberta", "--out", "pretrained", *_NEW, *_SMALL),
        folders=("pretrained",),
        needs=("torch", "transformers"),
    ),
    "tune-aligner": Call(
        (
            *("tune-aligner", "en.txt", "sw.txt", "--model", "mbert", "--out", "tuned-aligner"),
            *_set("layer=2", "max_steps=2", "save_every=1", "batch=4", "objectives=self_training,mlm"),
        ),
        folders=("tuned-aligner",),
        needs=("torch", "transformers"),
    ),
    "trim": Call(
        ("trim", "en.conll", "--encoder", "mbert", "--out", "trimmed"),
        folders=("trimmed",),
        needs=("torch", "transformers"),
    ),
    "export": Call(
        ("export", "tagger", "--out", "exported", "--check", "en.conll"),
        folders=("exported",),
        needs=("torch", "transformers", "onnx", "onnxruntime"),
    ),
    "study": Call(
        ("study", "tiny.toml", "--out", "tiny", "--quiet"), folders=("tiny",), needs=("torch", "transformers")
    ),
}

_REVIEW = {"review export", "review import", "review agree", "review apply"}
_QUIET = {"project", "align", "tag", "translate", "convert", "train", "run", "report", "demo"} | _REVIEW
_THREADS = (_QUIET - {"convert", "demo"} - _REVIEW) | {"bench", "pretrain", "tune-aligner", "export", "study"}


def words_of(call: Call) -> list[str]:
    """The words of a call, with those that keep it quiet and in one thread."""
    quiet = ["--quiet"] if call.verb in _QUIET else []
    return [*call.words, *quiet, *(["--threads", "1"] if call.verb in _THREADS else [])]


def command_of(verb: str) -> click.Command:
    """The command of a verb, which may be one of a group."""
    found: click.Command | None = cli
    for word in verb.split():
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), word)
    assert found is not None
    return found


def writing_verbs() -> Iterator[str]:
    """The verbs with a parameter that names what is written."""
    for verb in VERBS:
        for parameter in command_of(verb).params:
            kind = type(parameter.type)
            is_place = parameter.name in ("out", "target") and issubclass(kind, PlaceType)
            if is_place and (kind is FilledFolder or kind.written is not PlaceType.written):
                yield verb
                break


def make_inputs(folder: Path, names: set[str]) -> None:
    """Write what the calls of some names read, and older results where files will be."""
    english, swahili = load_corpus("en")[:16], load_corpus("sw")[:16]
    write(folder / "en.conll", english)
    write(folder / "sw.conll", swahili)
    write(folder / "en.txt", english, format="plain")
    write(folder / "sw.txt", swahili, format="plain")
    _reviewed_inputs(folder, english)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    (folder / "encoder.toml").write_text(ENCODER_RECIPE, encoding="utf-8")
    (folder / "tiny.toml").write_text(STUDY, encoding="utf-8")
    (folder / "data").mkdir()
    for lang in ("en", "de"):
        text = "Ada\tB-PER\nsees\tO\nBo\tB-LOC\n\nBob\tB-PER\nsees\tO\nBo\tB-LOC\n"
        (folder / "data" / f"{lang}-europarl.test.conll02").write_text(text, encoding="utf-8")
    for name in names:
        for file in CALLS[name].files:
            (folder / file).write_bytes(OLDER)
    if any(CALLS[name].needs for name in names):
        _neural_inputs(folder)


def _reviewed_inputs(folder: Path, sentences: Sequence[Sentence]) -> None:
    """What an annotator did, as Prodigy says it, and decisions."""
    with open(folder / "annotated.jsonl", "w", encoding="utf-8") as stream:
        for one in sentences:
            record = {"text": " ".join(one.tokens) if one.text is None else one.text, "spans": [], "answer": "accept"}
            stream.write(json.dumps({**record, "crosspan_id": one.id}) + "\n")
    tasks = list(read_tasks(ReviewFiles(target=SentenceFile(folder / "en.conll"))))[:4]
    for name in ("decisions", "others"):
        with DecisionFile(folder / f"{name}.jsonl") as file:
            for task in tasks:
                after = () if name == "decisions" else task.spans
                file.add(Decision(id=task.id, hash=task.hash, before=task.spans, after=after, drawn="random"))


def _neural_inputs(folder: Path) -> None:
    from crosspan.testing import tiny_models

    lines = tiny_models.corpus_lines()
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    tiny_models.save_xlmr(folder / "xlmr", layers=1, width=16)
    tiny_models.save_mbert(folder / "mbert", positions=128)
    tiny_models.save_tagger(folder / "tagger", layers=1, width=16)
    for name, lang in (("en", "en"), ("da_ddt-ud-test", "es")):
        with open(folder / f"{name}.iob2", "w", encoding="utf-8") as stream:
            for one in load_corpus(lang)[:12]:
                rows = zip(one.tokens, one.tags(), strict=True)
                stream.writelines(f"{at}\t{word}\t{tag}\n" for at, (word, tag) in enumerate(rows, 1))
                stream.write("\n")


def results_of(folder: Path) -> dict[str, bytes]:
    """Files of results below a folder, without what is kept for the next run, and what says how long it took."""
    found = {}
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not any(part.startswith(".") for part in name.split("/")) and path.name != "run.json":
            found[name] = path.read_bytes()
    return found
