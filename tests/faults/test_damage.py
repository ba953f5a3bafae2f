"""A damaged file is refused, with its name, or read as it was: never a hang, never an error that should not happen."""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import subprocess
import sys
import tomllib
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from tests.faults import damage, sound
from tests.faults.sound import KINDS, RefusedError

import crosspan
from crosspan.core.errors import CrosspanError
from crosspan.io import read, write
from crosspan.pipeline.recipes.toml_text import toml_text

TRIALS = int(os.environ.get("CROSSPAN_DAMAGE", "14"))
"""How often each kind of file is damaged blindly. By hand: CROSSPAN_DAMAGE=3000 pytest tests/faults/test_damage.py."""
SEED = os.environ.get("CROSSPAN_DAMAGE_SEED", "")

ARCHIVES = ("m.crf", "m.npz", "memory.npz", "lexicon.npz")
RECORDS = ("jsonl.jsonl", "p.jsonl")
REVIEWED = ("decided.jsonl", "doccano.json", "prodigy.json")


class Bench:
    """A folder in which one file is damaged again and again."""

    def __init__(self, folder: Path, name: str) -> None:
        self.kind = KINDS[name]
        self.path = folder / name
        self.path.parent.mkdir(exist_ok=True)
        self.kind.make(self.path)
        self.data = self.path.read_bytes()
        self.found = self.kind.outcome(longest=600.0)  # code may be compiled for it
        assert not isinstance(self.found, RefusedError), self.found

    def read(self, data: bytes) -> object:
        """What becomes of other content; of a checked kind it is refused, or read as it was."""
        self.path.write_bytes(data)
        found = self.kind.outcome()
        if self.kind.checked and not isinstance(found, RefusedError):
            assert found == self.found, "damage went unnoticed"
        return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("damage")
    before = os.getcwd()
    os.chdir(place)
    sound.around(place)
    yield place
    os.chdir(before)


@pytest.fixture(scope="module")
def bench(folder):
    made = {}
    return lambda name: made[name] if name in made else made.setdefault(name, Bench(folder, name))


@pytest.mark.parametrize("name", KINDS)
def test_blind_damage(bench, name):
    chance = random.Random(f"{name} {SEED}")
    one = bench(name)
    for trial in range(TRIALS):
        way = damage.BLIND[trial % len(damage.BLIND)]
        data = way(chance, one.data)
        try:
            one.read(data)
        except BaseException:
            Path(f"{name.replace('/', '-')}.failed").write_bytes(data)
            print(f"{way.__name__}, trial {trial}: {name}")
            raise


def in_a_fork(work):
    """Do something in a process of its own, which gets little memory, and may die; its exit code."""
    child = os.fork()
    if not child:
        try:
            resource = importlib.import_module("resource")
            taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (taken + ROOM,) * 2)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


COLUMNS = {
    "parquet": lambda path: write(path, sound.SENTENCES, format="parquet"),
    "a stream of Arrow": sound.write_arrow,
    "a file of Arrow": partial(sound.write_arrow, a_file=True),
    "compressed Arrow": partial(sound.write_arrow, compression="zstd"),
}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to limit memory")
@pytest.mark.parametrize("what", COLUMNS)
def test_no_bit_in_a_file_of_columns_ends_the_process(tmp_path, what):
    """A package of others reads them, and may believe what it reads."""
    pytest.importorskip("pyarrow")
    path, last = tmp_path / ("a.parquet" if what == "parquet" else "a.arrow"), tmp_path / "last"
    COLUMNS[what](path)
    data, found = path.read_bytes(), read(path)
    assert found

    def tried():
        named = []
        for changed in damage.with_flipped_bits(data, TRIALS * 10, what + SEED):
            path.write_bytes(changed)
            try:
                assert read(path) == found or what != "parquet", "damage went unnoticed"
            except CrosspanError as error:
                named.append(path.name in str(error))
            last.write_bytes(changed)
        assert named, "no bit was noticed"
        assert all(named), "an error does not name the file"

    code = in_a_fork(tried)
    assert code == 0, f"it died ({code}) of what is in {path}"
    assert last.exists()


@pytest.mark.parametrize("name", [*RECORDS, *REVIEWED])
def test_each_value_of_a_record_may_be_any(bench, name):
    one = bench(name)
    lines = one.data.decode().splitlines()
    changed = [json.dumps(record) for record in damage.with_odd_values(json.loads(lines[0]))]
    changed += [json.dumps({**json.loads(lines[1]), key: value}) for key in ("text", "offsets") for value in damage.ODD]
    for line in changed[:: 1 if TRIALS > 100 else 7]:
        one.read("\n".join([line, *lines[1:]]).encode())


