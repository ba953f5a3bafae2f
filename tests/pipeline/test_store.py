from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crosspan
from crosspan.core.digests import digest_of
from crosspan.core.errors import OutputError
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.pipeline.codec import decode, encode
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.parts import AboutRow, Extras, Facts, Fault, Labels, Links, Model, Projected, Tokens
from crosspan.pipeline.recipes.toml_text import toml_text
from crosspan.pipeline.store import MemoryStore, SpoolStore

KEY = "ab" * 32


def a(value) -> Facts:
    return Facts(value)


PROJECTION = Projection(
    Sentence(("Accra", "leo"), (Span(0, 1, "LOC", 0.5),)),
    (ProjectedSpan(Span(3, 4, "LOC", 0.9), Span(0, 1, "LOC", 0.5), 0.5),),
    (DroppedSpan(Span(1, 2, "PER"), "no_link"),),
)
PARTS = {
    "tokens": Tokens(([["mọ́", "\ud800"], []], [["a"], ["b", "c"]])),
    "about": Extras(([AboutRow("1", "lug", "mọ́ x", ((0, 3), (4, 5))), AboutRow()],), [1, 4]),
    "labels": Labels([(Span(0, 1, "LOC", 0.123456789),), ()], {1: Fault("a:3", "empty", "Put it in.")}),
    "links": Links([Alignment.from_pharaoh("0-0 1-2:0.3"), None], {1: Fault(None, "failed")}),
    "projections": Projected([PROJECTION, Projection(Sentence(("x",)), error="no")]),
    "model": Model("taggers", "crf", b"\x00\n" * 99),
    "scores": Facts({"f1": [0.1, None, "x"]}),
}


def plain(part):
    """A part as what can be compared: as stored, it may have other sequences."""
    return encode(part)


@pytest.mark.parametrize("kind", ["memory", "spool", "folder"])
def test_what_is_put_in_comes_out(kind, tmp_path):
    store = {"memory": MemoryStore, "spool": SpoolStore, "folder": lambda: FolderStore(tmp_path)}[kind]()
    entry = store.put(KEY, PARTS, {"sentences": 2})
    other = store.put("cd" * 32, {"scores": Facts(1)}, {})
    assert entry.facts == {"sentences": 2}
    for name, part in PARTS.items():
        assert plain(store.part(entry, name)) == plain(part), name
    assert store.part(other, "scores").values == 1
    words = store.part(entry, "projections").on([["Accra", "leo"], ["x"]])
    assert words == PARTS["projections"].rows
    if kind == "folder":
        assert FolderStore(tmp_path).find(KEY) == entry


def test_a_part_says_what_it_is():
    for part in PARTS.values():
        assert type(decode(encode(part))) is type(part)
    with pytest.raises(TypeError, match="no part of a result"):
        encode(b"bytes")


def test_no_flipped_bit_changes_a_result(tmp_path):
    store = FolderStore(tmp_path)
    entry = store.put(KEY, {"a": a("Accra"), "b": a("Kumasi")}, {"sentences": 1})
    data = store.path(KEY).read_bytes()
    for at in range(len(data)):
        store.path(KEY).write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        found = store.find(KEY)  # a flag of the compression may be flipped without harm
        assert found is None or [store.part(found, name) for name in "ab"] == [a("Accra"), a("Kumasi")], at
    store.path(KEY).write_bytes(data)
    assert store.find(KEY) == entry
    for end in range(len(data)):
        store.path(KEY).write_bytes(data[:end])
        assert store.find(KEY) is None, end


def test_an_intact_result_stays_and_a_damaged_one_is_replaced(tmp_path):
    store = FolderStore(tmp_path)
    first = store.put(KEY, {"a": a("1")}, {})
    assert store.put(KEY, {"a": a("2")}, {}) == first
    assert store.part(store.put(KEY, {"a": a("2")}, {}, replace=True), "a") == a("2")
    store.path(KEY).write_bytes(b"junk")
    assert store.part(store.put(KEY, {"a": a("3")}, {}), "a") == a("3")


def test_a_result_that_goes_while_it_is_in_use_is_named(tmp_path):
    store = FolderStore(tmp_path)
    entry = store.put(KEY, {"a": a("1")}, {})
    store.path(KEY).unlink()
    with pytest.raises(OutputError, match="changed while it was in use"):
        store.part(entry, "a")


