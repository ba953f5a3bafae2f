"""The package of ``tests/plugin_package``, installed while a test runs."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosspan.core import components

PLUGIN = Path(__file__).parent / "plugin_package"


@pytest.fixture
def plugin_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """As ``pip install tests/plugin_package`` leaves it, also for processes that the test starts."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text("utf-8"))["project"]
    site = tmp_path / "site"
    about = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for folder in (PLUGIN / "src", site):
        monkeypatch.syspath_prepend(str(folder))
    components._installed.cache_clear()
    yield PLUGIN / "src"
    for name in [name for name in sys.modules if name.partition(".")[0] == "crosspan_plugin"]:
        del sys.modules[name]
    components._installed.cache_clear()
