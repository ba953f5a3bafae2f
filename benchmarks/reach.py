"""One command for the table of what crosspan must reach, measured now on this machine.

    python -m benchmarks.reach [--only ROW]... [--skip-rivals] [--json] [--page]

``CROSSPAN_DATA`` names the data folder (by default ``../shared/data`` beside the checkout). fast_align comes from the
package ``systran-align``; eflomal is called as a program: ``CROSSPAN_EFLOMAL`` names its ``eflomal-align``, or it
stands on the PATH. Without it, or with ``--skip-rivals``, aims that need it are left open.

The column "crosspan" holds figures of weights that were trained without the corpus measured; "shipped weights" those
of the weights in the package, whose training saw it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING

from benchmarks import page, rows_alignment, rows_projection, rows_speed
from benchmarks.findings import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.findings import Finding

ROWS: dict[str, Callable[..., Iterator[Finding]]] = {
    "europarl": rows_projection.europarl,
    "pud": rows_projection.pud,
    "xsid": rows_projection.xsid,
    "bam": rows_projection.bam,
    "aer": rows_alignment.aer,
    "time": rows_speed.align_time,
    "speed": rows_speed.speed,
    "startup": rows_speed.startup,
    "scale": rows_speed.growth,
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(ROWS), action="append", metavar="ROW", help=f"{', '.join(ROWS)}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/benchmarks.md")
    parser.add_argument("--skip-rivals", action="store_true", help="measure crosspan alone, in a fraction of the time")
    options = parser.parse_args(arguments)
    found: list[Finding] = []
    for name in options.only or ROWS:
        start = time.perf_counter()
        for finding in ROWS[name](with_rivals=not options.skip_rivals):
            found.append(finding)
            sys.stderr.write(f"{finding.what}: {finding.ours:.4f}\n")
        if options.page:
            page.write(f"reach-{name}", table([finding for finding in found if finding.row == name]))
        sys.stderr.write(f"({name}: {time.perf_counter() - start:.0f} s)\n")
    if options.json:
        print(json.dumps([finding.to_dict() for finding in found], indent=1, ensure_ascii=False))
    else:
        print(table(found))
        decided = [finding for finding in found if finding.reached is not None]
        print(f"\n{sum(1 for finding in decided if finding.reached)} of {len(decided)} aims reached.")


if __name__ == "__main__":
    main()
