from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crosspan.core.errors import ArgumentError, ModelError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag import load_tagger
from crosspan.tag.given import as_tagger
from crosspan.text.tokenize import tokenize_sentence

SENTENCES = [Sentence(("in", "Accra"), (Span(0, 1, "OLD"),), id="a"), Sentence(()), tokenize_sentence("Ada left.")]


def capitals(sentences):
    assert not any(sentence.spans for sentence in sentences)
    return [
        replace(s, spans=tuple(Span(i, i + 1, "NAME", 0.75) for i, word in enumerate(s.tokens) if word[0].isupper()))
        for s in sentences
    ]


class Capitals:
    def tag(self, sentences):
        yield from capitals(sentences)


@pytest.mark.parametrize("given", [capitals, Capitals(), lambda sentences: capitals(sentences)])
def test_anything_that_tags(given):
    tagger = as_tagger(given)
    found = tagger.tag(SENTENCES)
    assert [sentence.tags() for sentence in found] == [["O", "B-NAME"], [], ["B-NAME", "O", "O"]]
    assert found[0].id == "a"
    assert tagger.tag([]) == []


def test_probabilities_need_the_labels():
    with pytest.raises(OptionError, match="labels of capitals are not known"):
        as_tagger(capitals).probabilities(SENTENCES)
    tagger = as_tagger(capitals, labels=["NAME", "LOC"])
    assert tagger.labels == ("LOC", "NAME")
    assert tagger.tags == ("O", "B-LOC", "I-LOC", "B-NAME", "I-NAME")
    rows, none, _ = tagger.probabilities(SENTENCES)
    assert none.shape == (0, 5)
    assert rows.dtype == np.float32
    assert rows.sum(axis=1) == pytest.approx(np.ones(2))
    assert rows[1, 3] == 0.75
    assert rows[0, 0] == pytest.approx(0.95)
    with pytest.raises(ModelError, match="finds 'NAME', which is not among its labels"):
        as_tagger(capitals, labels=["LOC"]).probabilities(SENTENCES)


def test_names_paths_and_taggers():
    tagger = load_tagger("en")
    assert as_tagger(tagger) is tagger
    assert as_tagger("en").labels == as_tagger(Path("en")).labels == tagger.labels
    with pytest.raises(OptionError, match="no tagger 'xx'"):
        as_tagger("xx")
    with pytest.raises(OptionError, match="'batch'"):
        as_tagger("en", batch=3)
    with pytest.raises(OptionError, match="no option 'batch'"):
        as_tagger(capitals, batch=3)
    with pytest.raises(OptionError, match="knows its labels itself"):
        as_tagger(tagger, labels=["X"])


@pytest.mark.parametrize("given", [3, None, ["en"], object()])
def test_what_does_not_tag(given):
    with pytest.raises(ArgumentError, match="is no tagger") as caught:
        as_tagger(given)
    assert "an object with tag(sentences)" in caught.value.hint
    with pytest.raises(ArgumentError, match="Capitals is a class"):
        as_tagger(Capitals)


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (lambda sentences: sentences[:1], "returned 1 sentences for 3"),
        (lambda sentences: None, "returned a NoneType"),
        (lambda sentences: sentences[0], "returned a Sentence for a list"),
        (lambda sentences: [["O"]] * 3, "returned a list for sentence 1"),
        (lambda sentences: [Sentence(("x",))] * 3, "changed the words of sentence 1"),
    ],
)
def test_what_a_tagger_returns_is_checked(tag, message):
    with pytest.raises(ModelError, match=message):
        as_tagger(tag).tag(SENTENCES)


def test_a_pipeline_of_spacy_is_taken_as_it_is():
    spacy = pytest.importorskip("spacy")
    nlp = spacy.blank("en")
    patterns = [{"label": "PERSON", "pattern": "Ada Obi"}, {"label": "GPE", "pattern": "Accra"}]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    tagger = as_tagger(nlp)
    sentence = Sentence(("don't", "call", "Ada", "Obi", "in", "Accra"))  # words that spaCy would cut otherwise
    (found,) = tagger.tag([sentence])
    assert found.tokens == sentence.tokens
    assert [(span.start, span.label) for span in found.spans] == [(2, "PER"), (5, "LOC")]
    assert tagger.labels == ("LOC", "PER")
    assert as_tagger(nlp, labels={}).labels == ("GPE", "PERSON")
    assert as_tagger(nlp, labels={"GPE": "place"}, others="drop").labels == ("place",)
    with pytest.raises(OptionError, match="labels is"):
        as_tagger(nlp, labels=["PER"])
    nlp.add_pipe("merge_entities")
    assert as_tagger(nlp).tag([sentence]) == [found]  # names are found by their characters, whatever is a token there
    assert as_tagger(nlp, disable=["merge_entities"]).tag([sentence]) == [found]
    with pytest.raises(ModelError, match="nothing in the pipeline finds entities") as caught:
        as_tagger(spacy.blank("en"))
    assert caught.value.where == "en_pipeline"


def test_spacy_is_not_imported_to_ask():
    code = "import sys; from crosspan.tag.given import as_tagger; as_tagger(list); print('spacy' in sys.modules)"
    code = code.replace("as_tagger(list)", "as_tagger(lambda s: s)")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
