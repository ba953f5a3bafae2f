"""How a verb ends: it names what was left out, shows its summary, and says by its exit code whether all went well."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Protocol

from crosspan.cli.messages import say, say_json, say_lines

if TYPE_CHECKING:
    from crosspan.pipeline.summary import Rejected

EXIT_REJECTED = 3
SHOWN_REJECTS = 20


class RejectSummary(Protocol):
    """What a verb knows of its work."""

    rejected: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""


class Rejects:
    """What was left out: the first few are shown, the others counted."""

    def __init__(self) -> None:
        self.first: list[Rejected] = []
        self.count = 0

    def add(self, rejected: Rejected) -> None:
        """Take note of one."""
        self.count += 1
        if self.count <= SHOWN_REJECTS:
            self.first.append(rejected)

    def show(self, what: str = "sentences", *, listed: str = "", marked: bool = False) -> None:
        """Name them on standard error.

        Args:
            what: What they are.
            listed: Where all of them stand, if they do.
            marked: Whether they stand in the output, with what was wrong.
        """
        became = _became(marked)
        for rejected in self.first:
            say(f"{rejected.where}: {became}: {rejected.reason}")
        if self.count > len(self.first):
            end = f"; {listed} lists them." if listed else "."
            say(f"... and {self.count - len(self.first)} more {what} {became}{end}")


def rejected_text(count: int, *, marked: bool = False) -> str:
    """What became of sentences that could not be worked on, as a line of a summary.

    Args:
        count: How many they are.
        marked: Whether they stand in the output, with what was wrong.

    Example:
        >>> rejected_text(2, marked=True)
        "without labels: 2 sentences that could not be worked on; an 'error' stands in place of their entities"
    """
    end = "an 'error' stands in place of their entities" if marked else "they are unlabelled, not free of entities"
    return f"{_became(marked)}: {count} sentences that could not be worked on; {end}"


def _became(marked: bool) -> str:
    return "without labels" if marked else "left out"


def finish(
    summary: RejectSummary, text: str, head: dict[str, Any], *, as_json: bool, quiet: bool, output_taken: bool = False
) -> None:
    """Show the summary; exit with code 3 where something was left out.

    Args:
        summary: What was done.
        text: The same for people.
        head: What stands before it in JSON.
        as_json: Whether JSON is asked for.
        quiet: Whether nothing is to be shown to people.
        output_taken: Whether the result goes to standard output, so that JSON must go to standard error.
    """
    if as_json:
        say_json({**head, **summary.to_dict()}, err=output_taken)
    elif not quiet:
        say_lines(text)
    if summary.rejected:
        sys.exit(EXIT_REJECTED)
