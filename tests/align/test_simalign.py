"""The same links as the package simalign, and what it fails on."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from crosspan.align import make_aligner
from crosspan.align.simalign import SimAlign, SimAlignOptions
from crosspan.core.errors import OptionError

NAMES = {"argmax": "inter", "itermax": "itermax", "match": "mwmf", "forward": "fwd", "backward": "rev"}
POSITIONS = 128  # enough for these sentences: the package cuts off what is longer


def links_of(alignment):
    return list(zip(alignment.source.tolist(), alignment.target.tolist(), strict=True))


@pytest.fixture(scope="module")
def package(tiny):
    """Makes an aligner of the package."""
    logging.disable(logging.INFO)
    module = pytest.importorskip("simalign", reason="the package simalign is not installed")

    def make(model, unit="bpe", distortion=0.0):
        return module.SentenceAligner(
            model=model, token_type=unit, matching_methods="maifr", layer=2, distortion=distortion
        )

    yield make
    logging.disable(logging.NOTSET)


def ours(model, **options):
    return SimAlign(SimAlignOptions(model=model, layer=2, **{"method": "itermax", **options}), threads=1)


@pytest.mark.parametrize("kind", ["mbert", "xlmr"])
@pytest.mark.parametrize(("units", "unit"), [("subword", "bpe"), ("word", "word")])
@pytest.mark.parametrize("distortion", [0.0, 0.5])
def test_same_links_as_the_package(tiny, package, sentences, kind, units, unit, distortion):
    model = tiny(kind, positions=POSITIONS)
    theirs = package(model, unit, distortion)
    pairs = sentences[::30] if units == "subword" else sentences[::12]  # their matching takes half a second a pair
    wanted = [theirs.get_word_aligns(list(source), list(target)) for source, target in pairs]
    for method, name in NAMES.items():
        found = ours(model, units=units, method=method, distortion=distortion).align_tokens(pairs)
        assert [links_of(one) for one in found] == [one[name] for one in wanted], method


@pytest.mark.parametrize(("units", "unit"), [("subword", "bpe"), ("word", "word")])
def test_marks_are_compared_where_they_are_kept(tiny, package, sentences, units, unit):
    """The package compares a lone ``▁`` as any other piece; by default it is left out."""
    model = tiny("xlmr", positions=POSITIONS, marks=True)
    pairs = sentences[::40]
    wanted = [package(model, unit).get_word_aligns(*map(list, pair))["itermax"] for pair in pairs]
    kept, skipped = (ours(model, units=units, marks=marks).align_tokens(pairs) for marks in ("keep", "skip"))
    assert [links_of(one) for one in kept] == wanted
    assert [links_of(one) for one in skipped] != wanted


class TestWhereThePackageFails:
    """Each of these is a fault of simalign 0.4: an error, or links that are silently missing."""

    def test_long_sentences_are_cut_off(self, tiny, package, sentences):
        model = tiny("mbert")  # reads 62 pieces at once
        long = sentences[0][0] * 6, sentences[0][1] * 6
        theirs = package(model).get_word_aligns(*map(list, long))
        assert max(link[0] for link in theirs["fwd"]) < len(long[0]) - 20
        found = ours(model, method="forward").align_tokens([long])[0]
        assert set(found.source.tolist()) == set(range(len(long[0])))

    def test_long_sentences_in_words(self, tiny, package, sentences):
        model = tiny("mbert")
        long = list(sentences[0][0] * 6), list(sentences[0][1] * 6)
        with pytest.raises(IndexError):
            package(model, "word").get_word_aligns(*long)
        assert len(ours(model, units="word", method="match").align_tokens([long])[0]) == min(map(len, long))

    def test_empty_sentences(self, tiny, package):
        model = tiny("mbert")
        with pytest.raises((ValueError, IndexError, TypeError)):
            package(model).get_word_aligns([], ["Haus"])
        assert [len(one) for one in ours(model).align_tokens([([], ["Haus"]), (["house"], []), ([], [])])] == [0] * 3

    def test_words_that_nothing_is_left_of(self, tiny, package):
        model = tiny("mbert")
        pair = ["the", "\u200b\u200d", "house"], ["das", "Haus"]
        with pytest.raises(ValueError, match="NaN"), pytest.warns(RuntimeWarning):
            package(model, "word").get_word_aligns(*map(list, pair))
        for units in ("word", "subword"):
            found = ours(model, units=units, method="forward").align_tokens([pair])[0]
            assert set(found.source.tolist()) == {0, 1, 2}

    def test_halves_of_surrogate_pairs(self, tiny, package):
        model = tiny("mbert")
        pair = ["the", "\ud800"], ["das", "\udfff"]
        with pytest.raises((TypeError, UnicodeEncodeError)):
            package(model).get_word_aligns(*map(list, pair))
        assert len(ours(model, method="match", units="word").align_tokens([pair])[0]) == 2


def test_probability_is_the_similarity(tiny, sentences):
    model = tiny("mbert", positions=POSITIONS)
    same = [(source, source) for source, _ in sentences[:3]]
    for found in ours(model, units="word", method="match").align_tokens(same):
        assert np.allclose(found.prob, 1.0, atol=1e-5)
    for found in ours(model, method="forward").align_tokens(sentences[:20]):
        assert 0.0 <= found.prob.min() <= found.prob.max() <= 1.0
    strict = ours(model, min_prob=0.9).align_tokens(sentences[:20])
    loose = ours(model).align_tokens(sentences[:20])
    for few, many in zip(strict, loose, strict=True):
        assert links_of(few) == [link for link, prob in zip(links_of(many), many.prob, strict=True) if prob >= 0.9]


def test_null_threshold_takes_links_out(tiny, sentences):
    model = tiny("mbert", positions=POSITIONS)
    every = ours(model, method="match").align_tokens(sentences[:20])
    some = ours(model, method="match", null_threshold=0.5).align_tokens(sentences[:20])
    assert 0 < sum(map(len, some)) < sum(map(len, every))
    for few, many in zip(some, every, strict=True):
        assert set(links_of(few)) <= set(links_of(many))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": "letters"}, "Choose one of subword, word"),
        ({"method": "mwmf"}, "Choose one of argmax, itermax, match"),
        ({"distortion": 2.0}, "distortion is 2.0"),
        ({"null_threshold": -0.1}, "from 0 to 1"),
        ({"factor": 1.5}, "factor is 1.5"),
        ({"iterations": 0}, "at least 1"),
        ({"min_prob": 7}, "min_prob is 7"),
        ({"batch": -1}, "batch is -1"),
        ({"dtype": "int4"}, "float32"),
        ({"layr": 3}, "Did you mean layer"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(OptionError) as caught:
        make_aligner("simalign", **settings)
    assert message in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"units": "word", "distortion": 0.5, "null_threshold": 0.8, "min_prob": 0.4}])
def test_several_methods_from_one_reading(tiny, sentences, monkeypatch, options):
    model = tiny("mbert", positions=POSITIONS)
    aligner = ours(model, **options)
    whole, read = aligner.encoder.vectors, []
    monkeypatch.setattr(
        aligner.encoder, "vectors", lambda pieces, **more: (read.append(len(pieces)), whole(pieces, **more))[1]
    )
    pairs = [*sentences[:8], ([], ["Haus"])]
    found = aligner.align_methods(pairs)
    assert read == [len({words for pair in sentences[:8] for words in map(tuple, pair)})]
    assert list(found) == list(NAMES)
    for method, links in found.items():
        assert links == ours(model, method=method, **options).align_tokens(pairs), method
    some = list(aligner.iter_align_methods(iter(pairs), ("match",)))
    assert [one["match"] for one in some] == found["match"]
    assert not len(found["forward"][-1])


def test_methods_that_are_not_there(tiny):
    with pytest.raises(OptionError, match="there is no method 'mwmf'"):
        ours("/nowhere").align_methods([], ("argmax", "mwmf"))


@pytest.mark.parametrize(("known", "method", "other"), [(True, "itermax", "argmax"), (False, "argmax", "itermax")])
def test_the_usual_method_fits_the_encoder(tiny, sentences, monkeypatch, known, method, other):
    model = tiny("mbert", positions=POSITIONS)
    if known:
        monkeypatch.setattr("crosspan.align.embedding.is_mbert", lambda config: True)
    pairs = sentences[:10]
    usual = [links_of(one) for one in SimAlign(SimAlignOptions(model=model, layer=2), threads=1).align_tokens(pairs)]
    assert usual == [links_of(one) for one in ours(model, method=method).align_tokens(pairs)]
    assert usual != [links_of(one) for one in ours(model, method=other).align_tokens(pairs)]
