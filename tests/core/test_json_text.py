from __future__ import annotations

import json

import pytest

from crosspan.core.json_text import DEEPEST, parse_json


def nested(depth, inside="1"):
    return "[" * depth + inside + "]" * depth


@pytest.mark.parametrize("text", ['{"a": [1, -2.5e3, "x", null, true]}', '"\\ud800"', "1e999", "[]", nested(DEEPEST)])
def test_json_is_read_as_the_standard_library_reads_it(text):
    assert parse_json(text) == json.loads(text)
    assert parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "NaN is no number of JSON"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', "the key 'c' stands twice"),
        (nested(100_000), "nested too deeply"),
        (nested(DEEPEST + 1, "[1], " * 200 + "2"), "nested too deeply"),
        ("9" * 5_000, "too many digits"),
        ("[1,", "Expecting value"),
        (b"\xff", "utf-8"),
        ("", "Expecting value"),
    ],
)
def test_what_is_none_has_a_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        parse_json(text)


def test_brackets_in_texts_are_no_levels():
    value = {"tokens": ["[" * 1_000, "{" * 1_000], "wide": [[index] for index in range(1_000)]}
    assert parse_json(json.dumps(value)) == value
