"""A stream of pairs: as a corpus of its own, or pair by pair with a memory that was fitted before."""

from __future__ import annotations

import pytest

import crosspan
from crosspan import CorpusMemory, Pair, StatisticalAligner, fit_memory, iter_projections
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.progress import Progress
from crosspan.core.types import Alignment, Sentence, Span
from crosspan.demo import load_corpus

PAIRS = [
    Pair(source, Sentence(target.tokens, (), target.id))
    for source, target in zip(load_corpus("en")[:60], load_corpus("es")[:60], strict=True)
]
SIDES = [pair.source for pair in PAIRS], [pair.target for pair in PAIRS]


@pytest.fixture(scope="module")
def aligner():
    return StatisticalAligner(threads=1).fit(PAIRS)


@pytest.fixture(scope="module")
def memory(aligner):
    return fit_memory(PAIRS, aligner=aligner)


@pytest.fixture(scope="module")
def wanted(aligner, memory):
    return list(iter_projections(PAIRS, aligner=aligner, memory=memory, threads=1))


@pytest.mark.parametrize("shard", [1, 7, 60])
def test_with_a_memory_batches_of_any_size_give_the_same(aligner, memory, wanted, shard):
    assert list(iter_projections(PAIRS, aligner=aligner, memory=memory, shard=shard, threads=1)) == wanted


def test_with_a_memory_each_pair_depends_on_itself_alone(aligner, memory, wanted):
    some = list(iter_projections(PAIRS[20:31], aligner=aligner, memory=memory, threads=1))
    assert some == wanted[20:31]


def test_the_memory_of_a_corpus_gives_what_the_corpus_gives(aligner, wanted):
    assert crosspan.project_labels(*SIDES, aligner=aligner, threads=1) == wanted


def test_the_memory_does_not_depend_on_batches_either(aligner, wanted):
    memory = fit_memory(PAIRS, aligner=aligner, shard=11)
    assert list(iter_projections(PAIRS, aligner=aligner, memory=memory, threads=1)) == wanted


def test_the_memory_matters(aligner, wanted):
    alone = [
        next(iter_projections([pair], aligner=aligner, memory=CorpusMemory(), shard=1, threads=1)) for pair in PAIRS
    ]
    assert alone != wanted


@pytest.mark.parametrize("method", ["candidates", "heuristic"])
def test_without_a_memory_the_stream_is_the_corpus(shards_of, method):
    shards_of(17)
    found = list(iter_projections(iter(PAIRS), method=method, threads=1))
    assert found == crosspan.project_labels(*SIDES, method=method, threads=1)


def test_options_are_those_of_project_labels(aligner, memory):
    how = {"aligner": aligner, "threads": 1, "min_confidence": 0.9, "filters": ["comp-src"]}
    found = list(iter_projections(PAIRS, memory=memory, shard=9, **how))
    assert found == crosspan.project_labels(*SIDES, **how)
    assert any(one.dropped for one in found)


@pytest.fixture(scope="module")
def named(aligner):
    return fit_memory(PAIRS, aligner=aligner, names=True, threads=1)


@pytest.mark.parametrize("labels", [["LOC", "PER"], ["ORG"], ["DATE"]])
def test_a_memory_with_names_takes_labels_as_the_corpus_does(aligner, named, labels, tmp_path):
    wanted = crosspan.project_labels(*SIDES, aligner=aligner, labels=labels, threads=1)
    assert any(one.unobserved for one in wanted)
    named.save(tmp_path / "es.memory")
    for memory in (named, CorpusMemory.load(tmp_path / "es.memory")):
        found = iter_projections(PAIRS, aligner=aligner, memory=memory, labels=labels, shard=17, threads=1)
        assert list(found) == wanted
    CorpusMemory.load(tmp_path / "es.memory").save(tmp_path / "again.memory")
    assert (tmp_path / "again.memory").read_bytes() == (tmp_path / "es.memory").read_bytes()


