"""A server that misbehaves in every way it can, at every door that asks one: Python, ``translate`` and ``run``.

What is wrong with one answer costs one text. What is wrong with the server ends the work, what came until then is kept,
and the next try goes on from there. The time limit holds however slowly bytes drip, the size limit however many come,
and Ctrl-C ends all at once. The key is in no file, no message and no log.
"""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import logging
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from tests.faults.disguises import DISGUISES

from crosspan.cli.main import main
from crosspan.core.errors import CrosspanError, OptionError
from crosspan.core.secrets import hidden, key_in
from crosspan.translate import TRANSLATORS, Translation, chat, chat_http, make_translator
from crosspan.translate.chat import Answer, ChatClient, ChatOptions
from crosspan.translate.guard import Guarded

KEY = "sk-f4ults/5f3a+9c1=e7"
OPTIONS = {"retries": 0, "timeout": 1.0, "max_bytes": 100_000, "concurrency": 8, "cache": "answers.sqlite"}
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(autouse=True)
def work(tmp_path, monkeypatch, caplog):
    """The folder that all is written to, with a key in the environment, and a log of everything."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.INFO, "numba")  # whose lines are millions, and take minutes
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr(chat, "_FIRST_WAIT", 0.01)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The doors


@dataclass
class Outcome:
    """What came out of a door: the exit code, the translations, why others were left out, and what was said."""

    code: int
    said: str
    texts: list[str] = field(default_factory=list)
    problems: dict[int, str] = field(default_factory=dict)


def by_python(url, texts, capsys, **options):
    try:
        translator = Guarded(make_translator("openai", "m", url=url, **{**OPTIONS, **options}))
        found = translator.translate(texts, source="en", target="sw")
    except CrosspanError as error:
        return Outcome(error.exit_code, "".join(traceback.format_exception(error)))
    problems = {at: one.problem for at, one in enumerate(found) if one.problem is not None}
    return Outcome(3 if problems else 0, repr(found), [one.text for one in found], problems)


def by_translate(url, texts, capsys, **options):
    Path("in.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    settings = [word for name, value in options.items() for word in ("--set", f"{name}={value}")]
    words = ["translate", "in.txt", "--from", "en", "--to", "sw", "--use", "openai", "--model", "m", "--debug"]
    code = main([*words, "--set", f"url={url}", *settings, "--rejects", "rejects.jsonl", "--out", "out.txt"])
    said = "".join(capsys.readouterr())
    if code not in (0, 3):
        return Outcome(code, said)
    rows = map(json.loads, Path("rejects.jsonl").read_text(encoding="utf-8").splitlines())
    problems = {row["line"] - 1: row["problem"] for row in rows}
    return Outcome(code, said, Path("out.txt").read_text(encoding="utf-8").splitlines(), problems)


RECIPE = """
task = "project"
out = "out"
[source]
path = "in.conll"
lang = "en"
[target]
lang = "sw"
[translate]
use = "openai"
model = "m"
%s
[align]
use = "none"
[project]
use = "clap"
model = "m"
match_filter = false
%s
"""


def by_run(url, texts, capsys, **options):
    rows = ("".join(f"{word} {'B-PER' if at == 0 else 'O'}\n" for at, word in enumerate(one.split())) for one in texts)
    Path("in.conll").write_text("\n".join(rows), encoding="utf-8")
    table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in {"url": url, **OPTIONS, **options}.items())
    Path("recipe.toml").write_text(RECIPE % (table, table), encoding="utf-8")
    code = main(["run", "recipe.toml", "--debug"])
    said = "".join(capsys.readouterr())
    if code not in (0, 3):
        return Outcome(code, said)
    rejected = map(json.loads, Path("out/rejected.jsonl").read_text(encoding="utf-8").splitlines())
    problems = {row["index"]: row["reason"] for row in rejected}
    sentences = map(json.loads, Path("out/labelled.jsonl").read_text(encoding="utf-8").splitlines())
    made = iter([" ".join(one["tokens"]) for one in sentences])
    return Outcome(code, said, ["" if at in problems else next(made) for at in range(len(texts))], problems)


DOORS = pytest.mark.parametrize(
    "door",
    [by_python, partial(by_translate, **OPTIONS), by_run],
    ids=["python", "translate", "run"],
)


def asked_of(body):
    """The text to translate; nothing where a model is asked for entities."""
    content = body["messages"][-1]["content"]
    return content.rpartition("\n\n")[2] if content.startswith("Translate") else ""


def nothing_holds_the_key(outcome, caplog, folder=Path()):
    """Neither the whole key nor a good part of it."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 0 or outcome.code
    for part in [KEY[:12], KEY[-12:], *(way(KEY).strip(".") for way in DISGUISES.values())]:
        assert part not in outcome.said + "".join(outcome.problems.values()) + caplog.text
        assert [path for path in files if part.encode() in path.read_bytes()] == []
        assert [path for path in files if part in path.name] == []


