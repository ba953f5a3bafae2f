import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import ModelError, OptionError
from crosspan.tag.lexicon import Lexicon, pieces_of, words_of

CATEGORIES = ("a", "b", "c")
WORDS = (
    "new",
    "York",
    "côte",
    "d'Ivoire",
    "d'",
    "Ivoire",
    "Bissau",
    "Guinea-Bissau",
    "-",
    "mcdonald",
    "'s",
    "McDonald's",
    "x.",
)

entries_of = st.dictionaries(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join),
    st.lists(st.sampled_from(CATEGORIES), min_size=1),
    max_size=12,
)
corpora = st.lists(st.lists(st.sampled_from((*WORDS, "of", "YORK’s", "l'York")), max_size=8), max_size=5)


def match(lexicon, sentences):
    """What is found in sentences: a list of (begin, inside, single) for each."""
    vocabulary = sorted({word for sentence in sentences for word in sentence}, reverse=True)
    ids = np.array([vocabulary.index(word) for sentence in sentences for word in sentence], np.int32)
    offsets = np.cumsum([0, *(len(sentence) for sentence in sentences)])
    found = lexicon.match(ids, offsets, vocabulary)
    assert all(part.dtype == np.uint32 and part.shape == ids.shape for part in found)
    return [tuple(part[begin:end].tolist() for part in found) for begin, end in pairwise(offsets)]


def naive(entries, sentence):
    """The same by trying all entries at all places, one category after the other."""
    begin, inside, single = ([0] * len(sentence) for _ in range(3))
    pieces = [(piece, flag, t) for t, word in enumerate(sentence) for piece, flag in pieces_of(word)]
    for bit, category in enumerate(CATEGORIES):
        keys = {words_of(entry) for entry, names in entries.items() if category in names}
        p = 0
        while p < len(pieces):
            ends = [
                p + len(key) - 1
                for key in keys
                if key
                and tuple(piece for piece, _, _ in pieces[p : p + len(key)]) == key
                and pieces[p][1] & 1
                and pieces[p + len(key) - 1][1] & 2
            ]
            if not ends:
                p += 1
                continue
            first, last = pieces[p][2], pieces[max(ends)][2]
            if first == last:
                single[first] |= 1 << bit
            else:
                begin[first] |= 1 << bit
                for t in range(first + 1, last + 1):
                    inside[t] |= 1 << bit
            p = next((q for q in range(max(ends) + 1, len(pieces)) if pieces[q][2] > last), len(pieces))
    return begin, inside, single


@settings(deadline=None)
@given(entries_of, corpora)
def test_finds_what_a_naive_search_finds(entries, sentences):
    lexicon = Lexicon.of(entries, CATEGORIES)
    assert match(lexicon, sentences) == [naive(entries, sentence) for sentence in sentences]


@settings(deadline=None)
@given(entries_of, corpora)
def test_a_category_is_in_one_part_at_most(entries, sentences):
    for begin, inside, single in match(Lexicon.of(entries, CATEGORIES), sentences):
        for b, i, s in zip(begin, inside, single, strict=True):
            assert not b & i
            assert not b & s
            assert not i & s


@settings(deadline=None)
@given(entries_of)
def test_look_up_and_entries_give_back_what_was_put_in(entries):
    lexicon = Lexicon.of(entries, CATEGORIES)
    wanted: dict[tuple[str, ...], set[str]] = {}
    for entry, names in entries.items():
        if words_of(entry):
            wanted.setdefault(words_of(entry), set()).update(names)
    assert {key: set(lexicon.look_up(entry)) for entry in entries if (key := words_of(entry))} == wanted
    assert {key for key, _ in lexicon.entries()} == set(wanted)
    assert len(lexicon) == len(wanted)


@settings(deadline=None)
@given(entries_of, st.randoms(use_true_random=False))
def test_the_file_does_not_depend_on_the_order_of_entries(tmp_path_factory, entries, order: random.Random):
    folder = tmp_path_factory.mktemp("lexicon")
    shuffled = list(entries.items())
    order.shuffle(shuffled)
    Lexicon.of(entries, CATEGORIES).write(folder / "one.npz")
    Lexicon.of(dict(shuffled), CATEGORIES).write(folder / "other.npz")
    assert (folder / "one.npz").read_bytes() == (folder / "other.npz").read_bytes()
    again = Lexicon.read(folder / "one.npz")
    assert list(again.entries()) == list(Lexicon.of(entries, CATEGORIES).entries())
    assert again.categories == CATEGORIES


