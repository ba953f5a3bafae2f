"""From one format to another: what ``crosspan convert`` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from crosspan.core.errors import CrosspanError, EmptyInputError, LeftOutError, OptionError
from crosspan.core.files import PathLike, name_of
from crosspan.core.overwrites import check_writing
from crosspan.core.tags import Repair, Scheme, SchemeOption
from crosspan.io import Labelled, Reject, Unit, Writing, iter_located, output_format
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
    source: PathLike,
    target: PathLike,
    *,
    from_format: str = "auto",
    to_format: str = "auto",
    columns: str | None = None,
    scheme: SchemeOption = "auto",
    to_scheme: Scheme = "IOB2",
    repair: Repair = "error",
    lang: str | None = None,
    paragraphs: bool = False,
    offsets: Unit = "codepoints",
    from_offsets: Unit = "codepoints",
    encoding: str = "utf-8",
    tag_column: str | None = None,
    tag_names: str | Sequence[str] | None = None,
    on_error: OnError = "stop",
) -> Conversion:
    """Read a file in one format and write it in another, sentence by sentence.

    What a projection left beside labels (confidences, sources, what was dropped) is kept where the format can hold it.

    Args:
        source: The file to read; ``-`` is standard input.
        target: The file to write, all or nothing; ``-`` is standard output.
        from_format: Its format; ``"auto"`` finds it.
        to_format: The format to write; ``"auto"`` goes by the ending of the name.
        columns: What each column of a CoNLL-style file holds; see :func:`crosspan.io.read`.
        scheme: The tag scheme of the input.
        to_scheme: The tag scheme of the output.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language of the sentences, kept with them.
        paragraphs: Whether a line of plain text may hold several sentences.
        offsets: What character offsets of the output count; see :func:`crosspan.io.write`.
        from_offsets: What those of the input count, where it does not say.
        encoding: The encoding of the input.
        tag_column: The column or key of the tags of the input, by name or by number from 1.
        tag_names: What tags that are numbers stand for.
        on_error: Whether a sentence whose labels cannot be read stops the conversion, or is left out and reported.
            It is never written as a sentence without entities.

    Returns:
        What was converted.

    Raises:
        CrosspanError: Input or output is at fault; nothing is written then.
    """
    if on_error not in ("stop", "skip"):
        raise OptionError(f"unknown value {on_error!r} of on_error", hint="Choose stop or skip.")
    check_writing([target], places_read([source]))
    result = Conversion()
    form = output_format(target, to_format)
    losses = Losses(form)
    located = iter_located(
        source,
        format=from_format,
        lang=lang,
        columns=columns,
        scheme=scheme,
        repair=repair,
        paragraphs=paragraphs,
        offsets=from_offsets,
        encoding=encoding,
        tag_column=tag_column,
        tag_names=tag_names,
    )

    def kept() -> Iterator[Labelled]:
        first: CrosspanError | None = None
        for index, (_, sentence, fault, evidence) in enumerate(located):
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
            where = (first.where if first is not None else None) or name_of(source)
            raise EmptyInputError(f"no sentence is left to write{reason}", where=where, hint=hint)

    form.write_projections(target, losses.watched(kept()), Writing(scheme=to_scheme, offsets=offsets))
    result.lost = losses.counts
    return result
