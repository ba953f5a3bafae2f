"""Whether a model reads other scripts in Latin letters; its configuration says so, wherever it is copied to.

An encoder that never saw a script can still know the names in it once they are written in Latin letters (Chau and
Smith 2021). That only works if what it learned from and what it labels are written alike, so a model carries the
setting, and programs that go against it get an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from crosspan.core.errors import OptionError
from crosspan.text.characters import composed
from crosspan.text.romanize import romanize_words

Romanize = Literal["auto", "yes", "no"]

KEY = "crosspan_romanize"
"""The name of the setting in ``config.json``."""


def check_romanize(wanted: str) -> None:
    """Raise unless this is a way to say whether words are romanised.

    Raises:
        OptionError: It is none.
    """
    if wanted not in get_args(Romanize):
        raise OptionError(f"romanize is {wanted!r}", hint=f"Choose one of {', '.join(get_args(Romanize))}.")


def recorded(config: Any) -> bool | None:
    """What the configuration of a model says; ``None`` where it says nothing."""
    found = getattr(config, KEY, None)
    return None if found is None else bool(found)


def record(model: Any, romanize: bool) -> None:
    """Let a model say, once it is saved, whether it reads other scripts in Latin letters."""
    setattr(model.config, KEY, romanize)


def to_train_with(config: Any, wanted: str, where: str) -> bool:
    """Whether a model that begins as this one is to learn from romanised words.

    Args:
        config: Of the model that training begins with.
        wanted: ``"yes"``, ``"no"``, or ``"auto"``: as that model was trained, and not where it does not say.
        where: Its name, for errors.

    Raises:
        OptionError: It was trained on romanised text, and its words are not to be romanised.
    """
    check_romanize(wanted)
    known = recorded(config)
    if known and wanted == "no":
        raise _contradiction(True, where)
    return bool(known) if wanted == "auto" else wanted == "yes"


def to_read_with(config: Any, wanted: str, where: str) -> bool:
    """Whether a model that is finished is to be given romanised words.

    Args:
        config: Of the model.
        wanted: ``"yes"``, ``"no"``, or ``"auto"``: as it was trained, and not where it does not say.
        where: Its name, for errors.

    Raises:
        OptionError: It was trained the other way.

    Example:
        >>> from types import SimpleNamespace as Config
        >>> to_read_with(Config(crosspan_romanize=True), "auto", "tagger"), to_read_with(Config(), "auto", "tagger")
        (True, False)
    """
    check_romanize(wanted)
    known = recorded(config)
    if known is not None and wanted != "auto" and known != (wanted == "yes"):
        raise _contradiction(known, where)
    return bool(known) if wanted == "auto" else wanted == "yes"


def as_read(sentences: Sequence[Sequence[str]], romanize: bool) -> Sequence[Sequence[str]]:
    """The words of sentences as a model reads them: composed (NFC), or romanised, in the same number.

    Example:
        >>> as_read([("в", "Москве")], True)
        [['v', 'Moskve']]
    """
    return [romanize_words(words) if romanize else composed(words) for words in sentences]


def _contradiction(known: bool, where: str) -> OptionError:
    how, said = ("romanised text", "no") if known else ("text that was not romanised", "yes")
    return OptionError(
        f"romanize is {said!r}, but the model was trained on {how}", where=where, hint="Leave romanize at auto."
    )
