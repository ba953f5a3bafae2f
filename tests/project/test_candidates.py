from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment, Pair, Projection, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateOptions, CandidateProjector, Candidates
from crosspan.project.features import FEATURES
from crosspan.project.match import match
from crosspan.project.scoring import memory_columns, probabilities

Links = dict[tuple[int, int], float]
Ranges = list[tuple[int, int]]


def pair_of(source: str, spans: Ranges, target: str, given: Ranges | None = None) -> Pair:
    return Pair(
        Sentence(tuple(source.split()), tuple(Span(a, b, "PER") for a, b in spans)),
        Sentence(tuple(target.split()), tuple(Span(a, b, "GUESS") for a, b in given or [])),
    )


def alignment_of(links: Links) -> Alignment:
    return Alignment.from_links([(i, j, p) for (i, j), p in links.items()])


def found(pair: Pair, links: Links | str, **options: object) -> list[Ranges]:
    """The candidate ranges of each entity of a pair."""
    alignment = Alignment.from_pharaoh(links) if isinstance(links, str) else alignment_of(links)
    projector = CandidateProjector(CandidateOptions(**options))  # type: ignore[arg-type]
    made = projector.candidates([pair], PairBatch.build([pair], [alignment]))
    rows = list(zip(made.span.tolist(), made.start.tolist(), made.end.tolist(), strict=True))
    assert len(set(rows)) == len(rows), "a candidate stands twice"
    assert rows == sorted(rows)
    return [[(p, q) for s, p, q in rows if s == number] for number in range(len(pair.source.spans))]


# --- which ranges are candidates -----------------------------------------------------------------------------------


def test_without_reach_candidates_begin_and_end_with_linked_words() -> None:
    pair = pair_of("Xaver Yps came", [(0, 2)], "a b c d e f")
    assert found(pair, "0-1 1-3 2-5", reach=0) == [[(1, 2), (1, 4), (3, 4)]]


def test_reach_lets_candidates_begin_and_end_further_out() -> None:
    pair = pair_of("Xaver came", [(0, 1)], "a b c d e")
    assert found(pair, "0-2", reach=1) == [[(1, 3), (1, 4), (2, 3), (2, 4)]]
    assert len(found(pair, "0-2", reach=2)[0]) == 9


def test_words_below_min_mass_are_not_linked() -> None:
    pair = pair_of("Xaver came", [(0, 1)], "a b c")
    assert found(pair, "0-0:0.09 0-2:0.11", reach=0) == [[(2, 3)]]
    assert found(pair, "0-0:0.09 0-2:0.11", reach=0, min_mass=0.05) == [[(0, 1), (0, 3), (2, 3)]]


def test_without_min_mass_a_word_still_needs_a_link() -> None:
    pair = pair_of("Xaver came", [(0, 1)], "a b c")
    assert found(pair, "0-0:0 0-2:0.001", reach=0, min_mass=0.0) == [[(2, 3)]]


def test_a_name_that_looks_alike_is_a_candidate_without_links() -> None:
    assert found(pair_of("Lovelace came", [(0, 1)], "kam Lowelace heim"), "", reach=0) == [[(1, 2)]]


def test_a_phrase_in_small_letters_is_not_looked_for_by_its_spelling() -> None:
    # many a phrase holds "at" or "am": only its links can find it
    assert found(pair_of("alarm at six", [(1, 3)], "six at seven"), "", reach=0) == [[]]


@pytest.mark.parametrize("max_words", [1, 2, 5])
def test_no_candidate_is_longer_than_max_words(max_words: int) -> None:
    pair = pair_of("Xaver Yps Zet came", [(0, 3)], "a b c d e f g h")
    ranges = found(pair, " ".join(f"{i}-{j}" for i in range(3) for j in range(8)), max_words=max_words)[0]
    assert max(q - p for p, q in ranges) == max_words


@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_candidate_is_longer_than_twice_the_entity_and_four(size: int) -> None:
    pair = pair_of("Xaver Yps Zet came", [(0, size)], " ".join("abcdefghijklmnop"))
    ranges = found(pair, " ".join(f"0-{j}" for j in range(16)))[0]
    assert max(q - p for p, q in ranges) == 2 * size + 4


def test_stop_words_are_in_no_candidate_however_they_are_written() -> None:
    pair = pair_of("Xaver came", [(0, 1)], "a Und b ! c")
    everything = found(pair, "0-0 0-2 0-4")[0]
    kept = found(pair, "0-0 0-2 0-4", stop_words=("und", "!"))[0]
    assert kept == [(p, q) for p, q in everything if not {1, 3} & set(range(p, q))] == [(0, 1), (2, 3), (4, 5)]


