"""What adversarial training is for: languages become hard to tell apart, and labels carry over better.

By construction (see crosspan.testing.language_world): words carry a language mark and a shared signal.
"""

from __future__ import annotations

import statistics
from dataclasses import astuple

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from crosspan.testing.language_trials import Outcome, tried  # noqa: E402

torch.set_num_threads(1)

SEEDS = range(5)


def means(method, folder):
    """The mean over the seeds of each figure, by method."""
    found = {}
    for seed in SEEDS:
        for name, outcome in tried(method, seed, folder / f"{method}-{seed}").items():
            found.setdefault(name, []).append(astuple(outcome))
    return {name: Outcome(*map(statistics.mean, zip(*all_of, strict=True))) for name, all_of in found.items()}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return means("plain", tmp_path_factory.mktemp("plain"))["plain"]


def test_without_it_the_languages_are_told_apart(plain):
    assert plain.source > 0.95
    assert plain.target < 0.7
    assert plain.token > 0.9
    assert plain.sentence > 0.9


def test_alternating_on_words_and_advpicker(plain, tmp_path):
    """AdvPicker's teacher is the alternating training of words; its student learns from it without a game."""
    found = means("advpicker", tmp_path)
    teacher, student = found["alternating, token"], found["advpicker"]
    assert teacher.source > 0.95
    assert teacher.target > plain.target + 0.1
    assert teacher.token < plain.token - 0.05
    assert teacher.sentence < plain.sentence - 0.05
    assert student.target > plain.target + 0.1


def test_alternating_on_sentences(plain, tmp_path):
    found = means("alternating, sentence", tmp_path)["alternating, sentence"]
    assert found.source > 0.95
    assert found.target > plain.target + 0.1
    assert found.sentence < plain.sentence - 0.05


@pytest.mark.parametrize("level", ["token", "sentence"])
def test_reversal_makes_languages_hard_to_tell_apart(plain, tmp_path, level):
    """Whether labels carry over better differs from seed to seed; docs/adversarial.md has the figures."""
    found = means(f"reversal, {level}", tmp_path)[f"reversal, {level}"]
    assert found.source > 0.9
    assert getattr(found, level) < getattr(plain, level) - 0.05
