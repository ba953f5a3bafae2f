"""Tables of a recipe that name a file of sentences, with how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from crosspan.core.encodings import check_encoding_name
from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.tags import REPAIRS, SCHEMES, Repair, SchemeOption
from crosspan.io import FORMATS, UNITS, Unit
from crosspan.text.language_codes import check_language


def check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    """Raise unless a value is one of some.

    Raises:
        OptionError: It is not; the error names the nearest.
    """
    if value not in choices:
        raise OptionError(f"{name} is {value!r}", hint=did_you_mean(value, choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceTable:
    """A file of sentences.

    Args:
        path: The file, or the folder of a data set that save_to_disk made.
        format: conll, jsonl, parquet, plain or tokens; auto finds out.
        lang: Language code.
        columns: What the columns hold, such as id,token,-,tag; empty finds out.
        tag_column: Column or key of the tags, by its name or its number from 1; empty finds out.
        tag_names: What tags that are numbers stand for: ["O", "B-PER", "I-PER"] from 0, or ["3=PER", "7=LOC"].
        encoding: Encoding of a text file.
        offsets: What character offsets count where the file does not say: codepoints, utf16 or bytes.
    """

    path: str = ""
    format: str = "auto"
    lang: str = ""
    columns: str = ""
    tag_column: str = ""
    tag_names: tuple[str, ...] = ()
    encoding: str = "utf-8"
    offsets: Unit = "codepoints"

    def __post_init__(self) -> None:
        check_choice("format", self.format, ("auto", *FORMATS.names()))
        check_language(self.lang, what="lang")
        check_encoding_name(self.encoding)
        check_choice("offsets", self.offsets, UNITS)

    def reading(self) -> dict[str, Any]:
        """How the file is read, as fields of :class:`crosspan.io.pairs.SentenceFile`.

        Example:
            >>> SentenceTable(path="a.conll", tag_column="NER").reading()["tag_column"]
            'NER'
        """
        return {
            "format": self.format,
            "lang": self.lang or None,
            "columns": self.columns or None,
            "tag_column": self.tag_column or None,
            "tag_names": self.tag_names or None,
            "encoding": self.encoding,
            "offsets": self.offsets,
            "repair": "begin",  # where labels do not count, it reads the most
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTable(SentenceTable):
    """A file of sentences with labels.

    Args:
        scheme: Tag scheme; auto finds out.
        repair: How to read ill-formed tags: begin, drop or merge; error leaves such sentences out.
    """

    scheme: SchemeOption = "auto"
    repair: Repair = "error"

    def __post_init__(self) -> None:
        SentenceTable.__post_init__(self)  # a class with slots is made anew, and super() would look for the first one
        check_choice("scheme", self.scheme, ("auto", *SCHEMES))
        check_choice("repair", self.repair, tuple(REPAIRS))

    def reading(self) -> dict[str, Any]:
        """See :meth:`SentenceTable.reading`; labels count here."""
        return {**SentenceTable.reading(self), "scheme": self.scheme, "repair": self.repair}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable(LabelledTable):
    """The sentences that have labels, or that [tag] labels; in translate-test they are the translations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetTable(SentenceTable):
    """The sentences to label, one for each of the source. Labels they have are not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictTable(SentenceTable):
    """Sentences that the trained tagger labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateTable(LabelledTable):
    """What the result is scored against: the predictions of a trained tagger, else the labels carried over.

    Args:
        path: The file with the right labels. Without [predict], a trained tagger labels its sentences.
        format: conll, jsonl or parquet; auto finds out.
        lang: Language code; empty is that of the target.
        repair: How to read ill-formed tags: begin, drop or merge; error stops.
        labels: Classes to score, such as ["PER", "LOC"]; empty scores all.
        ignore_labels: Classes to leave out.
        bootstrap: Resamples for confidence intervals; 0 for none.
        confidence: Share of the resamples that an interval holds.
    """

    labels: tuple[str, ...] = ()
    ignore_labels: tuple[str, ...] = ()
    bootstrap: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        LabelledTable.__post_init__(self)
        if self.bootstrap < 0 or not 0.0 < self.confidence < 1.0:
            raise OptionError("bootstrap must be 0 or more, and confidence between 0 and 1")
