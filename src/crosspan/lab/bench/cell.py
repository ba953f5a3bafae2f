"""The step that runs systems on a language of a suite and scores what they made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crosspan.core.progress import Listener, Progress
from crosspan.lab.bench.material import LazyMaterial
from crosspan.lab.bench.plans import Job, facts_of, roots_of
from crosspan.lab.bench.scoring import Scoring, score_language
from crosspan.lab.bench.system import System
from crosspan.pipeline.parts import Facts
from crosspan.pipeline.step import Inputs, Output, Step
from crosspan.pipeline.store import Store


@dataclass(kw_only=True)
class Cell(Step):
    """A language of a suite.

    Args:
        systems: The system, and what it is compared with.
        material: What the suite has for the language.
        lang: The language.
        scoring: How to score.
        store: Where the results of the steps inside are kept.
        listener: Is told how far they are.
    """

    systems: Sequence[System]
    material: LazyMaterial
    lang: str
    scoring: Scoring
    store: Store
    listener: Listener | None = field(default=None, repr=False)
    name: str = "bench"
    single: bool = True

    def facts(self) -> Mapping[str, Any]:
        """The files, the systems, and how they are scored."""
        return {
            "material": self.material.facts,
            "systems": [[system.to_dict(), *map(facts_of, self._job(system).plans())] for system in self.systems],
            "scoring": self.scoring.to_dict(),
        }

    def roots(self) -> tuple[str, ...]:
        """Those of all steps inside, and of what reads and scores."""
        plans = [plan for system in self.systems for plan in self._job(system).plans()]
        return tuple(dict.fromkeys(root for plan in plans for root in roots_of(plan)))

    def _job(self, system: System) -> Job:
        return Job(system, self.material, self.lang)

    def work(self, inputs: Inputs) -> Output:
        """Run the systems, and score them."""
        material = self.material.material
        outcomes = [
            Job(system, self.material, self.lang, material.source_lang).run(self.store, inputs.threads, self._progress)
            for system in self.systems
        ]
        scores = score_language(material, outcomes[0], outcomes[1] if len(outcomes) > 1 else None, self.scoring)
        notes = [*material.notes, *outcomes[0].notes]
        found = {
            **scores,
            **self.material.more,
            "n_total": material.n_total,
            "n_bitext": len(material.bitext),
            "notes": notes,
        }
        return Output({"result": Facts(found)}, {})

    def _progress(self, event: Progress) -> None:
        if self.listener is not None:
            self.listener(Progress(f"{self.lang}: {event.stage}", event.done, event.total, event.metrics))
