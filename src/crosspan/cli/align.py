"""``crosspan align``: link the words of sentences with those of their translations."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crosspan.align import ALIGNERS, load_aligner, make_aligner
from crosspan.cli.progress import progress_bars
from crosspan.errors import OptionError, OutputError, PairError
from crosspan.io import FORMATS, FormatOption, format_by_name, iter_located, write_links
from crosspan.io.files import name_of

if TYPE_CHECKING:
    from crosspan.align import Aligner
    from crosspan.types import Alignment

TokenPair = tuple[tuple[str, ...], tuple[str, ...]]


@click.command("align")
@click.argument("source", metavar="SOURCE", type=str)
@click.argument("target", metavar="TARGET", type=str)
@click.option("--out", metavar="FILE", default="-", show_default="standard output", help="Where the links go.")
@click.option(
    "--bitext", "bitexts", nargs=2, multiple=True, metavar="SRC TGT", help="More translated text to learn from."
)
@click.option("--aligner", type=click.Choice(ALIGNERS), default=ALIGNERS[0], show_default=True, help="Backend.")
@click.option("--model", metavar="FILE", help="Use this saved model instead of learning.")
@click.option("--fit", "fit_on", is_flag=True, help="Learn on from --model, with the sentences at hand and --bitext.")
@click.option("--save-model", metavar="FILE", help="Keep what was learned, for --model.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use.  [default: all cores]")
@click.option("--min-prob", type=click.FloatRange(0.0, 1.0), help="Leave out links below this probability.")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the aligner.")
@click.option("--no-prob", is_flag=True, help="Write i-j instead of i-j:probability.")
@click.option(
    "--from",
    "from_format",
    type=click.Choice(["auto", *FORMATS]),
    default="auto",
    show_default=True,
    help="Format of the files whose names do not tell it.",
)
@click.option("--json", "as_json", is_flag=True, help="Write the summary as JSON.")
@click.option("--quiet", is_flag=True, help="Write no progress and no summary.")
def command(
    source: str,
    target: str,
    out: str,
    bitexts: tuple[tuple[str, str], ...],
    aligner: str,
    model: str | None,
    fit_on: bool,
    save_model: str | None,
    threads: int | None,
    min_prob: float | None,
    settings: tuple[str, ...],
    no_prob: bool,
    from_format: FormatOption,
    as_json: bool,
    quiet: bool,
) -> None:
    """Link words of SOURCE with words of TARGET, its translation sentence by sentence.

    Learns from these sentences and from every --bitext. Writes one line a sentence pair: i-j:probability for each
    link, words counted from 0. A dash stands for standard input or output. FILE appears only once it is complete.
    """
    _check_usage(source, target, bitexts, aligner, model, fit_on, save_model, settings)
    for path in (out, save_model):
        _check_folder(path)
    began = time.perf_counter()
    chosen = _aligner(aligner, model, threads, min_prob, settings)
    fitting = model is None or fit_on
    pairs = _rereadable(source, target, from_format, twice=fitting)
    with progress_bars(quiet=quiet) as bars:
        if fitting:
            more = (pair for files in bitexts for pair in read_pairs(*files, from_format))
            chosen.fit_tokens(chain(more, pairs()), progress=bars and partial(bars, "learning"))
        tally = _Tally(no_prob)
        write_links(out, tally.through(chosen.iter_align_tokens(pairs(), progress=bars and partial(bars, "aligning"))))
    if save_model is not None:
        chosen.save(save_model)  # type: ignore[attr-defined]  # checked above: only one kind of aligner comes here
    summary = {
        "pairs": tally.pairs,
        "links": tally.links,
        "without_links": tally.without_links,
        "mean_prob": round(tally.mass / tally.links, 4) if tally.links else None,
        "seconds": round(time.perf_counter() - began, 2),
    }
    if as_json:
        click.echo(json.dumps(summary), err=out == "-")
    elif not quiet:
        mean = f", mean probability {summary['mean_prob']:.2f}" if tally.links else ""
        bare = f", {tally.without_links} pairs without links" if tally.without_links else ""
        click.echo(
            f"{'<stdout>' if out == '-' else out}: {tally.pairs} sentence pairs, {tally.links} links{mean}{bare}, "
            f"{summary['seconds']} s",
            err=True,
        )


def read_pairs(source: str, target: str, from_format: FormatOption = "auto") -> Iterator[TokenPair]:
    """Yield the tokens of sentences and their translations from two files, in step.

    Labels are not looked at, so ill-formed tags do no harm.

    Args:
        source: A file in any readable format.
        target: The file of the translations, in any readable format.
        from_format: Format of the files whose names do not tell it.

    Raises:
        PairError: One file has more sentences; the error names the line of the first that is left over.
    """
    sides = (iter_located(path, format="auto" if format_by_name(path) else from_format) for path in (source, target))
    for count, (one, other) in enumerate(zip_longest(*sides)):
        if one is None or other is None:
            longer, shorter, surplus = (target, source, other) if one is None else (source, target, one)
            raise PairError(
                f"{name_of(shorter)} ends after {count} sentence{'s' * (count != 1)}, but here begins another",
                where=f"{name_of(longer)}:{surplus.line}",
                hint="The two files must hold the same sentences in the same order: compare their ends.",
            )
        yield one.sentence.tokens, other.sentence.tokens


def _rereadable(
    source: str, target: str, from_format: FormatOption, *, twice: bool
) -> Callable[[], Iterable[TokenPair]]:
    """The pairs as often as asked for: from the files again, or from memory what came from standard input."""
    if twice and "-" in (source, target):
        held = list(read_pairs(source, target, from_format))
        return lambda: held
    return lambda: read_pairs(source, target, from_format)


def _check_usage(
    source: str,
    target: str,
    bitexts: tuple[tuple[str, str], ...],
    aligner: str,
    model: str | None,
    fit_on: bool,
    save_model: str | None,
    settings: tuple[str, ...],
) -> None:
    inputs = [source, target, *chain.from_iterable(bitexts)]
    if inputs.count("-") > 1:
        raise click.UsageError("Standard input can be read only once: name a file.")
    if aligner != ALIGNERS[0] and (model is not None or save_model is not None):
        raise click.UsageError(f"Models can be saved and loaded with --aligner {ALIGNERS[0]} only.")
    if model is None and fit_on:
        raise click.UsageError("--fit learns on from a model: name it with --model.")
    if model is not None and bitexts and not fit_on:
        raise click.UsageError("--model alone learns nothing: add --fit to learn from --bitext.")
    if model is not None and settings:
        raise click.UsageError("A saved model keeps its settings: leave out --set.")


def _check_folder(path: str | None) -> None:
    """Say before hours of work, not after, that the result has nowhere to go."""
    if path is None or path == "-":
        return
    folder = Path(path).parent
    if not folder.is_dir():
        raise OutputError("the folder does not exist", where=path, hint="Make it first.")
    if Path(path).is_dir():
        raise OutputError("this is a folder, not a file", where=path, hint="Name a file inside it.")
    if not os.access(folder, os.W_OK):
        raise OutputError("the file may not be written here", where=path, hint="Choose another folder.")


def _aligner(
    name: str, model: str | None, threads: int | None, min_prob: float | None, settings: tuple[str, ...]
) -> Aligner:
    if model is not None:
        loaded = load_aligner(model, threads=threads)
        if min_prob is not None:
            loaded.options = replace(loaded.options, min_prob=min_prob)
        return loaded
    options: dict[str, object] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals:
            raise OptionError(f"{setting!r} sets nothing", hint="Write --set key=value.")
        options[key.strip()] = value.strip()
    if min_prob is not None:
        options["min_prob"] = min_prob
    return make_aligner(name, threads=threads, **options)


class _Tally:
    """Counts what flows through, for the summary."""

    def __init__(self, no_prob: bool) -> None:
        self.no_prob = no_prob
        self.pairs = self.links = self.without_links = 0
        self.mass = 0.0

    def through(self, alignments: Iterable[Alignment]) -> Iterator[Alignment]:
        for alignment in alignments:
            self.pairs += 1
            self.links += len(alignment)
            self.without_links += not len(alignment)
            self.mass += float(alignment.prob.sum())
            yield replace(alignment, prob=alignment.prob * 0 + 1) if self.no_prob else alignment
