"""Inputs for calls of the verbs, made once, and a folder with a copy of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.faults.commands import CALLS, make_inputs


@pytest.fixture(scope="session")
def all_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What all calls read that can be tried here."""
    folder = tmp_path_factory.mktemp("inputs")
    make_inputs(folder, {name for name, call in CALLS.items() if call.here})
    return folder


@pytest.fixture
def world(all_inputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a folder with the inputs of a call and stands in it; a call whose packages are missing is skipped."""

    def make(name: str) -> Path:
        for package in CALLS[name].needs:
            pytest.importorskip(package)
        folder = tmp_path / "world"
        shutil.copytree(all_inputs, folder)
        monkeypatch.chdir(folder)
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".user"))
        return folder

    return make
