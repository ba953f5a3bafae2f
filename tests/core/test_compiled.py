from __future__ import annotations

import importlib
import sys

import numba
import pytest

from crosspan.core.compiled import _CacheFile, njit


def add(a, b):
    return a + b


def test_compiled_functions_run():
    assert njit()(add)(2, 3) == 5


def test_where_nothing_can_be_kept_it_compiles_all_the_same(monkeypatch):
    real = numba.njit
    asked = []

    def without_a_place(**options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available for file")
        return real(**options)

    monkeypatch.setattr(numba, "njit", without_a_place)
    assert njit(fastmath=True)(add)(2, 3) == 5
    assert asked == [{"cache": True, "nogil": True, "fastmath": True}, {"nogil": True, "fastmath": True}]


def test_other_errors_are_not_hidden():
    with pytest.raises(TypeError):
        njit()(42)


NAME = "file.function-1.py311"


class Paused(_CacheFile):
    """Lets others go first at each step of saving."""

    meanwhile = staticmethod(lambda: None)

    def _load_index(self):
        index = super()._load_index()
        self.meanwhile()
        return index

    def _save_index(self, overloads):
        self.meanwhile()
        super()._save_index(overloads)

    def _save_data(self, name, data):
        self.meanwhile()
        super()._save_data(name, data)


@pytest.mark.parametrize("when", range(3))
def test_two_processes_that_compile_at_once_never_get_each_others_code(tmp_path, when):
    one, other = (kind(str(tmp_path), NAME, "stamp") for kind in (Paused, _CacheFile))
    steps, seen = [], []

    def meanwhile():
        if len(steps) == when:
            other.save("their types", "their code")
        steps.append(when)
        seen.append((other.load("our types"), other.load("their types")))

    one.meanwhile = meanwhile
    one.save("our types", "our code")
    seen.append((other.load("our types"), other.load("their types")))
    assert len(seen) == 4
    for ours, theirs in seen:  # None is harmless: the code is compiled once more
        assert ours in (None, "our code")
        assert theirs in (None, "their code")


def test_code_of_an_older_source_is_never_taken(tmp_path):
    _CacheFile(str(tmp_path), NAME, "old").save("types", "old code")
    new, reader = (kind(str(tmp_path), NAME, "new") for kind in (Paused, _CacheFile))
    seen = []
    new.meanwhile = lambda: seen.append(reader.load("types"))
    new.save("types", "new code")
    assert seen == [None, None, None]
    assert reader.load("types") == "new code"
    assert len(list(tmp_path.glob("*.nbc"))) == 1, "the old file is of no more use"


def test_compiled_functions_keep_their_code_that_way():
    assert isinstance(njit()(add)._cache._cache_file, _CacheFile)


DAMAGE = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "flipped": lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    "zeros": lambda data: bytes(len(data)),
    "other": lambda data: b"something else",
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_file_is_made_anew(tmp_path, kind, ending):
    files = _CacheFile(str(tmp_path), NAME, "stamp")
    files.save("types", "code")
    (path,) = tmp_path.glob(f"*.{ending}")
    path.write_bytes(DAMAGE[kind](path.read_bytes()))
    assert files.load("types") is None
    files.save("types", "code")
    assert files.load("types") == "code"


def test_code_is_made_anew_when_another_file_that_it_calls_changes(tmp_path, monkeypatch):
    """Machine code holds that of what it calls: by its name, through its module, and through others in between."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "stamped"
    package.mkdir()
    head = "from crosspan.core.compiled import njit\n"
    files = {
        "__init__": "",
        "base": head + "@njit()\ndef one(x):\n    return x + 1\n",
        "middle": head + "from stamped.base import one\n@njit()\ndef two(x):\n    return one(x) * 2\n",
        "top": head + "from stamped import middle\n@njit()\ndef whole(x):\n    return below(x)\n"
        "@njit()\ndef below(x):\n    return middle.two(x)\n",
    }
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)

    def value():
        for name in [name for name in sys.modules if name.startswith("stamped")]:
            del sys.modules[name]
        whole = importlib.import_module("stamped.top").whole
        return whole(1), dict(whole.stats.cache_hits) != {}

    assert value() == (4, False)
    assert value() == (4, True)
    (package / "base.py").write_text(files["base"].replace("x + 1", "x + 10"))
    importlib.invalidate_caches()
    assert value() == (22, False)
    assert value() == (22, True)


def test_a_full_disk_is_no_error(tmp_path, monkeypatch, caplog):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("os.fsync", full)
    assert njit()(add)(2, 3) == 5
    assert "cannot be kept" in caplog.text
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_function_whose_files_are_damaged_runs_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert njit()(add)(2, 3) == 5
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 2
    for path in kept:
        path.write_bytes(b"")
    assert njit()(add)(2, 3) == 5
    assert all(path.stat().st_size for path in kept)
    assert njit()(add)(2, 3) == 5