def test_names_of_a_memory_say_what_another_label_stands_for():
    known = {"nchini Ghana": "0-0 1-1", "sheria ya Ghana": "0-2 1-0", "wa Ramadhani": "0-0 1-1"}
    sources = ["in Ghana", "Ghanaian law", "the Ramadan"]
    spans = [Span(1, 2, "LOC"), Span(0, 1, "MISC"), Span(1, 2, "MISC")]

    class Given:
        def align_tokens(self, pairs):
            return [Alignment.from_pharaoh(known[" ".join(target)]) for _, target in pairs]

    pairs = [
        Pair(Sentence(tuple(source.split()), (span,)), Sentence(tuple(target.split())))
        for source, target, span in zip(sources, known, spans, strict=True)
    ]
    memory = fit_memory(pairs, aligner=Given(), names=True, threads=1)
    found = [next(iter_projections([one], aligner=Given(), memory=memory, labels=["LOC"], threads=1)) for one in pairs]
    assert [one.sentence.tags() for one in found] == [["O", "B-LOC"], ["O", "O", "B-LOC"], ["O", "O"]]
    assert [len(one.unobserved) for one in found] == [0, 0, 1]


def test_a_memory_is_kept_in_a_file(aligner, memory, wanted, tmp_path):
    memory.save(tmp_path / "es.memory")
    loaded = CorpusMemory.load(tmp_path / "es.memory")
    assert list(iter_projections(PAIRS, aligner=aligner, memory=loaded, shard=13, threads=1)) == wanted
    loaded.save(tmp_path / "again.memory")
    data = (tmp_path / "es.memory").read_bytes()
    assert (tmp_path / "again.memory").read_bytes() == data
    (tmp_path / "cut.memory").write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelError, match=r"cut\.memory"):
        CorpusMemory.load(tmp_path / "cut.memory")


def test_projections_come_while_pairs_are_still_read(aligner, memory):
    read = []

    def stream():
        for number, pair in enumerate(PAIRS):
            read.append(number)
            yield pair

    told = []
    found = iter_projections(stream(), aligner=aligner, memory=memory, shard=5, threads=1, progress=told.append)
    next(found)
    assert len(read) == 5
    assert len(list(found)) == 59
    assert told == [Progress("project", done) for done in range(5, 61, 5)]


def test_a_pair_that_cannot_be_worked_on_costs_no_other(aligner, memory, wanted):
    pairs = [PAIRS[0], Pair(PAIRS[1].source, Sentence(())), PAIRS[2]]
    for how in ({"memory": memory}, {}):
        found = list(iter_projections(pairs, aligner=aligner, threads=1, **how))
        assert [one.error is None for one in found] == [True, False, True]
        assert found[1].error.startswith("the target sentence is empty, but its counterpart is not")
    with_memory = list(iter_projections(pairs, aligner=aligner, memory=memory, threads=1))
    assert [with_memory[0], with_memory[2]] == [wanted[0], wanted[2]]


def test_what_does_not_go_together_is_said(aligner, memory):
    for learns in (None, "statistical"):
        with pytest.raises(OptionError, match="the aligner must have learned already"):
            next(iter_projections(PAIRS, aligner=learns, memory=memory))
    with pytest.raises(OptionError, match="does not know which labels the names"):
        next(iter_projections(PAIRS, aligner=aligner, memory=memory, labels=["LOC"]))
    with pytest.raises(OptionError, match="this method remembers nothing of a corpus"):
        next(iter_projections(PAIRS, aligner=aligner, memory=memory, method="heuristic"))
    with pytest.raises(OptionError, match="'heuristic' remembers nothing of a corpus"):
        fit_memory(PAIRS, aligner=aligner, method="heuristic")


def test_any_aligner_will_do():
    class Diagonal:
        def align_tokens(self, pairs):
            return [Alignment.from_links([(k, k) for k in range(min(map(len, pair)))]) for pair in pairs]

    pair = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("mjini", "Accra")))
    memory = fit_memory([pair], aligner=Diagonal())
    found = iter_projections([pair, pair], aligner=Diagonal(), memory=memory, threads=1)
    assert [one.sentence.tags() for one in found] == [["O", "B-LOC"]] * 2
