from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import crosspan
from crosspan.cli.main import main
from crosspan.demo import load_corpus
from crosspan.io import write
from crosspan.tag.crf import CrfTagger

FAST = ["--set", "iterations=8", "--set", "features.lexicon=no"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train")
    write(folder / "en.conll", load_corpus("en")[:60])
    write(folder / "sw.txt", load_corpus("sw")[:60], format="plain")
    write(folder / "sw.conll", load_corpus("sw")[:60])
    write(folder / "dev.jsonl", load_corpus("sw")[60:90])
    return folder


@pytest.fixture
def run(folder, capsys, monkeypatch):
    def run_it(*words):
        monkeypatch.chdir(folder)
        code = main(["train", *words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def test_project_then_train(folder, run, monkeypatch):
    monkeypatch.chdir(folder)
    words = ["project", "en.conll", "sw.txt", "--out", "sw.jsonl", "--min-confidence", "0.9", "--quiet"]
    assert main(words) == 0
    code, out, err = run("sw.jsonl", "--out", "sw.crf", "--dev", "dev.jsonl", *FAST, "--set", "noise.names=yes")
    assert (code, out) == (0, "")
    assert err.startswith("sw.crf: learned from 60 sentences, ")
    assert "not known: whether" in err
    assert "on dev: F1 0." in err
    card = CrfTagger.load(folder / "sw.crf").card
    assert card["noise"]["names"] is True
    assert card["settings"]["noise.names"] == "yes"


def test_json(run):
    code, out, err = run("sw.conll", "dev.jsonl", "--out", "a.crf", *FAST, "--json", "--labels", "PER,LOC")
    assert (code, err) == (0, "")
    summary = json.loads(out)
    assert (summary["model"], summary["sentences"], summary["dev"]) == ("a.crf", 90, None)
    assert set(summary["labels"]) == {"LOC", "PER"}


def test_bad_sentences(folder, run):
    lines = (folder / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    bad = json.dumps({"tokens": ["a"], "spans": [[0, 2, "PER"]]})
    (folder / "bad.jsonl").write_text("\n".join([lines[0], bad, *lines[1:]]), encoding="utf-8")
    code, _, err = run("bad.jsonl", "--out", "b.crf", *FAST)
    assert code == 3
    assert "bad.jsonl:2: left out: span [0, 2) PER ends after the last of 1 tokens" in err
    assert "left out: 1 sentences whose labels cannot be read" in err
    assert (folder / "b.crf").exists()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["sw.conll", "--out", "c.crf", "--set", "l3=1"], 2, "no setting 'l3'"),
        (["sw.conll", "--out", "c.crf", "--set", "noise.droped=keep"], 2, "Did you mean dropped?"),
        (["sw.conll", "--out", "none/c.crf"], 1, "the folder does not exist"),
        (["none.conll", "--out", "c.crf"], 1, "no such file"),
        (["sw.txt", "--out", "c.crf"], 1, "no labelled entity"),
        (["sw.conll", "--out", "sw.conll"], 2, "is read and would be overwritten"),
        (["--out", "c.crf"], 2, "Missing argument"),
    ],
)
def test_bad_use(folder, run, words, code, message):
    found, _, err = run(*words)
    assert found == code
    assert message in err
    assert not (folder / "c.crf").exists()


# --- encoders --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def encoder(folder):
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from crosspan.testing.tiny_models import save_xlmr

    torch.set_num_threads(1)
    return save_xlmr(folder / "tiny-xlmr", layers=1)


QUICK = ["--set", "max_steps=3", "--set", "device=cpu", "--threads", "1"]


def test_an_encoder_is_fine_tuned(folder, run, encoder, monkeypatch):
    words = ["en.conll", "sw.conll", "--weights", "1,0.5", "--out", "m", "--encoder", "tiny-xlmr", *QUICK]
    code, out, err = run(*words, "--dev", "dev.jsonl", "--set", "evaluate_every=1")
    assert (code, out) == (0, "")
    assert err.startswith("m: learned from 120 sentences, ")
    assert "; 3 steps, the weights are those of step " in err
    assert "signature: crosspan-token-classifier|encoder:tiny-xlmr|labels:LOC,ORG,PER|n:120|dev:" in err
    record = json.loads((folder / "m" / "training.json").read_text(encoding="utf-8"))
    assert [file["weight"] for file in record["data"]["files"]] == [1.0, 0.5]
    assert (record["data"]["files"][0]["name"], record["data"]["dev"]["name"]) == ("en.conll", "dev.jsonl")
    (folder / "in.txt").write_text("Ada went to London .\n", encoding="utf-8")
    assert (
        main(["predict", "in.txt", "--model", "transformers:m", "--out", "out.jsonl", "--to", "entities", "--quiet"])
        == 0
    )
    assert json.loads((folder / "out.jsonl").read_text(encoding="utf-8"))["text"] == "Ada went to London ."
    assert main(["tag", "in.txt", "--tagger", "transformers:m", "--out", "out.conll", "--quiet"]) == 0
    code, _, err = run(*words)
    assert (code, "there is a trained model already" in err) == (1, True)


def test_dev_of_the_target_language_must_be_said(folder, run, encoder):
    write(folder / "english.jsonl", load_corpus("en")[:60])
    words = ["english.jsonl", "--out", "t", "--encoder", "tiny-xlmr", *QUICK, "--dev", "dev.jsonl"]
    code, _, err = run(*words)
    assert code == 2
    assert "the dev sentences are in 'sw', not in 'en', the source language" in err
    code, _, err = run(*words, "--dev-is-target")
    assert code == 0
    assert "|dev:target|" in err
    assert "scores on it are not zero-shot" in err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--encoder", "tiny-xlmr", "--trainer", "crf"], 2, "--encoder is for encoders"),
        (["--dev-is-target"], 2, "--dev-is-target is for encoders"),
        (["--trainer", "token-classifier"], 2, "no encoder is named"),
        (["--encoder", "tiny-xlmr", "--set", "epoch=2"], 2, "Did you mean epochs?"),
        (["--encoder", "tiny-xlmr", "--set", "patience=2"], 2, "early stopping needs dev sentences"),
        (["--encoder", "./none"], 1, "no such folder"),
        (["--weights", "1,2"], 2, "2 weights for 1 files"),
        (["--weights", "a"], 2, "--weights is 'a'"),
    ],
)
def test_bad_use_of_encoders(folder, run, encoder, words, code, message):
    found, _, err = run("sw.conll", "--out", "bad", *words)
    assert found == code
    assert message in err.replace("\n", " ")
    assert not (folder / "bad").exists()


