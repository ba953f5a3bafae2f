"""A tagger learned from files: what ``crosspan train`` does."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, OptionError, OutputError
from crosspan.core.files import PathLike, name_of, open_input, read_blocks
from crosspan.core.progress import Listener
from crosspan.core.settings import with_settings
from crosspan.core.types import Projection, Sentence
from crosspan.evaluate import evaluate_ner
from crosspan.io import Reject, format_by_name
from crosspan.io.jsonl import iter_records
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.io.sniff import sniff
from crosspan.pipeline.file_workflow import Rejected, check_outputs
from crosspan.pipeline.workflow import Settings, StageProgress
from crosspan.project.records import is_projection, read_projections
from crosspan.tag.crf import CrfTagger
from crosspan.tag.model_file import save_model
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.advpicker import AdvPickerOptions, train_advpicker
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_of
from crosspan.train.token_options import TokenClassifierOptions

NOISE, ADVERSARIAL, PICKER = "noise.", "adversarial.", "picker."
"""Settings that begin so are those of the options of :mod:`crosspan.train.noise`,
:mod:`crosspan.train.adversarial_options` and :mod:`crosspan.train.advpicker`.
"""

TRAINERS = ("crf", "token-classifier", "advpicker")

_SHARD = 4_000
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
    settings: Settings | None = None,
    weights: Sequence[float] = (),
    labels: Collection[str] = (),
    threads: int | None = None,
    on_reject: Callable[[Rejected], None] | None = None,
    progress: StageProgress | None = None,
) -> TrainSummary:
    """Train a tagger on labelled files, and save it.

    A JSONL file that ``crosspan project`` wrote is learned from as what it is: its labels are as sure as they say, and
    a dropped span means that an entity is not labelled, see :func:`crosspan.train.noise.examples_of`. Any other file
    is taken for gold.

    Args:
        data: Labelled files in any format.
        model: The file to write, all or nothing. What is known of the training stands in its card
            (:attr:`crosspan.tag.crf.CrfTagger.card`): names and SHA-256 of the files, settings, counts, scores.
        dev: A labelled file to score the tagger on; nothing is learned from it. An encoder keeps the weights that do
            best on it, so it should be of the source language.
        unlabelled: Files of other languages that an encoder learns not to tell from the source; labels in them are
            not looked at. Each sentence, or the file, names its language.
        trainer: ``"crf"``; ``"token-classifier"`` to fine-tune an encoder, or ``"advpicker"``: then ``model`` is a
            folder, and a training that was killed goes on when it is called again.
        settings: Options of :class:`crosspan.train.crf.CrfOptions` or
            :class:`crosspan.train.token_options.TokenClassifierOptions` by name, those of the noise as
            ``noise.NAME``, and those of adversarial training as ``adversarial.NAME`` and ``picker.NAME``.
        weights: How much the sentences of each file count, one weight a file; all the same by default.
        labels: The kinds of entity to learn; by default those that occur.
        threads: Threads to use; all cores by default. The model does not depend on it.
        on_reject: Called with each sentence whose labels cannot be read. It is left out.
        progress: Called with ``(stage, done, total)``.

    Returns:
        What was learned.

    Raises:
        CrosspanError: A file or an option is at fault; nothing is written then.
    """
    started = time.perf_counter()
    if not data:
        raise OptionError("there is no file to learn from", hint="Name one or more labelled files.")
    if os.fspath(model) == "-":
        raise OptionError("a model cannot be written to standard output", hint="Name a file.")
    if unlabelled and trainer == "crf":
        raise OptionError(
            "the small model learns nothing from unlabelled text", hint="Use the trainer token-classifier."
        )
    if weights and len(weights) != len(data):
        raise OptionError(f"{len(weights)} weights for {len(data)} files", hint="Give one weight a file.")
    options, noise = _options(trainer, settings or {})
    files = [*data, *unlabelled, *([dev] if dev is not None else [])]
    _check_model(model, trainer, [file.path for file in files])
    summary = TrainSummary()
    with ExitStack() as stack:
        files = stack.enter_context(rereadable(*files))
        dev_file = files.pop() if dev is not None else None
        gold = None if dev_file is None else _sentences_of(dev_file)
        files, texts = files[: len(data)], files[len(data) :]
        text = [sentence for file in texts for sentence in _unlabelled(file)]
        examples, sources = _read(files, noise, weights, summary, on_reject, progress)
        about: dict[str, Any] = {
            "settings": {name: settings[name] for name in sorted(settings) if name != "encoder"} if settings else {},
        }
        if any(source["kind"] == "projections" for source in sources):
            about["noise"] = asdict(noise)
        named = None if dev_file is None or gold is None else {**_named(dev_file), "sentences": len(gold)}
        if texts:
            about["unlabelled"] = [{**_named(file), "lang": file.lang} for file in texts]
        work = _Work(examples, model, gold or (), list(labels), sources, about, named, text, threads, progress)
        if isinstance(options, CrfOptions):
            _train_crf(work, options, summary)
        else:
            _fine_tune(work, options, summary)
    summary.seconds = time.perf_counter() - started
    return summary


@dataclass(frozen=True, slots=True)
class _Work:
    """What a trainer gets: examples, dev sentences, and what is to be written down of both."""

    examples: Sequence[Example]
    model: PathLike
    gold: Sequence[Sentence]
    labels: Sequence[str]
    sources: Sequence[Mapping[str, Any]]
    about: Mapping[str, Any]
    dev: Mapping[str, Any] | None
    text: Sequence[Sentence]
    threads: int | None
    progress: StageProgress | None


@dataclass(frozen=True, slots=True)
class _Encoding:
    """How an encoder is fine-tuned."""

    options: TokenClassifierOptions
    adversarial: AdversarialOptions
    picker: AdvPickerOptions | None


def _train_crf(work: _Work, options: CrfOptions, summary: TrainSummary) -> None:
    tagger = train_crf(
        work.examples, options=options, labels=work.labels or None, threads=work.threads, progress=_told(work.progress)
    )
    card: dict[str, Any] = {**tagger.card, "crosspan": __version__, "data": work.sources, **work.about}
    if work.dev is not None:
        summary.dev = _score(tagger, work.gold)
        card["dev"] = {**work.dev, **summary.dev}
    save_model(replace(tagger.model, card=card), os.fspath(work.model))
    summary.features, summary.kept_features = int(card["features"]), int(card["kept_features"])
    summary.labels = Counter({str(label): int(count) for label, count in card["entities"].items()})
    summary.spans = summary.labels.total()


def _told(progress: StageProgress | None) -> Listener | None:
    return None if progress is None else lambda event: progress(event.stage, event.done, event.total)


def _fine_tune(work: _Work, how: _Encoding, summary: TrainSummary) -> None:
    from crosspan.train.token_classifier import train_token_classifier

    given: dict[str, Any] = {
        "dev": work.gold,
        "options": how.options,
        "adversarial": how.adversarial,
        "labels": work.labels,
        "about": {"files": work.sources, **work.about, **({"dev": work.dev} if work.dev else {})},
        "threads": work.threads,
        "progress": work.progress,
    }
    if how.picker is not None:
        found = train_advpicker(work.examples, work.text, work.model, picker=how.picker, **given)
        report, summary.game = found.student, found.teacher["game"]
        summary.selection = asdict(found.selection)
    else:
        report = train_token_classifier(work.examples, work.model, unlabelled=work.text, **given)
        summary.game = None if report.game is None else asdict(report.game)
    summary.dev = None if report.dev is None else {name: round(report.dev[name], 4) for name in _SCORES}
    summary.labels = Counter(report.entities)
    summary.spans = summary.labels.total()
    summary.steps, summary.best_step = report.steps, report.best_step
    summary.dev_side, summary.signature = report.dev_side, report.signature


def _check_model(model: PathLike, trainer: str, inputs: Sequence[PathLike]) -> None:
    """Find out before the work whether the model can be written, and replaces no input."""
    if trainer == "crf":
        check_outputs(model, None, inputs)
        return
    folder = Path(model)
    if any(os.path.realpath(path) == os.path.realpath(folder) for path in inputs):
        raise OptionError(f"{os.fspath(model)!r} is read and cannot be written as well", hint="Name another folder.")
    if not folder.absolute().parent.is_dir():
        raise OutputError("the folder does not exist", where=str(folder.parent), hint="Make it first.")


def _options(trainer: str, settings: Mapping[str, Any]) -> tuple[CrfOptions | _Encoding, NoiseOptions]:
    if trainer not in TRAINERS:
        raise OptionError(f"there is no trainer {trainer!r}", hint=f"Choose one of {', '.join(TRAINERS)}.")
    groups = {"crf": (NOISE,), "token-classifier": (NOISE, ADVERSARIAL), "advpicker": (NOISE, ADVERSARIAL, PICKER)}
    known = groups[trainer]
    parts = {
        group: {name.removeprefix(group): value for name, value in settings.items() if name.startswith(group)}
        for group in known
    }
    own = {name: value for name, value in settings.items() if not name.startswith(known)}
    noise = with_settings(NoiseOptions(), parts[NOISE])
    if trainer == "crf":
        return with_settings(CrfOptions(), own), noise
    return _Encoding(
        with_settings(TokenClassifierOptions(), own),
        with_settings(AdversarialOptions(), parts[ADVERSARIAL]),
        with_settings(AdvPickerOptions(), parts[PICKER]) if trainer == "advpicker" else None,
    ), noise


def _read(
    files: Sequence[SentenceFile],
    noise: NoiseOptions,
    weights: Sequence[float],
    summary: TrainSummary,
    on_reject: Callable[[Rejected], None] | None,
    progress: StageProgress | None,
) -> tuple[list[Example], list[dict[str, Any]]]:
    """The examples of all files, and what the card says of each file."""
    examples: list[Example] = []
    sources = []
    first: Rejected | None = None

    def reject(rejected: Rejected) -> None:
        nonlocal first
        first = first or rejected
        summary.rejected += 1
        if on_reject is not None:
            on_reject(rejected)

    for number, file in enumerate(files):
        projected = _is_projected(file)
        found = _projected(file, noise, summary, reject) if projected else _labelled(file, reject)
        before = len(examples)
        weight = weights[number] if weights else 1.0
        for example in found:
            examples.append(example if weight == 1.0 else replace(example, weight=example.weight * weight))
            summary.unobserved += len(example.unobserved)
            if progress is not None and len(examples) % 1_000 == 0:
                progress("reading", len(examples), 0)
        kind = "projections" if projected else "labels"
        about = {**_named(file), "kind": kind, "sentences": len(examples) - before}
        sources.append({**about, "weight": weight} if weights else about)
    if not examples and first is not None:
        raise EmptyInputError(f"no sentence can be learned from; the first: {first.reason}", where=first.where)
    summary.sentences = len(examples)
    return examples, sources


def _labelled(file: SentenceFile, reject: Callable[[Rejected], None]) -> Iterator[Example]:
    for index, (line, sentence, fault) in enumerate(file.located()):
        if fault is None:
            yield Example(sentence)
            continue
        reason = f"{fault.message}. {fault.hint}" if fault.hint else fault.message
        reject(Rejected(index, fault.where or f"{file.shown}:{line}", sentence.id, reason))


def _projected(
    file: SentenceFile, noise: NoiseOptions, summary: TrainSummary, reject: Callable[[Rejected], None]
) -> Iterator[Example]:
    rejects: list[Reject] = []
    shard: list[Projection] = []

    def settle() -> list[Example]:
        sound = [projection for projection in shard if projection.error is None]
        found = examples_of(sound, noise)
        summary.left_out += len(shard) - len(rejects) - len(found)
        for one in rejects:
            reject(Rejected(one.index, one.where.replace(os.fspath(file.path), file.shown), None, one.reason))
        rejects.clear()
        shard.clear()
        return found

    with file.naming():
        for projection in read_projections(file.path, rejects=rejects):
            shard.append(projection)
            if len(shard) == _SHARD:
                yield from settle()
        yield from settle()


def _is_projected(file: SentenceFile) -> bool:
    """Whether a file holds projections: JSONL whose first record is one."""
    found = file.format if file.format != "auto" else format_by_name(file.path)
    if found is None:
        with open_input(file.path) as stream:
            if stream.read(4) == b"PAR1":
                return False
        with file.naming():
            found = sniff(next(read_blocks(file.path)))
    if found != "jsonl":
        return False
    with file.naming():
        for _, record in iter_records(read_blocks(file.path), name_of(file.path)):
            return is_projection(record)
    return False


def _sentences_of(file: SentenceFile) -> list[Sentence]:
    """The sentences of the development file; a fault in its labels is an error, as it would make the score wrong."""
    sentences = []
    for item in file.located():
        if item.fault is not None:
            raise item.fault
        sentences.append(item.sentence)
    return sentences


def _unlabelled(file: SentenceFile) -> Iterator[Sentence]:
    """The words of a file; what is wrong with its labels does not matter."""
    for item in file.located():
        one = item.sentence
        yield replace(one, spans=(), lang=file.lang or one.lang)


def _score(tagger: CrfTagger, gold: Sequence[Sentence]) -> dict[str, float]:
    shards = [tagger.tag(gold[begin : begin + _SHARD]) for begin in range(0, len(gold), _SHARD)]
    strict = evaluate_ner(gold, list(chain.from_iterable(shards))).strict.micro
    return {name: round(getattr(strict, name), 4) for name in _SCORES}


def _named(file: SentenceFile) -> dict[str, Any]:
    digest = hashlib.sha256()
    with open(file.path, "rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return {"name": os.path.basename(file.shown), "sha256": digest.hexdigest()}