def test_target_spans_are_the_candidates_of_every_entity() -> None:
    pair = pair_of("Xaver met Yps", [(0, 1), (2, 3)], "a b c d", [(0, 2), (3, 4)])
    assert found(pair, "0-2", candidates="target_spans") == [[(0, 2), (3, 4)]] * 2


def test_target_spans_of_each_sentence_are_its_own() -> None:
    pairs = [
        pair_of("Xaver came", [(0, 1)], "a b c", [(1, 3)]),
        pair_of("Xaver came", [(0, 1)], "a b c"),
        pair_of("Xaver came", [(0, 1)], ""),
        pair_of("no entity", [], "a b c", [(0, 1)]),
        pair_of("Xaver came", [(0, 1)], "a b c", [(0, 1), (2, 3)]),
    ]
    projector = CandidateProjector(CandidateOptions(candidates="target_spans"))
    made = projector.candidates(pairs, PairBatch.build(pairs, [Alignment.from_links([])] * 5))
    assert list(zip(made.span.tolist(), made.start.tolist(), made.end.tolist(), strict=True)) == [
        (0, 1, 3),
        (3, 0, 1),
        (3, 2, 3),
    ]


def test_sentences_with_errors_have_no_candidates() -> None:
    pairs = [pair_of("Xaver came", [(0, 1)], "Xaver kam")] * 3
    links = [Alignment.from_pharaoh("0-0"), None, Alignment.from_pharaoh("0-9")]
    made = CandidateProjector().candidates(pairs, PairBatch.build(pairs, links))
    assert set(made.span.tolist()) == {0}


@pytest.mark.parametrize("pairs", [[], [pair_of("", [], "")], [pair_of("Xaver", [(0, 1)], "")]])
def test_nothing_to_do(pairs: list[Pair]) -> None:
    links = [Alignment.from_links([])] * len(pairs)
    for options in (CandidateOptions(), CandidateOptions(candidates="target_spans"), CandidateOptions(scores="align")):
        projector = CandidateProjector(options)
        assert len(projector.candidates(pairs, PairBatch.build(pairs, links))) == 0
        projector.observe(pairs, links)
        made = projector.project(pairs, links)
        assert [len(projection.dropped) for projection in made] == [len(pair.source.spans) for pair in pairs]
        assert all(drop.reason == "no_link" for projection in made for drop in projection.dropped)


# --- the cut is without loss ---------------------------------------------------------------------------------------


def align_score(links: Links, size: int, span: tuple[int, int], p: int, q: int) -> float:
    a, b = span
    return 2.0 * sum(w for (i, j), w in links.items() if a <= i < b and p <= j < q) / (size + q - p)


@st.composite
def linked_pairs(draw: st.DrawFn) -> tuple[Pair, Links]:
    """Names that look like nothing on the other side, with capitals, so that no article is taken off."""
    n = draw(st.integers(2, 8))
    m = draw(st.integers(1, 12))
    cuts = sorted(draw(st.sets(st.integers(0, n), max_size=6)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))
    at = st.tuples(st.integers(0, n - 1), st.integers(0, m - 1))
    prob = st.sampled_from([0.0, 0.001, 0.03, 0.3, 0.6, 1.0])
    links = draw(st.dictionaries(at, prob, max_size=14))
    return pair_of(" ".join("ABCDEFGH"[:n]), spans, " ".join(f"{j}xyz" for j in range(m))), links


def best_total(pair: Pair, links: Links, longest: int, n_proj: int) -> float:
    """The best matching among all ranges of up to ``longest`` words, and 2k + 4 of them for an entity of k."""
    rows = [
        (number, p, q, align_score(links, s.end - s.start, (s.start, s.end), p, q))
        for number, s in enumerate(pair.source.spans)
        for p in range(len(pair.target))
        for q in range(p + 1, min(len(pair.target), p + longest, p + 2 * (s.end - s.start) + 4) + 1)
    ]
    span, start, end, score = np.array(rows, float).reshape(-1, 4).T
    made = match(
        np.array([0, len(pair.source.spans)]), span.astype(int), start.astype(int), end.astype(int), score,
        n_proj=n_proj,
    )  # fmt: skip
    return float(score[made.chosen[made.chosen >= 0]].sum() + score[made.more].sum())


def total_of(projection: Projection, links: Links) -> float:
    return sum(
        align_score(
            links,
            link.source.end - link.source.start,
            (link.source.start, link.source.end),
            link.target.start,
            link.target.end,
        )
        for link in projection.links
    )


