"""Ways in which a key can be repeated so that it is not the same text, and is still given away."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from urllib.parse import quote


def _in_base64(before: str) -> Callable[[str], str]:
    """A key in the middle of what is encoded."""
    return lambda key: base64.b64encode(f"{before}{key}:x".encode()).decode()


DISGUISES: dict[str, Callable[[str], str]] = {
    "capital letters": str.upper,
    "small letters": str.lower,
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 for addresses": lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("="),
    "base64 after one byte": _in_base64("x"),
    "base64 after two bytes": _in_base64("xx"),
    "base64 of a header": _in_base64("Bearer "),
    "digits": lambda key: key.encode().hex().upper(),
    "every character in percent": lambda key: "".join(f"%{ord(char):02x}" for char in key),
    "percent twice": lambda key: quote(quote(key, safe=""), safe=""),
    "JSON": lambda key: "".join(f"\\u{ord(char):04X}" for char in key),
    "JSON in JSON": lambda key: json.dumps(json.dumps("".join(f"\\u{ord(char):04x}" for char in key))),
    "HTML": lambda key: "".join(f"&#{ord(char)};" for char in key),
    "HTML in hexadecimal digits": lambda key: "".join(f"&#x{ord(char):x};" for char in key),
    "base64 in an address": lambda key: quote(base64.b64encode(key.encode()), safe=""),
    "its beginning": lambda key: f"{key[: len(key) // 2]}...",
    "its end": lambda key: f"...{key[-len(key) // 2 :]}",
    "most of it": lambda key: f"{key[:-4]}....",
    "all but its beginning": lambda key: f"....{key[4:]}",
    "its beginning in capital letters": lambda key: f"{key[:-3].upper()}...",
    "its end in percent": lambda key: quote(key[5:], safe=""),
}
