"""``crosspan review agree``: how far two people agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options, reviewing
from crosspan.cli.messages import in_lines, say, say_json, say_lines
from crosspan.cli.places import InFile, InRun, OutFile, verb

if TYPE_CHECKING:
    from crosspan.review.agreement import PersonAgreement

_SHOWN = 5
"""Sentences that are shown of those in which they disagree."""


@verb("agree", no_args_is_help=True)
@click.argument("a", type=InFile())
@click.argument("b", type=InFile())
@click.option("--base", metavar="FILE | RUN", type=InRun(), required=True, help="What was looked at.")
@options.out(
    "FILE", "Where the sentences of which they say different things go, as JSON lines.", kind=OutFile, required=False
)
@options.bootstrap(1000)
@options.seed("the resampling")
@reviewing.base("the base")
@options.ending
def command(a: str, b: str, base: str, out: str | None, as_json: bool, quiet: bool, **given: Any) -> None:
    """Say how far A and B agree, the decisions of two people on the sentences of --base.

    F1 is of whole spans with their labels, with a 95 % interval; it is the same whoever counts as right. Cohen's kappa
    is by token. Only sentences count that both decided.
    """
    from crosspan.core.files import open_output
    from crosspan.io.jsonl import put_records
    from crosspan.review.agreement import agreement
    from crosspan.review.decision_file import read_decisions
    from crosspan.review.tasks import read_tasks

    sides = [read_decisions(path).last for path in (a, b)]
    if Path(a).samefile(b) or (sides[0] and sides[0] == sides[1]):
        say(f"{a} and {b} hold the same decisions: this is no agreement of two people.")
    with reviewing.files_of(base, given) as files:
        found = agreement(read_tasks(files), *sides, bootstrap=given["bootstrap"], seed=given["seed"])
    if out is not None:
        with open_output(out) as stream:
            put_records(stream, [one.to_dict() for one in found.disagreements])
    if as_json:
        say_json(found.to_dict(), err=out == "-")
    elif not quiet:
        _show(found, a, b, err=out == "-")


def _show(found: PersonAgreement, a: str, b: str, err: bool) -> None:
    from crosspan.cli.tables import show
    from crosspan.core.tables import Table

    equal = found.n_sentences - len(found.disagreements)
    micro, interval = found.score.micro, found.score.intervals.get("micro")
    width = "" if interval is None else f" [{interval.low:.3f}, {interval.high:.3f}]"
    kappa = "none, as both gave one class to all" if found.kappa.value is None else f"{found.kappa.value:.3f}"
    alike = f"{micro.f1:.3f}{width}" if micro.n_gold + micro.n_pred else "none, as neither has a span"
    lines = [
        f"sentences that both decided: {found.n_sentences:,}, {equal:,} of them alike",
        f"spans alike (F1): {alike}",
        f"Cohen's kappa by token: {kappa} ({found.kappa.n:,} tokens, {found.kappa.observed:.1%} alike)",
    ]
    alone = [(found.one_alone, f"only in {a}"), (found.other_alone, f"only in {b}")]
    more = [(found.undecided, "rejected or skipped by one"), (found.changed, "of another text")]
    lines += [
        f"left out: {count:,} {what}" for count, what in [*alone, *more, (found.unknown, "not in the base")] if count
    ]
    say_lines(in_lines(lines), err=err)
    rows = [
        (label, f"{one.f1:.3f}", str(one.n_gold), str(one.n_pred), str(one.tp))
        for label, one in found.score.by_label.items()
    ]
    table = Table(("label", "F1", "A", "B", "alike"), rows)
    if err:
        say_lines(table.text())
    else:
        show([table])
    named = [f"  {one.id}: {_spans(one.text, one.one)} | {_spans(one.text, one.other)}" for one in found.disagreements]
    if named:
        say_lines(in_lines(["they differ in, for instance:", *named[:_SHOWN]]), err=err)


def _spans(text: str, spans: Any) -> str:
    return ", ".join(f"{span.label} {text[span.start : span.end]!r}" for span in spans) or "nothing"
