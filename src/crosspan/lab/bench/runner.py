"""Runs a suite language by language: what is done already is taken from the cache, what is missing is a line."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from crosspan import __version__
from crosspan.core.errors import CrosspanError, EmptyInputError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.overwrites import check_outputs
from crosspan.core.progress import Listener, Progress
from crosspan.core.urls import is_url
from crosspan.evaluate.signature import signature
from crosspan.lab.bench.means import Mean, mean_of
from crosspan.lab.bench.published import PublishedFigure, published_figures
from crosspan.lab.bench.scoring import BenchScoring
from crosspan.lab.bench.system import System
from crosspan.lab.bench.work import FAILED, RESULT, SuiteWork
from crosspan.pipeline.executor import Executor, LocalExecutor, ended
from crosspan.pipeline.keys import jobs_of
from crosspan.pipeline.step import Job
from crosspan.pipeline.store import Entry
from crosspan.suites import make_suite
from crosspan.suites.folder import Folder
from crosspan.suites.suite import About
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
    cache: PathLike | None = None,
    threads: int | None = None,
    executor: Executor | None = None,
    progress: Listener | None = None,
    ocr_noise: float = 0.0,
    out: PathLike | None = None,
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
        cache: Folder where results are kept and found again, or its URL; ``None`` keeps none. Several runs may use it
            at once.
        threads: Threads to use; all cores by default.
        executor: Does the work, of which a language is a job; by default this process does, one after the other.
        progress: Is told how far it is.
        ocr_noise: Share of the characters of the test sentences to spoil as text recognition does; see
            :class:`crosspan.text.ocr_noise.OcrNoise`. Its seed is that of ``scoring``.
        out: A file that the results are to be written to, which must be none of those that are read.

    Returns:
        One line a language; a language that lacks files or fails has a line that says so.

    Raises:
        OptionError: There is no such suite, language, tagger or rate of noise, or a file that is read would be lost.
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
    work = SuiteWork(
        suite=suite,
        system=system,
        baseline=baseline,
        scoring=scoring or BenchScoring(ignore=about.ignore),
        folder=Folder(data),
        translations=None if translations is None else Folder(translations),
        cache=cache if cache is None or is_url(cache) else os.path.abspath(cache),
        ocr_noise=ocr_noise,
        languages=wanted,
        listener=progress,
    )
    folder = None if cache is None or is_url(cache) else cache
    check_outputs([out, folder], [path for lang in wanted for path in work.paths(lang)])
    used = executor or LocalExecutor(threads=threads)
    try:
        results = _run(work, used, progress)
    finally:
        if executor is None:
            used.close()
    _check_there(name, data, about, results)
    return SuiteResult(
        about,
        system,
        baseline,
        work.scoring,
        tuple(results),
        published_figures(name),
        _signature(work, results),
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


def _run(work: SuiteWork, executor: Executor, progress: Listener | None) -> list[LanguageResult]:
    """Run the languages, or find them in the cache.

    Raises:
        UnavailableError: There is an outage.
        OptionError: An option is at fault for all of them.
    """
    store = work.store()
    results: dict[int, LanguageResult] = {}
    jobs: dict[int, Job] = {}

    def taken(at: int, entry: Entry, *, kept: bool) -> None:
        lang = work.languages[at]
        if FAILED in entry.parts:
            results[at] = LanguageResult(lang, result={}, **store.part(entry, FAILED).values)
        else:
            result = json.loads(json.dumps(store.part(entry, RESULT).values))
            results[at] = LanguageResult(lang, "done", {**result, "files": work.files(lang)}, kept=kept)
        if progress is not None:
            progress(Progress("languages", len(results), len(work.languages)))

    for at, lang in enumerate(work.languages):
        try:
            (job,) = jobs_of(work.cell(lang), {}, keyed=store.keyed)
        except (CrosspanError, OSError) as error:
            results[at] = LanguageResult(lang, result={}, **work.told(error))
            continue
        jobs[at] = job._replace(shard=at, key=job.key if store.keyed else f"{job.key}/{lang}")
    for at, entry in zip(jobs, store.find_all([job.key for job in jobs.values()]), strict=True):
        if entry is not None:
            taken(at, entry, kept=True)
    missing = [job for at, job in jobs.items() if at not in results]
    for done in ended(executor, work, missing, {}, store):
        if done.entry is not None:
            taken(done.shard, done.entry, kept=not done.computed)
    return [results[at] for at in range(len(work.languages))]


def _signature(work: SuiteWork, results: Sequence[LanguageResult]) -> str:
    system, scoring = work.system, work.scoring
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
    if work.ocr_noise:
        named["ocr-noise"] = work.ocr_noise
    if scoring.bootstrap:
        named |= {"bootstrap": scoring.bootstrap, "conf": scoring.confidence}
    if work.baseline is not None:
        named |= {"against": work.baseline.short, "samples": scoring.samples}
    named["seed"] = scoring.seed
    return signature("bench", work.suite.about.name, system.pipeline, "aer" if is_links else "strict+lenient", **named)
