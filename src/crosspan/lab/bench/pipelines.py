"""The pipelines: from what was read for a language to labelled test sentences, or to word links."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosspan.align import make_aligner
from crosspan.core.progress import Listener, advance_of
from crosspan.core.progress_calls import heard
from crosspan.core.types import Alignment, Pair, Projection, Sentence
from crosspan.lab.bench.system import System
from crosspan.pipeline.workflow import project_labels
from crosspan.suites.suite import Material, MissingData
from crosspan.tag import Tagger, load_tagger

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system made of the test sentences.

    Args:
        sentences: The labelled sentences; empty for word alignment.
        links: The word links; empty for other pipelines.
        notes: What a reader of the table must know.
    """

    sentences: Sequence[Sentence] = ()
    links: Sequence[Alignment] = ()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Runner:
    """Runs systems on one language, and does nothing twice that two of them share.

    Args:
        material: What was read.
        lang: The language.
        threads: Threads to use; all cores by default.
        progress: Told how far the work is.
        load: Loads a tagger by its name.
        folder: Where ready recipes keep their files and what is finished.
    """

    material: Material
    lang: str
    threads: int | None = None
    progress: Listener | None = None
    load: Callable[..., Tagger] = load_tagger
    folder: Path | None = None
    _links: dict[_Key, list[Alignment]] = field(default_factory=dict)
    _tagged: dict[_Key, list[Sentence]] = field(default_factory=dict)
    _taggers: dict[str, Tagger] = field(default_factory=dict)

    def run(self, system: System) -> Outcome:
        """Run one system.

        Raises:
            MissingData: The language lacks what the pipeline needs.
            CrosspanError: Something is at fault.
        """
        if system.is_ready:
            return self._ready(system)
        gold = [Sentence(one.tokens, id=one.id, lang=one.lang) for one in self.material.gold]
        if system.pipeline == "alignment":
            return Outcome(links=self._align(system, "test", self._test_pairs()))
        if system.pipeline == "tagger":
            return Outcome(self._tagger(system.tagger_for(self.lang, of="sentences")).tag(gold))
        if system.pipeline in ("projection", "translate-test"):
            projections = self._project(system)
            return Outcome([found.sentence for found in projections], notes=_notes(projections))
        trained = self._train(system)
        if system.pipeline == "translate-train":
            return Outcome(trained.tag(gold))
        from crosspan.pipeline.transfer import ensemble

        projections = self._project(system)
        links = self._align(system, "test", self._test_pairs())
        return Outcome(ensemble(trained, projections, links=links), notes=_notes(projections))

    def _ready(self, system: System) -> Outcome:
        """Run a ready recipe, in a folder that stays where there is one."""
        from crosspan.lab.bench.recipes import run_ready

        with tempfile.TemporaryDirectory(prefix="crosspan-") as passing:
            sentences, notes = run_ready(
                system.pipeline,
                system.settings,
                self.material,
                self.lang,
                (self.folder or Path(passing)) / system.pipeline,
                from_gold=system.from_gold,
                threads=self.threads,
                progress=self.progress,
            )
        return Outcome(sentences, notes=notes)

    def _project(self, system: System) -> list[Projection]:
        """Carry labels of the other side over: gold ones, or those of a tagger."""
        from crosspan.pipeline.transfer import translate_test

        pairs = self._test_pairs()
        how: dict[str, Any] = {
            "links": self._align(system, "test", pairs),
            "method": system.method,
            "settings": system.group(""),
            "threads": self.threads,
            "progress": self._stages(),
        }
        targets = [pair.target for pair in pairs]
        if system.pipeline == "projection":
            return project_labels([pair.source for pair in pairs], targets, **how)
        return translate_test(targets, self._tag_sources(system, "test", [pair.source for pair in pairs]), **how)

    def _train(self, system: System) -> Tagger:
        """Train a tagger on labels carried over to the training sentences."""
        from crosspan.pipeline.transfer import translate_train

        pairs = self.material.train
        if not pairs:
            raise MissingData("no translated sentences to train on")
        options, noise = system.train_options()
        return translate_train(
            self._tag_sources(system, "train", [pair.source for pair in pairs]),
            [pair.target for pair in pairs],
            noise=noise,
            options=options,
            threads=self.threads,
            links=self._align(system, "train", pairs),
            method=system.method,
            settings=system.group(""),
            progress=self._stages(),
        )

    def _test_pairs(self) -> list[Pair]:
        if len(self.material.source) != len(self.material.gold):
            raise MissingData("the other side of the sentences is not there")
        return list(map(Pair, self.material.source, self.material.gold))

    def _align(self, system: System, part: str, pairs: Sequence[Pair]) -> list[Alignment]:
        settings = system.group("aligner")
        more = self.material.bitext if system.more_text else ()
        key = (system.aligner, part, str(system.more_text), *(f"{name}={settings[name]}" for name in sorted(settings)))
        if key not in self._links:
            aligner = make_aligner(system.aligner, threads=self.threads, **settings)
            tokens = [(pair.source.tokens, pair.target.tokens) for pair in pairs]
            # the other text first, as workflow.Run learns
            aligner.fit_tokens([*more, *tokens], progress=self._advance("learning"))
            self._links[key] = list(aligner.iter_align_tokens(tokens, progress=self._advance("aligning")))
        return self._links[key]

    def _tag_sources(self, system: System, part: str, sentences: Sequence[Sentence]) -> list[Sentence]:
        name = system.tagger_for(self.material.source_lang, of="translations")
        if (name, part) not in self._tagged:
            advance = advance_of(self.progress, f"{self.lang}: tagging")
            advance(0, len(sentences))
            self._tagged[name, part] = self._tagger(name).tag(sentences)
            advance(len(sentences), len(sentences))
        return self._tagged[name, part]

    def _tagger(self, name: str) -> Tagger:
        if name not in self._taggers:
            self._taggers[name] = self.load(name, threads=self.threads)
        return self._taggers[name]

    def _advance(self, stage: str) -> Callable[[int, int], None] | None:
        return None if self.progress is None else advance_of(self.progress, f"{self.lang}: {stage}")

    def _stages(self) -> Any:
        """What work of many stages tells, with the language before each."""
        return heard(self.progress, f"{self.lang}: ")


def _notes(projections: Sequence[Projection]) -> tuple[str, ...]:
    failed = [found for found in projections if found.error is not None]
    if not failed:
        return ()
    return (f"{len(failed)} sentences could not be worked on and count as unlabelled, the first: {failed[0].error}",)
