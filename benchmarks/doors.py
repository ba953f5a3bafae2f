"""The table of doors: the same text through Python, the commands, a recipe and ``crosspan bench``.

    python -m benchmarks.doors                       # all rows; --limit N pairs instead of 1,000 and all
    python -m benchmarks.doors --only lug,europarl --task translate-test
    python -m benchmarks.doors --source ../other/src # the same of another checkout
    python -m benchmarks.doors --page                # puts the table into docs/benchmarks.md

MasakhaNER 2 joined with MAFAND (Luganda, Twi): the aligner learns from all of MAFAND and the pairs at hand, the tagger
is the embedded one, and nothing is set. Europarl-NER (German, Spanish): gold English labels, and NTREX to learn from.
Every door is a process of its own. Labels are compared span by span; of ``bench``, which writes none, the counts of
right, found and gold spans of each class are.
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import command, page
from benchmarks.datasets import data_dir
from benchmarks.findings import markdown
from crosspan.core.types import Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.io import read, write
from crosspan.text import tokenize_sentence

LANGUAGES = ("lug", "twi", "de", "es")
AFRICAN = ("lug", "twi")
TASKS = ("translate-test", "translate-train", "ensemble")
LIMITS = (1_000, None)
IGNORED = {"masakhaner2": ("DATE", "MISC"), "europarl-ner": ()}
NTREX = {"de": "deu", "es": "spa"}
MATCHES = ("exact", "near")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Corpus:
    """The files of one language, as every door wants them.

    Args:
        folder: Where they are: ``test.source.jsonl`` and the like, and ``suite`` in the layout of the download.
        suite: Name of the suite.
        lang: The language.
        gold: The right labels of the test sentences.
        tasks: What is run on it.
    """

    folder: Path
    suite: str
    lang: str
    gold: Sequence[Sentence]
    tasks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a door said.

    Args:
        counts: Right, found and gold spans of each class.
        f1: Strict, micro average.
        labels: Spans of each sentence, where the door writes them.
    """

    counts: dict[str, tuple[int, ...]]
    f1: float
    labels: list[list[tuple[int, int, str]]] | None = None

    def same(self, other: Answer) -> bool:
        """Whether another door said the same."""
        if self.labels is None or other.labels is None:
            return self.counts == other.counts
        return self.labels == other.labels


