"""Translation by Apertium, a program with rules for related and some unrelated languages that works without a network.

Debian and Ubuntu have it: ``apt-get install apertium apertium-eng-spa``. It is called as a program, on HTML: every text
is a paragraph with a number, so that none can be taken for another.

Tags inside a text would stay where they are while words move: ``<n0>Kenya</n0>'s ambassador`` becomes ``<n0>El
embajador</n0> de Kenya``. So they are made tags of words (:func:`bound_to_words`), which move along.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from typing import Annotated, Any

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError, UnavailableError
from crosspan.core.options import Above, AtLeast, checked, with_settings
from crosspan.translate import Advance, Translation
from crosspan.translate.apertium_languages import english, packages_for, three_letters, variants_of

LOST = "Apertium lost the text"
_CHUNK = 400
"""Texts that one process gets at once: starting it takes as long as a few hundred texts."""

_PARAGRAPH = re.compile(r'<p id="(\d+)">(.*?)</p>', re.DOTALL)
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)>")
_OUR_TAG = re.compile(r"<(/?)n(\d+)>")
_SUPERBLANK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]", re.DOTALL)
_TAG_IN_BLANK = re.compile(r"<(\\?/)?n(\d+)>")
_BOUND = re.compile(r"\[\[(?:t:n(\d+):[^\]]*|/)\]\]")
_EMPTY = re.compile(r"\[\[t:n\d+:n\d+\]\]\[\[/\]\]")
_APART = re.compile(r"\[<\\/n(\d+)>\](\s*)\[<n\1>\]")
_BAD = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApertiumOptions:
    """Settings of :class:`ApertiumTranslator`.

    Args:
        model: Name of Apertium's mode, such as eng-spa or eng-cat_valencia; by default the languages tell.
        tags: Whether tags in a text, such as <n0> and </n0>, are kept as tags; else they are text like any other.
        processes: Programs that run at the same time; 0 takes one a thread.
        timeout: Seconds that 400 texts may take.

    Raises:
        OptionError: A number is out of its range.
    """

    model: str = ""
    tags: bool = False
    processes: Annotated[int, AtLeast(0)] = 0
    timeout: Annotated[float, Above(0)] = 600.0

    def __post_init__(self) -> None:
        checked(self)


class ApertiumTranslator:
    """A :class:`~crosspan.translate.Translator` that calls the program ``apertium``.

    It gives no scores. Words that it does not know come out as they are.

    Args:
        model: Name of a mode; by default the languages tell.
        threads: Programs that run at the same time, where ``processes`` is 0; all cores by default.
        options: Settings; ``model`` above comes first where both name one.
        settings: Single settings by name, instead of ``options``.

    Raises:
        MissingDependencyError: The program is not installed.
        OptionError: There is no such mode or setting.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: ApertiumOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or ApertiumOptions(), settings)
        self.options = replace(chosen, model=os.fspath(model)) if os.fspath(model) else chosen
        self.processes = self.options.processes or threads or os.cpu_count() or 1
        program = shutil.which("apertium")
        if program is None:
            raise MissingDependencyError(
                "the translator apertium needs the program apertium",
                hint="Install it with: apt-get install apertium apertium-eng-spa (or the package of your languages).",
            )
        self.program = program
        self.modes = self._installed()
        if self.options.model and self.options.model not in self.modes:
            raise OptionError(
                f"Apertium has no mode {self.options.model!r} here",
                hint=f"There are {', '.join(self.modes) or 'none: install the package of a pair'}.",
            )

    def _installed(self) -> list[str]:
        done = subprocess.run([self.program, "-l"], capture_output=True, check=False, env=_environment())
        return done.stdout.decode("utf-8", "replace").split()

    def mode(self, source: str, target: str) -> str:
        """The mode that translates between two languages.

        Raises:
            MissingDependencyError: The package of the pair is not installed; the error names it.
            OptionError: Apertium has no such pair.
        """
        if self.options.model:
            return self.options.model
        one, other = three_letters(source), three_letters(target)
        wanted = variants_of(target)
        fitting: list[tuple[int, int, str]] = []
        for mode in self.modes:
            before, _, after = mode.partition("-")
            language, *variants = after.split("_")
            if three_letters(before) == one and three_letters(language) == other and one and other:
                known = sum(variant.casefold() in wanted for variant in variants)
                fitting.append((len(variants) - 2 * known, len(mode), mode))
        if fitting:
            return min(fitting)[2]
        packages = packages_for(one, other)
        if packages:
            raise MissingDependencyError(
                f"Apertium cannot translate from {english(source)} to {english(target)} here",
                hint=f"Install the pair with: apt-get install {packages[0]}.",
            )
        raise OptionError(
            f"Apertium does not translate from {english(source)} to {english(target)}",
            hint=f"Its modes here are {', '.join(self.modes) or 'none'}; for others use another translator.",
        )

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts; see :class:`crosspan.translate.Translator`.

        Raises:
            MissingDependencyError: The package of the pair is not installed.
            OptionError: Apertium has no such pair.
            ModelError: The program fails on every text.
            UnavailableError: It cannot be run.
        """
        if self.options.tags:
            return self.translate_tagged(texts, source=source, target=target, advance=advance)
        written = [html.escape(_BAD.sub("", text), quote=False) for text in texts]
        found = self._run(texts, written, self.mode(source, target), advance)
        return [
            _translation(text, None if one is None else html.unescape(one))
            for text, one in zip(texts, found, strict=True)
        ]

    def translate_tagged(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts in which tags stand around words, and keep the tags.

        Args:
            texts: Texts with tags such as ``<n0>Accra</n0>``; a tag is a name in angle brackets, nothing else.
            source: Language of the texts.
            target: Language to translate to.
            advance: Called with texts done and all there are.

        Returns:
            Translations with the tags around the translations of the words. Where these do not stand side by side, a
            tag comes several times.
        """
        marked = [_with_our_tags(_BAD.sub("", text)) for text in texts]
        found = self._run(texts, [written for written, _ in marked], self.mode(source, target), advance)
        return [
            _translation(text, None if one is None else _with_their_tags(one, names))
            for text, one, (_, names) in zip(texts, found, marked, strict=True)
        ]

    def _run(
        self, texts: Sequence[str], written: Sequence[str], mode: str, advance: Advance | None
    ) -> list[str | None]:
        """Translate what is written as HTML already; ``None`` where nothing came back for a text."""
        results: list[str | None] = [""] * len(texts)
        work = [index for index, text in enumerate(texts) if text.strip()]
        size = max(1, min(_CHUNK, -(-len(work) // self.processes)))
        chunks = [work[begin : begin + size] for begin in range(0, len(work), size)]
        done = len(texts) - len(work)
        errors: list[str] = []
        with ThreadPoolExecutor(max_workers=self.processes) as pool:
            waiting = {pool.submit(self._chunk, [written[at] for at in chunk], mode, errors): chunk for chunk in chunks}
            try:
                for future in as_completed(waiting):
                    chunk = waiting[future]
                    for index, result in zip(chunk, future.result(), strict=True):
                        results[index] = result
                    done += len(chunk)
                    if advance is not None:
                        advance(done, len(texts))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        if work and errors and all(results[index] is None for index in work):
            raise ModelError(f"Apertium failed ({errors[0]})", where=mode, hint="Try: echo test | apertium " + mode)
        return results

    def _called(self, command: Sequence[str], text: str) -> tuple[str, str]:
        """What a program answers, and what it complains about."""
        done = subprocess.run(
            command,
            input=text.encode("utf-8"),
            capture_output=True,
            check=False,
            timeout=self.options.timeout,
            env=_environment(),
        )
        return done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")

    def _chunk(self, written: Sequence[str], mode: str, errors: list[str]) -> list[str | None]:
        """Translate a few texts; where what comes back does not fit, half of them at a time."""
        page = "".join(f'<p id="{index}">{text}</p>\n' for index, text in enumerate(written))
        try:
            if _OUR_TAG.search(page):
                stream, first = self._called([f"{self.program}-deshtml"], page)
                stream, complaint = self._called([self.program, "-u", "-f", "none", mode], bound_to_words(stream))
                output, _ = self._called([f"{self.program}-rehtml"], bound_to_places(stream))
                complaint = complaint or first
            else:
                output, complaint = self._called([self.program, "-u", "-f", "html", mode], page)
        except subprocess.TimeoutExpired:
            output, complaint = "", f"no answer after {self.options.timeout:g} seconds"
        except OSError as error:  # a part of the program is missing, or no process can be started
            raise UnavailableError(
                f"Apertium cannot be run: {(error.strerror or str(error)).lower()}",
                where=str(error.filename) if error.filename else None,
                hint="Install it anew, or free memory.",
            ) from error
        found = _PARAGRAPH.findall(output)
        if [int(index) for index, _ in found] == list(range(len(written))):
            return [text for _, text in found]
        errors.append((complaint.strip().splitlines() or ["its answer does not fit the question"])[0])
        if len(written) == 1:
            return [None]
        middle = len(written) // 2
        return self._chunk(written[:middle], mode, errors) + self._chunk(written[middle:], mode, errors)


def bound_to_words(stream: str) -> str:
    r"""Tags between words of Apertium's stream as tags of words, which move with them ("word-bound blanks").

    Example:
        >>> bound_to_words(r"[<n0>]New York[<\/n0>]'s mayor")
        "[[t:n0:n0]]New York[[/]]'s mayor"
    """
    parts: list[str] = []
    begin = 0
    inside: str | None = None
    for blank in _SUPERBLANK.finditer(stream):
        words = stream[begin : blank.start()]
        begin = blank.end()
        full_stop = not blank[1] and words.endswith(".")  # at the end of a paragraph one is added, and taken out again
        parts.append(words[:-1] if full_stop else words)
        if full_stop:
            parts.append("[[/]].[]" if inside is not None else ".[]")
            parts += [f"[[t:n{inside}:n{inside}]]"] if inside is not None else []
            continue
        tags = list(_TAG_IN_BLANK.finditer(blank[1]))
        if not tags and inside is None:
            parts.append(blank[0])
            continue
        parts += ["[[/]]"] if inside is not None else []
        at = 0
        for tag in tags:
            parts.append(_superblank(blank[1][at : tag.start()]))
            inside = None if tag[1] else tag[2]
            at = tag.end()
        parts.append(_superblank(blank[1][at:]))
        parts += [f"[[t:n{inside}:n{inside}]]"] if inside is not None else []
    return _EMPTY.sub("", "".join([*parts, stream[begin:]]))


def _superblank(text: str) -> str:
    return text if text in ("", " ") else f"[{text}]"


def bound_to_places(stream: str) -> str:
    r"""The other way round; pieces of one tag with nothing but white space between them are joined.

    Example:
        >>> bound_to_places("[[t:n0:n0]]Nueva[[/]] [[t:n0:n0]]York[[/]]")
        '[<n0>]Nueva York[<\\/n0>]'
    """
    parts: list[str] = []
    begin = 0
    name = ""
    for bound in _BOUND.finditer(stream):
        parts.append(stream[begin : bound.start()])
        begin = bound.end()
        name = bound[1] or name  # a word that came of two has two: the first counts
        parts.append(f"[<n{name}>]" if bound[1] else rf"[<\/n{name}>]")
    return _APART.sub(r"\2", "".join([*parts, stream[begin:]]))


def _environment() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C.UTF-8"}


def _translation(text: str, found: str | None) -> Translation:
    if found is None:
        return Translation("", problem=LOST)
    # a pronoun that is left out leaves its blank
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return Translation(f"{before}{found.strip()}{after}" if text.strip() else text)


def _with_our_tags(text: str) -> tuple[str, list[str]]:
    """HTML with tags whose names mean nothing in HTML, and the names that they had."""
    names: list[str] = []
    parts: list[str] = []
    begin = 0
    for tag in _TAG.finditer(text):
        if tag[2] not in names:
            names.append(tag[2])
        parts += [html.escape(text[begin : tag.start()], quote=False), f"<{tag[1]}n{names.index(tag[2])}>"]
        begin = tag.end()
    parts.append(html.escape(text[begin:], quote=False))
    return "".join(parts), names


def _with_their_tags(found: str, names: Sequence[str]) -> str:
    parts: list[str] = []
    begin = 0
    for tag in _OUR_TAG.finditer(found):
        known = int(tag[2]) < len(names)
        parts += [
            html.unescape(found[begin : tag.start()]),
            f"<{tag[1]}{names[int(tag[2])]}>" if known else tag[0],
        ]
        begin = tag.end()
    parts.append(html.unescape(found[begin:]))
    return "".join(parts)
