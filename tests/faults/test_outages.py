"""Outages: no sentence is ever at fault for them, what is finished stays, and the next run ends with the same bytes.

Components of :mod:`moody` fail after so many sentences, in the middle of a shard, with whatever their authors might let
through; a chat server of ours dies, is busy, refuses the key, and is well again. Each goes through every door.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

import crosspan
from crosspan.cli.main import main
from crosspan.core.errors import UnavailableError
from crosspan.core.plugins import installed
from crosspan.demo import load_corpus
from crosspan.io import read, write
from crosspan.lab.bench import BenchScoring, make_system, run_suite
from crosspan.translate import chat

MOODY = Path(__file__).with_name("moody.py")
ENTRY_POINTS = """\
[crosspan.translators]
moody = moody:Shouts
[crosspan.taggers]
moody = moody:Capitals
[crosspan.aligners]
moody = moody:InOrder
[crosspan.projectors]
moody = moody:Follows
"""
N, SHARD, AFTER = 24, 4, 10
"""Sentences, how many a shard holds, and after how many something fails: within the third shard."""

RECIPE = """
task = "project"
shard = 4
[source]
path = "en.txt"
lang = "en"
[target]
lang = "de"
[translate]
use = "moody"
[tag]
use = "moody"
[align]
use = "moody"
[project]
use = "moody"
"""
VOTE = """
task = "ensemble"
shard = 4
[source]
lang = "en"
[target]
path = "de.txt"
lang = "de"
[translate]
use = "moody"
[tag]
use = "moody"
[align]
use = "moody"
[project]
use = "moody"
[ensemble]
use = "moody"
model = "x"
"""
STEPS = {"translators": "pairs", "taggers": "tag", "aligners": "align", "projectors": "project"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The package, as an installer leaves it."""
    site = tmp_path_factory.mktemp("site")
    about = site / "moody-1.0.dist-info"
    about.mkdir()
    shutil.copy(MOODY, site)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: moody\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(site))
        patch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]))  # of workers
        installed.cache_clear()
        yield site
    sys.modules.pop("moody", None)
    installed.cache_clear()


def fill(folder):
    """Put a corpus and a recipe into a folder."""
    write(folder / "en.txt", load_corpus("en")[:N], format="plain")
    write(folder / "de.txt", load_corpus("de")[:N], format="plain")
    write(folder / "en.jsonl", load_corpus("en")[:N])
    (folder / "recipe.toml").write_text(RECIPE)


