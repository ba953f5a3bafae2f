"""Many at once find what one finds alone: threads, processes that are forked, and processes that begin anew.

What is shared is a component, and what it has learned or remembers; nothing of a call may be left in it. What cannot be
shared says so. No way of starting a process may hang.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from crosspan.align.statistical import StatisticalAligner
from crosspan.core.answers import Answers
from crosspan.core.types import Pair, Sentence
from crosspan.demo import load_corpus
from crosspan.pipeline.folder_store import FolderStore
from crosspan.pipeline.parts import Tokens
from crosspan.pipeline.store import MemoryStore, SpoolStore
from crosspan.project.candidates import CandidateProjector
from crosspan.project.projector import make_projector
from crosspan.tag import crf, load_tagger
from crosspan.text.romanize import romanize_types

ROOT = Path(__file__).parents[2]
THREADS = 8
PATIENCE = 300
"""Seconds after which a program hangs."""


@pytest.fixture(autouse=True)
def _hurried():
    """Threads take turns far more often than usual."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def at_once(work, items, rounds=2):
    """What ``work`` gives for each item, when 8 threads do them all, each in an order of its own; checked for each."""
    start = threading.Barrier(THREADS)

    def all_of_them(number):
        start.wait(60)
        order = np.random.default_rng(number).permutation(rounds * len(items)) % len(items)
        return [(index, work(items[index])) for index in order.tolist()]

    with ThreadPoolExecutor(THREADS) as pool:
        return [found for one in pool.map(all_of_them, range(THREADS)) for found in one]


def check_alone_and_at_once(work, items, rounds=2):
    alone = [work(item) for item in items]
    wrong = [index for index, found in at_once(work, items, rounds) if found != alone[index]]
    assert not wrong, f"{len(wrong)} of {THREADS * rounds * len(items)} calls are not what they are alone"
    assert [work(item) for item in items] == alone


@pytest.fixture(scope="module")
def pairs():
    both = zip(load_corpus("en"), load_corpus("de"), strict=True)
    return [Pair(source, replace(target, spans=())) for source, target in both]


@pytest.fixture(scope="module")
def aligner(pairs):
    return StatisticalAligner(threads=1).fit(pairs[:60])


def batches(items, size=12):
    return [items[begin : begin + size] for begin in range(0, len(items), size)]


def test_an_aligner(aligner, pairs):
    """Most batches have words that it has not learned: these must be forgotten, and by nobody else be met."""
    check_alone_and_at_once(aligner.align, batches(pairs))


def test_an_aligner_that_learns_meanwhile(pairs):
    aligner = StatisticalAligner(threads=1).fit(pairs[:40])
    before = aligner.align(pairs)
    more = StatisticalAligner(threads=1).fit(pairs[:40]).fit(pairs[40:80]).fit(pairs[40:80])

    def either(number):
        if number < 2:
            aligner.fit(pairs[40:80])
            return []
        return aligner.align(pairs)

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(either, range(THREADS)))
    between = StatisticalAligner(threads=1).fit(pairs[:40]).fit(pairs[40:80]).align(pairs)
    for one in found[2:]:
        assert one in (before, between, more.align(pairs))
    assert aligner.align(pairs) == more.align(pairs)


@pytest.mark.parametrize("forgets", [False, True])
def test_a_tagger(pairs, monkeypatch, forgets):
    """Also when what it has noted of words becomes too much, and is thrown away in between."""
    if forgets:
        monkeypatch.setattr(crf, "MOST_WORD_TYPES", 60)
    tagger = load_tagger("en", threads=1)
    check_alone_and_at_once(tagger.tag, batches([pair.source for pair in pairs]))
    check_alone_and_at_once(
        lambda some: [rows.tolist() for rows in tagger.probabilities(some)], batches([p.source for p in pairs])[:4]
    )


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize("method", ["candidates", "heuristic"])
def test_a_projector(aligner, pairs, method, observed):
    projector = make_projector(method)
    links = aligner.align(pairs)
    if observed:
        projector.observe(pairs, links)
    check_alone_and_at_once(
        lambda some: projector.project(*zip(*some, strict=True)), batches([*zip(pairs, links, strict=True)])
    )


