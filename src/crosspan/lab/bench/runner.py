"""Runs a suite language by language: what is done already is taken from the cache, what is missing is a line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from crosspan import __version__
from crosspan.core.digests import file_digest
from crosspan.core.errors import CrosspanError, EmptyInputError, MissingDependencyError, OptionError, UnavailableError
from crosspan.core.progress import Listener, Progress
from crosspan.evaluate.signature import signature
from crosspan.lab.bench import noise
from crosspan.lab.bench.cell import BenchCell
from crosspan.lab.bench.material import LazyMaterial
from crosspan.lab.bench.means import Mean, mean_of
from crosspan.lab.bench.published import PublishedFigure, published_figures
from crosspan.lab.bench.scoring import BenchScoring
from crosspan.lab.bench.system import System
from crosspan.pipeline.engine import Engine
from crosspan.pipeline.executor import LocalExecutor
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.store import MemoryStore
from crosspan.suites import SUITES, make_suite
from crosspan.suites.folder import Folder
from crosspan.suites.suite import About, Found, Material, MissingData, Suite
from crosspan.text.ocr_noise import OcrNoise

Status = Literal["done", "missing", "error"]


@dataclass(frozen=True, slots=True)
class LanguageResult:
    """What became of a language.

    Args:
        language: Its code.
        status: ``"done"``; ``"missing"``: the folder lacks something; ``"error"``: something is at fault.
        result: Scores, counts, files and notes, as plain values; empty unless done.
        message: What is missing or at fault.
        hint: Where to download it, or what to do.
        kept: Whether it was taken from the cache.
    """

    language: str
    status: Status
    result: Mapping[str, Any]
    message: str | None = None
    hint: str | None = None
    kept: bool = False

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found: dict[str, Any] = {"language": self.language, "status": self.status}
        if self.message is not None:
            found |= {"message": self.message, "hint": self.hint}
        return found | {name: value for name, value in self.result.items() if name != "counts"}


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """A suite that was run.

    Args:
        about: The suite.
        system: What was run on it.
        baseline: What it is compared with.
        scoring: How it was scored.
        languages: What became of each language, in order.
        figures: Published figures of the suite.
        signature: How to get the same again.
        ocr_noise: Share of the characters of the test sentences that were to be spoilt.
    """

    about: About
    system: System
    baseline: System | None
    scoring: BenchScoring
    languages: tuple[LanguageResult, ...]
    figures: tuple[PublishedFigure, ...]
    signature: str
    ocr_noise: float = 0.0

    @property
    def failed(self) -> tuple[LanguageResult, ...]:
        """The languages with an error."""
        return tuple(one for one in self.languages if one.status == "error")

    @property
    def done(self) -> tuple[LanguageResult, ...]:
        """The languages with scores."""
        return tuple(one for one in self.languages if one.status == "done")

    def mean(self, languages: Sequence[str] | None = None, *, mode: str = "strict") -> Mean | None:
        """The mean over languages.

        Args:
            languages: Which; all that are done by default.
            mode: ``"strict"`` or ``"lenient"``; for word links there is only one way.

        Returns:
            ``None`` unless every one of them is done.
        """
        wanted = [one.language for one in self.done] if languages is None else list(languages)
        known = {one.language: one for one in self.done}
        if not wanted or not all(lang in known for lang in wanted):
            return None
        metric = str(known[wanted[0]].result["metric"])
        which = "links" if metric == "aer" else mode
        return mean_of(wanted, [known[lang].result["counts"][which] for lang in wanted], metric, self.scoring)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        means = {
            mode: found.to_dict()
            for mode in (("links",) if self.about.pipelines == ("alignment",) else ("strict", "lenient"))
            if (found := self.mean(mode=mode)) is not None
        }
        return {
            "crosspan": __version__,
            "suite": self.about.name,
            "title": self.about.title,
            "download": self.about.download,
            "caveats": list(self.about.caveats),
            "system": self.system.to_dict(),
            "baseline": None if self.baseline is None else self.baseline.to_dict(),
            "scoring": self.scoring.to_dict(),
            "ocr_noise": self.ocr_noise,
            "signature": self.signature,
            "languages": [one.to_dict() for one in self.languages],
            "mean": means,
            "published": [one.to_dict() for one in self.figures],
        }


def run_suite(
    name: str,
    data: str,
    *,
    system: System,
    baseline: System | None = None,
    scoring: BenchScoring | None = None,
    languages: Sequence[str] | None = None,
    translations: str | None = None,
    cache: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
    ocr_noise: float = 0.0,
) -> SuiteResult:
    """Run a suite on the files of a folder.

    Args:
        name: One of :data:`crosspan.suites.SUITES`.
        data: The folder of the user's downloads.
        system: What to run; see :func:`crosspan.lab.bench.make_system`.
        baseline: What to compare it with; see :func:`crosspan.lab.bench.make_baseline`.
        scoring: How to score; by default without the labels that the suite ignores.
        languages: Which languages; all of the suite's by default.
        translations: A folder of translations into English, one file a language.
        cache: Folder where results are kept and found again; ``None`` keeps none. Several runs may use it at once.
        threads: Threads to use; all cores by default.
        progress: Is told how far it is.
        ocr_noise: Share of the characters of the test sentences to spoil as text recognition does; see
            :class:`crosspan.text.ocr_noise.OcrNoise`. Its seed is that of ``scoring``.

    Returns:
        One line a language; a language that lacks files or fails has a line that says so.

    Raises:
        OptionError: There is no such suite, language, tagger or rate of noise.
        UnavailableError: A server, a device or a disk does not do its work. What is finished is in the cache, and the
            next run goes on.
        FormatError: There is no such folder.
        EmptyInputError: The folder has nothing of the suite.
    """
    suite = make_suite(name)
    about = suite.about
    wanted = _languages(about, languages)
    if ocr_noise:
        OcrNoise(rate=ocr_noise)  # checks it
    job = _Job(
        suite=suite,
        system=system,
        baseline=baseline,
        scoring=scoring or BenchScoring(ignore=about.ignore),
        folder=Folder(data),
        translations=None if translations is None else Folder(translations),
        cache=None if cache is None else Path(cache),
        threads=threads,
        progress=progress,
        ocr_noise=ocr_noise,
    )
    results: list[LanguageResult] = []
    for lang in wanted:
        results.append(job.language(lang))
        if progress is not None:
            progress(Progress("languages", len(results), len(wanted)))
    _check_there(name, data, about, results)
    return SuiteResult(
        about,
        system,
        baseline,
        job.scoring,
        tuple(results),
        published_figures(name),
        _signature(job, results),
        ocr_noise,
    )


def _check_there(name: str, data: str, about: About, results: Sequence[LanguageResult]) -> None:
    """Raise where the folder has nothing of the suite."""
    if all(one.status == "missing" for one in results):
        first = results[0]
        raise EmptyInputError(
            f"nothing of the suite {name} can be run: {first.language}: {first.message}",
            where=data,
            hint=f"Download: {first.hint or about.download}." if first.hint else None,
        )


def _languages(about: About, asked: Sequence[str] | None) -> list[str]:
    if not asked:
        return list(about.languages)
    found: list[str] = []
    known = (*about.languages, *about.more_languages)
    for one in asked:
        lang = one if one in known else about.aliases.get(one, one)
        if lang not in known:
            raise OptionError(
                f"the suite {about.name} has no language {one!r}", hint=f"Choose from {', '.join(known)}."
            )
        if lang not in found:
            found.append(lang)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What is the same for every language."""

    suite: Suite
    system: System
    baseline: System | None
    scoring: BenchScoring
    folder: Folder
    translations: Folder | None
    cache: Path | None
    threads: int | None
    progress: Listener | None
    ocr_noise: float = 0.0

    @property
    def systems(self) -> list[System]:
        return [self.system] if self.baseline is None else [self.system, self.baseline]

    def language(self, lang: str) -> LanguageResult:
        """Run one language, or find it in the cache.

        Raises:
            UnavailableError: There is an outage.
        """
        try:
            return self._language(lang)
        except MissingData as error:
            return LanguageResult(lang, "missing", {}, error.message, error.hint)
        except OptionError:
            if not any("{lang}" in tagger for system in self.systems for tagger in system.taggers.values()):
                raise
            return LanguageResult(lang, "missing", {}, "the tagger named for it is not there")
        except CrosspanError as error:
            if isinstance(error, UnavailableError) and not isinstance(error, MissingDependencyError):
                raise  # the next language would fare no better
            where = f"{self._shown(error.where)}: " if error.where else ""
            return LanguageResult(lang, "error", {}, f"{where}{error.message}", error.hint)
        except OSError as error:
            return LanguageResult(lang, "error", {}, f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))

    def _language(self, lang: str) -> LanguageResult:
        needs = frozenset(need for system in self.systems for need in system.needs)
        found = self.suite.find(self.folder, lang, needs, self.translations)
        files = self._files(found)
        code = self.suite.about.code(lang)
        facts = {
            "suite": self.suite.about.name,
            "language": lang,
            "needs": sorted(needs),
            "files": [[file["role"], file["sha256"]] for file in files],
            "ocr_noise": [self.ocr_noise, self.scoring.seed] if self.ocr_noise else None,
        }
        store = MemoryStore() if self.cache is None else FolderStore(self.cache)
        cell = BenchCell(
            systems=[_with_code(system, code) for system in self.systems],
            material=LazyMaterial(lambda: self._read(found, lang, needs), facts, self._code),
            lang=code,
            scoring=self.scoring,
            store=store,
            listener=self._listener(lang),
        )
        engine = Engine(store, LocalExecutor(threads=self.threads))
        (entry,) = engine.run(cell)
        result = json.loads(json.dumps(store.part(entry, "result").values))
        return LanguageResult(lang, "done", {**result, "files": files}, kept=engine.reports[-1].cached > 0)

    @property
    def _code(self) -> tuple[str, ...]:
        """The modules that read the suite."""
        return (*SUITES.roots(self.suite.about.name), type(self.suite).__module__, noise.__name__)

    def _listener(self, lang: str) -> Listener | None:
        """Who is told of the stages, with the language before them."""
        progress = self.progress
        if progress is None:
            return None
        return lambda event: progress(replace(event, stage=f"{lang}: {event.stage}"))

    def _read(self, found: Found, lang: str, needs: frozenset[Any]) -> tuple[Material, Mapping[str, Any]]:
        material = self.suite.read(found, lang, needs)
        if not self.ocr_noise:
            return material, {}
        material, reached = noise.with_ocr_noise(material, OcrNoise(rate=self.ocr_noise, seed=self.scoring.seed))
        return material, {"ocr_noise": reached.to_dict()}

    def _files(self, found: Found) -> list[dict[str, str]]:
        return [
            {"role": role, "path": self._shown(str(path)), "sha256": file_digest(path)}
            for role in sorted(found)
            for path in found[role]
        ]

    def _shown(self, where: str) -> str:
        """A place without the way to the user's folder, which is in no table."""
        return where.removeprefix(f"{self.folder.path}/")


