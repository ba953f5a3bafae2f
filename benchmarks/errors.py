"""What kinds of mistakes are left on each projection set, and how many of them no projection could avoid.

    python -m benchmarks.errors [--json] [--page]

Weights are those trained without the corpus. "Out of reach" are gold spans for which the source has no span of that
label left, and source spans for which gold has none: there the annotators of the two sides saw different entities, or
the translation does not hold them. The ceiling is F1 if all others were right.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING

from benchmarks import ours, page
from benchmarks.findings import markdown
from benchmarks.projection_sets import NAMES, family, load
from crosspan.evaluate import count_errors, score_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crosspan.core.types import Pair
    from crosspan.evaluate.span_errors import ErrorKind

KINDS: tuple[ErrorKind, ...] = ("exact", "boundary", "label", "both", "missed", "spurious")


def out_of_reach(pairs: Sequence[Pair]) -> tuple[int, int, float]:
    """Gold spans without a source span, source spans without a gold one, and the F1 that this leaves possible.

    Example:
        >>> from crosspan.core.types import Pair, Sentence, Span
        >>> source = Sentence(("Ada", "in", "Accra"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
        >>> out_of_reach([Pair(source, Sentence(("Ada",), (Span(0, 1, "PER"),)))])
        (0, 1, 0.6666666666666666)
    """
    both = wanted = given = 0
    for pair in pairs:
        source = Counter(span.label for span in pair.source.spans)
        target = Counter(span.label for span in pair.target.spans)
        both += (source & target).total()
        given += source.total()
        wanted += target.total()
    return wanted - both, given - both, 2 * both / (given + wanted)


def measure(name: str) -> dict[str, float]:
    pairs, extra = load(name)
    done = ours.project(pairs, ours.align(pairs, extra), ours.weights_without(family(name)))
    gold, found = [pair.target for pair in pairs], [projection.sentence for projection in done]
    errors = count_errors(gold, found).total
    lacking, surplus, ceiling = out_of_reach(pairs)
    return {
        **{kind: errors[kind] for kind in KINDS},
        "no source span": lacking,
        "no gold span": surplus,
        "F1": score_spans(gold, found).micro.f1,
        "ceiling": ceiling,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args(arguments)
    found = {name: measure(name) for name in NAMES}
    if options.json:
        print(json.dumps(found, indent=1))
        return
    rows = [
        [name, *(f"{value:.3f}" if isinstance(value, float) else str(value) for value in one.values())]
        for name, one in found.items()
    ]
    text = markdown(["set", *next(iter(found.values()))], rows)
    print(text)
    if options.page:
        page.write("errors", text)


if __name__ == "__main__":
    main()
