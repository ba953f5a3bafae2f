"""What the tasks do, and what becomes of sentences and files that are at fault."""

from __future__ import annotations

import json

import pytest

import crosspan
from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, OptionError, PairError
from crosspan.io import read, write
from crosspan.io.pairs import SentenceFile
from crosspan.models import device
from crosspan.pipeline import load_recipe, plan_recipe
from crosspan.pipeline.files import project_files
from crosspan.pipeline.labels import translate_test, translate_train
from crosspan.pipeline.voting import vote as ensemble
from crosspan.tag import load_tagger
from crosspan.train.adapt_options import AdaptOptions
from crosspan.train.crf import CrfOptions
from crosspan.train.examples import Example
from crosspan.train.noise import NoiseOptions, examples_apart, with_open_forms
from crosspan.train.rounds import train_in_rounds

REAL = """
task = "{task}"
out = "{task}"
[source]
path = "en.txt"
[target]
path = "sw.txt"
[tag]
adaptation.iterations = 2
[evaluate]
path = "gold.jsonl"
"""


def test_project_writes_what_the_verb_project_writes(place):
    folder = place.folder
    report = place.run(place.recipe(place.PROJECT.replace("shard = 8", "")))
    settings = {"aligner.diagonal_iterations": 1, "aligner.hmm_iterations": 1}
    files = SentenceFile(folder / "en.jsonl"), SentenceFile(folder / "sw.txt")
    summary = project_files(*files, folder / "verb.jsonl", dropped=folder / "verb.dropped.jsonl", settings=settings)
    assert (report.out / "labelled.jsonl").read_bytes() == (folder / "verb.jsonl").read_bytes()
    assert (report.out / "dropped.jsonl").read_bytes() == (folder / "verb.dropped.jsonl").read_bytes()
    assert {**report.written.summary.to_dict(), "seconds": 0} == {**summary.to_dict(), "seconds": 0}


def test_the_tasks_do_what_their_functions_do(place):
    """The recipe's stages in shards, with a cache, against the functions in memory."""
    source, target, gold = (read(place.folder / name) for name in ("en.txt", "sw.txt", "gold.jsonl"))
    adapt = AdaptOptions(iterations=2)
    projections = translate_test(target, source, tagger=load_tagger("en"), adapt=adapt)
    tagger = translate_train(
        source, target, tagger=load_tagger("en"), adapt=adapt, rounds=0, options=CrfOptions(iterations=5)
    )
    tagger.save(place.folder / "wanted.crf")
    # train
    train = place.run(place.recipe(REAL.format(task="translate-train") + "[train]\nrounds = 0\niterations = 5\n"))
    assert (train.out / "model.crf").read_bytes() == (place.folder / "wanted.crf").read_bytes()
    predicted = read(train.out / "predicted.jsonl")
    assert [one.spans for one in predicted] == [one.spans for one in tagger.tag(gold)]
    score = crosspan.evaluate_ner(gold, predicted).strict
    assert train.written.scores["strict"] == json.loads(json.dumps(score.to_dict()))
    # test: everything is in the cache already, but for the scores
    test = place.run(place.recipe(REAL.format(task="translate-test")), cache=train.cache)
    assert [_rounded(one) for one in read(test.out / "labelled.jsonl")] == [
        _rounded(one.sentence) for one in projections
    ]
    assert {name for name, (computed, _) in place.shards(test).items() if computed} == {"evaluate"}
    # both
    text = REAL.format(task="ensemble") + '[ensemble]\nmodel = "translate-train/model.crf"\nweight = 0.3\n'
    both = place.run(place.recipe(text), cache=train.cache)
    tokens = [(one.tokens, other.tokens) for one, other in zip(source, target, strict=True)]
    links = crosspan.StatisticalAligner().fit_tokens(tokens).align_tokens(tokens)
    wanted = ensemble(tagger, projections, links=links, weight=0.3)
    assert [one.spans for one in read(both.out / "labelled.jsonl")] == [one.spans for one in wanted]