# What costs one text


def body_of(content, finish="stop"):
    return json.dumps({"choices": [{"message": {"content": content}, "finish_reason": finish}]})


def in_one(words):
    """Words as one word, which the guard does not try again in parts."""
    return words.replace(" ", "_")


def misbehaviours(serve):
    """Everything that a server can do wrong with one text: what it sends, and what is then said of that text."""
    sound = body_of("sound").encode()
    packed = gzip.compress(body_of("x" * 20_000_000).encode())
    forever = itertools.repeat(b"x" * 8192)
    chunks = itertools.chain(
        [HEAD, b"Transfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"400\r\n" + b"x" * 1024 + b"\r\n")
    )
    drops = itertools.repeat(b" ")
    late, large = (
        r"no whole answer within 1 seconds \(setting timeout\)",
        r"more than 100,000 bytes \(setting max_bytes\)",
    )
    broken, form = r"the connection broke off \(\w+\)", "the answer is not of the form that is expected"
    return {
        "silence": (serve.raw(HEAD, every=2), late),
        "drips": (serve.raw(HEAD, b"Content-Length: 9999\r\n\r\n", drops, every=0.02), late),
        "dripping head": (serve.raw(HEAD, b"X-Drop:", drops, every=0.02), late),
        "dripping chunks": (
            serve.raw(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", itertools.repeat(b"1\r\n \r\n"), every=0.02),
            late,
        ),
        "dripping error": (
            serve.raw(b"HTTP/1.1 400 No\r\nContent-Length: 9999\r\n\r\n", drops, every=0.02),
            "HTTP 400",
        ),
        "endless": (serve.raw(HEAD, b"\r\n", forever), large),
        "endless with a length": (serve.raw(HEAD, b"Content-Length: 6000000000\r\n\r\n", forever), large),
        "endless chunks": (serve.raw(chunks), large),
        "endless error": (serve.raw(b"HTTP/1.1 400 No\r\n\r\n", forever), "HTTP 400: x+"),
        "endless head": (serve.raw(HEAD, b"X-Long: ", forever), broken),
        "endless heads": (serve.raw(HEAD, itertools.repeat(b"X-More: 1\r\n")), broken),
        "endless beginnings": (serve.raw(itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), every=0.02), late),
        "bomb": ((200, {"Content-Encoding": "gzip"}, packed), large),
        "bomb as an error": ((400, {"Content-Encoding": "gzip"}, packed), "HTTP 400: "),
        "packed otherwise": ((200, {"Content-Encoding": "br"}, sound), "compressed in a way that was not asked for"),
        "no gzip": ((200, {"Content-Encoding": "gzip"}, sound), "the answer cannot be unpacked"),
        "half of a gzip": ((200, {"Content-Encoding": "gzip"}, gzip.compress(sound)[:-9]), broken),
        "hangs up": ((0, {}, ""), broken),
        "hangs up in the head": (serve.raw(HEAD + b"Content-Le"), form + "|" + broken),
        "hangs up in the body": (serve.raw(HEAD, b"Content-Length: 9999\r\n\r\n", sound), broken),
        "hangs up in a chunk": (serve.raw(HEAD, b"Transfer-Encoding: chunked\r\n\r\n400\r\n", sound), broken),
        "no size of a chunk": (serve.raw(HEAD, b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", sound), broken),
        "no HTTP": (serve.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), broken),
        "no length": (serve.raw(HEAD, b"Content-Length: -7\r\n\r\n", sound[:9]), form),
        "an impossible code": (serve.raw(b"HTTP/1.1 999 What\r\n\r\n"), "HTTP 999, which is no code|" + broken),
        "not allowed": (serve.fault(403, "such words are not allowed"), "HTTP 403: such words are not allowed"),
        "nothing": ((200, {}, ""), form),
        "a page": ((200, {"Content-Type": "text/html"}, "<html>Welcome!</html>"), form),
        "a page of errors": ((400, {}, "<html>\x1b[2JNo \x00</html>"), r"HTTP 400: <html>\\x1b\[2JNo \\x00</html>"),
        "cut JSON": ((200, {}, sound[:-3]), form),
        "deep JSON": ((200, {}, '{"choices":' + "[" * 40_000 + "]" * 40_000 + "}"), form),
        "deep error": ((400, {}, "[" * 4_000 + "]" * 4_000), "HTTP 400"),
        "long number": ((200, {}, '{"choices": ' + "7" * 5_000 + "}"), form),
        "NaN": ((200, {}, body_of(float("nan"))), form),
        "infinite JSON": ((200, {}, '{"choices": [Infinity]}'), form),
        "other JSON": ((200, {}, "[1, 2]"), form),
        "no choices": ((200, {}, '{"choices": []}'), form),
        "choices by name": ((200, {}, '{"choices": {"0": 1}}'), form),
        "text as parts": ((200, {}, body_of([{"type": "text", "text": "a"}])), form),
        "no text": ((200, {}, body_of(None)), "the answer is empty"),
        "white text": ((200, {}, body_of(" \n")), "the answer is empty"),
        "half a surrogate pair": ((200, {}, '{"choices": [{"message": {"content": "a\\ud83d b"}}]}'), "no Unicode"),
        "half in an error": ((400, {}, '{"error": {"message": "no \\ud83d"}}'), r"HTTP 400: no \\ud83d"),
        "bytes": ((200, {}, b"\xff\xfe\x00" + sound), "the answer is not UTF-8"),
        "cut off": ((200, {}, body_of("half of", "length")), "cut off"),
        "key in the answer": ((200, {}, body_of(f"Your key is {KEY}.")), "the answer has the key in it"),
        "key in an error": (serve.fault(400, f"invalid: {'x' * 180} Bearer {KEY}"), r"HTTP 400: invalid: x+ Bearer \*"),
        "key in raw words": ((422, {}, f"no {KEY.replace('/', chr(92) + '/')} {KEY}"), r"HTTP 422: no \*\*\* \*\*\*$"),
        "key in a page": (
            (400, {}, f"<a href='/?key={KEY}'>{KEY}</a>"),
            r"HTTP 400: <a href='/\?key=\*\*\*'>\*\*\*</a>",
        ),
        **{
            f"key_in_{in_one(way)}": ((200, {}, body_of(f"It is {form(KEY)}")), "the key in it")
            for way, form in DISGUISES.items()
        },
        **{
            f"key_in_{in_one(way)}_refused": ((400, {}, f'{{"error": "no {form(KEY)}"}}'), r"HTTP 400: .*\*\*\*")
            for way, form in DISGUISES.items()
        },
        "key in heads": ((413, {"X-Key": KEY, "Retry-After": KEY}, ""), "HTTP 413"),
    }


@DOORS
def test_one_bad_answer_costs_one_text(serve, door, capsys, caplog, work):
    bad = misbehaviours(serve)
    good = [f"Ada sees {number}" for number in range(len(bad))]
    texts = [text for pair in zip(good, bad, strict=True) for text in pair]

    def answer(number, body):
        text = asked_of(body)
        return bad[text][0] if text in bad else serve.say(text.upper() or "NONE")

    server = serve(answer)
    door(server.url, good[:2], capsys)  # code is compiled for it
    began = time.monotonic()
    outcome = door(server.url, texts, capsys)
    taken = time.monotonic() - began
    assert outcome.code == 3, outcome.said
    wrong = {kind: outcome.problems.get(texts.index(kind)) for kind in bad}
    assert {kind: said for kind, said in wrong.items() if not re.search(bad[kind][1], said or "")} == {}
    assert len(outcome.problems) == len(bad)
    assert outcome.texts[::2] == [text.upper() for text in good]
    assert max(map(len, outcome.problems.values())) < 500
    assert taken < 15
    nothing_holds_the_key(outcome, caplog)


def test_no_more_is_read_than_the_limit(serve):
    sent = []

    def endless(write):
        write(HEAD + b"\r\n")
        while True:
            write(b"x" * 65_536)
            sent.append(65_536)

    server = serve(lambda number, body: endless if body["messages"][-1]["content"] == "b" else serve.say("ok"))
    client = ChatClient(ChatOptions(model="m", url=server.url, **{**OPTIONS, "timeout": 30.0}))
    assert client.complete(["a"])[0].text == "ok"
    assert "max_bytes" in client.complete(["b"])[0].problem
    assert sum(sent) < 20_000_000  # what lies in the buffers of the system is sent as well


def test_what_is_final_is_not_asked_for_in_parts(serve):
    server = serve(lambda number, body: serve.fault(500) if "Obi" in asked_of(body) else serve.say("ok"))
    translator = Guarded(make_translator("openai", "m", url=server.url, **OPTIONS))
    found = translator.translate(["Ada went.", "Obi stayed there, and nobody saw it."], source="en", target="sw")
    assert [one.final for one in found] == [False, True]
    assert sum("Obi" in prompt for prompt in server.prompts) == 1


def test_a_text_that_is_no_unicode(serve):
    server = serve(lambda number, body: serve.say("ok"))
    client = ChatClient(ChatOptions(model="m", url=server.url, **OPTIONS))
    assert client.complete(["a\ud83d", "b"]) == [
        Answer("", "the text is no Unicode, and cannot be sent (half of a surrogate pair)"),
        Answer("ok"),
    ]
    assert server.prompts == ["b"]


def test_a_slow_server_that_is_quick_enough(serve):
    said = body_of("ok").encode()
    drips = serve.raw(HEAD, b"\r\n", [said[at : at + 1] for at in range(len(said))], every=0.005)
    packed = gzip.compress(said)
    server = serve(lambda number, body: drips if number else (200, {"Content-Encoding": "gzip"}, packed))
    client = ChatClient(ChatOptions(model="m", url=server.url, **{**OPTIONS, "timeout": 10.0}))
    assert client.complete(["a"]) + client.complete(["b"]) == [Answer("ok")] * 2


# What is wrong with the server


@DOORS
@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 503])
def test_what_no_text_is_at_fault_for_is_tried_again_next_time(serve, door, capsys, caplog, status):
    texts = [f"Ada sees {number}" for number in range(6)]
    broken = [True]

    def answer(number, body):
        text = asked_of(body)
        if broken[0] and number > 2:
            return serve.fault(status, f"no, {KEY}")
        return serve.say(text.upper() or "NONE")

    server = serve(answer)
    outcome = door(server.url, texts, capsys, concurrency=1)
    assert outcome.code == 1, outcome.said
    assert f"HTTP {status}" in outcome.said
    assert not Path("out.txt").exists()
    nothing_holds_the_key(outcome, caplog)
    broken[0] = False
    before = len(server.asked)
    outcome = door(server.url, texts, capsys)
    assert (outcome.code, outcome.problems) == (0, {})
    assert outcome.texts == [text.upper() for text in texts]
    again = [text for body in server.asked[before:] if (text := asked_of(body))]
    assert sorted(again) == texts[3:]  # what came before was kept


