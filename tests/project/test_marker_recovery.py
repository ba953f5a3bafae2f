from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence, Span
from crosspan.project.filters import is_filtered
from crosspan.project.marker_options import MarkerOptions
from crosspan.project.marker_recovery import REASONS, recover
from crosspan.project.markers import insert_markers

STYLES = ("brackets", "xml", "classes", "tags")


def labelled(text):
    """A sentence from words, in which ``LABEL:words_of_the_entity`` is an entity."""
    tokens, spans = [], []
    for word in text.split():
        label, colon, entity = word.partition(":")
        if colon and entity:
            spans.append(Span(len(tokens), len(tokens) + entity.count("_") + 1, label))
            tokens += entity.split("_")
        else:
            tokens.append(word)
    return Sentence(tuple(tokens), tuple(spans))


def back(source, translation, *expected, style="brackets", **options):
    """The projection of a translation; by default entities look as they do in the source."""
    marked = insert_markers(labelled(source), style)
    expected = expected or [marked.surface(index) for index in range(len(marked.entities))]
    return recover([marked], [translation], [list(expected)], MarkerOptions(**options), lang="xx", ids=["s1"])[0]


def entities(projection):
    """The entities as they stand in the clean text."""
    sentence = projection.sentence
    return [
        (sentence.text[sentence.offsets[span.start][0] : sentence.offsets[span.end - 1][1]], span.label)
        for span in sentence.spans
    ]


def reasons(projection):
    return [(span.source.start, span.reason) for span in projection.dropped]


SOURCE = "PER:Ada left LOC:Accra"


# Known defects of published code


def test_the_best_match_is_taken_not_the_last():
    found = back(
        "the LOC:Congo and the LOC:Congo_Republic", "[Kongo] na [Jamhuri ya Kongo]", "Kongo", "Jamhuri ya Kongo"
    )
    assert [(link.source.start, link.target.start) for link in found.links] == [(1, 0), (4, 2)]
    found = back("ORG:Bank_of_Ghana and LOC:Ghana", "[Ghana] et la [Banque du Ghana]", "Banque du Ghana", "Ghana")
    assert entities(found) == [("Ghana", "LOC"), ("Banque du Ghana", "ORG")]


def test_the_assignment_is_optimal_not_greedy():
    """Greedily "Ann Lee" takes [Anne Lee] (the best of all pairs), and "Anne Leek" is left with [Bo]."""
    found = back("PER:Ann_Lee and LOC:Anne_Leek", "[Anne Lee], [Ann Le]", "Ann Lee", "Anne Leek")
    assert entities(found) == [("Anne Lee", "LOC"), ("Ann Le", "PER")]


def test_brackets_are_not_matched_from_the_first_to_the_last():
    assert entities(back(SOURCE, "[Ada] left [Accra]")) == [("Ada", "PER"), ("Accra", "LOC")]
    assert back(SOURCE, "[Ada] left [Accra]").sentence.text == "Ada left Accra"


def test_punctuation_is_not_lost():
    found = back(SOURCE, '¿"[Ada]", left [Accra]?!')
    assert found.sentence.text == '¿"Ada", left Accra?!'
    assert found.sentence.tokens == ("¿", '"', "Ada", '"', ",", "left", "Accra", "?", "!")
    found = back(SOURCE, "[Ada,] left [Accra.]")  # punctuation that slipped inside
    assert found.sentence.text == "Ada, left Accra."
    assert entities(found) == [("Ada", "PER"), ("Accra", "LOC")]


def test_entities_at_the_beginning_and_the_end():
    found = back("PER:Ada left LOC:Accra", "[ Accra ] [ Ada ]")
    assert found.sentence.text == "Accra Ada"
    assert entities(found) == [("Accra", "LOC"), ("Ada", "PER")]


def test_the_same_entity_twice():
    for style, text in (("brackets", "[Ada] met [Ada]"), ("tags", "<n1>Ada</n1> met <n0>Ada</n0>")):
        found = back("PER:Ada met LOC:Ada", text, style=style)
        assert len(found.links) == 2
        order = [link.target.start for link in found.links]
        assert order == ([0, 2] if style == "brackets" else [2, 0])  # in order where nothing else tells
    found = back("LOC:Ada met PER:Ada", "only [Ada]")
    assert len(found.links) == 1
    assert reasons(found) == [(2, "filtered:marker_lost")]


def test_brackets_of_the_text_stay():
    found = back("ORG:[A]_Group said [sic] of ORG:B", "dijo [[A] Grupo] [sic] de [B]", "[A] Grupo", "B")
    assert found.sentence.text == "dijo [A] Grupo [sic] de B"
    assert entities(found) == [("[A] Grupo", "ORG"), ("B", "ORG")]
    found = back("[ PER:Ada", "[[Ada]")
    assert (found.sentence.text, entities(found)) == ("[Ada", [("Ada", "PER")])


