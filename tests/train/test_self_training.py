from __future__ import annotations

import random

import pytest

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag.crf import FeatureOptions
from crosspan.train import rounds
from crosspan.train.adapt import adapt_tagger, copy_bias, sample_of
from crosspan.train.adapt_options import AdaptOptions
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example
from crosspan.train.round_options import VoteOptions
from crosspan.train.rounds import voted
from crosspan.train.self_training import train_on_projections

PLAIN = CrfOptions(features=FeatureOptions(lexicon=False))
PLACES = ("Accra", "Gulu", "Kano", "Lagos", "Nairobi", "Kigali")


def sentence(place, labelled=True, score=None):
    spans = (Span(2, 3, "LOC", score),) if labelled else ()
    return Sentence(("yagenze", "mu", place, "."), spans)


def projected(n, missing, seed=0):
    rng = random.Random(seed)
    return [Example(sentence(rng.choice(PLACES), rng.random() >= missing)) for _ in range(n)]


def test_entities_that_the_others_know_are_put_in():
    examples = [*projected(40, 0.0), *projected(4, 1.0, seed=2)]
    found = voted(examples, examples, ["LOC"], PLAIN, VoteOptions(accept=0.5), None, None)
    assert all(example.sentence.spans for example in found)


def test_labels_that_nobody_believes_become_unknown():
    wrong = Example(Sentence(("yagenze", "mu", "Gulu", "."), (Span(0, 1, "LOC", 0.3),)))
    examples = [*projected(40, 0.0), wrong]
    found = voted(examples, examples, ["LOC"], PLAIN, VoteOptions(reject=0.2), None, None)[-1]
    assert Span(0, 1, "LOC") not in found.sentence.spans
    assert 0 in found.unobserved


def test_a_sentence_is_not_judged_by_a_tagger_that_has_seen_it():
    # the only sentence of its kind: a tagger trained on it would be sure of it
    odd = Example(Sentence(("ebbaluwa", "Zzz", "yatuuka"), (Span(1, 2, "LOC", 0.5),)))
    examples = [*projected(40, 0.0), odd]
    found = voted(examples, examples, ["LOC"], PLAIN, VoteOptions(reject=0.45, accept=1.0), None, None)[-1]
    assert found.sentence.spans == ()


def test_rounds_mend_missing_labels():
    gold = [sentence(place) for place in PLACES] + [Sentence(("enkuba", "mu", "kiro", "."))] * 3
    examples = projected(60, 0.45, seed=1) + [Example(Sentence(("enkuba", "mu", "kiro", ".")))] * 20

    def found(rounds):
        tagger = train_on_projections(examples, options=PLAIN, rounds=rounds, vote=VoteOptions(accept=0.45))
        return sum(len(a.spans) for a in tagger.tag(gold))

    assert found(1) == len(PLACES)
    assert found(1) >= found(0)


def test_nobody_votes_on_gold_labels():
    """A gold label that all projections speak against stays, weights and all, and every fold learns from it."""
    odd = Sentence(("yagenze", "mu", "Gulu", "."), (Span(0, 1, "LOC"),))
    seen = []

    def learned(examples, **how):
        seen.append(list(examples))
        return train_crf(examples, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "train_crf", learned)
        train_on_projections(
            projected(20, 0.0), gold=[Example(odd, 2.0)], gold_weight=3.0, options=PLAIN, vote=VoteOptions(reject=0.9)
        )
    assert len(seen) == VoteOptions().folds + 1
    assert all(examples[0] == Example(odd, 6.0) for examples in seen)
    assert len(seen[-1]) == 20  # the projected labels of the same sentence do not count


def test_taggers_that_vote_learn_from_a_sample_and_vote_on_all():
    """However many sentences there are, those that vote see so many at most; what is labelled in the end is all."""
    examples = [Example(sentence(f"Mu{number}")) for number in range(40)] + projected(20, 1.0)
    sizes = []

    def learned(examples, **how):
        sizes.append(len(list(examples)))
        return train_crf(examples, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounds, "train_crf", learned)
        found = voted(examples, examples, ["LOC"], PLAIN, VoteOptions(sample=12, accept=0.9, doubt=0.01), 1, None)
    assert sizes == [12] * VoteOptions().folds
    assert all(one.sentence.spans for one in found[:40])
    assert all(one.sentence.spans or 2 in one.unobserved for one in found[40:])


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_folds_side_by_side_change_nothing(threads):
    examples = projected(60, 0.4, seed=3)
    heard = []
    one = voted(examples, examples, ["LOC"], PLAIN, VoteOptions(), 1, None)
    assert voted(examples, examples, ["LOC"], PLAIN, VoteOptions(), threads, heard.append) == one
    assert [event.done for event in heard] == sorted(event.done for event in heard)
    assert (heard[-1].stage, heard[-1].share) == ("voting", 1.0)


