"""Kills calls of verbs at changes of the disk and makes them again; started by the test in a process of its own.

The process is warm: modules are loaded and kernels compiled. A trial forks it, so that it costs no start-up.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.faults.commands import CALLS, OLDER, Call, words_of

from crosspan.cli.main import main
from crosspan.core.temporary import is_temporary

CHANGES = ("replace", "rename", "mkdir", "rmdir", "unlink", "link")
"""What changes names."""

TWICE = ("project", "align", "translate", "train", "run", "bench", "train an encoder")
"""Calls that are also made twice at once."""

SOME = ("project", "run", "train an encoder")
"""Those of them that are so where not everything is tried."""


@dataclass
class Trials:
    """What became of the trials of a call.

    Args:
        changes: Changes of the disk in an undisturbed call.
        killed: Calls that were killed.
        wrong: What was wrong, in words.
        wanted: Results that two undisturbed calls leave with the same content.
    """

    changes: int = 0
    killed: int = 0
    wrong: list[str] = field(default_factory=list)
    wanted: dict[str, bytes] = field(default_factory=dict)


def forked(work: Callable[[], int]) -> int:
    """Do something in a forked process; its exit code, or -9 where it was killed."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def calling(folder: Path, call: Call, at: int = 0, count: Path | None = None) -> Callable[[], int]:
    """A call in a folder, killed at a change of that number; the number of all goes into a file."""

    def work() -> int:
        os.chdir(folder)
        os.environ["XDG_CACHE_HOME"] = str(folder / ".user")
        seen = 0

        def counted(real: Callable[..., object]) -> Callable[..., object]:
            def change(*given: object, **named: object) -> object:
                nonlocal seen
                seen += 1
                if seen == at:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*given, **named)

            return change

        for name in CHANGES:
            setattr(os, name, counted(getattr(os, name)))
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
            code = main(words_of(call))
        if count is not None:
            count.write_text(str(seen))
        return code

    return work


def found_in(folder: Path, call: Call) -> dict[str, bytes]:
    """The results of a call, without what is kept for the next one, and what is there for a while only."""
    found = {name: (folder / name).read_bytes() for name in call.files if (folder / name).is_file()}
    for result in call.folders:
        for path in (folder / result).rglob("*"):
            parts = path.relative_to(folder).parts
            passing = path.suffix == ".lock" or any(is_temporary(part) or part.startswith(".c") for part in parts)
            if path.is_file() and not passing:
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def points(name: str, changes: int, most: int) -> list[int]:
    """The changes at which a call is killed: all, or so many, one in each part of the call, always the same ones."""
    if changes <= most:
        return list(range(1, changes + 1))
    chance = random.Random(name)
    ends = [round(changes * part / most) for part in range(most + 1)]
    return [chance.randint(begin + 1, end) for begin, end in pairwise(ends)]


def tried(inputs: Path, place: Path, name: str, most: int, warm: Path) -> Trials:
    """Kill a call at every change, or at so many, and make it again; in a folder it was made undisturbed."""
    call, trials = CALLS[name], Trials()

    def copied(what: str) -> Path:
        return Path(shutil.copytree(inputs, place / what))

    code = forked(calling(copied("again"), call, count=place / "count"))
    if code:
        trials.wrong.append(f"it ends with {code}")
        return trials
    trials.changes = int((place / "count").read_text())
    first, other = found_in(warm, call), found_in(place / "again", call)
    # others hold a time, as cells of studies do, in which it may by chance be the same twice
    wanted = {key: value for key, value in first.items() if other.get(key) == value and "/cells/" not in key}
    trials.wanted = wanted
    if not wanted or {*first} != {*other}:
        trials.wrong.append("two calls do not leave the same")
    for at in points(name, trials.changes, most):
        folder = copied("trial")
        trials.killed += forked(calling(folder, call, at)) == -signal.SIGKILL
        for file in call.files:
            if (folder / file).read_bytes() not in (OLDER, first[file], wanted.get(file)):
                trials.wrong.append(f"killed at {at}: {file} is neither the old nor the new one")
        code = forked(calling(folder, call))
        left = found_in(folder, call)
        finished = call.needs and {*left} == {*first}
        if code and not (code == 1 and finished):  # a model that is there already is refused
            trials.wrong.append(f"killed at {at}: the next call ends with {code}")
        if {*left} != {*first}:
            trials.wrong.append(f"killed at {at}: there are {sorted({*left} ^ {*first})}")
        trials.wrong += [f"killed at {at}: {key} is another" for key, value in wanted.items() if left.get(key) != value]
        shutil.rmtree(folder)
    return trials


def at_once(inputs: Path, place: Path, name: str, wanted: dict[str, bytes]) -> list[str]:
    """Make a call twice at the same time in one folder; what is wrong."""
    call = CALLS[name]
    folder = Path(shutil.copytree(inputs, place / "both"))
    children = []
    for _ in range(2):
        children.append(os.fork())
        if not children[-1]:
            os._exit(calling(folder, call)())
    codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    wrong = [] if codes in ([0, 0], [0, 1]) else [f"they end with {codes}"]
    found = found_in(folder, call)
    return [*wrong, *(f"{key} is another" for key, value in wanted.items() if found.get(key) != value)]


def run(inputs: Path, place: Path, wanted: dict[str, int]) -> None:
    """Try some calls, and print what came out as JSON."""
    for name in wanted:
        warm = Path(shutil.copytree(inputs, place / f"warm {name}"))
        os.chdir(warm)
        os.environ["XDG_CACHE_HOME"] = str(warm / ".user")
        main(words_of(CALLS[name]))
    found = {}
    for name, most in wanted.items():
        here = place / name
        here.mkdir()
        trials = tried(inputs, here, name, most, place / f"warm {name}")
        found[name] = {"changes": trials.changes, "killed": trials.killed, "wrong": trials.wrong, "at once": []}
        if name in (TWICE if most > trials.changes else SOME):
            found[name]["at once"] = at_once(inputs, here, name, trials.wanted)
        shutil.rmtree(here)
    print(json.dumps(found))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]))
