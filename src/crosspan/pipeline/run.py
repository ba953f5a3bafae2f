"""Carrying out a plan: every door goes through here."""

from __future__ import annotations

from crosspan.core.progress import Listener
from crosspan.pipeline.engine import Engine
from crosspan.pipeline.executor import Executor, LocalExecutor
from crosspan.pipeline.plan import Plan
from crosspan.pipeline.results import Results
from crosspan.pipeline.store import Store


def carry_out(
    plan: Plan,
    store: Store,
    *,
    executor: Executor | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> tuple[Results, Engine]:
    """Run the readings and steps of a plan.

    Args:
        plan: The plan.
        store: Where results are kept.
        executor: Does the work; by default this process does.
        threads: Threads to use then; all cores by default.
        progress: Is told how far it is.

    Returns:
        What came out, and the engine that knows what was done.

    Raises:
        CrosspanError: A file, an option or a model is at fault, or many sentences fail and none does well.
    """
    made = executor or LocalExecutor(threads=threads)
    engine = Engine(store, made, progress)
    try:
        for reading in plan.readings:
            reading.run(engine)
        for step in plan.steps:
            engine.run(step)
    finally:
        if executor is None:
            made.close()
    return Results(plan, engine.products, store), engine
