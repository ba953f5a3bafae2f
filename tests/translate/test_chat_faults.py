"""What is a text's own problem, and what is an outage of the server."""

from __future__ import annotations

import threading

import pytest

from crosspan.core.errors import UnavailableError
from crosspan.translate import chat
from crosspan.translate.chat import Answer, ChatClient, ChatOptions


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(chat, "_FIRST_WAIT", 0.001)


@pytest.fixture
def client(tmp_path):
    def make(server, **options):
        given = {"model": "m", "url": server.url, "cache": str(tmp_path / "a.sqlite"), "retries": 1, "concurrency": 1}
        return ChatClient(ChatOptions(**{**given, "timeout": 5.0, **options}))

    return make


def asked_for(body):
    return body["messages"][-1]["content"]


NONSENSE = (200, {}, "<html>We are mending this page.</html>")
BUSY = (503, {}, "busy")


def failing(serve, reply, *texts):
    return serve(lambda number, body: reply if asked_for(body) in texts else serve.say(asked_for(body).upper()))


@pytest.mark.parametrize("status", [402, 503])
def test_nobody_is_told_that_answers_are_kept_where_they_are_not(serve, client, status):
    with pytest.raises(UnavailableError) as caught:
        client(failing(serve, (status, {}, ""), "b"), cache="none").complete(["a", "b", "c"])
    assert "answers are asked for again" in caught.value.hint
    assert "kept" not in caught.value.hint


@pytest.mark.parametrize("status", [402, 405, 409, 410, 425, 429, 501, 502, 503, 529])
def test_a_server_that_cannot_work_is_no_fault_of_the_text_it_was_asked(serve, client, status):
    server = failing(serve, (status, {}, ""), "b")
    with pytest.raises(UnavailableError, match=f"HTTP {status}") as caught:
        client(server).complete(["a", "b", "c"])
    assert caught.value.where == server.url
    assert "kept in the cache" in caught.value.hint
    server.answer = lambda number, body: serve.say(asked_for(body).upper())
    before = len(server.asked)
    assert client(server).complete(["a", "b", "c"]) == [Answer("A"), Answer("B"), Answer("C")]
    assert "a" not in server.prompts[before:]  # what was answered is not paid for twice


@pytest.mark.parametrize("status", [400, 413, 414, 422])
def test_what_a_server_does_not_like_is_the_text(serve, client, status):
    server = failing(serve, (status, {}, "too long"), "a", "c")
    found = client(server).complete(["a", "b", "c"])
    assert [one.text for one in found] == ["", "B", ""]
    assert found[0].problem == f"HTTP {status}: too long"


@pytest.mark.parametrize("reply", [NONSENSE, (500, {}, "crashed"), (504, {}, ""), (200, {}, b"\xff")], ids=str)
@pytest.mark.parametrize("texts", [["x", "a", "b"], ["a", "b", "x"]], ids=["first", "last"])
def test_what_may_be_either_is_the_text_if_the_server_answers_others(serve, client, reply, texts):
    server = failing(serve, reply, "x")
    found = dict(zip(texts, client(server).complete(texts), strict=True))
    assert (found["a"], found["b"], found["x"].text) == (Answer("A"), Answer("B"), "")
    assert found["x"].problem.startswith("no answer after 2 tries: ")


@pytest.mark.parametrize("reply", [NONSENSE, (500, {}, "crashed"), (200, {}, b"\xff")], ids=str)
@pytest.mark.parametrize("n_good", [1, 3])
def test_and_the_server_if_it_does_not_answer_any_more_what_it_did(serve, client, reply, n_good):
    """Also the last text of all, and one whose answer another run has kept."""
    server = serve(lambda number, body: serve.say("fine") if number < n_good else reply)
    texts = [f"text {number}" for number in range(n_good + 1)]
    for _ in range(2):
        with pytest.raises(UnavailableError, match="the server fails now on what it did well before") as caught:
            client(server).complete(texts)
        assert caught.value.where == server.url
    server.answer = lambda number, body: serve.say("fine")
    assert client(server).complete(texts) == [Answer("fine")] * len(texts)


@pytest.mark.parametrize("n", [1, 3, 60])
def test_a_server_that_answers_nothing_is_found_out_soon(serve, client, n):
    server = serve(lambda number, body: NONSENSE)
    with pytest.raises(
        UnavailableError, match=r"answers nothing that it is asked \(no answer after 2 tries: the answer"
    ):
        client(server).complete([f"text {number}" for number in range(n)])
    assert len(server.asked) <= 14


def test_a_server_that_likes_nothing_is_found_out(serve, client):
    """As one that does not take an option of the client."""
    server = serve(lambda number, body: (400, {}, "no such option"))
    with pytest.raises(UnavailableError, match=r"answers nothing that it is asked \(HTTP 400: no such option\)"):
        client(server).complete([f"text {number}" for number in range(60)])
    assert len(server.asked) <= 25
    assert [one.problem for one in client(server).complete(["a"])] == ["HTTP 400: no such option"]


def test_answers_on_their_way_are_kept_when_another_fails(serve, client):
    """Both are asked at the same time; what comes after the failure was paid for as well."""
    failed = threading.Event()

    def answer(number, body):
        if asked_for(body) == "bad":
            failed.set()
            return 402, {}, "pay first"
        failed.wait(5)
        return serve.say("paid")

    server = serve(answer)
    with pytest.raises(UnavailableError, match="pay first"):
        client(server, concurrency=2).complete(["good", "bad"])
    assert client(server, concurrency=2).complete(["good"]) == [Answer("paid")]
    assert sorted(server.prompts) == ["bad", "good"]
