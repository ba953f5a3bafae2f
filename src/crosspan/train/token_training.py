"""A fine-tuning from its objective to the folder of its model: weights, record, card, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crosspan.core.errors import ModelError
from crosspan.core.logs import warn
from crosspan.core.progress import Listener
from crosspan.models.loop import Loop, NothingLearned
from crosspan.models.objective import COLLAPSE
from crosspan.models.saving import record_text
from crosspan.train import RECORD
from crosspan.train.model_card import record_of, written_card
from crosspan.train.token_objective import TokenObjective
from crosspan.train.token_report import TokenClassifierReport

_KEPT = ("precision", "recall", "f1", "loss")


def fine_tuned(
    objective: TokenObjective, folder: Path, facts: Mapping[str, Any], listener: Listener | None
) -> TokenClassifierReport:
    """Train, from the last checkpoint where there is one, and write the model.

    Args:
        objective: What is learned.
        folder: Where the model goes.
        facts: What is known of the data.
        listener: Told of each step.

    Raises:
        ModelError: See :meth:`crosspan.models.loop.Loop.run`; or a game has learned nothing of the task.
    """
    with Loop(objective, folder) as loop:
        outcome = loop.run(listener)
        found = {
            "folder": str(folder),
            "labels": objective.labels,
            "sentences": int(facts["sentences"]),
            "windows": len(objective.rows),
            "entities": dict(facts["entities"]),
            "steps": outcome.steps,
            "best_step": outcome.best_step,
            "stopped": outcome.stopped,
            "collapsed": outcome.collapsed,
            "losses": outcome.course("loss"),
            "looks": tuple((step, values["f1"], values["loss"]) for step, values in outcome.looks if "f1" in values),
            "dev": None if outcome.best is None else {name: outcome.best[name] for name in _KEPT},
            "dev_side": facts["dev_side"],
        }
        if outcome.best is not None and not outcome.best["f1"]:
            _found_nothing(objective, outcome.steps)
        game = objective.game(outcome)
        record = record_of(found, facts, objective.options, objective.processes.count, objective.method, game)
        loop.write(RECORD, {"README.md": written_card(record), RECORD: record_text(record)})
        return TokenClassifierReport(**found, signature=record["signature"], resumed_at=outcome.resumed_at, game=game)


def _found_nothing(objective: TokenObjective, steps: int) -> None:
    """Warn that no entity of the dev sentences is found.

    Raises:
        ModelError: It is an error that nothing was learned.
    """
    said, rate = "the tagger finds no entity of the dev sentences", objective.options.learning_rate
    if objective.watch.needed and steps >= objective.watch.fewest:
        hint = f"Train longer, or with {objective.remedy(COLLAPSE)} ({rate:g}), into another folder."
        raise ModelError(said, hint=hint)
    warn(f"{said}: train longer, or with another learning_rate ({rate:g})", NothingLearned, stacklevel=4)
