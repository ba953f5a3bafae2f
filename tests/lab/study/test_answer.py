"""The first paragraphs of a page, on results whose gains are known."""

from __future__ import annotations

import pytest
from tests.lab.study.test_analysis import PLAN, results_of

from crosspan.lab.study.analysis import analyse
from crosspan.lab.study.answer import answer, mean_gains
from crosspan.lab.study.folder import CellState
from crosspan.lab.study.results import Scores
from crosspan.lab.study.story import story


def said(results):
    return str(answer(results, analyse(results)))


def test_the_mean_gain_over_encoders_by_hand(tmp_path):
    results, *_ = results_of(tmp_path)
    (found,) = mean_gains(results, analyse(results).whole)
    assert (found.mode, found.encoders) == ("reversal", ("small", "middle", "large"))
    # seed by seed (6 + 3 + 1) / 3, (4 + 2 + 0) / 3 and (5 + 4 + 2) / 3; their standard deviation is 0.882
    assert found.gain.mean == pytest.approx(3.0)
    assert (found.gain.low, found.gain.high) == (pytest.approx(0.81, abs=0.01), pytest.approx(5.19, abs=0.01))


def test_a_gain_that_is_sure_is_said_to_help_and_where(tmp_path):
    text = said(results_of(tmp_path)[0])
    assert "Over all encoders and test sets `reversal` helped." in text
    assert "`reversal` -2.0" in text  # the slope
    assert "the most is gained in *north* (`reversal`, +6.00 [+1.62, +10.38]), the least in *south*" in text
    assert "3 seeds are few." in text


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ((-6, -4, -5), "`reversal` did harm"),
        ((-6, 4, 5), "no gain of `reversal` was more than chance"),
        ((6,), "there is one seed, which can say nothing of chance"),
    ],
)
def test_what_is_not_sure_is_not_said(tmp_path, gains, verdict):
    assert verdict in said(results_of(tmp_path, {"small": gains})[0])


def test_what_is_sure_over_sentences_and_what_stays_open(tmp_path):
    """The chance of sentences is known for one seed, too; that of seeds is not."""
    text = said(results_of(tmp_path, {"small": (30,)}, f'open = ["mT5", "more text"]\n{PLAN}')[0])
    assert "corrected for their number, over sentences 3 are above 0 and 0 below beyond chance." in text
    assert "**What stays open**: mT5; more text." in text


def test_seeds_that_are_not_whole_do_not_count(tmp_path):
    """A grid that is run seed by seed has, until it is done, a last seed with the first encoders alone."""
    results, cells, states = results_of(tmp_path)
    for cell in cells:
        if cell.seed == 3 and cell.encoder != "small":
            states[cell.key] = CellState("open")
    part = Scores(results.plan, results.data, cells, states)
    (found,) = mean_gains(part, analyse(part).whole)
    assert (len(found.encoders), found.gain.n) == (3, 2)
    assert found.gain.mean == pytest.approx((10 / 3 + 2) / 2)


def test_the_page_begins_with_it(tmp_path):
    results, cells, states = results_of(tmp_path)
    blocks = [str(one) for one in story(results.plan, results.data, cells, states)]
    assert "The answer, for what was run" in blocks[1]
    nothing = {key: CellState("open") for key in states}
    assert "The answer" not in str(story(results.plan, results.data, cells, nothing))
