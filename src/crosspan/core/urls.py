"""What is a URL, and no path of this machine."""

from __future__ import annotations

import os
import re

from crosspan.core.files import PathLike

_URL = re.compile(r"[a-z][a-z0-9+.-]+://")
"""More letters than one before the colon: ``c:`` is a disk."""


def is_url(place: PathLike) -> bool:
    """Whether a place is a URL.

    Args:
        place: A URL or a path.

    Example:
        >>> [is_url(one) for one in ("s3://bucket/run", "out/.cache", "c:/run")]
        [True, False, False]
    """
    return _URL.match(os.fspath(place)) is not None