def test_gold_labels_alone_need_no_vote(tmp_path):
    gold = projected(12, 0.0)
    train_on_projections([], gold=gold, options=PLAIN, rounds=3).save(tmp_path / "a.crf")
    train_crf(gold, options=PLAIN).save(tmp_path / "b.crf")
    assert (tmp_path / "a.crf").read_bytes() == (tmp_path / "b.crf").read_bytes()


def test_labels_weights_and_dev_sentences_are_taken():
    place, person = sentence("Gulu"), Sentence(("Ada", "mu", "nyumba", "."), (Span(0, 1, "PER"),))
    examples = [Example(place), Example(person)] * 6
    heard = []
    tagger = train_on_projections(
        examples, labels=["LOC"], dev=[place, person], options=PLAIN, rounds=0, progress=heard.append
    )
    assert tagger.labels == ("LOC",)
    assert tagger.card["dev"] == {"sentences": 2, "precision": 1.0, "recall": 0.5, "f1": 0.6667}
    assert (heard[-1].stage, heard[-1].metrics["dev_f1"]) == ("scoring", 0.6667)
    other = Sentence(place.tokens, (Span(2, 3, "ORG"),))
    for heavy, light, label in ((place, other, "LOC"), (other, place, "ORG")):
        found = train_on_projections([Example(light)], gold=[Example(heavy, 5.0)], options=PLAIN, rounds=0)
        assert found.tag([place])[0].spans[0].label == label


def test_options_are_checked():
    for wrong in ({"folds": 1}, {"doubt": 0.9, "accept": 0.5}, {"reject": -1}):
        with pytest.raises(OptionError):
            VoteOptions(**wrong)
    with pytest.raises(OptionError):
        train_on_projections(projected(4, 0), rounds=-1)
    for wrong in ({"rounds": 0}, {"sample": -1}):
        with pytest.raises(OptionError):
            AdaptOptions(**wrong)
    with pytest.raises(OptionError):
        VoteOptions(sample=-1)


def test_a_tagger_learns_new_names_from_their_copies():
    known = [
        Sentence(("He", "went", "to", place, "."), (Span(3, 4, "LOC"),)) for place in ("Paris", "Rome", "Oslo")
    ] * 3
    # what stands before a place is unlike anything the tagger has seen
    base = train_crf(known + [Sentence(("It", "rained", "in", "June", "."))] * 3, options=PLAIN)
    text = [Sentence(("Police", "at", "Wakiso", "said", "no")), Sentence(("Police", "at", "Masindi", "left", "it"))] * 8
    translation = [Sentence(("Poliisi", "e", s.tokens[2], "yagaanye")) for s in text]
    adapted = adapt_tagger(base, text, translation, options=AdaptOptions(accept=0.5, copy_bias=6.0))
    other = Sentence(("Police", "at", "Wakiso", "left", "no"))
    before, after = base.probabilities([other])[0][2, 0], adapted.probabilities([other])[0][2, 0]
    assert after < before  # less probably O, without being told that it is copied
    assert adapted.labels == base.labels


def test_a_tagger_is_adapted_to_a_sample_of_much_text(tmp_path):
    base = train_crf([sentence(place) for place in PLACES] * 3, options=PLAIN)
    text = [sentence(f"Mu{number}", labelled=False) for number in range(60)]
    chosen = sample_of([(one.tokens, one.tokens) for one in text], AdaptOptions(sample=20))
    assert len(chosen) == 20
    few = [Sentence(tuple(one)) for one, _ in chosen]
    adapt_tagger(base, text, text, options=AdaptOptions(sample=20, accept=0.1)).save(tmp_path / "a.crf")
    adapt_tagger(base, few, few, options=AdaptOptions(sample=0, accept=0.1)).save(tmp_path / "b.crf")
    adapt_tagger(base, text, text, options=AdaptOptions(sample=0, accept=0.1)).save(tmp_path / "c.crf")
    assert (tmp_path / "a.crf").read_bytes() == (tmp_path / "b.crf").read_bytes()
    assert (tmp_path / "a.crf").read_bytes() != (tmp_path / "c.crf").read_bytes()


def test_bias_of_words_that_are_copied():
    one, other = Sentence(("Obi", "left")), Sentence(("Obi", "yagenze"))
    assert [row.tolist() for row in copy_bias([one], [other], 2.0, every=0.5)] == [[2.5, 0.5]]
    with pytest.raises(ValueError, match=r"shorter|longer"):
        copy_bias([one], [])
