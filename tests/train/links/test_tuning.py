"""Tuning: losses fall, links get better, and an interrupted training ends as if it had not been."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from crosspan.align import make_aligner
from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError, PairError
from crosspan.core.temporary import beside
from crosspan.core.types import Alignment
from crosspan.models.pieces import Pieces
from crosspan.models.schedule import rate_at
from crosspan.train.links.data import Frame, given_links, masked, order_of, rows_of, word_grid, word_links
from crosspan.train.links.tuning import TuningOptions, tune_aligner
from crosspan.train.pretrain.corruption import IGNORED

POSITIONS = 128


def options(model, **settings):
    return TuningOptions(
        **{"model": model, "layer": 2, "batch": 8, "max_steps": 6, "learning_rate": 1e-3, "save_every": 2, **settings}
    )


def weights(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def assert_same_weights(one, other):
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert np.array_equal(value, second[name]), name


@pytest.fixture(scope="module")
def model(tiny):
    return tiny("mbert", positions=POSITIONS)


@pytest.fixture(scope="module")
def gold(sentences):
    aligner = make_aligner("statistical", threads=1, min_prob=0.5)
    return aligner.fit_tokens(sentences).align_tokens(sentences)


def link_f1(gold, found):
    links = [
        [set(zip(one.source.tolist(), one.target.tolist(), strict=True)) for one in side] for side in (gold, found)
    ]
    right = sum(len(a & b) for a, b in zip(*links, strict=True))
    return 2 * right / sum(len(one) for side in links for one in side)


@pytest.fixture(scope="module")
def tuned(model, sentences, tmp_path_factory):
    """All objectives, never interrupted."""
    folder = tmp_path_factory.mktemp("tuned") / "model"
    seen = []
    report = tune_aligner(
        sentences, folder, options(model), threads=1, progress=lambda one: seen.append((one.done, one.total))
    )
    assert seen == [(step, 6) for step in range(1, 7)]
    return folder, report


def test_links_get_better_and_losses_fall(model, sentences, gold, tmp_path):
    before = link_f1(
        gold, make_aligner("awesome", model=model, layer=2, min_prob=0.05, threads=1).align_tokens(sentences)
    )
    report = tune_aligner(
        sentences,
        tmp_path / "out",
        options(model, objectives=("self_training", "psi"), batch=16, max_steps=18, epochs=2, learning_rate=5e-3),
        links=gold,
        threads=1,
    )
    after = link_f1(
        gold,
        make_aligner("awesome", model=str(tmp_path / "out"), layer=2, min_prob=0.05, threads=1).align_tokens(sentences),
    )
    assert after > before + 0.1
    course = report.losses["self_training"]
    assert np.mean(course[-4:]) < np.mean(course[:4]) - 0.2
    assert (report.steps, report.left_out) == (18, 1)


@pytest.mark.parametrize("name", ["self_training", "mlm", "tlm", "consistency"])
def test_each_loss_falls_by_itself(model, sentences, tmp_path, name):
    report = tune_aligner(
        sentences[:16],
        tmp_path / "out",
        options(model, objectives=(name,), max_steps=14, epochs=99, batch=16, learning_rate=5e-3, save_every=99),
        threads=1,
    )
    course = report.losses[name]
    assert np.mean(course[-3:]) < np.mean(course[:3]) - (0.02 if name in ("self_training", "consistency") else 0.3)


def test_identification_is_learned(model, sentences, tmp_path):
    report = tune_aligner(
        sentences[:8],
        tmp_path / "out",
        options(model, objectives=("psi",), max_steps=45, epochs=99, learning_rate=3e-3, save_every=99),
        threads=1,
    )
    course = report.losses["psi"]
    assert np.mean(course[-10:]) < np.mean(course[:10]) - 0.03


def test_result_is_a_model_and_says_how_it_was_made(tuned, sentences):
    folder, report = tuned
    record = json.loads((folder / "tuning.json").read_text())
    assert record["steps"] == report.steps == 6
    assert record["options"]["objectives"] == ["self_training", "tlm", "mlm", "psi"]
    assert set(report.losses) == set(record["options"]["objectives"])
    assert not list(folder.glob("checkpoint-*"))
    assert not list(folder.rglob("*.bin"))
    for name in ("awesome", "simalign"):
        assert all(map(len, make_aligner(name, model=str(folder), layer=2, threads=1).align_tokens(sentences[:3])))


class StopError(Exception):
    """What a kill looks like to those who only see the disk."""


def stopped_at(step):
    def progress(event):
        if event.done == step:
            raise StopError

    return progress


def test_an_interrupted_training_ends_with_the_same_weights(model, sentences, tuned, tmp_path):
    folder = tmp_path / "out"
    for step, goes_on_at in ((3, 0), (5, 2)):  # the second time just after the checkpoint of step 4
        with pytest.raises(StopError):
            tune_aligner(sentences, folder, options(model), threads=1, progress=stopped_at(step))
        assert [path.name for path in folder.glob("checkpoint-*")] == [f"checkpoint-{goes_on_at + 2:08d}"]
        beside(folder / "checkpoint-00000006").mkdir()  # killed while it was written
    report = tune_aligner(sentences, folder, options(model), threads=1)
    assert report.resumed_at == 4
    assert report.losses == tuned[1].losses
    assert_same_weights(folder, tuned[0])


def test_batches_of_one_step(model, sentences, tmp_path):
    reports = [
        tune_aligner(
            sentences[:15],
            tmp_path / name,
            options(model, objectives=("self_training",), batch=size, accumulate=16 // size, epochs=3, max_steps=0),
            threads=1,
        )
        for name, size in (("small", 4), ("large", 16))
    ]
    assert [report.steps for report in reports] == [3, 3]


def test_xlmr_can_be_tuned(tiny, sentences, tmp_path):
    model = tiny("xlmr", positions=POSITIONS)
    report = tune_aligner(sentences[:16], tmp_path / "out", options(model, max_steps=2), threads=1)
    assert report.steps == 2
    assert len(make_aligner("awesome", model=report.folder, layer=2, threads=1).align_tokens(sentences[:1])[0])


def test_pieces_that_only_say_that_a_word_begins_have_no_links(tiny, sentences, tmp_path):
    """Links that are learned are those of other pieces; the model still reads and guesses all of them."""
    model = tiny("xlmr", positions=POSITIONS, marks=True)
    names = ("self_training", "mlm", "consistency")
    found = {}
    for marks in ("skip", "keep"):
        report = tune_aligner(
            sentences[:24], tmp_path / marks, options(model, objectives=names, marks=marks), threads=1
        )
        found[marks] = report.losses
    assert found["skip"]["mlm"][0] == pytest.approx(found["keep"]["mlm"][0], abs=1e-6)
    assert found["skip"]["consistency"][0] != pytest.approx(found["keep"]["consistency"][0], abs=1e-6)
    frame = Frame((1,), (2,), 0, 3, 50)
    numbers, word = np.array([6, 8, 9], np.int32), np.array([0, 0, 1], np.int32)
    pieces = Pieces(numbers, word, numbers == 6)
    rows = rows_of(frame, [[pieces]])
    assert rows.side.tolist() == [[0, 1, 1, 1, 0]]
    assert rows.told.tolist() == [[False, False, True, True, False]]
    links = given_links(Alignment.from_links([(0, 1)]), pieces, pieces)
    assert word_grid(links, pieces, pieces).tolist() == [[False, True], [False, False]]
    assert word_links(word_grid(links, pieces, pieces), pieces, pieces).tolist() == links.tolist()


def test_long_and_empty_pairs_are_left_out(model, sentences, tmp_path):
    pairs = [*sentences[:8], ([], ["x"]), (["x"], []), (sentences[0][0] * 9, sentences[0][1])]
    report = tune_aligner(pairs, tmp_path / "out", options(model, max_steps=1), threads=1)
    assert (report.pairs, report.left_out) == (8, 3)
    with pytest.raises(EmptyInputError, match="no sentence pair"):
        tune_aligner(pairs[8:], tmp_path / "none", options(model), threads=1)


def test_a_loss_that_is_no_number(model, sentences, tmp_path):
    folder = tmp_path / "out"
    settings = options(model, learning_rate=1e30, warmup=0.0, save_every=1, objectives=("mlm",))
    with pytest.raises(ModelError, match="is not a number at step") as caught:
        tune_aligner(sentences, folder, settings, threads=1)
    assert "smaller learning_rate" in str(caught.value)


def test_the_last_good_checkpoint_is_kept(model, sentences, tmp_path, monkeypatch):
    from crosspan.train.links import losses

    whole = losses.OBJECTIVES["mlm"]
    calls = []

    def fails(learner, batch, rng):
        calls.append(1)
        part, factor = whole(learner, batch, rng), float("nan") if len(calls) == 4 else 1.0
        return lambda pairs: part(pairs) * factor

    monkeypatch.setitem(losses.OBJECTIVES, "mlm", fails)
    folder = tmp_path / "out"
    with pytest.raises(ModelError, match=r"the loss of mlm is not a number at step 4.*checkpoint-00000002"):
        tune_aligner(sentences, folder, options(model, objectives=("mlm",)), threads=1)
    assert (folder / "checkpoint-00000002").is_dir()
    kept = folder / "last-good"
    assert all(np.isfinite(value).all() for value in weights(kept).values())
    found = make_aligner("awesome", model=str(kept), layer=2, threads=1).align_tokens(sentences[:2])
    assert all(map(len, found))


@pytest.mark.parametrize("name", ["self_training", "tlm", "mlm", "psi", "consistency"])
def test_memory_that_runs_out_halves_the_batch_and_changes_nothing(model, sentences, tmp_path, monkeypatch, name):
    """Without dropout, the pairs of a batch teach the same one by one; wrong translations are those of the batch."""
    from crosspan.models.batching import SmallerBatch
    from crosspan.train.links.losses import OBJECTIVES

    still = tmp_path / "still"
    shutil.copytree(model, still)
    config = json.loads((still / "config.json").read_text())
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (still / "config.json").write_text(json.dumps(config))
    how = options(str(still), objectives=(name,), max_steps=2, batch=6, learning_rate=1e-4)
    whole = tune_aligner(sentences, tmp_path / "whole", how, threads=1)
    inner = OBJECTIVES[name]

    def tight(learner, batch, rng):
        part = inner(learner, batch, rng)

        def of(pairs):
            if len(pairs) > 2:
                raise RuntimeError("CUDA out of memory")
            return part(pairs)

        return of

    monkeypatch.setitem(OBJECTIVES, name, tight)
    with pytest.warns(SmallerBatch, match="2 pairs at once"):
        halved = tune_aligner(sentences, tmp_path / "halved", how, threads=1)
    assert halved.losses[name] == pytest.approx(whole.losses[name], rel=1e-4)
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "halved")
    for key, value in one.items():
        np.testing.assert_allclose(value, other[key], atol=2e-4)


def test_wrong_translations_that_are_too_long_are_cut_off(tiny, sentences, tmp_path):
    """A pair fits what the model reads at once, but its source with another's translation may not."""
    small = tiny("mbert")
    long, short = sentences[0][0] * 9, sentences[1][1][:2]
    pairs = [(long[:18], short), (short, long[:18])] * 4
    report = tune_aligner(pairs, tmp_path / "out", options(small, objectives=("psi",), epochs=2, layer=1), threads=1)
    assert report.steps == 2


