from __future__ import annotations

import numpy as np
import pytest

from crosspan.core.checks import check_alignments, check_projections, check_sentences, each_checked
from crosspan.core.errors import AlignmentError, ArgumentError, CrosspanError, OffsetError, OptionError, TagError
from crosspan.core.types import Alignment, DroppedSpan, Entity, Pair, ProjectedSpan, Projection, Sentence, Span

ACCRA = Sentence(("in", "Accra"), (Span(1, 2, "LOC"),), id="a")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Span("0", 1, "X"), r"span \['0', 1\) does not begin and end with whole numbers"),
        (lambda: Span(0, 1.5, "X"), "whole numbers"),
        (lambda: Span(0, 1, 3), "is 3, not a string"),
        (lambda: Span(0, 1, None), "is None, not a string"),
        (lambda: Sentence("Ada left"), "the tokens are 'Ada left', not a list of words"),
        (lambda: Sentence(3), "the tokens are 3, not a list"),
        (lambda: Sentence(["Ada", 3]), "token 1 is 3, not a word"),
        (lambda: Sentence(("Ada", None)), "token 1 is None"),
        (lambda: Sentence(("Ada",), [(0, 1, "PER")]), r"the spans hold \(0, 1, 'PER'\)"),
        (lambda: Sentence(("Ada",), Span(0, 1, "PER")), "the spans are Span"),
        (lambda: Sentence(("Ada",), 3), "the spans are 3"),
        (lambda: Alignment.from_links([(0, "x")]), r"\(0, 'x'\) is no link"),
        (lambda: Alignment.from_links([0]), "0 is no link"),
        (lambda: Alignment.from_links(3), "3 is no link"),
        (lambda: Alignment.from_pharaoh([(0, 0)]), "a line of links is a string"),
        (lambda: Alignment.from_dict({"source": [0]}), "holds no links"),
        (lambda: Alignment.from_dict("0-0"), "holds no links"),
        (lambda: Sentence.from_tags("Ada", ["O"]), "not a list of words"),
    ],
)
def test_values_of_a_wrong_kind(call, message):
    with pytest.raises(ArgumentError, match=message):
        call()


def test_an_argument_error_is_an_option_error():
    """So that the command line ends with the exit code of wrong use."""
    assert issubclass(ArgumentError, OptionError)
    assert ArgumentError.exit_code == 2


def test_numbers_of_numpy_become_numbers_of_python():
    span = Span(np.int64(1), np.int32(2), "X")
    assert (type(span.start), type(span.end)) == (int, int)
    with pytest.raises(CrosspanError, match="empty"):
        Span(np.int64(2), np.int64(2), "X")


def test_offsets_that_do_not_fit():
    for given, message in (
        ({"offsets": ((0, 2),)}, "offsets need the text"),
        ({"text": "in Accra", "offsets": ((0, 2),)}, "1 offsets for 2 tokens"),
        ({"text": "in Accra", "offsets": ((0, 2), (4, 8))}, r"offsets \[4, 8\) hold 'ccra', not 'Accra'"),
    ):
        with pytest.raises(OffsetError, match=message):
            Sentence(("in", "Accra"), **given)


def test_sentences_from_tags():
    found = Sentence.from_tags(["Ada", "Obi", "left"], ["I-PER", "I-PER", "O"], scheme="IOB1", id="x", lang="en")
    assert (found.spans, found.id, found.lang) == ((Span(0, 2, "PER"),), "x", "en")
    assert Sentence.from_tags(("Bo",), iter(["S-LOC"])).tags() == ["B-LOC"]
    assert Sentence.from_tags([], []).tags() == []
    assert Sentence.from_tags(["a", "b"], ["O", "I-X"], scheme="IOB2", repair="begin").spans == (Span(1, 2, "X"),)
    with pytest.raises(TagError, match="x: token 2: orphan"):
        Sentence.from_tags(["a", "b"], ["O", "I-X"], scheme="IOB2", id="x")
    with pytest.raises(TagError, match="1 tags for 2 tokens"):
        Sentence.from_tags(["a", "b"], ["O"])
    with pytest.raises(TagError, match="not strings"):
        Sentence.from_tags(["a"], [1])
    with pytest.raises(TagError, match="'PER' is not a tag"):
        Sentence.from_tags(["a"], ["PER"])
    with pytest.raises(OptionError, match="scheme"):
        Sentence.from_tags(["a"], ["O"], scheme="BIO")


