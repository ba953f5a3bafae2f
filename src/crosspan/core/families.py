"""Families: everything that can be chosen by name, in one table a family that every door asks.

A family (the aligners, the taggers …) is declared in the package it belongs to, and imports nothing heavy. Packages add
to it by naming a factory in their ``pyproject.toml``::

    [project.entry-points."crosspan.taggers"]
    gazetteer = "my_package.gazetteer:make_tagger"

The factory is called as the family says (:class:`Family`), for crosspan's own components and those of others alike. It
may carry two attributes: ``component``, a :class:`~crosspan.core.components.Component` that says what it needs and
does, and ``Options``, a frozen dataclass of its options; with these crosspan checks settings and knows what results
depend on::

    make_tagger.Options = GazetteerOptions
    make_tagger.component = Component(about="Labels the words of a list.", packages=("my-package",))
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, fields, is_dataclass, replace
from functools import cache
from importlib import import_module
from shutil import which
from typing import Any, Generic, TypeVar

from crosspan.core.components import Component
from crosspan.core.errors import CrosspanError, OptionError
from crosspan.core.model_options import UNSEEN, Content, seen_options
from crosspan.core.nearest import did_you_mean
from crosspan.core.options import flat, is_open, setting_names, with_settings
from crosspan.core.plugins import installed, loaded, package_of, package_version

OWN = "crosspan"
"""What brings a component of crosspan's own."""

C = TypeVar("C", bound=Component)


