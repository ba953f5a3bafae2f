"""Projection that remembers what only a page shows: the links, and what else each span could have become."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from crosspan.core.types import Alignment, Pair, Projection, Sentence
from crosspan.io.pairs import SentenceFile, rereadable
from crosspan.pipeline.file_workflow import project_files
from crosspan.pipeline.workflow import Settings, parts, project_labels
from crosspan.project.candidates import CandidateProjector
from crosspan.project.projector import Projector
from crosspan.report.items import Item, RunnersUp, items_of
from crosspan.report.reading import ReportFiles, read_items, runners_up_line

RUNNERS_UP = 5
"""How many candidates beside the chosen one a page names."""


class Recorder:
    """A projector that hands on what another one says, and the links and runners-up of each pair to whoever listens.

    Args:
        projector: Does the work; only a :class:`CandidateProjector` has runners-up.

    Example:
        >>> recorder = Recorder(CandidateProjector())
        >>> recorder.project([], []), recorder.links
        ([], [])
    """

    def __init__(self, projector: Projector) -> None:
        self.projector = projector
        self.links: list[Alignment | None] = []
        self.runners_up: list[RunnersUp] = []

    def count(self, pairs: Sequence[Pair]) -> None:
        """Count the words of pairs."""
        self.projector.count(pairs)

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Learn from pairs."""
        self.projector.observe(pairs, alignments)

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Project, and take note."""
        others: Sequence[RunnersUp]
        if isinstance(self.projector, CandidateProjector):
            found, others = self.projector.project_with_runners_up(pairs, alignments, k=RUNNERS_UP)
        else:
            found, others = self.projector.project(pairs, alignments), [()] * len(pairs)
        self.note(alignments, others)
        return found

    def note(self, alignments: Sequence[Alignment | None], others: Sequence[RunnersUp]) -> None:
        """Keep what a shard had."""
        self.links += alignments
        self.runners_up += others


class _FileRecorder(Recorder):
    """Keeps it in files, one line a pair."""

    def __init__(self, projector: Projector, links: IO[str], runners_up: IO[str]) -> None:
        super().__init__(projector)
        self.streams = links, runners_up

    def note(self, alignments: Sequence[Alignment | None], others: Sequence[RunnersUp]) -> None:
        for alignment, row in zip(alignments, others, strict=True):
            self.streams[0].write(("" if alignment is None else alignment.to_pharaoh()) + "\n")
            self.streams[1].write(runners_up_line(row) + "\n")
        for stream in self.streams:
            stream.flush()


def project_items(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    gold: Sequence[Sentence] | None = None,
    method: str | Projector = "candidates",
    **options: Any,
) -> list[Item]:
    """Project sentences in memory and put together what a page shows of them.

    Args:
        sources: Labelled sentences.
        targets: Their translations.
        gold: The translations with the right spans.
        method: How spans are carried over.
        options: As for :func:`crosspan.pipeline.workflow.project_labels`.

    Example:
        >>> from crosspan.core.types import Span
        >>> source = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),))
        >>> links = [Alignment.from_pharaoh("1-1")]
        >>> project_items([source], [Sentence(("mjini", "Accra"))], links=links)[0].projection.sentence.tags()
        ['O', 'B-LOC']
    """
    recorder, rest = _recorder(method, options.pop("settings", None))
    found = project_labels(sources, targets, method=recorder, settings=rest, **options)
    return list(items_of(sources, found, links=recorder.links, runners_up=recorder.runners_up, gold=gold))


def _recorder(method: str | Projector, settings: Settings | None) -> tuple[Recorder, Settings]:
    """The recorder of a method, and the settings that are left: those of the aligner."""
    projector, _ = parts(method, settings)
    return Recorder(projector), _of_aligner(settings)


def _of_aligner(settings: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (settings or {}).items() if name.startswith("aligner.")}


@contextmanager
def projected_items(
    source: SentenceFile,
    target: SentenceFile,
    *,
    gold: SentenceFile | None = None,
    method: str = "candidates",
    settings: Settings | None = None,
    **options: Any,
) -> Iterator[Iterator[Item]]:
    """Project files as ``crosspan project`` does, into a temporary folder, and read what a page shows of them.

    Args:
        source: Labelled sentences.
        target: Their translations.
        gold: The translations with the right spans.
        method: How spans are carried over.
        settings: Options of the method, and of the aligner, by name.
        options: As for :func:`crosspan.pipeline.file_workflow.project_files`.

    Yields:
        The sentences; they can be read until the block ends.

    Raises:
        CrosspanError: A file or an option is at fault.
    """
    projector, _ = parts(method, settings)
    given = [file for file in (source, target, gold) if file is not None]
    with rereadable(*given) as files, TemporaryDirectory(prefix="crosspan-") as name:
        folder = Path(name)
        out, dropped, links, others = (folder / one for one in ("out.jsonl", "dropped.jsonl", "links", "runners-up"))
        with open(links, "w", encoding="utf-8") as link_stream, open(others, "w", encoding="utf-8") as other_stream:
            recorder: Any = _FileRecorder(projector, link_stream, other_stream)  # project_files hands it on to parts()
            project_files(
                files[0], files[1], out, dropped=dropped, method=recorder, settings=_of_aligner(settings), **options
            )
        yield read_items(
            ReportFiles(
                source=files[0],
                projected=out,
                dropped=dropped,
                links=links,
                gold=files[2] if gold is not None else None,
                target=files[1],
                runners_up=others,
            )
        )
