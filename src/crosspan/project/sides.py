"""The languages of the two sides of a pair, for methods whose models must be told."""

from __future__ import annotations

from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence


def language_of(given: str, sentence: Sentence, setting: str) -> str:
    """The language of a sentence: the one that is set, else that of the sentence itself.

    Args:
        given: The language that is set; empty where none is.
        sentence: The sentence.
        setting: The name of the setting, for the error; it ends in ``source_lang`` or ``target_lang``.

    Raises:
        OptionError: Neither is known.

    Example:
        >>> language_of("", Sentence(("Ada",), lang="sw"), "target_lang")
        'sw'
    """
    language = given or sentence.lang
    if not language:
        side = setting.rpartition(".")[2].removesuffix("_lang")
        raise OptionError(
            f"the language of the {side} sentences is not known",
            where=sentence.id,
            hint=f"Name it, such as {setting}=en.",
        )
    return language
