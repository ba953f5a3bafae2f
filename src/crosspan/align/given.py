"""An aligner is anything that links words: a name, a saved model, an object, or what makes one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol, Self

from crosspan.align import Aligner, load_aligner, make_aligner
from crosspan.core.errors import ArgumentError, CrosspanError, ModelError, OptionError
from crosspan.core.types import Alignment, Pair, Sentence

_TokenPair = tuple[Sequence[str], Sequence[str]]
_Progress = Callable[[int, int], None]

_METHODS = ("fit", "fit_tokens", "align", "align_tokens", "iter_align_tokens")
_AT_ONCE = 1_000
_HINT = "Return one crosspan.Alignment a pair, a list of (source, target) or (source, target, prob), or a Pharaoh line."
_ACCEPTED = (
    "a name such as 'statistical', the path of a saved aligner, an object with align_tokens(pairs) or align(pairs), "
    "or a class or function that makes one"
)


class WordAligner(Aligner, Protocol):
    """An :class:`~crosspan.align.Aligner` that also takes plain lists of words, as all of crosspan's do."""

    def align_tokens(self, pairs: Iterable[_TokenPair], *, progress: _Progress | None = None) -> list[Alignment]:
        """One alignment a pair, in order."""
        ...


def as_aligner(given: Any, *, threads: int | None = None, **settings: Any) -> WordAligner:
    """Make an aligner of whatever links words.

    Args:
        given: A name, see :func:`crosspan.align.make_aligner`; the path of a model that was saved; an aligner of
            crosspan, which comes back as it is; an object with ``align_tokens(pairs of word lists)`` or ``align(pairs
            of sentences)``; or a class or function, called with ``settings``, that makes one of these. Links are
            :class:`crosspan.Alignment` values, lists of ``(source, target)`` or ``(source, target, prob)``, or Pharaoh
            lines.
        threads: Threads to use, where an aligner is made by name or loaded.
        settings: Of the aligner that is made.

    Raises:
        ArgumentError: It is nothing that links words.
        OptionError: There is no such aligner or setting.
        ModelError: The model cannot be read.
        MissingDependencyError: The aligner needs a package that is not installed.

    Example:
        >>> class Diagonal:
        ...     def align_tokens(self, pairs):
        ...         return [[(i, i) for i in range(min(len(s), len(t)))] for s, t in pairs]
        >>> as_aligner(Diagonal).align_tokens([(["a", "house"], ["ein", "Haus"])])[0].to_pharaoh()
        '0-0 1-1'
    """
    if isinstance(given, str | os.PathLike):
        if isinstance(given, str) and not _is_file(given):
            made: Any = make_aligner(given, threads=threads, **settings)
            return _whole(made)
        _refuse(settings)
        return load_aligner(os.fspath(given), threads=threads)
    if makes_aligner(given):
        made = given(**settings)
        if not _links(made):
            raise ArgumentError(f"{given!r} makes a {type(made).__name__}, not an aligner", hint=f"Give {_ACCEPTED}.")
        return _whole(made)
    if not _links(given):
        raise ArgumentError(f"a {type(given).__name__} is no aligner", hint=f"Give {_ACCEPTED}.")
    _refuse(settings)
    return _whole(given)


def makes_aligner(given: Any) -> bool:
    """Whether this is a class or function that makes an aligner, which then has learned nothing yet.

    Example:
        >>> makes_aligner(GivenAligner), makes_aligner(GivenAligner(None)), makes_aligner("statistical")
        (True, False, False)
    """
    return isinstance(given, type) or (callable(given) and not _links(given))


def _is_file(name: str) -> bool:
    """Whether this is a file, and not a name that some file happens to have."""
    return (os.sep in name or "." in name) and os.path.isfile(name)


def _links(value: Any) -> bool:
    return any(callable(getattr(value, name, None)) for name in ("align_tokens", "align"))


def _whole(value: Any) -> WordAligner:
    whole: WordAligner = value if all(hasattr(value, name) for name in _METHODS) else GivenAligner(value)
    return whole


def _refuse(settings: Any) -> None:
    if settings:
        raise OptionError(f"this aligner has no setting {min(settings)!r}", hint="Set it where the aligner is made.")


class GivenAligner:
    """An :class:`~crosspan.align.Aligner` around an object that links words; what it returns is checked.

    Args:
        given: An object with ``align_tokens`` or ``align``. Where it has ``fit_tokens`` or ``fit``, it is asked to
            learn; otherwise it is taken to know enough.
    """

    def __init__(self, given: Any) -> None:
        self._given = given
        self.name = type(given).__name__

    def fit(
        self, pairs: Iterable[Pair], *, bitext: Iterable[_TokenPair] = (), progress: _Progress | None = None
    ) -> Self:
        """Learn, if the object can; see :class:`~crosspan.align.Aligner`."""

        def text() -> Iterator[_TokenPair]:
            yield from bitext
            yield from ((pair.source.tokens, pair.target.tokens) for pair in pairs)

        return self.fit_tokens(text(), progress=progress)

    def fit_tokens(self, pairs: Iterable[_TokenPair], *, progress: _Progress | None = None) -> Self:
        """Learn, if the object can."""
        if hasattr(self._given, "fit_tokens"):
            self._given.fit_tokens(pairs)
        elif hasattr(self._given, "fit"):
            self._given.fit([_pair(words) for words in pairs])
        return self

    def align(self, pairs: Sequence[Pair], *, progress: _Progress | None = None) -> list[Alignment]:
        """Link the words of each pair."""
        return self.align_tokens([(pair.source.tokens, pair.target.tokens) for pair in pairs], progress=progress)

    def align_tokens(self, pairs: Iterable[_TokenPair], *, progress: _Progress | None = None) -> list[Alignment]:
        """Like :meth:`align`, for token sequences.

        Raises:
            ModelError: The object returns no links, or links outside a pair.
        """
        words = list(pairs)
        if hasattr(self._given, "align_tokens"):
            found = self._given.align_tokens(words)
        else:
            found = self._given.align([_pair(one) for one in words])
        if isinstance(found, str) or not isinstance(found, Iterable):
            raise ModelError(f"the aligner returned a {type(found).__name__}", where=self.name, hint=_HINT)
        found = list(found)
        if len(found) != len(words):
            what = f"the aligner returned {len(found)} alignments for {len(words)} pairs"
            raise ModelError(what, where=self.name, hint=_HINT)
        links = [self._checked(index, *one) for index, one in enumerate(zip(found, words, strict=True), 1)]
        if progress is not None:
            progress(len(words), len(words))
        return links

    def iter_align_tokens(
        self, pairs: Iterable[_TokenPair], *, progress: _Progress | None = None
    ) -> Iterator[Alignment]:
        """Like :meth:`align_tokens`, for a stream of any length."""
        pairs = iter(pairs)
        done = 0
        while block := list(islice(pairs, _AT_ONCE)):
            yield from self.align_tokens(block)
            done += len(block)
            if progress is not None:
                progress(done, 0)

    def _checked(self, number: int, found: Any, words: _TokenPair) -> Alignment:
        try:
            if isinstance(found, str):
                found = Alignment.from_pharaoh(found)
            elif not isinstance(found, Alignment):
                found = Alignment.from_links(found)
            found.check(*map(len, words))
        except CrosspanError as error:
            raise ModelError(f"pair {number}: {error.message}", where=self.name, hint=_HINT) from error
        checked: Alignment = found
        return checked


def _pair(words: _TokenPair) -> Pair:
    return Pair(Sentence(tuple(words[0])), Sentence(tuple(words[1])))