@given(linked_pairs(), st.integers(0, 3), st.sampled_from([1, 2, 4, 40]))
@settings(max_examples=300, deadline=None)
def test_cut_candidates_reach_the_best_total_of_all_ngrams(case: tuple[Pair, Links], reach: int, longest: int) -> None:
    pair, links = case
    options = CandidateOptions(scores="align", min_mass=0.0, reach=reach, max_words=longest)
    made = CandidateProjector(options).project([pair], [alignment_of(links)])[0]
    assert total_of(made, links) == pytest.approx(best_total(pair, links, longest, 1), abs=1e-5)


@given(linked_pairs(), st.integers(0, 1))
@settings(max_examples=60, deadline=None)
def test_the_cut_is_without_loss_for_several_ranges_as_well(case: tuple[Pair, Links], reach: int) -> None:
    pair, links = case
    options = CandidateOptions(scores="align", min_mass=0.0, reach=reach, n_proj=2)
    made = CandidateProjector(options).project([pair], [alignment_of(links)])[0]
    assert total_of(made, links) == pytest.approx(best_total(pair, links, 40, 2), abs=1e-5)


def test_a_cut_by_min_mass_does_lose() -> None:
    pair, links = pair_of("A B", [(0, 1)], "0xyz 1xyz"), {(0, 0): 0.09}
    lossy = CandidateProjector(CandidateOptions(scores="align")).project([pair], [alignment_of(links)])[0]
    assert total_of(lossy, links) == 0.0
    assert best_total(pair, links, 40, 1) == pytest.approx(0.09)


# --- scores, confidence, reasons -----------------------------------------------------------------------------------


def test_probabilities_are_among_those_of_a_span_and_of_its_absence() -> None:
    rng = np.random.default_rng(3)
    span = np.repeat([0, 2, 3, 7], [1, 5, 2, 9]).astype(np.int32)
    score = rng.normal(0, 3, len(span))
    found = probabilities(span, score)
    for number in np.unique(span):
        mine = span == number
        expected = np.exp(score[mine]) / (1.0 + np.exp(score[mine]).sum())
        np.testing.assert_allclose(found[mine], expected, rtol=1e-12)


def test_probabilities_of_huge_scores_are_numbers() -> None:
    found = probabilities(np.array([0, 0, 1, 2], np.int32), np.array([1e4, 1e4, -1e4, 800.0]))
    assert found.tolist() == [0.5, 0.5, 0.0, 1.0]


def test_probabilities_of_nothing() -> None:
    assert probabilities(np.zeros(0, np.int32), np.zeros(0)).shape == (0,)


def test_other_renderings_speak_against_unseen_words_only() -> None:
    same, other = memory_columns(np.array([0.0, 0.29, 0.31, 5.0]), np.array([3.0, 3.0, 3.0, 3.0]))
    assert (np.diff(same) > 0).all()
    assert same[0] == 0.0
    assert other[:2].min() > 0.0
    assert other[2:].tolist() == [0.0, 0.0]


def test_where_keeps_rows_together() -> None:
    made = Candidates(*(np.arange(4) for _ in range(4)), np.arange(8).reshape(4, 2))  # type: ignore[arg-type]
    some = made.where(np.array([False, True, False, True]))
    assert len(some) == 2
    assert some.span.tolist() == some.start.tolist() == some.end.tolist() == some.words.tolist() == [1, 3]
    assert some.features.tolist() == [[2, 3], [6, 7]]


def test_scores_align_ignores_everything_but_links() -> None:
    pair = pair_of("Ada came", [(0, 1)], "kam , Ada")
    made = CandidateProjector(CandidateOptions(scores="align")).project([pair], [Alignment.from_pharaoh("0-1:0.4")])[0]
    assert [(link.target.start, link.target.end) for link in made.links] == [(1, 2)]
    assert made.links[0].confidence == pytest.approx(0.4, abs=1e-6)


def test_scores_align_confidence_is_cut_at_one() -> None:
    pair = pair_of("Ada came", [(0, 1)], "a b c d")
    made = CandidateProjector(CandidateOptions(scores="align")).project([pair], [Alignment.from_pharaoh("0-0 0-1 0-2")])
    assert [(link.target.start, link.target.end, link.confidence) for link in made[0].links] == [(0, 3, 1.0)]


def test_reasons() -> None:
    pairs = [
        pair_of("Xaver came", [(0, 1)], "a b c"),
        pair_of("Xaver came", [(0, 1)], "a b , d . f"),
        pair_of("Xaver and Yps came", [(0, 1), (2, 3)], "Zed came"),
    ]
    links = ["", "0-4:0.11 1-4:0.8", "0-0:0.6 2-0:0.9 3-1"]
    made = CandidateProjector().project(pairs, [Alignment.from_pharaoh(line) for line in links])
    assert [[drop.reason for drop in projection.dropped] for projection in made] == [
        ["no_link"],
        ["below_threshold"],
        ["overlap"],
    ]
    assert [link.source.start for link in made[2].links] == [2]


