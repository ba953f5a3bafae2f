from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated

import numpy
import pytest

from crosspan.align import ALIGNERS
from crosspan.core.components import Component
from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.core.families import Family
from crosspan.core.options import Within, checked
from crosspan.core.plugins import installed
from crosspan.project.matchers import MATCHERS
from crosspan.project.projector import PROJECTORS
from crosspan.project.scorers import SCORERS
from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS
from crosspan.translate import TRANSLATORS

FAMILIES = [ALIGNERS, MATCHERS, PROJECTORS, SCORERS, TAGGERS, TRAINERS, TRANSLATORS]

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
    (tmp_path / "my_tagger.py").write_text("def make(model):\n    return 'mine'\n")
    (tmp_path / "my_lacking.py").write_text("import a_package_that_nobody_has\n")
    (tmp_path / "my_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    installed.cache_clear()
    yield
    for name in ("my_tagger", "my_lacking", "my_broken"):
        sys.modules.pop(name, None)
    installed.cache_clear()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.group)
def test_everything_of_our_own_is_there(family):
    for name in family.builtin:
        component = family.component(name)
        assert callable(family.factory(name))
        assert family.is_builtin(name)
        assert name in family
        assert family.brought_by(name) == "crosspan"
        assert component.about.endswith(".")
        assert len(component.about) < 110
        names = family.option_names(name)
        settings = family.resolved(name, {})
        assert {one.partition(".")[0] for one in settings} <= {one.partition(".")[0] for one in names}
        given = [*names, *family.given]
        assert not component.model or component.model in given or not names
        assert all(module.startswith("crosspan.") for module in family.roots(name))


def test_a_package_adds_a_backend(packages):
    assert TAGGERS.make("mine", "model") == "mine"
    assert {"mine", "crf", "spacy"} <= {*TAGGERS.names()}
    assert TAGGERS.brought_by("mine") == "my-package 3.1"


def test_no_package_takes_the_place_of_our_own(packages):
    assert TAGGERS.factory("crf").__module__.startswith("crosspan.")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [("lacking", MissingDependencyError, "the tagger 'lacking' of my-package 3.1 needs the package a_package_that"),
     ("broken", ModelError, "the tagger 'broken' of the package my-package 3.1 cannot be loaded (division by zero)"),
     ("gone", ModelError, "my_tagger:nothing: the tagger 'gone' of the package my-package 3.1 cannot be loaded"),
     ("mime", OptionError, "there is no tagger 'mime'. Did you mean 'mine'?"),
     ("zzzzz", OptionError, "Choose one of crf, spacy, transformers, onnx, gliner, openai, broken,")],
)  # fmt: skip
def test_what_cannot_be_found_or_loaded(packages, name, error, message):
    with pytest.raises(error) as raised:
        TAGGERS.factory(name)
    assert message in str(raised.value)


def test_the_name_of_our_own_cannot_be_taken():
    with pytest.raises(OptionError, match="crosspan has a tagger 'crf' itself"):
        TAGGERS.register("crf", print)


def test_our_own_backends_are_found_without_looking_at_packages():
    code = (
        "import importlib.metadata as m\n"
        "def no(*a, **k): raise SystemExit('looked')\n"
        "m.entry_points = no\n"
        "from crosspan.align import ALIGNERS\n"
        "ALIGNERS.factory('statistical')\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- how factories are called --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    share: Annotated[float, Within(0, 1)] = 0.5
    words: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checked(self)


@pytest.fixture
def family():
    return Family("example.things", "thing", {}, given=("model",), context=("threads",), unknown=Component())


def test_options_are_keywords_and_what_is_not_asked_for_is_not_passed(family):
    family.register("plain", lambda model, *, upper="no": (model, upper))
    family.register("threads", lambda model, *, threads, **options: (model, threads, options))
    assert family.make("plain", "m", threads=2, upper="yes") == ("m", "yes")
    assert family.make("threads", model="m", threads=2, **{"a.b": 1}) == ("m", 2, {"a.b": 1})
    with pytest.raises(OptionError, match=r"the thing 'plain' of this process does not take these options \(.*'lower'"):
        family.make("plain", "m", lower=True)
    with pytest.raises(OptionError, match="0 threads"):
        family.make("plain", "m", threads=0)


def test_declared_options_are_read_and_checked(family):
    def as_object(model, *, options):
        return options

    def as_keywords(model, *, share, words):
        return share, words

    as_object.Options = as_keywords.Options = Options
    as_object.component = Component(about="Takes an object.", learns=True)
    for name, factory in (("object", as_object), ("keywords", as_keywords)):
        family.register(name, factory)
        with pytest.raises(OptionError, match=r"share is 2.0. Choose a number from 0 to 1"):
            family.make(name, "m", share="2")
        with pytest.raises(OptionError, match=r"no setting 'shear'\. Did you mean share"):
            family.resolved(name, {"shear": 1})
        assert family.resolved(name, {"words": "a,b"}) == {"share": 0.5, "words": ("a", "b")}
        assert family.option_names(name) == ["share", "words"]
    assert family.make("object", "m", share="0.25") == Options(share=0.25)
    assert family.make("object", "m", options=Options(share=0.25), settings={"words": "a"}) == Options(0.25, ("a",))
    assert family.make("keywords", "m", share="0.25") == (0.25, ())
    assert family.component("object").learns
    assert not family.component("keywords").learns


def test_what_a_factory_raises_is_left_alone(family):
    def broken(model):
        raise TypeError("of its own")

    family.register("broken", broken)
    with pytest.raises(TypeError, match="of its own"):
        family.make("broken", "m")


def test_identity(family, tmp_path):
    family.register("one", lambda model, *, device="cpu", adapter="": None, packages=("numpy",), version=3)
    (tmp_path / "m").write_text("weights")
    settings = {"device": "cuda", "adapter": str(tmp_path / "m"), "layer": 1}
    found = family.identity("one", settings, content=lambda path: path.read_text(), model="hub/name")
    assert found == {
        "use": "one",
        "by": "this process",
        "version": 3,
        "packages": [f"numpy {numpy.__version__}"],
        "options": {"adapter": "weights", "layer": 1, "model": "hub/name"},
    }


def test_facts_that_depend_on_options():
    assert PROJECTORS.facts("candidates").learns
    align = PROJECTORS.facts("candidates", {"scores": "align"})
    assert (align.learns, align.text, align.target_spans) == (False, False, False)
    asks = PROJECTORS.facts("candidates", {"weights.nmt": "1"})
    assert (asks.learns, asks.text, asks.target_spans) == (True, True, True)
    assert "ctranslate2" in asks.optional
    assert not TRAINERS.facts("token-classifier").unlabelled
    assert TRAINERS.facts("token-classifier", {"adversarial.mode": "reversal"}).unlabelled
    assert TRAINERS.facts("advpicker").unlabelled


def test_what_is_missing(family):
    family.register("lacking", print, packages=("a-package-that-nobody-has", "numpy"), programs=("no-such-program",))
    assert family.available("lacking") == (False, "a-package-that-nobody-has, the program no-such-program")
    assert TAGGERS.available("crf") == (True, "")


def test_a_broken_package_is_not_available(packages):
    assert TAGGERS.available("mine") == (True, "")
    assert TAGGERS.available("broken")[0] is False
    assert "division by zero" in TAGGERS.available("broken")[1]
