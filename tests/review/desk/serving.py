"""Servers in processes of their own, as a person starts them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

MAIN = [sys.executable, "-m", "crosspan.cli.main"]


class Server:
    """A running ``crosspan review serve``.

    Args:
        process: Its process.
    """

    def __init__(self, process):
        self.process = process
        self.address = process.stdout.readline().strip()

    def ask(self, path, body=None):
        """What it answers to a question, or to a decision."""
        origin = "/".join(self.address.split("/")[:3])
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.address}api/{path}", data=data)
        request.add_header("Origin", origin)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20) as reply:
            return json.load(reply)

    def decide(self, index, spans=()):
        """Decide a sentence; returns its name once the server has said that it is saved."""
        shown = self.ask(f"sentence?index={index}")
        facts = {"index": index, "hash": shown["sentence"]["h"], "version": shown["version"], "drawn": shown["drawn"]}
        self.ask("decide", {**facts, "verdict": "done", "after": list(spans), "seconds": 1})
        return shown["sentence"]["id"]

    def interrupt(self):
        """End it by Ctrl-C; returns the exit code and what it said."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@contextmanager
def served(folder, *words):
    """Start a server in a folder; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [*MAIN, "review", "serve", *map(str, words)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    try:
        yield Server(process)
    finally:
        process.kill()
        process.communicate()
