"""WikiANN, or PAN-X: entities of Wikipedia, in the splits of Rahimi et al. 2019 and the languages of XTREME."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from crosspan.core.errors import FormatError
from crosspan.core.types import Pair, Sentence
from crosspan.suites.folder import Folder
from crosspan.suites.reading import (
    Gold,
    find_translation,
    json_rows,
    read_gold,
    read_records,
    read_translation,
    with_tokens,
)
from crosspan.suites.suite import About, Found, Material, MissingData, Need

_HINT = r"wikiann|pan-?x"
_CLASSES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
"""What the numbers stand for where tags are exported as numbers, as the Hugging Face hub has them."""

ABOUT = About(
    name="wikiann",
    title="WikiANN (PAN-X of XTREME): entities in 39 languages beside English",
    languages=(
        *("af", "ar", "bg", "bn", "de", "el", "es", "et", "eu", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja"),
        *("jv", "ka", "kk", "ko", "ml", "mr", "ms", "my", "nl", "pt", "ru", "sw", "ta", "te", "th", "tl", "tr", "ur"),
        *("vi", "yo", "zh"),
    ),
    more_languages=("en", "kin"),
    aliases={"swa": "sw", "yor": "yo", "rw": "kin"},
    pipelines=("tagger", "translate-test", "translate-train", "ensemble"),
    ignore=("DATE", "MISC"),
    download="https://huggingface.co/datasets/google/xtreme",
    caveats=("Means over 40 languages have English among them.",),
)


class Wikiann:
    """Reads the layouts of XTREME, of exports in JSON lines and Parquet, of Babelscape and of Masakhane."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the parts that are needed; see :class:`crosspan.suites.suite.Suite`."""
        splits = [split for split, need in (("test", "source"), ("train", "train")) if need in needs]
        if splits and translations is None:
            raise MissingData("no translations: there are none to download; name a folder of your own (--translations)")
        found: dict[str, tuple[Path, ...]] = {"test": (_file(folder, lang, "test"),)}
        for split in splits:
            assert translations is not None
            found[split] = (_file(folder, lang, split),)
            found[f"{split}-translated"] = (find_translation(translations, _codes(lang), split),)
        return found

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read what was found; see :class:`crosspan.suites.suite.Suite`."""
        gold, lenient = _read(found["test"][0], lang)
        source = _translated(found, "test", gold)
        train: list[Pair] = []
        if "train" in needs:
            targets = _read(found["train"][0], lang)[0]
            train = list(map(Pair, _translated(found, "train", targets), targets))
        notes = (f"{len(train):,} translated sentences to train on",) if train else ()
        return Material(gold=gold, lenient=lenient, source=source, train=train, n_total=len(gold), notes=notes)


def _codes(lang: str) -> list[str]:
    return [lang, *(code for code, known in ABOUT.aliases.items() if known == lang)]


def _file(folder: Folder, lang: str, split: str) -> Path:
    code = f"({'|'.join(_codes(lang))})"
    for pattern in (
        rf"(^|/){code}/{split}([.](txt|tsv|conll|conllu|iob2|jsonl|parquet))?$",
        rf"(^|/){code}[.]{split}[.](txt|tsv|conll|conllu|iob2|jsonl)$",
        rf"(^|/){split}-{code}([.](tsv|txt))?$",
        rf"(^|/)(wikiann|pan-?x)[-_.]{code}[-_.]{split}[.](jsonl|parquet|txt|tsv)$",
        rf"(^|/)(pan-?x[.])?{code}/{split}-00000-of-00001[.]parquet$",
    ):
        path = folder.first(pattern, hint=_HINT)
        if path is not None:
            return path
    packed = folder.first(rf"(^|/){code}[.]tar[.]gz$")
    if packed is not None:
        raise MissingData(f"no {lang}/{split}: unpack {packed.name}", hint=ABOUT.download)
    raise MissingData(f"no {lang}/{split} of PAN-X or WikiANN", hint=ABOUT.download)


def _translated(found: Found, split: str, targets: Sequence[Sentence]) -> list[Sentence]:
    if f"{split}-translated" not in found:
        return []
    return read_translation(found[f"{split}-translated"][0], targets, found[split][0])


def _read(path: Path, lang: str) -> Gold:
    if path.suffix == ".jsonl":
        return read_records([_named(row, path) for row in json_rows(path)], path, lang)
    gold = read_gold(path, lang, format="parquet" if path.suffix == ".parquet" else "conll")
    marks = {token.partition(":")[0] for one in gold[0][:50] for token in one.tokens}
    if len(marks) != 1 or next(iter(marks)) not in (lang, *ABOUT.aliases, *ABOUT.languages, *ABOUT.more_languages):
        return gold
    mark = f"{marks.pop()}:"
    return with_tokens(gold, lambda token: token.removeprefix(mark) or token)


def _named(row: Mapping[str, object], path: Path) -> dict[str, object]:
    """A row with the names of its tags in place of their numbers."""
    tags = row.get("ner_tags")
    if isinstance(tags, list) and tags and all(type(tag) is int for tag in tags):
        if not all(0 <= tag < len(_CLASSES) for tag in tags):
            raise FormatError(
                f"tag {max(tags)} is not one of WikiANN's {len(_CLASSES)}",
                where=str(path),
                hint=f"They count from 0: {', '.join(_CLASSES)}.",
            )
        return {"tokens": row.get("tokens"), "ner_tags": [_CLASSES[tag] for tag in tags]}
    return {"tokens": row.get("tokens"), "ner_tags": tags}


SUITE = Wikiann()
