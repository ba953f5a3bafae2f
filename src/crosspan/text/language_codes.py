"""Codes of languages that there are: ISO 639 as in the IANA registry of language subtags."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean

_CODE = re.compile(r"([A-Za-z]{2,3})((?:[-_][A-Za-z0-9]{1,8})*)\Z")
_PRIVATE = re.compile(r"q[a-t][a-z]\Z|x\Z|xx\Z")
"""Codes for private use; ``xx`` is what spaCy calls no language in particular."""
_COMMON = [
    "en", "fr", "de", "es", "pt", "it", "nl", "sv", "da", "no", "fi", "pl", "cs", "sk", "ru", "uk", "bg", "ro",
    "hu", "el", "tr", "ar", "fa", "he", "hi", "bn", "ta", "te", "zh", "ja", "ko", "th", "vi", "id", "ms", "sw",
    "ha", "yo", "ig", "zu", "xh", "st", "tn", "sn", "ny", "rw", "lg", "am", "om", "so", "ti", "wo", "bm", "ee",
    "tw", "ak", "ff", "ln", "kk", "gsw",
]  # fmt: skip
"""Codes that are likelier meant than others."""


@cache
def _codes() -> frozenset[str]:
    return frozenset(Path(__file__).with_suffix(".txt").read_text("ascii").split())


def check_language(name: str | None, *, what: str = "the language") -> None:
    """Raise where a code of a language does not exist.

    Args:
        name: A code, with a script or country behind it or without, such as ``"sw"``, ``"lug_Latn"`` or ``"pt-BR"``; or
            the name of a language, which is looked up where ``langcodes`` is installed. ``None`` and ``""`` are fine.
        what: What it is the language of, for the error.

    Raises:
        OptionError: There is no such language; the error names the nearest.

    Example:
        >>> check_language("pt-BR")
        >>> check_language("engl")
        Traceback (most recent call last):
        crosspan.core.errors.OptionError: the language: there is no language 'engl'. Did you mean 'en'?
    """
    if not name:
        return
    found = _CODE.match(name)
    if found is not None and (found[1].lower() in _codes() or _PRIVATE.match(found[1].lower())):
        return
    if found is None and len(name) > 3 and _is_name(name):
        return
    raise OptionError(f"{what}: there is no language {name!r}", hint=_nearest(name))


def _is_name(name: str) -> bool:
    """Whether this may be the name of a language."""
    if find_spec("langcodes") is None or find_spec("language_data") is None:
        return len(name) > 4 and name.replace(" ", "").isalpha()
    from langcodes import find

    try:
        find(name)
    except LookupError:
        return False
    return True


def _nearest(name: str) -> str:
    first = re.split(r"[-_ ]", name.lower())[0]
    starts = [code for code in _COMMON if len(first) > 3 and first.startswith(code)]
    if starts:
        return f"Did you mean {starts[0]!r}?"
    otherwise = "Write its code by ISO 639, such as sw or lug."
    if (near := did_you_mean(first, _COMMON, otherwise="")) != "":
        return near
    return did_you_mean(first, sorted(_codes()), otherwise=otherwise)
