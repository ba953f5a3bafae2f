"""Processes that each hold an engine of Firefox Translations, and texts that go to whichever of them is free."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from crosspan.core.background import Background
from crosspan.core.errors import ModelError, UnavailableError
from crosspan.core.logs import logger_of
from crosspan.core.threads import Home
from crosspan.translate import Translation, firefox_worker
from crosspan.translate.firefox_models import FirefoxModel
from crosspan.translate.firefox_worker import LONGEST
from crosspan.translate.preparation import TOO_LONG_TO_READ
from crosspan.translate.soundness import TOO_LONG

_CHUNK = 8
"""Texts that a process is given at a time, so that all have something to do until the end."""
_ENDED = "the engine fails on it"
_EASY = "Ada"
"""What an engine is tried with that has failed on all else."""


class Engines:
    """Processes that translate with one model. They are started when they are needed, and end with this object.

    Args:
        model: The model.
        most: How many of them at most.
    """

    def __init__(self, model: FirefoxModel, most: int) -> None:
        self.model = model
        self.most = most
        self._home = Home("the translator")
        self._free: list[_Process] = []
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(most)
        self._well = False
        weakref.finalize(self, _close, self._free)

    def translate(self, texts: Sequence[str], advance: Callable[[int], None]) -> list[Translation]:
        """Translate texts that are not empty.

        Args:
            texts: The texts.
            advance: Called with the number of texts that are done.

        Raises:
            ModelError: The engine cannot load the model.
            UnavailableError: No process can be started, or the engine fails on everything.
        """
        self._home.check()
        found: list[Translation | None] = [None] * len(texts)
        chunks = [range(at, min(at + _CHUNK, len(texts))) for at in range(0, len(texts), _CHUNK)]
        done = 0

        def work(chunk: range, work: Background[range, list[Translation]]) -> list[Translation]:
            made = []
            for at in chunk:
                if work.given_up.is_set():
                    break
                made.append(self._one(texts[at]))
            return made

        with Background(work, chunks, min(self.most, len(chunks))) as answers:
            for chunk, made in answers:
                found[chunk.start : chunk.stop] = made
                done += len(made)
                advance(done)
        return [one for one in found if one is not None]

    def _one(self, text: str) -> Translation:
        """Translate a text; a process that ends on it is replaced, and the text tried once more."""
        problem = ""
        for _ in range(2):
            answer = self._asked(text)
            if "failed" not in answer:
                self._well = True
                return _translation(answer)
            problem = f"{_ENDED} ({answer['failed']})"
            logger_of(__name__).info("the engine of %s failed (%s)", self.model.pair, answer["failed"])
        if not self._well and text != _EASY:
            self._one(_EASY)
        if not self._well:
            raise UnavailableError(
                f"the translator firefox cannot work here: {problem}",
                where=str(self.model.model),
                hint="Look whether the files of the model are whole, and whether there is memory.",
            )
        return Translation("", problem=problem, final=True)

    def _asked(self, text: str) -> dict[str, Any]:
        """What a process answers that is free, or that is started as none is."""
        with self._room:  # other threads may translate as well
            with self._lock:
                process = self._free.pop() if self._free else None
            process = process or _Process(self.model)
            try:
                answer = process.ask(text)
            except _EndedError as error:
                return {"failed": str(error)}
            if "failed" in answer:
                process.close()  # what is left of an engine after that, nobody knows
            else:
                with self._lock:
                    self._free.append(process)
            return answer


class _EndedError(Exception):
    """A process has ended."""


class _Process:
    """A process with an engine.

    Raises:
        ModelError: The engine cannot load the model.
        UnavailableError: The process cannot be started.
    """

    def __init__(self, model: FirefoxModel) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # a pipe that nobody reads would stop the process
        command = [sys.executable, "-P", firefox_worker.__file__]  # by its file, as the package takes longer to load
        paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={**os.environ, "PYTHONPATH": paths},
            )
        except OSError as error:
            self._said.close()
            raise UnavailableError(f"no process can be started ({error.strerror})", hint="Free memory.") from error
        files = {
            "model": str(model.model),
            "source": str(model.source_pieces),
            "target": str(model.target_pieces),
            "likely": None if model.likely is None else str(model.likely),
        }
        try:
            answer = self.ask(files)
        except _EndedError as error:
            raise self._unloadable(model, str(error)) from None
        if "failed" in answer:
            self.close()
            raise self._unloadable(model, answer["failed"])

    @staticmethod
    def _unloadable(model: FirefoxModel, why: str) -> ModelError:
        return ModelError(
            f"the engine cannot load the model from {model.source} to {model.target} ({why})",
            where=str(model.model),
            hint="Get all of its files anew: they are damaged, or of another kind of model.",
        )

    def ask(self, what: Any) -> dict[str, Any]:
        """Say something, and hear the answer.

        Raises:
            _EndedError: There is none.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError):
            raise _EndedError(self._last_words()) from None
        return answer

    def _last_words(self) -> str:
        """What a process that has ended said last; it is closed."""
        self._end()
        with self._said as said:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else f"exit status {self._process.returncode}"

    def close(self) -> None:
        """End the process, and wait for that."""
        self._end()
        self._said.close()

    def _end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # it has ended already
                    stream.close()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _close(processes: list[_Process]) -> None:
    while processes:
        processes.pop().close()


def _translation(answer: dict[str, Any]) -> Translation:
    if "pieces" in answer:
        problem = f"{TOO_LONG_TO_READ}: {answer['pieces']} pieces, and it reads {LONGEST}"
        return Translation("", problem=problem)
    return Translation(str(answer["text"]), problem=None if answer["whole"] else TOO_LONG)
