"""The server by its answers: who is answered, what to, and that nothing it is sent makes it fail."""

from __future__ import annotations

import json
from contextlib import contextmanager
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.browser_texts import EVIL
from tests.review.desk.corpora import evil_pairs, tasks
from tests.review.desk.test_desk import desk_of

from crosspan.core.errors import OutputError
from crosspan.review.decision_file import read_decisions

pytest.importorskip("starlette", reason="crosspan[review] is not installed")
pytest.importorskip("httpx", reason="the package httpx is not installed")
from starlette.testclient import TestClient

from crosspan.review.desk.access import Access, is_loopback
from crosspan.review.desk.app import desk_app
from crosspan.review.desk.guard import LARGEST_BODY, Guard

HERE = "http://127.0.0.1:8123"
ORIGIN = {"Origin": HERE}


@contextmanager
def client_of(folder, found=None, access=None, title="A page", **how):
    access = access or Access("127.0.0.1", 8123, "secret")
    with desk_of(folder, found, **how) as desk:
        app = desk_app(desk, access, title=title)
        with TestClient(app, base_url=HERE, raise_server_exceptions=True) as client:
            client.desk = desk
            yield client


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with client_of(tmp_path_factory.mktemp("shared")) as client:
        yield client


def get(client, path, **query):
    return client.get(f"/secret/api/{path}", params=query)


def post(client, path, body, **headers):
    headers = {**ORIGIN, "Content-Type": "application/json", **headers}
    return client.post(f"/secret/api/{path}", content=json.dumps(body), headers=headers)


def answer(shown, spans=(), **given):
    facts = {
        "index": shown["index"],
        "hash": shown["sentence"]["h"],
        "version": shown["version"],
        "drawn": shown["drawn"],
    }
    return {**facts, "verdict": "done", "after": [list(one) for one in spans], "seconds": 1.5, **given}


def test_from_the_first_sentence_to_a_decision_on_the_disk(tmp_path):
    with client_of(tmp_path) as client:
        shown = get(client, "step", at=0, order="uncertain").json()
        assert (shown["sentence"]["id"], shown["drawn"], shown["decision"]) == ("names", "uncertain", None)
        reply = post(client, "decide", answer(shown, [(0, 13, "PER"), (17, 31, "ORG")]))
        assert reply.status_code == 200
        assert reply.json()["counts"]["decided"] == 1
        (found,) = read_decisions(client.desk.file.path).every
        assert [(span.start, span.end, span.label) for span in found.after] == [(0, 13, "PER"), (17, 31, "ORG")]
        again = get(client, "sentence", index=0).json()
        assert again["version"] == reply.json()["version"] != ""
        assert get(client, "step", at=0, order="uncertain").json()["sentence"]["id"] != "names"
        assert get(client, "step", at=0, kind="decided").json()["index"] == 0
        assert get(client, "step", at=5, kind="any", way=-1, order="uncertain").json()["at"] == 5
        assert get(client, "find", at=0, words="cairo").json()["drawn"] is None
        assert get(client, "find", at=0, words="nowhere").json()["sentence"] is None


def test_two_windows_conflict_visibly(tmp_path):
    with client_of(tmp_path) as client:
        shown = get(client, "sentence", index=0).json()
        assert post(client, "decide", answer(shown)).status_code == 200
        late = post(client, "decide", answer(shown, [(0, 4, "PER")]))
        assert (late.status_code, late.json()["conflict"]) == (409, True)
        assert "decided meanwhile by 'ada'" in late.json()["error"]
        assert len(client.desk.file.every) == 1
        forced = post(client, "decide", {**answer(shown, [(0, 4, "PER")]), "force": True})
        assert forced.status_code == 200


def test_a_changed_base_and_a_full_disk_are_told(tmp_path, monkeypatch):
    with client_of(tmp_path) as client:
        shown = get(client, "sentence", index=0).json()

        def full(*decisions):
            raise OutputError("no space left on device", hint="Free space.")

        with monkeypatch.context() as patched:
            patched.setattr(client.desk.file, "add", full)
            reply = post(client, "decide", answer(shown))
        assert (reply.status_code, "no space left" in reply.json()["error"]) == (507, True)
        assert get(client, "sentence", index=0).json()["decision"] is None
        (tmp_path / "base").write_text("another")
        reply = post(client, "decide", answer(shown))
        assert (reply.status_code, "conflict" in reply.json()) == (409, False)
        assert "changed or removed" in reply.json()["error"]


def test_labels_are_added(tmp_path):
    with client_of(tmp_path) as client:
        names = post(client, "label", {"name": "DRUG"}).json()["labels"]
        assert [name for name, _ in names][-1] == "DRUG"
        refused = post(client, "label", {"name": "A B"})
        assert (refused.status_code, "cannot be called 'A B'" in refused.json()["error"]) == (400, True)


# Who is answered


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/secret",
        "/wrong/",
        "/secretx/",
        "/secre/api/step",
        "/favicon.ico",
        "/../secret",
        "/secret/../pyproject.toml",
    ],
)
def test_nothing_is_there_without_the_token(shared, path):
    reply = shared.get(path)
    assert reply.status_code == 404
    assert "secret" not in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "api",
        "api/",
        "api/nothing",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out(shared, path):
    reply = shared.get(f"/secret/{path}")
    assert reply.status_code == 404
    assert "nothing at this address" in reply.json()["error"]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8123", "127.0.0.1:80", "127.0.0.1", "127.0.0.1:8123@evil", "", "[::1"]
)
def test_foreign_hosts_are_refused(shared, host):
    assert shared.get("/secret/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8123", "localhost:8123", "LOCALHOST:8123", "[::1]:8123"])
