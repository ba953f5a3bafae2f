"""The languages that Apertium's released pairs have, so that they can be named without any other package.

Its modes are called by codes of two or three letters, and Debian's packages by either; here a language is its code of
three letters.
"""

from __future__ import annotations

import re

from crosspan.core.errors import MissingDependencyError

_TABLE = """
afr af Afrikaans; arg an Aragonese; ast - Asturian; bel be Belarusian; bre br Breton; bul bg Bulgarian; cat ca Catalan;
dan da Danish; deu de German; eng en English; epo eo Esperanto; eus eu Basque; fra fr French; frp - Arpitan;
glg gl Galician; hbs sh Serbo-Croatian; hin hi Hindi; ind id Indonesian; isl is Icelandic; ita it Italian;
mkd mk Macedonian; nld nl Dutch; nno nn Nynorsk; nob nb Bokmål; oci oc Occitan; pol pl Polish; por pt Portuguese;
ron ro Romanian; rus ru Russian; slv sl Slovenian; spa es Spanish; srd sc Sardinian; swe sv Swedish; szl - Silesian;
ukr uk Ukrainian; urd ur Urdu; zlm ms Malay
"""
_ALSO = {
    "no": "nob", "nor": "nob", "norwegian": "nob", "norwegian nynorsk": "nno", "norwegian bokmål": "nob",
    "sr": "hbs", "srp": "hbs", "serbian": "hbs", "hr": "hbs", "hrv": "hbs", "croatian": "hbs",
    "bs": "hbs", "bos": "hbs", "bosnian": "hbs", "msa": "zlm", "zsm": "zlm", "castilian": "spa", "slovene": "slv",
    "valencian": "cat", "baq": "eus", "dut": "nld", "fre": "fra", "ger": "deu", "ice": "isl", "mac": "mkd",
    "rum": "ron",
}  # fmt: skip

_PAIRS = """
afr-nld arg-cat bel-rus br-fr cat-ita cat-srd dan-nor en-gl eng-cat eng-spa eo-ca eo-en eo-es eo-fr es-gl es-pt es-ro
eu-en eu-es fr-es fra-cat fra-frp hbs-eng hbs-mkd hbs-slv ind-zlm isl-eng isl-swe mkd-bul mkd-eng nno-nob oc-ca oc-es
oci-fra pol-szl por-cat pt-gl rus-ukr spa-arg spa-ast spa-cat spa-ita srd-ita swe-dan swe-nor urd-hin
"""
PACKAGES = tuple(_PAIRS.split())
"""The pairs that Debian has packages of, each as ``apertium-PAIR``. Most work in both directions, some in one."""

_ROWS = [row.split(maxsplit=2) for row in _TABLE.replace("\n", " ").split(";")]
_NAMES = {three: name for three, _, name in _ROWS}
_CODES = _ALSO | {form.casefold(): row[0] for row in _ROWS for form in row if form != "-"}


def three_letters(name: str) -> str | None:
    """The code of three letters of a language; ``None`` where it is not understood.

    Example:
        >>> [three_letters(name) for name in ("Spanish", "es-MX", "spa_Latn", "en", "Valencian", "hr")]
        ['spa', 'spa', 'spa', 'eng', 'cat', 'hbs']
    """
    wanted = name.strip().casefold()
    found = _CODES.get(wanted) or _CODES.get(re.split(r"[-_]", wanted)[0])
    if found is not None:
        return found
    from crosspan.translate.languages import understand

    try:
        language = understand(name)
    except MissingDependencyError:
        return None
    return None if language is None else _CODES.get(language.language, language.exact)


def english(name: str) -> str:
    """The English name of a language; the name as it is where it is not understood.

    Example:
        >>> english("cat"), english("Elvish")
        ('Catalan', 'Elvish')
    """
    code = three_letters(name)
    if code is None or code in _NAMES:
        return _NAMES[code] if code is not None else name
    from crosspan.translate.languages import english_name

    return english_name(name)


def variants_of(name: str) -> set[str]:
    """What a name says beside the language, such as a country.

    Example:
        >>> sorted(variants_of("ca-ES-valencia")), variants_of("Valencian")
        (['es', 'valencia'], {'valencia'})
    """
    wanted = name.strip().casefold()
    return {"valencia"} if wanted == "valencian" else set(re.split(r"[-_]", wanted)[1:])


def packages_for(one: str | None, other: str | None) -> list[str]:
    """Debian's packages for a pair of languages, given by three letters.

    Example:
        >>> packages_for("eng", "glg"), packages_for("eng", "lug")
        (['apertium-en-gl'], [])
    """
    wanted = {one, other}
    norwegian = "nno" if "nno" in wanted else "nob"  # some packages are for both forms of it

    def languages(pair: str) -> set[str | None]:
        return {norwegian if code == "nor" else three_letters(code) for code in pair.split("-")}

    return [f"apertium-{pair}" for pair in PACKAGES if languages(pair) == wanted]
