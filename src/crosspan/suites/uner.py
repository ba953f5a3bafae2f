"""Universal NER: test parts of treebanks in many languages, annotated alike (Mayhew et al. 2024)."""

from __future__ import annotations

from crosspan.suites.folder import Folder
from crosspan.suites.reading import no_translations, read_gold
from crosspan.suites.suite import About, Found, Material, MissingData, Need

_TREEBANKS = {
    "ceb-gja": "Cebuano-GJA",
    "da-ddt": "Danish-DDT",
    "en-ewt": "English-EWT",
    "hr-set": "Croatian-SET",
    "pt-bosque": "Portuguese-Bosque",
    "sk-snk": "Slovak-SNK",
    "sr-set": "Serbian-SET",
    "sv-talbanken": "Swedish-Talbanken",
    "tl-trg": "Tagalog-TRG",
    "tl-ugnayan": "Tagalog-Ugnayan",
    "zh-gsd": "Chinese-GSD",
    "zh-gsdsimp": "Chinese-GSDSIMP",
}

ABOUT = About(
    name="uner",
    title="UNER: entities in treebanks, beside PUD",
    languages=tuple(_TREEBANKS),
    aliases={
        **{entry.partition("-")[0]: entry for entry in _TREEBANKS if not entry.startswith(("tl", "zh"))},
        "tl": "tl-trg",
        "zh": "zh-gsd",
    },
    codes={entry: entry.partition("-")[0] for entry in _TREEBANKS},
    pipelines=("tagger",),
    ignore=("DATE", "MISC", "OTH"),
    download="https://github.com/UniversalNER",
    caveats=(
        "The Tagalog and Cebuano sets are small: look at the intervals.",
        "The tagger en was trained on the training part of en-ewt: that figure is not zero-shot.",
    ),
)


class Uner:
    """Reads ``da_ddt-ud-test.iob2`` and the like."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the test part of a treebank; see :class:`crosspan.suites.suite.Suite`."""
        no_translations(needs)
        name = f"{lang.replace('-', '_')}-ud-test.iob2"
        path = folder.first(rf"(^|/){name.replace('.', '[.]')}$")
        if path is None:
            raise MissingData(f"no {name}", hint=f"{ABOUT.download}/UNER_{_TREEBANKS[lang]}")
        return {"test": (path,)}

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read it; see :class:`crosspan.suites.suite.Suite`."""
        gold, lenient = read_gold(found["test"][0], ABOUT.code(lang), format="conll", columns="id,token,tag")
        return Material(gold=gold, lenient=lenient, n_total=len(gold))


SUITE = Uner()
