from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.tag import load_tagger
from crosspan.text.tokenize import tokenize_sentence

spacy = pytest.importorskip("spacy")

from crosspan.tag.smoothing import SMOOTHING  # noqa: E402
from crosspan.tag.spacy import SpacyTagger  # noqa: E402

PATTERNS = [
    {"label": "PERSON", "pattern": "Ada Obi"},
    {"label": "GPE", "pattern": "Accra"},
    {"label": "FAC", "pattern": [{"TEXT": "Ngong"}, {"TEXT": "Road"}]},
    {"label": "ORG", "pattern": "O'Neill's"},
    {"label": "DATE", "pattern": "Monday"},
]
SENTENCE = tokenize_sentence("On Monday Ada Obi left Accra by Ngong Road.", id="s1", lang="en")


@pytest.fixture(scope="module")
def ruled(tmp_path_factory):
    """A pipeline with rules."""
    folder = tmp_path_factory.mktemp("spacy") / "ruled"
    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns(PATTERNS)
    pipeline.to_disk(folder)
    return folder


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A pipeline that has learned from a few sentences."""
    from spacy.training import Example
    from spacy.util import fix_random_seed

    fix_random_seed(1)
    folder = tmp_path_factory.mktemp("spacy") / "learned"
    pipeline = spacy.blank("en")
    pipeline.add_pipe("ner", config={"model": {"tok2vec": {"width": 32, "depth": 1, "embed_size": 200}}})
    texts = [f"{verb} in {place} ." for verb in ("Live", "Work") for place in ("Accra", "Lagos", "Kano", "Kigali")]
    examples = []
    for text in texts:
        start = text.index(" in ") + 4
        annotations = {"entities": [(start, len(text) - 2, "LOC")]}
        examples.append(Example.from_dict(pipeline.make_doc(text), annotations))
    pipeline.initialize(lambda: examples)
    for _ in range(30):
        pipeline.update(examples)
    pipeline.to_disk(folder)
    return folder


def labels(sentence):
    return [(span.start, span.end, span.label) for span in sentence.spans]


def test_labels_are_mapped_and_others_kept(ruled):
    tagger = SpacyTagger(ruled)
    assert tagger.labels == ("DATE", "LOC", "ORG", "PER")
    assert tagger.tags[:3] == ("O", "B-DATE", "I-DATE")
    (found,) = tagger.tag([SENTENCE])
    assert labels(found) == [(1, 2, "DATE"), (2, 4, "PER"), (5, 6, "LOC"), (7, 9, "LOC")]
    assert [span.score for span in found.spans] == [None] * 4
    assert (found.tokens, found.text, found.offsets, found.id, found.lang) == (
        SENTENCE.tokens,
        SENTENCE.text,
        SENTENCE.offsets,
        "s1",
        "en",
    )


def test_others_can_be_dropped_and_names_left_alone(ruled):
    assert SpacyTagger(ruled, others="drop").labels == ("LOC", "ORG", "PER")
    assert labels(SpacyTagger(ruled, others="drop").tag([SENTENCE])[0]) == [(2, 4, "PER"), (5, 6, "LOC"), (7, 9, "LOC")]
    assert SpacyTagger(ruled, labels={}).labels == ("DATE", "FAC", "GPE", "ORG", "PERSON")
    only = SpacyTagger(ruled, labels={"GPE": "place"}, others="drop")
    assert labels(only.tag([SENTENCE])[0]) == [(5, 6, "place")]


def test_our_tokens_are_kept(ruled):
    """spaCy's own tokeniser would cut these otherwise."""
    sentence = Sentence(("O'Neill's", "e-mail", "don't", "Accra"))
    found = SpacyTagger(ruled).tag([sentence])[0]
    assert found.tokens == sentence.tokens
    assert labels(found)[-1] == (3, 4, "LOC")


def test_labels_that_are_there_are_replaced_and_empty_sentences_stay(ruled):
    old = Sentence(("Accra", "Monday"), (Span(0, 2, "X"),))
    empty = Sentence((), id="e")
    found = SpacyTagger(ruled).tag([empty, old, empty, SENTENCE])
    assert labels(found[1]) == [(0, 1, "LOC"), (1, 2, "DATE")]
    assert found[0] == found[2] == empty
    assert len(found[3].spans) == 4
    assert SpacyTagger(ruled).tag([]) == []


