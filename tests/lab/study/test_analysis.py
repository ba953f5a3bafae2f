from __future__ import annotations

import math

import numpy as np
import pytest

from crosspan.evaluate.counts import f1_metric
from crosspan.evaluate.significance import paired_randomization
from crosspan.lab.study.analysis import analyse
from crosspan.lab.study.cell import Cell
from crosspan.lab.study.data import StudyData, TestSet
from crosspan.lab.study.folder import CellState
from crosspan.lab.study.plan import load_plan
from crosspan.lab.study.results import Scores, mean_f1
from crosspan.lab.study.scores import packed
from crosspan.lab.study.statistics import detectable, holm
from crosspan.lab.study.story import story

PLAN = """
samples = 500
[train]
path = "en"
[unlabelled.files]
sw = "sw"
[[mode]]
mode = "reversal"
[[encoder]]
name = "small"
[[encoder]]
name = "middle"
[[encoder]]
name = "large"
[[test]]
suite = "uner"
languages = ["da"]
[groups]
north = ["da"]
south = ["sw"]
"""
# points of F1 that the mode gains, by encoder, for three seeds: means 5, 3 and 1, standard deviations 1
GAINS = {"small": (6, 4, 5), "middle": (3, 2, 4), "large": (1, 0, 2)}
BODIES = {"small": 10**6, "middle": 10**7, "large": 10**8}


def counts(points):
    """Ten sentences of ten entities, of which so many in a hundred are right: F1 is that number."""
    rows = np.full((10, 3), 10)
    rows[:, 0] = points // 10
    rows[: points % 10, 0] += 1
    return rows


def results_of(tmp_path, gains=GAINS, text=PLAN):
    path = tmp_path / "s.toml"
    path.write_text(text, encoding="utf-8")
    plan = load_plan(path)

    def test_set(key, lang, domain):
        more = {"ignore": (), "n_total": 10, "notes": ()}
        return TestSet(key=key, lang=lang, domain=domain, gold=(), **more)

    tests = (test_set("uner/da", "da", "web"), test_set("news/sw", "sw", "news"))
    empty = {"train": (), "dev": (), "unlabelled": {"sw": ()}, "lines": (), "held_out": (), "files": {}, "paths": ()}
    data = StudyData(tests=tests, overlaps={}, missing={}, **empty)
    cells, states = [], {}
    for encoder, rows in gains.items():
        for seed, gain in zip(plan.general.seeds, rows, strict=False):
            for mode in ("none", "reversal"):
                cell = Cell(kind="train", key=f"{encoder}{seed}{mode}", encoder=encoder, mode=mode, seed=seed)
                # plain F1 is 40 and 60; the gain falls on the first of the two alone, so that the mean gains half of it
                more = 2 * gain if mode == "reversal" else 0
                scores = {"uner/da": packed(counts(40 + more)), "news/sw": packed(counts(60))}
                result = {"scores": scores, "sizes": {"body": BODIES[encoder]}, "report": {}}
                record = {"status": "done", "result": result, "device": "cpu", "versions": {"numpy": "2"}}
                cells.append(cell)
                states[cell.key] = CellState("done", "", record)
    return Scores(plan, data, cells, states), cells, states


def test_gains_by_hand(tmp_path):
    found = analyse(results_of(tmp_path)[0])
    assert found.score("small", "none", found.whole)[:3] == (50.0, 50.0, 50.0)
    assert found.score("small", "reversal", found.whole).mean == pytest.approx(55.0)
    gain = found.gain("small", "reversal", found.whole)
    assert gain.gain.mean == pytest.approx(5.0)
    # sd 1, three seeds: half the interval is t(0.975, 2) / sqrt(3) = 4.3027 / 1.7321 = 2.4841
    assert (gain.gain.low, gain.gain.high) == (pytest.approx(2.5159, abs=1e-3), pytest.approx(7.4841, abs=1e-3))
    # t = 5 sqrt(3) = 8.660 with two degrees of freedom: p = 1 - t / sqrt(t² + 2)
    assert gain.p_seeds == pytest.approx(1 - 8.6603 / math.sqrt(77.0), abs=1e-4)
    assert gain.p_flip == 0.25
    rows = [one for one in found.gains if one.part == found.whole]
    assert [one.holm_seeds for one in rows] == pytest.approx(holm([one.p_seeds for one in rows]))
    assert [one.holm_sentences for one in rows] == pytest.approx(holm([one.p_sentences for one in rows]))


