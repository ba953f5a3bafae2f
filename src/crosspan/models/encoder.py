"""An encoder that gives the vectors of words' pieces, from any layer, for batches of sentences of any length."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.locks import Lock
from crosspan.models.batching import Advance, in_batches, padded
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, neural
from crosspan.models.packing import pack, read_packed
from crosspan.models.pieces import (
    Marks,
    Pieces,
    Window,
    longest_input,
    pieces_of,
    special_pieces,
    windows_of,
    word_tokenizer,
)

Float32Array = npt.NDArray[np.float32]


class Encoder:
    """A pre-trained encoder, or the encoder of a translation model, cut off behind the layer that is wanted.

    Many threads may use one; the model reads for one of them at a time.

    Args:
        name: Name on the hub, or a folder.
        layer: The layer whose vectors are wanted: 0 is the embeddings, -1 the last.
        placement: Device and precision.
        budget: Most pieces of a batch, padding included.
        overlap: Pieces that the windows of a long sentence share.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        ModelError: The model cannot be loaded, or is no encoder.
        OptionError: It has no such layer.
    """

    def __init__(
        self,
        name: str | os.PathLike[str],
        *,
        layer: int = -1,
        placement: Placement | None = None,
        budget: int = 8_192,
        overlap: int | None = None,
    ) -> None:
        self.name = os.fspath(name)
        config = load_config(self.name)
        self.tokenizer = word_tokenizer(self.name, config)
        self.model = _encoder_of(load_model(self.name, placement=placement))
        check_fit(self.tokenizer, self.model, self.name)
        self.budget = budget
        self.overlap = overlap
        self.longest = longest_input(self.tokenizer, config)
        self.n_layers = int(config.num_hidden_layers)
        self.layer = self._checked(layer)
        self._layers = _layers_of(self.model, self.n_layers)
        self._tap = _cut_behind(self.model, self.layer, self.n_layers)
        if getattr(self.model, "pooler", None) is not None:
            self.model.pooler = None  # it makes one vector of a sentence, which nobody asks for
        self._packed = pack(self.model)
        self._turn = Lock()  # the tokenizer has a language, and the model a tap: each for one thread at a time

    def _checked(self, layer: int) -> int:
        index = layer + self.n_layers + 1 if layer < 0 else layer
        if not 0 <= index <= self.n_layers:
            raise OptionError(
                f"layer is {layer}, but {self.name} has {self.n_layers} layers",
                hint=f"Choose one from 0 (the embeddings) to {self.n_layers}.",
            )
        return index

    @property
    def device(self) -> Any:
        """Where the model is."""
        return next(self.model.parameters()).device

    def pieces(self, sentences: Sequence[Sequence[str]], marks: Marks = "skip", language: str = "") -> list[Pieces]:
        """Words as pieces; see :func:`crosspan.models.pieces.pieces_of`.

        Args:
            sentences: Words of each sentence.
            marks: What becomes of pieces that only mark the beginning of a word.
            language: What the tokenizer is told of their language, if anything.
        """
        with self._turn:
            if language:
                self.tokenizer.src_lang = language
            return pieces_of(self.tokenizer, sentences, marks)

    def vectors(self, pieces: Sequence[Pieces], *, advance: Advance | None = None) -> list[Float32Array]:
        """The vectors of the pieces of each sentence.

        Args:
            pieces: What :meth:`pieces` made of the sentences.
            advance: Called with windows done and all there are.

        Returns:
            For each sentence ``[n_pieces, width]``, float32. Long sentences are read in overlapping windows.

        Raises:
            UnavailableError: Memory is too small for one window, or the device failed.
        """

        def compute(hidden: Any, places: Sequence[tuple[int, int]]) -> list[Float32Array]:
            rows = hidden.float().cpu().numpy()
            return [rows[begin:end] for begin, end in places]

        return self.read(pieces, compute, advance=advance)

    def vectors_of_layers(self, pieces: Sequence[Pieces], layers: Sequence[int]) -> list[list[Float32Array]]:
        """The vectors of several layers from one reading, for those who look for the best.

        Args:
            pieces: What :meth:`pieces` made of the sentences.
            layers: Numbers from 1 to the one that the encoder was cut behind.

        Returns:
            For each layer what :meth:`vectors` gives with it.

        Raises:
            OptionError: The model shares its weights between layers, which cannot be told apart.
            ModelError: Memory is too small for one window, or the device failed.
        """
        if self._layers is None:
            raise OptionError(f"the layers of {self.name} cannot be told apart", hint="Name one layer.")
        seen: dict[int, Any] = {}

        def keep(number: int, output: Any) -> None:
            seen[number] = output[0] if isinstance(output, tuple) else output

        hooks = [
            self._layers[number - 1].register_forward_hook(lambda _, __, output, number=number: keep(number, output))
            for number in layers
        ]

        def compute(_: Any, places: Sequence[tuple[int, int]]) -> list[Float32Array]:
            rows = np.stack([seen[number].flatten(0, -2).float().cpu().numpy() for number in layers], axis=1)
            return [rows[begin:end] for begin, end in places]

        try:
            found = self.read(pieces, compute)
        finally:
            for hook in hooks:
                hook.remove()
        return [[rows[:, at] if len(rows) else rows for rows in found] for at in range(len(layers))]

    def read(
        self,
        pieces: Sequence[Pieces],
        take: Callable[[Any, Sequence[tuple[int, int]]], list[Float32Array]],
        *,
        advance: Advance | None = None,
    ) -> list[Float32Array]:
        """Run the model over sentences, and put what ``take`` makes of the windows of each together.

        Args:
            pieces: The sentences.
            take: Gets the hidden states of several windows ``[pieces, width]`` on their device, and for each window the
                first of its rows to keep and the one behind the last, and gives an array with that many for each.
            advance: Called with windows done and all there are.
        """
        windows: list[tuple[int, Window]] = []
        for index, one in enumerate(pieces):
            if len(one):
                cut = windows_of(len(one), self.longest, overlap=self.overlap)
                windows += [(index, window) for window in cut]

        def compute(batch: npt.NDArray[np.int64]) -> list[Float32Array]:
            chosen = [windows[at] for at in batch.tolist()]
            hidden, starts = self._hidden([pieces[index].ids[window.begin : window.end] for index, window in chosen])
            places = [
                (start + window.keep_begin - window.begin, start + window.keep_end - window.begin)
                for start, (_, window) in zip(starts, chosen, strict=True)
            ]
            return take(hidden, places)

        lengths = [window.end - window.begin + 2 for _, window in windows]
        found = in_batches(lengths, compute, budget=self.budget, advance=advance)
        parts: list[list[Float32Array]] = [[] for _ in pieces]
        for (index, _), rows in zip(windows, found, strict=True):
            parts[index].append(rows)
        empty = np.zeros((0, self._width), np.float32)
        return [part[0] if len(part) == 1 else np.concatenate(part) if part else empty for part in parts]

    @property
    def _width(self) -> int:
        config = self.model.config
        return int(getattr(config, "hidden_size", None) or config.d_model)

    def _hidden(self, rows: Sequence[npt.NDArray[np.int32]]) -> tuple[Any, list[int]]:
        """Hidden states of sequences ``[pieces, width]``, and where the first piece of each stands.

        Special pieces and padding are among them.
        """
        torch = neural("this model", "torch")
        before, after = self._special
        whole = [[*before, *row.tolist(), *after] for row in rows]
        with self._turn, torch.inference_mode():
            if self._packed:
                output = read_packed(self.model, whole)
                starts = np.cumsum([0, *map(len, whole)])[:-1]
            else:
                output = self._read_padded(whole)
                starts = np.arange(len(whole)) * max(map(len, whole))
            states = output.last_hidden_state if self._tap is None else self._tap.of(output)
        return states.flatten(0, 1), (starts + len(before)).tolist()

    def _read_padded(self, rows: Sequence[Sequence[int]]) -> Any:
        """The model's output for sequences of different lengths, one a row."""
        torch = neural("this model", "torch")
        ids, mask = padded(rows, int(self.tokenizer.pad_token_id or 0))
        return self.model(
            input_ids=torch.from_numpy(ids).to(self.device),
            attention_mask=torch.from_numpy(mask).to(self.device),
            output_hidden_states=self._tap is not None and self._tap.asks,
        )

    @cached_property
    def _special(self) -> tuple[list[int], list[int]]:
        return special_pieces(self.tokenizer, self.name)