def test_labels_of_dev_that_nobody_learns(folder, run, encoder):
    strange = [{"tokens": ["Ada"], "spans": [[0, 1, "MISC"]]}]
    (folder / "misc.jsonl").write_text("\n".join(map(json.dumps, strange)), encoding="utf-8")
    words = ["sw.conll", "--out", "bad", "--encoder", "tiny-xlmr", "--dev", "misc.jsonl", *QUICK]
    code, _, err = run(*words)
    assert code == 2
    assert "the dev sentences have the label 'MISC', which no sentence to learn from has" in err
    assert "name the labels to learn: LOC,ORG,PER" in err.replace("\n", " ")
    assert not (folder / "bad").exists()
    code, _, err = run("sw.conll", "--out", "bad", "--encoder", "tiny-xlmr", "--labels", "MISC", *QUICK)
    assert (code, "there is no labelled entity to learn from" in err) == (1, True)


def test_models_that_are_no_encoders(folder, run, encoder):
    transformers = pytest.importorskip("transformers")
    from crosspan.testing.tiny_models import save_m2m100

    save_m2m100(folder / "m2m")
    tokenizer = transformers.AutoTokenizer.from_pretrained(encoder)
    config = transformers.GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=1, n_positions=32)
    transformers.GPT2Model(config).save_pretrained(folder / "gpt")
    tokenizer.save_pretrained(folder / "gpt")
    (folder / "empty").mkdir()
    for name, message in {
        "m2m": "a model of the type m2m_100 cannot label words. Choose an encoder such as XLM-R",
        "gpt": "a model of the type gpt2 is no encoder: it reads each word without what follows it",
        "./empty": "the folder holds no config.json",
    }.items():
        code, _, err = run("sw.conll", "--out", "bad", "--encoder", name, *QUICK)
        assert (code, message in err.replace("\n", " ")) == (1, True), err
        assert not (folder / "bad").exists()


def test_a_loss_that_is_no_number(folder, run, encoder, monkeypatch):
    """It says where, and the last good model can be used."""
    from crosspan.train import token_objective

    words = ["sw.conll", "--encoder", "tiny-xlmr", *QUICK[2:], "--set", "save_every=2"]
    code, _, err = run(*words, "--out", "wild", "--set", "learning_rate=1e38")
    assert (code, "is not a number at step 2. " in err) == (1, True), err
    real, calls = token_objective.word_losses, []

    def broken(*arguments, **named):
        calls.append(1)
        return real(*arguments, **named) * (float("nan") if len(calls) == 7 else 1.0)  # twice a step

    monkeypatch.setattr(token_objective, "word_losses", broken)
    code, _, err = run(*words, "--out", "nan")
    assert code == 1
    assert "the loss is not a number at step 4. The last good model, of step 2, is in nan/last-good" in err
    assert "smaller learning_rate" in err
    (folder / "one.txt").write_text("Ada went to London .\n", encoding="utf-8")
    assert main(["predict", "one.txt", "--model", "transformers:nan/last-good", "--out", "one.jsonl", "--quiet"]) == 0


