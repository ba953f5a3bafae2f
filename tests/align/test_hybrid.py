"""An encoder inside the statistical aligner: what it brings where it knows the words, and that it harms nowhere."""

from __future__ import annotations

import json
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from crosspan.align import ALIGNERS, load_aligner, make_aligner
from crosspan.align.hybrid import Hybrid, HybridOptions
from crosspan.align.model_file import learner_of
from crosspan.align.statistical import StatisticalAligner
from crosspan.core.errors import ModelError, OptionError

ROOT = Path(os.environ.get("CROSSPAN_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture(scope="module")
def text(sparse_bitext):
    return sparse_bitext


@pytest.fixture(scope="module")
def knowing(tmp_path_factory, text):
    """A tiny encoder with like vectors for words that translate each other; it knows the words of this text."""
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    words = {word for pair in text[0] for side in pair for word in side}
    folder = tmp_path_factory.mktemp("knowing")
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {piece: number for number, piece in enumerate([*special, *sorted(words)])}
    tokenizer = transformers.BertTokenizer(vocab=vocabulary, do_lower_case=False)
    tokenizer.model_max_length = 64
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=64, pad_token_id=0, **shape)
    model = transformers.BertModel(config, add_pooling_layer=False)
    rows = model.embeddings.word_embeddings.weight.data
    rows.normal_()
    for (source, target), links in zip(*text, strict=True):
        for i, j in links:
            if source[i] in vocabulary and target[j] in vocabulary:
                rows[vocabulary[target[j]]] = rows[vocabulary[source[i]]]
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def plain(text):
    return StatisticalAligner(threads=1).fit_tokens(text[0]).align_tokens(text[0])


@pytest.fixture(scope="module")
def hybrid(knowing, text):
    return make_aligner("hybrid", model=knowing, threads=1).fit_tokens(text[0])


def test_without_weight_it_is_the_statistical_aligner(text, plain, tmp_path):
    aligner = make_aligner("hybrid", weight=0, threads=1).fit_tokens(text[0])
    assert aligner.align_tokens(text[0]) == plain
    aligner.save(tmp_path / "m.npz")
    StatisticalAligner(threads=1).fit_tokens(text[0]).save(tmp_path / "plain.npz")
    with np.load(tmp_path / "m.npz") as one, np.load(tmp_path / "plain.npz") as other:
        assert one.files == other.files
        assert all((one[name].tobytes() == other[name].tobytes()) for name in one.files if name != "about")


def test_an_encoder_that_knows_the_words_helps(text, plain, hybrid, f1):
    assert hybrid.trust.whole > 0.9
    found = hybrid.align_tokens(text[0])
    assert f1(text[1], found) > f1(text[1], plain) + 0.05
    assert f1(text[1], found) > 0.9


def test_it_tells_what_it_found(knowing, text, caplog):
    with caplog.at_level(logging.INFO, "crosspan"):
        make_aligner("hybrid", model=knowing, threads=1).fit_tokens(text[0])
    told = " ".join(record.message for record in caplog.records)
    assert "agreement of the layers" in told
    assert "nats a link" in told


def test_an_encoder_that_knows_nothing_changes_nothing(tiny, sentences):
    aligner = make_aligner("hybrid", model=tiny("xlmr"), threads=1).fit_tokens(sentences)
    assert aligner.trust.whole == 0.0
    plain = StatisticalAligner(threads=1).fit_tokens(sentences)
    assert aligner.align_tokens(sentences) == plain.align_tokens(sentences)


def test_words_without_pieces_are_left_to_the_statistics(knowing, text, hybrid, f1):
    # one side in a script that the encoder has no pieces for: it says nothing at all
    strange = [(source, [word.translate(_TO_GREEK) for word in target]) for source, target in text[0]]
    aligner = make_aligner("hybrid", model=knowing, threads=1).fit_tokens(strange)
    plain = StatisticalAligner(threads=1).fit_tokens(strange)
    assert aligner.align_tokens(strange) == plain.align_tokens(strange)
    # some of the words: the others are linked as well as before, and these no worse than without the encoder
    some = sorted({word for _, target in text[0] for word in target})[::3]
    mixed = [(s, [word.translate(_TO_GREEK) if word in some else word for word in t]) for s, t in text[0]]
    aligner = make_aligner("hybrid", model=knowing, threads=1).fit_tokens(mixed)
    plain = StatisticalAligner(threads=1).fit_tokens(mixed)
    assert aligner.trust.whole > 0.5
    for of_some in (True, False):
        gold = [
            {(i, j) for i, j in links if (target[j] in some) == of_some}
            for links, (_, target) in zip(text[1], text[0], strict=True)
        ]
        ours, theirs = (
            [
                _of_words(one, target, some, of_some)
                for one, (_, target) in zip(by.align_tokens(mixed), text[0], strict=True)
            ]
            for by in (aligner, plain)
        )
        assert f1(gold, ours) > f1(gold, theirs)


_TO_GREEK = str.maketrans("abcdefghijklmnopqrstuvwxyz", "αβγδεζηθικλμνξοπρστυφχψωϊϋ")


def _of_words(links, target, some, of_some):
    kept = np.array([(target[j] in some) == of_some for j in links.target.tolist()], bool)
    return type(links)(links.source[kept], links.target[kept], links.prob[kept])


def test_it_is_the_same_again_and_with_more_threads(knowing, text, hybrid):
    found = hybrid.align_tokens(text[0])
    again = make_aligner("hybrid", model=knowing, threads=2).fit_tokens(text[0])
    assert again.align_tokens(text[0]) == found
    assert again.trust.to_dict() == hybrid.trust.to_dict()


def test_a_pair_does_not_depend_on_those_around_it(text, hybrid):
    found = hybrid.align_tokens(text[0])
    assert hybrid.align_tokens(text[0][7:9]) == found[7:9]
    assert [len(one) for one in hybrid.align_tokens([(["Wort"], []), ([], ["word"])])] == [0, 0]


def test_saving_and_loading(knowing, text, hybrid, tmp_path):
    hybrid.save(tmp_path / "m.npz")
    assert learner_of(tmp_path / "m.npz") == "hybrid"
    loaded = load_aligner(str(tmp_path / "m.npz"), threads=1)
    assert isinstance(loaded, Hybrid)
    assert loaded.align_tokens(text[0]) == hybrid.align_tokens(text[0])
    loaded.save(tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == (tmp_path / "m.npz").read_bytes()
    about = json.loads(np.load(tmp_path / "m.npz")["about"].tobytes())
    assert about["options"]["model"] == knowing
    assert len(about["encoder"]["digest"]) == 64
    loaded.fit_tokens(text[0][:5])  # learns on


def test_at_every_door(knowing, text, tmp_path):
    from click.testing import CliRunner

    import crosspan
    from crosspan.cli.align import command
    from crosspan.pipeline.parts import Model
    from crosspan.pipeline.steps.aligning import aligner_from

    pairs = text[0][:20]
    for name, side in (("s.txt", 0), ("t.txt", 1)):
        (tmp_path / name).write_text("".join(" ".join(pair[side]) + "\n" for pair in pairs), encoding="utf-8")
    files = [str(tmp_path / "s.txt"), str(tmp_path / "t.txt"), "--threads", "1", "--quiet"]
    learn = ["--aligner", "hybrid", "--set", f"model={knowing}", "--save-model", str(tmp_path / "m.npz")]
    ways = (learn, ["--model", str(tmp_path / "m.npz")])
    first, second = (CliRunner().invoke(command, [*files, *more]) for more in ways)
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert first.stdout.count("\n") == 20
    assert first.stdout == second.stdout
    # the same links carry labels over, from a name and its settings or from a file
    sources = [crosspan.Sentence(tuple(source), (crosspan.Span(0, 1, "PER"),)) for source, _ in pairs]
    targets = [crosspan.Sentence(tuple(target)) for _, target in pairs]
    named = crosspan.project_labels(
        sources, targets, aligner="hybrid", method="heuristic", settings={"aligner.model": knowing}
    )
    saved = crosspan.project_labels(sources, targets, aligner=load_aligner(str(tmp_path / "m.npz")), method="heuristic")
    assert [one.sentence.spans for one in named] == [one.sentence.spans for one in saved]
    assert sum(len(one.sentence.spans) for one in named) > 10
    # from a store, as another process takes it
    again = aligner_from(Model("aligners", "hybrid", (tmp_path / "m.npz").read_bytes()), 1)
    assert again.align_tokens(pairs) == load_aligner(str(tmp_path / "m.npz")).align_tokens(pairs)


def test_another_encoder_is_noticed(knowing, text, tmp_path):
    shutil.copytree(knowing, tmp_path / "encoder")
    make_aligner("hybrid", model=str(tmp_path / "encoder"), threads=1).fit_tokens(text[0]).save(tmp_path / "m.npz")
    (tmp_path / "encoder" / "more.txt").write_text("another")
    with pytest.raises(ModelError, match="another than the one"):
        load_aligner(str(tmp_path / "m.npz")).align_tokens(text[0][:1])


def test_a_damaged_file(hybrid, tmp_path):
    hybrid.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as archive:
        arrays = {name: archive[name] for name in archive.files}
    about = json.loads(arrays["about"].tobytes())
    for damage in ({"digest": "x"}, {**about["encoder"], "trust": {**about["encoder"]["trust"], "ratio": [[1.0]]}}):
        arrays["about"] = np.frombuffer(json.dumps({**about, "encoder": damage}).encode(), np.uint8)
        np.savez(tmp_path / "damaged.npz", **arrays)
        with pytest.raises(ModelError):
            load_aligner(str(tmp_path / "damaged.npz"))


def test_of_much_text_a_part_is_read(knowing, text, monkeypatch):
    read = []
    known = Hybrid._is_read

    def watch(self, pair):
        read.append(known(self, pair))
        return read[-1]

    monkeypatch.setattr(Hybrid, "_is_read", watch)
    much = [pair for _ in range(5) for pair in text[0]]
    some = make_aligner("hybrid", model=knowing, sample=20, threads=1).fit_tokens(much)
    assert 20 < sum(read) < 150
    assert all(read[:20])
    first = list(read)
    make_aligner("hybrid", model=knowing, sample=20, threads=1).fit_tokens(much)
    assert read[300:] == first
    assert some.trust.whole > 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"layer": "deep"}, "a whole number, usual or auto"), ({"weight": -1}, "weight"), ({"dtype": "int3"}, "int3")],
)
def test_bad_settings(settings, message):
    with pytest.raises(OptionError) as caught:
        make_aligner("hybrid", **settings)
    assert message in str(caught.value)


