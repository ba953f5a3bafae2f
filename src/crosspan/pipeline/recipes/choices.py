"""What the tables of a recipe have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean

Options = Mapping[str, Any]


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise unless a value is one of some.

    Raises:
        OptionError: It is not; the error names the nearest.
    """
    if value not in choices:
        raise OptionError(f"{name} is {value!r}", hint=did_you_mean(value, choices))
