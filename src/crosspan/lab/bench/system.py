"""What is run on a suite: a pipeline with its method, aligner, taggers and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast, get_args

from crosspan.align import ALIGNERS as _ALIGNERS
from crosspan.align import make_aligner
from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.core.options import with_settings
from crosspan.pipeline.recipes.ready import ready_names
from crosspan.project.projector import PROJECTORS, make_projector
from crosspan.suites.suite import About, MissingData, Need, Pipeline

if TYPE_CHECKING:
    from crosspan.train.crf import CrfOptions
    from crosspan.train.noise import NoiseOptions

PIPELINES: tuple[Pipeline, ...] = get_args(Pipeline)
ALIGNERS = tuple(_ALIGNERS.builtin)
METHODS = tuple([name for name, one in PROJECTORS.builtin.items() if one.links])
_GROUPS = ("aligner", "train", "noise")
_LEARNS_FROM_SOURCE = frozenset({"easyproject"})
_TRAINS = frozenset({"translate-train", "ensemble"})
_TAGS_SOURCES = frozenset({"translate-test", "translate-train", "ensemble"})

NEEDS: Mapping[Pipeline, frozenset[Need]] = {
    "projection": frozenset({"source", "bitext"}),
    "translate-test": frozenset({"source", "bitext"}),
    "tagger": frozenset(),
    "translate-train": frozenset({"train", "bitext"}),
    "ensemble": frozenset({"source", "train", "bitext"}),
    "alignment": frozenset({"source", "bitext"}),
}
"""What each pipeline wants of a language beside its test sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """One way to label test sentences, or to link words.

    Args:
        pipeline: ``projection`` carries gold labels of the source over; ``translate-test`` those that a tagger finds in
            the translation; ``tagger`` tags the sentences themselves; ``translate-train`` trains a tagger on carried
            labels; ``ensemble`` averages the last and ``translate-test``; ``alignment`` links words. Or the name of a
            ready recipe (:func:`crosspan.pipeline.recipes.ready.ready_names`).
        method: How spans are carried over.
        aligner: Name of the word aligner.
        settings: Settings of the method; those of the aligner begin with ``aligner.``, those of training with
            ``train.``, those of how carried labels are taken with ``noise.``. Those of a ready recipe are its own keys.
        taggers: Taggers by language, that of the sentences they tag; under ``""`` the one for all. In its name
            ``{lang}`` stands for the language.
        more_text: Whether the aligner learns from more text than the sentences at hand, where the folder has some.
        from_gold: Whether the suite has gold labels on the source side, for a ready recipe to carry over.

    Raises:
        OptionError: A name or a setting is not possible.

    Example:
        >>> System(pipeline="projection").label
        'projection, candidates, statistical aligner'
    """

    pipeline: str
    method: str = METHODS[0]
    aligner: str = ALIGNERS[0]
    settings: Mapping[str, str] = field(default_factory=dict)
    taggers: Mapping[str, str] = field(default_factory=dict)
    more_text: bool = True
    from_gold: bool = False

    def __post_init__(self) -> None:
        if self.is_ready:
            self._check_ready()
            return
        if self.pipeline not in PIPELINES:
            raise _unknown("pipeline", self.pipeline, (*PIPELINES, *ready_names()))
        if self.aligner not in ALIGNERS:
            raise _unknown("aligner", self.aligner, ALIGNERS)
        if self.method not in METHODS:
            raise _unknown("method", self.method, METHODS)
        make_aligner(self.aligner, threads=None, **self.group("aligner"))
        make_projector(self.method, self.group(""))
        if self.group("train") or self.group("noise"):
            self.train_options()
        without = [name for name in sorted(self.settings) if not _has_effect(self.pipeline, name)]
        if without:
            raise OptionError(f"{without[0]} has no effect on the pipeline {self.pipeline}", hint="Leave it out.")

    def _check_ready(self) -> None:
        """Raise where something was chosen that a ready recipe says itself."""
        for name, given, default in (("method", self.method, METHODS[0]), ("aligner", self.aligner, ALIGNERS[0])):
            if given != default:
                hint = f"Change the recipe: --set {'project' if name == 'method' else 'align'}.use=NAME."
                raise OptionError(f"the {name} of {self.pipeline} stands in its recipe", hint=hint)
        if self.taggers:
            raise OptionError(
                f"the tagger of {self.pipeline} stands in its recipe", hint="Change the recipe: --set tag.model=NAME."
            )

    @property
    def is_ready(self) -> bool:
        """Whether it is a ready recipe."""
        return self.pipeline not in PIPELINES and self.pipeline in ready_names()

    @property
    def tags(self) -> bool:
        """Whether a tagger is used."""
        return not self.is_ready and self.pipeline not in ("projection", "alignment")

    @property
    def needs(self) -> frozenset[Need]:
        """What it wants of a language beside its test sentences."""
        if self.is_ready:
            wanted: Need = "source" if self.from_gold else "train"
            return frozenset({wanted}) if self.from_gold or self.pipeline in _LEARNS_FROM_SOURCE else frozenset()
        return NEEDS[cast("Pipeline", self.pipeline)] - (frozenset() if self.more_text else frozenset({"bitext"}))

    @property
    def aligns(self) -> bool:
        """Whether words are linked."""
        return not self.is_ready and self.pipeline != "tagger"

    @property
    def short(self) -> str:
        """What to call it in a signature."""
        return "+".join(self.label.removesuffix(" aligner").split(", "))

    @property
    def label(self) -> str:
        """What to call it in a table."""
        parts: list[str] = [self.pipeline]
        if not self.is_ready and self.pipeline not in ("tagger", "alignment"):
            parts.append(self.method)
        if self.aligns:
            parts.append(f"{self.aligner} aligner")
        parts += [f"{name}={value}" for name, value in sorted(self.settings.items())]
        return ", ".join(parts)

    def group(self, prefix: str) -> dict[str, str]:
        """The settings of a group, without its name; under ``""`` those of the method."""
        if prefix:
            return {
                name.removeprefix(f"{prefix}."): value
                for name, value in self.settings.items()
                if name.startswith(f"{prefix}.")
            }
        return {name: value for name, value in self.settings.items() if _group(name) == ""}

    def train_options(self) -> tuple[CrfOptions, NoiseOptions]:
        """How a tagger is trained, and how carried labels are taken."""
        from crosspan.train.crf import CrfOptions
        from crosspan.train.noise import NoiseOptions

        return with_settings(CrfOptions(), self.group("train")), with_settings(NoiseOptions(), self.group("noise"))

    def tagger_for(self, lang: str, *, of: str) -> str:
        """Name of the tagger for sentences of a language.

        Args:
            lang: Their language.
            of: What they are, for the error.

        Raises:
            MissingData: None was named, and there is none to fall back on.
        """
        name = self.taggers.get(lang) or (
            # a tagger for all tags the test sentences themselves, but English ones alone where there are translations
            self.taggers.get("") if self.pipeline == "tagger" or lang == "en" else None
        )
        if name is None and (lang == "en" or self.pipeline == "tagger"):
            name = "en"
        if name is None:
            raise MissingData(f"no tagger for the {of}, which are in {lang!r}: name one, as --tagger {lang}=spacy:NAME")
        return name.replace("{lang}", lang)

    def taggers_used(self, lang: str, source_lang: str) -> tuple[str, ...]:
        """Names of the taggers that a language needs, to know whether a kept result still holds."""
        if self.pipeline == "tagger":
            return (self.tagger_for(lang, of="sentences"),)
        return (self.tagger_for(source_lang, of="translations"),) if self.pipeline in _TAGS_SOURCES else ()

    def to_dict(self) -> dict[str, object]:
        """As plain values for JSON."""
        return {
            "label": self.label,
            "pipeline": self.pipeline,
            "method": None if self.is_ready or self.pipeline in ("tagger", "alignment") else self.method,
            "aligner": self.aligner if self.aligns else None,
            "settings": dict(sorted(self.settings.items())),
            "taggers": dict(sorted(self.taggers.items())),
            "more_text": self.more_text if self.aligns else None,
        }


