"""What other packages bring: their entry points, and the packages that are installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from typing import Any

from crosspan.core.errors import MissingDependencyError, ModelError


def package_version(name: str) -> str | None:
    """The version of an installed package; ``None`` where it is not installed.

    Example:
        >>> package_version("a-package-that-nobody-wrote") is None
        True
    """
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):
        return None


@cache
def installed(group: str) -> dict[str, EntryPoint]:
    """Entry points by name; where two packages bring the same, the first in the order of their names wins."""
    found: dict[str, EntryPoint] = {}
    for point in sorted(entry_points(group=group), key=package_of):
        found.setdefault(point.name, point)
    return found


def loaded(point: EntryPoint, noun: str) -> Callable[..., Any]:
    """What an entry point names.

    Args:
        point: The entry point.
        noun: What it brings, for messages, such as ``"tagger"``.

    Raises:
        MissingDependencyError: It needs a package that is not installed.
        ModelError: The package is broken; the error names it.
    """
    try:
        found: Callable[..., Any] = point.load()
        return found
    except ModuleNotFoundError as error:
        if error.name and not point.module.startswith(error.name):
            raise MissingDependencyError(
                f"the {noun} {point.name!r} of {package_of(point)} needs the package {error.name}",
                hint=f"Install it with: pip install {error.name}.",
            ) from error
        raise _broken(point, noun, error) from error
    except Exception as error:  # whatever a foreign module does when it is imported
        raise _broken(point, noun, error) from error


def _broken(point: EntryPoint, noun: str, error: Exception) -> ModelError:
    reason = str(error).strip().partition("\n")[0] or type(error).__name__
    return ModelError(
        f"the {noun} {point.name!r} of the package {package_of(point)} cannot be loaded ({reason})",
        where=point.value,
        hint="Update or remove that package, or choose another backend.",
    )


def package_of(point: EntryPoint) -> str:
    """Name and version of the package that brings an entry point; where there is none, the module."""
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.module
