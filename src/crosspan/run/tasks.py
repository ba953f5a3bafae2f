"""From a recipe to the stages of its task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from crosspan.errors import FormatError
from crosspan.io.pairs import SentenceFile
from crosspan.run.aligning import AlignByBackend, AlignWithModel, Bitext, GivenLinks, Learn
from crosspan.run.projecting import Filter, Project
from crosspan.run.reading import InputFile, Reading
from crosspan.run.recipe import Recipe
from crosspan.run.stage import Stage
from crosspan.run.tables import EvaluateTable, PredictTable
from crosspan.run.tagging import Adapt, Ensemble, Predict, TaggerSpec, TagSource
from crosspan.run.training import Evaluate, Scoring, Train
from crosspan.settings import with_settings


@dataclass(slots=True)
class Plan:
    """What a recipe asks for.

    Args:
        readings: Files that become shards, before the stages.
        stages: The stages, in their order.
        labels: The stage that has the labels of the source.
        projected: The stage that has the projections.
        labelled: The stage that has the labels of the target.
        inputs: All files that are read, by the name they have in the recipe.
    """

    readings: list[Reading]
    stages: list[Stage]
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
        labels = "pairs" if recipe.tag is None else "tag"
        pairs = self._pairs()
        bitext = [(self._plain(one), self._plain(other)) for one, other in recipe.bitext.files]
        stages: list[Stage] = []
        if recipe.tag is not None:
            tag, tagger = recipe.tag, self._tagger(recipe.tag)
            adapted = tag.adapt and tag.use == "crf"
            if adapted:
                stages.append(Adapt(tagger=tagger, settings=tag.adaptation))
            stages.append(TagSource(tagger=tagger, adapted=adapted, copy_bias=tag.adaptation.copy_bias))
        stages += self._aligning(bitext)
        tagged = recipe.tag is not None or self.general.task != "project"
        project = recipe.project
        stages.append(Project(use=project.use, settings=project.options, labels=labels, tagged=tagged))
        projected = "project"
        if project.min_confidence or project.filters:
            stages.append(Filter(min_confidence=project.min_confidence, filters=project.filters, labels=labels))
            projected = "filter"
        readings = [pairs]
        labelled = projected
        if recipe.ensemble is not None:
            tagger = self._tagger(recipe.ensemble)
            stages.append(Ensemble(tagger=tagger, weight=recipe.ensemble.weight, projected=projected))
            labelled = "ensemble"
        if recipe.train is not None:
            stages.append(self._training(projected))
            unlabelled = recipe.predict or recipe.evaluate
            if unlabelled is not None:
                readings.append(self._unlabelled(unlabelled))
                stages.append(Predict(use=recipe.train.use))
        if recipe.evaluate is not None:
            of = "predict" if recipe.train is not None else labelled
            stages.append(Evaluate(scoring=self._scoring(recipe.evaluate), of=of))
        return Plan(readings, stages, labels, projected, labelled, self.inputs)

    def _input(self, file: SentenceFile) -> InputFile:
        known = self.inputs.get(file.shown)
        found = InputFile.of(file)
        self.inputs[file.shown] = known or found
        return found

    def _plain(self, name: str) -> InputFile:
        return self._input(SentenceFile(self.recipe.path(name), repair="begin", name=name))

    def _pairs(self) -> Reading:
        source, target = self.recipe.source, self.recipe.target
        labelled = self.recipe.tag is None
        files = (
            SentenceFile(
                self.recipe.path(source.path),
                source.format,
                source.lang or None,
                source.columns or None,
                source.scheme,
                source.repair if labelled else "begin",
                source.path,
            ),
            # "begin" reads the most; what it reads is not looked at
            SentenceFile(
                self.recipe.path(target.path),
                target.format,
                target.lang or None,
                target.columns or None,
                repair="begin",
                name=target.path,
            ),
        )
        inputs = (self._input(files[0]), self._input(files[1]))
        return Reading("pairs", inputs, self.general.shard, self.general.limit, labelled)

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
        return TaggerSpec(use, self.recipe.model(model), options)

    def _aligning(self, bitext: Bitext) -> Iterator[Stage]:
        from crosspan.align.statistical import StatisticalOptions

        align, limit = self.recipe.align, self.general.limit
        if align.use == "links":
            path = self.recipe.path(align.path)
            if not path.is_file():
                raise FormatError("no such file", where=align.path, hint="Check the path of the links.")
            yield GivenLinks(path=path, shown=align.path, shard=self.general.shard, limit=limit)
        elif align.use == "model":
            yield AlignWithModel(model=self.recipe.path(align.path), min_prob=None)
        elif align.use == "statistical":
            settings = with_settings(StatisticalOptions(), align.options)
            yield Learn(settings=settings, bitext=bitext, limit=limit)
            yield AlignWithModel(min_prob=settings.min_prob)
        else:
            yield AlignByBackend(use=align.use, settings=align.options, bitext=bitext, limit=limit)

    def _training(self, projected: str) -> Stage:
        from crosspan.train.crf import CrfOptions

        table = self.recipe.train
        assert table is not None
        settings = with_settings(CrfOptions(), table.options) if table.use == "crf" else table.options
        return Train(
            use=table.use,
            settings=settings,
            noise=table.noise,
            vote=table.vote,
            rounds=table.rounds,
            seed=self.general.seed,
            projected=projected,
        )

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
