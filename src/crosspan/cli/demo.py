"""``crosspan demo``: see what crosspan does, in a few seconds and without any file."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_lines
from crosspan.cli.places import OutFolder, verb
from crosspan.cli.progress import progress_bars

if TYPE_CHECKING:
    from crosspan.core.tables import Table
    from crosspan.core.types import Projection, Sentence, Span
    from crosspan.demo import DemoResult

_COLOURS = {"PER": "bold magenta", "LOC": "bold green", "ORG": "bold cyan"}


@verb("demo")
@options.out("DIR", "Leave the labelled files, and a page to look at, here.", kind=OutFolder, required=False)
@click.option("--lang", type=click.Choice(["es", "de", "sw", "all"]), default="all", show_default=True, help="Into.")
@click.option("--quiet", is_flag=True, help="Show the scores only.")
def command(out: str | None, lang: str, quiet: bool) -> None:
    """Project a small English corpus into Spanish, German and Swahili, and score it against gold.

    240 news-like sentences were written and labelled for this. All that is learned is learned from them, now.
    """
    from crosspan.cli.tables import show
    from crosspan.demo import LANGUAGES, run_demo, write_demo

    colour = sys.stdout.isatty()
    with progress_bars(quiet=quiet) as progress:
        results = [run_demo(code, progress=progress) for code in (LANGUAGES if lang == "all" else [lang])]
    if not quiet:
        _show_examples(results, colour=colour)
    show([_scores(results)], colour=colour)
    if not quiet:
        say_lines("", err=False)
        show([_dropped(results)], colour=colour)
    if out is not None:
        written = write_demo(results, out)
        if not quiet:
            pages = [str(path) for path in written if path.suffix == ".html"]
            labelled = ", ".join(path.name for path in written if path.suffix != ".html")
            say_lines("", err=False)
            say(f"The labelled files are in {out}: {labelled}", err=False)
            say(f"Open in a browser to look at the spans: {', '.join(pages)}", err=False)
    elif not quiet:
        say_lines("\n'crosspan demo --out DIR' leaves the labelled files behind, and a page to look at.", err=False)


def _scores(results: Sequence[DemoResult]) -> Table:
    """Strict scores of each language, and of each label within it."""
    from crosspan.core.tables import Table
    from crosspan.demo import LANGUAGES

    rows: list[list[str]] = []
    for result in results:
        strict = result.report.strict
        interval = strict.intervals["micro"]
        for name, score in [(LANGUAGES[result.lang], strict.micro), *strict.by_label.items()]:
            shares = [f"{value:.3f}" for value in (score.precision, score.recall, score.f1)]
            between = f"{interval.low:.3f}-{interval.high:.3f}" if score is strict.micro else ""
            indent = "" if score is strict.micro else "  "
            rows.append([indent + name, *shares, between, str(score.tp), str(score.n_pred), str(score.n_gold)])
    return Table(
        ["", "precision", "recall", "F1", "95 % of F1", "right", "projected", "gold"],
        rows,
        "Projected labels against gold (strict: all of the span and its class must be right)",
        [results[0].report.strict.signature],
    )


def _dropped(results: Sequence[DemoResult]) -> Table:
    """What was not projected, and why."""
    from crosspan.core.tables import Table
    from crosspan.demo import LANGUAGES

    counts = [Counter(span.reason for one in result.projections for span in one.dropped) for result in results]
    reasons = sorted({reason for count in counts for reason in count}, key=lambda r: -sum(c[r] for c in counts))
    rows = []
    for result, count in zip(results, counts, strict=True):
        n_spans = sum(len(sentence.spans) for sentence in result.source)
        rows.append(
            [LANGUAGES[result.lang], str(n_spans), str(count.total()), *(str(count[reason]) for reason in reasons)]
        )
    return Table(["", "entities", "not projected", *reasons], rows, "English entities without a counterpart, by reason")


def _show_examples(results: Sequence[DemoResult], *, colour: bool) -> None:
    from crosspan.demo import telling_examples

    chosen = telling_examples(results)
    if colour:
        _show_in_colour(results, chosen)
        return
    for number, at in chosen:
        result = results[number]
        projection = result.projections[at]
        say(f"{'en':>4}  {_bracketed(result.source[at])}", err=False)
        say(f"{result.lang:>4}  {_bracketed(projection.sentence)}", err=False)
        for note in (_sureness(result.source[at], projection), _missing(result.source[at], projection)):
            if note:
                say(f"{'':>4}  {note}", err=False)
        say_lines("", err=False)


def _show_in_colour(results: Sequence[DemoResult], chosen: Sequence[tuple[int, int]]) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(highlight=False)
    table = RichTable(show_header=True, box=None, padding=(0, 2, 1, 0), expand=True)
    for heading in ("English", "projected"):
        table.add_column(heading, ratio=1)
    for number, at in chosen:
        result = results[number]
        sides = []
        for sentence in (result.source[at], result.projections[at].sentence):
            text = Text()
            text.append(f"{sentence.lang}  ", style="dim")
            for piece, span in labelled_runs(sentence):
                text.append(piece, style=_COLOURS.get(span.label, "bold") if span else "")
                if span is not None and span.score is not None:
                    text.append(f" {span.score:.2f}", style="dim")
            sides.append(text)
        missing = _missing(result.source[at], result.projections[at])
        if missing:
            sides[1].append(f"\n    {missing}", style="dim")
        table.add_row(*sides)
    console.print(table)
    legend = Text()
    for label, style in _COLOURS.items():
        legend.append(f"{label} ", style=style)
    legend.append("and how sure crosspan is of each projected span", style="dim")
    console.print(legend)
    console.print()


def labelled_runs(sentence: Sentence) -> Iterator[tuple[str, Span | None]]:
    """Cut the text of a sentence at its entities.

    Yields:
        Pieces of the text in order, each with the entity that it is.

    Example:
        >>> from crosspan.demo import parse_marked
        >>> [(piece, span and span.label) for piece, span in labelled_runs(parse_marked("In [LOC Accra]!"))]
        [('In ', None), ('Accra', 'LOC'), ('!', None)]
    """
    text, offsets = sentence.text, sentence.offsets
    if text is None or offsets is None:
        raise ValueError("the sentence does not know its text")
    place = 0
    for span in sentence.spans:
        begin, end = offsets[span.start][0], offsets[span.end - 1][1]
        if begin > place:
            yield text[place:begin], None
        yield text[begin:end], span
        place = end
    if place < len(text):
        yield text[place:], None


def _bracketed(sentence: Sentence) -> str:
    return "".join([f"[{span.label} {piece}]" if span else piece for piece, span in labelled_runs(sentence)])


def _sureness(source: Sentence, projection: Projection) -> str:
    """How sure each projected span is."""
    return ", ".join(
        f"{source.text_of(link.source)} > {projection.sentence.text_of(link.target)} {link.confidence:.2f}"
        for link in projection.links
    )


def _missing(source: Sentence, projection: Projection) -> str:
    """Which entities were not projected, and why."""
    gone = ", ".join(f"{source.text_of(one.source)} ({one.reason})" for one in projection.dropped)
    return f"not projected: {gone}" if gone else ""
