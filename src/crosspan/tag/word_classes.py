"""Classes of English words that come with the package: words used alike share a class."""

from __future__ import annotations


def embedded_classes() -> dict[str, tuple[str, ...]]:
    """The classes of each word, from coarse to fine."""
    return {}
