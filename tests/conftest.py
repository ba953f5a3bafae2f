"""How properties are tested; the package of another author, installed without an installer; and servers."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from tests import chat_server

from crosspan.core.plugins import installed

# How fast a machine is, or what else it does, is no fault of what is tested.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

PACKAGE = Path(__file__).with_name("plugin_package")


@pytest.fixture(scope="session")
def plugin_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package as an installer would leave it."""
    site = tmp_path_factory.mktemp("site")
    about = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copy(PACKAGE / "crosspan_sample.py", site)
    info = site / f"{about['name'].replace('-', '_')}-{about['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n"
    (info / "METADATA").write_text(head, encoding="utf-8")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in points.items())])
        for group, points in about["entry-points"].items()
    ]
    (info / "entry_points.txt").write_text("\n\n".join(groups) + "\n", encoding="utf-8")
    return site


@pytest.fixture
def plugins(plugin_site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The package is installed while a test runs, also for processes that it starts."""
    monkeypatch.syspath_prepend(str(plugin_site))
    paths = [str(plugin_site), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    installed.cache_clear()
    yield plugin_site
    sys.modules.pop("crosspan_sample", None)
    installed.cache_clear()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Starts chat models on this machine."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    servers: list[chat_server.ChatServer] = []

    def start(answer: Any, **options: Any) -> chat_server.ChatServer:
        servers.append(chat_server.ChatServer(answer, **options))
        return servers[-1]

    start.say, start.fault, start.raw = chat_server.say, chat_server.fault, chat_server.raw  # type: ignore[attr-defined]
    yield start
    for server in servers:
        server.close()
