from __future__ import annotations

import hashlib
import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
ctranslate2 = pytest.importorskip("ctranslate2")

from crosspan.core import digests  # noqa: E402
from crosspan.core.errors import MissingDependencyError, ModelError, OptionError, OutputError, UnavailableError  # noqa: E402
from crosspan.models.batching import SmallerBatch  # noqa: E402
from crosspan.translate import Translation, conversion, make_translator  # noqa: E402
from crosspan.translate.conversion import content_key, converted  # noqa: E402
from crosspan.translate.ctranslate2 import CTranslate2Options, CTranslate2Translator  # noqa: E402
from crosspan.translate.transformers import TransformersTranslator  # noqa: E402

NAMES = ("nllb", "m2m100", "marian", "marian-many", "mt5", "madlad")
LANGUAGES = {"source": "English", "target": "Spanish"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def pairs(tiny, cache):
    """Each model by both backends, in full precision."""
    return {
        name: (
            TransformersTranslator(tiny[name], device="cpu", max_ratio=1.0),
            CTranslate2Translator(tiny[name], device="cpu", dtype="float32", max_ratio=1.0, cache=cache, threads=1),
        )
        for name in NAMES
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_same_as_transformers_step_by_step(pairs, texts, name):
    one, other = (translator.varied(beams=1).translate(texts, **LANGUAGES) for translator in pairs[name])
    assert [translation.text for translation in one] == [translation.text for translation in other]
    assert [translation.problem for translation in one] == [translation.problem for translation in other]
    for first, second in zip(one, other, strict=True):
        assert first.score == pytest.approx(second.score, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_search(pairs, texts, name):
    """NLLB and M2M100 differ at times: transformers counts the code of the language when it compares lengths."""
    one, other = (translator.varied(beams=3).translate(texts, **LANGUAGES) for translator in pairs[name])
    same = [first.text == second.text for first, second in zip(one, other, strict=True)]
    assert np.mean(same) >= (0.8 if name in ("nllb", "m2m100") else 1.0)
    for first, second, equal in zip(one, other, same, strict=True):
        assert not equal or first.score == pytest.approx(second.score, abs=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_probabilities(pairs, texts, name):
    one, other = (translator.score(texts[:6], texts[6:], source="en", target="es") for translator in pairs[name])
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.5])
def test_the_mean_whatever_the_length_counts(pairs, texts, penalty):
    """The score of a search is turned into the mean log probability, whatever it was divided by."""
    one, other = (translator.varied(beams=2, length_penalty=penalty) for translator in pairs["madlad"])
    for first, second in zip(one.translate(texts, **LANGUAGES), other.translate(texts, **LANGUAGES), strict=True):
        if first.text == second.text:
            assert first.score == pytest.approx(second.score, abs=1e-4)


def test_batches_make_no_difference(pairs, texts):
    translator = pairs["m2m100"][1]
    mixed = [texts[0], "", "  ", *texts[1:5]]
    one, other = (translator.varied(budget=budget).translate(mixed, **LANGUAGES) for budget in (1, 4096))
    assert [translation.text for translation in one] == [translation.text for translation in other]
    assert one[1] == one[2] == Translation("")


def test_long_texts_are_not_cut_off(pairs):
    seen = []
    found = pairs["nllb"][1].translate(["Ada " * 200, "Ada"], **LANGUAGES, advance=lambda *done: seen.append(done))
    assert (found[0].text, found[1].text != "") == ("", True)
    assert found[0].problem.startswith("the text is too long for the model: ")
    assert seen == [(2, 2)]


def test_eight_bits_on_a_cpu(tiny, cache, texts):
    if "int8" not in ctranslate2.get_supported_compute_types("cpu"):
        pytest.skip("this processor does not work with 8 bits")
    translator = CTranslate2Translator(tiny["marian"], device="cpu", cache=cache)
    assert "-int8-" in translator.folder.name
    assert all(one.text for one in translator.translate(texts[:2], **LANGUAGES))


def test_a_model_is_converted_once(tiny, tmp_path, monkeypatch):
    first = converted(str(tiny["marian"]), "float32", tmp_path)

    def fail(*_):
        raise AssertionError("converted again")

    monkeypatch.setattr(conversion, "_convert", fail)
    assert converted(str(tiny["marian"]), "float32", tmp_path) == first
    assert converted(str(first), "int8", tmp_path) == first  # one that is converted stays as it is
    with pytest.raises(AssertionError, match="converted again"):
        converted(str(tiny["marian"]), "int8", tmp_path)


def test_another_content_is_another_model(tiny, tmp_path):
    folder = shutil.copytree(tiny["marian"], tmp_path / "model")
    keys = [content_key(str(folder), None)]
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    keys.append(content_key(str(folder), None))
    weights.rename(folder / "other.safetensors")
    keys.append(content_key(str(folder), None))
    assert len(set(keys)) == 3
    assert content_key(str(folder), None) == keys[2]
    same = shutil.copytree(folder, tmp_path / "elsewhere")
    assert content_key(str(same), None) == keys[2]


def test_hashes_are_remembered(tiny, tmp_path, monkeypatch):
    folder = shutil.copytree(tiny["marian"], tmp_path / "model")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(digests, "_SETTLED", -1)  # what has just changed is not remembered
    key = content_key(str(folder), None)

    def fail(*_):
        raise AssertionError("read again")

    monkeypatch.setattr(hashlib, "file_digest", fail)
    assert content_key(str(folder), None) == key
    next((tmp_path / "crosspan" / "seen").iterdir()).write_text("{")
    with pytest.raises(AssertionError, match="read again"):
        content_key(str(folder), None)


def test_pytorch_keeps_its_threads(tiny, cache):
    import torch

    before = torch.get_num_threads()
    CTranslate2Translator(tiny["marian"], device="cpu", dtype="float32", cache=cache, threads=before + 1)
    assert torch.get_num_threads() == before


def test_nothing_half_made_is_left(tiny, tmp_path, monkeypatch):
    def fail(self, folder, **_):
        conversion.Path(folder).mkdir()
        (conversion.Path(folder) / "model.bin").write_bytes(b"half")
        raise RuntimeError("no space left on device\nmore")

    monkeypatch.setattr(ctranslate2.converters.TransformersConverter, "convert", fail)
    with pytest.raises(ModelError, match=r"cannot convert the model \(no space left on device\)") as caught:
        converted(str(tiny["marian"]), "float32", tmp_path)
    assert "transformers" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == []


def test_a_cache_that_cannot_be_written(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be kept here") as caught:
        converted(str(tiny["marian"]), "float32", tmp_path / "file")
    assert "cache" in caught.value.hint


def test_a_folder_that_was_converted_elsewhere(tiny, cache, tmp_path, texts):
    own = CTranslate2Translator(tiny["nllb"], dtype="float32", device="cpu", cache=cache)
    folder = shutil.copytree(own.folder, tmp_path / "converted", ignore=shutil.ignore_patterns("tokenizer"))
    (folder / "crosspan.json").unlink()
    with pytest.raises(ModelError, match="comes without a tokenizer") as caught:
        CTranslate2Translator(folder, dtype="float32", device="cpu")
    assert "option tokenizer" in caught.value.hint
    named = CTranslate2Translator(folder, dtype="float32", device="cpu", tokenizer=str(tiny["nllb"]))
    assert named.longest == 128
    for path in (own.folder / "tokenizer").iterdir():
        shutil.copy(path, folder)
    beside = CTranslate2Translator(folder, dtype="float32", device="cpu")
    expected = own.translate(texts[:3], **LANGUAGES)
    assert named.translate(texts[:3], **LANGUAGES) == beside.translate(texts[:3], **LANGUAGES) == expected


def test_a_damaged_model(tiny, cache, tmp_path):
    own = CTranslate2Translator(tiny["marian"], dtype="float32", device="cpu", cache=cache)
    folder = shutil.copytree(own.folder, tmp_path / "damaged")
    (folder / "model.bin").write_bytes((folder / "model.bin").read_bytes()[:500])
    with pytest.raises(ModelError, match="CTranslate2 cannot load the model") as caught:
        CTranslate2Translator(folder, dtype="float32", device="cpu")
    assert "Remove that folder" in caught.value.hint


@pytest.mark.parametrize("tied", [True, False])
def test_t5_with_and_without_scaled_outputs(tmp_path, texts, tied):
    """Since transformers 5, tie_word_embeddings says nothing about scaling; a converter that asks it is wrong."""
    import transformers

    from crosspan.testing.tiny_models import save_madlad

    folder = save_madlad(tmp_path / "t5")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    config = json.loads((folder / "config.json").read_text())
    for key in ("tie_word_embeddings", "scale_decoder_outputs"):
        config.pop(key, None)
    config = transformers.T5Config(**config, tie_word_embeddings=tied)
    assert config.scale_decoder_outputs is tied
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    one = TransformersTranslator(folder, device="cpu")
    other = CTranslate2Translator(folder, device="cpu", dtype="float32", cache=str(tmp_path / "cache"))
    arguments = (texts[:3], texts[3:6])
    np.testing.assert_allclose(
        one.score(*arguments, source="en", target="es"), other.score(*arguments, source="en", target="es"), atol=1e-3
    )


def test_kinds_of_models_that_are_not_converted(tmp_path, tiny):
    from crosspan.testing.tiny_models import save_mbert

    with pytest.raises(ModelError):
        make_translator("ctranslate2", save_mbert(tmp_path / "bert"), cache=str(tmp_path / "cache"))
    folder = shutil.copytree(tiny["marian"], tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="a format that can run code"):
        make_translator("ctranslate2", folder, cache=str(tmp_path / "cache"))
    with pytest.raises(ModelError, match="there is no such folder"):
        make_translator("ctranslate2", tmp_path / "none", cache=str(tmp_path / "cache"))
    with pytest.raises(OptionError, match="no model is named"):
        make_translator("ctranslate2")


def test_devices_and_precisions(tiny):
    for device in ("cuda:7", "tpu"):
        with pytest.raises(OptionError, match=f"CTranslate2 finds no device '{device}'"):
            CTranslate2Translator(tiny["marian"], device=device)
    with pytest.raises(OptionError, match="dtype is 'int4'"):
        CTranslate2Options(dtype="int4")
    able = ctranslate2.get_supported_compute_types("cpu")
    if "float16" not in able:
        with pytest.raises(OptionError, match="cpu does not work with float16"):
            CTranslate2Translator(tiny["marian"], device="cpu", dtype="float16")


def test_the_package_is_missing(tiny, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    with pytest.raises(
        MissingDependencyError, match="the translator ctranslate2 needs the package ctranslate2"
    ) as caught:
        make_translator("ctranslate2", tiny["marian"])
    assert "crosspan[ctranslate2]" in caught.value.hint


class Failing:
    """CTranslate2's translator with a fault."""

    def __init__(self, inner, message, most=0):
        self.inner, self.message, self.most = inner, message, most

    def translate_batch(self, source, *rest, **options):
        if len(source) > self.most:
            raise RuntimeError(self.message)
        return self.inner.translate_batch(source, *rest, **options)


def test_memory_that_runs_out(pairs, texts):
    translator = pairs["m2m100"][1].varied(beams=1)
    expected = translator.translate(texts[:4], **LANGUAGES)
    translator.network = Failing(translator.network, "CUDA failed with error out of memory", most=1)
    with pytest.warns(SmallerBatch, match="memory ran out"):
        found = translator.translate(texts[:4], **LANGUAGES)
    assert [one.text for one in found] == [one.text for one in expected]


def test_a_device_that_vanishes(pairs, texts):
    translator = pairs["m2m100"][1].varied(beams=1)
    translator.network = Failing(translator.network, "CUDA failed with error unspecified launch failure")
    with pytest.raises(UnavailableError, match="the device failed"):
        translator.translate(texts[:2], **LANGUAGES)


def test_unknown_languages(pairs):
    with pytest.raises(OptionError, match=r"does not know Klingon"):
        pairs["nllb"][1].translate(["a"], source="en", target="Klingon")
    with pytest.raises(OptionError, match="there are 1 sources and 2 targets"):
        pairs["nllb"][1].score(["a"], ["b", "c"], source="en", target="es")
    with pytest.raises(OptionError, match="cache cannot change once a model is loaded"):
        pairs["nllb"][1].varied(cache="x")
