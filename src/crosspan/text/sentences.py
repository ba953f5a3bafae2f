"""Where sentences of running text end: rules for any script, no model.

A mark that ends nothing but sentences ends one wherever it stands: the danda, the full stops of Chinese, Japanese,
Ethiopic, Urdu, Burmese and Khmer, the Arabic and the Armenian question or full stop. ``.``, ``!``, ``?`` and ``…`` end
a sentence only where white space follows, and where neither what stands before them (an abbreviation, an initial, the
number of a list) nor what follows (a small letter) speaks against it. In doubt a text is left whole: two sentences in
one do little harm to a tagger, a name cut in two does.

Thai and Lao mark no ends; their texts stay whole, but for marks and line ends as above.
"""

from __future__ import annotations

import regex

_CLOSING = r"\p{Pe}\p{Pf}\p{Pi}\"'"
_OPENING = r"\p{Ps}\p{Pi}\p{Pf}\"'"
# Whatever Unicode takes for the end of a sentence and for nothing else, but for marks of Latin scripts.
_SURE = r"[\p{SB=STerm}--[!?‼⁇⁈⁉‽]]"
_SPACED_GUILLEMET = r"(?:[ \u00A0\u202F]»(?=[\s,;:.]|\Z))?"  # as French has it
_BREAK = r"\n(?:[^\S\n]*+\n)++|[\u2029\x0C]"  # an empty line, the end of a paragraph or of a page
_HARD = regex.compile(_BREAK, flags=regex.V1)
_GREEK = regex.compile(r"\p{Greek}\p{M}*\Z", flags=regex.V1)
_END = regex.compile(
    rf"""
    (?P<sure>(?:{_SURE}|፡፡)[{_SURE}!?.…‼⁇⁈⁉]*+[\p{{Pe}}\p{{Pf}}]*+)(?P<quotes>(?:"'?|'"?)?)
    |(?P<mark>[.!?…‼⁇⁈⁉‽\uFF0E;\u037E](?:[.!?…‼⁇⁈⁉‽]|\ (?=[.!?]))*+)
     (?P<close>[{_CLOSING}]*+{_SPACED_GUILLEMET})(?P<space>\s++|\Z)
    |(?P<break>{_BREAK})
    """,
    flags=regex.V1 | regex.VERBOSE,
)
_NEXT = regex.compile(
    rf"[{_OPENING}\p{{Pd}}•*[^\S\n\u2029\x0C]]*+(?P<asks>[¿¡])?[{_OPENING}]*+(?P<first>\X)?", flags=regex.V1
)
_GOES_ON = regex.compile(r"\s*+(?:[と、，,;；:：」』）)]|って|などと)", flags=regex.V1)
_INITIAL = regex.compile(r"(?![\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}])\X", flags=regex.V1)
_WORD = regex.compile(r"(?:[\p{L}\p{M}\p{N}]++[.'’\-])*+[\p{L}\p{M}\p{N}]++\Z", flags=regex.V1)
_LONGEST_WORD = 40

_BEFORE_NAMES = """
mr mrs ms dr drs prof profs st mt ft gen col lt capt sgt cpl cmdr adm maj rev hon gov sen sens rep reps
pres det supt messrs mx ee rr ff jj cc
vs viz cf al approx dept univ assn bros
hr hrn fr frl dipl ing mag abs bzw ca evtl ggf inkl exkl sog vgl zzgl allg bes ehem geb gest hrsg mind verh
mme mlle mm mgr sr sra srta dn dña d ud uds excmo ilmo sto sta av avda avv dott dot sig sigg sra gent
dhr mevr mw mej ir drs jhr ds
bw bi dkt mhe mch sh alh alhaji
ул пр просп пл обл респ акад доц проф им св гр тов стр илл рис см ср напр нар пос дер
ας κ κα κος δρ καθ
"""
_BEFORE_NUMBERS = """
no nos nr nrs núm num nº pp p pg pág págs pag s S art arts abb abs kap bd vol vols ch sec fig figs eq jg op lfd blz hfst
jan feb mar apr jun jul aug sep sept oct okt nov dec dez
č čl str ст п т с рис гл № nro
"""
_NEVER_LAST = """
e.g i.e z.b d.h u.a o.ä i.d.r z.t u.u v.a s.o s.u p.ej p.ex c.-à-d т.е т.к т.н b.v d.w.z o.a m.a.w t.ex bl.a f.eks
"""
_MONTHS = """
januar jänner februar märz april mai juni juli august september oktober november dezember
jahrhundert jahrhunderts jahrhunderten jh
januari februari mars maj augusti januarja ledna února března dubna května června července srpna září října listopadu
prosince stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
"""
_NAME_WORDS = frozenset(_BEFORE_NAMES.split())
_NUMBER_WORDS = frozenset(_BEFORE_NUMBERS.split())
_INNER_WORDS = frozenset(_NEVER_LAST.split())
_MONTH_WORDS = frozenset(_MONTHS.split())


