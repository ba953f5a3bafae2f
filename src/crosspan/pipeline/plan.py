"""From a recipe to the stages of its task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crosspan.align import ALIGNERS
from crosspan.core.errors import FormatError
from crosspan.core.model_options import with_languages, with_models
from crosspan.core.options import with_settings
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.recipes.tables import (
    MADE,
    AlignTable,
    BackTranslateTable,
    EvaluateTable,
    PredictTable,
    SentenceTable,
    SourceTable,
    TagTable,
    TrainTable,
    TranslateTable,
)
from crosspan.pipeline.step import Stage
from crosspan.pipeline.steps.aligning import (
    AlignByBackend,
    AlignByModel,
    AlignWithModel,
    Bitext,
    GivenLinks,
    Learn,
    NoLinks,
)
from crosspan.pipeline.steps.marking import BackTranslate, Compose, TranslateMarked
from crosspan.pipeline.steps.projecting import Filter, Keep, Project
from crosspan.pipeline.steps.reading import InputFile, Reading
from crosspan.pipeline.steps.tagging import Adapt, Ensemble, Predict, TaggerSpec, TagSource
from crosspan.pipeline.steps.training import Evaluate, Scoring, Train
from crosspan.pipeline.steps.translating import Mirror, Side, Translate, TranslatorSpec
from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS


@dataclass(slots=True)
class Plan:
    """What a recipe asks for.

    Args:
        readings: Files that become shards, before the stages.
        stages: The stages, in their order.
        sources: The stage that has the sentences whose labels are carried over.
        labels: The stage that has the labels of the source.
        projected: The stage that has the projections.
        labelled: The stage that has the labels of the target.
        inputs: All files that are read, by the name they have in the recipe.
    """

    readings: list[Reading]
    stages: list[Stage]
    sources: str
    labels: str
    projected: str
    labelled: str
    inputs: dict[str, InputFile] = field(default_factory=dict)


def plan_of(recipe: Recipe) -> Plan:
    """Find out what is to be done, and look at all files that will be read.

    Raises:
        FormatError: A file is not there.
        OptionError: A backend is not there.
    """
    return _Planner(recipe).plan()


class _Planner:
    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.general = recipe.general
        self.inputs: dict[str, InputFile] = {}

    def plan(self) -> Plan:
        recipe = self.recipe
        if self.general.task == "model-transfer":
            return self._transfer_of_a_model()
        if recipe.project is not None and recipe.project.use == "markers":
            return self._through_markers()
        readings, stages = self._pairs("translated" if recipe.back_translate is not None else "pairs")
        first = "pairs" if recipe.back_translate is None else "translated"
        labels = first
        if recipe.tag is not None:
            stages += self._tagging(recipe.tag, first)
            labels = "tag"
        carried = labels
        if recipe.back_translate is not None:
            stages.append(self._back_translation(recipe.back_translate, labels))
            carried = "pairs"
        assert recipe.align is not None
        assert recipe.project is not None
        if self.links:
            stages += self._aligning(recipe.align)
        else:
            stages.append(NoLinks())
        tagged = recipe.tag is not None or self.general.task != "project"
        project = recipe.project
        settings = self._settings(project.options)
        direct = recipe.back_translate is None  # else scores of the source count once, when both legs are put together
        stages.append(Project(use=project.use, settings=settings, labels=carried, tagged=tagged and direct))
        projected = "project"
        if project.min_confidence or project.filters:
            stages.append(Filter(min_confidence=project.min_confidence, filters=project.filters, labels=carried))
            projected = "filter"
        if not direct:
            stages.append(Compose(projected=projected, tagged=tagged))
            projected = "compose"
        return self._finished(readings, stages, first, labels, projected)

    @property
    def links(self) -> bool:
        """Whether words are linked."""
        return self.recipe.align is not None and self.recipe.align.use != "none"

    def _finished(
        self, readings: list[Reading], stages: list[Stage], sources: str, labels: str, projected: str
    ) -> Plan:
        """The plan with what comes behind the projections."""
        recipe, labelled = self.recipe, projected
        if recipe.ensemble is not None:
            tagger = self._tagger(recipe.ensemble)
            weight = recipe.ensemble.weight
            stages.append(Ensemble(tagger=tagger, weight=weight, projected=projected, linked=self.links))
            labelled = "ensemble"
        if recipe.train is not None:
            stages.append(self._training(projected))
            unlabelled = recipe.predict or recipe.evaluate
            if unlabelled is not None:
                readings.append(self._unlabelled(unlabelled))
                stages.append(Predict(use=recipe.train.use, tagging=self._tagging_with(recipe.train)))
        if recipe.evaluate is not None:
            of = "predict" if recipe.train is not None else labelled
            part = "labels" if of in ("predict", "ensemble") else "projections"
            stages.append(Evaluate(scoring=self._scoring(recipe.evaluate), of=of, part=part))
        return Plan(readings, stages, sources, labels, projected, labelled, self.inputs)

    def _transfer_of_a_model(self) -> Plan:
        """The target sentences, tagged as they are."""
        assert self.recipe.tag is not None
        spec = self._tagger(self.recipe.tag)
        stages: list[Stage] = [
            Mirror(),
            TagSource(tagger=spec, adapted=False, copy_bias=0.0),
            Keep(labels="tag"),
        ]
        return self._finished([self._given("target", labelled=False)], stages, "pairs", "tag", "project")

    def _through_markers(self) -> Plan:
        """Source sentences, tagged where they have no labels, and their marked translation."""
        recipe = self.recipe
        assert recipe.project is not None
        assert recipe.translate is not None
        stages: list[Stage] = []
        labels = "given"
        if recipe.tag is not None:
            stages.append(TagSource(tagger=self._tagger(recipe.tag), adapted=False, copy_bias=0.0, pairs="given"))
            labels = "tag"
        stages.append(
            TranslateMarked(
                translator=self._translator(recipe.translate, "source", "target"),
                settings=recipe.project.options,
                labels=labels,
                min_confidence=recipe.project.min_confidence,
            )
        )
        reading = self._given("source", labelled=recipe.tag is None)
        return self._finished([reading], stages, "pairs", labels, "pairs")

    def _pairs(self, name: str) -> tuple[list[Reading], list[Stage]]:
        """What reads or makes the pairs."""
        recipe = self.recipe
        if recipe.translate is None:
            return [self._both(name)], []
        makes: Side = MADE[self.general.task]
        given: Side = "source" if makes == "target" else "target"
        reading = self._given(given, labelled=given == "source" and recipe.tag is None)
        return [reading], [
            Translate(translator=self._translator(recipe.translate, given, makes), makes=makes, name=name)
        ]

    def _tagging(self, tag: TagTable, pairs: str) -> Iterator[Stage]:
        tagger = self._tagger(tag)
        adapted = tag.adapt and TAGGERS.component(tag.use).adapts
        if adapted:
            yield Adapt(tagger=tagger, settings=tag.adaptation, pairs=pairs)
        yield TagSource(tagger=tagger, adapted=adapted, copy_bias=tag.adaptation.copy_bias, pairs=pairs)

    def _back_translation(self, table: BackTranslateTable, labels: str) -> Stage:
        translator = self._translator(table, "source", "target")
        return BackTranslate(translator=translator, options_of_markers=table.markers, labels=labels)

    def _translator(self, table: TranslateTable | BackTranslateTable, one: Side, other: Side) -> TranslatorSpec:
        recipe = self.recipe
        assert recipe.source is not None
        langs = {"source": recipe.source.lang, "target": recipe.target.lang}
        options = with_models(table.options, recipe.model)
        return TranslatorSpec(table.use, recipe.model(table.model), langs[one], langs[other], table.guard, options)

    def _given(self, side: Side, *, labelled: bool) -> Reading:
        """How the only side that is given is read."""
        table = self.recipe.source if side == "source" else self.recipe.target
        assert table is not None
        file = self._file(table, labelled=labelled)
        return Reading("given", (self._input(file),), self.general.shard, self.general.limit, labelled)

    def _file(self, table: SentenceTable, *, labelled: bool) -> SentenceFile:
        """A file of sentences; where labels do not count, "begin" reads the most."""
        of_source = table if isinstance(table, SourceTable) else SourceTable(repair="begin")
        return SentenceFile(
            self.recipe.path(table.path),
            table.format,
            table.lang or None,
            table.columns or None,
            of_source.scheme,
            of_source.repair if labelled else "begin",
            table.path,
        )

    def _input(self, file: SentenceFile) -> InputFile:
        known = self.inputs.get(file.shown)
        found = InputFile.of(file)
        self.inputs[file.shown] = known or found
        return found

    def _plain(self, name: str) -> InputFile:
        return self._input(SentenceFile(self.recipe.path(name), repair="begin", name=name))

    def _both(self, name: str) -> Reading:
        """How two files of pairs are read."""
        source, target = self.recipe.source, self.recipe.target
        assert source is not None
        labelled = self.recipe.tag is None
        inputs = (self._input(self._file(source, labelled=labelled)), self._input(self._file(target, labelled=False)))
        return Reading(name, inputs, self.general.shard, self.general.limit, labelled)

    def _unlabelled(self, table: PredictTable | EvaluateTable) -> Reading:
        lang = table.lang if isinstance(table, PredictTable) else self.recipe.target.lang
        file = SentenceFile(
            self.recipe.path(table.path),
            table.format,
            lang or None,
            table.columns or None,
            repair="begin",
            name=table.path,
        )
        return Reading("unlabelled", (self._input(file),), self.general.shard, self.general.limit, labelled=False)

    def _tagger(self, table: object) -> TaggerSpec:
        use, model, options = (getattr(table, name) for name in ("use", "model", "options"))
        return TaggerSpec(use, self.recipe.model(model), with_models(options, self.recipe.model))

    def _settings(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a backend with the models and the languages of the recipe."""
        recipe = self.recipe
        # what is linked and projected after back-translation is in one language
        one = recipe.target if recipe.back_translate is not None else recipe.source
        source_lang = "" if one is None else one.lang
        return with_languages(with_models(options, recipe.model), source_lang, recipe.target.lang)

    def _bitext(self) -> Bitext:
        files = () if self.recipe.bitext is None else self.recipe.bitext.files
        return [(self._plain(one), self._plain(other)) for one, other in files]

    def _aligning(self, align: AlignTable) -> Iterator[Stage]:
        from crosspan.align.statistical import StatisticalOptions

        bitext, limit = self._bitext(), self.general.limit
        if align.use == "links":
            path = self.recipe.path(align.path)
            if not path.is_file():
                raise FormatError("no such file", where=align.path, hint="Check the path of the links.")
            yield GivenLinks(path=path, shown=align.path, shard=self.general.shard, limit=limit)
        elif align.use == "model":
            yield AlignWithModel(model=self.recipe.path(align.path), min_prob=None)
        elif align.use == "statistical":
            options = with_settings(StatisticalOptions(), align.options)
            yield Learn(settings=options, bitext=bitext, limit=limit)
            yield AlignWithModel(min_prob=options.min_prob)
        elif not ALIGNERS.component(align.use).learns:
            yield AlignByModel(use=align.use, settings=self._settings(align.options))
        else:
            settings = self._settings(align.options)
            yield AlignByBackend(use=align.use, settings=settings, bitext=bitext, limit=limit)

    def _training(self, projected: str) -> Stage:
        from crosspan.train.crf import CrfOptions

        table = self.recipe.train
        assert table is not None
        settings: Any = table.options
        if table.use == "crf":
            settings = with_settings(CrfOptions(), table.options)
        elif TRAINERS.component(table.use).saves == "folder":
            settings = with_settings(TRAINERS.options(table.use), with_models(table.options, self.recipe.model))
            source = self.recipe.source.lang if self.recipe.source is not None else ""
            settings = replace(settings, source_lang=settings.source_lang or source)
        return Train(
            use=table.use,
            settings=settings,
            noise=table.noise,
            vote=table.vote,
            rounds=table.rounds,
            seed=self.general.seed,
            projected=projected,
            dev=self._dev(table, settings),
        )

    def _dev(self, table: TrainTable, settings: Any) -> InputFile | None:
        """The sentences that weights are chosen on: of the source language, unless the recipe says otherwise."""
        if not table.dev:
            return None
        side = self.recipe.target if settings.dev_is_target else self.recipe.source
        lang = side.lang if side is not None else ""
        return self._input(SentenceFile(self.recipe.path(table.dev), lang=lang or None, name=table.dev))

    @staticmethod
    def _tagging_with(table: TrainTable) -> dict[str, Any]:
        """How a fine-tuned encoder labels: with what it learned with."""
        if TRAINERS.component(table.use).saves != "folder":
            return {}
        return {name: table.options[name] for name in ("words", "overlap", "device") if name in table.options}

    def _scoring(self, table: EvaluateTable) -> Scoring:
        gold = SentenceFile(
            self.recipe.path(table.path),
            table.format,
            None,
            table.columns or None,
            table.scheme,
            table.repair,
            table.path,
        )
        return Scoring(
            self._input(gold),
            table.labels,
            table.ignore_labels,
            table.bootstrap,
            table.confidence,
            self.general.seed,
            self.general.limit,
        )
