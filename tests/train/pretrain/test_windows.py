from __future__ import annotations

import numpy as np
import pytest

from crosspan.models.loading import load_tokenizer
from crosspan.train.pretrain.corruption import marks_of
from crosspan.train.pretrain.windows import windows_of_text


@pytest.mark.parametrize("units", ["running", "words"])
def test_nothing_is_lost_and_nothing_padded(models, lines, units):
    tokenizer = load_tokenizer(models["xlmr"])
    marks = marks_of(tokenizer, "masked", "x")
    windows = windows_of_text(tokenizer, ["", *lines, " "], marks, 24, units)
    assert {len(window) for window in windows[:-1]} == {24}
    assert 0 < len(windows[-1]) <= 24
    stream = np.concatenate(windows)
    assert (stream == marks.end).sum() == len(lines) - 1
    texts = np.split(stream, np.flatnonzero(stream == marks.end))
    whole = "".join("".join(tokenizer.convert_ids_to_tokens(text[text != marks.end].tolist())) for text in texts)
    assert whole.replace("▁", "") == "".join(lines).replace(" ", "")


def test_words_are_cut_as_a_tagger_reads_them(models):
    tokenizer = load_tokenizer(models["xlmr"])
    marks = marks_of(tokenizer, "masked", "x")
    running = windows_of_text(tokenizer, ["Accra."], marks, 24)[0]
    words = windows_of_text(tokenizer, ["Accra."], marks, 24, "words")[0]
    apart = windows_of_text(tokenizer, ["Accra ."], marks, 24)[0]
    assert words.tolist() == apart.tolist() != running.tolist()


def test_no_text_no_windows(models):
    tokenizer = load_tokenizer(models["xlmr"])
    assert windows_of_text(tokenizer, ["", "  "], marks_of(tokenizer, "masked", "x"), 24) == []
