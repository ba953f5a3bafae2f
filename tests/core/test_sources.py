"""The digest of source code follows what is imported, and nothing else."""

from __future__ import annotations

import ast
import sys
import time
import zipfile
from pathlib import Path

import pytest

import crosspan
from crosspan.core import imports, sources
from crosspan.core.errors import OptionError
from crosspan.core.imports import scan, slow_scan
from crosspan.core.sources import closure, modules_of, source_digest

ROOT = Path(crosspan.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))


@pytest.fixture(autouse=True)
def _anew():
    sources.forget()
    yield
    sources.forget()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Writes files of a package ``plug`` that can be imported."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(files):
        for name, text in files.items():
            path = tmp_path / "plug" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sources.forget()

    write({"__init__.py": ""})
    return write


def own(names):
    return [name for name in closure(names) if name.startswith("plug")]


def slow_closure(module):
    """By definition, with Python's parser: for modules of crosspan, which imports itself with full names."""
    files = {
        ".".join(("crosspan", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in FILES
    }
    found, waiting = set(), [module]
    while waiting:
        name = waiting.pop()
        if name in found or name not in files:
            continue
        found.add(name)
        waiting.append(name.rpartition(".")[0])
        for node in running(ast.parse(files[name].read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                waiting.append(node.module)
                for alias in node.names:
                    base, taken = node.module, alias.name
                    while f"{base}.{taken}" not in files and (home := loaded_late(files.get(base)).get(taken)):
                        waiting.append(home)
                        base = home
                    waiting.append(f"{base}.{taken}")
    return sorted(found)


def running(node):
    """Nodes below one that are not for types only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from running(child)


def loaded_late(path):
    """Names that a package loads when they are used, with their modules: those it imports for types."""
    if path is None or path.name != "__init__.py":
        return {}
    return {
        alias.name: node.module
        for block in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_fast_scan_finds_what_the_parser_finds(path):
    text = path.read_text(encoding="utf-8")
    fast, slow = scan(text), slow_scan(text)
    assert sorted(fast.imports) == sorted(slow.imports)
    assert sorted(fast.typed) == sorted(slow.typed)


def test_few_files_need_the_parser(monkeypatch):
    parsed = []
    monkeypatch.setattr(imports, "slow_scan", lambda text: parsed.append(text))
    for path in FILES:
        scan(path.read_text(encoding="utf-8"))
    assert len(parsed) <= 5


@pytest.mark.parametrize(
    "module",
    [
        "crosspan",
        "crosspan.core.tags",
        "crosspan.align",
        "crosspan.align.awesome",
        "crosspan.tag.crf",
        "crosspan.project.candidates",
        "crosspan.train.crf",
        "crosspan.pipeline.steps.projecting",
        "crosspan.cli.main",
        "crosspan.lab.study.work",
    ],
)
def test_the_closure_is_that_of_the_parser(module):
    assert closure([module]) == slow_closure(module)


def test_steps_do_not_depend_on_each_other():
    read = closure(["crosspan.io.conll"])
    assert "crosspan.core.tags" in read
    assert not any(name.startswith(("crosspan.align", "crosspan.project", "crosspan.cli")) for name in read)
    assert "crosspan.align.awesome" not in closure(["crosspan.align.statistical"])


def test_it_is_fast():
    names = modules_of("crosspan")
    took = []
    for _ in range(5):
        sources.forget()
        begin = time.process_time()
        source_digest(names)
        took.append(time.process_time() - begin)
    assert min(took) < 0.15, took  # 0.04 s on an idle machine


ODD = {
    "if True: import plug.a\n": ["plug.a"],
    "x = 1; import plug.a\n": ["plug.a"],
    "import os, \\\n  plug.a as b\n": ["plug.a"],
    "from plug \\\n  import a\n": ["plug.a"],
    "from plug import (  # one )\n    a,  # two\n    b as c,\n)\n": ["plug.a", "plug.b"],
    "from plug import(a)\n": ["plug.a"],
    "import plug.a\r\nimport plug.b\r\n": ["plug.a", "plug.b"],
    "\ufeffimport plug.a\n": ["plug.a"],
    "def f():\n\timport plug.a\n": ["plug.a"],
    "try:\n    import plug.a\nexcept ImportError:\n    import plug.b\n": ["plug.a", "plug.b"],
    '"""\nimport plug.a\n"""\n': [],
    "'''\nimport plug.a\n'''\n": [],
    'x = \'"""\'\nimport plug.a\ny = \'"""\'\n': ["plug.a"],
    '# """\nimport plug.a\n# """\n': ["plug.a"],
    'x = """a \\""" b\nimport plug.b\n"""\nimport plug.a\n': ["plug.a"],
    'x = "a # b"\nimport plug.a\n': ["plug.a"],
    "if TYPE_CHECKING:\n    import plug.a\n\n    import plug.b\nimport plug.c\n": ["plug.c"],
    "if typing.TYPE_CHECKING: import plug.a\nimport plug.c\n": ["plug.c"],
    "if TYPE_CHECKING:\n    import plug.a\nelse:\n    import plug.b\n": ["plug.b"],
    "if not TYPE_CHECKING:\n    import plug.a\n": ["plug.a"],
    "def f():\n    if TYPE_CHECKING:\n        import plug.a\n    import plug.b\n": ["plug.b"],
    "raise ValueError from error\nimportant = 1\nfrom important import x\n": [],
    "this is no Python\n": [],
}


@pytest.mark.parametrize("text", ODD)
def test_statements_of_all_kinds(text):
    found = [name for module, names in scan(text).imports for name in (module, *(f"{module}.{one}" for one in names))]
    assert [name for name in found if name.startswith("plug.")] == ODD[text]


FILES_OF_PLUG = {
    "a.py": "from plug.sub import b\n",
    "sub/__init__.py": "from . import c\n",
    "sub/b.py": "def f():\n    from ..late import g\n    return g\n",
    "sub/c.py": "if TYPE_CHECKING:\n    from plug import typed\n",
    "late.py": "g = 1\n",
    "data.json": "1",
    "sub/deep/model.npz": "1",
}
FILES_BESIDE = {
    "typed.py": "",
    "other.py": "import plug.a\n",
    "far/own.py": "",
    "far/own.json": "1",
    "__pycache__/a.cpython-311.pyc": "1",
    "sub/.hidden": "1",
}


def test_what_is_imported_counts_and_nothing_else(package):
    package(FILES_OF_PLUG | FILES_BESIDE)
    assert own(["plug.a"]) == ["plug", "plug.a", "plug.late", "plug.sub", "plug.sub.b", "plug.sub.c"]
    before = source_digest(["plug.a"])
    for name, text in {**FILES_OF_PLUG, "__init__.py": ""}.items():
        package({name: f"{text}# changed\n"})
        assert source_digest(["plug.a"]) != before, name
        package({name: text})
        assert source_digest(["plug.a"]) == before, name
    for name, text in FILES_BESIDE.items():
        package({name: f"{text}# changed\n"})
        assert source_digest(["plug.a"]) == before, name
    package({"sub/new.toml": ""})
    assert source_digest(["plug.a"]) != before


def test_names_that_a_package_loads_late(package):
    package(
        {
            "__init__.py": (
                "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from plug.a import One as One\n"
                "    from .b import Two\n_HOMES = {'One': 'plug.a', 'Two': 'plug.b'}\n"
            ),
            "a.py": "One = 1",
            "b.py": "Two = 2",
            "user.py": "from plug import One\n",
            "other.py": "import plug\n",
        }
    )
    assert own(["plug.user"]) == ["plug", "plug.a", "plug.user"]
    assert own(["plug.other"]) == ["plug", "plug.other"]


def test_a_plug_in_depends_on_what_it_uses_of_crosspan(package):
    package({"a.py": "from crosspan.core.tags import parse\n"})
    assert "crosspan.core.tags" in closure(["plug.a"])
    assert "crosspan.io" not in closure(["plug.a"])


def test_star_and_folders_without_init(package):
    package(
        {
            "a.py": "from plug.sub import *\n",
            "sub/__init__.py": "__all__ = ['b']\n",
            "sub/b.py": "",
            "bare/c.py": "",
            "user.py": "import plug.bare.c",
        }
    )
    assert own(["plug.a"]) == ["plug", "plug.a", "plug.sub", "plug.sub.b"]
    assert own(["plug.user"]) == ["plug", "plug.bare.c", "plug.user"]


def test_a_module_alone(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "single_plug.py").write_text("import json\n")
    (tmp_path / "beside.json").write_text("{}")
    assert [name for name in closure(["single_plug"]) if "plug" in name] == ["single_plug"]
    before = source_digest(["single_plug"])
    (tmp_path / "beside.json").write_text("[]")
    sources.forget()
    assert source_digest(["single_plug"]) == before
    (tmp_path / "single_plug.py").write_text("import re\n")
    sources.forget()
    assert source_digest(["single_plug"]) != before


def test_in_an_archive_the_version_stands_for_the_files(tmp_path, monkeypatch):
    found = []
    for number in (1, 2):
        archive = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(archive, "w") as packed:
            packed.writestr("zipped_plug/__init__.py", "")
            packed.writestr("zipped_plug/a.py", "")
            packed.writestr("zipped_plug-1.dist-info/METADATA", f"Name: zipped_plug\nVersion: {number}\n")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(archive)
            sources.forget()
            found.append(source_digest(["zipped_plug.a"]))
    assert found[0] != found[1]


def test_nothing_is_imported(package):
    package({"__init__.py": "raise RuntimeError\n", "a.py": "raise RuntimeError\n"})
    assert len(source_digest(["plug.a"])) == 64
    assert "plug" not in sys.modules


def test_the_order_does_not_matter_and_the_place_neither(tmp_path, monkeypatch):
    found = []
    for name in ("one", "two"):
        folder = tmp_path / name / "moved_plug"
        folder.mkdir(parents=True)
        for file in ("__init__.py", "a.py", "b.py", "x.json"):
            (folder / file).write_text(f"# {file}")
        with monkeypatch.context() as patch:
            patch.syspath_prepend(folder.parent)
            sources.forget()
            found += [
                source_digest(["moved_plug.a", "moved_plug.b"]),
                source_digest(iter(["moved_plug.b", "moved_plug.a"])),
            ]
    assert len(set(found)) == 1


@pytest.mark.parametrize("name", ["crosspan.no_such", "no_such_package_at_all.x"])
def test_a_name_that_is_wrong(name):
    with pytest.raises(OptionError, match=name):
        source_digest([name])
