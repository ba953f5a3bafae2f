"""``crosspan align``: link the words of sentences with those of their translations."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import click

from crosspan.align import ALIGNERS, load_aligner, make_aligner
from crosspan.cli import options
from crosspan.cli.messages import say, say_json
from crosspan.cli.places import InFile, OutFile, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import EXIT_REJECTED, SHOWN_REJECTS
from crosspan.cli.sentences import sentence_file, token_pairs
from crosspan.cli.settings import parse_settings
from crosspan.core.failures import in_words
from crosspan.core.progress import advance_of
from crosspan.core.types import Alignment
from crosspan.io import write_links
from crosspan.io.pairs import rereadable

if TYPE_CHECKING:
    from crosspan.align import Aligner


@verb("align")
@click.argument("source", metavar="SOURCE", type=InFile())
@click.argument("target", metavar="TARGET", type=InFile())
@options.out("FILE", "Where the links go.  [default: standard output]", default="-")
@options.bitext
@options.aligner
@click.option("--model", metavar="FILE", type=InFile(), help="Use this saved model instead of learning.")
@click.option("--fit", "fit_on", is_flag=True, help="Learn on from --model, with the sentences at hand and --bitext.")
@click.option("--save-model", metavar="FILE", type=OutFile(), help="Keep what was learned, for --model.")
@click.option("--min-prob", type=click.FloatRange(0.0, 1.0), help="Leave out links below this probability.")
@options.settings("A setting of the aligner")
@click.option("--no-prob", is_flag=True, help="Write i-j instead of i-j:probability.")
@options.input_format(of="the files whose names do not tell it")
@options.encoding(of="all files")
@options.working
def command(
    source: str,
    target: str,
    out: str,
    bitext: tuple[tuple[str, str], ...],
    aligner: str,
    model: str | None,
    fit_on: bool,
    save_model: str | None,
    threads: int | None,
    min_prob: float | None,
    settings: tuple[str, ...],
    no_prob: bool,
    from_format: str,
    encoding: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Link words of SOURCE with words of TARGET, its translation sentence by sentence.

    Learns from these sentences and from every --bitext. Writes one line a sentence pair: i-j:probability for each
    link, words counted from 0. A dash stands for standard input or output. FILE appears only once it is complete. The
    line of a pair on which the aligner fails stays empty and is named, and the exit code is 3.
    """
    from crosspan.pipeline.recipes.tables import SHARD
    from crosspan.pipeline.steps.aligning import iter_linked

    _check_usage(source, target, bitext, aligner, model, fit_on, save_model, settings)
    began = time.perf_counter()
    chosen = _aligner(aligner, model, threads, min_prob, settings)
    fitting = model is None or fit_on
    tally = _Tally(no_prob)
    with progress_bars(quiet=quiet) as bars, ExitStack() as stack:
        files = [sentence_file(path, from_format, encoding) for path in (source, target)]
        if fitting:  # they are read twice then
            files = stack.enter_context(rereadable(*files))
            more = [[sentence_file(path, from_format, encoding) for path in two] for two in bitext]
            learned = chain.from_iterable(map(token_pairs, more))
            chosen.fit_tokens(chain(learned, token_pairs(files)), progress=advance_of(bars, "learning"))
        found = iter_linked(chosen, token_pairs(files), shard=SHARD, advance=advance_of(bars, "aligning"))
        write_links(out, tally.through(found))
    tally.show()
    if save_model is not None:
        chosen.save(save_model)  # type: ignore[attr-defined]  # checked above: only one kind of aligner comes here
    summary = {
        "pairs": tally.pairs,
        "links": tally.links,
        "without_links": tally.without_links,
        "failed": tally.failed,
        "mean_prob": round(tally.mass / tally.links, 4) if tally.links else None,
        "seconds": round(time.perf_counter() - began, 2),
    }
    if as_json:
        say_json(summary, err=out == "-")
    elif not quiet:
        mean = f", mean probability {summary['mean_prob']:.2f}" if tally.links else ""
        bare = f", {tally.without_links} pairs without links" if tally.without_links else ""
        say(
            f"{'<stdout>' if out == '-' else out}: {tally.pairs} sentence pairs, {tally.links} links{mean}{bare}, "
            f"{summary['seconds']} s"
        )
    if tally.failed:
        sys.exit(EXIT_REJECTED)


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
    if model is not None and aligner != ALIGNERS.default:
        encoder = " Name a pre-trained model with --set model=NAME." if ALIGNERS.component(aligner).model else ""
        raise click.UsageError(f"A saved model knows its aligner: leave out --aligner.{encoder}")
    if save_model is not None and not ALIGNERS.component(aligner).saves:
        able = [name for name in ALIGNERS.builtin if ALIGNERS.component(name).saves]
        raise click.UsageError(f"Models can be saved with --aligner {' or '.join(able)} only.")
    if model is None and fit_on:
        raise click.UsageError("--fit learns on from a model: name it with --model.")
    if model is not None and bitexts and not fit_on:
        raise click.UsageError("--model alone learns nothing: add --fit to learn from --bitext.")
    if model is not None and settings:
        raise click.UsageError("A saved model keeps its settings: leave out --set.")


def _aligner(
    name: str, model: str | None, threads: int | None, min_prob: float | None, settings: tuple[str, ...]
) -> Aligner:
    if model is not None:
        loaded = load_aligner(model, threads=threads)
        if min_prob is not None:
            loaded.options = replace(loaded.options, min_prob=min_prob)
        return loaded
    chosen: dict[str, object] = {**parse_settings(settings)}
    if min_prob is not None:
        chosen["min_prob"] = min_prob
    return make_aligner(name, threads=threads, **chosen)


class _Tally:
    """Counts what flows through, for the summary."""

    def __init__(self, no_prob: bool) -> None:
        self.no_prob = no_prob
        self.pairs = self.links = self.without_links = self.failed = 0
        self.mass = 0.0
        self.first: list[str] = []

    def through(self, found: Iterable[Alignment | Exception]) -> Iterator[Alignment]:
        for one in found:
            self.pairs += 1
            if isinstance(one, Exception):
                self.failed += 1
                if self.failed <= SHOWN_REJECTS:
                    self.first.append(f"pair {self.pairs}: no links: {in_words(one)}")
            alignment = Alignment.from_links([]) if isinstance(one, Exception) else one
            self.links += len(alignment)
            self.without_links += not len(alignment)
            self.mass += float(alignment.prob.sum())
            yield replace(alignment, prob=alignment.prob * 0 + 1) if self.no_prob else alignment

    def show(self) -> None:
        """Name the pairs on which the aligner failed."""
        for line in self.first:
            say(line)
        if self.failed > len(self.first):
            say(f"... and {self.failed - len(self.first)} more pairs.")
