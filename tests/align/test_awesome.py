"""The same links as the package awesome-align, and what it fails on."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from crosspan.align import make_aligner
from crosspan.align.awesome import Awesome, AwesomeOptions
from crosspan.core.errors import OptionError

POSITIONS = 128


def links_of(alignment):
    return list(zip(alignment.source.tolist(), alignment.target.tolist(), strict=True))


class Package:
    """awesome-align with the weights of one of our tiny models, in the form that it reads."""

    def __init__(self, model, folder):
        import torch
        from awesome_align import modeling
        from awesome_align.configuration_bert import BertConfig
        from awesome_align.tokenization_bert import BertTokenizer
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        folder.mkdir()
        pieces = sorted(AutoTokenizer.from_pretrained(model).get_vocab().items(), key=lambda item: item[1])
        (folder / "vocab.txt").write_text("".join(f"{piece}\n" for piece, _ in pieces), encoding="utf-8")
        weights = AutoModelForMaskedLM.from_pretrained(model)
        torch.save(weights.state_dict(), folder / "pytorch_model.bin")
        shutil.copy(Path(model) / "config.json", folder)
        self.tokenizer = BertTokenizer.from_pretrained(str(folder), do_lower_case=False)
        self.tokenizer.max_len = POSITIONS
        modeling.PAD_ID = self.tokenizer.pad_token_id
        modeling.CLS_ID = self.tokenizer.cls_token_id
        modeling.SEP_ID = self.tokenizer.sep_token_id
        config = BertConfig.from_pretrained(str(folder))
        self.model = modeling.BertForMaskedLM.from_pretrained(str(folder), config=config).eval()

    def links(self, source, target, extraction):
        ids, maps = [], []
        for words in (source, target):
            pieces = [self.tokenizer.tokenize(word) for word in words]
            numbers = [self.tokenizer.convert_tokens_to_ids(piece) for piece in itertools.chain(*pieces)]
            whole = self.tokenizer.prepare_for_model(numbers, return_tensors="pt", max_length=self.tokenizer.max_len)
            ids.append(whole["input_ids"])
            maps.append([[index for index, part in enumerate(pieces) for _ in part]])
        return sorted(
            self.model.get_aligned_word(
                *ids, *maps, "cpu", 0, 0, align_layer=2, extraction=extraction, softmax_threshold=0.001, test=True
            )[0]
        )


@pytest.fixture(scope="module")
def package(tiny, tmp_path_factory):
    model = tiny("mbert", positions=POSITIONS)
    made = {}
    if "boto3" not in sys.modules:  # it imports what downloads models from a store; nothing is downloaded here
        import peft  # noqa: F401  # asks for the same, and must not see what is made up below
        import transformers  # noqa: F401

        try:
            import boto3  # noqa: F401
        except ImportError:
            made = {
                name: types.ModuleType(name) for name in ("boto3", "botocore", "botocore.config", "botocore.exceptions")
            }
            made["botocore.config"].Config = object
            made["botocore.exceptions"].ClientError = Exception
            sys.modules.update(made)
    try:
        pytest.importorskip("awesome_align.modeling", reason="the package awesome-align is not installed")
    finally:
        for name in made:
            del sys.modules[name]
    return Package(model, tmp_path_factory.mktemp("awesome") / "model")


def ours(model, **options):
    return Awesome(AwesomeOptions(model=model, layer=2, **{"min_prob": 0.0, **options}), threads=1)


@pytest.mark.parametrize(("extraction", "name"), [("softmax", "softmax"), ("entmax", "entmax15")])
def test_same_links_as_the_package(tiny, package, sentences, extraction, name):
    found = ours(tiny("mbert", positions=POSITIONS), extraction=extraction).align_tokens(sentences[::8])
    wanted = [package.links(source, target, name) for source, target in sentences[::8]]
    assert [links_of(one) for one in found] == wanted
    assert sum(map(len, found)) > 250


def test_the_package_cuts_long_sentences_off(tiny, package, sentences):
    long = sentences[0][0] * 8, sentences[0][1] * 8
    assert max(source for source, _ in package.links(*long, "softmax")) < len(long[0]) - 20
    found = ours(tiny("mbert", positions=POSITIONS)).align_tokens([long])[0]
    assert found.source.max() >= len(long[0]) - 2


def test_probability_is_the_product_of_the_directions(tiny, sentences):
    aligner = ours(tiny("xlmr"))
    source, target = sentences[0]
    pieces = aligner.encoder.pieces([source, target])
    one, other = aligner.encoder.vectors(pieces)
    scores = one.astype(np.float64) @ other.T
    forward = np.exp(scores - scores.max(axis=1, keepdims=True))
    forward /= forward.sum(axis=1, keepdims=True)
    backward = np.exp(scores - scores.max(axis=0, keepdims=True))
    backward /= backward.sum(axis=0, keepdims=True)
    expected: dict[tuple[int, int], float] = {}
    for i, j in np.argwhere((forward > 0.001) & (backward > 0.001)):
        key = int(pieces[0].word[i]), int(pieces[1].word[j])
        expected[key] = max(expected.get(key, 0.0), forward[i, j] * backward[i, j])
    found = aligner.align_tokens([(source, target)])[0]
    assert links_of(found) == sorted(expected)
    assert np.allclose(found.prob, [expected[key] for key in sorted(expected)], atol=1e-4)


def test_both_directions_agree(tiny, sentences):
    aligner = ours(tiny("mbert", positions=POSITIONS))
    there = aligner.align_tokens(sentences[:10])
    back = aligner.align_tokens([(target, source) for source, target in sentences[:10]])
    for one, other in zip(there, back, strict=True):
        assert sorted((j, i) for i, j in links_of(other)) == links_of(one)


def test_threshold_and_alpha(tiny, sentences):
    model = tiny("mbert", positions=POSITIONS)
    counts = [
        sum(map(len, ours(model, **options).align_tokens(sentences[:10])))
        for options in (
            {"threshold": 0.001},
            {"threshold": 0.1},
            {"extraction": "entmax", "alpha": 1.2},
            {"extraction": "entmax", "alpha": 2.0},
        )
    ]
    assert counts[0] > counts[1] > 0
    assert counts[2] > counts[3] > 0


def test_odd_words_and_empty_sides(tiny):
    odd = ("a b", "", "\u200d", "日本", "🙂", "\ud800", "[SEP]")
    found = ours(tiny("mbert")).align_tokens([(odd, odd), ([], odd), (odd, [])])
    found[0].check(len(odd), len(odd))
    assert [bool(len(one)) for one in found] == [True, False, False]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"extraction": "sparsemax"}, "Choose one of softmax, entmax"),
        ({"threshold": -1}, "threshold is -1"),
        ({"alpha": 1}, "alpha is 1.0"),
    ],
)
def test_bad_settings(settings, message):
    with pytest.raises(OptionError) as caught:
        make_aligner("awesome", **settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(("known", "least"), [(True, 0.0), (False, 0.3)])
def test_where_links_begin_fits_the_encoder(tiny, sentences, monkeypatch, known, least):
    """Those of mBERT begin where the paper has them, those of other encoders where they are surer."""
    model = tiny("mbert", positions=POSITIONS)
    vocabulary = json.loads((Path(model) / "config.json").read_text())["vocab_size"]
    if known:
        monkeypatch.setattr("crosspan.align.embedding._MBERT", (vocabulary,))
    pairs = sentences[:10]
    usual = [links_of(one) for one in Awesome(AwesomeOptions(model=model, layer=2), threads=1).align_tokens(pairs)]
    assert usual == [links_of(one) for one in ours(model, min_prob=least).align_tokens(pairs)]
    assert usual != [links_of(one) for one in ours(model, min_prob=0.3 - least).align_tokens(pairs)]


@pytest.mark.parametrize("value", ["most", "1.5", "nan", "-0.1"])
def test_least_probabilities_that_are_none(value):
    with pytest.raises(OptionError, match="min_prob is"):
        AwesomeOptions(min_prob=value)
