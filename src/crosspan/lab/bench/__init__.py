"""Benchmark suites: known data sets, run and shown beside the published figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crosspan.lab.bench.choosing import make_baseline as make_baseline
    from crosspan.lab.bench.choosing import make_system as make_system
    from crosspan.lab.bench.published import PublishedFigure as PublishedFigure
    from crosspan.lab.bench.published import published_figures as published_figures
    from crosspan.lab.bench.runner import LanguageResult as LanguageResult
    from crosspan.lab.bench.runner import SuiteResult as SuiteResult
    from crosspan.lab.bench.runner import run_suite as run_suite
    from crosspan.lab.bench.scoring import BenchScoring as BenchScoring
    from crosspan.lab.bench.system import System as System

_HOMES = {
    "PublishedFigure": "published",
    "LanguageResult": "runner",
    "BenchScoring": "scoring",
    "SuiteResult": "runner",
    "System": "system",
    "make_baseline": "choosing",
    "make_system": "choosing",
    "published_figures": "published",
    "run_suite": "runner",
}

__all__ = [
    "BenchScoring",
    "LanguageResult",
    "PublishedFigure",
    "SuiteResult",
    "System",
    "make_baseline",
    "make_system",
    "published_figures",
    "run_suite",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"crosspan.lab.bench.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
