from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosspan.core.errors import CrosspanError, FormatError, OptionError, OutputError, PairError, SpanError
from crosspan.core.types import Sentence, Span
from crosspan.io.places import written
from crosspan.review.changes import CHANGES, changes_between, count_changes
from crosspan.review.decision_file import DecisionFile, check_kept, read_decisions
from crosspan.review.decisions import Decision, applied, character_spans, decision_of, last_of, text_hash

SENTENCE = Sentence(("Jijini", "Accra", "leo"), (Span(1, 2, "LOC", 0.5),), id="a")


def decided(sentence, *after, **more):
    text, _ = written(sentence)
    how = {"id": sentence.id or "x", "hash": text_hash(text), "before": character_spans(sentence), **more}
    return Decision(after=after, **how)


# --- applying


def test_a_boundary_inside_a_word_splits_the_token_and_leaves_the_text():
    found = applied(SENTENCE, decided(SENTENCE, Span(0, 4, "X"), Span(8, 12, "LOC")))
    assert found.tokens == ("Jiji", "ni", "A", "ccra", "leo")
    assert found.spans == (Span(0, 1, "X"), Span(3, 4, "LOC"))
    assert found.text == "Jijini Accra leo"
    assert all(span.score is None for span in found.spans)


def test_where_no_token_is_split_nothing_else_of_the_sentence_changes():
    found = applied(SENTENCE, decided(SENTENCE, Span(7, 12, "ORG")))
    assert found == replace(SENTENCE, spans=(Span(1, 2, "ORG"),))


@pytest.mark.parametrize("after", [Span(6, 7, "X"), Span(12, 99, "X")])
def test_spans_that_hold_nothing_are_refused(after):
    with pytest.raises(SpanError):
        applied(SENTENCE, decided(SENTENCE, after))


def test_another_text_is_noticed():
    other = replace(SENTENCE, tokens=("Jijini", "Akra", "leo"))
    with pytest.raises(PairError, match="not the one that was decided of"):
        applied(other, decided(SENTENCE))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(str.strip)


@given(TEXTS, st.data())
def test_any_text_stays_byte_for_byte_and_spans_come_back(text, data):
    from crosspan.io.python import sentence_from_text

    sentence = replace(sentence_from_text(text), id="a")
    places = [at for at, character in enumerate(text) if not character.isspace()]
    start = data.draw(st.sampled_from(places))
    end = data.draw(st.sampled_from([at for at in places if at >= start])) + 1
    decision = decided(sentence, Span(start, end, "X"))
    found = applied(sentence, decision)
    assert written(found)[0] == text
    assert character_spans(found) == (Span(start, end, "X"),)
    assert decision_of(json.loads(json.dumps(decision.to_dict()))) == decision


# --- records


@pytest.mark.parametrize(
    ("change", "message"),
    [({"id": 7}, "'id' is 7"),
     ({"verdict": "maybe"}, "Choose from done, reject, skip, open"),
     ({"drawn": "often"}, "Choose from random, uncertain"),
     ({"when": "yesterday"}, "Write it in UTC"),
     ({"seconds": -1}, "'seconds' is -1"),
     ({"seconds": "4"}, "'seconds' is '4'"),
     ({"after": [{"start": 0, "end": 3, "label": "A"}, {"start": 2, "end": 4, "label": "B"}]}, "overlap"),
     ({"after": [{"start": 3, "end": 3, "label": "A"}]}, "is empty"),
     ({"after": "none"}, "not a list"),
     ({"before": None}, "not a list")],
)  # fmt: skip
def test_records_that_are_no_decision(change, message):
    record = {**decided(SENTENCE).to_dict(), **change}
    with pytest.raises(CrosspanError) as caught:
        decision_of(record)
    assert message in str(caught.value)


def test_a_decision_that_is_taken_back_does_not_hold():
    one, other = decided(SENTENCE), decided(SENTENCE, Span(0, 3, "X"))
    assert last_of([one, other]) == {"a": other}
    assert last_of([one, other, replace(other, verdict="open")]) == {}


# --- what became of spans


@pytest.mark.parametrize(
    ("after", "kinds"),
    [([Span(3, 8, "LOC")], ["accepted"]),
     ([Span(4, 8, "LOC")], ["moved"]),
     ([Span(3, 8, "ORG")], ["relabelled"]),
     ([Span(4, 8, "ORG")], ["relabelled"]),
     ([], ["deleted"]),
     ([Span(3, 8, "LOC"), Span(9, 10, "PER")], ["accepted", "added"]),
     ([Span(0, 2, "LOC")], ["added", "deleted"])],
)  # fmt: skip
def test_kinds_of_changes(after, kinds):
    assert [one.kind for one in changes_between([Span(3, 8, "LOC", 0.7)], after)] == kinds


def test_counts_of_changes():
    found = count_changes([decided(SENTENCE), decided(SENTENCE, verdict="skip")])
    assert found == {**dict.fromkeys(CHANGES, 0), "deleted": 1, "untouched": 1}


# --- the file


