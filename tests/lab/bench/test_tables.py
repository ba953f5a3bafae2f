"""What readers see: text, Markdown, JSON; published means are never beside a mean over other languages unsaid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosspan.core.errors import OptionError
from crosspan.lab.bench import BenchScoring, SuiteResult, make_baseline, make_system, run_suite
from crosspan.lab.bench.tables import render
from crosspan.suites import make_suite


@pytest.fixture
def europarl(tmp_path: Path, downloads: Any) -> Any:
    """Runs Europarl-NER on the languages named."""

    def call(*langs: str, baseline: str | None = None, bootstrap: int = 20) -> SuiteResult:
        downloads.europarl(tmp_path, "en", *langs)
        about = make_suite("europarl-ner").about
        system = make_system(about)
        other = make_baseline(about, system, baseline) if baseline else None
        scoring = BenchScoring(bootstrap=bootstrap, samples=20)
        return run_suite("europarl-ner", str(tmp_path), system=system, baseline=other, scoring=scoring)

    return call


def test_text_has_a_line_a_language(europarl: Any) -> None:
    lines = render(europarl("de", "es", baseline="heuristic")).splitlines()
    header = next(line for line in lines if line.startswith("language"))
    for name in ("sentences", "F1", "95 % interval", "lenient F1", "baseline", "difference", "best published"):
        assert name in header
    starts = [line.partition(" ")[0] for line in lines]
    assert starts.index("de") < starts.index("es") < starts.index("it") < starts.index("mean")
    missing = next(line for line in lines if line.startswith("it "))
    assert missing.endswith("missing: no it-europarl.test.conll02 [a]")
    assert "[a] download: https://github.com/ixa-ehu/ner-evaluation-corpus-europarl" in lines
    assert any(line.startswith("crosspan-bench|europarl-ner|projection|") for line in lines)
    assert not [line for line in lines if line != line.rstrip()]


def test_a_published_mean_over_other_languages_is_told(europarl: Any) -> None:
    text = render(europarl("de", "es"))
    assert "No published mean is over languages that were all run here" in text
    line = next(line for line in text.splitlines() if line.startswith("n-gram greedy, AWESOME"))
    # de, es, it, the mean of de and es, the published mean, what it is over, ours over the same
    assert " ".join(line.split()[3:]) == "92.0 88.6 87.2 90.3 89.3 de es it - lenient mBERT [1]"


def test_ours_stands_beside_a_mean_over_the_same_languages(europarl: Any) -> None:
    result = europarl("de", "es", "it")
    text = render(result)
    assert "do not compare" not in text
    line = next(line for line in text.splitlines() if line.startswith("n-gram greedy, AWESOME"))
    ours = f"{100 * result.mean(mode='lenient').value:.1f}"
    assert " ".join(line.split()[3:]) == f"92.0 88.6 87.2 89.3 de es it {ours} lenient mBERT [1]"
    mean = next(line for line in text.splitlines() if line.startswith("mean of 3"))
    assert mean.endswith("91.0 T-Projection")


def test_model_transfer_and_data_transfer_have_columns_of_their_own(europarl: Any) -> None:
    lines = render(europarl("de", "es", "it"), "markdown").splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line.strip("| ").split(" | ") for line in lines if "|" in line}
    assert rows["language"][-2:] == ["best published model transfer", "best published data transfer"]
    assert rows["de"][-2:] == ["67.5 model transfer, XLM-R-large", "92.1 exact matching, align score"]
    assert rows["mean of 3"][-2:] == ["70.4 model transfer, XLM-R-large", "91.0 T-Projection"]


def test_languages_where_one_kind_of_transfer_is_ahead_are_named(europarl: Any) -> None:
    result = europarl("de", "es", "it", baseline="tagger")
    ps = {"de": (0.2, 0.001), "es": (-0.3, 0.0001), "it": (0.1, 0.03)}
    for one in result.languages:
        one.result["comparison"]["randomization"] |= dict(zip(("difference", "p_value"), ps[one.language], strict=True))
    line = next(line for line in render(result).splitlines() if line.startswith("ahead"))
    assert "p < 0.017" in line
    assert line.endswith("data transfer in de; model transfer in es; not told apart: it")
    assert "\nahead" not in render(europarl("de", baseline="heuristic"))


def test_weights_that_saw_the_corpus_are_told(europarl: Any) -> None:
    assert "trained on de es of this corpus" in render(europarl("de", "es", "it"))


def test_markdown_is_a_table(europarl: Any) -> None:
    text = render(europarl("de"), "markdown")
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in tables[:5]}) == 1
    assert tables[1].startswith("|:---|---:|")
    assert text.startswith("## Europarl-NER")


def test_json_has_everything(europarl: Any) -> None:
    found = json.loads(render(europarl("de", baseline="fast_align+heuristic"), "json"))
    assert list(found) == [
        *("crosspan", "suite", "title", "download", "caveats", "system", "baseline", "scoring", "ocr_noise"),
        *("signature", "languages", "mean", "published"),
    ]
    done, _, missing = found["languages"]
    assert list(done) == [
        *("language", "status", "metric", "scores", "n", "baseline", "comparison", "n_total", "n_bitext", "notes"),
        "files",
    ]
    assert done["scores"]["lenient"]["micro"]["f1"] <= 1
    assert {file["role"] for file in done["files"]} == {"gold", "source"}
    assert all(len(file["sha256"]) == 64 and not file["path"].startswith("/") for file in done["files"])
    assert list(missing) == ["language", "status", "message", "hint"]
    assert set(found["mean"]) == {"strict", "lenient"}
    assert found["baseline"]["aligner"] == "fast_align"
    assert found["published"][0]["source"]["citation"].startswith("Politov")
    assert 0 < found["published"][0]["value"] < 1


def test_no_interval_where_none_was_asked_for(europarl: Any) -> None:
    assert "interval" not in render(europarl("de", bootstrap=0))


def test_an_unknown_format_is_refused(europarl: Any) -> None:
    with pytest.raises(OptionError, match="no format 'html'"):
        render(europarl("de"), "html")


def test_a_suite_without_published_figures_says_so(tmp_path: Path, downloads: Any) -> None:
    downloads.xsid(tmp_path, "en", downloads.ENGLISH)
    downloads.xsid(tmp_path, "da", downloads.OTHER)
    about = make_suite("xsid").about
    result = run_suite("xsid", str(tmp_path), system=make_system(about), languages=["da"])
    for form in ("text", "markdown"):
        assert "There are no published figures" in render(result, form)


def test_what_the_rule_says_beforehand_stands_below_what_came_out(
    europarl: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("langcodes")
    result = europarl("de", "es", baseline="tagger")
    assert "to try first" not in render(result)  # the embedded tagger was not pre-trained on any language
    assert result.baseline is not None
    object.__setattr__(result.baseline, "taggers", {"": "transformers:xlm-roberta-base"})
    assert "to try first, by what XLM-R has seen: model transfer in de es\n" in render(result)
    object.__setattr__(result.baseline, "taggers", {"": "transformers:somebody/some-encoder"})
    assert "to try first" not in render(result)


def test_languages_that_were_not_run_have_no_column_where_there_are_many(tmp_path: Path, downloads: Any) -> None:
    result = wikiann_of_one(tmp_path, downloads)
    header = next(line for line in render(result).splitlines() if line.startswith("system "))
    assert header.split()[:3] == ["system", "sw", "mean"]
    line = next(line for line in render(result).splitlines() if line.startswith("heuristic, SimAlign"))
    assert line.split()[2:5] == ["45.9", "41.8", "39"]


def wikiann_of_one(tmp_path: Path, downloads: Any) -> SuiteResult:
    rows = "".join(f"sw:{word}\t{tag}\n" for word, tag in downloads.OTHER[0])
    downloads.put(tmp_path / "sw" / "test", rows + "\n")
    about = make_suite("wikiann").about
    return run_suite("wikiann", str(tmp_path), system=make_system(about), languages=["sw"])
