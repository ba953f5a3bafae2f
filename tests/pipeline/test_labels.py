from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crosspan
from crosspan import tag_translated, translate_test, translate_train
from crosspan.core.errors import OptionError, PairError
from crosspan.core.progress import Progress
from crosspan.core.types import Alignment, Pair, ProjectedSpan, Projection, Sentence, Span
from crosspan.demo import load_corpus
from crosspan.io import read, write
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.files import project_files
from crosspan.pipeline.labels import asked
from crosspan.project.candidates import CandidateProjector
from crosspan.project.filters import drop_unsure
from crosspan.tag.crf import FeatureOptions
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.noise import NoiseOptions

SOURCE = [
    Sentence(("Ada", "Obi", "left", "Accra"), (Span(0, 2, "PER"), Span(3, 4, "LOC"))),
    Sentence(("Kofi", "left"), (Span(0, 1, "PER"),)),
]
TARGET = [Sentence(("Ada", "Obi", "aliondoka", "Accra")), Sentence(("Kofi", "aliondoka"))]
LINKS = [Alignment.from_pharaoh("0-0 1-1 2-2 3-3"), Alignment.from_pharaoh("0-0 1-1")]


def heuristic(sources=SOURCE, targets=TARGET, links=LINKS, **options):
    return crosspan.project_labels(sources, targets, links=links, method="heuristic", **options)


def test_given_links():
    assert [projection.sentence.tags() for projection in heuristic()] == [
        ["B-PER", "I-PER", "O", "B-LOC"],
        ["B-PER", "O"],
    ]


def test_labels_of_the_target():
    misc = [
        Sentence(("Ghanaian", "left"), (Span(0, 1, "MISC", 0.9),)),
        Sentence(("Ramadan", "left"), (Span(0, 1, "MISC"),)),
    ]
    targets = [Sentence(("Accra", "aliondoka")), Sentence(("Ramadhani", "aliondoka"))]
    links = [*LINKS, *[Alignment.from_pharaoh("0-0 1-1")] * 2]
    *_, known, unknown = heuristic([*SOURCE, *misc], [*TARGET, *targets], links, labels=["PER", "LOC"])
    assert known.sentence.spans == (Span(0, 1, "LOC"),)  # as Accra has elsewhere
    assert known.unobserved == ()
    assert unknown.sentence.spans == ()
    assert [link.source for link in unknown.unobserved] == [Span(0, 1, "MISC")]
    assert unknown.lost[0].reason == "unobserved"
    tagger = translate_train(
        [*SOURCE, *misc], [*TARGET, *targets], links=links, method="heuristic", labels="PER", rounds=0,
        options=CrfOptions(iterations=3, features=FeatureOptions(lexicon=False)),
    )  # fmt: skip
    assert tagger.labels == ("PER",)


def test_learned_links():
    found = crosspan.project_labels(load_corpus("en"), load_corpus("es"))
    assert crosspan.evaluate_ner(load_corpus("es"), [one.sentence for one in found]).strict.micro.f1 > 0.85


def test_unequal_lengths():
    with pytest.raises(PairError, match="2 source sentences, but 1 target"):
        heuristic(targets=TARGET[:1])
    with pytest.raises(PairError, match="1 alignments for 2 sentence pairs"):
        heuristic(links=LINKS[:1])


@pytest.mark.parametrize("options", [{"min_confidence": 1.5}, {"method": "magic"}, {"settings": {"nonsense": 1}}])
def test_bad_options(options):
    with pytest.raises(OptionError):
        crosspan.project_labels(SOURCE, TARGET, links=LINKS, **options)


def test_settings_of_the_aligner_and_of_the_method_go_their_ways():
    settings = {"aligner.hmm_iterations": "2", "merge_distance": "3"}
    recipe, _ = asked("project", SOURCE, TARGET, method="heuristic", settings=settings)
    assert recipe.align.options["hmm_iterations"] == 2
    assert recipe.project.options["merge_distance"] == 3
    with pytest.raises(OptionError, match="hmm_iteration"):
        asked("project", SOURCE, TARGET, method="heuristic", settings={"aligner.hmm_iteration": 2})


