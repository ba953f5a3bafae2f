"""Fit the rule that says which kind of transfer to try first, and see how often it is right.

    python -m benchmarks.transfer_choice [--write]

Needs nothing but the package and ``crosspan[neural]`` (for the names of languages): figures and lists come with it.
``--write`` puts the fitted rule and its evidence into ``src/crosspan/lab/advise/choice.json``, which the package ships.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import fisher_exact

import crosspan.lab.bench
from benchmarks.findings import markdown
from crosspan.lab.advise.choice import (
    Case,
    RuleChoice,
    Share,
    across,
    cases_of,
    held_out,
    measure,
    share_ahead,
    systems,
)
from crosspan.lab.bench.kinds import KINDS

SHIPPED = Path(crosspan.lab.bench.__file__).with_name("choice.json")
CLOSE = 0.02
"""Figures that are nearer than this may be in the other order with another seed."""


def interval(share: Share) -> str:
    return f"{share} ({100 * share.right / share.of:.0f} %, {100 * share.low:.0f} to {100 * share.high:.0f})"


def cases_table(cases: Sequence[Case]) -> str:
    """Every case, and what the rule fitted on the other languages says of it."""
    rows = [
        [
            *(one.code, one.data, "yes" if one.seen else "no", f"{100 * one.model:.1f}", f"{100 * one.projected:.1f}"),
            *(one.ahead.partition(" ")[0], said.partition(" ")[0], "" if said == one.ahead else "wrong"),
        ]
        for one, said in held_out(cases)
    ]
    return markdown(["language", "data set", "seen", "model", "data", "ahead", "rule", ""], rows)


def accuracy_table(choice: RuleChoice) -> str:
    """How often the rule is right, beside rules that say the same of all."""
    cases = cases_of()
    rows = [
        ["each language, fitted on the others", interval(choice.held_out)]
        + [str(choice.always[kind]) for kind in KINDS]
    ]
    for data in dict.fromkeys(one.data for one in cases):
        rule, share = across(cases, data)
        inside = {one.language for one in cases if one.data == data}
        rest = [one for one in cases if one.data != data and one.language not in inside]
        constants = [str(share_ahead(rest, kind)) for kind in KINDS]
        rows.append([f"fitted on {data} ({rule.key}), tested on other languages", interval(share), *constants])
    for encoder, system in systems():
        for data in dict.fromkeys(one.data for one in cases_of(encoder, system)):
            these = [one for one in cases_of(encoder, system) if one.data == data]
            right = Share.count(these, lambda one: choice.rule.first(one.seen) == one.ahead)
            constants = [str(share_ahead(these, kind)) for kind in KINDS]
            close = sum(abs(one.model - one.projected) < CLOSE for one in these)
            rows.append([f"{data}: {encoder}, {system} ({close} within 2 points)", interval(right), *constants])
    return markdown(["test", "the rule is right (95 % interval)", "always model", "always data"], rows)


def within(cases: Sequence[Case]) -> str:
    """Whether having been seen goes with model transfer being ahead inside one data set: it may be the data set."""
    lines = []
    for data in dict.fromkeys(one.data for one in cases):
        counts = [
            [sum(one.data == data and one.seen == seen and one.ahead == kind for one in cases) for kind in KINDS]
            for seen in (True, False)
        ]
        lines.append(
            f"{data} alone: seen {counts[0]}, unseen {counts[1]}, p = {fisher_exact(counts).pvalue:.2g} (Fisher)"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the rule that the package ships")
    options = parser.parse_args(arguments)
    choice, cases = measure(), cases_of()
    print(cases_table(cases), accuracy_table(choice), within(cases), sep="\n\n")
    print("\nmean F1 of what is tried first:", ", ".join(f"{name} {100 * f1:.1f}" for name, f1 in choice.f1.items()))
    if options.write:
        SHIPPED.write_text(json.dumps(choice.to_dict(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
