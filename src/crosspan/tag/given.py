"""A tagger is anything that tags: a name, a tagger, a pipeline of spaCy, an object with ``tag``, or a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from crosspan.core.errors import ArgumentError, ModelError, OptionError
from crosspan.core.types import Float32Array, Sentence
from crosspan.tag import Tagger, load_tagger
from crosspan.tag.smoothing import smoothed
from crosspan.tag.spacy import SpacyTagger, is_pipeline

_METHODS = ("labels", "tags", "tag", "probabilities")
_ACCEPTED = (
    "a name such as 'en' or 'spacy:en_core_web_sm', the path of a model, an object with tag(sentences), "
    "a pipeline of spaCy, or a function from sentences to sentences"
)

Tagging = Callable[[Sequence[Sentence]], Iterable[Sentence]]


def as_tagger(
    given: Any,
    *,
    labels: Sequence[str] | Mapping[str, str] | None = None,
    threads: int | None = None,
    **options: Any,
) -> Tagger:
    """Make a tagger of whatever tags.

    Args:
        given: A name or path, see :func:`crosspan.load_tagger`; a tagger of crosspan, which comes back as it is; a
            pipeline of spaCy, see :class:`crosspan.tag.spacy.SpacyTagger`; an object with a method ``tag``, or a
            function: sentences in, the same sentences with spans out.
        labels: The labels that an object or function finds. Only :func:`crosspan.ensemble` and what else asks for
            probabilities must know them. For a pipeline of spaCy: what to call its labels, as a dictionary.
        threads: Threads to use, where a tagger is loaded.
        options: Of the tagger that is loaded, or of :class:`~crosspan.tag.spacy.SpacyTagger`.

    Raises:
        ArgumentError: It is nothing that tags.
        OptionError: There is no such tagger, or it does not know an option.
        ModelError: The model cannot be read.
        MissingDependencyError: The tagger needs a package that is not installed.

    Example:
        >>> from crosspan.core.types import Span
        >>> def capitals(sentences):
        ...     return [
        ...         replace(s, spans=[Span(i, i + 1, "NAME") for i, word in enumerate(s.tokens) if word[0].isupper()])
        ...         for s in sentences
        ...     ]
        >>> as_tagger(capitals, labels=["NAME"]).tag([Sentence(("in", "Accra"))])[0].tags()
        ['O', 'B-NAME']
    """
    if isinstance(given, str | os.PathLike):
        _refuse_labels(labels)
        return load_tagger(given, threads=threads, **options)
    if is_pipeline(given):
        if labels is not None and not isinstance(labels, Mapping):
            raise OptionError(f"labels is {labels!r}", hint='Write {"PERSON": "PER", …} for a pipeline of spaCy.')
        return SpacyTagger(given, labels=labels, **options)
    if options:
        raise OptionError(f"this tagger has no option {next(iter(options))!r}", hint="Set it where the tagger is made.")
    if isinstance(given, type):
        raise ArgumentError(f"{given.__name__} is a class", hint=f"Give an object of it: {given.__name__}(…).")
    if all(hasattr(given, name) for name in _METHODS):
        _refuse_labels(labels)
        made: Tagger = given
        return made
    tag = getattr(given, "tag", given)
    if not callable(tag):
        raise ArgumentError(f"a {type(given).__name__} is no tagger", hint=f"Give {_ACCEPTED}.")
    return GivenTagger(
        tag, None if labels is None else tuple(labels), getattr(given, "__name__", None) or type(given).__name__
    )


def _refuse_labels(labels: object) -> None:
    if labels is not None:
        raise OptionError("this tagger knows its labels itself", hint="Leave labels out.")


class GivenTagger:
    """A :class:`~crosspan.tag.Tagger` around a function; what the function returns is checked.

    Args:
        tag: Sentences in, the same sentences with spans out.
        labels: The labels it finds, where they are known.
        name: What to call it in errors.
    """

    def __init__(self, tag: Tagging, labels: Sequence[str] | None = None, name: str = "the tagger") -> None:
        self.name = name
        self._tag = tag
        self._labels = None if labels is None else tuple(sorted(labels))

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, sorted.

        Raises:
            OptionError: Nobody has said.
        """
        if self._labels is None:
            raise OptionError(
                f"the labels of {self.name} are not known, and its probabilities are asked for",
                hint='Say them: as_tagger(…, labels=["LOC", "PER"]).',
            )
        return self._labels

    @property
    def tags(self) -> tuple[str, ...]:
        """``O``, and ``B-`` and ``I-`` of each label: the columns of :meth:`probabilities`."""
        return ("O", *(f"{prefix}-{label}" for label in self.labels for prefix in "BI"))

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`.

        Raises:
            ModelError: It returns something else than the same sentences with spans.
        """
        given = [replace(sentence, spans=()) if sentence.spans else sentence for sentence in sentences]
        found = self._tag(given)
        hint = "Return each sentence as it came, with spans: dataclasses.replace(sentence, spans=…)."
        if isinstance(found, str | Sentence) or not isinstance(found, Iterable):
            what = f"a {type(found).__name__}"
            raise ModelError(f"the tagger returned {what} for a list of sentences", where=self.name, hint=hint)
        found = list(found)
        if len(found) != len(given):
            what = f"{len(found)} sentences for {len(given)}"
            raise ModelError(f"the tagger returned {what}", where=self.name, hint=hint)
        for index, (before, after) in enumerate(zip(given, found, strict=True)):
            if not isinstance(after, Sentence):
                what = f"a {type(after).__name__} for sentence {index + 1}"
                raise ModelError(f"the tagger returned {what}", where=self.name, hint=hint)
            if after.tokens != before.tokens:
                raise ModelError(f"the tagger changed the words of sentence {index + 1}", where=self.name, hint=hint)
        return found

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The chosen tag of each token as a smoothed one-hot row: see :mod:`crosspan.tag.smoothing`.

        Raises:
            OptionError: Its labels are not known.
            ModelError: It finds a label that is not among them, or returns something else than these sentences.
        """
        tags = self.tags
        return [smoothed(sentence, tags, self.name) for sentence in self.tag(sentences)]
