"""Model transfer and data transfer, told apart: by pipeline, and language by language where a run has both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from crosspan.lab.bench.runner import LanguageResult

Kind = Literal["model transfer", "data transfer"]
KINDS: tuple[Kind, Kind] = ("model transfer", "data transfer")

_MODEL = frozenset({"tagger", "model-transfer"})
_ALPHA = 0.05


def kind_of(pipeline: str) -> Kind | None:
    """Whether a pipeline transfers a model or labels; neither where words are linked.

    Args:
        pipeline: Of a system or of a published figure.

    Example:
        >>> kind_of("tagger"), kind_of("translate-train"), kind_of("alignment")
        ('model transfer', 'data transfer', None)
    """
    if pipeline == "alignment":
        return None
    return "model transfer" if pipeline in _MODEL else "data transfer"


class Ahead(NamedTuple):
    """Languages by what is ahead in them.

    Args:
        first: Where the system is.
        second: Where the baseline is.
        neither: Where the difference may be chance.
        alpha: The level of each test.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    neither: tuple[str, ...]
    alpha: float


def ahead(languages: Sequence[LanguageResult]) -> Ahead:
    """Which of two systems is ahead in which language, by the paired tests of a run with a baseline.

    The level of 0.05 is shared out evenly among the languages (Bonferroni), so that one in 20 such summaries names a
    language wrongly, and not one in 20 languages.

    Args:
        languages: What became of each language; those without scores do not count.
    """
    done = [one for one in languages if one.status == "done"]
    alpha = _ALPHA / max(1, len(done))
    found: dict[int, list[str]] = {1: [], -1: [], 0: []}
    for one in done:
        test = one.result["comparison"]["randomization"]
        sign = (test["difference"] > 0) - (test["difference"] < 0)
        found[sign if test["p_value"] < alpha else 0].append(one.language)
    return Ahead(tuple(found[1]), tuple(found[-1]), tuple(found[0]), alpha)
