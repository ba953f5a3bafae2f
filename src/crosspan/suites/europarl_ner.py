"""Europarl-NER: 799 parallel sentences with gold entities in four languages (Agerri et al. 2018)."""

from __future__ import annotations

from pathlib import Path

from crosspan.suites.folder import Folder
from crosspan.suites.reading import check_counts, find_both_sides, read_gold, read_ntrex
from crosspan.suites.suite import About, Found, Material, MissingData, Need

ABOUT = About(
    name="europarl-ner",
    title="Europarl-NER: gold English entities projected onto their translations",
    languages=("de", "es", "it"),
    pipelines=("projection", "tagger"),
    download="https://github.com/ixa-ehu/ner-evaluation-corpus-europarl",
    family="europarl",
)


class EuroparlNer:
    """Reads ``de-europarl.test.conll02`` and the like; learns from NTREX too where that is there."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find both sides; see :class:`crosspan.suites.suite.Suite`."""
        return find_both_sides(_file, folder, lang, needs)

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read both sides, line by line; see :class:`crosspan.suites.suite.Suite`."""
        gold, lenient = read_gold(found["gold"][0], lang)
        source = read_gold(found["source"][0], "en")[1] if "source" in needs else []
        if source:
            check_counts(source, gold, found["source"][0], found["gold"][0])
        bitext = read_ntrex(found.get("bitext", ()), lang)
        return Material(gold=gold, lenient=lenient, source=source, bitext=bitext, n_total=len(gold))


def _file(folder: Folder, lang: str) -> Path:
    path = folder.first(rf"(^|/){lang}-europarl[.]test[.]conll02$")
    if path is None:
        raise MissingData(f"no {lang}-europarl.test.conll02", hint=ABOUT.download)
    return path


SUITE = EuroparlNer()
