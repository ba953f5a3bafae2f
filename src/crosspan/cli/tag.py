"""``crosspan tag``: sentences in, labelled sentences out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish
from crosspan.core.tags import SCHEMES
from crosspan.io import FORMATS

if TYPE_CHECKING:
    from crosspan.pipeline.file_tagging import TagSummary


@click.command("tag", no_args_is_help=True)
@click.argument("source", metavar="INPUT", type=str)
@click.option("--out", "-o", required=True, metavar="FILE", help="Where the labelled sentences go; - stdout.")
@click.option(
    "--tagger",
    default="en",
    show_default=True,
    metavar="NAME",
    help="en, the path of a model (.crf), spacy:NAME, transformers:NAME, onnx:FOLDER or gliner:NAME.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="An option of the tagger; repeatable.")
@click.option(
    "--to",
    "to_format",
    type=click.Choice(["auto", "conll", "docbin", "jsonl", "parquet"]),
    default="auto",
    help="Format of FILE.  [default: by its ending]",
)
@click.option(
    "--from",
    "from_format",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    help="Format of INPUT.  [default: found out]",
)
@click.option("--labels", multiple=True, metavar="A,B", help="Write only these labels.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out entities that are less sure.",
)
@click.option("--replace", is_flag=True, help="Replace the labels that INPUT has.")
@click.option("--lang", metavar="CODE", help="Language of the sentences, kept with them.")
@click.option("--columns", metavar="NAMES", help="What the columns of INPUT hold, e.g. id,token,-,tag.")
@click.option(
    "--scheme", type=click.Choice(["auto", *SCHEMES]), default="auto", show_default=True, help="Tag scheme of INPUT."
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to use.  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Write the summary as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
def command(source: str, out: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Label the sentences of INPUT with a tagger.

    INPUT holds sentences in any format that crosspan reads: plain text, one sentence a line, or tokenised. A dash
    stands for standard input. FILE appears only once it is complete; JSONL, Parquet and DocBin keep the scores.

    Sentences that cannot be worked on are named and left out; the exit code is 3 then.
    """
    from crosspan.cli.settings import parse_settings
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.file_tagging import tag_file
    from crosspan.tag import load_tagger

    chosen = parse_settings(options["settings"])
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = tag_file(
            SentenceFile(
                source,
                options["from_format"],
                options["lang"],
                options["columns"],
                options["scheme"],
                # labels that are replaced are not looked at: "begin" reads the most
                "begin" if options["replace"] else "error",
            ),
            out,
            tagger=load_tagger(options["tagger"], threads=options["threads"], **chosen)
            if chosen
            else options["tagger"],
            to_format=options["to_format"],
            labels=split_names(options["labels"]),
            min_confidence=options["min_confidence"],
            replace=options["replace"],
            threads=options["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    rejects.show()
    finish(
        summary,
        summary_text(out, summary),
        {"tagger": options["tagger"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )


def split_names(given: tuple[str, ...]) -> list[str]:
    """Names given with commas between them, or by repeating the option.

    Example:
        >>> split_names(("PER,LOC", "ORG"))
        ['PER', 'LOC', 'ORG']
    """
    return [name.strip() for item in given for name in item.split(",") if name.strip()]


def summary_text(out: str, summary: TagSummary) -> str:
    """The summary for people.

    Example:
        >>> from collections import Counter
        >>> from crosspan.pipeline.file_tagging import TagSummary
        >>> print(summary_text("a.jsonl", TagSummary(2, spans=3, labels=Counter(PER=2, LOC=1), seconds=0.5)))
        a.jsonl: 2 sentences, 3 entities (LOC 1, PER 2), 0.5 s
    """
    counts = ", ".join(f"{label} {count}" for label, count in sorted(summary.labels.items()))
    kinds = f" ({counts})" if counts else ""
    of_lines = f"{summary.lines} lines, " if summary.lines is not None else ""
    sure = f", mean score {summary.mean_score:.3f}" if summary.mean_score is not None else ""
    name = "<stdout>" if out == "-" else out
    lines = [
        f"{name}: {of_lines}{summary.sentences} sentences, {summary.spans} entities{kinds}{sure}, "
        f"{summary.seconds:.1f} s"
    ]
    if summary.unsure:
        lines.append(f"left out as less sure than asked: {summary.unsure} entities")
    if summary.left_out:
        others = ", ".join(f"{label} {count}" for label, count in sorted(summary.left_out.items()))
        lines.append(f"left out as not asked for: {summary.left_out.total()} entities ({others})")
    if summary.rejected:
        what = "sentences" if summary.lines is None else "lines"
        lines.append(
            f"left out: {summary.rejected} {what} that could not be worked on; they are unlabelled, not free of "
            "entities"
        )
    return "\n".join(lines)
