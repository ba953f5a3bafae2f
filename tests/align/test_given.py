from __future__ import annotations

import pytest

from crosspan.align import make_aligner
from crosspan.align.given import as_aligner
from crosspan.core.errors import ArgumentError, CrosspanError, ModelError, OptionError
from crosspan.core.types import Alignment, Pair, Sentence

WORDS = [(["a", "house"], ["ein", "Haus"]), (["a", "book"], ["ein", "Buch"])]
PAIRS = [Pair(Sentence(tuple(source)), Sentence(tuple(target))) for source, target in WORDS]


class Diagonal:
    def __init__(self, kind="tuples", shift=0):
        self.kind, self.shift = kind, shift

    def align_tokens(self, pairs):
        for source, _ in pairs:
            links = [(i, i + self.shift) for i in range(len(source))]
            made = Alignment.from_links(links)
            yield {"tuples": links, "alignment": made, "pharaoh": made.to_pharaoh()}[self.kind]


class OnSentences:
    def __init__(self):
        self.learned = 0

    def fit(self, pairs):
        self.learned = len(pairs)

    def align(self, pairs):
        return [[(0, 0, 0.5)] for pair in pairs if isinstance(pair, Pair)]


@pytest.mark.parametrize("kind", ["tuples", "alignment", "pharaoh"])
def test_anything_that_links(kind):
    aligner = as_aligner(Diagonal(kind))
    expected = [Alignment.from_pharaoh("0-0 1-1")] * 2
    assert aligner.fit_tokens(WORDS) is aligner
    assert aligner.align_tokens(iter(WORDS)) == aligner.align(PAIRS) == expected
    assert list(aligner.iter_align_tokens(WORDS * 1001)) == expected * 1001


def test_an_object_that_works_on_sentences():
    given = OnSentences()
    aligner = as_aligner(given).fit(PAIRS, bitext=WORDS[:1])
    assert given.learned == 3
    assert aligner.align(PAIRS)[0].to_pharaoh() == "0-0:0.5"
    told = []
    list(aligner.iter_align_tokens(WORDS, progress=lambda done, total: told.append(done)))
    assert told == [2]


def test_factories_get_the_settings():
    assert as_aligner(Diagonal, kind="pharaoh").align(PAIRS) == as_aligner(Diagonal()).align(PAIRS)
    assert len(as_aligner(lambda shift: Diagonal(shift=shift), shift=0).align(PAIRS)) == 2
    with pytest.raises(ArgumentError, match="makes a int, not an aligner"):
        as_aligner(lambda: 3)


def test_names_and_saved_models(tmp_path):
    aligner = as_aligner("statistical", hmm_iterations=2)
    assert type(aligner) is type(make_aligner())
    assert as_aligner(aligner) is aligner
    path = tmp_path / "a.aligner"
    aligner.fit(PAIRS).save(path)
    assert as_aligner(path).align(PAIRS) == as_aligner(str(path)).align(PAIRS) == aligner.align(PAIRS)
    with pytest.raises(OptionError, match="no setting 'hmm_iterations'"):
        as_aligner(path, hmm_iterations=2)
    with pytest.raises(OptionError, match="no setting 'kind'"):
        as_aligner(Diagonal(), kind="pharaoh")
    with pytest.raises(OptionError, match="'statistic'"):
        as_aligner("statistic")
    with pytest.raises(CrosspanError):
        as_aligner(tmp_path / "none.aligner")


@pytest.mark.parametrize("given", [3, None, ["statistical"], object()])
def test_what_does_not_link(given):
    with pytest.raises(ArgumentError, match="is no aligner") as caught:
        as_aligner(given)
    assert "align_tokens(pairs)" in caught.value.hint


class Returning:
    def __init__(self, value):
        self.value = value

    def align_tokens(self, pairs):
        return self.value


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "returned a NoneType"),
        ("0-0", "returned a str"),
        ([[]], "1 alignments for 2 pairs"),
        ([[], [(0, 9)]], "Returning: pair 2: link 0-9 points outside"),
        ([[], 3], "pair 2: 3 is no link"),
        ([[], "0:0"], "pair 2: '0:0' is not a link"),
    ],
)
def test_what_an_aligner_returns_is_checked(found, message):
    with pytest.raises(ModelError, match=message):
        as_aligner(Returning(found)).align(PAIRS)