@DOORS
@pytest.mark.parametrize("status", [401, 503])
def test_at_first_not_then_well(serve, door, capsys, status):
    """A failure that passes is waited for; a key that is refused is not tried again."""
    server = serve(lambda number, body: serve.fault(status) if number < 2 else serve.say(asked_of(body) or "NONE"))
    outcome = door(server.url, ["Ada sees"], capsys, retries=3)
    assert outcome.code == (0 if status == 503 else 1)
    assert len([body for body in server.asked if asked_of(body)]) == (3 if status == 503 else 1)


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "-9",
        "nan",
        "inf",
        "1e999",
        "99999999999",
        "\xb2",
        "soon",
        "",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Mon, 99 Foo",
    ],
)
def test_a_server_that_asks_for_absurd_patience(serve, monkeypatch, value):
    monkeypatch.setattr(chat, "_LONGEST_WAIT", 0.1)
    server = serve(
        lambda number, body: serve.fault(429, headers={"Retry-After": value}) if number < 2 else serve.say("ok")
    )
    client = ChatClient(ChatOptions(model="m", url=server.url, **{**OPTIONS, "retries": 3}))
    assert client.complete(["a"]) == [Answer("ok")]
    assert server.times[-1] - server.times[0] < 2


@DOORS
@pytest.mark.parametrize("where", ["here", "there", "loop"])
def test_nothing_is_sent_on(serve, door, capsys, caplog, where):
    other = serve(lambda number, body: serve.say("ok"))
    server = serve(None)
    targets = {
        "here": f"{server.url}/other",
        "there": f"{other.url}/?key={KEY}",
        "loop": f"{server.url}/chat/completions",
    }
    for status in (301, 302, 303, 307, 308) if door is by_python else (307,):
        server.answer = partial(moved, status, targets[where])
        outcome = door(server.url, ["Ada sees"], capsys, concurrency=1)
        assert outcome.code == 1
        assert f"the server is somewhere else (HTTP {status}: it sends to {hidden(targets[where])})" in outcome.said
        nothing_holds_the_key(outcome, caplog)
    assert other.asked == []
    assert set(server.paths) == {"/v1/chat/completions"}


