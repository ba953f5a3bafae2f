from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from crosspan.cli.bench import command
from crosspan.core.errors import CrosspanError
from crosspan.pipeline.folder_store import FolderStore

ENGLISH = "Ada\tB-PER\nsees\tO\nBo\tB-LOC\n\nBob\tB-PER\nsees\tO\nBo\tB-LOC\n"
GERMAN = ENGLISH.replace("sees", "sieht")


@click.group()
def group() -> None:
    """Stands in for the program."""


group.add_command(command, "bench")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two languages of Europarl-NER, and a cache of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    data = tmp_path / "data"
    data.mkdir()
    (data / "en-europarl.test.conll02").write_text(ENGLISH, encoding="utf-8")
    (data / "de-europarl.test.conll02").write_text(GERMAN, encoding="utf-8")
    return data


def bench(*args: str) -> Result:
    result = CliRunner().invoke(group, ["bench", *args])
    assert result.exception is None or isinstance(result.exception, SystemExit | CrosspanError), result.exception
    return result


def test_bench_prints_ours_beside_theirs(folder: Path) -> None:
    result = bench("europarl-ner", "--data", str(folder), "--bootstrap", "20")
    assert result.exit_code == 0
    assert ["de", "2"] in [line.split()[:2] for line in result.stdout.splitlines()]
    assert "missing: no it-europarl.test.conll02" in result.stdout
    assert "T-Projection" in result.stdout


def test_bench_keeps_results_in_the_users_cache(folder: Path, tmp_path: Path) -> None:
    bench("europarl-ner", "--data", str(folder))
    kept = FolderStore(tmp_path / "cache" / "crosspan" / "bench")
    assert cells(kept) == 1
    bench("europarl-ner", "--data", str(folder), "--cache", str(tmp_path / "mine"))
    assert (cells(kept), cells(FolderStore(tmp_path / "mine"))) == (1, 1)


def cells(store: FolderStore) -> int:
    """How many languages are kept whole."""
    names = [path.parent.name + path.name for path in store.folder.glob("??/*")]
    return sum("result" in entry.parts for entry in map(store.find, names) if entry is not None)


def test_bench_without_a_cache_writes_nothing(folder: Path, tmp_path: Path) -> None:
    bench("europarl-ner", "--data", str(folder), "--no-cache")
    assert not (tmp_path / "cache").exists()
    assert bench("europarl-ner", "--data", str(folder), "--no-cache", "--cache", "x").exit_code == 2
    assert bench("europarl-ner", "--data", str(folder), "--no-cache", "--workers", "2").exit_code == 2


def test_bench_with_a_malformed_language_exits_with_3(folder: Path) -> None:
    (folder / "es-europarl.test.conll02").write_text("Ada\tB-PER\nsees\n", encoding="utf-8")
    result = bench("europarl-ner", "--data", str(folder))
    assert result.exit_code == 3
    assert "error: es-europarl.test.conll02:2: 1 column" in result.stdout


def test_bench_writes_the_format_that_the_name_tells(folder: Path, tmp_path: Path) -> None:
    for name in ("table.json", "table.md"):
        assert bench("europarl-ner", "--data", str(folder), "--out", str(tmp_path / name)).stdout == ""
    assert json.loads((tmp_path / "table.json").read_text("utf-8"))["suite"] == "europarl-ner"
    assert (tmp_path / "table.md").read_text("utf-8").startswith("## Europarl-NER")


def test_bench_options_reach_the_suite(folder: Path) -> None:
    result = bench(
        *("europarl-ner", "--data", str(folder), "--lang", "de,es", "--ignore", "PER,MISC", "--method", "heuristic"),
        *("--set", "merge-distance=2", "--aligner", "fast_align", "--only-at-hand", "--baseline", "candidates"),
        *("--samples", "30", "--seed", "5", "--format", "json", "--bootstrap", "0"),
    )
    found = json.loads(result.stdout)
    assert [one["language"] for one in found["languages"]] == ["de", "es"]
    assert found["scoring"]["ignore"] == ["MISC", "PER"]
    assert list(found["languages"][0]["scores"]["strict"]["by_label"]) == ["LOC"]
    assert found["system"]["settings"] == {"merge_distance": "2"}
    assert found["baseline"]["method"] == "candidates"
    assert found["languages"][0]["comparison"]["randomization"]["n_samples"] == 30
    for part in ("method:heuristic", "aligner:fast_align", "set:merge_distance=2", "text:at-hand", "seed:5"):
        assert f"|{part}|" in found["signature"]


