from __future__ import annotations

import threading
import time
from email.utils import formatdate

import pytest

from crosspan.core.errors import OptionError, UnavailableError
from crosspan.translate import chat
from crosspan.translate.chat import Answer, ChatClient, ChatOptions

KEY = "s3cret-key"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(chat, "_FIRST_WAIT", 0.01)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def client(tmp_path):
    def make(server, **options):
        given = {"model": "m", "url": server.url, "cache": str(tmp_path / "answers.sqlite"), "timeout": 5.0, **options}
        return ChatClient(ChatOptions(**given))

    return make


def echo(serve):
    return serve(lambda number, body: serve.say(body["messages"][-1]["content"].upper()))


def test_answers_come_in_order(serve, client):
    server = echo(serve)
    seen = []
    found = client(server).complete(["a", "b", "c", "a"], advance=lambda *done: seen.append(done))
    assert found == [Answer("A"), Answer("B"), Answer("C"), Answer("A")]
    assert sorted(server.prompts) == ["a", "b", "c"]  # the same is asked once
    assert seen[-1] == (4, 4)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_what_is_sent(serve, client):
    server = echo(serve)
    messages = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "mọ́ 🙂"}]
    client(server, temperature=0.5, max_tokens=7, seed=3).complete([messages])
    assert server.asked == [{"model": "m", "messages": messages, "temperature": 0.5, "seed": 3, "max_tokens": 7}]
    assert "Authorization" not in server.headers[0]
    client(server, max_tokens=0).complete(["x"])
    assert "max_tokens" not in server.asked[1]


def test_the_key_is_sent_and_told_to_nobody(serve, client, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_KEY", KEY)
    server = serve(
        lambda number, body: serve.fault(500) if body["messages"][-1]["content"] == "bad" else serve.say("ok")
    )
    made = client(server, key_variable="MY_KEY", retries=0)
    found = made.complete(["good", "bad"])
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}
    assert KEY not in repr(found) + repr(made.options)
    assert KEY.encode() not in (tmp_path / "answers.sqlite").read_bytes()
    server.answer = lambda number, body: serve.fault(401, "bad key")
    with pytest.raises(UnavailableError) as caught:
        made.complete(["more"])
    chain = [caught.value, caught.value.__cause__, caught.value.__context__]
    assert KEY not in "".join(str(vars(one)) + str(one) for one in chain if one is not None)


def test_answers_are_kept(serve, client):
    server = echo(serve)
    client(server).complete(["a", "b"])
    seen = []
    again = client(server).complete(["b", "c"], advance=lambda *done: seen.append(done))
    assert again == [Answer("B"), Answer("C")]
    assert sorted(server.prompts) == ["a", "b", "c"]
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize("change", [{"model": "n"}, {"temperature": 0.1}, {"seed": 1}, {"max_tokens": 9}])
def test_what_an_answer_depends_on(serve, client, change):
    server = echo(serve)
    client(server).complete(["a"])
    client(server, **change).complete(["a"])
    assert len(server.asked) == 2


def test_nothing_is_kept_where_that_is_asked(serve, client, tmp_path):
    server = echo(serve)
    for _ in range(2):
        client(server, cache="none").complete(["a"])
    assert len(server.asked) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_passes_is_asked_again(serve, client, status):
    server = serve(lambda number, body: serve.fault(status) if number < 2 else serve.say("ok"))
    assert client(server).complete(["a"]) == [Answer("ok")]
    assert len(server.asked) == 3


def test_waiting_grows(serve, client, monkeypatch):
    monkeypatch.setattr(chat, "_FIRST_WAIT", 0.05)
    server = serve(lambda number, body: serve.fault(503) if number < 3 else serve.say("ok"))
    client(server).complete(["a"])
    waits = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert [wait >= least for wait, least in zip(waits, (0.05, 0.1, 0.2), strict=True)] == [True] * 3


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_server_says_how_long_to_wait(serve, client, form):
    value = "0.3" if form == "seconds" else formatdate(time.time() + 2, usegmt=True)
    server = serve(
        lambda number, body: serve.fault(429, headers={"Retry-After": value}) if number < 1 else serve.say("ok")
    )
    assert client(server).complete(["a"]) == [Answer("ok")]
    assert server.times[1] - server.times[0] >= 0.3


def test_one_bad_answer_stops_nothing(serve, client):
    def answer(number, body):
        asked = body["messages"][-1]["content"]
        return {
            "json": (200, {}, "<html>"),
            "form": (200, {}, '{"choices": []}'),
            "null": (200, {}, '{"choices": [{"message": {"content": null}}]}'),
            "utf8": (200, {}, b"\xff\xfe"),
            "long": serve.fault(400, "the prompt is too long. "),
            "loop": serve.fault(500, "internal"),
            "half": serve.say("half of", "length"),
            "rude": serve.say("", "content_filter"),
        }.get(asked, serve.say("ok"))

    server = serve(answer)
    asked = ["a", "json", "form", "null", "utf8", "long", "loop", "half", "rude", "z"]
    found = dict(zip(asked, client(server, retries=1).complete(asked), strict=True))
    assert found["a"] == found["z"] == Answer("ok")
    assert found["json"].problem == "no answer after 2 tries: the answer is not of the form that is expected"
    assert found["form"].problem == found["json"].problem
    assert found["null"].problem == "no answer after 2 tries: the answer is empty"
    assert found["utf8"].problem == "no answer after 2 tries: the answer is not UTF-8"
    assert found["long"].problem == "HTTP 400: the prompt is too long"
    assert found["loop"].problem == "no answer after 2 tries: HTTP 500: internal"
    assert found["half"] == Answer("half of", "cut off")
    assert found["rude"].problem == "the server refuses to answer that"
    assert server.prompts.count("long") == 1
    before = len(server.asked)
    client(server, retries=0).complete(["a", "half"])
    assert len(server.asked) == before + 1  # only what is sound was kept


