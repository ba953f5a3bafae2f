from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    from crosspan.testing.tiny_models import corpus_lines

    path = tmp_path_factory.mktemp("text") / "text.txt"
    path.write_text("\n".join(corpus_lines()) + "\n")
    return str(path)


NEW = ("shape.layers=1", "shape.width=16", "shape.heads=2", "shape.vocabulary=200", "longest=24", "max_steps=3")


def options(*settings):
    return [part for one in settings for part in ("--set", one)]


@pytest.mark.parametrize("family", ["roberta", "t5"])
def test_from_scratch_and_further(text, tmp_path, capsys, family):
    out = tmp_path / "new"
    assert main(["pretrain", text, "--new", family, "--out", str(out), "--json", *options(*NEW)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["steps"] == 3
    assert report["objective"] == {"roberta": "masked", "t5": "spans"}[family]
    more = ["pretrain", text, "--encoder", str(out), "--out", str(tmp_path / "more"), *options("max_steps=2")]
    assert main(more) == 0
    assert "2 steps; perplexity of" in capsys.readouterr().err
    assert main(more) == 1
    assert "trained model already" in capsys.readouterr().err


def test_wrong_use(text, tmp_path, capsys):
    out = ["--out", str(tmp_path / "m")]
    assert main(["pretrain", text, *out]) == 2
    assert "one of --encoder and --new is needed" in capsys.readouterr().err
    assert main(["pretrain", text, *out, "--encoder", "e", "--set", "shape.width=3"]) == 2
    assert "shape.… is for new models" in capsys.readouterr().err
    assert main(["pretrain", text, *out, "--new", "gpt"]) == 2
    assert "family is 'gpt'" in capsys.readouterr().err
    assert main(["pretrain", text, *out, "--new", "t5", "--set", "shape.withd=3"]) == 2
    assert "Did you mean width" in capsys.readouterr().err
    assert main(["pretrain", str(tmp_path / "none.txt"), *out, "--new", "t5"]) == 1
    assert "none.txt" in capsys.readouterr().err


@pytest.fixture(scope="module")
def encoder(text, tmp_path_factory):
    out = tmp_path_factory.mktemp("encoders") / "new"
    assert main(["pretrain", text, "--new", "roberta", "--out", str(out), "--quiet", *options(*NEW)]) == 0
    return out


def test_pieces_are_added_first(text, encoder, tmp_path, capsys):
    asked = ["pretrain", text, "--encoder", str(encoder), "--add-pieces", "20", *options("max_steps=2")]
    assert main([*asked, "--out", str(tmp_path / "m"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["vocabulary"]["pieces"]) == report["vocabulary"]["rows"] == 20
    assert report["vocabulary"]["after"]["pieces"] < report["vocabulary"]["before"]["pieces"]
    record = json.loads((tmp_path / "m" / "pretraining.json").read_text())
    assert record["encoder"] == "new"
    assert record["vocabulary"] == report["vocabulary"]
    sizes = [json.loads((place / "config.json").read_text())["vocab_size"] for place in (encoder, tmp_path / "m")]
    assert sizes[1] == sizes[0] + 20
    assert main([*asked, "--out", str(tmp_path / "again")]) == 0
    assert "20 new pieces; on " in capsys.readouterr().err
    again = (tmp_path / "again" / "model.safetensors").read_bytes()
    assert again == (tmp_path / "m" / "model.safetensors").read_bytes()


def test_a_new_model_has_pieces_of_its_own(text, tmp_path, capsys):
    assert main(["pretrain", text, "--new", "roberta", "--add-pieces", "9", "--out", str(tmp_path / "m")]) == 2
    assert "--add-pieces is for --encoder" in capsys.readouterr().err


def test_other_scripts_in_latin_letters(encoder, tmp_path):
    """The text is learned from as if it had been romanised before, and the model remembers it."""
    from crosspan.text.romanize import romanize_line

    lines = [f"Анна видит старый город Минск {number}\n" for number in range(40)]
    (tmp_path / "ru.txt").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "latin.txt").write_text("".join(map(romanize_line, lines)), encoding="ascii")
    asked = ["--encoder", str(encoder), "--romanize", "--quiet", *options("max_steps=2")]
    for name in ("ru", "latin"):
        given = ["pretrain", str(tmp_path / f"{name}.txt"), *asked, "--add-pieces", "3"]
        assert main([*given, "--out", str(tmp_path / name)]) == 0
    one, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("ru", "latin"))
    assert one == other
    assert json.loads((tmp_path / "ru" / "config.json").read_text())["crosspan_romanize"] is True
    more = ["pretrain", str(tmp_path / "ru.txt"), "--encoder", str(tmp_path / "ru"), "--quiet"]
    assert main([*more, "--out", str(tmp_path / "more"), *options("max_steps=1")]) == 0
    assert json.loads((tmp_path / "more" / "config.json").read_text())["crosspan_romanize"] is True
    assert main([*more, "--out", str(tmp_path / "other"), *options("romanize=no")]) == 2


def test_a_new_model_of_other_scripts_in_latin_letters(text, tmp_path):
    letters = str.maketrans("abvgdezijklmnoprstufh", "абвгдезийклмнопрстуфх")
    with open(text, encoding="utf-8") as lines:
        (tmp_path / "text.txt").write_text(lines.read().translate(letters), encoding="utf-8")
    asked = ["pretrain", str(tmp_path / "text.txt"), "--new", "roberta", "--romanize", "--quiet", *options(*NEW)]
    assert main([*asked, "--out", str(tmp_path / "m")]) == 0
    vocabulary = json.loads((tmp_path / "m" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert len(vocabulary) > 200
    assert not any("а" <= letter <= "я" for piece, _ in vocabulary for letter in piece)
