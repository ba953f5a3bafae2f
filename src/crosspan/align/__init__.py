"""Word alignment: which word of a sentence is the translation of which word of the other.

Backends load only when they are asked for, so importing this package is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, Self

from crosspan.core.errors import OptionError
from crosspan.core.types import Alignment, Pair

if TYPE_CHECKING:
    from crosspan.align.awesome import Awesome as Awesome
    from crosspan.align.awesome import AwesomeOptions as AwesomeOptions
    from crosspan.align.cross_attention import CrossAttention as CrossAttention
    from crosspan.align.cross_attention import CrossAttentionOptions as CrossAttentionOptions
    from crosspan.align.fast_align import FastAlign as FastAlign
    from crosspan.align.simalign import SimAlign as SimAlign
    from crosspan.align.simalign import SimAlignOptions as SimAlignOptions
    from crosspan.align.statistical import StatisticalAligner as StatisticalAligner
    from crosspan.align.statistical import StatisticalOptions as StatisticalOptions
    from crosspan.align.symmetrize import symmetrize as symmetrize
    from crosspan.align.translation_encoder import TransAlign as TransAlign
    from crosspan.align.translation_encoder import TransAlignOptions as TransAlignOptions

__all__ = [
    "ALIGNERS",
    "Aligner",
    "Awesome",
    "AwesomeOptions",
    "CrossAttention",
    "CrossAttentionOptions",
    "FastAlign",
    "SimAlign",
    "SimAlignOptions",
    "StatisticalAligner",
    "StatisticalOptions",
    "TransAlign",
    "TransAlignOptions",
    "load_aligner",
    "make_aligner",
    "symmetrize",
]

ALIGNERS = ("statistical", "fast_align", "simalign", "awesome", "transalign", "cross_attention")
"""Names that :func:`make_aligner` knows. Those after the first two need a pre-trained model, as their ``model``."""

_HOMES = {
    "Awesome": "awesome",
    "AwesomeOptions": "awesome",
    "CrossAttention": "cross_attention",
    "CrossAttentionOptions": "cross_attention",
    "FastAlign": "fast_align",
    "SimAlign": "simalign",
    "SimAlignOptions": "simalign",
    "StatisticalAligner": "statistical",
    "StatisticalOptions": "statistical",
    "TransAlign": "translation_encoder",
    "TransAlignOptions": "translation_encoder",
    "symmetrize": "symmetrize",
}

_NEURAL = {
    "simalign": ("simalign", "SimAlign"),
    "awesome": ("awesome", "Awesome"),
    "transalign": ("translation_encoder", "TransAlign"),
    "cross_attention": ("cross_attention", "CrossAttention"),
}

_TokenPair = tuple[Sequence[str], Sequence[str]]
_Progress = Callable[[int, int], None]


class Aligner(Protocol):
    """What every aligner can do: learn from sentence pairs, and link the words of sentence pairs."""

    def fit(
        self, pairs: Iterable[Pair], *, bitext: Iterable[_TokenPair] = (), progress: _Progress | None = None
    ) -> Self:
        """Learn from the pairs at hand and from further translated text, read once.

        Raises:
            EmptyInputError: There is not one pair with words on both sides.
        """
        ...

    def fit_tokens(self, pairs: Iterable[_TokenPair], *, progress: _Progress | None = None) -> Self:
        """Like :meth:`fit`, for token sequences."""
        ...

    def align(self, pairs: Sequence[Pair], *, progress: _Progress | None = None) -> list[Alignment]:
        """Link the words of each pair; a pair with an empty side has no links.

        Raises:
            ModelError: The aligner has learned nothing yet.
        """
        ...

    def iter_align_tokens(
        self, pairs: Iterable[_TokenPair], *, progress: _Progress | None = None
    ) -> Iterator[Alignment]:
        """Like :meth:`align_tokens`, for a stream of any length."""
        ...


def make_aligner(name: str = "statistical", *, threads: int | None = None, **options: Any) -> Aligner:
    """Build an aligner that has learned nothing yet.

    Args:
        name: One of :data:`ALIGNERS`.
        threads: Threads to use; all cores by default. ``fast_align`` chooses for itself. A pre-trained model is loaded
            when the aligner is first used, not here.
        options: Settings of that aligner, by name; nested ones such as ``"smoothing.word"`` in a dictionary. Strings
            are read as the type of the setting.

    Raises:
        OptionError: There is no such aligner or setting, or a value is out of range.
        MissingDependencyError: The aligner needs a package that is not installed.

    Example:
        >>> aligner = make_aligner(hmm_iterations=2)
        >>> pairs = [(["a", "house"], ["ein", "Haus"]), (["a", "book"], ["ein", "Buch"])]
        >>> [len(links) for links in aligner.fit_tokens(pairs).iter_align_tokens(pairs[:1])]
        [2]
    """
    from crosspan.core.settings import with_settings

    if threads is not None and threads < 1:
        raise OptionError(f"{threads} threads", hint="Use at least 1.")
    if name == "statistical":
        from crosspan.align.statistical import StatisticalAligner, StatisticalOptions

        return StatisticalAligner(with_settings(StatisticalOptions(), options), threads=threads)
    if name == "fast_align":
        from crosspan.align.fast_align import FastAlign, FastAlignOptions

        return FastAlign(with_settings(FastAlignOptions(), options))
    if name in _NEURAL:
        home, kind = _NEURAL[name]
        module = import_module(f"crosspan.align.{home}")
        made: Aligner = getattr(module, kind)(
            with_settings(getattr(module, f"{kind}Options")(), options), threads=threads
        )
        return made
    raise OptionError(f"there is no aligner {name!r}", hint=f"Choose one of {', '.join(ALIGNERS)}.")


def load_aligner(path: str, *, threads: int | None = None) -> StatisticalAligner:
    """Read a model that ``StatisticalAligner.save`` wrote.

    Raises:
        ModelError: The file is damaged, too new, or not such a model.
    """
    from crosspan.align.statistical import StatisticalAligner

    return StatisticalAligner.load(path, threads=threads)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"crosspan.align.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
