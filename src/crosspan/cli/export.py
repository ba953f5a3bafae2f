"""``crosspan export``: a fine-tuned tagger in, the same in ONNX out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.places import InFile, InModel, OutFolder, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import finish
from crosspan.cli.settings import parse_settings

if TYPE_CHECKING:
    from crosspan.core.types import Sentence
    from crosspan.tag.onnx_export import ExportReport

_SAMPLES = 8
_MOST = 500


@verb("export", no_args_is_help=True)
@click.argument("model", metavar="MODEL", type=InModel())
@options.out("FOLDER", "Where the exported model goes; a new folder.", kind=OutFolder)
@click.option("--int8", is_flag=True, help="Keep weights in a byte each: smaller and faster, not quite the same.")
@click.option(
    "--check",
    metavar="FILE",
    type=InFile(),
    help=f"Sentences to compare both models on, up to {_MOST}.  [default: some in four languages]",
)
@click.option(
    "--tolerance", type=float, metavar="X", help="Most that a probability may differ.  [default: 0.001; int8: 0.25]"
)
@options.settings("An option of the tagger, such as words=average")
@options.working
def command(model: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Write the tagger MODEL as ONNX, for machines without PyTorch.

    MODEL is a folder that 'crosspan train --encoder' wrote, or any token-classification model of transformers.
    'crosspan tag' knows what is written as onnx:FOLDER. It appears only once it gave the probabilities of MODEL for
    sentences of all lengths.
    """
    from crosspan.tag.onnx_export import export_onnx

    with progress_bars(quiet=quiet) as progress:
        report = export_onnx(
            model.removeprefix("transformers:"),
            out,
            samples_of(given["check"]),
            int8=given["int8"],
            tolerance=given["tolerance"],
            threads=given["threads"],
            progress=progress,
            **parse_settings(given["settings"]),
        )
    finish(report, summary_text(report), {"model": model}, as_json=as_json, quiet=quiet)


def samples_of(path: str | None) -> list[Sentence]:
    """Sentences to compare on: the first of a file, or of the demonstration in each of its languages.

    Example:
        >>> sorted({one.lang for one in samples_of(None)})
        ['de', 'en', 'es', 'sw']
    """
    from crosspan.demo import LANGUAGES, SOURCE, load_corpus
    from crosspan.io import read

    if path is not None:
        return read(path, rejects=[])[:_MOST]  # bad labels do not matter here
    return [one for lang in (SOURCE, *LANGUAGES) for one in load_corpus(lang)[:_SAMPLES]]


def summary_text(report: ExportReport) -> str:
    """The summary for people.

    Example:
        >>> from crosspan.tag.onnx_export import ExportReport
        >>> found = {"sentences": 33, "words": 500, "largest": 2e-6, "mean": 1e-7, "same_tags": 1.0}
        >>> print(summary_text(ExportReport(folder="m", int8=False, size=4_000_000, tolerance=1e-3, **found)))
        m: 4.0 MB, checked on 33 sentences, 500 words
        probabilities differ by up to 2e-06 (mean 1e-07; allowed: 0.001); the same tag at 100.00 % of the words
    """
    kind = ", int8" if report.int8 else ""
    return (
        f"{report.folder}: {report.size / 1e6:.1f} MB{kind}, checked on {report.sentences} sentences, "
        f"{report.words} words\n"
        f"probabilities differ by up to {report.largest:.2g} (mean {report.mean:.2g}; allowed: {report.tolerance:g}); "
        f"the same tag at {100 * report.same_tags:.2f} % of the words"
    )
