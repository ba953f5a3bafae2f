from __future__ import annotations

import sys

import pytest

from crosspan.core.errors import OptionError, UnavailableError
from crosspan.translate import Translation, make_translator
from crosspan.translate.chat import Answer
from crosspan.translate.openai import OpenAIOptions, translation_in


@pytest.fixture
def translator(serve, tmp_path):
    def make(answer, **options):
        server = serve(answer)
        made = make_translator("openai", "m", url=server.url, cache=str(tmp_path / "c.sqlite"), retries=0, **options)
        return made, server

    return make


def test_a_translation(serve, translator):
    made, server = translator(lambda number, body: serve.say(f" {body['messages'][-1]['content'][-5:]}! \n"))
    seen = []
    found = made.translate(["Hello", "", " "], source="en", target="lug_Latn", advance=lambda *done: seen.append(done))
    assert found == [Translation("Hello!"), Translation(""), Translation("")]
    assert server.prompts[0].startswith("Translate the following text from English to Ganda. ")
    assert server.prompts[0].endswith("\n\nHello")
    assert server.asked[0]["temperature"] == 0.0
    assert seen == [(3, 3)]


def test_a_prompt_of_ones_own(serve, translator):
    made, server = translator(
        lambda number, body: serve.say("x"), prompt="{text} ({source}>{target}, {other})", system="Be brief."
    )
    made.translate(["a {source} {b}"], source="xx", target="es")
    assert server.asked[0]["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a {source} {b} (xx>Spanish, {other})"},
    ]


def test_names_of_languages_need_no_package(serve, translator, monkeypatch):
    from crosspan.translate.languages import understand

    monkeypatch.setitem(sys.modules, "langcodes", None)
    understand.cache_clear()
    made, server = translator(lambda number, body: serve.say("x"), prompt="{source} {target} {text}")
    made.translate(["a"], source="English", target="Luganda")
    assert server.prompts == ["English Luganda a"]
    understand.cache_clear()


@pytest.mark.parametrize(
    ("text", "answer", "translation", "problem"),
    [
        ("Hi.", "Hola.", "Hola.", None),
        ("Hi.", '"Hola."', "Hola.", None),
        ("Hi.", "“Hola.”", "Hola.", None),
        ('"Hi."', '"Hola."', '"Hola."', None),
        ("a and b", '"a" y "b"', '"a" y "b"', None),
        ("Hi.", "<think>They say\nhi.</think>\n\nHola.", "Hola.", None),
        ("Hi.", "```\nHola.\n```", "Hola.", None),
        ("Hi.", "```text\nHola.\n```", "Hola.", None),
        ("Hi.", "Hola.\n\nNote: this is Spanish.", "Hola. Note: this is Spanish.", "the answer has several lines"),
        ("One.\nTwo.", "Uno.\nDos.", "Uno. Dos.", None),
        ("<a>Hi</a>", "<a>Hola</a>", "<a>Hola</a>", None),
    ],
)
def test_what_models_put_around(text, answer, translation, problem):
    assert translation_in(text, Answer(answer)) == Translation(translation, problem=problem)


def test_problems_are_handed_on(serve, translator):
    made, _ = translator(
        lambda number, body: serve.fault(500) if "bad" in body["messages"][-1]["content"] else serve.say("x")
    )
    found = made.translate(["good", "bad"], source="en", target="es")
    assert found[0] == Translation("x")
    assert found[1].problem.startswith("no answer after 1 try: HTTP 500")


def test_bad_use(serve, translator):
    with pytest.raises(OptionError, match="no place for the text"):
        OpenAIOptions(prompt="Translate!")
    with pytest.raises(OptionError, match="no model is named"):
        make_translator("openai", cache="none")
    with pytest.raises(OptionError, match="there is no setting 'key'"):
        make_translator("openai", "m", key="x")
    made, _ = translator(lambda number, body: serve.fault(404))
    with pytest.raises(UnavailableError, match="has no model 'm'"):
        made.translate(["a"], source="en", target="es")
