"""UNER PUD: 1,000 sentences in parallel, annotated by different people in each language (Mayhew et al. 2024)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosspan.core.errors import PairError
from crosspan.core.types import Sentence
from crosspan.suites.layouts import BothSides, NamedFile
from crosspan.suites.suite import About

_NAMES = {"de": "German", "en": "English", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "zh": "Chinese"}


def by_id(source: Sequence[Sentence], gold: Sequence[Sentence], source_path: Path, gold_path: Path) -> list[Sentence]:
    """The English sentence of the same ``sent_id`` for each sentence.

    Raises:
        PairError: One side has a sentence that the other has not.
    """
    english = {one.id: one for one in source}
    unknown = [one.id for one in gold if one.id not in english]
    if unknown or len(gold) != len(english):
        what = f"sentence {unknown[0]} is not" if unknown else f"{len(english) - len(gold)} sentences more are"
        raise PairError(
            f"{what} in {source_path.name}",
            where=str(gold_path),
            hint="Both sides must have the same sent_ids: download them in the same version.",
        )
    return [english[one.id] for one in gold]


SUITE = BothSides(
    about=About(
        name="uner-pud",
        title="UNER PUD: gold English entities projected onto their translations",
        languages=("de", "pt", "ru", "sv", "zh"),
        pipelines=("projection", "tagger"),
        ignore=("OTH",),
        download="https://github.com/UniversalNER",
        family="pud",
        caveats=("Each language had its own annotators, so that even perfect projection stays below 100.",),
    ),
    file=NamedFile(
        name="{}_pud-ud-test.iob2",
        download={lang: f"https://github.com/UniversalNER/UNER_{name}-PUD" for lang, name in _NAMES.items()},
    ),
    partners=by_id,
)
