"""Taggers: sentences in, sentences with entity spans and their confidence out."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from crosspan.core import registry
from crosspan.core.errors import OptionError
from crosspan.core.types import Sentence

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


EMBEDDED = ("en",)
"""Taggers that come with the package, by language."""


def load_tagger(name: str | os.PathLike[str] = "en", *, threads: int | None = None, **options: Any) -> Tagger:
    """Load a tagger.

    Args:
        name: ``"en"`` for the embedded English tagger, the path of a model that was trained (``*.crf``),
            ``"spacy:NAME"`` for a spaCy pipeline that is installed or lies in a folder, ``"transformers:NAME"`` for a
            token-classification model on the hub or in a folder, ``"onnx:FOLDER"`` for one that was exported, or
            ``"gliner:NAME"``. Packages can bring more (``BACKEND:MODEL``) by entry points in the group
            ``crosspan.taggers``.
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
    asked = os.fspath(name)
    scheme, colon, rest = asked.partition(":")
    if asked in EMBEDDED or asked.endswith(".crf") or Path(asked).is_file():
        from crosspan.tag.crf import CrfTagger

        if options:
            raise OptionError(f"this tagger has no option {next(iter(options))!r}", hint="Leave it out.")
        path = str(files("crosspan.tag") / "data" / f"{asked}.crf") if asked in EMBEDDED else asked
        return CrfTagger.load(path, threads=threads)
    if colon and scheme == "spacy":
        from crosspan.tag.spacy import SpacyTagger

        return _made(scheme, SpacyTagger, rest, options)
    if colon and scheme in registry.names("crosspan.taggers"):
        return _made(scheme, registry.find("crosspan.taggers", scheme), rest, {"threads": threads, **options})
    is_model = (Path(asked) / "config.json").is_file()
    kind = "onnx" if (Path(asked) / "model.onnx").is_file() else "transformers"
    known = f"{', '.join(EMBEDDED)}, the path of a model (.crf), spacy:NAME, transformers:NAME or onnx:FOLDER"
    raise OptionError(
        f"there is no tagger {asked!r}", hint=f"Write {kind}:{asked}." if is_model else f"Give one of {known}."
    )


def _made(name: str, factory: Callable[..., Any], model: str, options: Mapping[str, Any]) -> Tagger:
    try:
        made: Tagger = factory(model, **options)
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise OptionError(
            f"the tagger {name!r} does not take these options ({error})", hint="Look into its documentation."
        ) from error
    return made
