from __future__ import annotations

import pytest

from crosspan.core.errors import ArgumentError, ModelError, OptionError
from crosspan.core.types import Alignment, DroppedSpan, Pair, Projection, Sentence, Span
from crosspan.pipeline.labels import project_labels
from crosspan.project.given import as_projector
from crosspan.project.projector import HeuristicProjector, make_projector

PAIR = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("huko", "Accra")))
LINKS = [Alignment.from_pharaoh("0-0 1-1")]


def nothing(pair):
    return Projection(pair.target, (), tuple(DroppedSpan(span, "no_link") for span in pair.source.spans))


class Nothing:
    def __init__(self, reason="no_link"):
        self.reason = reason

    def project(self, pairs, alignments):
        assert len(pairs) == len(alignments)
        yield from map(nothing, pairs)


def test_anything_that_projects():
    projector = as_projector(Nothing())
    projector.count([PAIR])
    projector.observe([PAIR], LINKS)
    assert projector.project([PAIR], LINKS) == [nothing(PAIR)]
    assert project_labels([PAIR.source], [PAIR.target], links=LINKS, method=projector) == [nothing(PAIR)]


def test_what_learns_is_told():
    class Learning(Nothing):
        seen = 0

        def observe(self, pairs, alignments):
            self.seen += len(pairs)

    given = Learning()
    as_projector(given).observe([PAIR], LINKS)
    assert given.seen == 1


def test_names_objects_and_factories():
    assert as_projector("heuristic", {"merge_distance": "2"}).options.merge_distance == 2
    projector = make_projector()
    assert as_projector(projector) is projector
    assert isinstance(as_projector(HeuristicProjector), HeuristicProjector)
    assert as_projector(Nothing, {"reason": "x"}).project([PAIR], LINKS) == [nothing(PAIR)]
    assert as_projector(lambda: Nothing()).project([PAIR], LINKS) == [nothing(PAIR)]
    with pytest.raises(OptionError, match="no setting 'reason'"):
        as_projector(Nothing(), {"reason": "x"})
    with pytest.raises(OptionError, match="'heuristics'"):
        as_projector("heuristics")
    with pytest.raises(ArgumentError, match="makes a int, not a projector"):
        as_projector(lambda: 3)


@pytest.mark.parametrize("given", [3, None, ["heuristic"]])
def test_what_does_not_project(given):
    with pytest.raises(ArgumentError, match="is no projector") as caught:
        as_projector(given)
    assert "project(pairs, alignments)" in caught.value.hint


class Returning:
    def __init__(self, value):
        self.value = value

    def project(self, pairs, alignments):
        return self.value


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "returned a NoneType"),
        ([], "0 projections for 1 pairs"),
        ([PAIR.target], "Returning: pair 1: the projector returned a Sentence"),
        ([Projection(PAIR.source)], "changed the words of the target"),
        ([Projection(PAIR.target)], r"the source span \[1, 2\) LOC is neither in links nor in dropped"),
    ],
)
def test_what_a_projector_returns_is_checked(found, message):
    with pytest.raises(ModelError, match=message):
        as_projector(Returning(found)).project([PAIR], LINKS)
    assert as_projector(Returning([Projection(PAIR.target, error="no")])).project([PAIR], LINKS)[0].error == "no"