def test_errors_are_said_and_do_not_spoil_the_others() -> None:
    pair = pair_of("Ada came", [(0, 1)], "Ada kam")
    links = [None, Alignment.from_pharaoh("0-0 1-1"), Alignment.from_pharaoh("5-5")]
    made = CandidateProjector().project([pair] * 3, links)
    assert [projection.status for projection in made] == ["error", "ok", "error"]
    assert [projection.sentence.tags() for projection in made] == [["O", "O"], ["B-PER", "O"], ["O", "O"]]
    assert made[0].dropped[0].reason == made[2].dropped[0].reason == "error"


def test_spans_of_the_target_are_replaced() -> None:
    pair = pair_of("Ada came", [(0, 1)], "gestern kam Ada", [(0, 1), (2, 3)])
    made = CandidateProjector(CandidateOptions(candidates="target_spans")).project([pair], [alignment_of({(0, 2): 1})])
    assert made[0].sentence.tags() == ["O", "O", "B-PER"]


def test_projecting_twice_gives_the_same() -> None:
    pair = pair_of("Ada Yps met Zora", [(0, 2), (3, 4)], "Zora traf Ada Ypps")
    links = [Alignment.from_pharaoh("0-2 1-3:0.6 3-0:0.9")] * 3
    projector = CandidateProjector()
    assert projector.project([pair] * 3, links) == projector.project([pair] * 3, links)


def test_n_proj_gives_the_name_and_its_repetition() -> None:
    pair = pair_of("Ada came", [(0, 1)], "Ada kam , ja Ada")
    links = [Alignment.from_pharaoh("0-0:0.9 0-4:0.8 1-1")]
    for matcher in ("exact", "greedy"):
        made = CandidateProjector(CandidateOptions(n_proj=2, matcher=matcher)).project([pair], links)[0]  # type: ignore[arg-type]
        assert made.sentence.tags() == ["B-PER", "O", "O", "O", "B-PER"]
        assert not made.dropped
        assert {link.source for link in made.links} == {pair.source.spans[0]}


# --- scorers and weights -------------------------------------------------------------------------------------------


def prefer(p: int, q: int, by: float = 100.0) -> object:
    def scorer(pairs: object, batch: object, made: Candidates) -> np.ndarray:
        return np.where((made.start == p) & (made.end == q), by, 0.0)

    return scorer


def test_a_scorer_can_override_everything() -> None:
    pair = pair_of("Ada came", [(0, 1)], "Ada kam gestern")
    links = [Alignment.from_pharaoh("0-0 1-1")]
    plain = CandidateProjector().project([pair], links)[0]
    assert plain.sentence.tags() == ["B-PER", "O", "O"]
    swayed = CandidateProjector(scorers={"mine": prefer(0, 3)}).project([pair], links)[0]  # type: ignore[dict-item]
    assert swayed.sentence.tags() == ["B-PER", "I-PER", "I-PER"]
    assert 0.9 < swayed.links[0].confidence <= 1.0


@pytest.mark.parametrize(
    ("weight", "tags"), [(0.0, ["B-PER", "O", "O"]), (2.0, ["B-PER", "I-PER", "I-PER"]), (-9.0, ["B-PER", "O", "O"])]
)
def test_a_scorer_counts_with_its_weight(weight: float, tags: list[str]) -> None:
    options = CandidateOptions(weights={"mine": weight})
    scorers = {"mine": prefer(0, 3)}
    pair = pair_of("Ada came", [(0, 1)], "Ada kam gestern")
    made = CandidateProjector(options, scorers=scorers).project([pair], [Alignment.from_pharaoh("0-0 1-1")])  # type: ignore[arg-type]
    assert made[0].sentence.tags() == tags


