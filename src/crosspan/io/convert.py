"""From one format to another: what ``crosspan convert`` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from crosspan.core.errors import CrosspanError, EmptyInputError, LeftOutError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.overwrites import check_writing
from crosspan.io import Labelled, Reject, SentenceFile, Writing, output_format
from crosspan.io.dataset_folder import places_read
from crosspan.io.losses import Losses
from crosspan.io.projections import projection_of

OnError = Literal["stop", "skip"]


@dataclass(slots=True)
class Conversion:
    """What was converted.

    Args:
        sentences: How many sentences were written.
        spans: How many entities they have.
        rejects: Sentences that were left out because their labels could not be read.
        lost: How many of what the format of the output cannot keep; see :mod:`crosspan.io.losses`.
    """

    sentences: int = 0
    spans: int = 0
    rejects: list[Reject] = field(default_factory=list)
    lost: Mapping[str, int] = field(default_factory=dict)


def convert(
    source: SentenceFile,
    target: PathLike,
    *,
    to_format: str = "auto",
    how: Writing = Writing(),  # noqa: B008  # it cannot be changed
    on_error: OnError = "stop",
) -> Conversion:
    """Read a file in one format and write it in another, sentence by sentence.

    What a projection left beside labels (confidences, sources, what was dropped) is kept where the format can hold it.

    Args:
        source: The file to read, and how; ``-`` is standard input.
        target: The file to write, all or nothing; ``-`` is standard output.
        to_format: The format to write; ``"auto"`` goes by the ending of the name.
        how: How it is written.
        on_error: Whether a sentence whose labels cannot be read stops the conversion, or is left out and reported.
            It is never written as a sentence without entities.

    Returns:
        What was converted.

    Raises:
        CrosspanError: Input or output is at fault; nothing is written then.
    """
    if on_error not in ("stop", "skip"):
        raise OptionError(f"unknown value {on_error!r} of on_error", hint="Choose stop or skip.")
    check_writing([target], places_read([source.path]))
    result = Conversion()
    form = output_format(target, to_format)
    losses = Losses(form)

    def kept() -> Iterator[Labelled]:
        first: CrosspanError | None = None
        for index, (_, sentence, fault, evidence, _) in enumerate(source.located()):
            if fault is not None and on_error == "stop" and not isinstance(fault, LeftOutError):
                raise fault
            if fault is not None:
                first = first or fault
                result.rejects.append(Reject(index, fault.where or "", fault.message))
                continue
            result.sentences += 1
            result.spans += len(sentence.spans)
            yield sentence if evidence is None else projection_of(sentence, evidence, whole=False)
        if result.sentences == 0:
            hint = (first.hint if first is not None else None) or "Mend the labels, or choose a repair."
            reason = f"; the first: {first.message}" if first is not None else ""
            where = (first.where if first is not None else None) or source.shown
            raise EmptyInputError(f"no sentence is left to write{reason}", where=where, hint=hint)

    form.write_projections(target, losses.watched(kept()), how)
    result.lost = losses.counts
    return result
