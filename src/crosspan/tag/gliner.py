"""Taggers made with GLiNER, which finds entities of kinds that are only named to it. Needs ``crosspan[gliner]``.

GLiNER reads text and answers in characters; here it gets each sentence as it is written, and its answers become
ranges of our words (:mod:`crosspan.text.mentions`). It cuts long texts off: longer sentences are read in overlapping
windows.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import AtLeast, Within, checked, with_settings
from crosspan.core.threads import torch_threads
from crosspan.core.types import Sentence, Span
from crosspan.models.batching import in_batches
from crosspan.models.device import Placement, device_of
from crosspan.models.hub import fetching, is_path
from crosspan.models.loading import PICKLED, neural
from crosspan.models.pieces import windows_of
from crosspan.tag.crf import relabel
from crosspan.tag.decoding import ToldLabels, parsed_names
from crosspan.text.characters import encodable
from crosspan.text.detokenize import written
from crosspan.text.mentions import apart, words_touched

Float32Array = npt.NDArray[np.float32]

SMOOTHING = 0.05
"""GLiNER scores spans, not words. In :meth:`GlinerTagger.probabilities` a word of a span has its tag with the span's
score; of the rest, this share goes to all other tags in equal parts and all else to ``O``: a convention."""

FAINT = 0.1
"""Score from which a span counts in :meth:`GlinerTagger.probabilities`."""

_LONGEST = 384
_FILES = ["*.json", "*.safetensors", "*.model", "*.txt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GlinerOptions:
    """What GLiNER looks for, and how.

    Args:
        model: Name on the hub, or the folder of the model.
        labels: Kinds of entity as the model is asked for them, and what they are called here.
        threshold: Score from which a span is an entity.
        max_words: Most words that are read at once, as the model counts them; 0 is what it names itself.
        batch: Sentences at once.
        device: Where the model runs: auto, cpu, cuda, cuda:1 and so on.
        dtype: Precision of the model: auto, float32, float16 or bfloat16.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    labels: tuple[str, ...] = ("person=PER", "location=LOC", "organization=ORG")
    threshold: Annotated[float, Within(0, 1)] = 0.5
    max_words: Annotated[int, AtLeast(0)] = 0
    batch: Annotated[int, AtLeast(1)] = 16
    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        if not self.labels:
            raise OptionError("no kind of entity is named", hint="Set labels, such as person=PER,city=LOC.")
        parsed_names(self.labels)
        checked(self)
        Placement(dtype=self.dtype)


@dataclass(frozen=True, slots=True)
class _Part:
    """What is read at once of a sentence.

    It begins with the word ``first``. Spans are taken from it that begin at the words from ``keep`` to before ``stop``.
    """

    sentence: int
    text: str
    offsets: tuple[tuple[int, int], ...]
    first: int
    keep: int
    stop: int


