"""Which system a suite is run with, and which one it is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crosspan.align import ALIGNERS
from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean
from crosspan.lab.bench.settings import belongs_to, has_effect
from crosspan.lab.bench.system import System
from crosspan.pipeline.recipes.ready import ready_names
from crosspan.project.projector import PROJECTORS
from crosspan.suites.suite import About


def make_system(
    about: About,
    *,
    pipeline: str | None = None,
    method: str = PROJECTORS.default,
    aligner: str = ALIGNERS.default,
    settings: Mapping[str, str] | None = None,
    taggers: Mapping[str, str] | None = None,
    more_text: bool = True,
) -> System:
    """The system that a suite is run with.

    Args:
        about: The suite.
        pipeline: One of the suite's; its first by default.
        method: See :class:`System`, as for the others.
        aligner: Name of the word aligner.
        settings: By name.
        taggers: By language.
        more_text: Whether the aligner learns from more text.

    Raises:
        OptionError: The suite has no such pipeline, or a name or setting is not possible.
    """
    known = pipelines_of(about)
    chosen = pipeline or about.pipelines[0]
    if chosen not in known:
        raise OptionError(f"the suite {about.name} has no pipeline {chosen!r}", hint=f"Choose from {', '.join(known)}.")
    return System(
        pipeline=chosen,
        method=method,
        aligner=aligner,
        settings=settings or {},
        taggers=taggers or {},
        more_text=more_text,
        from_gold=about.pipelines[0] == "projection",
    )


def pipelines_of(about: About) -> tuple[str, ...]:
    """The pipelines of a suite, its own first, then the ready recipes where it has sentences to label.

    Example:
        >>> from crosspan.suites import make_suite
        >>> pipelines_of(make_suite("alignment").about)
        ('alignment',)
    """
    return about.pipelines if about.pipelines == ("alignment",) else (*about.pipelines, *ready_names())


def make_baseline(about: About, system: System, name: str) -> System:
    """The system to compare with: another method, aligner or pipeline.

    What is named has its default settings. The rest stays as it is, with those of its settings that still have an
    effect.

    Args:
        about: The suite.
        system: What it is compared with.
        name: A method, an aligner or one of the suite's pipelines, or several with ``+`` between them.

    Raises:
        OptionError: A part of the name is none of these, or the baseline is the system itself.

    Example:
        >>> from crosspan.suites import make_suite
        >>> about = make_suite("europarl-ner").about
        >>> make_baseline(about, make_system(about), "fast_align+heuristic").label
        'projection, heuristic, fast_align aligner'
    """
    changes: dict[str, str] = {}
    for part in name.split("+"):
        for kind, known in (
            ("method", PROJECTORS.names()),
            ("aligner", ALIGNERS.names()),
            ("pipeline", pipelines_of(about)),
        ):
            if part in known and kind not in changes:
                changes[kind] = part
                break
        else:
            known_names = (*PROJECTORS.names(), *ALIGNERS.names(), *pipelines_of(about))
            raise OptionError(f"there is no baseline {part!r}", hint=did_you_mean(part, known_names, quoted=False))
    pipeline = changes.get("pipeline", system.pipeline)
    settings = {
        name: value
        for name, value in system.settings.items()
        if belongs_to(name) not in changes and has_effect(pipeline, name)
    }
    if pipeline in ready_names():
        settings = dict(system.settings) if system.is_ready else {}
        changes = {"method": PROJECTORS.default, "aligner": ALIGNERS.default, **changes}
    elif system.is_ready:
        settings = {}
    taggers = {} if pipeline in ready_names() else system.taggers
    found = replace(system, settings=settings, taggers=taggers, **changes)  # type: ignore[arg-type]
    if (found.label, found.taggers) == (system.label, system.taggers):
        raise OptionError(f"the baseline {name!r} is what it would be compared with", hint="Choose another.")
    return found
