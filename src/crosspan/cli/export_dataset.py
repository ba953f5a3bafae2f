"""``crosspan export-dataset``: labels as a folder that HuggingFace ``datasets`` and the hub take."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.places import InFile, InRun, OutFolder, verb
from crosspan.cli.rejects import Rejects, finish, rejected_text

if TYPE_CHECKING:
    from crosspan.pipeline.dataset_card import CardFacts
    from crosspan.pipeline.dataset_export import Exported

_LABELLED = "labelled"


@verb("export-dataset", no_args_is_help=True)
@click.argument("train", metavar="FILE | RUN", type=InRun())
@click.option("--validation", metavar="FILE", type=InFile(), help="Labelled sentences for the split validation.")
@click.option("--test", metavar="FILE", type=InFile(), help="Labelled sentences for the split test.")
@options.out("DIR", "The folder of the data set.", kind=OutFolder)
@options.input_format(of="FILE")
@options.columns(of="FILE")
@options.scheme(of="FILE")
@options.reading("FILE")
@options.repair("FILE")
@options.language()
@click.option("--title", metavar="TEXT", help="Name of the data set, for its card.  [default: that of DIR]")
@click.option(
    "--license", metavar="ID", help="Its licence as the hub calls it, such as cc-by-4.0.  [default: not stated]"
)
@click.option("--quality", metavar="FILE", type=InFile(), help="quality.json of 'crosspan review apply', for the card.")
@options.ending
def command(train: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Write labelled sentences as a data set that datasets.load_dataset("DIR") and the hub take as it is.

    FILE, or what a RUN has labelled, becomes the split train. Splits are Parquet files whose tags are numbers of
    a ClassLabel, the same in all of them; README.md is the card: what is in the set, how it was made, how good its
    labels are. What only you can say, such as the licence, is left open there.
    """
    from crosspan.io.pairs import SentenceFile, rereadable
    from crosspan.pipeline.dataset_export import export_dataset
    from crosspan.pipeline.outputs import RESOLVED

    how = {"lang": given["lang"], "columns": given["columns"], "scheme": given["scheme"], "repair": given["repair"]}
    how |= options.reading_of(given)
    run = train if os.path.isdir(train) and (Path(train) / RESOLVED).is_file() else None
    names = {"train": train if run is None else _labelled(run), **{k: given[k] for k in ("validation", "test")}}
    files = [SentenceFile(path, given["from_format"], **how) for path in names.values() if path is not None]
    splits = [name for name, path in names.items() if path is not None]
    rejects = Rejects()
    with rereadable(*files) as ready:
        found = export_dataset(
            dict(zip(splits, ready, strict=True)), out, about=_about(out, run, given), on_reject=rejects.add
        )
    rejects.show()
    finish(found, summary_text(out, found), {"out": out}, as_json=as_json, quiet=quiet)


def _labelled(run: str) -> str:
    """What a run has labelled, whatever its format."""
    from crosspan.core.errors import FormatError

    found = sorted(path for path in Path(run).glob(f"{_LABELLED}.*") if path.is_file())
    if len(found) != 1:
        raise FormatError(
            f"there are {len(found)} files {_LABELLED}.* in this run", where=run, hint="Name the file that is meant."
        )
    return str(found[0])


def _about(out: str, run: str | None, given: dict[str, Any]) -> CardFacts:
    from crosspan.pipeline.dataset_card import CardFacts, about_run, read_facts

    facts, recipe = (None, "") if run is None else about_run(run)
    quality = None if given["quality"] is None else read_facts(given["quality"])
    title = given["title"] or Path(out).resolve().name
    return CardFacts(title, given["license"], facts, recipe, quality)


def summary_text(out: str, found: Exported) -> str:
    """The summary for people.

    Args:
        out: The folder.
        found: What was written.
    """
    lines = [
        f"{out}: {name}: {split.sentences} sentences, {sum(split.spans.values())} entities"
        for name, split in found.splits.items()
    ]
    if found.rejected:
        lines.append(rejected_text(found.rejected))
    lines.append(f'datasets.load_dataset("{out}") reads it; README.md says what is still to be stated')
    return "\n".join(lines)