def names():
    return Lexicon.of(
        {
            "Guinea-Bissau": ["a"],
            "Guinea": ["a"],
            "Côte d'Ivoire": ["a"],
            "New York Times": ["b"],
            "New York": ["a"],
            "Inc.": ["c"],
            "McDonald's": ["b"],
            "Abidjan": ["a"],
        },
        CATEGORIES,
    )


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("the NEW YORK times", ([0, 3, 0, 0], [0, 0, 3, 2], [0, 0, 0, 0])),
        ("new york new york's", ([1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0])),
        ("guinea-bissau Guinea", ([0, 0], [0, 0], [1, 1])),
        ("Guinea - Bissau", ([1, 0, 0], [0, 1, 1], [0, 0, 0])),
        ("Guinea-Conakry", ([0], [0], [0])),
        ("cote d’ivoire's", ([1, 0], [0, 1], [0, 0])),
        ("Cote d' Ivoire", ([1, 0, 0], [0, 1, 1], [0, 0, 0])),
        ("d’Abidjan inc INC.", ([0, 0, 0], [0, 0, 0], [1, 4, 4])),
        ("McDonald 's McDonald’s mcdonald", ([2, 0, 0, 0], [0, 2, 0, 0], [0, 0, 2, 0])),
        ("New\nYork New", ([1, 0, 0], [0, 1, 0], [0, 0, 0])),
    ],
)
def test_matches_by_hand(sentence, wanted):
    assert match(names(), [sentence.split()]) == [wanted]


def test_matches_stay_inside_sentences():
    assert match(names(), [["New"], ["York"], [], ["New", "York"]])[:2] == [([0], [0], [0])] * 2


def test_strange_tokens():
    assert match(names(), [["", "-", "'s", "'", "\n", "new\nyork", "\ud800", "...", "d'"]]) == [([0] * 9,) * 3]


def test_no_sentence_and_no_entry():
    assert match(names(), []) == []
    assert match(Lexicon.of({}, ()), [["a"]]) == [([0], [0], [0])]


def test_all_32_categories():
    categories = tuple(f"c{k}" for k in range(32))
    lexicon = Lexicon.of({"a": ["c31", "c0"]}, categories)
    assert match(lexicon, [["A"]]) == [([0], [0], [1 << 31 | 1])]
    with pytest.raises(OptionError, match="33 categories"):
        Lexicon.of({}, (*categories, "c32"))


def test_an_unknown_category():
    with pytest.raises(OptionError, match="'z'"):
        Lexicon.of({"x": ["z"]}, CATEGORIES)


def test_files_that_are_no_lexicon(tmp_path):
    path = tmp_path / "broken.npz"
    with pytest.raises(ModelError, match="no such file"):
        Lexicon.read(path)
    names().write(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ModelError, match="damaged"):
        Lexicon.read(path)
    path.write_bytes(b"text")
    with pytest.raises(ModelError, match="damaged"):
        Lexicon.read(path)


@pytest.mark.parametrize(
    ("entry", "category"),
    [
        ("Kampala", "city_large"),
        ("Munich", "city_large"),
        ("Uganda", "country"),
        ("Ouganda", "country_abroad"),
        ("Côte d’Ivoire", "country"),
        ("Buganda", "region"),
        ("Lake Victoria", "landform"),
        ("Yoweri Museveni", "person"),
        ("Boateng", "surname"),
        ("Akosua", "given"),
        ("African Union", "international"),
        ("ECOWAS", "international"),
        ("NRM", "party"),
        ("Daily Monitor", "media"),
        ("Makerere University", "education"),
        ("Ugandans", "demonym"),
        ("Monday", "calendar"),
        ("President", "title"),
        ("reading", "city_word"),
    ],
)
def test_the_lexicon_of_the_package_knows(entry, category):
    assert category in Lexicon.load().look_up(entry)


@pytest.mark.parametrize("word", ["the", "of", "will", "us", "is", "it", "who", "can", "an", "he"])
def test_function_words_are_no_names(word):
    assert set(Lexicon.load().look_up(word)) <= {"ordinary", "title", "org_word", "place_word"}
