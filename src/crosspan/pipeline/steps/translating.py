"""The stage that makes the side of a corpus that is not given, by translating the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from crosspan.core.types import Sentence
from crosspan.pipeline.codec import Faults, about_row, dump_labels, dumps, load_labels, loads, whole_sentence
from crosspan.pipeline.failures import each_by_itself, in_words
from crosspan.pipeline.provenance import model_digest
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.text import tokenize_sentence
from crosspan.text.detokenize import written
from crosspan.translate import TRANSLATORS, Translation, Translator, make_translator
from crosspan.translate.guard import Guarded, GuardOptions

Side = Literal["source", "target"]


@dataclass(frozen=True, slots=True)
class TranslatorSpec:
    """Which translator to use, and between which languages.

    Args:
        use: Name of the backend.
        model: What it loads: a name, or a folder.
        source_lang: Language of what is translated.
        target_lang: Language it is translated to.
        guard: How texts are cut, and what comes out is checked.
        options: More of the backend's own options.
    """

    use: str
    model: str
    source_lang: str
    target_lang: str
    guard: GuardOptions = field(default_factory=GuardOptions)
    options: Mapping[str, Any] = field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        """What its translations depend on, as plain values.

        Raises:
            OptionError: There is no such backend.
        """
        return {
            "languages": [self.source_lang, self.target_lang],
            "guard": asdict(self.guard),
            **TRANSLATORS.identity(self.use, self.options, content=model_digest, model=self.model),
        }

    def load(self, threads: int | None, *, marked: bool = False) -> Translator:
        """Load the translator, with a guard around it.

        Args:
            threads: Threads to use.
            marked: Whether it will be given text with marks; one that keeps inline tags by itself needs no guard then.

        Raises:
            OptionError: The backend does not know an option.
            ModelError: There is no such model, or it is damaged.
        """
        made = make_translator(self.use, self.model, threads=threads, **self.options)
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
        labelled: Whether what was read has labels, as source.
    """

    translator: TranslatorSpec
    makes: Side
    name: str = "pairs"
    parallel: bool = True
    _loaded: Translator | None = None

    def __post_init__(self) -> None:
        self.needs = tuple(Need("given", part) for part in ("tokens", "about", "labels", "target_spans"))
        self.options = {"translator": self.translator.identity(), "makes": self.makes}

    def prepare(self, inputs: Inputs) -> None:
        """Load the translator."""
        self._loaded = self.translator.load(inputs.threads)

    def work(self, inputs: Inputs) -> Output:
        """Translate a shard."""
        given = given_sentences(inputs)
        spans, faults = load_labels(inputs.part("given", "labels"))
        made = self._translated(given, faults)
        sides = [given, made] if self.makes == "target" else [made, given]
        about = loads(inputs.part("given", "about"))
        target_spans = inputs.part("given", "target_spans") if self.makes == "source" else dump_labels((), {})
        parts = {
            "tokens": dumps([[one.tokens for one in side] for side in sides]),
            "labels": dump_labels(spans if self.makes == "target" else [()] * len(given), faults),
            "target_spans": target_spans,
            "about": dumps({"sides": [[about_row(one) for one in side] for side in sides], "lines": about["lines"]}),
        }
        facts = {"sentences": len(given), "spans": sum(map(len, spans)), "rejected": len(faults), "first": None}
        return Output(parts, facts)

    def _translated(self, given: Sequence[Sentence], faults: Faults) -> list[Sentence]:
        """The translations as sentences; where one is missing or unsound, a fault says why."""
        assert self._loaded is not None
        made = [Sentence((), id=one.id, lang=self.translator.target_lang or None) for one in given]
        at = [index for index, one in enumerate(given) if one.tokens and index not in faults]
        for index, one in enumerate(given):
            if not one.tokens:
                faults.setdefault(index, (None, "there is no text to translate", None))
        texts = [str(written(given[index]).text) for index in at]
        for index, found in zip(at, each_by_itself(self._call, texts), strict=True):
            if isinstance(found, Exception):
                faults[index] = (None, f"the translator failed on the sentence ({in_words(found)})", None)
                continue
            made[index] = tokenize_sentence(found.text, id=given[index].id, lang=self.translator.target_lang or None)
            if found.problem is not None or not made[index].tokens:
                faults[index] = (None, f"the translation is not to be trusted: {found.problem or 'empty'}", None)
        return made

    def _call(self, texts: Sequence[str]) -> list[Translation]:
        assert self._loaded is not None
        spec = self.translator
        return self._loaded.translate(texts, source=spec.source_lang, target=spec.target_lang)


@dataclass(kw_only=True)
class Mirror(Step):
    """Makes pairs of sentences that stand alone: each is its own source, to be tagged, and its own target."""

    name: str = "pairs"

    def __post_init__(self) -> None:
        self.needs = tuple(Need("given", part) for part in ("tokens", "about", "labels", "target_spans"))

    def work(self, inputs: Inputs) -> Output:
        """Mirror a shard."""
        (tokens,) = loads(inputs.part("given", "tokens"))
        about = loads(inputs.part("given", "about"))
        (rows,) = about["sides"]
        _, faults = load_labels(inputs.part("given", "labels"))
        parts = {
            "tokens": dumps([tokens, tokens]),
            "labels": dump_labels([()] * len(tokens), faults),
            "target_spans": inputs.part("given", "target_spans"),
            "about": dumps({"sides": [rows, rows], "lines": about["lines"]}),
        }
        return Output(parts, {"sentences": len(tokens), "spans": 0, "rejected": len(faults), "first": None})


def given_sentences(inputs: Inputs) -> list[Sentence]:
    """The sentences of a shard that was read from one file, with their text."""
    (tokens,) = loads(inputs.part("given", "tokens"))
    rows = loads(inputs.part("given", "about"))["sides"][0]
    return [whole_sentence(words, row) for words, row in zip(tokens, rows, strict=True)]
