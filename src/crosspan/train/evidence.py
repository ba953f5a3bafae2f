"""What is known of the tags of a sentence that is learned from.

The *evidence* of a token is, for each tag, the probability of what was seen of the token if that were its tag: 1 for
the tag of a sure label and 0 for all others, 1 for every tag of a token that nothing is known of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from crosspan.core.arithmetic import logs
from crosspan.train.examples import Example

Float64Array = npt.NDArray[np.float64]

_LOWEST = 1e-6  # of evidence that is not impossible


@dataclass(slots=True)
class EvidenceTable:
    """Numbers the different evidence of tokens: a corpus has few kinds of it.

    Args:
        labels: The kinds of entity, in the order of their tags. Spans of other kinds are taken for no entity.
        span_confidence: Whether the score of a span counts; without, every span is sure.
    """

    labels: Sequence[str]
    span_confidence: bool = True
    _numbers: dict[tuple[int, float], int] = field(default_factory=dict)

    def number(self, example: Example) -> list[int]:
        """The number of the evidence of each token."""
        found = [self._number(0, example.missing)] * len(example.sentence)
        for span in example.sentence.spans:
            if span.label in self.labels:
                sure = 1.0 if span.score is None or not self.span_confidence else span.score
                tag = 2 * self.labels.index(span.label) + 1
                inside = self._number(tag + 1, sure)
                found[span.start : span.end] = [inside] * (span.end - span.start)
                found[span.start] = self._number(tag, sure)
        for token in example.unobserved:
            found[token] = self._number(-1, 0.0)
        return found

    @property
    def rows(self) -> Float64Array:
        """The evidence of each number, ``[n, k]`` for ``k = 2 * len(labels) + 1`` tags."""
        out = np.ones((len(self._numbers), 2 * len(self.labels) + 1))
        for row, (tag, value) in zip(out, self._numbers, strict=True):
            if tag == 0:
                row[1:] = value
            elif tag > 0:
                row[:] = max(1.0 - value, _LOWEST) if value < 1.0 else 0.0
                row[tag] = max(value, _LOWEST)
        return out

    def _number(self, tag: int, value: float) -> int:
        return self._numbers.setdefault((tag, value), len(self._numbers))


def evidence_of(example: Example, labels: Sequence[str], *, span_confidence: bool = True) -> Float64Array:
    """The log evidence of a sentence, ``[n_tokens, n_tags]``.

    Args:
        example: The sentence.
        labels: The kinds of entity, in the order of their tags.
        span_confidence: Whether the score of a span counts.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> example = Example(Sentence(("in", "Accra", "now"), (Span(1, 2, "LOC"),)), unobserved=(2,))
        >>> evidence_of(example, ["LOC"]).tolist()
        [[0.0, -inf, -inf], [-inf, 0.0, -inf], [0.0, 0.0, 0.0]]
    """
    numbers, rows = evidence_table([example], labels, span_confidence=span_confidence)
    return logs(rows[numbers])


def evidence_table(
    examples: Iterable[Example], labels: Sequence[str], *, span_confidence: bool = True
) -> tuple[npt.NDArray[np.int32], Float64Array]:
    """The evidence of all tokens of some sentences: the number of each, int32 ``[n]``, and the rows by number.

    Example:
        >>> from crosspan.core.types import Sentence, Span
        >>> numbers, rows = evidence_table([Example(Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.75),)))], ["LOC"])
        >>> rows[numbers].tolist()
        [[1.0, 0.0, 0.0], [0.25, 0.75, 0.25]]
    """
    table = EvidenceTable(labels, span_confidence)
    numbers = [np.array(table.number(example), np.int32) for example in examples]
    return np.concatenate([np.zeros(0, np.int32), *numbers]), table.rows
