from __future__ import annotations

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from crosspan.testing import tiny_models

SAVERS = ("save_nllb", "save_m2m100", "save_marian", "save_mt5", "save_madlad")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("name", SAVERS)
def test_the_same_each_time(tmp_path, name):
    save = getattr(tiny_models, name)
    one, same, other = (contents(save(tmp_path / str(at), seed=seed)) for at, seed in enumerate((0, 0, 1)))
    assert one.keys() == same.keys() == other.keys()
    assert "model.safetensors" in one
    assert [file for file in one if one[file] != same[file]] == []
    assert [file for file in one if one[file] != other[file]] == ["model.safetensors"]