def moved(status, target, number, body):
    return status, {"Location": target}, f"moved, {KEY}"


# Time limits and Ctrl-C


def test_ctrl_c_ends_all_at_once_and_keeps_what_came(serve):
    server = serve(
        lambda number, body: (
            serve.raw(HEAD, b"X: ", itertools.repeat(b"a"), every=0.02)
            if "slow" in body["messages"][-1]["content"]
            else serve.say("ok")
        )
    )
    options = ChatOptions(model="m", url=server.url, **{**OPTIONS, "timeout": 60.0, "concurrency": 2})
    main_thread = threading.main_thread().ident

    def interrupt():
        while len(server.asked) < 4:
            time.sleep(0.01)
        time.sleep(0.1)
        times.append(time.monotonic())
        signal.pthread_kill(main_thread, signal.SIGINT)

    times = []
    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        ChatClient(options).complete(["a", "b", "slow 1", "slow 2", "c"])
    assert time.monotonic() - times[0] < 3
    server.answer = lambda number, body: serve.say("better")
    found = ChatClient(options).complete(["a", "b", "slow 1", "slow 2", "c"])
    assert [one.text for one in found] == ["ok", "ok", "better", "better", "better"]
    deadline = time.monotonic() + 2
    while any(one.name == "crosspan-background" for one in threading.enumerate()):
        assert time.monotonic() < deadline  # threads end, too


