"""Advice for a new language: facts against hand counts, and when nothing is advised."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("langcodes")
pytest.importorskip("language_data")

from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.lab.advise.advice import advise, how_cut


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """WordPiece of the words ``ab`` and ``a``, with the piece ``##b`` inside words."""
    transformers = pytest.importorskip("transformers")
    vocab = {piece: index for index, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "##b"])}
    made = transformers.BertTokenizer(vocab=vocab, do_lower_case=False)
    made.save_pretrained(tmp_path_factory.mktemp("tokenizer"))
    return made


def test_pieces_and_unknown_words_are_counted(tokenizer: Any) -> None:
    # a | a ##b | a ##b ##b | [UNK]
    found = how_cut(tokenizer, [["a", "ab"], ["abb", "ж"], []])
    assert (found.words, found.pieces_per_word, found.unknown, found.words_with_unknown) == (4, 7 / 4, 1 / 7, 1 / 4)


def test_a_text_without_words_is_an_error(tokenizer: Any) -> None:
    with pytest.raises(EmptyInputError, match="no words"):
        how_cut(tokenizer, [[], []])
    with pytest.raises(EmptyInputError, match="in any script"):
        advise("lug", text=[["1", "."]])


@pytest.mark.parametrize(
    ("language", "encoder", "on_list", "first"),
    [
        ("Luganda", "xlm-roberta-large", False, "data transfer"),
        ("hau", "FacebookAI/xlm-roberta-base", True, "model transfer"),
        ("yor", "xlm-roberta-base", False, "data transfer"),
        ("yor", "bert-base-multilingual-cased", True, "model transfer"),
        ("yor", "somebody/some-encoder", None, None),
    ],
)
def test_advice_follows_the_list_of_the_encoder(language: str, encoder: str, on_list: bool | None, first: Any) -> None:
    found = advise(language, encoder)
    assert (found.facts.on_list, found.first) == (on_list, first)
    assert bool(found.evidence) == (first is not None)


def test_an_encoder_without_a_list_says_what_is_not_known() -> None:
    found = advise("hau", "somebody/some-encoder")
    assert found.facts.scripts_on_list is None
    text = found.text()
    assert "language seen     not known" in text
    assert "Try first: cannot be said. The rule asks whether the encoder has seen the language" in text
    assert "Not known: what the encoder has learned from" in text
    assert "53 of 57" not in text


def test_another_script_than_that_of_the_list_gets_no_advice() -> None:
    in_latin = advise("kk", text=[["Qazaqstan", "respublikasy"]])
    assert (in_latin.facts.on_list, in_latin.facts.same_script, in_latin.first) == (True, False, None)
    assert "is on the list of XLM-R, but not in Latin script" in in_latin.why
    assert advise("kk", text=[["Қазақстан"]]).first == "model transfer"
    assert advise("hi", text=[["namaste", "duniya"]]).first == "model transfer"  # XLM-R learned it in Latin letters too
    assert advise("kk-Latn").first is None


def test_the_script_of_a_text_is_looked_up_on_the_list() -> None:
    found = advise("zgh", text=[["ⵜⴰⵎⴰⵣⵉⵖⵜ", "ⵜⴰⵏⴰⵡⴰⵢⵜ", "ⴰⵡⴰⵍ", "Rabat"]])
    assert found.facts.scripts == {"Tifinagh": 0.75, "Latin": 0.25}
    assert found.facts.scripts_on_list == {"Tifinagh": False, "Latin": True}
    assert found.first == "data transfer"
    assert "script seen       no: Tifinagh, 75 % of the words" in found.text()


def test_the_evidence_says_what_speaks_against_it() -> None:
    seen, unseen = "\n".join(advise("hau").evidence), "\n".join(advise("lug").evidence)
    assert "right for 53 of 57" in seen
    assert "interval 83 to 98 %" in seen
    assert "16 against 15 of 18 in MasakhaNER 2, 37 against 36 of 39 in WikiANN" in seen
    assert "36 of 38 in WikiANN" in seen
    assert "0 of 4 in CoNLL and NoDaLiDa" in seen
    assert "model transfer was ahead in 2 of 7" in seen
    assert "14 of 15 in MasakhaNER 2, 1 of 1 in WikiANN" in unseen
    assert "WikiANN, whose labels are made by machine" not in unseen


def test_pieces_stand_beside_those_of_the_source(tokenizer: Any) -> None:
    found = advise("lug", text=[["abb", "ж"]], source=[["a", "ab"]], tokenizer=tokenizer)
    assert "pieces a word     2.00 over 2 words; 1.50 for text of the source language" in found.text()
    assert "unknown pieces    25.0 %; 0.0 % for text of the source language" in found.text()
    assert found.unknown == ()


def test_json_has_facts_advice_and_rule(tokenizer: Any) -> None:
    found = json.loads(json.dumps(advise("lug", text=[["ab"]], tokenizer=tokenizer).to_dict()))
    assert found["facts"]["cut"] == {"words": 1, "pieces_per_word": 2.0, "unknown": 0.0, "words_with_unknown": 0.0}
    assert found["facts"]["cut_of_source"] is None
    assert found["facts"]["pretraining"]["read"].startswith("list in examples/xlmr/README.md")
    assert found["first"] == "data transfer"
    assert found["rule"]["held_out"]["of"] == 57


def test_a_language_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(OptionError, match="not a language"):
        advise("Elvish of old")


def test_the_benchmark_prints_every_case_and_writes_what_is_shipped(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from benchmarks import transfer_choice

    shipped = transfer_choice.SHIPPED.read_text("utf-8")
    monkeypatch.setattr(transfer_choice, "SHIPPED", tmp_path / "choice.json")
    transfer_choice.main(["--write"])
    assert (tmp_path / "choice.json").read_text("utf-8") == shipped
    out = capsys.readouterr().out
    assert "| xho | MasakhaNER 2 | yes | 24.6 | 55.6 | data | model | wrong |" in out
    assert out.count("| wrong |") == 4
    assert "| each language, fitted on the others | 53 of 57 (93 %, 83 to 98) | 39 of 57 | 18 of 57 |" in out
    assert "MasakhaNER 2 alone: seen [2, 1], unseen [1, 14], p = 0.056 (Fisher)" in out
