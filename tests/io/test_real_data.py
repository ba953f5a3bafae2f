"""Every labelled file of the shared data can be read, with as many entities as its manifest says."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from crosspan.core.errors import AlignmentError
from crosspan.io import read, read_bitext, read_gold_links, read_links

ROOT = Path(os.environ.get("CROSSPAN_DATA", Path(__file__).parents[3] / "shared" / "data"))
MANIFEST = ROOT / "MANIFEST.tsv"
pytestmark = pytest.mark.skipif(not MANIFEST.exists(), reason=f"real data not found at {ROOT}; set CROSSPAN_DATA")

# The manifest counts B- tags; these differ from it for a known reason.
OTHER_COUNTS = {
    "ner/crossner/literature/dev.txt": 2130,  # the manifest is one short
    "ner/wnut17/wnut17train.conll": 1975,  # it joins sentences that a line with a lone tab separates
}
# IOB2 with orphan I- tags, which the manifest does not count: read with 'begin', there are more entities.
ORPHANS = {
    "ner/europeana/enp_DE.lft.bio": 7481,
    "ner/europeana/enp_NL.kb.bio": 7102,
    "ner/hipe2022/HIPE-2022-v2.1-topres19th-dev-en.tsv": 237,
    "ner/uner/da_ddt-ud-test.iob2": 447,
    "parallel_gold/bam_nllb/test-translate-bam-en-preds.txt": 1398,
    "parallel_gold/bam_nllb/test-translate-bam-projected.txt": 1349,
}


def manifest():
    if not MANIFEST.exists():
        return []
    with open(MANIFEST, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))
    # Training parts have the form of the others and take most of the time.
    labelled = [
        row for row in rows if row["file"].startswith(("ner/", "parallel_gold/")) and "train" not in row["file"]
    ]
    return [(row["file"], row["entities"]) for row in labelled if "alignments" not in row["file"]]


@pytest.mark.parametrize(("name", "entities"), manifest())
def test_entities_agree_with_the_manifest(name, entities):
    rejects = []
    corpus = read(ROOT / name, rejects=rejects)
    n_entities = sum(len(sentence.spans) for sentence in corpus)
    if name in ORPHANS:
        assert rejects
        rejects.clear()
        corpus = read(ROOT / name, rejects=rejects, repair="begin")
        assert rejects == []
        assert sum(len(sentence.spans) for sentence in corpus) == ORPHANS[name]
    elif entities and int(entities):
        assert rejects == []
        assert n_entities == OTHER_COUNTS.get(name, int(entities))
    assert len(rejects) <= (len(corpus) if "accalign" in name else 1)  # that file has numbers for tags
    assert all(sentence.tokens for sentence in corpus)


@pytest.mark.parametrize(("folder", "pattern", "n_sentences"), [
    ("europarl_ner", "*.conll02", 799),
    ("uner_pud", "*.iob2", 1000),
    ("xsid", "en.test.conll", 500),
    ("xsid", "zh.test.conll", 500),
])  # fmt: skip
def test_parallel_files_have_the_known_length(folder, pattern, n_sentences):
    paths = sorted((ROOT / "parallel_gold" / folder).glob(pattern))
    assert paths
    assert {len(read(path)) for path in paths} == {n_sentences}


def test_links():
    folder = ROOT / "parallel_gold" / "bam_nllb"
    bambara, english = read(folder / "test-bam.txt"), read(folder / "test-translate-bam-en-preds.txt", rejects=[])
    lengths = [(len(source), len(target)) for source, target in zip(bambara, english, strict=True)]
    assert len(list(read_links(folder / "bam-en-alignments.txt", lengths=lengths))) == 1274
    with pytest.raises(AlignmentError, match="points outside"):
        list(read_links(folder / "bam-en-alignments.txt", lengths=[(target, source) for source, target in lengths]))


def test_gold_links():
    folder = ROOT / "alignment_gold"
    hansards = read_gold_links(folder / "awesome_examples" / "enfr.gold", start=1)
    text = list(read_bitext(folder / "awesome_examples" / "enfr.src-tgt"))
    assert len(hansards) == len(text) == 447
    assert any(gold.possible > gold.sure for gold in hansards)
    for name in ("en-es.test.tsv", "en-bg.dev.tsv"):
        path = folder / "xl_wa" / name
        for gold, (source, target) in zip(read_gold_links(path), read_bitext(path), strict=True):
            assert all(i < len(source.split()) and j < len(target.split()) for i, j in gold.sure)