@pytest.mark.parametrize("name", ["r.toml", "s.toml"])
def test_each_value_of_a_recipe_may_be_any(bench, name):
    one = bench(name)
    for changed in [*damage.with_odd_values(tomllib.loads(one.data.decode()))][:: 1 if TRIALS > 100 else 11]:
        with suppress(TypeError):  # of what TOML has no place for
            one.read(toml_text(changed).encode())


@pytest.mark.parametrize("what", damage.LINES)
@pytest.mark.parametrize("name", RECORDS)
def test_lines_of_json_that_are_none(bench, name, what):
    one = bench(name)
    found = one.read(one.data + damage.LINES[what].encode() + b"\n")
    if isinstance(found, RefusedError):
        assert f"{name}:4: " in str(found)
    else:  # it was left out, of which the model tells
        kept, wanted = (damage.arrays_of(data) for data in (found, one.found))
        assert {*kept} == {*wanted}
        assert all((kept[part] == wanted[part]).all() for part in kept if part != "about")


@pytest.mark.parametrize("name", ARCHIVES)
def test_each_value_of_a_description_may_be_any(bench, name):
    one = bench(name)
    arrays = damage.arrays_of(one.data)
    about = json.loads(arrays["about"].tobytes())
    descriptions = [*damage.with_odd_values(about), *damage.ODD]
    descriptions += [line.encode() for line in damage.LINES.values()]
    refused = 0
    for changed in descriptions[:: 1 if TRIALS > 100 else 5]:
        one.path.write_bytes(damage.file_of(damage.described(arrays, changed)))
        refused += isinstance(one.kind.outcome(), RefusedError)
    assert refused


@pytest.mark.parametrize("what", damage.ARRAYS)
@pytest.mark.parametrize("name", ARCHIVES)
def test_each_array_may_be_any(bench, name, what):
    one = bench(name)
    arrays = damage.arrays_of(one.data)
    for part in [*arrays][:: 1 if TRIALS > 100 or name != "m.npz" else 4]:
        changed = {**arrays, part: damage.ARRAYS[what](arrays[part])}
        one.path.write_bytes(damage.file_of(changed))
        one.kind.outcome()


def test_arrays_that_are_too_many_or_twice(bench):
    one = bench("m.npz")
    parts = damage.parts_of(one.data)
    assert isinstance(one.read(damage.archive_of({**parts, "more.npy": b"x"})), bytes)
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = damage.twice(parts, "jumps.npy")
    assert "in it twice" in str(one.read(twice))


def test_every_reader_of_arrays_is_tried():
    imported = re.compile("from crosspan.core.array_file import .*reading")
    paths = Path(crosspan.__file__).parent.rglob("*.py")
    readers = {path.stem for path in paths if imported.search(path.read_text(encoding="utf-8"))}
    assert readers == {"model_file", "memory_file", "lexicon"}, "each needs a kind in sound.py"


# Files that would become thousands of times as large are read in a process that may not have as much memory.

LARGE = 3 << 30
ROOM = 600 << 20
"""Bytes that the process may take beyond what it has when all that is needed is loaded."""

READ = """
import os, resource, sys
from pathlib import Path
from tests.faults import sound
os.chdir(sys.argv[1])
kinds = [sound.KINDS[name] for name in sys.argv[3:]]
for kind in kinds:  # what they need is loaded; of a large DocBin it is told before spaCy is needed
    assert kind.name == "docbin.spacy" or not isinstance(kind.outcome(), sound.RefusedError)
taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + int(sys.argv[2]),) * 2)
for kind in kinds:
    os.replace(f"{kind.name}.large", kind.name)
    found = kind.outcome()
    assert isinstance(found, sound.RefusedError), f"{kind.name} was read"
    print(str(found).strip())
"""


def large(name: str, data: bytes) -> bytes:
    """A file of some megabytes at most that would become some gigabytes."""
    if name in ARCHIVES:
        return damage.large_array(data, LARGE)
    if name in ("parquet.parquet", "arrow.arrow"):
        return (damage.large_parquet if name == "parquet.parquet" else damage.large_arrow)(80 << 20)
    return damage.large_docbin(LARGE) if name == "docbin.spacy" else damage.large_line(LARGE)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux to limit memory")
def test_a_small_file_does_not_ask_for_gigabytes(bench, folder):
    wanted = (*ARCHIVES, "docbin.spacy", "parquet.parquet", "arrow.arrow", "jsonl.jsonl.gz")
    names = [name for name in wanted if name in KINDS]
    for name in names:
        one = bench(name)
        one.path.write_bytes(one.data)
        data = large(name, one.data)
        assert len(data) < 8 << 20
        Path(f"{name}.large").write_bytes(data)
    here = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder), str(ROOM), *names],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.strip().splitlines()
    assert len(said) == len(names)
    assert all("would become" in line or "longer than" in line for line in said), said