def make_system(
    about: About,
    *,
    pipeline: str | None = None,
    method: str = METHODS[0],
    aligner: str = ALIGNERS[0],
    settings: Mapping[str, str] | None = None,
    taggers: Mapping[str, str] | None = None,
    more_text: bool = True,
) -> System:
    """The system that a suite is run with.

    Args:
        about: The suite.
        pipeline: One of the suite's; its first by default.
        method: See :class:`System`, as for the others.
        aligner: Name of the word aligner.
        settings: By name.
        taggers: By language.
        more_text: Whether the aligner learns from more text.

    Raises:
        OptionError: The suite has no such pipeline, or a name or setting is not possible.
    """
    known = pipelines_of(about)
    chosen = pipeline or about.pipelines[0]
    if chosen not in known:
        raise OptionError(f"the suite {about.name} has no pipeline {chosen!r}", hint=f"Choose from {', '.join(known)}.")
    return System(
        pipeline=chosen,
        method=method,
        aligner=aligner,
        settings=settings or {},
        taggers=taggers or {},
        more_text=more_text,
        from_gold=about.pipelines[0] == "projection",
    )


def pipelines_of(about: About) -> tuple[str, ...]:
    """The pipelines of a suite, its own first, then the ready recipes where it has sentences to label.

    Example:
        >>> from crosspan.suites import make_suite
        >>> pipelines_of(make_suite("alignment").about)
        ('alignment',)
    """
    return about.pipelines if about.pipelines == ("alignment",) else (*about.pipelines, *ready_names())


