"""Writes a fine-tuned tagger as ONNX, for machines without PyTorch, and compares it with the one it was made from.

The model in ONNX reads any number of sentences of any length. It gets its name only after it gave, for sentences of
all lengths, the probabilities of the model in PyTorch.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from crosspan import __version__
from crosspan.core.digests import file_digest
from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError, UnavailableError
from crosspan.core.folders import atomic_folder
from crosspan.core.progress import Listener, advance_of
from crosspan.core.threads import torch_threads
from crosspan.core.types import Sentence
from crosspan.models.loading import neural
from crosspan.models.pieces import pieces_of
from crosspan.tag.onnx import EXTRA, MODEL, OnnxTagger, OnnxTaggerOptions
from crosspan.tag.transformers import TransformersTagger

RECORD = "export.json"
"""What an exported model was made from, and how near it is to it."""

TOLERANCE = 1e-3
"""Most that a probability may differ."""

TOLERANCE_INT8 = 0.25
"""The same where weights are kept in a byte each."""

OPSET = 17
"""The version of ONNX's operators: the first with layer normalization."""

_WHO = "an export to ONNX"
_NO_ROOM = "Make room for it."
_LONGEST_CHECKED = 1_024
_LARGEST_FILE = 1_900_000_000
"""Bytes of weights above which they lie in a file beside the model: one of ONNX ends at two gigabytes."""
_KEPT = ("training.json",)


@dataclass(slots=True, kw_only=True)
class ExportReport:
    """What was written, and how near it is to the model in PyTorch.

    Args:
        folder: Where it is; ``load_tagger(f"onnx:{folder}")`` loads it.
        int8: Whether weights are kept in a byte each.
        size: Bytes of the model.
        sentences: Sentences that both models labelled.
        words: Their words.
        largest: The largest difference of two probabilities of a tag at a word.
        mean: The mean difference.
        same_tags: Share of words whose most probable tag is the same.
        tolerance: What ``largest`` may be.
        rejected: Always 0; summaries of commands have it.
    """

    folder: str
    int8: bool
    size: int
    sentences: int
    words: int
    largest: float
    mean: float
    same_tags: float
    tolerance: float
    rejected: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found = asdict(self)
        del found["rejected"]
        return found


def export_onnx(
    model: str | os.PathLike[str],
    out: str | os.PathLike[str],
    samples: Sequence[Sentence],
    *,
    int8: bool = False,
    tolerance: float | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
    **settings: Any,
) -> ExportReport:
    """Write a token-classification model as ONNX.

    Args:
        model: Name on the hub, or a folder.
        out: The folder of what is written; it must be new. It appears complete.
        samples: Sentences that both models label, to compare them. One as long as the model reads is added.
        int8: Keep weights in a byte each (dynamic quantization): a quarter of the size, faster on most processors, and
            not quite the same probabilities.
        tolerance: Most that a probability may differ; by default :data:`TOLERANCE`, or :data:`TOLERANCE_INT8`.
        threads: Threads to use; all cores by default.
        progress: Told how far the work is.
        settings: How words are labelled where both are compared, such as ``words`` or ``labels``; see
            :class:`~crosspan.tag.onnx.OnnxTaggerOptions`.

    Raises:
        MissingDependencyError: ``crosspan[onnx]`` or ``crosspan[neural]`` is not installed.
        ModelError: There is no such model, it cannot be written as ONNX, or what came out differs too much.
        EmptyInputError: There is no sentence to compare with.
        OptionError: The tolerance, or a setting, is none.
        OutputError: The folder holds something, or cannot be written.
    """
    folder = Path(out)
    name = os.fspath(model)
    allowed = (TOLERANCE_INT8 if int8 else TOLERANCE) if tolerance is None else tolerance
    if not 0.0 < allowed <= 1.0:
        raise OptionError(f"tolerance is {allowed}", hint="It is a difference of probabilities: above 0, at most 1.")
    sentences = [one for one in samples if len(one)]
    if not sentences:
        raise EmptyInputError("there is no sentence to compare the models with", hint="Give some text.")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise OutputError("there is something already", where=str(folder), hint="Name a folder that is new.")
    for package in ("onnx", "onnxruntime"):
        neural(_WHO, package, EXTRA)
    neural(_WHO, "torch")
    step = advance_of(progress, "export")
    tagger = TransformersTagger(name, threads=threads, device="cpu", dtype="float32", **settings)
    with atomic_folder(folder, what="the model", hint=_NO_ROOM) as scratch:
        step(0, 2)
        with torch_threads(threads):
            _write(tagger, scratch, int8)
        step(1, 2)
        tagger._model.config.save_pretrained(scratch)
        tagger._tokenizer.save_pretrained(scratch)
        found = _compared(tagger, scratch, sentences, threads, progress, settings)
        size = sum(path.stat().st_size for path in scratch.glob(f"{MODEL}*"))
        report = ExportReport(folder=str(folder), int8=int8, size=size, tolerance=allowed, **found)
        _check(report, name)
        _describe(name, scratch, report)
    step(2, 2)
    return report


