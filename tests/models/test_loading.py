from __future__ import annotations

import json
import shutil

import pytest

pytest.importorskip("torch")

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.models import loading
from crosspan.models.device import Placement, device_of, dtype_of
from crosspan.models.loading import check_fit, load_config, load_model, load_tokenizer, neural


@pytest.fixture
def copy(models, tmp_path):
    """A copy of a tiny model, to be damaged."""

    def make(name="xlmr"):
        return shutil.copytree(models[name], tmp_path / name)

    return make


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def test_a_whole_folder(models):
    tokenizer, model = load_tokenizer(models["xlmr"]), load_model(models["xlmr"], placement=Placement(device="cpu"))
    check_fit(tokenizer, model, "xlmr")
    assert load_config(models["xlmr"]).model_type == "xlm-roberta"
    assert not model.training
    assert str(model.dtype) == "torch.float32"


def test_precision(models):
    model = load_model(models["xlmr"], placement=Placement(device="cpu", dtype="bfloat16"))
    assert str(model.dtype) == "torch.bfloat16"


def test_missing_packages(monkeypatch):
    with pytest.raises(MissingDependencyError, match="this aligner needs the package no_such_package") as caught:
        neural("this aligner", "no_such_package")
    assert "pip install 'crosspan[neural]'" in caught.value.hint
    with pytest.raises(MissingDependencyError) as caught:
        neural("the translator", "no_such.inner", "ctranslate2")
    assert "no_such;" not in str(caught.value)
    assert "crosspan[ctranslate2]" in caught.value.hint


@pytest.mark.parametrize("load", [load_config, load_tokenizer, load_model])
def test_no_such_folder(load, tmp_path):
    with pytest.raises(ModelError, match="there is no such folder"):
        load(tmp_path / "none")


@pytest.mark.parametrize("load", [load_config, load_tokenizer, load_model])
def test_a_name_that_is_not_at_hand(load, no_network):
    with pytest.raises(ModelError, match="the model is not at hand") as caught:
        load("nobody/no-such-model")
    assert "folder" in caught.value.hint


def test_no_config(copy):
    (folder := copy()).joinpath("config.json").unlink()
    with pytest.raises(ModelError, match=r"holds no config\.json"):
        load_config(folder)


def test_a_broken_config(copy):
    (folder := copy()).joinpath("config.json").write_text("{")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_config(folder)


def test_a_kind_of_model_that_is_not_known(copy):
    (folder := copy()).joinpath("config.json").write_text('{"model_type": "no-such-type"}')
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_config(folder)


def test_code_of_its_own_is_never_run(copy, tmp_path):
    folder = copy()
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Own", "AutoModel": "own.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ModelError, match="code of its own, which crosspan never runs"):
        load_config(folder)
    config |= {"model_type": "xlm-roberta"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="code of its own, which crosspan never runs"):
        load_model(folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "tf_model.h5"])
def test_pickled_weights(copy, name):
    folder = copy()
    (folder / "model.safetensors").rename(folder / name)
    with pytest.raises(ModelError, match="a format that can run code when it is read") as caught:
        load_model(folder)
    assert name in str(caught.value)
    assert "save_pretrained" in caught.value.hint


def test_no_weights(copy):
    (folder := copy()).joinpath("model.safetensors").unlink()
    with pytest.raises(ModelError, match="holds no weights"):
        load_model(folder)


@pytest.mark.parametrize("keep", [0, 7, 1000])
def test_damaged_weights(copy, keep):
    weights = copy() / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:keep])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(weights.parent)


def test_a_model_without_what_the_task_needs(models):
    with pytest.raises(ModelError, match=r"lacks weights that AutoModelForTokenClassification needs.*classifier"):
        load_model(models["xlmr"], "AutoModelForTokenClassification")


def test_what_may_be_missing(models):
    model = load_model(models["xlmr"], "AutoModelForTokenClassification", may_miss=("pooler", "classifier"))
    assert model.config.model_type == "xlm-roberta"


def test_a_tokenizer_without_vocabulary(tmp_path):
    import transformers

    transformers.XLMRobertaTokenizer().save_pretrained(tmp_path)
    shutil.copy(tmp_path / "tokenizer_config.json", tmp_path / "config.json")
    with pytest.raises(ModelError, match="no vocabulary, only special tokens"):
        load_tokenizer(tmp_path)


def test_a_tokenizer_of_another_model(models):
    with pytest.raises(ModelError, match="the model knows only") as caught:
        check_fit(load_tokenizer(models["nllb"]), load_model(models["mbert"]), "mixed")
    assert "do not belong together" in caught.value.hint


def test_memory_that_is_too_small_for_the_model(models, monkeypatch):
    torch = pytest.importorskip("torch")
    import transformers

    def fail(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(transformers.AutoModel, "from_pretrained", fail)
    with pytest.raises(ModelError, match="memory is too small for the model") as caught:
        load_model(models["mbert"])
    assert "smaller" in caught.value.hint


def test_placement():
    with pytest.raises(OptionError, match="dtype is 'float8'"):
        Placement(dtype="float8")
    with pytest.raises(OptionError, match="there is no device 'cuda:99'") as caught:
        device_of(Placement(device="cuda:99"))
    assert "This machine has cpu" in caught.value.hint
    with pytest.raises(OptionError, match="there is no device 'gpu'"):
        device_of(Placement(device="gpu"))
    cpu = device_of(Placement(device="cpu"))
    assert str(cpu) == "cpu"
    assert str(dtype_of(Placement(), cpu)) == "torch.float32"


def test_nothing_is_shown_while_a_model_loads(models, capfd):
    load_model(models["tagger"], "AutoModelForTokenClassification")
    assert capfd.readouterr() == ("", "")


def test_pickles_are_named(monkeypatch):
    assert {".bin", ".pt", ".h5"} <= set(loading.PICKLED)
