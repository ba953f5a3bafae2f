from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError
from crosspan.train.pretrain.language_model import RECORD, train_language_model
from crosspan.train.pretrain.options import PretrainOptions

HOW = {"longest": 24, "batch_size": 8, "learning_rate": 3e-3, "held_out": 0.1}


def train(encoder, lines, out, **how):
    return train_language_model(
        encoder,
        lines,
        out,
        options=PretrainOptions(**{**HOW, **how}),
        threads=1,
        progress=how.pop("progress", None),
    )


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("name", "objective"), [("mbert", "masked"), ("xlmr", "masked"), ("mt5", "spans")])
def test_perplexity_on_held_out_text_falls(models, lines, tmp_path, name, objective):
    report = train(models[name], lines, tmp_path / "m", epochs=2)
    assert report.objective == objective
    before, after = report.perplexity
    assert after < 0.8 * before
    assert report.losses[-1] < report.losses[0]
    assert report.held_out > 10
    assert report.lines + report.held_out == len(lines)
    record = json.loads((tmp_path / "m" / RECORD).read_text())
    assert record["perplexity"] == [before, after]
    assert record["encoder"] == name
    again = train(tmp_path / "m", lines, tmp_path / "n", max_steps=1)  # the folder is a model to go on with
    assert again.looks[0][1] == pytest.approx(report.looks[-1][1], rel=1e-4)


@pytest.mark.parametrize("name", ["xlmr", "mt5"])
def test_a_killed_training_ends_with_the_same_bytes(models, lines, tmp_path, name):
    how = {"max_steps": 9, "save_every": 3, "evaluate_every": 4}
    whole = train(models[name], lines, tmp_path / "whole", **how)

    class Killed(BaseException):
        pass

    def kill(event):
        if event.done == 5:
            raise Killed

    options = PretrainOptions(**{**HOW, **how})
    with pytest.raises(Killed):
        train_language_model(models[name], lines, tmp_path / "part", options=options, threads=1, progress=kill)
    assert [path.name for path in (tmp_path / "part").iterdir()] == ["checkpoint-00000003"]
    resumed = train(models[name], lines, tmp_path / "part", **how)
    assert resumed.resumed_at == 3
    assert replace(resumed, resumed_at=0, folder=whole.folder) == whole
    assert content(tmp_path / "part") == content(tmp_path / "whole")


def test_a_checkpoint_of_other_text_is_not_gone_on_with(models, lines, tmp_path):
    def kill(event):
        if event.done == 2:
            raise KeyboardInterrupt

    options = PretrainOptions(**HOW, max_steps=4, save_every=1)
    with pytest.raises(KeyboardInterrupt):
        train_language_model(models["xlmr"], lines, tmp_path / "m", options=options, threads=1, progress=kill)
    with pytest.raises(OutputError, match="another training"):
        train(models["xlmr"], lines[:100], tmp_path / "m", max_steps=4, save_every=1)


def test_memory_that_runs_out_halves_the_batch_and_changes_nothing(models, lines, tmp_path, monkeypatch):
    from crosspan.models.batching import SmallerBatch
    from crosspan.train.pretrain.tasks import Guessing

    whole = train(models["xlmr"], lines, tmp_path / "whole", max_steps=3)
    inner = Guessing.loss

    def loss(self, batch, rows, autocast):
        if self.model.training and len(rows) > 4:
            raise RuntimeError("CUDA out of memory")
        return inner(self, batch, rows, autocast)

    monkeypatch.setattr(Guessing, "loss", loss)
    with pytest.warns(SmallerBatch, match="4 windows at once"):
        report = train(models["xlmr"], lines, tmp_path / "halves", max_steps=3)
    assert report.looks[-1][1] == pytest.approx(whole.looks[-1][1], rel=0.02)  # only dropout draws otherwise


def test_a_loss_that_is_no_number_stops_and_says_where(models, lines, tmp_path):
    with pytest.raises(ModelError, match=r"not a number at step \d+") as caught:
        train(models["mt5"], lines, tmp_path / "m", learning_rate=1e30, max_norm=1e30, save_every=1, epochs=3)
    assert "learning_rate" in caught.value.hint
    assert "checkpoint-" in caught.value.hint
    assert not (tmp_path / "m" / RECORD).exists()


def test_faults(models, lines, tmp_path):
    with pytest.raises(EmptyInputError, match="no text"):
        train(models["xlmr"], ["", "  "], tmp_path / "m")
    with pytest.raises(OptionError, match="learns by 'masked'"):
        train(models["xlmr"], lines, tmp_path / "m", objective="spans")
    with pytest.raises(OptionError, match="learns by 'spans'"):
        train(models["mt5"], lines, tmp_path / "m", objective="masked")
    with pytest.raises(ModelError, match="neither by hidden pieces nor by spans"):
        train(models["nllb"], lines, tmp_path / "m")
    with pytest.raises(ModelError, match="no such folder"):
        train(str(tmp_path / "none"), lines, tmp_path / "m")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    with pytest.raises(OutputError, match="something else"):
        train(models["xlmr"], lines, tmp_path / "full")


def test_text_to_measure_on_can_be_given(models, lines, tmp_path):
    options = PretrainOptions(**HOW, max_steps=1)
    report = train_language_model(models["xlmr"], lines[20:], tmp_path / "m", held_out=lines[:20], options=options)
    assert (report.lines, report.held_out) == (len(lines) - 20, 20)
    none = train(models["xlmr"], lines, tmp_path / "n", max_steps=1, held_out=0.0)
    assert none.perplexity is None
    assert math.isfinite(none.losses[0])


def test_the_same_line_over_and_over_is_learned_from_and_not_measured_on(models, tmp_path):
    report = train(models["xlmr"], ["Ada went to Accra ."] * 200, tmp_path / "m", max_steps=2)
    assert (report.lines, report.held_out, report.perplexity) == (200, 0, None)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"objective": "next"}, "objective is 'next'"),
        ({"share": 0.0}, r"share is 0\.0"),
        ({"span": 0.5}, r"span is 0\.5"),
        ({"epochs": 0}, "epochs is 0"),
        ({"longest": 4}, "longest is 4"),
        ({"learning_rate": math.inf}, "learning_rate is inf"),
        ({"held_out": 1.0}, r"held_out is 1\.0"),
        ({"max_steps": -1}, "max_steps is -1"),
    ],
)
def test_settings_that_cannot_be(given, message):
    with pytest.raises(OptionError, match=message):
        PretrainOptions(**given)
