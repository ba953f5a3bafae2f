"""The work on the languages of a suite, as one step of which each language is a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crosspan.core.digests import file_digest
from crosspan.core.errors import CrosspanError, MissingDependencyError, OptionError, UnavailableError
from crosspan.core.files import PathLike
from crosspan.core.progress import Listener
from crosspan.lab.bench import noise
from crosspan.lab.bench.cell import BenchCell
from crosspan.lab.bench.material import LazyMaterial
from crosspan.lab.bench.scoring import BenchScoring
from crosspan.lab.bench.system import System
from crosspan.pipeline.bucket_store import store_at
from crosspan.pipeline.parts import Facts
from crosspan.pipeline.step import Inputs, Output, Step
from crosspan.pipeline.store import MemoryStore, Store
from crosspan.suites import SUITES
from crosspan.suites.folder import Folder
from crosspan.suites.suite import Found, Material, MissingData, Suite
from crosspan.text.ocr_noise import OcrNoise

RESULT, FAILED = "result", "failed"
"""The parts of what became of a language: its result, or why it has none."""


@dataclass(kw_only=True)
class SuiteWork(Step):
    """Runs languages of a suite; the number of a job is that of its language.

    Args:
        suite: The suite.
        system: What is run.
        baseline: What it is compared with.
        scoring: How it is scored.
        folder: The user's downloads.
        translations: Translations into English.
        cache: Where results are kept; ``None`` keeps none.
        ocr_noise: Share of the characters of the test sentences that is spoilt.
        languages: The languages.
        listener: Is told how far a language is; of this process only.
    """

    suite: Suite
    system: System
    baseline: System | None
    scoring: BenchScoring
    folder: Folder
    translations: Folder | None
    cache: PathLike | None
    ocr_noise: float = 0.0
    languages: Sequence[str] = ()
    listener: Listener | None = field(default=None, repr=False)
    name: str = "bench"
    parallel: bool = True

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "listener": None}

    def store(self) -> Store:
        """Where results are kept."""
        return MemoryStore() if self.cache is None else store_at(self.cache)

    def work(self, inputs: Inputs) -> Output:
        """Run a language; an error is its result, so that the others go on.

        Raises:
            UnavailableError: There is an outage.
        """
        lang = self.languages[inputs.shard]
        try:
            return self.cell(lang).work(inputs)
        except (CrosspanError, OSError) as error:
            return Output({FAILED: Facts(self.told(error))}, unsure=True)

    @property
    def systems(self) -> list[System]:
        """The system, and what it is compared with."""
        return [self.system] if self.baseline is None else [self.system, self.baseline]

    def told(self, error: CrosspanError | OSError) -> dict[str, Any]:
        """What became of a language that an error stopped: its status, and the error in words.

        Raises:
            UnavailableError: There is an outage: the next language would fare no better.
            OptionError: An option is at fault for all of them.
        """
        if isinstance(error, MissingData):
            return {"status": "missing", "message": error.message, "hint": error.hint}
        if isinstance(error, OptionError):
            if not any("{lang}" in tagger for system in self.systems for tagger in system.taggers.values()):
                raise error
            return {"status": "missing", "message": "the tagger named for it is not there", "hint": None}
        if isinstance(error, CrosspanError):
            if isinstance(error, UnavailableError) and not isinstance(error, MissingDependencyError):
                raise error
            where = f"{self.shown(error.where)}: " if error.where else ""
            return {"status": "error", "message": f"{where}{error.message}", "hint": error.hint}
        reason = f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
        return {"status": "error", "message": reason, "hint": None}

    def cell(self, lang: str) -> BenchCell:
        """A language, as a step by itself.

        Raises:
            MissingData: The folder lacks something.
        """
        needs, found = self._needs, self._found(lang)
        code = self.suite.about.code(lang)
        facts = {
            "suite": self.suite.about.name,
            "language": lang,
            "needs": sorted(needs),
            "files": [[file["role"], file["sha256"]] for file in self._files(found)],
            "ocr_noise": [self.ocr_noise, self.scoring.seed] if self.ocr_noise else None,
        }
        return BenchCell(
            systems=[_with_code(system, code) for system in self.systems],
            material=LazyMaterial(lambda: self._read(found, lang, needs), facts, self._code),
            lang=code,
            scoring=self.scoring,
            store=self.store(),
            listener=self._listener(lang),
        )

    def paths(self, lang: str) -> list[Path]:
        """The files that are read for a language; none where some are missing."""
        try:
            return [path for paths in self._found(lang).values() for path in paths]
        except CrosspanError:  # which comes again when the language is run
            return []

    def files(self, lang: str) -> list[dict[str, str]]:
        """The files of a language, with their checksums."""
        return self._files(self._found(lang))

    def shown(self, where: str) -> str:
        """A place without the way to the user's folder, which is in no table."""
        return where.removeprefix(f"{self.folder.path}/")

    @property
    def _needs(self) -> frozenset[Any]:
        return frozenset(need for system in self.systems for need in system.needs)

    def _found(self, lang: str) -> Found:
        return self.suite.find(self.folder, lang, self._needs, self.translations)

    @property
    def _code(self) -> tuple[str, ...]:
        """The modules that read the suite."""
        return (*SUITES.roots(self.suite.about.name), type(self.suite).__module__, noise.__name__)

    def _listener(self, lang: str) -> Listener | None:
        """Who is told of the stages, with the language before them."""
        listener = self.listener
        if listener is None:
            return None
        return lambda event: listener(replace(event, stage=f"{lang}: {event.stage}"))

    def _read(self, found: Found, lang: str, needs: frozenset[Any]) -> tuple[Material, Mapping[str, Any]]:
        material = self.suite.read(found, lang, needs)
        if not self.ocr_noise:
            return material, {}
        material, reached = noise.with_ocr_noise(material, OcrNoise(rate=self.ocr_noise, seed=self.scoring.seed))
        return material, {"ocr_noise": reached.to_dict()}

    def _files(self, found: Found) -> list[dict[str, str]]:
        return [
            {"role": role, "path": self.shown(str(path)), "sha256": file_digest(path)}
            for role in sorted(found)
            for path in found[role]
        ]


def _with_code(system: System, code: str) -> System:
    """The system with the language in the names of its taggers."""
    taggers = {lang: name.replace("{lang}", code) for lang, name in system.taggers.items()}
    for lang, name in system.taggers.items():
        if "{lang}" in name and name.endswith(".crf") and not Path(taggers[lang]).is_file():
            raise MissingData("the tagger named for it is not there")
    return system if taggers == dict(system.taggers) else replace(system, taggers=taggers)
