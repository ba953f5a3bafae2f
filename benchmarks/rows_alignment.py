"""Rows of the table of aims: alignment error rate, every aligner on the same text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks import datasets, ours, rivals
from benchmarks.findings import Finding
from crosspan.evaluate import score_alignments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crosspan.core.types import Pair
    from crosspan.evaluate import GoldLinks

Task = tuple[str, "list[Pair]", "list[GoldLinks]", datasets.Bitext]


def tasks() -> Iterator[Task]:
    """Name, pairs, gold links and the other text: the development part, and NTREX where it has the language."""
    for lang in datasets.XL_WA_LANGS:
        pairs, gold = datasets.xl_wa(lang, "test")
        extra = datasets.bitext_of(datasets.xl_wa(lang, "dev")[0])
        yield f"XL-WA en-{lang}", pairs, gold, extra + (datasets.ntrex(lang) if datasets.has_ntrex(lang) else [])
    pairs, gold = datasets.hansards()
    yield "Hansards en-fr", pairs, gold, datasets.ntrex("fr")


def aer(*, with_rivals: bool) -> Iterator[Finding]:
    for name, pairs, gold, extra in tasks():
        rate = score_alignments(gold, ours.align(pairs, extra), threshold=ours.LINK_THRESHOLD).aer
        rates = rivals.error_rates(pairs, gold, extra) if with_rivals else {}
        best = [rivals.lowest(rates, aligner) for aligner in (rivals.FAST_ALIGN, rivals.EFLOMAL)]
        others = {one.name: one.value for one in best if one}
        yield Finding(
            "aer", f"{name}, error rate", "lower than fast_align and eflomal", rate,
            rate < min(others.values()) if len(others) == 2 else None, rivals=others,
            note=f"{len(pairs)} pairs, {len(extra):,} of other text",
        )  # fmt: skip
