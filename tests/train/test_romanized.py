"""Taggers that read other scripts in Latin letters: what they learned of names, they know in all of them."""

from __future__ import annotations

import json
import random
from dataclasses import replace

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.cli.main import main  # noqa: E402
from crosspan.evaluate import evaluate_ner  # noqa: E402
from crosspan.tag import load_tagger  # noqa: E402
from crosspan.testing.tiny_models import unigram_pieces  # noqa: E402
from crosspan.text.romanize import romanize_words  # noqa: E402
from crosspan.train.token_classifier import train_token_classifier  # noqa: E402
from crosspan.train.token_options import TokenClassifierOptions  # noqa: E402

torch.set_num_threads(1)

WORDS = {
    "ru": {
        "PER": ("Анна", "Иван", "Борис"),
        "LOC": ("Москва", "Минск", "Омск"),
        "O": ("город", "видит", "и", "старый"),
    },
    "el": {
        "PER": ("Ελένη", "Νίκος", "Μαρία"),
        "LOC": ("Αθήνα", "Πάτρα", "Χανιά"),
        "O": ("πόλη", "και", "βλέπει", "σε"),
    },
    "am": {
        "PER": ("አበበ", "ሰላም", "ከበደ"),
        "LOC": ("ጎንደር", "አዋሳ", "ባሕርዳር"),
        "O": ("ከተማ", "ነው", "እና", "።"),
    },
}


def sentence(chance, lang):
    kinds = WORDS[lang]
    words, spans = [], []
    for _ in range(chance.randint(3, 6)):
        kind = chance.choice(["PER", "LOC", "O", "O"])
        if kind != "O" and words and spans and spans[-1].end == len(words):
            kind = "O"
        words.append(chance.choice(kinds[kind]))
        if kind != "O":
            spans.append(Span(len(words) - 1, len(words), kind))
    return Sentence(tuple(words), tuple(spans), lang=lang)


def latin(n, seed):
    """Sentences that a Latin script writes from the beginning."""
    chance = random.Random(seed)
    drawn = [sentence(chance, chance.choice([*WORDS])) for _ in range(n)]
    return [replace(one, tokens=tuple(romanize_words(one.tokens)), lang="en") for one in drawn]


def foreign(n, seed, lang):
    chance = random.Random(seed)
    return [sentence(chance, lang) for _ in range(n)]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """A tiny XLM-R that has seen Latin letters alone."""
    folder = tmp_path_factory.mktemp("encoders") / "latin"
    lines = [" ".join(one.tokens) for one in latin(200, 0)]
    pieces = unigram_pieces(lines, ["<s>", "<pad>", "</s>", "<unk>"], size=400)
    tokenizer = transformers.XLMRobertaTokenizer(vocab=[*pieces, ("<mask>", 0.0)])
    tokenizer.model_max_length = 32
    config = transformers.XLMRobertaConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=34, pad_token_id=1, type_vocab_size=1, initializer_range=0.1,
    )  # fmt: skip
    torch.manual_seed(0)
    tokenizer.save_pretrained(folder)
    transformers.XLMRobertaForMaskedLM(config).save_pretrained(folder)
    return folder


def train(encoder, out, sentences, **settings):
    given = {"epochs": 6, "batch_size": 16, "learning_rate": 5e-3, "device": "cpu", **settings}
    dev = given.pop("dev", ())
    options = TokenClassifierOptions(encoder=str(encoder), **given)
    return train_token_classifier(sentences, out, dev=dev, options=options, threads=1)


