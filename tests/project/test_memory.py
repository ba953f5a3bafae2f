from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.candidates import CandidateOptions, CandidateProjector
from crosspan.project.memory import FORGET_BELOW, EntityMemory, entity_names
from crosspan.project.observed import Observed

Occurrence = tuple[str, list[tuple[int, float]]]
"""An entity's name, and the hash of the words and the confidence of each of its candidates."""


def arrays(batch: list[Occurrence]) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    rows = [(number, *candidate) for number, (_, made) in enumerate(batch) for candidate in made]
    return (
        [name for name, _ in batch],
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.uint64),
        np.array([row[2] for row in rows], np.float64),
    )


def filled(*batches: list[Occurrence]) -> EntityMemory:
    memory = EntityMemory()
    for batch in batches:
        memory.add(*arrays(batch))
    return memory


def recalled(memory: EntityMemory, batch: list[Occurrence]) -> list[tuple[float, float]]:
    same, other = memory.recall(*arrays(batch))
    return [(pytest.approx(a, abs=1e-5), pytest.approx(b, abs=1e-5)) for a, b in zip(same, other, strict=True)]


def by_hand(corpus: list[Occurrence]) -> list[tuple[float, float]]:
    """For each candidate: what all other occurrences of its entity say for its words, and for other words."""
    out = []
    for number, (name, made) in enumerate(corpus):
        heard: dict[int, float] = defaultdict(float)
        for other, (again, candidates) in enumerate(corpus):
            if again == name and other != number:
                for words, confidence in candidates:
                    heard[words] += confidence if confidence >= FORGET_BELOW else 0.0
        out += [(heard[words], sum(heard.values()) - heard[words]) for words, _ in made]
    return out


def test_an_entity_seen_once_never_confirms_itself() -> None:
    corpus = [("ada", [(1, 0.9), (2, 0.08)]), ("bea", [(1, 1.0)])]
    assert recalled(filled(corpus), corpus) == [(0, 0), (0, 0), (0, 0)]


def test_occurrences_confirm_one_another() -> None:
    corpus = [("ada", [(1, 0.9)]), ("ada", [(1, 0.5), (2, 0.4)]), ("bea", [(2, 1.0)])]
    assert recalled(filled(corpus), corpus) == [(0.5, 0.4), (0.9, 0), (0, 0.9), (0, 0)]


def test_the_same_words_twice_in_a_sentence_are_one_occurrence() -> None:
    corpus = [("ada", [(1, 0.5), (2, 0.1), (1, 0.4)])]
    assert recalled(filled(corpus), corpus) == [(0, 0), (0, 0), (0, 0)]
    two = [*corpus, ("ada", [(1, 0.7)])]
    assert recalled(filled(two), two) == [(0.7, 0), (0, 0.7), (0.7, 0), (0.9, 0.1)]


def test_hardly_sure_renderings_are_forgotten() -> None:
    corpus = [("ada", [(1, FORGET_BELOW - 0.01), (2, FORGET_BELOW)]), ("ada", [(1, 0.9), (2, 0.05)])]
    assert recalled(filled(corpus), corpus) == [(0.9, 0.05), (0.05, 0.9), (0, 0.05), (0.05, 0)]


def test_an_unknown_entity_recalls_nothing() -> None:
    assert recalled(filled([("ada", [(1, 0.9)])]), [("bea", [(1, 0.9), (3, 0.1)])]) == [(0, 0), (0, 0)]


def test_an_empty_memory_recalls_nothing() -> None:
    assert len(EntityMemory()) == 0
    assert recalled(EntityMemory(), [("bea", [(1, 0.9)])]) == [(0, 0)]
    assert recalled(EntityMemory(), []) == []
    assert recalled(filled([]), [("bea", [])]) == []


def test_its_length_is_the_number_of_entities() -> None:
    assert len(filled([("ada", [(1, 0.9)]), ("bea", [])], [("ada", [(2, 0.9)])])) == 2


@st.composite
def corpora(draw: st.DrawFn) -> list[Occurrence]:
    candidate = st.tuples(st.sampled_from([1, 2, 3, 2**63 + 5]), st.sampled_from([0.0, 0.04, 0.05, 0.3, 0.9, 1.0]))
    return draw(st.lists(st.tuples(st.sampled_from("abc"), st.lists(candidate, max_size=5)), max_size=12))


@given(corpora())
@settings(max_examples=200, deadline=None)
def test_against_counting_by_hand(corpus: list[Occurrence]) -> None:
    assert recalled(filled(corpus), corpus) == by_hand(corpus)


@given(corpora(), st.data())
@settings(max_examples=100, deadline=None)
def test_shards_in_any_order_are_the_same_as_all_at_once(corpus: list[Occurrence], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(corpus))
    cut = data.draw(st.integers(0, len(corpus)))
    again = data.draw(st.integers(0, len(corpus)))
    memory = filled(shuffled[:cut], [], shuffled[cut:])
    expected = by_hand(corpus)
    assert recalled(memory, corpus[:again]) + recalled(memory, corpus[again:]) == expected


