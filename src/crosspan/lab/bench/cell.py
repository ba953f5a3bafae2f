"""The step that runs systems on a language of a suite and scores what they made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from crosspan.core.progress import Listener
from crosspan.lab.bench.material import LazyMaterial
from crosspan.lab.bench.plans import BenchJob, facts_of, roots_of
from crosspan.lab.bench.scoring import BenchScoring, score_language
from crosspan.lab.bench.system import System
from crosspan.pipeline.parts import Facts
from crosspan.pipeline.plan import Plan
from crosspan.pipeline.step import Inputs, Output, Step
from crosspan.pipeline.store import Store
from crosspan.pipeline.use import Use


@dataclass(kw_only=True)
class BenchCell(Step):
    """A language of a suite. Its result is found again without reading anything of the suite.

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
    scoring: BenchScoring
    store: Store
    listener: Listener | None = field(default=None, repr=False)
    name: str = "bench"
    single: bool = True

    def facts(self) -> Mapping[str, Any]:
        """The files, the systems, and how they are scored."""
        return {
            "material": self.material.facts,
            "lang": self.lang,
            "systems": [
                [system.to_dict(), *map(facts_of, plans)]
                for system, plans in zip(self.systems, self._plans, strict=True)
            ],
            "taggers": [tagger.facts() for tagger in self._taggers],
            "scoring": self.scoring.to_dict(),
        }

    def roots(self) -> tuple[str, ...]:
        """Those of all steps inside."""
        inside = [root for plans in self._plans for plan in plans for root in roots_of(plan)]
        return tuple(dict.fromkeys([*inside, *(root for tagger in self._taggers for root in tagger.roots())]))

    @cached_property
    def _plans(self) -> list[list[Plan]]:
        return [BenchJob(system, self.material, self.lang).plans() for system in self.systems]

    @cached_property
    def _taggers(self) -> list[Use]:
        """All taggers that were named: which of them tags the other side is known when its language was read."""
        return [tagger for system in self.systems for tagger in system.named_taggers]

    def work(self, inputs: Inputs) -> Output:
        """Run the systems, and score them."""
        material = self.material.material
        outcomes = [
            BenchJob(system, self.material, self.lang, material.source_lang).run(
                self.store, inputs.threads, self.listener
            )
            for system in self.systems
        ]
        scores = score_language(material, outcomes[0], outcomes[1] if len(outcomes) > 1 else None, self.scoring)
        found = {
            **scores,
            **self.material.more,
            "n_total": material.n_total,
            "n_bitext": len(material.bitext),
            "notes": [*material.notes, *outcomes[0].notes],
        }
        return Output({"result": Facts(found)}, unsure=any(one.unsure for one in outcomes))