def _encoder_of(model: Any) -> Any:
    """The model itself, or the encoder of one that has a decoder as well."""
    if not model.config.is_encoder_decoder:
        return model
    encoder = model.get_encoder()
    encoder.config.is_encoder_decoder = False
    return encoder


def _layers_of(model: Any, n_layers: int) -> Any:
    """The layers of a model; ``None`` where they share their weights."""
    torch = neural("this model", "torch")
    found = (part for part in model.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == n_layers)
    return next(found, None)


def _cut_behind(model: Any, layer: int, n_layers: int) -> _Tap | None:
    """Leave out the layers behind the one whose vectors are wanted: nothing is computed for nothing.

    Returns:
        Where to take the vectors from; ``None`` where the model's own output is what is wanted.
    """
    torch = neural("this model", "torch")
    if layer == n_layers:
        return None
    for part in model.modules():
        for name, layers in part.named_children():
            if isinstance(layers, torch.nn.ModuleList) and len(layers) == n_layers:
                setattr(part, name, layers[: max(layer, 1)])
                return _Tap(layers[max(layer, 1) - 1], before=layer == 0)
    return _Tap(None, layer=layer)


class _Tap:
    """Takes hidden states from inside a model, where they have not gone through the norm behind its last layer."""

    def __init__(self, module: Any, *, before: bool = False, layer: int = 0) -> None:
        self.states: Any = None
        self.layer = layer
        self.asks = module is None  # layers that share their weights cannot be cut: the model is asked for all states
        if module is None:
            return
        if before:
            module.register_forward_pre_hook(self._take_input, with_kwargs=True)
        else:
            module.register_forward_hook(self._take_output)

    def _take_input(self, module: Any, positional: Any, named: Any) -> None:
        self.states = positional[0] if positional else named["hidden_states"]

    def _take_output(self, module: Any, positional: Any, output: Any) -> None:
        self.states = output[0] if isinstance(output, tuple) else output

    def of(self, output: Any) -> Any:
        """The hidden states that the last call of the model went through."""
        if self.asks:
            return output.hidden_states[self.layer]
        states, self.states = self.states, None
        return states
