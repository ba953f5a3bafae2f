from __future__ import annotations

import numpy as np
import pytest

from crosspan import ensemble
from crosspan.core.errors import OptionError, PairError
from crosspan.core.types import Alignment, ProjectedSpan, Projection, Sentence, Span
from crosspan.pipeline.voting import projected_probabilities


class Fixed:
    """A tagger that says of every word what it was told."""

    labels = ("LOC",)
    tags = ("O", "B-LOC", "I-LOC")

    def __init__(self, place, chance):
        self.place, self.chance = place, chance

    def tag(self, sentences):
        return [Sentence(s.tokens, (Span(self.place, self.place + 1, "LOC", self.chance),)) for s in sentences]

    def probabilities(self, sentences):
        out = []
        for sentence in sentences:
            rows = np.zeros((len(sentence), 3), np.float32)
            rows[:, 0] = 1.0
            rows[self.place] = (1 - self.chance, self.chance, 0)
            out.append(rows)
        return out


def test_the_ensemble_averages_words_and_leaves_unmapped_ones_to_the_tagger():
    sentence = Sentence(("leo", "Accra", "Gulu"))
    span = Span(1, 2, "LOC", 0.9)
    projection = Projection(Sentence(sentence.tokens, (span,)), (ProjectedSpan(Span(0, 1, "LOC"), span, 0.9),))
    # the tagger sees Gulu alone
    tagger = Fixed(2, 0.8)
    without_links = ensemble(tagger, [projection])[0]
    assert [s.start for s in without_links.spans] == [2]  # 0.36 for Accra; 0.6 * 0.8 + 0.4 * 0.3 for Gulu
    linked = ensemble(tagger, [projection], links=[Alignment.from_pharaoh("0-1 1-0")])[0]
    assert 2 in [s.start for s in linked.spans]  # no link: the tagger alone decides
    mapped = ensemble(tagger, [projection], links=[Alignment.from_pharaoh("0-1 1-0 1-2")])[0]
    assert mapped.spans[0].score == pytest.approx(0.6)  # linked to a word that is no entity: less sure than 0.8
    assert linked.spans[-1].score == pytest.approx(0.8)
    only_projected = ensemble(tagger, [projection], weight=1.0)[0]
    assert [s.start for s in only_projected.spans] == [1]
    only_tagger = ensemble(tagger, [projection], weight=0.0)[0]
    assert [s.start for s in only_tagger.spans] == [2]


def test_sentences_that_could_not_be_projected_are_left_to_the_tagger():
    broken = Projection(Sentence(("leo", "Accra")), error="one side of the pair is empty")
    assert ensemble(Fixed(1, 0.7), [broken])[0].spans == (Span(1, 2, "LOC"),)
    assert not projected_probabilities(broken, Fixed.tags)[1].any()


def test_what_does_not_fit_is_said():
    projection = Projection(Sentence(("leo",)))
    with pytest.raises(OptionError, match="weight"):
        ensemble(Fixed(0, 0.5), [projection], weight=2)
    with pytest.raises(PairError):
        ensemble(Fixed(0, 0.5), [projection], links=[])
