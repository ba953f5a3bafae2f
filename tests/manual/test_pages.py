from __future__ import annotations

import re
from pathlib import Path

import pytest

import crosspan
from crosspan.cli.main import MORE, VERBS, main
from crosspan.cli.manual_pages import public_names, whole_manual
from crosspan.core.errors import OptionError
from crosspan.manual import KINDS, Manual, Page
from crosspan.manual.contents import START, kind_of
from crosspan.manual.hypertext import hypertext, write_manual
from crosspan.manual.pages import anchors, contents, relinked, section, without_kind
from crosspan.pipeline.backends import FAMILIES

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def manual():
    return whole_manual()


@pytest.fixture(scope="module")
def texts(manual):
    return {page.name: page.text() for page in manual}


def test_every_page_is_of_one_kind(manual):
    assert without_kind(manual) == []
    named = [page.name for _, pages in contents(manual) for page in pages]
    assert sorted([*named, START]) == sorted(page.name for page in manual)
    assert len(KINDS) == 4


def test_links_lead_to_pages_and_headings(manual, texts):
    wrong = []
    for name, text in texts.items():
        for link in LINK.findall(FENCE.sub("", text)):
            if "://" in link:
                continue
            path, _, heading = link.partition("#")
            target = name if not path else str((Path(name).parent / path).as_posix()).removesuffix(".md")
            target = re.sub(r"[^/]+/\.\./", "", target)
            if target not in manual or (heading and heading not in anchors(texts[target])):
                wrong.append((name, link))
    assert wrong == []


def test_titles_are_those_of_the_pages(manual, texts):
    for page in manual:
        first = texts[page.name].splitlines()[0]
        shown = page.title.removeprefix("Settings: ")
        assert first.lower() == f"# {shown}".lower()


def test_each_command_has_a_page_with_all_its_options(texts, capsys):
    for verb in VERBS:
        text = texts[f"commands/{verb.replace(' ', '-')}"]
        main([*verb.split(), "--help"])
        options = set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", capsys.readouterr().out, re.MULTILINE))
        assert {name for name in options if f"{name}" not in text} == set()


def test_each_verb_names_a_page_that_tells_more(manual, capsys):
    assert {*MORE} == {*VERBS}
    assert {page for page in MORE.values() if page not in manual} == set()
    main(["project", "--help"])
    assert "'crosspan docs projection' tells more." in capsys.readouterr().out


def test_each_component_and_its_settings_are_in_the_reference(texts):
    for name, family in FAMILIES.items():
        text = texts[f"settings/{name}"]
        for one in family.builtin:
            assert f"| `{one}` |" in text
            for option in family.option_names(one) or ():
                if "." not in option:
                    assert f"| `{option}` |" in section(text, one)


def test_each_public_name_is_in_the_reference(texts):
    assert [name for name in public_names() if f"## {name}\n" not in texts["python"]] == []
    assert len(public_names()) > 40


def test_messages_name_pages_that_are_there(manual):
    root = Path(crosspan.__file__).parent
    files = [*root.rglob("*.py"), *root.rglob("*.toml")]
    named = {
        topic
        for path in files
        if "manual" not in path.parts and path.name not in ("docs.py", "main.py")
        for topic in re.findall(r"'crosspan docs ([\w/#-]+)'", path.read_text(encoding="utf-8"))
    }
    assert {"neural", "benchmarks"} <= named
    for topic in named:
        manual.find(topic)


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        ("projection", ("projection", "")),
        ("docs/projection.md", ("projection", "")),
        ("errors#outages", ("errors", "outages")),
        ("review apply", ("commands/review-apply", "")),
        ("review", ("review", "")),
        ("aligners", ("settings/aligners", "")),
        ("new-language", ("new_language", "")),
    ],
)
def test_topics_are_found(manual, topic, found):
    page, heading = manual.find(topic)
    assert (page.name, heading) == found


@pytest.mark.parametrize(
    ("topic", "hint"),
    [
        ("projektion", "Did you mean 'projection'?"),
        ("outage", "It stands in headings of errors."),
        ("xqzw", "'crosspan docs' lists them all."),
        ("errors#outage", "Did you mean 'outages'?"),
    ],
)
def test_unknown_topics_name_the_nearest(manual, topic, hint):
    with pytest.raises(OptionError) as error:
        manual.find(topic)
    assert error.value.hint == hint


def test_lines_of_code_are_no_headings():
    text = "# A\n\n## B\n\n```sh\n# c\n```\n\nmore\n\n## D\n"
    assert anchors(text) == ["a", "b", "d"]
    assert section(text, "b") == "## B\n\n```sh\n# c\n```\n\nmore\n\n"


def test_links_follow_the_pages():
    names = {"a", "studies/s", "contributing"}
    assert relinked("[x](../CONTRIBUTING.md#b)", "docs/a.md", names) == "[x](contributing.md#b)"
    assert relinked("[x](../../a.md)", "docs/studies/s.md", names) == "[x](../a.md)"
    assert relinked("[x](studies/s.md)", "docs/a.md", names) == "[x](studies/s.md)"
    assert relinked("![x](images/x.png)", "docs/a.md", names) == "![x](images/x.png)"
    assert relinked("![x](docs/images/x.png)", "README.md", names) == "![x](images/x.png)"
    assert relinked("[x](../src/y.py)", "docs/a.md", names) == "x (`src/y.py`)"
    assert relinked("```\n[x](../src/y.py)\n```\n", "docs/a.md", names) == "```\n[x](../src/y.py)\n```\n"


def test_html_in_a_page_is_shown_as_text():
    page = hypertext(Manual([]), Page("a", "<A>", lambda: "# <A>\n\n<script>x</script> [b](c/d.md#e) ![p](q.png)\n"))
    assert "<script>" not in page
    assert 'href="c/d.html#e"' in page
    assert "<img" not in page


def test_the_manual_is_written_as_pages_that_link_to_each_other(manual, tmp_path):
    write_manual(manual, tmp_path)
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.html")}
    assert files == {f"{page.name}.html" for page in manual}
    for path in tmp_path.rglob("*.html"):
        for link in re.findall(r'href="([^"#]+)', path.read_text(encoding="utf-8")):
            assert "://" in link or (path.parent / link).resolve().relative_to(tmp_path.resolve()).as_posix() in files


def test_kinds():
    assert kind_of("nothing") is None
