"""``crosspan report``: one page to look at a projection, or at labelled text."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from crosspan.cli import options
from crosspan.cli.messages import say
from crosspan.cli.places import InFile, InRun, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.projecting import check_projecting, projecting
from crosspan.cli.settings import parse_settings

if TYPE_CHECKING:
    from crosspan.core.progress import Listener
    from crosspan.report import Item, WrittenPage

_TO_PROJECT = (
    *("bitext", "aligner", "aligner_model", "method", "settings", "min_confidence", "filters", "labels", "threads"),
    *("target_lang", "target_format", "target_columns"),
)
"""Options that only have an effect where something is projected."""
_OF_FILES = ("dropped", "source_lang", "source_format", "columns", "scheme", "repair")
"""Options that a run folder knows itself."""


@verb("report", no_args_is_help=True)
@click.argument("inputs", nargs=-1, required=True, metavar="RUN | FILE | SOURCE TARGET", type=InRun())
@options.out("FILE", "The page to write; - stdout.")
@click.option("--gold", metavar="FILE", type=InFile(), help="TARGET, or FILE, with the right labels.")
@click.option("--sample", type=click.IntRange(1), default=2_000, show_default=True, help="Sentences to show.")
@options.seed("the sample")
@click.option("--title", help="What stands at the top.  [default: the names of the files]")
@projecting(dropped=InFile)
@options.input_format("--gold-format", "the gold file")
@options.columns("--gold-columns", "the gold file")
@options.threads
@options.quiet
def command(inputs: tuple[str, ...], out: str, quiet: bool, **given: Any) -> None:
    """Write one page to look at a projection, or at labelled text: totals, charts, and sentences.

    The page needs nothing but itself: it opens from disk and loads nothing.

    SOURCE and TARGET are labelled sentences and their translations, which are projected for the page as 'crosspan
    project' does it. A TARGET that is projected already, as JSONL, is shown as it is; word links are shown if --links
    names them then, and runners-up are not known. RUN is the folder of results of 'crosspan run'. FILE is labelled
    text by itself, such as 'crosspan tag' writes it; options on SOURCE say how it is read.

    Totals and charts count all sentences. Of more than --sample sentences a sample is shown: those that disagree with
    gold, those with dropped spans, those of low confidence, and some by chance.
    """
    from crosspan.report import write_report

    if len(inputs) > 2:
        raise click.UsageError("Name SOURCE and TARGET, the folder of a run, or one labelled file.")
    source = click.get_current_context().get_parameter_source
    named = {name for name in given if source(name) not in (ParameterSource.DEFAULT, None)}
    with progress_bars(quiet=quiet) as progress, _items(inputs, named, given, progress) as (items, facts):
        title = given["title"] or " → ".join(os.path.basename(os.path.normpath(name)) for name in inputs)
        how = {name: given[name] for name in ("sample", "seed")}
        written = write_report(out, items, title=title, facts=facts, **how)
    if not quiet:
        say(_summary(out, written))


Inputs = tuple["Iterator[Item]", dict[str, str]]


@contextmanager
def _items(
    inputs: tuple[str, ...], named: set[str], given: dict[str, Any], progress: Listener | None
) -> Iterator[Inputs]:
    """The sentences to show, and what is known of them as a whole."""
    from crosspan.report.reading import holds_projections

    if len(inputs) == 1 and os.path.isdir(inputs[0]):
        _refuse(named, (*_TO_PROJECT, *_OF_FILES), "with the folder of a run")
        yield _of_run(inputs[0], given)
    elif len(inputs) == 1:
        _refuse(named, (*_TO_PROJECT, "dropped", "links"), "on labelled text by itself")
        yield _of_text(inputs[0], given)
    elif inputs[1] != "-" and holds_projections(inputs[1]):
        _refuse(named, _TO_PROJECT, "where TARGET is projected already")
        yield _of_files(inputs, given)
    else:
        _refuse(named, ("dropped",), "where TARGET is projected for the page")
        with _projected(inputs, given, progress) as found:
            yield found


def _refuse(named: set[str], names: tuple[str, ...], where: str) -> None:
    spelled = {"settings": "set", "filters": "filter"}
    for name in names:
        if name in named:
            raise click.UsageError(f"--{spelled.get(name, name).replace('_', '-')} has no effect {where}.")


def _of_run(folder: str, given: dict[str, Any]) -> Inputs:
    from dataclasses import replace

    from crosspan.report.reading import read_items
    from crosspan.report.run_folder import run_files

    files, facts = run_files(folder)
    if given["gold"]:
        files = replace(files, gold=_gold(given))
        facts["gold"] = given["gold"]
    if given["links"]:
        files = replace(files, links=given["links"])
    return read_items(files), _with_hint(facts, facts["aligner"])


def _of_text(path: str, given: dict[str, Any]) -> Inputs:
    from crosspan.report.reading import read_labelled

    gold = {"gold": given["gold"]} if given["gold"] else {}
    return read_labelled(_source(path, given), gold=_gold(given)), {"file": path, **gold}


def _with_hint(facts: dict[str, str], aligner: str) -> dict[str, str]:
    """What is known, and what would make better links than an aligner did."""
    from crosspan.align.at_hand import better_links

    hint = better_links(aligner)
    return {**facts, "hint": hint} if hint else facts


def _of_files(inputs: tuple[str, ...], given: dict[str, Any]) -> Inputs:
    from crosspan.report.reading import ReportFiles, read_items

    files = ReportFiles(
        source=_source(inputs[0], given),
        projected=inputs[1],
        dropped=given["dropped"],
        links=given["links"],
        one_based=given["one_based"],
        gold=_gold(given),
    )
    return read_items(files), _facts(inputs, given)


@contextmanager
def _projected(inputs: tuple[str, ...], given: dict[str, Any], progress: Listener | None) -> Iterator[Inputs]:
    from crosspan.align import load_aligner
    from crosspan.io.pairs import SentenceFile
    from crosspan.report.projecting import projected_items

    model = given["aligner_model"]
    check_projecting(given)
    target = SentenceFile(
        inputs[1],
        given["target_format"],
        lang=given["target_lang"],
        columns=given["target_columns"],
        repair="begin",
        encoding=given["target_encoding"],
    )
    with projected_items(
        _source(inputs[0], given),
        target,
        gold=_gold(given),
        method=given["method"],
        settings=parse_settings(given["settings"]),
        bitext=[(SentenceFile(one), SentenceFile(other)) for one, other in given["bitext"]],
        links=given["links"],
        one_based=given["one_based"],
        aligner=load_aligner(model, threads=given["threads"]) if model else given["aligner"],
        min_confidence=given["min_confidence"],
        filters=given["filters"],
        labels=options.split_names(given["labels"]),
        threads=given["threads"],
        progress=progress,
    ) as items:
        facts = {**_facts(inputs, given), "method": given["method"]}
        if given["settings"]:
            facts["settings"] = " ".join(given["settings"])
        aligned = given["links"] is None and model is None
        yield items, _with_hint(facts, given["aligner"] if aligned else "")


def _source(path: str, given: dict[str, Any]) -> Any:
    from crosspan.io.pairs import SentenceFile

    how = {name: given[name] for name in ("columns", "scheme", "repair")}
    return SentenceFile(path, given["source_format"], lang=given["source_lang"], **how, **options.reading_of(given))


def _gold(given: dict[str, Any]) -> Any:
    from crosspan.io.pairs import SentenceFile

    if not given["gold"]:
        return None
    return SentenceFile(given["gold"], given["gold_format"], columns=given["gold_columns"])


def _facts(inputs: tuple[str, ...], given: dict[str, Any]) -> dict[str, str]:
    named = {name: given[name] for name in ("gold", "links") if given[name]}
    return {"source": inputs[0], "target": inputs[1], **named}


def _summary(out: str, written: WrittenPage) -> str:
    name = "<stdout>" if out == "-" else out
    everything = written.sentences + written.rejected
    shown = "all shown" if written.shown == everything else f"{written.shown} shown"
    left_out = f", {written.rejected} of them left out of the projection" if written.rejected else ""
    return f"{name}: {everything} sentence{'s' * (everything != 1)}{left_out}, {shown}"
