"""From a recipe to the steps of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crosspan.align import ALIGNERS, link_kind_of
from crosspan.core.model_options import with_languages, with_models
from crosspan.pipeline.corpus import InputFile
from crosspan.pipeline.plan_inputs import Given, RecipeInputs
from crosspan.pipeline.recipes.fit import links_are_made
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.recipes.tables import MADE, AlignTable, BackTranslateTable, TagTable, TranslateTable
from crosspan.pipeline.recipes.train_table import TrainTable
from crosspan.pipeline.step import Step
from crosspan.pipeline.steps.adapting import Adapt
from crosspan.pipeline.steps.aligning import Align, GivenLinks, LearnAndAlign, NoLinks
from crosspan.pipeline.steps.ensemble import Ensemble
from crosspan.pipeline.steps.learning import Learn
from crosspan.pipeline.steps.marking import BackTranslate, Compose, TranslateMarked
from crosspan.pipeline.steps.observing import Count, Observe
from crosspan.pipeline.steps.projecting import Filter, Keep, Project
from crosspan.pipeline.steps.reading import CorpusReading
from crosspan.pipeline.steps.restricting import Restrict
from crosspan.pipeline.steps.scoring import Evaluate
from crosspan.pipeline.steps.tagging import Tag, can_be_adapted
from crosspan.pipeline.steps.training import Train
from crosspan.pipeline.steps.translating import Between, Mirror, Side, Translate
from crosspan.pipeline.use import Use
from crosspan.project.projector import PROJECTORS, with_link_kind
from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS
from crosspan.translate import TRANSLATORS


@dataclass(slots=True)
class Plan:
    """What a recipe asks for.

    Args:
        readings: Corpora that become shards, before the steps.
        steps: The steps, in their order.
        sources: The step that has the sentences whose labels are carried over.
        labels: The step that has the labels of the source.
        projected: The step that has the projections.
        labelled: The step that has the labels of the target.
        inputs: All files that are read, by the name they have in the recipe.
    """

    readings: list[CorpusReading]
    steps: list[Step]
    sources: str
    labels: str
    projected: str
    labelled: str
    inputs: dict[str, InputFile] = field(default_factory=dict)


def plan_of(recipe: Recipe, given: Given | None = None) -> Plan:
    """Find out what is to be done, and look at all files that will be read.

    Args:
        recipe: What is asked for.
        given: What is there already.

    Raises:
        FormatError: A file is not there.
        OptionError: A component is not there.
    """
    return _Planner(recipe, given or Given()).plan()


def tagging_plan(recipe: Recipe, given: Given | None = None, *, replaces: bool | None = None) -> Plan:
    """The plan that tags the source sentences of a recipe and ends there.

    Args:
        recipe: What is asked for; its tables ``[source]`` and ``[tag]`` count.
        given: What is there already. A corpus that has one side, under ``"source"``, has no translations.
        replaces: Whether labels that are there are to be replaced; else a sentence that has some is an error. ``None``
            does not look.
    """
    return _Planner(recipe, given or Given()).tagging(replaces)


def aligning_plan(recipe: Recipe, given: Given | None = None) -> Plan:
    """The plan that links the words of the pairs of a recipe and ends there."""
    return _Planner(recipe, given or Given()).aligning()


class _Planner:
    def __init__(self, recipe: Recipe, given: Given) -> None:
        self.recipe = recipe
        self.given = given
        self.general = recipe.general
        self.inputs = RecipeInputs(recipe, given)

    def plan(self) -> Plan:
        recipe = self.recipe
        if self.general.task in ("model-transfer", "tag"):
            return self._transfer_of_a_model()
        if recipe.project is not None and recipe.project.use == "markers":
            return self._through_markers()
        first = "pairs" if recipe.back_translate is None else "translated"
        readings, steps = self._pairs(first)
        labels = first
        if recipe.tag is not None:
            steps += self._tagging(recipe.tag, first)
            labels = "tag"
        carried = labels
        if recipe.back_translate is not None:
            steps.append(self._back_translation(recipe.back_translate, labels))
            carried = "pairs"
        assert recipe.align is not None
        assert recipe.project is not None
        steps += self._aligning(recipe.align) if self._links_are_made() else [NoLinks()]
        steps += self._projecting(carried)
        projected = "project"
        table = recipe.project
        if table.min_confidence or table.filters:
            steps.append(Filter(min_confidence=table.min_confidence, filters=table.filters, labels=carried))
            projected = "filter"
        if recipe.back_translate is not None:
            steps.append(Compose(projected=projected, source_scores=table.source_scores))
            projected = "compose"
        return self._finished(readings, steps, first, labels, projected)

    def tagging(self, replaces: bool | None) -> Plan:
        reading = replace(self.inputs.both("pairs"), labelled=False, replaces=replaces, checks=self.given.checks)
        assert self.recipe.tag is not None
        steps = [*self._tagging(self.recipe.tag, "pairs", alone=reading.corpus.n_sides == 1)]
        return Plan([reading], steps, "pairs", "tag", "", "tag", self.inputs.files)

    def aligning(self) -> Plan:
        assert self.recipe.align is not None
        reading = replace(self.inputs.both("pairs"), labelled=False)
        return Plan([reading], [*self._aligning(self.recipe.align)], "pairs", "pairs", "", "", self.inputs.files)

    @property
    def linked(self) -> bool:
        """Whether words are linked."""
        return self.recipe.align is not None and self.recipe.align.use != "none"

    def _finished(
        self, readings: list[CorpusReading], steps: list[Step], sources: str, labels: str, projected: str
    ) -> Plan:
        """The plan with what comes behind the projections."""
        recipe = self.recipe
        if recipe.project is not None and recipe.project.labels:
            steps.append(Restrict(labels=recipe.project.labels, projected=projected))
            projected = "restrict"
        labelled = projected
        if recipe.ensemble is not None:
            tagger = self._tagger("ensemble", recipe.ensemble)
            weight = recipe.ensemble.weight
            steps.append(Ensemble(tagger=tagger, weight=weight, projected=projected, linked=self.linked))
            labelled = "ensemble"
        if recipe.train is not None:
            steps.append(self._training(recipe.train, projected, labels))
            unlabelled = recipe.predict or recipe.evaluate
            if unlabelled is not None:
                readings.append(self.inputs.unlabelled(unlabelled))
                tagger = Use(TAGGERS, self._trained_by(recipe.train), settings=self._tagging_with(recipe.train))
                steps.append(Tag(tagger=tagger, learned="train", corpus="unlabelled", name="predict"))
        if recipe.evaluate is not None:
            of = "predict" if recipe.train is not None else labelled
            part = "labels" if of in ("predict", "ensemble") else "projections"
            corpus = "unlabelled" if of == "predict" else "pairs"
            steps.append(Evaluate(scoring=self.inputs.scoring(recipe.evaluate), of=of, part=part, corpus=corpus))
        return Plan(readings, steps, sources, labels, projected, labelled, self.inputs.files)

    def _transfer_of_a_model(self) -> Plan:
        """The target sentences, tagged as they are."""
        assert self.recipe.tag is not None
        tagger = self._tagger("tag", self.recipe.tag)
        steps: list[Step] = [Mirror(), Tag(tagger=tagger), Keep(labels="tag")]
        return self._finished([self.inputs.alone("target", labelled=False)], steps, "pairs", "tag", "project")

    def _through_markers(self) -> Plan:
        """Source sentences, tagged where they have no labels, and their marked translation."""
        from crosspan.core.options import with_settings
        from crosspan.project.marker_options import MarkerOptions

        recipe = self.recipe
        assert recipe.project is not None
        assert recipe.translate is not None
        steps: list[Step] = []
        labels = "given"
        if recipe.tag is not None:
            steps.append(Tag(tagger=self._tagger("tag", recipe.tag), corpus="given"))
            labels = "tag"
        steps.append(
            TranslateMarked(
                translator=self._translator("translate", recipe.translate, "source", "target"),
                markers=with_settings(MarkerOptions(), recipe.project.options),
                labels=labels,
                min_confidence=recipe.project.min_confidence,
            )
        )
        reading = self.inputs.alone("source", labelled=recipe.tag is None)
        return self._finished([reading], steps, "pairs", labels, "pairs")

    def _pairs(self, name: str) -> tuple[list[CorpusReading], list[Step]]:
        """What reads or makes the pairs."""
        recipe = self.recipe
        if recipe.translate is None:
            return [self.inputs.both(name)], []
        makes: Side = MADE[self.general.task]
        given: Side = "source" if makes == "target" else "target"
        reading = self.inputs.alone(given, labelled=given == "source" and recipe.tag is None)
        translator = self._translator("translate", recipe.translate, given, makes)
        return [reading], [Translate(translator=translator, makes=makes, name=name)]

    def _tagging(self, tag: TagTable, pairs: str, *, alone: bool = False) -> Iterator[Step]:
        """How sentences are tagged; those that are alone have no translations to learn from."""
        tagger = self._tagger("tag", tag)
        adapts = tagger.component.adapts if tagger.given is None else can_be_adapted(tagger.given)
        bias = tag.adaptation.copy_bias if adapts and not alone else 0.0
        if tag.adapt and adapts and not alone:
            yield Adapt(tagger=tagger, settings=tag.adaptation, pairs=pairs)
            yield Tag(tagger=Use(TAGGERS, "crf"), learned="adapt", copy_bias=bias, corpus=pairs)
        else:
            yield Tag(tagger=tagger, copy_bias=bias, corpus=pairs)

    def _back_translation(self, table: BackTranslateTable, labels: str) -> Step:
        translator = self._translator("back_translate", table, "source", "target")
        return BackTranslate(translator=translator, markers=table.markers, labels=labels)

    def _translator(self, name: str, table: TranslateTable | BackTranslateTable, one: Side, other: Side) -> Between:
        recipe = self.recipe
        assert recipe.source is not None
        langs = {"source": recipe.source.lang, "target": recipe.target.lang}
        options = with_models(table.options, recipe.model)
        use = Use(TRANSLATORS, table.use, recipe.model(table.model), options, self.given.components.get(name))
        return Between(use, langs[one], langs[other], table.guard)

    def _tagger(self, name: str, table: Any) -> Use:
        options = with_models(table.options, self.recipe.model)
        model = self.recipe.model(table.model)
        return Use(TAGGERS, table.use, model, options, self.given.components.get(name))

    def _settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options with the paths of models, and with the languages of the recipe where they ask for some."""
        recipe = self.recipe
        source = recipe.source.lang if recipe.source is not None else ""
        return with_languages(with_models(options, recipe.model), source, recipe.target.lang)

    def _method(self) -> Use:
        table = self.recipe.project
        assert table is not None
        given = self.given.components.get("project")
        settings = with_link_kind(table.use, self._settings(table.options), self._link_kind())
        return Use(PROJECTORS, table.use, settings=settings, given=given)

    def _link_kind(self) -> str:
        """What the links will be, where their aligner says it."""
        align, given = self.recipe.align, self.given.components
        if self.given.links is not None or align is None or align.use in ("links", "none"):
            return ""
        for name in ("align", "learner"):
            if name in given:
                return link_kind_of(given[name])
        if align.use == "model":
            from crosspan.align.model_file import learner_of

            return ALIGNERS.component(learner_of(self.recipe.path(align.path))).link_kind
        return ALIGNERS.component(align.use).link_kind

    def _projecting(self, labels: str) -> Iterator[Step]:
        """The method of projection; before it, what it learns from the corpus where that can be done in parts."""
        table = self.recipe.project
        assert table is not None
        method = self._method()
        known = method.component
        direct = self.recipe.back_translate is None  # else scores of the source count once, when both legs meet
        parted = known.learns and known.merges and method.given is None
        project = Project(
            method=method,
            labels=labels,
            corpus=known.learns,
            observed=parted,
            text=known.text,
            target_spans=known.target_spans,
            source_scores=table.source_scores and direct,
            runners_up=self.given.runners_up,
        )
        if parted:
            yield Count(method=method, parts=project.parts)
            yield Observe(method=method, parts=project.parts)
        yield project

    def _links_are_made(self) -> bool:
        """Whether anything would look at the links of an aligner, or somebody asked for one."""
        recipe, given = self.recipe, self.given
        assert recipe.align is not None
        assert recipe.project is not None
        return (
            given.links is not None
            or not given.components.keys().isdisjoint({"align", "learner"})
            or links_are_made(
                self._method().component,
                recipe.align.use,
                changed=recipe.align.options != ALIGNERS.resolved(ALIGNERS.default, {}),
                looked_at=recipe.ensemble is not None or bool(recipe.project.filters),
            )
        )

    def _aligning(self, align: AlignTable) -> Iterator[Step]:
        limit = self.general.limit
        links, aligner = self.given.links, self.given.components.get("align")
        if links is not None or align.use == "links":
            yield GivenLinks(source=links or self.inputs.links(align), shard=self.general.shard, limit=limit)
            return
        if aligner is not None:
            yield Align(aligner=Use(ALIGNERS, given=aligner))
            return
        if "learner" in self.given.components:
            learner = Use(ALIGNERS, given=self.given.components["learner"])
            yield LearnAndAlign(aligner=learner, bitext=self.inputs.bitext(), limit=limit)
            return
        if align.use == "none":
            yield NoLinks()
            return
        if align.use == "model":
            from crosspan.align.model_file import learner_of

            saved = self.recipe.path(align.path)
            yield Align(aligner=Use(ALIGNERS, learner_of(saved)), saved=saved)
            return
        use = Use(ALIGNERS, align.use, settings=self._settings(align.options))
        known = use.component
        if not known.learns:
            yield Align(aligner=use)
        elif known.saves:
            yield Learn(aligner=use, bitext=self.inputs.bitext(), limit=limit)
            yield Align(aligner=use, learned=True)
        else:
            yield LearnAndAlign(aligner=use, bitext=self.inputs.bitext(), limit=limit)

    def _training(self, table: TrainTable, projected: str, labels: str) -> Step:
        settings = with_models(table.options, self.recipe.model)
        reads_text = TRAINERS.facts(table.use, settings).unlabelled
        learn_from = ("source" if reads_text else "target") if table.learn_from == "auto" else table.learn_from
        source = self.recipe.source.lang if self.recipe.source is not None else ""
        target = self.recipe.target.lang
        if "source_lang" in settings:  # of the labelled sentences, where others are to look like them
            named = target if reads_text and learn_from == "target" else source
            settings["source_lang"] = settings["source_lang"] or named
        return Train(
            trainer=Use(TRAINERS, table.use, settings=settings),
            projected=projected if learn_from != "source" else "",
            source=labels if learn_from != "target" else "",
            target_text=reads_text and learn_from != "target",
            langs=(source, target),
            noise=table.noise,
            vote=table.vote,
            rounds=table.rounds,
            gold=self.inputs.gold(table),
            gold_weight=table.gold_weight,
            seed=self.general.seed,
            dev=self.inputs.dev(table),
            unlabelled=self.inputs.other_text(table),
        )

    @staticmethod
    def _trained_by(table: TrainTable) -> str:
        """The tagger that loads what a trainer makes."""
        return TRAINERS.component(table.use).tagger or table.use

    @staticmethod
    def _tagging_with(table: TrainTable) -> dict[str, Any]:
        """How a fine-tuned encoder labels: with what it learned with."""
        if TRAINERS.component(table.use).saves != "folder":
            return {}
        return {name: table.options[name] for name in ("words", "overlap", "device") if name in table.options}