@pytest.mark.parametrize("verb", ["translate", "run"])
def test_ctrl_c_ends_a_command(serve, capsys, verb):
    slow = [True]

    def answer(number, body):
        text = asked_of(body)
        if slow[0] and "Obi" in text:
            return serve.raw(HEAD, b"Content-Length: 9999\r\n\r\n", itertools.repeat(b" "), every=0.02)
        return serve.say(text.upper() or "NONE")

    server = serve(answer)
    door = by_run if verb == "run" else partial(by_translate, **OPTIONS)
    texts = ["Ada sees", "Obi sees"]
    process = start_command(verb, server.url, texts)
    while len(server.asked) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)  # the answer to the first is there
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5  # far less by itself, but other processes may be busy
    assert process.returncode == 1
    assert "interrupted" in err
    assert KEY not in err
    slow[0] = False
    assert door(server.url, texts, capsys).texts == [text.upper() for text in texts]
    assert [asked_of(body) for body in server.asked].count("Ada sees") == 1


def start_command(verb, url, texts):
    patient = {**OPTIONS, "timeout": 60.0}
    table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in {"url": url, **patient}.items())
    Path("recipe.toml").write_text(RECIPE % (table, table), encoding="utf-8")
    Path("in.conll").write_text("\n".join("".join(f"{word} O\n" for word in text.split()) for text in texts))
    Path("in.conll").write_text(Path("in.conll").read_text().replace(" O", " B-PER", 1))
    Path("in.txt").write_text("".join(f"{text}\n" for text in texts))
    settings = [word for name, value in patient.items() for word in ("--set", f"{name}={value}")]
    words = ["in.txt", "--from", "en", "--to", "sw", "--use", "openai", "--model", "m", "--set", f"url={url}"]
    words = ["recipe.toml"] if verb == "run" else [*words, *settings, "--out", "out.txt"]
    return subprocess.Popen(
        [sys.executable, "-m", "crosspan.cli.main", verb, *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )


# Keys


@DOORS
@pytest.mark.parametrize("around", ["\r\n", "\n", " ", "\t"])
def test_white_space_around_a_key_is_taken_off(serve, door, capsys, monkeypatch, around):
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}{around}")
    server = serve(lambda number, body: serve.say(asked_of(body) or "NONE"))
    assert door(server.url, ["Ada sees"], capsys).code == 0
    assert {headers["Authorization"] for headers in server.headers} == {f"Bearer {KEY}"}


