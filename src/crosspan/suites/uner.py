"""Universal NER: test parts of treebanks in many languages, annotated alike (Mayhew et al. 2024)."""

from __future__ import annotations

from crosspan.suites.layouts import NamedFile, OneSide
from crosspan.suites.suite import About

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

SUITE = OneSide(
    about=About(
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
    ),
    file=NamedFile(
        name={entry: f"{entry.replace('-', '_')}-ud-test.iob2" for entry in _TREEBANKS},
        download={entry: f"https://github.com/UniversalNER/UNER_{name}" for entry, name in _TREEBANKS.items()},
    ),
    columns="id,token,tag",
)
