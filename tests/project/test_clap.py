from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import OptionError, UnavailableError
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.clap import REASONS, ClapOptions, ClapProjector
from crosspan.project.clap_prompt import EXAMPLES, answers_in, conversation
from crosspan.project.filters import is_filtered
from crosspan.project.projector import PROJECTORS
from crosspan.text import tokenize_sentence
from crosspan.translate.chat import CUT_OFF, Answer

NO_LINKS = Alignment.from_links([])
SOURCE = Sentence(
    ("Ada", "Obi", "left", "the", "Netherlands", "for", "Accra", "."),
    (Span(0, 2, "PER"), Span(4, 5, "LOC"), Span(6, 7, "LOC")),
    lang="en",
)
TARGET = tokenize_sentence("Ada Obi dejó los Países Bajos por Acra.", id="s1", lang="es")
KNOWN = {"Ada Obi": "Ada Obi", "Netherlands": "Países Bajos", "Accra": "Acra"}


class Model:
    """Answers from a table, and keeps what it was asked."""

    def __init__(self, answers=KNOWN):
        self.answers = answers
        self.conversations = []

    def complete(self, prompts, *, advance=None):
        self.conversations += prompts
        return [Answer(self.reply(one[-1]["content"])) for one in prompts]

    def reply(self, question):
        lines = question.splitlines()
        if "For each number" in lines[-1]:
            names = [line.partition(". ") for line in lines if line.partition(". ")[0].isdigit()]
            return "\n".join(f"{number}. {self.answers.get(name, 'NONE')}" for number, _, name in names)
        return self.answers.get(lines[-1].split('"')[1], "NONE")


def run(*pairs, model=None, links=None, **options):
    projector = ClapProjector(ClapOptions(**options), client=model or Model())
    pairs = pairs or (Pair(SOURCE, TARGET),)
    return projector.project(pairs, links or [NO_LINKS] * len(pairs))


def words(projection):
    return [
        (" ".join(projection.sentence.tokens[span.start : span.end]), span.label) for span in projection.sentence.spans
    ]


def reasons(projection):
    return [(span.source.start, span.reason) for span in projection.dropped]


FOUND = [("Ada Obi", "PER"), ("Países Bajos", "LOC"), ("Acra", "LOC")]


def test_entities_are_found_where_the_model_says():
    found = run()[0]
    assert words(found) == FOUND
    assert [link.confidence for link in found.links] == [1.0, 1.0, 1.0]
    assert found.sentence.text == TARGET.text
    assert (found.sentence.id, found.error) == ("s1", None)


def test_it_is_known_by_its_name():
    assert PROJECTORS.factory("clap") is ClapProjector


def test_one_question_an_entity_or_one_a_sentence():
    model = Model()
    assert words(run(model=model)[0]) == FOUND
    assert len(model.conversations) == 3
    model = Model()
    assert words(run(model=model, together=True)[0]) == FOUND
    assert len(model.conversations) == 1


def test_what_the_model_is_shown():
    pytest.importorskip("language_data")  # names of languages
    model = Model()
    run(model=model, shots=0)
    system, question = model.conversations[1]
    assert "exactly as they stand there" in system["content"]
    assert question["content"].splitlines() == [
        "English: Ada Obi left the Netherlands for Accra .",
        "Spanish translation: Ada Obi dejó los Países Bajos por Acra.",
        'Which words of the translation stand for "Netherlands"? If none do, answer NONE.',
    ]
    model = Model()
    run(model=model, shots=2, show_source=False, target_lang="Old Spanish")
    assert [message["role"] for message in model.conversations[0]] == ["system", *["user", "assistant"] * 2, "user"]
    assert model.conversations[0][2]["content"] == "Países Bajos"
    assert "Old Spanish translation: Ada" in model.conversations[0][-1]["content"]
    assert all("English" not in message["content"] for message in model.conversations[0])


def test_examples_are_right():
    for example in EXAMPLES:
        for name, found in example.entities:
            assert name in example.source
            assert found in example.target or found == "NONE"
        for entities in (["x"], ["x", "y"]):
            messages = conversation("s", "t", entities, examples=[example])
            count = min(len(entities) * 9, len(example.entities)) if len(entities) > 1 else 1
            assert answers_in(messages[2]["content"], count) == [
                "" if found == "NONE" else found for _, found in example.entities[:count]
            ]