class GlinerTagger(ToldLabels):
    """A :class:`~crosspan.tag.Tagger` that is a GLiNER model (Zaratiana et al. 2024).

    The score of a span is the model's own. A span that begins or ends inside a word of ours takes the whole word; where
    spans overlap then, the one with the higher score stays.

    Args:
        model: Name on the hub, or a folder.
        threads: Threads to use; all cores by default.
        options: What to look for, and how.
        settings: Single options by name; they go before ``options``.

    Raises:
        MissingDependencyError: ``crosspan[gliner]`` is not installed.
        ModelError: There is no such model, or it is damaged, or its weights are no safetensors.
        OptionError: An option is unknown or has a value that it cannot take.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: GlinerOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or GlinerOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        self.name = self.options.model
        if not self.name:
            raise OptionError("no model is named", hint="Give the name of a GLiNER model, or its folder.")
        self.threads = threads
        super().__init__(self.options.labels)
        self._model = _load(self.name, self.options)
        named = int(getattr(self._model.config, "max_len", 0) or _LONGEST)
        self._longest = min(named, self.options.max_words or named)
        self._turn = Lock()  # what reads the text keeps the labels it was last asked for

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`."""
        found = self._spans(sentences, self.options.threshold)
        return [relabel(sentence, spans) for sentence, spans in zip(sentences, found, strict=True)]

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """Scores of spans as probabilities of tags: see :data:`SMOOTHING`; see :class:`~crosspan.tag.Tagger`."""
        column = {tag: index for index, tag in enumerate(self.tags)}
        rest = np.full(len(column), SMOOTHING / (len(column) - 1))
        rest[0] = 1.0 - SMOOTHING
        rows = []
        for sentence, spans in zip(sentences, self._spans(sentences, min(FAINT, self.options.threshold)), strict=True):
            out = np.tile(rest, (len(sentence), 1))
            for span in spans:
                score = float(span.score or 0.0)
                out[span.start : span.end] *= 1.0 - score
                out[span.start, column["B-" + span.label]] += score
                out[span.start + 1 : span.end, column["I-" + span.label]] += score
            rows.append(out.astype(np.float32))
        return rows

    def _spans(self, sentences: Sequence[Sentence], threshold: float) -> list[list[Span]]:
        parts = [part for index, sentence in enumerate(sentences) for part in self._parts(index, sentence)]

        def compute(batch: npt.NDArray[np.int64]) -> list[list[dict[str, Any]]]:
            texts = [parts[at].text for at in batch.tolist()]
            found: list[list[dict[str, Any]]] = self._model.inference(
                list(encodable(texts)), list(self._names), flat_ner=True, threshold=threshold, batch_size=len(texts)
            )
            return found

        longest = [len(part.text) for part in parts]
        with self._turn, torch_threads(self.threads):
            found = in_batches(
                longest, compute, budget=max([1, *longest]) * self.options.batch, most=self.options.batch
            )
        spans: list[list[Span]] = [[] for _ in sentences]
        for part, entities in zip(parts, found, strict=True):
            spans[part.sentence] += self._in_words(part, entities)
        return [apart(some) for some in spans]

    def _parts(self, index: int, sentence: Sentence) -> Iterator[_Part]:
        """The sentence in parts that the model reads without cutting them off."""
        if not sentence.tokens:
            return
        whole = written(sentence)
        text, offsets = whole.text or "", whole.offsets or ()
        splitter = self._model.data_processor.words_splitter
        at = [0]  # where each of our words begins, in words as the model counts them
        for token in sentence.tokens:
            at.append(at[-1] + max(1, sum(1 for _ in splitter(token))))
        for window in windows_of(at[-1], self._longest):
            keep, stop = bisect_left(at, window.keep_begin), bisect_left(at, window.keep_end)
            if keep == stop:  # a window inside one long word
                continue
            first, last = min(bisect_left(at, window.begin), keep), max(bisect_right(at, window.end) - 1, stop)
            begin, end = offsets[first][0], offsets[last - 1][1]
            places = tuple([(start - begin, stop - begin) for start, stop in offsets[first:last]])
            yield _Part(index, text[begin:end], places, first, keep, stop)

    def _in_words(self, part: _Part, entities: Sequence[dict[str, Any]]) -> Iterator[Span]:
        for entity in entities:
            words = words_touched(part.offsets, entity["start"], entity["end"])
            if words is None or entity["label"] not in self._names:
                continue
            first, last = words
            if part.keep <= part.first + first < part.stop:
                score = round(min(max(float(entity["score"]), 0.0), 1.0), 4)
                yield Span(part.first + first, part.first + last, self._names[entity["label"]], score)


def _load(name: str, options: GlinerOptions) -> Any:
    gliner = neural("this tagger", "gliner", "gliner")
    device = device_of(Placement(device=options.device))
    folder = _folder_of(name)
    _check_files(folder, name)
    try:
        model = gliner.GLiNER.from_pretrained(str(folder), local_files_only=True, map_location=str(device))
        model = model.to(device).eval()
    except Exception as error:  # a broken folder raises whatever its parts raise
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")
        raise ModelError(
            f"the model cannot be loaded ({first})", where=name, hint="Fetch it again, or save it again in safetensors."
        ) from error
    return model if options.dtype == "auto" else model.to(getattr(neural("this tagger", "torch"), options.dtype))


def _folder_of(name: str) -> Path:
    """Where the files of a model are; those on the hub are fetched, but no pickled weights."""
    if Path(name).is_dir():
        return Path(name)
    if is_path(name):
        raise ModelError("there is no such folder", where=name, hint="Check the path of the model.")
    hub = neural("this tagger", "huggingface_hub", "gliner")
    try:
        return Path(hub.snapshot_download(name, allow_patterns=_FILES, **fetching(name, hub)))
    except ModelError:
        raise
    except Exception as error:  # of the network, of the hub, of the disk
        first = (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")
        raise ModelError(
            f"the model is not at hand ({first})",
            where=name,
            hint="Give the path of a folder that holds the model, or make the hub reachable.",
        ) from error


def _check_files(folder: Path, name: str) -> None:
    names = sorted(path.name for path in folder.iterdir())
    if "gliner_config.json" not in names:
        raise ModelError("the folder holds no gliner_config.json", where=name, hint="Take a model made for GLiNER.")
    if not any(one.endswith(".safetensors") for one in names):
        pickled = [one for one in names if one.endswith(PICKLED)]
        raise ModelError(
            f"the weights are in {pickled[0]}, a format that can run code when it is read"
            if pickled
            else "there are no weights in safetensors",
            where=name,
            hint="Save the model again with save_pretrained(…, safe_serialization=True).",
        )
