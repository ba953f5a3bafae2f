"""``crosspan train``: labelled sentences in, a tagger out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish
from crosspan.cli.settings import parse_settings
from crosspan.cli.tag import split_names
from crosspan.io import FORMATS
from crosspan.tags import REPAIRS, SCHEMES

if TYPE_CHECKING:
    from crosspan.file_tagging import TrainSummary


@click.command("train", no_args_is_help=True)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=str)
@click.option("--out", "-o", required=True, metavar="MODEL", help="Where the tagger goes, e.g. sw.crf.")
@click.option("--dev", metavar="FILE", help="Labelled sentences to score the tagger on; it does not learn from them.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the training, or noise.KEY=VALUE for projected data; may be repeated.",
)
@click.option("--labels", multiple=True, metavar="A,B", help="Learn only these labels.  [default: those that occur]")
@click.option(
    "--from",
    "from_format",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    help="Format of all files.  [default: found out]",
)
@click.option("--columns", metavar="NAMES", help="What the columns of the files hold, e.g. id,token,-,tag.")
@click.option(
    "--scheme",
    type=click.Choice(["auto", *SCHEMES]),
    default="auto",
    show_default=True,
    help="Tag scheme of the files.",
)
@click.option(
    "--repair",
    type=click.Choice(REPAIRS),
    default="error",
    show_default=True,
    help="How to read ill-formed tags; 'error' leaves such sentences out.",
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to use.  [default: all cores]")
@click.option("--json", "as_json", is_flag=True, help="Write the summary as JSON on standard output.")
@click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
def command(data: tuple[str, ...], out: str, as_json: bool, quiet: bool, **options: Any) -> None:
    """Train a tagger on DATA, and save it as MODEL.

    DATA are labelled files in any format that crosspan reads. JSONL that 'crosspan project' wrote is learned from with
    its confidences and its dropped spans; any other file is taken for gold. A dash stands for standard input.

    Sentences whose labels cannot be read are named and left out; the exit code is 3 then.
    """
    from crosspan.file_tagging import train_files
    from crosspan.io.pairs import SentenceFile

    how = (options["from_format"], None, options["columns"], options["scheme"], options["repair"])
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = train_files(
            [SentenceFile(path, *how) for path in data],
            out,
            dev=SentenceFile(options["dev"], *how) if options["dev"] else None,
            settings=parse_settings(options["settings"]),
            labels=split_names(options["labels"]),
            threads=options["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    rejects.show()
    finish(summary, summary_text(out, summary), {"model": out}, as_json=as_json, quiet=quiet)


def summary_text(out: str, summary: TrainSummary) -> str:
    """The summary for people.

    Example:
        >>> from collections import Counter
        >>> from crosspan.file_tagging import TrainSummary
        >>> print(summary_text("sw.crf", TrainSummary(2, spans=3, labels=Counter(PER=3), features=9, seconds=0.5)))
        sw.crf: learned from 2 sentences, 3 entities (PER 3); 9 features, 0 kept; 0.5 s
    """
    kinds = ", ".join(f"{label} {count}" for label, count in sorted(summary.labels.items()))
    lines = [
        f"{out}: learned from {summary.sentences} sentences, {summary.spans} entities ({kinds}); "
        f"{summary.features} features, {summary.kept_features} kept; {summary.seconds:.1f} s"
    ]
    if summary.unobserved:
        lines.append(f"not known: whether {summary.unobserved} words belong to an entity")
    if summary.left_out:
        lines.append(f"left out by noise.dropped: {summary.left_out} sentences")
    if summary.rejected:
        lines.append(f"left out: {summary.rejected} sentences whose labels cannot be read")
    if summary.dev is not None:
        scores = summary.dev
        lines.append(
            f"on dev: F1 {scores['f1']:.4f}, precision {scores['precision']:.4f}, recall {scores['recall']:.4f}"
        )
    return "\n".join(lines)
