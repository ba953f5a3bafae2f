"""The trainer, against CRFsuite where labels are sure, and by what it must do where they are not."""

from __future__ import annotations

import random

import numpy as np
import pytest

from crosspan.core import threads
from crosspan.core.errors import EmptyInputError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag import chain
from crosspan.tag.crf import CrfTagger, FeatureMaker, FeatureOptions
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.evidence import evidence_of
from crosspan.train.examples import Example

PLAIN = FeatureOptions(lexicon=False)
PLACES = ("Accra", "Kampala", "Lagos", "Nairobi")
NAMES = ("Ada", "Kofi", "Moses", "Nakato")


def corpus(n, seed=0):
    """Sentences in which people live in places; the names are those of two short lists."""
    rng = random.Random(seed)
    out = []
    for _ in range(n):
        person, place = rng.choice(NAMES), rng.choice(PLACES)
        tokens = (person, "Obi", "lives", "in", place, rng.choice((".", "now")))
        out.append(Sentence(tokens, (Span(0, 2, "PER"), Span(4, 5, "LOC"))))
        out.append(Sentence(("The", rng.choice(("rain", "market", "road")), "is", "in", "order")))
    return out


def options(**changes):
    return CrfOptions(**{"features": PLAIN, "prune": 0.0, **changes})


def test_sure_labels_give_the_probabilities_of_crfsuite(tmp_path, monkeypatch):
    crfsuite = pytest.importorskip("pycrfsuite")
    # it forbids no transition, so for once neither do we
    monkeypatch.setattr(chain, "allowed_transitions", lambda n_labels: np.zeros((2 * n_labels + 2, 2 * n_labels + 1)))
    sentences = [*corpus(12), Sentence(("Obi", "in", "New", "Accra"), (Span(2, 4, "LOC"),))]
    ours = train_crf(sentences, options=options(l2=0.2, iterations=1_000, tolerance=1e-12))
    batch = FeatureMaker(PLAIN).batch([sentence.tokens for sentence in sentences])
    trainer = crfsuite.Trainer(verbose=False)
    # its penalty is c2 * sum of squares, ours l2 / 2
    trainer.set_params({"c1": 0.0, "c2": 0.1, "max_iterations": 1_000, "epsilon": 1e-9, "delta": 1e-12,
                        "feature.possible_states": True, "feature.possible_transitions": True})  # fmt: skip
    names = []
    for number, sentence in enumerate(sentences):
        begin = int(batch.first[number])
        items = []
        for t in range(len(sentence)):
            keys = batch.keys[batch.offsets[begin + t] : batch.offsets[begin + t + 1]]
            items.append([f"k{key}" for key in keys] + (["begin"] if t == 0 else []))
        names.append(items)
        trainer.append(items, sentence.tags())
    trainer.train(str(tmp_path / "m.crfsuite"))
    theirs = crfsuite.Tagger()
    theirs.open(str(tmp_path / "m.crfsuite"))
    found = ours.probabilities(sentences)
    for sentence, items, probabilities in zip(sentences, names, found, strict=True):
        theirs.set(items)
        assert theirs.tag() == ours.tag([sentence])[0].tags()
        for t in range(len(sentence)):
            for column, tag in enumerate(ours.tags):
                assert probabilities[t, column] == pytest.approx(theirs.marginal(tag, t), abs=2e-3)


def test_what_was_learned_is_found_again_on_other_sentences():
    tagger = train_crf(corpus(30), options=options())
    other = corpus(20, seed=1)
    assert [sentence.spans for sentence in tagger.tag(other)] == [sentence.spans for sentence in other]
    assert tagger.labels == ("LOC", "PER")


def test_unlabelled_is_not_outside():
    """Where two thirds of the names are unlabelled, taking them for O unlearns them; leaving them open does not."""
    rng = random.Random(3)
    gold = corpus(60)
    missing = [sentence if rng.random() < 0.33 else Sentence(sentence.tokens) for sentence in gold]
    open_ = [
        Example(sentence, unobserved=() if sentence.spans else tuple(range(len(sentence)))) for sentence in missing
    ]
    other = corpus(20, seed=9)
    n_gold = sum(len(sentence.spans) for sentence in other)

    def found(examples):
        tagged = train_crf(examples, options=options(), labels=("LOC", "PER")).tag(other)
        return sum(len({*a.spans} & {*b.spans}) for a, b in zip(tagged, other, strict=True))

    assert found(missing) < 0.2 * n_gold
    assert found(open_) > 0.9 * n_gold