def test_a_bracketed_text_that_is_nothing_like_the_entity_is_refused():
    found = back(SOURCE, "[Ada] left [the big town]")
    assert entities(found) == [("Ada", "PER")]
    assert reasons(found) == [(2, "filtered:marker_mismatch")]
    assert found.sentence.text == "Ada left the big town"


def test_what_slipped_inside_is_left_out():
    found = back("LOC:Accra ORG:EU", "x [de Accra] y [l'UE]", "Accra", "UE")
    assert entities(found) == [("Accra", "LOC"), ("UE", "ORG")]
    assert found.sentence.text == "x de Accra y l'UE"
    astray = back("LOC:Accra", "<n0>the city of Accra</n0>", style="tags")  # one mark is far from where it should be
    assert [(entities(astray)[0], astray.links[0].confidence)] == [(("Accra", "LOC"), 0.9)]
    assert entities(back("LOC:Lagos", "[Lagosi]")) == [("Lagosi", "LOC")]


def test_words_in_another_order_are_the_same_entity():
    found = back("ORG:European_Parliament", "el [Parlamento europeo]", "europeo Parlamento")
    assert [link.confidence for link in found.links] == [0.95]


# Nested, doubled, broken and lost marks


def test_doubled_brackets():
    found = back(SOURCE, "[[Ada]] left [ [Accra] ].")
    assert found.sentence.text == "Ada left Accra."
    assert entities(found) == [("Ada", "PER"), ("Accra", "LOC")]


def test_doubled_brackets_beside_brackets_of_the_text():
    found = back("PER:Ada [sic] left", "[[Ada]] [sic] left")
    assert found.sentence.text == "Ada [sic] left"


def test_brackets_that_may_be_of_the_text_or_not():
    found = back("PER:Ada [sic] left LOC:Accra", "[Ada] [sic] left [x y z] now")
    assert found.status == "error"
    assert "may be of the text or may be markers" in found.error
    assert reasons(found) == [(0, "error"), (3, "error")]
    assert found.sentence.spans == ()


def test_nested_marks():
    for style, text in (
        ("brackets", "[Banco de [Ghana]]"),
        ("tags", "<n0>Banco de <n1>Ghana</n1></n0>"),
        ("classes", "<ORG>Banco de <LOC>Ghana</LOC></ORG>"),
    ):
        found = back("ORG:Bank_of LOC:Ghana", text, "Banco de", "Ghana", style=style)
        assert found.sentence.text == "Banco de Ghana"
        assert entities(found) == [("Banco de", "ORG"), ("Ghana", "LOC")]
        found = back("ORG:Bank_of LOC:Ghana", text, "Banco de", "Ghana", style=style, repair=False)
        assert found.sentence.text == "Banco de Ghana"
        assert [len(found.links), *(reason for _, reason in reasons(found))] == [1, "overlap"]


def test_crossing_tags():
    text = "<n0>Banco <n1>de</n0> Ghana</n1>"
    found = back("ORG:Bank LOC:Ghana", text, "Banco", "Ghana", style="tags")
    assert found.sentence.text == "Banco de Ghana"
    assert entities(found) == [("Banco", "ORG"), ("Ghana", "LOC")]
    found = back("ORG:Bank LOC:Ghana", text, "Banco", "Ghana", style="tags", repair=False)
    assert found.sentence.text == "Banco de Ghana"
    assert [len(found.links), *(reason for _, reason in reasons(found))] == [1, "overlap"]


def test_a_tag_in_pieces():
    found = back("ORG:European_Commission", "la <n0>Comisión</n0> <n0>Europea</n0>", "Comisión Europea", style="tags")
    assert entities(found) == [("Comisión Europea", "ORG")]
    assert found.links[0].confidence == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "[Ada left [Accra]",  # closing mark lost
        "Ada] left [Accra]",  # opening mark lost
        "[Ada[ left [Accra]",  # the wrong one
        "]Ada] left [Accra",
        "［Ada］ left 【Accra】",
        "「Ada」 left (Accra)",
        "[Ada) left {Accra]",
        "[ Ada ] left  [ Accra ]".replace("  ", " "),
        "[ [Ada ] left [Accra ]",
        "[Ada left Accra]",
    ],
)
def test_brackets_are_mended(text):
    found = back(SOURCE, text)
    assert found.sentence.text == "Ada left Accra"
    assert entities(found) == [("Ada", "PER"), ("Accra", "LOC")]