def _rounded(sentence):
    return [(span.start, span.end, span.label, round(span.score, 4)) for span in sentence.spans]


def test_sentences_that_cannot_be_worked_on_are_reported_and_stop_nothing(place, plugin):
    folder = place.folder
    source = (folder / "en.txt").read_text(encoding="utf-8").splitlines()
    target = (folder / "sw.txt").read_text(encoding="utf-8").splitlines()
    source[3] = "BOOM here"
    source[5] = ""
    target[9] += " BOOM"
    target[11] += " CRASH"
    for name, lines in (("en.txt", source), ("sw.txt", target)):
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = place.TRAIN.replace("diagonal_iterations = 1\nhmm_iterations = 1", 'use = "diagonal"')
    text = text.replace("[project]", '[project]\nuse = "same-place"').replace("min_confidence = 0.05", "")
    write(folder / "new.txt", [crosspan.Sentence(("Ada", "BOOM")), crosspan.Sentence(("Ada",))], format="tokens")
    path = place.recipe(text.partition("[evaluate]")[0] + '[predict]\npath = "new.txt"\nformat = "tokens"\n')
    report = place.run(path)
    found = place.records(report.out / "rejected.jsonl")
    assert [(one["file"], one["index"], one["where"]) for one in found] == [
        ("sw.txt", 3, "en.txt:4"), ("sw.txt", 5, "en.txt:6"), ("sw.txt", 9, "en.txt:10"), ("sw.txt", 11, "en.txt:12"),
        ("new.txt", 0, "new.txt:1"),
    ]  # fmt: skip
    reasons = [one["reason"] for one in found]
    assert reasons[0] == "the tagger failed on the sentence (ValueError: BOOM is too much)"
    assert reasons[1].startswith("the source sentence is empty, but its counterpart is not")
    assert reasons[2] == "the aligner failed on the pair (ValueError: BOOM cannot be aligned)"
    assert reasons[3] == "projecting failed on the pair (ZeroDivisionError: CRASH)"
    assert report.written.rejected == 5
    assert len(place.records(report.out / "labelled.jsonl")) == 36
    assert report.written.predicted == {"sentences": 1, "spans": 0, "rejected": 1}
    scores = {span["score"] for one in place.records(report.out / "labelled.jsonl") for span in one["spans"]}
    assert scores == {round(0.9 / 37, 4)}  # all pairs were counted but those with a fault by then
    assert "sw.txt:5" not in (report.out / "labelled.jsonl").read_text(encoding="utf-8")


