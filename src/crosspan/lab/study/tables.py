"""The settings of a study, as its TOML file holds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from crosspan.core.errors import OptionError

Keep = Literal["none", "encoders", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyTable:
    """What stands before the tables.

    Args:
        name: A short name, for files.
        title: What stands at the top of the page.
        about: What the study is about, a paragraph each.
        caveats: What its results can and cannot tell, a paragraph each.
        open: What it leaves open, in a few words each; the first paragraph of the page ends with it.
        data: The folder that all other paths start from, relative to the file. By default the environment variable
            ``CROSSPAN_DATA`` names it, and where that is not set it is the folder of the file.
        seeds: Of the fine-tunings: each encoder is trained with each.
        keep: Which models stay when they were scored: "none", "encoders" (those that were pre-trained here), "all".
        samples: Random samples of each test over sentences.
        confidence: Of the intervals.
    """

    name: str = "study"
    title: str = ""
    about: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    data: str = ""
    seeds: tuple[int, ...] = (1, 2, 3)
    keep: Keep = "encoders"
    samples: int = 2000
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not self.seeds or len({*self.seeds}) < len(self.seeds):
            raise OptionError(f"seeds is {list(self.seeds)}", hint="Name each seed once, such as [1, 2, 3].")
        if not all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in self.seeds):
            raise OptionError(f"seeds is {list(self.seeds)}", hint="Use whole numbers from 0.")
        if self.keep not in get_args(Keep):
            raise OptionError(f"keep is {self.keep!r}", hint=f"Choose one of {', '.join(get_args(Keep))}.")
        if self.samples < 1:
            raise OptionError(f"samples is {self.samples}", hint="Draw at least 1, better 2000.")
        if not 0.0 < self.confidence < 1.0:
            raise OptionError(f"confidence is {self.confidence}", hint="Use a share between 0 and 1, such as 0.95.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the grid may take; 0 is no limit. Cells that do not fit are skipped, and the page says why.

    Args:
        max_memory_gb: Of one cell, in gigabytes (1e9 bytes); by default what the device has free.
        max_hours: Of the whole grid, on as many processes as it is started with.
        max_disk_gb: Of models and checkpoints, in gigabytes.
    """

    max_memory_gb: float = 0.0
    max_hours: float = 0.0
    max_disk_gb: float = 0.0

    def __post_init__(self) -> None:
        for name in ("max_memory_gb", "max_hours", "max_disk_gb"):
            if not (getattr(self, name) >= 0.0 and math.isfinite(getattr(self, name))):
                raise OptionError(f"{name} is {getattr(self, name)}", hint="Use a number above 0, or 0 for no limit.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSource:
    """Files of raw text, a sentence or a paragraph a line.

    Args:
        path: A file, or a pattern with ``*``.
        column: Which part between tabs is the text, from 1; -1 is the last, 0 the whole line.
    """

    path: str = ""
    column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainTable:
    """How encoders with a shape of their own are trained before anything else.

    Args:
        text: Where the text is.
        lines: Most lines of a file, taken at even distances; 0 takes all.
        held_out: Lines that are not learned from but measured on.
        seed: Of the weights and the training.
        each_seed: Pre-train anew for every seed of the study, so that the intervals hold the chance of pre-training
            too; it costs as many times more.
        options: Settings of :class:`crosspan.train.pretrain.options.PretrainOptions`.
    """

    text: tuple[TextSource, ...] = ()
    lines: int = 0
    held_out: int = 500
    seed: int = 0
    each_seed: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingTable:
    """The labelled text that taggers learn from.

    Args:
        use: The trainer: a name in :data:`crosspan.train.TRAINERS`.
        path: Labelled sentences.
        dev: Labelled sentences of the same language, which choose the weights.
        lang: Their language.
        labels: The kinds of entity to learn and to score.
        limit: Most sentences to learn from, taken at even distances; 0 takes all.
        dev_limit: Most sentences of ``dev``.
        options: Settings of the trainer.
    """

    use: str = "token-classifier"
    path: str = ""
    dev: str = ""
    lang: str = "en"
    labels: tuple[str, ...] = ("PER", "LOC", "ORG")
    limit: int = 0
    dev_limit: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.path:
            raise OptionError("no labelled text to learn from is named", hint="Name a file as path in [train].")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlabelled:
    """Text of the target languages for adversarial training.

    Args:
        files: Of each language, by its code.
        limit: Most sentences of a language, taken at even distances; 0 takes all.
        together: One training against all languages at once; else one for each language, scored on that language.
    """

    files: Mapping[str, tuple[TextSource, ...]] = field(default_factory=dict)
    limit: int = 0
    together: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderTable:
    """An encoder of the grid.

    Args:
        name: What the page calls it; a name on the hub or a folder, unless ``shape`` says how it is made.
        model: The name on the hub or folder, where the page is to call it otherwise.
        family: Encoders of one family are joined by a line.
        shape: Settings of :class:`crosspan.train.pretrain.scratch.Shape`: the encoder is made and pre-trained by the
            study.
        pretrain: Its own settings of pre-training, before those of ``[pretrain.options]``.
        train: Its own settings of fine-tuning, before those of ``[train.options]``.
    """

    name: str = ""
    model: str = ""
    family: str = ""
    shape: Mapping[str, Any] = field(default_factory=dict)
    pretrain: Mapping[str, Any] = field(default_factory=dict)
    train: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.name:
            raise OptionError("an encoder has no name", hint="Give each [[encoder]] a name.")
        if self.shape and self.model:
            raise OptionError(f"{self.name} has a model and a shape", hint="Leave one of them out.")

    @property
    def source(self) -> str:
        """The name on the hub or folder."""
        return self.model or self.name

    @property
    def kind(self) -> str:
        """The family, of a shape where none is named."""
        return self.family or str(self.shape.get("family", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """A way of training, mostly against a discriminator of languages; plain fine-tuning is always run beside it.

    Args:
        name: What the page calls it.
        use: Its trainer; empty takes that of plain fine-tuning.
        encoders: Names of the encoders that it is tried with; all by default.
        settings: Settings of the trainer. Those of :class:`crosspan.train.adversarial_options.AdversarialOptions`
            stand without ``adversarial.`` before them.
    """

    name: str = ""
    use: str = ""
    encoders: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """Test sets of one suite and domain.

    Args:
        suite: A suite of ``crosspan bench``.
        folder: Where its files are, below the data folder.
        languages: Its entries, such as ``da-ddt``; a code of a language where the suite has only one of it.
        domain: What kind of text it is.
        limit: Most sentences of each, taken at even distances; 0 takes all.
    """

    suite: str = ""
    folder: str = "."
    languages: tuple[str, ...] = ()
    domain: str = ""
    limit: int = 0

    def __post_init__(self) -> None:
        if not self.suite or not self.languages:
            raise OptionError(
                "a [[test]] names no suite or no languages", hint='Write, say, suite = "uner", languages = ["da"].'
            )


PLAIN = "none"
"""The name of plain fine-tuning among the modes."""
