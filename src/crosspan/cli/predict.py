"""``crosspan predict``: running text in, entities with their places in it out."""

from __future__ import annotations

from typing import Any

import click

from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish
from crosspan.cli.tag import split_names, summary_text


@click.command("predict", no_args_is_help=True)
@click.argument("text", metavar="TEXT", type=str)
@click.option("--out", "-o", default="-", metavar="FILE", help="Where the JSON lines go.  [default: standard output]")
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
@click.option("--labels", multiple=True, metavar="A,B", help="Write only these labels.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out entities that are less sure.",
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to use.  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Write the summary as JSON.")
@click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
def command(text: str, out: str, as_json: bool, quiet: bool, **options: Any) -> None:
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
            tagger=options["model"],
            paragraphs=options["paragraphs"],
            offsets=options["offsets"],
            labels=split_names(options["labels"]),
            min_confidence=options["min_confidence"],
            threads=options["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    rejects.show("lines")
    finish(
        summary,
        summary_text(out, summary),
        {"model": options["model"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )
