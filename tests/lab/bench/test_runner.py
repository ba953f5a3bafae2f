"""Running a suite: missing and malformed languages, resuming, baselines, taggers, means."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crosspan
from crosspan.core import sources
from crosspan.core.digests import file_digest
from crosspan.core.errors import EmptyInputError, FormatError, OptionError
from crosspan.core.types import Sentence, Span
from crosspan.lab.bench import BenchScoring, SuiteResult, make_baseline, make_system, run_suite
from crosspan.lab.bench.cell import BenchCell
from crosspan.lab.bench.means import mean_of
from crosspan.lab.bench.system import System
from crosspan.suites import make_suite

DATA = Path(os.environ.get("CROSSPAN_DATA") or Path(__file__).parents[4] / "shared" / "data")
QUICK = BenchScoring(bootstrap=20, samples=20)
NAMES = {"Ada": "PER", "Bob": "PER", "Accra": "LOC", "Bonn": "LOC", "2020": "DATE"}


class FakeTagger:
    """Knows a few names."""

    labels = ("DATE", "LOC", "PER")
    tags = ("O", "B-DATE", "I-DATE", "B-LOC", "I-LOC", "B-PER", "I-PER")

    def __init__(self) -> None:
        self.seen = 0

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        self.seen += len(sentences)
        return [
            Sentence(
                one.tokens,
                tuple(Span(i, i + 1, NAMES[word], 0.9) for i, word in enumerate(one.tokens) if word in NAMES),
                lang=one.lang,
            )
            for one in sentences
        ]

    def probabilities(self, sentences: Sequence[Sentence]) -> list[np.ndarray[Any, Any]]:
        return [np.full((len(one), len(self.tags)), 1 / len(self.tags), np.float32) for one in sentences]


@pytest.fixture(autouse=True)
def fake(families: Any) -> Any:
    """The tagger has a name; the list has the models that were asked for."""
    asked: list[str] = []

    def load(model: str) -> FakeTagger:
        asked.append(model)
        if model == "my-twi":
            raise OptionError("there is no tagger 'my-twi'")
        return FakeTagger()

    families[0].register("fake", load)
    return asked


FAKE = {"": "fake:"}


def run(suite: str, folder: Path, *, baseline: str | None = None, taggers: Any = None, **how: Any) -> SuiteResult:
    about = make_suite(suite).about
    chosen = {name: how.pop(name) for name in ("pipeline", "method", "settings") if name in how}
    system = make_system(about, taggers=FAKE if taggers is None else taggers, **chosen)
    other = make_baseline(about, system, baseline) if baseline else None
    return run_suite(suite, str(folder), system=system, baseline=other, **{"scoring": QUICK, **how})


def statuses(result: SuiteResult) -> dict[str, str]:
    return {one.language: one.status for one in result.languages}


def test_gold_entities_are_projected_and_scored(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path, "en", "de", "es")
    result = run("europarl-ner", tmp_path, baseline="heuristic")
    assert statuses(result) == {"de": "done", "es": "done", "it": "missing"}
    found = result.languages[0].result
    assert found["n"] == found["n_total"] == 3
    gold = crosspan.read(tmp_path / "de-europarl.test.conll02")
    source = crosspan.read(tmp_path / "en-europarl.test.conll02")
    projected = [one.sentence for one in crosspan.project_labels(source, gold)]
    assert found["scores"]["strict"]["micro"]["f1"] == crosspan.evaluate_ner(gold, projected).strict.micro.f1
    assert found["comparison"]["randomization"]["score_b"] == found["baseline"]["strict"]["micro"]["f1"]


def test_a_missing_language_says_what_and_where(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path, "en", "de")
    missing = run("europarl-ner", tmp_path).languages[2]
    assert (missing.language, missing.message) == ("it", "no it-europarl.test.conll02")
    assert missing.hint == "https://github.com/ixa-ehu/ner-evaluation-corpus-europarl"


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="Download: https://"):
        run("europarl-ner", tmp_path)
    with pytest.raises(FormatError, match="no such folder"):
        run("europarl-ner", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Ada\tB-PER\nlives\n", "de-europarl.test.conll02:2: 1 column"),
        (b"Ad\xe9\tB-PER\n", "de-europarl.test.conll02:1: byte 3"),
        (b"", "the file is empty"),
        (b"Ada\tB-PER\n", "1 sentences, but en-europarl"),
    ],
)
def test_a_malformed_language_is_a_line_and_the_others_go_on(
    tmp_path: Path, downloads: Any, content: bytes, message: str
) -> None:
    downloads.europarl(tmp_path, "en", "es")
    (tmp_path / "de-europarl.test.conll02").write_bytes(content)
    result = run("europarl-ner", tmp_path)
    assert statuses(result) == {"de": "error", "es": "done", "it": "missing"}
    assert message in str(result.failed[0].message)
    assert str(tmp_path) not in str(result.failed[0].message)
    assert result.mean() is not None
    assert result.mean(["de", "es"]) is None


def counted(monkeypatch: pytest.MonkeyPatch, stop_at: str | None = None) -> list[str]:
    """Languages that are worked on, as they come; an interruption at one of them."""
    worked: list[str] = []
    work = BenchCell.work

    def spy(self: BenchCell, inputs: Any) -> Any:
        if self.lang == stop_at:
            raise KeyboardInterrupt
        worked.append(self.lang)
        return work(self, inputs)

    monkeypatch.setattr(BenchCell, "work", spy)
    return worked


def test_a_run_that_was_ended_goes_on_where_it_was(
    tmp_path: Path, downloads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads.europarl(tmp_path / "data", "en", "de", "es", "it")
    cache = tmp_path / "cache"
    with monkeypatch.context() as patch:
        worked = counted(patch, stop_at="it")
        with pytest.raises(KeyboardInterrupt):
            run("europarl-ner", tmp_path / "data", cache=cache)
        assert worked == ["de", "es"]
    worked = counted(monkeypatch)
    again = run("europarl-ner", tmp_path / "data", cache=cache)
    assert worked == ["it"]
    assert [one.kept for one in again.languages] == [True, True, False]
    fresh = run("europarl-ner", tmp_path / "data")
    assert json.dumps(again.to_dict()) == json.dumps(fresh.to_dict())


def test_kept_results_hold_for_the_same_files_and_options_only(
    tmp_path: Path, downloads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "data", tmp_path / "cache"
    downloads.europarl(folder, "en", "de")
    worked = counted(monkeypatch)
    run("europarl-ner", folder, cache=cache)
    run("europarl-ner", folder, cache=cache)
    assert len(worked) == 1
    run("europarl-ner", folder, cache=cache, method="heuristic")
    run("europarl-ner", folder, cache=cache, scoring=BenchScoring(bootstrap=20, samples=20, ignore=("PER",)))
    run("europarl-ner", folder, cache=cache, baseline="heuristic")
    assert len(worked) == 4
    downloads.put(folder / "de-europarl.test.conll02", downloads.columns(downloads.OTHER).replace("Bonn", "Jos"))
    run("europarl-ner", folder, cache=cache)
    assert len(worked) == 5
    (again,) = [one for one in run("europarl-ner", folder, cache=cache).languages if one.status == "done"]
    assert (len(worked), again.kept) == (5, True)


def worked_out(suite: str, folder: Path, **how: Any) -> set[str]:
    """The steps inside a language that do some work: those that tell of progress."""
    heard: set[str] = set()
    run(suite, folder, progress=lambda event: heard.add(event.stage), **how)
    return {stage.partition(": ")[2] for stage in heard} - {""}


PROJECTING = ("align", "count", "observe", "project")


def test_another_option_does_again_what_depends_on_it_alone(tmp_path: Path, downloads: Any) -> None:
    folder, cache = tmp_path / "data", tmp_path / "cache"
    downloads.europarl(folder, "en", "de")
    how = {"languages": ["de"], "cache": cache}
    assert worked_out("europarl-ner", folder, **how) == {"pairs", "learn", *PROJECTING}
    assert worked_out("europarl-ner", folder, **how) == set()
    assert worked_out("europarl-ner", folder, scoring=BenchScoring(bootstrap=0), **how) == set()
    assert worked_out("europarl-ner", folder, method="heuristic", **how) == {"project"}
    assert worked_out("europarl-ner", folder, baseline="heuristic", **how) == set()
    assert worked_out("europarl-ner", folder, settings={"align.hmm_iterations": "2"}, **how) == {
        *("learn", *PROJECTING)
    }


def test_stages_are_told_with_the_language_before_them(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path, "en", "de", "es")
    heard: list[str] = []
    run("europarl-ner", tmp_path, progress=lambda event: heard.append(event.stage))
    steps = ("pairs", "learn", *PROJECTING)
    assert list(dict.fromkeys(heard)) == [
        *(f"de: {one}" for one in steps),
        "languages",
        *(f"es: {one}" for one in steps),
    ]


def test_nothing_of_a_suite_is_read_where_its_result_is_kept(
    tmp_path: Path, downloads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "data", tmp_path / "cache"
    downloads.europarl(folder, "en", "de")
    first = run("europarl-ner", folder, cache=cache, baseline="tagger")
    monkeypatch.setattr(type(make_suite("europarl-ner")), "read", None)
    again = run("europarl-ner", folder, cache=cache, baseline="tagger")
    assert [one.kept for one in again.done] == [True]
    assert again.to_dict() == first.to_dict()


def test_a_changed_module_works_out_again_what_it_is_part_of(
    tmp_path: Path, downloads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cache = tmp_path / "data", tmp_path / "cache"
    downloads.europarl(folder, "en", "de")
    how = {"languages": ["de"], "cache": cache}
    run("europarl-ner", folder, **how)
    content = sources._content
    everything = {"pairs", "learn", *PROJECTING}
    for changed, anew, kept, whole in (
        ("align/hmm.py", {"learn", "align"}, {"pairs"}, 1),
        ("suites/europarl_ner.py", {"pairs"}, {"align", "project"}, 1),
        ("lab/bench/scoring.py", set(), everything, 1),
        ("cli/report.py", set(), everything, 0),
    ):
        with monkeypatch.context() as patch:
            sources.forget()
            patch.setattr(sources, "_content", changing(content, changed))
            worked = counted(patch)
            inside = worked_out("europarl-ner", folder, **how)
            assert anew <= inside <= everything - kept
            assert len(worked) == whole
    sources.forget()


def changing(content: Any, changed: str) -> Any:
    """Source files as they are, but for one."""

    def read(path: str) -> tuple[str, bytes]:
        text, digest = content(path)
        return text, b"other" if path.endswith(f"crosspan/{changed}") else digest

    read.cache_clear = content.cache_clear  # type: ignore[attr-defined]
    return read


def test_another_tagger_of_the_same_name_is_another_result(
    tmp_path: Path, downloads: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crosspan.tag import load_tagger

    downloads.masakhaner(tmp_path, "wol", "test")
    downloads.mafand_json(tmp_path, "fr-wol", "test", downloads.MAFAND_ROWS)
    model, worked = tmp_path / "fr.crf", counted(monkeypatch)
    how = {"languages": ["wol"], "taggers": {"fr": str(model)}, "cache": tmp_path / "cache"}
    load_tagger("en").save(model)
    for count in (1, 1):
        assert statuses(run("masakhaner2", tmp_path, settings={"tag.adapt": "false"}, **how)) == {"wol": "done"}
        assert len(worked) == count
    model.write_bytes(b"damaged")
    assert statuses(run("masakhaner2", tmp_path, settings={"tag.adapt": "false"}, **how)) == {"wol": "error"}


IN_A_PROCESS = """
import sys
from crosspan.lab.bench import make_system, run_suite
from crosspan.suites import make_suite
system = make_system(make_suite("europarl-ner").about, method="heuristic", aligner="fast_align")
result = run_suite("europarl-ner", sys.argv[1], system=system, cache=sys.argv[2], threads=1)
print([one.kept for one in result.done], result.done[0].result["scores"]["strict"]["micro"]["f1"])
"""


def test_two_processes_share_the_work(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path / "data", "en", "de")
    words = [sys.executable, "-c", IN_A_PROCESS, str(tmp_path / "data"), str(tmp_path / "cache")]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    shown = sorted(one.communicate()[0].split() for one in both)
    assert [one.returncode for one in both] == [0, 0]
    assert [words[0] for words in shown] == ["[False]", "[True]"]
    assert shown[0][1] == shown[1][1]


def test_a_damaged_result_is_made_anew(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path / "data", "en", "de")
    cache = tmp_path / "cache"
    first = run("europarl-ner", tmp_path / "data", cache=cache)
    for path in cache.glob("??/*"):
        path.write_text("{", encoding="utf-8")
    assert run("europarl-ner", tmp_path / "data", cache=cache).to_dict() == first.to_dict()
    assert not [path for path in cache.rglob("*") if path.suffix == ".tmp"]


def test_a_model_in_a_file_counts_by_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "a.crf", tmp_path / "b.crf"
    one.write_bytes(b"x")
    other.write_bytes(b"x")
    assert file_digest(one) == file_digest(other)
    other.write_bytes(b"y")
    assert file_digest(one) != file_digest(other)


def test_translate_test_against_the_tagger_alone(tmp_path: Path, downloads: Any) -> None:
    rows = [[*one[:2], ("2020", "B-DATE"), *one[2:]] for one in downloads.OTHER]
    downloads.masakhaner(tmp_path, "lug", "test", rows)
    texts = [
        (" ".join(w for w, _ in english), " ".join(w for w, _ in other))
        for english, other in zip(downloads.ENGLISH[:2], rows[:2], strict=True)
    ]
    downloads.mafand_json(tmp_path, "en-lug", "dev", texts)
    scoring = BenchScoring(bootstrap=20, samples=20, ignore=("DATE",))
    result = run("masakhaner2", tmp_path, languages=["lug"], baseline="tagger", scoring=scoring)
    found = result.languages[0].result
    assert (found["n"], found["n_total"]) == (2, 3)
    assert found["notes"] == ["2 of 3 test sentences have a translation"]
    assert set(found["scores"]["strict"]["by_label"]) == {"LOC", "PER"}
    assert found["baseline"]["strict"]["micro"]["f1"] == 1.0


def test_french_translations_need_a_tagger_for_french(tmp_path: Path, downloads: Any) -> None:
    downloads.masakhaner(tmp_path, "wol", "test")
    downloads.mafand_json(tmp_path, "fr-wol", "test", downloads.MAFAND_ROWS)
    downloads.masakhaner(tmp_path, "lug", "test")
    downloads.mafand_json(tmp_path, "en-lug", "test", downloads.MAFAND_ROWS)
    both = ["lug", "wol"]
    without = run("masakhaner2", tmp_path, languages=both, taggers={"en": "fake:"})
    assert statuses(without) == {"lug": "done", "wol": "missing"}
    assert "--tagger fr=" in str(without.languages[1].message)
    assert statuses(run("masakhaner2", tmp_path, languages=both, taggers={"": "fake:x"})) == statuses(without)
    assert statuses(run("masakhaner2", tmp_path, languages=both, taggers={"fr": "fake:x"})) == {
        "lug": "done",
        "wol": "done",
    }


def test_a_tagger_of_each_language(tmp_path: Path, downloads: Any, fake: Any) -> None:
    for lang in ("lug", "twi"):
        downloads.masakhaner(tmp_path, lang, "test")
    how = {"pipeline": "tagger", "languages": ["lug", "twi"]}
    result = run("masakhaner2", tmp_path, taggers={"": "fake:my-{lang}"}, **how)
    assert fake == ["my-lug", "my-twi"]
    assert statuses(result) == {"lug": "done", "twi": "missing"}
    with pytest.raises(OptionError):
        run("masakhaner2", tmp_path, taggers={"": "fake:my-twi"}, **how)


def to_train_on(tmp_path: Path, downloads: Any) -> None:
    for split in ("train", "test"):
        downloads.masakhaner(tmp_path, "lug", split)
        downloads.mafand_json(tmp_path, "en-lug", split, downloads.MAFAND_ROWS)


def test_a_tagger_is_trained_on_the_training_part(tmp_path: Path, downloads: Any, families: Any) -> None:
    to_train_on(tmp_path, downloads)
    given: dict[str, Any] = {}

    def train(examples: Any, *, seed: int, unlabelled: Any = None, **options: str) -> FakeTagger:
        given.update(examples=examples, unlabelled=unlabelled, **options)
        return FakeTagger()

    families[1].register("fake", train)
    settings = {"train.use": "fake", "train.pace": "slow", "noise.min_confidence": "0", "noise.missing": "0"}
    how = {"pipeline": "translate-train", "languages": ["lug"]}
    result = run("masakhaner2", tmp_path, settings=settings, **how)
    sentences = [one.sentence for one in given["examples"]]
    assert [one.spans[0].label for one in sentences] == ["PER", "PER"]
    assert [one.tokens[0] for one in sentences] == ["Ada", "Bob"]
    assert (given["pace"], given["unlabelled"]) == ("slow", None)
    found = result.languages[0].result
    assert found["n"] == 3  # test sentences need no translation then
    assert found["notes"] == ["2 translated sentences to train on"]
    assert {one.lang for one in sentences} == {"lug"}
    # a trainer that learns not to tell languages apart gets labels of the source, and the target without labels
    families[1].register("fake", train, unlabelled=True)
    result = run("masakhaner2", tmp_path, settings=settings, **how)
    sentences = [one.sentence for one in given["examples"]]
    assert [(one.tokens[0], one.lang, one.spans[0].label) for one in sentences] == [
        (name, "en", "PER") for name in ("Ada", "Bob")
    ]
    assert [(one.tokens[0], one.lang, one.spans) for one in given["unlabelled"]] == [
        (name, "lug", ()) for name in ("Ada", "Bob")
    ]
    assert result.languages[0].result["notes"][1:] == []


def test_an_encoder_is_fine_tuned_against_a_discriminator(tmp_path: Path, downloads: Any) -> None:
    torch = pytest.importorskip("torch")
    from crosspan.testing import tiny_models

    torch.set_num_threads(1)
    encoder = tiny_models.save_mbert(tmp_path / "mbert", layers=1)
    to_train_on(tmp_path / "data", downloads)
    settings = {"use": "token-classifier", "encoder": str(encoder), "epochs": "1", "batch_size": "2", "device": "cpu"}
    settings |= {"adversarial.mode": "reversal", "adversarial.hidden": "4", "noise.min_confidence": "0"}
    result = run(
        "masakhaner2",
        tmp_path / "data",
        pipeline="ensemble",
        languages=["lug"],
        settings={f"train.{name}": value for name, value in settings.items()},
    )
    assert statuses(result) == {"lug": "done"}, result.languages[0].message


def test_word_alignment(tmp_path: Path, downloads: Any) -> None:
    downloads.xl_wa(tmp_path / "XL-WA" / "data" / "es" / "test.tsv")
    result = run("alignment", tmp_path, languages=["es"])
    assert statuses(result) == {"en-es": "done"}
    found = result.languages[0].result
    assert set(found["scores"]["links"]) >= {"aer", "precision", "recall", "f1", "interval"}
    assert result.mean().value == pytest.approx(found["scores"]["links"]["aer"])


def test_the_mean_is_over_languages_and_repeatable() -> None:
    easy, hard = [[50, 1, 1, 1, 0, 1, 1]], [[30, 1, 1, 1, 1, 1, 1], [20, 0, 1, 1, 1, 1, 1]]
    scoring = BenchScoring(bootstrap=500, samples=500)
    found = mean_of(("a", "b"), [easy, hard], "f1", scoring)
    assert found.value == pytest.approx((1 + 0.6) / 2)
    assert found.baseline == pytest.approx((0 + 1) / 2)
    assert found.low is not None
    assert found.low < found.value < found.high
    assert found.p_value == pytest.approx(1 / 501)
    assert found == mean_of(("a", "b"), [easy, hard], "f1", scoring)
    same = mean_of(("a",), [[[30, 1, 1, 1, 1, 1, 1]]], "f1", scoring)
    assert same.p_value == 1.0


ROWS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)).map(
        lambda row: [row[0], min(row[1:]), row[2], row[3]]
    ),
    min_size=1,
)


@given(st.lists(ROWS, min_size=1, max_size=4), st.sampled_from(["f1", "aer"]))
def test_means_keep_their_bounds(counts: list[list[list[int]]], metric: str) -> None:
    if metric == "aer":  # links in sure, in possible, found, sure: sure ones are possible
        counts = [[[n, a, a, b, c] for n, a, b, c in rows] for rows in counts]
    found = mean_of([str(i) for i in range(len(counts))], counts, metric, BenchScoring(bootstrap=30))
    each = [mean_of(["x"], [rows], metric, BenchScoring(bootstrap=0)).value for rows in counts]
    assert found.value == pytest.approx(sum(each) / len(each))
    assert found.low is not None
    assert found.high is not None
    assert -1e-9 <= found.low <= found.high <= 1 + 1e-9


def test_the_mean_of_one_language_has_the_interval_of_the_language(tmp_path: Path, downloads: Any) -> None:
    downloads.europarl(tmp_path, "en", "de")
    result = run("europarl-ner", tmp_path, scoring=BenchScoring(bootstrap=4000))
    interval = result.languages[0].result["scores"]["strict"]["intervals"]["micro"]
    mean = result.mean()
    assert mean.value == pytest.approx(interval["point"])
    assert mean.low == pytest.approx(interval["low"], abs=0.05)


def test_languages_by_other_codes(tmp_path: Path, downloads: Any) -> None:
    downloads.put(tmp_path / "panx" / "swa" / "test.txt", "Ada B-PER\n")
    result = run("wikiann", tmp_path, languages=["swa", "sw"])
    assert statuses(result) == {"sw": "done"}
    with pytest.raises(OptionError, match="no language 'xx'"):
        run("wikiann", tmp_path, languages=["xx"])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"pipeline": "projekt"}, "no pipeline 'projekt'"),
        ({"pipeline": "translate-train"}, "no pipeline"),
        ({"method": "heuristics"}, "Did you mean 'heuristic'?"),
        ({"aligner": "giza"}, "no aligner 'giza'"),
        ({"settings": {"reech": "3"}}, "reech"),
        ({"settings": {"aligner.hmm": "3"}}, "hmm"),
        ({"pipeline": "tagger", "settings": {"reach": "3"}}, "reach has no effect on the pipeline tagger"),
        ({"settings": {"train.l2": "3"}}, "train.l2 has no effect on the pipeline projection"),
        ({"settings": {"tag.adapt": "no"}}, "tag.adapt has no effect on the pipeline projection"),
        ({"pipeline": "tagger", "settings": {"tag.adapt": "no"}}, "tag.adapt has no effect on the pipeline tagger"),
        ({"aligner": "awesome", "settings": {"model": "x"}}, "For the aligner awesome write align.model."),
        ({"settings": {"align.use": "awesome"}}, "Write --aligner NAME."),
        ({"pipeline": "tagger", "taggers": {"": "nobody:x"}}, "there is no tagger 'nobody:x'"),
        ({"pipeline": "codec", "settings": {"project.modle": "x"}}, "Did you mean 'model'?"),
    ],
)
def test_wrong_options_are_found_before_anything_is_run(how: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError) as caught:
        make_system(make_suite("europarl-ner").about, **how)
    assert message in str(caught.value)


def test_settings_of_training_are_checked() -> None:
    about = make_suite("masakhaner2").about
    with pytest.raises(OptionError):
        make_system(about, pipeline="translate-train", settings={"noise.dropped": "some"})
    with pytest.raises(OptionError):
        make_system(about, pipeline="translate-train", settings={"train.no_such": "1"})
    with pytest.raises(OptionError, match=r"For the trainer token-classifier write train\.encoder"):
        make_system(
            about, pipeline="translate-train", settings={"train.use": "token-classifier", "encoder": "xlm-roberta-base"}
        )
    with pytest.raises(OptionError, match="needs an encoder"):
        make_system(about, pipeline="ensemble", settings={"train.use": "token-classifier"})


def test_baselines_change_what_they_name() -> None:
    about = make_suite("masakhaner2").about
    settings = {"reach": "2", "aligner.hmm_iterations": "3"}
    system = make_system(about, settings=settings)
    assert make_baseline(about, system, "fast_align") == System(
        pipeline="translate-test", aligner="fast_align", settings={"reach": "2"}
    )
    assert make_baseline(about, system, "candidates").settings == {"aligner.hmm_iterations": "3"}
    assert make_baseline(about, system, "statistical").settings == {"reach": "2"}
    assert make_baseline(about, system, "tagger").settings == {}
    assert make_baseline(about, system, "translate-train").settings == settings
    assert make_baseline(about, system, "tagger").pipeline == "tagger"
    plain = make_system(about, settings={"min_confidence": "0.5", "tag.adapt": "false"})
    assert make_baseline(about, plain, "heuristic").settings == plain.settings  # which belong to no method
    for name in ("nonsense", "heuristic+candidates", ""):
        with pytest.raises(OptionError, match="no baseline"):
            make_baseline(about, system, name)
    with pytest.raises(OptionError, match="what it would be compared with"):
        make_baseline(about, make_system(about), "candidates")
    links = make_suite("alignment").about
    with pytest.raises(OptionError, match="what it would be compared with"):
        make_baseline(links, make_system(links), "heuristic")  # which links no words


def test_an_unknown_suite_names_the_nearest() -> None:
    with pytest.raises(OptionError, match="europarl-ner"):
        make_suite("europarl")


@pytest.mark.skipif(not (DATA / "parallel_gold").is_dir(), reason=f"real data not found at {DATA}; set CROSSPAN_DATA")
def test_europarl_for_real() -> None:
    result = run("europarl-ner", DATA, baseline="heuristic", scoring=BenchScoring(bootstrap=200, samples=1000))
    assert statuses(result)["de"] == statuses(result)["es"] == "done"
    for one in result.done:
        assert one.result["n"] == 799
        # NTREX lies in the same folder; a point below what was measured
        assert one.result["scores"]["strict"]["micro"]["f1"] > 0.90
        assert one.result["comparison"]["randomization"]["difference"] > 0.03
    assert result.mean().p_value < 0.01


@pytest.mark.skipif(not (DATA / "ner").is_dir(), reason=f"real data not found at {DATA}; set CROSSPAN_DATA")
def test_masakhaner_is_joined_with_mafand_for_real() -> None:
    from crosspan.suites import mafand
    from crosspan.suites.folder import Folder

    folder = Folder(DATA)
    gold = crosspan.read(DATA / "ner" / "masakhaner2" / "lug" / "test.txt")
    texts = mafand.match(gold, mafand.read_mafand(mafand.find_mafand(folder, "lug"), "lug"))
    assert sum(text is not None for text in texts) > 0.99 * len(gold)
