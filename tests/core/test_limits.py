from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.options import Above, AtLeast, AtMost, Below, OneOf, Within, checked, is_open, with_settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    share: Annotated[float, Within(0, 1)] = 0.5

    def __post_init__(self) -> None:
        checked(self, "base.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options(Base):
    rounds: Annotated[int, AtLeast(1)] = 3
    rate: Annotated[float, Above(0), AtMost(1)] = 0.1
    drop: Annotated[float, AtLeast(0), Below(1)] = 0.0
    order: Literal["given", "random"] = "given"
    colour: Annotated[str, OneOf(("red", "green"))] = "red"
    weights: Mapping[str, float] = field(default_factory=dict)
    other: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked(self)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 1.1}, "share is 1.1. Choose a number from 0 to 1."),
        ({"share": math.nan}, "share is nan."),
        ({"rounds": 0}, "rounds is 0. Choose a whole number of at least 1."),
        ({"rounds": math.inf}, "rounds is inf."),
        ({"rounds": "many"}, "rounds is 'many'."),
        ({"rounds": None}, "rounds is None."),
        ({"rate": 0.0}, "rate is 0.0. Choose a number above 0 and up to 1."),
        ({"rate": 1.5}, "rate is 1.5."),
        ({"drop": 1.0}, "drop is 1.0. Choose a number of at least 0 and below 1."),
        ({"order": "randm"}, "order is 'randm'. Choose one of given, random."),
        ({"colour": "blue"}, "colour is 'blue'. Choose one of red, green."),
    ],
)
def test_what_a_type_says_is_checked(values, message):
    with pytest.raises(OptionError) as raised:
        Options(**values)
    assert message in str(raised.value)


def test_what_is_within_its_limits():
    found = Options(share=0, rounds=1, rate=1.0, drop=0.99, order="random", colour="green")
    assert found.rounds == 1
    with pytest.raises(OptionError, match=r"base\.share is 2"):
        Base(share=2)


def test_a_mapping_takes_any_names():
    found = with_settings(Options(weights={"a": 1.0}), {"weights.b": "2", "other.x.y": "z", "rounds": "4"})
    assert found == Options(weights={"a": 1.0, "b": 2.0}, other={"x.y": "z"}, rounds=4)
    with pytest.raises(OptionError, match=r"weights\.b is 'much'"):
        with_settings(Options(), {"weights.b": "much"})
    assert is_open(Options(), "weights.b")
    assert not is_open(Options(), "share.b")


def test_the_nearest_name():
    assert did_you_mean("Crf", ["spacy", "crf"]) == "Did you mean 'crf'?"
    assert did_you_mean("wrd", ["smoothing.word"], quoted=False) == "Did you mean smoothing.word?"
    assert did_you_mean("swahilli", ["swahili"], shown={"swahili": "Swahili (swh)"}) == "Did you mean 'Swahili (swh)'?"
    assert did_you_mean("zzz", ["a", "b"]) == "Choose one of a, b."
    assert did_you_mean("zzz", ["a"], otherwise="Read the manual.") == "Read the manual."
    assert did_you_mean("zzz", []) == "None is known."
