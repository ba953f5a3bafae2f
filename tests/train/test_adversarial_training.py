"""What adversarial training is for: languages become hard to tell apart, and labels carry over better.

By construction (see crosspan.testing.language_world): words carry a language mark and a shared signal.
"""

from __future__ import annotations

import statistics

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from crosspan.testing.language_trials import ADVPICKER, METHODS, tried  # noqa: E402

torch.set_num_threads(1)

SEEDS = range(5)


def means(method, folder):
    found = [tried(method, seed, folder / f"{method}-{seed}") for seed in SEEDS]
    return {
        name: statistics.mean(getattr(one, name) for one in found) for name in ("source", "target", "token", "sentence")
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return means("plain", tmp_path_factory.mktemp("plain"))


def test_without_it_the_languages_are_told_apart(plain):
    assert plain["source"] > 0.95
    assert plain["target"] < 0.6
    assert plain["token"] > 0.95
    assert plain["sentence"] > 0.95


@pytest.mark.parametrize("method", [*list(METHODS)[1:], ADVPICKER])
def test_with_it_they_are_not_and_labels_carry_over(plain, tmp_path, method):
    found = means(method, tmp_path)
    level = "sentence" if "sentence" in method else "token"
    assert found["source"] > (0.8 if method == ADVPICKER else 0.9)
    assert found["target"] > plain["target"] + 0.1
    assert found[level] < plain[level] - 0.04
