"""Published figures: spot checks against the papers, and what makes data invalid."""

from __future__ import annotations

from typing import Any

import pytest

from crosspan.core.errors import FormatError
from crosspan.lab.bench.published import figures_of, language_tables, published_figures
from crosspan.suites import SUITES, make_suite


def value(suite: str, system: str, language: str | None = None) -> float:
    found = [one for one in published_figures(suite) if one.system == system and one.language == language]
    assert len(found) == 1
    return found[0].value


@pytest.mark.parametrize(
    ("suite", "system", "language", "percent"),
    [
        ("europarl-ner", "n-gram greedy, AWESOME", None, 89.3),
        ("europarl-ner", "heuristic, SimAlign", "de", 80.1),
        ("europarl-ner", "exact matching, nmt score", "es", 91.6),
        ("europarl-ner", "T-Projection", None, 91.0),
        ("masakhaner2", "heuristic, AWESOME", None, 67.3),
        ("masakhaner2", "fused score, mDeBERTa", None, 68.7),
        ("masakhaner2", "T-Projection", None, 70.3),
        ("masakhaner2", "Ebing & Glavaš, ensemble", "bam", 56.7),
        ("wikiann", "model transfer", None, 50.9),
        ("wikiann", "NER candidates", None, 46.4),
        ("wikiann", "model transfer", "sw", 38.28),
        ("wikiann", "heuristic, SimAlign", "sw", 45.92),
        ("masakhaner2", "model transfer", "xho", 24.57),
        ("masakhaner2", "fused score, mDeBERTa", "yor", 56.6),
        ("wikiann", "zero-shot mT5-XXL", None, 69.2),
        ("alignment", "eflomal", "en-fr", 8.2),
        ("alignment", "fast_align", "ro-en", 32.2),
    ],
)
def test_figures_are_those_of_the_papers(suite: str, system: str, language: str | None, percent: float) -> None:
    assert value(suite, system, language) == pytest.approx(percent / 100)


def test_means_of_europarl_are_means() -> None:
    for one in published_figures("europarl-ner"):
        single = [x.value for x in published_figures("europarl-ner") if x.system == one.system and x.language]
        if one.language is None and single:
            assert one.value == pytest.approx(sum(single) / 3, abs=0.0011)


def test_every_figure_belongs_to_a_suite_and_its_languages() -> None:
    for one in published_figures():
        about = make_suite(one.suite).about
        assert one.language is None or one.language in about.languages
        assert set(one.languages or ()) <= {*about.languages, *about.more_languages}


def test_figures_by_language_belong_to_suites_or_stay_apart() -> None:
    apart = [one for one in language_tables() if one.suite is None]
    assert {one.data for one in apart} == {"CoNLL and NoDaLiDa"}
    assert not [one for one in published_figures() if "UniTrans" in one.system]
    lug = {one.system: one.value for one in published_figures("masakhaner2") if one.language == "lug"}
    assert lug["model transfer"] == 0.616
    assert len(lug) == 8


def test_figures_known_only_at_second_hand_are_left_out() -> None:
    second_hand = {("wikiann", 0.689), ("masakhaner2", 0.649), ("masakhaner2", 0.671)}
    assert not {(one.suite, one.value) for one in published_figures()} & second_hand


def test_a_mean_over_forty_languages_is_told_from_one_over_39() -> None:
    sizes = {one.system: one.n_languages for one in published_figures("wikiann") if one.language is None}
    assert sizes["model transfer"] == 39 == len(make_suite("wikiann").about.languages)
    assert sizes["zero-shot mBERT"] == 40


def test_every_suite_is_there_under_its_name() -> None:
    assert [make_suite(name).about.name for name in SUITES.names()] == SUITES.names()


GOOD = {
    "suite": "xsid", "language": "de", "system": "A", "pipeline": "projection", "metric": "f1", "percent": 50.0,
    "scoring": "strict", "source": "x",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"percent": 0.5 + 100}, "not a figure in percent"),
        ({"percent": "50"}, "not a figure in percent"),
        ({"percent": True}, "not a figure in percent"),
        ({"source": "y"}, "no source 'y'"),
        ({"scoring": "exact"}, "scoring 'exact'"),
        ({"system": ""}, "no system"),
        ({"language": None}, "how many languages"),
        ({"language": None, "languages": ["de", "es"], "n_languages": 3}, "how many languages"),
    ],
)
def test_bad_data_are_refused(change: dict[str, Any], message: str) -> None:
    sources = {"x": {"citation": "X", "url": None}}
    assert figures_of({"sources": sources, "figures": [GOOD]})[0].value == 0.5
    with pytest.raises(FormatError, match=message):
        figures_of({"sources": sources, "figures": [{**GOOD, **change}]})


def test_a_figure_given_twice_is_refused() -> None:
    with pytest.raises(FormatError, match="there twice"):
        figures_of({"sources": {"x": {"citation": "X"}}, "figures": [GOOD, GOOD]})
