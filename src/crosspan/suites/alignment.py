"""Word alignment: XL-WA in ten languages (Martelli et al. 2023), and the test sets that AWESOME comes with."""

from __future__ import annotations

from pathlib import Path

from crosspan import io
from crosspan.core.errors import AlignmentError, FormatError, PairError
from crosspan.core.types import Alignment, Sentence
from crosspan.suites.folder import Folder
from crosspan.suites.reading import find_ntrex, read_ntrex
from crosspan.suites.suite import About, Found, Material, MissingData, Need, TokenPair

_XL_WA = ("bg", "da", "es", "et", "hu", "it", "nl", "pt", "ru", "sl")
_EXAMPLES = ("en-fr", "de-en", "ro-en", "ja-en", "zh-en")
_XL_WA_URL = "https://github.com/SapienzaNLP/XL-WA"
_EXAMPLES_URL = "https://github.com/neulab/awesome-align"

ABOUT = About(
    name="alignment",
    title="Word links against hand-made ones",
    languages=(*(f"en-{lang}" for lang in _XL_WA), *_EXAMPLES),
    aliases={lang: f"en-{lang}" for lang in _XL_WA} | {"fr": "en-fr", "ro": "ro-en", "ja": "ja-en", "zh": "zh-en"},
    pipelines=("alignment",),
    download=_XL_WA_URL,
    caveats=(
        "Ours learns from the sentences at hand, and from the development part and NTREX where they are in the folder; "
        "published aligners learned from other, larger text.",
    ),
)


class AlignmentSuite:
    """Reads ``LANG/test.tsv`` of XL-WA, and ``enfr.src-tgt`` with ``enfr.gold``, which counts from 1."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find pairs, gold links and other text; see :class:`crosspan.suites.suite.Suite`."""
        found: dict[str, tuple[Path, ...]] = {}
        if lang in _EXAMPLES:
            name = lang.replace("-", "")
            for role, suffix in (("pairs", "src-tgt"), ("links", "gold")):
                path = folder.first(rf"(^|/){name}[.]{suffix}$")
                if path is None:
                    raise MissingData(f"no {name}.{suffix}", hint=_EXAMPLES_URL)
                found[role] = (path,)
        else:
            found["pairs"] = (_xl_wa(folder, lang, "test"),)
        if "bitext" in needs:
            found["ntrex"] = find_ntrex(folder, _other(lang))
            try:
                found["dev"] = () if lang in _EXAMPLES else (_xl_wa(folder, lang, "dev"),)
            except MissingData:
                found["dev"] = ()
        return found

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read pairs and links; see :class:`crosspan.suites.suite.Suite`."""
        path = found["pairs"][0]
        source_lang, target_lang = lang.split("-")
        pairs = _pairs(path)
        links = io.read_gold_links(found.get("links", (path,))[0], start=1 if "links" in found else 0)
        if len(links) != len(pairs):
            raise PairError(
                f"{len(links)} lines of links, but {path.name} has {len(pairs)} pairs", where=str(found["links"][0])
            )
        for number, (pair, gold) in enumerate(zip(pairs, links, strict=True), 1):
            try:
                Alignment.from_links(gold.possible | gold.sure).check(len(pair[0]), len(pair[1]))
            except AlignmentError as error:
                raise AlignmentError(error.message, where=f"{path}:{number}", hint=error.hint) from error
        bitext: list[TokenPair] = [pair for one in found.get("dev", ()) for pair in _pairs(one) if all(pair)]
        ntrex = read_ntrex(found.get("ntrex", ()), _other(lang))
        bitext += ntrex if source_lang == "en" else [(other, english) for english, other in ntrex]
        return Material(
            gold=[Sentence(tuple(target), lang=target_lang) for _, target in pairs],
            source=[Sentence(tuple(source), lang=source_lang) for source, _ in pairs],
            source_lang=source_lang,
            links=links,
            bitext=bitext,
            n_total=len(pairs),
        )


def _other(lang: str) -> str:
    return next(part for part in lang.split("-") if part != "en")


def _xl_wa(folder: Folder, lang: str, split: str) -> Path:
    path = folder.first(rf"(^|/)({lang}[.]{split}|{_other(lang)}/{split})[.]tsv$", hint=r"xl[-_]?wa")
    if path is None:
        raise MissingData(f"no {_other(lang)}/{split}.tsv of XL-WA", hint=_XL_WA_URL)
    return path


def _pairs(path: Path) -> list[TokenPair]:
    found = [(source.split(), target.split()) for source, target in io.read_bitext(path)]
    if not found:
        raise FormatError("the file holds no sentence pair", where=str(path))
    return list(found)


SUITE = AlignmentSuite()
