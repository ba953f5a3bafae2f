"""Running a recipe, and telling what a run would do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosspan.core.digests import file_digest
from crosspan.core.errors import CrosspanError, OutputError
from crosspan.core.files import PathLike, make_folder, open_output
from crosspan.core.folders import OWN, remove_folder
from crosspan.core.json_text import parse_json
from crosspan.core.locks import only_one
from crosspan.core.overwrites import check_outputs, try_folder
from crosspan.core.progress import Listener
from crosspan.core.temporary import sweep
from crosspan.core.urls import is_url
from crosspan.pipeline.bucket_store import store_at
from crosspan.pipeline.engine import Engine, StepReport, facts_of
from crosspan.pipeline.executor import Executor, LocalExecutor
from crosspan.pipeline.outputs import REPORT, RESOLVED, OutputWriter, Written, result_names
from crosspan.pipeline.plan import Plan, plan_of
from crosspan.pipeline.provenance import versions
from crosspan.pipeline.recipes.places import places_kept, places_read
from crosspan.pipeline.recipes.recipe import Recipe
from crosspan.pipeline.run import carry_out
from crosspan.pipeline.store import SpoolStore
from crosspan.pipeline.workplace import HERE, executor_on

CACHE = ".cache"
_WRITES = f"{OWN}writing.lock"


@dataclass(slots=True)
class RunReport:
    """What a run did, or would do.

    Args:
        task: The task.
        out: Folder of the results.
        cache: Folder of the cache, or its URL.
        counts: Sentences read, and so on.
        stages: What was done for each step.
        written: What was written; ``None`` for a plan.
        seconds: Time taken.
        removed: Results of other runs that were removed from the cache.
    """

    task: str
    out: Path
    cache: Path | str
    counts: dict[str, int]
    stages: list[StepReport]
    written: Written | None = None
    seconds: float = 0.0
    removed: int = 0
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found: dict[str, Any] = {
            "task": self.task,
            "counts": self.counts,
            "stages": [stage.to_dict() for stage in self.stages],
        }
        if self.written is not None:
            found["projection"] = {
                key: value for key, value in self.written.summary.to_dict().items() if key != "seconds"
            }
            if self.written.predicted is not None:
                found["predicted"] = self.written.predicted
            if self.written.scores is not None:
                found["strict_f1"] = self.written.scores["strict"]["micro"]["f1"]
                found["signature"] = self.written.scores["strict"]["signature"]
        return {**found, **self.details, "seconds": round(self.seconds, 3)}


def run_recipe(
    recipe: Recipe,
    *,
    cache: PathLike | None = None,
    workers: int | None = None,
    threads: int | None = None,
    on: str = HERE,
    gpus_per_worker: float = 0.0,
    executor: Executor | None = None,
    clean_cache: bool = False,
    progress: Listener | None = None,
) -> RunReport:
    r"""Run a recipe.

    What an earlier run has finished is taken from the cache, also where that run was killed. Several runs may use one
    cache at the same time: they share the work. The results do not depend on ``workers``, ``threads`` or what the cache
    held.

    Args:
        recipe: See :func:`crosspan.pipeline.load_recipe`.
        cache: Folder of the cache, or a URL that ``fsspec`` knows, such as ``s3://bucket/run``; by default ``.cache``
            in the folder of the results.
        workers: Processes that work on shards; by default 1 here, and on a cluster as many as it has room for.
        threads: Threads of each; by default all cores, divided among the workers.
        on: Where the work is done: ``"local"``, ``"ray"`` or ``"ray://HOST:10001"``; see
            :func:`crosspan.pipeline.workplace.executor_on`.
        gpus_per_worker: GPUs of each worker of a cluster.
        executor: Another way to do the work; what is said of workers is not looked at then.
        clean_cache: Remove from the cache what this run did not use, at its end.
        progress: Is told how far it is.

    Returns:
        What was done. ``report.written.rejected`` sentences were left out.

    Raises:
        CrosspanError: A file, an option or a model is at fault; files of results that are there stay as they were.

    Example:
        >>> import tempfile
        >>> from crosspan.pipeline import load_recipe
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = (Path(folder) / "en.conll").write_text("Ada B-PER\nsings O\n")
        ...     _ = (Path(folder) / "sw.txt").write_text("Ada anaimba\n")
        ...     path = Path(folder) / "recipe.toml"
        ...     _ = path.write_text('[source]\npath = "en.conll"\n[target]\npath = "sw.txt"\n')
        ...     report = run_recipe(load_recipe(path))
        ...     (Path(folder) / "out" / "labelled.jsonl").read_text()[:29]
        '{"tokens": ["Ada", "anaimba"]'
    """
    began = time.perf_counter()
    workplace = executor or executor_on(on, workers=workers, threads=threads, gpus_per_worker=gpus_per_worker)
    kept = cache if cache is not None else recipe.out / CACHE
    _check_places(recipe, kept)
    store = store_at(kept)
    try_folder(recipe.out)
    store.try_writing()
    plan = plan_of(recipe)
    make_folder(recipe.out)
    store.make_ready()
    sweep(recipe.out)
    try:
        results, engine = carry_out(plan, store, executor=workplace, progress=progress)
    finally:
        if executor is None:
            workplace.close()
    report = _report(recipe, kept, engine, plan)
    with only_one(recipe.out / _WRITES, wait=True):  # another run may write its results into the same folder
        before = _outputs_before(recipe)
        report.written = OutputWriter(recipe, results).write()
        _remove(recipe, before - {*report.written.files, REPORT})
        report.removed = store.remove_all_but(_kept(engine, plan)) if clean_cache else 0
        report.seconds = time.perf_counter() - began
        worked = {**workplace.about(), "gpus": results.gpus}
        report.details = {"worked": worked, **_details(recipe, plan, report.written)}
        with open_output(recipe.out / REPORT) as stream:
            stream.write(json.dumps(report.to_dict(), ensure_ascii=False, indent=2) + "\n")
    return report


def plan_recipe(recipe: Recipe, *, cache: PathLike | None = None, progress: Listener | None = None) -> RunReport:
    """Tell what a run would do: read and check the files, count, and look into the cache. Nothing is written.

    Args:
        recipe: The recipe.
        cache: Folder of the cache, or its URL.
        progress: Is told how far it is.

    Raises:
        CrosspanError: A file or an option is at fault.
    """
    kept = cache if cache is not None else recipe.out / CACHE
    _check_places(recipe, kept)
    plan = plan_of(recipe)
    with SpoolStore() as aside:
        engine = Engine(store_at(kept, write=False, aside=aside), LocalExecutor(), progress)
        for reading in plan.readings:
            reading.run(engine)
        engine.look(plan.steps)
        return _report(recipe, kept, engine, plan)


def _report(recipe: Recipe, cache: PathLike, engine: Engine, plan: Plan) -> RunReport:
    counts = {
        "unlabelled" if reading.name == "unlabelled" else "pairs": facts_of(engine.products[reading.name], "sentences")
        for reading in plan.readings
    }
    counts["rejected_when_read"] = facts_of(engine.products[plan.readings[0].name], "rejected")
    place = str(cache) if is_url(cache) else Path(cache)
    return RunReport(recipe.general.task, recipe.out, place, counts, engine.reports)


def _kept(engine: Engine, plan: Plan) -> set[str]:
    return engine.used_keys() | {reading.listing_key() for reading in plan.readings}


def _check_places(recipe: Recipe, cache: PathLike) -> None:
    """Raise where a result, or what is kept, would take the place of what is read.

    Raises:
        OptionError: It would, or the recipe cannot be kept beside its results.
    """
    text = recipe.resolved()
    results = [recipe.out / name for name in (*result_names(recipe), REPORT)]
    results = [path for path in results if not (path.name == RESOLVED and _is_text(path, text))]
    folder = [] if is_url(cache) else [cache]
    check_outputs([*results, *folder, *places_kept(recipe)], places_read(recipe))


def _is_text(path: Path, text: str) -> bool:
    """Whether a file is there already as it will be written: the recipe of a run that is to be made again."""
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _remove(recipe: Recipe, names: Iterable[str]) -> None:
    """Remove results of an earlier run that this one does not have."""
    for name in sorted(names):
        if (recipe.out / name).is_dir():  # a model that is a folder
            with suppress(OutputError):  # somebody has put something else into it
                remove_folder(recipe.out / name)
        else:
            (recipe.out / name).unlink(missing_ok=True)


def _outputs_before(recipe: Recipe) -> set[str]:
    """Results of an earlier run in this folder that nobody has changed since."""
    try:
        known = parse_json((recipe.out / REPORT).read_bytes())["outputs"]
        return {
            name
            for name, digest in known.items()
            if Path(name).name == name and (recipe.out / name).exists() and file_digest(recipe.out / name) == digest
        }
    except (OSError, ValueError, KeyError, AttributeError, TypeError, CrosspanError):
        return set()


def _details(recipe: Recipe, plan: Plan, written: Written) -> dict[str, Any]:
    inputs = {shown: {"sha256": file.sha256, "bytes": file.size} for shown, file in sorted(plan.inputs.items())}
    return {
        "seed": recipe.general.seed,
        "versions": versions(),
        "inputs": inputs,
        "outputs": {name: file_digest(recipe.out / name) for name in sorted(written.files)},
    }
