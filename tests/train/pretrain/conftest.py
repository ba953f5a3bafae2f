from __future__ import annotations

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("CROSSPAN_DATA") or Path(__file__).parents[4] / "shared" / "data")


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folders of tiny models."""
    pytest.importorskip("torch").set_num_threads(1)
    from crosspan.testing import tiny_models

    folder = tmp_path_factory.mktemp("models")
    return {
        "mbert": tiny_models.save_mbert(folder / "mbert"),
        "xlmr": tiny_models.save_xlmr(folder / "xlmr"),
        "mt5": tiny_models.save_mt5(folder / "mt5"),
        "nllb": tiny_models.save_nllb(folder / "nllb"),
    }


@pytest.fixture(scope="session")
def lines():
    """The text of the demonstration corpus."""
    from crosspan.testing.tiny_models import corpus_lines

    return corpus_lines()


@pytest.fixture(scope="session")
def news():
    """Lines of real news by language, such as ``news("swa")``; a test that asks for them skips where they are not."""

    def lines(lang, most=600):
        path = DATA / "parallel_text" / "ntrex" / f"newstest2019-ref.{lang}.txt"
        if not path.exists():
            pytest.skip(f"real data not found at {DATA}; set CROSSPAN_DATA")
        return path.read_text(encoding="utf-8").splitlines()[:most]

    return lines
