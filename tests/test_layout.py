"""The plan of the house: a package imports the ground floor and packages to its left, never to its right."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import crosspan

ROOT = Path(crosspan.__file__).parent
ORDER = [
    "core",
    "text",
    "io",
    "models",
    "translate",
    "tag",
    "align",
    "project",
    "evaluate",
    "train",
    "suites",
    "pipeline",
    "report",
    "review",
    "lab",
    "demo",
    "testing",
    "manual",
    "cli",
    "__main__",
]
MODULES = sorted(ROOT.rglob("*.py"))


def place_of(path: Path) -> str:
    """The package or top module a file belongs to; empty for the package itself."""
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    return "" if part == "__init__" else part


def imports_of(path: Path) -> list[tuple[int, str]]:
    """What a module imports from crosspan, anywhere in it: line and name of the package or top module."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        found += [(node.lineno, name.split(".")[1]) for name in names if name.startswith("crosspan.")]
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_to_the_left(path):
    home = place_of(path)
    if home == "":
        return  # names are only handed on there, when they are used
    allowed = {*ORDER[: ORDER.index(home) + 1], "__version__"}
    wrong = [f"{path.name}:{line}: {home} imports {name}" for line, name in imports_of(path) if name not in allowed]
    assert wrong == []


def test_every_package_has_its_place():
    assert {place_of(path) for path in MODULES} - {""} <= set(ORDER)


def test_no_module_is_called_utils():
    assert not [path for path in MODULES if path.stem in ("utils", "util", "helpers", "common")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_library_does_not_print(path):
    calls = [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert calls == []


def test_a_class_name_means_one_thing_in_the_whole_house():
    places = {}
    for path in MODULES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
