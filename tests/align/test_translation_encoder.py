"""Encoders of translation models as aligners, and adapters."""

from __future__ import annotations

import json

import numpy as np
import pytest

from crosspan.align import make_aligner
from crosspan.align.lora import merge_adapter
from crosspan.core.errors import ModelError, OptionError

LANGUAGES = {"source_lang": "English", "target_lang": "de"}


def test_each_side_has_its_language(tiny, sentences):
    aligner = make_aligner("transalign", model=tiny("nllb"), threads=1, **LANGUAGES)
    found = aligner.align_tokens(sentences[:5])
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny("nllb"))
    encoder = AutoModelForSeq2SeqLM.from_pretrained(tiny("nllb")).get_encoder()
    source, target = sentences[0]
    vectors, words = [], []
    for code, side in (("eng_Latn", source), ("deu_Latn", target)):
        tokenizer.src_lang = code
        pieces = tokenizer(list(side), is_split_into_words=True, return_tensors="pt")
        assert tokenizer.convert_ids_to_tokens(pieces["input_ids"][0])[0] == code
        with torch.no_grad():
            vectors.append(encoder(**pieces).last_hidden_state[0, 1:-1].numpy())
        words.append(pieces.word_ids()[1:-1])
    scores = vectors[0] @ vectors[1].T
    forward = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    backward = np.exp(scores) / np.exp(scores).sum(axis=0, keepdims=True)
    linked = np.argwhere((forward > 0.001) & (backward > 0.001))
    expected = sorted({(words[0][i], words[1][j]) for i, j in linked})
    assert list(zip(found[0].source.tolist(), found[0].target.tolist(), strict=True)) == expected


def test_languages_are_needed_and_known(tiny):
    with pytest.raises(OptionError, match="must be told the languages"):
        make_aligner("transalign", model=tiny("nllb")).fit_tokens([])
    with pytest.raises(OptionError, match="not a language that is known"):
        make_aligner("transalign", model=tiny("nllb"), source_lang="Elvish of old", target_lang="de").fit_tokens([])


def test_models_without_codes_need_no_languages(tiny, sentences):
    found = make_aligner("transalign", model=tiny("mt5"), threads=1).align_tokens(sentences[:3])
    assert all(map(len, found))


def test_tokenizers_that_do_not_tell_words(tiny):
    with pytest.raises(ModelError, match="does not say which word"):
        make_aligner("transalign", model=tiny("m2m100"), threads=1, **LANGUAGES).align_tokens([(["a"], ["b"])])


@pytest.fixture(scope="module")
def adapter(tiny, tmp_path_factory):
    """A random adapter of the whole model, saved by peft, and the merged model's last vectors."""
    peft = pytest.importorskip("peft")
    import torch
    from transformers import AutoModelForSeq2SeqLM

    folder = tmp_path_factory.mktemp("adapter")
    torch.manual_seed(0)
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny("nllb"))
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "v_proj", "fc1"], init_lora_weights=False)
    tuned = peft.get_peft_model(model, config)
    tuned.save_pretrained(folder)
    merged = tmp_path_factory.mktemp("merged")
    whole = tuned.merge_and_unload()
    whole.save_pretrained(merged)
    from transformers import AutoTokenizer

    AutoTokenizer.from_pretrained(tiny("nllb")).save_pretrained(merged)
    return folder, merged


def test_adapter_as_peft_merges_it(tiny, adapter, sentences):
    folder, merged = adapter
    plain = make_aligner("transalign", model=tiny("nllb"), threads=1, **LANGUAGES).align_tokens(sentences[:5])
    ours = make_aligner("transalign", model=tiny("nllb"), adapter=str(folder), threads=1, **LANGUAGES)
    theirs = make_aligner("transalign", model=str(merged), threads=1, **LANGUAGES)
    found, expected = ours.align_tokens(sentences[:5]), theirs.align_tokens(sentences[:5])
    assert found != plain
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.source, other.source)
        assert np.allclose(one.prob, other.prob, atol=1e-4)


def test_layers_that_are_cut_off_are_passed_over(tiny, adapter):
    aligner = make_aligner("transalign", model=tiny("nllb"), layer=1, threads=1, **LANGUAGES)
    assert merge_adapter(aligner.encoder.model, adapter[0]) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "of the kind PREFIX_TUNING"),
        ({"use_dora": True}, "uses use_dora"),
        ({"alpha_pattern": {"q_proj": 3}}, "uses alpha_pattern"),
    ],
)
def test_other_kinds_of_adapter(adapter, tmp_path, change, message):
    source = adapter[0]
    config = json.loads((source / "adapter_config.json").read_text())
    (tmp_path / "adapter_config.json").write_text(json.dumps({**config, **change}))
    (tmp_path / "adapter_model.safetensors").write_bytes((source / "adapter_model.safetensors").read_bytes())
    with pytest.raises(ModelError, match=message):
        merge_adapter(pytest.importorskip("torch").nn.Linear(2, 2), tmp_path)


def test_adapter_of_another_model(tiny, adapter, tmp_path):
    with pytest.raises(ModelError, match="does not fit"):
        make_aligner("transalign", model=tiny("nllb", width=48), adapter=str(adapter[0]), **LANGUAGES).fit_tokens([])
    with pytest.raises(ModelError, match="fits no layer"):
        merge_adapter(pytest.importorskip("torch").nn.Linear(2, 2), adapter[0])
    with pytest.raises(ModelError, match="no LoRA adapter that can be read"):
        merge_adapter(None, tmp_path)
