"""A cell whose process is killed costs no other cell."""

from __future__ import annotations

import pytest

from crosspan.cli.main import main
from crosspan.core.plugins import installed
from crosspan.core.types import Sentence
from crosspan.io import write

TRAINER = """
import os
from multiprocessing import parent_process

from crosspan.core.components import Component
from crosspan_sample import train as learn

def train(examples, *, seed):
    if seed == 2 and parent_process() is not None:
        os._exit(9)  # as the kernel does where memory is short
    return learn(examples, seed=seed)

train.component = Component(about="Is killed.", saves="file", tagger="wordlist")
"""

STUDY = """
seeds = [1, 2, 3]
samples = 20
[train]
use = "doomed"
path = "gold.conll"
labels = ["PER", "LOC"]
[[encoder]]
name = "words"
[[test]]
suite = "greetings"
languages = ["en"]
"""


@pytest.fixture
def doomed(plugins, tmp_path, monkeypatch):
    """A package whose trainer ends its process."""
    site = tmp_path / "site"
    about = site / "doomed-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: doomed\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[crosspan.trainers]\ndoomed = doomed:train\n")
    (site / "doomed.py").write_text(TRAINER)
    monkeypatch.syspath_prepend(str(site))
    installed.cache_clear()


def test_a_cell_whose_process_is_killed_is_reported_and_the_others_go_on(doomed, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CROSSPAN_DATA", raising=False)
    gold = [Sentence.from_tags(("Ada", "in", "Accra"), ["B-PER", "O", "B-LOC"])] * 3
    write("gold.conll", gold)
    write("greetings.conll", gold)
    (tmp_path / "study.toml").write_text(STUDY)
    words = ["study", "study.toml", "--out", "out", "--device", "cpu", "--threads", "1", "--jobs", "2"]
    assert main(words) == 3
    assert "2 done, 1 failed of 3 cells" in capsys.readouterr().err
    page = (tmp_path / "out" / "study.md").read_text()
    assert "words, none, seed 2 | failed | its process was killed, 3 times: it may need more memory" in page
