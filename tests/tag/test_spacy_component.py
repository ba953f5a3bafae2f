from __future__ import annotations

import shutil
import tomllib
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from crosspan.core.errors import CrosspanError
from crosspan.core.types import Sentence, Span
from crosspan.tag.chain import allowed_transitions
from crosspan.tag.crf import CrfModel, FeatureOptions
from crosspan.tag.model_file import save_model

spacy = pytest.importorskip("spacy")

from crosspan.tag import spacy_component  # noqa: E402


@pytest.fixture(scope="module")
def names():
    """A pipeline with the embedded tagger, which tags sentence by sentence."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("crosspan")
    return nlp


def entities(doc):
    return [(one.text, one.label_) for one in doc.ents]


def everything(path, label="NAM"):
    """A model that takes every word for an entity."""
    transition = allowed_transitions(1)
    transition[:, 1] = 9.0
    model = CrfModel(
        (label,), FeatureOptions(lexicon=False), np.zeros(0, np.uint32), np.zeros((0, 3), np.float32), transition
    )
    save_model(model, path)
    return path


def test_entities_and_how_sure_they_are(names):
    doc = names("😀 Angela Merkel  flew\n\nto Paris. She met Barack Obama there.")
    assert entities(doc) == [("Angela Merkel", "PER"), ("Paris", "LOC"), ("Barack Obama", "PER")]
    assert all(0.5 < one._.crosspan_score <= 1 for one in doc.ents)
    assert doc[1].ent_iob_ == "B"


def test_it_is_what_the_tagger_finds_in_each_sentence(names):
    text = "Ada lives in Accra. Lagos is larger."
    doc = names(text)
    tokens = [tuple(token.text for token in part) for part in doc.sents]
    found = names.get_pipe("crosspan").tagger.tag([Sentence(one) for one in tokens])
    own = [(span.start, span.end, span.label) for one in found for span in one.spans]
    assert [(one.start - one.sent.start, one.end - one.sent.start, one.label_) for one in doc.ents] == own
    assert own


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_text_without_words(names, text):
    assert entities(names(text)) == []


def test_white_space_belongs_to_no_entity(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("crosspan", config={"model": str(everything(tmp_path / "m.crf"))})
    assert entities(nlp("Ada   Obi")) == [("Ada", "NAM"), ("Obi", "NAM")]


@pytest.mark.parametrize(
    ("overwrite", "expected"), [(True, [("Paris", "LOC")]), (False, [("in Paris", "X")])], ids=["theirs", "ours"]
)
def test_entities_that_are_there(overwrite, expected):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "X", "pattern": "in Paris"}, {"label": "Y", "pattern": "Today"}])
    nlp.add_pipe("crosspan", config={"overwrite": overwrite})
    assert entities(nlp("Today it rains in Paris")) == [("Today", "Y"), *expected]


def test_many_at_a_time_are_those_one_by_one(names):
    texts = ["Ada went to Accra.", "", "Barack Obama spoke. Nairobi listened."]
    assert [entities(doc) for doc in names.pipe(texts, batch_size=2)] == [entities(names(text)) for text in texts]


class Picky:
    """A tagger that does not like a word."""

    labels = ("NAM",)

    def tag(self, sentences):
        if any("bad" in one.tokens for one in sentences):
            raise ValueError("bad")
        return [Sentence(one.tokens, (Span(0, 1, "NAM"),)) for one in sentences]


def test_a_document_that_fails_costs_no_other():
    nlp, failed = spacy.blank("en"), []
    nlp.add_pipe("crosspan")._tagger = Picky()
    with pytest.raises(ValueError, match="bad"):
        nlp("a bad one")
    nlp.set_error_handler(lambda name, component, docs, error: failed.extend(doc.text for doc in docs))
    found = [(doc.text, entities(doc)) for doc in nlp.pipe(["one", "a bad one", "two"])]
    assert found == [("one", [("one", "NAM")]), ("two", [("two", "NAM")])]
    assert failed == ["a bad one"]


def test_a_saved_pipeline_holds_its_model_and_can_be_moved(tmp_path):
    nlp = spacy.blank("xx")
    nlp.add_pipe("crosspan", config={"model": str(everything(tmp_path / "m.crf"))})
    nlp.to_disk(tmp_path / "one")
    (tmp_path / "m.crf").unlink()
    shutil.move(tmp_path / "one", tmp_path / "other")
    again = spacy.load(tmp_path / "other")
    assert entities(again("Ada")) == [("Ada", "NAM")]
    again.to_disk(tmp_path / "other")  # onto itself: what it was loaded from is what is kept
    assert entities(spacy.load(tmp_path / "other")("Ada")) == [("Ada", "NAM")]


def test_a_model_that_is_not_there(tmp_path):
    nlp = spacy.blank("en")
    nlp.add_pipe("crosspan", config={"model": str(tmp_path / "none.crf")})
    with pytest.raises(CrosspanError, match=r"none\.crf"):
        nlp("Ada")


def test_spacy_finds_it_by_itself():
    about = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    module, _, name = about["project"]["entry-points"]["spacy_factories"]["crosspan"].partition(":")
    assert getattr(import_module(module), name) is spacy_component.entity_finder
