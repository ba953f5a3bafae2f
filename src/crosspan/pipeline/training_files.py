"""A tagger learned from files: what ``crosspan train`` does."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, OptionError, OutputError
from crosspan.core.files import PathLike
from crosspan.core.options import with_settings
from crosspan.core.overwrites import check_outputs, check_writing, try_folder
from crosspan.core.progress import Listener
from crosspan.core.types import Sentence
from crosspan.core.values import as_type
from crosspan.evaluate import evaluate_ner
from crosspan.io.dataset_folder import places_read
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.pipeline.example_files import (
    KINDS,
    Kind,
    Read,
    Taken,
    named,
    read_examples,
    sentences_of,
    words_of,
)
from crosspan.pipeline.labels import Settings
from crosspan.pipeline.recipes.tables import SHARD
from crosspan.pipeline.summary import OnReject
from crosspan.tag.crf import CrfTagger
from crosspan.tag.model_file import save_model
from crosspan.train import TRAINERS
from crosspan.train.gold import beside, check_weight
from crosspan.train.noise import NoiseOptions
from crosspan.train.round_options import ROUNDS, VoteOptions
from crosspan.train.rounds import train_in_rounds

_SCORES = ("precision", "recall", "f1")


@dataclass(slots=True)
class TrainSummary:
    """What was learned from, and how well it went.

    Args:
        sentences: Sentences learned from.
        rejected: Sentences left out because their labels cannot be read.
        left_out: Projected sentences left out by the settings of ``noise``.
        spans: Entities learned from.
        labels: How many of each kind.
        taken: As what the sentences of each file were taken: gold, or projections.
        gold: How many gold sentences there are beside projected ones, how much each counts, and F1 on held-out ones by
            weight where that was chosen; ``None`` without both.
        unobserved: Words of which it is not known whether they belong to an entity.
        features: Features looked at, and how many the model keeps.
        dev: Precision, recall and F1 on the development file (exact spans, micro average), if there is one.
        steps: Changes of the weights of an encoder, and the step whose weights were kept.
        dev_side: Which side the dev sentences of an encoder are of: source, target, unstated or none.
        signature: One line that says how an encoder was trained.
        game: How the discriminator of languages fared, as :class:`crosspan.train.token_report.GameReport`; of AdvPicker
            that of the teacher.
        selection: What AdvPicker picked, as :class:`crosspan.train.advpicker.Selection`.
        seconds: Time taken.
    """

    sentences: int = 0
    rejected: int = 0
    left_out: int = 0
    spans: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    taken: Sequence[Taken] = ()
    gold: Mapping[str, Any] | None = None
    unobserved: int = 0
    features: int = 0
    kept_features: int = 0
    dev: dict[str, float] | None = None
    steps: int = 0
    best_step: int = 0
    dev_side: str = ""
    signature: str = ""
    game: Mapping[str, Any] | None = None
    selection: Mapping[str, Any] | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "labels": dict(sorted(self.labels.items()))}


def train_files(
    data: Sequence[SentenceFile],
    model: PathLike,
    *,
    dev: SentenceFile | None = None,
    unlabelled: Sequence[SentenceFile] = (),
    trainer: str = "crf",
    rounds: int | None = None,
    gold_weight: float | None = None,
    settings: Settings | None = None,
    weights: Sequence[float] = (),
    kinds: Sequence[Kind] = (),
    labels: Collection[str] = (),
    threads: int | None = None,
    on_reject: OnReject | None = None,
    progress: Listener | None = None,
) -> TrainSummary:
    """Train a tagger on labelled files, and save it.

    A sentence that ``crosspan project`` wrote into JSONL, Parquet or DocBin is learned from as what it is: its labels
    are as sure as they say, and a dropped span means that an entity is not labelled, see
    :func:`crosspan.train.noise.examples_of`. Any other is taken for gold, and the summary says so.

    Args:
        data: Labelled files in any format.
        model: The file to write, all or nothing. What is known of the training stands in its card
            (:attr:`crosspan.tag.crf.CrfTagger.card`): names and SHA-256 of the files, settings, counts, scores.
        dev: A labelled file to score the tagger on; nothing is learned from it. An encoder keeps the weights that do
            best on it, so it should be of the source language.
        unlabelled: Files of other languages that an encoder learns not to tell from the source; labels in them are
            not looked at. Each sentence, or the file, names its language.
        trainer: A name in :data:`crosspan.train.TRAINERS`: ``"crf"``; ``"token-classifier"`` to fine-tune an encoder,
            or ``"advpicker"``. Where its models are folders, so is ``model``, and a training that was killed goes on
            when it is called again.
        rounds: How often projected labels and the tagger's own predictions vote, and it is trained again; see
            :func:`crosspan.train.self_training.train_on_projections`. By default as often as everywhere, where there
            are projections and the trainer does so.
        gold_weight: How much a sentence of gold counts beside a projected one; 0 has it chosen on gold sentences that
            are held out (:mod:`crosspan.train.gold`), and is 1 for trainers that try nothing out, whose gold may be of
            another language. By default 0, and 1 where ``weights`` say what files count. Projected sentences of which
            there are gold labels are left out.
        settings: Options of the trainer by name, those of the noise as ``noise.NAME``, of the vote as ``vote.NAME``,
            ``rounds`` and ``gold_weight``.
        weights: How much the sentences of each file count, one weight a file; all the same by default.
        kinds: What the labels are: ``"gold"``, ``"projected"``, or ``"auto"``, which goes by what each sentence says;
            one for all files, or one a file. Confidences of gold do not count. Projected labels of which nothing else
            is known are taken to be as sure as their confidences, or right, but not to be all.
        labels: The kinds of entity to learn; by default those that occur. In projections, what other labels stand for
            is found out from the corpus, or left open (:mod:`crosspan.project.unknown_labels`); in gold they are no
            entity.
        threads: Threads to use; all cores by default. The model does not depend on it.
        on_reject: Called with each sentence whose labels cannot be read. It is left out.
        progress: Is told how far it is.

    Returns:
        What was learned.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    how = _How.of(trainer, settings or {}, rounds, gold_weight if gold_weight is not None or not weights else 1.0)
    kinds = list(kinds) * (len(data) if len(kinds) == 1 else 1)
    _check_use(data, model, weights, unlabelled, how)
    _check_kinds(kinds, len(data))
    files = [*data, *unlabelled, *([dev] if dev is not None else [])]
    _check_model(model, how, [file.path for file in files])
    summary = TrainSummary()
    with ExitStack() as stack:
        files = stack.enter_context(rereadable(*files))
        dev_file = files.pop() if dev is not None else None
        gold = [] if dev_file is None else sentences_of(dev_file)
        texts = files[len(data) :]
        read = read_examples(files[: len(data)], how.noise, weights, kinds, labels, on_reject, progress)
        about: dict[str, Any] = {"settings": how.shown}
        if read.holds_projections:
            about["noise"] = asdict(how.noise)
        if texts:
            about["unlabelled"] = [{**named(file), "lang": file.lang} for file in texts]
        if dev_file is not None:
            about["dev"] = {**named(dev_file), "sentences": len(gold)}
        text = [sentence for file in texts for sentence in words_of(file)]
        work = _Work(read, model, gold, list(labels), about, text, threads, progress)
        try:
            _train(work, how, summary)
        except EmptyInputError as error:
            error.where = error.where or files[0].shown
            raise
    summary.sentences, summary.rejected, summary.left_out = len(read.examples), read.rejected, read.left_out
    summary.taken = read.taken
    summary.unobserved = sum(len(example.unobserved) for example in read.examples)
    summary.seconds = time.perf_counter() - started
    return summary