def test_adding_after_recalling_counts() -> None:
    one, two = [("ada", [(1, 0.9)])], [("ada", [(1, 0.6)]), ("bea", [(1, 0.3)])]
    memory = filled(one)
    assert recalled(memory, one) == [(0, 0)]
    memory.add(*arrays(two))
    assert recalled(memory, one) == [(0.6, 0)]


def test_a_long_stream_is_the_same_as_all_at_once() -> None:
    rng = np.random.default_rng(1)
    corpus = [
        (f"e{rng.integers(20)}", [(int(rng.integers(5)), float(rng.random())) for _ in range(rng.integers(4))])
        for _ in range(400)
    ]
    stream = filled(*([occurrence] for occurrence in corpus))
    assert len(stream) == len(filled(corpus))
    same, other = stream.recall(*arrays(corpus))
    np.testing.assert_allclose(np.stack([same, other], 1), by_hand(corpus), rtol=1e-5, atol=1e-5)


# --- names ---------------------------------------------------------------------------------------------------------


def pair_of(source: str, spans: list[tuple[int, int]], target: str) -> Pair:
    return Pair(
        Sentence(tuple(source.split()), tuple(Span(a, b, "ORG") for a, b in spans)), Sentence(tuple(target.split()))
    )


def test_names_are_of_all_spans_in_order_and_in_small_letters() -> None:
    pairs = [pair_of("EU and U.N. met", [(0, 1), (2, 3)], ""), pair_of("a", [], ""), pair_of("The Eu x", [(0, 2)], "")]
    assert entity_names(pairs) == ["eu", "u.n.", "the eu"]
    assert entity_names([]) == []


# --- in a projector ------------------------------------------------------------------------------------------------

CLEAR = pair_of("today Zorg met them", [(1, 2)], "heute traf Blick sie")
CLEAR_LINKS = Alignment.from_pharaoh("0-0 1-2:0.95 2-1 3-3")
HAZY = pair_of("then Zorg left them", [(1, 2)], "dann liess Blick sie Kram")
HAZY_LINKS = Alignment.from_pharaoh("0-0 1-2:0.4 1-4:0.45 2-1 3-3")


def chosen(projector: CandidateProjector, pairs: list[Pair], links: list[Alignment]) -> list[str]:
    return [
        " ".join(p.sentence.tokens[link.target.start : link.target.end])
        for p in projector.project(pairs, links)
        for link in p.links
    ]


def test_what_is_clear_elsewhere_decides_what_is_hazy_here() -> None:
    pairs, links = [HAZY, *[CLEAR] * 5], [HAZY_LINKS, *[CLEAR_LINKS] * 5]
    forgetful = CandidateProjector(CandidateOptions(memory=False))
    assert chosen(forgetful, pairs, links)[0] == "Kram"
    assert chosen(CandidateProjector(), pairs, links)[0] == "Blick"
    assert chosen(CandidateProjector(CandidateOptions(scores="align")), pairs, links)[0] == "Kram"


def test_a_sentence_alone_is_projected_as_without_memory() -> None:
    for pair, links in ((CLEAR, CLEAR_LINKS), (HAZY, HAZY_LINKS)):
        with_memory = CandidateProjector().project([pair], [links])
        assert with_memory == CandidateProjector(CandidateOptions(memory=False)).project([pair], [links])


def test_observing_first_is_the_same_as_projecting_at_once() -> None:
    pairs, links = [HAZY, *[CLEAR] * 5], [HAZY_LINKS, *[CLEAR_LINKS] * 5]
    observed = CandidateProjector()
    observed.observe(pairs, links)
    assert observed.project(pairs, links) == CandidateProjector().project(pairs, links)


def test_observing_in_shards_helps_across_shards() -> None:
    projector = CandidateProjector()
    projector.observe([HAZY] * 2, [HAZY_LINKS] * 2)
    projector.observe([CLEAR] * 5, [CLEAR_LINKS] * 5)
    assert chosen(projector, [HAZY] * 2, [HAZY_LINKS] * 2) == ["Blick", "Blick"]


def test_the_order_of_sentences_does_not_matter() -> None:
    pairs, links = [HAZY, *[CLEAR] * 3, HAZY], [HAZY_LINKS, *[CLEAR_LINKS] * 3, HAZY_LINKS]
    there = CandidateProjector().project(pairs, links)
    back = CandidateProjector().project(pairs[::-1], links[::-1])[::-1]
    assert [p.sentence.spans for p in there] == [p.sentence.spans for p in back]
    for one, other in zip(there, back, strict=True):
        assert [x.confidence for x in one.links] == pytest.approx([x.confidence for x in other.links], abs=1e-6)


def test_bad_sentences_are_not_remembered() -> None:
    projector = CandidateProjector()
    projector.observe([CLEAR] * 5, [None] * 5)
    projector.observe([HAZY], [HAZY_LINKS])
    assert chosen(projector, [HAZY], [HAZY_LINKS]) == ["Kram"]


