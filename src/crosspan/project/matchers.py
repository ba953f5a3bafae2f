"""Ways to choose candidates, by name: the family of matchers, and what one is given and gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core.components import Component
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.families import Family
from crosspan.project.batch import BoolArray, Float64Array, Int32Array, Int64Array

Constraint = Literal["<=", "=", ">="]
"""How the number of candidates of an entity is to compare with ``n_proj``."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The candidates of a corpus, in the order of their spans.

    Args:
        span_ptr: Where each sentence's spans begin, ``[n_sentences + 1]``.
        ptr: Where each span's candidates begin, ``[n_spans + 1]``.
        span: Span (numbered through the corpus) of each candidate, ``[c]``.
        start: First target word of each, ``[c]``.
        end: One past its last target word, ``[c]``.
        score: Its score, ``[c]``; minus infinity forbids it. Leaving an entity out is worth 0.
        n_proj: How many candidates an entity may have.
        constraint: Whether it may have at most, must have exactly, or must have at least so many.
    """

    span_ptr: Int64Array
    ptr: Int64Array
    span: Int32Array
    start: Int32Array
    end: Int32Array
    score: Float64Array
    n_proj: int = 1
    constraint: Constraint = "<="


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a matcher chose.

    Args:
        chosen: Indices of candidates, in any order; no two of a sentence overlap.
        feasible: False for sentences where the constraint cannot be met; all are by default. ``[n_sentences]``.
        optimal: Whether the total of a sentence is proved to be the highest possible; by default for none.
    """

    chosen: Int64Array
    feasible: BoolArray | None = None
    optimal: BoolArray | None = None


class Matcher(Protocol):
    """Chooses among candidates."""

    def __call__(self, problem: Problem) -> Choice | Sequence[int] | npt.NDArray[np.integer]:
        """Choose; indices alone are enough."""


MATCHERS = Family(
    "crosspan.matchers",
    "matcher",
    {
        "exact": Component(
            target="crosspan.project.match:exact",
            about="The highest total: a dynamic program, and an integer program where that would be too large.",
            constrains=True,
        ),
        "greedy": Component(
            target="crosspan.project.match:greedy",
            about="The best candidate of the sentence, then the best that does not overlap it, and so on.",
        ),
    },
    unknown=Component(),
)
"""Matchers by name: factories ``(**options)`` of a :class:`Matcher`."""


def check_matching(method: str, n_proj: int, constraint: str) -> None:
    """Raise unless the options of :func:`crosspan.project.match.match` exist and go together.

    Raises:
        OptionError: They do not.
    """
    MATCHERS.check(method)
    if constraint not in ("<=", "=", ">="):
        raise OptionError(f"unknown constraint {constraint!r}", hint='Use "<=", "=" or ">=".')
    if n_proj < 1:
        raise OptionError(f"n_proj is {n_proj}", hint="Let it be 1 or more.")
    if constraint != "<=" and not MATCHERS.component(method).constrains:
        raise OptionError(f'the {method} matcher cannot keep the constraint "{constraint}"', hint="Use exact.")


def check_choice(problem: Problem, chosen: Int64Array, method: str) -> None:
    """Raise unless a matcher of another package kept to the rules.

    Raises:
        ModelError: It chose what is no candidate, one twice, too many of an entity, or two that overlap.
    """
    fault = _fault(problem, chosen)
    if fault:
        raise ModelError(
            f"the matcher {method!r} of {MATCHERS.brought_by(method)} {fault}",
            hint="Report it to whoever wrote it, or choose another matcher.",
        )


def _fault(problem: Problem, chosen: Int64Array) -> str:
    if len(chosen) and not 0 <= int(chosen.min()) <= int(chosen.max()) < len(problem.span):
        return "chose what is no candidate"
    if len(np.unique(chosen)) < len(chosen):
        return "chose a candidate twice"
    if problem.constraint != ">=" and np.bincount(problem.span[chosen]).max(initial=0) > problem.n_proj:
        return f"chose more than {problem.n_proj} for an entity"
    sentence = np.searchsorted(problem.span_ptr, problem.span[chosen], side="right")
    order = np.lexsort((problem.start[chosen], sentence))
    one, other = chosen[order][:-1], chosen[order][1:]
    same = sentence[order][:-1] == sentence[order][1:]
    if (same & (problem.end[one] > problem.start[other])).any():
        return "chose candidates that overlap"
    return ""
