"""Checkpoints of ``transformers`` in the form that CTranslate2 runs: converted once, and kept.

A converted model lies in a folder of the cache whose name has a hash of the checkpoint's content, so that another
checkpoint of the same name is not taken for it. It counts only as long as it is whole.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from crosspan.core.digests import Digested, digest_of, digested, file_digest, user_cache
from crosspan.core.errors import CrosspanError, ModelError, OutputError
from crosspan.core.folders import atomic_folder, is_complete
from crosspan.core.logs import logger_of
from crosspan.models.device import Placement
from crosspan.models.loading import load_config, load_model, load_tokenizer, neural
from crosspan.translate.preparation import longest_source, longest_target, quiet_warnings

EXTRA = "ctranslate2"
ABOUT = "crosspan.json"
TOKENIZER = "tokenizer"
_VERSION = 1
"""Raised where the same checkpoint would be converted differently."""


def default_cache() -> Path:
    """``crosspan/ctranslate2`` in the user's cache folder (``XDG_CACHE_HOME``, or ``~/.cache``)."""
    return user_cache() / "ctranslate2"


def is_converted(name: str | os.PathLike[str]) -> bool:
    """Whether this is a folder that CTranslate2 can load as it is."""
    return (Path(name) / "model.bin").is_file() and not (Path(name) / "model.safetensors").exists()


def converted(name: str, quantization: str, cache: str | os.PathLike[str] = "") -> Path:
    """The folder of a model in the form that CTranslate2 runs; it is converted if that has not been done yet.

    Args:
        name: Name on the hub, a folder, or the folder of a converted model.
        quantization: How its weights are kept, such as ``"int8"``.
        cache: Where converted models are kept; :func:`default_cache` by default.

    Raises:
        MissingDependencyError: A package is not installed.
        ModelError: The model cannot be loaded, or is of a kind that CTranslate2 does not run.
        OutputError: The cache cannot be written to.
    """
    if is_converted(name):
        return Path(name)
    config = load_config(name)
    folder = Path(cache) if os.fspath(cache) else default_cache()
    shown = Path(name).name if Path(name).is_dir() else name.replace("/", "--")
    with digested() as seen:
        target = folder / f"{shown}-{quantization}-{content_key(name, config)[:16]}"
    if not is_complete(target):
        _convert(name, config, quantization, target, seen)
    return target


def content_key(name: str, config: Any) -> str:
    """A hash of all that a checkpoint is: its files, or on the hub its revision."""
    if Path(name).is_dir():
        return digest_of([_VERSION, file_digest(name)])
    return digest_of([_VERSION, name, getattr(config, "_commit_hash", None)])


def _convert(name: str, config: Any, quantization: str, target: Path, seen: Digested) -> None:
    neural("converting a model", "ctranslate2", EXTRA)
    neural("converting a model for CTranslate2", "torch")
    logger_of(__name__).info("converting %s for CTranslate2, once", name)
    try:
        with atomic_folder(target, replace=False) as folder:
            folder.rmdir()  # the converter makes it itself
            with quiet_warnings():
                tokenizer = load_tokenizer(name)
                _converter(name, tokenizer).convert(str(folder), quantization=quantization)
            tokenizer.save_pretrained(folder / TOKENIZER)
            limits = {"longest": longest_source(tokenizer, config), "longest_target": longest_target(config)}
            (folder / ABOUT).write_text(json.dumps({"model": name, "version": _VERSION, **limits}), encoding="utf-8")
            seen.check()
    except OutputError as error:
        raise OutputError(
            f"the converted model cannot be kept here ({error.message})",
            where=str(target.parent),
            hint="Free space, or name another folder as cache.",
        ) from error
    except CrosspanError:
        raise
    except Exception as error:  # whatever a converter does not understand
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")
        raise ModelError(
            f"CTranslate2 cannot convert the model ({first})", where=name, hint="Use the translator transformers."
        ) from error


def _converter(name: str, tokenizer: Any) -> Any:
    """CTranslate2's converter, which reads weights as everything here does: safetensors only, and no foreign code."""
    if getattr(tokenizer, "separate_vocabs", False):
        raise ModelError(
            "CTranslate2 does not convert models with a vocabulary for each side",
            where=name,
            hint="Use the translator transformers.",
        )
    base = neural("converting a model", "ctranslate2", EXTRA).converters.TransformersConverter

    class Converter(base):  # type: ignore[misc, valid-type]
        rows = 0

        def load_model(self, model_class: Any, model_name_or_path: str, **options: Any) -> Any:
            model = load_model(name, model_class.__name__, placement=Placement(device="cpu", dtype="float32"))
            self.rows = int(model.get_input_embeddings().weight.shape[0])
            if hasattr(model.config, "tie_word_embeddings") and "t5" in model.config.model_type:
                # the converter takes the first for the second; since transformers 5 it is always true
                model.config.tie_word_embeddings = bool(getattr(model.config, "scale_decoder_outputs", False))
            return model

        def load_tokenizer(self, tokenizer_class: Any, model_name_or_path: str, **options: Any) -> Any:
            return _WholeVocabulary(tokenizer, self.rows)

    return Converter(name)


class _WholeVocabulary:
    """A tokenizer whose vocabulary has a piece for every row of the model.

    That of M2M100 leaves its codes of languages out, and the converter numbers pieces by their order: with any left
    out, all that follow would be other pieces.
    """

    def __init__(self, tokenizer: Any, rows: int) -> None:
        self._tokenizer = tokenizer
        self.num_madeup_words = 0
        named = {index: piece for piece, index in tokenizer.get_vocab().items()}
        named |= {index: piece for piece, index in getattr(tokenizer, "lang_token_to_id", {}).items()}
        self._vocabulary = {named.get(index, f"madeupword{index}"): index for index in range(rows)}

    def get_vocab(self) -> dict[str, int]:
        """All pieces with their numbers."""
        return dict(self._vocabulary)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)
