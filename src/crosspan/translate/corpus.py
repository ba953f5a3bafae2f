"""Text files, translated line by line: what ``crosspan translate`` does."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, islice, repeat
from typing import Any

from crosspan.core.failures import EachByItself, in_words
from crosspan.core.files import PathLike, name_of, open_output
from crosspan.core.lines import read_lines
from crosspan.core.overwrites import check_writing, no_folders
from crosspan.core.progress import Listener, Progress
from crosspan.translate import Translation, Translator
from crosspan.translate.kept import KeptTranslations

SHARD = 1_000
"""Most lines that are translated together."""

_FIRST = 20
"""Lines of the first shard; each of the next has twice as many, so that little is lost of a short file."""


@dataclass(frozen=True, slots=True)
class Unsound:
    """A line whose translation is not to be trusted.

    Args:
        line: Its number, from 1.
        where: ``file:line``.
        problem: What is wrong.
        text: The text.
        translation: What came out.
    """

    line: int
    where: str
    problem: str
    text: str
    translation: str

    def to_json(self) -> str:
        """As one line of JSON."""
        facts = {"line": self.line, "problem": self.problem, "text": self.text, "translation": self.translation}
        return json.dumps(facts, ensure_ascii=False)


@dataclass(slots=True)
class TranslationSummary:
    """What was translated.

    Args:
        lines: Lines written.
        empty: How many of them have no text.
        problems: How many translations are not to be trusted, by what is wrong with them.
        repaired: How many came out right at another try, by what was wrong at first.
        kept: How many lines are from an earlier try.
        seconds: Time taken.
    """

    lines: int = 0
    empty: int = 0
    problems: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "lines": self.lines,
            "empty": self.empty,
            "problems": dict(sorted(self.problems.items())),
            "repaired": dict(sorted(self.repaired.items())),
            "kept": self.kept,
            "seconds": self.seconds,
        }


def translate_file(
    path: PathLike,
    out: PathLike,
    translator: Translator,
    *,
    source: str,
    target: str,
    on_unsound: Callable[[Unsound], None] | None = None,
    on_kept: Callable[[str, int], None] | None = None,
    kept: KeptTranslations | None = None,
    progress: Listener | None = None,
) -> TranslationSummary:
    r"""Translate a file line by line; the result has a line for each.

    The work goes on in shards of a thousand lines, and fewer at the beginning. They go to ``OUT.part``, or where there
    is one of an earlier try to ``OUT.2.part`` and so on, which takes the place of ``out`` at the end; where the work is
    ended before, it stays.

    Args:
        path: The file; ``-`` is standard input.
        out: The file to write; ``-`` is standard output.
        translator: A translator, usually a :class:`~crosspan.translate.guard.Guarded` one.
        source: Language of the file.
        target: Language to translate to.
        on_unsound: Called with each translation that is not to be trusted; its line in ``out`` is empty.
        on_kept: Called with the name of that file and its lines, where the work is ended early and it stays.
        kept: Where finished shards are kept, and found again by another try; nothing stays there in the end.
        progress: Told how far the work is.

    Returns:
        What was translated.

    Raises:
        CrosspanError: The file or a language is at fault, or there is an outage. Where the translator fails on single
            lines, they are empty, as those that are not to be trusted.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> class Upper:
        ...     def translate(self, texts, *, source, target, advance=None):
        ...         return [Translation(text.upper()) for text in texts]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "in").write_text("a\n\nb\n")
        ...     translate_file(Path(folder, "in"), Path(folder, "out"), Upper(), source="en", target="en").lines
        ...     Path(folder, "out").read_text()
        3
        'A\n\nB\n'
    """
    started = time.perf_counter()
    check_writing([out], no_folders([path]))
    total = sum(1 for _ in read_lines(path)) if os.fspath(path) != "-" else 0
    summary = TranslationSummary()
    lines = read_lines(path)

    def stays(part: str) -> bool:
        if summary.lines and on_kept is not None:
            on_kept(part, summary.lines)
        return summary.lines > 0

    def advance(done: int, _: int) -> None:
        if progress is not None:
            progress(Progress("translating", summary.lines + done, total))

    def translated(texts: Sequence[str]) -> list[Translation]:
        whole = advance if texts is shard else None  # the rest is tried again in parts
        return translator.translate(texts, source=source, target=target, advance=whole)

    def sound() -> list[Translation]:
        before = None if kept is None else kept.get(shard)
        if before is not None:
            summary.kept += len(shard)
            return before
        found = [_failed(one) if isinstance(one, Exception) else one for one in each(shard)]
        if kept is not None and not each.unsure:
            kept.put(shard, found)
        return found

    each = EachByItself(translated, "the translator")
    sizes = _sizes(translator)
    with open_output(out, stays) as stream:
        while shard := list(islice(lines, next(sizes))):
            found = sound()
            written = []
            for number, (text, translation) in enumerate(zip(shard, found, strict=True), summary.lines + 1):
                written.append(_line(text, translation, summary))
                if translation.problem is not None and on_unsound is not None:
                    where = f"{name_of(path)}:{number}"
                    on_unsound(Unsound(number, where, translation.problem, text, translation.text))
            stream.write("".join(f"{line}\n" for line in written))
            stream.flush()
            summary.lines += len(shard)
            advance(0, 0)
    if kept is not None:
        kept.remove()
    summary.repaired.update(getattr(translator, "repaired", {}))
    summary.seconds = time.perf_counter() - started
    return summary


def _sizes(translator: Translator) -> Iterator[int]:
    """Lines of each shard; one that looks translations up may know of the whole corpus only."""
    if getattr(translator, "as_given", False):
        return repeat(SHARD)
    return (min(SHARD, _FIRST << min(number, 10)) for number in count())


def _failed(error: Exception) -> Translation:
    return Translation("", problem=f"failed: {in_words(error)}")


def _line(text: str, translation: Translation, summary: TranslationSummary) -> str:
    if translation.problem is not None:
        summary.problems[translation.problem.partition(":")[0]] += 1
        return ""
    if not text.strip():
        summary.empty += 1
    return " ".join(translation.text.split("\n"))
