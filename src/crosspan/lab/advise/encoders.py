"""Which languages pre-trained encoders have seen, by what their makers published."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from crosspan.core.carried import CARRIED
from crosspan.core.errors import OptionError
from crosspan.core.json_text import parse_json
from crosspan.models.loading import neural
from crosspan.translate.languages import Language, understand

_UNICODE_NAMES = {
    "Beng": ("Bengali",),
    "Cans": ("Canadian_Aboriginal",),
    "Hans": ("Han",),
    "Hant": ("Han",),
    "Jpan": ("Han", "Hiragana", "Katakana"),
    "Kore": ("Hangul",),
    "Mtei": ("Meetei_Mayek",),
    "Nkoo": ("Nko",),
    "Olck": ("Ol_Chiki",),
    "Orya": ("Oriya",),
}
"""What Unicode calls scripts that have another name in English."""


@dataclass(frozen=True, slots=True)
class Pretraining:
    """What an encoder was pre-trained on.

    Args:
        key: Its name in the data.
        title: Its name for readers.
        read: Where the list was read.
        note: What else to know of it.
        languages: The list, as tags; with a script where a language is there in one that is not its usual one.
    """

    key: str
    title: str
    read: str
    note: str | None
    languages: tuple[str, ...]

    def scripts_of(self, language: str) -> tuple[str, ...] | None:
        """The scripts in which a language is on the list, by their Unicode names; ``None`` where it is not on it.

        A list names languages, not scripts: where it is silent, the script is the usual one, after CLDR.

        Args:
            language: Any usual form of it: ``"Luganda"``, ``"lg"``, ``"lug"``.

        Raises:
            OptionError: Nobody knows such a language.
            MissingDependencyError: ``crosspan[neural]`` is not installed.

        Example:
            >>> known = pretraining_of("xlm-roberta-base")
            >>> known.scripts_of("Swahili"), known.scripts_of("hi"), known.scripts_of("lug")
            (('Latin',), ('Devanagari', 'Latin'), None)
        """
        wanted = language_of(language)
        found = [one for one in _understood(self.languages) if one.language == wanted.language]
        return tuple(dict.fromkeys(name for one in found for name in usual_scripts(one))) if found else None

    def scripts(self) -> frozenset[str]:
        """The scripts of all languages on the list."""
        return frozenset(name for one in _understood(self.languages) for name in usual_scripts(one))


def language_of(name: str) -> Language:
    """What language a name means.

    Raises:
        OptionError: Nobody knows.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    found = understand(name)
    if found is None:
        raise OptionError(
            f"{name!r} is not a language that is known here",
            hint="Write its English name or its code, such as Luganda, lg or lug.",
        )
    return found


def usual_scripts(language: Language) -> tuple[str, ...]:
    """The script that was named with a language, or else the one that it is usually written in.

    Returns:
        Its Unicode names, several where a language mixes scripts; none where nobody knows.

    Example:
        >>> usual_scripts(language_of("ja")), usual_scripts(language_of("hi-Latn"))
        (('Han', 'Hiragana', 'Katakana'), ('Latin',))
    """
    code = language.script or language.likely
    if code is None:
        return ()
    names = _UNICODE_NAMES.get(code)
    return names or (str(neural("the name of a script", "langcodes").Language.make(script=code).script_name()),)


@cache
def _understood(tags: Sequence[str]) -> tuple[Language, ...]:
    return tuple(language_of(tag) for tag in tags)


def pretraining_lists() -> dict[str, Pretraining]:
    """The lists that come with the package, by their keys.

    Example:
        >>> list(pretraining_lists())
        ['xlm-r', 'e5', 'mdeberta-v3', 'mbert', 'mt5', 'afro-xlm-r']
    """
    return {key: Pretraining(key, **_about(key)) for key in _data()}


def _about(key: str) -> dict[str, Any]:
    entry = _data()[key]
    wider = entry["extends"]
    languages = [*(_about(wider)["languages"] if wider else ()), *entry["languages"].split()]
    kept = {name: entry[name] for name in ("title", "read", "note")}
    return {**kept, "languages": tuple(dict.fromkeys(languages))}


@cache
def _data() -> dict[str, Any]:
    text = files("crosspan.lab.advise").joinpath("encoders.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def pretraining_of(encoder: str | os.PathLike[str]) -> Pretraining | None:
    """The list of an encoder, by its name on the hub or, for a folder, by the names of the folder and in its settings.

    Args:
        encoder: Name on the hub, a folder, or the key of a list.

    Returns:
        ``None`` where no list is known: it may have seen anything.

    Example:
        >>> pretraining_of("FacebookAI/xlm-roberta-large-finetuned-conll03-english").title
        'XLM-R'
        >>> pretraining_of("Davlan/afro-xlmr-large-76L") is None  # has a list of its own, which is not here
        True
    """
    lists = pretraining_lists()
    for name in _names(os.fspath(encoder)):
        for key, one in lists.items():
            if name == key or re.fullmatch(_data()[key]["pattern"], name):
                return one
    return None


def _names(encoder: str) -> Iterator[str]:
    if encoder in CARRIED:
        yield CARRIED[encoder].hub.rpartition("/")[2]
        return
    yield encoder.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    settings = Path(encoder) / "config.json"
    if settings.is_file():
        try:
            known = parse_json(settings.read_bytes())
        except (OSError, ValueError):
            return
        name = known.get("_name_or_path") if isinstance(known, dict) else None
        if isinstance(name, str) and name:
            yield name.rpartition("/")[2]
