"""AdvPicker: which sentences are picked, what the student learns, and going on in any of its steps."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import OptionError, OutputError
from crosspan.core.types import Sentence

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.worlds.language_world import save_marked_encoder, sentences_of, without_labels  # noqa: E402

from crosspan.models.loop import NothingLearned  # noqa: E402
from crosspan.tag import load_tagger  # noqa: E402
from crosspan.train.adversarial_options import AdversarialOptions  # noqa: E402
from crosspan.train.advpicker import Distillation, _compare, train_advpicker  # noqa: E402
from crosspan.train.picking import AdvPickerOptions, picked  # noqa: E402
from crosspan.train.token_options import TokenClassifierOptions  # noqa: E402

torch.set_num_threads(1)

GAME = AdversarialOptions(hidden=8, discriminator_rate=1e-2, generator_rate=1e-3)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_marked_encoder(tmp_path_factory.mktemp("encoders") / "marked", languages=("ka", "zu", "xo"))


def train(out, encoder, *, game=GAME, picker=None, progress=None, dev=(), languages=("xo", "zu"), **settings):
    how = {"encoder": str(encoder), "epochs": 2, "batch_size": 8, "learning_rate": 5e-3, "device": "cpu"}
    return train_advpicker(
        sentences_of("ka", 40, 1),
        out,
        unlabelled=without_labels([one for lang in languages for one in sentences_of(lang, 20, 1)]),
        dev=dev,
        options=TokenClassifierOptions(**{**how, **settings}),
        adversarial=game,
        picker=picker,
        threads=1,
        progress=progress,
    )


def content(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(st.lists(st.tuples(st.sampled_from(["sw", "yo"]), st.floats(0, 1)), min_size=1, max_size=30), st.floats(0.01, 1))
def test_what_is_picked_is_the_least_certain(given_, share):
    text = [Sentence(("a",), lang=lang) for lang, _ in given_]
    source = np.array([p for _, p in given_])
    kept, selection = picked(text, source, share)
    scores = 1 - np.abs(source - 0.5)
    assert kept.tolist() == sorted({*kept.tolist()})
    for lang, count in selection.given.items():
        mine = [at for at, one in enumerate(text) if one.lang == lang]
        chosen = [at for at in mine if at in kept]
        assert (count, selection.kept[lang]) == (len(mine), len(chosen))
        assert len(chosen) == max(1, round(share * count))
        left = [scores[at] for at in mine if at not in kept]
        assert min(scores[at] for at in chosen) >= max(left, default=0.0)
        assert selection.quantiles[lang][0] == pytest.approx(min(scores[at] for at in mine), abs=1e-6)


def test_the_loss_of_the_student_by_hand():
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    step = Distillation.__new__(Distillation)
    step.torch = torch
    found = step.word_losses(logits, torch.tensor([[0.2, 0.5, 0.3]]), None)
    assert found.tolist() == pytest.approx([(0.3**2 + 0.25**2 + 0.05**2) / 3], abs=1e-6)


@pytest.fixture(scope="module")
def whole(encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "m"
    seen = []
    how = {"save_every": 3, "dev": sentences_of("ka", 10, 2)}
    return out, train(out, encoder, progress=lambda one: seen.append((one.stage, one.done, one.total)), **how), seen


def test_what_is_reported(whole):
    out, report, seen = whole
    assert report.selection.given == {"xo": 20, "zu": 20}
    assert report.selection.kept == {"xo": 16, "zu": 16}
    assert report.student.sentences == 32
    assert report.student.dev_side == "source"
    assert "|method:advpicker|" in report.student.signature
    assert "|method:alternating|level:token|" in report.teacher["signature"]
    record = json.loads((out / "training.json").read_text(encoding="utf-8"))
    assert record["data"]["selection"]["kept"] == {"xo": 16, "zu": 16}
    assert record["data"]["teacher"]["game"]["looks"] == report.teacher["game"]["looks"]
    assert {stage for stage, _, _ in seen} == {
        "training the teacher", "scoring sentences", "labelling sentences", "training the student",
    }  # fmt: skip
    assert sorted(path.name for path in out.iterdir() if path.suffix != ".json") == [
        "README.md", "model.safetensors", "teacher",
    ]  # fmt: skip
    assert load_tagger(f"transformers:{out}", threads=1).tag(sentences_of("zu", 3, 3))


@pytest.mark.parametrize("at", [("training the teacher", 7), ("scoring sentences", 40), ("training the student", 5)])
def test_one_that_was_killed_ends_with_the_same_bytes(whole, encoder, tmp_path, at):
    class Killed(BaseException):
        pass

    def kill(event):
        if (event.stage, event.done) == at:
            raise Killed

    how = {"save_every": 3, "dev": sentences_of("ka", 10, 2)}
    with pytest.raises(Killed):
        train(tmp_path / "m", encoder, progress=kill, **how)
    assert not (tmp_path / "m" / "training.json").exists()
    with pytest.raises(OutputError, match="of other data or settings"):
        train(tmp_path / "m", encoder, picker=AdvPickerOptions(share=0.5), **how)
    report = train(tmp_path / "m", encoder, **how)
    assert report.student.resumed_at == (3 if at[0] == "training the student" else 0)
    assert content(tmp_path / "m") == content(whole[0])
    with pytest.raises(OutputError, match="a trained model already"):
        train(tmp_path / "m", encoder, **how)


@pytest.mark.parametrize("how", [{"classes": "each"}, {"level": "sentence"}, {"mode": "reversal"}])
def test_other_games(encoder, tmp_path, how):
    report = train(tmp_path / "m", encoder, game=replace(GAME, **how), max_steps=2, longest=6)
    assert all(0.0 < p < 1.0 for p in report.selection.source.values())
    assert report.student.steps == 2


def test_what_cannot_be(encoder, tmp_path):
    with pytest.raises(OptionError, match="zero-shot"):
        train(tmp_path / "m", encoder, dev_is_target=True)
    with pytest.raises(OptionError, match="dev sentences are in 'zu'"):
        train(tmp_path / "m", encoder, dev=sentences_of("zu", 5, 1))
    with pytest.raises(OptionError, match=r"picker\.share is 0"):
        AdvPickerOptions(share=0.0)
    (tmp_path / "m" / "teacher").mkdir(parents=True)
    with pytest.raises(OutputError, match="something else"):
        train(tmp_path / "m", encoder)


def test_a_student_that_falls_behind_its_teacher_is_named():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _compare(None, {"f1": 0.1}, 0.5)
        _compare({"f1": 0.5}, {"f1": 0.25}, 0.5)
    with pytest.warns(NothingLearned, match=r"is 0\.125, and that of its teacher 0\.525: .*picker\.epochs.*teacher"):
        _compare({"f1": 0.525}, {"f1": 0.125}, 0.5)
