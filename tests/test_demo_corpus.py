from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files

import pytest

LANGUAGES = ("en", "es", "de", "sw")
TRANSLATIONS = LANGUAGES[1:]
MARK = re.compile(r"\[(PER|LOC|ORG) ([^\[\]]+)\]")
README = files("crosspan") / "demo_corpus" / "README.md"


@cache
def lines(lang: str) -> tuple[str, ...]:
    text = (files("crosspan") / "demo_corpus" / f"{lang}.txt").read_text(encoding="utf-8")
    assert text.endswith("\n")
    return tuple(text[:-1].split("\n"))


def plain(line: str) -> str:
    return MARK.sub(r"\2", line)


def labels(line: str) -> Counter[str]:
    return Counter(match[1] for match in MARK.finditer(line))


def totals(lang: str) -> Counter[str]:
    return sum((labels(line) for line in lines(lang)), Counter())


def test_files_have_the_same_number_of_lines() -> None:
    assert len(lines("en")) >= 240
    assert {len(lines(lang)) for lang in LANGUAGES} == {len(lines("en"))}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_marks_are_well_formed(lang: str) -> None:
    for number, line in enumerate(lines(lang), 1):
        rest = MARK.sub("", line)
        assert "[" not in rest, f"{lang}.txt:{number}: unbalanced or unknown mark"
        assert "]" not in rest, f"{lang}.txt:{number}: unbalanced or unknown mark"
        for match in MARK.finditer(line):
            assert match[2] == match[2].strip(), f"{lang}.txt:{number}: blank at the edge of a span"
            before, after = line[: match.start()][-1:], line[match.end() :][:1]
            assert before in {"", " ", "(", '"', "«", "„"}, f"{lang}.txt:{number}: mark inside a word"
            assert not after.isalnum(), f"{lang}.txt:{number}: mark inside a word"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_is_clean(lang: str) -> None:
    for number, line in enumerate(lines(lang), 1):
        assert unicodedata.is_normalized("NFC", line), f"{lang}.txt:{number}"
        assert line.split(" ") == line.split(), f"{lang}.txt:{number}: double, odd or outer blank"
        assert re.search(r"[.!?][\"”“»]?\Z", plain(line)), f"{lang}.txt:{number}: no end of sentence"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_sentence_comes_twice(lang: str) -> None:
    counts = Counter(plain(line) for line in lines(lang))
    assert [line for line, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("lang", TRANSLATIONS)
def test_translations_differ_from_the_source(lang: str) -> None:
    assert [line for line, source in zip(lines(lang), lines("en"), strict=True) if plain(line) == plain(source)] == []


def test_source_sentences_are_news_sized_and_rich_in_entities() -> None:
    assert [line for line in lines("en") if not 8 <= len(plain(line).split()) <= 30] == []
    counts = [labels(line).total() for line in lines("en")]
    assert counts.count(0) >= 10
    assert sum(count >= 8 for count in counts) >= 2
    assert all(totals("en")[label] >= 100 for label in ("PER", "LOC", "ORG"))


@pytest.mark.parametrize("lang", TRANSLATIONS)
def test_most_but_not_all_entities_have_a_counterpart(lang: str) -> None:
    pairs = [(labels(source), labels(target)) for source, target in zip(lines("en"), lines(lang), strict=True)]
    kept = sum((source & target).total() for source, target in pairs) / totals("en").total()
    assert 0.85 <= kept < 1.0
    assert any(target - source for source, target in pairs), "no entity that only the translation has"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_name_has_one_label_in_its_language(lang: str) -> None:
    seen: dict[str, set[str]] = {}
    for line in lines(lang):
        for match in MARK.finditer(line):
            seen.setdefault(match[2], set()).add(match[1])
    assert {name: found for name, found in seen.items() if len(found) > 1} == {}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_readme_states_the_counts(lang: str) -> None:
    counts = totals(lang)
    row = rf"\| `{lang}\.txt` \| \w+ \| {counts['PER']} \| {counts['LOC']} \| {counts['ORG']} \| {counts.total()} \|"
    assert re.search(row, README.read_text(encoding="utf-8"))
