from __future__ import annotations

import math

import pytest

from crosspan.core.errors import EmptyInputError, OptionError, OutputError
from crosspan.models.loading import load_config, load_model, load_tokenizer
from crosspan.train.pretrain.scratch import Shape, config_of, learned_pieces, new_encoder

TINY = {"layers": 2, "width": 16, "heads": 2, "vocabulary": 200, "longest": 32}


@pytest.mark.parametrize(
    ("family", "architecture"), [("roberta", "AutoModelForMaskedLM"), ("t5", "AutoModelForSeq2SeqLM")]
)
def test_a_new_encoder_is_a_model_of_its_kind(lines, tmp_path, family, architecture):
    pytest.importorskip("sentencepiece")
    folder = new_encoder(lines, Shape(family=family, **TINY), tmp_path / "m")
    model, tokenizer = load_model(folder, architecture), load_tokenizer(folder)
    assert model.config.num_hidden_layers == 2
    assert model.get_input_embeddings().weight.shape == (len(tokenizer), 16)
    assert tokenizer.unk_token_id not in tokenizer("Accra")["input_ids"]
    pieces = tokenizer.convert_ids_to_tokens(tokenizer(lines[0], add_special_tokens=False)["input_ids"])
    assert "".join(pieces).replace("▁", "") == lines[0].replace(" ", "")
    # it can be fine-tuned to label words
    load_model(folder, "AutoModelForTokenClassification", new_head=True, num_labels=3)


def test_the_first_loss_of_a_t5_is_that_of_chance(lines, tmp_path):
    torch = pytest.importorskip("torch")
    folder = new_encoder(lines, Shape(family="t5", **TINY), tmp_path / "m")
    model, tokenizer = load_model(folder, "AutoModelForSeq2SeqLM"), load_tokenizer(folder)
    ids = torch.tensor([tokenizer(lines[0])["input_ids"]])
    with torch.no_grad():
        assert float(model(input_ids=ids, labels=ids).loss) < 1.5 * math.log(len(tokenizer))


@pytest.mark.parametrize("family", ["roberta", "t5"])
def test_the_same_text_gives_the_same_files(lines, tmp_path, family):
    pytest.importorskip("sentencepiece")
    made = [new_encoder(lines, Shape(family=family, **TINY), tmp_path / name, seed=3) for name in "ab"]
    files = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in made]
    assert files[0] == files[1]
    other = new_encoder(lines, Shape(family=family, **TINY), tmp_path / "c", seed=4)
    assert (other / "tokenizer.json").read_bytes() == files[0]["tokenizer.json"]
    assert (other / "model.safetensors").read_bytes() != files[0]["model.safetensors"]


def test_pieces_have_probabilities(lines):
    pytest.importorskip("sentencepiece")
    pieces = learned_pieces(lines, 200)
    assert len({piece for piece, _ in pieces}) == len(pieces) == 199  # all but the unknown one
    assert all(score <= 0 for _, score in pieces)


def test_faults(lines, tmp_path):
    pytest.importorskip("sentencepiece")
    with pytest.raises(EmptyInputError, match="no text"):
        new_encoder(["", " "], Shape(**TINY), tmp_path / "m")
    with pytest.raises(OptionError, match="does not give 90000 pieces"):
        new_encoder(lines, Shape(**{**TINY, "vocabulary": 90_000}), tmp_path / "m")
    assert not (tmp_path / "m").exists()
    new_encoder(lines, Shape(**TINY), tmp_path / "m")
    with pytest.raises(OutputError, match="trained model already"):
        new_encoder(lines, Shape(**TINY), tmp_path / "m")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"family": "gpt"}, "family is 'gpt'"),
        ({"layers": 0}, "layers is 0"),
        ({"width": 30, "heads": 4}, "4 heads do not divide"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"feed_forward": -1}, "feed_forward is -1"),
    ],
)
def test_shapes_that_cannot_be(given, message):
    with pytest.raises(OptionError, match=message):
        Shape(**given)


@pytest.mark.parametrize("family", ["roberta", "t5"])
def test_the_configuration_is_known_before_the_encoder_is_made(lines, tmp_path, family):
    shape = Shape(family=family, **TINY)
    made = load_config(new_encoder(lines, shape, tmp_path / "m")).to_dict()
    told = config_of(shape).to_dict()
    aside = ("architectures", "dtype", "_name_or_path", "transformers_version")
    assert {**made, **dict.fromkeys(aside)} == {**told, **dict.fromkeys(aside)}
