"""Taggers: sentences in, sentences with entity spans and their confidence out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core.components import Component
from crosspan.core.errors import OptionError
from crosspan.core.families import Family
from crosspan.core.types import Sentence

if TYPE_CHECKING:
    from crosspan.tag.answers import UnplacedAnswer

Float32Array = npt.NDArray[np.float32]


class Tagger(Protocol):
    """Finds entities. Every tagger of crosspan, embedded or heavy, has these methods."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The kinds of entity it knows, sorted, e.g. ``("LOC", "ORG", "PER")``."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The IOB2 tags that :meth:`probabilities` has columns for: ``"O"`` first, then ``B-`` and ``I-`` by label."""

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Label sentences.

        Args:
            sentences: What to label; labels they have are replaced.

        Returns:
            The same sentences in order, with spans; the ``score`` of a span is the probability that it is exactly
            right.
        """

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The probability of each tag at each token: a ``[n_tokens, n_tags]`` array a sentence, rows sum to one."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a tagger made of a sentence, as far as it can tell more than labels.

    A tagger that can has a method ``labelled(sentences)``, which gives one for each sentence.

    Args:
        sentence: The sentence with its labels; without any where there is a problem.
        problem: Why it could not be labelled; ``None`` where it was.
        unplaced: What was named as an entity and is none, each with its reason.
    """

    sentence: Sentence
    problem: str | None = None
    unplaced: tuple[UnplacedAnswer, ...] = ()


EMBEDDED = ("en",)
"""Taggers that come with the package, by language."""

TAGGERS = Family(
    "crosspan.taggers",
    "tagger",
    {
        "crf": Component(
            target="crosspan.tag.crf:load_crf",
            about="The embedded English tagger, or one that crosspan train made.",
            data=("crosspan.tag",),
            model="model",
            adapts=True,
        ),
        "spacy": Component(
            target="crosspan.tag.spacy:SpacyTagger",
            about="A spaCy pipeline that is installed or lies in a folder.",
            packages=("spacy", "{model}"),
            extra="spacy",
            model="model",
            text=True,
        ),
        "transformers": Component(
            target="crosspan.tag.transformers:TransformersTagger",
            options="crosspan.tag.transformers:TransformersTaggerOptions",
            about="A token-classification model.",
            packages=("transformers", "tokenizers", "torch"),
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
            text=True,
        ),
        "onnx": Component(
            target="crosspan.tag.onnx:OnnxTagger",
            options="crosspan.tag.onnx:OnnxTaggerOptions",
            about="A token-classification model that crosspan export wrote, without PyTorch.",
            packages=("onnxruntime", "transformers", "tokenizers"),
            extra="onnx",
            model="model",
            text=True,
        ),
        "gliner": Component(
            target="crosspan.tag.gliner:GlinerTagger",
            options="crosspan.tag.gliner:GlinerOptions",
            about="GLiNER, which finds any kinds of entity that it is told.",
            packages=("gliner", "transformers", "torch"),
            extra="gliner",
            model="model",
            downloads=True,
            gpu=True,
            text=True,
        ),
        "openai": Component(
            target="crosspan.tag.openai:OpenAITagger",
            options="crosspan.tag.openai:OpenAITaggerOptions",
            about="A language model behind a server that speaks as OpenAI's does.",
            model="model",
            text=True,
        ),
    },
    given=("model",),
    context=("threads",),
    unknown=Component(model="model", text=True),
)
"""Taggers by name: factories ``(model, *, threads, **options)`` of a :class:`Tagger`."""


def load_tagger(name: str | os.PathLike[str] = "en", *, threads: int | None = None, **options: Any) -> Tagger:
    """Load a tagger.

    Args:
        name: ``"en"`` for the embedded English tagger, the path of a model that was trained (``*.crf``),
            ``"spacy:NAME"`` for a spaCy pipeline that is installed or lies in a folder, ``"transformers:NAME"`` for a
            token-classification model on the hub or in a folder, ``"onnx:FOLDER"`` for one that was exported,
            ``"gliner:NAME"``, or ``"openai:MODEL"`` for a language model on a server. Packages can bring more
            (``BACKEND:MODEL``) by entry points in the group ``crosspan.taggers``.
        threads: Threads to use; all cores by default.
        options: Of the backend, such as those of :class:`~crosspan.tag.transformers.TransformersTaggerOptions`; what
            crosspan trained itself has none.

    Raises:
        OptionError: There is no such tagger, or it does not know an option.
        ModelError: The model cannot be read.
        MissingDependencyError: The tagger needs a package that is not installed.

    Example:
        >>> tagger = load_tagger("en")
        >>> tagger.labels
        ('LOC', 'ORG', 'PER')
    """
    use, model = tagger_name(os.fspath(name))
    made: Tagger = TAGGERS.make(use, model, threads=threads, settings=options)
    return made


def tagger_name(name: str) -> tuple[str, str]:
    """What a tagger's name says: which of :data:`TAGGERS`, and its model.

    Args:
        name: See :func:`load_tagger`.

    Raises:
        OptionError: There is no such tagger.

    Example:
        >>> tagger_name("spacy:en_core_web_sm"), tagger_name("en")
        (('spacy', 'en_core_web_sm'), ('crf', 'en'))
    """
    use, colon, model = name.partition(":")
    if name in EMBEDDED or name.endswith(".crf") or Path(name).is_file():
        return "crf", name
    if colon and use in TAGGERS:
        return use, model
    is_model = (Path(name) / "config.json").is_file()
    kind = "onnx" if (Path(name) / "model.onnx").is_file() else "transformers"
    known = f"{', '.join(EMBEDDED)}, the path of a model (.crf), spacy:NAME, transformers:NAME or onnx:FOLDER"
    raise OptionError(
        f"there is no tagger {name!r}", hint=f"Write {kind}:{name}." if is_model else f"Give one of {known}."
    )
