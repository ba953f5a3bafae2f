"""Taggers in ONNX, run on a CPU by ONNX Runtime and without PyTorch. Needs ``crosspan[onnx]``.

``crosspan export`` makes them of fine-tuned taggers (:mod:`crosspan.tag.onnx_export`). Words, windows, decoding and
probabilities are those of :mod:`crosspan.tag.word_classifier`.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.options import with_settings
from crosspan.core.threads import Home
from crosspan.models.loading import check_rows, load_config, neural
from crosspan.models.pieces import word_tokenizer
from crosspan.tag.word_classifier import Float32Array, Int64Array, WordClassifier, WordClassifierOptions

MODEL = "model.onnx"
EXTRA = "onnx"
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnnxTaggerOptions(WordClassifierOptions):
    """How a token-classification model in ONNX labels words.

    Args:
        model: The folder of the model.
        words, labels, others, needed, scheme, overlap, budget: See
            :class:`~crosspan.tag.word_classifier.WordClassifierOptions`.

    Raises:
        OptionError: A value is outside what it can be.
    """


class OnnxTagger(WordClassifier):
    """A :class:`~crosspan.tag.Tagger` that is a token-classification model in ONNX; see its base class.

    Args:
        model: The folder: ``model.onnx``, ``config.json`` and the tokenizer.
        threads: Threads to use; all cores by default.
        options: How it labels words.
        settings: Single options by name; they go before ``options``.

    Raises:
        MissingDependencyError: ``crosspan[onnx]`` is not installed.
        ModelError: There is no such model, it is damaged, asks for other things than pieces, does not name its labels,
            or lacks one that is needed.
        OptionError: An option is unknown or has a value that it cannot take.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: OnnxTaggerOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or OnnxTaggerOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        name = self.options.model
        if not name:
            raise OptionError("no model is named", hint="Give the folder that crosspan export wrote.")
        neural("this tagger", "onnxruntime", EXTRA)
        neural("this tagger", "transformers", EXTRA)  # for its tokenizers
        _check_files(Path(name))
        config = load_config(name)
        super().__init__(self.options, config, word_tokenizer(name, config), threads)
        check_rows(self._tokenizer, int(config.vocab_size), name)
        self._session = _session(Path(name), threads)
        self._home = Home("the tagger")
        self._types = self._asks_for_types()

    def _asks_for_types(self) -> bool:
        """Check that the model takes and gives what is expected; tell whether it wants kinds of pieces as well."""
        wanted = [one.name for one in self._session.get_inputs()]
        if not {*_INPUTS[:2]} <= {*wanted} <= {*_INPUTS}:
            raise ModelError(
                f"the model asks for {', '.join(wanted)}, not for pieces and their mask alone",
                where=self.name,
                hint="Export it again with crosspan export.",
            )
        shape = self._session.get_outputs()[0].shape
        if len(shape) != 3 or (isinstance(shape[2], int) and shape[2] != self._n_tags):
            raise ModelError(
                f"the model gives values of the shape {shape}, and config.json names {self._n_tags} tags",
                where=self.name,
                hint="The files do not belong together: export the model again.",
            )
        return "token_type_ids" in wanted

    def _at_work(self) -> AbstractContextManager[None]:
        self._home.check()
        return nullcontext()  # a session has its threads from the beginning

    def _computed(self, ids: Int64Array, mask: Int64Array, row: Int64Array, at: Int64Array) -> Float32Array:
        given = {"input_ids": ids, "attention_mask": mask}
        if self._types:
            given["token_type_ids"] = np.zeros_like(ids)
        try:
            logits = self._session.run(None, given)[0][row, at].astype(np.float32)
        except Exception as error:  # its errors share no class
            if "alloc" in str(error).lower():
                raise MemoryError(str(error)) from error
            raise ModelError(
                f"ONNX Runtime failed ({_first_line(error)})", where=self.name, hint="Export the model again."
            ) from error
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        found: Float32Array = powers / powers.sum(axis=-1, keepdims=True)
        return found


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError("there is no such folder", where=str(folder), hint="Make it with crosspan export.")
    if not (folder / MODEL).is_file():
        raise ModelError(
            f"the folder holds no {MODEL}", where=str(folder), hint=f"Make one: crosspan export {folder} --out FOLDER."
        )


def _session(folder: Path, threads: int | None) -> Any:
    runtime = neural("this tagger", "onnxruntime", EXTRA)
    how = runtime.SessionOptions()
    how.intra_op_num_threads = threads or 0
    how.log_severity_level = 3  # errors; what it would warn of is its own business
    try:
        return runtime.InferenceSession(str(folder / MODEL), how, providers=["CPUExecutionProvider"])
    except Exception as error:  # a damaged file brings about whatever its parts do
        if "alloc" in str(error).lower():
            raise ModelError(
                "memory is too small for the model", where=str(folder), hint="Use a smaller one, or one in int8."
            ) from error
        raise ModelError(
            f"{MODEL} cannot be loaded ({_first_line(error)})", where=str(folder), hint="Export the model again."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")