def test_gains_by_group_and_domain(tmp_path):
    found = analyse(results_of(tmp_path)[0])
    assert [(one.kind, one.name) for one in found.slices] == [
        ("all", "all"), ("group", "north"), ("group", "south"), ("domain", "web"), ("domain", "news"),
    ]  # fmt: skip
    north, south = found.slices[1:3]
    assert found.gain("middle", "reversal", north).gain.mean == pytest.approx(6.0)
    nothing = found.gain("middle", "reversal", south)
    assert nothing.gain.mean == 0.0
    assert nothing.p_seeds is None
    assert nothing.p_sentences == 1.0


def test_the_test_over_sentences_is_that_of_evaluate(tmp_path):
    results, *_ = results_of(tmp_path)
    found = analyse(results)
    part = found.slices[1]
    rows = [results.rows("small", mode, (1, 2, 3), part.tests) for mode in ("reversal", "none")]
    assert rows[0].sum(0).tolist() == [150, 300, 300]
    right = paired_randomization(*rows, f1_metric("micro"), n_samples=500)
    assert found.gain("small", "reversal", part).p_sentences == right.p_value


def test_the_mean_over_test_sets_counts_each_the_same():
    one, other = counts(40), counts(60)[:5]
    sums = np.concatenate([one.sum(0), other.sum(0)]).astype(float)
    assert mean_f1(sums) == pytest.approx((40 + 60) / 2)
    assert mean_f1(np.stack([sums, 0 * sums])).tolist() == [pytest.approx(50.0), 0.0]


def test_the_slope_and_the_power_by_hand(tmp_path):
    found = analyse(results_of(tmp_path)[0])
    trend = next(one for one in found.trends if one.part == found.whole)
    assert (trend.family, trend.mode, trend.slope.n) == ("", "reversal", 3)
    assert trend.slope.slope == pytest.approx(-2.0)  # 5, 3 and 1 at 6, 7 and 8 powers of ten
    (power,) = found.powers
    assert power.sd == pytest.approx(1.0)
    assert power.detectable == pytest.approx(detectable(1.0, 3))
    assert power.needed == 10


def test_seeds_are_compared_only_with_themselves(tmp_path):
    results, cells, states = results_of(tmp_path)
    gone = next(cell for cell in cells if (cell.encoder, cell.mode, cell.seed) == ("small", "none", 1))
    states[gone.key] = CellState("open")
    found = analyse(Scores(results.plan, results.data, cells, states))
    gain = found.gain("small", "reversal", found.whole)
    assert gain.seeds == (2, 3)
    assert gain.gain.mean == pytest.approx(4.5)
    assert found.score("small", "none", found.whole).n == 2


def test_one_seed_has_no_interval_and_says_so(tmp_path):
    results, cells, states = results_of(tmp_path, {"small": (6,)})
    found = analyse(results)
    gain = found.gain("small", "reversal", found.whole)
    assert (gain.gain.low, gain.p_seeds, gain.p_flip) == (None, None, 1.0)
    assert (found.powers, found.trends) == ([], [])
    text = str(story(results.plan, results.data, cells, states))
    assert "At least two seeds are needed" in text
    assert "A line needs at least three encoders" in text


def test_a_page_of_nothing(tmp_path):
    results, cells, states = results_of(tmp_path)
    nothing = {key: CellState("open") for key in states}
    assert "No cell has been scored yet." in str(story(results.plan, results.data, cells, nothing))