def test_a_full_disk(folder, run, encoder):
    """Files may not grow beyond a limit, as on a disk that is full; the training goes on when there is room."""
    resource = pytest.importorskip("resource")
    words = ["sw.conll", "--encoder", "tiny-xlmr", *QUICK, "--set", "save_every=1", "--out", "full"]
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        code, _, err = run(*words)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 1
    assert err.startswith("crosspan: full/checkpoint-00000001: the checkpoint cannot be written (")
    assert "Make room, and run it again" in err
    assert not list((folder / "full").iterdir())
    assert run(*words)[0] == 0


def test_two_processes_make_the_same_model(folder, run, encoder):
    """Under torchrun each process takes its share of every batch; without dropout the result is the same."""
    pytest.importorskip("accelerate")
    config = json.loads((encoder / "config.json").read_text())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (encoder / "config.json").write_text(json.dumps(config))
    words = ["sw.conll", "--encoder", "tiny-xlmr", *QUICK, "--dev", "dev.jsonl", "--set", "learning_rate=1e-3"]
    assert run(*words, "--out", "one")[0] == 0
    start = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port())]
    done = subprocess.run(
        [*start, "-m", "crosspan.cli.main", "train", *words, "--out", "two"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(crosspan.__file__).parents[1]), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("two: learned from") == 1
    from safetensors.numpy import load_file

    one, two = (load_file(folder / name / "model.safetensors") for name in ("one", "two"))
    assert one.keys() == two.keys()
    for name, value in one.items():
        np.testing.assert_allclose(value, two[name], atol=2e-4, err_msg=name)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


# --- adversarial training --------------------------------------------------------------------------------------------


GAME = ["--encoder", "tiny-xlmr", *QUICK, "--set", "adversarial.hidden=8", "--set", "source_lang=en"]


def named(folder, name, lang):
    write(folder / name, [replace(one, lang=lang) for one in load_corpus(lang)[:40]])


def test_an_encoder_is_trained_against_other_languages(folder, run, encoder):
    named(folder, "en.jsonl", "en")
    named(folder, "de.jsonl", "de")
    words = ["en.jsonl", "--unlabelled", "sw=sw.txt", "--unlabelled", "de.jsonl", "--out", "adv", *GAME]
    code, out, err = run(*words, "--set", "adversarial.mode=reversal", "--set", "adversarial.classes=each")
    assert (code, out) == (0, "")
    assert "the discriminator tells languages apart in 0." in err
    assert "|method:reversal|level:token|" in err
    record = json.loads((folder / "adv" / "training.json").read_text(encoding="utf-8"))
    assert record["game"]["classes"] == ["en", "de", "sw"]
    assert record["game"]["settings"]["mode"] == "reversal"
    assert [(one["name"], one["lang"]) for one in record["data"]["unlabelled"]] == [
        ("sw.txt", "sw"),
        ("de.jsonl", None),
    ]


def test_advpicker(folder, run, encoder):
    named(folder, "en.jsonl", "en")
    words = ["en.jsonl", "--unlabelled", "sw=sw.txt", "--trainer", "advpicker", "--out", "picked", *GAME]
    code, out, err = run(*words, "--set", "picker.share=0.5", "--json")
    assert code == 0, err
    summary = json.loads(out)
    assert summary["selection"]["kept"] == {"sw": 30}
    assert "|method:advpicker|" in summary["signature"]
    assert (folder / "picked" / "teacher" / "discriminator.safetensors").is_file()
    assert run("sw.txt", "--out", "x", "--encoder", "picked")[0] != 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--unlabelled", "sw=sw.txt"], "nothing would be learned from it"),
        (["--unlabelled", "sw.txt", "--set", "adversarial.mode=reversal"], "does not say which language it is in"),
        (["--unlabelled", "=sw.txt", "--set", "adversarial.mode=reversal"], "Write LANG=FILE"),
        (["--unlabelled", "en=sw.txt", "--set", "adversarial.mode=reversal"], "in 'en', the source language"),
        (["--set", "adversarial.mode=reversal"], "needs unlabelled text"),
        (["--set", "adversarial.mod=reversal"], "Did you mean mode?"),
        (["--set", "picker.share=0.5"], "no setting 'picker.share'"),
        (["--unlabelled", "sw=none.txt", "--set", "adversarial.mode=reversal"], "no such file"),
        (["--trainer", "crf", "--unlabelled", "sw=sw.txt"], "is for encoders"),
    ],
)
def test_bad_use_of_unlabelled_text(folder, run, encoder, words, message):
    named(folder, "en.jsonl", "en")
    given = GAME[2:] if "crf" in words else GAME
    code, _, err = run("en.jsonl", "--out", "n", *given, *words)
    assert code in (1, 2)
    assert message in err
    assert not (folder / "n").exists()
