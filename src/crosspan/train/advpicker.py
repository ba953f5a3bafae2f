"""AdvPicker (Chen et al. 2021): an adversarial teacher, the sentences that it reads like the source, and a student.

1. A teacher learns from the labelled source text and, against a discriminator of languages, from unlabelled text.
2. It labels the unlabelled sentences. Those are kept of which the discriminator can least tell which side they are of:
   their score is ``1 - |p - 0.5|``, with ``p`` the mean probability over a sentence's pieces that it is of the source.
3. A student, made anew from the same pre-trained encoder, learns from them alone what the teacher thinks of each word:
   the mean squared error between the probabilities of both.

Weights are chosen on dev sentences of the source language only. The authors' own program chooses them on the target's.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import EmptyInputError, OptionError, OutputError
from crosspan.core.files import make_folder, open_output
from crosspan.core.json_text import parse_json
from crosspan.core.logs import warn
from crosspan.core.progress import Listener, advance_of
from crosspan.core.threads import torch_threads
from crosspan.core.types import Sentence
from crosspan.models.loop import NothingLearned
from crosspan.models.processes import Processes
from crosspan.models.saving import check_new, is_finished
from crosspan.tag.crf import relabel, tags_of
from crosspan.train import RECORD
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.examples import Example
from crosspan.train.picking import AdvPickerOptions, Selection, picked
from crosspan.train.teacher import Teacher
from crosspan.train.token_classifier import encoder_parts, train_token_classifier
from crosspan.train.token_data import TrainingData, checked_data
from crosspan.train.token_model import loaded, trained_pieces
from crosspan.train.token_objective import TokenObjective
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import TokenClassifierReport
from crosspan.train.token_rows import rows_of
from crosspan.train.token_training import fine_tuned

TEACHER = "teacher"
"""The folder of the teacher, below that of the student."""

_MARK = "advpicker.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvPickerReport:
    """What AdvPicker did.

    Args:
        teacher: The record of the teacher, with the course of the game.
        selection: Which sentences were kept.
        student: How the student was trained; its model is the result.
    """

    teacher: Mapping[str, Any]
    selection: Selection
    student: TokenClassifierReport

    @property
    def resumed_at(self) -> int:
        """The step of the student's training at which it went on after a kill; 0 where it began anew."""
        return self.student.resumed_at

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def train_advpicker(
    examples: Sequence[Example | Sentence],
    out: str | os.PathLike[str],
    *,
    dev: Sequence[Sentence] = (),
    options: TokenClassifierOptions,
    unlabelled: Sequence[Sentence] = (),
    adversarial: AdversarialOptions | None = None,
    picker: AdvPickerOptions | None = None,
    labels: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> AdvPickerReport:
    """Train a tagger with AdvPicker. One that was killed goes on where it was, within any of its steps.

    Args:
        examples: Labelled sentences of the source language.
        out: The folder of the student; the teacher stays in its folder ``teacher``.
        dev: Sentences of the *source* language with right labels; they choose the weights of teacher and student.
        options: How both are trained.
        unlabelled: Sentences of other languages, each with its ``lang``.
        adversarial: How the teacher is; without a mode, "alternating".
        picker: How sentences are picked.
        labels: The kinds of entity to learn; by default those that occur.
        about: More to be written into the student's record.
        threads: Threads to use on a CPU; all cores by default.
        progress: Told how far each step is (:mod:`crosspan.core.progress`), and of the losses and scores of trainings.

    Raises:
        OptionError: See :func:`crosspan.train.token_classifier.train_token_classifier`; the dev sentences must not be
            of the target.
        EmptyInputError: There is nothing to learn from.
        ModelError: The encoder cannot be loaded, or a loss is not a number.
        OutputError: The folder holds something else.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    folder = Path(out)
    picker = picker or AdvPickerOptions()
    adversarial = adversarial or AdversarialOptions()
    adversarial = replace(
        adversarial, mode=adversarial.mode if adversarial.mode != "none" else "alternating", keep=True
    )
    if options.dev_is_target:
        raise OptionError(
            "AdvPicker is zero-shot transfer, and its dev sentences would be of the target",
            hint="Give dev sentences of the source language, or none.",
        )
    data = checked_data(examples, dev, options, labels)
    text = [one for one in unlabelled if len(one)]
    check_new(folder, RECORD, (TEACHER, _MARK), reads=[options.encoder])
    processes = Processes(options.device)
    if processes.first:
        _claim(folder, _mark(data, text, options, adversarial, picker))
    processes.shared(None)
    teacher = folder / TEACHER
    if not is_finished(teacher, RECORD):
        train_token_classifier(
            data.examples,
            teacher,
            dev=data.dev,
            options=options,
            unlabelled=text,
            adversarial=adversarial,
            labels=data.labels,
            threads=threads,
            progress=_named(progress, "training the teacher"),
        )
    record: dict[str, Any] = json.loads((teacher / RECORD).read_text(encoding="utf-8"))
    lesson = _lesson(Teacher(teacher, record, options, adversarial, threads), text, picker.share, threads, progress)
    learner = replace(
        options,
        epochs=picker.epochs or options.epochs,
        learning_rate=picker.learning_rate or options.learning_rate,
        source_lang=options.source_lang or ",".join(sorted(data.sources)),
    )
    learned = replace(data, examples=lesson.examples)
    facts = {
        **learned.facts(about),
        "picker": asdict(picker),
        "selection": asdict(lesson.selection),
        "teacher": {"signature": record["signature"], "game": record["game"]},
    }
    student = _distilled(learned, lesson.probabilities, folder, learner, facts, processes, threads, progress)
    if processes.first:
        (folder / _MARK).unlink(missing_ok=True)
        _compare(record["dev"], student.dev, adversarial.tolerated)
    return AdvPickerReport(teacher=record, selection=lesson.selection, student=student)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What a student learns: the sentences that were picked, and what the teacher thinks of their words."""

    examples: tuple[Example, ...]
    probabilities: Sequence[npt.NDArray[np.float32]]
    selection: Selection


def _lesson(
    teacher: Teacher, text: Sequence[Sentence], share: float, threads: int | None, progress: Listener | None
) -> _Lesson:
    with torch_threads(threads):
        scores = teacher.scores(text, advance_of(progress, "scoring sentences"))
        kept, selection = picked(text, scores, share)
        chosen = [text[index] for index in kept]
        found = teacher.tagger.probabilities(chosen, advance=advance_of(progress, "labelling sentences"))
        spans = teacher.tagger.spans_of(found)
    examples = tuple([Example(relabel(one, its)) for one, its in zip(chosen, spans, strict=True)])
    return _Lesson(examples, found, selection)


class Distillation(TokenObjective):
    """Lets a student learn the probabilities of a teacher: mean squared error (Hinton et al. 2015)."""

    method = "advpicker"

    def word_losses(self, logits: Any, target: Any, summed: Any | None) -> Any:
        """The mean squared error of the probabilities of each word."""
        return (self.torch.softmax(logits.float(), -1) - target).square().mean(-1)


def _distilled(
    data: TrainingData,
    probabilities: Sequence[npt.NDArray[np.float32]],
    folder: Path,
    options: TokenClassifierOptions,
    facts: Mapping[str, Any],
    processes: Processes,
    threads: int | None,
    progress: Listener | None,
) -> TokenClassifierReport:
    """Train the student."""
    options, config, tokenizer = encoder_parts(options)
    rows = rows_of(tokenizer, config, data.examples, data.labels, options, probabilities)
    if not rows:
        raise EmptyInputError("there is no unlabelled sentence to learn from", hint="Give more text.")
    with torch_threads(threads):
        model = loaded(options, tokenizer, tags_of(data.labels), processes.device)
        given: dict[str, Any] = {"dev": data.dev, "labels": data.labels, "threads": threads}
        given["partial"] = trained_pieces(model, tokenizer, options, rows)
        learned = Distillation(options, rows, model, tokenizer, processes, **given)
        return fine_tuned(learned, folder, facts, _named(progress, "training the student"))


def _claim(folder: Path, mark: str) -> None:
    """Write down which training a folder is of, or raise if it is another one."""
    path = folder / _MARK
    if path.is_file():
        try:
            known = parse_json(path.read_bytes())["mark"]
        except (ValueError, LookupError, TypeError):
            known = None
        if known != mark:
            raise OutputError(
                "the folder holds a training of other data or settings",
                where=str(folder),
                hint="Use the same data and settings to go on with it, or name another folder.",
            )
        return
    if (folder / TEACHER).exists():
        raise OutputError(
            "the folder holds something else", where=str(folder / TEACHER), hint="Name a folder that is new."
        )
    make_folder(folder)
    with open_output(path) as stream:
        stream.write(json.dumps({"mark": mark}) + "\n")


def _mark(
    data: TrainingData,
    text: Sequence[Sentence],
    options: TokenClassifierOptions,
    adversarial: AdversarialOptions,
    picker: AdvPickerOptions,
) -> str:
    fixed = {name: value for name, value in asdict(options).items() if name not in ("device", "save_every")}
    settings = [fixed, asdict(adversarial), asdict(picker), data.labels]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for one in data.examples:
        digest.update(repr(one).encode())
    for sentence in (*data.dev, *text):
        digest.update(repr((sentence.tokens, sentence.spans, sentence.lang)).encode())
    return digest.hexdigest()


def _named(progress: Listener | None, stage: str) -> Listener | None:
    """The same listener, told of a training under another name."""
    return None if progress is None else (lambda event: progress(replace(event, stage=stage)))


def _compare(teacher: Mapping[str, float] | None, student: Mapping[str, float] | None, tolerated: float) -> None:
    """Warn of a student that has lost more than a share of what its teacher finds in the source language."""
    if teacher is None or student is None or student["f1"] >= (1.0 - tolerated) * teacher["f1"]:
        return
    warn(
        f"F1 of the student on the dev sentences is {student['f1']:.3f}, and that of its teacher {teacher['f1']:.3f}: "
        f"let it learn longer (picker.epochs), or use the teacher, which is in the folder {TEACHER}",
        NothingLearned,
        stacklevel=3,
    )