def _with_code(system: System, code: str) -> System:
    """The system with the language in the names of its taggers."""
    taggers = {lang: name.replace("{lang}", code) for lang, name in system.taggers.items()}
    for lang, name in system.taggers.items():
        if "{lang}" in name and name.endswith(".crf") and not Path(taggers[lang]).is_file():
            raise MissingData("the tagger named for it is not there")
    return system if taggers == dict(system.taggers) else replace(system, taggers=taggers)


def _signature(job: _Job, results: Sequence[LanguageResult]) -> str:
    system, scoring = job.system, job.scoring
    is_links = system.pipeline == "alignment"
    named: dict[str, object] = {
        "method": system.to_dict()["method"],
        "aligner": system.to_dict()["aligner"],
        "set": [f"{name}={value}" for name, value in sorted(system.settings.items())],
        "taggers": [f"{lang}={name}" if lang else name for lang, name in sorted(system.taggers.items())],
        "text": ("more" if system.more_text else "at-hand") if system.aligns else None,
        "ignored": list(scoring.ignore),
        "langs": [one.language for one in results if one.status == "done"],
    }
    if job.ocr_noise:
        named["ocr-noise"] = job.ocr_noise
    if scoring.bootstrap:
        named |= {"bootstrap": scoring.bootstrap, "conf": scoring.confidence}
    if job.baseline is not None:
        named |= {"against": job.baseline.short, "samples": scoring.samples}
    named["seed"] = scoring.seed
    return signature("bench", job.suite.about.name, system.pipeline, "aer" if is_links else "strict+lenient", **named)
