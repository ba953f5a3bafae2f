"""Commands of crosspan as a user types them, each in a process of its own, and what they cost.

``source`` names the ``src`` folder of another checkout: the same words are then given to that version.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

REJECTED = 3
"""The exit code of a command that left some sentences out."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took.

    Args:
        seconds: Wall time.
        cpu_seconds: Time that its threads and the processes it waited for were at work.
        memory_mb: Most memory that one of these processes held.
        output: What it wrote on standard output.
    """

    seconds: float
    cpu_seconds: float
    memory_mb: float
    output: str = ""


def crosspan(*words: object, source: Path | None = None, folder: Path | None = None) -> Cost:
    """Run ``crosspan`` with some words behind it.

    Args:
        words: Verb, files and options.
        source: The ``src`` folder of the version to run; this one by default.
        folder: The folder to run it in.

    Raises:
        RuntimeError: It failed.
    """
    return python("-m", "crosspan.cli.main", *words, source=source, folder=folder)


def python(*words: object, source: Path | None = None, folder: Path | None = None) -> Cost:
    """Run the interpreter with some words behind it; see :func:`crosspan`."""
    command = [sys.executable, *map(str, words)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.NamedTemporaryFile() as report:
        watched = [sys.executable, "-I", "-S", "-c", _WATCH, report.name, *command]
        start(watched, source=source, folder=folder, stdout=out.fileno(), stderr=err.fileno()).wait()
        out.seek(0)
        err.seek(0)
        code, seconds, cpu, memory = json.loads(report.read() or b"[-1, 0, 0, 0]")
        if code not in (0, REJECTED):
            said = err.read().decode("utf-8", "replace")[-2_000:]
            raise RuntimeError(f"{' '.join(command)} ended with {code}: {said}")
        return Cost(seconds, cpu, memory / (1e6 if sys.platform == "darwin" else 1e3), out.read().decode("utf-8"))


_WATCH = """
import json, os, sys, time
began = time.perf_counter()
process = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(process, 0)
found = [os.waitstatus_to_exitcode(status), time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss]
with open(sys.argv[1], "w") as stream:
    json.dump(found, stream)
"""
"""Starts the command from a small process: the most memory of a child is never less than what its parent held."""


def start(
    command: Sequence[str], *, source: Path | None, folder: Path | None, stdout: int, stderr: int
) -> subprocess.Popen[bytes]:
    """Begin a process, and do not wait for it."""
    environment = dict(os.environ)
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    return subprocess.Popen(command, env=environment, cwd=folder, stdout=stdout, stderr=stderr)


@cache
def takes(verb: str, option: str, source: Path | None = None) -> bool:
    """Whether a verb has an option, in the version at hand or in another."""
    return option in crosspan(verb, "--help", source=source).output
