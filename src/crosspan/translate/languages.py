"""From the name of a language, in any usual form, to the code that a model has for it.

``"Luganda"``, ``"lg"``, ``"lug"``, ``"lug_Latn"`` and ``"lug-UG"`` are one language, and NLLB calls it ``lug_Latn``,
M2M100 ``lg``, MADLAD ``lg``. The codes come from the model at hand; what they mean, and which script a language is
usually written in, comes from ``langcodes``, which is asked only where a name is not one of the codes itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from crosspan.core.errors import MissingDependencyError, OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.models.loading import neural

_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*\Z")

_FAR = 80
"""From this distance on, CLDR takes speakers of one language not to understand the other."""

_IN_SCRIPT = re.compile(r"(.+?) \((?:in )?(\w+)\)\Z")

_ALSO = {
    "naija": "pcm",
    "nigerian pidgin english": "pcm",
    "ghomala": "bbj",
    "runyankore": "nyn",
    "oromo": "om",
    "oriya": "or",
    "persian (afghanistan)": "prs",
    "valencian": "ca",
    "bokmål": "nb",
    "simplified chinese": "zh-Hans",
    "traditional chinese": "zh-Hant",
    "ns": "nso",  # M2M100's code for Northern Sotho
}
"""Names that ``langcodes`` does not know, or takes for something else."""

_WHOLE = {
    "pbt": "ps",
    "quy": "qu",
    "fuv": "ff",
    "dik": "din",
    "nb": "no",
    "cmn": "zh",
    "ekk": "et",
    "swh": "sw",
    "gom": "kok",
    "taq": "tmh",
}
"""Individual languages that stand for a wider one, beyond those that CLDR names."""


class Language(NamedTuple):
    """A language that a name was understood as.

    Args:
        tag: Its tag, such as ``"zh-Hant"``.
        language: The language by its usual subtag, with members of a wider language folded into it: ``"zh"``.
        exact: The same before that, by its three letters: ``"zho"``.
        script: The script, where it was named.
        likely: The script that it is usually written in.
        territory: The country, where it was named.
    """

    tag: str
    language: str
    exact: str
    script: str | None
    likely: str | None
    territory: str | None


def _langcodes() -> Any:
    neural("the name of a language", "language_data")  # without it langcodes knows no names
    return neural("the name of a language", "langcodes")


@lru_cache(maxsize=4096)
def understand(name: str) -> Language | None:
    """What language a name or a code means; ``None`` where nobody knows.

    Raises:
        MissingDependencyError: ``langcodes`` is not installed.

    Example:
        >>> [understand(name).tag for name in ("Luganda", "lug_Latn", "en-GB", "zh_Hant", "Yorùbá")]
        ['lg', 'lg-Latn', 'en-GB', 'zh-Hant', 'yo']
    """
    langcodes = _langcodes()
    wanted = name.strip()
    tag = _ALSO.get(wanted.casefold()) or _with_script(wanted)
    if tag is None and _TAG.match(wanted):
        tag = wanted.replace("_", "-")
        tag = tag if langcodes.tag_is_valid(tag) else None
    if tag is None:
        tag = _named(langcodes, wanted)
    if tag is None or tag == "und":
        return None
    found = langcodes.get(tag)
    whole = langcodes.get(langcodes.standardize_tag(tag, macro=True))
    first = str(found.language)
    language = _WHOLE.get(first) or _WHOLE.get(str(whole.language)) or str(whole.language)
    named = re.match(r"[A-Za-z]{3}(?![A-Za-z])", tag)  # prs becomes fa-AF, and its letters are still its own
    exact = named[0].lower() if named else found.to_alpha3()
    return Language(str(found), language, exact, found.script, found.maximize().script, found.territory)


def _with_script(name: str) -> str | None:
    """The tag of a name that is followed by a script, such as ``"Kashmiri (Devanagari)"``."""
    match = _IN_SCRIPT.match(name)
    script = _scripts().get(match[2].casefold()) if match else None
    language = understand(match[1]) if match and script else None
    return f"{language.tag}-{script}" if language is not None and language.script is None else None


@cache
def _scripts() -> dict[str, str]:
    """The code of each script by its English name."""
    langcodes = _langcodes()
    tags = ("en", "ru", "ar", "hi", "zh", "zh-TW", "ja", "zgh", "mni-Mtei")
    codes = {langcodes.get(tag).maximize().script for tag in tags}
    return {langcodes.Language.make(script=code).script_name().casefold(): code for code in codes}


def _named(langcodes: Any, name: str) -> str | None:
    """The tag of a language by its name in any language, with or without its accents."""
    plain = "".join(c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    for form in dict.fromkeys((name, plain)):
        try:
            return str(langcodes.find(form))
        except LookupError:
            continue
    return None


def code_of(name: str, codes: Sequence[str], *, what: str = "the model") -> str:
    """The code that a model has for a language.

    Args:
        name: Any usual form of the language: its name, its tag, its code of two or three letters.
        codes: All codes of the model, such as ``lug_Latn``, ``lg`` or ``pt_BR``.
        what: Who has the codes, for errors.

    Returns:
        One of ``codes``. Where a language has several, the one in the script that was named, or else in the script
        that the language is usually written in.

    Raises:
        OptionError: The language is not among them; the error names the nearest.
        MissingDependencyError: The name is not one of the codes, and ``langcodes`` is not installed.

    Example:
        >>> flores = ["eng_Latn", "lug_Latn", "zho_Hans", "zho_Hant", "arb_Arab", "arz_Arab", "srp_Cyrl"]
        >>> [code_of(name, flores) for name in ("Luganda", "en-GB", "Chinese", "zh-TW", "ar", "Serbian")]
        ['lug_Latn', 'eng_Latn', 'zho_Hans', 'zho_Hant', 'arb_Arab', 'srp_Cyrl']
    """
    same = {code.casefold().replace("-", "_"): code for code in reversed(codes)}
    itself = same.get(name.strip().casefold().replace("-", "_"))
    if itself is not None:
        return itself
    wanted = understand(name)
    if wanted is None:
        raise OptionError(f"{name!r} is not a language that is known here", hint=_near_name(name, codes))
    found = [(code, known) for code, known in _understood(tuple(codes)) if known is not None and _fits(wanted, known)]
    if not found:
        raise OptionError(f"{what} does not know {_shown(wanted)}", hint=_near_language(wanted, codes))
    script = wanted.script or wanted.likely

    distance = _langcodes().tag_distance

    def order(item: tuple[str, Language]) -> tuple[bool, bool, bool, bool, int]:
        known = item[1]
        return (
            known.exact != wanted.exact,
            (known.script or known.likely) != script,
            known.territory not in (None, wanted.territory),
            known.territory != wanted.territory,
            distance(wanted.tag, known.tag),
        )

    return min(found, key=order)[0]  # the first of those that are equal


def _fits(wanted: Language, known: Language) -> bool:
    if wanted.language != known.language:
        return False
    # a script is a wish only where it was named, and a code without one may be written in any
    return wanted.script is None or known.script is None or wanted.script == known.script


@cache
def _understood(codes: tuple[str, ...]) -> tuple[tuple[str, Language | None], ...]:
    """All codes with what they mean; one list a model, so that the cache stays small."""
    return tuple((code, understand(code)) for code in codes)


def same_language(one: str, other: str) -> bool | None:
    """Whether two names mean the same language, script and country left aside; ``None`` where one is unknown.

    Example:
        >>> same_language("Spanish", "es-MX"), same_language("es", "pt"), same_language("es", "ROMANCE")
        (True, False, None)
    """
    if one.casefold() == other.casefold():
        return True
    first, second = understand(one), understand(other)
    if first is None or second is None or _is_group(second) or _is_group(first):
        return None
    return first.language == second.language


def _is_group(language: Language) -> bool:
    """Whether this is a family of languages (``roa``, ``mul``): nobody speaks one."""
    return bool(len(language.language) == 3 and _langcodes().get(language.language).speaking_population() == 0)


def english_name(name: str) -> str:
    """The English name of a language, for prompts and messages; the name as it is where it is not understood.

    Example:
        >>> english_name("lug_Latn"), english_name("zh-Hant"), english_name("Elvish of old")
        ('Ganda', 'Chinese (Traditional)', 'Elvish of old')
    """
    found = understand(name)
    if found is None:
        return name
    langcodes = _langcodes()
    plain = langcodes.get(found.language)
    usual = found.script == found.likely and plain.maximize().script == found.script and found.language != "zh"
    language = langcodes.get(found.tag)
    if usual:
        language = langcodes.Language.make(language=language.language, territory=language.territory)
    return str(language.display_name())


def spoken_name(name: str | None) -> str:
    """A language as a language model knows it: by its English name, or as it is given where nothing knows that.

    Args:
        name: The language in any usual form; ``None`` and ``""`` give ``""``.

    Example:
        >>> spoken_name("lug"), spoken_name(None)
        ('Ganda', '')
    """
    if not name:
        return ""
    try:
        return english_name(name)
    except MissingDependencyError:
        return name


def _shown(language: Language) -> str:
    return f"{english_name(language.tag)} ({language.tag})"


def _near_name(name: str, codes: Iterable[str]) -> str:
    """A hint for a name that is not understood."""
    known: dict[str, str] = {}
    for code in codes:
        known[code.casefold()] = code
        language = understand(code)
        for form in (code, language.language if language is not None else code):
            known.setdefault(english_name(form).casefold(), f"{english_name(form)} ({code})")
    otherwise = "Write its English name or its code, such as sw or swh."
    return did_you_mean(name, known, shown=known, quoted=False, otherwise=otherwise)


def _near_language(wanted: Language, codes: Sequence[str]) -> str:
    """A hint for a language that is understood, but not among the codes."""
    langcodes = _langcodes()
    distances = [
        (langcodes.tag_distance(wanted.tag, known.tag), code)
        for code, known in _understood(tuple(codes))
        if known is not None
    ]
    distance, code = min(distances, key=lambda item: item[0], default=(_FAR, ""))
    if distance >= _FAR:
        return "Choose another model; it knows none that is near."
    return f"The nearest that it knows is {english_name(code)} ({code})."
