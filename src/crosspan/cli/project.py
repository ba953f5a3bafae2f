"""``crosspan project``: labelled source text and its translation in, labelled translation out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.align import load_aligner
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish
from crosspan.cli.settings import parse_settings
from crosspan.core.tags import REPAIRS, SCHEMES
from crosspan.io import FORMATS

if TYPE_CHECKING:
    from crosspan.pipeline.file_workflow import Summary
_INPUT_FORMATS = click.Choice(["auto", *FORMATS])


@click.command("project", no_args_is_help=True)
@click.argument("source", type=str)
@click.argument("target", type=str)
@click.option(
    "--out", "-o", required=True, metavar="FILE", help="Labelled TARGET: .conll, .jsonl, .parquet, .spacy; - stdout."
)
@click.option(
    "--to",
    "to_format",
    type=click.Choice(["auto", "conll", "docbin", "jsonl", "parquet"]),
    default="auto",
    help="Format of FILE.  [default: by its ending]",
)
@click.option("--source-lang", metavar="CODE", help="Language of SOURCE, kept with its sentences.")
@click.option("--target-lang", metavar="CODE", help="Language of TARGET, kept with its sentences.")
@click.option(
    "--bitext", nargs=2, multiple=True, metavar="SRC TGT", help="More translated text to learn from; may be repeated."
)
@click.option("--links", metavar="FILE", help="Word links made elsewhere (Pharaoh, from 0), one line a pair.")
@click.option("--aligner-model", metavar="FILE", help="A model kept by 'crosspan align --save-model'.")
@click.option("--method", default="candidates", show_default=True, help="candidates or heuristic.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the method, or aligner.KEY=VALUE; may be repeated.",
)
@click.option("--dropped", metavar="FILE", help="Write what was not projected, and why, as JSON lines.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Drop spans that are less sure.",
)
@click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME",
    help="Take out what a filter objects to: comp-src, comp-tgt, rstr-tgt or comp-ins; may be repeated.",
)
@click.option("--source-format", type=_INPUT_FORMATS, default="auto", help="Format of SOURCE.  [default: found out]")
@click.option("--target-format", type=_INPUT_FORMATS, default="auto", help="Format of TARGET.  [default: found out]")
@click.option("--columns", metavar="NAMES", help="What the columns of SOURCE hold, e.g. id,token,-,tag.")
@click.option("--target-columns", metavar="NAMES", help="What the columns of TARGET hold.")
@click.option(
    "--scheme", type=click.Choice(["auto", *SCHEMES]), default="auto", show_default=True, help="Tag scheme of SOURCE."
)
@click.option(
    "--repair",
    type=click.Choice(REPAIRS),
    default="error",
    show_default=True,
    help="How to read ill-formed tags of SOURCE; 'error' leaves such sentences out.",
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to use.  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Write the summary as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
def command(source: str, target: str, out: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Label the sentences of TARGET with the entities of SOURCE.

    SOURCE has labelled sentences in any format that crosspan reads, TARGET their translations in the same order:
    plain text, one sentence a line, or any other format; labels that TARGET has are replaced. A dash stands for
    standard input. FILE appears only once it is complete.

    Sentences that cannot be worked on (bad tags, one side empty, links that do not fit) are named and left out; the
    exit code is 3 then. Sentences that the filter comp-ins gives up are left out and counted.
    """
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.file_workflow import project_files

    if options["links"] and (options["aligner_model"] or options["bitext"]):
        raise click.UsageError("--links takes the place of the aligner: leave out --aligner-model and --bitext.")
    if options["aligner_model"] and options["bitext"]:
        raise click.UsageError("A saved model learns nothing more: leave out --bitext or --aligner-model.")
    languages = options["source_lang"], options["target_lang"]
    model = options["aligner_model"]
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = project_files(
            SentenceFile(
                source, options["source_format"], languages[0], options["columns"], options["scheme"], options["repair"]
            ),
            # "begin" reads the most; what it reads is not looked at
            SentenceFile(target, options["target_format"], languages[1], options["target_columns"], repair="begin"),
            out,
            to_format=options["to_format"],
            bitext=[(SentenceFile(one), SentenceFile(other)) for one, other in options["bitext"]],
            links=options["links"],
            aligner=load_aligner(model, threads=options["threads"]) if model else None,
            method=options["method"],
            settings=parse_settings(options["settings"]),
            dropped=options["dropped"],
            min_confidence=options["min_confidence"],
            filters=options["filters"],
            threads=options["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    rejects.show(listed=options["dropped"] or "--dropped FILE")
    finish(
        summary,
        summary_text(out, summary),
        {"method": options["method"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )


def summary_text(out: str, summary: Summary) -> str:
    """The summary for people.

    Example:
        >>> from crosspan.pipeline.file_workflow import Summary
        >>> print(summary_text("sw.conll", Summary(sentences=2, spans=3, projected=3, target_spans=3, seconds=0.5)))
        sw.conll: 2 sentences, 3 entities, 3 projected (100.0 %), 0.5 s
    """
    share = f" ({100 * summary.projected / summary.spans:.1f} %)" if summary.spans else ""
    sure = f", mean confidence {summary.mean_confidence:.3f}" if summary.mean_confidence is not None else ""
    name = "<stdout>" if out == "-" else out
    lines = [
        f"{name}: {summary.sentences} sentences, {summary.spans} entities, {summary.projected} projected{share}{sure}, "
        f"{summary.seconds:.1f} s"
    ]
    if summary.dropped:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary.dropped.most_common())
        lines.append(f"not projected: {summary.dropped.total()} ({reasons})")
    if summary.filtered:
        lines.append(f"left out by filters: {summary.filtered} sentences, as not all of their entities were projected")
    if summary.rejected:
        lines.append(
            f"left out: {summary.rejected} sentences that could not be worked on; they are unlabelled, "
            "not free of entities"
        )
    return "\n".join(lines)