def test_sentences_that_weigh_more_win():
    one = Sentence(("Obi", "left"), (Span(0, 1, "PER"),))
    other = Sentence(("Obi", "left"), (Span(0, 1, "LOC"),))
    for heavy, light, label in ((one, other, "PER"), (other, one, "LOC")):
        tagger = train_crf([Example(heavy, 5.0), Example(light, 1.0)], options=options())
        assert tagger.tag([one])[0].spans[0].label == label


def test_a_doubtful_span_gives_way_to_sure_ones():
    sure = [Sentence(("Obi", "left"), (Span(0, 1, "PER", 1.0),))] * 2
    doubtful = [Sentence(("Obi", "left"), (Span(0, 1, "LOC", 0.1),))] * 3
    assert train_crf(sure + doubtful, options=options()).tag(sure)[0].spans[0].label == "PER"
    blind = train_crf(sure + doubtful, options=options(span_confidence=False))
    assert blind.tag(sure)[0].spans[0].label == "LOC"


def test_the_number_of_threads_changes_nothing(tmp_path, monkeypatch):
    started, start = [], threads._started
    monkeypatch.setattr(threads, "_started", lambda work, count: started.append(count) or start(work, count))
    for number in (1, 3):
        assert not started
        tagger = train_crf(corpus(300), options=options(iterations=20), threads=number)
        tagger.save(tmp_path / f"{number}.crf")
    assert started.count(2) > 100, "too little text to share out"
    other = corpus(100, seed=7)
    alone = CrfTagger(tagger.model, threads=1)
    assert alone.tag(other) == tagger.tag(other)
    for one, rows in zip(alone.probabilities(other), tagger.probabilities(other), strict=True):
        assert one.tobytes() == rows.tobytes()
    assert (tmp_path / "1.crf").read_bytes() == (tmp_path / "3.crf").read_bytes()


def test_a_saved_model_is_the_one_in_memory(tmp_path):
    tagger = train_crf(corpus(20), options=CrfOptions(features=PLAIN))
    tagger.save(tmp_path / "m.crf")
    again = CrfTagger.load(tmp_path / "m.crf")
    sentences = corpus(5, seed=4)
    np.testing.assert_array_equal(again.model.weights, tagger.model.weights)
    assert [s.spans for s in again.tag(sentences)] == [s.spans for s in tagger.tag(sentences)]
    assert again.card["entities"] == {"LOC": 20, "PER": 20}
    again.save(tmp_path / "again.crf")
    assert (tmp_path / "again.crf").read_bytes() == (tmp_path / "m.crf").read_bytes()


def test_a_prior_keeps_what_the_new_text_does_not_speak_of():
    before = train_crf(corpus(30), options=options())
    new = [Sentence(("Wasswa", "Obi", "lives", "in", "Gulu", "."), (Span(0, 2, "PER"), Span(4, 5, "LOC")))] * 3
    after = train_crf(new, options=options(l2=0.5), labels=before.labels, prior=before.model)
    other = corpus(10, seed=5)
    assert [sentence.spans for sentence in after.tag(other)] == [sentence.spans for sentence in other]
    with pytest.raises(OptionError, match="prior"):
        train_crf(new, options=options(), labels=("LOC",), prior=before.model)


def test_nothing_to_learn_from_is_an_error():
    with pytest.raises(EmptyInputError, match="no labelled entity"):
        train_crf([Sentence(("a", "b"))])
    with pytest.raises(EmptyInputError):
        train_crf([])
    with pytest.raises(OptionError, match="weight"):
        train_crf([Example(Sentence(("Obi",), (Span(0, 1, "PER"),)), weight=0.0)], options=options())


def test_evidence_of_unsure_and_missing_labels():
    example = Example(Sentence(("a", "b", "c"), (Span(0, 2, "LOC", 0.75),)), missing=0.1)
    found = np.exp(evidence_of(example, ["LOC"]))
    np.testing.assert_allclose(found, [[0.25, 0.75, 0.25], [0.25, 0.25, 0.75], [1.0, 0.1, 0.1]])
