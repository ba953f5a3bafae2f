"""Gives an encoder pieces for a language whose words it cuts to bits (vocabulary augmentation).

The vocabulary itself grows, not a list of special tokens beside it: a tokenizer looks for special tokens anywhere in a
text, before it looks for words, and would find them in the middle of others. All old pieces keep their numbers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, ModelError
from crosspan.core.progress import Listener
from crosspan.models.device import Placement
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural
from crosspan.models.pieces import pieces_of
from crosspan.models.romanizing import Romanize, record, to_train_with
from crosspan.models.saving import check_new, record_text, write_finished
from crosspan.text.romanize import romanize_line
from crosspan.train.pretrain.growth import add_vectors, grown
from crosspan.train.pretrain.held_out import divided
from crosspan.train.pretrain.piece_choice import NewPiece, choose_pieces

RECORD = "vocabulary.json"
"""The record of an augmentation; a folder that has it holds a model that is complete."""

_HELD_OUT = 0.05


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a tokenizer cuts a text.

    Args:
        words: Words of the text, between spaces.
        pieces: Pieces that they fall into.
        unknown: Words with a letter that it does not know.

    Example:
        >>> found = Coverage(words=10, pieces=25, unknown=1)
        >>> found.pieces_per_word, found.unknown_rate
        (2.5, 0.1)
    """

    words: int
    pieces: int
    unknown: int

    @property
    def pieces_per_word(self) -> float:
        """Also called fertility; unknown words, which are one piece at times, make it look better than it is."""
        return self.pieces / max(1, self.words)

    @property
    def unknown_rate(self) -> float:
        """Share of the words that are not, or not wholly, known."""
        return self.unknown / max(1, self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentReport:
    """What an augmentation did.

    Args:
        folder: Where the model is.
        pieces: The new pieces, in the order of their choice; fewer than wanted where no other saves any.
        slots: How many of them took a place that the vocabulary had kept free (``[unused1]`` of BERT).
        rows: Vectors that the model has more than before.
        before: How the old vocabulary cuts the text held out.
        after: How the new one does.
        lines: Lines that the pieces were chosen from.
        held_out: Lines measured on.
    """

    folder: str
    pieces: tuple[NewPiece, ...]
    slots: int
    rows: int
    before: Coverage
    after: Coverage
    lines: int
    held_out: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def augment(
    encoder: str | os.PathLike[str],
    lines: Iterable[str],
    out: str | os.PathLike[str],
    *,
    count: int = 99,
    held_out: Sequence[str] = (),
    romanize: Romanize = "auto",
    seed: int = 0,
    progress: Listener | None = None,
    **settings: Any,
) -> AugmentReport:
    """Add the pieces to an encoder's vocabulary that a text lacks most, and vectors for them.

    Vocabulary augmentation (TVA) as in Chau and Smith (2021, arXiv 2106.09063), where it is followed by training on the
    text (:func:`crosspan.train.pretrain.language_model.train_language_model`): until then a new piece means no more
    than the mean of its parts, which is what its vector begins as.

    Pieces of WordPiece first take the places of ``[unused…]``; all others come behind those that there are, where a
    model has vectors to spare (mT5) without making it larger.

    Args:
        encoder: Name on the hub, or a folder; its vocabulary must be WordPiece or Unigram.
        lines: The text.
        out: The folder of the new model: encoder, tokenizer, and the record ``vocabulary.json``.
        count: Pieces wanted.
        held_out: Lines to measure on; by default every twentieth of ``lines``, chosen by chance and not learned from.
        romanize: Whether text of other scripts is read in Latin letters; see
            :class:`crosspan.train.pretrain.options.PretrainOptions`.
        seed: Of that chance.
        progress: Told how many pieces are chosen (:mod:`crosspan.core.progress`).
        settings: Of :func:`choose_pieces`, such as ``min_count``.

    Returns:
        What was added. The same text, settings and seed give the same files.

    Raises:
        EmptyInputError: There is no text, or no piece would save any.
        OptionError: A setting is out of range.
        ModelError: The encoder cannot be loaded, or its vocabulary is of another kind.
        OutputError: The folder holds something else, or there is no room.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    name, folder = os.fspath(encoder), Path(out)
    check_new(folder, RECORD, reads=[name])
    learned, measured = divided(lines, held_out, _HELD_OUT, seed)
    config, tokenizer = load_config(name), load_tokenizer(name)
    latin = to_train_with(config, romanize, name)
    if latin:
        learned, measured = ([romanize_line(line) for line in text] for text in (learned, measured))
    chosen = choose_pieces(tokenizer, learned, count, progress=progress, **settings)
    if not chosen:
        raise EmptyInputError(
            "no piece would save any: the vocabulary has the words of this text as they are, or the text is too short",
            hint="Train on the text alone, or give more of it.",
        )
    before = coverage(tokenizer, measured)
    new, numbers = grown(tokenizer, chosen, name)
    model = load_model(name, architecture_of(config), placement=Placement(device="cpu", dtype="float32"))
    rows, highest = model.get_input_embeddings().weight.shape[0], max(numbers.values())
    check_fit(tokenizer, model, name)
    if latin:
        record(model, True)
    slots = sum(1 for number in numbers.values() if number <= max(tokenizer.get_vocab().values()))
    add_vectors(model, tokenizer, chosen, numbers, max(rows, highest + 1))
    check_fit(new, model, name)
    report = AugmentReport(
        folder=str(folder),
        pieces=tuple(chosen),
        slots=slots,
        rows=max(0, highest + 1 - rows),
        before=before,
        after=coverage(new, measured),
        lines=len(learned),
        held_out=len(measured),
    )
    facts = {key: value for key, value in report.to_dict().items() if key != "folder"}
    said = {"crosspan": __version__, "encoder": PurePath(name).name, "count": count, "seed": seed, **settings}
    write_finished(model, new, folder, RECORD, {RECORD: record_text({**said, **facts})})
    _check_saved(new, folder, learned)
    return report


def coverage(tokenizer: Any, lines: Iterable[str]) -> Coverage:
    """Count the pieces that the words of a text fall into.

    Args:
        tokenizer: A fast tokenizer.
        lines: The text.
    """
    words = [word for line in lines for word in line.split()]
    if not words:
        return Coverage(0, 0, 0)
    (found,) = pieces_of(tokenizer, [words])
    number = -1 if tokenizer.unk_token_id is None else tokenizer.unk_token_id
    return Coverage(len(words), len(found), len(np.unique(found.word[found.ids == number])))


def architecture_of(config: Any) -> str:
    """The class that a checkpoint was saved with, so that none of its weights is lost."""
    transformers = neural("a larger vocabulary")
    named = [name for name in config.architectures or () if hasattr(transformers, name)]
    return str(named[0]) if named else "AutoModel"


def _check_saved(tokenizer: Any, folder: Path, lines: Sequence[str]) -> None:
    """Raise if the tokenizer that is read from the folder is not the one that was written."""
    read = load_tokenizer(folder)
    words = [sorted({word for line in lines[:1_000] for word in line.split()})]
    (one,), (other,) = pieces_of(read, words), pieces_of(tokenizer, words)
    if read.get_vocab() != tokenizer.get_vocab() or not np.array_equal(one.ids, other.ids):
        raise ModelError(
            "the tokenizer that was saved cuts words in another way than the one in memory",
            where=str(folder),
            hint="Take an encoder with a tokenizer.json that transformers saved.",
        )
