from __future__ import annotations

import base64
import html
import json
import time
from urllib.parse import quote, quote_plus

import pytest
from tests.faults.disguises import DISGUISES

from crosspan.core.errors import OptionError
from crosspan.core.secrets import LEAST, MARK, hidden, holds_secret, key_in, name_of_variable

KEY = "k/7+a&b=<c>d-e"


@pytest.fixture(autouse=True)
def key(monkeypatch):
    name_of_variable("key_variable", "SECRETS_TEST_KEY")
    monkeypatch.setenv("SECRETS_TEST_KEY", KEY)


@pytest.mark.parametrize(
    "form",
    [KEY, quote(KEY), quote(KEY, safe=""), quote_plus(KEY), html.escape(KEY), json.dumps(KEY).replace("/", "\\/")],
)
def test_every_form_of_a_key_is_hidden(form):
    assert holds_secret(f"no {form}.")
    assert hidden(f"no {form}, {form}.") == f"no {MARK}, {MARK}.".replace(MARK, f'"{MARK}"' if '"' in form else MARK)


LONG = "sk-Proj4-aB3/dE+fG7hIj_KlMnOp8QrStUvWxYz0="


@pytest.mark.parametrize("way", DISGUISES)
def test_a_key_in_disguise(monkeypatch, way):
    monkeypatch.setenv("SECRETS_TEST_KEY", LONG)
    form = DISGUISES[way](LONG)
    text = f"The key {form} is not known, and {form} neither."
    assert holds_secret(text)
    shown = hidden(text)
    assert shown.count(MARK) == 2
    assert not any(form[at : at + 8] in shown for at in range(len(form) - 7) if way != "base64 of a header")
    assert shown.startswith("The key ")
    assert "is not known, and " in shown
    assert not holds_secret(shown)
    assert hidden(shown) == shown


@pytest.mark.parametrize("word", ["translation-of-the-server", "Accra-and-Kumasi-in-Ghana"])
def test_words_that_a_key_begins_with_are_no_secret(monkeypatch, word):
    monkeypatch.setenv("SECRETS_TEST_KEY", word)
    for text in (word[: len(word) // 2], word[-len(word) // 2 :], word[:-1]):
        assert hidden(text) == text
        assert not holds_secret(text)
    assert hidden(word.upper()) == MARK


@pytest.mark.parametrize("value", [f"{KEY}\r\n", f" {KEY}", f"{KEY}\nsecond-line-9", f"first-line-8\r\n{KEY}"])
def test_a_key_is_hidden_though_it_is_none(monkeypatch, value):
    monkeypatch.setenv("SECRETS_TEST_KEY", value)
    shown = hidden(f"{value!r} {value} {KEY} {value.split()}")
    assert not any(part in shown for part in value.split())


def test_what_is_too_short_to_be_secret(monkeypatch):
    monkeypatch.setenv("SECRETS_TEST_KEY", "x" * (LEAST - 1))
    assert hidden("x" * 20) == "x" * 20
    assert not holds_secret("x" * 20)


def test_keys_of_other_packages(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_abcdefgh")
    assert hidden("the hub refuses hf_abcdefgh") == f"the hub refuses {MARK}"


def test_passwords_of_proxies(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://ada:pass%2Fword-1@proxy:3128")
    login = base64.b64encode(b"ada:pass/word-1").decode()
    assert hidden(f"pass/word-1 pass%2Fword-1 {login}") == " ".join([MARK] * 3)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://ada:pw@a/b", f"http://{MARK}@a/b"),
        ("(https://token@a/b)", f"(https://{MARK}@a/b)"),
        ("http://a/?q=1&api_key=pw&x=2", f"http://a/?q=1&api_key={MARK}&x=2"),
        ("(http://a/?access_token=pw). Next", f"(http://a/?access_token={MARK}). Next"),
        ("Authorization: Bearer abcdefg1", f"Authorization: Bearer {MARK}"),
        ("{'authorization': 'Basic YWRhOnB3MQ=='}", f"{{'authorization': 'Basic {MARK}'}}"),
        ("got bearer abcdefg1.", f"got bearer {MARK}"),
    ],
)
def test_what_stands_where_secrets_stand(text, shown):
    assert hidden(text) == shown
    assert hidden(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "http://localhost:8000/v1: nothing answers at this address",
        "ada@example.org, http://a/@b",
        "the authorization is missing; the bearer of bad news",
        "a.conll:7: 'key=value' is no tag",
        "key_variable is no name of an environment variable",
    ],
)
def test_what_is_no_secret_stays(text):
    assert hidden(text) == text


def test_long_texts_are_no_trouble():
    began = time.perf_counter()
    for text in (
        "%" * 50_000,
        "\\" * 50_000,
        "&amp;" * 20_000,
        KEY[:-2] * 5_000,
        "a." * 50_000,
        "?" * 100_000,
        "?key" * 25_000,
        "a://" * 25_000,
        "bearer " * 15_000,
    ):
        hidden(text)
    assert time.perf_counter() - began < 5


def test_where_keys_are_read(monkeypatch):
    assert key_in("") == key_in("SECRETS_TEST_NONE") == ""
    monkeypatch.setenv("SECRETS_TEST_KEY", " \r\n")
    assert key_in("SECRETS_TEST_KEY") == ""
    monkeypatch.setenv("SECRETS_TEST_KEY", f"\t{KEY}\r\n")
    assert key_in("SECRETS_TEST_KEY") == KEY


@pytest.mark.parametrize(
    ("inside", "what"),
    [("\r", "a line break"), ("\n", "a line break"), (" ", "a blank"), ("\t", "a tabulator"), ("\xa0", "a character")],
)
def test_what_no_key_can_hold(monkeypatch, inside, what):
    monkeypatch.setenv("SECRETS_TEST_KEY", f"abc{inside}def")
    with pytest.raises(OptionError, match=f"SECRETS_TEST_KEY holds {what}") as caught:
        key_in("SECRETS_TEST_KEY")
    assert "abc" not in str(caught.value) + repr(vars(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("name", ["sk-abc", "hf_Abc", "A-B", "1A", "A B", "A=B"])
def test_keys_in_the_place_of_names(name):
    with pytest.raises(OptionError, match="no name of an environment variable") as caught:
        name_of_variable("key_variable", name)
    assert name not in str(caught.value)
