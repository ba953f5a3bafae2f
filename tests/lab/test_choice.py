"""The rule: what it is fitted on, how it is fitted and tested, and that the package ships what the fit gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

pytest.importorskip("langcodes")
pytest.importorskip("language_data")

from crosspan.core.errors import OptionError
from crosspan.lab.advise.choice import RULES, Case, across, cases_of, fit, held_out, measure, shipped, systems
from crosspan.lab.bench.published import language_tables


def case(code: str, *, seen: bool, model: float, projected: float, data: str = "A") -> Case:
    return Case(code, code, data, seen, model, projected)


def test_the_package_ships_what_the_fit_gives() -> None:
    found = measure()
    assert shipped() == found, "run python -m benchmarks.transfer_choice --write"
    assert found.to_dict()["rule"] == {"key": found.rule.key, "seen": "model transfer", "unseen": "data transfer"}


def test_the_cases_are_57_of_55_languages() -> None:
    cases = cases_of()
    assert len(cases) == 57
    assert len({one.language for one in cases}) == 55
    assert [one.code for one in cases if one.data == "MasakhaNER 2" and one.seen] == ["hau", "swa", "xho"]
    assert [one.code for one in cases if one.data == "WikiANN" and not one.seen] == ["yo"]


@pytest.mark.parametrize(
    ("data", "system", "mean"),
    [
        # what the papers print as means
        ("MasakhaNER 2", "model transfer", 52.1),
        ("MasakhaNER 2", "heuristic, SimAlign", 66.6),
        ("MasakhaNER 2", "heuristic, AWESOME", 67.3),
        ("MasakhaNER 2", "n-gram greedy, AWESOME", 66.7),
        ("MasakhaNER 2", "NER candidates, AWESOME", 62.5),
        ("MasakhaNER 2", "model transfer, mDeBERTa", 56.3),
        ("MasakhaNER 2", "heuristic, mDeBERTa", 66.2),
        ("MasakhaNER 2", "fused score, mDeBERTa", 68.7),
        ("WikiANN", "model transfer", 50.9),
        ("WikiANN", "heuristic, SimAlign", 41.8),
        ("CoNLL and NoDaLiDa", "model transfer, as run for UniTrans", 76.95),
        ("CoNLL and NoDaLiDa", "data transfer, as run for UniTrans", 77.92),
    ],
)
def test_figures_by_language_have_the_means_of_the_papers(data: str, system: str, mean: float) -> None:
    (table,) = (one for one in language_tables() if (one.data, one.system) == (data, system))
    assert 100 * sum(table.f1.values()) / len(table.f1) == pytest.approx(mean, abs=0.051)


def test_every_figure_of_data_transfer_has_one_of_model_transfer() -> None:
    assert {(encoder, len(cases_of(encoder, system))) for encoder, system in systems()} == {
        ("xlm-r", 57),
        ("mdeberta-v3", 18),
        ("mbert", 4),
    }
    with pytest.raises(OptionError, match="no figures by language of 'heuristic' with mt5"):
        cases_of("mt5", "heuristic")


def test_the_simplest_of_equal_rules_is_taken() -> None:
    only_seen = [case("a", seen=True, model=0.5, projected=0.4), case("b", seen=True, model=0.4, projected=0.4)]
    assert fit(only_seen) == RULES[0]
    assert fit([case("a", seen=False, model=0.1, projected=0.4)]) == RULES[1]
    assert fit([*only_seen, case("c", seen=False, model=0.1, projected=0.4)]) == RULES[2]


def test_a_language_is_never_in_the_fit_that_says_it() -> None:
    # the only unseen language is there twice: without it, nothing tells the rules apart and the simplest is taken
    seen = [case("a", seen=True, model=0.5, projected=0.4), case("b", seen=True, model=0.5, projected=0.4)]
    unseen = [case("c", seen=False, model=0.1, projected=0.4, data=data) for data in "AB"]
    said = {(one.code, one.data): kind for one, kind in held_out([*seen, *unseen])}
    assert said["c", "A"] == said["c", "B"] == "model transfer"
    assert said["a", "A"] == "model transfer"
    elsewhere = case("d", seen=False, model=0.1, projected=0.4, data="B")
    rule, share = across([*seen, *unseen, elsewhere], "A")
    assert rule == RULES[2]
    assert (share.right, share.of) == (1, 1)  # c of B is left out: the fit has c of A


@given(some.lists(some.tuples(some.booleans(), some.floats(0, 1), some.floats(0, 1)), min_size=2, max_size=12))
def test_no_rule_is_right_more_often_than_the_fitted_one(rows: list[tuple[bool, float, float]]) -> None:
    cases = [case(str(i), seen=seen, model=a, projected=b) for i, (seen, a, b) in enumerate(rows)]
    right = {rule: sum(rule.first(one.seen) == one.ahead for one in cases) for rule in RULES}
    assert right[fit(cases)] == max(right.values())
    said = held_out(cases)
    assert [one for one, _ in said] == cases
    for one, kind in said:
        assert kind == fit([other for other in cases if other is not one]).first(one.seen)


def test_what_weakens_the_rule_is_in_what_is_shipped() -> None:
    choice = shipped()
    assert (choice.held_out.right, choice.held_out.of) == (53, 57)
    assert {kind: share.right for kind, share in choice.always.items()} == {"model transfer": 39, "data transfer": 18}
    against = [side for side in choice.sides if side.data == "CoNLL and NoDaLiDa"]
    assert [(side.seen, side.model_ahead.right, side.model_ahead.of) for side in against] == [(True, 0, 4)]
    assert choice.f1["always model transfer"] < choice.f1["rule"] < choice.f1["better of both"]
