"""Word alignment: which word of a sentence is the translation of which word of the other.

Backends load only when they are asked for, so importing this package is cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from crosspan.core.components import Component
from crosspan.core.families import Family
from crosspan.core.types import Alignment, Pair

if TYPE_CHECKING:
    from crosspan.align.awesome import Awesome as Awesome
    from crosspan.align.awesome import AwesomeOptions as AwesomeOptions
    from crosspan.align.cross_attention import CrossAttention as CrossAttention
    from crosspan.align.cross_attention import CrossAttentionOptions as CrossAttentionOptions
    from crosspan.align.fast_align import FastAlign as FastAlign
    from crosspan.align.hybrid import Hybrid as Hybrid
    from crosspan.align.hybrid import HybridOptions as HybridOptions
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
    "Hybrid",
    "HybridOptions",
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

_NEURAL = ("transformers", "tokenizers", "torch")

ALIGNERS = Family(
    "crosspan.aligners",
    "aligner",
    {
        "statistical": Component(
            target="crosspan.align.statistical:StatisticalAligner",
            options="crosspan.align.statistical:StatisticalOptions",
            about="Learns from the sentences at hand: a lexicon of words, prefixes and suffixes, then an HMM.",
            learns=True,
            saves="file",
            link_kind="statistical",
        ),
        "fast_align": Component(
            target="crosspan.align.fast_align:FastAlign",
            options="crosspan.align.fast_align:FastAlignOptions",
            about="IBM model 2 with a diagonal prior, learned from the sentences at hand.",
            packages=("systran-align",),
            extra="fast-align",
            learns=True,
        ),
        "hybrid": Component(
            target="crosspan.align.hybrid:Hybrid",
            options="crosspan.align.hybrid:HybridOptions",
            about="The statistical aligner, with an encoder as a second witness as far as it knows the languages.",
            packages=_NEURAL,
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
            learns=True,
            saves="file",
            link_kind="hybrid",
        ),
        "simalign": Component(
            target="crosspan.align.simalign:SimAlign",
            options="crosspan.align.simalign:SimAlignOptions",
            about="Compares word vectors of an encoder: argmax, itermax or bipartite matching.",
            packages=_NEURAL,
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
        ),
        "awesome": Component(
            target="crosspan.align.awesome:Awesome",
            options="crosspan.align.awesome:AwesomeOptions",
            about="Probabilities from piece vectors of an encoder, in both directions.",
            packages=_NEURAL,
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
        ),
        "transalign": Component(
            target="crosspan.align.translation_encoder:TransAlign",
            options="crosspan.align.translation_encoder:TransAlignOptions",
            about="The same with the encoder of a translation model, and an adapter where there is one.",
            packages=_NEURAL,
            optional=("peft",),
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
        ),
        "cross_attention": Component(
            target="crosspan.align.cross_attention:CrossAttention",
            options="crosspan.align.cross_attention:CrossAttentionOptions",
            about="What the decoder of a translation model attends to while it writes the translation.",
            packages=_NEURAL,
            extra="neural",
            model="model",
            downloads=True,
            gpu=True,
        ),
    },
    context=("threads",),
    unknown=Component(learns=True),
)
"""Aligners by name: factories ``(*, threads, **options)`` of an :class:`Aligner`."""

_HOMES = {
    "Awesome": "awesome",
    "AwesomeOptions": "awesome",
    "CrossAttention": "cross_attention",
    "CrossAttentionOptions": "cross_attention",
    "FastAlign": "fast_align",
    "Hybrid": "hybrid",
    "HybridOptions": "hybrid",
    "SimAlign": "simalign",
    "SimAlignOptions": "simalign",
    "StatisticalAligner": "statistical",
    "StatisticalOptions": "statistical",
    "TransAlign": "translation_encoder",
    "TransAlignOptions": "translation_encoder",
    "symmetrize": "symmetrize",
}


def link_kind_of(aligner: object) -> str:
    """What the links of an aligner are, as :class:`~crosspan.core.components.Component` has it.

    Args:
        aligner: One of crosspan's own, or another that may say it of itself.

    Example:
        >>> from crosspan.align import StatisticalAligner
        >>> link_kind_of(StatisticalAligner()), link_kind_of(object())
        ('statistical', '')
    """
    made_by = f"{type(aligner).__module__}:{type(aligner).__qualname__}"
    own = [one.link_kind for one in ALIGNERS.builtin.values() if one.target == made_by]
    return own[0] if own else ALIGNERS.told_by(aligner).link_kind


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
        name: One of :data:`ALIGNERS`, those of other packages included.
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
    made: Aligner = ALIGNERS.make(name, threads=threads, settings=options)
    return made


def load_aligner(path: str, *, threads: int | None = None) -> StatisticalAligner:
    """Read a model that ``save`` of a statistical or a hybrid aligner wrote.

    Raises:
        ModelError: The file is damaged, too new, or not such a model.
    """
    from crosspan.align.model_file import load

    return load(Path(path), threads=threads)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"crosspan.align.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
