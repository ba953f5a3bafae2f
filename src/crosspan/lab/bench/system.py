"""What is run on a suite: a pipeline with its method, aligner, taggers and settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosspan.align import ALIGNERS
from crosspan.core.errors import OptionError
from crosspan.core.families import Family
from crosspan.core.nearest import did_you_mean
from crosspan.lab.bench.settings import (
    CHOSEN,
    OF_ANY_METHOD,
    PIPELINES,
    TASKS_OF,
    has_effect,
    place_of,
    tables_of,
)
from crosspan.pipeline.labels import IN_MEMORY
from crosspan.pipeline.recipes.fit import links_are_made
from crosspan.pipeline.recipes.ready import ready_names, ready_recipe
from crosspan.pipeline.recipes.recipe import change_recipe, make_recipe
from crosspan.pipeline.recipes.tables import OPTIONAL, TABLES
from crosspan.pipeline.use import Use
from crosspan.project.projector import PROJECTORS
from crosspan.suites.suite import MissingData, Need
from crosspan.tag import TAGGERS, tagger_name
from crosspan.train import TRAINERS

NEEDS: Mapping[str, frozenset[Need]] = {
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
        settings: Settings of the method; others as ``TABLE.KEY`` of a recipe: ``align.KEY`` (or ``aligner.KEY``),
            ``tag.KEY``, ``train.KEY``, ``train.noise.KEY`` (or ``noise.KEY``). Those of a ready recipe are its own
            keys.
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
    method: str = PROJECTORS.default
    aligner: str = ALIGNERS.default
    settings: Mapping[str, str] = field(default_factory=dict)
    taggers: Mapping[str, str] = field(default_factory=dict)
    more_text: bool = True
    from_gold: bool = False

    def __post_init__(self) -> None:
        if self.is_ready:
            self._check_ready()
            return
        if self.pipeline not in PIPELINES:
            raise OptionError(
                f"there is no pipeline {self.pipeline!r}",
                hint=did_you_mean(self.pipeline, (*PIPELINES, *ready_names()), quoted=False),
            )
        ALIGNERS.check(self.aligner)
        PROJECTORS.check(self.method)
        for name in sorted(self.settings):
            self._check_setting(name)
        for tagger in self.taggers.values():
            if "{lang}" not in tagger:
                tagger_name(tagger)
        for task in self.tasks:
            make_recipe({"task": task, **self.tables(task, "xx", "en")})

    def _check_setting(self, name: str) -> None:
        """Raise where a setting has no effect, or belongs to something else than it says."""
        table, key = place_of(name)
        option = CHOSEN.get(f"{table}.{key}")
        if option is not None:
            raise OptionError(f"{name} is what {option} says", hint=f"Write {option} NAME.")
        if table == "project" and key not in OF_ANY_METHOD and not PROJECTORS.takes(self.method, key):
            others: list[tuple[str, Family[Any], str]] = [("align", ALIGNERS, self.aligner)] if self.aligns else []
            if self.learns:
                others.append(("train", TRAINERS, self.settings.get("train.use", TRAINERS.default)))
            for other, family, use in others:
                if use in family and family.takes(use, key):
                    hint = f"For the {family.noun} {use} write {other}.{key}."
                    raise OptionError(f"the method {self.method} has no setting {key!r}", hint=hint)
        self._check_effect(name)

    def _check_effect(self, name: str) -> None:
        if not self.heeds(name):
            raise OptionError(f"{name} has no effect on the pipeline {self.pipeline}", hint="Leave it out.")

    def heeds(self, setting: str) -> bool:
        """Whether a setting changes anything. Those of a ready recipe do, but for tables that it does not have.

        Example:
            >>> System(pipeline="projection").heeds("tag.adapt"), System(pipeline="translate-test").heeds("tag.adapt")
            (False, True)
        """
        if not self.is_ready:
            return has_effect(self.pipeline, setting)
        table, recipe = setting.partition(".")[0], self._ready_recipe("xx", "en")
        if table not in TABLES:
            return True
        there = table not in OPTIONAL or table in recipe or f"{table}.use" in self.settings
        return there and table in tables_of(recipe["task"])

    def _check_ready(self) -> None:
        """Raise where something was chosen that a ready recipe says itself."""
        defaults = (("method", self.method, PROJECTORS.default), ("aligner", self.aligner, ALIGNERS.default))
        for name, given, default in defaults:
            if given != default:
                hint = f"Change the recipe: --set {'project' if name == 'method' else 'align'}.use=NAME."
                raise OptionError(f"the {name} of {self.pipeline} stands in its recipe", hint=hint)
        if self.taggers:
            raise OptionError(
                f"the tagger of {self.pipeline} stands in its recipe", hint="Change the recipe: --set tag.model=NAME."
            )
        for name in sorted(self.settings):
            self._check_effect(name)
        make_recipe(self.ready_data("xx", "en"))

    def ready_data(self, lang: str, source_lang: str) -> dict[str, Any]:
        """A ready recipe with the settings, as values; its files are in memory.

        Where the suite has gold labels on the source side, those are carried over, and nothing is translated or tagged.

        Args:
            lang: Language of the sentences to label.
            source_lang: Language of their other side.
        """
        return change_recipe(
            self._ready_recipe(lang, source_lang), [f"{name}={value}" for name, value in self.settings.items()]
        )

    def _ready_recipe(self, lang: str, source_lang: str) -> dict[str, Any]:
        """The same without the settings."""
        files = dict.fromkeys(("TARGET", "SOURCE"), IN_MEMORY)
        langs = {"TARGET_LANG": lang, "SOURCE_LANG": source_lang}
        data = tomllib.loads(ready_recipe(self.pipeline, {**files, **langs, "OUT": "out"}))
        if self.learns:
            data["predict"] = {"path": IN_MEMORY}
        if self.from_gold and data["task"] != "model-transfer":
            data.pop("tag", None)
            if not self.learns:
                data.pop("translate", None)
                data["task"] = "project"
                data["source"]["path"] = IN_MEMORY
        return data

    def tables(self, task: str, lang: str, source_lang: str) -> dict[str, dict[str, Any]]:
        """The tables of a recipe that say the same.

        Args:
            task: The task.
            lang: Language of the sentences to label.
            source_lang: Language of their other side.

        Raises:
            MissingData: No tagger was named for that language.
        """
        own = tables_of(task)
        found: dict[str, dict[str, Any]] = {
            "source": {"path": IN_MEMORY, "lang": source_lang},
            "target": {"path": IN_MEMORY, "lang": lang},
            "align": {"use": self.aligner},
            "project": {"use": self.method},
            "predict": {"path": IN_MEMORY},
            "ensemble": {"model": IN_MEMORY},
            "train": {},
        }
        if self.tags:
            of, of_lang = ("sentences", lang) if task == "model-transfer" else ("translations", source_lang)
            found["tag"] = dict(zip(("use", "model"), tagger_name(self.tagger_for(of_lang, of=of)), strict=True))
        for name, value in self.settings.items():
            table, key = place_of(name)
            if table in own:
                found.setdefault(table, {})[key] = value
        return {name: table for name, table in found.items() if name in own}

    @property
    def is_ready(self) -> bool:
        """Whether it is a ready recipe."""
        return self.pipeline not in PIPELINES and self.pipeline in ready_names()

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of recipes that it is made of, one after the other."""
        if self.is_ready:
            return (str(tomllib.loads(ready_recipe(self.pipeline))["task"]),)
        return TASKS_OF[self.pipeline]

    @property
    def learns(self) -> bool:
        """Whether a tagger is trained."""
        return "translate-train" in self.tasks

    @property
    def tags(self) -> bool:
        """Whether a tagger is used."""
        return not self.is_ready and self.pipeline not in ("projection", "alignment")

    @property
    def needs(self) -> frozenset[Need]:
        """What it wants of a language beside its test sentences."""
        if self.is_ready:
            if self.from_gold:
                return frozenset() if self.tasks == ("model-transfer",) else frozenset({"source"})
            return frozenset({"train"}) if self.learns else frozenset()
        return NEEDS[self.pipeline] - (frozenset() if self.more_text else frozenset({"bitext"}))

    @property
    def aligns(self) -> bool:
        """Whether words are linked."""
        if self.is_ready or self.pipeline == "tagger":
            return False
        places = {place_of(name) for name in self.settings}
        return links_are_made(
            PROJECTORS.component(self.method),
            self.aligner,
            changed="align" in {table for table, _ in places},
            looked_at=self.pipeline in ("alignment", "ensemble") or ("project", "filters") in places,
        )

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

    @property
    def named_taggers(self) -> list[Use]:
        """The taggers that the user named."""
        names = [self.taggers[lang] for lang in sorted(self.taggers)] if self.tags else []
        return [Use(TAGGERS, *tagger_name(name)) for name in names]

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
