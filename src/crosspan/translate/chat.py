"""A client for chat models behind an HTTP address in the manner of OpenAI: vLLM, Ollama, llama.cpp, hosted services.

It waits and asks again where a server is busy, keeps to a limit of requests, asks several things at once, and keeps
every answer on disk, so that nothing is asked, or paid for, twice.

What a server cannot do with one text is the problem of that text. What it cannot do at all is an outage, and nobody's
problem: it stays busy, it is gone, it refuses the key. In between are answers that never come or that nobody can read:
then the server is asked once more what it answered before.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Protocol
from urllib.parse import urlsplit

from crosspan.core.answers import Answers
from crosspan.core.background import Background
from crosspan.core.digests import digest_of, user_cache
from crosspan.core.errors import CrosspanError, OptionError
from crosspan.core.failures import MANY, Pulse
from crosspan.core.logs import logger_of
from crosspan.core.options import Above, AtLeast, checked
from crosspan.core.secrets import holds_secret, key_in, name_of_variable
from crosspan.translate import Advance
from crosspan.translate.chat_faults import answers_nothing, doubtful, lasting_outage, outage_of
from crosspan.translate.chat_http import AnswerLimits, RequestError, parsed, post

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
        key_variable: Environment variable that holds the key, in capitals; a server without keys needs none.
        temperature: 0 takes the most probable words.
        max_tokens: Most pieces of an answer; 0 leaves it to the server.
        seed: Sent along for servers that know it.
        timeout: Seconds within which the whole answer must be there.
        max_bytes: Most bytes of an answer, with all that the server writes around it.
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
    max_bytes: Annotated[int, AtLeast(1)] = 4_000_000
    retries: Annotated[int, AtLeast(0)] = 5
    requests_per_minute: Annotated[float, AtLeast(0)] = 0.0
    concurrency: Annotated[int, AtLeast(1)] = 4
    cache: str = ""

    def __post_init__(self) -> None:
        _check_address(self.url)
        name_of_variable("key_variable", self.key_variable)
        checked(self)


def _check_address(url: str) -> None:
    """Raise unless it is an address, with nothing in it that may be secret; it is not shown."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if "@" in url or "?" in url or "#" in url:
        raise OptionError("url holds a name, a password or a query", hint="Put the key into a variable.")
    if not known or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise OptionError("url is no address of a server", hint="Write one such as http://localhost:8000/v1.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model answered.

    Args:
        text: The answer; empty where there is none.
        problem: Why there is none, or why it should not be trusted; ``None`` where it is sound.
        final: Whether it is of no use to ask again, or for less: the server was asked as often as it may be.
    """

    text: str
    problem: str | None = None
    final: bool = False


class Chat(Protocol):
    """What asks a language model: :class:`ChatClient`, or anything like it."""

    def complete(self, prompts: Sequence[Sequence[Message]], *, advance: Advance | None = None) -> list[Answer]:
        """One answer a conversation, in order; where there is none its ``problem`` says why."""


def default_file() -> Path:
    """Where answers are kept: ``crosspan/answers.sqlite`` in the user's cache folder."""
    return user_cache() / "answers.sqlite"


def check_chat(options: ChatOptions) -> None:
    """Raise unless there is a model to ask, with a key that can be one.

    Raises:
        OptionError: No model is named, or the key is none.
    """
    if not options.model:
        raise OptionError("no model is named", hint="Give its name as the server knows it.")
    key_in(options.key_variable)


class ChatClient:
    """Asks a chat model.

    Args:
        options: Settings.

    Raises:
        OptionError: No model is named, or the key is none.
        OutputError: The cache cannot be opened.
    """

    def __init__(self, options: ChatOptions) -> None:
        check_chat(options)
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
            UnavailableError: The server does not answer, stays busy, refuses the key, has no such model, sends
                elsewhere, or answers nothing at all in a way that can be read. Answers that came before are kept, also
                on Ctrl-C, which ends all at once.
            OptionError: The key is none.
        """
        bodies = [self._body(prompt) for prompt in prompts]
        keys = [digest_of([self.address, body]) for body in bodies]
        found: dict[str, Answer] = {}
        if self.cache is not None:
            found = {key: Answer(text) for key, text in self.cache.get(dict.fromkeys(keys)).items()}
        asked = {key: body for key, body in zip(keys, bodies, strict=True) if key not in found}
        if found and not self._pulse.known:
            self._pulse.well(next(body for key, body in zip(keys, bodies, strict=True) if key in found))
        counts = Counter(keys)
        done = sum(counts[key] for key in found)
        if advance is not None and done:
            advance(done, len(prompts))
        last: dict[bool, _Reply] = {}  # the last one that is doubtful, and the last that is not
        with Background(partial(self._kept, asked), asked, self.options.concurrency) as work:
            for key, reply in work:
                found[key] = reply.answer
                self._judge(asked[key], reply)
                if reply.doubtful or reply.failure is None:
                    last[reply.doubtful] = max(reply, last.get(reply.doubtful, reply), key=lambda one: one.at)
                done += counts[key]
                if advance is not None:
                    advance(done, len(prompts))
            if True in last:
                self._look_back(last[True], last.get(False))
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

    def _kept(self, asked: Mapping[str, dict[str, Any]], key: str, work: _Work) -> _Reply:
        """Ask, and keep the answer at once: what came is kept, whatever becomes of the others."""
        reply = self._ask(asked[key], work)
        if self.cache is not None and reply.answer.problem is None:
            self.cache.put({key: reply.answer.text})
        return reply

    def _ask(self, body: dict[str, Any], work: _Work | None = None) -> _Reply:
        """Ask once, and again where that may help."""
        last = RequestError("given up")
        ending = work.ending if work is not None else threading.Event()
        for attempt in range(self.options.retries + 1):
            if attempt:
                wait = last.wait if last.wait is not None else _FIRST_WAIT * 2 ** min(attempt - 1, 20)
                ending.wait(min(wait, _LONGEST_WAIT))
            self._pace.take_turn(ending)
            if ending.is_set():
                return _Reply(Answer("", "given up"), last)
            sent = time.monotonic()
            try:
                answer = _answer_of(self._post(body, work))
            except RequestError as failure:
                last = failure
            else:
                self._answered = True
                return _Reply(answer, at=sent)
            hopeless = outage_of(last, self.options, answered=self._answered, known=self._pulse.known)
            if hopeless is not None:
                raise hopeless
            logger_of(__name__).info("the server did not answer (%s)", last.reason)
            if not last.passing:
                return _Reply(Answer("", last.reason), last)
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
        return _Reply(Answer("", reason, final=True), last)

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

    def _look_back(self, doubtful: _Reply, well: _Reply | None) -> None:
        """Find out whether failures were the server's, unless what was sent after the last of them was answered.

        Raises:
            UnavailableError: They were.
        """
        if well is None or well.at <= doubtful.at:  # though it may have come later
            self._pulse.failed(CrosspanError(str(doubtful.answer.problem)))
        self._check(doubtful)

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
            hopeless = outage_of(reply.failure, self.options, answered=True, known=False)
            raise hopeless or CrosspanError(str(reply.answer.problem))

    def _post(self, body: dict[str, Any], work: _Work | None) -> str:
        given_up = bool if work is None else work.given_up.is_set
        limits = AnswerLimits(self.options.timeout, self.options.max_bytes, given_up)
        return post(self.address, body, key=key_in(self.options.key_variable), limits=limits)


@dataclass(frozen=True, slots=True)
class _Reply:
    """How a prompt fared.

    Args:
        answer: The answer.
        failure: Why there is none from the server.
        at: When it was asked for, where it came; else when it was given up.
    """

    answer: Answer
    failure: RequestError | None = None
    at: float = field(default_factory=time.monotonic)

    @property
    def doubtful(self) -> bool:
        """Whether the server may be at fault as well as the prompt."""
        return self.failure is not None and doubtful(self.failure)


def _answer_of(text: str) -> Answer:
    """The answer in what a server sent.

    Raises:
        RequestError: There is none; asking again may help.
    """
    try:
        choice = parsed(text)["choices"][0]
        content, ending = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError):
        content, ending = 0, ""
    if ending == "content_filter" and not content:
        return Answer("", "the server refuses to answer that")
    if content is None or (isinstance(content, str) and not content.strip()):
        raise RequestError("the answer is empty", passing=True)
    if not isinstance(content, str):
        raise RequestError("the answer is not of the form that is expected", passing=True)
    try:
        content.encode()
    except UnicodeEncodeError:
        raise RequestError("the answer is no Unicode (half of a surrogate pair)", passing=True) from None
    if holds_secret(content):
        raise RequestError("the answer has the key in it, and is not kept", passing=True)
    return Answer(content, CUT_OFF if ending == "length" else None)


_Work = Background[str, _Reply]


class _Pace:
    """Lets requests go one after the other at a limited rate."""

    def __init__(self, per_minute: float) -> None:
        self._interval = 60.0 / per_minute if per_minute else 0.0
        self._lock = threading.Lock()
        self._next = 0.0

    def take_turn(self, ending: threading.Event) -> None:
        """Wait until the next request may go, but not longer than the work goes on."""
        if not self._interval:
            return
        with self._lock:
            now = time.monotonic()
            at = max(now, self._next)
            self._next = at + self._interval
        ending.wait(at - now)


def with_model(options: ChatOptions, model: str) -> ChatOptions:
    """Options with another model, where one is named.

    Example:
        >>> with_model(ChatOptions(model="a"), "b").model, with_model(ChatOptions(model="a"), "").model
        ('b', 'a')
    """
    return replace(options, model=model) if model else options
