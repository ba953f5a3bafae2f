"""The probe finds a language where it is, and nothing where there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crosspan.core.errors import EmptyInputError, OptionError

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.worlds.language_world import save_marked_encoder, sentences_of  # noqa: E402

from crosspan.train.language_probe import language_probe  # noqa: E402

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_marked_encoder(tmp_path_factory.mktemp("encoder") / "e", layers=1)


@pytest.mark.parametrize("level", ["token", "sentence"])
@pytest.mark.parametrize("layer", [0, -1])
def test_marked_words_are_told_apart_and_the_same_words_are_not(encoder, level, layer):
    source = sentences_of("ka", 60, 1)
    told = language_probe(encoder, [*source, *sentences_of("zu", 60, 1)], level=level, layer=layer, steps=60)
    assert told.accuracy > 0.95
    assert told.chance == 0.5
    other = [replace(one, lang="zu") for one in sentences_of("ka", 60, 2)]
    assert language_probe(encoder, [*source, *other], level=level, layer=layer, steps=60).accuracy < 0.7


def test_each_language_counts_the_same(encoder):
    """With ten times as much text of one language, always naming that one reaches a half, not ten elevenths."""
    few = [replace(one, lang="zu") for one in sentences_of("ka", 12, 2)]
    found = language_probe(encoder, [*sentences_of("ka", 120, 1), *few], steps=30)
    assert found.accuracy < 0.75


def test_sentences_at_fault(encoder):
    source = sentences_of("ka", 6, 1)
    with pytest.raises(OptionError, match="two languages"):
        language_probe(encoder, source)
    with pytest.raises(OptionError, match="two languages"):
        language_probe(encoder, [*source, replace(source[0], lang=None)])
    with pytest.raises(EmptyInputError, match="fewer than two sentences in 'zu'"):
        language_probe(encoder, [*source, *sentences_of("zu", 1, 1)])
