"""Projection of real gold entities with nothing to learn from but the sentences themselves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import crosspan

DATA = Path(os.environ.get("CROSSPAN_DATA") or Path(__file__).parents[2] / "shared" / "data")
GOLD = DATA / "parallel_gold"
EUROPARL = "europarl_ner/{}-europarl.test.conll02"
XSID = "xsid/{}.test.conll"

pytestmark = pytest.mark.skipif(not GOLD.is_dir(), reason=f"real data not found at {DATA}; set CROSSPAN_DATA")


def project(files: str, lang: str, method: str = "candidates") -> float:
    source, target = (crosspan.read(GOLD / files.format(one)) for one in ("en", lang))
    found = crosspan.project_labels(source, target, method=method)
    assert not [projection.error for projection in found if projection.error]
    for pair, projection in zip(source, found, strict=True):
        named = [link.source for link in projection.links] + [drop.source for drop in projection.dropped]
        assert sorted(named) == sorted(pair.spans)
    return crosspan.evaluate_ner(target, [projection.sentence for projection in found]).strict.micro.f1


# a point or two below what was measured, so that a loss is seen and a rounding error is not
@pytest.mark.parametrize(
    ("files", "lang", "least"),
    [(EUROPARL, "de", 0.89), (EUROPARL, "es", 0.89), (XSID, "tr", 0.83), (XSID, "kk", 0.86), (XSID, "zh", 0.80)],
)
def test_entities_of_real_text(files: str, lang: str, least: float) -> None:
    assert project(files, lang) > least


def test_candidates_beat_the_heuristic() -> None:
    assert project(EUROPARL, "de") > project(EUROPARL, "de", "heuristic") + 0.05