def make_baseline(about: About, system: System, name: str) -> System:
    """The system to compare with: another method, aligner or pipeline.

    What is named has its default settings. The rest stays as it is, with those of its settings that still have an
    effect.

    Args:
        about: The suite.
        system: What it is compared with.
        name: A method, an aligner or one of the suite's pipelines, or several with ``+`` between them.

    Raises:
        OptionError: A part of the name is none of these, or the baseline is the system itself.

    Example:
        >>> from crosspan.suites import make_suite
        >>> about = make_suite("europarl-ner").about
        >>> make_baseline(about, make_system(about), "fast_align+heuristic").label
        'projection, heuristic, fast_align aligner'
    """
    changes: dict[str, str] = {}
    for part in name.split("+"):
        for kind, known in (("method", METHODS), ("aligner", ALIGNERS), ("pipeline", pipelines_of(about))):
            if part in known and kind not in changes:
                changes[kind] = part
                break
        else:
            raise _unknown("baseline", part, (*METHODS, *ALIGNERS, *pipelines_of(about)))
    pipeline = changes.get("pipeline", system.pipeline)
    settings = {
        name: value
        for name, value in system.settings.items()
        if ("aligner" if name.startswith("aligner.") else "method" if _group(name) == "" else "") not in changes
        and _has_effect(pipeline, name)
    }
    if pipeline in ready_names():
        settings = dict(system.settings) if system.is_ready else {}
        changes = {"method": METHODS[0], "aligner": ALIGNERS[0], **changes}
    elif system.is_ready:
        settings = {}
    taggers = {} if pipeline in ready_names() else system.taggers
    found = replace(system, settings=settings, taggers=taggers, **changes)  # type: ignore[arg-type]
    if (found.label, found.taggers) == (system.label, system.taggers):
        raise OptionError(f"the baseline {name!r} is what it would be compared with", hint="Choose another.")
    return found


def _group(setting: str) -> str:
    """The group of a setting; empty for those of the method."""
    group = setting.partition(".")[0]
    return group if group in _GROUPS else ""


def _has_effect(pipeline: str, setting: str) -> bool:
    group = _group(setting)
    if group == "aligner":
        return pipeline != "tagger"
    return pipeline in _TRAINS if group else pipeline not in ("tagger", "alignment")


def _unknown(kind: str, name: str, known: tuple[str, ...]) -> OptionError:
    return OptionError(f"there is no {kind} {name!r}", hint=did_you_mean(name, known, quoted=False))
