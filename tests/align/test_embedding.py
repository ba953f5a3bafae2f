"""What all aligners by vectors have in common: streams, long and odd sentences, faults."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from crosspan.align import ALIGNERS, make_aligner, pretrained
from crosspan.align.embedding import word_means
from crosspan.align.pretrained import NoLinksWarning
from crosspan.align.simalign import SimAlign, SimAlignOptions
from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.core.types import Pair, Sentence

NEURAL = [*ALIGNERS.builtin][2:]


@pytest.fixture
def aligner(tiny):
    return SimAlign(SimAlignOptions(model=tiny("mbert"), layer=2), threads=1)


def assert_alike(found, expected):
    """The same links, but for the last digits: a batch of another shape adds up in another order."""
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.source, other.source)
        assert np.array_equal(one.target, other.target)
        assert np.allclose(one.prob, other.prob, atol=1e-5)


@pytest.mark.parametrize("name", NEURAL)
def test_making_one_loads_nothing(name):
    made = make_aligner(name, threads=2, model="/nowhere", min_prob="0.25")
    assert (made.threads, float(made.options.min_prob)) == (2, 0.25)
    code = f"import sys; from crosspan.align import make_aligner; make_aligner({name!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("name", NEURAL)
def test_without_a_model(name):
    pytest.importorskip("torch")
    with pytest.raises(OptionError, match="has no model"):
        make_aligner(name).fit_tokens([])
    languages = {"source_lang": "en", "target_lang": "de"} if name in ("transalign", "cross_attention") else {}
    with pytest.raises(ModelError, match="no such folder"):
        make_aligner(name, model="/nowhere/at/all", **languages).fit([])


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependencyError, match=r"crosspan\[neural\]"):
        make_aligner("simalign", model="any").fit_tokens([])


def test_layer_that_is_not_there(tiny):
    with pytest.raises(OptionError, match="has 3 layers"):
        make_aligner("simalign", model=tiny("mbert"), layer=8).fit_tokens([])


def test_shards_make_no_difference(aligner, sentences, monkeypatch):
    whole = aligner.align_tokens(sentences[:30])
    monkeypatch.setattr(pretrained, "SHARD", 7)
    seen = []
    parts = list(aligner.iter_align_tokens(iter(sentences[:30]), progress=lambda *step: seen.append(step)))
    assert_alike(parts, whole)
    assert seen[-1] == (30, 30)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_neighbours_and_batches_make_no_difference(tiny, sentences):
    together = make_aligner("simalign", model=tiny("mbert"), layer=2, threads=1).align_tokens(sentences[:12])
    small = make_aligner("simalign", model=tiny("mbert"), layer=2, threads=1, batch=1)
    assert_alike([small.align_tokens([pair])[0] for pair in sentences[:12]], together)


def test_sentences_are_read_once(aligner, sentences, monkeypatch):
    source, target = sentences[0]
    counts = []
    whole = aligner.encoder.vectors
    monkeypatch.setattr(
        aligner.encoder, "vectors", lambda pieces, **more: (counts.append(len(pieces)), whole(pieces, **more))[1]
    )
    found = aligner.align_tokens([(source, target)] * 5 + [(target, source)])
    assert counts == [2]
    assert found[0] == found[4]


def test_pairs_of_sentences(aligner, sentences):
    pairs = [Pair(Sentence(source), Sentence(target)) for source, target in sentences[:5]]
    assert aligner.fit(pairs).align(pairs) == aligner.align_tokens(sentences[:5])


def test_odd_words(aligner):
    odd = ("a b", "", "\u200d", "e\u0301", "日本", "🙂", "שלום", "\ud800", "x" * 3000, "|||")
    pairs = [(odd, odd[::-1]), ([], odd), (odd, []), (["house"], ["Haus"])]
    found = aligner.align_tokens(pairs)
    for (source, target), alignment in zip(pairs, found, strict=True):
        alignment.check(len(source), len(target))
    assert [bool(len(one)) for one in found] == [True, False, False, True]


def test_nothing(aligner):
    assert aligner.align_tokens([]) == []
    assert [len(one) for one in aligner.align_tokens([([], [])])] == [0]


def test_a_pair_without_numbers_does_not_stop_the_others(aligner, sentences, monkeypatch):
    whole = aligner.encoder.vectors

    def broken(pieces, **more):
        found = whole(pieces, **more)
        found[0] = np.full_like(found[0], np.nan)
        return found

    expected = aligner.align_tokens(sentences[:4])
    monkeypatch.setattr(aligner.encoder, "vectors", broken)
    with pytest.warns(NoLinksWarning, match="1 of 4 pairs have no links"):
        found = aligner.align_tokens(sentences[:4])
    assert len(found[0]) == 0
    assert found[1:] == expected[1:]


def test_memory_for_a_pair(aligner, sentences, monkeypatch):
    links = type(aligner)._links
    calls = []

    def short(self, source, target):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return links(self, source, target)

    monkeypatch.setattr(type(aligner), "_links", short)
    with pytest.warns(NoLinksWarning, match="1 of 3"):
        found = aligner.align_tokens(sentences[:3])
    assert [bool(len(one)) for one in found] == [True, False, True]


def test_threads_are_given_back(tiny, sentences):
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    make_aligner("simalign", model=tiny("mbert"), layer=2, threads=before + 1).align_tokens(sentences[:2])
    assert torch.get_num_threads() == before


def test_means_of_pieces(aligner):
    pieces = aligner.encoder.pieces([("translations", "of", "unbelievable")])[0]
    vectors = np.random.default_rng(0).random((len(pieces), 4), np.float32)
    expected = [vectors[pieces.word == word].mean(axis=0) for word in range(3)]
    assert np.allclose(word_means(vectors, pieces), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["simalign", "awesome"])
def test_pieces_that_only_say_that_a_word_begins_are_left_out(tiny, sentences, name):
    """The model reads them, and they link nothing: the links are those of the other pieces' vectors."""
    aligner = make_aligner(name, model=tiny("xlmr", marks=True), layer=2, threads=1)
    source, target = sentences[0]
    pieces = aligner.encoder.pieces([source, target])
    assert all(one.mark is not None and one.mark.any() for one in pieces)
    vectors = aligner.encoder.vectors(pieces)
    units = [aligner._units(rows[~one.mark], one.told()) for rows, one in zip(vectors, pieces, strict=True)]
    wanted = aligner._links(*units)
    (found,) = aligner.align_tokens([(source, target)])
    assert found.to_pharaoh() == wanted.to_pharaoh()
    assert len(units[0].word) < len(pieces[0])