def test_checkpoints_of_other_trainings_and_damaged_ones(model, sentences, tmp_path):
    folder = tmp_path / "out"
    with pytest.raises(StopError):
        tune_aligner(sentences, folder, options(model), threads=1, progress=stopped_at(3))
    with pytest.raises(OutputError, match="checkpoint of another training"):
        tune_aligner(sentences[1:], folder, options(model), threads=1)
    with pytest.raises(OutputError, match="checkpoint of another training"):
        tune_aligner(sentences, folder, options(model, seed=1), threads=1)
    file = next(folder.glob("checkpoint-*")) / "optimizer.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ModelError, match="the checkpoint cannot be read"):
        tune_aligner(sentences, folder, options(model), threads=1)


def test_finished_folders_and_bad_input(tiny, model, sentences, tuned, tmp_path):
    with pytest.raises(OutputError, match="a trained model already"):
        tune_aligner(sentences, tuned[0], options(model))
    with pytest.raises(OptionError, match="no model is named"):
        tune_aligner(sentences, tmp_path, TuningOptions())
    with pytest.raises(OptionError, match="has 3 layers"):
        tune_aligner(sentences, tmp_path, options(model, layer=8))
    with pytest.raises(ModelError, match="guess hidden words"):
        tune_aligner(sentences, tmp_path, options(tiny("nllb"), layer=1))
    with pytest.raises(PairError, match="1 lines of links for 240 pairs"):
        tune_aligner(sentences, tmp_path, options(model), links=[Alignment.from_links([])])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objectives": ("xlm",)}, "Choose from self_training, tlm, mlm, psi, consistency"),
        ({"objectives": ()}, "nothing to learn"),
        ({"batch": 0}, "batch is 0"),
        ({"warmup": 1.5}, "warmup is 1.5"),
        ({"learning_rate": float("inf")}, "learning_rate is inf"),
        ({"max_steps": -1}, "max_steps is -1"),
        ({"batch": 1, "objectives": ("psi",)}, "batches of 2"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(OptionError) as caught:
        TuningOptions(**settings)
    assert message in str(caught.value)


def test_rate_rises_and_falls():
    rates = [rate_at(step, 100, 0.1) for step in range(100)]
    assert rates[9] == rates[10] == 1.0
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] == pytest.approx(1 / 90)
    assert rate_at(0, 1, 0.0) == rate_at(0, 1, 1.0) == 1.0


