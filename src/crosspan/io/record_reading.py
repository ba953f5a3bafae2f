"""How records are read: what is told of them, and what most of a file speaks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crosspan.core.tag_forms import Spelling
from crosspan.core.tags import Repair, Scheme
from crosspan.io.format import Unit
from crosspan.io.span_units import Counting


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReading:
    """How records are read.

    Args:
        scheme: The scheme of their tags; ``None`` finds it from each sentence alone.
        spelling: How the tags are spelt; ``None`` finds it from each sentence alone.
        repair: What to do with ill-formed tags; see :mod:`crosspan.core.tags`.
        lang: The language, where a record does not say.
        names: What tags and labels that are given as numbers stand for, where the user says so.
        classes: The same as a file says it of each key, as HuggingFace ``ClassLabel`` keeps it.
        tag_key: The key of the tags, where the user says so.
        unit: What character offsets count, where a record does not say.
        counting: What spans count where a record has tokens and text; ``None`` finds it from each sentence alone.
        notice: Called with what is noticed: its code, a sentence, how often, and an example.
    """

    scheme: Scheme | None = None
    spelling: Spelling | None = None
    repair: Repair = "error"
    lang: str | None = None
    names: Mapping[int, str] | None = None
    classes: Mapping[str, Sequence[str]] | None = None
    tag_key: str | None = None
    unit: Unit = "codepoints"
    counting: Counting | None = None
    notice: Callable[[str, str, int, str], None] = lambda code, what, count, example: None

    def names_of(self, key: str) -> Mapping[int, str]:
        """What the numbers under a key stand for."""
        return self.names or dict(enumerate((self.classes or {}).get(key, ())))
