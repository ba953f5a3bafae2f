"""Lists of languages: their lengths as published, what is on them, and whose list an encoder has."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("langcodes")
pytest.importorskip("language_data")

from crosspan.core.errors import OptionError
from crosspan.lab.advise.encoders import language_of, pretraining_lists, pretraining_of, usual_scripts


@pytest.mark.parametrize(
    ("key", "n_tags", "n_languages"),
    [("xlm-r", 99, 93), ("mdeberta-v3", 99, 93), ("mbert", 104, None), ("mt5", 101, 101)],
)
def test_lists_are_as_long_as_published(key: str, n_tags: int, n_languages: int | None) -> None:
    tags = pretraining_lists()[key].languages
    assert len(tags) == len(set(tags)) == n_tags  # Burmese in Zawgyi letters is the hundredth of XLM-R
    if n_languages:
        assert len({tag.partition("-")[0] for tag in tags}) == n_languages
    assert all(language_of(tag).language for tag in tags)


@pytest.mark.parametrize(
    ("language", "seen"),
    [
        ("Swahili", {"xlm-r", "e5", "mdeberta-v3", "mbert", "mt5", "afro-xlm-r"}),
        ("hau", {"xlm-r", "e5", "mdeberta-v3", "mt5", "afro-xlm-r"}),
        ("yor", {"mbert", "mt5", "afro-xlm-r"}),
        ("kin", {"afro-xlm-r"}),
        ("Naija", {"afro-xlm-r"}),
        ("Tagalog", {"xlm-r", "e5", "mdeberta-v3", "mbert", "mt5", "afro-xlm-r"}),
        ("lug", set()),
        ("Bambara", set()),
        ("hsb", set()),
        ("ceb", {"mbert", "mt5"}),
    ],
)
def test_what_is_on_which_list(language: str, seen: set[str]) -> None:
    assert {key for key, one in pretraining_lists().items() if one.scripts_of(language) is not None} == seen


def test_a_language_in_two_scripts_and_one_that_mixes_them() -> None:
    known = pretraining_lists()["xlm-r"]
    assert known.scripts_of("ur") == ("Arabic", "Latin")
    assert known.scripts_of("zh") == ("Han",)
    assert known.scripts_of("ja") == ("Han", "Hiragana", "Katakana")
    assert {"Ethiopic", "Hangul", "Oriya", "Bengali", "Greek"} <= known.scripts()
    assert not {"Tifinagh", "Nko", "Cherokee"} & known.scripts()


def test_scripts_are_called_as_words_are() -> None:
    from crosspan.text.scripts import script_of

    words = {"hi": "भाषा", "or": "ଭାଷା", "bn": "ভাষা", "ko": "언어", "zh-Hant": "語言", "am": "ቋንቋ", "nqo": "ߒߞߏ"}
    assert {lang: usual_scripts(language_of(lang)) for lang in words} == {
        lang: (script_of(word),) for lang, word in words.items()
    }


@pytest.mark.parametrize(
    ("encoder", "key"),
    [
        ("xlm-roberta-base", "xlm-r"),
        ("FacebookAI/xlm-roberta-large-finetuned-conll03-english", "xlm-r"),
        ("facebook/xlm-roberta-xl", "xlm-r"),
        ("models/xlm-roberta-base/", "xlm-r"),
        ("microsoft/mdeberta-v3-base", "mdeberta-v3"),
        ("google-bert/bert-base-multilingual-cased", "mbert"),
        ("google/mt5-xl", "mt5"),
        ("intfloat/multilingual-e5-base", "e5"),
        ("e5-small", "e5"),
        ("intfloat/e5-small", None),  # an English one
        ("Davlan/afro-xlmr-large", "afro-xlm-r"),
        ("xlm-r", "xlm-r"),
        ("bert-base-multilingual-uncased", None),
        ("Davlan/afro-xlmr-large-76L", None),
        ("google/umt5-base", None),
        ("roberta-base", None),
        ("my-xlm-roberta-base", None),
    ],
)
def test_whose_list_an_encoder_has(encoder: str, key: str | None) -> None:
    found = pretraining_of(encoder)
    assert (found.key if found else None) == key


def test_the_settings_of_a_folder_name_the_encoder(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"_name_or_path": "FacebookAI/xlm-roberta-base"}))
    found = pretraining_of(tmp_path)
    assert found is not None
    assert found.key == "xlm-r"
    for damaged in ("{", "[]", '{"_name_or_path": 3}'):
        (tmp_path / "config.json").write_text(damaged)
        assert pretraining_of(tmp_path) is None


def test_a_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(OptionError, match="'Elvish of old' is not a language"):
        pretraining_lists()["mbert"].scripts_of("Elvish of old")
