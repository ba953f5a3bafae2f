"""What adversarial training is for: languages become hard to tell apart, and labels carry over better.

By construction (see tests.worlds.language_world): words carry a language mark and a shared signal.
"""

from __future__ import annotations

import statistics
from dataclasses import astuple

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.worlds.language_trials import Outcome, tried  # noqa: E402

torch.set_num_threads(1)

SEEDS = range(3)


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
    assert plain.token > 0.95
    assert plain.sentence > 0.95


def test_with_reversal_they_are_not_and_labels_carry_over(plain, tmp_path):
    found = means("reversal, token", tmp_path)["reversal, token"]
    assert found.source > 0.9
    assert found.target > plain.target + 0.1
    assert found.token < plain.token - 0.04
    assert found.sentence < plain.sentence - 0.04


def test_reversal_that_is_balanced_against_the_task_carries_labels_over(plain, tmp_path):
    """With a weight that is a share of the task's gradient, whatever the encoder."""
    found = means("reversal, balanced", tmp_path)["reversal, balanced"]
    assert found.source > 0.95
    assert found.target > plain.target + 0.1
    assert found.sentence < plain.sentence - 0.02


@pytest.fixture(scope="module")
def agreeing(tmp_path_factory):
    return means("plain, agreement", tmp_path_factory.mktemp("agreeing"))["plain, agreement"]


def test_alternating_on_words_and_advpicker(agreeing, tmp_path):
    """AdvPicker's teacher is the alternating training of words; its student learns from it without a game."""
    found = means("advpicker", tmp_path)
    teacher, student = found["alternating, token"], found["advpicker"]
    assert teacher.source > 0.9
    assert teacher.target > agreeing.target + 0.1
    assert teacher.token < agreeing.token - 0.05
    assert teacher.sentence < agreeing.sentence - 0.05
    assert student.target > agreeing.target + 0.1


def test_alternating_on_sentences(agreeing, tmp_path):
    found = means("alternating, sentence", tmp_path)["alternating, sentence"]
    assert found.source > 0.95
    assert found.target > agreeing.target + 0.1
    assert found.sentence < agreeing.sentence - 0.05
