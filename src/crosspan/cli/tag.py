"""``crosspan tag``: sentences in, labelled sentences out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish

if TYPE_CHECKING:
    from crosspan.pipeline.file_tagging import TagSummary


@click.command("tag", no_args_is_help=True)
@click.argument("source", metavar="INPUT", type=str)
@options.out("FILE", "Where the labelled sentences go; - stdout.")
@click.option(
    "--tagger",
    default="en",
    show_default=True,
    metavar="NAME",
    help="en, the path of a model (.crf), spacy:NAME, transformers:NAME, onnx:FOLDER or gliner:NAME.",
)
@options.settings("An option of the tagger")
@options.output_format()
@options.input_format()
@options.labels("Write only these labels.")
@options.min_confidence
@click.option("--replace", is_flag=True, help="Replace the labels that INPUT has.")
@options.language()
@options.tagged_input()
@options.working
def command(source: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Label the sentences of INPUT with a tagger.

    INPUT holds sentences in any format that crosspan reads: plain text, one sentence a line, or tokenised. A dash
    stands for standard input. FILE appears only once it is complete; JSONL, Parquet and DocBin keep the scores.

    Sentences that cannot be worked on are named and left out; the exit code is 3 then.
    """
    from crosspan.cli.settings import parse_settings
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.file_tagging import tag_file
    from crosspan.tag import load_tagger

    chosen = parse_settings(given["settings"])
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = tag_file(
            SentenceFile(
                source,
                given["from_format"],
                given["lang"],
                given["columns"],
                given["scheme"],
                # labels that are replaced are not looked at: "begin" reads the most
                "begin" if given["replace"] else "error",
            ),
            out,
            tagger=load_tagger(given["tagger"], threads=given["threads"], **chosen) if chosen else given["tagger"],
            to_format=given["to_format"],
            labels=options.split_names(given["labels"]),
            min_confidence=given["min_confidence"],
            replace=given["replace"],
            threads=given["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    rejects.show()
    finish(
        summary,
        summary_text(out, summary),
        {"tagger": given["tagger"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )


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