@DOORS
@pytest.mark.parametrize("inside", ["\r", "\n", "\r\nX-Other: 1\r\n", " ", "\u00e9", "\x7f"])
def test_what_is_no_key_is_neither_sent_nor_shown(serve, door, capsys, caplog, monkeypatch, inside):
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}{inside}{KEY}")
    server = serve(lambda number, body: serve.say("ok"))
    outcome = door(server.url, ["Ada sees"], capsys)
    assert outcome.code == 2
    assert "the key in the environment variable OPENAI_API_KEY holds a" in outcome.said
    assert server.asked == []
    nothing_holds_the_key(outcome, caplog)


@DOORS
@pytest.mark.parametrize(
    "options",
    [
        {"key_variable": KEY},
        {"url": f"http://me:{KEY}@127.0.0.1:9/v1"},
        {"url": f"http://{KEY.replace('/', '')}@127.0.0.1:9/v1"},
        {"url": f"http://127.0.0.1:9/v1?key={KEY}"},
        {"url": f"http://127.0.0.1:9/v1#{KEY}"},
        {"url": f"http://127.0.0.1:{KEY}/v1"},
        {"url": f"http://[{KEY}/v1"},
        {"url": f"ftp://{KEY}/v1"},
    ],
    ids=lambda options: re.sub(r"\W+", " ", str(options)),
)
def test_keys_in_the_wrong_place(door, capsys, caplog, options):
    url = options.get("url", "http://127.0.0.1:9/v1")
    outcome = door(url, ["Ada sees"], capsys, **{name: it for name, it in options.items() if name != "url"})
    assert outcome.code == 2
    given = [Path("in.txt"), Path("in.conll"), Path("recipe.toml")]
    for path in given:
        path.unlink(missing_ok=True)
    nothing_holds_the_key(outcome, caplog)


class Chatty:
    """A translator of another package, whose errors tell everything."""

    def __init__(self, model="", *, threads=None):
        self.key = key_in("OPENAI_API_KEY")
        if model == "none":
            self.fail()

    def fail(self):
        raise RuntimeError(f"POST {{'Authorization': 'Bearer {self.key}'}} failed") from ValueError(repr(self.key))

    def translate(self, texts, *, source, target, advance=None):
        if "Obi sees" in texts:
            self.fail()
        return [Translation(text, problem=f"no, {self.key}" if "Kofi" in text else None) for text in texts]


def test_what_other_packages_say_of_sentences(capsys, caplog):
    TRANSLATORS.register("chatty", Chatty)
    Path("in.conll").write_text("Ada B-PER\nsees O\n\nObi B-PER\nsees O\n\nKofi B-PER\nsees O\n")
    recipe = (RECIPE % ("", "")).replace('use = "openai"', 'use = "chatty"').replace('"none"', '"statistical"')
    Path("recipe.toml").write_text(recipe.replace('"clap"\nmodel = "m"\nmatch_filter = false', '"heuristic"'))
    outcome = Outcome(main(["run", "recipe.toml", "--debug"]), "".join(capsys.readouterr()))
    assert outcome.code == 3
    outcome.problems = dict(enumerate(Path("out/rejected.jsonl").read_text(encoding="utf-8").splitlines()))
    assert ["***" in said for said in outcome.problems.values()] == [True, True]
    nothing_holds_the_key(outcome, caplog)


@pytest.mark.parametrize("debug", [[], ["--debug"]])
def test_what_other_packages_say(capsys, caplog, debug):
    TRANSLATORS.register("chatty", Chatty)
    Path("in.txt").write_text("Ada sees\n")
    words = [
        "translate",
        "in.txt",
        "--from",
        "en",
        "--to",
        "sw",
        "--use",
        "chatty",
        "--model",
        "none",
        "--out",
        "out.txt",
        *debug,
    ]
    outcome = Outcome(main(words), "".join(capsys.readouterr()))
    assert outcome.code == 1
    assert "RuntimeError: POST {'Authorization': 'Bearer ***'} failed" in outcome.said
    assert outcome.said.count("***") == (2 if debug else 1)
    nothing_holds_the_key(outcome, caplog)


def test_what_is_wrong_with_a_command(capsys, caplog):
    outcome = Outcome(main(["translate", "in.txt", f"--key={KEY}", f"--{KEY}"]), "".join(capsys.readouterr()))
    assert outcome.code == 2
    assert "***" in outcome.said or "--key" in outcome.said
    nothing_holds_the_key(outcome, caplog)


