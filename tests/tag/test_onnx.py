"""Taggers in ONNX: what is exported gives the probabilities of the model in PyTorch, in every shape and encoder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import crosspan
from crosspan.core.errors import EmptyInputError, MissingDependencyError, ModelError, OptionError, OutputError
from crosspan.core.types import Sentence
from crosspan.tag import load_tagger

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from crosspan.demo import load_corpus  # noqa: E402
from crosspan.tag import onnx_export  # noqa: E402
from crosspan.tag.onnx import OnnxTagger  # noqa: E402
from crosspan.tag.onnx_export import export_onnx  # noqa: E402
from crosspan.tag.transformers import TransformersTagger  # noqa: E402
from crosspan.testing.tiny_models import save_mbert, save_mt5, save_tagger, save_xlmr  # noqa: E402

torch.set_num_threads(1)

TAGS = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}


def samples():
    return load_corpus("de")[:6]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tagger(tmp_path_factory.mktemp("models") / "xlmr")


@pytest.fixture(scope="module")
def exported(folder):
    export_onnx(folder, folder.with_name("exported"), samples(), threads=1)
    return folder.with_name("exported")


def save_classifier(folder, kind):
    """Encoders of each kind with a layer of random tags, and the tokenizer that they have in the field."""
    source = {"bert": save_mbert, "mt5": save_mt5}.get(kind, save_xlmr)(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    id2label = dict(enumerate(TAGS))
    names = {"id2label": id2label, "label2id": {tag: n for n, tag in id2label.items()}}
    common = {"vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id, **SHAPE, **names}
    torch.manual_seed(0)
    if kind == "mt5":
        config = transformers.AutoConfig.from_pretrained(source, **names)
    elif kind == "mdeberta":  # as microsoft/mdeberta-v3-base, but for its sizes
        config = transformers.DebertaV2Config(
            max_position_embeddings=64, relative_attention=True, pos_att_type=["p2c", "c2p"], position_buckets=16,
            share_att_key=True, norm_rel_ebd="layer_norm", position_biased_input=False, type_vocab_size=0, **common,
        )  # fmt: skip
    elif kind == "modernbert":  # of four layers two look at neighbours only
        config = transformers.ModernBertConfig(
            **{**common, "num_hidden_layers": 4}, max_position_embeddings=64, local_attention=16,
            global_attn_every_n_layers=2, bos_token_id=0, cls_token_id=0, eos_token_id=2, sep_token_id=2,
        )  # fmt: skip
    else:
        made = {"bert": transformers.BertConfig, "xlmr": transformers.XLMRobertaConfig}[kind]
        config = made(max_position_embeddings=66, **common)
    for weights in source.glob("*.safetensors"):
        weights.unlink()
    model = transformers.AutoModelForTokenClassification.from_config(config)
    with torch.no_grad():  # random tags are all about as likely: let them differ
        model.classifier.weight.mul_(20)
    model.eval().save_pretrained(source)
    return source


# --- the same probabilities ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["xlmr", "bert", "mdeberta", "mt5", "modernbert"])
def test_every_kind_of_encoder(tmp_path, kind):
    source = save_classifier(tmp_path / kind, kind)
    report = export_onnx(source, tmp_path / "onnx", samples(), threads=1)
    assert report.largest < 1e-4
    assert report.same_tags == 1.0
    ours = TransformersTagger(source, threads=1, device="cpu", dtype="float32")
    theirs = load_tagger(f"onnx:{tmp_path / 'onnx'}", threads=1)
    assert (theirs.labels, theirs.tags) == (ours.labels, ours.tags)
    # one word, none, and more than is read at once; sentences that were not compared before
    long = Sentence(tuple(word for one in load_corpus("es")[:12] for word in one.tokens))
    sentences = [*load_corpus("sw")[:8], Sentence(("Accra",)), Sentence(()), long]
    for left, right in zip(ours.probabilities(sentences), theirs.probabilities(sentences), strict=True):
        assert left.shape == right.shape
        np.testing.assert_allclose(left, right, atol=1e-4)
    for left, right in zip(ours.tag(sentences), theirs.tag(sentences), strict=True):
        assert [(s.start, s.end, s.label) for s in left.spans] == [(s.start, s.end, s.label) for s in right.spans]


@pytest.mark.parametrize("words", ["first", "average", "max"])
def test_words_and_windows_are_those_of_the_model(folder, exported, words):
    how = {"words": words, "overlap": 5, "labels": "ORG=O,PER=person", "budget": 100}
    sentences = [Sentence(tuple(word for one in load_corpus("de")[:15] for word in one.tokens)), *samples()]
    ours = TransformersTagger(folder, threads=1, device="cpu", dtype="float32", **how)
    theirs = OnnxTagger(exported, threads=1, **how)
    assert theirs.labels == ("LOC", "person")
    for left, right in zip(ours.probabilities(sentences), theirs.probabilities(sentences), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


def test_int8_is_small_and_near(folder, exported, tmp_path):
    report = export_onnx(folder, tmp_path / "q", samples(), int8=True, threads=1)
    assert 0.0 < report.mean <= report.largest < 0.05
    assert report.int8
    assert report.size == (tmp_path / "q" / "model.onnx").stat().st_size < (exported / "model.onnx").stat().st_size
    theirs = OnnxTagger(tmp_path / "q", threads=1).probabilities(samples())
    ours = TransformersTagger(folder, threads=1, dtype="float32").probabilities(samples())
    assert max(float(np.abs(a - b).max()) for a, b in zip(ours, theirs, strict=True)) <= report.largest + 1e-6


def test_what_is_in_the_folder(folder, exported, tmp_path):
    export_onnx(folder, tmp_path / "again", samples(), threads=1)
    names = {path.name for path in exported.iterdir()}
    assert {"README.md", "config.json", "export.json", "model.onnx", "tokenizer.json"} <= names
    assert not any("safetensors" in name or name.endswith(".tmp") for name in names)
    for name in names:
        assert (tmp_path / "again" / name).read_bytes() == (exported / name).read_bytes(), name
    record = json.loads((exported / "export.json").read_text(encoding="utf-8"))
    assert (record["model"], record["sentences"], record["tolerance"]) == ("xlmr", 7, 1e-3)
    assert len(record["weights"]["model.safetensors"]) == 64
    assert "`crosspan tag --tagger onnx:FOLDER` runs it without PyTorch" in (exported / "README.md").read_text()
    assert str(folder.parent) not in "".join(path.read_text() for path in exported.glob("*.json"))


def test_weights_above_two_gigabytes_lie_beside_the_model(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_export, "_LARGEST_FILE", 1000)
    report = export_onnx(folder, tmp_path / "m", samples(), threads=1)
    assert {path.name for path in (tmp_path / "m").glob("model.onnx*")} == {"model.onnx", "model.onnx.data"}
    assert report.largest < 1e-5
    assert report.size > (tmp_path / "m" / "model.onnx.data").stat().st_size > 100_000
    report = export_onnx(folder, tmp_path / "q", samples(), int8=True, threads=1)
    assert (tmp_path / "q" / "model.onnx.data").is_file()
    assert report.largest < 0.05


def test_it_runs_without_torch(exported, tmp_path):
    """In a process where PyTorch cannot be imported."""
    script = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from crosspan.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "assert sys.modules['torch'] is None\n"
        "sys.exit(code)\n"
    )
    (tmp_path / "in.txt").write_text("The mayor left London .\n", encoding="utf-8")
    words = ["tag", str(tmp_path / "in.txt"), "--tagger", f"onnx:{exported}", "--out", str(tmp_path / "out.jsonl")]
    done = subprocess.run(
        [sys.executable, "-c", script, *words, "--threads", "1"],
        env={**os.environ, "PYTHONPATH": str(Path(crosspan.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    expected = TransformersTagger(exported.with_name("xlmr"), dtype="float32").tag(
        [Sentence(("The", "mayor", "left", "London", "."))]
    )
    row = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8"))
    assert [(span["start"], span["end"], span["label"]) for span in row["spans"]] == [
        (s.start, s.end, s.label) for s in expected[0].spans
    ]


@pytest.mark.filterwarnings("ignore")  # of the exporter
def test_a_model_that_asks_for_kinds_of_pieces(tmp_path):
    """Other exporters keep that input of BERT; all of our pieces are of the first kind."""
    source = save_classifier(tmp_path / "bert", "bert")
    export_onnx(source, tmp_path / "onnx", samples(), threads=1)
    model = transformers.AutoModelForTokenClassification.from_pretrained(source).eval()

    class Tags(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, input_ids, attention_mask, token_type_ids):
            return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits

    names = ["input_ids", "attention_mask", "token_type_ids"]
    one = torch.ones((2, 8), dtype=torch.int64)
    axes = {name: {0: "a", 1: "b"} for name in (*names, "logits")}
    torch.onnx.export(
        Tags().eval(), (one, one, 0 * one), str(tmp_path / "onnx" / "model.onnx"), input_names=names,
        output_names=["logits"], dynamic_axes=axes, opset_version=17, dynamo=False,
    )  # fmt: skip
    ours = TransformersTagger(source, threads=1, dtype="float32").probabilities(samples())
    for left, right in zip(ours, OnnxTagger(tmp_path / "onnx", threads=1).probabilities(samples()), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-4)


# --- faults ----------------------------------------------------------------------------------------------------------


def test_an_export_that_differs_gets_no_name(folder, tmp_path, monkeypatch):
    real = onnx_export._write

    def wrong(tagger, place, int8):
        with torch.no_grad():
            tagger._model.classifier.bias[1] += 3
        real(tagger, place, int8)
        with torch.no_grad():
            tagger._model.classifier.bias[1] -= 3

    monkeypatch.setattr(onnx_export, "_write", wrong)
    with pytest.raises(ModelError, match=r"other probabilities.*they differ by up to 0\..*0\.001 is allowed"):
        export_onnx(folder, tmp_path / "m", samples(), threads=1)
    assert list(tmp_path.iterdir()) == []


def test_int8_that_differs_too_much(folder, tmp_path):
    with pytest.raises(ModelError, match=r"1e-09 is allowed\. .* of the words keep their tag\. Export it without int8"):
        export_onnx(folder, tmp_path / "m", samples(), int8=True, tolerance=1e-9, threads=1)
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_the_exporter_does_not_know(folder, tmp_path, monkeypatch):
    def fails(*arguments, **named):
        raise RuntimeError("Unsupported: an operator\nmore lines")

    monkeypatch.setattr(torch.onnx, "export", fails)
    with pytest.raises(ModelError, match=r"cannot be written as ONNX \(Unsupported: an operator\)\. Use it as it is"):
        export_onnx(folder, tmp_path / "m", samples(), threads=1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(folder, tmp_path, monkeypatch):
    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch.onnx, "export", full)
    with pytest.raises(OutputError, match=r"cannot be written \(No space left on device\)\. Make room"):
        export_onnx(folder, tmp_path / "m", samples(), threads=1)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported(folder, exported, tmp_path):
    with pytest.raises(OutputError, match="there is something already"):
        export_onnx(folder, exported, samples())
    with pytest.raises(EmptyInputError, match="no sentence to compare"):
        export_onnx(folder, tmp_path / "m", [Sentence(())])
    with pytest.raises(OptionError, match="tolerance is 2"):
        export_onnx(folder, tmp_path / "m", samples(), tolerance=2.0)
    with pytest.raises(ModelError, match="no such folder"):
        export_onnx("/no/such/model", tmp_path / "m", samples())
    save_xlmr(tmp_path / "plain")
    with pytest.raises(ModelError, match="does not say what its label LABEL_0 means"):
        export_onnx(tmp_path / "plain", tmp_path / "m", samples())
    assert not (tmp_path / "m").exists()


def copied(exported, place):
    shutil.copytree(exported, place)
    return place


def test_folders_that_are_damaged(folder, exported, tmp_path):
    with pytest.raises(OptionError, match="no model is named"):
        OnnxTagger("")
    with pytest.raises(ModelError, match=r"no such folder\. Make it with crosspan export"):
        OnnxTagger("/no/such/model")
    with pytest.raises(ModelError, match=r"holds no model\.onnx\. Make one: crosspan export"):
        OnnxTagger(folder)
    cut = copied(exported, tmp_path / "cut")
    (cut / "model.onnx").write_bytes((cut / "model.onnx").read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"model\.onnx cannot be loaded"):
        OnnxTagger(cut)
    other = copied(exported, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    config["id2label"] = {"0": "O", "1": "B-LOC", "2": "I-LOC"}
    config["label2id"] = {tag: int(n) for n, tag in config["id2label"].items()}
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"config\.json names 3 tags"):
        OnnxTagger(other)
    config = json.loads((exported / "config.json").read_text())
    (other / "config.json").write_text(json.dumps({**config, "vocab_size": 9}))
    with pytest.raises(ModelError, match="the model knows only 9 pieces"):
        OnnxTagger(other)
    with pytest.raises(OptionError, match="there is no setting 'device'"):
        OnnxTagger(exported, device="cuda")
    with pytest.raises(OptionError, match=f"Write onnx:{exported}"):
        load_tagger(exported)


def test_a_model_of_other_inputs(exported, tmp_path):
    onnx = pytest.importorskip("onnx")
    place = copied(exported, tmp_path / "x")
    model = onnx.load(place / "model.onnx")
    for node in model.graph.node:
        node.input[:] = ["pixels" if name == "attention_mask" else name for name in node.input]
    model.graph.input[1].name = "pixels"
    onnx.save(model, place / "model.onnx")
    with pytest.raises(ModelError, match="asks for input_ids, pixels"):
        OnnxTagger(place)


def test_numbers_that_are_none(exported, tmp_path):
    onnx = pytest.importorskip("onnx")
    place = copied(exported, tmp_path / "x")
    model = onnx.load(place / "model.onnx")
    for one in model.graph.initializer:
        if one.name.endswith("classifier.bias"):
            one.CopyFrom(onnx.numpy_helper.from_array(np.full(7, np.nan, np.float32), one.name))
    onnx.save(model, place / "model.onnx")
    with pytest.raises(ModelError, match=r"no numbers\. Its weights are damaged"):
        OnnxTagger(place).tag(samples())


def test_memory_that_runs_out_halves_the_batch(exported, monkeypatch):
    from crosspan.models.batching import SmallerBatch

    tagger = OnnxTagger(exported, threads=1)
    expected = tagger.probabilities(samples())
    session = tagger._session

    class Tight:
        def run(self, names, given):
            if len(given["input_ids"]) > 2:
                raise Exception("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : bad allocation")  # as it raises
            return session.run(names, given)

    monkeypatch.setattr(tagger, "_session", Tight())
    with pytest.warns(SmallerBatch, match="half as many"):
        found = tagger.probabilities(samples())
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)
    monkeypatch.setattr(tagger, "_session", object())
    with pytest.raises(ModelError, match="ONNX Runtime failed"):
        tagger.probabilities(samples())


@pytest.mark.parametrize("gone", ["onnx", "onnxruntime"])
def test_the_extra_is_missing(folder, tmp_path, monkeypatch, gone):
    import crosspan.models.loading as loading

    real = loading.import_module

    def missing(name):
        if name == gone:
            raise ImportError(name=name)
        return real(name)

    monkeypatch.setattr(loading, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=rf"needs the package {gone}\. .*crosspan\[onnx\]"):
        export_onnx(folder, tmp_path / "m", samples())
    if gone == "onnxruntime":
        with pytest.raises(MissingDependencyError, match=r"crosspan\[onnx\]"):
            OnnxTagger(tmp_path)
