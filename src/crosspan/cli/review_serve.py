"""``crosspan review serve``: our own page to correct in."""

from __future__ import annotations

import getpass
import os
import shlex
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options, reviewing
from crosspan.cli.messages import say
from crosspan.cli.places import InRun, OutPlace, verb

if TYPE_CHECKING:
    from crosspan.review.desk.desk import Desk

_ORDERS = ("uncertain", "random", "mixed")
# as crosspan.review.desk.orders.ORDERS, which must not be loaded for --help


@verb("serve", no_args_is_help=True)
@click.argument("file", metavar="FILE | RUN", type=InRun())
@click.option(
    "--decisions",
    metavar="OUT",
    type=OutPlace(),
    required=True,
    help="Where decisions go, a line of JSON each; those that are there hold.",
)
@click.option("--who", metavar="NAME", help="Who decides.  [default: the name of the login]")
@click.option(
    "--order",
    type=click.Choice(_ORDERS),
    default="mixed",
    show_default=True,
    help="What comes up first: the least sure, what is drawn by chance, or one of each in turns.",
)
@options.seed("what is drawn by chance")
@click.option(
    "--unsure",
    type=click.FloatRange(0, 1),
    default=0.9,
    show_default=True,
    help="The key n leads to spans that are less sure.",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the server.  [default: one that is free]"
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="What the server listens on: this machine.",
)
@reviewing.with_source()
@options.links
@options.one_based
@reviewing.base()
@options.quiet
def command(file: str, decisions: str, who: str | None, host: str, port: int, quiet: bool, **given: Any) -> None:
    """Serve a page to correct the labels of FILE in, on this machine.

    FILE is what 'crosspan project' or 'crosspan tag' wrote, or any labelled file; RUN is the folder of 'crosspan run'.
    The page shows source and target side by side where the source is known (--source, --links), and is made for the
    keyboard: ? shows the keys.

    All sentences come up in the end. Only what is drawn by chance says how good the labels are as a whole; what is
    least sure is where corrections pay. Each decision is on the disk before the page goes on. Ctrl-C ends the server;
    the same command goes on where it ended.
    """
    from crosspan.review.desk.access import is_loopback
    from crosspan.review.desk.server import check_packages, opened_desk, serve

    if file == "-":
        raise click.UsageError("Name a file: 'crosspan review apply' needs it as well.")
    if given["one_based"] and not given["links"]:
        raise click.UsageError("--one-based is of word links: name them with --links.")
    check_packages()
    if not is_loopback(host):
        say(
            f"crosspan: warning: other machines can reach {host}. Who learns the address can read the sentences and "
            "decide; nothing is encrypted on the way."
        )
    how = {"who": _login() if who is None else who, "order": given["order"], "seed": given["seed"]}
    with reviewing.files_of(file, given) as files, opened_desk(files, decisions, **how) as desk:
        _before(desk, quiet)

        def ready(address: str) -> None:
            say(address, err=False)
            if not quiet:
                say(f"Open this address in a browser. Decisions go to {decisions}; Ctrl-C ends the server.")

        title = os.path.basename(os.path.normpath(file))
        serve(desk, title=title, host=host, port=port, unsure=given["unsure"], ready=ready)
        if not quiet:
            _after(desk, file, decisions)


def _login() -> str:
    """The name of the login; empty where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _before(desk: Desk, quiet: bool) -> None:
    """Say what of earlier decisions and of the sentences is not as one might think."""
    if desk.file.torn is not None:
        _warn(f"line {desk.file.torn} of {desk.file.path} was not written to its end; it is taken away.")
    if desk.stale:
        _warn(f"{_many(len(desk.stale), 'decision')} of texts that were changed since; decide again.")
    if desk.unknown:
        _warn(f"{_many(desk.unknown, 'decision')} of sentences that are not in the file.")
    if desk.faults:
        _warn(f"{_many(len(desk.faults), 'sentence')} without words or with a fault; they do not come up.")
    counts = desk.counts()
    if not quiet and counts["decided"] + counts["skipped"]:
        say(f"{_many(counts['all'], 'sentence')}, {counts['decided']} of them decided before.")


def _warn(text: str) -> None:
    say(f"crosspan: warning: {text}")


def _after(desk: Desk, file: str, decisions: str) -> None:
    """Say where the decisions are, and what is next."""
    counts = desk.counts()
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    chance = f"; {counts['random']} of them drawn by chance say how good the rest is" if counts["random"] else ""
    say(f"{decisions}: {_many(counts['decided'], 'sentence')} of {counts['all']:,} decided{skipped}{chance}.")
    if not counts["decided"]:
        return
    say("The same command goes on. To use what was decided:")
    say(f"  crosspan review apply {shlex.quote(file)} {shlex.quote(decisions)} --out corrected")


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"
