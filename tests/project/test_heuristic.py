from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment, Pair, Projection, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.heuristic import HeuristicOptions, heuristic
from crosspan.project.results import Reason, SpanResult, assemble


def project(source: str, spans: list[tuple[int, int, str]], target: str, links: str, **options: object) -> Projection:
    pair = Pair(Sentence(tuple(source.split()), tuple(Span(*span) for span in spans)), Sentence(tuple(target.split())))
    batch = PairBatch.build([pair], [Alignment.from_pharaoh(links)])
    return assemble(batch, [pair], heuristic(batch, [pair], HeuristicOptions(**options)))[0]  # type: ignore[arg-type]


def tags(projection: Projection) -> str:
    return " ".join(projection.sentence.tags())


def reasons(projection: Projection) -> list[tuple[str, str]]:
    return [(dropped.source.label, dropped.reason) for dropped in projection.dropped]


# --- the defects of the published code, one by one ---


def test_overlapping_entities_do_not_overwrite_each_other() -> None:
    # "Südkorea" belongs to both; the published code would leave an orphan I- of the first behind it
    made = project(
        "North Korea and South Korea",
        [(0, 2, "NORTH"), (3, 5, "SOUTH")],
        "Nord- und Südkorea",
        "0-0 1-2 2-1 3-2 4-2",
    )
    assert tags(made) == "O O B-SOUTH"
    assert reasons(made) == [("NORTH", "overlap")]


def test_where_entities_overlap_the_surer_one_stays() -> None:
    text = ("Bank of England in England", [(0, 3, "ORG"), (4, 5, "LOC")], "Bank von England")
    assert tags(project(*text, "0-0:0.9 1-1:0.9 2-2:0.9 4-2:0.4")) == "B-ORG I-ORG I-ORG"
    assert tags(project(*text, "0-0:0.3 1-1:0.3 2-2:0.3 4-2:0.9")) == "O O B-LOC"


def test_one_entity_does_not_become_two() -> None:
    text = ("Obama spoke", [(0, 1, "PER")], "Obama dijo ayer que Obama habló")
    made = project(*text, "0-0:0.6 0-4:0.9 1-5")
    assert tags(made) == "O O O O B-PER O"
    assert tags(project(*text, "0-0:0.9 0-4:0.6 1-5")) == "B-PER O O O O O"
    assert tags(project(*text, "0-0 0-4 1-5")) == "B-PER O O O O O"  # a tie goes to the earlier one


@pytest.mark.parametrize("links", ["1-1 2-1 0-0", "1-1 0-0", "1-1:0.3 2-1:0.3"])
def test_a_name_of_two_words_that_becomes_one_is_kept(links: str) -> None:
    assert tags(project("in Cape Town", [(1, 3, "LOC")], "in Kapstadt", links)) == "O B-LOC"


def test_joining_ranges_never_shrinks_one() -> None:
    # the long range comes first, its neighbour is one word further on and shorter
    made = project(
        "Democratic Republic of the Congo",
        [(0, 5, "LOC")],
        "la República Democrática del Congo oriental",
        "0-2 0-1 1-1 4-4 1-2",
    )
    assert tags(made) == "O B-LOC I-LOC I-LOC I-LOC O"


def test_a_failure_is_not_a_sentence_without_entities() -> None:
    pairs = [
        Pair(Sentence(("Accra", "grew"), (Span(0, 1, "LOC"),)), Sentence(("Accra", "yakua"))),
        Pair(Sentence(("Lagos", "grew"), (Span(0, 1, "LOC"),)), Sentence(("Lagos", "yakua"))),
    ]
    batch = PairBatch.build(pairs, [Alignment.from_pharaoh("0-0 1-9"), Alignment.from_pharaoh("0-0 1-1")])
    failed, good = assemble(batch, pairs, heuristic(batch, pairs))
    assert failed.status == "error"
    assert failed.error == "link 1-9 points outside a pair of 2 source and 2 target tokens"
    assert reasons(failed) == [("LOC", "error")]
    assert tags(good) == "B-LOC O"


# --- options ---


def test_gaps_up_to_the_merge_distance_are_filled() -> None:
    text = ("Bank of England", [(0, 3, "ORG")], "Bank of the Old England", "0-0 1-1 2-4")
    assert tags(project(*text, length_ratio=0.0)) == "B-ORG I-ORG O O O"
    assert tags(project(*text, merge_distance=2)) == "B-ORG I-ORG I-ORG I-ORG I-ORG"
    near = ("Bank of England", [(0, 3, "ORG")], "Bank y England", "0-0 2-2")
    assert tags(project(*near)) == "B-ORG I-ORG I-ORG"
    assert tags(project(*near, merge_distance=0, length_ratio=0.0)) == "B-ORG O O"


