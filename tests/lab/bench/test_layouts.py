"""Every layout that a download has is found and read."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import AlignmentError, CrosspanError, PairError
from crosspan.core.types import Sentence, Span
from crosspan.suites import mafand, make_suite
from crosspan.suites.folder import Folder
from crosspan.suites.suite import Material, MissingData, Need

ALL: frozenset[Need] = frozenset({"source", "bitext"})


def read(
    suite: str, folder: Path, lang: str, needs: frozenset[Need] = ALL, translations: Path | None = None
) -> Material:
    one = make_suite(suite)
    found = one.find(Folder(folder), lang, needs, None if translations is None else Folder(translations))
    return one.read(found, lang, needs)


def words(sentences: object) -> list[tuple[str, ...]]:
    return [one.tokens for one in sentences]  # type: ignore[attr-defined]


def test_europarl_repository(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path / "ner-evaluation-corpus-europarl", "en", "de")
    found = read("europarl-ner", tmp_path, "de")
    assert found.gold[0].spans == (Span(0, 1, "PER"), Span(2, 3, "LOC"))
    assert found.source[0].tokens == ("Ada", "lives", "in", "Accra")
    assert found.source[0].lang == "en"
    assert found.gold[0].lang == "de"


def test_europarl_learns_from_ntrex_where_it_is_there(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path, "en", "de")
    downloads.put(tmp_path / "NTREX" / "newstest2019-src.eng.txt", "Good day.\nYes.\n")
    downloads.put(tmp_path / "NTREX" / "newstest2019-ref.deu.txt", "Guten Tag.\nJa.\n")
    assert read("europarl-ner", tmp_path, "de").bitext[1] == (("Yes", "."), ("Ja", "."))
    assert read("europarl-ner", tmp_path, "de", frozenset({"source"})).bitext == []


def test_europarl_of_unequal_length_is_an_error(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path, "en")
    downloads.put(tmp_path / "de-europarl.test.conll02", downloads.columns(downloads.OTHER[:2]))
    with pytest.raises(PairError, match="2 sentences, but en-europarl"):
        read("europarl-ner", tmp_path, "de")


def test_pud_sentences_belong_together_by_their_ids(tmp_path: Path, downloads: Any) -> None:
    downloads.pud(tmp_path, "en", downloads.ENGLISH)
    downloads.pud(tmp_path, "sv", downloads.OTHER, order=(2, 0, 1))
    found = read("uner-pud", tmp_path, "sv")
    assert [one.id for one in found.gold] == [one.id for one in found.source] == ["n2", "n0", "n1"]
    downloads.pud(tmp_path, "sv", downloads.OTHER, order=(2, 0))
    with pytest.raises(PairError, match="1 sentences more"):
        read("uner-pud", tmp_path, "sv")


def test_a_missing_pud_language_says_where_its_repository_is(tmp_path: Path) -> None:
    with pytest.raises(MissingData) as caught:
        read("uner-pud", tmp_path, "zh")
    assert "zh_pud-ud-test.iob2" in caught.value.message
    assert caught.value.hint == "https://github.com/UniversalNER/UNER_Chinese-PUD"


def test_xsid_language_with_a_part_of_the_sentences(tmp_path: Path, downloads: Any) -> None:
    downloads.xsid(tmp_path, "en", downloads.ENGLISH)
    downloads.xsid(tmp_path, "ja", [downloads.OTHER[2], downloads.OTHER[0]], ids=(3, 1))
    found = read("xsid", tmp_path, "ja")
    assert words(found.source) == [("Eva", "sees", "Accra"), ("Ada", "lives", "in", "Accra")]
    downloads.xsid(tmp_path, "ja", [downloads.OTHER[0]], ids=(4,))
    with pytest.raises(PairError, match="'4'"):
        read("xsid", tmp_path, "ja")


def test_xsid_is_not_taken_for_wikiann(tmp_path: Path, downloads: Any) -> None:
    downloads.xsid(tmp_path, "de", downloads.OTHER)
    with pytest.raises(MissingData):
        read("wikiann", tmp_path, "de", frozenset())


def test_masakhaner_with_mafand_as_downloaded(tmp_path: Path, downloads: Any) -> None:
    downloads.masakhaner(tmp_path, "lug", "test")
    downloads.mafand_json(tmp_path, "en-lug", "test", downloads.MAFAND_ROWS[:1])
    downloads.mafand_json(tmp_path, "en-lug", "train", downloads.MAFAND_ROWS[1:])
    found = read("masakhaner2", tmp_path, "lug")
    assert words(found.gold) == [("Ada", "anaishi", "Accra"), ("Bob", "anaishi", "Bonn")]
    assert words(found.source) == [("Ada", "lives", "in", "Accra", "."), ("Bob", "lives", "in", "Bonn", ".")]
    assert found.notes == ("2 of 3 test sentences have a translation",)
    assert len(found.bitext) == 3


def test_masakhaner_1_is_not_taken_for_2(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "masakhane-ner" / "data" / "lug" / "test.txt", downloads.columns(downloads.OTHER, " "))
    with pytest.raises(MissingData):
        read("masakhaner2", tmp_path, "lug", frozenset())


def test_masakhaner_quotes_are_read_as_one_quote(tmp_path: Path, downloads: Any) -> None:
    downloads.masakhaner(tmp_path, "lug", "test", [[('""""', "O"), ("Accra", "B-LOC"), ('""""', "O")]])
    assert read("masakhaner2", tmp_path, "lug", frozenset()).gold == [
        Sentence(('"', "Accra", '"'), (Span(1, 2, "LOC"),), lang="lug")
    ]


def test_ill_formed_gold_is_read_both_ways(tmp_path: Path, downloads: Any) -> None:
    downloads.masakhaner(tmp_path, "swa", "test", [*downloads.OTHER, [("huko", "O"), ("Bo", "I-LOC")]])
    found = read("masakhaner2", tmp_path, "swa", frozenset())
    assert found.gold[3].spans == ()
    assert found.lenient[3].spans == (Span(1, 2, "LOC"),)


def test_masakhaner_joined_files(tmp_path: Path, downloads: Any) -> None:
    rows = [
        {"tokens": ["Ada", "yo"], "ner_tags": ["B-PER", "O"], "src_text": "Ada there", "match": "exact"},
        {"tokens": ["Bo", "yo"], "ner_tags": ["B-PER", "O"], "src_text": "Bo there now", "match": "fuzzy"},
    ]
    downloads.put(tmp_path / "m2.twi-en.test.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    found = read("masakhaner2", tmp_path, "twi")
    assert words(found.gold) == [("Ada", "yo")]
    assert words(found.source) == [("Ada", "there")]
    assert found.notes == ("1 of 2 test sentences have a translation",)


def test_masakhaner_with_translations_of_ones_own(tmp_path: Path, downloads: Any) -> None:
    downloads.masakhaner(tmp_path / "data", "wol", "test")
    downloads.masakhaner(tmp_path / "data", "wol", "train", downloads.OTHER[:1])
    mine = downloads.put(tmp_path / "mine" / "wol.txt", "Ada lives in Accra\n\nEva sees Accra\n")
    found = read("masakhaner2", tmp_path / "data", "wol", translations=tmp_path / "mine")
    assert found.source_lang == "en"  # MAFAND's would be French
    assert words(found.source)[1] == ()
    with pytest.raises(MissingData, match=r"wol/train\.txt"):
        read("masakhaner2", tmp_path / "data", "wol", frozenset({"train"}), tmp_path / "mine")
    mine.write_text("one line\n", encoding="utf-8")
    with pytest.raises(PairError, match=r"1 lines, but test\.txt has 3"):
        read("masakhaner2", tmp_path / "data", "wol", translations=tmp_path / "mine")


def test_masakhaner_without_a_single_match(tmp_path: Path, downloads: Any) -> None:
    downloads.masakhaner(tmp_path, "yor", "test")
    downloads.mafand_json(tmp_path, "en-yor", "test", downloads.MAFAND_ROWS[2:])
    with pytest.raises(MissingData, match="none of the 3 sentences"):
        read("masakhaner2", tmp_path, "yor")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mafand/en-lug.tsv", "train\tGood day.\tWasuze otya.\ntest\tYes.\tYee.\n"),
        ("lafand-mt/data/tsv_files/en-lug/train.tsv", "en\tlug\nGood day.\tWasuze otya.\nYes.\tYee.\n"),
        ("lafand-mt/data/json_files/en_lug/dev.json", '{"translation": {"en": "Good day.", "lg": "Wasuze otya."}}\n'
         '{"translation": {"en": "Yes.", "lg": "Yee."}}\n'),
    ],
)  # fmt: skip
def test_layouts_of_mafand(tmp_path: Path, downloads: Any, name: str, text: str) -> None:
    downloads.put(tmp_path / name, text)
    paths = mafand.find_mafand(Folder(tmp_path), "lug")
    assert mafand.read_mafand(paths, "lug")[-2:] == [("Good day.", "Wasuze otya."), ("Yes.", "Yee.")]


def test_mafand_as_two_texts(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "mafand" / "fr-wol" / "dev.fr", "Bonjour.\n")
    downloads.put(tmp_path / "mafand" / "fr-wol" / "dev.wol", "Nanga def.\n")
    assert mafand.read_mafand(mafand.find_mafand(Folder(tmp_path), "wol"), "wol") == [("Bonjour.", "Nanga def.")]


@given(st.lists(st.text("abcé́1", min_size=1), min_size=1), st.lists(st.text(" .,'\"-\u00a0", max_size=3)))
def test_a_sentence_is_found_however_it_is_spaced(words: list[str], between: list[str]) -> None:
    text = "".join(word + gap for word, gap in zip_longest(words, between, fillvalue=""))
    assert mafand.match([Sentence(tuple(words))], [("other", "x" + text), ("found", text)]) == ["found"]


def test_matching_passes_over_white_space_punctuation_and_case() -> None:
    gold = [Sentence(("Ada", ",", "'", "e", "'", "Bo", "!")), Sentence(("Bo",)), Sentence(("!",))]
    assert mafand.match(gold, [("first", "ada 'e' Bo"), ("second", "Ada e Bo"), ("", "Bo"), ("x", "?")]) == [
        "first",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("panx/sw/test", "sw:Ada\tB-PER\nsw:yupo\tO\n"),
        ("panx_dataset/sw/test.txt", "sw:Ada\tB-PER\nsw:yupo\tO\n"),
        ("panx/test-sw.tsv", "Ada\tB-PER\nyupo\tO\n"),
        ("wikiann/sw.test.conllu", "0\tAda\tB-PER\n1\tyupo\tO\n"),
        ("wikineural/data/wikiann/sw/test.conllu", "0\tAda\tB-PER\n1\tyupo\tO\n"),
        ("transfer_corpus/panx/swa/test.txt", "Ada B-PER\nyupo O\n"),
        ("wikiann/swa.test.txt", "Ada B-PER\nyupo O\n"),
        ("wikiann/sw/test.jsonl", '{"tokens": ["Ada", "yupo"], "ner_tags": [1, 0], "langs": ["sw", "sw"]}\n'),
        ("wikiann-sw-test.jsonl", '{"tokens": ["Ada", "yupo"], "ner_tags": ["B-PER", "O"]}\n'),
    ],
)
def test_layouts_of_wikiann(tmp_path: Path, downloads: Any, name: str, text: str) -> None:
    downloads.put(tmp_path / name, text)
    found = read("wikiann", tmp_path, "sw", frozenset())
    assert found.gold == [Sentence(("Ada", "yupo"), (Span(0, 1, "PER"),), lang="sw")]


def test_wikiann_in_parquet(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "xtreme" / "PAN-X.sw" / "test-00000-of-00001.parquet"
    path.parent.mkdir(parents=True)
    features = {"ner_tags": {"feature": {"names": ["O", "B-PER", "I-PER"], "_type": "ClassLabel"}, "_type": "Sequence"}}
    table = pa.table({"tokens": [["Ada", "yupo"]], "ner_tags": [[1, 0]]})
    named = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pq.write_table(table.replace_schema_metadata(named), path)
    assert read("wikiann", tmp_path, "sw", frozenset()).gold[0].spans == (Span(0, 1, "PER"),)


def test_a_packed_language_of_wikiann_is_to_be_unpacked(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "panx" / "sw.tar.gz", "")
    with pytest.raises(MissingData, match=r"unpack sw\.tar\.gz"):
        read("wikiann", tmp_path, "sw", frozenset())


def test_tags_of_wikiann_outside_its_classes_are_an_error(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "wikiann" / "sw" / "test.jsonl", '{"tokens": ["Ada"], "ner_tags": [9]}\n')
    with pytest.raises(CrosspanError, match="tag 9"):
        read("wikiann", tmp_path, "sw", frozenset())


@pytest.mark.parametrize("name", ["XL-WA/data/es/test.tsv", "xl_wa/en-es.test.tsv"])
def test_layouts_of_xl_wa(tmp_path: Path, downloads: Any, name: str) -> None:
    downloads.xl_wa(tmp_path / name)
    found = read("alignment", tmp_path, "en-es")
    assert found.links[0].sure == {(0, 0), (1, 1), (3, 2)}
    assert (found.source[0].lang, found.gold[0].lang) == ("en", "es")


def test_examples_of_awesome_count_from_one(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "enfr.src-tgt", "oh no ||| oh non\n")
    downloads.put(tmp_path / "enfr.gold", "1-1 2p2\n")
    links = read("alignment", tmp_path, "en-fr").links[0]
    assert (links.sure, links.possible) == ({(0, 0)}, {(0, 0), (1, 1)})
    downloads.put(tmp_path / "enfr.gold", "1-1 3-2\n")
    with pytest.raises(AlignmentError, match="outside"):
        read("alignment", tmp_path, "en-fr")


def test_links_in_a_ring_end(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path / "a", "en", "de")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    assert len(Folder(tmp_path).search("conll02$")) == 2


def test_the_nearest_of_two_copies_is_read(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path / "b" / "c", "de")
    downloads.europarl(tmp_path / "a", "de")
    assert Folder(tmp_path).first("de-europarl") == tmp_path / "a" / "de-europarl.test.conll02"
