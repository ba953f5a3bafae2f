"""Taggers made with transformers: any token-classification model, on words. Needs ``crosspan[neural]``.

A model gets our words as they are, cut into its pieces; what it says of pieces becomes what it says of words. Long
sentences are read in overlapping windows, none is cut off. One model serves three ways: as the tagger of the source
side, as the finder of candidates and their scores on the target side (:mod:`crosspan.project.ner_score`), and as the
baseline of model transfer, where a multilingual model that has learned from one language labels another.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from crosspan.errors import ModelError, OptionError
from crosspan.models.batching import Advance, in_batches
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.models.pieces import Pieces, Window, longest_input, pieces_of, windows_of
from crosspan.models.threads import torch_threads
from crosspan.settings import with_settings
from crosspan.tag.crf import relabel, tags_of
from crosspan.tag.decoding import SCHEMES, best_spans, check_needed, columns_of, parsed_names
from crosspan.types import Sentence, Span

Float32Array = npt.NDArray[np.float32]
WordChoice = Literal["first", "average", "max"]

PREFIX_SPACE = ("roberta", "longformer", "bart", "gpt2", "modernbert")


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformersTaggerOptions:
    """How a token-classification model labels words.

    Args:
        model: Name on the hub, or the folder of the model.
        words: What a word of several pieces takes its probabilities from: its "first" piece, the "average" of all,
            or the one that is surest of its tag ("max").
        labels: New names of labels or tags, such as PERSON=PER,GPE=LOC,DATE=O; what becomes O is no entity.
        others: What becomes of labels that are not named in labels: "keep" or "drop".
        needed: Labels that the model must know; without one of them it is not loaded.
        scheme: How the model writes spans, where its tags do not tell: IOB1 looks like IOB2.
        overlap: Pieces that neighbouring windows of a long sentence share; -1 is a quarter of a window.
        budget: Most pieces of a batch, padding included; memory that runs out halves it.
        device: Where the model runs: auto, cpu, cuda, cuda:1 and so on.
        dtype: Precision of the model: auto, float32, float16 or bfloat16.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    words: WordChoice = "first"
    labels: tuple[str, ...] = ()
    others: Literal["keep", "drop"] = "keep"
    needed: tuple[str, ...] = ()
    scheme: str = "auto"
    overlap: int = -1
    budget: int = 8_192
    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        for name, kinds in (("words", get_args(WordChoice)), ("others", ("keep", "drop")), ("scheme", SCHEMES)):
            if getattr(self, name) not in kinds:
                raise OptionError(f"{name} is {getattr(self, name)!r}", hint=f"Choose one of {', '.join(kinds)}.")
        parsed_names(self.labels)
        Placement(dtype=self.dtype)
        if self.budget < 1:
            raise OptionError(f"budget is {self.budget}", hint="Let a batch have room for a sentence, such as 8192.")
        if self.overlap < -1:
            raise OptionError(f"overlap is {self.overlap}", hint="Let it be 0 or more pieces, or -1 for a quarter.")