def test_time_outs(serve, client):
    def answer(number, body):
        if body["messages"][-1]["content"] == "slow":
            time.sleep(0.6)
        return serve.say("ok")

    server = serve(answer)
    found = client(server, timeout=0.2, retries=0).complete(["quick", "slow"])
    assert found[0] == Answer("ok")
    assert found[1].problem == "no answer after 1 try: no whole answer within 0.2 seconds (setting timeout)"
    assert found[1].final


def test_a_connection_that_breaks_off(serve, client):
    server = serve(lambda number, body: (0, {}, "") if number < 1 else serve.say("ok"))
    assert client(server).complete(["a"]) == [Answer("ok")]


def test_nobody_answers(serve, client):
    server = echo(serve)
    server.close()
    with pytest.raises(UnavailableError, match=r"nothing answers at this address \(connection refused\)") as caught:
        client(server).complete(["a"])
    assert caught.value.where == server.url
    assert "Start the server" in caught.value.hint


def test_a_server_that_vanishes(serve, client):
    server = echo(serve)
    made = client(server, retries=1)
    assert made.complete(["a"]) == [Answer("A")]
    server.close()
    with pytest.raises(UnavailableError, match="the server does not answer any more") as caught:
        made.complete(["a", "b"])
    assert "kept in the cache" in caught.value.hint
    assert made.complete(["a"]) == [Answer("A")]


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (401, r"refuses the key \(HTTP 401\)", "environment variable OPENAI_API_KEY"),
        (403, r"refuses the key \(HTTP 403\)", "environment variable OPENAI_API_KEY"),
        (404, r"has no model 'm', or no such address \(HTTP 404: no such model\)", "Check the options model and url"),
    ],
)
def test_what_no_request_can_get_past(serve, client, status, message, hint):
    server = serve(lambda number, body: serve.fault(status, "no such model"))
    with pytest.raises(UnavailableError, match=message) as caught:
        client(server, concurrency=1).complete(["a", "b", "c"])
    assert hint in caught.value.hint


def test_a_key_does_not_follow_to_another_server(serve, client, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    other = echo(serve)
    server = serve(lambda number, body: (302, {"Location": other.url + "/chat/completions"}, ""))
    with pytest.raises(UnavailableError, match="the server is somewhere else") as caught:
        client(server).complete(["a"])
    assert other.url in str(caught.value)
    assert other.asked == []


def test_a_limit_of_requests(serve, client):
    server = echo(serve)
    client(server, requests_per_minute=600, concurrency=4).complete(list("abcd"))
    assert server.times[-1] - server.times[0] >= 0.25


def test_several_at_once(serve, client):
    barrier = threading.Barrier(3, timeout=5)

    def answer(number, body):
        barrier.wait()
        return serve.say("ok")

    server = serve(answer)
    assert client(server, concurrency=3).complete(list("abc")) == [Answer("ok")] * 3
    assert server.most_at_once == 3


def test_the_default_file(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ChatClient(ChatOptions(model="m")).cache.put({"a": "b"})
    assert (tmp_path / "crosspan" / "answers.sqlite").is_file()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"url": "localhost:8000"}, "url is no address"),
        ({"url": "ftp://a/v1"}, "url is no address"),
        ({"url": "http://me:pw@a/v1"}, "url holds a name, a password"),
        ({"url": "http://a/v1?key=pw"}, "or a query"),
        ({"url": "http://a/v1#pw"}, "or a query"),
        ({"url": "http://a:port/v1"}, "url is no address"),
        ({"url": "http://[::1/v1"}, "url is no address"),
        ({"url": "http://a b/v1"}, "url is no address"),
        ({"url": "http://a/v1\r\nX-Key: pw"}, "url is no address"),
        ({"key_variable": "sk-pw"}, "key_variable is no name of an environment variable"),
        ({"max_bytes": 0}, "max_bytes is 0"),
        ({"temperature": -1.0}, "temperature is -1.0"),
        ({"retries": -1}, "retries is -1"),
        ({"timeout": 0.0}, "timeout is 0.0"),
        ({"concurrency": 0}, "concurrency is 0"),
    ],
)
def test_bad_options(settings, message):
    with pytest.raises(OptionError, match=message) as caught:
        ChatOptions(**settings)
    assert "pw" not in str(caught.value)


def test_a_model_must_be_named():
    with pytest.raises(OptionError, match="no model is named"):
        ChatClient(ChatOptions())


def test_addresses():
    for url in ("http://a/v1", "http://a/v1/", "http://a/v1/chat/completions"):
        assert ChatClient(ChatOptions(model="m", url=url, cache="none")).address == "http://a/v1/chat/completions"
