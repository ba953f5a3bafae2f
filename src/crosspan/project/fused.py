"""Fused scores: the scores of candidates that need models, built from names in options, and their weighted sum."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from crosspan.core.errors import OptionError
from crosspan.project.ner_candidates import TargetTagger
from crosspan.project.scorers import SCORERS, Scorer

if TYPE_CHECKING:
    from crosspan.project.candidate_options import CandidateOptions
    from crosspan.tag import Tagger
    from crosspan.translate import ScoringTranslator

FUSED: Mapping[str, float] = {"align": 0.5, "ner_spans": 0.5, "nmt": 1.0}
"""The weights that did best in Shkalikov's thesis."""


@dataclass(slots=True, eq=False)
class AddedScores:
    """The scores beside the features that a projector uses. No model is loaded before a score is asked for.

    Args:
        scorers: Scorers by name.
        weights: Their weights.
        target: The tagger of the target side, which candidates may come from too.

    Example:
        >>> from crosspan.project.candidate_options import CandidateOptions
        >>> from crosspan.project.ner_candidates import NerOptions
        >>> options = CandidateOptions(weights={"ner": 2.0}, ner=NerOptions(tagger="en"))
        >>> AddedScores.of(options).weights
        {'ner': 2.0}
    """

    scorers: dict[str, Scorer]
    weights: dict[str, float]
    target: TargetTagger

    @classmethod
    def of(
        cls,
        options: CandidateOptions,
        *,
        given: Collection[str] = (),
        tagger: Tagger | None = None,
        translator: ScoringTranslator | None = None,
    ) -> AddedScores:
        """The scores of :data:`~crosspan.project.scorers.SCORERS` that have a weight.

        Args:
            options: Which scores, with what weights, by which models.
            given: Names that somebody brings scorers of his own for.
            tagger: A tagger of the target side that is loaded already.
            translator: A translator that is loaded already.

        Raises:
            OptionError: A tagger or translator is needed, and none is named.
        """
        weights = {name: weight for name, weight in added_weights(options).items() if weight and name not in given}
        target = TargetTagger(options.ner, tagger)
        wants = [f"the score {name}" for name in weights if _group_of(options, name) is options.ner]
        wants += ["candidates=ner"] if options.candidates == "ner" else []
        if wants and tagger is None and not options.ner.tagger:
            raise OptionError(
                f"{wants[0]} needs a tagger of the target language", hint="Set ner.tagger, such as transformers:FOLDER."
            )
        if "nmt" in weights and translator is None and not options.nmt.model:
            raise OptionError(
                "the score nmt needs a translation model",
                hint="Set nmt.model, or weights.nmt=0 to go without.",
            )
        made = {
            name: SCORERS.make(
                name,
                options=_group_of(options, name),
                settings=scorer_settings(options, name),
                shared=target,
                translator=translator,
            )
            for name in weights
        }
        return cls(made, weights, target)


def added_weights(options: CandidateOptions) -> dict[str, float]:
    """The weights of scores that are no features, by name.

    Example:
        >>> from crosspan.project.candidate_options import CandidateOptions
        >>> added_weights(CandidateOptions(weights={"nmt": 2, "mass": 1})), added_weights(CandidateOptions())
        ({'nmt': 2.0}, {})
    """
    found = {**(FUSED if options.scores == "fused" else {}), **options.weights}
    if not found:
        return {}
    from crosspan.project.features import FEATURES

    return {name: float(weight) for name, weight in found.items() if name not in FEATURES and name in SCORERS}


def scorer_settings(options: CandidateOptions, name: str) -> dict[str, Any]:
    """What is set of a scorer by ``scorers.NAME.OPTION``."""
    start = f"{name}."
    return {key.removeprefix(start): value for key, value in options.scorers.items() if key.startswith(start)}


def _group_of(options: CandidateOptions, name: str) -> Any:
    """The group of the options that is the scorer's own, where it has one."""
    own = SCORERS.options(name)
    groups = [getattr(options, field.name) for field in fields(options)]
    return next((group for group in groups if own is not None and type(group) is type(own)), None)


def highest(weights: Mapping[str, float]) -> float:
    """What a candidate scores that all scores think the best of, in round figures: the unit of its confidence.

    Example:
        >>> highest({"align": 0.5, "ner_spans": 0.5, "nmt": 1.0})
        2.0
    """
    return sum(max(weight, 0.0) for weight in weights.values()) or 1.0
