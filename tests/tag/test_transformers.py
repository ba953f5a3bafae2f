from __future__ import annotations

import json
import shutil
import unicodedata

import numpy as np
import pytest

from crosspan.cli.main import main
from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.core.tags import from_tags
from crosspan.core.types import Sentence, Span
from crosspan.tag import load_tagger

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.demo import load_corpus  # noqa: E402
from crosspan.tag.transformers import TransformersTagger, TransformersTaggerOptions  # noqa: E402
from crosspan.testing.tiny_models import save_mbert, save_mt5, save_tagger, save_xlmr  # noqa: E402

torch.set_num_threads(1)

TAGS = ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG", "B-PER", "I-PER"]
ODD = [
    "naïve",
    unicodedata.normalize("NFD", "Ọ̀ṣun"),
    "l'Élysée",
    "می‌خواهم",
    "👩‍👩‍👧",
    "\u200b",
    "שלום",
    "東京都",
    "\ufeff",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tagger(tmp_path_factory.mktemp("models") / "xlmr")


@pytest.fixture(scope="module")
def taught(folder, tmp_path_factory):
    """The same model, after it has learned a few names by heart."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("models") / "taught"
    shutil.copytree(folder, place)
    tagger = TransformersTagger(place, dtype="float32", device="cpu")
    model = tagger._model.train()
    sentences = small_corpus()
    rows = tagger._tokenizer([list(s.tokens) for s in sentences], is_split_into_words=True, padding=True)
    labels = [
        [TAGS.index(s.tags()[w]) if w is not None else -100 for w in rows.word_ids(i)] for i, s in enumerate(sentences)
    ]
    batch = {name: torch.tensor(rows[name]) for name in ("input_ids", "attention_mask")}
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(30):
        optimizer.zero_grad()
        model(**batch, labels=torch.tensor(labels)).loss.backward()
        optimizer.step()
    model.eval().save_pretrained(place)
    return place


def small_corpus():
    kept = [s for s in load_corpus("en") if {span.label for span in s.spans} <= {"LOC", "ORG", "PER"}]
    return [s for s in kept if s.spans and len(s) < 25][:6]


def by_piece(model, tokenizer, words):
    """Probabilities of all pieces of a sentence, special ones among them."""
    encoded = tokenizer(list(words), is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        return model(**encoded).logits[0].softmax(-1).numpy()


def by_hand(model, tokenizer, words):
    """Probabilities of the first piece, the average and the surest piece of each word, one piece list at a time."""
    pieces: dict[int, list[np.ndarray]] = {}
    encoded = tokenizer(list(words), is_split_into_words=True)
    for row, word in zip(by_piece(model, tokenizer, words), encoded.word_ids(0), strict=True):
        if word is not None:
            pieces.setdefault(word, []).append(row)
    return {
        "first": np.array([pieces[w][0] for w in range(len(words))]),
        "average": np.array([np.mean(pieces[w], axis=0) for w in range(len(words))]),
        "max": np.array([max(pieces[w], key=lambda row: row.max()) for w in range(len(words))]),
    }


# --- probabilities -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["first", "average", "max"])
def test_probabilities_are_those_of_the_model(folder, words):
    tagger = load_tagger(f"transformers:{folder}", words=words, threads=1)
    assert tagger.labels == ("LOC", "ORG", "PER")
    assert list(tagger.tags) == TAGS
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    sentences = load_corpus("de")[:6]
    for sentence, rows in zip(sentences, tagger.probabilities(sentences), strict=True):
        np.testing.assert_allclose(rows, by_hand(model, tokenizer, sentence.tokens)[words], atol=1e-5)


@pytest.mark.parametrize("words", ["first", "average", "max"])
def test_pieces_that_only_say_that_a_word_begins(tmp_path, words):
    """They stand for their word where they are kept, or the model says that it was trained so; else they do not."""
    folder = save_tagger(tmp_path / "xlmr", marks=True, positions=128)
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    sentence = load_corpus("de")[0]
    encoded = tokenizer(list(sentence.tokens), is_split_into_words=True)
    names = tokenizer.convert_ids_to_tokens(encoded["input_ids"])
    rows, skipped = by_piece(model, tokenizer, sentence.tokens), {}
    for row, word, name in zip(rows, encoded.word_ids(0), names, strict=True):
        if word is not None and name != "▁":
            skipped.setdefault(word, []).append(row)
    assert "▁" in names
    kept = by_hand(model, tokenizer, sentence.tokens)[words]
    left = {
        "first": [skipped[word][0] for word in sorted(skipped)],
        "average": [np.mean(skipped[word], axis=0) for word in sorted(skipped)],
        "max": [max(skipped[word], key=lambda row: row.max()) for word in sorted(skipped)],
    }[words]

    def found(**settings):
        return load_tagger(f"transformers:{folder}", words=words, threads=1, **settings).probabilities([sentence])[0]

    np.testing.assert_allclose(found(), left, atol=1e-5)
    np.testing.assert_allclose(found(marks="keep"), kept, atol=1e-5)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "crosspan_marks": "keep"}))
    np.testing.assert_allclose(found(), kept, atol=1e-5)
    np.testing.assert_allclose(found(marks="skip"), left, atol=1e-5)


def save_classifier(folder, kind):
    """Other encoders with a layer of tags, each with the tokenizer that it has in the field."""
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    torch.manual_seed(0)
    id2label = dict(enumerate(TAGS))
    names = {"id2label": id2label, "label2id": {tag: n for n, tag in id2label.items()}}
    source = {"bert": save_mbert, "mt5": save_mt5}.get(kind, save_xlmr)(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    size = len(tokenizer)
    if kind == "bert":
        config = transformers.BertConfig(vocab_size=size, max_position_embeddings=64, **shape, **names)
        model = transformers.BertForTokenClassification(config)
    elif kind == "mdeberta":
        positions = {"max_position_embeddings": 64, "relative_attention": True, "pos_att_type": ["p2c", "c2p"]}
        config = transformers.DebertaV2Config(vocab_size=size, **positions, **shape, **names)
        model = transformers.DebertaV2ForTokenClassification(config)
    else:
        config = transformers.AutoConfig.from_pretrained(source, **names)
        model = transformers.MT5ForTokenClassification(config)
    for weights in source.glob("*.safetensors"):
        weights.unlink()
    model.eval().save_pretrained(source)
    return source


@pytest.mark.parametrize("kind", ["bert", "mdeberta", "mt5"])
def test_other_encoders(tmp_path, kind):
    folder = save_classifier(tmp_path / kind, kind)
    tagger = TransformersTagger(folder, threads=1)
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    sentences = load_corpus("es")[:3]
    for sentence, rows in zip(sentences, tagger.probabilities(sentences), strict=True):
        np.testing.assert_allclose(rows, by_hand(model, tokenizer, sentence.tokens)["first"], atol=1e-5)


def test_batches_change_nothing(folder):
    sentences = load_corpus("de")[:20]
    one = TransformersTagger(folder, budget=1).probabilities(sentences)
    many = TransformersTagger(folder, budget=100_000).probabilities(sentences[::-1])[::-1]
    for left, right in zip(one, many, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


@pytest.mark.parametrize("words", ["first", "average", "max"])
@pytest.mark.parametrize("overlap", [-1, 0, 50])
def test_long_sentences_are_read_in_windows(folder, monkeypatch, words, overlap):
    """With a model that looks at one piece at a time, every word has what it has by itself: nothing is cut off."""
    tagger = TransformersTagger(folder, words=words, overlap=overlap)
    table = torch.randn(len(tagger._tokenizer), 7, generator=torch.Generator().manual_seed(1))
    widths = []

    def forward(input_ids, attention_mask):
        widths.append(input_ids.shape[1])
        return transformers.modeling_outputs.TokenClassifierOutput(logits=table[input_ids])

    monkeypatch.setattr(tagger._model, "forward", forward)
    tokens = tuple(token for s in load_corpus("de") for token in s.tokens)[:300]
    (rows,) = tagger.probabilities([Sentence(tokens)])
    assert max(widths) <= 64
    for row, token in zip(rows, tokens, strict=True):
        pieces = table[tagger._tokenizer([token], is_split_into_words=True, add_special_tokens=False)["input_ids"]]
        by_piece = pieces.softmax(-1).numpy()
        surest = by_piece[by_piece.max(axis=1).argmax()]
        expected = {"first": by_piece[0], "average": by_piece.mean(axis=0), "max": surest}[words]
        np.testing.assert_allclose(row, expected, atol=1e-5)


def test_words_in_short_sentences_need_no_window(folder):
    short, long = load_corpus("de")[0], Sentence(tuple(load_corpus("de")[1].tokens) * 20)
    tagger = TransformersTagger(folder)
    np.testing.assert_allclose(tagger.probabilities([short, long])[0], tagger.probabilities([short])[0], atol=1e-5)


def test_dropped_labels_count_as_outside(folder):
    sentence = load_corpus("de")[0]
    (whole,) = TransformersTagger(folder).probabilities([sentence])
    tagger = TransformersTagger(folder, labels="ORG=O,PER=person")
    assert tagger.labels == ("LOC", "person")
    (rows,) = tagger.probabilities([sentence])
    np.testing.assert_allclose(rows[:, 0], whole[:, [0, 3, 4]].sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(rows[:, 1:], whole[:, [1, 2, 5, 6]], atol=1e-6)
    assert TransformersTagger(folder, labels=("LOC=place",), others="drop").labels == ("place",)


# --- spans ---------------------------------------------------------------------------------------------------------


def test_it_labels_what_it_has_learned(taught):
    corpus = small_corpus()
    found = load_tagger(f"transformers:{taught}").tag([Sentence(s.tokens, (), s.id, s.lang) for s in corpus])
    assert [s.spans for s in found] == [s.spans for s in corpus]
    scores = [span.score for s in found for span in s.spans]
    assert all(0.5 < score <= 1.0 for score in scores)


def test_all_that_is_not_spans_stays(folder):
    sentence = load_corpus("de")[0]
    old = Sentence(sentence.tokens, (Span(0, 3, "X"),), "s1", "de", sentence.text, sentence.offsets)
    empty = Sentence((), id="e")
    found = TransformersTagger(folder).tag([empty, old, Sentence(tuple(ODD)), empty])
    assert (found[0], found[3]) == (empty, empty)
    assert (found[1].tokens, found[1].id, found[1].text) == (sentence.tokens, "s1", sentence.text)
    assert found[2].tokens == tuple(ODD)
    for one in found:
        assert from_tags(one.tags(), scheme="IOB2") == list(one.spans)
        assert all(span.label != "X" and 0.0 <= span.score <= 1.0 for span in one.spans)
    assert TransformersTagger(folder).tag([]) == []


def test_progress_is_told(folder):
    told = []
    TransformersTagger(folder).tag(load_corpus("de")[:5], advance=lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)


def test_on_the_command_line(taught, tmp_path, capsys):
    (tmp_path / "in.txt").write_text("The mayor left London .\n\n", encoding="utf-8")
    out = tmp_path / "out.conll"
    assert main(["tag", str(tmp_path / "in.txt"), "--tagger", f"transformers:{taught}", "-o", str(out)]) == 0
    words = [line.split()[0] for line in out.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert words == ["The", "mayor", "left", "London", "."]
    assert main(["tag", str(tmp_path / "in.txt"), "--tagger", str(taught), "-o", str(out)]) != 0
    assert f"transformers:{taught}" in capsys.readouterr().err.replace("\n", "")


# --- faults --------------------------------------------------------------------------------------------------------


def changed(folder, place, **entries):
    """A copy of a model with other lines in its configuration."""
    shutil.copytree(folder, place)
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**config, **entries}))
    return place


def test_labels_without_names(folder, tmp_path):
    plain = {f"{n}": f"LABEL_{n}" for n in range(7)}
    place = changed(folder, tmp_path / "plain", id2label=plain, label2id={v: int(k) for k, v in plain.items()})
    with pytest.raises(ModelError, match=r"does not say what its label LABEL_0 means.*LABEL_0=O"):
        TransformersTagger(place)
    names = ",".join(f"LABEL_{n}={tag}" for n, tag in enumerate(TAGS))
    sentence = load_corpus("de")[0]
    tagger = TransformersTagger(place, labels=names)
    np.testing.assert_array_equal(
        tagger.probabilities([sentence])[0], TransformersTagger(folder).probabilities([sentence])[0]
    )


def test_a_label_that_is_needed(folder):
    with pytest.raises(ModelError, match="knows no label 'MISC'"):
        TransformersTagger(folder, needed="PER,MISC")
    assert TransformersTagger(folder, needed="PER").labels == ("LOC", "ORG", "PER")


def test_a_model_that_was_not_trained_to_label(tmp_path):
    place = save_xlmr(tmp_path / "plain")
    with pytest.raises(ModelError, match=r"lacks weights that AutoModelForTokenClassification needs.*classifier"):
        TransformersTagger(place, labels="LABEL_0=O,LABEL_1=I-PER")


def test_numbers_that_are_none(folder, tmp_path):
    model = transformers.AutoModelForTokenClassification.from_pretrained(folder)
    with torch.no_grad():
        model.classifier.bias.fill_(float("nan"))
    place = tmp_path / "nan"
    shutil.copytree(folder, place)
    model.save_pretrained(place)
    with pytest.raises(ModelError, match="no numbers"):
        TransformersTagger(place).tag([load_corpus("de")[0]])


def test_memory_that_runs_out_halves_the_batch(folder, monkeypatch):
    from crosspan.models.batching import SmallerBatch

    tagger = TransformersTagger(folder)
    expected = tagger.probabilities(load_corpus("de")[:8])
    whole = tagger._model.forward

    def tight(*args, **named):
        if len(named["input_ids"]) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return whole(*args, **named)

    monkeypatch.setattr(tagger._model, "forward", tight)
    with pytest.warns(SmallerBatch, match="half as many"):
        found = tagger.probabilities(load_corpus("de")[:8])
    for left, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": "last"}, "words is 'last'"),
        ({"others": "leave"}, "others is 'leave'"),
        ({"scheme": "IOB3"}, "scheme is 'IOB3'"),
        ({"labels": "PER"}, "OLD=NEW"),
        ({"dtype": "int3"}, "dtype is 'int3'"),
        ({"budget": 0}, "budget is 0"),
        ({"overlap": -2}, "overlap is -2"),
        ({"layer": 3}, "no setting 'layer'"),
        ({"device": "cuda:77"}, "no device 'cuda:77'"),
    ],
)
def test_options_that_cannot_be(folder, options, message):
    with pytest.raises(OptionError, match=message):
        TransformersTagger(folder, **options)


def test_no_model():
    with pytest.raises(OptionError, match="no model is named"):
        TransformersTagger()
    with pytest.raises(ModelError, match="no such folder"):
        load_tagger("transformers:/no/such/folder")
    assert TransformersTaggerOptions(model="x").model == "x"


def test_the_extra_is_missing(folder, monkeypatch):
    import crosspan.models.loading as loading

    def missing(name):
        raise ImportError(name=name)

    monkeypatch.setattr(loading, "import_module", missing)
    with pytest.raises(MissingDependencyError, match=r"crosspan\[neural\]"):
        TransformersTagger(folder)


def test_taggers_of_crosspan_take_no_options():
    with pytest.raises(OptionError, match="no option 'words'"):
        load_tagger("en", words="first")
