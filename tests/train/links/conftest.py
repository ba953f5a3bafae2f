from __future__ import annotations

from tests.align.conftest import sentences, tiny

__all__ = ["sentences", "tiny"]