def test_entities_with_and_without_text():
    assert ACCRA.entities() == [Entity("Accra", "LOC")]
    text = "in New  York"
    sentence = Sentence(("in", "New", "York"), (Span(1, 3, "LOC", 0.5),), text=text, offsets=((0, 2), (3, 6), (8, 12)))
    assert sentence.entities() == [Entity("New  York", "LOC", 3, 12, 0.5)]
    assert sentence.entities()[0].to_dict() == {
        "text": "New  York",
        "label": "LOC",
        "start": 3,
        "end": 12,
        "score": 0.5,
    }


def test_values_as_dictionaries():
    assert Span(**Span(0, 1, "X", 0.5).to_dict()) == Span(0, 1, "X")
    assert Pair(ACCRA, Sentence(("x",))).to_dict() == {
        "source": {"id": "a", "tokens": ["in", "Accra"], "spans": [{"start": 1, "end": 2, "label": "LOC"}]},
        "target": {"tokens": ["x"], "spans": []},
    }
    links = Alignment.from_pharaoh("0-0 1-2:0.5")
    assert Alignment.from_dict(links.to_dict()) == links
    assert Alignment.from_dict({"source": [], "target": []}) == Alignment.from_links([])
    with pytest.raises(AlignmentError, match="do not make links"):
        Alignment.from_dict({"source": [0], "target": []})


def test_a_projection_as_a_dictionary():
    link = ProjectedSpan(Span(2, 3, "LOC", 0.87654), Span(1, 2, "LOC", 0.12344), 0.12344)
    dropped = (DroppedSpan(Span(0, 1, "PER", 0.5), "no_link"),)
    assert Projection(Sentence(ACCRA.tokens, (link.target,)), (link,), dropped).to_dict() == {
        "tokens": ["in", "Accra"],
        "spans": [
            {"start": 1, "end": 2, "label": "LOC", "score": 0.1234, "source": {"start": 2, "end": 3, "score": 0.8765}}
        ],
        "dropped": [{"start": 0, "end": 1, "score": 0.5, "label": "PER", "reason": "no_link"}],
    }
    assert Projection(ACCRA, error="empty").to_dict()["error"] == "empty"


def test_checks_name_the_argument_and_the_item():
    assert check_sentences("sources", (ACCRA,)) == (ACCRA,)
    assert check_sentences("sources", iter([ACCRA])) == [ACCRA]
    for given, message in (
        (["Ada"], r"sources\[0\] is a str \('Ada'\), not a Sentence"),
        ([ACCRA, None], r"sources\[1\] is None, not a Sentence"),
        ("train.conll", r"sources is a str \('train.conll'\), not a list of Sentence values"),
        (ACCRA, "sources is a Sentence .*, not a list"),
        (None, "sources is None, not a list"),
        (3, r"sources is a int \(3\), not a list"),
        (["x" * 500], r"x…\), not a Sentence"),
    ):
        with pytest.raises(ArgumentError, match=message) as caught:
            check_sentences("sources", given)
        assert "crosspan.read" in caught.value.hint
    with pytest.raises(ArgumentError, match=r"links\[0\] is a str"):
        check_alignments("links", ["0-0"])
    with pytest.raises(ArgumentError, match=r"projections\[0\] is a Sentence"):
        check_projections("projections", [ACCRA])


def test_a_stream_is_checked_as_it_comes():
    def pairs():
        yield Pair(ACCRA, ACCRA)
        yield ("a", "b")

    stream = iter(each_checked("pairs", pairs(), Pair))
    next(stream)
    with pytest.raises(ArgumentError, match=r"pairs\[1\] is a tuple"):
        next(stream)
    with pytest.raises(ArgumentError, match="not a series of Pair values"):
        each_checked("pairs", 3, Pair)
