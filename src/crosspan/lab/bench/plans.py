"""From a system and the material of a language to plans of the engine, and to what they make of the test sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from crosspan.core.errors import CrosspanError
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
from crosspan.lab.bench.outcome import CellOutcome
from crosspan.lab.bench.system import System
from crosspan.pipeline.codec import model_bytes
from crosspan.pipeline.corpus import Corpus
from crosspan.pipeline.plan import Plan, aligning_plan, plan_of
from crosspan.pipeline.plan_inputs import Given
from crosspan.pipeline.recipes.recipe import Recipe, make_recipe
from crosspan.pipeline.results import Results
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.steps.tagging import tagger_from
from crosspan.pipeline.store import Store


@dataclass(frozen=True, slots=True)
class KnownTagger:
    """A tagger that an earlier plan trained, as a component that says what it is."""

    tagger: Any
    digest: str

    def identity(self) -> str:
        """Its content."""
        return self.digest

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "tagger"), name)


class BenchJob:
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
        """What is carried out, one plan after the other; nothing is read yet.

        Raises:
            MissingData: No tagger was named for the language.
            OptionError: A component is not there.
        """
        return [self._plan(task) for task in self.system.tasks]

    def run(self, store: Store, threads: int | None, progress: Listener | None) -> CellOutcome:
        """Carry the plans out.

        Raises:
            MissingData: The language lacks what the pipeline needs.
            CrosspanError: Something is at fault.
        """
        results: Results | None = None
        unsure = False
        for task in self.system.tasks:
            trained = None if results is None else _trained(results, threads)
            results, engine = carry_out(self._plan(task, trained), store, threads=threads, progress=progress)
            unsure |= engine.unsure
        assert results is not None
        found = _linked(results) if self.system.pipeline == "alignment" else self._outcome(results)
        return replace(found, unsure=unsure)

    def _plan(self, task: str, trained: KnownTagger | None = None) -> Plan:
        """The plan of a task; the tagger that the plan before it trained votes in an ensemble."""
        recipe, given = self._ready() if self.system.is_ready else self._asked(task)
        if trained is not None:
            given = replace(given, components={"ensemble": trained})
        return (aligning_plan if self.system.pipeline == "alignment" else plan_of)(recipe, given)

    def _asked(self, task: str) -> tuple[Recipe, Given]:
        """The recipe of a task, and what is there already."""
        learns = task == "translate-train"
        alone = self.material.part("test", test_sentences, n_sides=1)
        pairs = self.material.part("train", train_pairs) if learns else self.material.part("pairs", test_pairs)
        data = {"task": task, **self.system.tables(task, self.lang, self.source_lang)}
        more = [self.material.bitext()] if self.system.more_text else []
        corpora = {"source": pairs, "target": alone, "predict": alone}
        return make_recipe(data), Given(corpora=corpora, bitext=more, checks=False)

    def _ready(self) -> tuple[Recipe, Given]:
        """A ready recipe, with the sentences of the suite in place of its files."""
        system = self.system
        alone = self.material.part("test", test_sentences, n_sides=1)
        corpora: dict[str, Corpus] = {"target": alone, "predict": alone}
        if system.learns:
            sources = labelled_sources if system.from_gold else train_sources
            corpora["source"] = self.material.part("gold" if system.from_gold else "sources", sources, n_sides=1)
        elif system.from_gold:
            corpora["source"] = self.material.part("pairs", test_pairs)
        return make_recipe(system.ready_data(self.lang, self.source_lang)), Given(corpora=corpora, checks=False)

    def _outcome(self, results: Results) -> CellOutcome:
        """The test sentences with what was found; those that could not be worked on are without labels."""
        gold = self.material.material.gold
        errors: list[str] = []
        failed: list[str] = []
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
                own, fault = () if projection.error is not None else projection.sentence.spans, None
                if voted is not None:
                    own, fault = next(voted)
                failed += [fault.reason] if fault is not None else []
                spans[str(projection.sentence.id)] = own
        sentences = [replace(one, spans=spans.get(str(index), ())) for index, one in enumerate(gold)]
        none = "count as unlabelled"
        what = "are left to the tagger" if results.plan.labelled == "ensemble" else none
        notes = (*_left_out(errors, len(gold), what), *_left_out(failed, len(gold), none))
        return CellOutcome(sentences, notes=notes)


def _linked(results: Results) -> CellOutcome:
    """The links of the test sentences; pairs that could not be worked on have none."""
    found: list[Alignment] = []
    errors: list[str] = []
    for part in results.parts("align", "links"):
        found += [Alignment.from_links([]) if one is None else one for one in part.alignments]
        errors += [fault.reason for fault in part.faults.values()]
    return CellOutcome(links=found, notes=_left_out(errors, len(found), "have no links"))


def _left_out(errors: Sequence[str], total: int, what: str) -> tuple[str, ...]:
    """What a reader must know of sentences that could not be worked on.

    Raises:
        CrosspanError: That is all of them: no score comes of it.
    """
    if not errors:
        return ()
    if len(errors) == total:
        raise CrosspanError(f"no sentence could be worked on, the first: {errors[0]}")
    return (f"{len(errors)} sentences could not be worked on and {what}, the first: {errors[0]}",)


def _trained(results: Results, threads: int | None) -> KnownTagger:
    model = results.model()
    return KnownTagger(tagger_from(model, threads), sha256(model_bytes(model)).hexdigest())


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