@pytest.mark.parametrize(("dtype", "least"), [("bfloat16", 0.8), ("int8", 0.7)])
def test_less_precision_gives_much_the_same_links(tiny, sentences, dtype, least):
    full = make_aligner("simalign", model=tiny("mbert"), layer=2, threads=1, dtype="float32")
    half = make_aligner("simalign", model=tiny("mbert"), layer=2, threads=1, dtype=dtype)
    same = every = 0
    for one, other in zip(full.align_tokens(sentences[:30]), half.align_tokens(sentences[:30]), strict=True):
        a, b = (set(zip(x.source.tolist(), x.target.tolist(), strict=True)) for x in (one, other))
        same, every = same + len(a & b), every + len(a | b)
    assert least < same / every


def test_int8_replaces_the_layers_and_gives_the_engine_back(tiny):
    torch = pytest.importorskip("torch")
    from crosspan.align.int8 import quantize
    from crosspan.models.encoder import Encoder

    before = torch.backends.quantized.engine
    encoder = Encoder(tiny("xlmr"), layer=2)
    exact = encoder.vectors(encoder.pieces([("a", "house", "in", "Accra")]))[0]
    assert quantize(encoder.model) == 2 * 4  # of a layer: query, key and value as one, and three more; no pooler
    assert torch.backends.quantized.engine == before
    found = encoder.vectors(encoder.pieces([("a", "house", "in", "Accra")]))[0]
    assert 0.0 < np.abs(found - exact).max() < 0.1 * np.abs(exact).max()


def test_int8_rounds_no_piece_by_the_size_of_another(tiny):
    """Pieces that are a thousand times as large as their neighbours leave these as exact as they are alone."""
    torch = pytest.importorskip("torch")
    from crosspan.align.int8 import quantize

    torch.manual_seed(0)
    exact = torch.nn.Linear(32, 16)
    whole = torch.nn.Sequential(exact)
    quantize(whole)
    rows = torch.randn(20, 32)
    loud = torch.cat([rows, 1e3 * torch.randn(4, 32)])
    with torch.inference_mode():
        wanted, found = exact(rows), whole(loud)[:20]
    assert float((found - wanted).abs().max()) < 0.05 * float(wanted.abs().max())


def test_int8_needs_a_cpu_and_a_build_that_can(tiny, monkeypatch):
    torch = pytest.importorskip("torch")
    with pytest.raises(OptionError, match="int8 runs on a CPU, not on cuda"):
        make_aligner("awesome", dtype="int8", device="cuda")
    monkeypatch.setattr("crosspan.align.int8.ENGINES", ("none",))
    with pytest.raises(OptionError, match="cannot compute in int8"):
        make_aligner("awesome", model=tiny("mbert"), layer=2, dtype="int8").fit_tokens([])
    assert torch.backends.quantized.engine in torch.backends.quantized.supported_engines


@pytest.mark.parametrize("name", ["simalign", "awesome"])
def test_the_layer_can_be_chosen_on_the_sentences(tiny, sentences, name, caplog):
    assert ALIGNERS.facts(name, {"layer": "auto"}).learns
    assert not ALIGNERS.facts(name, {}).learns
    aligner = make_aligner(name, model=tiny("xlmr"), layer="auto", threads=1)
    with pytest.raises(ModelError, match="has not chosen its layer"):
        aligner.align_tokens(sentences[:2])
    with caplog.at_level("INFO", "crosspan"):
        found = aligner.fit_tokens(sentences[:40]).align_tokens(sentences[:2])
    chosen = next(record.message for record in caplog.records if "is taken" in record.message)
    number = int(chosen.rpartition("layer ")[2].split()[0])
    assert found == make_aligner(name, model=tiny("xlmr"), layer=number, threads=1).align_tokens(sentences[:2])


def test_usual_layers(tiny, sentences):
    usual = make_aligner("awesome", model=tiny("xlmr"), threads=1).align_tokens(sentences[:2])  # 2 of 3
    assert usual == make_aligner("awesome", model=tiny("xlmr"), layer=2, threads=1).align_tokens(sentences[:2])
    with pytest.raises(OptionError, match="a whole number, usual or auto"):
        make_aligner("awesome", layer="deep")
