"""What the option ``--set`` holds, for every verb that has it."""

from __future__ import annotations

from collections.abc import Iterable

from crosspan.core.errors import OptionError


def parse_settings(items: Iterable[str]) -> dict[str, str]:
    """Read the values of a repeated ``--set KEY=VALUE``; a hyphen in a key stands for an underscore.

    Raises:
        OptionError: One has no key or no equals sign.

    Example:
        >>> parse_settings(["merge-distance=2"])
        {'merge_distance': '2'}
    """
    settings = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not key or not equals:
            raise OptionError(f"--set {item!r} is not of the form KEY=VALUE", hint="Write, say, --set reach=3.")
        settings[key.strip().replace("-", "_")] = value.strip()
    return settings