def test_bench_switches_off_what_the_other_verbs_do(folder: Path) -> None:
    rows = [
        {"tokens": ["Ada", "anaishi", "Accra"], "ner_tags": ["B-PER", "O", "B-LOC"], "src_text": "Ada lives in Accra"},
        {"tokens": ["Bob", "anaona", "Bonn"], "ner_tags": ["B-PER", "O", "B-LOC"], "src_text": "Bob sees Bonn"},
    ]
    for split in ("train", "test"):
        (folder / f"m2.swa-en.{split}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    words = ("masakhaner2", "--data", str(folder), "--lang", "swa", "--pipeline", "translate-train", "--no-cache")
    off = ("--no-adapt", "--no-copy-bias", "--no-source-scores", "--rounds", "0", "--set", "train.iterations=1")
    found = json.loads(bench(*words, *off, "--bootstrap", "0", "--format", "json").stdout)
    assert [one["status"] for one in found["languages"]] == ["done"]
    assert found["system"]["settings"] == {
        "project.source_scores": "false",
        "tag.adapt": "false",
        "tag.adaptation.copy_bias": "0",
        "train.iterations": "1",
        "train.rounds": "0",
    }


def test_bench_ignores_nothing_where_none_is_asked_for(folder: Path) -> None:
    found = json.loads(bench("europarl-ner", "--data", str(folder), "--ignore", "none", "--format", "json").stdout)
    assert found["scoring"]["ignore"] == []


@pytest.mark.parametrize(
    "args",
    [
        *(["--tagger", "en"], ["--translations", "."], ["--no-adapt"], ["--no-copy-bias"], ["--rounds", "1"]),
        ["--no-adapt", "--pipeline", "align-source"],  # on gold labels that recipe tags nothing
        ["--rounds", "1", "--pipeline", "align-source"],
    ],
)
def test_bench_refuses_options_without_effect(folder: Path, args: list[str]) -> None:
    result = bench("europarl-ner", "--data", str(folder), *args)
    assert result.exit_code == 2
    assert f"{args[0]} has no effect" in result.stderr


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["europarl"], 2, "Did you mean 'europarl-ner'?"),
        (["europarl-ner", "--lang", "fr"], 2, "has no language 'fr'"),
        (["europarl-ner", "--pipeline", "translate-test"], 2, "has no pipeline 'translate-test'"),
        (["europarl-ner", "--baseline", "candidates"], 2, "what it would be compared with"),
        (["europarl-ner", "--set", "reech=1"], 2, "reech"),
        (["europarl-ner", "--aligner", "awesome", "--set", "model=x"], 2, "For the aligner awesome write align.model."),
        (["europarl-ner", "--set", "tag.adapt=no"], 2, "tag.adapt has no effect"),
        (["europarl-ner", "--out", "nowhere/table.md"], 1, "the folder does not exist"),
        (["uner-pud"], 1, "nothing of the suite uner-pud can be run"),
    ],
)
def test_bench_says_what_is_wrong(folder: Path, args: list[str], code: int, message: str) -> None:
    result = bench(*args, "--data", str(folder))
    assert isinstance(result.exception, CrosspanError)
    assert result.exception.exit_code == code
    assert message in str(result.exception)
    assert result.stdout == ""


def test_bench_with_ocr_noise(folder: Path) -> None:
    (folder / "emerging.test.annotated").write_text("Ada\tB-person\nlives\tO\nin\tO\nAccra\tB-location\n", "utf-8")
    shown = [
        bench("wnut17", "--data", str(folder), "--ocr-noise", "0.3", "--seed", seed, "--bootstrap", "0").stdout
        for seed in ("1", "1", "2")
    ]
    assert "|ocr-noise:0.3|seed:1|" in shown[0]
    assert "% of 15 characters" in shown[0]
    assert shown[0] == shown[1] != shown[2]
    assert bench("wnut17", "--data", str(folder), "--ocr-noise", "0.6").exit_code == 2


def test_bench_help_names_every_suite() -> None:
    from crosspan.suites import SUITES, make_suite

    lines = [line.split() for line in bench("--help").stdout.splitlines()]
    for name in SUITES.names():
        assert [name, *", ".join(make_suite(name).about.pipelines).split()] in lines