def _write(tagger: TransformersTagger, folder: Path, int8: bool) -> None:
    """Write the model alone."""
    torch = neural(_WHO, "torch")
    network = tagger._model

    class Tags(torch.nn.Module):  # type: ignore[misc, name-defined]
        """The model with inputs and output in a fixed order."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.network(input_ids=input_ids, attention_mask=attention_mask).logits

    # two rows, one of them padded, so that no part of the model that such rows need is left out
    ids = torch.tensor([[5, 6, 7, 8, 9, 10, 11, 12], [5, 6, 7, 8, 9, 0, 0, 0]]) % tagger._model.config.vocab_size
    mask = torch.tensor([[1] * 8, [1] * 5 + [0] * 3])
    axes = {name: {0: "sentence", 1: "piece"} for name in ("input_ids", "attention_mask", "logits")}
    raw = folder / "raw"
    raw.mkdir()
    with _quiet(), _readable_errors(tagger.name):
        torch.onnx.export(
            Tags().eval(), (ids, mask), str(raw / MODEL), input_names=["input_ids", "attention_mask"],
            output_names=["logits"], dynamic_axes=axes, opset_version=OPSET, dynamo=False,
        )  # fmt: skip
        weights = sum(value.numel() * 4 for value in network.parameters())
        if int8:
            _quantize(raw / MODEL, folder / MODEL, large=weights / 4 > _LARGEST_FILE)
        elif weights > _LARGEST_FILE:  # the exporter then writes a file for each matrix
            onnx = neural(_WHO, "onnx", EXTRA)
            onnx.save_model(
                onnx.load(raw / MODEL), folder / MODEL, save_as_external_data=True, location=f"{MODEL}.data"
            )
        else:
            os.replace(raw / MODEL, folder / MODEL)
    shutil.rmtree(raw)


def _quantize(source: Path, target: Path, *, large: bool) -> None:
    """Keep matrices in a byte a value, with a scale for each column; numbers between layers are scaled as they come."""
    import logging

    tools = neural(_WHO, "onnxruntime.quantization", EXTRA)
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)  # it advises on the root logger
    try:
        tools.quantize_dynamic(
            source, target, weight_type=tools.QuantType.QInt8, per_channel=True, use_external_data_format=large
        )
    finally:
        logger.setLevel(before)


def _compared(
    tagger: TransformersTagger,
    folder: Path,
    samples: Sequence[Sentence],
    threads: int | None,
    progress: Listener | None,
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Let both models label the samples; give how they differ."""
    sentences = [*samples, _long(tagger, samples)]
    with _readable_errors(tagger.name):
        other = OnnxTagger(folder, threads=threads, options=OnnxTaggerOptions(), **settings)
    steps = 2 * len(sentences)

    step = advance_of(progress, "comparison")

    def told(done: int, total: int, begin: int = 0) -> None:
        step(begin + done * len(sentences) // total, steps)

    ours = np.concatenate(tagger.probabilities(sentences, advance=told))
    theirs = np.concatenate(
        other.probabilities(sentences, advance=lambda done, total: told(done, total, len(sentences)))
    )
    apart = np.abs(ours.astype(np.float64) - theirs)
    same = ours.argmax(axis=1) == theirs.argmax(axis=1)
    return {
        "sentences": len(sentences),
        "words": len(ours),
        "largest": float(apart.max()),
        "mean": float(apart.mean()),
        "same_tags": float(same.mean()),
    }


def _long(tagger: TransformersTagger, samples: Sequence[Sentence]) -> Sentence:
    """A sentence that fills what the model reads at once, and a little more, made of the words of the samples."""
    words = [word for one in samples for word in one.tokens]
    wanted = min(tagger._longest, _LONGEST_CHECKED)
    counts = np.bincount(pieces_of(tagger._tokenizer, [words])[0].word, minlength=len(words))
    repeats = wanted // int(counts.sum()) + 1
    enough = int(np.searchsorted(np.cumsum(np.tile(counts, repeats)), wanted, side="right")) + 1
    return Sentence(tuple((words * repeats)[:enough]))


def _check(report: ExportReport, name: str) -> None:
    if report.largest <= report.tolerance:
        return
    hint = "Take the model as it is, with transformers:."
    if report.int8:
        hint = f"{report.same_tags:.1%} of the words keep their tag. Export it without int8, or allow more (tolerance)."
    raise ModelError(
        f"the model in ONNX gives other probabilities than the one in PyTorch: they differ by up to "
        f"{report.largest:.2g} ({report.mean:.2g} in the mean), and {report.tolerance:g} is allowed",
        where=name,
        hint=hint,
    )


def _describe(name: str, folder: Path, report: ExportReport) -> None:
    """Write the record and the card; what the model came with stays in both."""
    source = Path(name)
    for kept in _KEPT:
        if (source / kept).is_file():
            shutil.copyfile(source / kept, folder / kept)
    record = {
        "crosspan": __version__,
        "model": PurePath(name).name or name,
        "weights": {path.name: file_digest(path) for path in sorted(source.glob("*.safetensors"))},
        "opset": OPSET,
        "versions": {one: str(neural(_WHO, one).__version__) for one in ("torch", "transformers", "onnx")},
        **{key: value for key, value in report.to_dict().items() if key != "folder"},
    }
    text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
    (folder / RECORD).write_text(text + "\n", encoding="utf-8")
    card = f"# {record['model']}\n"
    with suppress(OSError, UnicodeDecodeError):
        card = (source / "README.md").read_text(encoding="utf-8").replace('"transformers:FOLDER"', '"onnx:FOLDER"')
    (folder / "README.md").write_text(f"{card.rstrip()}\n\n{card_section(record)}", encoding="utf-8")


def card_section(record: Mapping[str, Any]) -> str:
    """What the card of an exported model says of the export, as Markdown.

    Example:
        >>> record = {"model": "tagger", "int8": False, "sentences": 9, "words": 100, "largest": 2e-6, "mean": 1e-7,
        ...           "same_tags": 1.0, "opset": 17}
        >>> card_section(record).splitlines()[2]
        'The weights of `tagger`, in ONNX (opset 17). `crosspan tag --tagger onnx:FOLDER` runs it without PyTorch.'
    """
    kind = "ONNX with matrices in int8 (dynamic quantization)" if record["int8"] else "ONNX"
    return (
        "## ONNX\n\n"
        f"The weights of `{record['model']}`, in {kind} (opset {record['opset']}). "
        "`crosspan tag --tagger onnx:FOLDER` runs it without PyTorch.\n\n"
        f"Compared with the model in PyTorch on {record['sentences']} sentences of {record['words']} words: "
        f"probabilities of tags differ by up to {record['largest']:.2g}, {record['mean']:.2g} in the mean; "
        f"{record['same_tags']:.2%} of the words have the same most probable tag.\n"
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings and lines of other libraries: what matters is checked here, by comparison."""
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _readable_errors(name: str) -> Iterator[None]:
    """Turn what the exporter raises into one clear error."""
    try:
        yield
    except (ModelError, OptionError, UnavailableError, OSError, MemoryError):
        raise
    except Exception as error:  # whatever a model does that the exporter does not know
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")
        raise ModelError(
            f"the model cannot be written as ONNX ({first})", where=name, hint="Use it as it is, with transformers:."
        ) from error