def test_a_projector_that_observes(aligner, pairs):
    """What it counts and remembers is the same in any order; sums of sureties differ in their last bits."""
    links = aligner.align(pairs)
    shards = batches([*zip(pairs, links, strict=True)])
    alone, together = CandidateProjector(), CandidateProjector()
    alone.count(pairs)
    for shard in shards:
        alone.observe(*zip(*shard, strict=True))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(together.count, [[pair for pair, _ in shard] for shard in shards]))
        list(pool.map(lambda shard: together.observe(*zip(*shard, strict=True)), shards))
    for wanted, found in zip(alone.project(pairs, links), together.project(pairs, links), strict=True):
        assert [replace(one.target, score=None) for one in found.links] == [
            replace(one.target, score=None) for one in wanted.links
        ]
        assert [one.confidence for one in found.links] == pytest.approx([one.confidence for one in wanted.links])
    for side in ("source", "target"):
        wanted, found = (getattr(one.memory, side) for one in (alone, together))
        words = wanted.rows()[0]
        assert found.total == wanted.total
        assert [column.tolist() for column in found.of(words)] == [column.tolist() for column in wanted.of(words)]


def test_romanised_words():
    words = ["Москва", "Київ", "Αθήνα", "Երևան", "თბილისი", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "Ọ̀yọ́", "Zürich"]
    check_alone_and_at_once(romanize_types, [words[begin:] for begin in range(len(words))])


@pytest.mark.parametrize("kind", ["memory", "spool", "folder"])
def test_a_store(tmp_path, kind):
    made = {"memory": MemoryStore, "spool": SpoolStore, "folder": lambda: FolderStore(tmp_path)}[kind]()
    sentences = {f"{number:02d}ab": [[f"word{number}"] * (1 + number * 50)] for number in range(20)}

    def put_and_get(key):
        entry = made.put(key, {"tokens": Tokens((sentences[key],))}, {})
        return made.part(entry, "tokens").sides

    for index, found in at_once(put_and_get, list(sentences)):
        assert found == (list(sentences.values())[index],)


@pytest.mark.parametrize("where", ["memory", "file"])
def test_answers(tmp_path, where):
    answers = Answers(None if where == "memory" else tmp_path / "answers.sqlite")

    def ask(number):
        answers.put({f"{number}-{n}": f"answer {number}-{n}" for n in range(5)})
        return answers.get(f"{number}-{n}" for n in range(6))

    check_alone_and_at_once(ask, list(range(6)))


# models of others


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with tiny models: an encoder, a tagger, the same in ONNX, and translators."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from crosspan.testing import tiny_models

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    tiny_models.save_mbert(folder / "mbert")
    tiny_models.save_tagger(folder / "tagger")
    tiny_models.save_nllb(folder / "nllb")
    tiny_models.save_marian(folder / "opus-mt-en-es")
    return folder


def test_an_encoder(models, pairs):
    """A layer in the middle is read from inside the model, where another thread might be as well."""
    from crosspan.align import make_aligner

    aligner = make_aligner("simalign", threads=1, model=str(models / "mbert"), layer=1)
    items = batches([(pair.source.tokens, pair.target.tokens) for pair in pairs[:24]], 6)
    check_alone_and_at_once(aligner.align_tokens, items, rounds=1)


def test_an_encoder_that_is_told_the_language(models, pairs):
    from crosspan.models.encoder import Encoder

    encoder = Encoder(models / "nllb", layer=1)
    sentences = [pair.source.tokens for pair in pairs[:5]]

    def read(language):
        pieces = encoder.pieces(sentences, language)
        return [rows.tolist() for rows in encoder.vectors(pieces)]

    check_alone_and_at_once(read, ["eng_Latn", "deu_Latn"], rounds=3)


def test_a_tagger_of_transformers(models, pairs):
    tagger = load_tagger(f"transformers:{models / 'tagger'}", threads=1)
    check_alone_and_at_once(tagger.tag, batches([pair.source for pair in pairs[:24]], 6), rounds=1)