def test_bad_labels_of_the_source(place):
    lines = (place.folder / "en.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    record = json.loads(lines[2])
    record["spans"] = [{"start": 0, "end": 999, "label": "PER"}]
    lines[2] = json.dumps(record) + "\n"
    (place.folder / "en.jsonl").write_text("".join(lines), encoding="utf-8")
    report = place.run(place.recipe(place.PROJECT))
    assert [one["where"] for one in place.records(report.out / "rejected.jsonl")] == ["en.jsonl:3"]
    assert report.written.summary.rejected == 1


def test_links_from_elsewhere(place):
    text = place.PROJECT.replace("diagonal_iterations = 1\nhmm_iterations = 1", 'use = "links"\npath = "links.txt"')
    text = text.replace("[align]", '[project]\nuse = "heuristic"\n[align]')
    links = place.folder / "links.txt"
    links.write_text("0-0\n" * 39 + "88-0\n", encoding="utf-8")
    report = place.run(place.recipe(text))
    assert [one["index"] for one in place.records(report.out / "rejected.jsonl")] == [39]
    # one shard of the cache is lost: the reader finds its place in the file again
    wanted = place.results(report.out)
    shard = next(path for path in report.cache.glob("??/*") if b'"links"' in path.read_bytes()[:600])
    shard.unlink()
    assert place.shards(place.run(place.recipe(text)))["align"] == (1, 4)
    assert place.results(report.out) == wanted
    links.write_text("0-0\n" * 39, encoding="utf-8")
    with pytest.raises(PairError, match="39 lines of links, but 40 sentence pairs"):
        place.run(place.recipe(text))
    links.write_text("0-0\n" * 20 + "x\n", encoding="utf-8")
    with pytest.raises(CrosspanError, match=r"links.txt:21: 'x' is not a link"):
        place.run(place.recipe(text))


def test_a_saved_aligner_and_more_text(place):
    text = place.PROJECT + '[bitext]\nfiles = [["en.txt", "sw.txt"]]\n'
    plain, more = place.run(place.recipe(place.PROJECT), out=place.folder / "a"), place.run(place.recipe(text))
    assert (plain.out / "labelled.jsonl").read_bytes() != (more.out / "labelled.jsonl").read_bytes()
    pairs = list(zip(read(place.folder / "en.jsonl"), read(place.folder / "sw.txt"), strict=True))
    from crosspan.align import make_aligner

    aligner = make_aligner(diagonal_iterations=1, hmm_iterations=1)
    aligner.fit_tokens([(one.tokens, other.tokens) for one, other in pairs]).save(place.folder / "a.npz")
    text = place.PROJECT.replace("diagonal_iterations = 1\nhmm_iterations = 1", 'use = "model"\npath = "a.npz"')
    saved = place.run(place.recipe(text), out=place.folder / "b")
    assert (saved.out / "labelled.jsonl").read_bytes() == (plain.out / "labelled.jsonl").read_bytes()


def test_limit_reads_the_first_of_every_file(place):
    report = place.run(place.recipe(place.PROJECT + '[evaluate]\npath = "gold.jsonl"\n'), limit=11)
    assert report.counts["pairs"] == 11
    assert report.written.scores["strict"]["n_sentences"] == 11
    assert len(place.records(report.out / "labelled.jsonl")) == 11


def test_filters(place):
    text = place.PROJECT.replace("[align]", '[project]\nfilters = ["comp-ins"]\nmin_confidence = 0.9\n[align]')
    report = place.run(place.recipe(text))
    summary = report.written.summary
    assert summary.filtered > 0
    assert summary.sentences + summary.filtered == 40
    assert report.written.rejected == 0
    assert place.records(report.out / "rejected.jsonl") == []


def test_labels_of_the_target(place):
    """A recipe in shards with a cache, against the function in memory; what is unknown stays in the files."""
    report = place.run(place.recipe(place.PROJECT.replace("[align]", '[project]\nlabels = ["PER"]\n[align]')))
    source, target = read(place.folder / "en.jsonl"), read(place.folder / "sw.txt")
    settings = {"aligner.diagonal_iterations": 1, "aligner.hmm_iterations": 1}
    wanted = crosspan.project_labels(source, target, settings=settings, labels=["PER"])
    found = list(crosspan.read_projections(report.out / "labelled.jsonl"))
    assert [one.sentence.spans for one in found] == [one.sentence.spans for one in wanted]
    assert [one.unobserved for one in found] == [one.unobserved for one in wanted]
    n_unobserved = sum(len(one.unobserved) for one in found)
    assert n_unobserved > 0
    assert report.written.summary.dropped["unobserved"] == n_unobserved
    reasons = [record["reason"] for record in place.records(report.out / "dropped.jsonl")]
    assert reasons.count("unobserved") == n_unobserved
    again = place.run(place.recipe(place.PROJECT.replace("[align]", '[project]\nlabels = ["LOC"]\n[align]')))
    assert place.shards(again)["project"] == (0, 5)  # other labels are no reason to project again
    assert place.shards(again)["restrict"] == (5, 0)


def test_gold_beside_what_was_projected(place):
    """A recipe's corrected sentences, against the functions; another weight trains again, and does nothing else."""
    write(place.folder / "corrected.jsonl", read(place.folder / "gold.jsonl")[:10])
    text = REAL.format(task="translate-train") + '[train]\nrounds = 0\niterations = 5\ngold = "corrected.jsonl"\n'
    report = place.run(place.recipe(text))
    gold = [Example(one) for one in read(place.folder / "corrected.jsonl")]
    examples = examples_apart(crosspan.read_projections(report.out / "labelled.jsonl"), NoiseOptions())
    examples = with_open_forms(examples, NoiseOptions(), gold)
    wanted = train_in_rounds(examples, gold=gold, rounds=0, options=CrfOptions(iterations=5))
    made = load_tagger(str(report.out / "model.crf"))
    assert made.card["gold"] == {"sentences": 10, "weight": 5.0, "alone": False, "f1": {}}
    assert made.card["sentences"] == 40  # the gold ones are among those that were projected
    assert made.tag(read(place.folder / "sw.txt")) == wanted.tag(read(place.folder / "sw.txt"))
    again = place.run(place.recipe(text), "train.gold_weight=2")
    assert load_tagger(str(again.out / "model.crf")).card["gold"]["weight"] == 2.0
    assert [name for name, (computed, _) in place.shards(again).items() if computed] == ["train", "predict", "evaluate"]


@pytest.mark.parametrize("form", ["conll", "parquet"])
def test_formats_of_the_results(place, form):
    report = place.run(place.recipe(place.PROJECT + f'[output]\nformat = "{form}"\n'))
    other = place.run(place.recipe(place.PROJECT), out=place.folder / "jsonl")
    spans = [[(span.start, span.end, span.label) for span in one.spans] for one in read(other.out / "labelled.jsonl")]
    found = read(report.out / f"labelled.{form}")
    assert [[(span.start, span.end, span.label) for span in one.spans] for one in found] == spans


def test_spans_of_the_target_as_candidates(place):
    text = place.PROJECT.replace("[align]", '[project]\ncandidates = "target_spans"\n[align]')
    report = place.run(place.recipe(text.replace("sw.txt", "gold.jsonl")))
    gold = [{(span.start, span.end) for span in one.spans} for one in read(place.folder / "gold.jsonl")]
    found = read(report.out / "labelled.jsonl")
    assert sum(len(one.spans) for one in found) > 50
    assert all((span.start, span.end) in known for one, known in zip(found, gold, strict=True) for span in one.spans)


def test_a_plan_does_nothing_and_tells_what_is_there(place):
    path = place.recipe(place.PROJECT)
    plan = plan_recipe(load_recipe(path))
    assert not (place.folder / "out").exists()
    assert plan.counts["pairs"] == 40
    assert [(one.name, one.shards, one.cached, one.waits_for) for one in plan.stages] == [
        ("pairs", 5, 0, None), ("learn", 1, 0, None), ("align", 5, 0, "learn"),
        ("count", 5, 0, "learn"), ("observe", 5, 0, "learn"), ("project", 5, 0, "learn"),
    ]  # fmt: skip
    place.run(path)
    before = sorted(place.folder.rglob("*"))
    assert all(one.computed == 0 for one in plan_recipe(load_recipe(path)).stages)
    plan = plan_recipe(load_recipe(path, ["project.reach=1"]))
    assert [(one.name, one.computed, one.cached) for one in plan.stages][2:] == [
        ("align", 0, 5), ("count", 5, 0), ("observe", 5, 0), ("project", 5, 0),
    ]  # fmt: skip
    assert sorted(place.folder.rglob("*")) == before


def test_the_record_of_a_run_and_building_it_again(place):
    report = place.run(place.recipe("seed = 3\n" + place.PROJECT), "seed=5", limit=30)
    record = json.loads((report.out / "run.json").read_text(encoding="utf-8"))
    assert record["seed"] == 5
    assert {"crosspan", "python", "numpy", "numba", "scipy"} <= {*record["versions"]}
    assert {*record["inputs"]} == {"en.jsonl", "sw.txt"}
    assert all(len(one["sha256"]) == 64 for one in record["inputs"].values())
    assert [stage["name"] for stage in record["stages"]] == [
        "pairs", "learn", "align", "count", "observe", "project",
    ]  # fmt: skip
    wanted = place.results(report.out)
    assert {*record["outputs"]} == {*wanted}
    for path in report.out.glob("*.jsonl"):
        path.unlink()
    again = place.run(report.out / "recipe.resolved.toml")
    assert again.out == report.out
    assert place.results(report.out) == wanted


def test_results_of_another_task_do_not_stay(place):
    report = place.run(place.recipe(place.PROJECT + '[evaluate]\npath = "gold.jsonl"\n'))
    mine = report.out / "labelled.conll"
    mine.write_text("of a user\n", encoding="utf-8")
    place.run(place.recipe(place.PROJECT))
    assert not (report.out / "scores.json").exists()
    assert mine.exists()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [(("sw.txt", "no.txt"), FormatError, "no.txt: no such file"),
     (("sw.txt", "."), FormatError, "this is no file"),
     (("en.jsonl", "en.txt"), EmptyInputError, "not one entity is labelled"),
     (('"en.jsonl"', '"out/labelled.jsonl"'), OptionError, "is read and would be overwritten")],
)  # fmt: skip
def test_inputs_at_fault(place, change, error, message):
    if "out/" in change[1]:
        place.run(place.recipe(place.PROJECT))
    with pytest.raises(error, match=message):
        place.run(place.recipe(place.PROJECT.replace(*change)))