def test_a_store_that_does_not_write(tmp_path):
    silent = FolderStore(tmp_path / "cache", write=False)
    entry = silent.put(KEY, {"a": a("1")}, {"n": 1})
    assert not (tmp_path / "cache").exists()
    assert FolderStore(tmp_path / "cache").put(KEY, {"a": a("1")}, {"n": 1}) == entry


def test_a_store_that_does_not_write_gives_what_it_was_given(tmp_path):
    kept = FolderStore(tmp_path / "cache").put(KEY, {"a": a("1")}, {})
    other = KEY[::-1]
    with SpoolStore() as aside:
        silent = FolderStore(tmp_path / "cache", write=False, aside=aside)
        entry = silent.put(other, {"a": a("2")}, {})
        assert (silent.part(entry, "a"), silent.part(kept, "a")) == (a("2"), a("1"))
        assert silent.find(other) is None
    assert [path.name for path in (tmp_path / "cache").glob("??/*")] == [KEY[2:]]


def test_large_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("crosspan.pipeline.record._PACKED_UP_TO", 14)
    store = FolderStore(tmp_path)
    entry = store.put(KEY, {"a": a("x" * 12), "b": a("y" * 10)}, {})
    assert (store.part(entry, "a"), store.part(entry, "b")) == (a("x" * 12), a("y" * 10))


def test_keys_tell_values_apart():
    values = [1, 1.5, "1", True, None, [1], [[1]], {"a": 1}, {"a": "1"}]
    assert len({digest_of(value) for value in values}) == len(values)
    with pytest.raises(TypeError):
        digest_of({"a": object()})


scalars = (
    st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)


@given(st.recursive(st.dictionaries(names, scalars | st.lists(scalars, max_size=3), max_size=3),
                    lambda inner: st.dictionaries(names, scalars | inner, max_size=3), max_leaves=6))  # fmt: skip
def test_toml_reads_back(value):
    import tomllib

    assert tomllib.loads(toml_text(value)) == value


# --- unfinished work -------------------------------------------------------------------------------------------------


def test_unfinished_work_stays_until_its_result_is_there(tmp_path):
    store = FolderStore(tmp_path)

    def interrupted():
        with store.unfinished(KEY) as place:
            (place / "half").write_text("a")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with store.unfinished(KEY) as place:
        assert (place / "half").read_text() == "a"
    with store.unfinished(KEY) as again:
        assert again == place
        store.put(KEY, {"a": a("1")}, {})
    assert not list((tmp_path / "unfinished").iterdir())


def test_nobody_works_at_what_another_is_at(tmp_path):
    """A second run is told so, in this process or another; a lock that a killed one left is no lock."""
    store = FolderStore(tmp_path)
    script = (
        "import sys; from pathlib import Path; from crosspan.pipeline.folder_store import FolderStore\n"
        "with FolderStore(Path(sys.argv[1])).claim(sys.argv[2]) as mine: print(not mine)"
    )

    def other():
        words = [sys.executable, "-c", script, str(tmp_path), KEY]
        environment = {**os.environ, "PYTHONPATH": str(Path(crosspan.__file__).parents[1])}
        return subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.strip()

    with store.claim(KEY) as mine, store.unfinished(KEY) as place:
        assert mine
        assert place is not None
        assert other() == "True"
        store.remove_all_but(())
        assert place.is_dir()
    (tmp_path / "unfinished" / f"{KEY}.lock").write_text("")
    assert other() == "False"
    assert store.remove_all_but(()) == 0
    assert not list((tmp_path / "unfinished").iterdir())


def test_waiting_for_another(tmp_path):
    """Who waits gets the lock when the other has ended, and looks at what is there by then."""
    store, held, order = FolderStore(tmp_path), threading.Event(), []

    def first():
        with store.claim(KEY):
            held.set()
            time.sleep(0.2)
            store.put(KEY, {"a": a("1")}, {})
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait()
    with FolderStore(tmp_path).claim(KEY, wait=True) as mine:
        order.append("second")
        assert mine
        assert store.find(KEY) is not None
    thread.join()
    assert order == ["first", "second"]


def test_a_store_that_does_not_write_makes_no_folder(tmp_path):
    with FolderStore(tmp_path / "none", write=False).unfinished(KEY) as place:
        assert place is None
    assert not (tmp_path / "none").exists()
