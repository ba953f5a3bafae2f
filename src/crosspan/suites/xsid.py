"""xSID: slots of requests to an assistant, translated from English by hand (van der Goot et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crosspan.core.errors import PairError
from crosspan.core.types import Pair, Sentence
from crosspan.suites.folder import Folder
from crosspan.suites.reading import read_gold, token_pairs
from crosspan.suites.suite import About, Found, Material, MissingData, Need

_HINT = r"xsid"

ABOUT = About(
    name="xsid",
    title="xSID: gold English slots projected onto their translations",
    languages=(
        *("ar", "da", "de", "de-ba", "de-muc", "de-st", "gsw", "id", "it", "ja", "kk", "lt", "nap", "nl", "no"),
        *("sr", "tr", "zh"),
    ),
    pipelines=("projection",),
    download="https://github.com/mainlp/xsid",
    family="xsid",
)


class Xsid:
    """Reads ``de.test.conll`` and the like; sentences belong together by their number in the English file."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find both sides, and the validation part to learn from; see :class:`crosspan.suites.suite.Suite`."""
        found: dict[str, tuple[Path, ...]] = {"gold": (_file(folder, lang),), "source": (_file(folder, "en"),)}
        if "bitext" in needs:
            valid = [folder.first(_pattern(one, "valid"), hint=_HINT) for one in ("en", lang)]
            found["bitext"] = tuple(path for path in valid if path) if all(valid) else ()
        return found

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read both sides; see :class:`crosspan.suites.suite.Suite`."""
        gold, lenient = read_gold(found["gold"][0], lang)
        source = _partners(read_gold(found["source"][0], "en")[1], gold, found["gold"][0])
        bitext = []
        if found.get("bitext"):
            english, path = found["bitext"]
            other = read_gold(path, lang)[1]
            bitext = token_pairs(map(Pair, _partners(read_gold(english, "en")[1], other, path), other))
        return Material(gold=gold, lenient=lenient, source=source, bitext=bitext, n_total=len(gold))


def _partners(english: Sequence[Sentence], others: Sequence[Sentence], path: Path) -> list[Sentence]:
    """The English sentence of each other one; some languages have a part of them only."""
    if all(one.id is None for one in others) and len(others) == len(english):
        return list(english)
    found = []
    for number, one in enumerate(others, 1):
        place = int(one.id) if one.id and one.id.isdecimal() else 0
        if not 0 < place <= len(english):
            raise PairError(
                f"sentence {number} has the id {one.id!r}, which is no number of an English sentence",
                where=str(path),
                hint=f"The English file has {len(english)} sentences: download both in the same version.",
            )
        found.append(english[place - 1])
    return found


def _pattern(lang: str, split: str) -> str:
    return rf"(^|/){lang}[.]{split}[.]conll$"


def _file(folder: Folder, lang: str) -> Path:
    path = folder.first(_pattern(lang, "test"), hint=_HINT)
    if path is None:
        raise MissingData(f"no {lang}.test.conll", hint=ABOUT.download)
    return path


SUITE = Xsid()
