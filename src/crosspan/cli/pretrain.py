"""``crosspan pretrain``: an encoder learns from raw text."""

from __future__ import annotations

import itertools
import math
import tempfile
import time
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say_json, say_lines
from crosspan.cli.progress import progress_bars
from crosspan.cli.settings import parse_settings
from crosspan.core.errors import OptionError

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
    from crosspan.core.files import read_lines
    from crosspan.core.options import with_settings
    from crosspan.models.processes import is_first
    from crosspan.text.romanize import romanize_line
    from crosspan.train.pretrain.language_model import train_language_model
    from crosspan.train.pretrain.options import PretrainOptions
    from crosspan.train.pretrain.scratch import Shape, new_encoder
    from crosspan.train.pretrain.vocabulary import augment

    if (encoder is None) == (shape is None):
        raise OptionError("one of --encoder and --new is needed", hint="Name a model, or the family of a new one.")
    if add_pieces and shape is not None:
        raise OptionError("--add-pieces is for --encoder", hint="A new model learns pieces of its own: leave it out.")
    given = parse_settings(settings)
    of_shape = {name[6:]: value for name, value in given.items() if name.startswith("shape.")}
    if of_shape and shape is None:
        raise OptionError("shape.… is for new models", hint="Leave it out, or use --new.")
    rest = {name: value for name, value in given.items() if not name.startswith("shape.")}
    how = with_settings(PretrainOptions(learning_rate=1e-3 if shape else 5e-5), rest)
    if romanize:
        how = replace(how, romanize="yes")
    lines = list(itertools.chain.from_iterable(read_lines(path) for path in text))
    measured = list(read_lines(held_out)) if held_out else []
    quiet = quiet or not is_first()
    began = time.perf_counter()
    with progress_bars(quiet=quiet) as progress, tempfile.TemporaryDirectory(prefix="crosspan-") as scratch:
        if shape is not None:
            made = with_settings(Shape(family=shape), of_shape)  # type: ignore[arg-type]  # it is checked there
            text_of_pieces = map(romanize_line, lines) if how.romanize == "yes" else lines
            encoder = str(new_encoder(text_of_pieces, made, Path(scratch, shape), seed=how.seed))
        added = None
        if add_pieces:
            place = Path(scratch, PurePath(str(encoder)).name or "encoder")
            added = augment(
                str(encoder), lines, place, count=add_pieces, held_out=measured, romanize=how.romanize,
                seed=how.seed, progress=progress,
            )  # fmt: skip
            encoder = str(place)
        about = {"vocabulary": facts_of(added)} if added is not None else {}
        report = train_language_model(
            str(encoder),
            lines,
            out,
            held_out=measured,
            options=how,
            about=about,
            threads=threads,
            progress=progress,
        )
    if not is_first():
        return
    seconds = round(time.perf_counter() - began, 2)
    if as_json:
        say_json({**report.to_dict(), **about, "seconds": seconds})
    elif not quiet:
        if added is not None:
            say_lines(pieces_text(added))
        say_lines(f"{summary_text(report)}; {seconds} s")


def facts_of(report: AugmentReport) -> dict[str, Any]:
    """What is kept of an augmentation; the place where it was for a moment is not."""
    return {name: value for name, value in report.to_dict().items() if name != "folder"}


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
