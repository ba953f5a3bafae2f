"""Translation with CTranslate2: the same models as with ``transformers``, several times faster, and in less memory.

A checkpoint is converted on first use and kept. On a CPU its weights are in 8 bits, on a GPU in 16.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.json_text import parse_json
from crosspan.core.options import Above, AtLeast, OneOf, checked, with_settings
from crosspan.core.threads import Home, torch_threads
from crosspan.models.device import note_gpu
from crosspan.models.loading import load_tokenizer, neural
from crosspan.translate import Advance, Translation
from crosspan.translate.checkpoint import CheckpointTranslator
from crosspan.translate.conversion import ABOUT, EXTRA, TOKENIZER, converted
from crosspan.translate.families import Int32Array, ModelFamily
from crosspan.translate.preparation import (
    longest_source,
    quiet_warnings,
    scored,
)
from crosspan.translate.soundness import TOO_LONG

PRECISIONS = (
    "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16", "float32",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CTranslate2Options:
    """Settings of :class:`CTranslate2Translator`.

    Args:
        model: Name of the model on the hub, its folder, or the folder of a converted model.
        device: Where it runs: auto takes a GPU where there is one; else cpu, cuda, cuda:1.
        dtype: Its precision: auto is int8 on a CPU and float16 on a GPU; else int8, int8_float32, int8_float16, int16,
            float16, bfloat16 or float32.
        beams: Translations that are kept in mind at each step; 1 takes the most probable piece each time.
        length_penalty: Above 1 prefers longer translations, below 1 shorter ones.
        no_repeat: No sequence of so many pieces may occur twice in a translation; 0 allows all.
        repetition_penalty: Above 1 makes pieces that were used already less probable.
        max_ratio: A translation may have at most so many pieces for each piece of its source, and 16 more.
        budget: Most pieces of a batch, padding included.
        prefix: For T5 and its kin: a phrase before each text, such as "translate {source} to {target}: ".
        tokenizer: Name or folder of the tokenizer, for the folder of a converted model that has none.
        cache: Folder where converted models are kept; that of the user by default.

    Raises:
        OptionError: A setting cannot have its value.
    """

    model: str = ""
    device: str = "auto"
    dtype: Annotated[str, OneOf(PRECISIONS)] = "auto"
    beams: Annotated[int, AtLeast(1)] = 4
    length_penalty: float = 1.0
    no_repeat: Annotated[int, AtLeast(0)] = 0
    repetition_penalty: Annotated[float, Above(0)] = 1.0
    max_ratio: Annotated[float, Above(0)] = 3.0
    budget: Annotated[int, AtLeast(1)] = 4_096
    prefix: str = ""
    tokenizer: str = ""
    cache: str = ""

    def __post_init__(self) -> None:
        checked(self)


class CTranslate2Translator(CheckpointTranslator):
    """A :class:`~crosspan.translate.ScoringTranslator` that runs a model with CTranslate2.

    Args:
        model: Name on the hub, a folder, or the folder of a converted model.
        threads: Threads of a CPU to use; all cores by default.
        options: Settings; ``model`` above comes first where both name one.
        settings: Single settings by name, instead of ``options``.

    Raises:
        MissingDependencyError: ``crosspan[ctranslate2]`` is not installed; or, for a model that was not converted yet,
            ``crosspan[neural]``.
        ModelError: The model cannot be loaded or converted.
        OptionError: There is no such setting, device or precision.
    """

    fixed = frozenset({"model", "device", "dtype", "prefix", "tokenizer", "cache"})
    options: CTranslate2Options

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: CTranslate2Options | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or CTranslate2Options(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        self.name = self.options.model
        if not self.name:
            raise OptionError("no model is named", hint="Give the name of a model on the hub, or its folder.")
        package = neural("the translator ctranslate2", "ctranslate2", EXTRA)
        device, index = _device(package, self.options.device)
        precision = _precision(package, device, self.options.dtype)
        self.folder = converted(self.name, precision, self.options.cache)
        with quiet_warnings():
            self.tokenizer = _tokenizer(self.folder, self.options.tokenizer)
        self.family = ModelFamily(self.tokenizer, name=self.name, prefix=self.options.prefix)
        self.longest, self.longest_target = _limits(self.folder, self.tokenizer)
        self._home = Home("the translator")
        try:
            with torch_threads():  # CTranslate2 sets the threads of the whole process while it loads
                self.network = package.Translator(
                    str(self.folder), device, device_index=index, compute_type=precision, intra_threads=threads or 0
                )
        except (RuntimeError, ValueError) as error:
            first = str(error).strip().splitlines()[0].strip(" .")
            raise ModelError(
                f"CTranslate2 cannot load the model ({first})",
                where=str(self.folder),
                hint="Remove that folder, so that the model is converted again.",
            ) from error

    def _at_work(self) -> AbstractContextManager[Any]:
        self._home.check()
        return nullcontext()

    def score_ids(
        self, sources: Sequence[Int32Array], targets: Sequence[Int32Array], advance: Advance | None = None
    ) -> npt.NDArray[np.float64]:
        """Like :meth:`score`, for pieces as :meth:`source_ids` and :meth:`target_ids` give them."""
        self._home.check()
        before = self._tokens(sources)
        after = self._tokens([row[:-1] for row in targets])  # the end is added there
        n_given = self.family.n_given

        def compute(chosen: list[int]) -> list[float]:
            found = self.network.score_batch(
                [before[at] for at in chosen], [after[at] for at in chosen], max_input_length=0
            )
            return [float(np.mean(one.log_probs[n_given:])) for one in found]

        return scored(before, after, compute, budget=self.options.budget, advance=advance)

    def _translated(self, rows: Sequence[Int32Array], given: Sequence[int], limit: int) -> list[Translation]:
        options = self.options
        found = self.network.translate_batch(
            self._tokens(rows),
            self._tokens([given]) * len(rows) if given else None,
            beam_size=options.beams,
            length_penalty=options.length_penalty,
            repetition_penalty=options.repetition_penalty,
            no_repeat_ngram_size=options.no_repeat,
            max_input_length=0,
            max_decoding_length=limit + len(given) + 1,
            min_decoding_length=0,
            return_end_token=True,
            return_scores=True,
        )
        end = self.tokenizer.eos_token
        results = []
        for one in found:
            tokens = one.hypotheses[0]
            score = _mean(one.scores[0], len(tokens), len(given), options.length_penalty)
            ended = bool(tokens) and tokens[-1] == end
            pieces = tokens[len(given) : -1] if ended else tokens[len(given) :]
            problem = None if ended else TOO_LONG
            text = self.family.text_of(self.tokenizer.convert_tokens_to_ids(pieces))
            results.append(Translation(text, score, problem))
        return results

    def _tokens(self, rows: Sequence[Sequence[int] | Int32Array]) -> list[list[str]]:
        return [self.tokenizer.convert_ids_to_tokens([int(piece) for piece in row]) for row in rows]


def _mean(score: float, n_tokens: int, n_given: int, penalty: float) -> float | None:
    """The mean log probability of the pieces that were not given, from the score of a search.

    The score is the sum of the log probabilities over the number of all pieces to the power of the penalty.
    """
    return float(score * n_tokens**penalty / (n_tokens - n_given)) if n_tokens > n_given else None


def _device(package: Any, asked: str) -> tuple[str, int]:
    """The device and its number, as CTranslate2 names them."""
    count = int(package.get_cuda_device_count())
    if asked == "auto":
        asked = "cuda" if count else "cpu"
    device, _, number = asked.partition(":")
    index = int(number) if number.isdecimal() else 0
    if device == "cpu" or (device == "cuda" and index < count):
        if device == "cuda":
            note_gpu("CUDA")
        return device, index
    there = ", ".join(["cpu", *(f"cuda:{one}" for one in range(count))])
    raise OptionError(f"CTranslate2 finds no device {asked!r}", hint=f"This machine has {there}.")


def _precision(package: Any, device: str, asked: str) -> str:
    """The precision that is asked for, or the one that suits the device."""
    able = sorted(package.get_supported_compute_types(device))
    if asked == "auto":
        wanted = "int8" if device == "cpu" else "float16"
        return wanted if wanted in able else "float32"
    if asked not in able:
        raise OptionError(f"{device} does not work with {asked}", hint=f"Choose one of {', '.join(able)}.")
    return asked


def _tokenizer(folder: Path, named: str) -> Any:
    """The tokenizer of a converted model: the one that is named, that was kept with it, or that lies in its folder."""
    if named:
        return load_tokenizer(named)
    try:
        return load_tokenizer(folder / TOKENIZER if (folder / TOKENIZER).is_dir() else folder)
    except ModelError as error:
        raise ModelError(
            "the converted model comes without a tokenizer",
            where=str(folder),
            hint="Name the model that it was made from with the option tokenizer.",
        ) from error


def _limits(folder: Path, tokenizer: Any) -> tuple[int, int]:
    """Most pieces that the encoder reads and that the decoder writes."""
    try:
        about = parse_json((folder / ABOUT).read_bytes())
        return int(about["longest"]), int(about["longest_target"])
    except (OSError, ValueError, KeyError, TypeError):  # converted elsewhere
        longest = longest_source(tokenizer, None)
        return longest, longest
