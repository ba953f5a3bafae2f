from __future__ import annotations

import pytest

from crosspan.translate import Translation


class Fake:
    """A translator that does what a table says, and keeps what it was asked."""

    def __init__(self, table=None, make=str.upper):
        self.table = table or {}
        self.make = make
        self.asked = []

    def translate(self, texts, *, source, target, advance=None):
        self.asked.append(list(texts))
        found = []
        for index, text in enumerate(texts, 1):
            given = self.table.get(text)
            found.append(given if isinstance(given, Translation) else Translation(given or self.make(text)))
            if advance is not None:
                advance(index, len(texts))
        return found


@pytest.fixture
def fake():
    return Fake


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Folders of tiny translation models, whose random weights are large enough to say something."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    transformers = pytest.importorskip("transformers")
    from crosspan.testing import tiny_models

    folder = tmp_path_factory.mktemp("translators")
    made = {
        "nllb": tiny_models.save_nllb(folder / "nllb"),
        "m2m100": tiny_models.save_m2m100(folder / "m2m100"),
        "marian": tiny_models.save_marian(folder / "opus-mt-en-es"),
        "marian-many": tiny_models.save_marian(folder / "many", target="mul", targets=("spa", "fra", "zho_Hans")),
        "mt5": tiny_models.save_mt5(folder / "mt5"),
        "madlad": tiny_models.save_madlad(folder / "madlad"),
    }
    for path in made.values():
        model = transformers.AutoModelForSeq2SeqLM.from_pretrained(path)
        torch.manual_seed(3)
        scale = 0.2 if "t5" in model.config.model_type else 0.35
        with torch.no_grad():
            for name, weights in model.named_parameters():
                if "norm" not in name and weights.ndim > 1:
                    weights.copy_(torch.randn_like(weights) * scale)
            rows = model.get_input_embeddings().weight
            rows[model.config.eos_token_id] *= 3  # so that they come to an end
            if model.config.model_type == "marian":
                rows[model.config.pad_token_id] = 0  # as in every real one
        model.save_pretrained(path)
    return made


@pytest.fixture(scope="session")
def texts():
    from crosspan.demo import load_corpus

    sentences = load_corpus("en")[:12]
    return [" ".join(sentence.tokens[: 4 + index % 5]) for index, sentence in enumerate(sentences)]
