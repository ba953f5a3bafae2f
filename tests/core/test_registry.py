from __future__ import annotations

import subprocess
import sys

import pytest

from crosspan.core import registry
from crosspan.core.errors import MissingDependencyError, ModelError, OptionError

ENTRY_POINTS = """\
[crosspan.taggers]
crf = rogue:make
mine = my_tagger:make
lacking = my_lacking:make
broken = my_broken:make
gone = my_tagger:nothing
"""


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A package with backends, some of which cannot be loaded."""
    about = tmp_path / "my_package-3.1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 3.1\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    (tmp_path / "my_tagger.py").write_text("def make():\n    return 'mine'\n")
    (tmp_path / "my_lacking.py").write_text("import a_package_that_nobody_has\n")
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._installed.cache_clear()
    yield
    for name in ("my_tagger", "my_lacking", "my_broken"):
        sys.modules.pop(name, None)
    registry._installed.cache_clear()


@pytest.mark.parametrize("group", registry.BUILTIN)
def test_everything_of_our_own_is_there(group):
    for name in registry.BUILTIN[group]:
        assert callable(registry.find(group, name))
        assert registry.is_builtin(group, name)
        assert registry.identity(group, name).startswith("crosspan ")


def test_a_package_adds_a_backend(packages):
    assert registry.find("crosspan.taggers", "mine")() == "mine"
    assert {"mine", "crf", "spacy"} <= {*registry.names("crosspan.taggers")}
    assert registry.identity("crosspan.taggers", "mine") == "my-package 3.1"


def test_no_package_takes_the_place_of_our_own(packages):
    assert registry.find("crosspan.taggers", "crf").__module__.startswith("crosspan.")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [("lacking", MissingDependencyError, "the tagger 'lacking' of my-package 3.1 needs the package a_package_that"),
     ("broken", ModelError, "the tagger 'broken' of the package my-package 3.1 cannot be loaded (division by zero)"),
     ("gone", ModelError, "my_tagger:nothing: the tagger 'gone' of the package my-package 3.1 cannot be loaded"),
     ("mime", OptionError, "there is no tagger 'mime'. Did you mean 'mine'?"),
     ("zzzzz", OptionError, "Choose one of broken, crf,")],
)  # fmt: skip
def test_what_cannot_be_found_or_loaded(packages, name, error, message):
    with pytest.raises(error) as raised:
        registry.find("crosspan.taggers", name)
    assert message in str(raised.value)


def test_groups():
    with pytest.raises(OptionError, match=r"Did you mean 'crosspan\.taggers'"):
        registry.names("crosspan.tagger")
    with pytest.raises(OptionError, match="crosspan has a tagger 'crf' itself"):
        registry.register("crosspan.taggers", "crf", print)


def test_our_own_backends_are_found_without_looking_at_packages():
    code = (
        "import importlib.metadata as m\n"
        "def no(*a, **k): raise SystemExit('looked')\n"
        "m.entry_points = no\n"
        "import crosspan.core.registry as r\n"
        "r.find('crosspan.aligners', 'statistical')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
