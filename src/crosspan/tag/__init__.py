"""Taggers: sentences in, sentences with entity spans and their confidence out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from crosspan import registry
from crosspan.errors import OptionError
from crosspan.types import Sentence

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


def load_tagger(name: str | os.PathLike[str] = "en", *, threads: int | None = None) -> Tagger:
    """Load a tagger.

    Args:
        name: ``"en"`` for the embedded English tagger, the path of a model that was trained (``*.crf``), or
            ``"spacy:NAME"`` for a spaCy pipeline that is installed or lies in a folder. Packages can bring more
            (``BACKEND:MODEL``) by entry points in the group ``crosspan.taggers``.
        threads: Threads to use; all cores by default.

    Raises:
        OptionError: There is no such tagger.
        ModelError: The model cannot be read.
        MissingDependencyError: The tagger needs a package that is not installed.

    Example:
        >>> tagger = load_tagger("en")
        >>> tagger.labels
        ('LOC', 'ORG', 'PER')
    """
    asked = os.fspath(name)
    if asked in EMBEDDED:
        from crosspan.tag.crf import CrfTagger

        return CrfTagger.load(str(files("crosspan.tag") / "data" / f"{asked}.crf"), threads=threads)
    scheme, colon, rest = asked.partition(":")
    if colon and scheme == "spacy":
        from crosspan.tag.spacy import SpacyTagger

        return SpacyTagger(rest)
    if asked.endswith(".crf") or Path(asked).is_file():
        from crosspan.tag.crf import CrfTagger

        return CrfTagger.load(asked, threads=threads)
    if colon and scheme in registry.names("crosspan.taggers"):
        plugged: Tagger = registry.find("crosspan.taggers", scheme)(rest, threads=threads)
        return plugged
    raise OptionError(
        f"there is no tagger {asked!r}",
        hint=f"Give {' or '.join(EMBEDDED)}, the path of a model (.crf), or spacy:NAME.",
    )
