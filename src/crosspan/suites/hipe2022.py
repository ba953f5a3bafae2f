"""HIPE-2022: named entities in historical newspapers and commentaries, as text recognition read them (Ehrmann 2022)."""

from __future__ import annotations

import re
from pathlib import Path

from crosspan.suites.folder import Folder
from crosspan.suites.labels import HIPE_LABELS, NO_COUNTERPART, relabelled
from crosspan.suites.reading import no_translations, read_gold
from crosspan.suites.suite import About, Found, Material, MissingData, Need

_LANGUAGES = {
    "hipe2020": ("de", "en", "fr"),
    "letemps": ("fr",),
    "newseye": ("de", "fi", "fr", "sv"),
    "sonar": ("de",),
    "topres19th": ("en",),
    "ajmc": ("de", "en", "fr"),
}
_UNANNOTATED = {"ajmc": ("ORG",), "topres19th": ("ORG", "PER")}
"""What a data set does not annotate: a tagger that finds it is not wrong there."""

ABOUT = About(
    name="hipe-2022",
    title="HIPE-2022: entities in historical newspapers and commentaries",
    languages=tuple(f"{dataset}-{lang}" for dataset, langs in _LANGUAGES.items() for lang in langs),
    codes={f"{dataset}-{lang}": lang for dataset, langs in _LANGUAGES.items() for lang in langs},
    pipelines=("tagger",),
    ignore=("DATE", "MISC"),
    download="https://github.com/hipe-eval/HIPE-2022-data",
    caveats=(
        "Coarse literal types; pers is PER, loc and the BUILDING and STREET of topres19th are LOC, org is ORG. "
        + NO_COUNTERPART,
        "ajmc annotates no ORG and topres19th neither ORG nor PER: these are left out there on both sides.",
        "Where the folder has no test part, the development part is scored; the remarks say so.",
    ),
)


class Hipe2022:
    """Reads ``HIPE-2022-v2.1-ajmc-test-de.tsv`` and the like, of the highest version; the development part else."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the test part, or the development part; see :class:`crosspan.suites.suite.Suite`."""
        no_translations(needs)
        dataset, _, code = lang.partition("-")
        for split in ("test", "dev"):
            found = folder.search(rf"(^|/)HIPE-2022-v[0-9.]+-{dataset}-{split}-{code}[.]tsv$")
            if found:
                return {split: (max(found, key=_version),)}
        raise MissingData(f"no HIPE-2022-v2.1-{dataset}-test-{code}.tsv", hint=ABOUT.download)

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read it, a sentence up to each mark of an end; see :class:`crosspan.suites.suite.Suite`."""
        ((split, (path,)),) = found.items()
        (gold, lenient), notes = relabelled(read_gold(path, ABOUT.code(lang), format="conll"), HIPE_LABELS)
        part = ("test part",) if split == "test" else ("development part: there is no test part",)
        ignore = _UNANNOTATED.get(lang.partition("-")[0], ())
        return Material(gold=gold, lenient=lenient, n_total=len(gold), ignore=ignore, notes=(*part, *notes))


def _version(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.name.removeprefix("HIPE-2022-v").partition("-")[0])))


SUITE = Hipe2022()
