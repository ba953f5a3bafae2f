"""``crosspan trim``: an encoder in, the same with fewer pieces and layers out."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import click

from crosspan.cli import options
from crosspan.cli.messages import say_json, say_lines
from crosspan.cli.places import InFile, InModel, OutFolder, verb

if TYPE_CHECKING:
    from crosspan.train.pretrain.trimming import TrimReport


@verb("trim", no_args_is_help=True)
@click.argument("text", metavar="TEXT...", nargs=-1, required=True, type=InFile())
@click.option("--encoder", metavar="NAME", required=True, type=InModel(), help="The encoder: a name, or a folder.")
@options.out("FOLDER", "Where the smaller encoder goes; a new folder.", kind=OutFolder)
@click.option("--layers", type=click.IntRange(1), metavar="N", help="Keep the first N layers.  [default: all]")
@click.option("--no-letters", is_flag=True, help="Do not keep pieces of one letter that TEXT does not have.")
@options.input_format(of="TEXT")
@options.ending
def command(
    text: tuple[str, ...],
    encoder: str,
    out: str,
    layers: int | None,
    no_letters: bool,
    from_format: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Cut an encoder down to the pieces of words that TEXT has, and to its first layers.

    TEXT is all that it will read: sentences to learn from and sentences to label, in files of any format; their labels
    do not matter. Their words are cut as before, and keep their vectors; other words are cut into what is left. The
    result is for 'crosspan train --encoder FOLDER' and the like.
    """
    from crosspan.io import read
    from crosspan.train.pretrain.trimming import trim

    sentences = itertools.chain.from_iterable(read(path, format=from_format, rejects=[]) for path in text)
    report = trim(encoder, (one.tokens for one in sentences), out, layers=layers or 0, letters=not no_letters)
    if as_json:
        say_json({"encoder": encoder, **report.to_dict()})
    elif not quiet:
        say_lines(summary_text(report))


def summary_text(report: TrimReport) -> str:
    """The summary for people.

    Example:
        >>> from crosspan.train.pretrain.trimming import TrimReport
        >>> print(summary_text(TrimReport(
        ...     folder="m", words=900, pieces=(250_002, 20_000), layers=(12, 6), parameters=(117_653_760, 18_500_000))))
        m: 20,000 of 250,002 pieces, 6 of 12 layers, 18.5 of 117.7 million weights; 900 words of the text
    """
    (pieces, left), (layers, kept) = report.pieces, report.layers
    before, after = (number / 1e6 for number in report.parameters)
    return (
        f"{report.folder}: {left:,} of {pieces:,} pieces, {kept} of {layers} layers, {after:.1f} of {before:.1f} "
        f"million weights; {report.words:,} words of the text"
    )