def masakhaner(lang: str, limit: int | None, folder: Path) -> Corpus:
    """A language of MasakhaNER 2 with its translations, cut to its first pairs."""
    origin, suite = data_dir() / "parallel_gold" / "masakhaner_mafand", folder / "suite"
    suite.mkdir(parents=True)
    for split in ("train", "test"):
        path = origin / f"m2.{lang}-en.{split}.jsonl"
        packed = path.with_suffix(".jsonl.gz")
        text = gzip.decompress(packed.read_bytes()).decode() if packed.exists() else path.read_text("utf-8")
        rows = [row for row in map(json.loads, text.splitlines()) if row["match"] in MATCHES][:limit]
        (suite / path.name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        gold = _gold_of(rows, folder / "rows.jsonl", lang)
        _write(folder, f"{split}.target", _plain(gold))
        _write(folder, f"{split}.source", [tokenize_sentence(row["src_text"], lang="en") for row in rows])
    shutil.copy(data_dir() / "parallel_text" / "mafand" / f"en-{lang}.tsv", suite)
    lines = (suite / f"en-{lang}.tsv").read_text("utf-8").split("\n")
    _write_more(folder, [(line.split("\t")[1:3]) for line in lines if line.count("\t") > 1], lang)
    return Corpus(folder, "masakhaner2", lang, gold, TASKS)


def europarl(lang: str, limit: int | None, folder: Path) -> Corpus:
    """A language of Europarl-NER with the labelled English."""
    origin, suite = data_dir() / "parallel_gold" / "europarl_ner", folder / "suite"
    suite.mkdir(parents=True)
    for side in ("en", lang):
        path = origin / f"{side}-europarl.test.conll02"
        blocks = path.read_text("utf-8").strip("\n").split("\n\n")
        (suite / path.name).write_text("\n\n".join(blocks[:limit]) + "\n\n", "utf-8")
    gold = read(suite / f"{lang}-europarl.test.conll02", lang=lang, repair="drop")
    _write(folder, "test.target", _plain(gold))
    _write(folder, "test.source", read(suite / "en-europarl.test.conll02", lang="en", repair="begin"))
    names = "newstest2019-src.eng.txt", f"newstest2019-ref.{NTREX[lang]}.txt"
    for name in names:
        shutil.copy(data_dir() / "parallel_text" / "ntrex" / name, suite)
    sides = [(suite / name).read_text("utf-8").strip("\n").split("\n") for name in names]
    _write_more(folder, list(zip(*sides, strict=True)), lang)
    return Corpus(folder, "europarl-ner", lang, gold, ("projection",))


def _gold_of(rows: Sequence[Row], path: Path, lang: str) -> list[Sentence]:
    kept = [{"tokens": [_quote(one) for one in row["tokens"]], "ner_tags": row["ner_tags"]} for row in rows]
    path.write_text("".join(json.dumps(row) + "\n" for row in kept), "utf-8")
    return read(path, lang=lang, repair="drop")


def _quote(token: str) -> str:
    return '"' if token == '""""' else token


def _plain(sentences: Sequence[Sentence]) -> list[Sentence]:
    return [Sentence(one.tokens, (), None, one.lang) for one in sentences]


def _write(folder: Path, name: str, sentences: Sequence[Sentence]) -> None:
    """Sentences are named by their number, so that those that a door leaves out are known."""
    write(folder / f"{name}.jsonl", [replace(one, id=str(index)) for index, one in enumerate(sentences)])


def _write_more(folder: Path, rows: Sequence[Sequence[str]], lang: str) -> None:
    pairs = [(tokenize_sentence(one, lang="en"), tokenize_sentence(other, lang=lang)) for one, other in rows]
    pairs = [(one, other) for one, other in pairs if one.tokens and other.tokens]
    _write(folder, "more.source", [one for one, _ in pairs])
    _write(folder, "more.target", [other for _, other in pairs])


def by_python(corpus: Corpus, task: str, source: Path | None) -> Answer:
    out = corpus.folder / f"python.{task}.jsonl"
    script = Path(__file__).with_name("python_door.py")
    command.python(script, task, corpus.folder, out, 1, source=source)
    return _answer(corpus, read(out))


def by_commands(corpus: Corpus, task: str, source: Path | None) -> Answer | None:
    """The single commands: tag, project, train, tag; there is no command for an ensemble."""

    def run(*words: object) -> None:
        command.crosspan(*words, "--threads", 1, "--quiet", source=source, folder=corpus.folder)

    def carry(part: str) -> str:
        labelled = f"{part}.source.jsonl"
        if task != "projection":
            options = ["--translation", f"{part}.target.jsonl"] if command.takes("tag", "--translation", source) else []
            run("tag", labelled, *options, "--out", f"{part}.tagged.jsonl")
            labelled = f"{part}.tagged.jsonl"
        more = ("--bitext", "more.source.jsonl", "more.target.jsonl")
        run("project", labelled, f"{part}.target.jsonl", *more, "--out", f"{part}.projected.jsonl")
        return f"{part}.projected.jsonl"

    if task == "ensemble":
        return None
    if task != "translate-train":
        return _answer(corpus, read(corpus.folder / carry("test")))
    run("train", carry("train"), "--out", "commands.crf")
    run("tag", "test.target.jsonl", "--tagger", "commands.crf", "--out", "commands.jsonl")
    return _answer(corpus, read(corpus.folder / "commands.jsonl"))


RECIPE = """
task = "{task}"
out = "recipe.{task}"
[source]
path = "{part}.source.jsonl"
lang = "en"
[target]
path = "{part}.target.jsonl"
lang = "{lang}"
[bitext]
files = [["more.source.jsonl", "more.target.jsonl"]]
"""
TABLES = {
    "projection": "",
    "translate-test": "[tag]\n",
    "translate-train": '[tag]\n[predict]\npath = "test.target.jsonl"\n',
    "ensemble": '[tag]\n[ensemble]\nmodel = "recipe.translate-train/model.crf"\n',
}


def by_recipe(corpus: Corpus, task: str, source: Path | None) -> Answer:
    if task == "ensemble" and not (corpus.folder / "recipe.translate-train").exists():
        by_recipe(corpus, "translate-train", source)
    named = {"task": "project" if task == "projection" else task, "lang": corpus.lang}
    part = "train" if task == "translate-train" else "test"
    path = corpus.folder / "recipe.toml"
    path.write_text(RECIPE.format(part=part, **named) + TABLES[task], "utf-8")
    command.crosspan("run", path, "--threads", 1, "--quiet", source=source, folder=corpus.folder)
    name = "predicted" if task == "translate-train" else "labelled"
    return _answer(corpus, read(corpus.folder / f"recipe.{named['task']}" / f"{name}.jsonl"))


def by_bench(corpus: Corpus, task: str, source: Path | None) -> Answer:
    words = ("bench", corpus.suite, "--data", corpus.folder / "suite", "--lang", corpus.lang, "--pipeline", task)
    how = ("--format", "json", "--no-cache", "--bootstrap", 0, "--threads", 1, "--quiet")
    (found,) = json.loads(command.crosspan(*words, *how, source=source).output)["languages"]
    if found["status"] != "done":
        raise RuntimeError(f"bench: {found['message']}")
    return Answer(_counts(found["scores"]["strict"]), found["scores"]["strict"]["micro"]["f1"])


Door = Callable[[Corpus, str, Path | None], Answer | None]
DOORS: dict[str, Door] = {"Python": by_python, "commands": by_commands, "recipe": by_recipe, "bench": by_bench}


def _answer(corpus: Corpus, found: Sequence[Sentence]) -> Answer:
    """Score what a door labelled; a sentence that it left out is without labels."""
    known = {one.id: one.spans for one in found}
    labelled = [replace(gold, spans=known.get(str(at), ())) for at, gold in enumerate(corpus.gold)]
    strict = evaluate_ner(corpus.gold, labelled, ignore_labels=IGNORED[corpus.suite]).strict
    labels = [[(span.start, span.end, span.label) for span in one.spans] for one in labelled]
    return Answer(_counts(json.loads(json.dumps(strict.to_dict()))), strict.micro.f1, labels)


def _counts(strict: Row) -> dict[str, tuple[int, ...]]:
    names = ("tp", "n_pred", "n_gold")
    parts = {"all": strict["micro"], **strict["by_label"]}
    return {label: tuple(part[name] for name in names) for label, part in parts.items()}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: languages, sizes (``None`` is all pairs), tasks and doors, and the version to ask."""

    languages: Sequence[str]
    limits: Sequence[int | None]
    tasks: Sequence[str]
    doors: Sequence[str]
    source: Path | None


def rows(wanted: Wanted) -> Iterator[list[str]]:
    """One row a language, size and task."""
    for lang in wanted.languages:
        for limit in wanted.limits if lang in AFRICAN else wanted.limits[-1:]:
            with tempfile.TemporaryDirectory() as folder:
                make = masakhaner if lang in AFRICAN else europarl
                corpus = make(lang, limit, Path(folder) / lang)
                for task in [one for one in corpus.tasks if not wanted.tasks or one in wanted.tasks]:
                    answers = dict(_asked(corpus, task, wanted))
                    yield [lang, f"{len(corpus.gold):,}", task, *_cells(answers), _verdict(answers)]


def _asked(corpus: Corpus, task: str, wanted: Wanted) -> Iterator[tuple[str, Answer | None]]:
    """What each door says, shown as it comes."""
    for name in wanted.doors:
        answer = DOORS[name](corpus, task, wanted.source)
        if answer is not None:
            sys.stderr.write(f"{corpus.lang}, {len(corpus.gold)}, {task}, {name}: {answer.f1:.4f}\n")
        yield name, answer


def _cells(answers: dict[str, Answer | None]) -> list[str]:
    return ["–" if one is None else f"{one.f1:.3f}".removeprefix("0") for one in answers.values()]


def _verdict(answers: dict[str, Answer | None]) -> str:
    there = {name: one for name, one in answers.items() if one is not None}
    first = next(iter(there.values()))
    others = [name for name, one in there.items() if not one.same(first)]
    return f"no: {', '.join(others)}" if others else "yes"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="languages with commas between them; europarl is de,es")
    parser.add_argument("--limit", type=int, action="append", help="the first N pairs; 0 for all; may be repeated")
    parser.add_argument("--task", action="append", choices=TASKS, help="some of the tasks")
    parser.add_argument("--door", action="append", choices=list(DOORS), help="some of the doors")
    parser.add_argument("--source", type=Path, help="the src folder of another checkout")
    parser.add_argument("--page", action="store_true", help="put the table into docs/benchmarks.md")
    given = parser.parse_args()
    languages = [lang for lang in given.only.replace("europarl", "de,es").split(",") if lang] or LANGUAGES
    limits = [limit or None for limit in given.limit] if given.limit else LIMITS
    wanted = Wanted(languages, limits, given.task or (), given.door or list(DOORS), given.source)
    header = ["language", "test pairs", "task", *wanted.doors, "same labels"]
    found: list[list[str]] = []
    for row in rows(wanted):
        found.append(row)
        print(markdown(header, found[-1:]).splitlines()[-1], flush=True)
    text = markdown(header, found)
    print(f"\n{text}")
    if given.page:
        page.write("doors", text)


if __name__ == "__main__":
    main()
