"""From a system and the material of a language to plans of the engine, and to what they make of the test sentences."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from crosspan.core.progress import Listener
from crosspan.core.types import Alignment
from crosspan.lab.bench.material import (
    LazyMaterial,
    labelled_sources,
    test_pairs,
    test_sentences,
    train_pairs,
    train_sources,
)
from crosspan.lab.bench.outcome import Outcome
from crosspan.lab.bench.system import System
from crosspan.pipeline.codec import model_bytes
from crosspan.pipeline.labels import IN_MEMORY
from crosspan.pipeline.plan import Plan, aligning_plan, plan_of
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.ready import ready_recipe
from crosspan.pipeline.recipes.recipe import change_recipe, make_recipe
from crosspan.pipeline.results import Results
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.steps.tagging import tagger_from
from crosspan.pipeline.store import Store

TEST, TRAIN = "test", "train"


@dataclass(frozen=True, slots=True)
class Trained:
    """A tagger that an earlier plan trained, as a component that says what it is."""

    tagger: Any
    digest: str

    def identity(self) -> str:
        """Its content."""
        return self.digest

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "tagger"), name)


class Job:
    """A system on one language.

    Args:
        system: The system.
        material: What the suite has for the language.
        lang: The language.
        source_lang: That of the other side; it is in the material, and English where it was not read yet.
    """

    def __init__(self, system: System, material: LazyMaterial, lang: str, source_lang: str = "en") -> None:
        self.system = system
        self.material = material
        self.lang = lang
        self.source_lang = source_lang

    def plans(self) -> list[Plan]:
        """The plans that need nothing of one another; they tell what the result depends on, and nothing is read."""
        if self.system.pipeline == "ensemble":
            return [self._training(), plan_of(*self._recipe("translate-test"))]
        return [self._plan()]

    def run(self, store: Store, threads: int | None, progress: Listener | None) -> Outcome:
        """Carry the plans out.

        Raises:
            MissingData: The language lacks what the pipeline needs.
            CrosspanError: Something is at fault.
        """
        how: dict[str, Any] = {"threads": threads, "progress": progress}
        pipeline = self.system.pipeline
        if pipeline == "ensemble":
            trained, _ = carry_out(self._training(), store, **how)
            model = trained.model()
            tagger = Trained(tagger_from(model, threads), sha256(model_bytes(model)).hexdigest())
            recipe, given = self._recipe("ensemble")
            given = replace(given, components={**given.components, "ensemble": tagger})
            results, _ = carry_out(plan_of(recipe, given), store, **how)
            return self._outcome(results)
        results, _ = carry_out(self._plan(), store, **how)
        if pipeline == "alignment":
            none = Alignment.from_links([])
            found = [
                none if one is None else one for part in results.parts("align", "links") for one in part.alignments
            ]
            return Outcome(links=found)
        return self._outcome(results)

    def _plan(self) -> Plan:
        system = self.system
        if system.is_ready:
            return plan_of(*self._ready())
        if system.pipeline == "translate-train":
            return self._training()
        if system.pipeline == "alignment":
            return aligning_plan(*self._recipe("project"))
        tasks = {"projection": "project", "tagger": "model-transfer"}
        return plan_of(*self._recipe(tasks.get(system.pipeline, system.pipeline)))

    def _training(self) -> Plan:
        recipe, given = self._recipe("translate-train")
        pairs = self.material.part(TRAIN, train_pairs)
        corpora = {"source": pairs, "predict": self.material.part(TEST, test_sentences, n_sides=1)}
        return plan_of(recipe, replace(given, corpora=corpora))

    def _recipe(self, task: str) -> tuple[Any, Given]:
        """The recipe of a task, and what is there already."""
        pairs = self.material.part("pairs", test_pairs)
        alone = self.material.part(TEST, test_sentences, n_sides=1)
        data = {"task": task, **self.system.tables(task, self.lang, self.source_lang)}
        more = [self.material.bitext()] if self.system.more_text else []
        given = Given(corpora={"source": pairs, "target": alone}, bitext=more, checks=False)
        return make_recipe(data), given

    def _ready(self) -> tuple[Any, Given]:
        """A ready recipe, with the sentences of the suite in place of its files."""
        from_gold = self.system.from_gold
        given = {"TARGET": IN_MEMORY, "SOURCE": IN_MEMORY, "OUT": "out"}
        langs = {"TARGET_LANG": self.lang, "SOURCE_LANG": self.source_lang}
        data = tomllib.loads(ready_recipe(self.system.pipeline, {**given, **langs}))
        corpora: dict[str, Any] = {"target": self.material.part(TEST, test_sentences, n_sides=1)}
        if data["task"] == "translate-train":
            sources = labelled_sources if from_gold else train_sources
            corpora["source"] = self.material.part("gold" if from_gold else "sources", sources, n_sides=1)
            corpora["predict"] = corpora["target"]
            data["predict"] = {"path": IN_MEMORY}
            if from_gold:
                data.pop("tag", None)
        elif from_gold and data["task"] != "model-transfer":
            corpora["source"] = self.material.part("pairs", test_pairs)
            data["task"] = "project"
            data["source"]["path"] = IN_MEMORY
            for table in ("translate", "tag"):
                data.pop(table, None)
        data = change_recipe(data, [f"{key}={value}" for key, value in self.system.settings.items()])
        return make_recipe(data), Given(corpora=corpora, checks=False)

    def _outcome(self, results: Results) -> Outcome:
        """The test sentences with what was found; those that could not be worked on are without labels."""
        gold = self.material.material.gold
        errors: list[str] = []
        spans: dict[str, Any] = {}
        if "predict" in results:
            for one in results.tagged("predict", "unlabelled"):
                spans[str(one.sentence.id)] = one.sentence.spans
                errors += [one.fault.reason] if one.fault is not None else []
        else:
            voted = results.voted() if results.plan.labelled == "ensemble" else None
            for carried in results.carried():
                projection = carried.projection
                errors += [projection.error] if projection.error is not None else []
                own = () if projection.error is not None else projection.sentence.spans
                spans[str(projection.sentence.id)] = own if voted is None else next(voted)
        sentences = [replace(one, spans=spans.get(str(index), ())) for index, one in enumerate(gold)]
        if not errors:
            return Outcome(sentences)
        note = f"{len(errors)} sentences could not be worked on and count as unlabelled, the first: {errors[0]}"
        return Outcome(sentences, notes=(note,))


def facts_of(plan: Plan) -> Mapping[str, Any]:
    """All that the results of a plan depend on but for source code, as plain values."""
    return {
        "readings": [[one.name, one.corpus.facts(), one.shard, one.limit, one.labelled] for one in plan.readings],
        "steps": [[type(step).__qualname__, step.name, step.facts()] for step in plan.steps],
    }


def roots_of(plan: Plan) -> tuple[str, ...]:
    """The modules whose source code the results of a plan depend on."""
    steps = [module for step in plan.steps for module in (type(step).__module__, *step.roots())]
    return tuple(dict.fromkeys([*(type(one).__module__ for one in plan.readings), *steps]))
