from __future__ import annotations

import pytest

from crosspan.demo import load_corpus

STUDY = """
name = "tiny"
title = "A tiny study"
data = "data"
seeds = [1, 2]
samples = 50

[train]
path = "en.iob2"
dev = "en.iob2"
limit = 16
dev_limit = 8

[train.options]
epochs = 1
batch_size = 8
learning_rate = 1e-3
longest = 48

[pretrain]
text = ["*.txt"]
held_out = 5

[pretrain.options]
max_steps = 4
batch_size = 4
longest = 24
learning_rate = 1e-3
save_every = 2

[unlabelled]
limit = 20

[unlabelled.files]
da = "da.txt"
hr = "hr.txt"

[[mode]]
mode = "reversal"
batch_size = 4
hidden = 8

[groups]
"west" = ["da"]
"south" = ["hr"]

[[encoder]]
name = "ready"
model = "xlmr"
family = "roberta"

[[encoder]]
name = "made"
shape = { family = "t5", layers = 1, width = 16, heads = 2, vocabulary = 300, longest = 48 }

[[test]]
suite = "uner"
languages = ["da", "hr"]
domain = "treebank"
limit = 10
"""


def write_gold(path, sentences):
    with open(path, "w", encoding="utf-8") as stream:
        for one in sentences:
            rows = zip(one.tokens, one.tags(), strict=True)
            stream.writelines(f"{at}\t{word}\t{tag}\n" for at, (word, tag) in enumerate(rows, 1))
            stream.write("\n")


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder with a study and its data: English labels, two test sets, text that holds some test sentences."""
    pytest.importorskip("torch").set_num_threads(1)
    from crosspan.testing import tiny_models

    folder = tmp_path_factory.mktemp("world")
    data = folder / "data"
    data.mkdir()
    tiny_models.save_xlmr(data / "xlmr", layers=1, width=16)
    write_gold(data / "en.iob2", load_corpus("en")[:40])
    for name, lang, code in (("da_ddt", "de", "da"), ("hr_set", "es", "hr")):
        sentences = load_corpus(lang)
        write_gold(data / f"{name}-ud-test.iob2", sentences[:20])
        lines = [" ".join(one.tokens) for one in sentences[15:60]]  # the first five are test sentences
        (data / f"{code}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder
