from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crosspan
from crosspan.core.errors import MissingDependencyError, ModelError, OptionError, PairError
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.demo import load_corpus
from crosspan.evaluate import evaluate_ner
from crosspan.project.marked_translation import back_translate, compose, style_for, translate_marked
from crosspan.project.marker_options import MarkerOptions
from crosspan.text import tokenize_sentence
from crosspan.translate import Translation, make_translator
from crosspan.translate.guard import Guarded

ADA = Sentence(
    ("Ada", "Obi", "left", "the", "Netherlands", "for", "Accra", "."),
    (Span(0, 2, "PER"), Span(3, 5, "LOC"), Span(6, 7, "LOC")),
    id="s1",
    lang="en",
)
NOBODY = Sentence(("Nobody", "left", "."), id="s2", lang="en")
SPANISH = {
    "left": "dejó",
    "the": "los",
    "Netherlands": "Países Bajos",
    "for": "por",
    "Accra": "Acra",
    "Nobody": "Nadie",
}


class Dictionary:
    """Translates word for word, keeps notes of what it was asked, and spoils markers as it is told."""

    def __init__(self, words=SPANISH, spoil=lambda text: text):
        self.words, self.spoil = words, spoil
        self.calls = []

    def translate(self, texts, *, source, target, advance=None):
        self.calls.append((list(texts), source, target))
        found = []
        for number, text in enumerate(texts, 1):
            words = re.sub(r"(?<![<\w/])\w+(?![\w>])", lambda word: self.words.get(word[0], word[0]), text)
            found.append(Translation(self.spoil(words)))
            if advance is not None:
                advance(number, len(texts))
        return found


class Tagged(Dictionary):
    """One that keeps tags."""

    def translate_tagged(self, texts, **options):
        return self.translate(texts, **options)


def run(translator, sentences=(ADA, NOBODY), **options):
    return translate_marked(
        sentences, translator, source_lang="en", target_lang="es", options=MarkerOptions(**options) if options else None
    )


def entities(sentence):
    return [
        (sentence.text[sentence.offsets[span.start][0] : sentence.offsets[span.end - 1][1]], span.label)
        for span in sentence.spans
    ]


NAMES = [("Ada Obi", "PER"), ("los Países Bajos", "LOC"), ("Acra", "LOC")]


@pytest.mark.parametrize("markers", ["auto", "brackets", "xml", "classes", "tags"])
def test_labels_come_along(markers):
    first, second = run(Dictionary(), markers=markers)
    assert first.sentence.text == "Ada Obi dejó los Países Bajos por Acra ."
    assert entities(first.sentence) == NAMES
    assert (first.sentence.id, first.sentence.lang, first.source) == ("s1", "es", ADA)
    assert [link.source for link in first.projection.links] == list(ADA.spans)
    assert (first.projection.dropped, first.error) == ((), None)
    assert second.sentence.tokens == ("Nadie", "dejó", ".")
    assert (second.sentence.spans, second.error) == ((), None)