def test_the_length_ratio_drops_scattered_pieces() -> None:
    text = ("International Monetary Fund", [(0, 3, "ORG")], "fondo x y z mundial x y z monetaria", "0-4 1-8 2-0")
    made = project(*text)
    assert tags(made) == " ".join("O" * 9)
    assert reasons(made) == [("ORG", "below_threshold")]
    assert tags(project(*text, length_ratio=0.3)) == "B-ORG O O O O O O O O"


def test_the_ratio_is_met_when_it_is_reached() -> None:
    # four of five words, exactly 0.8, which the strict comparison drops
    links = "0-0 1-1 2-2 3-3 4-9"
    made = project("Royal Society for Bird Protection", [(0, 5, "ORG")], "a b c d e f g h i j", links)
    assert tags(made) == "B-ORG I-ORG I-ORG I-ORG O O O O O O"


def test_which_range_is_picked() -> None:
    # one surely linked word against two doubtfully linked ones
    text = ("Vatican City", [(0, 2, "LOC")], "Vatikan liegt dort in Rom Stadt", "0-0 1-0 1-4:0.2 0-5:0.2")
    assert tags(project(*text)) == "B-LOC O O O O O"
    assert tags(project(*text, pick="largest")) == "O O O O B-LOC I-LOC"
    assert tags(project(*text, pick="min_max")) == "B-LOC I-LOC I-LOC I-LOC I-LOC I-LOC"


def test_the_next_best_range_stands_in_for_a_lost_one() -> None:
    # "Kongo" is linked from both; the river takes the second mention
    made = project(
        "Congo and Congo river",
        [(0, 1, "LOC"), (2, 4, "RIVER")],
        "Kongo und nun der Kongofluss",
        "0-0:0.5 0-4:0.6 2-4 3-4",
    )
    assert tags(made) == "B-LOC O O O B-RIVER"


def test_ranges_of_punctuation_are_dropped() -> None:
    text = ("said Merkel", [(1, 2, "PER")], "sagte sie , …", "1-2 1-3")
    made = project(*text)
    assert reasons(made) == [("PER", "filtered:punctuation")]
    assert tags(project(*text, drop_punctuation=False)) == "O O B-PER I-PER"
    # not when the entity itself is nothing else, and not as a part of a name
    assert tags(project("by !!!", [(1, 2, "ORG")], "von !!!", "1-1")) == "O B-ORG"
    assert tags(project("Yahoo! won", [(0, 1, "ORG")], "Yahoo ! gewann", "0-0 0-1")) == "B-ORG I-ORG O"


def test_reasons_for_spans_without_links() -> None:
    text = ("Accra grew", [(0, 1, "LOC")], "Accra yakua")
    assert reasons(project(*text, "1-1")) == [("LOC", "no_link")]
    assert reasons(project(*text, "0-0:0.3 1-1", min_prob=0.5)) == [("LOC", "below_threshold")]
    assert reasons(project(*text, "0-0:0.0 1-1")) == [("LOC", "below_threshold")]
    assert tags(project(*text, "0-0:0.5 1-1", min_prob=0.5)) == "B-LOC O"


@pytest.mark.parametrize(
    ("links", "confidence"),
    [("0-0 1-1", 1.0), ("0-0:0.5 1-1:0.5", 0.5), ("0-0", 2 / 3), ("0-0:0.5 0-1:0.5", 0.5), ("0-0 1-0 0-1 1-1", 1.0)],
)
def test_confidence_is_the_share_of_words_linked_into_each_other(links: str, confidence: float) -> None:
    made = project("New York", [(0, 2, "LOC")], "Nueva York", links)
    assert made.links[0].confidence == pytest.approx(confidence)


@pytest.mark.parametrize(
    "options",
    [
        {"merge_distance": -1},
        {"length_ratio": 1.1},
        {"length_ratio": float("nan")},
        {"min_prob": -0.1},
        {"pick": "smallest"},
    ],
)
def test_impossible_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(OptionError, match=next(iter(options))):
        HeuristicOptions(**options)  # type: ignore[arg-type]


# --- the compiled code against a plain one ---


