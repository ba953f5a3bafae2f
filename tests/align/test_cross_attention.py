from __future__ import annotations

import numpy as np
import pytest

from crosspan.align import make_aligner
from crosspan.align.pretrained import NoLinksWarning
from crosspan.core.errors import ModelError, OptionError

LANGUAGES = {"source_lang": "en", "target_lang": "es"}


@pytest.fixture(scope="module")
def spanish():
    from crosspan.demo import load_corpus

    return [(one.tokens, other.tokens) for one, other in zip(load_corpus("en"), load_corpus("es"), strict=True)]


def made(model, **options):
    return make_aligner("cross_attention", model=model, threads=1, **{**LANGUAGES, "threshold": 0.0, **options})


def table(alignment, source, target):
    found = np.zeros((len(source), len(target)))
    found[alignment.source, alignment.target] = alignment.prob
    return found


@pytest.mark.parametrize("shifted", [True, False])
def test_against_the_model_itself(tiny, spanish, shifted):
    torch = pytest.importorskip("torch")
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    source, target = spanish[0]
    found = made(tiny("nllb"), directions="forward", shifted=shifted, layer=2).align_tokens(spanish[:3])[0]
    tokenizer = AutoTokenizer.from_pretrained(tiny("nllb"), src_lang="eng_Latn", tgt_lang="spa_Latn")
    model = AutoModelForSeq2SeqLM.from_pretrained(tiny("nllb"), attn_implementation="eager")
    one = tokenizer(list(source), is_split_into_words=True, return_tensors="pt")
    tokenizer.src_lang = "spa_Latn"
    other = tokenizer(list(target), is_split_into_words=True, return_tensors="pt")  # spa_Latn pieces </s>
    start = torch.tensor([[model.config.decoder_start_token_id]])
    with torch.no_grad():
        answer = model(
            **one, decoder_input_ids=torch.cat([start, other["input_ids"][:, :-1]], 1), output_attentions=True
        )
    attention = answer.cross_attentions[1][0].mean(dim=0).numpy()[:, 1:-1]
    begin = 2 if shifted else 1  # start, code, first piece
    attention = attention[begin : begin + len(other["input_ids"][0]) - 2]
    attention /= attention.sum(axis=1, keepdims=True)
    expected = np.zeros((len(source), len(target)))
    words = one.word_ids()[1:-1], other.word_ids()[1:-1]
    for j, row in enumerate(attention):
        for i, share in enumerate(row):
            expected[words[0][i], words[1][j]] += share / words[1].count(words[1][j])
    assert np.allclose(table(found, source, target), expected, atol=1e-5)
    assert np.allclose(expected.sum(axis=0), 1.0)


@pytest.mark.parametrize("kind", ["nllb", "m2m100", "madlad"])
def test_both_directions_are_the_product(tiny, spanish, kind):
    pairs = spanish[:4]
    both, forward, backward = (
        made(tiny(kind), directions=way).align_tokens(pairs) for way in ("both", "forward", "backward")
    )
    for (source, target), *links in zip(pairs, both, forward, backward, strict=True):
        tables = [table(one, source, target) for one in links]
        assert np.allclose(tables[0], tables[1] * tables[2], atol=1e-6)
        assert np.allclose(tables[1].sum(axis=0), 1.0, atol=1e-4)  # every target word looks somewhere
        assert np.allclose(tables[2].sum(axis=1), 1.0, atol=1e-4)


def test_threshold_and_least_probability(tiny, spanish):
    every = made(tiny("nllb"), directions="forward").align_tokens(spanish[:5])
    some = made(tiny("nllb"), directions="forward", threshold=0.06).align_tokens(spanish[:5])
    few = made(tiny("nllb"), directions="forward", min_prob=0.07).align_tokens(spanish[:5])
    assert sum(map(len, every)) > sum(map(len, some)) > sum(map(len, few)) > 0
    assert min(one.prob.min() for one in some if len(one)) >= 0.06


def test_model_of_one_direction(tiny, spanish):
    assert made(tiny("marian"), directions="forward").align_tokens(spanish[:2])[0].prob.sum() > 1
    with pytest.raises(OptionError, match="directions=forward"):
        made(tiny("marian")).fit_tokens([])


def test_long_odd_and_empty(tiny, spanish):
    odd = ("a b", "", "\u200d", "日本", "🙂", "\ud800", "</s>", "eng_Latn")
    pairs = [spanish[0], (spanish[0][0] * 10, spanish[0][1] * 10), (odd, odd[::-1]), ([], odd), (odd, [])]
    with pytest.warns(NoLinksWarning, match="1 of 5 pairs have no links, as they are longer"):
        found = made(tiny("nllb")).align_tokens(pairs)
    assert [bool(len(one)) for one in found] == [True, False, True, False, False]
    for (source, target), alignment in zip(pairs, found, strict=True):
        alignment.check(len(source), len(target))


def test_batches_make_no_difference(tiny, spanish):
    whole = made(tiny("nllb")).align_tokens(spanish[:8])
    single = made(tiny("nllb"), batch=1).align_tokens(spanish[:8])
    for one, other in zip(whole, single, strict=True):
        assert np.allclose(one.prob, other.prob, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"directions": "sideways"}, "Choose one of forward, backward, both"),
        ({"threshold": 2}, "threshold is 2"),
        ({"batch": -3}, "batch is -3"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(OptionError) as caught:
        make_aligner("cross_attention", **settings)
    assert message in str(caught.value)


def test_bad_models(tiny):
    with pytest.raises(OptionError, match="decoder has 2 layers"):
        made(tiny("nllb"), layer=3).fit_tokens([])
    with pytest.raises(ModelError, match="does not translate"):
        made(tiny("mbert")).fit_tokens([])
    with pytest.raises(OptionError, match="must be told the languages"):
        made(tiny("nllb"), target_lang="").fit_tokens([])