@dataclass(frozen=True, slots=True)
class _How:
    """How a tagger is trained.

    Args:
        trainer: Name of the trainer.
        settings: Its options.
        noise: How projected labels are taken.
        vote: How they vote with predictions.
        rounds: How often.
        gold_weight: How much gold counts beside projected labels; 0 has it chosen.
        shown: All settings that were given, for the card of the model.
    """

    trainer: str
    settings: Mapping[str, Any]
    noise: NoiseOptions
    vote: VoteOptions
    rounds: int
    gold_weight: float
    shown: Mapping[str, Any]

    @classmethod
    def of(cls, trainer: str, settings: Mapping[str, Any], rounds: int | None, gold_weight: float | None) -> _How:
        """Sort settings by what they are of."""
        TRAINERS.check(trainer)
        own = dict(settings)
        groups = {
            group: {name.partition(".")[2]: own.pop(name) for name in list(own) if name.startswith(f"{group}.")}
            for group in ("noise", "vote")
        }
        rounds = int(own.pop("rounds")) if "rounds" in own and rounds is None else rounds
        weight = own.pop("gold_weight", 0.0)
        weight = float(as_type("gold_weight", weight, 0.0)) if gold_weight is None else gold_weight
        check_weight(weight)
        component = TRAINERS.component(trainer)
        if rounds and not component.votes:
            raise OptionError(f"{trainer} does not vote in rounds", hint="Leave out rounds, or set rounds = 0.")
        TRAINERS.resolved(trainer, own)
        shown = {name: settings[name] for name in sorted(settings) if name != component.model}
        return cls(
            trainer,
            own,
            with_settings(NoiseOptions(), groups["noise"]),
            with_settings(VoteOptions(), groups["vote"]),
            ROUNDS if rounds is None else rounds,
            weight,
            shown,
        )

    @property
    def component(self) -> Any:
        """What is known of the trainer with these settings."""
        return TRAINERS.facts(self.trainer, self.settings)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a trainer gets: examples, dev sentences, and what is to be written down of both."""

    read: Read
    model: PathLike
    dev: Sequence[Sentence]
    labels: Sequence[str]
    about: Mapping[str, Any]
    text: Sequence[Sentence]
    threads: int | None
    progress: Listener | None


def _train(work: _Work, how: _How, summary: TrainSummary) -> None:
    known = how.component
    if known.votes:
        tagger = train_in_rounds(
            work.read.projected,
            gold=work.read.gold,
            gold_weight=how.gold_weight,
            labels=work.labels or None,
            options=with_settings(TRAINERS.options(how.trainer), how.settings),
            vote=how.vote,
            rounds=how.rounds,
            threads=work.threads,
            progress=work.progress,
        )
        _save(work, tagger, summary)
        return
    context: dict[str, Any] = {
        "threads": work.threads,
        "progress": work.progress,
        "labels": work.labels,
        "about": {"files": work.read.sources, **work.about},
        "seed": 0,
    }
    if known.dev:
        context["dev"] = work.dev
    if work.text:
        context["unlabelled"] = work.text
    if known.saves == "folder":
        context["out"] = Path(work.model)
    examples = beside(work.read.projected, work.read.gold, how.gold_weight)
    found = TRAINERS.make(how.trainer, examples, settings=how.settings, **context)
    if known.saves != "folder":
        found.save(os.fspath(work.model))
        if work.dev:
            summary.dev = _score(found, work.dev)
        _count(work, summary)
        return
    _report(found, summary)


def _save(work: _Work, tagger: CrfTagger, summary: TrainSummary) -> None:
    card: dict[str, Any] = {**tagger.card, "crosspan": __version__, "data": work.read.sources, **work.about}
    if work.dev:
        summary.dev = _score(tagger, work.dev)
        card["dev"] = {**card["dev"], **summary.dev}
    save_model(replace(tagger.model, card=card), os.fspath(work.model))
    summary.features, summary.kept_features = int(card["features"]), int(card["kept_features"])
    summary.gold = card.get("gold")
    _count(work, summary)
    summary.labels = Counter({str(label): int(count) for label, count in card["entities"].items()})
    summary.spans = summary.labels.total()


def _count(work: _Work, summary: TrainSummary) -> None:
    summary.labels = Counter(span.label for example in work.read.examples for span in example.sentence.spans)
    summary.spans = summary.labels.total()


def _report(found: Any, summary: TrainSummary) -> None:
    """Take over what the training of an encoder tells of itself."""
    report = found
    if hasattr(found, "student"):
        report, summary.game = found.student, found.teacher["game"]
        summary.selection = asdict(found.selection)
    elif getattr(found, "game", None) is not None:
        summary.game = asdict(found.game)
    dev = getattr(report, "dev", None)
    summary.dev = None if dev is None else {name: round(dev[name], 4) for name in _SCORES}
    summary.labels = Counter(report.entities)
    summary.spans = summary.labels.total()
    summary.steps, summary.best_step = report.steps, report.best_step
    summary.dev_side, summary.signature = report.dev_side, report.signature


def _score(tagger: Any, gold: Sequence[Sentence]) -> dict[str, float]:
    found = [one for begin in range(0, len(gold), SHARD) for one in tagger.tag(gold[begin : begin + SHARD])]
    strict = evaluate_ner(gold, found).strict.micro
    return {name: round(getattr(strict, name), 4) for name in _SCORES}


def _check_use(
    data: Sequence[SentenceFile],
    model: PathLike,
    weights: Sequence[float],
    unlabelled: Sequence[SentenceFile],
    how: _How,
) -> None:
    if not data:
        raise OptionError("there is no file to learn from", hint="Name one or more labelled files.")
    if os.fspath(model) == "-":
        raise OptionError("a model cannot be written to standard output", hint="Name a file.")
    if unlabelled and not TRAINERS.component(how.trainer).unlabelled:
        raise OptionError(
            "the small model learns nothing from unlabelled text", hint="Use the trainer token-classifier."
        )
    if weights and len(weights) != len(data):
        raise OptionError(f"{len(weights)} weights for {len(data)} files", hint="Give one weight a file.")


def _check_kinds(kinds: Sequence[str], n_files: int) -> None:
    wrong = next((kind for kind in kinds if kind not in KINDS), None)
    if wrong is not None:
        raise OptionError(f"labels cannot be {wrong!r}", hint=f"Choose from {', '.join(KINDS)}.")
    if kinds and len(kinds) != n_files:
        raise OptionError(f"{len(kinds)} kinds for {n_files} files", hint="Give one for all files, or one a file.")


def _check_model(model: PathLike, how: _How, inputs: Sequence[PathLike]) -> None:
    """Find out before the work whether the model can be written, and replaces no input."""
    if how.component.saves != "folder":
        check_writing([model], places_read(inputs))
        return
    check_outputs([model], places_read(inputs))
    parent = Path(model).absolute().parent
    if not parent.is_dir():
        raise OutputError("the folder does not exist", where=str(Path(model).parent), hint="Make it first.")
    try_folder(model)