def ranges_of(
    span: Span, links: list[tuple[int, int, float]], options: HeuristicOptions
) -> list[tuple[float, int, int]]:
    """All ranges of an entity that pass, as (score, start, end)."""
    mine = [(i, j, p) for i, j, p in links if span.start <= i < span.end and p > 0 and p >= options.min_prob]
    words = sorted({j for _, j, _ in mine})
    groups: list[list[int]] = []
    for word in words:
        if groups and (options.pick == "min_max" or word - groups[-1][-1] - 1 <= options.merge_distance):
            groups[-1].append(word)
        else:
            groups.append([word])
    found = []
    length = span.end - span.start
    for group in groups:
        size = group[-1] - group[0] + 1
        inside = [(i, j, p) for i, j, p in mine if j in group]
        accounted = len({i for i, _, _ in inside}) / len({i for i, _, _ in mine})
        if size / length < options.length_ratio - 1e-9 and accounted < options.length_ratio - 1e-9:
            continue
        mass = sum(min(1.0, sum(p for i, _, p in inside if i == word)) for word in range(span.start, span.end))
        mass += sum(min(1.0, sum(p for _, j, p in inside if j == word)) for word in group)
        found.append((mass / (length + size), group[0], group[-1] + 1))
    if options.pick == "largest" and found:
        return [max(found, key=lambda item: (item[2] - item[1], item[0], -item[1]))]
    return found


def reference(
    pair: Pair, links: list[tuple[int, int, float]], options: HeuristicOptions
) -> list[tuple[int, int] | str]:
    """The heuristic by the letter of its description, for sentences without punctuation."""
    outcome: list[tuple[int, int] | str] = []
    pool = []
    for index, span in enumerate(pair.source.spans):
        ranges = ranges_of(span, links, options)
        pool += [(-score, start, -end, index) for score, start, end in ranges]
        linked = any(span.start <= i < span.end for i, _, _ in links)
        outcome.append("overlap" if ranges else "below_threshold" if linked else "no_link")
    taken: set[int] = set()
    for _, start, minus_end, index in sorted(pool):
        if isinstance(outcome[index], str) and not taken & set(range(start, -minus_end)):
            outcome[index] = (start, -minus_end)
            taken |= set(range(start, -minus_end))
    return outcome


@st.composite
def tasks(draw: st.DrawFn) -> tuple[Pair, list[tuple[int, int, float]]]:
    n_source, n_target = draw(st.integers(1, 10)), draw(st.integers(1, 12))
    cuts = sorted(draw(st.sets(st.integers(0, n_source), max_size=8)))
    kept = [draw(st.booleans()) for _ in cuts]
    spans = [Span(a, b, "X") for a, b, keep in zip(cuts, cuts[1:], kept, strict=False) if keep]
    prob = st.integers(0, 8).map(lambda eighth: eighth / 8)  # sums of these are exact, so that ties are ties
    cell = st.tuples(st.integers(0, n_source - 1), st.integers(0, n_target - 1))
    links = draw(st.dictionaries(cell, prob, max_size=25))
    pair = Pair(Sentence(("s",) * n_source, tuple(spans)), Sentence(("t",) * n_target))
    return pair, [(i, j, p) for (i, j), p in sorted(links.items())]


options_drawn = st.builds(
    HeuristicOptions,
    merge_distance=st.integers(0, 2),
    length_ratio=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    pick=st.sampled_from(["best", "largest", "min_max"]),
    min_prob=st.sampled_from([0.0, 0.25, 0.5]),
)


@settings(max_examples=400, deadline=None)  # the first example may compile
@given(st.lists(tasks(), min_size=1, max_size=4), options_drawn)
def test_compiled_and_plain_code_agree(
    corpus: list[tuple[Pair, list[tuple[int, int, float]]]], options: HeuristicOptions
) -> None:
    pairs = [pair for pair, _ in corpus]
    batch = PairBatch.build(pairs, [Alignment.from_links(links) for _, links in corpus])
    result = heuristic(batch, pairs, options)
    got = [
        (start, end) if start >= 0 else Reason(reason).text
        for start, end, reason in zip(result.start.tolist(), result.end.tolist(), result.reason.tolist(), strict=True)
    ]
    assert got == [row for pair, links in corpus for row in reference(pair, links, options)]


def test_a_long_sentence_takes_linear_time() -> None:
    n = 5000
    spans = tuple(Span(i, i + 2, "X") for i in range(0, n, 2))
    pair = Pair(Sentence(("s",) * n, spans), Sentence(("t",) * n))
    diagonal = np.arange(n, dtype=np.int32)
    result: SpanResult = heuristic(
        PairBatch.build([pair], [Alignment(diagonal, diagonal, np.ones(n, np.float32))]), [pair]
    )
    assert result.start.tolist() == list(range(0, n, 2))


def test_no_sentences() -> None:
    assert len(heuristic(PairBatch.build([], []), []).start) == 0