def test_decisions_come_back_and_the_last_holds(tmp_path):
    path = tmp_path / "ada.jsonl"
    one, other = decided(SENTENCE), decided(SENTENCE, Span(0, 6, "X"), who="Ada", seconds=1.5, drawn="random")
    with DecisionFile(path) as file:
        file.add(one)
    with DecisionFile(path) as file:
        assert file.every == [one]
        file.add(other)
    found = read_decisions(path)
    assert found.every == (one, other)
    assert found.last == {"a": other}
    assert found.torn is None


@pytest.mark.parametrize("cut", [1, 20, -2, "é"])
def test_a_line_that_was_not_written_to_its_end_is_told_and_taken_away(tmp_path, cut):
    path = tmp_path / "ada.jsonl"
    with DecisionFile(path) as file:
        file.add(decided(SENTENCE))
    whole = path.read_bytes()
    line = whole.replace(b'"a"', '"é"'.encode())
    at = line.index("é".encode()) + 1 if cut == "é" else cut
    path.write_bytes(whole + line[:at])
    assert read_decisions(path).torn == 2
    assert len(read_decisions(path).every) == 1
    with DecisionFile(path) as file:
        assert file.torn == 2
        file.add(decided(SENTENCE, Span(0, 6, "X")))
    assert path.read_bytes().startswith(whole)
    assert [len(one.after) for one in read_decisions(path).every] == [0, 1]


def test_a_whole_line_without_an_end_is_a_decision(tmp_path):
    path = tmp_path / "ada.jsonl"
    path.write_text(json.dumps(decided(SENTENCE).to_dict()), encoding="utf-8")
    with DecisionFile(path) as file:
        file.add(decided(SENTENCE))
    assert len(read_decisions(path).every) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [("{", "ada.jsonl:2: not valid JSON"),
     ('{"id": "a"}', "ada.jsonl:2: the record has no 'hash'"),
     ("[]", "ada.jsonl:2: [] is no record"),
     ('{"id": "a", "hash": "", "before": [], "after": [], "seconds": NaN}', "NaN")],
)  # fmt: skip
def test_other_lines_that_are_no_decision_are_errors(tmp_path, line, message):
    path = tmp_path / "ada.jsonl"
    good = json.dumps(decided(SENTENCE).to_dict())
    path.write_text(f"{good}\n{line}\n{good}\n", encoding="utf-8")
    with pytest.raises(CrosspanError) as caught:
        read_decisions(path)
    assert message in str(caught.value)
    with pytest.raises(CrosspanError), DecisionFile(path):
        pass
    assert path.read_text(encoding="utf-8").count(good) == 2, "nothing was touched"


def test_a_missing_file_is_an_error_unless_it_may_be_missing(tmp_path):
    assert read_decisions(tmp_path / "none", missing=True).every == ()
    with pytest.raises(FormatError, match="no such file"):
        read_decisions(tmp_path / "none")


def test_one_process_at_a_time(tmp_path):
    path = tmp_path / "ada.jsonl"
    with DecisionFile(path), pytest.raises(OutputError, match="another process adds"), DecisionFile(path):
        pass
    with DecisionFile(path) as file:
        file.add(decided(SENTENCE))


KILLED = """
import sys
from crosspan.core.types import Span
from crosspan.review.decision_file import DecisionFile
from crosspan.review.decisions import Decision
with DecisionFile(sys.argv[1]) as file:
    for number in range(10_000):
        file.add(Decision(id=str(number), hash="", before=(), after=(Span(0, 3, "LABEL" * 50),)))
        print(number, flush=True)
"""


def test_a_kill_loses_no_decision_that_was_made(tmp_path):
    path = tmp_path / "ada.jsonl"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    said = [int(process.stdout.readline()) for _ in range(40)]
    process.kill()
    said += map(int, process.stdout.read().split())
    process.wait()
    found = [int(one.id) for one in read_decisions(path).every]
    assert found[: len(said)] == said
    with DecisionFile(path) as file:
        file.add(decided(SENTENCE))
    assert read_decisions(path).torn is None


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "ada.jsonl"
    with DecisionFile(path) as file:
        file.add(decided(SENTENCE))
        before = path.read_bytes()
        real = os.write

        def full(number, data):
            if len(data) > 10:
                return real(number, bytes(data)[:10])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OutputError, match="no space left"):
            file.add(replace(decided(SENTENCE), id="0123456789"))
        monkeypatch.undo()
        assert path.read_bytes() == before
        file.add(decided(SENTENCE))
    assert len(read_decisions(path).every) == 2


def test_decisions_are_not_replaced_by_fewer(tmp_path):
    path = tmp_path / "ada.jsonl"
    one, other = decided(SENTENCE), decided(SENTENCE, Span(0, 6, "X"))
    with DecisionFile(path) as file:
        file.add(one)
    check_kept(path, [other, one])
    check_kept(tmp_path / "none", [])
    with pytest.raises(OptionError, match="1 decisions that would be lost"):
        check_kept(path, [other])
