"""Makes any translator safe: long texts go through sentence by sentence, and what comes out wrong is tried again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.locks import Lock
from crosspan.core.logs import logger_of
from crosspan.core.options import Above, AtLeast, OneOf, checked
from crosspan.core.secrets import hidden
from crosspan.text.scripts import is_unspaced
from crosspan.text.sentences import split_sentences
from crosspan.translate import Advance, Translation, Translator
from crosspan.translate.soundness import problem_of

SPLITS = ("never", "long", "always")
_DEPTH = 8
"""How often a text is halved at most: 256 parts."""
_FEWEST = 24
"""Characters below which a text is not cut any more."""
_CLAUSE = re.compile(r"[,;:،؛、，；：—–]\s*|\s+-\s+")
_BLANK = re.compile(r"\s+")

VARIATIONS: tuple[dict[str, Any], ...] = (
    {"no_repeat": 4},
    {"no_repeat": 3, "repetition_penalty": 1.2, "beams": 6},
)
"""What is tried, one after the other, with a translator whose decoding can be varied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardOptions:
    """Settings of :class:`Guarded`.

    Args:
        split: Which texts go through sentence by sentence: never, long or always.
        longest: Texts with more characters are long.
        max_ratio: A translation with more characters than so many for each of its source is too long.
        retry: Whether what came out wrong is tried again.

    Raises:
        OptionError: A setting cannot have its value.
    """

    split: Annotated[str, OneOf(SPLITS)] = "long"
    longest: Annotated[int, AtLeast(1)] = 400
    max_ratio: Annotated[float, Above(0)] = 6.0
    retry: bool = True

    def __post_init__(self) -> None:
        checked(self)