def test_unequal_files(place):
    with open(place.folder / "sw.txt", "a", encoding="utf-8") as stream:
        stream.write("moja zaidi\n")
    with pytest.raises(PairError, match=r"41 sentences, but en\.jsonl has 40"):
        place.run(place.recipe(place.PROJECT))
    assert not (place.folder / "out" / "labelled.jsonl").exists()


def test_options_that_a_package_does_not_take(place, plugin):
    path = place.recipe(place.TRAIN.replace('model = "names.json"', 'model = "names.json"\ncolour = 3'))
    with pytest.raises(OptionError, match=r"'gazetteer' of gazetteer-package 1\.2 does not take these options"):
        place.run(path)
    taken = place.run(place.recipe(place.TRAIN.replace('model = "names.json"', 'model = "names.json"\nupper = true')))
    assert taken.written.summary.spans < 10  # of more than 80


def test_a_worker_that_dies(place, plugin):
    text = (plugin / "crosspan_gazetteer.py").read_text(encoding="utf-8")
    text = text.replace(
        "def make_tagger(", "def make_tagger(model, *, threads=None):\n    import os; os._exit(9)\ndef _old("
    )
    (plugin / "crosspan_gazetteer.py").write_text(text, encoding="utf-8")
    with pytest.raises(CrosspanError, match="a worker process of the step 'tag' ended before its work was done"):
        place.run(place.recipe(place.TRAIN), workers=2)


def test_what_was_made_on_a_gpu_says_so(place, monkeypatch):
    text = place.PROJECT + '[evaluate]\npath = "gold.jsonl"\n'
    on_cpu = place.run(place.recipe(text), out=place.folder / "cpu")
    assert "device:" not in on_cpu.to_dict()["signature"]
    monkeypatch.setattr(device, "_gpus", {"NVIDIA H200"})
    on_gpu = place.run(place.recipe(text), "align.hmm_iterations=2", out=place.folder / "gpu")
    monkeypatch.setattr(device, "_gpus", set())
    kept = place.run(place.recipe(text), "align.hmm_iterations=2", out=place.folder / "gpu")  # from the cache
    for report in (on_gpu, kept):
        said = report.to_dict()
        assert "|device:NVIDIA%20H200|v:" in said["signature"]
        assert said["worked"]["gpus"] == ["NVIDIA H200"]
    scores = json.loads((place.folder / "gpu" / "scores.json").read_text())
    assert all("|device:NVIDIA%20H200|v:" in scores[mode]["signature"] for mode in ("strict", "lenient"))
