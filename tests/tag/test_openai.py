"""The tagger that asks a chat model; the server is one on this machine that answers from a table."""

from __future__ import annotations

import json
import re
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import ModelError, OptionError, UnavailableError
from crosspan.core.types import Sentence, Span
from crosspan.tag import TAGGERS, load_tagger
from crosspan.tag.answers import REASONS, entities_in, spans_of
from crosspan.tag.openai import OpenAITagger, OpenAITaggerOptions
from crosspan.text import tokenize_sentence
from crosspan.translate.chat import CUT_OFF, Answer

LABELS = {"per": "PER", "loc": "LOC", "org": "ORG"}
NAMES = {"Ada Obi": "PER", "Accra": "LOC", "Lagos": "LOC", "Kofi": "PER"}


def said(*pairs):
    return [{"text": text, "label": label} for text, label in pairs]


def knows(body):
    """What a model answers that knows some names."""
    text = body["messages"][-1]["content"].rpartition(": ")[2]
    found = re.finditer("|".join(NAMES), text)
    return json.dumps([{"text": one[0], "label": NAMES[one[0]]} for one in found])


@pytest.fixture
def ask(serve):
    """A tagger that asks a model that answers so."""

    def start(answer=lambda number, body: serve.say(knows(body)), **options):
        server = serve(answer)
        return load_tagger("openai:m", url=server.url, **{"cache": "none", "retries": 0, **options}), server

    return start


def entities(sentence):
    return [(sentence.text_of(span), span.label) for span in sentence.spans]


# From names to places


@pytest.mark.parametrize(
    ("text", "named", "found", "reasons"),
    [
        ("Ada Obi saw Accra.", [("Ada Obi", "PER"), ("Accra", "LOC")], [("Ada Obi", "PER"), ("Accra", "LOC")], []),
        ("Ada met Ada.", [("Ada", "PER"), ("Ada", "PER")], [("Ada", "PER"), ("Ada", "PER")], []),
        ("Ada met Ada.", [("Ada", "PER")], [("Ada", "PER")], []),  # what is not named is not labelled
        ("Ada left.", [("Ada", "PER"), ("Ada", "PER")], [("Ada", "PER")], ["repeated"]),
        ("Washington left Washington.", [("Washington", "PER"), ("Washington", "LOC")],
         [("Washington", "PER"), ("Washington", "LOC")], []),
        ("The New York Times of New York", [("New York", "LOC"), ("New York Times", "ORG")],
         [("New York Times", "ORG"), ("New York", "LOC")], []),
        ("The New York Times", [("New York Times", "ORG"), ("New York", "LOC")],
         [("New York Times", "ORG")], ["overlap"]),
        ("He is in ACCRA", [("Accra", "LOC")], [("ACCRA", "LOC")], []),
        ("In Ma\u0301laga", [("M\u00e1laga", "loc")], [("Ma\u0301laga", "LOC")], []),
        ("Canada is big", [("Ada", "PER")], [], ["absent"]),
        ("l'Union a dit", [("Union", "ORG")], [("l'Union", "ORG")], []),
        ("Nobody came", [("Bob", "PER"), ("", "PER"), (".", "PER")], [], ["absent", "absent", "absent"]),
        ("Ada left", [("Ada", "NAME"), ("Ada", "PER")], [("Ada", "PER")], ["label"]),
        ("東京都に行く", [("東京都", "LOC")], [("東京都", "LOC")], []),
        ("Ada  Obi left", [("Ada Obi", "PER")], [("Ada  Obi", "PER")], []),
    ],
)  # fmt: skip
def test_places_of_what_is_named(text, named, found, reasons):
    sentence = tokenize_sentence(text)
    spans, unplaced = spans_of(sentence, said(*named), LABELS)
    assert entities(replace(sentence, spans=spans)) == found
    assert sorted(one.reason for one in unplaced) == reasons
    assert len(spans) + len(unplaced) == len(named)
    assert set(reasons) <= set(REASONS)


