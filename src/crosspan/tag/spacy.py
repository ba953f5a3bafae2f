"""Taggers made with spaCy: any pipeline that is installed or lies in a folder. Needs the package ``spacy``.

A pipeline gets our tokens as they are; its own tokeniser is not asked. So its labels fit whatever the tokens came from,
but a pipeline that was trained on other tokens (``do`` ``n't``) may do worse on ours (``don't``).
"""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import MissingDependencyError, ModelError, OptionError
from crosspan.core.types import Sentence, Span

Float32Array = npt.NDArray[np.float32]
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

SMOOTHING = 0.05
"""spaCy gives no probabilities. :meth:`SpacyTagger.probabilities` gives the tag that was chosen ``1 - SMOOTHING``, and
the rest to all other tags in equal parts: a convention, not an estimate."""

_BATCH = 256


class SpacyTagger:
    """A :class:`~crosspan.tag.Tagger` that is a spaCy pipeline.

    The ``score`` of its spans is ``None``, as spaCy does not say how sure it is.

    Args:
        name: Name of an installed pipeline (``"en_core_web_sm"``), or the folder of one.
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
        name: str | os.PathLike[str],
        *,
        labels: Mapping[str, str] | None = None,
        others: Others = "keep",
        disable: Sequence[str] = (),
    ) -> None:
        if others not in get_args(Others):
            raise OptionError(f"others is {others!r}", hint="Choose keep or drop.")
        self.name = os.fspath(name)
        self.others = others
        self._names = dict(PLAIN_LABELS if labels is None else labels)
        self._pipeline = _load(self.name, disable)
        own = _labels_of(self._pipeline, self.name)
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
        """Label sentences; see :class:`~crosspan.tag.Tagger`. Spans have no score.

        Raises:
            ModelError: The pipeline changes the number of tokens.
        """
        with_words = [sentence for sentence in sentences if sentence.tokens]
        docs = self._pipeline.pipe(map(self._doc, with_words), batch_size=_BATCH)
        return [
            replace(sentence, spans=self._spans(sentence, docs) if sentence.tokens else ()) for sentence in sentences
        ]

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The chosen tag of each token as a smoothed one-hot row: see :data:`SMOOTHING`.

        Raises:
            ModelError: The pipeline finds a label that none of its components has named before.
        """
        column = {tag: index for index, tag in enumerate(self.tags)}
        rest = SMOOTHING / max(len(column) - 1, 1)
        found = []
        for sentence in self.tag(sentences):
            rows = np.full((len(sentence), len(column)), rest, np.float32)
            for index, tag in enumerate(sentence.tags()):
                if tag not in column:
                    raise ModelError(
                        f"the pipeline finds {tag[2:]!r}, which is not among the labels of its components",
                        where=self.name,
                        hint="Give its components their labels, or map it with labels=.",
                    )
                rows[index, column[tag]] = 1.0 - rest * (len(column) - 1)
            found.append(rows)
        return found

    def _shown(self, label: str) -> str | None:
        return self._names.get(label, label if self.others == "keep" else None)

    def _doc(self, sentence: Sentence) -> Any:
        tokens = importlib.import_module("spacy.tokens")
        text, offsets = sentence.text, sentence.offsets
        if text is None or offsets is None:
            spaces = [True] * len(sentence.tokens)
        else:
            spaces = [text[end : end + 1].isspace() for _, end in offsets]
        return tokens.Doc(self._pipeline.vocab, words=list(sentence.tokens), spaces=spaces)

    def _spans(self, sentence: Sentence, docs: Any) -> tuple[Span, ...]:
        doc = next(docs)
        if len(doc) != len(sentence):
            raise ModelError(
                f"the pipeline makes {len(doc)} tokens of {len(sentence)}",
                where=self.name,
                hint="Disable the component that merges or splits tokens.",
            )
        named = [(entity.start, entity.end, self._shown(entity.label_)) for entity in doc.ents]
        return tuple([Span(start, end, label) for start, end, label in named if label])


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


def _labels_of(pipeline: Any, name: str) -> set[str]:
    """Labels of everything in a pipeline that sets entities."""
    finders = [pipe for pipe in pipeline.pipe_names if "doc.ents" in pipeline.get_pipe_meta(pipe).assigns]
    if not finders:
        has = ", ".join(pipeline.pipe_names) or "no components"
        raise ModelError(
            "nothing in the pipeline finds entities", where=name, hint=f"It has {has}; take one that has 'ner'."
        )
    return {label for pipe in finders for label in pipeline.pipe_labels.get(pipe, ())}