def test_probabilities_are_smoothed(ruled):
    tagger = SpacyTagger(ruled)
    rows, none = tagger.probabilities([SENTENCE, Sentence(())])
    assert rows.shape == (len(SENTENCE), len(tagger.tags))
    assert none.shape == (0, len(tagger.tags))
    assert rows.dtype == np.float32
    assert rows.sum(axis=1) == pytest.approx(np.ones(len(SENTENCE)))
    assert rows.max(axis=1) == pytest.approx(np.full(len(SENTENCE), 1 - SMOOTHING))
    assert [tagger.tags[index] for index in rows.argmax(axis=1)] == tagger.tag([SENTENCE])[0].tags()


def test_a_pipeline_that_has_learned(learned):
    tagger = load_tagger(f"spacy:{learned}")
    assert tagger.labels == ("LOC",)
    found = tagger.tag([Sentence(("Live", "in", place, ".")) for place in ("Accra", "Kano")])
    assert [sentence.tags() for sentence in found] == [["O", "O", "B-LOC", "O"]] * 2
    assert [sentence.tags() for sentence in tagger.tag(found)] == [sentence.tags() for sentence in found]


def test_bad_use(tmp_path, ruled):
    with pytest.raises(ModelError, match="no such pipeline") as caught:
        SpacyTagger("xx_no_such_pipeline")
    assert "spacy download" in caught.value.hint
    (tmp_path / "bad").mkdir()
    with pytest.raises(ModelError, match="cannot be loaded"):
        SpacyTagger(tmp_path / "bad")
    spacy.blank("en").to_disk(tmp_path / "blank")
    with pytest.raises(ModelError, match="nothing in the pipeline finds entities"):
        SpacyTagger(tmp_path / "blank")
    with pytest.raises(OptionError, match="keep or drop"):
        SpacyTagger(ruled, others="leave")


def test_a_pipeline_may_merge_tokens(tmp_path, ruled):
    """Its entities are brought to our words by their characters, however it counts tokens."""
    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns(PATTERNS)
    pipeline.add_pipe("merge_entities")
    pipeline.to_disk(tmp_path / "merging")
    for sentence in (SENTENCE, Sentence(SENTENCE.tokens)):
        found = SpacyTagger(tmp_path / "merging").tag([sentence])[0]
        assert labels(found) == labels(SpacyTagger(ruled).tag([sentence])[0]) != []


def test_text_is_cut_as_the_pipeline_learned_it():
    """An article that hangs on a name is no part of the entity where the language says so, and else the word is one."""
    pipeline = spacy.blank("fr")
    pipeline.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "ORG", "pattern": [{"TEXT": "Union"}, {"TEXT": "européenne"}]},
            {"label": "LOC", "pattern": [{"TEXT": "Paris"}]},
            {"label": "PER", "pattern": [{"TEXT": "Hollande"}]},
        ]
    )
    tagger = SpacyTagger(pipeline)
    text = "Pour l'Union européenne,  aujourd'hui à Paris: d’Hollande\ud800."
    known, unknown = tokenize_sentence(text, lang="fr"), tokenize_sentence(text)
    for sentence, entities in (
        (known, ["Union européenne", "Paris", "Hollande"]),
        (unknown, ["l'Union européenne", "Paris", "d’Hollande"]),
    ):
        (found,) = tagger.tag([sentence])
        assert [entity.text for entity in found.entities()] == entities
        assert replace(found, spans=()) == sentence
    # words alone are read as they are
    assert labels(tagger.tag([Sentence(("l'", "Union", "européenne"))])[0]) == [(1, 3, "ORG")]
    assert labels(tagger.tag([Sentence(("l'Union", "européenne"))])[0]) == []


def test_entities_that_meet_in_a_word(ruled):
    pipeline = spacy.load(ruled)
    pipeline.get_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": [{"TEXT": "Lagos"}]}])
    assert labels(SpacyTagger(pipeline).tag([tokenize_sentence("the Accra-Lagos road to Accra")])[0]) == [
        (1, 2, "LOC"),
        (4, 5, "LOC"),
    ]


def test_a_published_pipeline_for_french():
    pytest.importorskip("fr_core_news_sm", reason="needs the pipeline fr_core_news_sm")
    tagger = load_tagger("spacy:fr_core_news_sm")
    text = "Hier, Emmanuel Macron a rencontré les dirigeants de l'Union européenne à Bruxelles."
    (found,) = tagger.tag([tokenize_sentence(text, lang="fr")])
    assert [(one.text, one.label) for one in found.entities()] == [
        ("Emmanuel Macron", "PER"),
        ("Union européenne", "ORG"),
        ("Bruxelles", "LOC"),
    ]