def test_the_translator_is_called_twice_with_different_entities_once():
    translator = Dictionary()
    steps = []
    translate_marked(
        [ADA, NOBODY, ADA], translator, source_lang="en", target_lang="es", advance=lambda *step: steps.append(step)
    )
    (whole, *languages), (alone, *_) = translator.calls
    assert len(whole) == 3
    assert alone == ["Ada Obi", "the Netherlands", "Accra"]
    assert languages == ["en", "es"]
    assert steps == [(1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_tags_of_a_translator_that_keeps_them():
    assert style_for(Tagged(), MarkerOptions()) == "tags"
    assert style_for(Dictionary(), MarkerOptions()) == "brackets"
    assert style_for(Tagged(), MarkerOptions(markers="xml")) == "xml"
    translator = Tagged()
    found = run(translator)[0]
    assert found.marked.startswith("<n0>Ada Obi</n0> left")
    assert entities(found.sentence) == NAMES


def test_tags_of_a_translator_that_another_is_put_around():
    found = run(Guarded(Tagged()))[0]
    assert found.marked.startswith("<n0>Ada Obi</n0>")
    assert entities(found.sentence) == NAMES


def test_without_entities_by_themselves():
    translator = Tagged()
    found = run(translator, entity_wise=False)[0]
    assert len(translator.calls) == 1
    assert entities(found.sentence) == NAMES
    with pytest.raises(OptionError, match="do not say which entity"):
        run(Dictionary(), entity_wise=False)


def reversed_words(text):
    pieces = re.findall(r"\[[^\[\]]*\]|\S+", text)
    return " ".join(reversed(pieces))


@pytest.mark.parametrize(
    ("spoil", "names"),
    [
        (reversed_words, NAMES),
        (lambda text: text.replace("[", "[[ ").replace("]", " ]]"), NAMES),  # doubled
        (lambda text: text.replace("[", " [ ").replace("]", " ] "), NAMES),  # spaced
        (lambda text: text.replace("[", "「").replace("]", "」"), NAMES),
        (lambda text: text.replace("]", "", 1), NAMES),  # broken
        (lambda text: re.sub(r"[\[\]]", "", text, count=2), NAMES[1:]),  # dropped
        (lambda text: text.replace("] dejó [los", " dejó [los").replace("Bajos]", "Bajos]]"), NAMES),  # nested
        (lambda text: text.replace("[", "").replace("]", ""), []),
    ],
    ids=["reordered", "doubled", "spaced", "full-width", "broken", "dropped", "nested", "lost"],
)
def test_spoiled_markers(spoil, names):
    found = run(Dictionary(spoil=lambda text: spoil(text) if "dejó" in text else text), [ADA])[0]
    assert sorted(entities(found.sentence)) == sorted(names)
    assert not set("[]「」") & set(found.sentence.text)
    assert len(found.projection.links) + len(found.projection.dropped) == 3
    assert {span.reason for span in found.projection.dropped} <= {"filtered:marker_lost"}


def test_a_full_stop_after_an_entity_by_itself_does_not_count():
    translator = Dictionary(spoil=lambda text: text if "dejó" in text else text + ".")
    assert [link.confidence for link in run(translator, [ADA])[0].projection.links] == [1.0, 1.0, 1.0]


def test_a_failed_sentence_is_an_error_and_the_others_go_on():
    def spoil(text):
        return "" if "Nadie" in text else text

    blank = Sentence((), id="s3")
    first, second, third = run(Dictionary(spoil=spoil), [ADA, NOBODY, blank])
    assert first.error is None
    assert second.error == "the translation is not to be trusted: empty"
    assert third.error == "the sentence has no words"
    assert [one.projection.status for one in (first, second, third)] == ["ok", "error", "error"]

    class Looping(Dictionary):
        def translate(self, texts, **options):
            return [Translation("[Ada " * 9, problem="looping") for _ in texts]

    found = run(Looping(), [ADA])[0]
    assert found.error == "the translation is not to be trusted: looping"
    assert [span.reason for span in found.projection.dropped] == ["error"] * 3
    assert found.sentence.spans == ()
    assert found.sentence.id == "s1"


def test_an_entity_that_has_no_translation_of_its_own_is_compared_as_it_is():
    class Shy(Dictionary):
        def translate(self, texts, **options):
            found = super().translate(texts, **options)
            return [Translation("", problem="empty") if "dejó" not in one.text else one for one in found]

    found = run(Shy(), [ADA])[0]
    assert ("Ada Obi", "PER") in entities(found.sentence)


def test_a_translator_that_loses_texts():
    class Short(Dictionary):
        def translate(self, texts, **options):
            return super().translate(texts, **options)[1:]

    with pytest.raises(ModelError, match="gave 1 texts for 2"):
        run(Short())


def test_nothing_to_do():
    assert run(Dictionary(), []) == []


def test_text_of_the_source_is_used_as_written():
    sentence = tokenize_sentence("Ada's  café [sic], <b>x</b> & y", lang="en")
    cut = Sentence(
        ("Ada", "'s", *sentence.tokens[1:]),
        (Span(0, 1, "PER"),),
        text=sentence.text,
        offsets=((0, 3), (3, 5), *sentence.offsets[1:]),
    )
    for markers in ("brackets", "xml", "classes", "tags"):
        found = run(Dictionary({}), [cut], markers=markers)[0]
        assert found.sentence.text == sentence.text
        assert entities(found.sentence) == [("Ada", "PER")]


# Back-translation


def test_back_translation():
    original = Sentence(("Ada", "Obi", "dejó", "Holanda", "por", "Acra", "."), id="s1", lang="es")
    pairs, found = back_translate([ADA], [original], Dictionary(), source_lang="en", target_lang="es")
    assert pairs[0].target is original
    assert entities(pairs[0].source) == NAMES
    links = Alignment.from_pharaoh("0-0 1-1 2-2 4-3 5-3 6-4 7-5 8-6")
    projection = crosspan.project_labels([pairs[0].source], [original], links=[links], method="heuristic")[0]
    whole = compose(found[0].projection, projection)
    assert [link.source for link in whole.links] == list(ADA.spans)
    assert whole.sentence.tags() == ["B-PER", "I-PER", "O", "B-LOC", "O", "B-LOC", "O"]
    with pytest.raises(PairError, match="1 translations, but 0 originals"):
        back_translate([ADA], [], Dictionary(), source_lang="en", target_lang="es")


def test_composition_accounts_for_every_span():
    per, place, city = ADA.spans
    back = Sentence(("A", "B", "C"), (Span(0, 1, "PER", 0.5), Span(2, 3, "LOC", 0.9)))
    first = Projection(
        back,
        (ProjectedSpan(per, back.spans[0], 0.5), ProjectedSpan(city, back.spans[1], 0.9)),
        (DroppedSpan(place, "filtered:marker_lost"),),
    )
    target = Sentence(("x", "y"), (Span(1, 2, "PER", 0.8),))
    second = Projection(
        target, (ProjectedSpan(back.spans[0], target.spans[0], 0.8),), (DroppedSpan(back.spans[1], "no_link"),)
    )
    whole = compose(first, second)
    assert [(link.source, link.target, link.confidence) for link in whole.links] == [(per, Span(1, 2, "PER"), 0.4)]
    assert whole.sentence.spans[0].score == 0.4
    assert whole.dropped == (DroppedSpan(place, "filtered:marker_lost"), DroppedSpan(city, "no_link"))

    for one, other in (
        (Projection(back, first.links, first.dropped, "bad"), second),
        (first, Projection(target, (), second.dropped, "bad")),
    ):
        whole = compose(one, other)
        assert (whole.error, whole.links, whole.sentence.spans) == ("bad", (), ())
        assert [span.source for span in whole.dropped] == list(ADA.spans)
        assert [span.reason for span in whole.dropped] == ["error", "filtered:marker_lost", "error"]


# Invariants

CORPUS = load_corpus("en")[:4]
SPOILS = [
    lambda text: text,
    lambda text: text.replace("[", "", 1),
    lambda text: text.replace("]", "", 1),
    lambda text: text.replace("[", "[["),
    lambda text: text.replace("]", " ] ]"),
    lambda text: text.replace("[", "(").replace("]", ")"),
    lambda text: " ".join(reversed(text.split(" "))),
    lambda text: text + " " + text,
    lambda text: "[" + text + "]",
    lambda text: text.replace("<", "< ").replace(">", ""),
    lambda text: text.upper(),
    lambda text: "",
]


@settings(deadline=None, max_examples=60)  # something may be compiled
@given(
    markers=st.sampled_from(["brackets", "xml", "classes", "tags"]),
    spoils=st.lists(st.sampled_from(SPOILS), max_size=4),
    counts=st.sampled_from(["keep", "complete", "strict"]),
)
def test_every_span_is_accounted_for(markers, spoils, counts):
    def spoil(text):
        for one in spoils:
            text = one(text)
        return text

    for sentence, found in zip(
        CORPUS, run(Dictionary(spoil=spoil), CORPUS, markers=markers, counts=counts), strict=True
    ):
        projection = found.projection
        accounts = [link.source for link in projection.links] + [span.source for span in projection.dropped]
        assert sorted(accounts) == list(sentence.spans)
        assert projection.sentence.spans == tuple(sorted(link.target for link in projection.links))
        assert [link.source.label for link in projection.links] == [link.target.label for link in projection.links]
        assert projection.error is None or not projection.links
        if counts != "keep" and projection.error is None:
            assert projection.dropped == ()


# For real, with Apertium


@pytest.fixture(scope="module")
def apertium():
    if shutil.which("apertium") is None:
        pytest.skip("needs the program apertium")
    return make_translator("apertium")


def carried(translator, target, sentences, **options):
    """Translate with labels, and check what must hold; skipped where Apertium lacks the languages."""
    try:
        found = translate_marked(
            sentences, translator, source_lang="en", target_lang=target, options=MarkerOptions(**options)
        )
    except MissingDependencyError as error:
        pytest.skip(str(error))
    assert [one.error for one in found] == [None] * len(sentences)
    for one in found:
        accounts = [link.source for link in one.projection.links] + [span.source for span in one.projection.dropped]
        assert sorted(accounts) == list(one.source.spans)
        assert "<n" not in one.sentence.text or options.get("markers") == "brackets"
        assert not set("[]") & set(one.sentence.text)
    return found


def share_found(found):
    return sum(len(one.projection.links) for one in found) / sum(len(one.source.spans) for one in found)


def copied_names(found):
    """For names that stand in the translation as in the source, once: whether the span is exactly the name."""
    right = []
    for one in found:
        for link in one.projection.links:
            name = " ".join(one.source.tokens[link.source.start : link.source.end])
            if link.source.label == "PER" and one.sentence.text.count(name) == 1:
                right.append(" ".join(one.sentence.tokens[link.target.start : link.target.end]) == name)
    assert len(right) > 30
    return sum(right) / len(right)


@pytest.mark.parametrize(("target", "least", "names"), [("es", 0.97, 0.97), ("gl", 0.97, 0.96), ("ca", 0.9, 0.88)])
def test_apertium_keeps_tags(apertium, target, least, names):
    found = carried(apertium, target, load_corpus("en")[:120])
    assert found[0].marked.startswith("<n0>European Commission</n0>")
    assert share_found(found) >= least
    assert copied_names(found) >= names


def test_apertium_keeps_brackets(apertium):
    found = carried(apertium, "es", load_corpus("en")[:80], markers="brackets")
    assert share_found(found) >= 0.99
    assert copied_names(found) >= 0.98


def test_back_translation_with_apertium(apertium):
    """English sentences, with their labels, back to Spanish; aligned with the Spanish originals, these are labelled."""
    tagged, gold = load_corpus("en"), load_corpus("es")
    originals = [replace(sentence, spans=()) for sentence in gold]
    try:
        pairs, back = back_translate(tagged, originals, apertium, source_lang="en", target_lang="es")
    except MissingDependencyError as error:
        pytest.skip(str(error))
    last = crosspan.project_labels([pair.source for pair in pairs], originals)
    whole = [compose(one.projection, other) for one, other in zip(back, last, strict=True)]
    for projection, sentence in zip(whole, tagged, strict=True):
        accounts = [link.source for link in projection.links] + [span.source for span in projection.dropped]
        assert sorted(accounts) == list(sentence.spans)
    assert evaluate_ner(gold, [one.sentence for one in whole]).strict.micro.f1 > 0.92
