from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crosspan
from crosspan.core.digests import digest_of
from crosspan.core.errors import OutputError
from crosspan.pipeline.failures import MANY, each_by_itself
from crosspan.pipeline.recipes.toml_text import toml_text
from crosspan.pipeline.store import Store

KEY = "ab" * 32


def test_what_is_put_in_is_found_again(tmp_path):
    store = Store(tmp_path)
    entry = store.put(KEY, {"b": b"two" * 99, "a": b"", "c": b"\x00\n"}, {"sentences": 3})
    assert Store(tmp_path).find(KEY) == entry
    assert [store.part(entry, name) for name in "abc"] == [b"", b"two" * 99, b"\x00\n"]


def test_no_flipped_bit_changes_a_result(tmp_path):
    store = Store(tmp_path)
    entry = store.put(KEY, {"a": b"Accra", "b": b"Kumasi"}, {"sentences": 1})
    data = store.path(KEY).read_bytes()
    for at in range(len(data)):
        store.path(KEY).write_bytes(data[:at] + bytes([data[at] ^ 4]) + data[at + 1 :])
        found = store.find(KEY)  # a flag of the compression may be flipped without harm
        assert found is None or [store.part(found, name) for name in "ab"] == [b"Accra", b"Kumasi"], at
    store.path(KEY).write_bytes(data)
    assert store.find(KEY) == entry
    for end in range(len(data)):
        store.path(KEY).write_bytes(data[:end])
        assert store.find(KEY) is None, end


def test_an_intact_result_stays_and_a_damaged_one_is_replaced(tmp_path):
    store = Store(tmp_path)
    first = store.put(KEY, {"a": b"1"}, {})
    assert store.put(KEY, {"a": b"2"}, {}) == first
    assert store.part(store.put(KEY, {"a": b"2"}, {}, replace=True), "a") == b"2"
    store.path(KEY).write_bytes(b"junk")
    assert store.part(store.put(KEY, {"a": b"3"}, {}), "a") == b"3"


def test_a_result_that_goes_while_it_is_in_use_is_named(tmp_path):
    store = Store(tmp_path)
    entry = store.put(KEY, {"a": b"1"}, {})
    store.path(KEY).unlink()
    with pytest.raises(OutputError, match="changed while it was in use"):
        store.part(entry, "a")


def test_a_store_that_does_not_write(tmp_path):
    silent = Store(tmp_path / "cache", write=False)
    entry = silent.put(KEY, {"a": b"1"}, {"n": 1})
    assert not (tmp_path / "cache").exists()
    assert Store(tmp_path / "cache").put(KEY, {"a": b"1"}, {"n": 1}) == entry


def test_large_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("crosspan.pipeline.store._PACKED_UP_TO", 10)
    store = Store(tmp_path)
    entry = store.put(KEY, {"a": b"x" * 11, "b": b"y" * 10}, {})
    assert (store.part(entry, "a"), store.part(entry, "b")) == (b"x" * 11, b"y" * 10)


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


def test_many_that_all_fail_are_not_to_blame():
    def fail(batch):
        raise ValueError(json.dumps(len(batch)))

    assert len(each_by_itself(fail, range(MANY - 1))) == MANY - 1
    with pytest.raises(ValueError, match="1"):
        each_by_itself(fail, range(MANY))
    with pytest.raises(MemoryError):
        each_by_itself(lambda batch: (_ for _ in ()).throw(MemoryError()), [1, 2])
    assert [type(one) for one in each_by_itself(lambda batch: batch[1:], [1, 2])] == [ValueError, ValueError]
    assert each_by_itself(lambda batch: batch, []) == []


# --- unfinished work -------------------------------------------------------------------------------------------------


def test_unfinished_work_stays_until_its_result_is_there(tmp_path):
    store = Store(tmp_path)

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
        store.put(KEY, {"a": b"1"}, {})
    assert not list((tmp_path / "unfinished").iterdir())


def test_nobody_works_in_the_folder_of_another(tmp_path):
    """A second run gets none, in this process or another; a lock that a killed one left is no lock."""
    store = Store(tmp_path)
    script = (
        "import sys; from pathlib import Path; from crosspan.pipeline.store import Store\n"
        "with Store(Path(sys.argv[1])).unfinished(sys.argv[2]) as place: print(place is None)"
    )

    def other():
        words = [sys.executable, "-c", script, str(tmp_path), KEY]
        environment = {**os.environ, "PYTHONPATH": str(Path(crosspan.__file__).parents[1])}
        return subprocess.run(words, capture_output=True, text=True, check=True, env=environment).stdout.strip()

    with store.unfinished(KEY) as place:
        assert place is not None
        assert other() == "True"
        store.remove_all_but(())
        assert place.is_dir()
    (tmp_path / "unfinished" / f"{KEY}.lock").write_text("")
    assert other() == "False"
    assert store.remove_all_but(()) == 0
    assert not list((tmp_path / "unfinished").iterdir())


def test_a_store_that_does_not_write_makes_no_folder(tmp_path):
    with Store(tmp_path / "none", write=False).unfinished(KEY) as place:
        assert place is None
    assert not (tmp_path / "none").exists()
