"""What is shown, what is decided, and what is noticed: all of the page but HTTP."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager

import pytest
from tests.review.desk.corpora import plain_tasks, tasks

from crosspan.core.errors import EmptyInputError, OptionError, PairError, SpanError
from crosspan.core.types import Sentence, Span
from crosspan.review.decision_file import DecisionFile, read_decisions
from crosspan.review.decisions import applied
from crosspan.review.desk.answers import PageAnswer
from crosspan.review.desk.base import WatchedFile
from crosspan.review.desk.desk import ConflictError, Desk
from crosspan.review.desk.orders import by_chance
from crosspan.review.tasks import Task


@contextmanager
def desk_of(folder, found=None, *, who="ada", name="decisions.jsonl", **how):
    base = folder / "base"
    if not base.exists():
        base.write_text("base")
    with DecisionFile(folder / name) as file:
        desk = Desk(tasks() if found is None else found, file, WatchedFile(base), who=who, **how)
        try:
            yield desk
        finally:
            desk.close()


def decide(desk, index, *spans, verdict="done", order="mixed", force=False, **given):
    shown = desk.shown(index, order)
    facts = {"hash": shown["sentence"]["h"], "version": shown["version"], "drawn": shown["drawn"], "seconds": 2.0}
    return desk.decide(
        PageAnswer(**{"index": index, "verdict": verdict, "after": spans, **facts, **given}), force=force
    )


def test_a_decision_is_in_the_file_with_all_that_is_known_of_it(tmp_path):
    with desk_of(tmp_path) as desk:
        decide(desk, 0, Span(0, 13, "PER"), Span(17, 31, "ORG"), Span(51, 58, "LOC"))
        (found,) = read_decisions(tmp_path / "decisions.jsonl").every
    task = next(tasks())
    assert (found.id, found.hash, found.who, found.verdict, found.seconds) == ("names", task.hash, "ada", "done", 2.0)
    assert found.before == task.spans
    assert [span.score for span in found.before] == [0.98, 0.41, 0.93]
    assert found.when.endswith("Z")
    assert found.drawn in ("random", "uncertain")
    assert applied(task.sentence, found).tags()[3:6] == ["B-ORG", "I-ORG", "I-ORG"]


def test_decided_sentences_stay_decided_and_can_be_looked_at_again(tmp_path):
    with desk_of(tmp_path) as desk:
        first = desk.step("mixed", 0, 1, "open")
        decide(desk, first)
        second = desk.step("mixed", 0, 1, "open")
        decide(desk, second, verdict="skip")
    with desk_of(tmp_path, who="bo") as desk:
        assert desk.counts() == {"all": 12, "decided": 1, "skipped": 1, "random": 1, "seconds": 2.0}
        assert desk.step("mixed", 0, 1, "open") not in (first, second)
        assert desk.step("mixed", 0, 1, "decided") == first
        shown = desk.shown(first, "mixed")
        assert (shown["decision"]["verdict"], shown["decision"]["who"], shown["decision"]["after"]) == (
            "done",
            "ada",
            [],
        )
        decide(desk, first, Span(0, 2, "PER"))
        decide(desk, first, verdict="open")
        assert desk.counts()["decided"] == 0
        assert desk.step("mixed", 0, 1, "open") == first


def test_what_was_skipped_comes_up_again_at_the_end(tmp_path):
    with desk_of(tmp_path) as desk:
        decide(desk, 4, verdict="skip")
        while (index := desk.step("random", 0, 1, "open")) != 4:
            decide(desk, index)
        decide(desk, 4)
        assert desk.step("random", 0, 1, "open") is None
        assert desk.counts()["decided"] == 12


def test_two_windows_that_decide_the_same_sentence_conflict(tmp_path):
    with desk_of(tmp_path) as desk:
        before = desk.shown(0, "mixed")["version"]
        decide(desk, 0, Span(0, 13, "PER"))
        with pytest.raises(ConflictError, match=r"decided meanwhile by 'ada'. Keep that, or put yours in its place"):
            decide(desk, 0, version=before)
        decide(desk, 0, Span(0, 4, "PER"), version=before, force=True)
        changed = desk.shown(0, "mixed")["version"]
        decide(desk, 0, verdict="open")
        with pytest.raises(ConflictError, match="taken back"):
            decide(desk, 0, version=changed)
        assert len(desk.file.every) == 3


def test_spans_must_fit_the_text_and_labels_must_be_known(tmp_path):
    with desk_of(tmp_path) as desk:
        for spans, error, words in (
            ([Span(0, 999, "PER")], SpanError, "after the last character"),
            ([Span(13, 14, "PER")], SpanError, "white space"),
            ([Span(0, 4, "PER"), Span(3, 9, "LOC")], SpanError, "overlap"),
            ([Span(0, 4, "DRUG")], OptionError, "no label 'DRUG'"),
        ):
            with pytest.raises(error, match=words):
                decide(desk, 0, *spans)
        assert desk.file.every == []
        desk.add_label("DRUG")
        decide(desk, 0, Span(0, 4, "DRUG"))
    with desk_of(tmp_path) as desk:  # a label that was added is known again
        decide(desk, 1, Span(9, 12, "DRUG"))
        for name in ("", "A B", "A\u200bB", "x" * 101, "\n"):
            with pytest.raises(OptionError, match="cannot be called"):
                desk.add_label(name)


def test_sentences_that_came_up_as_unsure_count_as_drawn_once_chance_has_passed_them(tmp_path):
    """At any moment the sentences that are marked as random are the first of the order by chance, and nothing else."""
    scores = [random.Random(1).random() for _ in range(60)]
    with desk_of(tmp_path, plain_tasks(scores), seed=3) as desk:
        chance = by_chance(range(60), 3)
        for _ in range(45):
            index = desk.step("mixed", 0, 1, "open")
            decide(desk, index)
            drawn = {int(one.id[1:]) for one in read_decisions(desk.file.path).last.values() if one.drawn == "random"}
            assert drawn == {*chance[: len(drawn)]}
        again = [one.id for one in desk.file.every]
        assert len(again) > len({*again})  # some were decided as unsure before
        by_id = {}
        for one in desk.file.every:
            earlier = by_id.setdefault(one.id, one)
            assert (one.after, one.who, one.when, one.seconds) == (
                earlier.after,
                earlier.who,
                earlier.when,
                earlier.seconds,
            )


def test_why_a_sentence_came_up_is_kept_when_it_is_decided_again(tmp_path):
    with desk_of(tmp_path) as desk:
        index = desk.step("random", 0, 1, "open")
        decide(desk, index, order="random")
        decide(desk, index, drawn=None)
        decide(desk, index, verdict="open")
        decide(desk, index, drawn="uncertain")
        assert [one.drawn for one in desk.file.every] == ["random"] * 4


def test_sentences_are_found_by_words_name_and_number(tmp_path):
    with desk_of(tmp_path) as desk:
        assert desk.find("mixed", 0, "wizara YA") == 0
        assert desk.find("mixed", 0, "cairo") == 2
        assert desk.find("mixed", 0, "Emoji") == 1
        assert desk.find("mixed", 0, "#12") == 11
        assert desk.find("mixed", 0, "#13") is desk.find("mixed", 0, "nowhere") is None
        first = desk.find("mixed", 0, "anaishi")
        assert desk.find("mixed", desk.queue("mixed").places[first] + 1, "anaishi") != first


def test_a_text_that_was_changed_is_decided_again(tmp_path):
    with desk_of(tmp_path) as desk:
        decide(desk, 0)
        decide(desk, 1)
    changed = [task if task.index else _with_text(task, "Lena Hartmann alizungumza") for task in tasks()]
    with desk_of(tmp_path, changed) as desk:
        assert (desk.stale, desk.unknown) == ({"names"}, 0)
        assert desk.shown(0, "mixed")["stale"]
        assert desk.shown(0, "mixed")["decision"] is None
        assert desk.counts()["decided"] == 1
        decide(desk, 0)
        assert not desk.shown(0, "mixed")["stale"]
    with desk_of(tmp_path, [task for task in tasks() if task.index]) as desk:
        assert desk.unknown == 1


def _with_text(task, text):
    words = tuple(text.split())
    return Task(index=task.index, id=task.id, sentence=Sentence(words, id=task.id))


def test_decisions_of_another_file_are_refused(tmp_path):
    with desk_of(tmp_path) as desk:
        decide(desk, 0)
    with (
        pytest.raises(PairError, match="no decision in it is of a sentence of the file"),
        desk_of(tmp_path, plain_tasks([0.5])),
    ):
        pass


def test_a_base_that_changes_meanwhile_is_noticed(tmp_path):
    with desk_of(tmp_path) as desk:
        (tmp_path / "base").write_text("base")  # written again, the same
        decide(desk, 0)
        (tmp_path / "base").write_text("other")
        with pytest.raises(PairError, match="changed or removed since it was read"):
            decide(desk, 1)
        (tmp_path / "base").unlink()
        with pytest.raises(PairError, match="changed or removed"):
            decide(desk, 1)
        assert len(desk.file.every) == 1


def test_sentences_with_a_fault_or_without_words_do_not_come_up(tmp_path):
    found = [
        Task(index=0, id="bad", sentence=Sentence(("a",)), fault="ill-formed"),
        Task(index=1, id="empty", sentence=Sentence(())),
        Task(index=2, id="good", sentence=Sentence(("a",))),
    ]
    with desk_of(tmp_path, found) as desk:
        assert [desk.step("mixed", at, 1, "any") for at in range(2)] == [2, 2]
        assert [one.id for one in desk.faults] == ["bad", "empty"]
        with pytest.raises(OptionError, match="no sentence 0"):
            desk.shown(0, "mixed")
    with pytest.raises(EmptyInputError), desk_of(tmp_path, found[:2]):
        pass


def test_the_file_of_decisions_is_lines_of_json(tmp_path):
    with desk_of(tmp_path) as desk:
        decide(desk, 2, Span(12, 24, "ORG"))
    (line,) = (tmp_path / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    assert set(record) == {"id", "hash", "before", "after", "who", "when", "seconds", "drawn", "verdict"}
    assert record["after"] == [{"start": 12, "end": 24, "label": "ORG"}]
