"""What CODEC asks of a translation model: texts as pieces with places for markers, probabilities of given pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.outages import out_of_memory
from crosspan.core.types import Sentence, Span
from crosspan.models.batching import in_batches, padded
from crosspan.models.loading import neural
from crosspan.project.codec_search import Forced, ForcedScores, TargetTemplate, template_of
from crosspan.text.characters import encodable
from crosspan.text.detokenize import written

_LOGITS = 1 << 28
"""Most logits of a batch: a gigabyte in float32, as vocabularies are large."""

_NUMBERS = 1 << 26
"""Logits that are turned into probabilities at a time."""


class SequenceModel(Protocol):
    """What is needed of a translation model: :class:`crosspan.translate.transformers.TransformersTranslator` has it."""

    tokenizer: Any
    network: Any
    longest: int
    longest_target: int

    @property
    def start(self) -> int:
        """The piece that the decoder begins with."""

    def source_ids(self, texts: Sequence[str], source: str, target: str = "") -> Sequence[npt.NDArray[np.int32]]:
        """The pieces of texts to translate, special ones included."""

    def target_ids(self, texts: Sequence[str], target: str) -> Sequence[npt.NDArray[np.int32]]:
        """The pieces of translations, special ones included, the one that the decoder begins with left out."""


def text_and_offsets(sentence: Sentence) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text of a sentence, made of its words where it has none, and the place of each word in it."""
    found = written(sentence)
    assert found.text is not None
    assert found.offsets is not None
    return found.text, found.offsets


def marked_text(sentence: Sentence, span: Span, opening: str, closing: str) -> str:
    """The text of a sentence with markers around one entity.

    Example:
        >>> marked_text(Sentence(("in", "Accra", ".")), Span(1, 2, "LOC"), "[", "]")
        'in [ Accra ].'
    """
    text, offsets = text_and_offsets(sentence)
    begin, end = offsets[span.start][0], offsets[span.end - 1][1]
    before, after = text[:begin], text[end:]
    left = " " if before[-1:].isalnum() else ""
    right = " " if after[:1].isalnum() else ""
    return f"{before}{left}{opening} {text[begin:end]} {closing}{right}{after}"


