"""``crosspan project``: labelled source text and its translation in, labelled translation out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.messages import in_lines
from crosspan.cli.places import InFile, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.projecting import check_projecting, projecting
from crosspan.cli.rejects import Rejects, finish, rejected_text
from crosspan.cli.settings import parse_settings

if TYPE_CHECKING:
    from crosspan.pipeline.summary import Summary


@verb("project", no_args_is_help=True)
@click.argument("source", type=InFile())
@click.argument("target", type=InFile())
@options.out("FILE", "Labelled TARGET: .conll, .jsonl, .parquet, .spacy; - stdout.")
@options.output_format()
@projecting()
@options.source_scores
@options.working
def command(source: str, target: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Label the sentences of TARGET with the entities of SOURCE.

    SOURCE has labelled sentences in any format that crosspan reads, TARGET their translations in the same order:
    plain text, one sentence a line, or any other format; labels that TARGET has are replaced. A dash stands for
    standard input. FILE appears only once it is complete.

    Sentences that cannot be worked on (bad tags, one side empty, links that do not fit) are named and left out (in
    --to entities their lines say what was wrong); the exit code is 3 then. Sentences that the filter comp-ins gives up
    are left out and counted.
    """
    from crosspan.align import load_aligner
    from crosspan.io import output_format
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.files import project_files

    check_projecting(given)
    languages = given["source_lang"], given["target_lang"]
    model = given["aligner_model"]
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = project_files(
            SentenceFile(
                source,
                given["source_format"],
                lang=languages[0],
                columns=given["columns"],
                scheme=given["scheme"],
                repair=given["repair"],
                **options.reading_of(given),
            ),
            # "begin" reads the most; what it reads is not looked at
            SentenceFile(
                target,
                given["target_format"],
                lang=languages[1],
                columns=given["target_columns"],
                repair="begin",
                encoding=given["target_encoding"],
            ),
            out,
            to_format=given["to_format"],
            bitext=[(SentenceFile(one), SentenceFile(other)) for one, other in given["bitext"]],
            links=given["links"],
            one_based=given["one_based"],
            aligner=load_aligner(model, threads=given["threads"]) if model else given["aligner"],
            method=given["method"],
            source_scores=given["source_scores"],
            settings=parse_settings(given["settings"]),
            dropped=given["dropped"],
            min_confidence=given["min_confidence"],
            filters=given["filters"],
            labels=options.split_names(given["labels"]),
            threads=given["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    marked = output_format(out, given["to_format"]).faults
    rejects.show(listed=given["dropped"] or "--dropped FILE", marked=marked)
    finish(
        summary,
        summary_text(out, summary, marked=marked),
        {"method": given["method"]},
        as_json=as_json,
        quiet=quiet,
        output_taken=out == "-",
    )


def summary_text(out: str, summary: Summary, *, marked: bool = False) -> str:
    """The summary for people; ``marked`` where the output says what was wrong with sentences.

    Example:
        >>> from crosspan.pipeline.summary import Summary
        >>> print(summary_text("sw.conll", Summary(sentences=2, spans=3, projected=3, target_spans=3, seconds=0.5)))
        sw.conll: 2 sentences, 3 entities, 3 projected (100.0 %), 0.5 s
    """
    from crosspan.io.losses import losses_text

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
    if lost := losses_text(summary.lost):
        lines.append(lost)
    if summary.rejected:
        lines.append(rejected_text(summary.rejected, marked=marked))
    if summary.mean_confidence is not None:
        lines.append(confidence_text(summary))
    return in_lines(lines)


def confidence_text(summary: Summary) -> str:
    """What a confidence is of, so that nobody takes the mean of them for the share of labels that are right.

    Example:
        >>> from crosspan.pipeline.summary import Summary
        >>> confidence_text(Summary())[:53]
        'confidence is what the method believes of the places,'
    """
    of_source = "taking the labels of the source for right"
    if summary.source_scored and summary.source_scores:
        of_source = "times the scores of the source's labels"
    belief = f"confidence is what the method believes of the places, {of_source}"
    return f"{belief}; 'crosspan review' finds out what is right"