def test_a_projector_of_ones_own():
    scorer = {"last": lambda pairs, batch, candidates: 100.0 * (candidates.end == 4)}
    projector = CandidateProjector(scorers=scorer)
    found = crosspan.project_labels(SOURCE[:1], TARGET[:1], links=LINKS[:1], method=projector)
    assert found[0].sentence.spans[-1].end == 4
    with pytest.raises(OptionError, match="set them there"):
        crosspan.project_labels(SOURCE, TARGET, links=LINKS, method=projector, settings={"reach": 1})


def test_nothing_in_nothing_out():
    assert heuristic([], [], []) == []


def test_pairs_that_cannot_be_worked_on_are_errors_and_stop_nothing():
    empty = Sentence(())
    found = heuristic(
        [SOURCE[0], SOURCE[1], empty, SOURCE[1]],
        [TARGET[0], empty, empty, TARGET[1]],
        [Alignment.from_pharaoh("9-9"), LINKS[1], Alignment.from_links([]), LINKS[1]],
    )
    assert [one.status for one in found] == ["error", "error", "ok", "ok"]
    assert "link 9-9 points outside" in found[0].error
    assert found[1].error == (
        "the target sentence is empty, but its counterpart is not. Put the sentence in, or remove it from both sides."
    )
    assert [span.reason for span in found[0].dropped] == ["error", "error"]
    assert found[3].sentence.spans == (Span(0, 1, "PER"),)


def test_bitext_may_be_pairs_or_tokens():
    text = [Pair(*pair) for pair in zip(load_corpus("en"), load_corpus("sw"), strict=True)]
    tokens = [(pair.source.tokens, pair.target.tokens) for pair in text]
    few = [pair.source for pair in text[:3]], [pair.target for pair in text[:3]]
    assert crosspan.project_labels(*few, bitext=text) == crosspan.project_labels(*few, bitext=tokens)


def test_an_aligner_that_has_learned_is_used_as_it_is():
    class Diagonal:
        def align_tokens(self, pairs):
            return [Alignment.from_links([(k, k) for k in range(min(map(len, pair)))]) for pair in pairs]

    assert crosspan.project_labels(SOURCE, TARGET, aligner=Diagonal(), method="heuristic") == heuristic()


def test_progress():
    seen = []
    heuristic(progress=seen.append)
    assert seen == [Progress("pairs", 2), Progress("align", 2, 2), Progress("project", 2, 2)]


def test_the_projector_sees_the_whole_corpus_before_it_projects(shards_of):
    calls = []

    class Recorder:
        def count(self, pairs):
            calls.append(("count", len(pairs)))

        def observe(self, pairs, alignments):
            assert all(alignment is not None for alignment in alignments)
            calls.append(("observe", len(pairs)))

        def project(self, pairs, alignments):
            calls.append(("project", len(pairs)))
            return [Projection(pair.target) for pair in pairs]

    shards_of(2)
    pairs = [*SOURCE, SOURCE[0]], [*TARGET, Sentence(())]
    crosspan.project_labels(*pairs, links=[*LINKS, LINKS[0]], method=Recorder())
    counted = [("count", 2), ("count", 0)]
    assert calls == [*counted, ("observe", 2), ("observe", 0), ("project", 2), ("project", 1)]


