"""Gold and predictions as ``crosspan evaluate`` reads them: strictly and leniently, and matched with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from crosspan.cli.messages import say

if TYPE_CHECKING:
    from crosspan.core.types import Sentence


class ScoredFile(NamedTuple):
    """A file read once, or twice where tags break their scheme.

    Args:
        path: The file.
        strict: Its sentences, where only what is well-formed is a span.
        lenient: Its sentences, where what is ill-formed begins a span.
        lines: Where each begins.
    """

    path: str
    strict: Sequence[Sentence]
    lenient: Sequence[Sentence]
    lines: Sequence[int]

    def at(self, places: Sequence[int]) -> ScoredFile:
        """Some of the sentences."""
        strict, lenient, lines = ([one[index] for index in places] for one in self[1:])
        return ScoredFile(self.path, strict, lenient, lines)  # type: ignore[arg-type]


def read_scored(path: str, how: Mapping[str, Any]) -> ScoredFile:
    """Read sentences strictly and leniently; the same list twice where no tag breaks its scheme.

    Args:
        path: The file.
        how: How it is read; see :func:`crosspan.io.read`.
    """
    from crosspan import io

    located = list(io.iter_located(path, repair="error", **how))
    lines = [item.line for item in located]
    fault = next((item.fault for item in located if item.fault is not None), None)
    if fault is None:
        sentences = [item.sentence for item in located]
        return ScoredFile(path, sentences, sentences, lines)
    if not Path(path).is_file():
        fault.hint = "Ill-formed tags need a second reading, which a pipe does not allow: save it as a file first."
        raise fault
    return ScoredFile(path, io.read(path, repair="drop", **how), io.read(path, repair="begin", **how), lines)


def scheme_of_gold(gold: ScoredFile, how: Mapping[str, Any]) -> str:
    """The scheme that a prediction is read by: the one named, or that of the gold; strict means IOB2 otherwise.

    Tags of gold that are well-formed, but not in IOB2, are in another scheme: ``IOB1``, or one that its prefixes tell.

    Args:
        gold: The gold.
        how: How it is read.
    """
    if how["scheme"] != "auto":
        return str(how["scheme"])
    if gold.strict is not gold.lenient or not Path(gold.path).is_file():
        return "IOB2"
    from crosspan import io

    located = io.iter_located(gold.path, repair="error", **{**how, "scheme": "IOB2"})
    faults = [item.fault for item in located if item.fault]
    return "IOB1" if faults and not any(map(_is_foreign, faults)) else "IOB2"


def _is_foreign(fault: Exception) -> bool:
    """Whether a tag has a prefix that its scheme does not know, such as ``E-`` in IOB2."""
    return "does not belong to the scheme" in str(fault)


def read_prediction(path: str, how: Mapping[str, Any], scheme: str) -> ScoredFile:
    """Read a prediction by a scheme; prefixes of another one are told from errors in this.

    Args:
        path: The file.
        how: How it is read.
        scheme: The scheme of the gold.
    """
    from crosspan import io
    from crosspan.core.errors import TagError

    if how["scheme"] == "auto" and Path(path).is_file():
        faults = (item.fault for item in io.iter_located(path, repair="error", **{**how, "scheme": scheme}))
        if any(isinstance(fault, TagError) and _is_foreign(fault) for fault in faults):
            scheme = "auto"
    return read_scored(path, {**how, "scheme": scheme})


def check_only_labels(path: str, how: Mapping[str, Any], gold: str, how_gold: Mapping[str, Any]) -> None:
    """Raise where a prediction has labels under more names than the gold: any of them may be meant.

    Args:
        path: The prediction.
        how: How it is read.
        gold: The gold.
        how_gold: How that is read.

    Raises:
        OptionError: It has.
    """
    from crosspan.core.errors import OptionError

    if how["tag_column"] or how["columns"] or path == gold:
        return
    found = _unused(path, how)
    known = _unused(gold, how_gold) if found else {}
    for what, message in found.items():
        if what not in known:
            raise OptionError(
                f"{path}: {message}; a gold copy may be what is read",
                hint="Say where the prediction is with --pred-tag-column.",
            )


def _unused(path: str, how: Mapping[str, Any]) -> dict[str, str]:
    """What looks like labels in a file and is not used."""
    from crosspan.core.errors import CrosspanError
    from crosspan.io import Reading
    from crosspan.io.choice import located
    from crosspan.io.notices import Notice

    notices: list[Notice] = []
    reading = {name: value for name, value in how.items() if name != "format"}
    if Path(path).is_file() or Path(path).is_dir():  # a pipe can be read but once
        try:
            for _ in located(path, how["format"], Reading(**reading, notices=notices)):
                pass
        except CrosspanError:
            return {}  # the reader says it better
    return {one.what: one.message for one in notices if one.code == "labels-unused"}


def matched(
    gold: ScoredFile, others: list[ScoredFile], *, by_id: bool
) -> tuple[ScoredFile, list[ScoredFile], list[int]]:
    """The sentences that all have, in the order of the gold, and their places in it.

    Without being asked ids are looked at only where the order does not tell, and then all of the gold must be there.

    Args:
        gold: The gold.
        others: The predictions.
        by_id: Whether ids are to be looked at.
    """
    from crosspan.core.errors import EmptyInputError, PairError
    from crosspan.evaluate.matching import places_by_id, same_text

    every = list(range(len(gold.strict)))
    if not by_id and all(
        len(other.strict) == len(every) and all(map(same_text, gold.strict, other.strict)) for other in others
    ):
        return gold, others, every
    try:
        places = [places_by_id(one.strict, one.path) for one in (gold, *others)]
    except PairError:
        if by_id:
            raise
        return gold, others, every  # the check of texts says where they differ
    ids = [sentence.id for sentence in gold.strict]
    kept = [index for index in every if all(ids[index] in one for one in places[1:])]
    if not by_id and len(kept) < len(every):
        return gold, others, every
    if not kept:
        hint = "Matching by ids needs the same ids in both files."
        raise EmptyInputError(f"no sentence has an id of {gold.path}", where=others[0].path, hint=hint)
    say(
        f"Matched by id: {len(kept)} of {len(every)} sentences of {gold.path}, "
        + ", ".join(f"of {len(one.strict)} of {one.path}" for one in others)
        + "."
    )
    chosen = [
        other.at([place[str(ids[index])] for index in kept]) for other, place in zip(others, places[1:], strict=True)
    ]
    return gold.at(kept), chosen, kept


def by_characters(readings: list[ScoredFile]) -> list[ScoredFile]:
    """The readings with common tokens where theirs differ and their characters do not.

    Args:
        readings: The gold and the predictions.
    """
    from crosspan.evaluate.matching import in_common_tokens

    strict = [in_common_tokens(*row) for row in zip(*(one.strict for one in readings), strict=True)]
    n_other = sum(
        any(row[0].tokens != other.tokens for other in row)
        for row in zip(*(one.strict for one in readings), strict=True)
    )
    if not n_other:
        return readings
    say(f"{n_other} sentences have other tokens but the same characters: their spans are compared by characters.")
    lenient = [in_common_tokens(*row) for row in zip(*(one.lenient for one in readings), strict=True)]
    sides = zip(readings, zip(*strict, strict=True), zip(*lenient, strict=True), strict=True)
    return [one._replace(strict=list(own), lenient=list(other)) for one, own, other in sides]


def check_texts(gold: ScoredFile, pred: ScoredFile) -> None:
    """Raise where two readings are not of the same characters.

    Args:
        gold: The gold.
        pred: A prediction.

    Raises:
        PairError: They are not.
    """
    from crosspan.evaluate import check_same_tokens
    from crosspan.evaluate.matching import same_text

    right = list(gold.strict)
    for index, (one, other) in enumerate(zip(right, pred.strict, strict=False)):
        if same_text(one, other):
            right[index] = other
    check_same_tokens(right, pred.strict, gold_name=gold.path, pred_name=pred.path, pred_lines=pred.lines)
