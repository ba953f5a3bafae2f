"""What is noticed while a file is read and is no fault of any sentence: said once, with how often and where first.

Foremost the rule that nothing that looks like a label is passed over in silence. Readers note here what they do not
use; at the end of the file it becomes a warning, or a finding of ``crosspan check``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from crosspan.core.logs import warn
from crosspan.core.shown import shown


class ReadingWarning(UserWarning):
    """Something in a file was read otherwise than one might think."""


@dataclass(slots=True)
class Notice:
    """One thing that was noticed.

    Args:
        code: A short name of its kind.
        what: What it is, as a sentence in which ``{count}`` stands for how often, and ``{example}`` for an example.
        line: Where first.
        count: How often.
        example: The first.
    """

    code: str
    what: str
    line: int
    count: int = 0
    example: str = ""

    @property
    def message(self) -> str:
        """The sentence."""
        example = f" ({shown(self.example)})" if self.example else ""
        return self.what.replace("{count}", str(self.count)).replace("{example}", example)

    def warn(self, name: str) -> None:
        """Say it of a file."""
        warn(f"{name}:{self.line}: {self.message}", ReadingWarning, stacklevel=2)


@dataclass(slots=True)
class Notices:
    """What was noticed in a file.

    Args:
        name: The file, for messages.
        kept: Where notices go in place of warnings.

    Example:
        >>> kept = []
        >>> seen = Notices("a.conll", kept)
        >>> seen.add("labels-unused", "column 4 holds {count} entities", 3)
        >>> seen.add("labels-unused", "column 4 holds {count} entities", 7)
        >>> seen.tell()
        >>> kept[0].line, kept[0].message
        (3, 'column 4 holds 2 entities')
    """

    name: str
    kept: list[Notice] | None = None
    _found: dict[tuple[str, str], Notice] = field(default_factory=dict)

    def add(self, code: str, what: str, line: int, count: int = 1, example: str = "") -> None:
        """Note something, which may be the same as before."""
        found = self._found.setdefault((code, what), Notice(code, what, line, 0, example))
        found.count += count

    def tell(self) -> None:
        """Say all of it: to be called when the file was read to its end."""
        for notice in self._found.values():
            if self.kept is not None:
                self.kept.append(notice)
            else:
                notice.warn(self.name)