def test_projecting_without_observing_knows_nothing_of_earlier_batches() -> None:
    projector = CandidateProjector()
    projector.project([CLEAR] * 5, [CLEAR_LINKS] * 5)
    assert chosen(projector, [HAZY], [HAZY_LINKS]) == ["Kram"]


FILLER = [pair_of("the cat and the dog", [], "die katze und der hund")] * 20
NOTHING = [Alignment.from_links([])] * 20
LONE = pair_of("the Zorg and Blick", [(0, 4)], "die Dings und Kram")
LONE_LINKS = Alignment.from_pharaoh("0-0:0.6 1-1:0.7 2-2:0.6 3-3:0.5")
SHARDS = {
    "one": [([LONE, *FILLER], [LONE_LINKS, *NOTHING])],
    "lone one last": [(FILLER, NOTHING), ([LONE], [LONE_LINKS])],
    "lone one first": [([LONE], [LONE_LINKS]), (FILLER, NOTHING)],
}


@pytest.mark.parametrize(
    "name",
    [
        "one",
        "lone one last",
        "lone one first",
    ],
)
def test_an_entity_seen_once_does_not_confirm_itself_when_observed_in_shards(name: str) -> None:
    with_memory, without = CandidateProjector(), CandidateProjector(CandidateOptions(memory=False))
    for pairs, _ in SHARDS[name]:
        with_memory.count(pairs)
        without.count(pairs)
    for pairs, links in SHARDS[name]:
        with_memory.observe(pairs, links)
        without.observe(pairs, links)
    one, other = with_memory.project([LONE], [LONE_LINKS])[0], without.project([LONE], [LONE_LINKS])[0]
    assert one.links[0].target == other.links[0].target
    assert one.links[0].confidence == pytest.approx(other.links[0].confidence, abs=1e-6)


def test_the_order_of_shards_does_not_matter() -> None:
    shards = [([LONE] * 3, [LONE_LINKS] * 3), (FILLER, NOTHING)]
    confidences = []
    for order in (shards, shards[::-1]):
        projector = CandidateProjector()
        for pairs, _ in order:
            projector.count(pairs)
        for pairs, links in order:
            projector.observe(pairs, links)
        confidences.append([link.confidence for p in projector.project(*shards[0]) for link in p.links])
    assert confidences[0] == pytest.approx(confidences[1], abs=1e-6)


def test_what_was_observed_helps_new_sentences_as_well() -> None:
    projector = CandidateProjector()
    projector.observe([HAZY], [Alignment.from_pharaoh("0-0 1-2:0.5 1-4:0.3 2-1 3-3")])
    new = pair_of("so Zorg left them", [(1, 2)], "also liess Blick sie Kram")
    links = Alignment.from_pharaoh("0-0 1-2:0.7 1-4:0.3 2-1 3-3")
    with_memory = projector.project([new], [links])[0]
    without = CandidateProjector(CandidateOptions(memory=False)).project([new], [links])[0]
    assert with_memory.links[0].target == without.links[0].target == Span(2, 3, "ORG")
    assert with_memory.links[0].confidence > without.links[0].confidence + 0.01


@pytest.mark.parametrize("n", [1, 5, 150])
def test_put_together_from_single_batches_it_is_what_it_would_be(n: int) -> None:
    chance = np.random.default_rng(n)
    names = ["ada", "bea", "the sea", "gulu"]
    batches = [
        [
            (names[int(chance.integers(4))], [(int(chance.integers(6)), float(chance.random())) for _ in range(3)])
            for _ in range(int(chance.integers(4)))
        ]
        for _ in range(n)
    ]
    whole, together = filled(*batches), EntityMemory()
    for batch in batches:
        together.merge(filled(batch))
    (some, arrays_), (others, more) = whole.arrays(), together.arrays()
    assert some == others
    for name, values in arrays_.items():
        assert values.tobytes() == more[name].tobytes()


def test_shards_that_are_observed_apart_are_observed_as_one_corpus() -> None:
    pairs = [
        Pair(Sentence(("in", place), (Span(1, 2, "LOC"),)), Sentence(("mu", other)))
        for place, other in [("Gulu", "Gulu"), ("Kampala", "Kampala"), ("Gulu", "Ggulu"), ("Accra", "Akra")] * 3
    ]
    links = [Alignment.from_pharaoh("0-0 1-1")] * len(pairs)
    shards = [(pairs[at : at + 5], links[at : at + 5]) for at in range(0, len(pairs), 5)]
    whole, found = CandidateProjector(), Observed()
    for some, _ in shards:
        whole.count(some)
        alone = CandidateProjector()
        alone.count(some)
        assert alone.memory is not None
        found.merge(alone.memory)
    counts = found.beside()
    for shard in shards:
        whole.observe(*shard)
        alone = CandidateProjector()
        alone.memory = counts.beside()
        alone.observe(*shard)
        found.merge(alone.memory.without_counts())
    other = CandidateProjector()
    other.memory = found
    assert other.project(pairs, links) == whole.project(pairs, links)
    assert whole.memory is not None
    assert (found.pairs, found.source.total) == (whole.memory.pairs, whole.memory.source.total)
