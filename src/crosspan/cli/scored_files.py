"""Gold and predictions as ``crosspan evaluate`` reads them: once, strictly and leniently, and matched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from crosspan.cli.messages import say

if TYPE_CHECKING:
    from crosspan.core.types import Sentence
    from crosspan.io.notices import Notice
    from crosspan.io.readings import Readings


class ScoredFile(NamedTuple):
    """A file by one tag scheme.

    Args:
        path: The file.
        strict: Its sentences, where only what is well-formed is a span.
        lenient: Its sentences, where what is ill-formed begins a span; the same list where nothing is.
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


class ReadFile(NamedTuple):
    """A file that was read, and what was noticed meanwhile.

    Args:
        path: The file.
        readings: Its sentences with their tags.
        told: Whether the user said what its scheme is.
        notices: What was noticed.
    """

    path: str
    readings: Readings
    told: bool
    notices: Sequence[Notice]

    def by(self, scheme: str | None = None) -> ScoredFile:
        """Its sentences by a scheme, if not by its own.

        Args:
            scheme: A scheme; where it does not have all prefixes of the file, those tell of another.
        """
        own = self.readings.scheme
        known = scheme is not None and not self.told and self.readings.are_in(scheme)  # type: ignore[arg-type]
        strict, lenient = self.readings.both(scheme if known else own)  # type: ignore[arg-type]
        return ScoredFile(self.path, strict, lenient, self.readings.lines)

    @property
    def scheme_of_others(self) -> str:
        """The scheme that predictions are read by where this is gold; strict means IOB2 where nothing else is said.

        Tags of gold that are well-formed, but not in IOB2, are in another scheme: ``IOB1``, or one that its prefixes
        tell.
        """
        own = self.readings.scheme
        return own if self.told or own == "IOB1" else "IOB2"

    @property
    def unused(self) -> dict[str, str]:
        """What looks like labels and is not used, with what is said of it."""
        return {one.what: one.message for one in self.notices if one.code == "labels-unused"}


def read_once(path: str, how: Mapping[str, Any]) -> ReadFile:
    """Read a file to be scored; what is noticed is kept, to be said by :func:`tell`.

    Args:
        path: The file.
        how: How it is read; see :func:`crosspan.io.read`.
    """
    from crosspan.io.pairs import SentenceFile
    from crosspan.io.readings import Readings

    notices: list[Notice] = []
    located = SentenceFile(path, **how, notices=notices).located()
    readings = Readings.of(located, path, how["scheme"])
    return ReadFile(path, readings, how["scheme"] != "auto", notices)


def tell(files: Sequence[ReadFile]) -> None:
    """Say what was noticed, once of each file.

    Args:
        files: What was read.
    """
    for path, notices in {file.path: file.notices for file in files}.items():
        for notice in notices:
            notice.warn(path)


def check_only_labels(pred: ReadFile, gold: ReadFile, how: Mapping[str, Any]) -> None:
    """Raise where a prediction has labels under more names than the gold: any of them may be meant.

    Args:
        pred: The prediction.
        gold: The gold.
        how: How the prediction is read.

    Raises:
        OptionError: It has.
    """
    from crosspan.core.errors import OptionError

    if how["tag_column"] or how["columns"] or pred.path == gold.path:
        return
    message = next((said for what, said in pred.unused.items() if what not in gold.unused), None)
    if message is not None:
        raise OptionError(
            f"{pred.path}: {message}; a gold copy may be what is read",
            hint="Say where the prediction is with --pred-tag-column.",
        )


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
