"""What the page of a study says of how its encoders and taggers learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosspan.core.tables import Table, words
from crosspan.lab.study.results import Scores
from crosspan.report.blocks import Block, Heading, Text

SIZE = "parameters without embeddings"
"""What encoders are compared by, in words."""

_ADVERSARIAL = (
    " The discriminator's accuracy at the end, on text that it did not learn from, tells whether the languages were "
    "made alike at all: it would be at chance if they were, and near 100 % where adversarial training did nothing."
)

_BROKEN = (
    "*Broken off* are trainings that lost what they had learned of the task: they ended with the best weights from "
    "before, which is what was scored."
)


def training(results: Scores) -> list[Block]:
    """The sections on pre-training, where there was some, and on fine-tuning.

    Args:
        results: The scores, and what is known of the trainings.
    """
    return [*(_pretraining(results) if results.pretrained else ()), *_fine_tuning(results)]


def _pretraining(results: Scores) -> list[Block]:
    rows = []
    for encoder, found in results.pretrained.items():
        for one in found:
            report, sizes = one["report"], one["sizes"]
            before, after = report.get("perplexity") or (None, None)
            rows.append(
                [
                    *(encoder, str(report["objective"])),
                    *(f"{sizes['parameters']:,}", f"{sizes['body']:,}", f"{report['parameters']:,}"),
                    *(f"{report['steps']:,}", f"{report['pieces']:,}"),
                    *(_perplexity(value) for value in (before, after)),
                ]
            )
    return [
        Heading(2, "Pre-training"),
        Text(
            "Parameters are those of the encoder as it is fine-tuned, with and without embeddings, and those that "
            "were pre-trained (a T5 with its decoder). Pieces: of the text, once through. Perplexity: of a missing "
            "piece of lines that were held out, before and after; the two objectives cannot be compared by it."
        ),
        Table(
            (
                *words("encoder", "objective"),
                *("parameters", SIZE, "pre-trained", "steps", "pieces", "perplexity before", "after"),
            ),
            rows,
        ),
    ]


def _fine_tuning(results: Scores) -> list[Block]:
    names = [(encoder.name, mode.name) for encoder in results.plan.encoders for mode in results.plan.modes]
    trained = {one: [row for key, rows in results.records.items() if key[:2] == one for row in rows] for one in names}
    rows = [_trained(encoder, mode, found) for (encoder, mode), found in trained.items() if found]
    adversarial = any(_told(row["report"]) for found in trained.values() for row in found)
    broken = any(row["report"].get("collapsed") for found in trained.values() for row in found)
    return [
        Heading(2, "Fine-tuning"),
        Text(
            f"F1 on the dev sentences of the source language ({results.plan.train.lang}), which chose the "
            f"weights.{_ADVERSARIAL if adversarial else ''}"
        ),
        Table((*words("encoder", "mode"), "trainings", "dev F1", "discriminator, %", "chance, %", "broken off"), rows),
        *([Text(_BROKEN)] if broken else []),
    ]


def _trained(encoder: str, mode: str, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """The row of the trainings of an encoder in a mode."""
    dev = [100 * row["report"]["dev"]["f1"] for row in found if row["report"].get("dev")]
    told = [told for row in found if (told := _told(row["report"]))]
    return [
        *(encoder, mode, str(len(found))),
        f"{sum(dev) / len(dev):.1f}" if dev else "–",
        f"{100 * sum(accuracy for accuracy, _ in told) / len(told):.1f}" if told else "–",
        f"{100 * told[0][1]:.1f}" if told else "–",
        str(sum(bool(row["report"].get("collapsed")) for row in found)),
    ]


def _told(report: Mapping[str, Any]) -> tuple[float, float] | None:
    """How often the discriminator told languages apart in the end, and how often it would by chance.

    It is that of the tagger, or of the teacher that this learned from.
    """
    game = report.get("game") or report.get("data", {}).get("teacher", {}).get("game")
    return (game["looks"][-1][1], game["chance"]) if game and game["looks"] else None


def _perplexity(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.1f}" if value < 1e6 else f"{value:.1e}"
