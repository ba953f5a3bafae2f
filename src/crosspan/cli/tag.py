"""``crosspan tag``: sentences in, labelled sentences out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import in_lines
from crosspan.cli.places import InFile, InModel, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish, rejected_text
from crosspan.cli.settings import parse_settings

if TYPE_CHECKING:
    from crosspan.pipeline.summary import TagSummary


@verb("tag", no_args_is_help=True)
@click.argument("source", metavar="INPUT", type=InFile())
@options.out("FILE", "Where the labelled sentences go; - stdout.")
@click.option(
    "--tagger",
    "--model",
    default="en",
    show_default=True,
    metavar="NAME",
    type=InModel(),
    help="en, the path of a model (.crf), spacy:NAME, transformers:NAME, onnx:FOLDER or gliner:NAME.",
)
@click.option(
    "--translation",
    metavar="FILE",
    type=InFile(),
    help="INPUT in another language, line by line: the tagger learns from both.",
)
@options.adapting
@options.settings("An option of the tagger, or adaptation.KEY=VALUE")
@options.output_format()
@click.option(
    "--offsets",
    type=FamilyChoice("crosspan.units"),
    default="codepoints",
    show_default=True,
    help="What the places of entities count, in formats that have some (--to entities).",
)
@options.input_format()
@click.option("--paragraphs", is_flag=True, help="A line of plain text may hold many sentences: find where they end.")
@options.labels("Write only these labels.")
@options.min_confidence
@click.option("--replace", is_flag=True, help="Replace the labels that INPUT has.")
@options.language()
@options.tagged_input()
@options.reading()
@options.working
def command(source: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Label the sentences of INPUT with a tagger.

    INPUT holds sentences in any format that crosspan reads: plain text, one sentence a line, or tokenised. A dash
    stands for standard input. FILE appears only once it is complete; JSONL, Parquet and DocBin keep the scores, and
    --to entities writes each line of running text with the places of its entities.

    With --translation a tagger of crosspan is first adapted to the text, and told which words stand in both.

    Sentences that cannot be worked on are named and left out (in --to entities their lines say what was wrong); the
    exit code is 3 then.
    """
    from crosspan.io import output_format
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.tagging_files import tag_file

    settings = dict(parse_settings(given["settings"]))
    if not given["copy_bias"]:
        settings["adaptation.copy_bias"] = "0"
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = tag_file(
            SentenceFile(
                source,
                given["from_format"],
                lang=given["lang"],
                columns=given["columns"],
                scheme=given["scheme"],
                # labels that are replaced are not looked at: "begin" reads the most
                repair="begin" if given["replace"] else "error",
                paragraphs=given["paragraphs"],
                **options.reading_of(given),
            ),
            out,
            translation=SentenceFile(given["translation"], repair="begin") if given["translation"] else None,
            tagger=given["tagger"],
            adapt=given["adapt"],
            settings=settings,
            to_format=given["to_format"],
            offsets=given["offsets"],
            labels=options.split_names(given["labels"]),
            min_confidence=given["min_confidence"],
            replace_labels=given["replace"],
            threads=given["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    marked = output_format(out, given["to_format"]).faults
    rejects.show(marked=marked)
    finish(
        summary,
        summary_text(out, summary, marked=marked),
        {"tagger": given["tagger"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )


def summary_text(out: str, summary: TagSummary, *, marked: bool = False) -> str:
    """The summary for people; ``marked`` where the output says what was wrong with sentences.

    Example:
        >>> from collections import Counter
        >>> from crosspan.pipeline.summary import TagSummary
        >>> print(summary_text("a.jsonl", TagSummary(2, spans=3, labels=Counter(PER=2, LOC=1), seconds=0.5)))
        a.jsonl: 2 sentences, 3 entities (LOC 1, PER 2), 0.5 s
    """
    from crosspan.io.losses import losses_text
    from crosspan.tag.answers import REASONS

    counts = ", ".join(f"{label} {count}" for label, count in sorted(summary.labels.items()))
    kinds = f" ({counts})" if counts else ""
    sure = f", mean score {summary.mean_score:.3f}" if summary.mean_score is not None else ""
    name = "<stdout>" if out == "-" else out
    adapted = ", tagger adapted" if summary.adapted else ""
    lines = [
        f"{name}: {summary.sentences} sentences, {summary.spans} entities{kinds}{sure}{adapted}, "
        f"{summary.seconds:.1f} s"
    ]
    if summary.unsure:
        lines.append(f"left out as less sure than asked: {summary.unsure} entities")
    if summary.left_out:
        others = ", ".join(f"{label} {count}" for label, count in sorted(summary.left_out.items()))
        lines.append(f"left out as not asked for: {summary.left_out.total()} entities ({others})")
    if summary.unplaced:
        why = ", ".join(f"{REASONS[reason]} {count}" for reason, count in sorted(summary.unplaced.items()))
        lines.append(f"named by the model and left out: {summary.unplaced.total()} ({why})")
    if lost := losses_text(summary.lost):
        lines.append(lost)
    if summary.rejected:
        lines.append(rejected_text(summary.rejected, marked=marked))
    return in_lines(lines)
