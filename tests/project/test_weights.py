from __future__ import annotations

import json
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.project.features import FEATURES
from crosspan.project.weights import KINDS, LinkKind, Weights, learned_weights

PLACES = st.integers(-99_999, 99_999).map(lambda n: n / 10_000)


@given(
    st.dictionaries(st.sampled_from(FEATURES), PLACES),
    PLACES,
    PLACES,
    st.lists(st.text(max_size=5), max_size=3).map(tuple),
    st.tuples(PLACES, PLACES),
)
def test_json_round_trip(
    weights: dict[str, float], slope: float, offset: float, trained_on: tuple[str, ...], tagged: tuple[float, float]
) -> None:
    made = Weights(weights, slope, offset, trained_on, tagged)
    assert Weights.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_four_digits_are_kept() -> None:
    assert Weights({"mass": 1.23456789}, 0.123456).to_dict()["weights"] == {"mass": 1.2346}


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_weights_name_every_feature_and_what_they_were_trained_on(kind: LinkKind) -> None:
    shipped = learned_weights(kind)
    assert list(shipped.weights) == list(FEATURES)
    assert shipped.trained_on
    assert all(shipped.trained_on)
    assert len(set(shipped.trained_on)) == len(shipped.trained_on)
    assert np.isfinite([*shipped.weights.values(), shipped.slope, shipped.offset]).all()
    assert shipped.slope > 0, "or confidence would fall as probability rises"


def test_the_shipped_file_is_what_would_be_written() -> None:
    text = resources.files("crosspan.project").joinpath("learned_weights.json").read_text("utf-8")
    assert json.loads(text) == {kind: learned_weights(kind).to_dict() for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_memory_speaks_for_the_same_words_and_against_others(kind: LinkKind) -> None:
    weights = learned_weights(kind).weights
    assert weights["memory"] > 0 > weights["memory_other"]


@given(st.floats(0.01, 5), st.floats(-5, 5))
def test_calibration_is_monotone_and_stays_inside(slope: float, offset: float) -> None:
    made = Weights({}, slope, offset).calibrated(np.linspace(0, 1, 101))
    assert (np.diff(made) >= 0).all()
    assert (np.diff(made[1:-1]) > 0).any()
    assert made.min() >= 0
    assert made.max() <= 1
    assert np.isfinite(made).all()


@pytest.mark.parametrize("kind", KINDS)
def test_shipped_calibration_rises_strictly(kind: LinkKind) -> None:
    made = learned_weights(kind).calibrated(np.linspace(0.001, 0.999, 200))
    assert (np.diff(made) > 0).all()


@pytest.mark.parametrize(
    ("slope", "offset", "probability", "expected"),
    [(1.0, 0.0, 0.25, 0.25), (2.0, 0.0, 0.75, 0.9), (1.0, np.log(3), 0.5, 0.75), (0.0, 0.0, 0.9, 0.5)],
)
def test_calibration_is_logistic_in_the_logit(slope: float, offset: float, probability: float, expected: float) -> None:
    assert Weights({}, slope, offset).calibrated(np.array([probability]))[0] == pytest.approx(expected)


def test_missing_keys_are_not_read_as_nothing() -> None:
    with pytest.raises(KeyError):
        Weights.from_dict({"weights": {}})
