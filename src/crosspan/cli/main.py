"""The command ``crosspan``: finds the verb, and turns every error into one paragraph and an exit code.

Each verb lives in a module of its own, which is imported only when it is used, so that ``--help`` answers at once.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any

import click

from crosspan import __version__
from crosspan.cli.messages import say, say_lines
from crosspan.core.errors import CrosspanError, OutputError
from crosspan.core.failures import GO_ON, in_words
from crosspan.core.nearest import did_you_mean
from crosspan.core.outages import is_outage
from crosspan.core.secrets import hidden

VERBS: dict[str, tuple[str, str]] = {
    "project": ("crosspan.cli.project", "Label translations with the entities of their sources."),
    "align": ("crosspan.cli.align", "Link the words of sentences and their translations."),
    "tune-aligner": ("crosspan.cli.tune", "Tune an encoder for word alignment on translated text."),
    "tag": ("crosspan.cli.tag", "Label sentences with a tagger."),
    "translate": ("crosspan.cli.translate", "Translate text, line by line."),
    "pretrain": ("crosspan.cli.pretrain", "Train an encoder on raw text of a language."),
    "trim": ("crosspan.cli.trim", "Cut an encoder down to pieces of a text, or to layers."),
    "train": ("crosspan.cli.train", "Train a tagger on labelled or projected sentences."),
    "predict": ("crosspan.cli.tag", "Another name for tag."),
    "export": ("crosspan.cli.export", "Write a tagger as ONNX, to run without PyTorch."),
    "run": ("crosspan.cli.run", "Run a recipe: from translated text to labels or a tagger."),
    "new": ("crosspan.cli.new", "Write a recipe, or another file, to start from."),
    "evaluate": ("crosspan.cli.evaluate", "Score labels, or word links, against gold."),
    "bench": ("crosspan.cli.bench", "Run a benchmark suite, shown beside published figures."),
    "study": ("crosspan.cli.study", "Run a grid of encoders, modes and seeds, with a page."),
    "report": ("crosspan.cli.report", "Write a page to look at: sentences, spans, charts."),
    "review serve": ("crosspan.cli.review_serve", "Serve a page to correct labels in, on this machine."),
    "review export": ("crosspan.cli.review_export", "Write labels as what a tool for annotators imports."),
    "review import": ("crosspan.cli.review_import", "Read what annotators did as decisions."),
    "review agree": ("crosspan.cli.review_agree", "Say how far two people agree."),
    "review apply": ("crosspan.cli.review_apply", "Make gold of decisions, and say how good the rest is."),
    "convert": ("crosspan.cli.convert", "Convert between CoNLL, JSONL, Parquet, DocBin and text."),
    "export-dataset": ("crosspan.cli.export_dataset", "Write labels as a data set of HuggingFace."),
    "check": ("crosspan.cli.check", "Look for trouble in data before working with it."),
    "backends": ("crosspan.cli.backends", "List taggers, aligners and so on, and what each needs."),
    "advise": ("crosspan.cli.advise", "Say which kind of transfer to try first for a language."),
    "demo": ("crosspan.cli.demo", "Project a small corpus into three languages and score it."),
    "docs": ("crosspan.cli.docs", "Show a page of the manual, here or in a browser."),
}
"""Verbs in the order of ``--help``: the module whose ``command`` it is, and a line of help.

What stands before a blank is a group of verbs.
"""

GROUPS = {"review": "Correct labels by hand, and see how good they are."}
"""Groups of verbs, with a line of help."""

MORE = {
    "project": "projection",
    "align": "aligner",
    "tune-aligner": "neural_aligners",
    "tag": "tagging",
    "predict": "tagging",
    "translate": "translate",
    "pretrain": "adapting_encoders",
    "trim": "adapting_encoders",
    "train": "tagging",
    "export": "neural_taggers",
    "run": "recipes",
    "new": "recipes",
    "evaluate": "evaluation",
    "bench": "suites",
    "study": "study",
    "report": "report",
    "review serve": "review_page",
    "review export": "review",
    "review import": "review",
    "review agree": "review",
    "review apply": "review",
    "convert": "formats",
    "export-dataset": "huggingface",
    "check": "errors",
    "backends": "add_backend",
    "advise": "transfer_choice",
    "demo": "tutorial",
    "docs": "index",
}
"""The page of the manual that tells more of a verb."""

EXIT_FAULT = 1
_DEBUG = "--debug"
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class LazyGroup(click.Group):
    """A group that imports a verb's module only when the verb is used.

    Args:
        within: The words before its verbs, with a blank behind them.
        more: As of :class:`click.Group`.
    """

    def __init__(self, *, within: str = "", **more: Any) -> None:
        super().__init__(**more)
        self.within = within

    def lines(self) -> dict[str, str]:
        """Its verbs and groups in their order, each with its line of help."""
        found: dict[str, str] = {}
        for verb, (_, text) in VERBS.items():
            if verb.startswith(self.within):
                name, _, inner = verb.removeprefix(self.within).partition(" ")
                found[name] = GROUPS[self.within + name] if inner else text
        return found

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in their order."""
        return list(self.lines())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of a verb, with ``--debug`` added to its options."""
        verb = self.within + cmd_name
        if verb in GROUPS:
            return LazyGroup(within=verb + " ", name=verb, help=GROUPS[verb], params=[_debug_option()])
        if verb not in VERBS:
            return None
        command: click.Command = import_module(VERBS[verb][0]).command
        if all(parameter.name != "debug" for parameter in command.params):
            command.params.append(_debug_option())
            command.epilog = f"'crosspan docs {MORE[verb]}' tells more."
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.lines().items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb; for an unknown one name the nearest."""
        verb, known = args[0], self.list_commands(ctx)
        if verb not in known and not verb.startswith("-"):
            name = repr(self.within + verb)
            raise click.UsageError(f"There is no command {name}. {did_you_mean(verb, known)}", ctx)
        return super().resolve_command(ctx, args)