class Family(Generic[C]):
    """The components of one kind.

    Args:
        group: The group of entry points, such as ``"crosspan.aligners"``.
        noun: What one is called in messages, such as ``"aligner"``.
        builtin: Those of crosspan by name; the first is the default.
        given: What a factory gets as positional arguments, by name: ``("model",)`` for taggers and translators.
        context: Keywords that a factory may have beside its options, such as ``("threads",)``; one that it does not
            name in its signature is not passed.
        unknown: What is assumed of a component of another package that says nothing of itself.
        unseen: Options that change how fast a result is there, and not the result.

    A factory has options as keywords, ``factory(*given, **context, **options)``; if it has a parameter ``options``, it
    gets a checked object of its options class instead.
    """

    def __init__(
        self,
        group: str,
        noun: str,
        builtin: Mapping[str, C],
        *,
        given: tuple[str, ...] = (),
        context: tuple[str, ...] = (),
        unknown: C,
        unseen: frozenset[str] = UNSEEN,
    ) -> None:
        self.group = group
        self.noun = noun
        self.builtin = dict(builtin)
        self.given = given
        self.context = context
        self.unknown = unknown
        self.unseen = unseen
        self._added: dict[str, tuple[Callable[..., Any], C]] = {}

    @property
    def default(self) -> str:
        """The name of the first component of crosspan's own."""
        return next(iter(self.builtin))

    def names(self) -> list[str]:
        """Names of all: those of crosspan in their order, then the others, sorted.

        Example:
            >>> from crosspan.align import ALIGNERS
            >>> ALIGNERS.names()[:2]
            ['statistical', 'fast_align']
        """
        return [*self.builtin, *sorted({*self._added, *installed(self.group)} - {*self.builtin})]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, use: object) -> bool:
        return use in self.builtin or use in self._added or use in installed(self.group)

    def is_builtin(self, use: str) -> bool:
        """Whether it is one of crosspan's own."""
        return use in self.builtin

    def check(self, use: str) -> None:
        """Raise unless there is a component of this name.

        Raises:
            OptionError: There is none; the error names the nearest.
        """
        if use not in self:
            raise OptionError(f"there is no {self.noun} {use!r}", hint=did_you_mean(use, self.names()))

    def component(self, use: str) -> C:
        """What is known of a component; one of another package is loaded, to ask it.

        Raises:
            OptionError: There is none of this name.
            MissingDependencyError: It needs a package that is not installed.
            ModelError: The package that brings it is broken.
        """
        if use in self.builtin:
            return self.builtin[use]
        if use in self._added:
            return self._added[use][1]
        return replace(self.told_by(self.factory(use)), target=installed(self.group)[use].value)

    def told_by(self, thing: Any) -> C:
        """What a factory, or an object that it made, says of itself as its ``component``; else what is assumed of all.

        Example:
            >>> from crosspan.project.projector import PROJECTORS
            >>> PROJECTORS.told_by(object()).links
            True
        """
        declared = getattr(thing, "component", None)
        return declared if isinstance(declared, type(self.unknown)) else self.unknown

    def facts(self, use: str, settings: Mapping[str, Any] | None = None) -> C:
        """What is known of a component with these settings.

        Where facts depend on options, the options have a method ``facts`` that returns those that differ.
        """
        found = self.component(use)
        options = self.options(use)
        if options is None or not hasattr(options, "facts"):
            return found
        return replace(found, **with_settings(options, dict(settings or {})).facts())

    def factory(self, use: str) -> Callable[..., Any]:
        """What makes a component. Names of crosspan come first, so that no package takes their place unnoticed.

        Raises:
            OptionError: There is no such component; the error names the nearest.
            MissingDependencyError: It needs a package that is not installed.
            ModelError: The package that brings it is broken; the error names it.

        Example:
            >>> from crosspan.align import ALIGNERS
            >>> ALIGNERS.factory("statistical").__name__
            'StatisticalAligner'
        """
        if use in self.builtin:
            found: Callable[..., Any] = _at(self.builtin[use].target)
            return found
        if use in self._added:
            return self._added[use][0]
        self.check(use)
        return loaded(installed(self.group)[use], self.noun)

    def make(self, use: str, *given: Any, settings: Mapping[str, Any] | None = None, **keywords: Any) -> Any:
        """Make a component.

        Args:
            use: Its name.
            given: What the family says: the model of a tagger, say.
            settings: Options by name, nested ones with a dot; strings are read as what the option is.
            keywords: Options likewise, what the family says beside them (``threads``), and ``options``: an object of
                the options class to start from.

        Raises:
            OptionError: There is no such component or option, or a value is not possible.
            MissingDependencyError: It needs a package or a program that is not installed.
            ModelError: The package that brings it is broken.

        Example:
            >>> from crosspan.align import ALIGNERS
            >>> ALIGNERS.make("statistical", threads=1, p_null="0.3").options.p_null
            0.3
        """
        factory = self.factory(use)
        context = {name: keywords.pop(name) for name in self.context if name in keywords}
        base = keywords.pop("options", None)
        if self.given == ("model",) and not given:
            given = (keywords.pop("model", ""),)
        _check_threads(context.get("threads"))
        known = _parameters(factory)
        passed = {name: value for name, value in context.items() if name in known}
        passed.update(self._as_arguments(use, known, base, {**(settings or {}), **keywords}))
        try:
            inspect.signature(factory).bind(*given, **passed)
        except TypeError as error:
            raise OptionError(
                f"the {self.noun} {use!r} of {self.brought_by(use)} does not take these options ({error})",
                hint="Look into its documentation.",
            ) from error
        return factory(*given, **passed)

    def _as_arguments(self, use: str, known: frozenset[str], base: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Options as a factory takes them: the one place where crosspan's own differ from others."""
        kind = self._options_class(use)
        if kind is None:
            self._check_known(use, [name for name in settings if name not in known])
            return dict(settings)
        options = _with(kind() if base is None else base, settings)
        if "options" in known:
            return {"options": options}
        return {field.name: getattr(options, field.name) for field in fields(options) if field.name not in self.given}

    def _check_known(self, use: str, unknown: list[str]) -> None:
        """Raise where one of ours, which declares no options, gets some; others are asked when they are called."""
        if unknown and self.is_builtin(use):
            raise OptionError(f"the {self.noun} {use!r} has no option {unknown[0]!r}", hint="Leave it out.")

    def _options_class(self, use: str) -> type[Any] | None:
        component = self.component(use)
        found = _at(component.options) if component.options else None
        if found is None and use not in self.builtin:
            found = getattr(self.factory(use), "Options", None)
        return found if isinstance(found, type) and is_dataclass(found) else None

    def options(self, use: str) -> Any:
        """The options of a component as they are by default: a frozen dataclass; ``None`` where it declares none.

        Example:
            >>> from crosspan.align import ALIGNERS
            >>> ALIGNERS.options("statistical").hmm_iterations
            3
        """
        kind = self._options_class(use)
        return None if kind is None else kind()

    def option_names(self, use: str) -> list[str] | None:
        """Names of all options; ``None`` where a component of another package declares none."""
        options = self.options(use)
        if options is None:
            return [] if self.is_builtin(use) else None
        return [name for name in setting_names(options) if name not in self.given]

    def takes(self, use: str, name: str) -> bool:
        """Whether a component has, or may have, an option of this name."""
        names = self.option_names(use)
        return names is None or name in names or is_open(self.options(use), name)

    def resolved(self, use: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """All options of a component by dotted names, checked, those not given at their defaults.

        What the family gives by itself (the model of a tagger) is not among them.

        Raises:
            OptionError: An option is unknown, or has a value that it cannot have.

        Example:
            >>> from crosspan.project.projector import PROJECTORS
            >>> PROJECTORS.resolved("heuristic", {"merge_distance": "2"})["merge_distance"]
            2
        """
        options = self.options(use)
        if options is None:
            self._check_known(use, list(settings))
            return dict(settings)
        return {name: it for name, it in flat(asdict(_with(options, settings))).items() if name not in self.given}

    def identity(self, use: str, settings: Mapping[str, Any], *, content: Content, model: str = "") -> dict[str, Any]:
        """What results depend on beside the source code, as plain values.

        Args:
            use: Name of the component.
            settings: Its options.
            content: Gives the digest of a model that lies at a path.
            model: The model that it is given.

        Returns:
            Who brings it, its version, the versions of its packages, and its options, models among them by their
            content; not those that only change how fast a result is there.

        Example:
            >>> from crosspan.project.projector import PROJECTORS
            >>> PROJECTORS.identity("heuristic", {}, content=str)["by"]
            'crosspan'
        """
        facts = self.facts(use, settings)
        options = self.resolved(use, settings)
        if "model" in self.given:
            options = {**options, "model": model}
        packages = [name.replace("{model}", model) for name in (*facts.packages, *facts.optional)]
        return {
            "use": use,
            "by": self.brought_by(use),
            "version": facts.version,
            "packages": [f"{name} {package_version(name)}" for name in packages],
            "options": seen_options(options, content, self.unseen),
        }

    def roots(self, use: str) -> tuple[str, ...]:
        """Names of the modules whose source, with all that they import, results depend on.

        Example:
            >>> from crosspan.align import ALIGNERS
            >>> ALIGNERS.roots("transalign")
            ('crosspan.align.translation_encoder',)
        """
        component = self.component(use)
        places = [component.target, component.options] if use not in self._added else [component.options]
        modules = [place.partition(":")[0] for place in places if place]
        if use not in self.builtin:
            makers = (self.factory(use), self._options_class(use))
            modules += [module for one in makers if (module := getattr(one, "__module__", None))]
        return tuple(dict.fromkeys(modules))

    def brought_by(self, use: str) -> str:
        """Who brings a component: ``"crosspan"``, the name and version of a package, or ``"this process"``."""
        if self.is_builtin(use):
            return OWN
        if use in self._added:
            return "this process"
        found = installed(self.group).get(use)
        return package_of(found) if found is not None else "unknown"

    def available(self, use: str) -> tuple[bool, str]:
        """Whether all that a component needs is installed, and what is missing."""
        try:
            component = self.component(use)
        except CrosspanError as error:
            return False, error.message
        missing = [name for name in component.packages if "{" not in name and package_version(name) is None]
        missing += [f"the program {name}" for name in component.programs if which(name) is None]
        return not missing, ", ".join(missing)

    def register(self, name: str, factory: Callable[..., Any], **facts: Any) -> None:
        """Add a component to this process, without a package around it; the same name again replaces it.

        Worker processes do not see it: give them a package with an entry point.

        Args:
            name: Its name.
            factory: What makes it.
            facts: What is known of it, as fields of :class:`~crosspan.core.components.Component`.

        Raises:
            OptionError: crosspan has a component of that name itself.

        Example:
            >>> from crosspan.core.components import Component
            >>> from crosspan.core.families import Family
            >>> family = Family("example.things", "thing", {}, unknown=Component())
            >>> family.register("list", list, about="Makes a list.")
            >>> family.make("list"), family.component("list").about
            ([], 'Makes a list.')
        """
        if name in self.builtin:
            raise OptionError(f"crosspan has a {self.noun} {name!r} itself", hint="Choose another name.")
        self._added[name] = (factory, replace(self.told_by(factory), **facts))


def _with(options: Any, settings: Mapping[str, Any]) -> Any:
    found = with_settings(options, settings)
    if hasattr(found, "check_names"):  # what only whoever works with them knows, such as names of scores
        found.check_names()
    return found


def _at(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return getattr(import_module(module), attribute)


@cache
def _parameters(factory: Callable[..., Any]) -> frozenset[str]:
    """Names of the parameters of a factory."""
    try:
        return frozenset(inspect.signature(factory).parameters)
    except (TypeError, ValueError):  # a class written in C
        return frozenset()


def _check_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise OptionError(f"{threads} threads", hint="Use at least 1.")
