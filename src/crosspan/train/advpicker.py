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
from crosspan.core.types import Sentence
from crosspan.models.batching import in_batches
from crosspan.models.device import Placement
from crosspan.models.loading import load_model, neural
from crosspan.models.processes import Processes
from crosspan.models.saving import PART, check_new
from crosspan.models.threads import torch_threads
from crosspan.tag.crf import relabel, tags_of
from crosspan.tag.transformers import TransformersTagger, TransformersTaggerOptions
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.adversarial_text import TextRow, judged, text_rows
from crosspan.train.adversary import body_of, discriminator_of
from crosspan.train.examples import Example
from crosspan.train.model_card import RECORD
from crosspan.train.token_classifier import encoder_parts, train_token_classifier
from crosspan.train.token_data import TrainingData, checked_data
from crosspan.train.token_game import DISCRIMINATOR_FILE
from crosspan.train.token_loop import Training
from crosspan.train.token_model import loaded
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import WHO, StageProgress, TokenClassifierReport
from crosspan.train.token_rows import rows_of
from crosspan.train.token_step import TaskStep

TEACHER = "teacher"
"""The folder of the teacher, below that of the student."""

_MARK = "advpicker.json"
_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvPickerOptions:
    """How sentences are picked, and how the student learns from them.

    Args:
        share: Share of the unlabelled sentences of each language that the student learns from.
        epochs: How often the student goes through them; 0 is as often as the teacher through its own.
        learning_rate: The student's; 0 is the teacher's.

    Raises:
        OptionError: A value is out of range.
    """

    share: float = 0.8
    epochs: int = 0
    learning_rate: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise OptionError(f"picker.share is {self.share}", hint="Use a share above 0 and up to 1, such as 0.8.")
        for name in ("epochs", "learning_rate"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise OptionError(f"picker.{name} is {getattr(self, name)}", hint="Use 0 or more.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which sentences were kept.

    Args:
        given: Unlabelled sentences of each language.
        kept: How many of them were kept.
        quantiles: Scores of each language at 0, 25, 50, 75 and 100 percent.
        lowest: The lowest score that was kept of each language.
        source: The mean probability that a sentence of each language is of the source.
    """

    given: Mapping[str, int]
    kept: Mapping[str, int]
    quantiles: Mapping[str, tuple[float, ...]]
    lowest: Mapping[str, float]
    source: Mapping[str, float]


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

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def train_advpicker(
    examples: Sequence[Example | Sentence],
    unlabelled: Sequence[Sentence],
    out: str | os.PathLike[str],
    *,
    dev: Sequence[Sentence] = (),
    options: TokenClassifierOptions,
    adversarial: AdversarialOptions | None = None,
    picker: AdvPickerOptions | None = None,
    labels: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: StageProgress | None = None,
) -> AdvPickerReport:
    """Train a tagger with AdvPicker. One that was killed goes on where it was, within any of its steps.

    Args:
        examples: Labelled sentences of the source language.
        unlabelled: Sentences of other languages, each with its ``lang``.
        out: The folder of the student; the teacher stays in its folder ``teacher``.
        dev: Sentences of the *source* language with right labels; they choose the weights of teacher and student.
        options: How both are trained.
        adversarial: How the teacher is; without a mode, "alternating".
        picker: How sentences are picked.
        labels: The kinds of entity to learn; by default those that occur.
        about: More to be written into the student's record.
        threads: Threads to use on a CPU; all cores by default.
        progress: Called with ``(stage, done, total)``.

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
    check_new(folder, RECORD, (TEACHER, _MARK))
    processes = Processes(options.device)
    if processes.first:
        _claim(folder, _mark(data, text, options, adversarial, picker))
    processes.shared(None)
    teacher = folder / TEACHER
    if not (teacher / RECORD).is_file():
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
    with torch_threads(threads):
        taught = _Teacher(teacher, record, options, adversarial, threads)
        scores = taught.scores(text, _named(progress, "scoring sentences"))
        kept, selection = picked(text, scores, picker.share)
        chosen = [text[index] for index in kept]
        probabilities = taught.tagger.probabilities(chosen, advance=_advance(progress, "labelling sentences"))
        spans = taught.tagger.spans_of(probabilities)
        del taught
    learner = replace(
        options,
        epochs=picker.epochs or options.epochs,
        learning_rate=picker.learning_rate or options.learning_rate,
        source_lang=options.source_lang or ",".join(sorted(data.sources)),
    )
    labelled = tuple(Example(relabel(one, found)) for one, found in zip(chosen, spans, strict=True))
    learned = replace(data, examples=labelled)
    facts = {
        **learned.facts(about),
        "picker": asdict(picker),
        "selection": asdict(selection),
        "teacher": {"signature": record["signature"], "game": record["game"]},
    }
    student = _distilled(learned, probabilities, folder, learner, facts, processes, threads, progress)
    if processes.first:
        (folder / _MARK).unlink(missing_ok=True)
    return AdvPickerReport(teacher=record, selection=selection, student=student)


def picked(
    sentences: Sequence[Sentence], source: Float64Array, share: float
) -> tuple[npt.NDArray[np.int64], Selection]:
    """Choose the sentences that are least clearly of one side.

    Args:
        sentences: Each with its language.
        source: The probability that each is of the source, ``[n]``.
        share: How many to keep of each language.

    Returns:
        Indices of those kept, ascending, and what was chosen.

    Example:
        >>> text = [Sentence(("a",), lang="sw")] * 4
        >>> kept, selection = picked(text, np.array([0.1, 0.5, 0.9, 0.6]), 0.5)
        >>> kept.tolist(), selection.kept, selection.lowest
        ([1, 3], {'sw': 2}, {'sw': 0.9})
    """
    scores = 1.0 - np.abs(source - 0.5)
    langs = np.array([str(one.lang) for one in sentences])
    kept: list[int] = []
    given, counts, quantiles, lowest, means = {}, {}, {}, {}, {}
    for lang in sorted({*langs.tolist()}):
        mine = np.flatnonzero(langs == lang)
        count = max(1, round(share * len(mine)))
        best = mine[np.argsort(-scores[mine], kind="stable")[:count]]
        kept += best.tolist()
        given[lang], counts[lang] = len(mine), count
        quantiles[lang] = tuple(round(float(q), 6) for q in np.quantile(scores[mine], _QUANTILES))
        lowest[lang] = round(float(scores[best].min()), 6)
        means[lang] = round(float(source[mine].mean()), 6)
    return np.array(sorted(kept), np.int64), Selection(
        given=given, kept=counts, quantiles=quantiles, lowest=lowest, source=means
    )


class _Teacher:
    """A trained teacher with its discriminator."""

    def __init__(
        self,
        folder: Path,
        record: Mapping[str, Any],
        options: TokenClassifierOptions,
        adversarial: AdversarialOptions,
        threads: int | None,
    ) -> None:
        self.torch = neural(WHO, "torch")
        self.adversarial = adversarial
        self.options, self.config, self.tokenizer = encoder_parts(replace(options, encoder=str(folder)))
        placement = Placement(device=options.device, dtype="float32")
        self.model = load_model(folder, "AutoModelForTokenClassification", placement=placement)
        self.device = next(self.model.parameters()).device
        how = TransformersTaggerOptions(model=str(folder), words=options.words, overlap=options.overlap)
        self.tagger = TransformersTagger.around(self.model, self.tokenizer, how, threads)
        self.classes = list(record["game"]["classes"])
        width = int(body_of(self.model).config.hidden_size)
        self.discriminator = discriminator_of(width, adversarial.hidden, len(self.classes), 0, self.device)
        weights = neural(WHO, "safetensors.torch").load_file(folder / DISCRIMINATOR_FILE)
        self.discriminator.load_state_dict(weights)

    def scores(self, sentences: Sequence[Sentence], progress: StageProgress | None) -> Float64Array:
        """The probability that each sentence is of the source, the mean over its pieces."""
        others = {str(one.lang) for one in sentences}
        source = [at for at, name in enumerate(self.classes) if name not in others and name != "other"]
        cut = text_rows(self.tokenizer, self.config, sentences, 0, self.options)
        rows = [row for one in cut for row in one]
        owner = np.repeat(np.arange(len(cut)), [len(one) for one in cut])
        body, pad = body_of(self.model), int(self.tokenizer.pad_token_id or 0)

        def there(array: npt.NDArray[Any]) -> Any:
            return self.torch.from_numpy(array).to(self.device)

        def compute(batch: npt.NDArray[np.int64]) -> list[float]:
            chosen: list[TextRow] = [rows[index] for index in batch.tolist()]
            with self.torch.inference_mode():
                vectors, _ = judged(body, chosen, self.adversarial, pad, there)
                found = self.torch.softmax(self.discriminator(vectors).double(), -1)[:, source].sum(-1).cpu().numpy()
            if self.adversarial.level == "sentence":
                return [float(p) for p in found]
            ends = np.cumsum([row.end - row.begin for row in chosen])[:-1]
            return [float(part.mean()) for part in np.split(found, ends)]

        advance = None if progress is None else (lambda done, total: progress("", done, total))
        found = in_batches([len(row.ids) for row in rows], compute, budget=8_192, what="windows", advance=advance)
        size = np.array([row.end - row.begin for row in rows], float)
        sums = np.bincount(owner, weights=np.array(found) * size, minlength=len(cut))
        return np.asarray(sums / np.bincount(owner, weights=size, minlength=len(cut)), np.float64)


class DistilStep(TaskStep):
    """Steps in which a student learns the probabilities of a teacher: mean squared error (Hinton et al. 2015)."""

    method = "advpicker"

    def losses(self, logits: Any, target: Any, summed: Any | None) -> Any:
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
    progress: StageProgress | None,
) -> TokenClassifierReport:
    """Train the student."""
    options, config, tokenizer = encoder_parts(options)
    rows = rows_of(tokenizer, config, data.examples, data.labels, options, probabilities)
    if not rows:
        raise EmptyInputError("there is no unlabelled sentence to learn from", hint="Give more text.")
    with torch_threads(threads):
        model = loaded(options, tokenizer, tags_of(data.labels), processes.device)
        steps = DistilStep(options, rows, model, tokenizer, processes)
        training = Training(steps, data.dev, data.labels, tokenizer, folder, facts, threads)
        return training.run(_named(progress, "training the student"))


def _claim(folder: Path, mark: str) -> None:
    """Write down which training a folder is of, or raise if it is another one."""
    path = folder / _MARK
    if path.is_file():
        try:
            known = json.loads(path.read_text(encoding="utf-8"))["mark"]
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f"{PART}.{_MARK}"
        scratch.write_text(json.dumps({"mark": mark}) + "\n", encoding="utf-8")
        os.replace(scratch, path)
    except OSError as error:
        raise OutputError(
            f"the folder cannot be written ({error.strerror})", where=str(folder), hint="Make room, or name another."
        ) from error


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


def _named(progress: StageProgress | None, name: str) -> StageProgress | None:
    """The same progress under the name of a step."""
    return None if progress is None else (lambda stage, done, total: progress(name, done, total))


def _advance(progress: StageProgress | None, name: str) -> Any:
    return None if progress is None else (lambda done, total: progress(name, done, total))
