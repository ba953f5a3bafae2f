"""Makes an encoder small: the pieces that a text has, and the first of its layers.

A multilingual encoder spends most of its weights on pieces of languages that a text is not in. Without them, the words
of this text are cut as before, and get the vectors that they had.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, ModelError
from crosspan.models.device import Placement
from crosspan.models.layers import check_first, keep_first
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.models.pieces import pieces_of
from crosspan.models.romanizing import as_read, recorded
from crosspan.models.saving import check_new, record_text, write_finished
from crosspan.text.scripts import script_of
from crosspan.train.pretrain.cutting import cutter_of
from crosspan.train.pretrain.vocabulary import architecture_of

RECORD = "trimming.json"
"""The record of what was taken away; a folder that has it holds a model that is complete."""

_CHECKED = 20_000
"""Words that are cut by both tokenizers, to compare."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimReport:
    """What a trimming did.

    Args:
        folder: Where the model is.
        words: Words of the text, each counted once.
        pieces: Pieces before and after.
        layers: Layers before and after.
        parameters: Weights before and after.
    """

    folder: str
    words: int
    pieces: tuple[int, int]
    layers: tuple[int, int]
    parameters: tuple[int, int]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def trim(
    encoder: str | os.PathLike[str],
    sentences: Iterable[Sequence[str]],
    out: str | os.PathLike[str],
    *,
    layers: int = 0,
    letters: bool = True,
) -> TrimReport:
    """Write an encoder that has the pieces of a text alone, and the first of its layers.

    Words of the text are cut as before, and have the same vectors (but where layers were taken away). Other words are
    cut into what is left, at worst into letters.

    Args:
        encoder: Name on the hub, or a folder; its vocabulary must be WordPiece or Unigram.
        sentences: Words of the text.
        out: The folder of the new encoder; the record ``trimming.json`` is in it.
        layers: So many of its first layers; 0 is all of them.
        letters: Whether pieces of one letter stay, of all scripts that the text is in: then no word in these is unknown
            that was known before.

    Raises:
        EmptyInputError: There is no text.
        OptionError: The encoder has fewer layers.
        ModelError: The encoder cannot be loaded, or its vocabulary is of another kind.
        OutputError: The folder holds something else, or there is no room.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    name, folder = os.fspath(encoder), Path(out)
    check_new(folder, RECORD, reads=[name])
    config, tokenizer = load_config(name), load_tokenizer(name)
    check_first(config, layers, name)
    read = as_read(list(sentences), bool(recorded(config)))
    words = list(dict.fromkeys(word for one in read for word in one))
    if not words:
        raise EmptyInputError("there is no text to keep pieces for", hint="Give some sentences with words.")
    description = json.loads(tokenizer.backend_tokenizer.to_str())
    cutter_of(description, name)
    model = load_model(name, architecture_of(config), placement=Placement(device="cpu", dtype="float32"))
    check_fit(tokenizer, model, name)
    before = sum(value.numel() for value in model.parameters())
    kept = kept_pieces(tokenizer, description, words, letters=letters)
    new = with_pieces(tokenizer, description, kept)
    keep_first(model, layers, name)
    _keep_vectors(model, kept)
    _check_cuts(tokenizer, new, kept, words, name)
    report = TrimReport(
        folder=str(folder),
        words=len(words),
        pieces=(len(tokenizer), len(new)),
        layers=(int(config.num_hidden_layers), layers or int(config.num_hidden_layers)),
        parameters=(before, sum(value.numel() for value in model.parameters())),
    )
    facts = {key: value for key, value in report.to_dict().items() if key != "folder"}
    said = {"crosspan": __version__, "encoder": PurePath(name).name, "letters": letters, **facts}
    write_finished(model, new, folder, RECORD, {RECORD: record_text(said)})
    return report


def kept_pieces(
    tokenizer: Any, description: Mapping[str, Any], words: Sequence[str], *, letters: bool
) -> npt.NDArray[np.int64]:
    """Numbers of the pieces that stay, ascending.

    Args:
        tokenizer: A fast tokenizer.
        description: What it says of itself, as JSON.
        words: Words whose pieces stay.
        letters: Whether those of one letter stay, of the scripts of these words.
    """
    (found,) = pieces_of(tokenizer, [words])
    kept = {*found.ids.tolist(), *(int(one["id"]) for one in description["added_tokens"]), *tokenizer.all_special_ids}
    vocabulary = tokenizer.get_vocab()
    if description["model"]["type"] == "Unigram":  # the score of what is unknown is reckoned from the lowest
        scores = [score for _, score in description["model"]["vocab"]]
        kept.add(int(np.argmin(scores)))
    if letters:
        scripts = {script_of(word) for word in words} | {"Common"}
        mark = description["model"].get("continuing_subword_prefix") or "▁"
        for piece, number in vocabulary.items():
            letter = piece.removeprefix(mark)
            if len(letter) <= 1 and script_of(letter) in scripts:
                kept.add(number)
    return np.array(sorted(kept), np.int64)


def with_pieces(tokenizer: Any, description: Mapping[str, Any], kept: npt.NDArray[np.int64]) -> Any:
    """A tokenizer that has some of the pieces, with new numbers in the old order.

    Args:
        tokenizer: It is not changed.
        description: What it says of itself, as JSON.
        kept: Numbers of the pieces, ascending.
    """
    tokenizers = neural("a smaller vocabulary", "tokenizers")
    numbers = {old: new for new, old in enumerate(kept.tolist())}
    made = json.loads(json.dumps(description))
    vocabulary = made["model"]["vocab"]
    if isinstance(vocabulary, dict):
        made["model"]["vocab"] = {piece: numbers[old] for piece, old in vocabulary.items() if old in numbers}
    else:
        added = {int(one["id"]): one["content"] for one in made["added_tokens"]}
        lowest = min(score for _, score in vocabulary)
        made["model"]["vocab"] = [
            vocabulary[old] if old < len(vocabulary) else [added[old], lowest] for old in kept.tolist()
        ]
        if made["model"].get("unk_id") is not None:
            made["model"]["unk_id"] = numbers[made["model"]["unk_id"]]
    for one in made["added_tokens"]:
        one["id"] = numbers[one["id"]]
    made["post_processor"] = _renumbered(made.get("post_processor"), numbers)
    new = tokenizer.__class__.__new__(tokenizer.__class__)
    new.__dict__ = {**tokenizer.__dict__, "_tokenizer": tokenizers.Tokenizer.from_str(json.dumps(made))}
    return new


def _renumbered(processor: Any, numbers: Mapping[int, int]) -> Any:
    """What puts special pieces around a sentence, with their new numbers."""
    if not isinstance(processor, dict):
        return processor
    found = dict(processor)
    for side in ("sep", "cls"):  # of BERT's and RoBERTa's kind: a piece and its number
        if side in found:
            found[side] = [found[side][0], numbers[found[side][1]]]
    if isinstance(found.get("special_tokens"), dict):
        found["special_tokens"] = {
            piece: {**about, "ids": [numbers[one] for one in about["ids"]]}
            for piece, about in found["special_tokens"].items()
        }
    if "processors" in found:
        found["processors"] = [_renumbered(one, numbers) for one in found["processors"]]
    return found


def _keep_vectors(model: Any, kept: npt.NDArray[np.int64]) -> None:
    """Let the model have the vectors of some pieces alone, on both ends, and know the special ones by new numbers."""
    torch = neural("a smaller vocabulary", "torch")
    places = torch.from_numpy(kept)
    head = model.get_output_embeddings()
    tables = [model.get_input_embeddings().weight, getattr(head, "weight", None), getattr(head, "bias", None)]
    # weights that are tied are one and the same, and stay so
    made = {id(one): torch.nn.Parameter(one.detach()[places].clone()) for one in tables if one is not None}
    for part in model.modules():
        for name, value in list(part.named_parameters(recurse=False)):
            if id(value) not in made:
                continue
            setattr(part, name, made[id(value)])
            for size in ("num_embeddings", "out_features"):
                if hasattr(part, size):
                    setattr(part, size, len(kept))
            if getattr(part, "padding_idx", None) is not None:
                part.padding_idx = int(np.searchsorted(kept, part.padding_idx))
    known = {old: new for new, old in enumerate(kept.tolist())}
    configs = [model.config, getattr(model, "generation_config", None)]
    for config in (one for one in configs if one is not None):
        if hasattr(config, "vocab_size"):
            config.vocab_size = len(kept)
        for name, value in list(vars(config).items()):
            if name.endswith("_token_id") and isinstance(value, int) and value in known:
                setattr(config, name, known[value])


def _check_cuts(old: Any, new: Any, kept: npt.NDArray[np.int64], words: Sequence[str], name: str) -> None:
    """Raise if the new tokenizer cuts a word of the text otherwise than the old one."""
    some = words[:: max(1, len(words) // _CHECKED)]
    (one,), (other,) = pieces_of(old, [some], "keep"), pieces_of(new, [some], "keep")
    if not np.array_equal(one.ids, kept[other.ids]):
        raise ModelError(
            "without the other pieces the tokenizer cuts words in another way",
            where=name,
            hint="Use the encoder as it is: it is of a kind that cannot be trimmed.",
        )
