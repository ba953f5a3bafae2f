"""Files of arrays come back as they were written, and never unpack to more than their size allows."""

from __future__ import annotations

import numpy as np
import pytest

from crosspan.core.array_file import reading, text_arrays, write_arrays
from crosspan.core.errors import ModelError

ABOUT = {"kind": "things", "version": 2, "names": ["a", "b"], "share": 0.5}
ARRAYS = {
    "whole": np.arange(6, dtype=np.int32).reshape(2, 3),
    "turned": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "none": np.zeros((0, 3), np.uint8),
    "one": np.array(True),
    **text_arrays(["mọ́", "", "\ud800", "東京"], "texts", "ends"),
}


def opened(path, **how):
    return reading(path, "things", **{"version": 2, "again": "Make it again.", **how})


@pytest.mark.parametrize("packed", [False, True])
def test_what_is_written_is_read(tmp_path, packed):
    path = tmp_path / "a.npz"
    write_arrays(path, ABOUT, ARRAYS, packed=packed)
    first = path.read_bytes()
    with opened(path) as file:
        for name, array in ARRAYS.items():
            found = file.take(name, array.dtype, array.shape)
            assert np.array_equal(found, array)
            assert found.dtype == array.dtype
        assert file.texts("texts", "ends") == ["mọ́", "", "\ud800", "東京"]
        assert (file.names("names"), file.number("share", 0, 1)) == (("a", "b"), 0.5)
    with np.load(path, allow_pickle=False) as archive:
        assert np.array_equal(archive["turned"], ARRAYS["turned"])
    write_arrays(path, ABOUT, ARRAYS, packed=packed)
    assert path.read_bytes() == first


def test_what_would_shrink_too_much_is_not_packed(tmp_path):
    dense, empty = tmp_path / "dense", tmp_path / "empty"
    write_arrays(dense, ABOUT, {"n": np.random.default_rng(0).integers(0, 99, 20 << 20, np.int8)}, packed=True)
    write_arrays(empty, ABOUT, {"n": np.zeros(20 << 20, np.int8)}, packed=True)
    assert dense.stat().st_size < 20 << 20 < empty.stat().st_size
    with opened(empty) as file:
        assert not file.take("n", np.int8, (None,)).any()


@pytest.mark.parametrize(
    ("take", "reason"),
    [
        (lambda file: file.take("whole", np.int64, (2, 3)), "whole has the type int32"),
        (lambda file: file.take("whole", np.int32, (6,)), r"whole has the shape \(2, 3\)"),
        (lambda file: file.take("whole", np.int32, (None, 4)), r"whole has the shape \(2, 3\)"),
        (lambda file: file.take("more", np.int32, (6,)), "it lacks 'more'"),
        (lambda file: file.names("kind"), "kind is no list of names"),
        (lambda file: file.number("names"), "names is no number"),
        (lambda file: file.number("share", 1), "share is no number that it can be"),
        (lambda file: [][0], "list index out of range"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, take, reason):
    path = tmp_path / "a.npz"
    write_arrays(path, ABOUT, ARRAYS)
    with pytest.raises(ModelError, match=f"the things is damaged .{reason}") as caught, opened(path) as file:
        take(file)
    assert (caught.value.where, caught.value.hint) == (str(path), "Make it again.")


def test_versions(tmp_path):
    path = tmp_path / "a.npz"
    write_arrays(path, ABOUT, ARRAYS)
    for version, older, hint in ((1, False, "Update crosspan"), (3, False, "Make it again")):
        with pytest.raises(ModelError, match=f"has version 2.*reads version {version}.*{hint}"):
            opened(path, version=version, older=older).__enter__()
    with opened(path, version=3, older=True) as file:
        assert file.about["version"] == 2


def test_other_files(tmp_path):
    path = tmp_path / "a.npz"
    for error in ("no such file", "folder, not a file"):
        with pytest.raises(ModelError, match=error):
            opened(path).__enter__()
        path.mkdir(exist_ok=True)
    np.savez(tmp_path / "b.npz", n=np.arange(3))
    (tmp_path / "c.npz").write_text("text")
    write_arrays(tmp_path / "d.npz", {**ABOUT, "kind": "others"}, ARRAYS)
    for name in "bcd":
        with pytest.raises(ModelError, match="this is no things"):
            opened(tmp_path / f"{name}.npz").__enter__()
