"""The step that labels sentences with a tagger: the source of a corpus of pairs, or a corpus of its own."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crosspan.core.digests import file_digest
from crosspan.core.errors import ModelError
from crosspan.core.failures import EachByItself, in_words
from crosspan.core.model_options import seen_options
from crosspan.core.saved import loaded
from crosspan.core.types import Pair, Sentence, Span
from crosspan.models.archive import unpack
from crosspan.pipeline.parts import Fault, Labels, Model, settled, whole_sentences
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.pipeline.use import Use
from crosspan.tag import TAGGERS, Labelled, Tagger


@dataclass(kw_only=True)
class Tag(Step):
    """Labels sentences: those of a corpus that has one side, or the sources of pairs.

    Args:
        tagger: The tagger; with ``learned`` only its options count.
        learned: The step that learned or adapted it; empty for none.
        copy_bias: Log odds for words that stand in the translation as well; 0 where there is no translation.
        corpus: The step that has the sentences.
    """

    tagger: Use
    learned: str = ""
    copy_bias: float = 0.0
    corpus: str = "pairs"
    name: str = "tag"
    parallel: bool = True
    _tagger: Tagger | None = None
    _each: EachByItself[Pair, Labelled] | None = None

    def __post_init__(self) -> None:
        self.needs = tuple(Need(self.corpus, part) for part in ("tokens", "about", "labels"))
        if self.learned:
            self.needs += (Need(self.learned, "model", True),)

    def facts(self) -> Mapping[str, Any]:
        """The tagger and the bias; a tagger that was learned counts by its content."""
        how = {"settings": seen_options(self.tagger.settings, file_digest)} if self.learned else self.tagger.facts()
        return {"tagger": how, "copy_bias": self.copy_bias}

    def roots(self) -> tuple[str, ...]:
        """The tagger's."""
        return self.tagger.roots()

    def prepare(self, inputs: Inputs, learned: Any) -> None:
        """Load the tagger."""
        if self.learned:
            self._tagger = tagger_from(inputs.model(self.learned), inputs.threads, self.tagger.settings)
        else:
            self._tagger = self.tagger.make(inputs.threads)
        self._each = EachByItself(self._tag, "the tagger")

    def work(self, inputs: Inputs) -> Output:
        """Label a shard."""
        assert self._each is not None
        tokens, faults = inputs.tokens(self.corpus), dict(inputs.labels(self.corpus).faults)
        sources = whole_sentences(tokens, inputs.about(self.corpus), 0)
        targets = tokens.sides[1] if len(tokens.sides) == 2 and self.copy_bias else [()] * len(tokens)
        pairs = [Pair(one, Sentence(tuple(words))) for one, words in zip(sources, targets, strict=True)]
        at = [index for index in range(len(pairs)) if index not in faults]
        spans: list[tuple[Span, ...]] = [()] * len(pairs)
        unplaced: Counter[str] = Counter()
        for index, found in zip(at, self._each([pairs[index] for index in at]), strict=True):
            problem = in_words(found) if isinstance(found, Exception) else found.problem
            if problem is not None:
                faults[index] = Fault(None, f"the tagger failed on the sentence ({problem})")
            if isinstance(found, Labelled):
                spans[index] = settled(found.sentence).spans if problem is None else ()
                unplaced.update(one.reason for one in found.unplaced)
        counts = {"sentences": len(pairs), "spans": sum(map(len, spans)), "rejected": len(faults)}
        facts = {**counts, "unplaced": dict(sorted(unplaced.items()))}
        return Output({"labels": Labels(spans, faults)}, facts, self._each.unsure)

    def _tag(self, pairs: Sequence[Pair]) -> list[Labelled]:
        assert self._tagger is not None
        labelled = getattr(self._tagger, "labelled", None)
        if labelled is None:
            return [Labelled(one) for one in tagged_with_copies(self._tagger, pairs, self.copy_bias)]
        found: list[Labelled] = labelled([pair.source for pair in pairs])
        _check_same([one.sentence for one in found], pairs)
        return found


def tagged_with_copies(tagger: Tagger, pairs: Sequence[Pair], bias: float) -> list[Sentence]:
    """Tag sources; a tagger that can be told so learns which of their words stand in the translation as well.

    Raises:
        ModelError: The tagger gives back other sentences than it got.
    """
    from crosspan.tag.crf import CrfTagger
    from crosspan.train.adapt import copy_bias

    sources = [pair.source for pair in pairs]
    if isinstance(tagger, CrfTagger) and bias:
        found = tagger.tag(sources, entity_bias=copy_bias(sources, [pair.target for pair in pairs], bias))
    else:
        found = tagger.tag(sources)
    _check_same(found, pairs)
    return list(found)


def _check_same(found: Sequence[Sentence], pairs: Sequence[Pair]) -> None:
    if [tuple(one.tokens) for one in found] != [pair.source.tokens for pair in pairs]:
        raise ModelError("the tagger gives back other sentences than it got", hint="Mend the tagger.")


def can_be_adapted(tagger: object) -> bool:
    """Whether a tagger can be trained on from where it stands, and told which words are copies."""
    from crosspan.tag.crf import CrfTagger

    return isinstance(tagger, CrfTagger)


def tagger_from(model: Model, threads: int | None, settings: Mapping[str, Any] = MappingProxyType({})) -> Tagger:
    """A tagger that a step learned: the object itself, or what its file or folder holds.

    Args:
        model: The model.
        threads: Threads to use.
        settings: Options of the tagger.
    """
    if hasattr(model.value, "tag"):
        found: Tagger = model.value
        return found

    def load(path: Path) -> Tagger:
        made: Tagger = TAGGERS.make(model.use, str(path), threads=threads, **settings)
        return made

    if isinstance(model.value, Path):
        return load(model.value)
    if not _is_archive(model.value):
        return loaded(model.value, "model.crf", load)
    with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
        path = Path(folder) / "model"
        unpack(model.value, path)
        return load(path)


def _is_archive(data: bytes) -> bool:
    return data[257:262] == b"ustar"
