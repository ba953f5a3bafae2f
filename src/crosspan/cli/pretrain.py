"""``crosspan pretrain``: an encoder learns from raw text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from crosspan.cli import options
from crosspan.cli.messages import say_json, say_lines
from crosspan.cli.progress import progress_bars
from crosspan.cli.settings import parse_settings

if TYPE_CHECKING:
    from crosspan.train.pretrain.language_model import PretrainReport
    from crosspan.train.pretrain.vocabulary import AugmentReport


@click.command("pretrain", no_args_is_help=True)
@click.argument("text", metavar="TEXT...", nargs=-1, required=True, type=str)
@options.out("FOLDER", "Where the model goes.")
@click.option("--encoder", metavar="NAME", help="The model to go on with: a name on the hub, or a folder.")
@click.option("--new", "shape", metavar="FAMILY", help="Begin with random weights instead: roberta or t5.")
@click.option(
    "--add-pieces",
    type=click.IntRange(1),
    metavar="N",
    help="First give the model N pieces of words that it lacks most for TEXT; 99 is usual.",
)
@click.option("--romanize", is_flag=True, help="Learn from other scripts in Latin letters; the model remembers it.")
@click.option("--held-out", metavar="FILE", help="Text to measure on.  [default: 1% of TEXT]")
@options.settings("A setting, or shape.KEY=VALUE with --new")
@options.working
def command(
    text: tuple[str, ...],
    out: str,
    encoder: str | None,
    shape: str | None,
    add_pieces: int | None,
    romanize: bool,
    held_out: str | None,
    settings: tuple[str, ...],
    threads: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train an encoder on TEXT: files with a sentence or a passage a line, without labels.

    With --encoder, a model goes on learning on the text of a language (language-adaptive pre-training); with --new, a
    small one begins with random weights and with pieces of words of its own. What it learns is what models of its kind
    do: to guess hidden pieces, or, for mT5, to write spans that were cut out. The result is for 'crosspan train
    --encoder FOLDER'. With --add-pieces, the model first gets pieces for words that it cuts to bits or does not
    know. A training that was killed goes on when the same command is given again.
    """
    from crosspan.models.processes import is_first
    from crosspan.train.pretrain.files import pretrain_files

    quiet = quiet or not is_first()
    with progress_bars(quiet=quiet) as progress:
        found = pretrain_files(
            text,
            out,
            encoder=encoder,
            new=shape,
            add_pieces=add_pieces or 0,
            romanize=romanize,
            held_out=held_out,
            settings=parse_settings(settings),
            threads=threads,
            progress=progress,
        )
    if not is_first():
        return
    if as_json:
        say_json(found.to_dict())
    elif not quiet:
        if found.added is not None:
            say_lines(pieces_text(found.added))
        say_lines(f"{summary_text(found.report)}; {found.seconds} s")


def pieces_text(report: AugmentReport) -> str:
    """What new pieces do, for people.

    Example:
        >>> from crosspan.train.pretrain.vocabulary import AugmentReport, Coverage
        >>> print(pieces_text(AugmentReport(
        ...     folder="m", pieces=(), slots=0, rows=0, before=Coverage(10, 30, 2), after=Coverage(10, 20, 1),
        ...     lines=9, held_out=1)))
        0 new pieces; on 1 lines held out 2.00 pieces a word after 3.00, words not wholly known 10.0% after 20.0%
    """
    before, after = report.before, report.after
    return (
        f"{len(report.pieces)} new pieces; on {report.held_out} lines held out {after.pieces_per_word:.2f} pieces a "
        f"word after {before.pieces_per_word:.2f}, words not wholly known {after.unknown_rate:.1%} after "
        f"{before.unknown_rate:.1%}"
    )


def summary_text(report: PretrainReport) -> str:
    """The summary for people.

    Example:
        >>> from crosspan.train.pretrain.language_model import PretrainReport
        >>> print(summary_text(PretrainReport(
        ...     folder="m", objective="masked", parameters=10, lines=5, held_out=1, pieces=40, steps=2,
        ...     losses=(2.0,), looks=((0, 2.0), (2, 1.0)))))
        m: 5 lines, 40 pieces, 2 steps; perplexity of hidden pieces on 1 lines held out: 7.4, then 2.7
    """
    what = "hidden pieces" if report.objective == "masked" else "missing spans"
    done = f"{report.steps} steps" + (f", from step {report.resumed_at} on" if report.resumed_at else "")
    found = f"{report.folder}: {report.lines} lines, {report.pieces} pieces, {done}"
    if report.looks:
        before, after = (math.exp(loss) for loss in (report.looks[0][1], report.looks[-1][1]))
        found += f"; perplexity of {what} on {report.held_out} lines held out: {before:.1f}, then {after:.1f}"
    return found
