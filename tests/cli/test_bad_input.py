"""Bad input through the real command: one clear message, exit code 1 or 3, nothing half-written, no traceback."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crosspan.io import read

resource = pytest.importorskip("resource", reason="needs the limits of a Unix process")
ENTRY = [sys.executable, "-m", "crosspan.cli.main"]
SOURCE = "Ada B-PER\nObi I-PER\nlives O\nin O\nAccra B-LOC\n\nKofi B-PER\nleft O\nLagos B-LOC\n"
TARGET = "Ada Obi anaishi Accra\nKofi aliondoka Lagos\n"
LINKS = "0-0 1-1 2-2 4-3\n0-0 1-1 2-2\n"
LEARNING = re.compile(r"learn[^\d]*(\d+)/(\d+)")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
HEURISTIC = ("--links", "links.txt", "--method", "heuristic")


class Folder:
    """A folder with a small corpus, and the command run inside it."""

    def __init__(self, path: Path) -> None:
        self.path = path / "work"
        self.path.mkdir()
        self.temporary = path / "temporary"
        self.temporary.mkdir()
        self.environment = {**os.environ, "TMPDIR": str(self.temporary), "COLUMNS": "200"}
        self.put("source.conll", SOURCE)
        self.put("target.txt", TARGET)
        self.put("links.txt", LINKS)

    def put(self, name: str, content: str | bytes) -> None:
        (self.path / name).write_bytes(content.encode() if isinstance(content, str) else content)

    def start(self, *words: str, **options) -> subprocess.Popen:
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen([*ENTRY, *words], cwd=self.path, env=self.environment, **{**pipes, **options})

    def start_on_terminal(self, *words: str) -> tuple[subprocess.Popen, Terminal]:
        ours, theirs = os.openpty()
        process = self.start(*words, stderr=theirs)
        os.close(theirs)
        return process, Terminal(ours)

    def run(self, *words: str, stdin: bytes = b"", **options) -> subprocess.CompletedProcess:
        before = sorted(os.listdir(self.path))
        process = self.start(*words, **options)
        out, err = process.communicate(stdin, timeout=300)
        done = subprocess.CompletedProcess(words, process.returncode, out.decode(), err.decode())
        assert "Traceback" not in done.stderr
        assert os.listdir(self.temporary) == [], "a temporary file is left"
        if done.returncode not in (0, 3):
            assert sorted(os.listdir(self.path)) == before, "a failed run leaves a file"
        return done

    def project(self, *words: str, **options) -> subprocess.CompletedProcess:
        return self.run("project", "source.conll", "target.txt", "--out", "out.conll", *words, **options)

    def tags(self, name: str = "out.conll") -> list[list[str]]:
        return [sentence.tags() for sentence in read(self.path / name)]


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def assert_refused(done, *parts, code=1):
    """One message, in one paragraph, which says all of these."""
    assert done.returncode == code, done.stderr
    assert len(done.stderr.strip().split("\n")) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


def assert_all_accounted_for(done, n_spans):
    summary = json.loads(done.stdout)
    assert summary["spans"] == n_spans
    assert summary["projected"] + sum(summary["dropped"].values()) == n_spans


def test_sound_input(folder):
    done = folder.project(*HEURISTIC)
    assert done.returncode == 0, done.stderr
    assert folder.tags() == [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "B-LOC"]]
    assert done.stdout == ""
    assert "2 sentences, 4 entities, 4 projected" in done.stderr


@pytest.mark.parametrize(
    ("target", "place"),
    [("Ada Obi anaishi Accra\n", "source.conll:7: 2 sentences, but target.txt has 1"),
     (TARGET + "Zaidi\nTena\n", "target.txt:3: 4 sentences, but source.conll has 2")],
)  # fmt: skip
def test_unequal_line_counts(folder, target, place):
    folder.put("target.txt", target)
    assert_refused(folder.project(*HEURISTIC), place, "same sentences in the same order")


def test_unequal_bitext(folder):
    folder.put("a.txt", "one\ntwo\n")
    folder.put("b.txt", "moja\n")
    assert_refused(folder.project("--bitext", "a.txt", "b.txt"), "a.txt:2: 2 sentences, but b.txt has 1")


def test_empty_lines_on_both_sides_keep_their_place(folder):
    folder.put("source.conll", SOURCE.replace("\n\n", "\n\n# tokens = 0\n\n"))
    folder.put("target.txt", TARGET.replace("\n", "\n\n", 1))
    folder.put("links.txt", LINKS.replace("\n", "\n\n", 1))
    done = folder.project(*HEURISTIC)
    assert done.returncode == 0, done.stderr
    assert folder.tags() == [["B-PER", "I-PER", "O", "B-LOC"], [], ["B-PER", "O", "B-LOC"]]


def test_empty_line_on_one_side_is_left_out(folder):
    folder.put("target.txt", "Ada Obi anaishi Accra\n\n")
    done = folder.project(*HEURISTIC, "--dropped", "dropped.jsonl")
    assert done.returncode == 3
    assert "target.txt:2: left out: the target sentence is empty, but its counterpart is not" in done.stderr
    assert folder.tags() == [["B-PER", "I-PER", "O", "B-LOC"]]
    dropped = [json.loads(line) for line in (folder.path / "dropped.jsonl").read_text().splitlines()]
    assert [(item["index"], item["reason"], item.get("text")) for item in dropped] == [
        (1, "error", None), (1, "error", "Kofi"), (1, "error", "Lagos"),
    ]  # fmt: skip
    assert dropped[0]["where"] == "target.txt:2"


@pytest.mark.parametrize("name", ["source.conll", "target.txt", "links.txt"])
@pytest.mark.parametrize("content", [b"", b"\n\n\n"])
def test_empty_files(folder, name, content):
    folder.put(name, content)
    done = folder.project(*HEURISTIC)
    assert_refused(done, name)


def test_missing_columns(folder):
    folder.put("source.conll", SOURCE.replace("lives O", "lives"))
    done = folder.project(*HEURISTIC)
    assert done.returncode == 3
    assert "source.conll:3: left out: 1 column, expected at least 2" in done.stderr
    assert len(folder.tags()) == 1


def test_no_labels_at_all(folder):
    done = folder.run("project", "target.txt", "target.txt", "--out", "out.conll", *HEURISTIC)
    assert_refused(done, "target.txt: not one entity is labelled", "Check the order of the files")


def test_unknown_tags(folder):
    folder.put("source.conll", SOURCE.replace("Kofi B-PER", "Kofi PERSON"))
    done = folder.project(*HEURISTIC)
    assert done.returncode == 3
    assert "source.conll:7: left out: 'PERSON'" in done.stderr
    assert "1 sentences that could not be worked on; they are unlabelled" in done.stderr
    assert folder.tags() == [["B-PER", "I-PER", "O", "B-LOC"]]


def test_wrong_scheme(folder):
    done = folder.project(*HEURISTIC, "--scheme", "BIOES")
    assert_refused(
        done,
        "source.conll:2: no sentence can be worked on; the first: the span that begins with 'B-PER' is not closed",
        "name the scheme of the file",
    )


def test_orphan_tags_and_their_repair(folder):
    folder.put("source.conll", SOURCE.replace("Ada B-PER", "Ada O"))
    done = folder.project(*HEURISTIC)
    assert done.returncode == 3
    assert "source.conll:2: left out:" in done.stderr
    done = folder.project(*HEURISTIC, "--repair", "begin")
    assert done.returncode == 0
    assert folder.tags()[0] == ["O", "B-PER", "O", "B-LOC"]


def test_links_out_of_range(folder):
    folder.put("links.txt", LINKS.replace("4-3", "4-9"))
    done = folder.project(*HEURISTIC)
    assert done.returncode == 3
    assert "links.txt:1: left out: link 4-9 points outside a pair of 5 source and 4 target tokens" in done.stderr
    assert folder.tags() == [["B-PER", "O", "B-LOC"]]


def test_all_links_out_of_range(folder):
    folder.put("links.txt", "7-7\n8-8\n")
    assert_refused(folder.project(*HEURISTIC), "links.txt:1: no sentence could be projected", "link 7-7")


@pytest.mark.parametrize(
    ("links", "parts"),
    [("0-0 1:1\n0-0\n", ("links.txt:1", "'1:1' is not a link", "Write links as i-j")),
     ("0-0\n0-0:1.5\n", ("links.txt:2", "'0-0:1.5'", "probability")),
     ("0-0\n", ("links.txt: 1 lines of links, but 2 sentence pairs",)),
     ("0-0\n0-0\n0-0\n", ("links.txt: 3 lines of links, but 2 sentence pairs",))],
)  # fmt: skip
def test_malformed_links(folder, links, parts):
    folder.put("links.txt", links)
    assert_refused(folder.project(*HEURISTIC), *parts)


@pytest.mark.parametrize("name", ["source.conll", "target.txt", "links.txt"])
def test_broken_utf8(folder, name):
    path = folder.path / name
    lines = path.read_bytes().split(b"\n")
    lines[1] = b"\xe9" + lines[1]
    path.write_bytes(b"\n".join(lines))
    assert_refused(folder.project(*HEURISTIC), f"{name}:2", "0xe9", "not valid UTF-8", "iconv")


@pytest.mark.parametrize("change", [lambda raw: b"\xef\xbb\xbf" + raw, lambda raw: raw.replace(b"\n", b"\r\n")])
def test_byte_order_marks_and_windows_line_ends_do_no_harm(folder, change):
    for name in ("source.conll", "target.txt", "links.txt"):
        folder.put(name, change((folder.path / name).read_bytes()))
    done = folder.project(*HEURISTIC)
    assert done.returncode == 0, done.stderr
    assert b"\r" not in (folder.path / "out.conll").read_bytes()
    assert read(folder.path / "out.conll")[0].tokens == ("Ada", "Obi", "anaishi", "Accra")
    assert folder.tags() == [["B-PER", "I-PER", "O", "B-LOC"], ["B-PER", "O", "B-LOC"]]


def test_sentence_of_5000_words(folder):
    rng = random.Random(1)
    words = [f"w{rng.randrange(2_000)}" for _ in range(5_000)]
    folder.put(
        "source.conll",
        SOURCE + "\n" + "".join(f"{w} {'B-LOC' if k % 500 == 7 else 'O'}\n" for k, w in enumerate(words)),
    )
    folder.put("target.txt", TARGET + " ".join(word + "a" for word in words) + "\n")
    done = folder.project("--json")
    assert done.returncode == 0, done.stderr
    assert len(folder.tags()[2]) == 5_000
    assert_all_accounted_for(done, 14)


def test_sentence_with_60_entities(folder):
    names = [f"Mji{k}" for k in range(60)]
    folder.put("source.conll", SOURCE + "\n" + "".join(f"{name} B-LOC\n, O\n" for name in names))
    folder.put("target.txt", TARGET + " , ".join(names) + "\n")
    done = folder.project("--json")
    assert done.returncode == 0, done.stderr
    assert_all_accounted_for(done, 64)
    folder.put("links.txt", LINKS + " ".join(f"{k}-{k}" for k in range(119)) + "\n")
    done = folder.project(*HEURISTIC)
    assert folder.tags()[2].count("B-LOC") == 60


@pytest.mark.parametrize("second", [[1, 3, "LOC"], [0, 1, "PER"]], ids=["overlapping", "nested"])
def test_nested_and_overlapping_spans(folder, second):
    records = [
        {"tokens": ["Ada", "Obi", "left"], "spans": [[0, 2, "PER"], second]},
        {"tokens": ["Kofi", "left", "Lagos"], "spans": [[0, 1, "PER"], [2, 3, "LOC"]]},
    ]
    folder.put("source.jsonl", "\n".join(map(json.dumps, records)) + "\n")
    folder.put("links.txt", "0-0\n0-0 1-1 2-2\n")
    done = folder.run("project", "source.jsonl", "target.txt", "--out", "out.conll", *HEURISTIC)
    assert done.returncode == 3
    assert "source.jsonl:1: left out:" in done.stderr
    assert "overlap. Keep one of them" in done.stderr
    assert folder.tags() == [["B-PER", "O", "B-LOC"]]


@pytest.mark.parametrize("out", ["target.txt/out.conll", "missing/out.conll", "/proc/crosspan/out.conll", "."])
def test_unwritable_output(folder, out):
    words = ("--to", "conll") if out == "." else ()
    done = folder.run("project", "source.conll", "target.txt", "--out", out, *HEURISTIC, *words)
    assert_refused(done, f"crosspan: {out}: ")


@pytest.mark.parametrize("out", ["source.conll", "target.txt", "./links.txt"])
def test_input_is_never_written_over(folder, out):
    before = (folder.path / out).read_bytes()
    done = folder.run("project", "source.conll", "target.txt", "--out", out, "--to", "conll", *HEURISTIC)
    assert_refused(done, "is read", "and would be overwritten", code=2)
    assert (folder.path / out).read_bytes() == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "words", [("--out", "/dev/full", "--to", "conll"), ("--out", "out.conll", "--dropped", "/dev/full")]
)
def test_full_device(folder, words):
    folder.put("links.txt", "\n\n")  # so that there is something to say about dropped spans
    done = folder.run("project", "source.conll", "target.txt", *words, *HEURISTIC)
    assert_refused(done, "/dev/full: writing failed: no space left on device", "free space")


def test_full_disk_leaves_what_was_there(folder):
    """A limit on the size of files stands for the end of the disk: writing fails half-way."""
    folder.project(*HEURISTIC)  # so that no compiled code needs to be kept below the limit
    folder.put("source.conll", "\n".join([SOURCE] * 2_000))
    folder.put("target.txt", TARGET * 2_000)
    folder.put("links.txt", LINKS * 2_000)
    folder.put("out.conll", "old")
    limit = 20_000
    small = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))}
    done = folder.project(*HEURISTIC, **small)
    assert_refused(done, f"{folder.temporary}: a temporary file cannot be written", "TMPDIR")
    assert (folder.path / "out.conll").read_text() == "old"
    done = folder.run("convert", "source.conll", "out.conll", **small)
    assert_refused(done, "out.conll: writing failed")
    assert (folder.path / "out.conll").read_text() == "old"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_half_way(folder, number):
    rng = random.Random(2)
    words = [f"word{k}" for k in range(3_000)]
    sentences = [[rng.choice(words) for _ in range(25)] for _ in range(6_000)]
    folder.put(
        "source.conll",
        "\n".join("".join(f"{word} B-LOC\n" for word in s[:1]) + "".join(f"{w} O\n" for w in s[1:]) for s in sentences),
    )
    folder.put("target.txt", "".join(" ".join(reversed(s)) + "\n" for s in sentences))
    folder.put("out.conll", "old")
    before = sorted(os.listdir(folder.path))
    process, terminal = folder.start_on_terminal("project", "source.conll", "target.txt", "--out", "out.conll")
    _wait_until_it_learns(process, terminal)
    process.send_signal(number)
    shown = terminal.read()
    process.communicate(timeout=120)
    assert process.returncode == 1, shown
    assert shown.endswith("crosspan: interrupted; no output file was left half-written."), shown
    assert "Exception" not in shown
    assert sorted(os.listdir(folder.path)) == before
    assert os.listdir(folder.temporary) == []
    assert (folder.path / "out.conll").read_text() == "old"


def _wait_until_it_learns(process, terminal):
    """Wait until the bar of the learning is past its middle: by then all that learns is compiled."""
    while not any(2 * int(done) > int(total) for done, total in LEARNING.findall(terminal.text)):
        assert terminal.more(), f"the command ended before it could be interrupted: {terminal.read()}"
    assert process.poll() is None


class Terminal:
    """What a command writes on a terminal."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.text = ""

    def more(self) -> bool:
        """Wait for more text; false at the end."""
        try:
            block = os.read(self.descriptor, 1 << 16)
        except OSError:  # how Linux says that nobody writes to it any more
            block = b""
        self.text += ESCAPES.sub("", block.decode(errors="replace"))
        return bool(block)

    def read(self) -> str:
        """All text to the end."""
        while self.more():
            pass
        return self.text.strip()


