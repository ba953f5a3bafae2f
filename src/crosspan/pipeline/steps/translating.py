"""Steps that make the side of a corpus that is not given: by translating the other, or by taking it twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from crosspan.core.failures import EachByItself, in_words
from crosspan.core.types import Sentence
from crosspan.pipeline.parts import Extras, Fault, Faults, Labels, Tokens, about_row, whole_sentences
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.text import tokenize_sentence
from crosspan.text.detokenize import written
from crosspan.translate import Translation, Translator
from crosspan.translate.guard import Guarded, GuardOptions

Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class Between:
    """A translator, and the languages it is to translate between.

    Args:
        use: The translator.
        source_lang: Language of what is translated.
        target_lang: Language it is translated to.
        guard: How texts are cut, and what comes out is checked.
    """

    use: Use
    source_lang: str
    target_lang: str
    guard: GuardOptions = field(default_factory=GuardOptions)

    def facts(self) -> Mapping[str, Any]:
        """What its translations depend on, as plain values."""
        languages = [self.source_lang, self.target_lang]
        return {**self.use.facts(), "languages": languages, "guard": asdict(self.guard)}

    def load(self, threads: int | None, *, marked: bool = False) -> Translator:
        """Load the translator, with a guard around it.

        Args:
            threads: Threads to use.
            marked: Whether it will be given text with marks; one that keeps inline tags by itself needs no guard then.
        """
        made: Translator = self.use.make(threads)
        if marked and hasattr(made, "translate_tagged"):
            return made
        return Guarded(made, self.guard)


@dataclass(kw_only=True)
class Translate(Step):
    """Makes pairs: what was read, and its translation.

    It takes the place of what reads pairs from two files, and has its name and its parts.

    Args:
        translator: The translator.
        makes: The side that the translation becomes.
    """

    translator: Between
    makes: Side
    name: str = "pairs"
    parallel: bool = True
    _loaded: Translator | None = None
    _each: EachByItself[str, Translation] | None = None

    def __post_init__(self) -> None:
        self.needs = tuple(Need("given", part) for part in ("tokens", "about", "labels", "target_spans"))

    def facts(self) -> Mapping[str, Any]:
        """The translator, and the side."""
        return {"translator": self.translator.facts(), "makes": self.makes}

    def roots(self) -> tuple[str, ...]:
        """The translator's."""
        return self.translator.use.roots()

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Load the translator."""
        self._loaded = self.translator.load(inputs.threads)
        self._each = EachByItself(self._call, "the translator")

    def work(self, inputs: Inputs) -> Output:
        """Translate a shard."""
        assert self._each is not None
        about, labels = inputs.about("given"), inputs.labels("given")
        given = whole_sentences(inputs.tokens("given"), about, 0)
        faults = dict(labels.faults)
        made = self._translated(given, faults, self._each)
        sides = (given, made) if self.makes == "target" else (made, given)
        none: list[tuple[Any, ...]] = [()] * len(given)
        is_source = self.makes == "source"
        parts = {
            "tokens": Tokens(tuple([one.tokens for one in side] for side in sides)),
            "labels": Labels(none if is_source else labels.spans, faults),
            "target_spans": inputs.labels("given", "target_spans") if is_source else Labels(none),
            "about": Extras(tuple([*map(about_row, side)] for side in sides), about.lines),
        }
        facts = {"sentences": len(given), "spans": sum(map(len, labels.spans)), "rejected": len(faults), "first": None}
        return Output(parts, facts, self._each.unsure)

    def _translated(
        self, given: Sequence[Sentence], faults: Faults, each: EachByItself[str, Translation]
    ) -> list[Sentence]:
        """The translations as sentences; where one is missing or unsound, a fault says why."""
        lang = self.translator.target_lang or None
        made = [Sentence((), id=one.id, lang=lang) for one in given]
        at = [index for index, one in enumerate(given) if one.tokens and index not in faults]
        for index, one in enumerate(given):
            if not one.tokens:
                faults.setdefault(index, Fault(None, "there is no text to translate"))
        texts = [str(written(given[index]).text) for index in at]
        for index, found in zip(at, each(texts), strict=True):
            if isinstance(found, Exception):
                faults[index] = Fault(None, f"the translator failed on the sentence ({in_words(found)})")
                continue
            made[index] = tokenize_sentence(found.text, id=given[index].id, lang=lang)
            if found.problem is not None or not made[index].tokens:
                faults[index] = Fault(None, f"the translation is not to be trusted: {found.problem or 'empty'}")
        return made

    def _call(self, texts: Sequence[str]) -> list[Translation]:
        assert self._loaded is not None
        between = self.translator
        return self._loaded.translate(texts, source=between.source_lang, target=between.target_lang)


@dataclass(kw_only=True)
class Mirror(Step):
    """Makes pairs of sentences that stand alone: each is its own source, to be tagged, and its own target."""

    name: str = "pairs"

    def __post_init__(self) -> None:
        self.needs = tuple(Need("given", part) for part in ("tokens", "about", "labels", "target_spans"))

    def work(self, inputs: Inputs) -> Output:
        """Mirror a shard."""
        tokens, about, labels = inputs.tokens("given"), inputs.about("given"), inputs.labels("given")
        (words,), (rows,) = tokens.sides, about.sides
        parts = {
            "tokens": Tokens((words, words)),
            "labels": Labels([()] * len(tokens), labels.faults),
            "target_spans": inputs.labels("given", "target_spans"),
            "about": Extras((rows, rows), about.lines),
        }
        return Output(parts, {"sentences": len(tokens), "spans": 0, "rejected": len(labels.faults), "first": None})
