"""NMTScore of phrases: as the package of its authors computes it, and by hand; caching; faults."""

from __future__ import annotations

import sqlite3
import sys
import types

import numpy as np
import pytest

from crosspan.core.errors import ModelError, OptionError, OutputError
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.batch import PairBatch
from crosspan.project.candidates import CandidateOptions, CandidateProjector
from crosspan.project.scorers.nmt import NmtOptions, NmtScorer

ENGLISH = ["European Commission", "Ada Lovelace", "Accra", "the Bank of Ghana"]
GERMAN = ["Europäische Kommission", "Ada Lovelace", "Akkra !", "Bank"]


class FakeTranslator:
    """Log probabilities from a table of its own making; notes what it was asked."""

    def __init__(self):
        self.asked = []

    def score(self, sources, targets, *, source, target, advance=None):
        self.asked += [(source, target, one, other) for one, other in zip(sources, targets, strict=True)]
        return np.array([self.log_prob(*row) for row in zip(sources, targets, strict=True)])

    def log_prob(self, one, other):
        if one == other:
            return -0.5
        shared = len(set(one.lower()) & set(other.lower())) / len(set(one.lower()) | set(other.lower()))
        return -0.5 - 4.0 * (1.0 - shared) - 0.1 * len(other.split())


def by_hand(one, other, base=2.0):
    log_prob = FakeTranslator().log_prob
    there = base ** (log_prob(one, other) - log_prob(other, other))
    back = base ** (log_prob(other, one) - log_prob(one, one))
    return (there + back) / 2.0


def scorer(translator=None, **options):
    options = {"source_lang": "en", "target_lang": "de", **options}
    return NmtScorer(NmtOptions(**options), translator=translator or FakeTranslator())


def world(*sentences, lang=None):
    """Pairs with one entity of all words, linked to everything."""
    pairs = [
        Pair(
            Sentence(tuple(one.split()), (Span(0, len(one.split()), "PER"),), lang=lang and lang[0]),
            Sentence(tuple(other.split()), lang=lang and lang[1]),
        )
        for one, other in sentences
    ]
    links = [Alignment.from_links([(0, j) for j in range(len(pair.target))]) for pair in pairs]
    batch = PairBatch.build(pairs, links)
    return pairs, batch, CandidateProjector().candidates(pairs, batch)


# --- against the formula and the package ---------------------------------------------------------------------------


def test_scores_are_those_of_the_formula():
    pairs, batch, made = world(("Ada Obi", "Ada Obi kam"), ("Accra", "nach Akkra ging"))
    found = scorer()(pairs, batch, made)
    for score, span, start, end in zip(found, made.span, made.start, made.end, strict=True):
        index = int(span)
        one, other = " ".join(pairs[index].source.tokens), " ".join(pairs[index].target.tokens[start:end])
        expected = by_hand(one, other)
        assert score == pytest.approx(0.0 if expected <= 0.1 else expected)
    assert (found == 0).any()
    assert (found > 0.1).any()


def test_variants():
    texts = (["sea"], ["Meer"], ("en", "de"))
    log_prob = FakeTranslator().log_prob
    assert scorer(base="e").phrases(*texts)[0] == pytest.approx(by_hand("sea", "Meer", np.e))
    plain = scorer(normalize=False, both_directions=False).phrases(*texts)[0]
    assert plain == pytest.approx(2.0 ** log_prob("sea", "Meer"))


