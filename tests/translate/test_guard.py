from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import OptionError
from crosspan.translate import Translation
from crosspan.translate.guard import VARIATIONS, Guarded, GuardOptions, halves_of, sentences_of

LONG = "Ada came home.  She was tired. Nobody saw her."
LANGUAGES = {"source": "en", "target": "es"}


def translate(guarded, texts):
    return guarded.translate(texts, **LANGUAGES)


def test_sound_texts_go_through_as_they_are(fake):
    inner = fake()
    guarded = Guarded(inner)
    assert translate(guarded, ["ab", "", " c d "]) == [Translation("AB"), Translation(""), Translation(" C D ")]
    assert inner.asked == [["ab", "", " c d "]]
    assert guarded.found == guarded.repaired == Counter()


def test_long_texts_go_through_by_sentence(fake):
    inner = fake()
    assert translate(Guarded(inner, GuardOptions(longest=20)), ["ab", LONG])[1].text == LONG.upper()
    assert inner.asked == [["ab", "Ada came home.", "She was tired.", "Nobody saw her."]]


def test_when_texts_are_cut(fake):
    for options, parts in (
        (GuardOptions(split="never", longest=1), 1),
        (GuardOptions(split="always"), 3),
        (GuardOptions(), 1),
    ):
        inner = fake()
        translate(Guarded(inner, options), [LONG])
        assert len(inner.asked[0]) == parts


def test_scripts_without_spaces_get_none(fake):
    inner = fake({"Ada came home.": "艾达回家了。", "She was tired.": "她累了。", "Nobody saw her.": "没人看见她。"})
    assert translate(Guarded(inner, GuardOptions(split="always")), [LONG])[0].text == "艾达回家了。她累了。没人看见她。"
    back = fake({"艾达回家了。": "Ada came home.", "她累了。": "She was tired."})
    assert translate(Guarded(back, GuardOptions(split="always")), ["艾达回家了。她累了。"])[0].text == (
        "Ada came home. She was tired."
    )


def test_what_is_wrong_goes_through_in_parts(fake):
    inner = fake({LONG: Translation("", problem="too long")})
    guarded = Guarded(inner)
    assert translate(guarded, [LONG, "ok"]) == [Translation(LONG.upper()), Translation("OK")]
    assert guarded.found == guarded.repaired == Counter({"too long": 1})


def test_parts_that_are_wrong_are_cut_again(fake):
    inner = fake(make=lambda text: text.upper() if len(text) < 24 else "")
    text = "when the morning came, nobody had slept and everybody was very hungry indeed"
    guarded = Guarded(inner)
    assert translate(guarded, [text]) == [Translation(text.upper())]
    assert guarded.repaired == {"empty": 1}


def test_what_stays_wrong_says_so(fake):
    inner = fake({"short": "na " * 12, "text": Translation("TXT", problem="too long: 9 pieces")})
    guarded = Guarded(inner)
    assert translate(guarded, ["short", "text"]) == [
        Translation("na " * 12, problem="looping"),
        Translation("TXT", problem="too long: 9 pieces"),
    ]
    assert guarded.found == {"looping": 1, "too long": 1}
    assert guarded.repaired == {}


def test_retries_can_be_switched_off(fake):
    inner = fake({LONG: Translation("", problem="too long")})
    assert translate(Guarded(inner, GuardOptions(retry=False)), [LONG])[0].problem == "too long"
    assert len(inner.asked) == 1


def test_other_settings_are_tried_first(fake):
    class Varied(fake):
        tried = []  # noqa: RUF012

        def varied(self, **settings):
            self.tried.append(settings)
            return fake({"again": "na " * 12} if len(self.tried) == 1 else {})

    inner = Varied({"again": "na " * 12, "bad": "ba " * 12})
    guarded = Guarded(inner)
    assert translate(guarded, ["again", "bad", "ok"]) == [Translation("AGAIN"), Translation("BAD"), Translation("OK")]
    assert inner.tried == list(VARIATIONS)
    assert guarded.repaired == {"looping": 2}


def test_the_settings_that_are_tried_exist():
    from crosspan.core.options import with_settings
    from crosspan.translate import TRANSLATORS

    for use in ("transformers", "ctranslate2"):
        for settings in VARIATIONS:
            assert with_settings(TRANSLATORS.options(use), settings) != TRANSLATORS.options(use)


def test_a_translator_may_want_its_texts_whole(fake):
    inner = fake({LONG: ""}, make=lambda text: "")
    inner.as_given = True
    assert translate(Guarded(inner, GuardOptions(split="always")), [LONG])[0].problem == "empty"
    assert inner.asked == [[LONG]]


def test_progress_counts_texts(fake):
    seen = []
    Guarded(fake(), GuardOptions(longest=20)).translate(
        [LONG, "ab"], **LANGUAGES, advance=lambda *done: seen.append(done)
    )
    assert seen == [(0, 2), (1, 2), (1, 2), (2, 2)]


def test_scores_of_parts_are_averaged_and_problems_kept(fake):
    inner = fake(
        {
            "Ada came home.": Translation("abcd", -1.0),
            "She was tired.": Translation("ab", -4.0),
            "Nobody saw her.": Translation("", problem="odd"),
        }
    )
    (found,) = translate(Guarded(inner, GuardOptions(split="always", retry=False)), [LONG])
    assert found == Translation("abcd  ab", -2.0, "odd")


def test_probabilities_come_from_inside(fake):
    class Scored(fake):
        def score(self, sources, targets, *, source, target, advance=None):
            return np.array([-1.0])

    assert Guarded(Scored()).score(["a"], ["b"], **LANGUAGES).tolist() == [-1.0]
    with pytest.raises(OptionError, match="Fake does not tell how probable"):
        Guarded(fake()).score(["a"], ["b"], **LANGUAGES)


@pytest.mark.parametrize("settings", [{"split": "often"}, {"longest": 0}, {"max_ratio": 0.0}])
def test_bad_options(settings):
    with pytest.raises(OptionError):
        GuardOptions(**settings)


@given(st.text(alphabet="Ab .,!?\n\u3002\u4e2d-", max_size=80))
def test_cutting_loses_nothing(text):
    for parts in (sentences_of(text), halves_of(text)):
        assert len(parts.texts) == len(parts.between) + 1
        whole = "".join(one + blank for one, blank in zip(parts.texts, (*parts.between, ""), strict=True))
        assert whole.strip() == text.strip()
        assert all(blank.strip() == "" for blank in parts.between)
