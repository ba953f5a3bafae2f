"""UNER PUD: 1,000 sentences in parallel, annotated by different people in each language (Mayhew et al. 2024)."""

from __future__ import annotations

from pathlib import Path

from crosspan.core.errors import PairError
from crosspan.core.types import Sentence
from crosspan.suites.folder import Folder
from crosspan.suites.reading import find_both_sides, read_gold, read_ntrex
from crosspan.suites.suite import About, Found, Material, MissingData, Need

_NAMES = {"de": "German", "en": "English", "pt": "Portuguese", "ru": "Russian", "sv": "Swedish", "zh": "Chinese"}
_REPOSITORY = "https://github.com/UniversalNER/UNER_{}-PUD"

ABOUT = About(
    name="uner-pud",
    title="UNER PUD: gold English entities projected onto their translations",
    languages=("de", "pt", "ru", "sv", "zh"),
    pipelines=("projection", "tagger"),
    ignore=("OTH",),
    download="https://github.com/UniversalNER",
    family="pud",
    caveats=("Each language had its own annotators, so that even perfect projection stays below 100.",),
)


class UnerPud:
    """Reads ``de_pud-ud-test.iob2`` and the like; sentences belong together by their ``sent_id``."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find both sides; see :class:`crosspan.suites.suite.Suite`."""
        return find_both_sides(_file, folder, lang, needs)

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read both sides, and put them into the order of the target; see :class:`crosspan.suites.suite.Suite`."""
        gold, lenient = read_gold(found["gold"][0], lang)
        source: list[Sentence] = []
        if "source" in needs:
            english = {one.id: one for one in read_gold(found["source"][0], "en")[1]}
            unknown = [one.id for one in gold if one.id not in english]
            if unknown or len(gold) != len(english):
                what = f"sentence {unknown[0]} is not" if unknown else f"{len(english) - len(gold)} sentences more are"
                raise PairError(
                    f"{what} in {found['source'][0].name}",
                    where=str(found["gold"][0]),
                    hint="Both sides must have the same sent_ids: download them in the same version.",
                )
            source = [english[one.id] for one in gold]
        bitext = read_ntrex(found.get("bitext", ()), lang)
        return Material(gold=gold, lenient=lenient, source=source, bitext=bitext, n_total=len(gold))


def _file(folder: Folder, lang: str) -> Path:
    path = folder.first(rf"(^|/){lang}_pud-ud-test[.]iob2$")
    if path is None:
        raise MissingData(f"no {lang}_pud-ud-test.iob2", hint=_REPOSITORY.format(_NAMES[lang]))
    return path


SUITE = UnerPud()