def tiny(folder):
    """A tiny M2M100 that is less sure of all pieces alike than a fresh one is."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from crosspan.testing.tiny_models import save_m2m100

    torch.set_num_threads(1)
    save_m2m100(folder)
    model = transformers.M2M100ForConditionalGeneration.from_pretrained(folder)
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.mul_(6.0)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("models") / "m2m100")


@pytest.fixture
def package(monkeypatch):
    """The package nmtscore, with what it needs of transformers 4 and scoring does not use."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("nmtscore")
    from transformers.utils import PaddingStrategy

    padding = types.ModuleType("transformers.file_utils")
    padding.PaddingStrategy = PaddingStrategy
    small = types.ModuleType("nmtscore.models.tokenization_small100")
    small.SMALL100Tokenizer = type("SMALL100Tokenizer", (), {})
    monkeypatch.setitem(sys.modules, padding.__name__, padding)
    monkeypatch.setitem(sys.modules, small.__name__, small)
    pipeline = type("TranslationPipeline", (), {"__init__": lambda self, *args, **named: None})
    monkeypatch.setattr(transformers, "TranslationPipeline", pipeline, raising=False)
    import nmtscore
    from nmtscore.models.m2m100 import M2M100Model

    return nmtscore.NMTScorer, M2M100Model


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
def test_scores_are_those_of_the_package(folder, package, normalize, both):
    kind, model = package
    reference = kind(model(str(folder)))
    how = {"normalize": normalize, "both_directions": both}
    expected = reference.score_direct(GERMAN, ENGLISH, a_lang="de", b_lang="en", **how)
    found = NmtScorer(NmtOptions(model=str(folder), **how)).phrases(ENGLISH, GERMAN, ("en", "de"))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert np.ptp(expected) > 0.001 * np.max(expected), "a test of nothing"