class TransformersTagger:
    """A :class:`~crosspan.tag.Tagger` that is a token-classification model.

    Tags are decoded so that they are always valid IOB2. The score of a span is its exact probability where words are
    labelled independently of one another and only valid sequences count: that it begins at its first word, goes on
    to its last, and does not go on after it (:func:`crosspan.tag.decoding.best_spans`).

    Args:
        model: Name on the hub, or a folder.
        threads: Threads to use; all cores by default.
        options: How it labels words.
        settings: Single options by name; they go before ``options``.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        ModelError: There is no such model, it is damaged, was not trained to label words, does not name its labels, or
            lacks one that is needed.
        OptionError: An option is unknown or has a value that it cannot take.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: TransformersTaggerOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or TransformersTaggerOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        self.name = self.options.model
        if not self.name:
            raise OptionError("no model is named", hint="Give the name of a token-classification model, or its folder.")
        config = load_config(self.name)
        prefix = {"add_prefix_space": True} if config.model_type in PREFIX_SPACE else {}
        self._know(config, threads)
        tokenizer = load_tokenizer(self.name, **prefix)
        placement = Placement(device=self.options.device, dtype=self.options.dtype)
        model = load_model(self.name, "AutoModelForTokenClassification", placement=placement)
        check_fit(tokenizer, model, self.name)
        self._use(config, tokenizer, model)

    @classmethod
    def around(
        cls, model: Any, tokenizer: Any, options: TransformersTaggerOptions, threads: int | None = None
    ) -> TransformersTagger:
        """A tagger of a model that is in memory already, such as one that is being trained.

        Args:
            model: The model; it must be in evaluation mode when the tagger is used.
            tokenizer: Its tokenizer.
            options: How it labels words.
            threads: Threads to use; all cores by default.
        """
        made = cls.__new__(cls)
        made.options, made.name = options, options.model
        made._know(model.config, threads)
        made._use(model.config, tokenizer, model)
        return made

    def _know(self, config: Any, threads: int | None) -> None:
        """Find out what the labels of a model mean."""
        self.threads = threads
        names = [str(config.id2label[index]) for index in sorted(config.id2label)]
        self._columns = columns_of(
            names,
            mapping=parsed_names(self.options.labels),
            scheme=self.options.scheme,
            others=self.options.others,
            where=self.name,
        )
        check_needed(self.labels, self.options.needed, self.name)

    def _use(self, config: Any, tokenizer: Any, model: Any) -> None:
        self._tokenizer, self._model = tokenizer, model
        self._longest = longest_input(tokenizer, config)
        self._special = special_pieces(tokenizer, self.name)

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, as they are called here, sorted."""
        return self._columns.labels

    @property
    def tags(self) -> tuple[str, ...]:
        """``O``, and ``B-`` and ``I-`` of each label: the columns of :meth:`probabilities`."""
        return tags_of(self.labels)

    def tag(self, sentences: Sequence[Sentence], *, advance: Advance | None = None) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`.

        Args:
            sentences: What to label.
            advance: Called with windows done and all there are.

        Raises:
            ModelError: Memory is too small for one window, the device failed, or the model gives no numbers.
        """
        found = self.spans_of(self.probabilities(sentences, advance=advance))
        return [relabel(sentence, spans) for sentence, spans in zip(sentences, found, strict=True)]

    def spans_of(self, rows: Sequence[Float32Array]) -> list[tuple[Span, ...]]:
        """The spans that :meth:`tag` finds, from what :meth:`probabilities` gave."""
        return best_spans(rows, self.labels, self.threads)

    def probabilities(self, sentences: Sequence[Sentence], *, advance: Advance | None = None) -> list[Float32Array]:
        """The probability of each tag at each word; see :class:`~crosspan.tag.Tagger` and :meth:`tag`.

        Labels that are no entities here count as ``O``.
        """
        pieces = pieces_of(self._tokenizer, [sentence.tokens for sentence in sentences])
        rows = self._rows(pieces, advance)
        found = []
        for one, row in zip(pieces, rows, strict=True):
            if self.options.words != "first" and len(one):
                row = _of_words(row, one.first(), self.options.words)
            found.append(self._columns.iob2(row))
        return found

    def _rows(self, pieces: Sequence[Pieces], advance: Advance | None) -> list[Float32Array]:
        """Probabilities of the model's own tags: of the first piece of each word, or of all pieces."""
        windows = [
            (index, window) for index, one in enumerate(pieces) if len(one) for window in self._windows_of(len(one))
        ]
        first_only = self.options.words == "first"
        starts = [one.first() if first_only else np.arange(len(one)) for one in pieces]

        def compute(batch: npt.NDArray[np.int64]) -> list[Float32Array]:
            chosen = [windows[at] for at in batch.tolist()]
            ids = [pieces[index].ids[window.begin : window.end] for index, window in chosen]
            wanted = []
            for index, window in chosen:
                at = starts[index]
                wanted.append(at[(at >= window.keep_begin) & (at < window.keep_end)] - window.begin)
            return self._read(ids, wanted)

        lengths = [window.end - window.begin + sum(map(len, self._special)) for _, window in windows]
        with torch_threads(self.threads):
            found = in_batches(lengths, compute, budget=self.options.budget, advance=advance)
        parts: list[list[Float32Array]] = [[] for _ in pieces]
        for (index, _), rows in zip(windows, found, strict=True):
            parts[index].append(rows)
        empty = np.zeros((0, int(self._model.config.num_labels)), np.float32)
        return [np.concatenate(part) if part else empty for part in parts]

    def _windows_of(self, n_pieces: int) -> list[Window]:
        overlap = None if self.options.overlap < 0 else self.options.overlap
        return windows_of(n_pieces, self._longest, overlap=overlap)

    def _read(
        self, rows: Sequence[npt.NDArray[np.int32]], wanted: Sequence[npt.NDArray[np.int64]]
    ) -> list[Float32Array]:
        """Run the model over sequences of pieces; give the probabilities at the pieces that are wanted of each."""
        torch = neural("this model", "torch")
        before, after = self._special
        longest = max(map(len, rows)) + len(before) + len(after)
        ids = np.full((len(rows), longest), self._tokenizer.pad_token_id or 0, np.int64)
        mask = np.zeros((len(rows), longest), np.int64)
        for index, row in enumerate(rows):
            whole = [*before, *row.tolist(), *after]
            ids[index, : len(whole)] = whole
            mask[index, : len(whole)] = 1
        device = next(self._model.parameters()).device
        counts = [len(at) for at in wanted]
        sequence = np.repeat(np.arange(len(rows)), counts)
        place = np.concatenate([np.zeros(0, np.int64), *wanted]) + len(before)
        with torch.inference_mode():
            logits = self._model(
                input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
            ).logits
            picked = logits[torch.from_numpy(sequence).to(device), torch.from_numpy(place).to(device)]
            found: Float32Array = torch.log_softmax(picked.float(), dim=-1).exp().cpu().numpy()
        if not np.isfinite(found).all():
            raise ModelError(
                "the model gives values that are no numbers",
                where=self.name,
                hint="Use another precision, such as dtype=float32; if that does not help, its weights are damaged.",
            )
        return np.split(found, np.cumsum(counts)[:-1])


def _of_words(rows: Float32Array, first: npt.NDArray[np.int64], words: str) -> Float32Array:
    """Probabilities of words from those of their pieces."""
    if words == "average":
        counts = np.diff(np.append(first, len(rows)))
        mean: Float32Array = (np.add.reduceat(rows, first, axis=0) / counts[:, None]).astype(np.float32)
        return mean
    surest = rows.max(axis=1)
    top = np.maximum.reduceat(surest, first)
    word = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(rows))))
    at = np.flatnonzero(surest == top[word])
    return rows[at[np.unique(word[at], return_index=True)[1]]]


def special_pieces(tokenizer: Any, name: str) -> tuple[list[int], list[int]]:
    """The special pieces before and after a sentence."""
    probe = tokenizer("a", add_special_tokens=True)["input_ids"]
    inside = tokenizer("a", add_special_tokens=False)["input_ids"]
    for at in range(len(probe) - len(inside) + 1):
        if probe[at : at + len(inside)] == inside:
            return list(probe[:at]), list(probe[at + len(inside) :])
    raise ModelError(
        "the tokenizer does not put its special pieces around a sentence",
        where=name,
        hint="Tokenizer and model do not belong together.",
    )
