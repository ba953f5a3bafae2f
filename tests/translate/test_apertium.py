from __future__ import annotations

import html
import os
import random
import shutil
import stat

import pytest

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.translate import Translation, make_translator
from crosspan.translate.apertium import LOST, ApertiumOptions, ApertiumTranslator, _with_our_tags, _with_their_tags
from crosspan.translate.apertium_languages import PACKAGES, packages_for, three_letters

SPANISH = {"source": "English", "target": "Spanish"}


@pytest.fixture(scope="module")
def real():
    """The program itself, with the pair English and Spanish."""
    if shutil.which("apertium") is None:
        pytest.skip("the program apertium is not installed (apt-get install apertium apertium-eng-spa)")
    translator = ApertiumTranslator(threads=2)
    if "eng-spa" not in translator.modes:
        pytest.skip("Apertium's pair eng-spa is not installed (apt-get install apertium-eng-spa)")
    return translator


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Puts a program called apertium on the path, which answers as its script says."""

    def make(script, modes=("eng-spa", "spa-eng", "eng-cat", "eng-cat_valencia", "eng-cat_valencia_uni", "en-gl")):
        path = tmp_path / "bin" / "apertium"
        path.parent.mkdir(exist_ok=True)
        listing = " ".join(modes)
        path.write_text(f'#!/bin/sh\nif [ "$1" = -l ]; then printf "  %s\\n" {listing}; exit; fi\n{script}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{path.parent}{os.pathsep}{os.environ['PATH']}")
        return path

    return make


def texts(found):
    return [one.text for one in found]


def test_for_real(real):
    seen = []
    found = real.translate(
        ["The president lives in Accra.", "", "  ", "He said it.", "the house"],
        **SPANISH,
        advance=lambda *done: seen.append(done),
    )
    assert texts(found)[1:3] == ["", "  "]
    assert "presidente" in found[0].text
    assert found[0].text.endswith("Accra.")
    assert texts(found)[3] == "Lo dijo."
    assert "casa" in found[4].text
    assert all(one.problem is None and one.score is None for one in found)
    assert seen[-1] == (5, 5)


def test_tags_stay_around_their_words(real):
    found = real.translate_tagged(
        ["The <n0>red house</n0> of <LOC>Ghana</LOC>", "<p>Ada Obi</p> lives in <n7>Accra</n7>.", "no tags < here >"],
        **SPANISH,
    )
    assert texts(found)[0] == "La <n0>casa roja</n0> de <LOC>Ghana</LOC>"
    assert texts(found)[1].startswith("<p>Ada Obi</p> ")
    assert texts(found)[1].endswith(" en <n7>Accra</n7>.")
    assert "<" in texts(found)[2]
    kept = make_translator("apertium", tags=True).translate(["The <n0>red house</n0>"], **SPANISH)
    assert texts(kept) == ["La <n0>casa roja</n0>"]


def test_tags_are_text_where_they_are_not_asked_for(real):
    (found,) = real.translate(["zzqx <n0>zzqy</n0> <br> &amp; zzqw"], **SPANISH)
    assert found.text == "zzqx <n0>zzqy</n0> <br> &amp; zzqw"


@pytest.mark.parametrize(
    "text",
    [
        "zzqx [zzqy] {zzqw} ^zzqv/zzqu<n>$ @zzqt #zzqs +zzqr ~zzqp \\zzqo \\\\ \\[",
        "zzqx &lt;zzqy&gt; &amp;amp; &#65; <zzqw",
        "zzqx*zzqy **zzqw*",
        "zzqx [[t:b:123]]zzqy[[/]]",
        'zzqx <!-- zzqy --> </p> <p id="3"> </html>',
        "zzqe\u0301x zzq\u200dy \U0001f600 \u05d0\u05d1 \ufeff \xa0 \u2028 zzqw",
    ],
)
def test_what_it_does_not_know_survives(real, text):
    """The characters that steer its stream of words are text like any other."""
    assert texts(real.translate([text, "zzqz"], **SPANISH)) == [text, "zzqz"]


def test_lines_never_shift(real):
    """Texts of odd characters come back in their order, each as it does alone."""
    rng = random.Random(7)
    odd = [
        *"[]{}^$/\\@<>&;*#+~|.!?\"'\t\x01\x1f\x85\n",
        "&lt;",
        "[[",
        "</p>",
        "<p>",
        " the ",
        "house",
        "zq",
        "\0",
        "\ud800",
    ]
    given = ["".join(rng.choice(odd) for _ in range(rng.randint(1, 20))) + f" zzq{index}zzq" for index in range(60)]
    found = texts(real.translate(given, **SPANISH))
    assert [index for index, text in enumerate(found) if f"zzq{index}zzq" not in text] == []
    alone = [real.translate([text], **SPANISH)[0].text for text in given[:3]]
    assert alone == found[:3]


def test_modes(program):
    program("cat")
    translator = ApertiumTranslator()
    assert translator.mode("en", "es-MX") == "eng-spa"
    assert translator.mode("spa_Latn", "English") == "spa-eng"
    assert translator.mode("en", "Catalan") == "eng-cat"
    assert translator.mode("en", "Valencian") == "eng-cat_valencia"
    assert translator.mode("en", "ca-ES-valencia") == "eng-cat_valencia"
    assert translator.mode("eng", "Galician") == "en-gl"
    assert ApertiumTranslator("eng-cat_valencia_uni").mode("en", "ca") == "eng-cat_valencia_uni"
    with pytest.raises(OptionError, match="no mode 'eng-lug'") as caught:
        ApertiumTranslator("eng-lug")
    assert "eng-spa, spa-eng" in caught.value.hint


def test_pairs_that_are_not_there(program):
    program("cat")
    translator = ApertiumTranslator()
    with pytest.raises(MissingDependencyError, match="cannot translate from Spanish to Catalan here") as caught:
        translator.translate(["a"], source="es", target="ca")
    assert "apt-get install apertium-spa-cat" in caught.value.hint
    with pytest.raises(OptionError, match="does not translate from English to Swahili") as caught:
        translator.mode("en", "Swahili")
    assert "eng-spa" in caught.value.hint
    with pytest.raises(OptionError, match="does not translate from English to Elvish"):
        translator.mode("en", "Elvish")


def test_the_program_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="needs the program apertium") as caught:
        make_translator("apertium")
    assert "apt-get install apertium apertium-eng-spa" in caught.value.hint


def test_languages_need_no_package(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "langcodes", None)
    assert [three_letters(name) for name in ("Spanish", "es", "spa", "Catalan", "nb", "hrv")] == [
        "spa",
        "spa",
        "spa",
        "cat",
        "nob",
        "hbs",
    ]


def test_every_package_is_found_by_its_languages():
    for pair in PACKAGES:
        one, other = (three_letters(code) for code in pair.split("-"))
        assert None not in (one, other), pair
        assert f"apertium-{pair}" in packages_for(one, other)
    assert packages_for("nno", "swe") == packages_for("swe", "nob") == ["apertium-swe-nor"]


def test_a_text_that_is_lost_is_named(program):
    """A program that drops a paragraph: the others come back, each in its place."""
    program("grep -v DROP")
    found = make_translator("apertium", processes=1).translate(["a", "b DROP", "c", "d", "e"], **SPANISH)
    assert found == [Translation("a"), Translation("", problem=LOST), *map(Translation, "cde")]


def test_paragraphs_in_the_wrong_order_are_not_believed(program):
    program("tac")
    assert texts(make_translator("apertium", processes=1).translate(["a", "b", "c"], **SPANISH)) == ["a", "b", "c"]


def test_a_program_that_always_fails(program):
    program("cat >/dev/null; echo 'Error: broken data' >&2; exit 1")
    with pytest.raises(ModelError, match=r"Apertium failed \(Error: broken data\)"):
        make_translator("apertium").translate(["a", "b"], **SPANISH)


def test_a_program_that_does_not_come_back(program):
    program("exec sleep 30")
    with pytest.raises(ModelError, match=r"no answer after 0\.3 seconds"):
        make_translator("apertium", timeout=0.3).translate(["a"], **SPANISH)


def test_tags_are_renamed_and_named_back():
    written, names = _with_our_tags("<p>Ada</p> & <LOC>x</LOC> <n1>y</n1> < z <br/>")
    assert written == "<n0>Ada</n0> &amp; <n1>x</n1> <n2>y</n2> &lt; z &lt;br/&gt;"
    assert _with_their_tags(written, names) == html.unescape("<p>Ada</p> & <LOC>x</LOC> <n1>y</n1> < z <br/>")
    assert _with_their_tags("<n9>a", names) == "<n9>a"


@pytest.mark.parametrize("settings", [{"processes": -1}, {"timeout": 0.0}])
def test_bad_options(settings):
    with pytest.raises(OptionError):
        ApertiumOptions(**settings)


def test_nothing_to_do(program):
    program("exit 1")
    assert make_translator("apertium").translate(["", " "], **SPANISH) == [Translation(""), Translation(" ")]
