"""Stages that label: the source of a corpus, a file of its own, or projections together with a model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from crosspan.core import registry
from crosspan.core.errors import OptionError
from crosspan.core.progress import Progress
from crosspan.core.types import Pair, Sentence, Span
from crosspan.models.archive import unpack
from crosspan.pipeline.codec import (
    Faults,
    dump_labels,
    load_labels,
    load_links,
    load_projections,
    loads,
    whole_sentence,
)
from crosspan.pipeline.failures import each_by_itself, in_words
from crosspan.pipeline.provenance import data_digest, package_version
from crosspan.pipeline.recipes.model_options import identity_of
from crosspan.pipeline.step import Inputs, Need, Output, Step
from crosspan.tag import Tagger

if TYPE_CHECKING:
    from crosspan.train.adapt import AdaptOptions

T = TypeVar("T")

TAGGERS = "crosspan.taggers"

FINE_TUNING = "token-classifier"
"""The trainer whose models are folders."""


@dataclass(frozen=True, slots=True)
class TaggerSpec:
    """Which tagger to use.

    Args:
        use: Name of the backend.
        model: What it loads: a name, or a file or folder.
        options: More of the backend's own options.
    """

    use: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)

    def identity(self) -> dict[str, Any]:
        """What its labels depend on, as plain values: the content of the model, not its place.

        Raises:
            OptionError: There is no such backend.
        """
        found: dict[str, Any] = {"use": self.use, **identity_of(self.use, {**self.options, "model": self.model})}
        if self.use == "crf":
            found["data"] = data_digest("crosspan.tag")
        elif self.use == "spacy":
            found["package"] = package_version(self.model)
        elif not registry.is_builtin(TAGGERS, self.use):
            registry.find(TAGGERS, self.use)
            found["package"] = registry.identity(TAGGERS, self.use)
        return found

    def load(self, threads: int | None) -> Tagger:
        """Load the tagger.

        Raises:
            OptionError: The backend does not know an option.
            ModelError: There is no such model, or it is damaged.
        """
        if self.use in ("crf", "spacy"):
            from crosspan.tag import load_tagger

            name = self.model if self.use == "crf" else f"{self.use}:{self.model}"
            return load_tagger(name, threads=threads)
        made: Tagger = made_by(TAGGERS, self.use, self.model, threads=threads, **self.options)
        return made


def made_by(group: str, use: str, *arguments: Any, **options: Any) -> Any:
    """What a backend of another package makes.

    Raises:
        OptionError: It does not take the options.
    """
    factory = registry.find(group, use)
    try:
        return factory(*arguments, **options)
    except TypeError as error:
        raise OptionError(
            f"{use!r} of {registry.identity(group, use)} does not take these options ({error})",
            hint="Look into its documentation.",
        ) from error


def labelled_by(
    tag: Callable[[Sequence[T]], Sequence[Sentence]], sentences: Sequence[T], faults: Faults
) -> list[tuple[Span, ...]]:
    """The spans that are found; sentences that it fails on are added to ``faults``, and those there are passed over."""
    at = [index for index in range(len(sentences)) if index not in faults]
    found = each_by_itself(tag, [sentences[index] for index in at])
    spans: list[tuple[Span, ...]] = [()] * len(sentences)
    for index, result in zip(at, found, strict=True):
        if isinstance(result, Exception):
            faults[index] = (None, f"the tagger failed on the sentence ({in_words(result)})", None)
        else:
            spans[index] = result.spans
    return spans


@dataclass(kw_only=True)
class TagSource(Step):
    """Labels the source sentences of a corpus of pairs, or the only ones of a corpus that has one side.

    Args:
        tagger: The tagger.
        adapted: Whether an earlier stage adapted it.
        copy_bias: Log odds for words that stand in the translation as well; 0 where there is no translation.
        pairs: The stage that has the sentences.
    """

    tagger: TaggerSpec
    adapted: bool
    copy_bias: float
    pairs: str = "pairs"
    name: str = "tag"
    parallel: bool = True
    _tagger: Tagger | None = None

    def __post_init__(self) -> None:
        self.needs = tuple(Need(self.pairs, part) for part in ("tokens", "about", "labels"))
        self.options = {"tagger": self.tagger.identity()}
        if self.tagger.use == "crf" and self.copy_bias:
            self.options["copy_bias"] = self.copy_bias
        if self.adapted:
            self.needs += (Need("adapt", "model", True),)

    def prepare(self, inputs: Inputs) -> None:
        """Load the tagger."""
        if self.adapted:
            self._tagger = tagger_from(next(inputs.all("adapt", "model")), self.tagger.use, inputs.threads)
        else:
            self._tagger = self.tagger.load(inputs.threads)

    def work(self, inputs: Inputs) -> Output:
        """Label a shard."""
        tokens, *others = loads(inputs.part(self.pairs, "tokens"))
        targets = others[0] if others else [()] * len(tokens)
        about = loads(inputs.part(self.pairs, "about"))["sides"][0]
        _, faults = load_labels(inputs.part(self.pairs, "labels"))
        sentences = [whole_sentence(words, row) for words, row in zip(tokens, about, strict=True)]
        pairs = [Pair(one, Sentence(tuple(words))) for one, words in zip(sentences, targets, strict=True)]
        spans = labelled_by(self._tag, pairs, faults)
        facts = {"sentences": len(sentences), "spans": sum(map(len, spans)), "rejected": len(faults)}
        return Output({"labels": dump_labels(spans, faults)}, facts)

    def _tag(self, pairs: Sequence[Pair]) -> list[Sentence]:
        """Tag sources; a tagger of crosspan is told which of their words stand in the translation as well."""
        from crosspan.tag.crf import CrfTagger
        from crosspan.train.adapt import copy_bias

        sources, targets = [pair.source for pair in pairs], [pair.target for pair in pairs]
        assert self._tagger is not None
        if isinstance(self._tagger, CrfTagger) and self.copy_bias:
            return self._tagger.tag(sources, entity_bias=copy_bias(sources, targets, self.copy_bias))
        return self._tagger.tag(sources)


@dataclass(kw_only=True)
class Adapt(Step):
    """Adapts a tagger of crosspan to the source sentences (:mod:`crosspan.train.adapt`); the model is the result."""

    tagger: TaggerSpec
    settings: AdaptOptions
    pairs: str = "pairs"
    name: str = "adapt"
    single: bool = True

    def __post_init__(self) -> None:
        self.needs = (Need(self.pairs, "tokens", True),)
        self.options = {"tagger": self.tagger.identity(), "settings": asdict(self.settings)}

    def work(self, inputs: Inputs) -> Output:
        """Adapt."""
        from crosspan.tag.crf import CrfTagger
        from crosspan.train.adapt import adapt_tagger

        tagger = self.tagger.load(inputs.threads)
        if not isinstance(tagger, CrfTagger):
            raise OptionError("this tagger cannot be adapted", hint="Write adapt = false in [tag].")
        sides: tuple[list[Sentence], list[Sentence]] = ([], [])
        known: dict[str, str] = {}  # the same word is kept once
        for data in inputs.all(self.pairs, "tokens"):
            sources, targets = loads(data)
            for source, target in zip(sources, targets, strict=True):
                if source and target:
                    for side, words in zip(sides, (source, target), strict=True):
                        side.append(Sentence(tuple([known.setdefault(word, word) for word in words])))

        def advance(event: Progress) -> None:
            inputs.advance(event.done, event.total)

        adapted = adapt_tagger(tagger, *sides, options=self.settings, threads=inputs.threads, progress=advance)
        with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
            path = Path(folder) / "model.crf"
            adapted.save(path)
            return Output({"model": path.read_bytes()}, {"pairs": len(sides[0])})


@dataclass(kw_only=True)
class Predict(Step):
    """Labels the sentences of a file with the model that was trained.

    Args:
        use: Name of what trained it.
        tagging: Options of a tagger that is a fine-tuned encoder.
    """

    use: str
    tagging: Mapping[str, Any] = field(default_factory=dict)
    name: str = "predict"
    parallel: bool = True
    _tagger: Tagger | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("unlabelled", "tokens"), Need("unlabelled", "about"), Need("train", "model", True))

    def prepare(self, inputs: Inputs) -> None:
        """Load the model."""
        self._tagger = tagger_from(next(inputs.all("train", "model")), self.use, inputs.threads, self.tagging)

    def work(self, inputs: Inputs) -> Output:
        """Label a shard."""
        assert self._tagger is not None
        tokens = loads(inputs.part("unlabelled", "tokens"))[0]
        about = loads(inputs.part("unlabelled", "about"))["sides"][0]
        sentences = [whole_sentence(words, row) for words, row in zip(tokens, about, strict=True)]
        faults: Faults = {}
        spans = labelled_by(self._tagger.tag, sentences, faults)
        facts = {"sentences": len(sentences), "spans": sum(map(len, spans)), "rejected": len(faults)}
        return Output({"labels": dump_labels(spans, faults)}, facts)


def tagger_from(
    model: bytes, use: str, threads: int | None, options: Mapping[str, Any] = MappingProxyType({})
) -> Tagger:
    """A trained tagger from the content of its file, or of the archive of its folder.

    Args:
        model: The content.
        use: Name of what trained it.
        threads: Threads to use.
        options: Of a tagger that is a folder.
    """
    with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
        path = Path(folder) / "model.crf"
        if use == FINE_TUNING:
            unpack(model, path)
            return TaggerSpec("transformers", str(path), options).load(threads)
        path.write_bytes(model)
        return TaggerSpec(use, str(path)).load(threads)


@dataclass(kw_only=True)
class Ensemble(Step):
    """Averages what was projected with what a model predicts (:func:`crosspan.pipeline.transfer.ensemble`)."""

    tagger: TaggerSpec
    weight: float
    projected: str
    linked: bool = True
    name: str = "ensemble"
    parallel: bool = True
    _tagger: Tagger | None = None

    def __post_init__(self) -> None:
        self.needs = (Need("pairs", "tokens"), Need(self.projected, "projections"))
        if self.linked:
            self.needs += (Need("align", "links"),)
        self.options = {"tagger": self.tagger.identity(), "weight": self.weight}

    def prepare(self, inputs: Inputs) -> None:
        """Load the model."""
        self._tagger = self.tagger.load(inputs.threads)

    def work(self, inputs: Inputs) -> Output:
        """Label a shard."""
        from crosspan.core.types import Alignment
        from crosspan.pipeline.transfer import ensemble

        assert self._tagger is not None
        targets = loads(inputs.part("pairs", "tokens"))[1]
        projections = load_projections(inputs.part(self.projected, "projections"), targets)
        none = Alignment.from_links([])
        links = None
        if self.linked:
            links = [none if one is None else one for one in load_links(inputs.part("align", "links"))]
        found = ensemble(self._tagger, projections, links=links, weight=self.weight)
        spans = [sentence.spans for sentence in found]
        return Output(
            {"labels": dump_labels(spans, {})}, {"sentences": len(found), "spans": sum(map(len, spans)), "rejected": 0}
        )
