"""Taggers made with spaCy: any pipeline that is installed, lies in a folder, or was made by you. Needs ``spacy``.

A pipeline reads the text as it is written, where that is known, and cuts it into the tokens that it was trained on
(``do`` ``n't``); its entities are brought to our words by their characters (:mod:`crosspan.text.mentions`). Where a
sentence is nothing but words, it gets those.
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.types import Float32Array, Sentence, Span
from crosspan.tag.smoothing import smoothed
from crosspan.text.characters import encodable
from crosspan.text.mentions import apart, text_of, words_touched

if TYPE_CHECKING:
    from spacy.language import Language

Others = Literal["keep", "drop"]

PLAIN_LABELS: Mapping[str, str] = {
    "PER": "PER",
    "PERSON": "PER",
    "LOC": "LOC",
    "GPE": "LOC",
    "FAC": "LOC",
    "ORG": "ORG",
}
"""Labels of spaCy's pipelines as persons, places and organisations."""

_BATCH = 256


class SpacyTagger:
    """A :class:`~crosspan.tag.Tagger` that is a spaCy pipeline.

    The ``score`` of its spans is ``None``, as spaCy does not say how sure it is. An entity that begins or ends inside a
    word of ours takes the whole word; where two overlap then, the first stays.

    Args:
        name: Name of an installed pipeline (``"en_core_web_sm"``), the folder of one, or a pipeline itself (what
            ``spacy.load`` returns), which is taken as it is.
        labels: What to call the pipeline's labels; :data:`PLAIN_LABELS` by default, ``{}`` leaves them as they are.
        others: Whether labels that do not occur in ``labels`` are kept or dropped.
        disable: Components to leave out, for speed; what finds entities must be able to do without them.

    Raises:
        MissingDependencyError: spaCy is not installed.
        ModelError: There is no such pipeline, it cannot be loaded, or nothing in it finds entities.
        OptionError: ``others`` is neither ``"keep"`` nor ``"drop"``.
    """

    def __init__(
        self,
        name: str | os.PathLike[str] | Language,
        *,
        labels: Mapping[str, str] | None = None,
        others: Others = "keep",
        disable: Sequence[str] = (),
    ) -> None:
        if others not in get_args(Others):
            raise OptionError(f"others is {others!r}", hint="Choose keep or drop.")
        self.others = others
        self._names = dict(PLAIN_LABELS if labels is None else labels)
        self._disabled = list(disable)
        if isinstance(name, str | os.PathLike):
            self.name = os.fspath(name)
            self._pipeline = _load(self.name, disable)
        else:
            self.name = f"{name.lang}_{name.meta.get('name', 'pipeline')}"
            self._pipeline = name
        self._turn = Lock()  # a pipeline works for one thread at a time
        own = _labels_of(self._pipeline, self.name, self._disabled)
        self._labels = tuple(sorted({shown for label in own if (shown := self._shown(label)) is not None}))

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, as they are called here, sorted."""
        return self._labels

    @property
    def tags(self) -> tuple[str, ...]:
        """``O``, and ``B-`` and ``I-`` of each label: the columns of :meth:`probabilities`."""
        return ("O", *(f"{prefix}-{label}" for label in self._labels for prefix in "BI"))

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`. Spans have no score."""
        with_words = [sentence for sentence in sentences if sentence.tokens]
        with self._turn:
            docs = self._pipeline.pipe(map(self._read, with_words), batch_size=_BATCH, disable=self._disabled)
            return [
                replace(sentence, spans=self._spans(sentence, next(docs)) if sentence.tokens else ())
                for sentence in sentences
            ]

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The chosen tag of each token as a smoothed one-hot row: see :mod:`crosspan.tag.smoothing`.

        Raises:
            ModelError: The pipeline finds a label that none of its components has named before.
        """
        return [smoothed(sentence, self.tags, self.name) for sentence in self.tag(sentences)]

    def _shown(self, label: str) -> str | None:
        return self._names.get(label, label if self.others == "keep" else None)

    def _read(self, sentence: Sentence) -> Any:
        """What the pipeline reads: the text, or words where there is no other text."""
        if sentence.text is not None and sentence.offsets is not None:
            return encodable([sentence.text])[0]
        tokens = importlib.import_module("spacy.tokens")
        return tokens.Doc(self._pipeline.vocab, words=list(encodable(sentence.tokens)))

    def _spans(self, sentence: Sentence, doc: Any) -> tuple[Span, ...]:
        _, offsets = text_of(sentence)
        found = []
        for entity in doc.ents:
            label = self._shown(entity.label_)
            words = words_touched(offsets, entity.start_char, entity.end_char)
            if label and words is not None:
                found.append(Span(*words, label))
        return tuple(apart(found))


def _load(name: str, disable: Sequence[str]) -> Any:
    try:
        spacy = importlib.import_module("spacy")
    except ImportError as error:
        raise MissingDependencyError(
            "this tagger needs the package spacy", hint="Install it with: pip install 'crosspan[spacy]'."
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that differ a little
            return spacy.load(name, disable=list(disable))
    except Exception as error:  # a broken folder raises whatever its components raise
        missing = isinstance(error, OSError) and not os.path.isdir(name)
        what = "there is no such pipeline" if missing else f"the pipeline cannot be loaded ({_first_line(error)})"
        hint = f"Install it, e.g. with: python -m spacy download {name}; or give the path of its folder."
        raise ModelError(
            what, where=name, hint=hint if missing else "Save it again with this version of spaCy."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip(" .")


def is_pipeline(value: object) -> bool:
    """Whether a value is a pipeline of spaCy; asks without importing spaCy.

    Example:
        >>> is_pipeline("en_core_web_sm")
        False
    """
    return any(cls.__name__ == "Language" and cls.__module__ == "spacy.language" for cls in type(value).__mro__)


def _labels_of(pipeline: Any, name: str, disabled: Sequence[str]) -> set[str]:
    """Labels of everything in a pipeline that sets entities."""
    names = [pipe for pipe in pipeline.pipe_names if pipe not in disabled]
    finders = [pipe for pipe in names if "doc.ents" in pipeline.get_pipe_meta(pipe).assigns]
    if not finders:
        has = ", ".join(names) or "no components"
        raise ModelError(
            "nothing in the pipeline finds entities", where=name, hint=f"It has {has}; take one that has 'ner'."
        )
    return {label for pipe in finders for label in pipeline.pipe_labels.get(pipe, ())}
