"""``crosspan tune-aligner``: tune an encoder for word alignment on translated text."""

from __future__ import annotations

import time

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_json
from crosspan.cli.places import InFile, InModel, OutFolder, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.sentences import sentence_file, token_pairs
from crosspan.cli.settings import parse_settings
from crosspan.core.options import with_settings
from crosspan.io import read_links
from crosspan.train.links.tuning import TuningOptions, tune_aligner


@verb("tune-aligner")
@click.argument("source", metavar="SOURCE", type=InFile())
@click.argument("target", metavar="TARGET", type=InFile())
@click.option(
    "--model",
    metavar="NAME",
    type=InModel(),
    required=True,
    help="The encoder to tune: a folder, or a name on the hub.",
)
@options.out("FOLDER", "Where the tuned model goes.", kind=OutFolder)
@click.option(
    "--links", metavar="FILE", type=InFile(), help="Word links to learn from, instead of those the model finds itself."
)
@options.settings("A setting of the training")
@options.input_format(of="the files whose names do not tell it")
@options.working
def command(
    source: str,
    target: str,
    model: str,
    out: str,
    links: str | None,
    threads: int | None,
    settings: tuple[str, ...],
    from_format: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tune a pre-trained encoder on SOURCE and TARGET, its translation sentence by sentence.

    The result is for: crosspan align --aligner awesome --set model=FOLDER. A training that was stopped goes on from its
    last checkpoint when the same command is given again.
    """
    began = time.perf_counter()
    how = with_settings(TuningOptions(model=model), parse_settings(settings))
    pairs = list(token_pairs([sentence_file(source, from_format), sentence_file(target, from_format)]))
    given = None
    if links is not None:
        lengths = [(len(one), len(other)) for one, other in pairs]
        given = list(read_links(links, lengths=lengths))
    with progress_bars(quiet=quiet) as bars:
        report = tune_aligner(pairs, out, how, links=given, threads=threads, progress=bars)
    seconds = round(time.perf_counter() - began, 2)
    done = f"{report.steps} steps" + (f", from step {report.resumed_at} on" if report.resumed_at else "")
    if as_json:
        say_json({**report.to_dict(), "seconds": seconds})
    elif not quiet:
        course = "; ".join(
            f"{name} {values[0]:.3f} to {values[-1]:.3f}" for name, values in report.losses.items() if values
        )
        left_out = f", {report.left_out} left out" if report.left_out else ""
        say(f"{out}: {report.pairs} sentence pairs{left_out}, {done}; losses: {course}; {seconds} s")
