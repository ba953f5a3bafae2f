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
        "tagger": tiny_models.save_tagger(folder / "tagger"),
        "nllb": tiny_models.save_nllb(folder / "nllb"),
    }
