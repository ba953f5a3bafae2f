from __future__ import annotations

import math
import os
import subprocess
import sys
import unicodedata
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.types import Sentence
from crosspan.project.words import FREQUENT, WordCounts, Words


def words_of(*sentences: str) -> Words:
    return Words.of([Sentence(tuple(text.split())) for text in sentences])


def test_sentences_are_counted_through() -> None:
    words = words_of("Accra is big", "", "Big Accra")
    assert words.ptr.tolist() == [0, 3, 3, 5]
    assert words.ptr.dtype == np.int64
    assert words.type[0] == words.type[4]
    assert words.type[2] == words.type[3], "a word is the same in capitals"
    assert len({int(number) for number in words.type}) == 3


@pytest.mark.parametrize("sentences", [[], [Sentence(())], [Sentence(()), Sentence(())]])
def test_nothing_to_look_at(sentences: list[Sentence]) -> None:
    words = Words.of(sentences)
    assert words.ptr.tolist() == [0] * (len(sentences) + 1)
    for values in (words.type, words.word_hash, words.lower, words.function, words.punctuation, words.log_frequency):
        assert values.shape == (0,)


def test_a_generator_will_do() -> None:
    assert Words.of(Sentence((word,)) for word in "ab").ptr.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("token", "lower"),
    [
        ("house", True),
        ("House", False),
        ("iPhone", False),
        ("NATO", False),
        ("straße", True),
        ("ŋutsu", True),
        ("москва", True),
        ("Москва", False),
        ("αθήνα", True),
        ("東京", False),
        ("القاهرة", False),
        ("ไทย", False),
        ("1984", False),
        ("1st", True),
        (".", False),
        ("l'", True),
    ],
)
def test_small_letters(token: str, lower: bool) -> None:
    assert words_of(token).lower.tolist() == [lower]


@pytest.mark.parametrize("token", [".", ",", "«", "...", "—", "€", "。", "،", "\N{EURO SIGN}\N{FULL STOP}"])
def test_punctuation(token: str) -> None:
    assert words_of(token).punctuation.tolist() == [True]


@pytest.mark.parametrize("token", ["A.", "U.S.", "1", "½", "東", "'s", "é", "\N{COMBINING ACUTE ACCENT}"])
def test_not_punctuation(token: str) -> None:
    assert words_of(token).punctuation.tolist() == [False]


def test_a_function_word_is_frequent_and_mostly_small() -> None:
    words = words_of("The king of the hills saw the sea", "of all Kings of Rome", "Rome Rome")
    tokens = [
        "The",
        "king",
        "of",
        "the",
        "hills",
        "saw",
        "the",
        "sea",
        "of",
        "all",
        "Kings",
        "of",
        "Rome",
        "Rome",
        "Rome",
    ]
    assert {token for token, yes in zip(tokens, words.function, strict=True) if yes} == {"The", "the", "of"}


@pytest.mark.parametrize(("times", "function"), [(2, False), (3, True)])
def test_a_function_word_is_seen_three_times_at_least(times: int, function: bool) -> None:
    assert words_of("de " * times).function.tolist() == [function] * times


@pytest.mark.parametrize(("times", "function"), [(3, False), (4, True)])
def test_a_function_word_is_frequent_enough(times: int, function: bool) -> None:
    # three in a thousand are log 3 = 1.0986, just below
    assert math.log(3) < FREQUENT < math.log(4)
    words = words_of("de " * times + " ".join(f"w{number}" for number in range(1000 - times)))
    assert words.function[0] == function


def test_half_small_is_not_mostly_small() -> None:
    assert not words_of("Die die Die die").function.any()
    assert words_of("Die die die").function.all()


def test_scripts_without_case_have_no_function_words() -> None:
    assert not words_of("的 的 的 的 日本").function.any()


def test_log_frequency_counts_in_a_thousand_and_never_goes_below_zero() -> None:
    words = words_of("a " * 10 + "b " + " ".join(f"w{number}" for number in range(1989)))
    assert words.log_frequency.dtype == np.float32
    assert words.log_frequency[0] == pytest.approx(math.log(5), rel=1e-6)
    assert words.log_frequency[10] == 0.0, "half a time in a thousand words"


def test_hashes_are_the_same_in_every_batch() -> None:
    one, other = words_of("Accra is big"), words_of("big", "x y z ACCRA", "Is")
    assert one.word_hash.dtype == np.uint64
    assert one.word_hash[[0, 1, 2]].tolist() == other.word_hash[[4, 5, 0]].tolist()


