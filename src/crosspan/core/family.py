"""A family of components of one kind by name: crosspan's own, those added here, those of installed packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from crosspan.core import registry
from crosspan.core.errors import OptionError


class Family:
    """Components of one kind, found by name.

    Args:
        group: The group of entry points by which other packages bring theirs in.
        noun: What one of them is called in messages.
        own: Those of crosspan: name and ``module:attribute``. They come first, so that no package takes their place.

    Example:
        >>> Family("crosspan.colours", "colour", {"none": "builtins:str"}).find("none")
        <class 'str'>
    """

    def __init__(self, group: str, noun: str, own: Mapping[str, str]) -> None:
        self.group = group
        self.noun = noun
        self.own = own
        self._added: dict[str, Any] = {}

    def names(self) -> list[str]:
        """All names: crosspan's own in their order, then others in alphabetical order."""
        return [*self.own, *sorted({*self._added, *registry._installed(self.group)} - self.own.keys())]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def find(self, name: str) -> Any:
        """The component of a name.

        Raises:
            OptionError: There is none; the error names the nearest.
            MissingDependencyError: It needs a package that is not installed.
            ModelError: The package that brings it is broken.
        """
        if name in self.own:
            module, _, attribute = self.own[name].partition(":")
            return getattr(import_module(module), attribute)
        if name in self._added:
            return self._added[name]
        found = registry._installed(self.group).get(name)
        if found is None:
            raise OptionError(f"there is no {self.noun} {name!r}", hint=registry._near(name, self.names()))
        return registry._loaded(found, self.noun)

    def register(self, name: str, component: Any) -> None:
        """Add a component to this process; the same name again replaces it.

        Raises:
            OptionError: crosspan has one of that name itself.
        """
        if name in self.own:
            raise OptionError(f"crosspan has a {self.noun} {name!r} itself", hint="Choose another name.")
        self._added[name] = component
