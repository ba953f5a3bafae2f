"""A chat model on this machine for tests: answers by a function, and has whatever fault is asked for."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def say(text, finish="stop"):
    """What a server sends when all is well."""
    return 200, {}, json.dumps({"choices": [{"message": {"content": text}, "finish_reason": finish}]})


def fault(status, message="no", headers=()):
    return status, dict(headers), json.dumps({"error": {"message": message}})


class ChatServer:
    """Answers each request by ``answer(number, body)``: status, headers and text."""

    def __init__(self, answer, port=0):
        self.answer = answer
        self.asked = []
        self.headers = []
        self.times = []
        self.most_at_once = 0
        lock = threading.Lock()
        at_once = [0]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with lock:
                    number = len(outer.asked)
                    outer.asked.append(body)
                    outer.headers.append(dict(self.headers))
                    outer.times.append(time.monotonic())
                    at_once[0] += 1
                    outer.most_at_once = max(outer.most_at_once, at_once[0])
                try:
                    status, headers, text = outer.answer(number, body)
                finally:
                    with lock:
                        at_once[0] -= 1
                if status == 0:  # hang up
                    self.close_connection = True
                    return
                data = text if isinstance(text, bytes) else text.encode()
                self.send_response(status)
                for name, value in {"Content-Length": str(len(data)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    @property
    def prompts(self):
        return [body["messages"][-1]["content"] for body in self.asked]
