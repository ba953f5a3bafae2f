"""``crosspan advise``, through the real entry point."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("langcodes")
pytest.importorskip("language_data")

from crosspan.cli.main import main


def put(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_language_alone(capsys):
    assert main(["advise", "--lang", "Luganda"]) == 0
    out = capsys.readouterr().out
    assert "language seen     no, by the list of XLM-R" in out
    assert "Try first: data transfer." in out
    assert "Not known: how the encoder cuts the language into pieces. --text FILE measures it." in out


def test_text_and_the_tokenizer_of_a_folder(capsys, tmp_path):
    pytest.importorskip("transformers")
    from crosspan.testing.tiny_models import save_xlmr

    folder = save_xlmr(tmp_path / "xlm-roberta-base")
    text = put(tmp_path / "lug.txt", "Omusajja yagenda e Kampala.\nAbaana basoma.\n")
    assert main(["advise", "--lang", "lug", "--encoder", str(folder), "--text", text, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["facts"]["on_list"] is False
    assert found["facts"]["scripts"] == {"Latin": 1.0}
    assert found["facts"]["cut"]["words"] == 8
    # the tiny tokenizer was made of the demonstration corpus, which is what the text is compared with
    assert found["facts"]["cut"]["pieces_per_word"] > found["facts"]["cut_of_source"]["pieces_per_word"] >= 1
    assert found["facts"]["cut_of_source"]["unknown"] == 0
    assert found["tokenizer"] is None


def test_a_source_text_takes_the_place_of_the_demonstration_corpus(capsys, tmp_path):
    pytest.importorskip("transformers")
    from crosspan.testing.tiny_models import save_mbert

    folder = save_mbert(tmp_path / "bert-base-multilingual-cased")
    text = put(tmp_path / "a.conll", "Ada B-PER\n鬱 O\n")
    source = put(tmp_path / "b.txt", "鬱 鬱 鬱\n")
    words = ["advise", "--lang", "yor", "--encoder", str(folder), "--text", text, "--source-text", source, "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)["facts"]
    assert (found["cut"]["words_with_unknown"], found["cut_of_source"]["words_with_unknown"]) == (0.5, 1.0)
    assert (found["on_list"], found["pretraining"]["title"]) == (True, "mBERT (cased)")


def test_without_the_tokenizer_the_advice_is_the_same_and_it_is_said(capsys, tmp_path):
    pytest.importorskip("transformers")
    text = put(tmp_path / "hau.txt", "Ina kwana?\n")
    assert main(["advise", "--lang", "hau", "--encoder", str(tmp_path / "mt5-small"), "--text", text]) == 0
    shown = capsys.readouterr()
    assert "Try first: model transfer. Hausa is on the list of mT5." in shown.out
    assert "its tokenizer is not at hand" in shown.out
    assert "there is no such folder" in shown.err


def test_the_key_of_a_list_is_no_model(capsys, tmp_path):
    text = put(tmp_path / "hau.txt", "Ina kwana?\n")
    assert main(["advise", "--lang", "hau", "--encoder", "mbert", "--text", text]) == 0
    shown = capsys.readouterr()
    assert "Try first: data transfer. Hausa is not on the list of mBERT (cased)." in shown.out
    assert shown.err == ""


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--lang", "Elvish of old"], 2, "'Elvish of old' is not a language that is known here"),
        (["--lang", "hau", "--source-text", "en.txt"], 2, "name a --text too"),
        (["--lang", "hau", "--text", "absent.txt", "--encoder", "xlm-r"], None, "absent.txt"),
        (["--encoder", "xlm-r"], 2, "Missing option '--lang'"),
    ],
)
def test_bad_use(capsys, words, code, message):
    found = main(["advise", *words])
    assert found == code if code is not None else found in (1, 2)
    assert message in capsys.readouterr().err