@pytest.fixture(scope="module")
def undisturbed(site, tmp_path_factory):
    """What the recipe makes where nothing fails."""
    folder = tmp_path_factory.mktemp("undisturbed")
    fill(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MOODY", str(folder))
        patch.chdir(folder)
        assert run("out") == 0
        return results("out")


@pytest.fixture
def place(site, tmp_path, monkeypatch):
    """A folder with the same, where something may fail."""
    fill(tmp_path)
    monkeypatch.setenv("MOODY", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fails(family, fault, *, after=AFTER, failures=10**6, word=None):
    """From now on something fails."""
    mood = {"family": family, "fault": fault, "after": after, "failures": failures}
    Path("mood.json").write_text(json.dumps(mood if word is None else {**mood, "word": word}))
    for name in ("items", "failures"):
        Path(name).unlink(missing_ok=True)


def recovers():
    """From now on nothing fails."""
    Path("mood.json").unlink(missing_ok=True)


def results(out):
    """What a run leaves behind, but for its record of times, and without the name of its folder."""
    files = [path for path in sorted(Path(out).iterdir()) if path.is_file() and path.name not in ("run.json",)]
    return {
        path.name: path.read_bytes().replace(f'out = "{out}"'.encode(), b"") for path in files if path.name[0] != "."
    }


def run(out, *words):
    return main(["run", "recipe.toml", "--out", out, "--threads", "1", "--quiet", *words])


def stages(out):
    """Results worked out and taken from the cache, by step."""
    record = json.loads((Path(out) / "run.json").read_text())
    return {one["name"]: (one["computed"], one["cached"]) for one in record["stages"]}


# --- recipes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "fault"),
    [
        *((family, fault) for family in STEPS for fault in ("connection", "unnamed")),
        *(("taggers", fault) for fault in ("server", "device", "time", "file", "package", "memory")),
    ],
)
def test_a_run_stops_and_goes_on(place, undisturbed, capsys, family, fault):
    for _ in range(2):
        fails(family, fault)
        assert run("out") == 1
        (said,) = capsys.readouterr().err.strip().splitlines()
        assert said.startswith("crosspan: the")
        assert "no sentence is at fault" in said.lower() or fault in ("server", "memory")
        assert not (place / "out" / "labelled.jsonl").exists()
    recovers()
    assert run("out") == 0
    assert results("out") == undisturbed
    assert stages("out")[STEPS[family]] == (2, 4)  # two shards were finished at the first try, and two at the second
    assert run("out") == 0
    assert not any(computed for computed, _ in stages("out").values())


def test_in_worker_processes(place, undisturbed):
    fails("taggers", "unnamed")
    assert run("out", "--workers", "2") == 1
    recovers()
    assert run("out", "--workers", "2") == 0
    assert results("out") == undisturbed
    assert stages("out")["tag"][1] > 0


@pytest.mark.parametrize("failures", [1, 4])
def test_what_passes_while_a_shard_is_worked_on_leaves_no_trace(place, undisturbed, failures):
    fails("taggers", "unnamed", failures=failures)
    assert run("out") == 0
    assert results("out") == undisturbed


def test_what_fails_from_the_beginning_is_not_kept_either(place, undisturbed):
    """A tagger that fails on the few sentences that are left without saying why: it may be the sentences."""
    fails("taggers", "unnamed", after=8)
    assert run("out") == 1
    fails("taggers", "unnamed", after=0)
    assert run("out") == 3
    assert len((place / "out" / "rejected.jsonl").read_text().splitlines()) == N - 8
    recovers()
    assert run("out") == 0
    assert results("out") == undisturbed


def test_sentences_that_are_at_fault_are_left_out_and_that_is_kept(place):
    (place / "en.txt").write_text("Boom\n" + (place / "en.txt").read_text())
    fails("taggers", "input", word="Boom")
    assert run("out") == 3
    (rejected,) = map(json.loads, (place / "out" / "rejected.jsonl").read_text().splitlines())
    assert rejected["reason"] == "the tagger failed on the sentence (ValueError: that is no sentence)"
    assert run("out") == 3
    assert not any(computed for computed, _ in stages("out").values())


def test_a_sentence_for_which_memory_is_too_small_is_left_out_and_tried_again(place, undisturbed):
    longest = read("en.txt")[7].tokens[0]
    fails("taggers", "one-memory", word=longest)
    assert run("out") == 3
    rejected = [json.loads(line) for line in (place / "out" / "rejected.jsonl").read_text().splitlines()]
    assert 7 in [one["index"] for one in rejected]
    assert "memory is too small" in rejected[0]["reason"]
    recovers()
    assert run("out") == 0
    assert results("out") == undisturbed


def test_translations_of_a_whole_corpus_are_not_taken_for_those_of_a_half(place, capsys):
    """The file has as many lines as half of the sentences: so had each half, and that went unnoticed."""
    (place / "half.txt").write_text("Hallo!\n" * (N // 2))
    words = ("--set", "translate.use=file", "--set", "translate.model=half.txt", "--set", f"shard={N}")
    assert run("out", *words) == 1
    assert f"the file has {N // 2} lines, and the corpus {N}" in capsys.readouterr().err


@pytest.fixture
def voting(place):
    """The same place, with the recipe of an ensemble; what it makes where nothing fails."""
    (place / "recipe.toml").write_text(VOTE)
    assert run("whole") == 0
    return results("whole")


@pytest.mark.parametrize("fault", ["connection", "unnamed"])
def test_an_ensemble_stops_and_goes_on(voting, fault):
    fails("voters", fault)
    assert run("out") == 1
    recovers()
    assert run("out") == 0
    assert results("out") == voting
    assert stages("out")["ensemble"] == (4, 2)


def test_an_ensemble_leaves_out_what_its_tagger_fails_on(voting):
    number, word = 5, read("de.txt")[5].tokens[0]
    bad = [at for at, one in enumerate(read("de.txt")) if word in one.tokens]
    assert number in bad
    assert len(bad) < N // 2
    fails("voters", "input", word=word)
    for _ in range(2):
        assert run("out") == 3
        rejected = [json.loads(line) for line in Path("out/rejected.jsonl").read_text().splitlines()]
        assert [one["index"] for one in rejected] == bad
        assert {one["reason"] for one in rejected} == {
            "the tagger failed on the sentence (ValueError: that is no sentence)"
        }
    assert not any(computed for computed, _ in stages("out").values())
    whole, left = (Path(name, "labelled.jsonl").read_text().splitlines() for name in ("whole", "out"))
    assert left == [line for at, line in enumerate(whole) if at not in bad]


# --- the other doors -----------------------------------------------------------------------------------------------


def by_project(out):
    words = ("--aligner", "moody", "--method", "moody", "--threads", "1", "--quiet")
    return main(["project", "en.jsonl", "de.txt", "--out", out, *words])


def by_align(out):
    return main(["align", "en.jsonl", "de.txt", "--out", out, "--aligner", "moody", "--threads", "1", "--quiet"])


def by_tag(out):
    return main(["tag", "en.txt", "--out", out, "--tagger", "moody:x", "--threads", "1", "--quiet"])


def by_translate(out, *more):
    words = ("--from", "en", "--to", "de", "--use", "moody", "--quiet")
    return main(["translate", "en.txt", "--out", out, *words, *more])


DOORS = [
    pytest.param(by_project, "aligners", id="project-aligners"),
    pytest.param(by_project, "projectors", id="project-projectors"),
    pytest.param(by_align, "aligners", id="align"),
    pytest.param(by_tag, "taggers", id="tag"),
    pytest.param(by_translate, "translators", id="translate"),
]


@pytest.mark.parametrize("fault", ["connection", "unnamed"])
@pytest.mark.parametrize(("door", "family"), DOORS)
def test_a_verb_stops_with_an_error_and_writes_nothing(place, capsys, monkeypatch, door, family, fault):
    monkeypatch.setattr("crosspan.translate.corpus.SHARD", SHARD)
    assert door("whole.jsonl") == 0
    (place / "out.jsonl").write_text("of before")
    fails(family, fault, after=AFTER if fault == "connection" or family == "translators" else 0)
    assert door("out.jsonl") == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("crosspan: ")
    assert "should not happen" not in said
    assert (place / "out.jsonl").read_text() == "of before"
    recovers()
    assert door("out.jsonl") == 0
    assert (place / "out.jsonl").read_bytes() == (place / "whole.jsonl").read_bytes()


def test_align_leaves_the_line_of_a_pair_empty_that_the_aligner_fails_on(place, capsys):
    assert by_align("whole.links") == 0
    word = read("en.jsonl")[7].tokens[0]
    bad = [at for at, one in enumerate(read("en.jsonl")) if word in one.tokens]
    assert len(bad) < N // 2
    fails("aligners", "input", word=word)
    assert by_align("out.links") == 3
    assert [
        f"pair {at + 1}: no links: ValueError: that is no sentence" for at in bad
    ] == capsys.readouterr().err.splitlines()
    whole, out = (Path(name).read_text().splitlines() for name in ("whole.links", "out.links"))
    assert out == ["" if at in bad else line for at, line in enumerate(whole)]


def asked():
    """How many items were worked on since something began to fail."""
    return Path("items").stat().st_size


@pytest.mark.parametrize("fault", ["connection", "unnamed"])
def test_translate_goes_on_where_it_stopped(place, capsys, monkeypatch, fault):
    """To the byte, with the same lines of rejects; of what is finished nothing is translated again."""
    monkeypatch.setattr("crosspan.translate.corpus.SHARD", SHARD)
    odd = next(token for token in read("en.txt")[1].tokens if token.istitle())
    monkeypatch.setattr("crosspan.translate.guard.problem_of", lambda text, *_, **__: "odd" if odd in text else None)
    assert by_translate("whole.txt", "--rejects", "whole.jsonl") == 3
    for after in (AFTER, SHARD):
        fails("translators", fault, after=after)
        assert by_translate("out.txt", "--rejects", "out.jsonl") == 1
    said = capsys.readouterr().err
    assert "lines are in out.txt.part, and the same command goes on behind them" in said
    assert "lines are in out.txt.2.part" in said
    fails("translators", fault, after=10**6)
    assert by_translate("out.txt", "--rejects", "out.jsonl") == 3
    again = asked()
    for name in ("txt", "jsonl"):
        assert (place / f"out.{name}").read_bytes() == (place / f"whole.{name}").read_bytes()
    assert not list(place.glob(".*"))
    fails("translators", fault, after=10**6)
    assert by_translate("other.txt") == 3
    assert again < asked()


@pytest.mark.parametrize("change", ["language", "setting", "line", "damage"])
def test_translate_takes_nothing_of_another_call(place, monkeypatch, change):
    monkeypatch.setattr("crosspan.translate.corpus.SHARD", SHARD)
    fails("translators", "connection")
    assert by_translate("out.txt") == 1
    words = ()
    if change == "language":
        words = ("--to", "sw")
    elif change == "setting":
        words = ("--set", "guard.max_ratio=5")
    elif change == "line":
        (place / "en.txt").write_text("One more\n" + (place / "en.txt").read_text())
    else:
        (place / ".out.txt.cache").write_bytes(b"no such thing")
    fails("translators", "input", after=10**6)
    assert by_translate("out.txt", *words) == 0
    assert asked() == len(read("en.txt"))
    assert not list(place.glob(".*"))


@pytest.mark.parametrize("family", ["aligners", "projectors"])
def test_python_raises_and_blames_no_sentence(place, family):
    sources, targets = load_corpus("en")[:N], load_corpus("de")[:N]
    how = {"aligner": "moody", "method": "moody", "threads": 1}
    whole = crosspan.project_labels(sources, targets, **how)
    fails(family, "connection")
    with pytest.raises(UnavailableError, match="cannot go on"):
        crosspan.project_labels(sources, targets, **how)
    with pytest.raises(UnavailableError, match="cannot go on"):
        list(crosspan.iter_projections(map(crosspan.Pair, sources, targets), **how))
    recovers()
    assert crosspan.project_labels(sources, targets, **how) == whole


def test_python_stops_where_a_tagger_is_lost(place):
    sources, targets = load_corpus("en")[:N], load_corpus("de")[:N]
    how = {"tagger": "moody:x", "adapt": False, "aligner": "moody", "method": "moody", "threads": 1}
    whole = crosspan.translate_test(targets, sources, **how)
    fails("taggers", "connection")
    with pytest.raises(UnavailableError, match=r"the tagger cannot go on \(ConnectionRefusedError: .*refused\)"):
        crosspan.translate_test(targets, sources, **how)
    recovers()
    assert crosspan.translate_test(targets, sources, **how) == whole


def put(path, sentences):
    """Columns of CoNLL, as Europarl-NER has them."""
    rows = ["".join(f"{word}\t{tag}\n" for word, tag in zip(one.tokens, one.tags(), strict=True)) for one in sentences]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_bench_stops_and_goes_on_with_the_languages_that_are_missing(place):
    for name in ("en", "de", "es"):
        put(place / f"{name}-europarl.test.conll02", load_corpus(name)[:8])
    suite = crosspan.suites.make_suite("europarl-ner").about
    system = make_system(suite, aligner="moody", method="moody", settings={}, taggers={})
    quick = BenchScoring(bootstrap=0, samples=20)

    def bench(cache):
        how = {"system": system, "scoring": quick, "languages": ["de", "es"], "cache": cache, "threads": 1}
        return run_suite("europarl-ner", str(place), **how)

    whole = bench(place / "whole")
    assert [one.status for one in whole.languages] == ["done", "done"]
    fails("projectors", "connection")
    with pytest.raises(UnavailableError, match="the method of projection cannot go on"):
        bench(place / "cache")
    recovers()
    again = bench(place / "cache")
    assert again.to_dict() == whole.to_dict()
    assert [one.kept for one in again.languages] == [True, False]


# --- chat models ---------------------------------------------------------------------------------------------------

BY_CHAT = RECIPE.replace('[translate]\nuse = "moody"', '[translate]\nuse = "openai"\nmodel = "m"\nretries = 1\n{more}')
CLAP = """
shard = 4
[source]
path = "en.jsonl"
[target]
path = "de.txt"
[align]
use = "moody"
[project]
use = "clap"
model = "m"
retries = 1
{more}
"""


def echoed(body):
    """What a model answers that says it all again, in capital letters."""
    return body["messages"][-1]["content"].partition("\n\n")[2].upper() or "Nobody"


OUTAGES = {
    "hangs up": (0, {}, ""),
    "busy": (503, {}, "no room"),
    "key": (401, {}, "bad key"),
    "crashes": (500, {}, "oh"),
    "another page": (200, {}, "<html>We are mending this."),
}


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(chat, "_FIRST_WAIT", 0.001)


@pytest.fixture
def server(place, quick, serve):
    """A server that is well."""
    found = serve(lambda number, body: serve.say(echoed(body)))
    more = f'url = "{found.url}"\ncache = "answers.sqlite"\nconcurrency = 2'
    (place / "recipe.toml").write_text(BY_CHAT.format(more=more))
    (place / "clap.toml").write_text(CLAP.format(more=more))
    return found


def begins_anew(server):
    """Nothing was asked yet."""
    for name in Path().glob("answers.sqlite*"):
        name.unlink()
    server.asked.clear()


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_run_whose_server_recovers(server, capsys, outage):
    well = server.answer
    assert run("whole") == 0
    n_asked = len(server.asked)
    begins_anew(server)
    server.answer = lambda number, body: well(number, body) if number < AFTER else OUTAGES[outage]
    assert run("out") == 1
    (said,) = capsys.readouterr().err.strip().splitlines()
    assert said.startswith(f"crosspan: {server.url}: the server ")
    tried = len(server.asked)
    server.answer = well
    assert run("out") == 0
    assert results("out") == results("whole")
    assert AFTER + len(server.asked) - tried <= n_asked + 2  # nothing is paid for twice
    assert run("out") == 0
    assert not any(computed for computed, _ in stages("out").values())


def test_a_run_whose_server_is_killed_and_started_again(server, serve):
    well = server.answer
    assert run("whole") == 0
    begins_anew(server)

    def dies(number, body):
        if number == AFTER:
            server.http.socket.close()  # nobody listens any more
        return well(number, body) if number < AFTER else (0, {}, "")

    server.answer = dies
    assert run("out") == 1
    server.close()
    assert run("out") == 1
    again = serve(well, port=server.http.server_port)
    assert again.url == server.url
    assert run("out") == 0
    assert results("out") == results("whole")


def test_one_text_that_a_server_cannot_do_is_left_out(server, serve):
    """It fails on one text, and on each part of it, and does the others: that is kept, and no outage."""
    text = read("en.txt")[7].text.upper()
    well = server.answer
    server.answer = lambda number, body: OUTAGES["crashes"] if echoed(body) in text else well(number, body)
    assert run("out") == 3
    (rejected,) = map(json.loads, Path("out/rejected.jsonl").read_text().splitlines())
    assert (rejected["index"], "HTTP 500" in rejected["reason"]) == (7, True)
    n_asked = len(server.asked)
    assert run("out") == 3
    assert len(server.asked) == n_asked


@pytest.mark.parametrize("outage", ["busy"])
def test_a_projection_that_asks_a_server(server, serve, outage):
    well = server.answer = lambda number, body: serve.say("Accra")
    assert main(["run", "clap.toml", "--out", "whole", "--threads", "1", "--quiet"]) == 0
    begins_anew(server)
    server.answer = lambda number, body: well(number, body) if number < AFTER else OUTAGES[outage]
    assert main(["run", "clap.toml", "--out", "out", "--threads", "1", "--quiet"]) == 1
    server.answer = well
    assert main(["run", "clap.toml", "--out", "out", "--threads", "1", "--quiet"]) == 0
    assert results("out") == results("whole")


@pytest.mark.parametrize("outage", ["busy", "key", "another page"])
def test_the_verb_translate_and_a_server(place, server, capsys, outage):
    def by_server(out):
        options = (f"url={server.url}", "cache=answers.sqlite", "retries=1", "concurrency=2")
        settings = [word for option in options for word in ("--set", option)]
        words = ("--from", "en", "--to", "de", "--use", "openai", "--model", "m", "--quiet")
        return main(["translate", "en.txt", "--out", out, *words, *settings])

    well = server.answer
    assert by_server("whole.txt") == 0
    begins_anew(server)
    server.answer = lambda number, body: well(number, body) if number < AFTER else OUTAGES[outage]
    assert by_server("out.txt") == 1
    assert capsys.readouterr().err.startswith(f"crosspan: {server.url}: the server ")
    assert not (place / "out.txt").exists()
    server.answer = well
    assert by_server("out.txt") == 0
    assert (place / "out.txt").read_bytes() == (place / "whole.txt").read_bytes()
