"""Plain values as TOML, which the standard library reads but does not write."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: Any) -> str:
    r"""One value.

    Example:
        >>> toml_value(("a", 1, True, 0.5)), toml_value("a\\tb")
        ('["a", 1, true, 0.5]', '"a\\\\tb"')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{toml_key(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    raise TypeError(f"{type(value).__name__} has no place in TOML")


def toml_key(name: str) -> str:
    """A key, in quotation marks where it needs them.

    Example:
        >>> toml_key("use"), toml_key("a b")
        ('use', '"a b"')
    """
    return name if _BARE.fullmatch(name) else toml_value(name)


def toml_text(data: Mapping[str, Any], prefix: str = "") -> str:
    """Nested values as a document: values of a table first, then the tables in it. ``None`` is left out.

    Example:
        >>> print(toml_text({"task": "project", "align": {"use": "statistical", "smoothing": {"word": 30.0}}}), end="")
        task = "project"
        <BLANKLINE>
        [align]
        use = "statistical"
        <BLANKLINE>
        [align.smoothing]
        word = 30.0
    """
    given = {key: value for key, value in data.items() if value is not None}
    values = [f"{toml_key(key)} = {toml_value(item)}" for key, item in given.items() if not isinstance(item, Mapping)]
    text = "".join(line + "\n" for line in values)
    if prefix and (values or not given):
        text = f"\n[{prefix}]\n{text}"
    for key, item in given.items():
        if isinstance(item, Mapping):
            text += toml_text(item, f"{prefix}.{toml_key(key)}" if prefix else toml_key(key))
    return text