def test_order_depends_on_seed_and_epoch_alone():
    assert np.array_equal(order_of(50, 1, 2), order_of(50, 1, 2))
    assert not np.array_equal(order_of(50, 1, 2), order_of(50, 1, 3))
    assert not np.array_equal(order_of(50, 1, 2), order_of(50, 2, 2))


def test_masks():
    frame = Frame((1,), (2,), 0, 3, 50)
    numbers = np.arange(10, 40, dtype=np.int32)
    rows = rows_of(frame, [[Pieces(numbers, numbers - 10), Pieces(numbers, numbers - 10)]] * 50)
    read, labels = masked(rows, frame, rows.side == 2, 0.3, np.random.default_rng(0))
    hidden = labels != IGNORED
    assert not hidden[rows.side != 2].any()  # neither special pieces nor the other language
    assert 0.25 < hidden[rows.side == 2].mean() < 0.35
    assert np.array_equal(labels[hidden], rows.ids[hidden])
    assert np.array_equal(read[~hidden], rows.ids[~hidden])
    assert 0.75 < (read[hidden] == frame.mask).mean() < 0.85
    assert 0.05 < (read[hidden] == rows.ids[hidden]).mean() < 0.16


LINKS_ALONE = ("self_training", "consistency", "psi")


def test_the_pieces_of_the_text_learn_what_they_learn_among_all(tiny, sentences, tmp_path):
    model = tiny("xlmr", positions=POSITIONS)
    for vocabulary in ("text", "all"):
        how = options(model, objectives=LINKS_ALONE, vocabulary=vocabulary, layer=1, epochs=4)
        report = tune_aligner(sentences[:6], tmp_path / vocabulary, how, threads=1)
    part, whole, before = (weights(folder) for folder in (tmp_path / "text", tmp_path / "all", Path(model)))
    assert part.keys() == whole.keys()
    for name, value in part.items():
        np.testing.assert_allclose(value, whole[name], atol=2e-5, err_msg=name)
    name = next(name for name in part if name.endswith("word_embeddings.weight"))
    changed = (part[name] != before[name]).any(axis=1)
    assert 10 < changed.sum() < len(changed) // 2
    assert report.steps == 4