def test_a_key_that_changes_while_it_works(serve, monkeypatch):
    server = serve(lambda number, body: serve.say("ok"))
    client = ChatClient(ChatOptions(model="m", url=server.url, **OPTIONS))
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n{KEY}")
    with pytest.raises(OptionError, match="holds a line break"):
        client.complete(["a"])


# Proxies and encryption


def test_a_proxy(serve, monkeypatch):
    password = "pass/word+9"
    proxy = serve(lambda number, body: serve.say("ok") if number == 0 else serve.fault(status, said))
    login = base64.b64encode(f"me:{password}".encode()).decode()
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://me:{password.replace('/', '%2F')}@127.0.0.1:{proxy.http.server_port}")
    client = ChatClient(ChatOptions(model="m", url="http://model.invalid/v1", **OPTIONS))
    assert client.complete(["a"]) == [Answer("ok")]
    assert proxy.paths == ["http://model.invalid/v1/chat/completions"]
    assert proxy.headers[0]["Proxy-Authorization"] == f"Basic {login}"
    said = f"no: {password}, {login}, {password.replace('/', '%2F')}, {KEY}"
    for status, message in ((407, "the proxy asks for a password"), (404, "no such address")):  # noqa: B007
        with pytest.raises(CrosspanError, match=message) as caught:
            client.complete(["b"])
        assert "no: ***, ***, ***, ***" in str(caught.value)
    with pytest.raises(CrosspanError, match="tunnel connection failed: 404") as caught:
        ChatClient(ChatOptions(model="m", url="https://model.invalid/v1", **OPTIONS)).complete(["c"])
    assert password not in str(caught.value)
    assert KEY not in json.dumps(proxy.headers[-1])  # a proxy of a connection that is encrypted sees no key


def test_a_proxy_that_drips(serve, monkeypatch):
    proxy = serve(lambda number, body: serve.raw(HEAD, b"X: ", itertools.repeat(b"a"), every=0.02))
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.http.server_port}")
    began = time.monotonic()
    with pytest.raises(CrosspanError, match="no connection in time"):
        ChatClient(ChatOptions(model="m", url="https://model.invalid/v1", **OPTIONS)).complete(["c"])
    assert time.monotonic() - began < 5
    assert proxy.paths == ["model.invalid:443"]


@pytest.mark.parametrize("proxy", ["http://me:pass-word-9@[bad", "http:pass-word-9", "socks5://me:pass-word-9@a"])
def test_proxies_that_are_none(serve, monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(CrosspanError) as caught:
        ChatClient(ChatOptions(model="m", url="http://model.invalid/v1", **OPTIONS)).complete(["c"])
    assert "pass-word-9" not in "".join(traceback.format_exception(caught.value))


def test_this_machine_needs_no_proxy(serve, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = serve(lambda number, body: serve.say("ok"))
    assert ChatClient(ChatOptions(model="m", url=server.url, **OPTIONS)).complete(["a"]) == [Answer("ok")]


@pytest.fixture
def encrypted(work, monkeypatch):
    """What a server encrypts with, for 127.0.0.1; nobody trusts it."""
    if shutil.which("openssl") is None:
        pytest.skip("the program openssl, which makes a certificate, is not installed")
    words = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=a -keyout k.pem -out c.pem"
    )
    subprocess.run(
        ["openssl", *words.split(), "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("c.pem", "k.pem")
    chat_http._trust.cache_clear()
    yield context
    chat_http._trust.cache_clear()


def test_an_encrypted_connection(serve, encrypted, monkeypatch):
    drips = serve.raw(HEAD, b"X: ", itertools.repeat(b"a"), every=0.02)
    server = serve(
        lambda number, body: drips if body["messages"][-1]["content"] == "b" else serve.say("ok"), context=encrypted
    )
    options = ChatOptions(model="m", url=server.url, **OPTIONS)
    with pytest.raises(CrosspanError, match="certificate"):
        ChatClient(options).complete(["a"])
    assert server.asked == []
    chat_http._trust.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", "c.pem")
    client = ChatClient(options)
    assert client.complete(["a"]) == [Answer("ok")]
    began = time.monotonic()
    assert "(setting timeout)" in client.complete(["b"])[0].problem
    assert time.monotonic() - began < 5
