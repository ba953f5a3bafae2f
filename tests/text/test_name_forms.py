from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.text.name_forms import NameForms

PLACES = ("Ujerumani", "Kenya", "Uganda", "Rwanda")


def forms_of(*pairs):
    forms = NameForms()
    for text, label in pairs:
        forms.add(text.split(), label)
    return forms


def test_a_form_is_the_same_in_any_case_and_spelling():
    forms = forms_of(("Kọ́bọ̀", "LOC"))
    assert forms.label_of(["KO\u0323\u0301BO\u0323\u0300"]) == ("LOC", 1.0)


def test_the_share_is_that_of_all_names_of_the_form():
    forms = forms_of(("Kampala", "LOC"), ("Kampala", "LOC"), ("kampala", "ORG"))
    label, share = forms.label_of(["Kampala"])
    assert (label, share) == ("LOC", pytest.approx(2 / 3))
    assert forms.label_of(["Gulu"]) == ("", 0.0)


@pytest.mark.parametrize("written", ["wa {}", "kwa{}", "{}ni", "e{}", "{} ile"])
def test_what_stands_at_several_names_is_an_affix(written):
    known = [(place, "LOC") for place in PLACES]
    shown = [(written.format(place), None) for place in PLACES[:3]]
    asked = written.format(PLACES[3]).split()
    assert forms_of(*known, *shown).label_of(asked) == ("LOC", 1.0)
    assert forms_of(*known, *shown[:2]).label_of(asked) == ("", 0.0)  # at two it may be chance


def test_a_stem_that_never_stands_alone_is_found_through_its_affixes():
    known = [(place, "LOC") for place in PLACES] + [(f"e{place}", "LOC") for place in PLACES[:3]]
    known.append(("eMelika", "LOC"))
    others = [(f"wase{place}", None) for place in PLACES[:3]]
    assert forms_of(*known, *others).label_of(["waseMelika"]) == ("LOC", 1.0)


def test_the_words_of_a_stem_are_those_that_its_affixes_leave():
    known = [(f"{place} Kusini", "LOC") for place in PLACES]
    forms = forms_of(*known, *((f"wa {place} Kusini", None) for place in PLACES[:3]))
    (first, end), labels = forms.stem_of(["wa", "Rwanda", "Kusini"])
    assert (first, end) == (1, 3)
    assert labels == {"LOC": 1}
    assert forms.stem_of(["a", "b"]) == ((0, 2), {})


def test_the_longest_stem_counts():
    known = [(place, "LOC") for place in PLACES] + [("wa Kenya", "ORG")]
    forms = forms_of(*known, *((f"wa {place}", None) for place in PLACES))
    assert forms.stem_of(["wa", "Kenya"]) == ((0, 2), {"ORG": 1})


names = st.lists(st.text(alphabet="abAB\u0301\x1f ", min_size=1, max_size=8), min_size=1, max_size=3)


@given(st.lists(st.tuples(names, st.sampled_from(["PER", "LOC", None])), max_size=12), names)
def test_stems_are_words_of_what_was_asked_for(given_names, asked):
    forms = NameForms()
    for words, label in given_names:
        forms.add(words, label)
    (first, end), labels = forms.stem_of(asked)
    assert 0 <= first < end <= len(asked)
    label, share = forms.label_of(asked)
    assert (share > 0) == bool(label) == bool(labels)
