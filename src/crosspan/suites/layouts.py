"""Layouts that data sets have in common: a suite of one of them is a declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from crosspan.core.types import Pair, Sentence
from crosspan.suites.folder import Folder
from crosspan.suites.labels import relabelled
from crosspan.suites.reading import check_counts, find_ntrex, no_translations, read_gold, read_ntrex, token_pairs
from crosspan.suites.suite import About, Found, Material, MissingData, Need, TokenPair


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """The file of an entry, found by the end of its path.

    Args:
        name: Its name, with folders where it needs them: one with ``{}`` in place of the entry, or that of each entry.
        download: Where it can be got, if not where the others of the suite can.
        hint: A regular expression for the path of the data set; see :meth:`crosspan.suites.folder.Folder.search`.
    """

    name: str | Mapping[str, str]
    download: Mapping[str, str] = field(default_factory=dict)
    hint: str | None = None

    def find(self, folder: Folder, entry: str, about: About) -> Path:
        """The likeliest file of that name.

        Raises:
            MissingData: There is none.

        Example:
            >>> import tempfile
            >>> about = About(name="mine", title="", languages=("de",), pipelines=("tagger",), download="")
            >>> with tempfile.TemporaryDirectory() as name:
            ...     _ = Path(name, "de.conll").write_text("")
            ...     NamedFile(name="{}.conll").find(Folder(name), "de", about).name
            'de.conll'
        """
        name = self.name.replace("{}", entry) if isinstance(self.name, str) else self.name[entry]
        path = folder.first(rf"(^|/){re.escape(name)}$", hint=self.hint)
        if path is None:
            raise MissingData(f"no {name}", hint=self.download.get(entry, about.download))
        return path


@dataclass(frozen=True, kw_only=True)
class OneSide:
    """Labelled sentences, one file an entry, of which there is no translation.

    Args:
        about: What is known of the suite.
        file: The file of an entry.
        labels: What each label is called here; ``None`` leaves them as they are.
        columns: What the columns hold, where that is not to be found out.
        format: The format of the file, one of :data:`crosspan.io.FORMATS`.
    """

    about: About
    file: NamedFile
    labels: Mapping[str, str] | None = None
    columns: str | None = None
    format: str = "conll"

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the file of an entry; see :class:`crosspan.suites.suite.Suite`."""
        no_translations(needs)
        return {"test": (self.file.find(folder, lang, self.about),)}

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read it; see :class:`crosspan.suites.suite.Suite`."""
        ((path,),) = found.values()
        gold = read_gold(path, self.about.code(lang), format=self.format, columns=self.columns)
        notes: tuple[str, ...] = ()
        if self.labels is not None:
            gold, notes = relabelled(gold, self.labels)
        return Material(gold=gold[0], lenient=gold[1], n_total=len(gold[0]), notes=notes)


def by_line(source: Sequence[Sentence], gold: Sequence[Sentence], source_path: Path, gold_path: Path) -> list[Sentence]:
    """The other side of each sentence, where both files have the same sentences in the same order.

    Raises:
        PairError: They have not as many.
    """
    check_counts(source, gold, source_path, gold_path)
    return list(source)


@dataclass(frozen=True, kw_only=True)
class BothSides:
    """Labelled sentences in columns, one file a language, English among them.

    Args:
        about: What is known of the suite.
        file: The file of a language.
        partners: Finds the English sentence of each sentence: takes the English ones, the others, and both paths.
        learn: Another part of the data set to learn word links from; NTREX, where there is none.
    """

    about: About
    file: NamedFile
    partners: Callable[[Sequence[Sentence], Sequence[Sentence], Path, Path], list[Sentence]] = by_line
    learn: NamedFile | None = None

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find both sides, and what there is to learn from; see :class:`crosspan.suites.suite.Suite`."""
        found: dict[str, tuple[Path, ...]] = {"gold": (self.file.find(folder, lang, self.about),)}
        if "source" in needs:
            found["source"] = (self.file.find(folder, "en", self.about),)
        if "bitext" in needs and self.learn is None:
            found["bitext"] = find_ntrex(folder, lang)
        elif "bitext" in needs and self.learn is not None:
            try:
                found["bitext"] = tuple(self.learn.find(folder, one, self.about) for one in ("en", lang))
            except MissingData:
                found["bitext"] = ()
        return found

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read both sides, in the order of the gold sentences; see :class:`crosspan.suites.suite.Suite`."""
        path = found["gold"][0]
        gold, lenient = read_gold(path, lang)
        source: list[Sentence] = []
        if "source" in needs:
            other = found["source"][0]
            source = self.partners(read_gold(other, "en")[1], gold, other, path)
        bitext = self._bitext(found.get("bitext", ()), lang)
        return Material(gold=gold, lenient=lenient, source=source, bitext=bitext, n_total=len(gold))

    def _bitext(self, paths: Sequence[Path], lang: str) -> list[TokenPair]:
        if self.learn is None or not paths:
            return read_ntrex(paths, lang)
        english, other = read_gold(paths[0], "en")[1], read_gold(paths[1], lang)[1]
        return token_pairs(map(Pair, self.partners(english, other, *paths), other))
