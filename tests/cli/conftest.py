from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_lines_of_progress(monkeypatch):
    """What a command says does not depend on how fast the machine is."""
    monkeypatch.setattr("crosspan.cli.progress.EVERY", float("inf"))
