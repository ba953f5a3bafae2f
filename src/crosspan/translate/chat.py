"""A client for chat models behind an HTTP address in the manner of OpenAI: vLLM, Ollama, llama.cpp, hosted services.

It waits and asks again where a server is busy, keeps to a limit of requests, asks several things at once, and keeps
every answer on disk, so that nothing is asked, or paid for, twice.

What a server cannot do with one text is the problem of that text. What it cannot do at all is an outage, and nobody's
problem: it stays busy, it is gone, it refuses the key. In between are answers that never come or that nobody can read:
then the server is asked once more what it answered before.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from crosspan.core.answers import Answers
from crosspan.core.digests import digest_of, user_cache
from crosspan.core.errors import CrosspanError, OptionError
from crosspan.core.failures import MANY, Pulse
from crosspan.core.logs import logger_of
from crosspan.core.options import Above, AtLeast, checked
from crosspan.translate import Advance
from crosspan.translate.chat_faults import answers_nothing, lasting_outage, outage_of
from crosspan.translate.chat_http import RequestError, post

Message = Mapping[str, str]
Prompt = str | Sequence[Message]

CUT_OFF = "cut off"
_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0
_FEW = 4
"""If more prompts fail one after the other for which the server may be at fault as well, that is looked into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """Settings of :class:`ChatClient`.

    Args:
        model: Name of the model on the server.
        url: Address of the server, up to the version: http://localhost:8000/v1.
        key_variable: Environment variable that holds the key; a server without keys needs none.
        temperature: 0 takes the most probable words.
        max_tokens: Most pieces of an answer; 0 leaves it to the server.
        seed: Sent along for servers that know it.
        timeout: Seconds to wait for an answer.
        retries: How often a request that failed is sent again.
        requests_per_minute: Most requests in a minute; 0 sets no limit.
        concurrency: Requests that are on their way at the same time.
        cache: File that keeps answers; by default one in the user's cache folder, and none keeps nothing.

    Raises:
        OptionError: A setting cannot have its value.
    """

    model: str = ""
    url: str = "http://localhost:8000/v1"
    key_variable: str = "OPENAI_API_KEY"
    temperature: Annotated[float, AtLeast(0)] = 0.0
    max_tokens: Annotated[int, AtLeast(0)] = 1_024
    seed: int = 0
    timeout: Annotated[float, Above(0)] = 120.0
    retries: Annotated[int, AtLeast(0)] = 5
    requests_per_minute: Annotated[float, AtLeast(0)] = 0.0
    concurrency: Annotated[int, AtLeast(1)] = 4
    cache: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise OptionError("url is no address of a server", hint="Write one such as http://localhost:8000/v1.")
        if parts.username or parts.password or parts.query:
            raise OptionError("url holds a name, a password or a query", hint="Put the key into a variable.")
        checked(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Args:
        text: The answer; empty where there is none.
        problem: Why there is none, or why it should not be trusted; ``None`` where it is sound.
    """

    text: str
    problem: str | None = None


def default_file() -> Path:
    """Where answers are kept: ``crosspan/answers.sqlite`` in the user's cache folder."""
    return user_cache() / "answers.sqlite"


class ChatClient:
    """Asks a chat model.

    Args:
        options: Settings.

    Raises:
        OptionError: No model is named.
        OutputError: The cache cannot be opened.
    """

    def __init__(self, options: ChatOptions) -> None:
        if not options.model:
            raise OptionError("no model is named", hint="Give its name as the server knows it.")
        self.options = options
        base = options.url.rstrip("/")
        self.address = base if base.endswith("/chat/completions") else f"{base}/chat/completions"
        self.cache = None if options.cache == "none" else Answers(options.cache or default_file())
        self._pace = _Pace(options.requests_per_minute)
        self._answered = False
        self._pulse: Pulse[dict[str, Any]] = Pulse(self._ask_again, "the server", options.url)

    def complete(self, prompts: Sequence[Prompt], *, advance: Advance | None = None) -> list[Answer]:
        """Ask for answers.

        Args:
            prompts: What to ask: a text, or messages with ``role`` and ``content``.
            advance: Called with prompts done and all there are.

        Returns:
            One answer a prompt, in order. What cannot be answered has a ``problem``, and does not stop the others.

        Raises:
            UnavailableError: The server does not answer, stays busy, refuses the key, has no such model, or answers
                nothing at all in a way that can be read. Answers that came before are kept.
        """
        self._pace.start()
        bodies = [self._body(prompt) for prompt in prompts]
        keys = [digest_of([self.address, body]) for body in bodies]
        found: dict[str, Answer] = {}
        if self.cache is not None:
            found = {key: Answer(text) for key, text in self.cache.get(dict.fromkeys(keys)).items()}
        asked = {key: body for key, body in zip(keys, bodies, strict=True) if key not in found}
        if found and not self._pulse.known:
            self._pulse.well(next(body for key, body in zip(keys, bodies, strict=True) if key in found))
        done = sum(key in found for key in keys)
        if advance is not None and done:
            advance(done, len(prompts))
        counts = {key: keys.count(key) for key in asked} if len(asked) < len(keys) else dict.fromkeys(asked, 1)
        with ThreadPoolExecutor(max_workers=self.options.concurrency) as pool:
            doubt: _Reply | None = None
            waiting: dict[Future[_Reply], str] = {
                pool.submit(self._kept, key, body): key for key, body in asked.items()
            }
            try:
                for future in as_completed(waiting):
                    key, reply = waiting[future], future.result()
                    found[key] = reply.answer
                    self._judge(asked[key], reply)
                    doubt = doubt or (reply if reply.doubtful else None)
                    done += counts[key]
                    if advance is not None:
                        advance(done, len(prompts))
                if doubt is not None:
                    self._check(doubt)
            except BaseException:
                self._pace.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [found[key] for key in keys]

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else [dict(one) for one in prompt]
        options = self.options
        body: dict[str, Any] = {
            "model": options.model,
            "messages": messages,
            "temperature": options.temperature,
            "seed": options.seed,
        }
        if options.max_tokens:
            body["max_tokens"] = options.max_tokens
        return body

    def _kept(self, key: str, body: dict[str, Any]) -> _Reply:
        """Ask, and keep the answer at once: what came is kept, whatever becomes of the others."""
        reply = self._ask(body)
        if self.cache is not None and reply.answer.problem is None:
            self.cache.put({key: reply.answer.text})
        return reply

    def _ask(self, body: dict[str, Any]) -> _Reply:
        """Ask once, and again where that may help."""
        last = RequestError("")
        for attempt in range(self.options.retries + 1):
            if attempt:
                wait = last.wait if last.wait is not None else _FIRST_WAIT * 2 ** (attempt - 1)
                self._pace.rest(min(wait, _LONGEST_WAIT))
            self._pace.take_turn()
            if self._pace.stopped:
                return _Reply(Answer("", "given up"))
            try:
                answer = _answer_of(self._post(body))
            except RequestError as failure:
                last = failure
                hopeless = outage_of(failure, self.options, answered=self._answered)
                if hopeless is not None:
                    raise hopeless from None
                logger_of(__name__).info("the server did not answer (%s)", failure.reason)
                if not failure.passing:
                    return _Reply(Answer("", failure.reason), failure)
                continue
            self._answered = True
            return _Reply(answer)
        return self._given_up(last)

    def _given_up(self, last: RequestError) -> _Reply:
        """What becomes of a prompt that was asked as often as it may be.

        Raises:
            UnavailableError: No prompt can be at fault.
        """
        tries = self.options.retries + 1
        reason = f"no answer after {tries} {'try' if tries == 1 else 'tries'}: {last.reason}"
        lasting = lasting_outage(last, self.options, reason)
        if lasting is not None:
            raise lasting
        return _Reply(Answer("", reason), last)

    def _judge(self, body: dict[str, Any], reply: _Reply) -> None:
        """Take note of how a prompt fared.

        Raises:
            UnavailableError: The server has broken down, or answers nothing.
        """
        if reply.failure is None:
            self._pulse.well(body)
            return
        self._pulse.failed(CrosspanError(str(reply.answer.problem)))
        few = max(_FEW, self.options.concurrency) if reply.doubtful else MANY
        if self._pulse.failures > few:
            self._check(reply)

    def _check(self, reply: _Reply) -> None:
        """Find out whether a failure, and those before it, are the server's.

        Raises:
            UnavailableError: It has broken down, or has never answered anything.
        """
        if not self._pulse.known:
            raise answers_nothing(self.options, str(reply.answer.problem))
        self._pulse.check()

    def _ask_again(self, body: dict[str, Any]) -> None:
        """Ask what was answered before.

        Raises:
            CrosspanError: It is not answered now.
        """
        reply = self._ask(body)
        if reply.failure is not None:
            raise CrosspanError(str(reply.answer.problem))

    def _post(self, body: dict[str, Any]) -> str:
        key = os.environ.get(self.options.key_variable, "") if self.options.key_variable else ""
        return post(self.address, body, key=key, timeout=self.options.timeout)


@dataclass(frozen=True, slots=True)
class _Reply:
    """How a prompt fared.

    Args:
        answer: The answer.
        failure: Why there is none from the server.
    """

    answer: Answer
    failure: RequestError | None = None

    @property
    def doubtful(self) -> bool:
        """Whether the server may be at fault as well as the prompt."""
        return self.failure is not None and self.failure.passing


def _answer_of(text: str) -> Answer:
    """The answer in what a server sent.

    Raises:
        RequestError: There is none; asking again may help.
    """
    try:
        choice = json.loads(text)["choices"][0]
        content = choice["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise RequestError("the answer is not of the form that is expected", passing=True) from error
    if not isinstance(content, str) or not content.strip():
        if choice.get("finish_reason") == "content_filter":
            return Answer("", "the server refuses to answer that")
        raise RequestError("the answer is empty", passing=True)
    return Answer(content, CUT_OFF if choice.get("finish_reason") == "length" else None)


class _Pace:
    """Lets requests go one after the other at a limited rate."""

    def __init__(self, per_minute: float) -> None:
        self._interval = 60.0 / per_minute if per_minute else 0.0
        self._lock = threading.Lock()
        self._next = 0.0
        self._stopped = threading.Event()

    def take_turn(self) -> None:
        """Wait until the next request may go."""
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._interval
        self.rest(at - now)

    def rest(self, seconds: float) -> None:
        """Wait, but not longer than the work goes on."""
        if seconds > 0:
            self._stopped.wait(seconds)

    def start(self) -> None:
        """Begin."""
        self._stopped.clear()

    def stop(self) -> None:
        """End all waiting, as the work was given up."""
        self._stopped.set()

    @property
    def stopped(self) -> bool:
        """Whether the work was given up."""
        return self._stopped.is_set()


def with_model(options: ChatOptions, model: str) -> ChatOptions:
    """Options with another model, where one is named.

    Example:
        >>> with_model(ChatOptions(model="a"), "b").model, with_model(ChatOptions(model="a"), "").model
        ('b', 'a')
    """
    return replace(options, model=model) if model else options
