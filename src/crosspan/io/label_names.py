"""What numbers stand for, where a file has them in place of labels: as users say it, and as tools export it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.files import PathLike, name_of
from crosspan.core.json_text import parse_json
from crosspan.core.lines import read_lines

_NUMBERED = re.compile(r"\s*([0-9]{1,9})\s*=\s*(.+?)\s*", re.DOTALL)
_NAME_KEYS = ("text", "name", "label", "value")
_FILE_HINT = "Give a list of names, or of objects with 'id' and 'text' as doccano exports them, or a name a line."


def numbered(names: str | Sequence[str]) -> dict[int, str]:
    """Names by their numbers.

    Args:
        names: Names in order, from 0, or ``NUMBER=NAME``; one string has commas between them.

    Example:
        >>> numbered("O,B-PER"), numbered(["3=PER", "7=LOC"])
        ({0: 'O', 1: 'B-PER'}, {3: 'PER', 7: 'LOC'})
    """
    found: dict[int, str] = {}
    for place, name in enumerate(names.split(",") if isinstance(names, str) else names):
        told = _NUMBERED.fullmatch(name)
        found[int(told[1]) if told else place] = told[2] if told else name.strip()
    return found


def names_in_file(path: PathLike) -> list[str]:
    """The names in a file, each as ``NUMBER=NAME``.

    Args:
        path: A list of names or of objects that have a number and a name, an object with both (``id2label`` or
            ``label2id`` of a model, also inside of its ``config.json``), or a name a line.

    Raises:
        OptionError: There are none in it.
        FormatError: The file cannot be read.
    """
    lines = list(read_lines(path))
    text = "\n".join(lines)
    if not text.lstrip().startswith(("[", "{")):
        return [f"{number}={line.strip()}" for number, line in enumerate(lines) if line.strip()]
    try:
        found = _of_json(parse_json(text))
    except ValueError as error:
        raise OptionError(f"{name_of(path)} is not valid JSON ({error})", hint=_FILE_HINT) from error
    if not found:
        raise OptionError(f"{name_of(path)} holds no names of labels", hint=_FILE_HINT)
    return [f"{number}={name}" for number, name in found.items()]


def _of_json(value: Any) -> dict[int, str]:
    if isinstance(value, Mapping):
        for key in ("id2label", "label2id"):
            if isinstance(value.get(key), Mapping):
                return _of_json(value[key])
        pairs = [(key, one) if str(key).isdecimal() else (one, key) for key, one in value.items()]
    elif isinstance(value, list) and all(isinstance(one, str) for one in value):
        pairs = list(enumerate(value))
    elif isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
        pairs = [(one.get("id"), next((one[key] for key in _NAME_KEYS if key in one), None)) for one in value]
    else:
        pairs = []
    return {int(number): name for number, name in pairs if str(number).isdecimal() and isinstance(name, str)}
