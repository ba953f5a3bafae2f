"""HIPE-2022: named entities in historical newspapers and commentaries, as text recognition read them (Ehrmann 2022)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from crosspan.suites.folder import Folder
from crosspan.suites.labels import HIPE_LABELS, NO_COUNTERPART
from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.reading import no_translations
from crosspan.suites.suite import About, Found, Material, Need

_LANGUAGES = {
    "hipe2020": ("de", "en", "fr"),
    "letemps": ("fr",),
    "newseye": ("de", "fi", "fr", "sv"),
    "sonar": ("de",),
    "topres19th": ("en",),
    "ajmc": ("de", "en", "fr"),
}
_ENTRIES = {f"{dataset}-{lang}": (dataset, lang) for dataset, langs in _LANGUAGES.items() for lang in langs}
_UNANNOTATED = {"ajmc": ("ORG",), "topres19th": ("ORG", "PER")}
"""What a data set does not annotate: a tagger that finds it is not wrong there."""


class Hipe2022(OneSide):
    """Files of the highest version; the development part where there is no test part."""

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the test part, or the development part; see :class:`crosspan.suites.suite.Suite`."""
        no_translations(needs)
        dataset, code = _ENTRIES[lang]
        for split in ("test", "dev"):
            found = folder.search(rf"(^|/)HIPE-2022-v[0-9.]+-{dataset}-{split}-{code}[.]tsv$")
            if found:
                return {split: (max(found, key=_version),)}
        return {"test": (self.file.find(folder, lang, self.about),)}

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read it, a sentence up to each mark of an end; see :class:`crosspan.suites.suite.Suite`."""
        material = super().read(found, lang, needs)
        part = "test part" if "test" in found else "development part: there is no test part"
        ignore = _UNANNOTATED.get(_ENTRIES[lang][0], ())
        return replace(material, ignore=ignore, notes=(part, *material.notes))


def _version(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.name.removeprefix("HIPE-2022-v").partition("-")[0])))


SUITE = Hipe2022(
    about=About(
        name="hipe-2022",
        title="HIPE-2022: entities in historical newspapers and commentaries",
        languages=tuple(_ENTRIES),
        codes={entry: lang for entry, (_, lang) in _ENTRIES.items()},
        pipelines=("tagger",),
        ignore=("DATE", "MISC"),
        download="https://github.com/hipe-eval/HIPE-2022-data",
        caveats=(
            "Coarse literal types; pers is PER, loc and the BUILDING and STREET of topres19th are LOC, org is ORG. "
            + NO_COUNTERPART,
            "ajmc annotates no ORG and topres19th neither ORG nor PER: these are left out there on both sides.",
            "Where the folder has no test part, the development part is scored; the remarks say so.",
        ),
    ),
    file=NamedFile(
        name={entry: f"HIPE-2022-v2.1-{dataset}-test-{lang}.tsv" for entry, (dataset, lang) in _ENTRIES.items()},
    ),
    labels=HIPE_LABELS,
)
