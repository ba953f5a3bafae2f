"""Fused scores: the scores of candidates that need models, built from names in options, and their weighted sum."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosspan.core.errors import OptionError
from crosspan.project.ner_candidates import TargetTagger

if TYPE_CHECKING:
    from crosspan.project.candidate_options import CandidateOptions
    from crosspan.tag import Tagger
    from crosspan.translate import ScoringTranslator

FUSED: Mapping[str, float] = {"align": 0.5, "ner_spans": 0.5, "nmt": 1.0}
"""The weights that did best in Shkalikov's thesis."""

MODEL_SCORES = ("ner", "ner_spans", "nmt")
"""Names of the scores that need a tagger or a translator."""


@dataclass(slots=True, eq=False)
class ModelScores:
    """The scores with models that a projector uses. Nothing is loaded before a score is asked for.

    Args:
        scorers: Scorers by name.
        weights: Their weights.
        target: The tagger of the target side, which candidates may come from too.

    Example:
        >>> from crosspan.project.candidate_options import CandidateOptions
        >>> from crosspan.project.ner_candidates import NerOptions
        >>> options = CandidateOptions(weights={"ner": 2.0}, ner=NerOptions(tagger="en"))
        >>> ModelScores.of(options).weights
        {'ner': 2.0}
    """

    scorers: dict[str, Any]
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
    ) -> ModelScores:
        """The scores with models that have a weight.

        Args:
            options: Which scores, with what weights, by which models.
            given: Names that somebody brings scorers of his own for.
            tagger: A tagger of the target side that is loaded already.
            translator: A translator that is loaded already.

        Raises:
            OptionError: A tagger or translator is needed, and none is named.
        """
        base = {name: FUSED.get(name, 0.0) if options.scores == "fused" else 0.0 for name in MODEL_SCORES}
        found = {name: float(options.weights.get(name, weight)) for name, weight in base.items() if name not in given}
        weights = {name: weight for name, weight in found.items() if weight != 0.0}
        target = TargetTagger(options.ner, tagger)
        wants = [f"the score {name}" for name in weights if name != "nmt"]
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
        return cls({name: _made(name, options, target, translator) for name in weights}, weights, target)


def _made(name: str, options: CandidateOptions, target: TargetTagger, translator: ScoringTranslator | None) -> Any:
    if name == "nmt":
        from crosspan.project.nmt_score import NmtScore

        return NmtScore(options.nmt, translator=translator)
    from crosspan.project.ner_score import NerScore

    return NerScore(options.ner, spans=name == "ner_spans", shared=target)


def highest(weights: Mapping[str, float]) -> float:
    """What a candidate scores that all scores think the best of, in round figures: the unit of its confidence.

    Example:
        >>> highest({"align": 0.5, "ner_spans": 0.5, "nmt": 1.0})
        2.0
    """
    return sum(max(weight, 0.0) for weight in weights.values()) or 1.0
