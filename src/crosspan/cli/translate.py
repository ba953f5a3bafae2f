"""``crosspan translate``: a text in, its translation out, line by line."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import in_lines, say, say_json, say_lines
from crosspan.cli.places import InFile, InModel, OutFile, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.settings import parse_settings
from crosspan.core.files import open_output

if TYPE_CHECKING:
    from crosspan.translate.corpus import TranslationSummary, Unsound

EXIT_UNSOUND = 3
SHOWN = 20


@verb("translate", no_args_is_help=True)
@click.argument("source", metavar="INPUT", type=InFile())
@click.option("--from", "from_language", required=True, metavar="LANGUAGE", help="Language of INPUT: English, en, eng.")
@click.option("--to", "to_language", required=True, metavar="LANGUAGE", help="Language to translate to.")
@click.option("--use", required=True, type=FamilyChoice("crosspan.translators"), help="The translator.")
@click.option(
    "--model",
    default="",
    metavar="NAME",
    type=InModel(),
    help="A model's name, or its folder; a mode of Apertium; a file.",
)
@options.out("FILE", "Where the translation goes; - stdout.")
@options.settings("A setting, e.g. beams=5, or guard.split=always for how texts are cut and checked")
@click.option(
    "--rejects",
    metavar="FILE",
    type=OutFile(),
    help="Where lines go whose translation is not to be trusted, as JSON lines.",
)
@options.working
def command(source: str, out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Translate INPUT, a text with one sentence or paragraph a line.

    FILE has a line for each line of INPUT. Long lines go through sentence by sentence. A translation that is empty,
    goes round in circles or is far too long is tried again; where that does not help its line stays empty and is
    named, and the exit code is 3. FILE appears once it is complete; where the work is ended early, FILE.part has what
    is finished, and the same command goes on from there.
    """
    from crosspan.core.options import with_settings
    from crosspan.pipeline.steps.translating import Between
    from crosspan.pipeline.translating_files import translate_text
    from crosspan.pipeline.use import Use
    from crosspan.translate import TRANSLATORS
    from crosspan.translate.guard import GuardOptions

    chosen = parse_settings(given["settings"])
    guard = {name.removeprefix("guard."): value for name, value in chosen.items() if name.startswith("guard.")}
    checks = with_settings(GuardOptions(), guard)
    own = {name: value for name, value in chosen.items() if not name.startswith("guard.")}
    use = Use(TRANSLATORS, given["use"], given["model"], own)
    between = Between(use, given["from_language"], given["to_language"], checks)
    with ExitStack() as stack:
        notes = _Notes(given["rejects"], stack)
        progress = stack.enter_context(progress_bars(quiet=quiet))
        summary = translate_text(
            source,
            out,
            between,
            threads=given["threads"],
            on_unsound=notes.add,
            on_kept=_say_what_is_kept,
            progress=progress,
        )
    notes.show()
    _finish(out, summary, {"use": given["use"], "model": given["model"]}, as_json=as_json, quiet=quiet)


class _Notes:
    """Lines whose translations are not to be trusted: all into a file, the first few to be shown."""

    def __init__(self, path: str | None, stack: ExitStack) -> None:
        self.stream = stack.enter_context(open_output(path)) if path else None
        self.first: list[Unsound] = []
        self.count = 0

    def add(self, unsound: Unsound) -> None:
        """Take note of one."""
        self.count += 1
        if self.stream is not None:
            self.stream.write(unsound.to_json() + "\n")
            self.stream.flush()
        elif len(self.first) < SHOWN:
            self.first.append(unsound)

    def show(self) -> None:
        """Name them on standard error, where there is no file of them."""
        for unsound in self.first:
            say(f"{unsound.where}: left empty: {unsound.problem}")
        if self.stream is None and self.count > len(self.first):
            say(f"... and {self.count - len(self.first)} more; --rejects FILE names them all.")


def _say_what_is_kept(part: str, lines: int) -> None:
    say(f"crosspan: ended early; the first {lines} lines are in {part}, and the same command goes on behind them")


def _finish(out: str, summary: TranslationSummary, head: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Show the summary; exit with code 3 where some translations are not to be trusted."""
    if as_json:
        say_json({**head, **summary.to_dict()}, err=out == "-")
    elif not quiet:
        say_lines(summary_text(out, summary))
    if summary.problems:
        sys.exit(EXIT_UNSOUND)


def summary_text(out: str, summary: TranslationSummary) -> str:
    """The summary for people.

    Example:
        >>> from collections import Counter
        >>> from crosspan.translate.corpus import TranslationSummary
        >>> print(summary_text("a.txt", TranslationSummary(9, 1, Counter(looping=2), seconds=0.5)))
        a.txt: 9 lines (1 empty), 0.5 s
        left empty: 2 lines (looping 2); their translations are not to be trusted
    """
    name = "<stdout>" if out == "-" else out
    empty = f" ({summary.empty} empty)" if summary.empty else ""
    lines = [f"{name}: {summary.lines} lines{empty}, {summary.seconds:.1f} s"]
    if summary.kept:
        lines.append(f"from an earlier try: {summary.kept} lines")
    if summary.repaired:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(summary.repaired.items()))
        lines.append(f"right at another try: {summary.repaired.total()} translations ({kinds})")
    if summary.problems:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(summary.problems.items()))
        lines.append(
            f"left empty: {summary.problems.total()} lines ({kinds}); their translations are not to be trusted"
        )
    return in_lines(lines)