@pytest.fixture(scope="module")
def taggers(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("taggers")
    for romanize in ("yes", "no"):
        train(encoder, folder / romanize, latin(200, 1), romanize=romanize, dev=latin(30, 2))
    return folder


def f1(folder, gold, **settings):
    tagger = load_tagger(f"transformers:{folder}", threads=1, **settings)
    found = tagger.tag([replace(one, spans=()) for one in gold])
    assert [one.tokens for one in found] == [one.tokens for one in gold]
    return evaluate_ner(gold, found).strict.micro.f1


@pytest.mark.parametrize("lang", [*WORDS])
def test_names_are_known_in_other_scripts(taggers, lang):
    gold = foreign(60, 3, lang)
    assert f1(taggers / "yes", gold) > 0.95
    assert f1(taggers / "no", gold) < 0.3


def test_latin_text_is_read_as_before(taggers):
    gold = latin(60, 4)
    assert f1(taggers / "yes", gold) > 0.95
    weights = [(taggers / name / "model.safetensors").read_bytes() for name in ("yes", "no")]
    assert weights[0] == weights[1]


def test_it_is_recorded(taggers):
    for name, value in (("yes", True), ("no", False)):
        assert json.loads((taggers / name / "config.json").read_text())["crosspan_romanize"] is value
        record = json.loads((taggers / name / "training.json").read_text())
        assert record["options"]["romanize"] == name
        assert ("|romanize:yes|" in record["signature"]) is value
        assert ("in Latin letters (uroman)" in (taggers / name / "README.md").read_text()) is value


def test_a_contradiction_is_an_error(taggers):
    with pytest.raises(OptionError, match="yes: romanize is 'no', but the model was trained on romanised text"):
        load_tagger(f"transformers:{taggers / 'yes'}", romanize="no")
    with pytest.raises(OptionError, match="no: romanize is 'yes'"):
        load_tagger(f"transformers:{taggers / 'no'}", romanize="yes")
    assert f1(taggers / "yes", foreign(5, 5, "ru"), romanize="yes") > 0.5


def test_an_encoder_hands_it_on(encoder, taggers, tmp_path):
    """An encoder that was adapted on romanised text makes taggers that romanise."""
    train(taggers / "yes", tmp_path / "m", latin(20, 6), max_steps=1)
    assert json.loads((tmp_path / "m" / "config.json").read_text())["crosspan_romanize"] is True
    with pytest.raises(OptionError, match="romanize is 'no'"):
        train(taggers / "yes", tmp_path / "n", latin(20, 6), max_steps=1, romanize="no")
    assert not (tmp_path / "n").exists()


def test_training_text_is_romanised_too(encoder, tmp_path):
    """Learning from Cyrillic, and dev scores on it, are those of the same words in Latin letters."""
    native, dev = foreign(60, 7, "ru"), foreign(20, 8, "ru")
    written = [replace(one, tokens=tuple(romanize_words(one.tokens))) for one in native]
    one = train(encoder, tmp_path / "a", native, romanize="yes", dev=dev, epochs=15)
    other = train(encoder, tmp_path / "b", written, romanize="yes", dev=dev, epochs=15)
    assert (tmp_path / "a" / "model.safetensors").read_bytes() == (tmp_path / "b" / "model.safetensors").read_bytes()
    assert one.looks == other.looks
    assert one.dev["f1"] > 0.9


def test_text_comes_back_byte_for_byte(taggers, tmp_path):
    text = "  Анна  видит\u00a0Минск — и “Ελένη” ь ΑΘΉΝΑ! \u200bИван\n"
    (tmp_path / "t.txt").write_text(text, encoding="utf-8")
    out, model = tmp_path / "t.jsonl", f"transformers:{taggers / 'yes'}"
    words = ["predict", str(tmp_path / "t.txt"), "--model", model, "--out", str(out), "--to", "entities", "--quiet"]
    assert main(words) == 0
    row = json.loads(out.read_text(encoding="utf-8"))
    assert row["text"] == text.removesuffix("\n")
    found = {row["text"][one["start"] : one["end"]]: one["label"] for one in row["entities"]}
    assert found["Анна"] == "PER"
    assert found["Минск"] == "LOC"
    assert all(one["text"] == row["text"][one["start"] : one["end"]] for one in row["entities"])


def test_the_command_line(encoder, tmp_path, capsys):
    blocks = ["".join(f"{w}\t{t}\n" for w, t in zip(one.tokens, one.tags(), strict=True)) for one in latin(60, 1)]
    (tmp_path / "en.conll").write_text("\n".join(blocks), encoding="utf-8")
    learn = ["train", str(tmp_path / "en.conll"), "--encoder", str(encoder)]
    settings = ["romanize=yes", "max_steps=30", "learning_rate=5e-3", "batch_size=16"]
    out = tmp_path / "m"
    assert main([*learn, "--out", str(out), *(part for one in settings for part in ("--set", one))]) == 0
    (tmp_path / "ru.txt").write_text("Анна видит Минск\n", encoding="utf-8")
    asked = ["tag", str(tmp_path / "ru.txt"), "--tagger", f"transformers:{out}", "--out", str(tmp_path / "ru.conll")]
    assert main(asked) == 0
    found = (tmp_path / "ru.conll").read_text(encoding="utf-8")
    assert "Анна" in found
    assert "Минск" in found
    capsys.readouterr()
    assert main([*learn, "--out", str(tmp_path / "x"), "--set", "romanize=1"]) == 2
    assert "romanize is '1'. Choose one of auto, yes, no." in capsys.readouterr().err
