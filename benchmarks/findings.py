"""What a benchmark found, beside what it was to reach, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from crosspan.core.tables import Table, words

HEADER = ("what", "aim", "crosspan", "shipped weights", "best rivals, same run", "reached", "note")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table of aims.

    Args:
        row: The row of the table it belongs to.
        what: What was measured.
        aim: What is to be reached, in words.
        ours: Our figure.
        reached: Whether it is; ``None`` where the aim needs a rival that was not measured, or there is none.
        shipped: The same figure with the shipped weights, whose training saw this corpus.
        rivals: Others' figures by name, measured in the same run.
        note: Anything a reader must know.
        digits: Decimal places to print.
    """

    row: str
    what: str
    aim: str
    ours: float
    reached: bool | None
    shipped: float | None = None
    rivals: dict[str, float] = field(default_factory=dict)
    note: str = ""
    digits: int = 3

    def cells(self) -> list[str]:
        rivals = "; ".join(f"{self._number(value)} ({name})" for name, value in self.rivals.items())
        verdict = {True: "yes", False: "**no**", None: "–"}[self.reached]
        shipped = "" if self.shipped is None else self._number(self.shipped)
        return [self.what, self.aim, self._number(self.ours), shipped, rivals, verdict, self.note]

    def _number(self, value: float) -> str:
        text = f"{value:,.{self.digits}f}"
        return text.removeprefix("0") if 0 < value < 1 and self.digits > 2 else text

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def markdown(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table.

    Example:
        >>> print(markdown(["a", "b"], [["1", "2"]]))
        | a | b |
        |:---|:---|
        | 1 | 2 |
    """
    return Table(words(*header), [list(row) for row in rows]).markdown()


def table(found: Sequence[Finding]) -> str:
    """All findings; columns that nothing fills are left out."""
    lines = [finding.cells() for finding in found]
    used = [place for place in range(len(HEADER)) if any(line[place] for line in lines)]
    return markdown([HEADER[place] for place in used], ([line[place] for place in used] for line in lines))
