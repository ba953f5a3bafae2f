from __future__ import annotations

import json
from dataclasses import replace

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import EmptyInputError
from crosspan.core.types import Sentence, Span
from crosspan.io import write
from crosspan.review.agreement import agreement
from crosspan.review.decision_file import append_decisions
from crosspan.review.decisions import Decision
from crosspan.review.tasks import Task

TEXTS = ["Ada Lovelace alitembelea Accra", "😀 Ọlọ́run na Bo", "hakuna mtu", "Lena alikuja"]
TASKS = [
    Task(index=at, id=f"s{at}", sentence=Sentence(tuple(text.split()), id=f"s{at}")) for at, text in enumerate(TEXTS)
]


def decided(at, *spans, **given):
    task = TASKS[at]
    return Decision(id=task.id, hash=task.hash, before=(), after=tuple(Span(*one) for one in spans), **given)


def held(*decisions):
    return {one.id: one for one in decisions}


def test_two_people_who_agree_and_do_not():
    one = held(decided(0, (0, 12, "PER"), (25, 30, "LOC")), decided(1, (13, 15, "PER")), decided(2), decided(3))
    other = held(decided(0, (0, 12, "PER"), (25, 30, "ORG")), decided(1, (13, 15, "PER")), decided(2))
    found = agreement(TASKS, one, other, bootstrap=50)
    assert found.n_sentences == 3
    assert found.score.micro.f1 == pytest.approx(2 / 3)
    assert found.kappa.n == 4 + 4 + 2
    assert found.kappa.observed == pytest.approx(9 / 10)
    assert [one.id for one in found.disagreements] == ["s0"]
    assert (found.one_alone, found.other_alone) == (1, 0)
    again = agreement(TASKS, other, one, bootstrap=50)
    assert (again.score.micro.f1, again.kappa.value) == (found.score.micro.f1, found.kappa.value)


def test_boundaries_inside_words_count():
    """A token that one of them cuts counts as two for both; letters of more than one code point are counted once."""
    one, other = held(decided(1, (2, 9, "PER"))), held(decided(1, (2, 5, "PER")))
    found = agreement(TASKS, one, other, bootstrap=0)
    assert (found.score.micro.f1, found.kappa.n, found.kappa.observed) == (0.0, 5, 0.8)
    assert found.disagreements[0].to_dict()["b"][0]["text"] == "Ọlọ"


def test_what_is_left_out_is_counted():
    one = held(decided(0), decided(1), decided(2, verdict="skip"), replace(decided(3), hash="other"))
    other = held(
        decided(0), decided(1, verdict="reject"), decided(2, verdict="skip"), decided(3), replace(decided(3), id="x")
    )
    found = agreement(TASKS, one, other, bootstrap=0)
    assert (found.n_sentences, found.undecided, found.changed, found.unknown) == (1, 1, 1, 1)


def test_nobody_looked_at_the_same():
    with pytest.raises(EmptyInputError, match="no sentence that both decided"):
        agreement(TASKS, held(decided(0)), held(decided(1)))


def test_the_verb_shows_f1_kappa_and_where_they_differ(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write("base.jsonl", [task.sentence for task in TASKS])
    append_decisions("a.jsonl", [decided(0, (0, 12, "PER")), decided(0, (0, 3, "PER")), decided(1, (13, 15, "PER"))])
    append_decisions("b.jsonl", [decided(0, (0, 12, "PER")), decided(1, (13, 15, "PER")), decided(2)])
    assert main(["review", "agree", "a.jsonl", "b.jsonl", "--base", "base.jsonl", "--out", "differ.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "sentences that both decided: 2, 1 of them alike" in said
    assert "spans alike (F1): 0.500 [" in said
    assert "Cohen's kappa by token: 0." in said
    assert "left out: 1 only in b.jsonl" in said
    assert "s0: PER 'Ada' | PER 'Ada Lovelace'" in said
    assert ["label", "F1", "A", "B", "alike"] in [line.split() for line in said.splitlines()]
    record = json.loads((tmp_path / "differ.jsonl").read_text(encoding="utf-8"))
    assert [record["a"][0]["text"], record["b"][0]["text"]] == ["Ada", "Ada Lovelace"]
    assert main(["review", "agree", "a.jsonl", "b.jsonl", "--base", "base.jsonl", "--out", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "s0"
    assert main(["review", "agree", "a.jsonl", "b.jsonl", "--base", "base.jsonl", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["spans"]["micro"]["f1"] == 0.5
