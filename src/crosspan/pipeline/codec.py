"""Parts as bytes: JSON for words and spans, flat arrays for links. Nothing that a store keeps is ever executed.

Each part begins with a letter that says what it is, so that a store needs to know no more than that.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.saved import saved
from crosspan.core.types import Alignment, ProjectedSpan, Projection, Span
from crosspan.models.archive import packed
from crosspan.pipeline.parts import (
    AboutRow,
    Extras,
    Facts,
    Fault,
    Faults,
    Labels,
    Links,
    Model,
    Projected,
    Seen,
    Tokens,
)

_HEADER = struct.Struct("<qqq")  # sentences, links, bytes of faults


def encode(part: object) -> bytes:
    """A part as bytes.

    Raises:
        TypeError: It is no part.

    Example:
        >>> decode(encode(Labels([(Span(0, 1, "LOC", 0.5),), ()], {1: Fault("a:3", "empty")})))
        Labels(spans=[(Span(start=0, end=1, label='LOC', score=0.5),), ()], faults={1: Fault(where='a:3', \
message='empty', hint=None)})
    """
    for letter, (kind, dump, _) in _KINDS.items():
        if isinstance(part, kind):
            return letter + dump(part)
    raise TypeError(f"{type(part).__name__} is no part of a result")


def decode(data: bytes) -> Any:
    """What :func:`encode` wrote."""
    return _KINDS[data[:1]][2](data[1:])


def dumps(value: Any) -> bytes:
    r"""Plain values as JSON in UTF-8; lone surrogates, which strict UTF-8 refuses, survive.

    Example:
        >>> dumps(["mọ́", 1])
        b'["m\xe1\xbb\x8d\xcc\x81",1]'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def loads(data: bytes) -> Any:
    """What :func:`dumps` wrote."""
    return json.loads(data.decode("utf-8", "surrogatepass"))


def _span_rows(spans: Iterable[Span]) -> list[list[Any]]:
    return [[span.start, span.end, span.label, span.score] for span in spans]


def _dump_faults(faults: Faults) -> Mapping[str, Fault]:
    return {str(index): fault for index, fault in sorted(faults.items())}


def _load_faults(rows: Mapping[str, Sequence[Any]]) -> Faults:
    return {int(index): Fault(*row) for index, row in rows.items()}


def _dump_labels(labels: Labels) -> bytes:
    return dumps({"spans": [*map(_span_rows, labels.spans)], "faults": _dump_faults(labels.faults)})


def _load_labels(data: bytes) -> Labels:
    found = loads(data)
    spans = [tuple([Span(*row) for row in rows]) for rows in found["spans"]]
    return Labels(spans, _load_faults(found["faults"]))


def _dump_about(about: Extras) -> bytes:
    return dumps({"sides": about.sides, "lines": about.lines})


def _load_about(data: bytes) -> Extras:
    found = loads(data)
    return Extras(tuple([AboutRow(*row) for row in side] for side in found["sides"]), found["lines"])


def _dump_projected(found: Projected) -> bytes:
    return dumps([_projection_row(row) if isinstance(row, Projection) else row for row in found.rows])


def _projection_row(projection: Projection) -> list[Any]:
    links, unobserved = _link_rows(projection.links), _link_rows(projection.unobserved)
    dropped = [[*_span_rows((drop.source,)), drop.reason] for drop in projection.dropped]
    return [_span_rows(projection.sentence.spans), links, dropped, projection.error, unobserved]


def _link_rows(links: Iterable[ProjectedSpan]) -> list[list[Any]]:
    return [[*_span_rows((link.source, link.target)), link.confidence] for link in links]


def _dump_links(links: Links) -> bytes:
    """Links of a shard as flat arrays; probabilities keep every bit."""
    given = [one for one in links.alignments if one is not None]
    counts = np.array([-1 if one is None else len(one) for one in links.alignments], "<i8")
    columns = [
        np.concatenate([np.empty(0, "<i4"), *(one.source for one in given)]),
        np.concatenate([np.empty(0, "<i4"), *(one.target for one in given)]),
        np.concatenate([np.empty(0, "<f4"), *(one.prob for one in given)]),
    ]
    faults = dumps(_dump_faults(links.faults))
    arrays = b"".join(column.tobytes() for column in (counts, *columns))
    return _HEADER.pack(len(counts), len(columns[0]), len(faults)) + arrays + faults


def _load_links(data: bytes) -> Links:
    raw = bytearray(data)  # compiled code is compiled for arrays that may be written to
    n_sentences, n_links, n_faults = _HEADER.unpack_from(raw)
    at = _HEADER.size
    counts: npt.NDArray[np.int64] = np.frombuffer(raw, np.int64, n_sentences, at)
    at += counts.nbytes
    source = np.frombuffer(raw, np.int32, n_links, at)
    target = np.frombuffer(raw, np.int32, n_links, at + source.nbytes)
    prob = np.frombuffer(raw, np.float32, n_links, at + 2 * source.nbytes)
    ends = np.cumsum(np.maximum(counts, 0))
    begins = ends - np.maximum(counts, 0)
    alignments = [
        None if count < 0 else Alignment(source[begin:end], target[begin:end], prob[begin:end])
        for count, begin, end in zip(counts.tolist(), begins.tolist(), ends.tolist(), strict=True)
    ]
    return Links(alignments, _load_faults(loads(data[len(data) - n_faults :])))


def _dump_model(model: Model) -> bytes:
    head = dumps([model.family, model.use])
    return len(head).to_bytes(4, "little") + head + model_bytes(model)


def _load_model(data: bytes) -> Model:
    end = 4 + int.from_bytes(data[:4], "little")
    family, use = loads(data[4:end])
    return Model(family, use, data[end:])


def model_bytes(model: Model) -> bytes:
    """The file of a model, or its folder as one archive."""
    if isinstance(model.value, bytes):
        return model.value
    if isinstance(model.value, Path):
        return packed(model.value)
    return saved(model.value.save, "model.npz" if model.family == "aligners" else "model.crf")


def _dump_seen(seen: Seen) -> bytes:
    return seen.value if isinstance(seen.value, bytes) else saved(seen.value.save, "seen.npz")


_KINDS: dict[bytes, tuple[type, Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    b"T": (Tokens, lambda part: dumps(part.sides), lambda data: Tokens(tuple(loads(data)))),
    b"A": (Extras, _dump_about, _load_about),
    b"L": (Labels, _dump_labels, _load_labels),
    b"K": (Links, _dump_links, _load_links),
    b"P": (Projected, _dump_projected, lambda data: Projected(loads(data))),
    b"M": (Model, _dump_model, _load_model),
    b"S": (Seen, _dump_seen, Seen),
    b"F": (Facts, lambda part: dumps(part.values), lambda data: Facts(loads(data))),
}
