from __future__ import annotations

import pytest

from crosspan.core.errors import FormatError, OptionError, PairError
from crosspan.translate import make_translator
from crosspan.translate.guard import Guarded

LANGUAGES = {"source": "en", "target": "sw"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "en.txt").write_text("One.\nTwo.\nThree.\nTwo.\n", encoding="utf-8")
    (tmp_path / "sw.txt").write_text("Moja.\nMbili.\n\nMbili tena.\n", encoding="utf-8")
    return tmp_path


def texts(translations):
    return [one.text for one in translations]


def test_a_whole_corpus(folder):
    translator = make_translator("file", folder / "sw.txt")
    seen = []
    found = translator.translate(["a", "b", "c", "d"], **LANGUAGES, advance=lambda *done: seen.append(done))
    assert texts(found) == ["Moja.", "Mbili.", "", "Mbili tena."]
    assert seen == [(4, 4)]
    assert texts(translator.translate(["a", "b", "c", "d"], **LANGUAGES)) == texts(found)


@pytest.mark.parametrize("count", [0, 1, 3, 5])
def test_line_counts_must_fit(folder, count):
    with pytest.raises(PairError, match=f"sw.txt: the file has 4 lines, and the corpus {count}") as caught:
        make_translator("file", folder / "sw.txt").translate(["a"] * count, **LANGUAGES)
    assert "originals" in caught.value.hint


def test_any_part_of_a_corpus_by_its_originals(folder):
    translator = make_translator("file", folder / "sw.txt", originals=str(folder / "en.txt"))
    found = translator.translate(["Two.", "One.", "Four.", ""], **LANGUAGES)
    assert texts(found) == ["Mbili.", "Moja.", "", ""]
    assert [one.problem for one in found] == [None, None, "the file has no translation of it", None]


def test_files_that_do_not_belong_together(folder):
    (folder / "en.txt").write_text("One.\n", encoding="utf-8")
    with pytest.raises(PairError, match=r"the file has 4 lines, and .*en\.txt 1"):
        make_translator("file", folder / "sw.txt", originals=str(folder / "en.txt"))


def test_a_guard_does_not_cut_what_is_in_a_file(folder):
    long = "One. Two. " * 80
    (folder / "long.txt").write_text("Moja. Mbili.\n", encoding="utf-8")
    assert texts(Guarded(make_translator("file", folder / "long.txt")).translate([long], **LANGUAGES)) == [
        "Moja. Mbili."
    ]


def test_bad_use(folder):
    with pytest.raises(FormatError, match="no such file"):
        make_translator("file", folder / "none.txt")
    with pytest.raises(OptionError, match="no file of translations is named"):
        make_translator("file")
    with pytest.raises(OptionError, match=r"there is no setting 'original'.*Did you mean originals"):
        make_translator("file", folder / "sw.txt", original="x")