def test_a_mended_bracket_is_less_sure():
    sure, mended = back(SOURCE, "[Ada left [Accra]").links[::-1]
    assert mended.confidence == pytest.approx(0.9 * sure.confidence)


def test_mending_can_be_switched_off():
    found = back(SOURCE, "[Ada left [Accra]", repair=False)
    assert reasons(found) == [(0, "filtered:marker_broken")]
    assert found.sentence.text == "Ada left Accra"


def test_what_cannot_be_mended_is_reported():
    found = back(SOURCE, "[he left [Accra]")
    assert reasons(found) == [(0, "filtered:marker_broken")]
    found = back(SOURCE, "Ada left [Accra]")
    assert reasons(found) == [(0, "filtered:marker_lost")]
    found = back(SOURCE, "<n0></n0> Ada left <n1>Accra</n1>", style="tags")
    assert reasons(found) == [(0, "filtered:marker_empty")]
    assert found.sentence.text == "Ada left Accra"
    found = back(SOURCE, "<n0>, </n0> Ada left <n1>x</n1>", style="tags")
    assert reasons(found) == [(0, "filtered:marker_mismatch"), (2, "filtered:marker_mismatch")]


def test_other_brackets_that_the_source_had_too_are_text():
    found = back("PER:Ada ( x )", "(Ada) [Ada] ( x )")
    assert found.sentence.text == "(Ada) Ada ( x )"
    found = back("PER:Ada ( x )", "Ada (Ada)")
    assert reasons(found) == [(0, "filtered:marker_lost")]
    assert found.sentence.text == "Ada (Ada)"


def test_quotes_are_not_taken_for_brackets_where_the_source_has_quotes():
    found = back('PER:Ada said " LOC:Accra "', "Ada dijo «[Accra]»")
    assert found.sentence.text == "Ada dijo «Accra»"
    assert entities(found) == [("Accra", "LOC")]


# Spacing


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("( [ Ada ] )", "( Ada )"),
        ("([ Ada ])", "(Ada)"),
        ("l'[ Ada ], x", "l'Ada, x"),
        ("x,[ Ada ] y", "x, Ada y"),
        ("a[ Ada ]b", "a Ada b"),
        ("a[Ada]b", "aAdab"),
        ("在[ Ada ]舉", "在Ada舉"),
        ("a  [Ada]  b", "a  Ada  b"),
        ("a [ Ada ] b", "a Ada b"),
        ("a [ \u00a0Ada ] b", "a Ada b"),
        ("[Ada] (x)", "Ada (x)"),
        ("[Ada ](x)", "Ada (x)"),
        ("a ] [Ada] [ b", "a Ada b"),
    ],
)
def test_blanks(text, clean):
    found = back("PER:Ada", text)
    assert found.sentence.text == clean
    assert entities(found) == [("Ada", "PER")]


def test_a_blank_before_punctuation_that_stood_right_beside_the_entity():
    attached = Sentence(("Ada", "left", "."), (Span(1, 2, "X"),), text="Ada left.", offsets=((0, 3), (4, 8), (8, 9)))
    apart = Sentence(("Ada", "left", "."), (Span(1, 2, "X"),))
    for sentence, clean in ((attached, "Ada left."), (apart, "Ada left .")):
        assert recover([insert_markers(sentence)], ["Ada [left] ."], [["left"]])[0].sentence.text == clean


# Tags


def test_tags_stand_only_for_what_they_name():
    found = back("PER:Ada met PER:Obi", "<b>Obi</b> met <a>Ada</a>", style="xml")
    assert [link.target.start for link in found.links] == [2, 0]
    found = back("PER:Ada met PER:Obi", "<a>Obi</a> met <b>Ada</b>", style="xml")
    assert {reason for _, reason in reasons(found)} == {"filtered:marker_mismatch"}


def test_tags_are_trusted_where_nothing_is_known_of_the_entities():
    marked = insert_markers(labelled("PER:Ada met PER:Obi"), "tags")
    found = recover([marked], ["<n1>Bo</n1> met <n0>Al</n0>"])[0]
    assert [(link.target.start, link.confidence) for link in found.links] == [(2, 1.0), (0, 1.0)]


def test_classes_are_matched_within_their_class():
    text = "<LOC>Lagos</LOC> <PER>Ada</PER> <loc> Accra < / loc >"
    found = back("PER:Ada LOC:Accra LOC:Lagos", text, style="classes")
    assert entities(found) == [("Lagos", "LOC"), ("Ada", "PER"), ("Accra", "LOC")]
    assert [link.target.start for link in found.links] == [1, 2, 0]
    assert found.sentence.text == "Lagos Ada Accra"


# Text and tokens


