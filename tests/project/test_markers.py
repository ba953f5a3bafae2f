from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.project.marker_recovery import recover
from crosspan.project.markers import find_marks, insert_markers
from crosspan.text import tokenize_sentence
from crosspan.text.mentions import text_of

STYLES = ("brackets", "xml", "classes", "tags")
SENTENCE = Sentence(
    ("Ada", "Obi", "left", "Accra", "for", "Lagos", "."), (Span(0, 2, "PER"), Span(3, 4, "LOC"), Span(5, 6, "LOC"))
)

WORDS = """Ada Accra [ ] [sic] <a> </a> <b b> <n0> <LOC> &lt;a&gt; (x) 「東京」 «Ọyọ́» mọ́ e\u0301t 👩‍👩‍👧 ng'ombe
' . , a < > / \u05d0\u05d1 x\u200dy İ ß { }"""


@st.composite
def sentences(draw: st.DrawFn) -> Sentence:
    """Sentences with spans, some with their text as written, full of what looks like markers."""
    tokens = draw(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=12))
    spans, at = [], 0
    while at < len(tokens):
        at += draw(st.integers(0, 3))
        length = draw(st.integers(1, 3))
        if at + length <= len(tokens):
            spans.append(Span(at, at + length, draw(st.sampled_from(["PER", "LOC", "loc", "ORG/x", "人"]))))
        at += length
    if draw(st.booleans()):
        return Sentence(tuple(tokens), tuple(spans))
    text, offsets = draw(st.sampled_from(["", " ", "\u00a0"])), []
    for token in tokens:
        offsets.append((len(text), len(text) + len(token)))
        text += token + draw(st.sampled_from(["", " ", "  ", "\u200f"]))
    return Sentence(tuple(tokens), tuple(spans), text=text, offsets=tuple(offsets))


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("brackets", "[Ada Obi] left [Accra] for [Lagos] ."),
        ("xml", "<a>Ada Obi</a> left <b>Accra</b> for <c>Lagos</c> ."),
        ("classes", "<PER>Ada Obi</PER> left <LOC>Accra</LOC> for <LOC>Lagos</LOC> ."),
        ("tags", "<n0>Ada Obi</n0> left <n1>Accra</n1> for <n2>Lagos</n2> ."),
    ],
)
def test_styles(style, text):
    marked = insert_markers(SENTENCE, style)
    assert marked.text == text
    assert marked.plain == "Ada Obi left Accra for Lagos ."
    assert [marked.surface(index) for index in range(3)] == ["Ada Obi", "Accra", "Lagos"]


def test_the_text_as_written_is_used():
    sentence = tokenize_sentence("Accra's  mayor")
    split = Sentence(
        ("Accra", "'s", "mayor"), (Span(0, 1, "LOC"),), text=sentence.text, offsets=((0, 5), (5, 7), (9, 14))
    )
    assert insert_markers(split).text == "[Accra]'s  mayor"
    assert text_of(Sentence(("a", "b"), text="a  b")) == (
        "a b",
        ((0, 1), (2, 3)),
    )  # no offsets: the text cannot be used


def test_a_sentence_without_entities_or_words():
    for style in STYLES:
        assert insert_markers(Sentence(("no", "one")), style).text == "no one"
        assert insert_markers(Sentence(()), style).text == ""


def test_names_that_the_text_holds_are_left_out():
    sentence = Sentence(("<a>", "Ada", "< / B >", "&lt;n0&gt;", "<PER"), (Span(1, 2, "PER"), Span(2, 3, "PER")))
    assert insert_markers(sentence, "xml").text == "<a> <c>Ada</c> <d>< / B ></d> &lt;n0&gt; <PER"
    assert "<n2>Ada</n2>" in insert_markers(sentence, "tags").text
    assert "<PER1>Ada</PER1>" in insert_markers(sentence, "classes").text


def test_labels_become_names_of_tags():
    spans = tuple(Span(at, at + 1, label) for at, label in enumerate(["人", "A/B", "A_B", "a_b", "9", "LOC"]))
    names = [entity.name for entity in insert_markers(Sentence(tuple("uvwxyz"), spans), "classes").entities]
    assert len(set(names)) == len(names)
    assert names[1] == "a_b"
    assert names[-1] == "loc"


def test_many_entities_get_names():
    spans = tuple(Span(at, at + 1, "X") for at in range(60))
    marked = insert_markers(Sentence(("w",) * 60, spans), "xml")
    assert len({entity.name for entity in marked.entities}) == 60
    assert marked.text.endswith("<bh>w</bh>")


def test_an_unknown_style():
    with pytest.raises(OptionError, match=r"no markers 'curly'.*Use one of: brackets, xml"):
        insert_markers(SENTENCE, "curly")


@pytest.mark.parametrize(
    "text",
    [
        "<a>x</a>",
        "< a >x< / a >",
        "<A>x</A>",
        "＜a＞x＜/a＞",
        "&lt;a&gt;x&lt;/a&gt;",
        "<a>x<a/>",
        "<a>x</a",
        "<a x</a>",
    ],
)
def test_tags_as_translators_write_them(text):
    marks = find_marks(f"in {text} now", "xml", ["a"])
    assert [mark.opens for mark in marks] == [True, False]
    assert f"in {text} now"[marks[0].end : marks[1].start].strip() == "x"


def test_other_tags_are_text():
    assert find_marks("<b>x</b> a > b < c <ab>", "xml", ["a"]) == []


@pytest.mark.parametrize("style", STYLES)
@given(sentence=sentences())
def test_marks_are_where_they_were_put(style, sentence):
    marked = insert_markers(sentence, style)
    plain, offsets = text_of(sentence)
    marks = find_marks(marked.text, style, [entity.name for entity in marked.entities])
    assert marked.plain == plain
    own = sorted(index for entity in marked.entities for index in entity.marks)
    out = ""
    at = 0
    for index in own:
        out += marked.text[at : marks[index].start]
        at = marks[index].end
    assert out + marked.text[at:] == plain
    for entity in marked.entities:
        first, last = (marks[index] for index in entity.marks)
        span = entity.span
        assert marked.text[first.end : last.start] == plain[offsets[span.start][0] : offsets[span.end - 1][1]]
        assert (first.opens, last.opens) == (True, False)
    if style != "brackets":
        assert len(marks) == len(own)


@pytest.mark.parametrize("style", STYLES)
@settings(deadline=None)  # something may be compiled
@given(sentence=sentences())
def test_there_and_back(style, sentence):
    """What a translator hands back as it is gives the text, byte for byte, and the spans."""
    marked = insert_markers(sentence, style)
    names = [marked.surface(index) for index in range(len(marked.entities))]
    for expected in ([names], None) if style not in ("brackets", "classes") else ([names],):
        projection = recover([marked], [marked.text], expected)[0]
        assert projection.error is None
        assert projection.dropped == ()
        assert projection.sentence.text == marked.plain
        offsets = projection.sentence.offsets
        assert [
            (offsets[link.target.start][0], offsets[link.target.end - 1][1], link.source, link.confidence)
            for link in projection.links
        ] == [(entity.start, entity.end, entity.span, 1.0) for entity in marked.entities]
        assert projection.sentence.spans == tuple(link.target for link in projection.links)
