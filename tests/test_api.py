"""The names of ``crosspan`` itself, and how they answer to what they cannot work on."""

from __future__ import annotations

import subprocess
import sys

import pytest

import crosspan

HEAVY = {"numpy", "numba", "scipy", "click", "rich", "regex", "logging", "torch", "transformers", "datasets", "spacy"}
ACCRA = crosspan.Sentence(("in", "Accra"), (crosspan.Span(1, 2, "LOC"),))


@pytest.mark.parametrize("name", crosspan.__all__)
def test_every_name_loads(name):
    assert getattr(crosspan, name) is not None
    assert name in dir(crosspan)


def test_names_are_sorted_and_stand_in_both_lists():
    assert crosspan.__all__ == sorted(crosspan.__all__)
    assert set(crosspan._HOME) | {"__version__"} == set(crosspan.__all__)


def test_what_there_is_not():
    with pytest.raises(AttributeError, match="'projekt_labels'"):
        _ = crosspan.projekt_labels


def test_importing_is_cheap():
    code = f"import sys, crosspan; print(sorted({HEAVY} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: crosspan.project_labels(["in Accra"], [ACCRA]), r"sources\[0\] is a str \('in Accra'\)"),
        (lambda: crosspan.project_labels([ACCRA], "out.conll"), "targets is a str"),
        (lambda: crosspan.project_labels([ACCRA], [ACCRA], links=["0-0 1-1"]), r"links\[0\] is a str"),
        (lambda: crosspan.project_labels([ACCRA], [ACCRA], bitext=[(ACCRA, ACCRA)]), r"bitext\[0\] is a tuple"),
        (lambda: crosspan.translate_test([ACCRA], [["in", "Accra"]]), r"translations\[0\] is a list"),
        (lambda: crosspan.translate_train(None, [ACCRA]), "sources is None"),
        (lambda: crosspan.evaluate_ner([ACCRA], ["O"]), r"pred\[0\] is a str"),
        (lambda: crosspan.evaluate_ner(ACCRA, [ACCRA]), "gold is a Sentence"),
        (lambda: crosspan.train_crf(["in Accra"]), r"examples\[0\] is a str"),
        (lambda: crosspan.train_on_projections([ACCRA]), r"examples\[0\] is a Sentence"),
        (lambda: crosspan.examples_of([ACCRA]), r"projections\[0\] is a Sentence"),
        (lambda: crosspan.ensemble(crosspan.load_tagger("en"), [ACCRA]), r"projections\[0\] is a Sentence"),
        (lambda: crosspan.write("-", ["in Accra"], format="jsonl"), r"sentences\[0\] is a str"),
        (lambda: crosspan.write("-", ACCRA, format="jsonl"), "sentences is a Sentence"),
        (lambda: crosspan.write_projections("-", [ACCRA], format="jsonl"), r"projections\[0\] is a Sentence"),
        (lambda: next(crosspan.iter_projections([(ACCRA, ACCRA)])), r"pairs\[0\] is a tuple"),
        (lambda: crosspan.StatisticalAligner().fit([(ACCRA, ACCRA)]), r"pairs\[0\] is a tuple"),
        (lambda: crosspan.StatisticalAligner().align([ACCRA]), r"pairs\[0\] is a Sentence"),
    ],
)
def test_wrong_kinds_of_values(call, message):
    with pytest.raises(crosspan.CrosspanError, match=message):
        call()