def test_the_same_name_twice():
    """Exact match without an assignment would give both entities the first place, or lose one."""
    source = Sentence(("Ada", "met", "Ada"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
    model = Model({"Ada": "Ada"})
    found = run(Pair(source, Sentence(("Ada", "y", "Ada"))), model=model)[0]
    assert len(model.conversations) == 1
    assert [(link.source.start, link.target.start) for link in found.links] == [(0, 0), (2, 2)]
    found = run(Pair(source, Sentence(("sólo", "Ada"))), model=model, match_filter=False)[0]
    assert [reason for _, reason in reasons(found)] == ["overlap"]


def test_the_place_that_leaves_room_for_the_others():
    source = Sentence(("Ghana", "Bank", "of", "Ghana"), (Span(0, 1, "LOC"), Span(1, 4, "ORG")))
    model = Model({"Ghana": "Ghana", "Bank of Ghana": "Banco de Ghana"})
    found = run(Pair(source, Sentence(("Banco", "de", "Ghana", "en", "Ghana"))), model=model)[0]
    assert [(link.target.start, link.target.end) for link in found.links] == [(4, 5), (0, 3)]
    found = run(Pair(source, Sentence(("Banco", "de", "Ghana"))), model=model, match_filter=False)[0]
    assert words(found) == [("Banco de Ghana", "ORG")]
    assert reasons(found) == [(0, "overlap")]


def test_the_match_filter():
    model = Model({**KNOWN, "Accra": "Ackra", "Netherlands": "NONE"})
    found = run(model=model)[0]
    assert found.error == "filtered:clap_incomplete: 2 of 3 entities not found"
    assert is_filtered(found)
    assert found.sentence.spans == ()
    assert reasons(found) == [
        (0, "filtered:clap_incomplete"), (4, "filtered:clap_absent"), (6, "filtered:clap_unmatched")
    ]  # fmt: skip
    found = run(model=model, match_filter=False)[0]
    assert (words(found), found.error) == ([("Ada Obi", "PER")], None)
    assert reasons(found) == [(4, "filtered:clap_absent"), (6, "filtered:clap_unmatched")]
    assert {reason for _, reason in reasons(found)} <= set(REASONS)


def test_looser_matches_are_less_sure():
    model = Model({**KNOWN, "Accra": "ACRA"})
    assert run(model=model, match="folded")[0].links[-1].confidence == 0.95
    assert run(model=model, match="exact")[0].links == ()


@pytest.mark.parametrize(
    ("reply", "answers"),
    [
        ("Acra", ["Acra"]),
        ("  Acra\n\nIt is the capital.", ["Acra"]),
        ('"Acra"', ["Acra"]),
        ("«Acra»", ["Acra"]),
        ("Answer: Acra", ["Acra"]),
        ("Spanish translation: “Acra”", ["Acra"]),
        ("1. Acra", ["Acra"]),
        ("```\nAcra\n```", ["Acra"]),
        ("<think>Hm,\nAccra.</think>\nAcra", ["Acra"]),
        ("O'Neill's", ["O'Neill's"]),
        ("2. Liga", ["2. Liga"]),
        ("NONE.", [""]),
        ("none", [""]),
        ("", [""]),
        ("1. Ada\n2. NONE\n3) «Acra»", ["Ada", "", "Acra"]),
        ("Sure!\n3: Acra\n1 - Ada\n9. x", ["Ada", "", "Acra"]),
    ],
)
def test_answers_are_read(reply, answers):
    assert answers_in(reply, len(answers)) == answers


def test_a_sentence_that_could_not_be_asked_about_is_an_error():
    class Shy(Model):
        def complete(self, prompts, *, advance=None):
            found = super().complete(prompts)
            hard = ["Netherlands" in one[-1]["content"].splitlines()[-1] for one in prompts]
            return [Answer("", "HTTP 400") if one else answer for one, answer in zip(hard, found, strict=True)]

    other = Pair(Sentence(("Accra",), (Span(0, 1, "LOC"),)), Sentence(("Acra",)))
    first, second = run(Pair(SOURCE, TARGET), other, model=Shy())
    assert first.error == "the model gave no answer: HTTP 400"
    assert {reason for _, reason in reasons(first)} == {"error"}
    assert (first.links, first.sentence.spans) == ((), ())
    assert words(second) == [("Acra", "LOC")]


def test_an_answer_that_is_cut_off_counts_where_its_first_line_is_whole():
    class Chatty(Model):
        def complete(self, prompts, *, advance=None):
            return [Answer(one.text + "\nWhat I mean is", CUT_OFF) for one in super().complete(prompts)]

    assert words(run(model=Chatty())[0]) == FOUND
    assert run(model=Chatty(), together=True)[0].error == "the model gave no answer: cut off"


def test_pairs_that_cannot_be_worked_on():
    model = Model()
    nobody = Pair(Sentence(("no",)), Sentence(("nadie",)))
    empty = Pair(SOURCE, Sentence(()))
    found = run(Pair(SOURCE, TARGET), empty, nobody, model=model, links=[None, NO_LINKS, NO_LINKS])
    assert [one.error for one in found] == ["there is no alignment for this pair", "the target has no words", None]
    assert model.conversations == []
    assert run(nobody, model=model)[0].sentence.tokens == ("nadie",)
    assert ClapProjector(client=model).project([], []) == []


def test_labels_of_the_target_are_replaced():
    target = Sentence(("Acra", "x"), (Span(1, 2, "OLD"),))
    assert words(run(Pair(Sentence(("Accra",), (Span(0, 1, "LOC"),)), target))[0]) == [("Acra", "LOC")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": "loose"}, "match is 'loose'.*exact, folded, fuzzy"),
        ({"similarity": 0.0}, "similarity is 0.0"),
        ({"shots": 9}, "shots is 9.*0 to 4"),
        ({"url": "nowhere"}, "url is no address"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(OptionError, match=message):
        ClapOptions(**options)


# Against a server


def test_a_server_is_asked(serve):
    model = Model()
    server = serve(lambda number, body: serve.say(model.reply(body["messages"][-1]["content"])))
    projector = ClapProjector(ClapOptions(model="m", url=server.url, cache="none"))
    assert server.asked == []  # nothing connects before it must
    assert words(projector.project([Pair(SOURCE, TARGET)], [NO_LINKS])[0]) == FOUND
    assert len(server.asked) == 3
    assert {body["model"] for body in server.asked} == {"m"}
    assert {body["temperature"] for body in server.asked} == {0.0}


def test_no_server_and_no_model():
    with pytest.raises(OptionError, match="no model is named"):
        ClapProjector()
    projector = ClapProjector(ClapOptions(model="m", url="http://127.0.0.1:9/v1", cache="none", retries=0))
    with pytest.raises(UnavailableError, match="nothing answers at this address"):
        projector.project([Pair(SOURCE, TARGET)], [NO_LINKS])


NAMES = st.sampled_from(["Ada", "Obi", "Ada Obi", "Accra", "a", "NONE", "", "x y", "."])


@settings(deadline=None)  # something may be compiled
@given(
    tokens=st.lists(st.sampled_from(["Ada", "Obi", "Accra", "a", "x", "y", "."]), max_size=8),
    answers=st.tuples(NAMES, NAMES, NAMES),
    how=st.sampled_from(["exact", "folded", "fuzzy"]),
    match_filter=st.booleans(),
)
def test_every_span_is_accounted_for(tokens, answers, how, match_filter):
    model = Model(dict(zip(KNOWN, answers, strict=True)))
    found = run(Pair(SOURCE, Sentence(tuple(tokens))), model=model, match=how, match_filter=match_filter)[0]
    accounts = [link.source for link in found.links] + [span.source for span in found.dropped]
    assert sorted(accounts) == list(SOURCE.spans)
    assert found.sentence.spans == tuple(sorted(link.target for link in found.links))
    assert found.sentence.tokens == tuple(tokens)
    if how == "exact":
        for link in found.links:
            index = SOURCE.spans.index(link.source)
            assert " ".join(tokens[link.target.start : link.target.end]) == answers[index]
    if match_filter:
        assert found.error is not None or not found.dropped
