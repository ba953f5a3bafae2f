"""Adapts a tagger to translated text without labels, before its labels are carried over.

Two things are known of such text. Words that stand unchanged on both sides are mostly names: that shifts the odds of
being part of an entity (``entity_bias`` of :meth:`crosspan.tag.crf.CrfTagger.tag`). And what the tagger is sure of
then teaches it the rest: it is trained on from where it stands, with everything it is unsure of unobserved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from crosspan.core.progress import Listener
from crosspan.core.types import Sentence
from crosspan.tag.crf import CrfTagger, relabel
from crosspan.text.copies import copied_words
from crosspan.train.adapt_options import COPY_BIAS, AdaptOptions
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example
from crosspan.train.sampling import sampled

WordPair = tuple[Sequence[str], Sequence[str]]


def copy_bias(
    sentences: Sequence[Sentence], translations: Sequence[Sentence], bias: float = COPY_BIAS, *, every: float = 0.0
) -> list[npt.NDArray[np.float64]]:
    """The ``entity_bias`` of sentences whose translations are known.

    Args:
        sentences: What is to be tagged.
        translations: The same in another language, one each.
        bias: For copied words.
        every: For every word.

    Returns:
        For each sentence log odds, ``[n_tokens]``.

    Example:
        >>> source, target = Sentence(("Ada", "left")), Sentence(("Ada", "yagenze"))
        >>> copy_bias([source], [target], 2.0)[0].tolist()
        [2.0, 0.0]
    """
    return [
        every + bias * copied_words(sentence.tokens, translation.tokens).astype(np.float64)
        for sentence, translation in zip(sentences, translations, strict=True)
    ]


def sample_of(pairs: Iterable[WordPair], options: AdaptOptions) -> list[WordPair]:
    """What is learned from of a stream of sentences and their translations, as words: at most ``options.sample``.

    Example:
        >>> sample_of([(["Ada"], ["Ada"]), (["Leo"], ["Leo"])], AdaptOptions(sample=1))
        [(['Ada'], ['Ada'])]
    """
    return sampled(pairs, options.sample, lambda pair: [*pair[0], "", *pair[1]])


def adapt_tagger(
    tagger: CrfTagger,
    sentences: Sequence[Sentence],
    translations: Sequence[Sentence],
    *,
    options: AdaptOptions | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> CrfTagger:
    """Adapt a tagger to unlabelled sentences whose translations are known.

    Args:
        tagger: The tagger of the sentences' language.
        sentences: Text of the kind that will be tagged; labels it has are not looked at.
        translations: Its translations, one a sentence.
        options: How. Of more sentences than ``options.sample`` so many stand for all.
        threads: Threads to use; all cores by default. The result does not depend on it.
        progress: Told how far it is.

    Returns:
        A tagger with the same labels and features.
    """
    options = options or AdaptOptions()
    words = ((one.tokens, other.tokens) for one, other in zip(sentences, translations, strict=True))
    chosen = sample_of(words, options)
    sentences, translations = ([Sentence(tuple(pair[side])) for pair in chosen] for side in (0, 1))
    bias = copy_bias(sentences, translations, options.copy_bias, every=options.entity_bias)
    training = CrfOptions(l2=options.l2, iterations=options.iterations, features=tagger.model.options)
    for _ in range(options.rounds):
        examples = _pseudo_examples(tagger, sentences, bias, options)
        tagger = train_crf(
            examples, options=training, labels=tagger.labels, prior=tagger.model, threads=threads, progress=progress
        )
    return tagger


def _pseudo_examples(
    tagger: CrfTagger, sentences: Sequence[Sentence], bias: Sequence[npt.NDArray[np.float64]], options: AdaptOptions
) -> list[Example]:
    tagged, chances = tagger.tag_with_probabilities(sentences, entity_bias=bias)
    examples = []
    for sentence, probabilities in zip(tagged, chances, strict=True):
        sure = [span for span in sentence.spans if (span.score or 0.0) >= options.accept]
        known = {token for span in sure for token in range(span.start, span.end)}
        maybe = np.flatnonzero(1.0 - probabilities[:, 0] >= options.doubt).tolist()
        unobserved = tuple(token for token in maybe if token not in known)
        examples.append(Example(relabel(sentence, sure), unobserved=unobserved))
    return examples