def test_a_translator_that_has_two_vocabularies(models, pairs):
    """MarianMT switches its tokenizer between the languages."""
    from crosspan.models.loading import load_tokenizer
    from crosspan.translate.families import ModelFamily

    family = ModelFamily(load_tokenizer(models / "opus-mt-en-es"), name="opus-mt-en-es")
    texts = [" ".join(pair.source.tokens) for pair in pairs[:10]]

    def cut(side):
        rows = family.source_ids(texts, "en", "es") if side == "source" else family.target_ids(texts, "es")
        return [row.tolist() for row in rows]

    check_alone_and_at_once(cut, ["source", "target"], rounds=5)


def test_a_translator(models, pairs):
    from crosspan.translate import make_translator

    translator = make_translator("transformers", str(models / "nllb"), threads=1, beams=1, max_ratio=0.1)
    texts = [" ".join(pair.source.tokens[:6]) for pair in pairs[:12]]
    check_alone_and_at_once(
        lambda some: translator.translate(some, source="en", target="es"), batches(texts, 4), rounds=1
    )


def test_the_number_of_threads_of_pytorch_is_kept(models):
    """Threads of ours come and go with numbers of their own; it is left as it was, for old threads and for new ones."""
    torch = pytest.importorskip("torch")
    from crosspan.core.threads import torch_threads

    torch.set_num_threads(3)
    wrong = []

    def work(wanted):
        with torch_threads(wanted):
            inside = torch.get_num_threads()
            with torch_threads():
                wrong.extend([] if torch.get_num_threads() == inside == (wanted or 3) else [(wanted, inside)])
        wrong.extend([] if torch.get_num_threads() == 3 else ["left behind"])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, [1, 2, None, 4] * 30))
    assert not wrong
    assert torch.get_num_threads() == 3
    torch.set_num_threads(1)


# processes


def run(*arguments):
    """The lines that a program of this folder prints; it must end by itself."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
        "PYTHONWARNINGS": "ignore",  # of forks beside threads: that is what this is about
    }
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


NO_FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")


def test_after_tagging_aligning_projecting_and_training():
    ways = ("threads", "fork", "threads", "spawn") if hasattr(os, "fork") else ("threads", "spawn")
    assert run("tests.faults.crowd", *ways) == [f"{way} same" for way in ways]


@NO_FORK
def test_models_after_a_fork(models):
    """PyTorch works on with one thread; what has threads of its own refuses, and nothing waits for ever."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("ctranslate2")
    from crosspan.tag.onnx_export import export_onnx

    if not (models / "onnx").exists():
        export_onnx(models / "tagger", models / "onnx", load_corpus("de")[:4], threads=1)
    total = float((np.arange(1 << 22) % 7).sum())
    here, *forked = run("tests.faults.models_in_forks", models)
    assert here == f"here {(total, 2)}"
    assert forked[:3] == [f"{name} same {(total, 1)}" for name in ("transformers", "simalign", "translator")]
    for name, found in zip(("onnx", "ctranslate2"), forked[3:], strict=True):
        assert found.startswith(f"{name} the ")
        assert "was loaded before this process was forked, and cannot be used here" in found


HELD = """
import os, sys, threading
from crosspan.core.locks import Lock

lock, mine, held, done = Lock(), Lock(), threading.Event(), threading.Event()

def hold():
    with lock:
        held.set()
        done.wait()

threading.Thread(target=hold, daemon=True).start()
held.wait()
with mine:
    child = os.fork()
    if child == 0:
        with lock, mine:  # the other thread is not here, and this one is
            os._exit(7)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
done.set()
sys.exit(0 if code == 7 else 1)
"""


@NO_FORK
def test_what_other_threads_held_is_free_in_a_fork():
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", HELD], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0


def test_errors_of_threads_reach_the_caller(pairs):
    broken = [Sentence(("a", "b")), "no sentence"]
    with pytest.raises(Exception, match="tokens"):
        load_tagger("en", threads=2).tag(broken)