def test_scores_are_those_of_single_forward_passes(folder):
    """The formula with e, every probability from a pass of the model by itself."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    model = transformers.M2M100ForConditionalGeneration.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    def log_prob(text, given, lang, given_lang):
        tokenizer.src_lang, tokenizer.tgt_lang = given_lang, lang
        batch = tokenizer(given, text_target=text, return_tensors="pt")
        with torch.no_grad():
            start = torch.tensor([[model.config.decoder_start_token_id]])
            before = torch.cat([start, batch["labels"][:, :-1]], dim=1)
            logits = model(
                input_ids=batch["input_ids"], attention_mask=batch["attention_mask"], decoder_input_ids=before
            ).logits
        rows = logits[0].log_softmax(-1)[torch.arange(batch["labels"].shape[1]), batch["labels"][0]]
        return float(rows[1:].mean())  # the language is given

    found = NmtScorer(NmtOptions(model=str(folder), base="e")).phrases(ENGLISH, GERMAN, ("en", "de"))
    for score, one, other in zip(found, ENGLISH, GERMAN, strict=True):
        there = np.exp(log_prob(other, one, "de", "en") - log_prob(other, other, "de", "de"))
        back = np.exp(log_prob(one, other, "en", "de") - log_prob(one, one, "en", "en"))
        assert score == pytest.approx((there + back) / 2.0, rel=1e-4)


# --- phrases as they are written -----------------------------------------------------------------------------------


def asked_for(source, target):
    pair = Pair(source, target)
    batch = PairBatch.build([pair], [Alignment.from_links([(0, j) for j in range(len(target))])])
    made = CandidateProjector(CandidateOptions(max_words=9)).candidates([pair], batch)
    translator = FakeTranslator()
    scorer(translator)([pair], batch, made)
    return {text for *_, one, other in translator.asked for text in (one, other)}


def test_phrases_are_written_as_in_their_sentences():
    text = "l'Union  européenne."
    target = Sentence(("l'", "Union", "européenne", "."), (), text=text, offsets=((0, 2), (2, 7), (9, 19), (19, 20)))
    texts = asked_for(Sentence(("EU",), (Span(0, 1, "ORG"),)), target)
    assert {"l'Union", "l'Union européenne", "Union européenne."} <= texts
    assert "l' Union" not in texts


def test_phrases_without_offsets_are_joined_as_their_script_wants():
    source = Sentence(("Tokyo", "Bay"), (Span(0, 2, "LOC"),))
    assert "東京湾" in asked_for(source, Sentence(("東京", "湾")))
    assert "Bahía de Tokio" in asked_for(source, Sentence(("Bahía", "de", "Tokio")))


# --- languages -----------------------------------------------------------------------------------------------------


def test_languages_are_those_of_the_sentences_where_none_is_named():
    pairs, batch, made = world(("sea", "Meer"), lang=("en", "de"))
    more, *_ = world(("sea", "mar"), lang=("en", "es"))
    translator = FakeTranslator()
    both = [*pairs, *more]
    batch = PairBatch.build(both, [Alignment.from_pharaoh("0-0")] * 2)
    made = CandidateProjector().candidates(both, batch)
    found = scorer(translator, source_lang="", target_lang="")(both, batch, made)
    assert {row[:2] for row in translator.asked} == {
        ("en", "de"), ("de", "de"), ("de", "en"), ("en", "en"), ("en", "es"), ("es", "es"), ("es", "en")
    }  # fmt: skip
    assert found[0] == pytest.approx(by_hand("sea", "Meer"))
    with pytest.raises(OptionError, match="does not know the source language"):
        scorer(source_lang="")(*world(("sea", "Meer")))


def test_languages_that_are_named_count(folder):
    pairs, batch, made = world(("sea", "Meer"), lang=("fr", "it"))
    translator = FakeTranslator()
    scorer(translator)(pairs, batch, made)
    assert {row[:2] for row in translator.asked} == {("en", "de"), ("de", "de"), ("de", "en"), ("en", "en")}


# --- caches --------------------------------------------------------------------------------------------------------


def test_each_pair_of_phrases_is_scored_once():
    pairs, batch, made = world(("sea", "Meer"), ("sea", "Meer"), ("sea", "das Meer"))
    translator = FakeTranslator()
    one = scorer(translator)
    first = one(pairs, batch, made)
    asked = list(translator.asked)
    assert len(asked) == len(set(asked))
    np.testing.assert_array_equal(one(pairs, batch, made), first)
    assert translator.asked == asked


def test_scores_are_kept_in_a_file(tmp_path):
    path = tmp_path / "deep" / "scores.sqlite"
    pairs, batch, made = world(("sea", "Meer"), ("naïve’s 👩‍👩‍👧", "a"))
    first = scorer(cache=str(path), model="one")(pairs, batch, made)
    silent = FakeTranslator()
    np.testing.assert_array_equal(scorer(silent, cache=str(path), model="one")(pairs, batch, made), first)
    assert silent.asked == []
    scorer(silent, cache=str(path), model="two")(pairs, batch, made)
    assert silent.asked  # those of another model are not its own


def test_files_that_are_no_caches(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to be looked at" * 20)
    for other in (path, path / "below"):
        with pytest.raises(OutputError, match="cannot be used"):
            scorer(cache=str(other)).phrases(["a"], ["b"], ("en", "de"))
    other = tmp_path / "other.sqlite"
    sqlite3.connect(other).close()
    assert len(scorer(cache=str(other)).phrases(["a"], ["b"], ("en", "de"))) == 1


# --- faults --------------------------------------------------------------------------------------------------------


def test_a_translator_without_scores():
    pairs, batch, made = world(("sea", "Meer"))
    with pytest.raises(OptionError, match="does not tell how probable"):
        scorer(object())(pairs, batch, made)


def test_probabilities_that_are_none():
    class Broken(FakeTranslator):
        def log_prob(self, one, other):
            return float("nan") if one != other else -1.0

    with pytest.raises(ModelError, match="no probability for 'Meer' as a translation of 'sea'"):
        scorer(Broken()).phrases(["sea"], ["Meer"], ("en", "de"))


def test_a_model_must_be_named_and_there():
    pairs, batch, made = world(("sea", "Meer"))
    with pytest.raises(OptionError, match="no translator"):
        NmtScorer(NmtOptions(source_lang="en", target_lang="de"))(pairs, batch, made)
    pytest.importorskip("transformers")
    missing = NmtOptions(source_lang="en", target_lang="de", model="/no/such/folder")
    with pytest.raises(ModelError, match="no such folder"):
        NmtScorer(missing)(pairs, batch, made)


@pytest.mark.parametrize("options", [{"base": "10"}, {"floor": -0.1}, {"floor": float("nan")}])
def test_options_that_cannot_be(options):
    with pytest.raises(OptionError):
        NmtOptions(**options)
