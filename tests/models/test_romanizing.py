from __future__ import annotations

from types import SimpleNamespace as Config

import pytest

from crosspan.core.errors import OptionError
from crosspan.models.romanizing import as_read, record, recorded, to_read_with, to_train_with

SILENT, YES, NO = Config(), Config(crosspan_romanize=True), Config(crosspan_romanize=False)


@pytest.mark.parametrize(
    ("config", "wanted", "training", "reading"),
    [
        (SILENT, "auto", False, False),
        (SILENT, "yes", True, True),
        (SILENT, "no", False, False),
        (YES, "auto", True, True),
        (YES, "yes", True, True),
        (NO, "auto", False, False),
        (NO, "no", False, False),
    ],
)
def test_what_a_model_says_counts(config, wanted, training, reading):
    assert to_train_with(config, wanted, "m") is training
    assert to_read_with(config, wanted, "m") is reading


def test_a_contradiction_is_an_error():
    with pytest.raises(OptionError, match="m: romanize is 'no', but the model was trained on romanised text"):
        to_read_with(YES, "no", "m")
    with pytest.raises(OptionError, match="romanize is 'yes', but the model was trained on text that was not"):
        to_read_with(NO, "yes", "m")
    with pytest.raises(OptionError, match="romanize is 'no'"):
        to_train_with(YES, "no", "m")
    assert to_train_with(NO, "yes", "m")  # learning can begin to use it
    with pytest.raises(OptionError, match=r"romanize is 'maybe'. Choose one of auto, yes, no"):
        to_read_with(SILENT, "maybe", "m")


def test_it_is_recorded():
    model = Config(config=Config())
    assert recorded(model.config) is None
    record(model, True)
    assert recorded(model.config) is True


def test_words_as_they_are_read():
    sentences = [("Москва", "is", "ь"), ()]
    assert as_read(sentences, True) == [["Moskva", "is", "ь"], []]
    assert as_read(sentences, False) == sentences


def test_a_model_reads_composed_letters():
    assert as_read([("o\u0301gu\u0301n", "mọ́"), ("is",)], False) == [["ógún", "mọ́"], ("is",)]