def test_a_model_must_be_named(text):
    with pytest.raises(OptionError, match="no model"):
        make_aligner("hybrid").fit_tokens(text[0])


@pytest.mark.parametrize("layer", ["2", "0", "-1"])
def test_a_layer_can_be_named(knowing, text, layer):
    aligner = make_aligner("hybrid", model=knowing, layer=layer, threads=1).fit_tokens(text[0])
    assert aligner.layer == {"2": 2, "0": 0, "-1": 3}[layer]
    assert aligner.trust.whole > 0.5


def test_what_is_known_of_it():
    component = ALIGNERS.facts("hybrid", {})
    assert (component.learns, component.saves, component.model) == (True, "file", "model")
    assert HybridOptions(model="x", min_prob=0.2).reading(3).layer == 3


@pytest.mark.skipif(not (ROOT / "alignment_gold").exists(), reason=f"real data not found at {ROOT}; set CROSSPAN_DATA")
def test_a_real_encoder():
    from crosspan.evaluate.alignment import score_alignments
    from crosspan.io import read_bitext, read_gold_links
    from crosspan.models.loading import load_config

    try:
        load_config("e5-small")
    except Exception as error:  # whatever keeps it from being here
        pytest.skip(f"the encoder e5-small is not installed ({type(error).__name__})")
    path = ROOT / "alignment_gold" / "xl_wa" / "en-es.dev.tsv"
    pairs = [(source.split(), target.split()) for source, target in read_bitext(path)]
    found = make_aligner("hybrid", model="e5-small", threads=1).fit_tokens(pairs).align_tokens(pairs)
    assert score_alignments(read_gold_links(path), found, threshold=0.5).aer < 0.125  # 0.112 when written