def _debug_option() -> click.Option:
    # Its presence on the command line is what counts, see main().
    return click.Option([_DEBUG], is_flag=True, expose_value=False, help="Show the traceback of an error.")


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'crosspan VERB --help' tells more. Exit codes: 0 done, 1 something is at fault, 2 wrong use, "
    "3 done with some sentences left out.",
    params=[_debug_option()],
)
@click.version_option(__version__, "-V", "--version", prog_name="crosspan", message="%(prog)s %(version)s")
def cli() -> None:
    """Carry named-entity labels across languages: offline, on a CPU, without a pre-trained model."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The words after ``crosspan``; those of the process by default.

    Returns:
        The exit code: 0 done, 1 something is at fault, 2 wrong use, 3 done with some sentences left out.

    Example:
        >>> main(["--version"])
        crosspan 0.1.0
        0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = _DEBUG in words
    with _Interruption() as interruption, _warnings_in_words():
        try:
            done = cli.main(words, prog_name="crosspan", standalone_mode=False)
            sys.stdout.flush()
            return done if isinstance(done, int) else 0
        except SystemExit as leaving:
            return leaving.code if isinstance(leaving.code, int) else EXIT_FAULT
        except BrokenPipeError:
            return _reader_gone()
        except BaseException as error:
            if debug:
                say_lines(hidden(traceback.format_exc()).rstrip("\n"))
                return _exit_code(error)
            return _report(KeyboardInterrupt() if interruption.came else error)


@contextmanager
def _warnings_in_words() -> Iterator[None]:
    """Show warnings of ours as messages, each once, without the line of code that gave them."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if category.__module__.startswith("crosspan."):
            say(hidden(f"crosspan: warning: {message}"))
        else:
            before(message, category, *place, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


class _Interruption:
    """Lets Ctrl-C, a polite kill and a terminal that closes end the run by an exception, which removes temporary files.

    Compiled code turns the exception into another one, so it is noted that the signal came.
    """

    def __init__(self) -> None:
        self.came = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Interruption:
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the last is unknown to Windows
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
                    self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if self.came:
            # Started by ``python -m``, Python ends as if by the signal and without our exit code where it came while
            # some text was run as code, as Numba does; until another text has been run.
            eval("None")

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt


def _reader_gone() -> int:
    """End quietly where the reader of our output has left, as ``head`` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
    return EXIT_FAULT


def _exit_code(error: BaseException) -> int:
    if isinstance(error, CrosspanError | click.ClickException):
        return error.exit_code
    return EXIT_FAULT


def _report(error: BaseException) -> int:
    """Say in one paragraph what went wrong; return the exit code."""
    if isinstance(error, click.ClickException):
        shown = io.StringIO()
        error.show(shown)
        say_lines(hidden(shown.getvalue().rstrip("\n")))
    else:
        say(hidden(f"crosspan: {_in_a_paragraph(error)}"))
    return _exit_code(error)


def _in_a_paragraph(error: BaseException) -> str:
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "interrupted; no output file was left half-written."
    if isinstance(error, CrosspanError):
        return str(error)
    if isinstance(error, OSError):
        return str(_of_system(error))
    if isinstance(error, MemoryError):
        return "there is not enough memory. Free some, or split very long sentences."
    if is_outage(error) and not isinstance(error, ImportError):  # which is more likely a fault of ours
        return f"the work cannot go on ({in_words(error)}). {GO_ON}"
    return (
        f"an error that should not happen: {in_words(error)}. "
        f"Please report it, with what the same command prints when you add {_DEBUG}."
    )


def _of_system(error: OSError) -> OutputError:
    """An error of the operating system in our words."""
    hint = "Check the path and its permissions."
    if error.errno in _DISK_ERRORS:
        hint = "Free space, or let TMPDIR name a larger disk."
    elif isinstance(error, ConnectionError | TimeoutError):
        hint = "Check the server and the way to it, and run it again."
    return OutputError(
        hidden(error.strerror or str(error) or type(error).__name__).lower(),
        where=str(error.filename) if error.filename else None,
        hint=hint,
    )


if __name__ == "__main__":
    sys.exit(main())
