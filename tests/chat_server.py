"""A chat model on this machine for tests: answers by a function, and misbehaves in whatever way is asked for."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain


def say(text, finish="stop"):
    """What a server sends when all is well."""
    return 200, {}, json.dumps({"choices": [{"message": {"content": text}, "finish_reason": finish}]})


def fault(status, message="no", headers=()):
    return status, dict(headers), json.dumps({"error": {"message": message}})


def raw(*pieces, every=0.0):
    """What a server sends byte for byte: pieces, which may be without an end, with so many seconds after each."""

    def send(write):
        for piece in chain.from_iterable([one] if isinstance(one, bytes) else one for one in pieces):
            write(piece)
            time.sleep(every)

    return send


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # many ask at once


class ChatServer:
    """Answers each request by ``answer(number, body)``: status, headers and text, or a function that sends all of it.

    It can be asked as a proxy as well.
    """

    def __init__(self, answer, port=0, context=None):
        self.answer = answer
        self.asked = []
        self.headers = []
        self.paths = []
        self.times = []
        self.most_at_once = 0
        lock = threading.Lock()
        at_once = [0]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else {}
                with lock:
                    number = len(outer.asked)
                    outer.asked.append(body)
                    outer.headers.append(dict(self.headers))
                    outer.paths.append(self.path)
                    outer.times.append(time.monotonic())
                    at_once[0] += 1
                    outer.most_at_once = max(outer.most_at_once, at_once[0])
                try:
                    answer = outer.answer(number, body)
                finally:
                    with lock:
                        at_once[0] -= 1
                if callable(answer):
                    self.close_connection = True
                    with suppress(OSError):  # who asked has gone
                        answer(self.wfile.write)
                    return
                status, headers, text = answer
                if status == 0:  # hang up
                    self.close_connection = True
                    return
                data = text if isinstance(text, bytes) else text.encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(data)

            do_CONNECT = do_POST  # noqa: N815

            def log_message(self, *_):
                pass

        self.http = _Listener(("127.0.0.1", port), Handler)
        if context is not None:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"http{'s' if context else ''}://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    @property
    def prompts(self):
        return [body["messages"][-1]["content"] for body in self.asked]
