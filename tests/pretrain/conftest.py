from __future__ import annotations

import pytest


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
