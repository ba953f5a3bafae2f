from __future__ import annotations

import pytest

from crosspan.core.components import Component
from crosspan.core.types import Sentence, Span
from crosspan.io import write
from crosspan.pipeline.plan import plan_of
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.recipe import make_recipe
from crosspan.pipeline.steps.aligning import Align, LearnAndAlign, NoLinks
from crosspan.pipeline.steps.learning import Learn
from crosspan.project.projector import PROJECTORS


class Silent:
    """A projector that says nothing of itself."""

    def project(self, pairs, alignments):
        raise AssertionError("a plan projects nothing")


class Sure(Silent):
    """One that says that it needs no links."""

    component = Component(about="Looks at words only.")


class Linked(Silent):
    """One that says that it needs them."""

    component = Component(about="Looks at links only.", links=True)


@pytest.fixture
def steps(tmp_path):
    """The kinds of the steps that a recipe asks for."""
    write(tmp_path / "en.conll", [Sentence(("Ada", "came"), (Span(0, 1, "PER"),))])
    write(tmp_path / "sw.txt", [Sentence(("Ada", "alikuja"))], format="plain")
    files = {"source": {"path": "en.conll", "lang": "en"}, "target": {"path": "sw.txt", "lang": "sw"}}

    def kinds(given=None, **tables):
        return {type(step) for step in plan_of(make_recipe({**files, **tables}, tmp_path), given).steps}

    return kinds


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(PROJECTORS, "_added", {})
    for kind in (Silent, Sure, Linked):
        PROJECTORS.register(kind.__name__.lower(), kind)
    PROJECTORS.register("told", Silent, links=False)


@pytest.mark.parametrize(
    ("method", "aligned"),
    [
        *(("candidates", True), ("heuristic", True), ("clap", False)),
        *(("silent", True), ("sure", False), ("linked", True), ("told", False)),
    ],
)
def test_what_a_method_says_of_itself_decides_whether_words_are_linked(registered, steps, method, aligned):
    model = {"model": "x"} if PROJECTORS.component(method).model else {}
    found = steps(project={"use": method, **model})
    assert (NoLinks in found) is not aligned
    assert bool(found & {Align, Learn, LearnAndAlign}) is aligned


@pytest.mark.parametrize(("kind", "aligned"), [(Silent, True), (Sure, False), (Linked, True)])
def test_so_does_what_an_object_says(steps, kind, aligned):
    assert (NoLinks in steps(Given(components={"project": kind()}))) is not aligned


def test_links_that_somebody_asks_for_or_looks_at_are_made(registered, steps):
    assert NoLinks in steps(project={"use": "sure"})
    assert NoLinks not in steps(project={"use": "sure"}, align={"use": "fast_align"})
    assert NoLinks not in steps(project={"use": "sure"}, align={"hmm_iterations": 2})
    assert NoLinks not in steps(project={"use": "sure", "filters": ["comp-src"]})
    assert NoLinks in steps(project={"use": "sure"}, align={"use": "none"})