@pytest.mark.parametrize("shard", [7, 4_000])
def test_files_and_memory_give_the_same(tmp_path, shards_of, shard):
    shards_of(shard)
    source, target = load_corpus("en")[:40], load_corpus("de")[:40]
    write(tmp_path / "s.jsonl", source)
    write(tmp_path / "t.jsonl", target)
    summary = project_files(
        SentenceFile(tmp_path / "s.jsonl"), SentenceFile(tmp_path / "t.jsonl"), tmp_path / "o.parquet"
    )
    found = crosspan.project_labels(source, target)
    assert read(tmp_path / "o.parquet") == [one.sentence for one in found]
    assert summary.sentences == 40
    assert summary.target_spans == sum(len(one.links) for one in found)


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), max_size=8), st.floats(0, 1))
def test_filter_accounts_for_every_span(rows, least):
    sources = [Span(2 * k, 2 * k + 1, "LOC") for k in range(4)]
    links = tuple(
        ProjectedSpan(sources[which], Span(place, place + 1, "LOC", sure), sure)
        for place, (which, sure) in enumerate(rows)
    )
    sentence = Sentence(tuple("abcdefgh"), tuple(link.target for link in links))
    found = drop_unsure(Projection(sentence, links), least)
    assert all(link.confidence >= least for link in found.links)
    assert found.sentence.spans == tuple(link.target for link in found.links)
    kept, gone = {link.source for link in found.links}, {one.source for one in found.dropped}
    assert kept | gone == {link.source for link in links}
    assert not kept & gone
    assert len(gone) == len(found.dropped)


# Transfer ------------------------------------------------------------

PLAIN = CrfOptions(features=FeatureOptions(lexicon=False))
PLACES = ("Accra", "Gulu", "Kano", "Lagos")
ENGLISH = [Sentence(("He", "went", "to", place, "."), (Span(3, 4, "LOC"),)) for place in PLACES] * 4
SWAHILI = [Sentence(("alikwenda", place, "."), id=str(i)) for i, place in enumerate(PLACES * 4)]
PLACE_LINKS = [Alignment.from_pharaoh("1-0 3-1 4-2")] * len(ENGLISH)


@pytest.fixture(scope="module")
def english():
    return train_crf(ENGLISH, options=PLAIN)


def test_translate_test_labels_exactly_these_sentences(english):
    found = translate_test(SWAHILI, [Sentence(s.tokens) for s in ENGLISH], tagger=english, links=PLACE_LINKS)
    assert [p.sentence.id for p in found] == [s.id for s in SWAHILI]
    assert all(p.sentence.tags() == ["O", "B-LOC", "O"] for p in found)


def test_confidence_is_that_of_the_tagger_times_that_of_the_projection():
    source = Sentence(("in", "Accra"), (Span(1, 2, "LOC", 0.5),))
    sure = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),))
    target, links = Sentence(("huko", "Accra")), [Alignment.from_pharaoh("0-0 1-1")]
    half, whole = (translate_test([target], [s], links=links)[0] for s in (source, sure))
    assert half.links[0].confidence == pytest.approx(whole.links[0].confidence / 2, abs=1e-4)
    assert half.sentence.spans[0].score == half.links[0].confidence


def test_translate_train_gives_a_tagger_of_the_target(english):
    tagger = translate_train(
        [Sentence(s.tokens) for s in ENGLISH],
        SWAHILI,
        tagger=english,
        links=PLACE_LINKS,
        options=PLAIN,
        noise=NoiseOptions(),
    )
    assert tagger.tag([Sentence(("alikwenda", "Kigali", "."))])[0].tags() == ["O", "B-LOC", "O"]


class Fixed:
    """A tagger that finds a place in the second word."""

    labels = ("LOC",)
    tags = ("O", "B-LOC", "I-LOC")

    def tag(self, sentences):
        return [Sentence(s.tokens, (Span(1, 2, "LOC", 0.9),)) for s in sentences]

    def probabilities(self, sentences):
        raise NotImplementedError


def test_taggers_that_cannot_be_told_just_tag():
    found = tag_translated(Fixed(), [Sentence(("a", "B"))], [Sentence(("B", "c"))])
    assert found[0].tags() == ["O", "B-LOC"]


def test_what_does_not_fit_is_said():
    with pytest.raises(PairError, match="2 source sentences, but 1 target sentences"):
        tag_translated(Fixed(), [Sentence(("a",))] * 2, [Sentence(("a",))])
