from __future__ import annotations

import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag import load_tagger
from crosspan.tag.crf import CrfTagger, FeatureOptions
from crosspan.train.crf import CrfOptions, train_crf

PLAIN = CrfOptions(features=FeatureOptions(lexicon=False))
LEARN = [
    Sentence(("Ada", "Obi", "left", place, "."), (Span(0, 2, "PER"), Span(3, 4, "LOC")))
    for place in ("Accra", "Lagos", "Kano", "Gulu")
] * 2 + [Sentence(("The", "rain", "left", "us", "."))] * 4


@pytest.fixture(scope="module")
def tagger():
    return train_crf(LEARN, options=PLAIN)


sentences = st.lists(
    st.lists(st.sampled_from(["Ada", "Obi", "left", "Accra", "the", "é", "ọ́", "東京", "'", "-"]), max_size=8).map(
        lambda tokens: Sentence(tuple(tokens))
    ),
    max_size=6,
)


@given(sentences)
@settings(max_examples=60, deadline=None)
def test_one_by_one_or_together_is_the_same(tagger, given_sentences):
    together = tagger.tag(given_sentences)
    assert [tagger.tag([sentence])[0] for sentence in given_sentences] == together
    for sentence, probabilities in zip(together, tagger.probabilities(given_sentences), strict=True):
        assert probabilities.shape == (len(sentence), len(tagger.tags))
        np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-5)
        for span in sentence.spans:
            assert 0.0 <= span.score <= 1.0
            lowest = min(
                probabilities[token, tagger.tags.index(("B-" if token == span.start else "I-") + span.label)]
                for token in range(span.start, span.end)
            )
            assert span.score <= lowest + 1e-3  # a span is never surer than its words


def test_letters_are_the_same_however_they_are_spelt_and_stay_as_they_are():
    composed, decomposed = "Kọ́bọ̀", "Ko\u0323\u0301bo\u0323\u0300"
    learn = [Sentence(("in", word, "."), (Span(1, 2, "LOC"),) if word == composed else ()) for word in (composed, "it")]
    tagger = train_crf(learn * 4, options=PLAIN)
    found, other = tagger.tag([Sentence(("in", word, ".")) for word in (composed, decomposed)])
    assert found.spans
    assert other.spans == found.spans
    assert other.tokens == ("in", decomposed, ".")


def test_everything_but_the_labels_of_a_sentence_stays(tagger):
    text = "Ada  left Accra"
    given_sentence = Sentence(
        ("Ada", "left", "Accra"), (Span(1, 2, "ORG"),), "s1", "en", text, ((0, 3), (5, 9), (10, 15))
    )
    found = tagger.tag([given_sentence])[0]
    assert (found.id, found.lang, found.text, found.offsets) == ("s1", "en", text, given_sentence.offsets)
    assert {span.label for span in found.spans} <= {"LOC", "PER"}


def test_what_is_known_from_elsewhere_shifts_the_odds(tagger):
    sentence = Sentence(("The", "rain", "left", "Wasswa", "."))
    plain = tagger.probabilities([sentence])[0]
    shifted = tagger.probabilities([sentence], entity_bias=[[0, 0, 0, 3.0, 0]])[0]
    assert shifted[3, 0] < plain[3, 0]
    # one token's odds of O against anything else go down by e^3 where its neighbours are sure
    assert tagger.tag([sentence], entity_bias=[[0, 0, 0, 50.0, 0]])[0].spans[0].start == 3


def test_a_tagger_can_be_sent_to_another_process(tagger):
    again = pickle.loads(pickle.dumps(tagger))
    assert again.tag(LEARN[:2]) == tagger.tag(LEARN[:2])


def test_files_that_are_no_model_are_named(tmp_path, tagger):
    with pytest.raises(ModelError, match="no such file"):
        CrfTagger.load(tmp_path / "none.crf")
    bad = tmp_path / "bad.crf"
    for content in (b"", b"PK\x03\x04 broken", b"word\tO\n"):
        bad.write_bytes(content)
        with pytest.raises(ModelError, match=r"bad\.crf"):
            CrfTagger.load(bad)
    good = tmp_path / "good.crf"
    tagger.save(good)
    whole = good.read_bytes()
    bad.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="damaged"):
        CrfTagger.load(bad)
    _rewrite(good, bad, version=99)
    with pytest.raises(ModelError, match=r"has version 99.*Update crosspan"):
        CrfTagger.load(bad)
    _rewrite(good, bad, labels=["LOC"])
    with pytest.raises(ModelError, match="damaged"):
        CrfTagger.load(bad)


def _rewrite(source, target, **changes):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            if name != "about.npy":
                new.writestr(name, old.read(name))
        with old.open("about.npy") as stream:
            about = json.loads(np.load(stream).tobytes())
        with new.open("about.npy", "w") as stream:
            np.save(stream, np.frombuffer(json.dumps({**about, **changes}).encode(), np.uint8))


def test_taggers_by_name(tmp_path, tagger):
    tagger.save(tmp_path / "m.crf")
    assert load_tagger(tmp_path / "m.crf").labels == ("LOC", "PER")
    with pytest.raises(OptionError, match="no tagger 'english'"):
        load_tagger("english")
