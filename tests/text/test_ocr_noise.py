"""Errors of text recognition: as many as asked for, the same each time, and never a token too few or empty."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.text import ocr_noise
from crosspan.text.ocr_noise import OcrNoise, Reached, reached

SENTENCES = [
    list(sentence.split())
    for sentence in (
        "Die modernen Straßen von Hamburg und Köln waren im Jahre 1848 überfüllt .",
        "The gentleman from Birmingham called on Mr. Williams at 11 o'clock , burning with curiosity .",
        "Les ouvriers de l' usine ſe rassemblèrent à Genève le 3 août .",
        "Жители города Новгорода собрались на площади .",
        "Οἱ Ἀτρεῖδαι ἦσαν βασιλεῖς τῶν Ἀχαιῶν",
        "東京 の 大学 で 勉強 する",
        "भारत की राजधानी नई दिल्ली है",
    )
]
# marks, joiners, emoji, Hangul and right-to-left text beside plain letters
WORDS = st.text(
    st.one_of(
        st.sampled_from("rnmlcdeſiiIO0.,-'äéÖßश्राক্ষ한글ابتשלं\u0301\u0308\u200d\u200c👩🏽🇩🇪"),
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]),
    ),
    min_size=1,
    max_size=12,
)
TOKENS = st.lists(WORDS, max_size=12)
NOISE = st.builds(
    lambda rate, seed: OcrNoise(rate=rate, seed=seed), st.sampled_from([0.0, 0.05, 0.2, 0.5]), st.integers(0, 9)
)


def spoilt(tokens: list[str], rate: float, seed: int = 0) -> Reached:
    return reached(tokens, OcrNoise(rate=rate, seed=seed).spoil(tokens))


@given(TOKENS, NOISE)
def test_there_are_as_many_tokens_and_none_is_empty(tokens: list[str], noise: OcrNoise) -> None:
    found = noise.spoil(tokens)
    assert len(found) == len(tokens)
    assert all(found)
    assert not any(char.isspace() for token in found for char in token if char not in "".join(tokens))


@given(TOKENS, NOISE)
def test_there_are_never_more_errors_than_asked_for(tokens: list[str], noise: OcrNoise) -> None:
    found = reached(tokens, noise.spoil(tokens))
    assert found.errors <= int(noise.rate * found.characters) + 1


@given(TOKENS, NOISE)
def test_the_same_text_in_nfc_and_nfd_gets_the_same_errors(tokens: list[str], noise: OcrNoise) -> None:
    forms = [noise.spoil([unicodedata.normalize(form, one) for one in tokens]) for form in ("NFC", "NFD")]
    first, second = ([unicodedata.normalize("NFC", one) for one in form] for form in forms)
    assert first == second


@given(TOKENS, NOISE)
def test_what_is_not_spoilt_stays_byte_for_byte(tokens: list[str], noise: OcrNoise) -> None:
    for one, other in zip(tokens, noise.spoil(tokens), strict=True):
        if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other):
            assert one == other


@given(st.sampled_from([0.02, 0.05, 0.1, 0.2, 0.4]), st.integers(0, 50))
@settings(max_examples=20)
def test_the_rate_is_reached(rate: float, seed: int) -> None:
    total = Reached()
    for number in range(6):
        for tokens in SENTENCES[:4]:
            total += spoilt(tokens, rate, seed * 10 + number)
    # the number of errors of each of the 24 sentences is rounded up or down by chance
    assert total.rate == pytest.approx(rate, rel=0.05, abs=4 * 0.5 * 24**0.5 / total.characters)


@pytest.mark.parametrize("tokens", SENTENCES)
def test_every_script_is_spoilt(tokens: list[str]) -> None:
    assert spoilt(tokens, 0.3).rate > 0.15
    assert spoilt(tokens, 0.0) == Reached(0, spoilt(tokens, 0.3).characters)


def test_the_same_seed_and_words_give_the_same_and_others_do_not() -> None:
    tokens = SENTENCES[0]
    once = OcrNoise(rate=0.2, seed=1).spoil(tokens)
    assert once == OcrNoise(rate=0.2, seed=1).spoil(tuple(tokens))
    assert once != OcrNoise(rate=0.2, seed=2).spoil(tokens)
    # drawn once and for all: another release must not change what was published
    assert " ".join(once) == "Die modernen Gttaen von Hamburg und Köln wnren im Jnhro 1,843 übortülll.t ."


@pytest.mark.parametrize(("clean", "kinds"), [("rn", {"m"}), ("m", {"rn"}), ("ſ", {"f"}), ("l", {"1"}), ("é", {"e"})])
def test_typical_confusions_occur(clean: str, kinds: set[str]) -> None:
    tokens = [f"x{clean}x"]
    seen = {OcrNoise(rate=0.5, seed=seed).spoil(tokens)[0] for seed in range(400)}
    for kind in kinds:
        assert f"x{kind}x" in seen


def test_letters_with_marks_are_one_character() -> None:
    assert reached(["e\u0301te\u0301"], ["éte"]) == Reached(1, 3)
    assert reached(["क्षि"], ["क्षि"]).errors == 0


def test_characters_that_would_run_together_are_left() -> None:
    family = "👩\u200d👩\u200d👧"
    assert OcrNoise(rate=0.5).spoil([family, "🇩🇪"]) == (family, "🇩🇪")


def test_a_character_without_look_alikes_becomes_another_of_the_sentence() -> None:
    seen = {OcrNoise(rate=0.5, seed=seed).spoil(["ب", "ت"]) for seed in range(60)}
    assert ("ت", "ت") in seen
    alone = {OcrNoise(rate=0.5, seed=seed).spoil(["ب"])[0] for seed in range(60)}
    assert "." in alone


def test_no_tables_hold_what_means_nothing() -> None:
    for name, others in ocr_noise.CONFUSED.items():
        assert len(name) == 1
        assert name not in others
        assert all(len(other) == 1 for other in others)
    assert all(len(name) == 1 and all(len(one) > 1 for one in others) for name, others in ocr_noise.SPLIT.items())
    assert all(len(name) == 2 and all(len(one) == 1 for one in others) for name, others in ocr_noise.JOINED.items())


@pytest.mark.parametrize("rate", [-0.1, 0.6, float("nan")])
def test_a_rate_that_is_none_is_refused(rate: float) -> None:
    with pytest.raises(OptionError, match=r"not between 0 and 0[.]5"):
        OcrNoise(rate=rate)


def test_nothing_to_spoil() -> None:
    assert OcrNoise(rate=0.5).spoil([]) == ()
    assert Reached().rate == 0.0