def test_what_is_no_name_is_told():
    sentence = Sentence(("Ada", "left"))
    named = ["Ada", None, {"text": "Ada"}, {"text": 3, "label": "PER"}, {"text": "Ada", "label": ["PER"]}]
    spans, unplaced = spans_of(sentence, named, LABELS)
    assert spans == ()
    assert [one.reason for one in unplaced] == ["form"] * 5
    assert unplaced[0].text == "Ada"


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ("[]", []),
        ('```json\n[{"text": "a"}]\n```', [{"text": "a"}]),
        ('<think>[1]</think>\n {"entities": [1, 2]}', [1, 2]),
        ("{}", ValueError),
        ("Here they are: []", ValueError),
        ('[{"text": "a", "text": "b"}]', ValueError),
        ("[" * 300 + "]" * 300, ValueError),
        ("[NaN]", ValueError),
        ("", ValueError),
    ],
)
def test_answers_are_read(reply, found):
    if found is ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  # whatever it says goes into the problem
            entities_in(reply)
    else:
        assert entities_in(reply) == found


# The tagger


def test_labels_over_http(ask):
    tagger, server = ask()
    given = [
        tokenize_sentence("Ada Obi left Accra for Lagos.", id="s1", lang="en"),
        Sentence(()),
        Sentence(("Kofi", "stayed"), (Span(1, 2, "X"),)),
    ]
    found = tagger.tag(given)
    assert [entities(one) for one in found] == [
        [("Ada Obi", "PER"), ("Accra", "LOC"), ("Lagos", "LOC")],
        [],
        [("Kofi", "PER")],
    ]
    assert [replace(one, spans=()) for one in found] == [replace(one, spans=()) for one in given]
    assert [span.score for span in found[0].spans] == [None] * 3
    assert (tagger.labels, tagger.tags[:3]) == (("LOC", "ORG", "PER"), ("O", "B-LOC", "I-LOC"))
    assert tagger.probabilities(given[:1])[0].argmax(axis=1)[0] == tagger.tags.index("B-PER")
    body = server.asked[0]
    assert (body["temperature"], body["model"], body["messages"][0]["role"]) == (0.0, "m", "system")
    asked = "\n".join(server.prompts)
    assert "- PER: name of a person\n" in asked
    assert "English: Ada Obi left Accra for Lagos." in asked
    assert "Text: Kofi stayed" in asked


def test_kinds_are_told_in_words(ask, serve):
    tagger, server = ask(
        lambda number, body: serve.say(json.dumps(said(("flu", "name of a disease"), ("Ada", "DRUG"), ("Ada", "PER")))),
        labels="name of a disease=DIS,medicine=DRUG",
        prompt="{labels}|{text}",
        system="",
    )
    (found,) = tagger.labelled([Sentence(("Ada", "has", "flu", "{labels}"))])
    assert entities(found.sentence) == [("Ada", "DRUG"), ("flu", "DIS")]
    assert [one.reason for one in found.unplaced] == ["label"]
    assert server.asked[0]["messages"] == [
        {"role": "user", "content": "- DIS: name of a disease\n- DRUG: medicine|Ada has flu {labels}"}
    ]


def test_answers_that_cannot_be_used(ask, serve):
    """One of them costs its own sentence."""

    def answer(number, body):
        text = body["messages"][-1]["content"].rpartition(": ")[2]
        if text == "bad":
            return serve.say("I see no names.")
        return serve.say('[{"text": "Ac', finish="length") if text == "long" else serve.say(knows(body))

    tagger, _ = ask(answer)
    found = tagger.labelled([Sentence((word,)) for word in ("Accra", "bad", "long", "Lagos")])
    assert [one.problem is None for one in found] == [True, False, False, True]
    assert found[1].problem.startswith("the answer of the model cannot be read (")
    assert found[2].problem == f"the model gave no answer: {CUT_OFF}"
    assert entities(found[3].sentence) == [("Lagos", "LOC")]
    with pytest.raises(ModelError, match="cannot be read"):
        tagger.tag([Sentence(("bad",))])


def test_nothing_is_asked_twice(ask, tmp_path):
    tagger, server = ask(cache=str(tmp_path / "answers.sqlite"))
    sentences = [Sentence(("in", "Accra")), Sentence(("in", "Lagos")), Sentence(("in", "Accra"))]
    first = tagger.tag(sentences)
    again = load_tagger("openai:m", url=server.url, cache=str(tmp_path / "answers.sqlite"))
    assert again.tag(sentences) == first
    assert len(server.asked) == 2
    other = load_tagger("openai:m", url=server.url, cache=str(tmp_path / "answers.sqlite"), labels="city=LOC")
    assert entities(other.tag(sentences[:1])[0]) == [("Accra", "LOC")]
    assert len(server.asked) == 3