def test_layers_that_stay_and_layers_that_are_frozen(tiny, sentences, tmp_path):
    model = tiny("mbert", positions=POSITIONS, layers=4)
    how = options(model, layers=3, layer=2, freeze_layers=1, objectives=LINKS_ALONE)
    tune_aligner(sentences, tmp_path / "out", how, threads=1)
    before, after = weights(Path(model)), weights(tmp_path / "out")
    assert {int(name.split(".")[3]) for name in after if ".layer." in name} == {0, 1, 2}
    same = {name for name in after if np.array_equal(after[name], before[name])}
    assert {name for name in after if ".layer.0." in name or "embeddings" in name} <= same
    assert not {name for name in after if ".layer.1." in name and name.endswith("query.weight")} & same
    found = make_aligner("awesome", model=str(tmp_path / "out"), layer=2, threads=1).align_tokens(sentences[:2])
    assert all(len(links) for links in found)


def test_no_layer_is_computed_behind_those_that_are_compared(tiny, sentences, tmp_path, monkeypatch):
    from crosspan.train.links.losses import Learner

    learners = []
    real = Learner.states

    def states(learner, rows, layer):
        if not learners:
            for number, one in enumerate(learner.model.base_model.encoder.layer):
                one.register_forward_hook(lambda *_, number=number: learners.append(number))
        return real(learner, rows, layer)

    monkeypatch.setattr(Learner, "states", states)
    model = tiny("mbert", positions=POSITIONS, layers=4)
    how = options(model, layer=2, objectives=("self_training",), max_steps=1)
    tune_aligner(sentences, tmp_path / "out", how, threads=1)
    assert set(learners) == {0, 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 4}, "layers is 4, but .* has 3"),
        ({"layers": 1, "layer": 2}, "layer is 2, but the first 1 of .* has 1 layers"),
        ({"freeze_layers": 3}, "freeze_layers is 3, but the encoder has 3 layers"),
        ({"layer": "best"}, "layer is 'best'"),
    ],
)
def test_layers_that_are_not_there(model, sentences, tmp_path, settings, message):
    with pytest.raises(OptionError, match=message):
        tune_aligner(sentences, tmp_path / "out", options(model, **settings), threads=1)
