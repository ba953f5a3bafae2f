"""xSID: slots of requests to an assistant, translated from English by hand (van der Goot et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosspan.core.errors import PairError
from crosspan.core.types import Sentence
from crosspan.suites.layouts import BothSides, NamedFile
from crosspan.suites.suite import About


def by_number(
    source: Sequence[Sentence], gold: Sequence[Sentence], source_path: Path, gold_path: Path
) -> list[Sentence]:
    """The English sentence whose number each sentence has as its id; some languages have a part of them only.

    Raises:
        PairError: An id is no number of an English sentence.
    """
    if all(one.id is None for one in gold) and len(gold) == len(source):
        return list(source)
    found = []
    for number, one in enumerate(gold, 1):
        place = int(one.id) if one.id and one.id.isdecimal() else 0
        if not 0 < place <= len(source):
            raise PairError(
                f"sentence {number} has the id {one.id!r}, which is no number of an English sentence",
                where=str(gold_path),
                hint=f"The English file has {len(source)} sentences: download both in the same version.",
            )
        found.append(source[place - 1])
    return found


SUITE = BothSides(
    about=About(
        name="xsid",
        title="xSID: gold English slots projected onto their translations",
        languages=(
            *("ar", "da", "de", "de-ba", "de-muc", "de-st", "gsw", "id", "it", "ja", "kk", "lt", "nap", "nl", "no"),
            *("sr", "tr", "zh"),
        ),
        pipelines=("projection",),
        download="https://github.com/mainlp/xsid",
        family="xsid",
    ),
    file=NamedFile(name="{}.test.conll", hint="xsid"),
    learn=NamedFile(name="{}.valid.conll", hint="xsid"),
    partners=by_number,
)
