"""Fused scores: the published sum, its exact optimum, and projectors that a recipe builds from names alone."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project import candidates as candidates_module
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateOptions, CandidateProjector
from crosspan.project.ner_candidates import NerOptions
from crosspan.project.projector import make_projector
from crosspan.project.scorers.nmt import NmtOptions

LABELS = ("LOC", "PER")


class FakeTagger:
    labels, tags = LABELS, ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")

    def probabilities(self, sentences):
        return [
            np.array([np.random.default_rng(ord(w[0])).dirichlet(np.full(5, 0.4)) for w in s.tokens], np.float32)
            for s in sentences
        ]


class FakeTranslator:
    def score(self, sources, targets, *, source, target, advance=None):
        return np.array([-0.2 * len(set(one) ^ set(other)) - 0.5 for one, other in zip(sources, targets, strict=True)])


def fused(**options):
    options = {"scores": "fused", "candidates": "all_ngrams", "max_words": 3, **options}
    options.setdefault("nmt", NmtOptions(source_lang="en", target_lang="de", floor=0.0))
    return CandidateProjector(CandidateOptions(**options), tagger=FakeTagger(), translator=FakeTranslator())


@st.composite
def worlds(draw):
    n = draw(st.integers(1, 5))
    k = draw(st.integers(1, 3))
    source = tuple(draw(st.text("abcd", min_size=1, max_size=3)) for _ in range(2 * k))
    spans = tuple(Span(2 * e, 2 * e + draw(st.integers(1, 2)), draw(st.sampled_from(LABELS))) for e in range(k))
    target = tuple(draw(st.text("abcdef", min_size=1, max_size=3)) for _ in range(n))
    probs = st.sampled_from([0.1, 0.4, 0.9, 1.0])
    links = draw(st.dictionaries(st.tuples(st.integers(0, 2 * k - 1), st.integers(0, n - 1)), probs, max_size=6))
    return Pair(Sentence(source, spans), Sentence(target)), links


def score_by_hand(pair, links, span, start, end, factor=2.0, hard=False):
    """0.5 align + 0.5 ner_spans + nmt, each as the paper writes it."""
    words = pair.target.tokens[start:end]
    inside = sum(1.0 if hard else p for (i, j), p in links.items() if span.start <= i < span.end and start <= j < end)
    align = factor * inside / (span.end - span.start + end - start)
    rows = FakeTagger().probabilities([Sentence(words)])[0].astype(float)
    ner = max(
        (rows[0][1 + 2 * label] + sum(row[2 + 2 * label] for row in rows[1:])) / len(words) for label in range(2)
    ) * 1.15 ** (len(words) - 1)
    one, other = " ".join(pair.source.tokens[span.start : span.end]), " ".join(words)
    score = FakeTranslator().score
    (cross, back, here, there) = score(
        [one, other, one, other], [other, one, one, other], source="en", target="de"
    ).tolist()
    nmt = (2.0 ** (cross - there) + 2.0 ** (back - here)) / 2.0
    return 0.5 * align + 0.5 * (ner if ner > 0.05 else 0.0) + nmt


@settings(max_examples=40, deadline=None)
@given(worlds(), st.booleans(), st.booleans())
def test_fused_matching_is_exact(world, thesis, hard):
    """Against all ways to give each entity a range or none."""
    pair, links = world
    given_links = Alignment.from_links([(i, j, p) for (i, j), p in links.items()])
    projector = fused(align_form="thesis" if thesis else "paper", hard_links=hard)
    (projection,) = projector.project([pair], [given_links])
    n = len(pair.target)
    ranges = [None, *((a, b) for a in range(n) for b in range(a + 1, min(n, a + 3) + 1))]
    score = {
        (span, at): score_by_hand(pair, links, span, *at, factor=1.0 if thesis else 2.0, hard=hard)
        for span in pair.source.spans
        for at in ranges[1:]
    }
    best = 0.0
    for choice in product(ranges, repeat=len(pair.source.spans)):
        words = [t for at in choice if at for t in range(*at)]
        if len(words) == len(set(words)):
            total = sum(score[span, at] for span, at in zip(pair.source.spans, choice, strict=True) if at)
            best = max(best, total)
    found = sum(score[link.source, (link.target.start, link.target.end)] for link in projection.links)
    assert found == pytest.approx(best, abs=1e-4)
    assert all(0.0 <= link.confidence <= 1.0 for link in projection.links)

    greedy = fused(align_form="thesis" if thesis else "paper", hard_links=hard, matcher="greedy")
    (second,) = greedy.project([pair], [given_links])
    assert sum(score[link.source, (link.target.start, link.target.end)] for link in second.links) <= best + 1e-4


PAIR = Pair(
    Sentence(("abc", "x", "bd"), (Span(0, 1, "PER"), Span(2, 3, "LOC"))),
    Sentence(("q", "abc", "e", "bd")),
)
LINKS = Alignment.from_pharaoh("0-1 2-3:0.5")


def test_weights_by_name():
    only_align = fused(weights={"ner_spans": 0.0, "nmt": 0.0}).project([PAIR], [LINKS])
    align = CandidateProjector(CandidateOptions(scores="align", candidates="all_ngrams")).project([PAIR], [LINKS])
    assert [one.sentence.tags() for one in only_align] == [one.sentence.tags() for one in align]
    projector = fused(weights={"ner": 1.0, "ner_spans": 0.0, "nmt": 0.25, "align": 2.0})
    assert projector._added.weights == {"ner": 1.0, "nmt": 0.25}


def test_confidence_is_the_share_of_the_highest_score():
    (projection,) = fused(weights={"ner_spans": 0.0}).project([PAIR], [LINKS])
    found = {link.source.start: link.confidence for link in projection.links}
    assert found[0] == pytest.approx((0.5 * 1.0 + 1.0) / 1.5, abs=1e-6)  # linked word for word, and translates itself
    assert found[2] == pytest.approx((0.5 * 0.5 + 1.0) / 1.5, abs=1e-6)
    thesis = fused(weights={"ner_spans": 0.0}, align_form="thesis").project([PAIR], [LINKS])[0]
    assert {link.confidence for link in thesis.links if link.source.start == 0} == {1.0}


def test_runners_up_have_their_share():
    projections, others = fused().project_with_runners_up([PAIR, PAIR], [LINKS, LINKS], k=3)
    assert projections == fused().project([PAIR, PAIR], [LINKS, LINKS])
    assert [len(one) for pair in others for one in pair] == [3] * 4
    for pair, projection in zip(others, projections, strict=True):
        for runners, link in zip(pair, projection.links, strict=True):
            assert all(0.0 <= one.probability <= 1.0 for one in runners)
            assert (link.target.start, link.target.end) not in [(one.start, one.end) for one in runners]


def test_parts_change_nothing(monkeypatch):
    rng = np.random.default_rng(3)
    pairs, links = [], []
    for _ in range(30):
        n = int(rng.integers(0, 6))
        pairs.append(Pair(PAIR.source, Sentence(tuple(rng.choice(["abc", "e", "bd", "q"], n).tolist()))))
        links.append(Alignment.from_links([(0, 0), (2, 1)]) if n > 1 else Alignment.from_links([]))
    links[4] = None
    whole = fused().project_with_runners_up(pairs, links)
    monkeypatch.setattr(candidates_module, "PART", 7)
    assert fused().project_with_runners_up(pairs, links) == whole
    assert fused().project(pairs, links) == whole[0]
    assert fused().project([], []) == []


def test_scores_with_models_can_be_added_to_others():
    options = CandidateOptions(weights={"nmt": 2.0}, nmt=NmtOptions(source_lang="en", target_lang="de"))
    projector = CandidateProjector(options, translator=FakeTranslator())
    (plain,) = CandidateProjector().project([PAIR], [LINKS])
    (found,) = projector.project([PAIR], [LINKS])
    assert [link.target for link in found.links] == [link.target for link in plain.links]
    assert [link.confidence for link in found.links] != [link.confidence for link in plain.links]


def test_scorers_of_ones_own_go_before_models():
    calls = []

    def own(pairs, batch, made):
        calls.append(len(made))
        return np.zeros(len(made))

    options = CandidateOptions(scores="fused", ner=NerOptions(tagger="no such"))
    projector = CandidateProjector(options, scorers={"nmt": own, "ner_spans": own})
    assert projector.project([PAIR], [LINKS])[0].links
    assert len(calls) == 2


# --- built from names ----------------------------------------------------------------------------------------------


def test_nothing_is_loaded_before_it_is_needed(monkeypatch):
    import crosspan.tag
    import crosspan.translate

    def loaded(*args, **named):
        raise AssertionError("a model is loaded")

    monkeypatch.setattr(crosspan.tag, "load_tagger", loaded)
    monkeypatch.setattr(crosspan.translate, "make_translator", loaded)
    names = {
        "scores": "fused",
        "candidates": "ner",
        "ner.tagger": "transformers:there",
        "nmt.model": "there",
        "nmt.source_lang": "en",
        "nmt.target_lang": "de",
        "weights.nmt": "2",
    }
    projector = make_projector("candidates", names)
    projector.count([PAIR])
    projector.observe([PAIR], [LINKS])
    assert (projector.options.ner.tagger, projector.options.nmt.model) == ("transformers:there", "there")
    with pytest.raises(AssertionError, match="a model is loaded"):
        projector.project([PAIR], [LINKS])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"scores": "fused"}, "ner_spans needs a tagger"),
        ({"scores": "fused", "ner.tagger": "en"}, "nmt needs a translation model"),
        ({"scores": "fused", "weights.nmt": "0"}, "ner_spans needs a tagger"),
        ({"weights.nmt": "1"}, "nmt needs a translation model"),
        ({"weights.nmd": "1"}, "no score called 'nmd'"),
        ({"scores": "fuse"}, "scores is 'fuse'"),
        ({"align_form": "half"}, "align_form is 'half'"),
        ({"nmt.base": "10"}, "base is '10'"),
        ({"nmt.modell": "x"}, "no setting 'modell'"),
        ({"ner.alpha": "0"}, "alpha is 0"),
    ],
)
def test_what_is_missing_or_wrong_is_said_at_once(names, message):
    with pytest.raises(OptionError, match=message):
        make_projector("candidates", names)


def test_without_the_parts_that_need_models_none_is_needed():
    names = {"scores": "fused", "weights.nmt": "0", "weights.ner_spans": "0"}
    assert make_projector("candidates", names).project([PAIR], [LINKS])[0].links


def test_from_names_with_real_models(tmp_path):
    """Tagger and translator from folders, through their real classes; what it scores is what they say."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from crosspan.demo import load_corpus
    from crosspan.testing.tiny_models import save_nllb, save_tagger

    torch.set_num_threads(1)
    tagger, translator = save_tagger(tmp_path / "tagger"), save_nllb(tmp_path / "nllb")
    pairs = [Pair(one, other) for one, other in zip(load_corpus("en")[:4], load_corpus("de")[:4], strict=True)]
    links = [Alignment.from_links([(i, i) for i in range(min(len(one.source), len(one.target)))]) for one in pairs]
    names = {
        "scores": "fused",
        "reach": "0",
        "ner.tagger": f"transformers:{tagger}",
        "nmt.model": str(translator),
        "nmt.cache": str(tmp_path / "scores.sqlite"),
        "weights.ner": "0.5",
        "align_form": "thesis",
    }
    projector = make_projector("candidates", names)
    projections = projector.project(pairs, links)
    assert sum(len(one.links) for one in projections) > 0
    assert all(one.error is None for one in projections)
    assert (tmp_path / "scores.sqlite").exists()
    batch = PairBatch.build(pairs, links)
    made = projector.candidates(pairs, batch)
    scores = {name: scorer(pairs, batch, made) for name, scorer in projector._added.scorers.items()}
    assert set(scores) == {"ner", "ner_spans", "nmt"}
    assert all(np.isfinite(score).all() and (score >= 0).all() for score in scores.values())
    assert make_projector("candidates", names).project(pairs, links) == projections

    names["candidates"] = "ner"
    found = make_projector("candidates", names).project(pairs, links)
    assert all(
        len(one.links) + len(one.dropped) == len(pair.source.spans) for one, pair in zip(found, pairs, strict=True)
    )