class Guarded:
    """A translator around another one.

    Texts that are long are cut into sentences, which are translated by themselves and joined again. A translation that
    is empty, goes round in circles, or is far too long is tried again: with other settings of the search where the
    translator can vary them (a method ``varied``), then in smaller parts. What is still wrong keeps its first
    translation that is not empty, and its ``problem`` says what is wrong with it.

    Args:
        translator: Any translator. One with an attribute ``as_given`` that is true gets its texts whole, and once.
        options: Settings.

    Attributes:
        as_given: Whether that one is so.
        found: How many translations had each problem at first.
        repaired: How many of them came out right at another try.

    Example:
        >>> class Upper:
        ...     def translate(self, texts, *, source, target, advance=None):
        ...         return [Translation(text.upper() if len(text) < 30 else "") for text in texts]
        >>> guarded = Guarded(Upper(), GuardOptions(longest=40))
        >>> (made,) = guarded.translate(["It rained. When Ada came to Accra, Obi was there."], source="en", target="en")
        >>> made.text, made.problem
        ('IT RAINED. WHEN ADA CAME TO ACCRA, OBI WAS THERE.', None)
        >>> guarded.repaired
        Counter({'empty': 1})
    """

    def __init__(self, translator: Translator, options: GuardOptions | None = None) -> None:
        self.translator = translator
        self.options = options or GuardOptions()
        self.as_given = bool(getattr(translator, "as_given", False))
        if self.as_given:
            self.options = replace(self.options, split="never", retry=False)
        self.found: Counter[str] = Counter()
        self.repaired: Counter[str] = Counter()
        self.counting = Lock()

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts; see :class:`crosspan.translate.Translator`."""
        work = _Work(self, source, target)
        cut = [self._parts(text) for text in texts]
        parts = [text for part in cut for text in part.texts]
        scaled = None
        if advance is not None:
            total = max(1, len(parts))
            scaled = lambda done, _: advance(done * len(texts) // total, len(texts))  # noqa: E731
        found = iter(work.sound(parts, scaled))
        return [part.joined([next(found) for _ in part.texts]) for part in cut]

    def score(
        self,
        sources: Sequence[str],
        targets: Sequence[str],
        *,
        source: str,
        target: str,
        advance: Advance | None = None,
    ) -> npt.NDArray[np.float64]:
        """See :class:`crosspan.translate.ScoringTranslator`.

        Raises:
            OptionError: The translator inside gives no probabilities.
        """
        score = getattr(self.translator, "score", None)
        if score is None:
            raise OptionError(
                f"{type(self.translator).__name__} does not tell how probable a translation is",
                hint="Take the translator transformers or ctranslate2.",
            )
        found: npt.NDArray[np.float64] = score(sources, targets, source=source, target=target, advance=advance)
        return found

    def _parts(self, text: str) -> Parts:
        split = self.options.split
        if split == "never" or (split == "long" and len(text) <= self.options.longest):
            return Parts((text,), ())
        return sentences_of(text)


@dataclass(frozen=True, slots=True)
class Parts:
    """A text in parts.

    Args:
        texts: The parts.
        between: The white space between them, one fewer.
    """

    texts: tuple[str, ...]
    between: tuple[str, ...]

    def joined(self, translations: Sequence[Translation]) -> Translation:
        """The translation of the whole from those of the parts; the first problem is its problem."""
        if len(translations) == 1:
            return translations[0]
        text = ""
        for translation, blank in zip(translations, ("", *self.between), strict=True):
            part = translation.text.strip()
            if text and part:
                unspaced = is_unspaced(text[-8:]) or is_unspaced(part[:8])
                text += "" if unspaced else (blank or " ")
            text += part
        scores = [translation.score for translation in translations if translation.text]
        weights = [len(translation.text) for translation in translations if translation.text]
        known = [score for score in scores if score is not None]
        score = float(np.average(known, weights=weights)) if known and len(known) == len(weights) else None
        problem = next((translation.problem for translation in translations if translation.problem), None)
        return Translation(text, score, problem)


def sentences_of(text: str) -> Parts:
    """A text as its sentences; as a whole where it has only one.

    Example:
        >>> sentences_of("Ada came.  She left.")
        Parts(texts=('Ada came.', 'She left.'), between=('  ',))
    """
    ranges = split_sentences(text)
    if len(ranges) < 2:
        return Parts((text,), ())
    between = tuple(text[end:start] for (_, end), (start, _) in pairwise(ranges))
    return Parts(tuple(text[start:end] for start, end in ranges), between)


def halves_of(text: str) -> Parts:
    """A text as its sentences, or else as two halves, cut behind a clause, or else between words, near its middle.

    Example:
        >>> halves_of("When Ada Obi came to Accra, nobody was there.").texts
        ('When Ada Obi came to Accra,', 'nobody was there.')
    """
    parts = sentences_of(text)
    if len(parts.texts) > 1 or len(text) < _FEWEST:
        return parts
    middle = len(text) / 2
    for pattern in (_CLAUSE, _BLANK):
        cuts = [cut for cut in pattern.finditer(text) if text[: cut.start()].strip() and text[cut.end() :].strip()]
        near = [cut for cut in cuts if len(text) / 5 < cut.end() < len(text) * 4 / 5]
        if near:
            return _cut(text, min((cut.end() for cut in near), key=lambda at: abs(at - middle)))
    if is_unspaced(text):
        return _cut(text, round(middle))
    return parts


def _cut(text: str, at: int) -> Parts:
    first, second = text[:at], text[at:]
    blank = first[len(first.rstrip()) :]
    return Parts((first.rstrip(), second), (blank,))


class _Work:
    """Translates the texts of one call."""

    def __init__(self, guarded: Guarded, source: str, target: str) -> None:
        self.guarded = guarded
        self.options = guarded.options
        self.languages = {"source": source, "target": target}

    def sound(self, texts: Sequence[str], advance: Advance | None) -> list[Translation]:
        """Translate, and try again what came out wrong."""
        found = self._translated(self.guarded.translator, texts, advance)
        wrong = [index for index, translation in enumerate(found) if translation.problem is not None]
        with self.guarded.counting:
            self.guarded.found.update(_kind(found[index]) for index in wrong)
        wrong = [index for index in wrong if not found[index].final]
        if not wrong or not self.options.retry:
            return found
        logger_of(__name__).info("%d of %d translations are not sound and are made again", len(wrong), len(texts))
        better = self._varied([texts[index] for index in wrong])
        left = [index for index, translation in zip(wrong, better, strict=True) if translation is None]
        split = iter(self._in_parts([texts[index] for index in left], 0))
        for index, translation in zip(wrong, better, strict=True):
            other = translation or next(split)
            if other is not None and other.problem is None:
                with self.guarded.counting:
                    self.guarded.repaired[_kind(found[index])] += 1
            found[index] = _better(found[index], other)
        return found

    def _translated(
        self, translator: Translator, texts: Sequence[str], advance: Advance | None = None
    ) -> list[Translation]:
        translations = translator.translate(texts, **self.languages, advance=advance)
        checked = []
        for text, translation in zip(texts, translations, strict=True):
            problem = translation.problem
            if problem is None:
                problem = problem_of(text, translation.text, max_ratio=self.options.max_ratio)
            if problem is not None:
                translation = replace(translation, problem=hidden(problem))
            checked.append(translation)
        return checked

    def _varied(self, texts: Sequence[str]) -> list[Translation | None]:
        """What other settings make of texts; ``None`` where it is no better."""
        results: list[Translation | None] = [None] * len(texts)
        vary = getattr(self.guarded.translator, "varied", None)
        for settings in VARIATIONS if vary is not None else ():
            left = [index for index, result in enumerate(results) if result is None]
            if not left:
                break
            assert vary is not None
            for index, translation in zip(
                left, self._translated(vary(**settings), [texts[index] for index in left]), strict=True
            ):
                results[index] = translation if translation.problem is None else None
        return results

    def _in_parts(self, texts: Sequence[str], depth: int) -> list[Translation | None]:
        """What becomes of texts in smaller parts; ``None`` where there are none."""
        cut = [halves_of(text) for text in texts]
        results: list[Translation | None] = [None] * len(texts)
        work = [index for index, parts in enumerate(cut) if len(parts.texts) > 1]
        if not work or depth >= _DEPTH:
            return results
        inner = [text for index in work for text in cut[index].texts]
        found = self._translated(self.guarded.translator, inner)
        wrong = [at for at, part in enumerate(found) if part.problem is not None and not part.final]
        for at, translation in zip(wrong, self._in_parts([inner[at] for at in wrong], depth + 1), strict=True):
            found[at] = _better(found[at], translation)
        each = iter(found)
        for index in work:
            results[index] = cut[index].joined([next(each) for _ in cut[index].texts])
        return results


def _better(first: Translation, other: Translation | None) -> Translation:
    """The one of two tries that is sound, or else the first that says anything."""
    if other is None or (other.problem is not None and (first.text or not other.text)):
        return first
    return other


def _kind(translation: Translation) -> str:
    return (translation.problem or "").partition(":")[0]