def test_outages_and_keys(ask, serve, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-key")
    tagger, server = ask(lambda number, body: serve.fault(401, "not sk-very-secret-key"))
    with pytest.raises(UnavailableError, match="refuses the key") as caught:
        tagger.tag([Sentence(("Accra",))])
    assert "very-secret" not in "".join(traceback.format_exception(caught.value))
    assert server.headers[0]["Authorization"] == "Bearer sk-very-secret-key"
    server.answer = lambda number, body: serve.fault(503)
    with pytest.raises(UnavailableError, match="stays busy"):
        tagger.tag([Sentence(("Accra",))])


def test_bad_use():
    with pytest.raises(OptionError, match="no model is named"):
        load_tagger("openai:")
    with pytest.raises(OptionError, match="no kind of entity"):
        OpenAITaggerOptions(labels=())
    with pytest.raises(OptionError, match="does not name a label"):
        OpenAITaggerOptions(labels=("PER",))
    with pytest.raises(OptionError, match="no place for the text"):
        OpenAITaggerOptions(prompt="Find all!")
    with pytest.raises(OptionError, match="match"):
        OpenAITaggerOptions(match="fuzzy")
    facts = TAGGERS.identity("openai", {"concurrency": 9}, content=str, model="m")["options"]
    assert "concurrency" not in facts
    assert {"url", "labels", "prompt", "temperature", "model"} <= set(facts)


def test_without_a_server():
    class Silent:
        def complete(self, prompts, *, advance=None):
            return [Answer("", "no") for _ in prompts]

    assert OpenAITagger("m", client=Silent()).labelled([Sentence(("a",))])[0].problem == "the model gave no answer: no"


# Through the doors

RECIPE = """
task = "project"
out = "out"
shard = 1
[source]
path = "en.txt"
lang = "en"
[target]
path = "de.txt"
lang = "de"
[tag]
use = "openai"
model = "m"
url = "%s"
cache = "answers.sqlite"
concurrency = 1
retries = 0
[project]
use = "heuristic"
"""


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "en.txt").write_text("Ada Obi left Accra.\nbad\nKofi saw Lagos.\n", encoding="utf-8")
    (tmp_path / "de.txt").write_text("Ada Obi verließ Accra.\nschlecht\nKofi sah Lagos.\n", encoding="utf-8")

    def answer(serve):
        def one(number, body):
            if body["messages"][-1]["content"].endswith(": bad"):
                return serve.say("no JSON")
            names = json.loads(knows(body))
            return serve.say(json.dumps([*names, *said(("Timbuktu", "LOC"))]))

        return one

    return answer


def test_the_verb(files, serve, capsys):
    server = serve(files(serve))
    words = ["tag", "en.txt", "--tagger", "openai:m", "--set", f"url={server.url}", "--set", "cache=none"]
    assert main([*words, "--out", "out.jsonl"]) == 3
    told = "".join(capsys.readouterr())
    assert "2 sentences, 4 entities (LOC 2, PER 2)" in told
    assert "named by the model and left out: 2 (the text does not say it 2)" in told
    assert "the answer of the model cannot be read" in told


def test_a_recipe_that_was_interrupted_goes_on(files, serve, capsys):
    """An outage rejects nothing; the next run asks for what is missing alone."""
    server = serve(lambda number, body: serve.fault(401) if number == 1 else files(serve)(number, body))
    Path("recipe.toml").write_text(RECIPE % server.url, encoding="utf-8")
    assert main(["run", "recipe.toml", "--quiet"]) == 1
    assert "refuses the key" in capsys.readouterr().err
    assert main(["run", "recipe.toml", "--quiet"]) == 3
    assert len(server.asked) == 4  # the one that failed was asked again
    rejected, labelled = (
        [json.loads(line) for line in Path("out", name).read_text(encoding="utf-8").splitlines()]
        for name in ("rejected.jsonl", "labelled.jsonl")
    )
    assert [one["index"] for one in rejected] == [1]
    assert [[span["label"] for span in one["spans"]] for one in labelled] == [["PER", "LOC"], ["PER", "LOC"]]