@dataclass(slots=True)
class MarkerModel:
    """Gives texts as pieces, and probabilities of given pieces, from a translation model.

    Args:
        translator: The model.
        opening: The opening marker.
        closing: The closing one.
        budget: Most pieces that the decoder reads at once.

    Raises:
        OptionError: The model does not know the markers, or cannot tell them apart.
        ModelError: It has no decoder.
    """

    translator: SequenceModel
    opening: str
    closing: str
    budget: int = 2_048
    _markers: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not getattr(self.translator.network.config, "is_encoder_decoder", False):
            raise ModelError(
                f"{type(self.translator.network).__name__} has no encoder with a decoder behind it",
                hint="CODEC needs a translation model such as NLLB-200.",
            )

    def markers(self, target: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The pieces of both markers in a text of a language.

        Raises:
            OptionError: The model does not know them.
        """
        if target not in self._markers:
            self._markers[target] = self._checked_markers(target)
        return self._markers[target]

    def _checked_markers(self, target: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        shown = (self.opening, self.closing)
        opening, closing = (tuple(row) for row in self._inside(shown, target)[1])
        unknown = self.translator.tokenizer.unk_token_id
        for marker, ids in zip(shown, (opening, closing), strict=True):
            if not ids or unknown in ids:
                raise OptionError(
                    f"the model has no pieces for the marker {marker!r}", hint="Choose a marker that it knows."
                )
        if opening == closing:
            raise OptionError(
                f"{self.opening!r} and {self.closing!r} are the same to the model", hint="Choose two different markers."
            )
        return opening, closing

    def templates(self, sentences: Sequence[Sentence], target: str) -> list[TargetTemplate]:
        """Texts as pieces, with the places where markers may stand.

        Args:
            sentences: The sentences.
            target: Their language.

        Raises:
            OptionError: The model does not know the language.
        """
        texts = [text_and_offsets(sentence) for sentence in sentences]
        (before, after), rows = self._inside([text for text, _ in texts], target)
        found = []
        for (text, offsets), row in zip(texts, rows, strict=True):
            places = self._places(text, row, target)
            found.append(template_of(before, row, after, _words_of(text, places, offsets), len(offsets)))
        return found

    def _inside(self, texts: Sequence[str], target: str) -> tuple[tuple[list[int], list[int]], list[list[int]]]:
        """What stands before and after all texts of a language, and the pieces between."""
        frame, *rows = (row.tolist() for row in self.translator.target_ids(["", *texts], target))
        before, after = frame[:-1], frame[-1:]
        return (before, after), [row[len(before) : -1] for row in rows]

    def _places(self, text: str, row: list[int], target: str) -> list[tuple[int, int]]:
        """Where each piece of a text stands in it."""
        tokenizer = self.translator.tokenizer
        if getattr(tokenizer, "is_fast", False):
            cut = tokenizer(
                *encodable([text]),
                add_special_tokens=False,
                split_special_tokens=True,
                return_offsets_mapping=True,
                verbose=False,
            )
            if cut["input_ids"] == row:
                return [tuple(place) for place in cut["offset_mapping"]]
        chunks = text.split()  # no such tokenizer looks across blanks
        ids = self._inside(chunks, target)[1]
        if [piece for some in ids for piece in some] != row:
            return [(0, len(text))] * len(row)
        places: list[tuple[int, int]] = []
        at = 0
        for chunk, some in zip(chunks, ids, strict=True):
            at = text.index(chunk, at)
            places += _spelled(chunk, tokenizer.convert_ids_to_tokens(some), at)
            at += len(chunk)
        return places

    def read(self, texts: Sequence[str], source: str, target: str) -> list[Any]:
        """What the encoder makes of texts: a tensor ``[pieces, width]`` each."""
        torch = neural("CODEC", "torch")
        rows = self.translator.source_ids(texts, source, target)
        ids, mask = _padded(torch, rows, self.translator.tokenizer.pad_token_id, self._device)
        with torch.inference_mode():
            states = self.translator.network.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state
        return [state[: len(row)] for state, row in zip(states, rows, strict=True)]

    def know(self, asked: Sequence[tuple[Any, Forced]]) -> list[ForcedScores]:
        """Probabilities of given pieces.

        Args:
            asked: What the encoder made of a source, and a sequence to come out of it.

        Raises:
            UnavailableError: Memory is too small for one, or the device failed.
        """
        lengths = [len(one.ids) for _, one in asked]

        def compute(batch: npt.NDArray[np.int64]) -> list[ForcedScores]:
            try:
                return self._known([asked[index] for index in batch.tolist()])
            except Exception as error:
                if out_of_memory(error):  # the rounds that follow begin with less
                    self.budget = max(1, len(batch) * lengths[int(batch[0])] // 2)
                raise

        vocabulary = int(self.translator.network.get_output_embeddings().weight.shape[0])
        budget = max(1, min(self.budget, _LOGITS // vocabulary))
        return in_batches(lengths, compute, budget=budget, what="marked texts")

    def _known(self, asked: Sequence[tuple[Any, Forced]]) -> list[ForcedScores]:
        torch = neural("CODEC", "torch")
        outputs = neural("CODEC", "transformers.modeling_outputs")
        network, pad = self.translator.network, self.translator.tokenizer.pad_token_id
        start = self.translator.start
        states = torch.nn.utils.rnn.pad_sequence([state for state, _ in asked], batch_first=True)
        mask = torch.zeros(states.shape[:2], dtype=torch.long, device=states.device)
        for row, (state, _) in enumerate(asked):
            mask[row, : len(state)] = 1
        wanted, _ = _padded(torch, [one.ids for _, one in asked], pad, self._device)
        given, _ = _padded(torch, [(start, *one.ids[:-1]) for _, one in asked], pad, self._device)
        watch = torch.tensor([[one.watch] for _, one in asked], device=self._device).expand_as(wanted)
        with torch.inference_mode():
            logits = network(
                encoder_outputs=outputs.BaseModelOutput(last_hidden_state=states),
                attention_mask=mask,
                decoder_input_ids=given,
                use_cache=False,
            ).logits
            picked = torch.stack([wanted, watch], -1)
            step = max(1, _NUMBERS // (logits.shape[1] * logits.shape[2]))
            parts = []
            for at in range(0, len(logits), step):
                some = logits[at : at + step].float()
                if network.config.model_type == "marian":  # its padding is never a translation
                    some[..., start] = -float("inf")
                parts.append(some.gather(-1, picked[at : at + step]) - some.logsumexp(-1, keepdim=True))
            found = torch.cat(parts).double().cpu().numpy()
        return [
            ForcedScores(row[: len(one.ids), 0].copy(), row[: len(one.ids), 1].copy())
            for row, (_, one) in zip(found, asked, strict=True)
        ]

    @property
    def _device(self) -> Any:
        return next(self.translator.network.parameters()).device


def _padded(
    torch: Any, rows: Sequence[Sequence[int] | npt.NDArray[np.int32]], pad: int, device: Any
) -> tuple[Any, Any]:
    ids, mask = padded(rows, pad)
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


def _words_of(
    text: str, places: Sequence[tuple[int, int]], offsets: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    """For each piece its first word and the one after its last; the next word, twice, where it has none."""
    starts, ends = (np.array([place[side] for place in offsets], np.int64) for side in (0, 1))
    found = []
    for begin, end in places:
        while begin < end and text[begin].isspace():  # "▁" counts in some tokenizers
            begin += 1
        while begin < end and text[end - 1].isspace():
            end -= 1
        first = int(np.searchsorted(ends, begin, side="right"))
        last = int(np.searchsorted(starts, end, side="left")) if begin < end else first
        found.append((first, max(first, last)))
    return found


def _spelled(chunk: str, pieces: Sequence[str], at: int) -> list[tuple[int, int]]:
    """Where the pieces of a chunk stand; the whole chunk for each where they do not spell it."""
    parts = [piece.replace("▁", "") for piece in pieces]
    if "".join(parts) != chunk:
        return [(at, at + len(chunk))] * len(parts)
    found = []
    for part in parts:
        found.append((at, at + len(part)))
        at += len(part)
    return found
