"""Keys of results: a hash of all that a result depends on, so that no stale one is ever taken for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crosspan.core.digests import digest_of, digested
from crosspan.core.sources import source_digest
from crosspan.pipeline.step import Job, Step
from crosspan.pipeline.store import Entry

Products = Mapping[str, Sequence[Entry]]


def jobs_of(step: Step, products: Products, *, keyed: bool) -> list[Job]:
    """The work of a step, shard by shard.

    Args:
        step: The step.
        products: Results of earlier steps.
        keyed: Whether results are to be found again; else a job is named by its step and shard.
    """
    by_shard = [need for need in step.needs if not need.whole]
    with digested() as seen:
        base = _base_of(step, products) if keyed else step.name
    if step.single or not by_shard:
        return [Job(0, base if keyed else f"{base}/0", {}, seen)]
    jobs = []
    for index in range(len(products[by_shard[0].step])):
        entries = {need: [products[need.step][index]] for need in by_shard}
        key = f"{base}/{index}"
        if keyed:
            digests = {f"{need.step}.{need.part}": found[0].parts[need.part] for need, found in entries.items()}
            key = digest_of([base, digests])
        jobs.append(Job(index, key, entries, seen))
    return jobs


def step_digest(step: Step) -> str:
    """A hash of what a result of a step depends on beside its needs: its code, and its facts.

    A machine that has other code, other packages or other models than the one that made the keys has another hash.
    """
    code = source_digest((type(step).__module__, *step.roots()))
    return digest_of({"step": step.name, "code": code, "facts": step.facts()})


def _base_of(step: Step, products: Products) -> str:
    return digest_of(
        {
            "step": step_digest(step),
            "whole": {
                f"{need.step}.{need.part}": [entry.parts[need.part] for entry in products[need.step]]
                for need in step.needs
                if need.whole
            },
        }
    )
