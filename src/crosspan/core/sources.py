"""A digest of the source code that modules import, so that no result outlives the code that made it.

What a module imports is found by reading files, not by importing them: a scan that knows strings, comments and import
statements, which takes a few hundredths of a second for all of crosspan. Only files of the modules' own top-level
packages and of crosspan count; of other packages, versions are what a key should hold.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from importlib.util import find_spec

from crosspan.core.errors import OptionError
from crosspan.core.imports import Scan, scan

_OWN = __name__.partition(".")[0]

_NOT_CODE = (".pyc", ".pyo", ".pyi", ".nbi", ".nbc", "~", ".typed")


@dataclass(slots=True)
class _Package:
    """A top-level package or module, as it lies on disk.

    Args:
        modules: The file of each module, by its full name.
        folders: The data files that lie beside modules, by folder and by a path below the package.
        names: All of these names, and those of packages that have no ``__init__``.
        version: What stands for the files where they cannot be read, as in an archive.
    """

    modules: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    folders: dict[str, dict[str, str]] = field(default_factory=dict)
    version: str | None = None


def source_digest(modules: Iterable[str]) -> str:
    """The SHA-256 of all source that modules import, and of the data files that lie beside it.

    Imports inside functions count, those under ``if TYPE_CHECKING`` do not, and neither do modules that are named by
    strings (tables of what a package loads late). The files are read once in a process.

    Args:
        modules: Full names of modules; of crosspan, or of packages that add to it.

    Raises:
        OptionError: There is no such module.

    Example:
        >>> one, other = source_digest(["crosspan.core.tags"]), source_digest(["crosspan.core.types"])
        >>> len(one), one == other, one == source_digest(["crosspan.core.tags"])
        (64, False, True)
    """
    return _digest(frozenset(modules))


def closure(modules: Iterable[str]) -> list[str]:
    """Full names of all modules that modules import, directly or not, and of these themselves, in order.

    Packages of a module come with it, as importing it runs them.

    Args:
        modules: Full names of modules.

    Raises:
        OptionError: There is no such module.

    Example:
        >>> closure(["crosspan.core.nearest"])
        ['crosspan', 'crosspan.core', 'crosspan.core.nearest']
    """
    found: set[str] = set()
    waiting: list[str] = []
    wanted = sorted(set(modules))
    inside = frozenset({_OWN, *(name.partition(".")[0] for name in wanted)})
    for name in wanted:
        package = _package(name.partition(".")[0])
        if package.version is None and name not in package.names:
            raise OptionError(f"there is no module {name!r} to make a digest of", hint="Check its name.")
        waiting.append(name)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if "." in name:
            waiting.append(name.rpartition(".")[0])
        waiting += _imported(name, inside)
    return sorted(name for name in found if name in _package(name.partition(".")[0]).modules)


def modules_of(package: str) -> list[str]:
    """Full names of all modules of a top-level package, in order.

    Example:
        >>> "crosspan.core.tags" in modules_of("crosspan")
        True
    """
    return sorted(_package(package).modules)


def forget() -> None:
    """Forget all files that were read, for tests that change them within a process."""
    for cached in (_digest, _package, _imported, _scan_of, _content):
        cached.cache_clear()


@cache
def _digest(modules: frozenset[str]) -> str:
    whole = hashlib.sha256()
    rows: dict[str, bytes] = {}
    for name in closure(modules):
        package = _package(name.partition(".")[0])
        path = package.modules[name]
        rows[name] = _content(path)[1]
        for shown, other in package.folders.get(os.path.dirname(path), {}).items():
            rows[shown] = _content(other)[1]
    for top in {_OWN, *(name.partition(".")[0] for name in modules)}:
        known = _package(top).version
        if known is not None:
            rows[f"{top} {known}"] = b""
    for shown in sorted(rows):
        whole.update(f"{len(shown)} {shown} ".encode("utf-8", "surrogateescape") + rows[shown])
    return whole.hexdigest()


@cache
def _content(path: str) -> tuple[str, bytes]:
    """The text of a source file (empty for others), and the hash of what is in a file."""
    try:
        with open(path, "rb", buffering=0) as stream:
            data = stream.read()
    except OSError:  # it went away since the folder was read
        return "", b"gone"
    text = data.decode("utf-8", "surrogateescape") if path.endswith(".py") else ""
    return text, hashlib.sha256(data).digest()


@cache
def _package(top: str) -> _Package:
    """The files of a top-level package, found without importing it."""
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    found = _Package()
    if spec is None:
        return found
    places = spec.submodule_search_locations
    if places is None:
        if spec.origin is not None and os.path.isfile(spec.origin) and spec.origin.endswith(".py"):
            found.modules[top] = spec.origin
    else:
        for place in places:
            if os.path.isdir(place):
                _walk(place, top, top, found)
    for name in found.modules:
        while name and name not in found.names:
            found.names.add(name)
            name = name.rpartition(".")[0]
    if not found.modules:
        found.version = _version(top)
    return found


def _walk(folder: str, module: str, shown: str, package: _Package) -> dict[str, str] | None:
    """Put a folder and those below it into a package; return its data files where no code is in it or below."""
    code: dict[str, str] = {}
    data: dict[str, str] = {}
    below: list[tuple[str, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(".") or name == "__pycache__":
                continue
            if entry.is_dir():
                below.append((name, entry.path))
            elif name.endswith(".py"):
                code[name.removesuffix(".py")] = entry.path
            elif not name.endswith(_NOT_CODE):
                data[f"{shown}/{name}"] = entry.path
    bare = not code
    for name, path in below:
        lower = _walk(path, f"{module}.{name}", f"{shown}/{name}", package)
        if lower is None:
            bare = False
        else:
            data.update(lower)
    for name, path in code.items():
        package.modules[module if name == "__init__" else f"{module}.{name}"] = path
    if bare:
        return data
    package.folders[folder] = data
    return None


def _version(top: str) -> str:
    try:
        return version(top)
    except PackageNotFoundError:
        pass
    for name in packages_distributions().get(top, ()):
        return f"{name} {version(name)}"
    return "unknown"


@cache
def _imported(name: str, inside: frozenset[str]) -> frozenset[str]:
    """Full names of what a module imports itself from packages; of others it may name what is none."""
    package = _package(name.partition(".")[0])
    path = package.modules.get(name)
    if path is None:
        return frozenset()
    is_package = os.path.basename(path) == "__init__.py"
    found: set[str] = set()
    for module, names in _scan_of(path).imports:
        base = _absolute(module, name, is_package)
        if base.partition(".")[0] not in inside:
            continue
        found.add(base)
        for one in names:
            found.update(_taken(base, one, inside))
    return frozenset(found)


def _absolute(module: str, name: str, is_package: bool) -> str:
    """The full name of a module that an import in ``name`` gives; empty where there is none."""
    if not module.startswith("."):
        return module
    rest = module.lstrip(".")
    up = len(module) - len(rest) - is_package
    parts = name.split(".")
    if up >= len(parts):
        return ""
    home = ".".join(parts[: len(parts) - up])
    return f"{home}.{rest}" if rest else home


def _taken(base: str, name: str, inside: frozenset[str]) -> Iterable[str]:
    """The modules that come with a name taken from a module: itself, or where its package loads it from."""
    package = _package(base.partition(".")[0])
    if name == "*":
        if base in package.modules and os.path.basename(package.modules[base]) == "__init__.py":
            yield from (one for one in package.modules if one.rpartition(".")[0] == base)
        return
    full = f"{base}.{name}"
    if full in package.names:
        yield full
        return
    path = package.modules.get(base)
    if path is None or os.path.basename(path) != "__init__.py":
        return
    for module, names in _scan_of(path).typed:
        if name in names:  # loaded by the package's __getattr__
            home = _absolute(module, base, True)
            if home.partition(".")[0] in inside:
                yield home
                yield from _taken(home, name, inside)


@cache
def _scan_of(path: str) -> Scan:
    return scan(_content(path)[0])