def test_hashes_are_the_same_in_every_process() -> None:
    code = (
        "from crosspan.project.words import Words; from crosspan.core.types import Sentence;"
        "print(*Words.of([Sentence(('Accra', 'is', '東京'))]).word_hash)"
    )
    env = {**os.environ, "PYTHONHASHSEED": "77"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert [int(item) for item in done.stdout.split()] == words_of("Accra is 東京").word_hash.tolist()


def test_hashes_of_a_vocabulary_do_not_collide() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    vocabulary = [a + b + c for a in letters for b in letters for c in letters] + [str(n) for n in range(20_000)]
    hashes = Words.of([Sentence(tuple(vocabulary))]).word_hash
    assert len(np.unique(hashes)) == len(vocabulary)


def test_odd_tokens_do_no_harm() -> None:
    tokens = ("\ud800", "İstanbul", "\u0301", "\u200d", "🙂", "a" * 500, "ﬁ", "ǅ")
    words = Words.of([Sentence(tokens)])
    assert len(words.word_hash) == len(tokens)
    assert words.punctuation.tolist() == [True, False, False, True, True, False, False, False]


TOKENS = st.sampled_from(
    [
        "The",
        "the",
        "THE",
        "of",
        "Of",
        "house",
        "House",
        "1",
        ",",
        ".",
        "«",
        "東京",
        "東",
        "и",
        "И",
        "Rome",
        "rome",
        "é",
        "É",
    ]
)


@given(st.lists(st.lists(TOKENS, max_size=12), max_size=5))
@settings(max_examples=100, deadline=None)
def test_against_counting_by_hand(corpus: list[list[str]]) -> None:
    words = Words.of([Sentence(tuple(tokens)) for tokens in corpus])
    tokens = [token for sentence in corpus for token in sentence]
    count = Counter(token.lower() for token in tokens)
    is_small = [any(unicodedata.category(char) == "Ll" for char in t) and t == t.lower() for t in tokens]
    small = Counter(token.lower() for token, yes in zip(tokens, is_small, strict=True) if yes)
    for k, token in enumerate(tokens):
        word = token.lower()
        log_frequency = max(0.0, math.log(1000 * count[word] / len(tokens)))
        assert words.lower[k] == is_small[k]
        assert words.log_frequency[k] == pytest.approx(log_frequency, abs=1e-5)
        assert words.function[k] == (count[word] >= 3 and log_frequency >= FREQUENT and 2 * small[word] > count[word])
        for other in range(k):
            same = tokens[other].lower() == word
            assert (words.type[k] == words.type[other]) == same
            assert (words.word_hash[k] == words.word_hash[other]) == same


def test_words_are_counted_over_shards() -> None:
    shards = [[Sentence(tuple(text.split()))] for text in ("the sea The sky", "", "the hills", "THE the")]
    whole = Words.of([sentence for shard in shards for sentence in shard])
    counts = WordCounts()
    for shard in shards:
        counts.add(shard)
    assert counts.total == 8
    parts = [Words.of(shard, counts) for shard in shards]
    assert counts.total == 8, "looking does not count"
    for name in ("function", "log_frequency", "lower", "punctuation", "word_hash"):
        np.testing.assert_array_equal(np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name))


def test_words_that_were_never_counted_are_not_frequent() -> None:
    counts = WordCounts()
    for asked in (WordCounts(), counts):
        words = Words.of([Sentence(("the", "the", "the"))], asked)
        assert not words.function.any()
        assert words.log_frequency.tolist() == [0.0] * 3
        counts.add([Sentence(("a", "b"))])


@given(st.lists(st.lists(st.lists(st.sampled_from(["a", "A", "b", "B", "c", "D"])))))
@settings(max_examples=50, deadline=None)
def test_counts_add_up(shards: list[list[list[str]]]) -> None:
    counts = WordCounts()
    for shard in shards:
        counts.add([Sentence(tuple(tokens)) for tokens in shard])
    all_tokens = [token for shard in shards for tokens in shard for token in tokens]
    seen, small = counts.of(list("dcbaz"))
    assert seen.tolist() == [sum(token.lower() == word for token in all_tokens) for word in "dcbaz"]
    assert small.tolist() == [all_tokens.count(word) for word in "dcbaz"]
    assert counts.total == len(all_tokens)
