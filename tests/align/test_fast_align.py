from __future__ import annotations

import sys

import pytest

from crosspan.align import make_aligner
from crosspan.align.fast_align import FastAlign, FastAlignOptions
from crosspan.core.errors import EmptyInputError, MissingDependencyError, ModelError, OptionError
from crosspan.core.types import Pair, Sentence


@pytest.fixture
def package():
    return pytest.importorskip("systran_align", reason="the extra fast-align is not installed")


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "systran_align", None)
    with pytest.raises(MissingDependencyError, match="systran-align") as caught:
        make_aligner("fast_align")
    assert "crosspan[fast-align]" in str(caught.value)


@pytest.mark.parametrize("options", [{"symmetrization": "x"}, {"iterations": 0}, {"min_prob": -0.1}])
def test_options_out_of_range(options):
    with pytest.raises(OptionError):
        FastAlignOptions(**options)


@pytest.mark.usefixtures("package")
class TestWithThePackage:
    def test_learns_a_dictionary(self, bitext, f1):
        aligner = FastAlign().fit_tokens(bitext[0])
        assert f1(bitext[1], aligner.iter_align_tokens(bitext[0])) > 0.85

    def test_probability_is_the_share_of_the_directions(self, bitext):
        # fitted once: the program's sums differ a little from run to run
        aligner = FastAlign(FastAlignOptions(symmetrization="union")).fit_tokens(bitext[0])
        union = list(aligner.iter_align_tokens(bitext[0]))
        aligner.options = FastAlignOptions(symmetrization="intersection")
        both = list(aligner.iter_align_tokens(bitext[0]))
        aligner.options = FastAlignOptions(symmetrization="union", min_prob=0.6)
        likely = list(aligner.iter_align_tokens(bitext[0]))
        assert {prob for alignment in union for prob in alignment.prob.tolist()} == {0.5, 1.0}
        assert {prob for alignment in both for prob in alignment.prob.tolist()} == {1.0}
        assert likely == both

    def test_each_direction_links_a_word_once(self, bitext):
        forward, backward = FastAlign().fit_tokens(bitext[0])._directions
        for source, target in bitext[0][:50]:
            one, other = forward.best(source, target), backward.best(target, source)
            assert one.shape == (len(source), len(target))
            assert one.sum(axis=0).max() == 1
            assert other.shape == (len(target), len(source))
            assert other.sum(axis=0).max() == 1

    def test_odd_tokens_and_empty_sides(self, bitext):
        odd = (["a b", "|||", "<eps>", "x\0y", " ", "\u2028", "\ud800"], ["<eps>", "|||", "c\nd", "日", "e\u0301"])
        pairs = [([], []), odd, (["a"], []), *bitext[0], ([], ["b"]), (["unseen", "words"], ["nie", "gesehen"])]
        found = list(FastAlign().fit_tokens(pairs[:-1]).iter_align_tokens(pairs))
        assert len(found) == len(pairs)
        for (source, target), alignment in zip(pairs, found, strict=True):
            alignment.check(len(source), len(target))
        assert [len(found[place]) for place in (0, 2, -2)] == [0, 0, 0]

    def test_types_of_the_library(self, bitext):
        pairs = [Pair(Sentence(tuple(source)), Sentence(tuple(target))) for source, target in bitext[0]]
        seen = []
        aligner = FastAlign().fit(pairs, bitext=bitext[0][:5], progress=lambda *step: seen.append(step))
        assert seen == [(605, 605)]
        assert aligner.align(pairs) == list(aligner.iter_align_tokens(bitext[0]))

    def test_case(self):
        pairs = [(["House"], ["Haus"]), (["the", "house"], ["das", "haus"]), (["the"], ["Das"])] * 3
        found = list(FastAlign().fit_tokens(pairs).iter_align_tokens([(["HOUSE"], ["HAUS"])]))
        assert found[0].to_pharaoh() == "0-0"

    def test_nothing_learned(self):
        with pytest.raises(ModelError, match="learned nothing"):
            list(FastAlign().iter_align_tokens([(["a"], ["b"])]))
        with pytest.raises(EmptyInputError, match="no sentence pair"):
            FastAlign().fit_tokens([([], ["a"])])
