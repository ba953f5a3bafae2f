"""The two directions of data transfer, and both together.

*Translate-train*: labels of source sentences are carried to their translations, and a tagger learns from those.
*Translate-test*: translations of the sentences to label are tagged, and the labels carried back; nothing is trained.
:func:`ensemble` averages what both say about each word (Ebing and Glavaš 2025).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError, PairError
from crosspan.core.types import Alignment, ProjectedSpan, Projection, Sentence, Span
from crosspan.pipeline.workflow import project_labels
from crosspan.tag import Tagger
from crosspan.train.noise import NoiseOptions, examples_of

if TYPE_CHECKING:
    from crosspan.core.progress import Listener
    from crosspan.tag.crf import CrfTagger
    from crosspan.train.adapt import AdaptOptions
    from crosspan.train.crf import CrfOptions

Float32Array = npt.NDArray[np.float32]

MAPPED = 0.1
"""A word with less link probability than this in all has nothing on the other side."""

OUTSIDE = 0.7
"""Chance that a word onto which nothing was projected is no part of an entity; taggers and projections miss some.

Chosen, with :data:`WEIGHT`, on the development sets of Luganda and Twi (MasakhaNER 2 with MAFAND).
"""

WEIGHT = 0.4
"""Share of the projections in the average of :func:`ensemble`; the tagger has the rest."""


def translate_test(
    targets: Sequence[Sentence],
    translations: Sequence[Sentence],
    *,
    tagger: Tagger | None = None,
    adapt: AdaptOptions | bool = True,
    **projecting: Any,
) -> list[Projection]:
    """Label sentences through their translations.

    Args:
        targets: The sentences to label; labels they have are replaced.
        translations: Their translations into a language that has a tagger, in the same order.
        tagger: Labels the translations, see :func:`tag_translated`. ``None`` where they have labels already.
        adapt: Whether the tagger is first adapted to the translations, and how.
        projecting: Arguments of :func:`crosspan.project_labels`: ``bitext``, ``links``, ``method`` …

    Returns:
        One projection a sentence. Confidences are those of the projection times those of the tagger.

    Raises:
        PairError: There are not as many translations as sentences.

    Example:
        >>> target = Sentence(("Ada", "anaishi", "Accra"))
        >>> tagged = Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER", 0.9), Span(3, 4, "LOC", 0.8)))
        >>> links = [Alignment.from_pharaoh("0-0 1-1 3-2")]
        >>> translate_test([target], [tagged], links=links, method="heuristic")[0].sentence.tags()
        ['B-PER', 'O', 'B-LOC']
    """
    tagged = list(translations)
    if tagger is not None:
        tagged = tag_translated(tagger, translations, targets, adapt=adapt, threads=projecting.get("threads"))
    return [with_source_scores(found) for found in project_labels(tagged, targets, **projecting)]


def tag_translated(
    tagger: Tagger,
    sentences: Sequence[Sentence],
    translations: Sequence[Sentence],
    *,
    adapt: AdaptOptions | bool = True,
    threads: int | None = None,
    progress: Listener | None = None,
) -> list[Sentence]:
    """Tag sentences whose translations are known, and use what the translations tell about them.

    Words that stand unchanged on both sides are likelier to be names (:func:`crosspan.train.adapt.copy_bias`), and a
    tagger can be adapted to the text. Both need a tagger that can be told so, as those of crosspan; others just tag.

    Args:
        tagger: The tagger of the sentences' language.
        sentences: What to tag; labels they have are replaced.
        translations: The same in the other language, in the same order.
        adapt: Whether the tagger is first adapted to the sentences, and how. ``False`` trains nothing.
        threads: Threads to use; all cores by default.
        progress: Told how far it is.

    Raises:
        PairError: There are not as many translations as sentences.

    Example:
        >>> from crosspan.tag import load_tagger
        >>> source, target = Sentence(("Wasswa", "left", ".")), Sentence(("Wasswa", "agenze", "."))
        >>> tag_translated(load_tagger("en"), [source], [target], adapt=False)[0].tags()
        ['B-PER', 'O', 'O']
    """
    from crosspan.tag.crf import CrfTagger
    from crosspan.train.adapt import AdaptOptions, adapt_tagger, copy_bias

    if len(sentences) != len(translations):
        raise PairError(
            f"{len(sentences)} sentences, but {len(translations)} translations",
            hint="Give the translation of each sentence at the same place.",
        )
    if not isinstance(tagger, CrfTagger):
        return tagger.tag(sentences)
    options = adapt if isinstance(adapt, AdaptOptions) else AdaptOptions()
    if adapt is not False and sentences:
        tagger = adapt_tagger(tagger, sentences, translations, options=options, threads=threads, progress=progress)
    return tagger.tag(sentences, entity_bias=copy_bias(sentences, translations, options.copy_bias))


def with_source_scores(projection: Projection) -> Projection:
    """Multiply confidences with the scores of the source spans: both must be right for the target span to be.

    Example:
        >>> from crosspan.core.types import Span
        >>> link = ProjectedSpan(Span(0, 1, "LOC", 0.5), Span(0, 1, "LOC", 0.8), 0.8)
        >>> with_source_scores(Projection(Sentence(("Accra",), (link.target,)), (link,))).links[0].confidence
        0.4
    """
    links = []
    for link in projection.links:
        sure = link.confidence * (1.0 if link.source.score is None else link.source.score)
        links.append(ProjectedSpan(link.source, replace(link.target, score=sure), sure))
    spans = tuple(link.target for link in links)
    return replace(projection, sentence=replace(projection.sentence, spans=spans), links=tuple(links))


def translate_train(
    sources: Sequence[Sentence],
    targets: Sequence[Sentence],
    *,
    tagger: Tagger | None = None,
    adapt: AdaptOptions | bool = True,
    noise: NoiseOptions | None = None,
    options: CrfOptions | None = None,
    rounds: int | None = None,
    threads: int | None = None,
    **projecting: Any,
) -> CrfTagger:
    """Train a tagger for a language on labels that were carried over.

    Args:
        sources: Sentences in a language that has labels or a tagger.
        targets: Their translations, in the same order.
        tagger: Labels the sources, see :func:`tag_translated`. ``None`` where they have labels already.
        adapt: Whether the tagger is first adapted to the sources, and how.
        noise: How projected labels are taken.
        options: How the tagger is trained.
        rounds: How often the tagger's own predictions and the projections vote, and it is trained again; see
            :func:`crosspan.train.self_training.train_on_projections`.
        threads: Threads to use; all cores by default.
        projecting: Further arguments of :func:`crosspan.project_labels`.

    Returns:
        The tagger of the target language.

    Raises:
        PairError: There are not as many targets as sources.
        EmptyInputError: Nothing was projected.
    """
    from crosspan.train.self_training import ROUNDS, train_on_projections

    projections = translate_test(targets, sources, tagger=tagger, adapt=adapt, threads=threads, **projecting)
    return train_on_projections(
        examples_of(projections, noise), options=options, rounds=ROUNDS if rounds is None else rounds, threads=threads
    )


def ensemble(
    tagger: Tagger,
    projections: Sequence[Projection],
    *,
    links: Sequence[Alignment] | None = None,
    weight: float = WEIGHT,
) -> list[Sentence]:
    """Label sentences by what was projected onto them and what a tagger predicts, averaged word by word.

    Args:
        tagger: A tagger of the target language.
        projections: One a sentence, as :func:`translate_test` returns them. Where one has an error, the tagger decides.
        links: The word links they were made with. Words without a link are left to the tagger; without ``links`` those
            are the words of dropped spans only, and every unlabelled word counts as ``O``.
        weight: Of the projections, in [0, 1]; the tagger has the rest.

    Returns:
        The sentences with labels; the score of a span is the lowest probability among its words.

    Raises:
        PairError: There are not as many links as projections.
        OptionError: ``weight`` is outside [0, 1].
    """
    if not 0.0 <= weight <= 1.0:
        raise OptionError(f"weight is {weight}", hint="Choose a value from 0 to 1.")
    if links is not None and len(links) != len(projections):
        raise PairError(f"{len(links)} alignments for {len(projections)} projections")
    sentences = [projection.sentence for projection in projections]
    predicted = tagger.probabilities(sentences)
    out = []
    for index, (projection, model) in enumerate(zip(projections, predicted, strict=True)):
        votes, mapped = projected_probabilities(projection, tagger.tags, None if links is None else links[index])
        _leave_open(votes, model)
        share = np.where(mapped, weight, 0.0)[:, None]
        out.append(decoded(projection.sentence, share * votes + (1 - share) * model, tagger.tags))
    return out


def _leave_open(votes: Float32Array, model: Float32Array) -> None:
    """Of words onto which nothing was projected say ``O`` with a chance of ``OUTSIDE``, the rest as the tagger."""
    silent = votes[:, 0] == 1.0
    inside = model[silent, 1:]
    votes[silent, 1:] = (1.0 - OUTSIDE) * inside / np.maximum(inside.sum(axis=1, keepdims=True), 1e-9)
    votes[silent, 0] = 1.0 - votes[silent, 1:].sum(axis=1)


def projected_probabilities(
    projection: Projection, tags: Sequence[str], links: Alignment | None = None
) -> tuple[Float32Array, npt.NDArray[np.bool_]]:
    """What a projection says of each word.

    Returns:
        A ``[n_tokens, n_tags]`` array, and whether anything is said of the word at all, ``[n_tokens]``. A span of
        confidence ``c`` gives its tags ``c`` and leaves the rest to ``O``.

    Example:
        >>> found = Projection(Sentence(("Accra", "leo"), (Span(0, 1, "LOC", 0.75),)))
        >>> votes, mapped = projected_probabilities(found, ("O", "B-LOC", "I-LOC"))
        >>> votes.tolist(), mapped.tolist()
        ([[0.25, 0.75, 0.0], [1.0, 0.0, 0.0]], [True, True])
    """
    n = len(projection.sentence)
    votes = np.zeros((n, len(tags)), np.float32)
    votes[:, 0] = 1.0
    mapped = np.full(n, projection.error is None)
    if links is not None and projection.error is None:
        mapped = np.bincount(links.target, links.prob, minlength=n)[:n] >= MAPPED
    column = {tag: place for place, tag in enumerate(tags)}
    for span in projection.sentence.spans:
        sure = 1.0 if span.score is None else span.score
        for token in range(span.start, span.end):
            place = column.get(("B-" if token == span.start else "I-") + span.label)
            if place is not None:
                votes[token] = 0.0
                votes[token, place] = sure
                votes[token, 0] = 1.0 - sure
                mapped[token] = True
    return votes, mapped


def decoded(sentence: Sentence, probabilities: npt.NDArray[Any], tags: Sequence[str]) -> Sentence:
    """The sentence with the valid tags that are most probable together, word by word."""
    from crosspan.tag import chain
    from crosspan.tag.crf import relabel, spans_of

    best = np.zeros(len(sentence), np.int64)
    if len(sentence):
        emission = np.log(np.maximum(probabilities.astype(np.float64), 1e-9))
        allowed = chain.allowed_transitions((len(tags) - 1) // 2)
        chain.best_tags(chain.flat_offsets([len(sentence)]), emission, allowed, best)
    spans = []
    for begin, end, label in spans_of(best):
        lowest = float(min(probabilities[token, best[token]] for token in range(begin, end)))
        spans.append(Span(begin, end, tags[2 * label + 1][2:], round(lowest, 4)))
    return relabel(sentence, spans)