@pytest.mark.parametrize(
    ("words", "part"),
    [(("project", "none.conll", "target.txt", "--out", "out.conll"), "none.conll: no such file"),
     (("project", ".", "target.txt", "--out", "out.conll"), "this is a folder, not a file"),
     (("evaluate", "source.conll", "none.conll"), "none.conll: no such file"),
     (("convert", "target.txt", "missing/out.jsonl"), "missing/out.jsonl: the folder does not exist"),
     (("check", "none.conll"), "none.conll")],
)  # fmt: skip
def test_files_that_are_not_there(folder, words, part):
    done = folder.run(*words)
    assert done.returncode == 1
    assert part in done.stderr + done.stdout


def test_standard_input_and_output(folder):
    words = ("project", "source.conll", "-", "--out", "-", *HEURISTIC, "--quiet")
    done = folder.run(*words, stdin=TARGET.encode())
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:4] == ["# text = Ada Obi anaishi Accra", "Ada\tB-PER", "Obi\tI-PER", "anaishi\tO"]
    assert done.stderr == ""
    done = folder.run(*words, stdin=b"Ada Obi\n\xff\n")
    assert_refused(done, "<stdin>:2")
    done = folder.run("project", "-", "-", "--out", "out.conll", stdin=b"")
    assert_refused(done, "standard input can be only one of the files")


def test_reader_that_leaves(folder):
    """Like ``crosspan project ... --out - | head -0``."""
    folder.put("source.conll", "\n".join([SOURCE] * 3_000))
    folder.put("target.txt", TARGET * 3_000)
    folder.put("links.txt", LINKS * 3_000)
    process = folder.start("project", "source.conll", "target.txt", "--out", "-", *HEURISTIC)
    process.stdout.close()
    said = process.stderr.read().decode().splitlines()  # how far it is, and that all lines are alike, if anything
    assert all(line.startswith(("crosspan: warning: ", "project: ")) for line in said), said
    process.wait(timeout=120)
