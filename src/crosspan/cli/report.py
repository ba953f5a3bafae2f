"""``crosspan report``: one page to look at a projection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from crosspan.cli.progress import progress_bars
from crosspan.cli.settings import parse_settings
from crosspan.core.tags import REPAIRS, SCHEMES
from crosspan.io import FORMATS

if TYPE_CHECKING:
    from crosspan.cli.progress import StageProgress
    from crosspan.report import Item, Written

_FORMATS = click.Choice(["auto", *FORMATS])
_TO_PROJECT = (
    *("bitext", "aligner_model", "method", "settings", "min_confidence", "filters", "threads"),
    *("target_lang", "target_format", "target_columns"),
)
"""Options that only have an effect where something is projected."""
_OF_FILES = ("dropped", "source_lang", "source_format", "columns", "scheme", "repair")
"""Options that a run folder knows itself."""


@click.command("report", no_args_is_help=True)
@click.argument("inputs", nargs=-1, required=True, metavar="RUN | SOURCE TARGET")
@click.option("--out", "-o", required=True, metavar="FILE", help="The page to write; - stdout.")
@click.option("--gold", metavar="FILE", help="TARGET with the right labels.")
@click.option("--links", metavar="FILE", help="Word links (Pharaoh, from 0), one line for each source sentence.")
@click.option("--dropped", metavar="FILE", help="What 'project --dropped' wrote, where TARGET is projected already.")
@click.option("--sample", type=click.IntRange(1), default=2_000, show_default=True, help="Sentences to show.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the sample.")
@click.option("--title", help="What stands at the top.  [default: the names of the files]")
@click.option(
    "--bitext", nargs=2, multiple=True, metavar="SRC TGT", help="More translated text to learn from; may be repeated."
)
@click.option("--aligner-model", metavar="FILE", help="A model kept by 'crosspan align --save-model'.")
@click.option("--method", default="candidates", show_default=True, help="candidates or heuristic.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the method, or aligner.KEY=VALUE; may be repeated.",
)
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Drop spans that are less sure.")
@click.option("--filter", "filters", multiple=True, metavar="NAME", help="Take out what a filter objects to.")
@click.option("--source-lang", metavar="CODE", help="Language of SOURCE.")
@click.option("--target-lang", metavar="CODE", help="Language of TARGET.")
@click.option("--source-format", type=_FORMATS, default="auto", help="Format of SOURCE.  [default: found out]")
@click.option("--target-format", type=_FORMATS, default="auto", help="Format of TARGET.  [default: found out]")
@click.option("--gold-format", type=_FORMATS, default="auto", help="Format of the gold file.  [default: found out]")
@click.option("--columns", metavar="NAMES", help="What the columns of SOURCE hold, e.g. id,token,-,tag.")
@click.option("--target-columns", metavar="NAMES", help="What the columns of TARGET hold.")
@click.option("--gold-columns", metavar="NAMES", help="What the columns of the gold file hold.")
@click.option("--scheme", type=click.Choice(["auto", *SCHEMES]), default="auto", help="Tag scheme of SOURCE.")
@click.option("--repair", type=click.Choice(REPAIRS), default="error", help="How to read ill-formed tags of SOURCE.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads to use.  [default: all cores]")
@click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
def command(inputs: tuple[str, ...], out: str, quiet: bool, **options: Any) -> None:
    """Write one page to look at a projection: totals, charts, and sentences side by side.

    The page needs nothing but itself: it opens from disk and loads nothing.

    SOURCE and TARGET are labelled sentences and their translations, which are projected for the page as 'crosspan
    project' does it. A TARGET that is projected already, as JSONL, is shown as it is; word links are shown if --links
    names them then, and runners-up are not known. RUN is the folder of results of 'crosspan run'.

    Totals and charts count all sentences. Of more than --sample sentences a sample is shown: those that disagree with
    gold, those with dropped spans, those of low confidence, and some by chance.
    """
    from crosspan.report import write_report

    if len(inputs) > 2:
        raise click.UsageError("Name SOURCE and TARGET, or the folder of a run.")
    _check_output(out, inputs, options)
    source = click.get_current_context().get_parameter_source
    given = {name for name in options if source(name) not in (ParameterSource.DEFAULT, None)}
    with progress_bars(quiet=quiet) as progress, _items(inputs, given, options, progress) as (items, facts):
        title = options["title"] or " → ".join(os.path.basename(os.path.normpath(name)) for name in inputs)
        how = {name: options[name] for name in ("sample", "seed")}
        written = write_report(out, items, title=title, facts=facts, **how)
    if not quiet:
        click.echo(_summary(out, written), err=True)


def _check_output(out: str, inputs: tuple[str, ...], options: dict[str, Any]) -> None:
    from crosspan.pipeline.file_workflow import check_outputs

    pairs = [name for pair in options["bitext"] for name in pair]
    named = [options[name] for name in ("gold", "links", "dropped", "aligner_model") if options[name]]
    check_outputs(out, None, [*inputs, *pairs, *named])


Inputs = tuple["Iterator[Item]", dict[str, str]]


@contextmanager
def _items(
    inputs: tuple[str, ...], given: set[str], options: dict[str, Any], progress: StageProgress | None
) -> Iterator[Inputs]:
    """The sentences to show, and what is known of them as a whole."""
    from crosspan.report.reading import holds_projections

    if len(inputs) == 1:
        _refuse(given, (*_TO_PROJECT, *_OF_FILES), "with the folder of a run")
        yield _of_run(inputs[0], options)
    elif inputs[1] != "-" and holds_projections(inputs[1]):
        _refuse(given, _TO_PROJECT, "where TARGET is projected already")
        yield _of_files(inputs, options)
    else:
        _refuse(given, ("dropped",), "where TARGET is projected for the page")
        with _projected(inputs, options, progress) as found:
            yield found


def _refuse(given: set[str], names: tuple[str, ...], where: str) -> None:
    spelled = {"settings": "set", "filters": "filter"}
    for name in names:
        if name in given:
            raise click.UsageError(f"--{spelled.get(name, name).replace('_', '-')} has no effect {where}.")


def _of_run(folder: str, options: dict[str, Any]) -> Inputs:
    from dataclasses import replace

    from crosspan.report.reading import read_items
    from crosspan.report.run_folder import run_files

    files, facts = run_files(folder)
    if options["gold"]:
        files = replace(files, gold=_gold(options))
        facts["gold"] = options["gold"]
    if options["links"]:
        files = replace(files, links=options["links"])
    return read_items(files), facts


def _of_files(inputs: tuple[str, ...], options: dict[str, Any]) -> Inputs:
    from crosspan.report.reading import ReportFiles, read_items

    files = ReportFiles(
        source=_source(inputs[0], options),
        projected=inputs[1],
        dropped=options["dropped"],
        links=options["links"],
        gold=_gold(options),
    )
    return read_items(files), _facts(inputs, options)


@contextmanager
def _projected(inputs: tuple[str, ...], options: dict[str, Any], progress: StageProgress | None) -> Iterator[Inputs]:
    from crosspan.align import load_aligner
    from crosspan.io.pairs import SentenceFile
    from crosspan.report.projecting import projected_items

    model = options["aligner_model"]
    if options["links"] and (model or options["bitext"]):
        raise click.UsageError("--links takes the place of the aligner: leave out --aligner-model and --bitext.")
    if model and options["bitext"]:
        raise click.UsageError("A saved model learns nothing more: leave out --bitext or --aligner-model.")
    target = SentenceFile(
        inputs[1], options["target_format"], options["target_lang"], options["target_columns"], repair="begin"
    )
    with projected_items(
        _source(inputs[0], options),
        target,
        gold=_gold(options),
        method=options["method"],
        settings=parse_settings(options["settings"]),
        bitext=[(SentenceFile(one), SentenceFile(other)) for one, other in options["bitext"]],
        links=options["links"],
        aligner=load_aligner(model, threads=options["threads"]) if model else None,
        min_confidence=options["min_confidence"],
        filters=options["filters"],
        threads=options["threads"],
        progress=progress,
    ) as items:
        facts = {**_facts(inputs, options), "method": options["method"]}
        if options["settings"]:
            facts["settings"] = " ".join(options["settings"])
        yield items, facts


def _source(path: str, options: dict[str, Any]) -> Any:
    from crosspan.io.pairs import SentenceFile

    names = ("source_format", "source_lang", "columns", "scheme", "repair")
    return SentenceFile(path, *(options[name] for name in names))


def _gold(options: dict[str, Any]) -> Any:
    from crosspan.io.pairs import SentenceFile

    if not options["gold"]:
        return None
    return SentenceFile(options["gold"], options["gold_format"], columns=options["gold_columns"])


def _facts(inputs: tuple[str, ...], options: dict[str, Any]) -> dict[str, str]:
    named = {name: options[name] for name in ("gold", "links") if options[name]}
    return {"source": inputs[0], "target": inputs[1], **named}


def _summary(out: str, written: Written) -> str:
    name = "<stdout>" if out == "-" else out
    everything = written.sentences + written.rejected
    shown = "all shown" if written.shown == everything else f"{written.shown} shown"
    left_out = f", {written.rejected} of them left out of the projection" if written.rejected else ""
    return f"{name}: {everything} sentence{'s' * (everything != 1)}{left_out}, {shown}"
