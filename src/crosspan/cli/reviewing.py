"""How the verbs of ``crosspan review`` are told what is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say
from crosspan.cli.places import InFile
from crosspan.cli.rejects import SHOWN_REJECTS

if TYPE_CHECKING:
    from crosspan.review.tasks import ReviewFiles, Task

TOOLS = ("label-studio", "doccano", "inception", "prodigy")
# as crosspan.review.tools.TOOLS, which must not be loaded for --help


def with_source() -> options.Decorator[Any]:
    """Where the sentences were translated from: what is shown beside them."""
    return options.stack(
        click.option(
            "--source", metavar="FILE", type=InFile(), help="The sentences that FILE was translated from, one for each."
        ),
        options.input_format("--source-format", "the source"),
        options.columns("--source-columns", "the source"),
        click.option(
            "--dropped",
            metavar="FILE",
            type=InFile(),
            help="What was not projected, as 'project --dropped' wrote it; needed where sentences were left out.",
        ),
    )


def base(of: str = "FILE") -> options.Decorator[Any]:
    """How the file of labels is read.

    Args:
        of: What it is called.
    """
    return options.stack(
        options.input_format(of=of),
        options.columns(of=of),
        options.scheme(of=of),
        options.reading(of),
        options.repair(of),
    )


@contextmanager
def files_of(path: str, given: dict[str, Any]) -> Iterator[ReviewFiles]:
    """The files that are looked at, which can be read more than once.

    Args:
        path: The labels: a file, or the folder of a run.
        given: All options of the verb.
    """
    from crosspan.io.pairs import SentenceFile, rereadable
    from crosspan.review.tasks import review_files

    place = SentenceFile(
        path,
        given["from_format"],
        columns=given["columns"],
        scheme=given["scheme"],
        repair=given["repair"],
        **options.reading_of(given),
    )
    more = []
    if given.get("source"):
        more = [SentenceFile(given["source"], given["source_format"], columns=given["source_columns"])]
    with rereadable(place, *more) as (labels, *sources):
        more_files = {name: given.get(name) for name in ("dropped", "links", "one_based") if given.get(name)}
        yield review_files(labels, source=sources[0] if sources else None, **more_files)


class Faults:
    """Sentences that cannot be looked at: the first few are named, all are counted.

    Args:
        tasks: The sentences.
    """

    def __init__(self, tasks: Iterator[Task]) -> None:
        self._tasks = tasks
        self.count = 0

    def __iter__(self) -> Iterator[Task]:
        for task in self._tasks:
            if task.fault is not None:
                self.count += 1
                if self.count <= SHOWN_REJECTS:
                    say(f"{task.id}: left out: {task.fault}")
            yield task

    def show(self) -> None:
        """Say how many were not named."""
        if self.count > SHOWN_REJECTS:
            say(f"... and {self.count - SHOWN_REJECTS} more sentences left out")