def test_names_may_be_copied_although_the_translator_knows_a_word_for_them():
    assert entities(back("ORG:Apple", "[Apple] anunció", "Manzana")) == [("Apple", "ORG")]


def test_a_token_that_an_entity_cuts_is_split():
    found = back("LOC:Accra", "[Accra]ssa on", "Accra")
    assert found.sentence.tokens == ("Accra", "ssa", "on")
    assert found.sentence.text == "Accrassa on"


def test_scripts_accents_and_joiners_survive():
    text = "[Ọlọ́run] 在[東京]👩‍👩‍👧 e\u0301t [\u05d0\u05d1]."
    found = back("A:Ọlọ́run B:東京 C:\u05d0\u05d1", text)
    assert found.sentence.text == text.replace("[", "").replace("]", "")
    assert entities(found) == [("Ọlọ́run", "A"), ("東京", "B"), ("\u05d0\u05d1", "C")]
    assert (found.sentence.id, found.sentence.lang) == ("s1", "xx")


def test_a_decomposed_name_is_the_same_name():
    assert entities(back("LOC:Málaga", "[Ma\u0301laga]")) == [("Ma\u0301laga", "LOC")]


# Counts


def test_counts():
    text = "[Ada left [Accra]"
    assert len(back(SOURCE, text).links) == 2
    assert len(back(SOURCE, text, counts="complete").links) == 2
    strict = back(SOURCE, text, counts="strict")
    assert is_filtered(strict)
    assert strict.error == "filtered:marker_count: 4 marks in the source, 3 here, 2 entities found"
    assert reasons(strict) == [(0, "filtered:marker_count"), (2, "filtered:marker_count")]
    assert strict.sentence.spans == ()
    assert back(SOURCE, "[Ada] left [Accra]", counts="strict").error is None
    missing = back(SOURCE, "Ada left [Accra]", counts="complete")
    assert missing.error == "filtered:marker_count: 2 entities in the source, 1 here"
    assert reasons(missing) == [(0, "filtered:marker_lost"), (2, "filtered:marker_count")]


def test_a_translator_that_repeats_itself_is_an_error():
    found = back("PER:Ada", "[Ada] " * 400)
    assert found.error == "the translation has too many marks"


# Options and misuse


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"markers": "curly"}, "there are no markers 'curly'"),
        ({"similarity": 1.5}, "similarity is 1.5"),
        ({"repair_similarity": -0.1}, "repair_similarity is -0.1"),
        ({"counts": "drop"}, "counts is 'drop'.*keep, complete, strict"),
        ({"markers": "brackets", "entity_wise": False}, "do not say which entity"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(OptionError, match=message):
        MarkerOptions(**options)


def test_sizes_are_checked():
    marked = insert_markers(labelled(SOURCE))
    with pytest.raises(OptionError, match="do not say which entity"):
        recover([marked], ["x"])
    with pytest.raises(ValueError, match="1 translations for 2 entities"):
        recover([marked], ["x"], [["Ada"]])
    with pytest.raises(ValueError, match="2 translations"):
        recover([marked], ["x", "y"], [["Ada", "Accra"]])
    assert recover([], [], []) == []


PIECES = """[ ] ［ ］ ( ) Ada Obi Accra , . ' « » x <n0> </n0> <n1> </n1> <n2 </n2> <a> </b> <LOC> </LOC> &lt;n0&gt;"""


@pytest.mark.parametrize("style", STYLES)
@settings(deadline=None)  # something may be compiled
@given(
    pieces=st.lists(st.sampled_from([*PIECES.split(), "\u00a0"]), max_size=25),
    blank=st.sampled_from(["", " "]),
    repair=st.booleans(),
)
def test_whatever_comes_back_every_span_is_accounted_for(style, pieces, blank, repair):
    source = labelled("PER:Ada_Obi left LOC:Accra for LOC:Accra")
    marked = insert_markers(source, style)
    text = blank.join(pieces)
    found = recover([marked], [text], [["Ada Obi", "Accra", "Accra"]], MarkerOptions(repair=repair))[0]
    accounts = [link.source for link in found.links] + [span.source for span in found.dropped]
    assert sorted(accounts) == list(source.spans)
    assert {span.reason for span in found.dropped} <= set(REASONS)
    assert (found.error is None) or not found.links
    assert found.sentence.spans == tuple(sorted(link.target for link in found.links))
    assert all(0.0 < link.confidence <= 1.0 for link in found.links)
    if found.error is None:
        assert not {"[", "]"} & set(found.sentence.text) or style != "brackets"
        assert all(name not in found.sentence.text for name in ("<n0>", "</n1>")) or style != "tags"
        letters = [char for char in text if char.isalpha()]
        if style == "brackets":
            assert [char for char in found.sentence.text if char.isalpha()] == letters
