"""From what a classifier of words says to IOB2: names of tags in any scheme, probabilities, the best spans."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from crosspan.core.arithmetic import logs
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.tags import split_tag
from crosspan.core.types import Span
from crosspan.tag import chain
from crosspan.tag.crf import spans_of, tags_of

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

SCHEMES = ("auto", "IOB2", "IOB1", "BIOES", "BILOU", "IO")

FLOOR = 1e-30
"""Probabilities below this count as this: it keeps their logarithms finite."""

_BEGINS = ("B", "S", "U")
_NAMELESS = re.compile(r"LABEL_\d+\Z")


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Which tags the columns of a classifier stand for.

    Args:
        labels: The kinds of entity, sorted.
        scheme: How the classifier writes spans: ``"IOB2"`` (and what reads like it: BIOES, BILOU), ``"IOB1"`` or
            ``"IO"``.
        begin: Columns that are summed to the probability of a ``B-``, by label.
        inside: The same of ``I-``.
        outside: Columns summed to ``O``.
    """

    labels: tuple[str, ...]
    scheme: str
    begin: tuple[tuple[int, ...], ...]
    inside: tuple[tuple[int, ...], ...]
    outside: tuple[int, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """The IOB2 tags of what :meth:`iob2` gives: ``O``, then ``B-`` and ``I-`` by label."""
        return tags_of(self.labels)

    def iob2(self, rows: npt.NDArray[np.floating]) -> Float32Array:
        """Probabilities of the classifier's tags as those of IOB2 tags.

        A scheme that says nothing about where a span begins, or only between touching ones, leaves that to the word
        before: with ``IO``, the probability of ``B-PER`` is that of ``PER`` here and no ``PER`` before. That is exact
        where words are labelled independently of one another, as such a classifier does.

        Args:
            rows: Probabilities of the words of one sentence, ``[n_words, n_columns]``.

        Returns:
            ``[n_words, 1 + 2 * n_labels]``; rows sum to what they summed to before.
        """
        out = np.zeros((len(rows), 1 + 2 * len(self.labels)), np.float32)
        out[:, 0] = rows[:, list(self.outside)].sum(axis=1)
        for label, (begin, inside) in enumerate(zip(self.begin, self.inside, strict=True)):
            b = rows[:, list(begin)].sum(axis=1)
            i = rows[:, list(inside)].sum(axis=1)
            if self.scheme in ("IO", "IOB1") and len(rows):
                before = np.concatenate([[0.0], (b + i)[:-1]])
                b, i = b + i * (1.0 - before), i * before
            out[:, 2 * label + 1], out[:, 2 * label + 2] = b, i
        return out


def parsed_names(entries: Iterable[str]) -> dict[str, str]:
    """New names of labels from ``OLD=NEW``.

    Raises:
        OptionError: One is not of that form.

    Example:
        >>> parsed_names(["PERSON=PER", "DATE=O"])
        {'PERSON': 'PER', 'DATE': 'O'}
    """
    found: dict[str, str] = {}
    for entry in entries:
        old, equals, new = (part.strip() for part in entry.partition("="))
        if not (old and equals and new):
            raise OptionError(
                f"{entry!r} does not name a label", hint="Write OLD=NEW with commas between, such as PERSON=PER,DATE=O."
            )
        found[old] = new
    return found


class ToldLabels:
    """The labels of a tagger that finds whatever kinds of entity it is told.

    Args:
        entries: What to look for, and what that is called here, as ``OLD=NEW``.

    Example:
        >>> told = ToldLabels(["person=PER", "city=LOC", "country=LOC"])
        >>> told.labels, told.tags
        (('LOC', 'PER'), ('O', 'B-LOC', 'I-LOC', 'B-PER', 'I-PER'))
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._names = parsed_names(entries)
        self._labels = tuple(sorted(set(self._names.values())))

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it looks for, as they are called here, sorted."""
        return self._labels

    @property
    def tags(self) -> tuple[str, ...]:
        """``O``, and ``B-`` and ``I-`` of each label: the columns of its probabilities."""
        return tags_of(self._labels)


def columns_of(
    names: Sequence[str], *, mapping: Mapping[str, str], scheme: str = "auto", others: str = "keep", where: str = ""
) -> Columns:
    """Find out what the columns of a classifier stand for.

    Args:
        names: What the classifier calls its columns, in order: tags of any scheme, or bare labels.
        mapping: New names, of whole tags (``{"LABEL_1": "B-PER"}``) or of labels (``{"PERSON": "PER"}``); what becomes
            ``"O"`` is no entity.
        scheme: How it writes spans; ``"auto"`` reads it from the names. IOB1 looks like IOB2, so it must be said.
        others: ``"drop"`` makes labels that are not in ``mapping`` no entities.
        where: The model, for errors.

    Raises:
        ModelError: The names say nothing, or there are none of entities, or ``mapping`` has one that is not there.

    Example:
        >>> found = columns_of(["O", "B-PERSON", "I-PERSON", "B-DATE"], mapping={"PERSON": "PER", "DATE": "O"})
        >>> found.labels, found.begin, found.inside, found.outside
        (('PER',), ((1,),), ((2,),), (0, 3))
    """
    _check_mapping(names, mapping, where)
    tags = [mapping.get(name, name) for name in names]
    for name, tag in zip(names, tags, strict=True):
        if _NAMELESS.match(tag):
            raise ModelError(
                f"the model does not say what its label {name} means",
                where=where,
                hint="Name all of them, such as labels=LABEL_0=O,LABEL_1=B-PER,LABEL_2=I-PER.",
            )
    parts = [split_tag(tag) or ("", tag) for tag in tags]  # a bare label has no prefix
    kept = {label for _, label in parts if label}
    if any(prefix == "" for prefix, _ in parts) and any(prefix not in ("", "O") for prefix, _ in parts):
        bare = next(label for prefix, label in parts if prefix == "")
        raise ModelError(
            f"the model has tags with B- and I-, and the label {bare} without", where=where, hint=f"Map {bare}=O."
        )
    if "O" not in tags:
        raise ModelError(
            "the model has no tag O for words that are no entities",
            where=where,
            hint=f"Map one of {_listed(names)} to O.",
        )
    new = {
        label: mapping.get(label, label if others == "keep" or _is_mapped(label, mapping) else "O") for label in kept
    }
    labels = tuple(sorted({label for label in new.values() if label != "O"}))
    if not labels:
        raise ModelError(
            "no label of the model is left", where=where, hint=f"It has {_listed(sorted(kept))}; keep one."
        )
    begin: dict[str, list[int]] = {label: [] for label in labels}
    inside: dict[str, list[int]] = {label: [] for label in labels}
    outside = []
    for column, (prefix, label) in enumerate(parts):
        shown = new[label] if label else "O"
        if shown == "O":
            outside.append(column)
        else:
            (begin if prefix in _BEGINS else inside)[shown].append(column)
    return Columns(
        labels,
        _scheme_of([prefix for prefix, _ in parts], scheme),
        tuple([tuple(begin[label]) for label in labels]),
        tuple([tuple(inside[label]) for label in labels]),
        tuple(outside),
    )


def check_needed(labels: Sequence[str], needed: Sequence[str], where: str) -> None:
    """Raise if a label that is needed is not there.

    Raises:
        ModelError: One is not.
    """
    missing = [label for label in needed if label not in labels]
    if missing:
        raise ModelError(
            f"the model knows no label {missing[0]!r}",
            where=where,
            hint=f"It has {_listed(labels)}. Take another model, or rename one, such as labels=OLD={missing[0]}.",
        )


def best_spans(
    rows: Sequence[Float32Array], labels: Sequence[str], threads: int | None = None
) -> list[tuple[Span, ...]]:
    """The most probable valid IOB2 sequence of each sentence, as spans with their probability.

    Words are labelled independently of one another, except that only valid sequences count. The score of a span is
    its exact probability under that model: that it begins at its first word, goes on to its last, and not beyond.

    Args:
        rows: For each sentence the probabilities of IOB2 tags, ``[n_words, 1 + 2 * n_labels]``.
        labels: The labels of the columns.
        threads: Threads to use.

    Example:
        >>> row = np.array([[0.1, 0.2, 0.7], [0.1, 0.1, 0.8], [0.9, 0.0, 0.1]], np.float32)
        >>> [(span.start, span.end, round(span.score, 2)) for span in best_spans([row], ["PER"])[0]]
        [(0, 2, 0.66)]
    """
    first = chain.flat_offsets([len(row) for row in rows])
    n = int(first[-1])
    best, score = np.zeros(n, np.int64), np.zeros(n)
    if n:
        emission = logs(np.maximum(np.concatenate(rows).astype(np.float64), FLOOR))
        transition = chain.allowed_transitions(len(labels))
        chain.best_spans(first, emission, transition, 1.0, best, score, emission[:0], threads)
    return [
        tuple(
            [Span(a, b, labels[label], round(float(score[begin + a]), 4)) for a, b, label in spans_of(best[begin:end])]
        )
        for begin, end in pairwise(first.tolist())
    ]


def _check_mapping(names: Sequence[str], mapping: Mapping[str, str], where: str) -> None:
    known = {*names, *(parts[1] for name in names if (parts := split_tag(name)))}
    for old, new in mapping.items():
        if old not in known and new != "O":  # what is not there is no entity anyway
            hint = did_you_mean(old, sorted(known), quoted=False, otherwise=f"It has {_listed(names)}.")
            raise ModelError(f"the model has no label {old!r}", where=where, hint=hint)


def _is_mapped(label: str, mapping: Mapping[str, str]) -> bool:
    """Whether a label is one that a mapping leads to, by itself or in a tag."""
    return any(label in (new, (split_tag(new) or ("", ""))[1]) for new in mapping.values())


def _scheme_of(prefixes: Sequence[str], asked: str) -> str:
    if asked == "auto":
        return "IOB2" if {*prefixes} & {*_BEGINS} else "IO"
    return "IOB2" if asked in ("BIOES", "BILOU") else asked


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return f"{shown} …" if len(names) > 8 else shown
