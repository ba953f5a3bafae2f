"""What is of the world, and what of the input; libraries are stood in for by classes of the same names."""

from __future__ import annotations

import concurrent.futures.process
import http.client
import pickle
import socket
import sqlite3
import ssl
import subprocess
import urllib.error

import pytest

from crosspan.core.errors import (
    ArgumentError,
    FormatError,
    MemoryTooSmallError,
    MissingDependencyError,
    ModelError,
    OptionError,
    OutputError,
    SpanError,
    TagError,
    UnavailableError,
)
from crosspan.core.outages import is_outage, status_of


def of_library(package, name, *bases, **attributes):
    """An error of a library that need not be there."""
    error = type(name, bases or (Exception,), {"__module__": package})(name)
    for attribute, value in attributes.items():
        setattr(error, attribute, value)
    return error


def caused_by(error, cause):
    error.__cause__ = cause
    return error


class Answered:
    def __init__(self, status_code):
        self.status_code = status_code


@pytest.mark.parametrize(
    "error",
    [
        *(OSError(28, "No space left on device"), FileNotFoundError(2, "no"), PermissionError(), BrokenPipeError()),
        *(ConnectionResetError(), TimeoutError(), socket.gaierror(), ssl.SSLError(), urllib.error.URLError("no")),
        *(http.client.IncompleteRead(b""), http.client.RemoteDisconnected(), sqlite3.OperationalError("locked")),
        *(MemoryError(), RuntimeError("CUDA out of memory."), RuntimeError("cuDNN error: NOT_INITIALIZED")),
        *(RuntimeError("can't start new thread"), ImportError("no"), ModuleNotFoundError("no")),
        *(subprocess.TimeoutExpired("x", 1), concurrent.futures.process.BrokenProcessPool()),
        *(UnavailableError("no"), MissingDependencyError("no"), OutputError("no"), MemoryTooSmallError("no")),
        of_library("torch", "OutOfMemoryError", RuntimeError),
        of_library("httpx._exceptions", "ConnectError", type(of_library("httpx", "TransportError"))),
        of_library("urllib3.exceptions", "MaxRetryError", type(of_library("urllib3.exceptions", "HTTPError"))),
        of_library("openai", "APIStatusError", status_code=503),
        of_library("openai", "AuthenticationError", status_code=401),
        of_library("requests", "HTTPError", OSError, response=Answered(500)),
        urllib.error.HTTPError("http://a", 429, "busy", {}, None),
        caused_by(ModelError("no file"), FileNotFoundError()),
        caused_by(RuntimeError("translation failed"), caused_by(KeyError("answer"), ConnectionRefusedError())),
    ],
    ids=repr,
)
def test_of_the_world(error):
    assert is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        *(ValueError("no"), KeyError("no"), IndexError(), TypeError(), RuntimeError("shapes"), RecursionError()),
        *(UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogate"), ZeroDivisionError(), AssertionError()),
        *(SpanError("no"), TagError("no"), FormatError("no"), ModelError("no"), OptionError("no"), ArgumentError("no")),
        *(sqlite3.IntegrityError(), subprocess.CalledProcessError(1, "x"), ValueError("out of memory")),
        of_library("openai", "BadRequestError", status_code=400),
        of_library("requests", "HTTPError", OSError, response=Answered(413)),
        urllib.error.HTTPError("http://a", 422, "no", {}, None),
        caused_by(RuntimeError("no"), ValueError()),
    ],
    ids=repr,
)
def test_of_the_input(error):
    assert not is_outage(error)


def test_what_only_came_before_is_no_cause():
    """An error raised while another one was handled, as by a fallback for a cache that has no such file."""
    error = ValueError()
    error.__context__ = FileNotFoundError()
    assert not is_outage(error)


def test_a_circle_of_causes_has_an_end():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert not is_outage(one)


def test_codes_are_of_http():
    assert status_of(of_library("x", "E", code=7)) == 0
    assert status_of(of_library("x", "E", status="503")) == 0
    assert status_of(of_library("x", "E", status=True)) == 0
    assert status_of(of_library("x", "E", response=None, status=503)) == 503


def test_outages_travel_between_processes():
    error = pickle.loads(pickle.dumps(UnavailableError("the server sleeps", where="gpu", hint="Wake it.")))
    assert (str(error), error.of_input) == ("gpu: the server sleeps. Wake it.", False)
