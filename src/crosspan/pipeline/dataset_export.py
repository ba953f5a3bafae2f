"""A folder that ``datasets.load_dataset`` and the hub take as it is: what ``crosspan export-dataset`` does.

Each split is a Parquet file whose tags are numbers of a ``ClassLabel``, the same in all of them, and a card says
what is in the folder and how it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crosspan.core.errors import EmptyInputError, LeftOutError, OptionError
from crosspan.core.files import PathLike, open_output
from crosspan.core.folders import atomic_folder
from crosspan.core.tags import Scheme, tag_names
from crosspan.io.format import Labelled, Writing
from crosspan.io.pairs import SentenceFile
from crosspan.io.parquet import Parquet
from crosspan.io.projections import projection_of
from crosspan.io.rejects import Located
from crosspan.pipeline.dataset_card import CardFacts, Split, card
from crosspan.pipeline.summary import OnReject, Rejected

SPLITS = ("train", "validation", "test")
"""What HuggingFace calls the parts of a data set."""


@dataclass(slots=True)
class Exported:
    """What was written.

    Args:
        splits: The splits, by name.
        tags: The tags by their numbers.
        rejected: Sentences that were left out, as their labels could not be read.
    """

    splits: dict[str, Split]
    tags: tuple[str, ...]
    rejected: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "splits": {name: split.to_dict() for name, split in self.splits.items()},
            "tags": list(self.tags),
            "rejected": self.rejected,
        }


def export_dataset(
    files: Mapping[str, SentenceFile],
    out: PathLike,
    *,
    scheme: Scheme = "IOB2",
    about: CardFacts | None = None,
    on_reject: OnReject | None = None,
) -> Exported:
    r"""Write labelled sentences as a data set of HuggingFace.

    Columns: ``id``, ``lang``, ``text``, ``tokens``, ``ner_tags``, ``spans`` with confidences, ``offsets``; of
    projections also where each span comes from, and what was not projected. ``README.md`` is the card.

    Args:
        files: The splits by name, of :data:`SPLITS`; files that can be read twice (see
            :func:`crosspan.io.pairs.rereadable`).
        out: The folder. It takes the place of one that crosspan wrote, and of no other.
        scheme: The scheme of ``ner_tags``.
        about: What the card says beside what is counted here.
        on_reject: Is told of each sentence that is left out.

    Raises:
        OptionError: A split has another name.
        EmptyInputError: A split has no sentence whose labels can be read.
        CrosspanError: A file or the folder is at fault; nothing is written then.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as place:
        ...     labelled = Path(place, "sw.conll")
        ...     _ = labelled.write_text("Ada B-PER\nanaimba O\n")
        ...     export_dataset({"train": SentenceFile(labelled)}, Path(place, "set")).tags
        ('O', 'B-PER', 'I-PER')
    """
    strange = [name for name in files if name not in SPLITS]
    if strange or not files:
        raise OptionError(f"there is no split {strange[0]!r}" if strange else "no split is given",
                          hint=f"Splits are {', '.join(SPLITS)}.")  # fmt: skip
    found = Exported({name: Split(name) for name in files}, ())
    for name, file in files.items():
        for one in _usable(file, lambda rejected: _reject(rejected, found, on_reject)):
            found.splits[name].add(one.sentence, one.evidence)
        if found.splits[name].sentences == 0:
            raise EmptyInputError(f"no sentence of {name} can be used", where=file.shown, hint="Mend its labels.")
    found.tags = tuple(tag_names(sorted({label for split in found.splits.values() for label in split.spans}), scheme))
    with atomic_folder(out, what="the data set") as folder:
        (folder / "data").mkdir()
        for name, file in files.items():
            items = map(_labelled, _usable(file))
            path = folder / "data" / f"{name}-00000-of-00001.parquet"
            Parquet().write_projections(path, items, Writing(scheme=scheme, classes=found.tags))
        with open_output(folder / "README.md") as text:
            text.write(card(found.splits.values(), found.tags, scheme, about or CardFacts()))
    return found


def _usable(file: SentenceFile, left_out: OnReject | None = None) -> Iterator[Located]:
    """The sentences whose labels can be read; the others are told of, but for those that were to be left out."""
    for index, one in enumerate(file.located()):
        fault = one.fault
        if fault is None:
            yield one
        elif left_out is not None and not isinstance(fault, LeftOutError):
            left_out(Rejected(index, fault.where or file.shown, one.sentence.id, fault.message))


def _labelled(one: Located) -> Labelled:
    return one.sentence if one.evidence is None else projection_of(one.sentence, one.evidence, whole=False)


def _reject(rejected: Rejected, found: Exported, on_reject: OnReject | None) -> None:
    found.rejected += 1
    if on_reject is not None:
        on_reject(rejected)
