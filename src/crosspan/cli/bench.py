"""``crosspan bench``: run a known data set and show the scores beside the published figures."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.places import InModel, SearchedFolder, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.settings import parse_settings

if TYPE_CHECKING:
    from crosspan.lab.bench.system import System

EXIT_FAILED = 3
_FORMATS = ("text", "markdown", "json")
_BY_SUFFIX = {".md": "markdown", ".json": "json"}


@verb("bench", no_args_is_help=True)
@click.argument("suite", metavar="SUITE", type=str)
@click.option(
    "--data",
    required=True,
    metavar="DIR",
    type=SearchedFolder(),
    help="Folder of the downloads; files are found by their names.",
)
@click.option("--lang", "languages", multiple=True, metavar="A,B", help="Run these languages only.")
@click.option("--pipeline", metavar="NAME", help="What to run.  [default: the suite's first, see above]")
@options.method
@options.settings("A setting of the method, or TABLE.KEY of a recipe: align.KEY, tag.KEY, train.KEY, train.noise.KEY")
@options.aligner
@options.adapting
@options.source_scores
@options.rounds
@click.option(
    "--tagger",
    "taggers",
    multiple=True,
    metavar="[LANG=]NAME",
    type=InModel(),
    help="A tagger, or a tagger for sentences in LANG; {lang} in NAME stands for the language.",
)
@click.option(
    "--translations",
    metavar="DIR",
    type=SearchedFolder(),
    help="English translations of the test sentences: LANG.txt, one a line.",
)
@click.option("--only-at-hand", is_flag=True, help="Let the aligner learn from the test sentences alone.")
@click.option(
    "--baseline", metavar="NAME", help="Compare with another method, aligner or pipeline; A+B changes more than one."
)
@click.option("--ignore", metavar="A,B", help="Labels left out of the score, or none.  [default: by suite]")
@click.option(
    "--ocr-noise",
    type=click.FloatRange(0, 0.5, min_open=True),
    metavar="RATE",
    help="Spoil this share of the characters of the test sentences as text recognition does.",
)
@options.bootstrap(1000)
@options.paired_tests
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), help="Of the table.  [default: by the ending of --out, or text]"
)
@options.out("FILE", "Where the table goes.  [default: standard output]", default="-")
@options.cache("crosspan/bench in the user's cache")
@click.option("--no-cache", is_flag=True, help="Keep no results, and use none.")
@options.workplace
@options.threads
@click.option("--quiet", is_flag=True, help="Show no progress.")
def command(suite: str, data: str, form: str | None, out: str, quiet: bool, **given: Any) -> None:
    """Run a suite on the downloads in DIR, and show ours beside the published figures.

    \b
    SUITE         pipelines, the default first
    europarl-ner  projection, tagger
    uner-pud      projection, tagger
    xsid          projection
    masakhaner2   translate-test, tagger, translate-train, ensemble
    wikiann       tagger, translate-test, translate-train, ensemble
    uner          tagger
    hipe-2022     tagger
    europeana     tagger
    crossner      tagger
    wnut17        tagger
    alignment     alignment

    Every suite but alignment also runs the ready recipes of published systems, by their names: 'crosspan new recipe
    --pipeline list' shows them.

    With --on or --workers languages are run side by side: a language is a job, and the cache holds what they made.

    Nothing is downloaded: a language whose files are not in DIR is a line that says what is missing and where it is
    downloaded. Results are kept language by language, so that a run that was ended goes on where it was.

    The exit code is 3 where a language failed.
    """  # noqa: D301  # click wants the character itself
    from crosspan.core.digests import user_cache
    from crosspan.core.files import open_output
    from crosspan.lab.bench import BenchScoring, make_baseline, make_system, run_suite
    from crosspan.lab.bench.tables import render
    from crosspan.pipeline.workplace import executor_on
    from crosspan.suites import make_suite

    form = form or _BY_SUFFIX.get(os.path.splitext(out)[1].lower(), "text")
    about = make_suite(suite).about
    system = _with_switches(
        make_system(
            about,
            pipeline=given["pipeline"],
            method=given["method"],
            aligner=given["aligner"],
            settings=parse_settings(given["settings"]),
            taggers=_taggers(given["taggers"]),
            more_text=not given["only_at_hand"],
        ),
        given,
    )
    baseline = make_baseline(about, system, given["baseline"]) if given["baseline"] else None
    _check_use([system] if baseline is None else [system, baseline], given)
    how = {name: given[name] for name in ("bootstrap", "samples", "confidence", "seed")}
    ignore = about.ignore if given["ignore"] is None else tuple(options.split_names([given["ignore"]]))
    kept = given["cache"] or user_cache() / "bench"
    where = {name: given[name] for name in ("on", "workers", "threads", "gpus_per_worker")}
    with closing(executor_on(**where)) as executor, progress_bars(quiet=quiet) as progress:
        result = run_suite(
            suite,
            data,
            system=system,
            baseline=baseline,
            scoring=BenchScoring(ignore=() if ignore == ("none",) else ignore, **how),
            languages=options.split_names(given["languages"]),
            translations=given["translations"],
            cache=None if given["no_cache"] else kept,
            threads=given["threads"],
            executor=executor,
            progress=progress,
            ocr_noise=given["ocr_noise"] or 0.0,
            out=out,
        )
    with open_output(out) as stream:
        stream.write(render(result, form))
    if result.failed:
        sys.exit(EXIT_FAILED)


def _with_switches(system: System, given: dict[str, Any]) -> System:
    """The system with what the options say that other verbs have too; what is set by --set goes before."""
    said = {
        "--no-adapt": ("tag.adapt", None if given["adapt"] else "false"),
        "--no-copy-bias": ("tag.adaptation.copy_bias", None if given["copy_bias"] else "0"),
        "--no-source-scores": ("project.source_scores", None if given["source_scores"] else "false"),
        "--rounds": ("train.rounds", given["rounds"]),
    }
    found = {}
    for option, (setting, value) in said.items():
        if value is not None:
            if not system.heeds(setting):
                raise click.UsageError(f"{option} has no effect on the pipeline {system.pipeline}: leave it out.")
            found[setting] = str(value)
    return replace(system, settings={**found, **system.settings}) if found else system


def _check_use(systems: Sequence[System], given: dict[str, Any]) -> None:
    """Refuse options without effect."""
    if given["cache"] and given["no_cache"]:
        raise click.UsageError("--no-cache keeps nothing: leave out --cache.")
    if given["no_cache"] and (given["on"] != "local" or given["workers"]):
        raise click.UsageError("Workers share nothing but the cache: leave out --no-cache.")
    if given["taggers"] and not any(one.tags for one in systems):
        raise click.UsageError("--tagger has no effect: neither the pipeline nor the baseline uses a tagger.")
    if given["translations"] and not any(one.tags and one.needs for one in systems):
        raise click.UsageError("--translations has no effect: neither the pipeline nor the baseline uses translations.")


def _taggers(given: Sequence[str]) -> dict[str, str]:
    """Taggers by language; under an empty name the one for all."""
    found: dict[str, str] = {}
    for item in given:
        lang, equals, name = item.partition("=")
        found[lang if equals else ""] = name if equals else item
    return found