def test_scorers_see_every_candidate_with_its_pair() -> None:
    seen: list[tuple[str, str]] = []

    def scorer(pairs: list[Pair], batch: PairBatch, made: Candidates) -> np.ndarray:
        spans = [(pair, span) for pair in pairs for span in pair.source.spans]
        for s, p, q in zip(made.span, made.start, made.end, strict=True):
            pair, span = spans[s]
            seen.append((" ".join(pair.source.tokens[span.start : span.end]), " ".join(pair.target.tokens[p:q])))
        assert made.features.shape == (len(made), len(FEATURES))
        return np.zeros(len(made), np.float32)

    pairs = [pair_of("Ada came", [(0, 1)], "Ada kam"), pair_of("so did Bea", [(2, 3)], "Bea auch")]
    links = [Alignment.from_pharaoh("0-0 1-1"), Alignment.from_pharaoh("2-0")]
    made = CandidateProjector(CandidateOptions(reach=0), scorers={"spy": scorer}).project(pairs, links)  # type: ignore[dict-item]
    assert seen == [("Ada", "Ada"), ("Bea", "Bea")]
    assert made == CandidateProjector(CandidateOptions(reach=0)).project(pairs, links)


def test_scorers_work_with_the_align_score() -> None:
    pair = pair_of("Ada came", [(0, 1)], "Ada kam gestern")
    projector = CandidateProjector(CandidateOptions(scores="align"), scorers={"mine": prefer(0, 2)})  # type: ignore[dict-item]
    made = projector.project([pair], [Alignment.from_pharaoh("0-0 1-1")])[0]
    assert made.sentence.tags() == ["B-PER", "I-PER", "O"]


def test_weights_replace_built_in_ones() -> None:
    pair = pair_of("Ada came", [(0, 1)], "Ada kam")
    links = [Alignment.from_pharaoh("0-0 1-1")]
    assert CandidateProjector().project([pair], links)[0].links
    options = CandidateOptions(weights={"any": -1000.0})
    assert CandidateProjector(options).project([pair], links)[0].dropped[0].reason == "below_threshold"


@pytest.mark.parametrize(("name", "near"), [("mas_mean", "mass_mean"), ("spelt", "spelled"), ("mein", "mine")])
def test_an_unknown_weight_is_an_error_that_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(OptionError, match=f"no score called '{name}'.*Did you mean '{near}'"):
        CandidateProjector(CandidateOptions(weights={name: 1.0}), scorers={"mine": prefer(0, 1)})  # type: ignore[dict-item]


def test_a_weight_unlike_any_lists_them() -> None:
    with pytest.raises(OptionError, match="There are: any, mass"):
        CandidateProjector(CandidateOptions(weights={"zzz": 1.0}))


@pytest.mark.parametrize(
    "options",
    [
        {"candidates": "words"},
        {"scores": "best"},
        {"max_words": 0},
        {"reach": -1},
        {"min_mass": 1.1},
        {"min_mass": -0.1},
        {"min_mass": float("nan")},
    ],
)
def test_impossible_options(options: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        CandidateOptions(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [{"matcher": "best"}, {"n_proj": 0}, {"constraint": "<"}, {"matcher": "greedy", "constraint": "="}],
)
def test_impossible_matching_options_are_found_early(options: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        CandidateOptions(**options)  # type: ignore[arg-type]


def test_candidates_of_a_batch_are_those_of_its_sentences() -> None:
    pairs = [
        pair_of("Ada met Bea", [(0, 1), (2, 3)], "Bea traf Ada"),
        pair_of("x", [], "y"),
        pair_of("Al", [(0, 1)], "Al"),
    ]
    links = [Alignment.from_pharaoh(line) for line in ("0-2 1-1 2-0", "0-0", "0-0")]
    projector = CandidateProjector()
    made = projector.candidates(pairs, PairBatch.build(pairs, links))
    ptr = np.searchsorted(made.span, [0, 2, 2, 3])
    for k, (low, high) in enumerate(pairwise(ptr.tolist())):
        one = projector.candidates([pairs[k]], PairBatch.build([pairs[k]], [links[k]]))
        np.testing.assert_array_equal(one.start, made.start[low:high])
        np.testing.assert_array_equal(one.end, made.end[low:high])
        np.testing.assert_array_equal(one.words, made.words[low:high])


def test_the_hash_of_a_candidate_is_that_of_its_words_in_order() -> None:
    pairs = [pair_of("Ab", [(0, 1)], "x Y z x y"), pair_of("Ab", [(0, 1)], "z X y"), pair_of("Ab", [(0, 1)], "y x z")]
    links = [Alignment.from_pharaoh(" ".join(f"0-{j}" for j in range(len(pair.target)))) for pair in pairs]
    projector = CandidateProjector()
    made = projector.candidates(pairs, PairBatch.build(pairs, links))
    words = [
        " ".join(pairs[s].target.tokens[p:q]).lower() for s, p, q in zip(made.span, made.start, made.end, strict=True)
    ]
    by_words = dict(zip(words, made.words.tolist(), strict=True))
    assert [by_words[w] for w in words] == made.words.tolist()
    assert len(set(by_words.values())) == len(by_words) > 10
