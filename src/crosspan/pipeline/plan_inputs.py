"""What a plan reads: the files that a recipe names, and what is there already in their place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from crosspan.core.errors import FormatError
from crosspan.io import read_links
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.corpus import Bitext, Corpus, Files, InputFile
from crosspan.pipeline.recipes.file_tables import EvaluateTable, PredictTable, SentenceTable
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.recipes.tables import AlignTable
from crosspan.pipeline.recipes.train_table import TrainTable
from crosspan.pipeline.steps.aligning import LinkSource
from crosspan.pipeline.steps.reading import CorpusReading
from crosspan.pipeline.steps.scoring import Scoring
from crosspan.pipeline.steps.translating import Side

_OF_ENGLISH = re.compile(r"en(?:[-_]\w+)*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What takes the place of something that a recipe names: it is there already.

    Args:
        corpora: By table: ``"source"`` (or pairs of source and target), ``"target"``, ``"predict"``, ``"evaluate"``,
            ``"dev"``, ``"gold"``.
        bitext: Translated text to learn from, beside that of ``[bitext]``.
        links: Word links, for ``[align]``.
        components: Objects by table: ``"tag"``, ``"align"``, ``"project"``, ``"ensemble"``, ``"translate"``;
            ``"learner"`` is an aligner that learns first.
        runners_up: How many candidates that were not chosen to keep for each span.
        checks: Whether it is an error that not one sentence of the source has labels, or can be worked on.
    """

    corpora: Mapping[str, Corpus] = field(default_factory=dict)
    bitext: Sequence[Bitext] = ()
    links: LinkSource | None = None
    components: Mapping[str, Any] = field(default_factory=dict)
    runners_up: int = 0
    checks: bool = True


class RecipeInputs:
    """The corpora of a recipe; each file is looked at once.

    Args:
        recipe: What is asked for.
        given: What is there already.
    """

    def __init__(self, recipe: Recipe, given: Given) -> None:
        self.recipe = recipe
        self.given = given
        self.general = recipe.general
        self.files: dict[str, InputFile] = {}
        """All files that are read, by the name they have in the recipe."""

    def links(self, align: AlignTable) -> LinkSource:
        """The links of a file made elsewhere."""
        path, shown = self.recipe.path(align.path), align.path
        if not path.is_file():
            raise FormatError("no such file", where=shown, hint="Check the path of the links.")

        def read() -> Iterator[Any]:
            with SentenceFile(path, name=shown).naming():
                yield from read_links(path, start=int(align.one_based))

        return LinkSource(read, shown, path, align.one_based)

    def bitext(self) -> list[Bitext]:
        """More text for an aligner to learn from."""
        files = () if self.recipe.bitext is None else self.recipe.bitext.files
        return [*self.given.bitext, *(Bitext.of_files(self._plain(one), self._plain(other)) for one, other in files)]

    def dev(self, table: TrainTable) -> Corpus | None:
        """The sentences that weights are chosen on: of the source language, unless the recipe says otherwise."""
        if "dev" in self.given.corpora:
            return self.given.corpora["dev"]
        if not table.dev:
            return None
        side = self.recipe.target if table.options.get("dev_is_target") else self.recipe.source
        lang = side.lang if side is not None else ""
        return Files((self._input(SentenceFile(self.recipe.path(table.dev), lang=lang or None, name=table.dev)),))

    def gold(self, table: TrainTable) -> Corpus | None:
        """Sentences of the target language with right labels, to learn from."""
        if "gold" in self.given.corpora:
            return self.given.corpora["gold"]
        if not table.gold:
            return None
        lang = self.recipe.target.lang or None
        return Files((self._input(SentenceFile(self.recipe.path(table.gold), lang=lang, name=table.gold)),))

    def other_text(self, table: TrainTable) -> list[Corpus]:
        """Text of other languages, for a trainer."""
        found: list[Corpus] = []
        for item in table.unlabelled:
            lang, _, path = item.rpartition("=")
            lang = lang or self.recipe.target.lang
            file = SentenceFile(self.recipe.path(path), lang=lang or None, repair="begin", name=path)
            found.append(Files((self._input(file),)))
        return found

    def alone(self, side: Side, *, labelled: bool) -> CorpusReading:
        """How the only side that is given is read."""
        corpus = self.given.corpora.get(side)
        if corpus is None:
            table = self.recipe.source if side == "source" else self.recipe.target
            assert table is not None
            corpus = Files((self._input(self._file(table, labelled=labelled)),))
        english = side == "source" and self._tags_english()
        return CorpusReading("given", corpus, self.general.shard, self.general.limit, labelled, english=english)

    def both(self, name: str) -> CorpusReading:
        """How two files of pairs are read."""
        source, target = self.recipe.source, self.recipe.target
        assert source is not None
        labelled = self.recipe.tag is None
        corpus = self.given.corpora.get("source")
        if corpus is None:
            files = (self._file(source, labelled=labelled), self._file(target, labelled=False))
            corpus = Files((self._input(files[0]), self._input(files[1])))
        how = {"checks": self.given.checks, "english": self._tags_english()}
        return CorpusReading(name, corpus, self.general.shard, self.general.limit, labelled, **how)

    def _tags_english(self) -> bool:
        """Whether the tagger of the recipe says by its name that it is of English: ``en``, ``en_core_web_sm``."""
        tag = self.recipe.tag
        return tag is not None and "tag" not in self.given.components and bool(_OF_ENGLISH.match(tag.model))

    def unlabelled(self, table: PredictTable | EvaluateTable) -> CorpusReading:
        """Sentences that a trained tagger labels."""
        corpus = self.given.corpora.get("predict" if isinstance(table, PredictTable) else "evaluate")
        if corpus is None:
            file = self._file(table, labelled=False)
            if isinstance(table, EvaluateTable):
                file = replace(file, lang=table.lang or self.recipe.target.lang or None, scheme="auto")
            corpus = Files((self._input(file),))
        return CorpusReading("unlabelled", corpus, self.general.shard, self.general.limit, labelled=False)

    def _file(self, table: SentenceTable, *, labelled: bool) -> SentenceFile:
        """A file of sentences, read as its table says; where labels do not count, "begin" reads the most."""
        file = SentenceFile(self.recipe.path(table.path), name=table.path, **table.reading())
        return file if labelled else replace(file, repair="begin")

    def _input(self, file: SentenceFile) -> InputFile:
        known = self.files.get(file.shown)
        found = InputFile.of(file)
        self.files[file.shown] = known or found
        return found

    def _plain(self, name: str) -> InputFile:
        return self._input(SentenceFile(self.recipe.path(name), repair="begin", name=name))

    def scoring(self, table: EvaluateTable) -> Scoring:
        """What is scored, and how."""
        gold = self.given.corpora.get("evaluate")
        if gold is None:
            gold = Files((self._input(self._file(table, labelled=True)),))
        return Scoring(
            gold,
            table.labels,
            table.ignore_labels,
            table.bootstrap,
            table.confidence,
            self.general.seed,
            self.general.limit,
        )
