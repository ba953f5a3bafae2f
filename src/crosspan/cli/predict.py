"""``crosspan predict``: running text in, entities with their places in it out."""

from __future__ import annotations

from typing import Any

import click

from crosspan.cli import options
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish
from crosspan.cli.tag import summary_text


@click.command("predict", no_args_is_help=True)
@click.argument("text", metavar="TEXT", type=str)
@options.out("FILE", "Where the JSON lines go.  [default: standard output]", default="-")
@click.option(
    "--model",
    default="en",
    show_default=True,
    metavar="NAME",
    help="en (embedded), the path of a model (.crf), spacy:NAME, transformers:NAME, onnx:FOLDER or gliner:NAME.",
)
@click.option("--paragraphs", is_flag=True, help="A line may hold many sentences: find where they end.")
@click.option(
    "--offsets",
    type=click.Choice(["codepoints", "utf16", "bytes"]),
    default="codepoints",
    show_default=True,
    help="What start and end count.",
)
@options.labels("Write only these labels.")
@options.min_confidence
@options.working
def command(text: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Find the entities of TEXT.

    TEXT is UTF-8 text, one sentence a line unless --paragraphs says otherwise; a dash stands for standard input. For
    each line a JSON object is written: the text as it is, and its entities with the places where they begin and end.

    Lines that the tagger fails on get an error in place of entities; the exit code is 3 then.
    """
    from crosspan.pipeline.file_tagging import predict_file

    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = predict_file(
            text,
            out,
            tagger=given["model"],
            paragraphs=given["paragraphs"],
            offsets=given["offsets"],
            labels=options.split_names(given["labels"]),
            min_confidence=given["min_confidence"],
            threads=given["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    rejects.show("lines")
    finish(
        summary,
        summary_text(out, summary),
        {"model": given["model"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )
