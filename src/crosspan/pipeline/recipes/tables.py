"""What a recipe may say: its tables and their keys, as frozen dataclasses that check themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from crosspan.core.errors import OptionError
from crosspan.io import output_names
from crosspan.pipeline.recipes.file_tables import EvaluateTable, PredictTable, SourceTable, TargetTable, check_choice
from crosspan.pipeline.recipes.train_table import Options, TrainTable
from crosspan.pipeline.voting import WEIGHT
from crosspan.project.filters import check_confidence, check_filters
from crosspan.project.marker_options import MarkerOptions
from crosspan.project.unknown_labels import check_labels
from crosspan.train.adapt_options import AdaptOptions
from crosspan.translate.guard import GuardOptions

SHARD = 4_000
"""Sentences worked on at a time."""

TASKS: dict[str, str] = {
    "project": "carry labels from sentences to their translations",
    "translate-train": "carry labels to translations, and train a tagger on them",
    "translate-test": "tag translations, and carry the labels back to the sentences themselves",
    "ensemble": "the same, averaged word by word with what a trained tagger predicts",
    "model-transfer": "tag the sentences themselves with a multilingual tagger; nothing is carried over",
}
"""The tasks, with a line on each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class General:
    """What stands before the first table.

    Args:
        task: What to do: project, translate-train, translate-test, ensemble or model-transfer.
        out: Folder of the results.
        root: Folder that all paths start from.
        seed: Seed of what is drawn at random: bootstrap samples, and trainers of other packages.
        limit: Read only so many sentences of every file; 0 reads all.
        shard: Sentences worked on, and kept in the cache, at a time.
    """

    task: str = "project"
    out: str = "out"
    root: str = "."
    seed: int = 0
    limit: int = 0
    shard: int = SHARD

    def __post_init__(self) -> None:
        check_choice("task", self.task, tuple(TASKS))
        if self.limit < 0 or self.shard < 1:
            raise OptionError("limit must be 0 or more, and shard 1 or more")
        if not self.out:
            raise OptionError("out is empty", hint="Name a folder for the results.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslateTable:
    """The translator that makes the side that is not given: the target, but in translate-test and ensemble the source.

    Args:
        use: ctranslate2, transformers, openai, apertium, file, or a translator that another package brings.
        model: What it loads: a name on the hub, or a folder; a file of translations for file.
        guard: How texts are cut, and what comes out is checked and tried again.
    """

    use: str = "ctranslate2"
    model: str = ""
    guard: GuardOptions = field(default_factory=GuardOptions)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTranslateTable:
    """The translator that brings the labelled source back, marked, into the language of the target.

    The labelled back-translation then takes the place of the source: words of the same language are linked.

    Args:
        use: ctranslate2, transformers, openai, apertium, or a translator that another package brings.
        model: What it loads.
        guard: How texts are cut, and what comes out is checked and tried again.
        markers: How entities are marked, and found again.
    """

    use: str = "ctranslate2"
    model: str = ""
    guard: GuardOptions = field(default_factory=GuardOptions)
    markers: MarkerOptions = field(default_factory=MarkerOptions)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BitextTable:
    """More translated text of the two languages, for the aligner to learn from.

    Args:
        files: Pairs of files, such as [["more.en", "more.sw"]].
    """

    files: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for pair in self.files:
            if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(one, str) for one in pair):
                raise OptionError(
                    f"files holds {pair!r}", hint='Write pairs of files, such as [["more.en.txt", "more.sw.txt"]].'
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class TagTable:
    """The tagger that labels the source; without this table the source has labels of its own.

    Args:
        use: crf, spacy, transformers, onnx, gliner, or a tagger that another package brings.
        model: What it loads: en is the embedded English tagger; else a file or folder, or a name that it knows.
        adapt: Whether a tagger of crosspan is first adapted to the source and its translations.
        adaptation: How.
    """

    use: str = "crf"
    model: str = "en"
    adapt: bool = True
    adaptation: AdaptOptions = field(default_factory=AdaptOptions)
    options: Options = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignTable:
    """The aligner that links words.

    Args:
        use: statistical learns from the sentences at hand; hybrid does so with a model beside it; fast_align;
            simalign, awesome, transalign or cross_attention with a model; or one that another package brings;
            links reads a file of links; model loads an aligner that was saved; none links nothing, for methods that
            need no links.
        path: The file, for links and model.
        one_based: Whether the links of the file count words from 1.
    """

    use: str = "statistical"
    path: str = ""
    one_based: bool = False
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.use in ("links", "model") and not self.path:
            raise OptionError(f'use = "{self.use}" needs a path', hint='Add path = "FILE".')
        if self.use not in ("links", "model") and self.path:
            raise OptionError(f'path does not go with use = "{self.use}"', hint='Write use = "links" or "model".')
        if self.one_based and self.use != "links":
            raise OptionError(f'one_based does not go with use = "{self.use}"', hint='Write use = "links".')


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectTable:
    """How labels are carried over.

    Args:
        use: candidates, heuristic, codec, t-projection, clap, markers (through the translator of [translate]), or a
            method that another package brings.
        source_scores: Whether confidences are multiplied with the scores of the source spans: both must be right.
        min_confidence: Spans less sure than this are dropped.
        filters: Filters to apply, such as ["comp-src"].
        labels: Labels of the target, such as ["PER", "LOC", "ORG"]; spans of other labels get one of these where the
            corpus shows which, and are unobserved else. Empty keeps all labels.
    """

    use: str = "candidates"
    source_scores: bool = True
    min_confidence: float = 0.0
    filters: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_confidence(self.min_confidence)
        object.__setattr__(self, "filters", check_filters(self.filters))
        object.__setattr__(self, "labels", check_labels(self.labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class EnsembleTable:
    """The tagger of the target language that votes with the projections.

    Args:
        use: crf, spacy, or a tagger that another package brings.
        model: What it loads, such as model.crf of a translate-train run.
        weight: Of the projections, from 0 to 1.
    """

    use: str = "crf"
    model: str = ""
    weight: float = WEIGHT
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight <= 1.0:
            raise OptionError(f"weight is {self.weight}", hint="Choose a value from 0 to 1.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTable:
    """How labelled sentences are written.

    Args:
        format: jsonl (with confidences and sources), conll, parquet or docbin.
    """

    format: str = "jsonl"

    def __post_init__(self) -> None:
        check_choice("format", self.format, output_names())


TABLES: dict[str, type[Any]] = {
    "source": SourceTable,
    "target": TargetTable,
    "translate": TranslateTable,
    "bitext": BitextTable,
    "tag": TagTable,
    "back_translate": BackTranslateTable,
    "align": AlignTable,
    "project": ProjectTable,
    "train": TrainTable,
    "predict": PredictTable,
    "ensemble": EnsembleTable,
    "evaluate": EvaluateTable,
    "output": OutputTable,
}
"""The tables of a recipe, in their order."""

OPTIONAL = ("translate", "tag", "back_translate", "predict", "evaluate")
"""Tables that switch a stage on."""

_CARRIED = ("project", "translate-train", "translate-test", "ensemble")

ONLY_IN = {
    **dict.fromkeys(("source", "translate", "bitext", "align", "project"), _CARRIED),
    "back_translate": ("project", "translate-test", "ensemble"),
    "train": ("translate-train",),
    "predict": ("translate-train",),
    "ensemble": ("ensemble",),
}
"""Tables that belong to some tasks only."""

MADE: dict[str, Literal["source", "target"]] = {
    "project": "target",
    "translate-train": "target",
    "translate-test": "source",
    "ensemble": "source",
}
"""The side that [translate] makes, by task."""