def split_sentences(text: str) -> list[tuple[int, int]]:
    """Find the sentences of a text.

    Args:
        text: Any text, in any script. Line ends inside it are white space; an empty line ends a sentence.

    Returns:
        ``(start, end)`` of each sentence in code points, in order, without overlap and without white space at its
        ends. What stands between them is white space.

    Example:
        >>> text = "Dr. Ada Obi lives in the U.S. today. She left Accra on 3.5.2020! राम गया। सीता आई।"
        >>> [text[start:end] for start, end in split_sentences(text)]
        ['Dr. Ada Obi lives in the U.S. today.', 'She left Accra on 3.5.2020!', 'राम गया।', 'सीता आई।']
    """
    found: list[tuple[int, int]] = []
    begin = 0
    for match in _END.finditer(text):
        if match["break"] is not None:
            cut, after = match.start(), match.end()
        elif match["sure"] is not None:
            quotes = match.start("quotes")
            closing = text.count(text[quotes : quotes + 1], begin, quotes) % 2 == 1 if match["quotes"] else False
            cut = after = match.end() if closing else quotes  # an odd one closes, an even one opens the next sentence
            if _GOES_ON.match(text, after):
                continue
        else:
            cut, after = match.end("close"), match.end()
            hard = _HARD.search(match["space"])
            if after < len(text) and not hard and not _ends(text, begin, match):
                continue
        _add(found, text, begin, cut)
        begin = after
    _add(found, text, begin, len(text))
    return found


def _add(found: list[tuple[int, int]], text: str, begin: int, end: int) -> None:
    inside = text[begin:end]
    if stripped := inside.strip():
        start = begin + len(inside) - len(inside.lstrip())
        found.append((start, start + len(stripped)))


def _ends(text: str, begin: int, match: regex.Match[str]) -> bool:
    """Whether a mark that white space follows ends the sentence that begins at ``begin``."""
    mark, start = match["mark"], match.start()
    if mark[0] in ";\u037e":  # the Greek question mark, which is written like a semicolon
        return mark[0] == "\u037e" or bool(_GREEK.search(text[max(begin, start - 8) : start]))
    following = _NEXT.match(text, match.end())
    first = following["first"] or ""
    if following["asks"]:
        return True
    if not first or first[0].islower() or first[0] in ",;:":
        return False
    if mark != ".":
        # dots may stand for a pause; where there are no capital letters, nothing tells it from an end
        return (
            not (mark.startswith(("..", "…")) and mark.strip(".…") == "")
            or not first[0].isalpha()
            or _is_capital(first)
        )
    if match["close"]:
        return True
    word = _WORD.search(text[max(begin, start - _LONGEST_WORD) : start])
    if word is None:
        return True
    before = start - len(word[0])
    is_first = before - begin < _LONGEST_WORD and not text[begin:before].strip()
    return _may_end(word[0], is_first, text, following)


def _may_end(word: str, is_first: bool, text: str, following: regex.Match[str]) -> bool:
    """Whether a period after this word can be the end of a sentence."""
    small, first = word.lower(), following["first"]
    if word.isdecimal():
        if is_first:
            return False  # the number of a list
        return len(word) > 2 or _next_word(text, following) not in _MONTH_WORDS  # 3. Oktober
    if "." in word:  # U.S., z.B., but not p.m.
        last = word.rpartition(".")[2]
        return small not in _INNER_WORDS and (last.islower() or last[-1].isnumeric())
    if _INITIAL.fullmatch(word):
        return False  # J. Smith
    if small in _NAME_WORDS:
        return False
    return not (small in _NUMBER_WORDS and first[0].isnumeric())


def _next_word(text: str, following: regex.Match[str]) -> str:
    start = following.start("first")
    word = regex.match(r"[\p{L}\p{M}]+", text[start : start + _LONGEST_WORD])
    return word[0].lower() if word else ""


def _is_capital(first: str) -> bool:
    return first[0].isupper() or first[0].istitle()
