"""An encoder with fewer pieces and layers: the words of the text keep their pieces and their vectors."""

from __future__ import annotations

import json

import numpy as np
import pytest

from crosspan.cli.main import main
from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError
from crosspan.models.encoder import Encoder
from crosspan.models.loading import load_config, load_tokenizer
from crosspan.train.pretrain.trimming import trim

pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.testing.tiny_models import corpus_lines, save_mbert, save_mt5, save_nllb, save_xlmr  # noqa: E402

TEXT = [line.split() for line in corpus_lines()[:12]]


@pytest.fixture(params=[save_mbert, save_xlmr, save_mt5])
def encoder(request, tmp_path):
    return request.param(tmp_path / "encoder", layers=2, positions=128)


def named(folder, words):
    tokenizer = load_tokenizer(folder)
    return [tokenizer.convert_ids_to_tokens(one.ids.tolist()) for one in Encoder(folder).pieces(words, "keep")]


def test_words_of_the_text_are_as_before(encoder, tmp_path):
    report = trim(encoder, TEXT, tmp_path / "small", letters=False)
    assert report.pieces[1] < 0.7 * report.pieces[0]
    assert report.parameters[1] < report.parameters[0]
    assert named(tmp_path / "small", TEXT) == named(encoder, TEXT)
    before, after = (Encoder(folder) for folder in (encoder, tmp_path / "small"))
    for one, other in zip(before.vectors(before.pieces(TEXT)), after.vectors(after.pieces(TEXT)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    old, new = load_tokenizer(encoder), load_tokenizer(tmp_path / "small")
    assert new.special_tokens_map == old.special_tokens_map
    whole = [one.convert_ids_to_tokens(one(TEXT[0], is_split_into_words=True)["input_ids"]) for one in (old, new)]
    assert whole[0] == whole[1]  # with the special pieces around them
    assert load_config(tmp_path / "small").vocab_size == report.pieces[1]
    assert json.loads((tmp_path / "small" / "trimming.json").read_text())["words"] == report.words


def test_what_is_written_can_be_trained_on(encoder, tmp_path):
    """All its weights are there: those that guess pieces or write, too."""
    trim(encoder, TEXT, tmp_path / "small")
    config = load_config(encoder)
    kind = getattr(transformers, config.architectures[0])
    whole, small = (kind.from_pretrained(folder).eval() for folder in (encoder, tmp_path / "small"))
    head = small.get_output_embeddings()
    assert (
        head.weight.shape[0] == small.get_input_embeddings().weight.shape[0] == len(load_tokenizer(tmp_path / "small"))
    )
    if config.tie_word_embeddings and not config.is_encoder_decoder:
        assert head.weight.data_ptr() == small.get_input_embeddings().weight.data_ptr()
    torch = pytest.importorskip("torch")
    old, new = load_tokenizer(encoder), load_tokenizer(tmp_path / "small")
    words = TEXT[0][:5]
    logits = []
    for tokenizer, model in ((old, whole), (new, small)):
        ids = torch.tensor([tokenizer(words, is_split_into_words=True)["input_ids"]])
        more = {"decoder_input_ids": torch.zeros_like(ids[:, :1])} if config.is_encoder_decoder else {}
        with torch.no_grad():
            logits.append(model(input_ids=ids, **more).logits[0])
    kept = [old.convert_tokens_to_ids(piece) for piece in new.convert_ids_to_tokens(range(len(new)))]
    torch.testing.assert_close(logits[1], logits[0][:, kept])


def test_letters_and_layers(encoder, tmp_path):
    with_letters = trim(encoder, TEXT[:1], tmp_path / "letters", layers=1)
    without = trim(encoder, TEXT[:1], tmp_path / "none", letters=False)
    assert with_letters.pieces[1] > without.pieces[1]
    assert with_letters.layers == (2, 1)
    config = load_config(tmp_path / "letters")
    assert config.num_hidden_layers == 1
    unknown = load_tokenizer(encoder).unk_token
    spelled = named(tmp_path / "letters", [("zebra",)])[0]
    assert (unknown in spelled) <= (unknown in named(encoder, [("zebra",)])[0])


def test_what_cannot_be(encoder, tmp_path):
    with pytest.raises(EmptyInputError, match="no text to keep pieces for"):
        trim(encoder, [()], tmp_path / "m")
    with pytest.raises(OptionError, match="layers is 3"):
        trim(encoder, TEXT, tmp_path / "m", layers=3)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(OutputError):
        trim(encoder, TEXT, tmp_path / "full")
    with pytest.raises(ModelError):
        trim(save_nllb(tmp_path / "bpe"), TEXT, tmp_path / "m")


def test_on_the_command_line(encoder, tmp_path, capsys):
    (tmp_path / "text.txt").write_text("\n".join(" ".join(words) for words in TEXT) + "\n", encoding="utf-8")
    asked = ["trim", str(tmp_path / "text.txt"), "--encoder", str(encoder), "--layers", "1"]
    assert main([*asked, "--out", str(tmp_path / "small"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layers"] == [2, 1]
    assert main([*asked, "--out", str(tmp_path / "small")]) == 1
    assert "there is a trained model already" in capsys.readouterr().err
