from __future__ import annotations

import math

import pytest

from crosspan.lab.study.budget import Costing, Room, Speed, budget_of, encoder_sizes, room_of
from crosspan.lab.study.data import load_data
from crosspan.lab.study.folder import StudyFolder
from crosspan.lab.study.grid import cells_of
from crosspan.lab.study.plan import load_plan
from crosspan.lab.study.probe import seconds_a_piece
from crosspan.lab.study.sizes import Sizes, sizes_of
from crosspan.models.loading import load_model

XLMR_LARGE = Sizes(parameters=559_000_000, embeddings=257_000_000, layers=24, width=1024, heads=16)


@pytest.fixture(scope="module")
def study(world):
    plan = load_plan(world / "study.toml")
    data = load_data(plan)
    return plan, data, cells_of(plan, data)


def test_sizes_are_those_of_the_loaded_model(world):
    name = str(world / "data" / "xlmr")
    model = load_model(name, "AutoModelForTokenClassification", new_head=True)
    found = sizes_of(name)
    assert found.parameters == sum(weight.numel() for weight in model.parameters())
    body = model.roberta.embeddings
    tables = (body.word_embeddings, body.position_embeddings, body.token_type_embeddings)
    assert found.embeddings == sum(one.weight.numel() for one in tables)
    assert (found.layers, found.width, found.heads) == (1, 16, 2)


def test_an_encoder_that_is_not_at_hand_is_skipped(world, tmp_path):
    path = world / "away.toml"
    text = (world / "study.toml").read_text(encoding="utf-8").replace('model = "xlmr"', 'model = "./no-such-folder"')
    path.write_text(text, encoding="utf-8")
    plan = load_plan(path)
    data = load_data(plan)
    cells = cells_of(plan, data)
    sizes = encoder_sizes(plan)
    assert "there is no such folder" in sizes["ready"]
    found = budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, {}, Room())
    assert {cell.encoder for cell in cells if cell.key in found.skipped} == {"ready"}
    assert [cell.encoder for cell in cells if cell.key in found.fits(cells)] == ["made"] * 5


def test_memory_of_a_training_by_hand(study):
    plan, data, cells = study
    cell = next(one for one in cells if (one.encoder, one.mode) == ("ready", "none"))
    found = Costing(plan, data).of(cell, XLMR_LARGE, Speed(train=0.0))
    # weights: 4 bytes a parameter; gradients, two moments and the best weights: 16 of what is trained, which is not the
    # vectors of all pieces; 8 sentences of at most 48 pieces
    length = min(48, int(1.6 * max(map(len, data.train))))
    layers = 2 * 24 * (34 * length * 8 * 1024 + 5 * 16 * length * length * 8)
    assert found.memory_gb == pytest.approx(0.6 + (4 * 559e6 + 16 * 302e6 + layers) / 1e9)
    assert found.working_gb == pytest.approx((8 * 559e6 + 12 * 302e6) / 1e9)
    assert found.kept_gb == 0.0
    other = next(one for one in cells if (one.encoder, one.mode) == ("ready", "reversal"))
    assert Costing(plan, data).of(other, XLMR_LARGE, Speed(train=0.0)).memory_gb > found.memory_gb


def test_hours_are_words_times_the_time_of_a_piece(study):
    plan, data, cells = study
    plain, against = (
        next(one for one in cells if (one.encoder, one.mode) == ("ready", mode)) for mode in ("none", "reversal")
    )
    words = sum(map(len, data.train))
    read = sum(len(one) for test in data.tests for one in test.gold) + sum(map(len, data.dev))
    first, second = (Costing(plan, data).of(one, XLMR_LARGE, Speed(train=0.01)).seconds for one in (plain, against))
    assert first == pytest.approx(1.6 * 0.01 * (words + read / 3))
    # a batch against the languages has half as many sentences as one of the task
    assert second - first == pytest.approx(1.6 * 0.01 * words / 2)


def test_a_limit_of_hours_keeps_the_first_cells(study, tmp_path):
    plan, data, cells = study
    sizes = encoder_sizes(plan)
    speeds = {name: Speed(train=1.0, pretrain=1.0) for name in sizes}
    free = budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, speeds, Room())
    assert free.skipped == {}
    limit = 0.6 * free.hours
    found = budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, speeds, Room(hours=limit))
    assert 0 < found.hours <= limit
    assert cells[0].key not in found.skipped
    assert all("hours" in why for why in found.skipped.values())
    halved = budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, speeds, Room(hours=limit), jobs=2)
    assert halved.skipped == {}
    assert halved.hours == pytest.approx(free.hours / 2)


def test_time_that_was_spent_counts(study, tmp_path):
    plan, data, cells = study
    store = StudyFolder(tmp_path)
    sizes = encoder_sizes(plan)
    speeds = {name: Speed(train=1e-9, pretrain=1e-9) for name in sizes}
    store.put(cells[0], {"status": "done", "seconds": 7200.0})
    found = budget_of(plan, data, cells, store, sizes, speeds, Room(hours=1.0))
    assert {*found.skipped} == {cell.key for cell in cells[1:]}


def test_what_needs_an_encoder_that_does_not_fit_does_not_fit(study, tmp_path):
    plan, data, cells = study
    sizes = encoder_sizes(plan)
    speeds = {name: Speed(train=0.0, pretrain=1e9) for name in sizes}
    found = budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, speeds, Room(hours=1.0))
    assert {cell.encoder for cell in cells if cell.key in found.skipped} == {"made"}
    assert len(found.skipped) == 5


def test_disk_that_stays_adds_up(study, tmp_path):
    plan, data, cells = study
    sizes = encoder_sizes(plan)
    one = sizes["made"].parameters
    tight = Room(disk_gb=1.01 * 20 * 2 * one / 1e9)
    assert budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, {}, tight).skipped == {}
    found = budget_of(plan, data, cells, StudyFolder(tmp_path), sizes, {}, Room(disk_gb=0.5 * 20 * one / 1e9))
    assert any("of disk" in why for why in found.skipped.values())


def test_room_is_what_is_free_unless_the_study_says_less(study, tmp_path):
    plan, *_ = study
    room = room_of(plan, tmp_path / "not" / "there", "cpu", 2)
    assert 0 < room.memory_gb < 10_000
    assert room.disk_gb > 0
    assert room.hours == 0.0
    assert room_of(plan, tmp_path, "cpu", 1).memory_gb == pytest.approx(2 * room.memory_gb, rel=0.5)


@pytest.mark.parametrize("encoder", ["ready", "made"])
@pytest.mark.parametrize("whole", [False, True])
def test_a_step_can_be_timed(study, world, encoder, whole):
    from crosspan.lab.study.options import shape_config
    from crosspan.lab.study.sizes import config_sizes
    from crosspan.models.loading import load_config

    plan, *_ = study
    given = plan.encoder(encoder)
    config = shape_config(given) if given.shape else load_config(str(world / "data" / "xlmr"))
    found = seconds_a_piece(config, config_sizes(config), 4, 16, "cpu", 1, whole=whole)
    assert 0 < found < 1
    assert math.isfinite(found)
