from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.text.tokenize import tokenize, tokenize_sentence

SEPARATORS = "\u200b\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
NASTY = st.text(
    alphabet=st.one_of(
        st.characters(),
        st.sampled_from("aZé'’-.,:/@# \t\u0301\u0323\u200c\u200d\u200bọ東タひกุ1٣!\u00a0\u2028\u0085ʼ_"),
    ),
    max_size=40,
)


def words(text, **options):
    return [text[start:end] for start, end in tokenize(text, **options)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mọ́ Ọlọ́run n'a ng'ombe", ["mọ́", "Ọlọ́run", "n'a", "ng'ombe"]),
        ("l’Europe d'Ada 'yes'", ["l’Europe", "d'Ada", "'", "yes", "'"]),
        ("1,000.5 3.14 10:30 1990-1995 5%", ["1,000.5", "3.14", "10:30", "1990", "-", "1995", "5", "%"]),
        ("COVID-19 19-jährige EU-Rat", ["COVID-19", "19-jährige", "EU-Rat"]),
        ("U.S. z.B. Mr. end.", ["U.S.", "z.B.", "Mr", ".", "end", "."]),
        ("see https://a.b/c?d=e, me@x.org.", ["see", "https://a.b/c?d=e", ",", "me@x.org", "."]),
        ("@ada #tag #1", ["@ada", "#tag", "#", "1"]),
        ('"Wait..." -- no!', ['"', "Wait", "...", '"', "--", "no", "!"]),
        ("東京タワーへ行く。", ["東", "京", "タワー", "へ", "行", "く", "。"]),
        ("กรุงเทพ", ["ก", "รุ", "ง", "เ", "ท", "พ"]),
        ("서울에 간다", ["서울에", "간다"]),
        ("می‌خواهم", ["می‌خواهم"]),
        ('צה"ל', ['צה"ל']),
        ("👩‍👩‍👧🇩🇪", ["👩‍👩‍👧", "🇩🇪"]),
        ("አዲስ፡አበባ", ["አዲስ", "፡", "አበባ"]),
        ("", []),
        (" \t\u00a0\u2028", []),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_both_normal_forms_are_cut_alike(form):
    text = unicodedata.normalize(form, "Ẹ̀ka mọ́tò ńlá, Đặng Thị Ngọc")
    assert words(text) == [unicodedata.normalize(form, w) for w in ["Ẹ̀ka", "mọ́tò", "ńlá", ",", "Đặng", "Thị", "Ngọc"]]


def test_apostrophe_rules():
    assert words("l'Europe", apostrophe="after") == ["l'", "Europe"]
    assert words("l’Été", apostrophe="after") == ["l’", "Été"]
    assert words("John's", apostrophe="before") == ["John", "'s"]
    assert words("Zoë’s", apostrophe="before") == ["Zoë", "’s"]
    with pytest.raises(OptionError, match="apostrophe"):
        tokenize("a", apostrophe="both")


@pytest.mark.parametrize(
    ("lang", "text", "tokens"),
    [
        ("fr", "L'Union d’Ursula", ["L'", "Union", "d’", "Ursula"]),
        ("fr", "Jusqu'à l'aube, qu'il dit", ["Jusqu'", "à", "l'", "aube", ",", "qu'", "il", "dit"]),
        ("fr", "aujourd'hui quelqu’un au Val-d'Oise", ["aujourd'hui", "quelqu’un", "au", "Val-d'Oise"]),
        ("fr", "O'Brien le 3 d'1 l'Étoile", ["O'Brien", "le", "3", "d'", "1", "l'", "Étoile"]),
        ("it", "dell'Unione, com’è mezz'ora", ["dell'", "Unione", ",", "com’", "è", "mezz'", "ora"]),
        ("ca", "l'Ebre, d’Àustria; O'Neill", ["l'", "Ebre", ",", "d’", "Àustria", ";", "O'Neill"]),
        ("oc", "l'aiga qu'es", ["l'", "aiga", "qu'", "es"]),
        ("yo", "n'a l'ọ́", ["n'a", "l'ọ́"]),
        ("uk", "п'ять Кам’янець", ["п'ять", "Кам’янець"]),
        ("sw", "ng'ombe", ["ng'ombe"]),
        (None, "l'Union", ["l'Union"]),
    ],
)
def test_elided_words_are_cut_off_where_the_language_has_them(lang, text, tokens):
    assert [text[start:end] for start, end in tokenize(text, lang=lang)] == tokens
    assert tokenize(text, lang=lang, apostrophe="keep") == tokenize(text)


@pytest.mark.parametrize("lang", ["fr", "FR-ca", "fra_Latn", "fre", "French"])
def test_a_language_may_be_named_in_any_way(lang):
    assert len(tokenize("l'Union", lang=lang)) == 2


HOW = st.sampled_from([*({"apostrophe": rule} for rule in ("keep", "after", "before")), {"lang": "fr"}, {"lang": "ca"}])


@given(NASTY, HOW)
def test_every_visible_character_is_in_one_token(text, how):
    place, outside = 0, ""
    for start, end in tokenize(text, **how):
        assert place <= start < end
        outside += text[place:start]
        token = text[start:end]
        assert not any(character.isspace() and character not in "\x1c\x1d\x1e\x1f" for character in token)
        place = end
    outside += text[place:]
    assert all(character.isspace() or character in SEPARATORS for character in outside)


@given(st.text(alphabet=st.characters(max_codepoint=126), max_size=40), HOW)
def test_the_fast_path_cuts_like_the_full_rules(text, how):
    # The last word is not ASCII, so the whole text takes the slow path; the cuts before it must be the same.
    assert words(text, **how) == words(f"{text}\n§", **how)[:-1]


def test_sentence_keeps_text_and_offsets():
    sentence = tokenize_sentence(" Ọ̀rọ̀  yìí ", id="a", lang="yo")
    assert (sentence.id, sentence.lang, sentence.text) == ("a", "yo", " Ọ̀rọ̀  yìí ")
    assert [sentence.text[start:end] for start, end in sentence.offsets] == list(sentence.tokens)
    assert tokenize_sentence("").tokens == ()
