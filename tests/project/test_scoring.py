"""Which weights score the candidates of which links."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crosspan.align import ALIGNERS, StatisticalAligner, link_kind_of
from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.candidate_options import CandidateOptions
from crosspan.project.candidates import CandidateProjector
from crosspan.project.features import FEATURES
from crosspan.project.projector import make_projector, with_link_kind
from crosspan.project.scoring import LinearScores
from crosspan.project.weights import HARD, HYBRID, KINDS, STATISTICAL, LinkKind, Weights, learned_weights

PAIR = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("mjini", "Accra")))
SOFT, SURE, NONE = (
    Alignment.from_links([(0, 0, 0.9), (1, 1, 1.0)]),
    Alignment.from_pharaoh("0-0 1-1"),
    Alignment.from_links([]),
)


def kinds(options: CandidateOptions, links: list[Alignment], weights: Weights | None = None) -> list[str]:
    batch = PairBatch.build([PAIR] * len(links), links)
    return [KINDS[number] for number in LinearScores.of(options, weights).kinds(batch)]


def test_the_links_of_each_pair_tell_their_kind_where_nobody_says_it() -> None:
    assert kinds(CandidateOptions(), [SOFT, SURE, NONE]) == [STATISTICAL, HARD, STATISTICAL]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_is_named_holds_for_all(kind: str) -> None:
    assert kinds(CandidateOptions(link_kind=kind), [SOFT, SURE]) == [kind] * 2  # type: ignore[arg-type]


def test_links_that_are_taken_for_certain_are_hard() -> None:
    assert kinds(CandidateOptions(hard_links=True, link_kind="hybrid"), [SOFT]) == [HARD]


def test_a_kind_that_there_is_not_is_refused() -> None:
    with pytest.raises(OptionError, match="link_kind"):
        CandidateOptions(link_kind="soft")  # type: ignore[arg-type]


def test_each_candidate_is_scored_with_the_weights_of_its_links() -> None:
    scores = LinearScores.of(CandidateOptions(), None)
    features = np.ones((3, len(FEATURES)), np.float32)
    found = scores.scored(features, np.array([0, 1, 2], np.int8))
    expected = [sum(learned_weights(kind).weights.values()) for kind in KINDS]
    assert found == pytest.approx(expected, rel=1e-5)


def test_weights_that_are_given_hold_for_any_links() -> None:
    given = Weights({"any": 2.0}, slope=2.0)
    scores = LinearScores.of(CandidateOptions(), given)
    assert kinds(CandidateOptions(), [SURE], given) == [STATISTICAL]
    assert (scores.vectors == scores.vectors[0]).all()
    assert scores.weights == (given,) * len(KINDS)


def test_a_weight_that_is_set_holds_for_all_kinds() -> None:
    column = LinearScores.of(CandidateOptions(weights={"mass": 7.0}), None).vectors[:, FEATURES.index("mass")]
    assert column.tolist() == [7.0] * len(KINDS)


def test_confidence_is_calibrated_for_the_kind() -> None:
    """The same links, said to be of two kinds, get the confidence that each kind's weights give them."""
    found = [
        CandidateProjector(CandidateOptions(link_kind=kind, memory=False))
        .project([PAIR], [SURE])[0]
        .links[0]
        .confidence
        for kind in KINDS
    ]
    alone = [
        CandidateProjector(CandidateOptions(memory=False), weights=learned_weights(kind)).project([PAIR], [SURE])[0]
        for kind in KINDS
    ]
    assert found == [one.links[0].confidence for one in alone]


def test_shards_of_mixed_links_are_projected_as_each_pair_alone() -> None:
    options = CandidateOptions(memory=False)
    both = CandidateProjector(options).project([PAIR, replace(PAIR)], [SOFT, SURE])
    alone = [CandidateProjector(options).project([PAIR], [links])[0] for links in (SOFT, SURE)]
    assert [one.links for one in both] == [one.links for one in alone]


def test_aligners_say_what_their_links_are() -> None:
    assert ALIGNERS.component("statistical").link_kind == STATISTICAL
    assert ALIGNERS.component("hybrid").link_kind == HYBRID
    assert link_kind_of(StatisticalAligner()) == STATISTICAL
    assert {one.link_kind for one in ALIGNERS.builtin.values()} <= {*KINDS, ""}


def test_who_sets_the_kind_himself_is_left_alone() -> None:
    assert with_link_kind("candidates", {"link_kind": "hard"}, HYBRID) == {"link_kind": "hard"}
    assert with_link_kind("candidates", {}, "") == {}
    made = make_projector("candidates", with_link_kind("candidates", {}, HYBRID))
    assert isinstance(made, CandidateProjector)
    assert made.options.link_kind == HYBRID


def test_a_tagger_s_mistakes_count_in_the_confidence_and_nowhere_else() -> None:
    """Two calibrations of one model: the places are the same, and those of a tagger are less sure."""
    given = Weights({"any": 1.0, "align": 2.0}, slope=1.0, offset=1.0, tagged=(1.0, -1.0))
    gold, tagged = (
        CandidateProjector(CandidateOptions(tagged=it), weights=given).project([PAIR], [SURE])[0]
        for it in (False, True)
    )
    assert gold.sentence.tags() == tagged.sentence.tags() == ["O", "B-LOC"]
    odds = [one.links[0].confidence / (1 - one.links[0].confidence) for one in (gold, tagged)]
    assert odds[0] / odds[1] == pytest.approx(np.exp(2.0), rel=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_shipped_weights_believe_a_tagger_less(kind: LinkKind) -> None:
    weights = learned_weights(kind)
    sure = np.linspace(0.5, 0.98, 100)
    assert (weights.calibrated(sure, tagged=True) < weights.calibrated(sure)).all()


@pytest.mark.parametrize("short", ["U.N.", "UN"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_abbreviation_becomes_the_whole_name(short: str, kind: LinkKind) -> None:
    """Links find its first word surely and others a little, in every sentence: memory must not keep the mistake."""
    words = "Umoja wa Mataifa ulisema {} tena"
    pairs = [
        Pair(
            Sentence(("The", short, "said", f"x{number}", "again"), (Span(1, 2, "ORG"),)),
            Sentence(tuple(words.format(f"y{number}").split())),
        )
        for number in range(5)
    ]
    links = [(1, 0, 0.9), (1, 1, 0.3), (1, 2, 0.4), (2, 3, 0.9), (3, 4, 0.9), (4, 5, 0.9)]
    if kind == HARD:
        links = [(i, j, 1.0) for i, j, p in links if p > 0.35]
    found = CandidateProjector(CandidateOptions(link_kind=kind)).project(pairs, [Alignment.from_links(links)] * 5)
    assert [one.sentence.tags()[:3] for one in found] == [["B-ORG", "I-ORG", "I-ORG"]] * 5