def test_names_of_this_machine_are_not(shared, host):
    assert shared.get("/secret/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "https://127.0.0.1:8123"},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://localhost:8123"},
        {**ORIGIN, "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_origins_cannot_decide(shared, headers):
    shown = get(shared, "sentence", index=0).json()
    reply = shared.post("/secret/api/decide", json=answer(shown), headers=headers)
    assert reply.status_code == 403
    assert shared.desk.file.every == []


def test_other_origins_cannot_read(shared):
    assert shared.get("/secret/api/step", headers={"Origin": "http://evil.example"}).status_code == 403
    assert shared.get("/secret/api/step", headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    assert "access-control-allow-origin" not in get(shared, "step").headers


def test_what_a_form_could_send_is_refused(shared):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        reply = shared.post("/secret/api/decide", content=b"{}", headers={**ORIGIN, "Content-Type": kind})
        assert reply.status_code == 415


def test_large_bodies_are_refused_before_they_are_read(shared):
    large = b" " * (LARGEST_BODY + 1)
    headers = {**ORIGIN, "Content-Type": "application/json"}
    assert shared.post("/secret/api/decide", content=large, headers=headers).status_code == 413
    pieces = (large[:65536] for _ in range(17))  # of a length that is not said
    assert shared.post("/secret/api/decide", content=pieces, headers=headers).status_code == 413
    assert shared.post("/secret/api/decide", content=large[1:], headers=headers).status_code == 400


def test_methods(shared):
    assert shared.get("/secret/api/decide").status_code == 405
    assert shared.post("/secret/api/step", json={}, headers=ORIGIN).status_code == 405
    assert shared.put("/secret/api/decide", json={}).status_code == 405
    assert shared.options("/secret/api/decide").status_code == 405


def test_every_answer_has_the_headers_that_keep_it_to_itself(shared):
    for path in ("/secret/", "/secret/api/step", "/secret/nothing", "/wrong"):
        headers = shared.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
    policy = shared.get("/secret/").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert {
        name: rules[name] for name in ("default-src", "form-action", "frame-ancestors", "base-uri")
    } == dict.fromkeys(("default-src", "form-action", "frame-ancestors", "base-uri"), "'none'")
    assert rules["connect-src"] == "'self'"
    assert all(rules[name].startswith("'sha256-") for name in ("script-src", "style-src"))


def test_sockets_of_the_web_are_not_served():
    async def receive():
        raise AssertionError

    guard = Guard(receive, Access("127.0.0.1", 1, "x"))
    coroutine = guard({"type": "websocket"}, receive, receive)
    with pytest.raises(RuntimeError, match="websocket"):
        coroutine.send(None)


def test_the_address_of_a_server_that_others_reach():
    access = Access("0.0.0.0", 80, "k")
    assert access.knows("192.168.1.7")
    assert access.knows("192.168.1.7:80")
    assert not access.knows("evil.example")
    assert not Access("127.0.0.1", 80, "k").knows("192.168.1.7")
    assert Access("::1", 8123, "k").address == "http://[::1]:8123/k/"
    assert [is_loopback(host) for host in ("127.8.9.1", "::1", "localhost", "::", "192.168.1.7", "evil.example")] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


# What it is sent

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("index", "hash", "version", "verdict", "after", "seconds", "drawn", "force"), JSON),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(st.one_of(JSON, FIELDS), FIELDS, st.binary(max_size=20))
def test_anything_may_come_and_nothing_is_kept_of_it(shared, body, fields, raw):
    shown = get(shared, "sentence", index=0).json()
    for given_body in (body, {**answer(shown), "version": "no", **fields}):
        reply = post(shared, "decide", given_body)
        assert reply.status_code in (400, 409)
        assert reply.json()["error"]
        assert post(shared, "label", body).status_code in (200, 400)
    reply = shared.post("/secret/api/decide", content=raw, headers={**ORIGIN, "Content-Type": "application/json"})
    assert reply.status_code in (400, 409)
    assert shared.desk.file.every == []


@pytest.mark.parametrize(
    "query", [{"at": "x"}, {"at": "-1"}, {"at": "9" * 30}, {"at": "٣"}, {"order": "best"}, {"kind": "all"}]
)
def test_questions_that_make_no_sense_are_refused(shared, query):
    assert get(shared, "step", **query).status_code == 400


def test_a_place_beyond_the_queue_goes_on_at_its_beginning(shared):
    assert get(shared, "step", at=12 + 3, kind="any").json()["at"] == 3
    assert get(shared, "sentence", index=12).status_code == 400


# Markup in every field


class _Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append(tag)


def test_markup_stays_text_in_every_answer(tmp_path):
    found = list(tasks(list(evil_pairs())))
    with client_of(tmp_path, found, title=EVIL[1], who=EVIL[0], name="d<b>.jsonl") as client:
        page = client.get("/secret/").text
        tags = _Elements(page).found
        assert tags.count("script") == 2
        assert not {"img", "svg", "b"} & {*tags}
        shown = get(client, "sentence", index=0)
        assert post(client, "label", {"name": "<b>"}).status_code == 200
        replies = [
            shown,
            post(client, "decide", answer(shown.json(), [(0, 5, "<b>")])),
            get(client, "sentence", index=0),
            post(client, "decide", answer(shown.json())),
            client.get("/secret/<img>"),
            get(client, "step", order="<b>"),
        ]
        for reply in replies:
            assert reply.headers["content-type"] == "application/json"
            assert not set("<>&\u2028\u2029") & set(reply.text)
        assert replies[2].json()["decision"]["who"] == EVIL[0]
        (line,) = client.desk.file.path.read_text(encoding="utf-8").split("\n")[:-1]
        assert json.loads(line)["id"] == found[0].id
