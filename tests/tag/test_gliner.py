"""GLiNER by its interface, which a stand-in has: it needs other versions than the rest of the tests."""

from __future__ import annotations

import re
import sys
import types

import numpy as np
import pytest

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag import load_tagger
from crosspan.tag.gliner import SMOOTHING, GlinerOptions, GlinerTagger
from crosspan.text.tokenize import tokenize_sentence

pytest.importorskip("torch")

NAMES = {"Ada Obi": ("person", 0.9), "Accra": ("city", 0.8), "Acme": ("firm", 0.3), "Obi": ("person", 0.4)}
LABELS = "person=PER,city=LOC,firm=ORG"


def splitter(text):
    for match in re.finditer(r"\w+(?:[-_]\w+)*|\S", text):
        yield match.group(), match.start(), match.end()


class StandIn:
    """What :class:`gliner.GLiNER` has of methods; it finds names from a list and cuts off after ``max_len`` words."""

    def __init__(self, max_len=384):
        self.config = types.SimpleNamespace(max_len=max_len)
        self.data_processor = types.SimpleNamespace(words_splitter=splitter)
        self.read = []

    @classmethod
    def from_pretrained(cls, folder, *, local_files_only=False, map_location="cpu"):
        assert local_files_only
        return cls()

    def to(self, where):
        return self

    def eval(self):
        return self

    def inference(self, texts, labels, flat_ner=True, threshold=0.5, multi_label=False, batch_size=8):
        found = []
        for text in texts:
            words = list(splitter(text))
            assert len(words) <= self.config.max_len, "would be cut off"
            self.read.append(text)
            taken, entities = set(), []
            for name, (label, score) in NAMES.items():
                for match in re.finditer(re.escape(name), text):
                    places = set(range(match.start(), match.end()))
                    if label in labels and score >= threshold and not places & taken:
                        taken |= places
                        entities.append({"start": match.start(), "end": match.end(), "text": name, "label": label,
                                         "score": score})  # fmt: skip
            found.append(entities)
        return found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    module = types.ModuleType("gliner")
    module.GLiNER = StandIn
    monkeypatch.setitem(sys.modules, "gliner", module)
    place = tmp_path / "model"
    place.mkdir()
    (place / "gliner_config.json").write_text("{}")
    (place / "model.safetensors").write_bytes(b"")
    return place


def labels(sentence):
    return [(span.start, span.end, span.label, span.score) for span in sentence.spans]


def test_characters_become_words(folder):
    tagger = load_tagger(f"gliner:{folder}", labels=LABELS)
    assert tagger.labels == ("LOC", "ORG", "PER")
    sentence = tokenize_sentence("“Ada Obi”, she’s in Accra-Nord.", id="s", lang="en")
    found = tagger.tag([Sentence(()), sentence, Sentence(("Ada", "Obi", ","), (Span(0, 1, "X"),))])
    accra = next(index for index, token in enumerate(sentence.tokens) if "Accra" in token)
    assert labels(found[1]) == [(1, 3, "PER", 0.9), (accra, accra + 1, "LOC", 0.8)]
    assert (found[1].tokens, found[1].text, found[1].id) == (sentence.tokens, sentence.text, "s")
    assert labels(found[2]) == [(0, 2, "PER", 0.9)]
    assert found[0] == Sentence(())


def test_text_is_read_as_it_is_written(folder):
    tagger = GlinerTagger(folder, labels=LABELS)
    sentence = tokenize_sentence("l’Ada  Obi 👩‍👩‍👧 naïve")
    tagger.tag([sentence, Sentence(("東京", "Accra", "."))])
    assert tagger._model.read == ["l’Ada  Obi 👩‍👩‍👧 naïve", "東京 Accra."]


def test_spans_that_share_a_word_keep_the_surer_one(folder):
    found = GlinerTagger(folder, labels=LABELS, threshold=0.2).tag([Sentence(("Accra_Acme", "Acme"))])
    assert labels(found[0]) == [(0, 1, "LOC", 0.8), (1, 2, "ORG", 0.3)]


@pytest.mark.parametrize("longest", [2, 3, 5, 8, 50])
def test_long_sentences_are_read_in_windows(folder, longest):
    tokens = tuple(("so went Ada Obi to Accra-Nord-Ost , " * 5).split())
    tagger = GlinerTagger(folder, labels=LABELS, max_words=longest)
    tagger._model.config.max_len = longest
    (found,) = tagger.tag([Sentence(tokens)])
    whole = GlinerTagger(folder, labels=LABELS).tag([Sentence(tokens)])[0]
    places = [(span.start, span.end) for span in whole.spans if span.end - span.start == 1 or longest > 3]
    assert set(places) <= {(span.start, span.end) for span in found.spans}
    assert len(places) >= 5


def test_probabilities_say_the_same(folder):
    tagger = GlinerTagger(folder, labels=LABELS)
    sentence = Sentence(("Ada", "Obi", "left", "Acme"))
    rows, none = tagger.probabilities([sentence, Sentence(())])
    assert (rows.shape, none.shape, rows.dtype) == ((4, 7), (0, 7), np.float32)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-6)
    tags = [tagger.tags[index] for index in rows.argmax(axis=1)]
    assert tags == ["B-PER", "I-PER", "O", "O"] == tagger.tag([sentence])[0].tags()
    assert rows[3, tagger.tags.index("B-ORG")] == pytest.approx(0.3, abs=0.01)  # faint, but there
    assert rows[2, 0] == pytest.approx(1 - SMOOTHING)


def test_faults(folder, tmp_path, monkeypatch):
    for options, message in (
        ({"threshold": 2.0}, "threshold is 2.0"),
        ({"labels": ""}, "OLD=NEW"),
        ({"batch": 0}, "batch is 0"),
        ({"words": "first"}, "no setting 'words'"),
    ):
        with pytest.raises(OptionError, match=message):
            GlinerTagger(folder, **options)
    with pytest.raises(OptionError, match="no kind of entity"):
        GlinerOptions(labels=())
    with pytest.raises(OptionError, match="no model is named"):
        GlinerTagger()
    with pytest.raises(ModelError, match="no such folder"):
        GlinerTagger("/no/such/folder")
    (tmp_path / "other").mkdir()
    with pytest.raises(ModelError, match=r"no gliner_config\.json"):
        GlinerTagger(tmp_path / "other")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"weights are in pytorch_model\.bin.*safe_serialization"):
        GlinerTagger(folder)


def test_a_broken_model(folder, monkeypatch):
    def broken(*args, **named):
        raise RuntimeError("size mismatch\nand more")

    monkeypatch.setattr(StandIn, "from_pretrained", broken)
    with pytest.raises(ModelError, match=r"cannot be loaded \(size mismatch\)"):
        GlinerTagger(folder)


def test_the_package_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "gliner", None)
    with pytest.raises(MissingDependencyError, match=r"crosspan\[gliner\]"):
        GlinerTagger(tmp_path)
