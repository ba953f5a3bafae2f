"""The page about a projection: its body, style, script and data in one HTML file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from crosspan import __version__
from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.files import PathLike, open_output
from crosspan.evaluate.span_errors import KINDS as FINDING_KINDS
from crosspan.report.colours import hues
from crosspan.report.document import document, escaped, script_of, style_of
from crosspan.report.items import Item
from crosspan.report.records import Names, record_of_item, safe_json
from crosspan.report.sample import KINDS, Sample
from crosspan.report.totals import Totals

SHARED_SCRIPTS = ("elements", "spans", "describe", "matrix")
"""Parts of the script that other pages with sentences side by side have as well."""
_SCRIPTS = ("start", *SHARED_SCRIPTS, "details", "charts", "figures", "filters", "list")
"""Parts of the script in the order in which they are put together."""

_BODY_PLACES = re.compile(r"\{\{(?:title|data)\}\}")
"""Where the title and the sentences go; each has one place in ``body.html``."""


@dataclass(frozen=True, slots=True)
class WrittenPage:
    """What a page holds.

    Args:
        sentences: Sentences that were counted, without those left out.
        rejected: Sentences that were left out.
        shown: Sentences that the page shows.
        too_long: Sentences not shown, as the page would have become too large.
    """

    sentences: int
    rejected: int
    shown: int
    too_long: int


def write_report(
    path: PathLike,
    items: Iterable[Item],
    *,
    title: str = "Projection",
    facts: Mapping[str, str] | None = None,
    sample: int = 2_000,
    seed: int = 0,
) -> WrittenPage:
    """Write a page about a projection, or about labelled text: totals over all sentences, and some to look at.

    The page is one file that opens from disk and loads nothing. The sentences are read once, in bounded memory.

    Args:
        path: The page to write, all or nothing; ``-`` is standard output.
        items: The sentences, such as :func:`crosspan.report.items.items_of` makes.
        title: What stands at the top.
        facts: What else is known, such as files and settings; shown as they are.
        sample: How many sentences to show: a quarter each that disagree with gold, that have a dropped span, and that
            have the lowest confidence, where there are as many, and the rest by chance.
        seed: Another seed makes another choice among equally wanted sentences.

    Returns:
        What the page holds.

    Raises:
        OptionError: ``sample`` is below 1.
        EmptyInputError: There is no sentence.
        OutputError: The page cannot be written.

    Example:
        >>> import pathlib, tempfile
        >>> from crosspan.core.types import Projection, Sentence
        >>> item = Item(0, Sentence(("Accra",)), Projection(Sentence(("Accra",))))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_report(pathlib.Path(folder) / "page.html", [item]).shown
        1
    """
    if sample < 1:
        raise OptionError(f"a sample of {sample} sentences shows nothing", hint="Ask for at least one.")
    totals, choice, labels, reasons = Totals(), Sample(sample, seed), Names(), Names()
    runners_up, alone = False, True
    for item in items:
        totals.add(item)
        choice.add(item, lambda one: safe_json(record_of_item(one, labels, reasons, by_itself=one.alone)))
        alone = alone and item.alone
        runners_up = runners_up or bool(item.runners_up)
    if not totals.sentences + totals.rejected:
        raise EmptyInputError("there is no sentence to report on", hint="Check that it is the right file.")
    chosen = choice.chosen()
    known = hues([*totals.labels(), *labels.listed()])
    meta: dict[str, Any] = {
        "version": __version__,
        "facts": list((facts or {}).items()),
        "labels": [[label, known[label]] for label in labels.listed()],
        "hues": known,
        "reasons": reasons.listed(),
        "kinds": FINDING_KINDS,
        "runnersUp": runners_up,
        "alone": alone,
        "totals": totals.to_dict(),
        "sample": {"size": len(chosen.records), "seed": seed, "kinds": [chosen.kinds[kind] for kind in KINDS]},
        "tooLong": chosen.too_long,
    }
    with open_output(path) as stream:
        stream.write(page(title, meta, chosen.records))
    return WrittenPage(totals.sentences, totals.rejected, len(chosen.records), chosen.too_long)


def page(title: str, meta: Mapping[str, Any], records: Iterable[str]) -> str:
    """Put a page together.

    Args:
        title: What stands at the top.
        meta: What the script needs besides the sentences.
        records: The sentences, as JSON that is safe inside HTML.
    """
    folder = files("crosspan.report")
    style = style_of(folder / "look.css", folder / "page.css")
    script = script_of(*(folder / "script" / f"{name}.js" for name in _SCRIPTS))
    data = f'{{"meta":{safe_json(meta)},"sentences":[\n' + ",\n".join(records) + "\n]}"
    before, middle, after = _BODY_PLACES.split((folder / "body.html").read_text(encoding="utf-8").rstrip("\n"))
    body = "".join((before, escaped(title), middle, data, after))
    return document(title, body, style=style, script=script, schemes="light dark")


def embedded(text: str) -> dict[str, Any]:
    """The data of a page, from its text.

    Example:
        >>> embedded(page("a", {"n": 1}, ['{"i":1}']))
        {'meta': {'n': 1}, 'sentences': [{'i': 1}]}
    """
    start = text.index('<script type="application/json" id="data">') + len('<script type="application/json" id="data">')
    found: dict[str, Any] = json.loads(text[start : text.index("</script>", start)])
    return found
