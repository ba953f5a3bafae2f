from __future__ import annotations

import json

import pytest

import crosspan
from crosspan.core.errors import EmptyInputError, OptionError, TagError
from crosspan.demo import load_corpus
from crosspan.io import read, read_projections, write, write_projections
from crosspan.io.pairs import SentenceFile
from crosspan.pipeline import training_files
from crosspan.pipeline.tagging_files import tag_file
from crosspan.pipeline.training_files import train_files
from crosspan.project.unknown_labels import restrict_labels
from crosspan.tag.crf import CrfTagger
from crosspan.train.gold import ALONE, CLEARLY, WEIGHTS
from crosspan.train.noise import NoiseOptions, examples_apart, examples_of, with_open_forms

FAST = {"iterations": 8, "features.lexicon": "false"}


def text(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    write(folder / "sw.conll", load_corpus("sw")[:80])
    write(folder / "dev.conll", load_corpus("sw")[80:120])
    found = crosspan.project_labels(load_corpus("en")[:80], load_corpus("sw")[:80], min_confidence=0.9)
    assert any(projection.dropped for projection in found)
    write_projections(folder / "projected.jsonl", found)
    return folder


def test_training_on_gold(corpus, tmp_path):
    summary = train_files(
        [SentenceFile(corpus / "sw.conll")],
        tmp_path / "sw.crf",
        dev=SentenceFile(corpus / "dev.conll"),
        settings=FAST,
    )
    gold = load_corpus("sw")[:80]
    assert (summary.sentences, summary.rejected, summary.unobserved) == (80, 0, 0)
    assert summary.spans == sum(len(sentence.spans) for sentence in gold) == summary.labels.total()
    tagger = CrfTagger.load(tmp_path / "sw.crf")
    dev = load_corpus("sw")[80:120]
    strict = crosspan.evaluate_ner(dev, tagger.tag(dev)).strict.micro
    assert summary.dev["f1"] == pytest.approx(strict.f1, abs=1e-4)
    assert strict.f1 > 0.3
    tag_file(SentenceFile(corpus / "dev.conll"), tmp_path / "a.jsonl", tagger=tmp_path / "sw.crf", replace_labels=True)
    assert read(tmp_path / "a.jsonl") == tagger.tag(read(corpus / "dev.conll"))
    card = tagger.card
    assert card["settings"] == FAST
    assert card["options"]["iterations"] == 8
    assert card["crosspan"] == crosspan.__version__
    assert [(one["name"], one["kind"], one["sentences"]) for one in card["data"]] == [("sw.conll", "labels", 80)]
    assert len(card["data"][0]["sha256"]) == 64
    assert card["dev"]["f1"] == summary.dev["f1"]
    assert "noise" not in card


def test_same_data_same_model(corpus, tmp_path):
    for name, threads in (("a.crf", 1), ("b.crf", 2)):
        train_files([SentenceFile(corpus / "sw.conll")], tmp_path / name, settings=FAST, threads=threads)
    assert (tmp_path / "a.crf").read_bytes() == (tmp_path / "b.crf").read_bytes()


def test_a_file_of_projections_is_learned_from_as_memory_is(corpus, tmp_path, monkeypatch):
    seen = []
    real = training_files.train_in_rounds

    def seeing(projected, *, gold, **options):
        seen.append((projected, gold))
        return real(projected, gold=gold, **options)

    monkeypatch.setattr(training_files, "train_in_rounds", seeing)
    files = [SentenceFile(corpus / "projected.jsonl"), SentenceFile(corpus / "dev.conll")]
    how = {**FAST, "noise.min_confidence": "0.95", "noise.forms": "0.2"}
    summary = train_files(files, tmp_path / "a.crf", settings=how)
    noise = NoiseOptions(min_confidence=0.95, forms=0.2)
    ((projected, gold),) = seen
    wanted = with_open_forms(examples_apart(read_projections(corpus / "projected.jsonl"), noise), noise, gold)
    assert projected == wanted != examples_apart(read_projections(corpus / "projected.jsonl"), noise)
    assert [one.sentence for one in gold] == load_corpus("sw")[80:120]
    assert summary.unobserved == sum(len(example.unobserved) for example in wanted) > 0
    card = CrfTagger.load(tmp_path / "a.crf").card
    assert [one["kind"] for one in card["data"]] == ["projections", "labels"]
    assert card["noise"]["min_confidence"] == 0.95


def test_sentences_with_drops_can_be_left_out(corpus, tmp_path):
    summary = train_files(
        [SentenceFile(corpus / "projected.jsonl")], tmp_path / "a.crf", settings={**FAST, "noise.dropped": "leave-out"}
    )
    assert summary.left_out > 0
    assert summary.sentences + summary.left_out == 80


def test_sentences_with_bad_labels_are_named_and_left_out(corpus, tmp_path):
    (tmp_path / "a.conll").write_text("x O\ny I-PER\n\nin O\nAccra B-LOC\n\n", encoding="utf-8")
    lines = (corpus / "projected.jsonl").read_text(encoding="utf-8").splitlines()
    record = json.loads(lines[1])
    record["spans"] = [{"start": 0, "end": 99, "label": "X"}]
    text(tmp_path / "b.jsonl", lines[0], json.dumps(record), lines[2])
    gone = []
    files = [SentenceFile(tmp_path / "a.conll", scheme="IOB2"), SentenceFile(tmp_path / "b.jsonl")]
    summary = train_files(files, tmp_path / "m.crf", settings=FAST, on_reject=gone.append)
    assert (summary.rejected, summary.sentences, summary.left_out) == (2, 3, 0)
    assert [one.where for one in gone] == [f"{tmp_path}/a.conll:2", f"{tmp_path}/b.jsonl:2"]


def test_labels_to_learn(corpus, tmp_path):
    summary = train_files([SentenceFile(corpus / "sw.conll")], tmp_path / "a.crf", settings=FAST, labels=["LOC"])
    assert set(summary.labels) == {"LOC"}
    assert CrfTagger.load(tmp_path / "a.crf").labels == ("LOC",)


def test_labels_that_are_not_learned_are_unknown_where_they_were_projected(corpus, tmp_path):
    file = corpus / "projected.jsonl"
    summary = train_files([SentenceFile(file)], tmp_path / "a.crf", settings=FAST, labels=["PER", "ORG"])
    assert CrfTagger.load(tmp_path / "a.crf").labels == ("ORG", "PER")
    restricted = restrict_labels(read_projections(file), ["PER", "ORG"])
    assert sum(len(one.unobserved) for one in restricted) > 50
    assert summary.unobserved == sum(len(example.unobserved) for example in examples_of(restricted))


def test_gold_beside_projections_counts_for_more(corpus, tmp_path):
    """How much is tried out on gold held out; what it says of a sentence takes the place of what was projected."""
    write(tmp_path / "gold.conll", load_corpus("sw")[40:120])
    files = [SentenceFile(tmp_path / "gold.conll"), SentenceFile(corpus / "projected.jsonl")]
    summary = train_files(files, tmp_path / "a.crf", settings=FAST, rounds=0)
    card = CrfTagger.load(tmp_path / "a.crf").card
    assert card["gold"] == summary.gold
    assert summary.gold["sentences"] == 80
    tried = summary.gold["f1"]
    assert tried.keys() == {*(f"{weight:g}" for weight in WEIGHTS), ALONE}
    chosen = ALONE if summary.gold["alone"] else f"{summary.gold['weight']:g}"
    assert tried[chosen] >= max(tried.values()) - CLEARLY
    # forty of the eighty projected ones are among the gold ones
    assert card["sentences"] == (80 if summary.gold["alone"] else 120)


def test_the_weight_of_gold_can_be_given(corpus, tmp_path):
    write(tmp_path / "gold.conll", load_corpus("sw")[80:110])
    files = [SentenceFile(tmp_path / "gold.conll"), SentenceFile(corpus / "projected.jsonl")]
    for how in ({"gold_weight": 5.0}, {"settings": {**FAST, "gold_weight": "5"}}, {"weights": [5.0, 1.0]}):
        train_files(files, tmp_path / "a.crf", **{"settings": FAST, "rounds": 0, **how})
        made = CrfTagger.load(tmp_path / "a.crf")
        assert made.card["gold"] == {
            "sentences": 30,
            "weight": 1.0 if "weights" in how else 5.0,
            "alone": False,
            "f1": {},
        }
    few = train_files([SentenceFile(corpus / "dev.conll")], tmp_path / "b.crf", settings=FAST)
    assert few.gold is None  # nothing to weigh it against
    with pytest.raises(OptionError, match="the weight of gold is -1"):
        train_files(files, tmp_path / "a.crf", settings=FAST, gold_weight=-1.0)


def test_bad_use_of_train(corpus, tmp_path):
    data = [SentenceFile(corpus / "sw.conll")]
    for wrong, message in (({"l3": 1}, "no setting 'l3'"), ({"noise.min": 1}, "no setting 'min'")):
        with pytest.raises(OptionError, match=message):
            train_files(data, tmp_path / "a.crf", settings=wrong)
    with pytest.raises(OptionError, match="no file to learn from"):
        train_files([], tmp_path / "a.crf")
    with pytest.raises(OptionError, match="standard output"):
        train_files(data, "-")
    with pytest.raises(OptionError, match="is read and would be overwritten"):
        train_files(data, corpus / "sw.conll")
    bare = SentenceFile(text(tmp_path / "bare.txt", "no labels here"))
    with pytest.raises(EmptyInputError, match="no labelled entity"):
        train_files([bare], tmp_path / "a.crf")
    (tmp_path / "bad.conll").write_text("x O\ny I-PER\n\nin O\nAccra B-LOC\n\n", encoding="utf-8")
    with pytest.raises(TagError):
        train_files(data, tmp_path / "a.crf", dev=SentenceFile(tmp_path / "bad.conll", scheme="IOB2"))
    only = text(tmp_path / "only.jsonl", '{"tokens": ["a"], "spans": [[0, 2, "X"]]}')
    with pytest.raises(EmptyInputError, match="no sentence can be learned from"):
        train_files([SentenceFile(only)], tmp_path / "a.crf")
    assert not (tmp_path / "a.crf").exists()
