"""Anything may stand where a file belongs: each verb says what is wrong with it in words, or makes the best of it.

Every input of every small verb is tried with some kinds of content, and every kind with many; ``CROSSPAN_FAULTS=all``
tries all with all.
"""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
from pathlib import Path

import pytest
from tests.faults.commands import CALLS, make_inputs, words_of

from crosspan.cli.main import main

CHANCE = random.Random("garbage")
CONTENTS: dict[str, bytes | None] = {
    "a folder": None,
    "nothing": b"",
    "chance": CHANCE.randbytes(5_000),
    "zeros": bytes(3_000),
    "control characters": bytes(range(1, 32)) * 20,
    "a picture": b"\x89PNG\r\n\x1a\n" + CHANCE.randbytes(900),
    "a broken archive": b"PK\3\4" + CHANCE.randbytes(500),
    "broken Parquet": b"PAR1" + CHANCE.randbytes(200) + b"PAR1",
    "compressed": gzip.compress(b"Ada B-PER\n"),
    "UTF-16": "Ada lives\n".encode("utf-16"),
    "Latin-1": b"Caf\xe9 B-LOC\n\n",
    "half of a pair": b"\xed\xa0\x80\n",
    "a mark alone": b"\xef\xbb\xbf",
    "JSON": b'{"a": [1, 2, {"b": null}]}\n',
    "a page": b"<html><body>No</body></html>\n",
    "blank lines": b"\n\n\n",
    "tabs": b"\t\t\t\n\t\n",
    "lines of Windows": b"Ada\tB-PER\r\n\r\n",
    "a long line": b"a" * 200_000,
    "a long cell": b"Ada\tB-PER\n" + b"b" * 200_000 + b"\tO\n\n",
}
INSIDE = {"run": ("en.conll", "sw.txt", "sw.conll"), "bench": ("data/de-europarl.test.conll02",)}
"""What calls read that they do not name."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("garbage")
    make_inputs(folder, {name for name, call in CALLS.items() if not call.needs})
    return folder


def trials():
    """Calls with an input and the content that stands there."""
    places = []
    for name, call in CALLS.items():
        if not call.needs:
            texts = dict.fromkeys(word for word in call.words if word.endswith((".conll", ".txt", ".toml")))
            places += [(name, file) for file in (*texts, *INSIDE.get(name, ())) if file not in call.files]
    if os.environ.get("CROSSPAN_FAULTS") == "all":
        return [(*place, what) for place in places for what in CONTENTS]
    order = [what for _ in places for what in random.Random(len(places)).sample(sorted(CONTENTS), len(CONTENTS))]
    return [(*place, what) for at, place in enumerate(places) for what in order[at * 3 : at * 3 + 3]]


@pytest.mark.parametrize(("name", "file", "what"), trials())
def test_it_is_told_in_words(inputs, tmp_path, monkeypatch, capsys, name, file, what):
    folder = Path(shutil.copytree(inputs, tmp_path / "here"))
    monkeypatch.chdir(folder)
    Path(file).unlink()
    content = CONTENTS[what]
    if content is None:
        Path(file).mkdir()
    else:
        Path(file).write_bytes(content)
    code = main(words_of(CALLS[name]))
    said = capsys.readouterr().err
    assert "should not happen" not in said
    assert "Traceback" not in said
    assert code in (0, 1, 2, 3)
    assert max(map(len, said.splitlines()), default=0) < 2_000
    if code in (1, 2):
        assert re.search(r"^crosspan: .|^Usage: ", said, re.MULTILINE), said
        for one in CALLS[name].files:
            assert Path(one).read_bytes() == b"of an earlier run\n"
