"""What a suite is: it knows its languages and labels, finds the files of a download, and reads them.

One file in :mod:`crosspan.suites` a suite. What is done with the sentences stands in
:mod:`crosspan.lab.bench.plans`, the way from language to language in :mod:`crosspan.lab.bench.runner`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from crosspan.core.errors import CrosspanError
from crosspan.core.types import Pair, Sentence
from crosspan.io.pharaoh import GoldLinks
from crosspan.suites.folder import Folder

Pipeline = Literal["projection", "translate-test", "tagger", "translate-train", "ensemble", "alignment"]

Need = Literal["source", "train", "bitext"]
"""What a run wants of a language beside its test sentences: the other side of them, text to train on, more bitext."""

Found = Mapping[str, tuple[Path, ...]]
"""The files of a language, by what they are for."""

TokenPair = tuple[Sequence[str], Sequence[str]]


class MissingData(CrosspanError):  # noqa: N818  # a finding for a line of the table, rarely raised to a user
    """The folder lacks something that a language needs; the hint says where it is downloaded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was read for one language.

    Args:
        gold: Test sentences with the right spans; ill-formed tags count as ``O``.
        lenient: The same with ill-formed tags read as ``conlleval`` reads them; the same list where there are none.
        source: The other side of ``gold``, one sentence each; with gold spans, or without for a tagger to find them.
        source_lang: Its language.
        train: Sentences whose labels are not looked at, and their other side.
        bitext: More translated text of the two languages.
        links: Gold word links, source to gold.
        n_total: Test sentences in the file, where ``gold`` is only a part of them.
        ignore: Labels that this part of the suite does not annotate, so that they are left out of its score.
        notes: What a reader of the table must know.
    """

    gold: Sequence[Sentence]
    lenient: Sequence[Sentence] = ()
    source: Sequence[Sentence] = ()
    source_lang: str = "en"
    train: Sequence[Pair] = ()
    bitext: Sequence[TokenPair] = ()
    links: Sequence[GoldLinks] = ()
    n_total: int = 0
    ignore: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of a suite without its files.

    Args:
        name: What the command line calls it.
        title: A line about it.
        languages: Its languages, in the order of the table.
        more_languages: Others that can be read where the user asks for them.
        aliases: Other codes of the same languages.
        codes: The language of an entry that is not called like one, such as ``de`` of ``ajmc-de``.
        pipelines: What can be run on it; the first is the default.
        ignore: Labels that are left out of the score unless the user says otherwise.
        download: Where its files are downloaded.
        family: What the weights of the method ``candidates`` call it, where they were trained on some of it.
        caveats: What must be said wherever our figures stand beside published ones.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    more_languages: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    pipelines: tuple[Pipeline, ...]
    ignore: tuple[str, ...] = ()
    download: str
    family: str = ""
    caveats: tuple[str, ...] = ()

    def code(self, entry: str) -> str:
        """The language of an entry.

        Example:
            >>> about = About(
            ...     name="n", title="t", languages=("ai", "de"), codes={"ai": "en"}, pipelines=("tagger",), download=""
            ... )
            >>> about.code("ai"), about.code("de")
            ('en', 'de')
        """
        return self.codes.get(entry, entry)


class Suite(Protocol):
    """A data set that can be run."""

    @property
    def about(self) -> About:
        """What is known of it without its files."""

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the files of a language, by their patterns.

        Args:
            folder: The user's folder.
            lang: One of the languages.
            needs: What is wanted beside the test sentences.
            translations: A folder of translations that the user named.

        Raises:
            MissingData: Something that is needed is not there.
        """

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read what was found.

        Raises:
            MissingData: The files do not hold what is needed.
            CrosspanError: A file is malformed.
        """
