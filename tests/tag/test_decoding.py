"""Names of tags in any scheme, and the best spans, against sums over all sequences."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.tags import from_tags
from crosspan.tag.decoding import best_spans, check_needed, columns_of, parsed_names


def columns(names, mapping=None, **options):
    return columns_of(names, mapping=mapping or {}, **options)


def random_rows(rng, n, k):
    return rng.dirichlet(np.full(k, 0.7), n).astype(np.float32)


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "begin", "inside"),
    [
        (["B-LOC", "I-LOC", "O", "B-PER", "I-PER"], ((0,), (3,)), ((1,), (4,))),
        (["O", "S-LOC", "B-LOC", "I-LOC", "E-LOC", "S-PER", "B-PER", "E-PER"], ((1, 2), (5, 6)), ((3, 4), (7,))),
        (["O", "U-LOC", "B-LOC", "L-LOC", "I-PER"], ((1, 2), ()), ((3,), (4,))),
        (["I-LOC", "I-PER", "O"], ((), ()), ((0,), (1,))),
        (["O", "PER", "LOC"], ((), ()), ((2,), (1,))),
    ],
)
def test_schemes_are_read_from_the_names(names, begin, inside):
    found = columns(names)
    assert found.labels == ("LOC", "PER")
    assert found.tags == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert (found.begin, found.inside, found.outside) == (begin, inside, (names.index("O"),))
    assert found.scheme == ("IO" if begin == ((), ()) else "IOB2")


def test_labels_are_renamed_joined_and_dropped():
    names = ["O", "B-PERSON", "I-PERSON", "B-GPE", "I-GPE", "B-LOC", "I-LOC", "B-DATE", "I-DATE"]
    found = columns(names, {"PERSON": "PER", "GPE": "LOC", "DATE": "O"})
    assert found.labels == ("LOC", "PER")
    assert (found.begin, found.inside, found.outside) == (((3, 5), (1,)), ((4, 6), (2,)), (0, 7, 8))
    row = np.arange(9, dtype=np.float32)[None] / 36
    assert (found.iob2(row)[0] * 36).round(3).tolist() == [15, 8, 10, 1, 2]
    assert columns(names, {"PERSON": "PER"}, others="drop").labels == ("PER",)
    assert columns(names, {"LOC": "LOC"}, others="drop").labels == ("LOC",)


def test_tags_are_renamed_as_a_whole():
    names = ["LABEL_0", "LABEL_1", "LABEL_2"]
    found = columns(names, {"LABEL_0": "O", "LABEL_1": "B-PER", "LABEL_2": "I-PER"}, others="drop")
    assert (found.labels, found.begin, found.inside, found.outside) == (("PER",), ((1,),), ((2,),), (0,))


@pytest.mark.parametrize(
    ("names", "mapping", "message"),
    [
        (["LABEL_0", "LABEL_1"], {}, "does not say what its label LABEL_0 means"),
        (["O", "B-PER"], {"PRE": "PER"}, "no label 'PRE'. Did you mean PER"),
        (["B-PER", "I-PER"], {}, "no tag O"),
        (["O", "B-PER", "MISC"], {}, "the label MISC without"),
        (["O", "B-DATE"], {"DATE": "O"}, "no label of the model is left"),
        (["O"], {}, "no label of the model is left"),
    ],
)
def test_names_that_say_nothing_are_errors(names, mapping, message):
    with pytest.raises(ModelError, match=message):
        columns(names, mapping, where="folder")


def test_what_is_not_there_may_be_dropped():
    assert columns(["O", "B-PER"], {"DATE": "O"}).labels == ("PER",)


def test_needed_labels():
    check_needed(("LOC", "PER"), ("PER",), "m")
    with pytest.raises(ModelError, match=r"knows no label 'ORG'.*labels=OLD=ORG"):
        check_needed(("LOC", "PER"), ("PER", "ORG"), "m")


@pytest.mark.parametrize("entry", ["PERSON", "=PER", "PERSON=", ""])
def test_names_need_both_sides(entry):
    with pytest.raises(OptionError, match="OLD=NEW"):
        parsed_names([entry])


# --- probabilities -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "names"), [("IO", ["O", "I-A", "I-B"]), ("IOB1", ["O", "B-A", "I-A", "B-B", "I-B"])]
)
def test_begins_are_those_of_independent_words(scheme, names):
    """The probability that a span begins, summed over all sequences of tags in a scheme that does not mark it."""
    rng = np.random.default_rng(1)
    rows = random_rows(rng, 4, len(names))
    found = columns(names, scheme=scheme if scheme == "IOB1" else "auto").iob2(rows)
    expected = np.zeros((4, 5))
    for sequence in product(range(len(names)), repeat=4):
        mass = np.prod([rows[t, y] for t, y in enumerate(sequence)])
        tags = [names[y] for y in sequence]
        before = "O"
        for t, tag in enumerate(tags):
            label = "OAB".index(tag[-1])
            goes_on = tag[0] == "I" and tag[-1] == before[-1]
            expected[t, 0 if label == 0 else 2 * label if goes_on else 2 * label - 1] += mass
            before = tag
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)


def test_no_words_have_no_rows():
    assert columns(["O", "I-A"]).iob2(np.zeros((0, 2), np.float32)).shape == (0, 3)


# --- the best spans ------------------------------------------------------------------------------------------------


def valid_sequences(n, k):
    for sequence in product(range(k), repeat=n):
        before = 0
        for tag in sequence:
            if tag and tag % 2 == 0 and before not in (tag - 1, tag):
                break
            before = tag
        else:
            yield sequence


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 2))
def test_best_spans_are_best_and_their_scores_exact(seed, n, n_labels):
    labels = ("A", "B")[:n_labels]
    names = ["O", *(f"{prefix}-{label}" for label in labels for prefix in "BI")]
    rows = random_rows(np.random.default_rng(seed), n, len(names))
    mass = {
        sequence: float(np.prod([rows[t, y] for t, y in enumerate(sequence)], dtype=np.float64))
        for sequence in valid_sequences(n, len(names))
    }
    total = sum(mass.values())
    spans_of = {sequence: from_tags([names[y] for y in sequence], scheme="IOB2") for sequence in mass}
    (found,) = best_spans([rows], labels)
    best = max(mass.values())
    assert any(spans_of[one] == list(found) and mass[one] >= best * (1 - 1e-9) for one in mass)
    for span in found:
        expected = sum(mass[one] for one in mass if span in spans_of[one]) / total
        assert span.score == pytest.approx(expected, abs=1e-4)


def test_sentences_do_not_touch_one_another():
    inside = np.array([[0.0, 0.6, 0.4]], np.float32)
    assert [[(s.start, s.end) for s in found] for found in best_spans([inside, inside], ("A",))] == [[(0, 1)]] * 2
    assert best_spans([np.zeros((0, 3), np.float32), inside, np.zeros((0, 3), np.float32)], ("A",))[1]
    assert best_spans([], ("A",)) == []


def test_many_labels():
    """Tags are counted in more than a byte: schemes with 66 labels and more are in use."""
    labels = tuple(f"L{index:03}" for index in range(90))
    rows = np.full((2, 181), 1e-6, np.float32)
    rows[0, 179], rows[1, 180] = 0.9, 0.9
    assert [(s.start, s.end, s.label) for s in best_spans([rows], labels)[0]] == [(0, 2, "L089")]
