from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crosspan
from crosspan.core.errors import AlignmentError, OptionError
from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.demo import load_corpus
from crosspan.io import read, write
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline.files import project_files
from crosspan.project.filters import FILTERS, MIN_LINK, apply_filters, check_filters, is_filtered

SOURCE = Sentence(
    ("Ada", "Obi", "left", "Accra", "for", "North", "Kivu"), (Span(0, 2, "PER"), Span(3, 4, "LOC"), Span(5, 7, "LOC"))
)
WORDS = ("Ada", "Obi", "aliondoka", "mji", "Accra", "Kivu", "Kaskazini")


def projected(*ranges, dropped=()):
    links = tuple(
        ProjectedSpan(source, Span(start, end, source.label, sure), sure) for source, start, end, sure in ranges
    )
    sentence = Sentence(WORDS, tuple(link.target for link in links))
    return Projection(sentence, links, tuple(DroppedSpan(source, "no_link") for source in dropped))


PER, CITY, REGION = SOURCE.spans
ALL = projected((PER, 0, 2, 0.9), (CITY, 4, 5, 0.8), (REGION, 5, 7, 0.7))
LINKS = Alignment.from_pharaoh("0-0 1-1 2-2 3-4 5-6 6-5")


def reasons(projection):
    return {span.source: span.reason for span in projection.dropped}


def filtered(*names, projection=ALL, links=LINKS, **options):
    return apply_filters(projection, names, source=SOURCE, links=links, **options)


def test_what_is_complete_stays():
    assert filtered(*FILTERS) == ALL
    assert filtered() == ALL


def test_every_word_of_the_source_entity_is_linked():
    found = filtered("comp-src", links=Alignment.from_pharaoh("0-0 2-2 3-4 5-6 6-5"))
    assert reasons(found) == {PER: "filtered:comp-src"}
    assert [span.label for span in found.sentence.spans] == ["LOC", "LOC"]


def test_improbable_links_do_not_count():
    for prob, gone in ((MIN_LINK + 0.01, {}), (MIN_LINK - 0.01, {PER: "filtered:comp-src"})):
        links = Alignment.from_pharaoh(f"0-0 1-1:{prob} 3-4 5-6 6-5")
        assert reasons(filtered("comp-src", links=links)) == gone


def test_linked_target_words_stand_side_by_side():
    apart = Alignment.from_pharaoh("0-0 1-2 3-4 5-6 6-5")
    assert reasons(filtered("comp-tgt", links=apart)) == {PER: "filtered:comp-tgt"}
    together = Alignment.from_pharaoh("0-0 0-1 1-2 3-4 5-6 6-5")
    assert filtered("comp-tgt", links=together) == ALL
    assert filtered("comp-tgt", links=Alignment.from_links([])) == ALL


def test_one_word_stays_one_word():
    longer = projected((PER, 0, 2, 0.9), (CITY, 3, 5, 0.8), (REGION, 5, 7, 0.7))
    assert reasons(filtered("rstr-tgt", projection=longer)) == {CITY: "filtered:rstr-tgt"}


def test_a_sentence_that_lacks_an_entity_is_given_up_and_not_free_of_entities():
    lacking = projected((PER, 0, 2, 0.9), (CITY, 4, 5, 0.8), dropped=[REGION])
    found = filtered("comp-ins", projection=lacking)
    assert found.error == "filtered:comp-ins: 2 LOC in the source, 1 here"
    assert (found.status, is_filtered(found), found.sentence.spans) == ("error", True, ())
    assert reasons(found) == {PER: "filtered:comp-ins", CITY: "filtered:comp-ins", REGION: "no_link"}


def test_an_entity_that_is_there_twice_makes_the_counts_differ():
    twice = projected((PER, 0, 1, 0.9), (PER, 1, 2, 0.8), (CITY, 4, 5, 0.8), (REGION, 5, 7, 0.7))
    assert filtered("comp-ins", projection=twice).error == "filtered:comp-ins: 1 PER in the source, 2 here"


def test_sentences_are_compared_last_whatever_the_order_of_names():
    links = Alignment.from_pharaoh("0-0 3-4 5-6 6-5")
    for names in (["comp-ins", "comp-src"], ["comp-src", "comp-ins", "comp-src"]):
        found = filtered(*names, links=links)
        assert is_filtered(found)
        assert reasons(found)[PER] == "filtered:comp-src"
    unsure = filtered("comp-ins", min_confidence=0.75)
    assert reasons(unsure)[REGION] == "filtered:min_confidence"
    assert is_filtered(unsure)


def test_errors_come_back_as_they_are():
    broken = Projection(Sentence(WORDS), error="one side of the pair is empty")
    assert filtered(*FILTERS, projection=broken) is broken
    assert not is_filtered(broken)


def test_bad_use():
    with pytest.raises(OptionError, match="Did you mean comp-src"):
        check_filters(["comp_src"])
    assert check_filters("comp-src") == ("comp-src",)
    with pytest.raises(OptionError, match="least confidence"):
        filtered(min_confidence=2.0)
    with pytest.raises(AlignmentError, match="points outside"):
        filtered("comp-src", links=Alignment.from_pharaoh("0-9"))
    with pytest.raises(AlignmentError, match="ends after the last"):
        apply_filters(ALL, ["comp-src"], source=Sentence(("Ada",)), links=Alignment.from_links([]))


links_of = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.floats(0, 1)), max_size=20).map(
    Alignment.from_links
)


@given(links_of, st.sets(st.sampled_from(sorted(FILTERS))), st.floats(0, 1))
def test_no_source_span_is_lost(links, names, least):
    found = apply_filters(ALL, names, source=SOURCE, links=links, min_confidence=least)
    kept = {link.source for link in found.links}
    gone = {span.source for span in found.dropped}
    assert kept | gone == set(SOURCE.spans)
    assert not kept & gone
    assert found.sentence.spans == tuple(sorted(link.target for link in found.links))
    assert found.sentence.tokens == WORDS
    assert (found.error is None) or found.sentence.spans == ()
    assert all(span.reason.startswith("filtered:") for span in found.dropped)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filters")
    write(folder / "en.conll", load_corpus("en")[:60])
    write(folder / "de.txt", load_corpus("de")[:60], format="plain")
    return folder


def test_files_and_memory_agree(corpus):
    source, target = read(corpus / "en.conll"), read(corpus / "de.txt")
    found = crosspan.project_labels(source, target, filters=["comp-src", "comp-ins"])
    gone = [one for one in found if is_filtered(one)]
    assert gone
    summary = project_files(
        SentenceFile(corpus / "en.conll"),
        SentenceFile(corpus / "de.txt"),
        corpus / "out.jsonl",
        dropped=corpus / "dropped.jsonl",
        filters=["comp-ins", "comp-src"],
    )
    assert (summary.filtered, summary.rejected, summary.sentences) == (len(gone), 0, 60 - len(gone))
    assert summary.spans == summary.projected + summary.dropped.total()
    kept = [one.sentence.spans for one in found if not one.error]
    assert [sentence.spans for sentence in read(corpus / "out.jsonl")] == kept
    log = (corpus / "dropped.jsonl").read_text(encoding="utf-8")
    assert log.count('"reason": "filtered:comp-ins", "error"') == len(gone)
