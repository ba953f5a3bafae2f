"""From projections to examples: what of a projected sentence is known, what is unsure, and what is not known at all.

"Not projected" is not "O". A span that was dropped, or that the tagger of the source never saw, is an entity of the
target sentence that nobody labelled; taken for ``O``, it teaches a tagger to miss entities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crosspan.core.checks import check_projections
from crosspan.core.errors import OptionError
from crosspan.core.types import Projection, Sentence, Span
from crosspan.text.characters import composed
from crosspan.train.examples import Example

DROPPED = ("keep", "names", "leave-out")


@dataclass(frozen=True, slots=True)
class NoiseOptions:
    """How projected labels are taken.

    Args:
        min_confidence: Words of spans that are less sure than this are unobserved.
        dropped: What a dropped source span means for its sentence: ``"keep"`` takes unlabelled words for ``O``,
            ``"names"`` leaves those that look like names unobserved, ``"leave-out"`` leaves out the sentence.
        names: Whether unlabelled words that look like names are unobserved in every sentence.
        forms: Capitalised words are unobserved where they are unlabelled, if at least this share of their uses in the
            corpus is labelled, such as 0.2; 0 takes them for ``O``. It helps where the tagger of the source misses many
            names, and harms where it finds most ('crosspan docs benchmarks').
        missing: Chance that a word of an entity was left unlabelled, because the tagger of the source did not see it or
            because it was not projected. 0 takes every unlabelled word for ``O``.
        weight: Whether a sentence counts as much as its spans are sure, on average.
    """

    min_confidence: float = 0.3
    dropped: str = "names"
    names: bool = False
    forms: float = 0.0
    missing: float = 0.1
    weight: bool = False

    def __post_init__(self) -> None:
        if self.dropped not in DROPPED:
            raise OptionError(f"dropped is {self.dropped!r}", hint=f"Choose from {', '.join(DROPPED)}.")
        if not 0.0 <= self.min_confidence <= 1.0:
            raise OptionError(f"the least confidence is {self.min_confidence}", hint="Choose a value from 0 to 1.")
        if not 0.0 <= self.forms <= 1.0:
            raise OptionError(f"forms is {self.forms}", hint="Choose a share from 0 to 1.")
        if not 0.0 <= self.missing < 1.0:
            raise OptionError(f"missing is {self.missing}", hint="Choose a chance from 0 to below 1.")


def examples_of(projections: Iterable[Projection], options: NoiseOptions | None = None) -> list[Example]:
    """Make examples of projections.

    Args:
        projections: What was projected. Those with an error are left out: they are unlabelled.
        options: How labels are taken.

    Returns:
        An example for each projection that is left, in order. Spans have their confidence as score.

    Example:
        >>> from crosspan.core.types import DroppedSpan, ProjectedSpan
        >>> sentence = Sentence(("Leo", "Nakato", "yagenze", "Gulu"), (Span(0, 2, "PER", 0.9),))
        >>> link = ProjectedSpan(Span(0, 2, "PER"), sentence.spans[0], 0.9)
        >>> dropped = DroppedSpan(Span(4, 5, "LOC"), "no_link")
        >>> examples_of([Projection(sentence, (link,), (dropped,))])[0].unobserved
        (3,)
    """
    options = options or NoiseOptions()
    return with_open_forms(examples_apart(projections, options), options)


def examples_apart(projections: Iterable[Projection], options: NoiseOptions) -> list[Example]:
    """Make examples of a part of a corpus, each from what is known of itself; see :func:`examples_of`."""
    return [
        _example(projection, options)
        for projection in check_projections("projections", projections)
        if projection.error is None and not (projection.dropped and options.dropped == "leave-out")
    ]


def with_open_forms(examples: Sequence[Example], options: NoiseOptions, gold: Sequence[Example] = ()) -> list[Example]:
    """Leave words open that are unlabelled here and labelled elsewhere; see ``forms`` of :class:`NoiseOptions`.

    Args:
        examples: All examples of a corpus that come from projections.
        options: How labels are taken.
        gold: Examples with sure labels, which count as well.

    Example:
        >>> one, other = Example(Sentence(("mu", "Gulu"), (Span(1, 2, "LOC"),))), Example(Sentence(("e", "Gulu")))
        >>> with_open_forms([one, other], NoiseOptions(forms=0.5))[1].unobserved
        (1,)
    """
    if not options.forms:
        return list(examples)
    uses: Counter[str] = Counter()
    labelled: Counter[str] = Counter()
    for example in (*examples, *gold):
        inside = _labelled_tokens(example)
        for token, form in _capitalised(example):
            uses[form] += 1
            labelled[form] += token in inside
    doubtful = {form for form, count in labelled.items() if count and count >= options.forms * uses[form]}
    found = []
    for example in examples:
        inside = _labelled_tokens(example)
        more = {token for token, form in _capitalised(example) if form in doubtful and token not in inside}
        if more:
            example = replace(example, unobserved=tuple(sorted({*example.unobserved, *more})))
        found.append(example)
    return found


def _labelled_tokens(example: Example) -> set[int]:
    return {token for span in example.sentence.spans for token in range(span.start, span.end)}


def _capitalised(example: Example) -> list[tuple[int, str]]:
    """The words that begin with a capital, or with a letter of a script without case, and their forms."""
    words = composed(example.sentence.tokens)
    return [(at, word.casefold()) for at, word in enumerate(words) if word[:1].isalpha() and not word[0].islower()]


def _example(projection: Projection, options: NoiseOptions) -> Example:
    sentence = projection.sentence
    confidence = {link.target: link.confidence for link in projection.links}
    spans: list[Span] = []
    unobserved: set[int] = set()
    for span in sentence.spans:
        sure = confidence.get(span, 1.0 if span.score is None else span.score)
        if sure < options.min_confidence:
            unobserved.update(range(span.start, span.end))
        else:
            spans.append(replace(span, score=sure))
    unobserved.update(token for link in projection.unobserved for token in range(link.target.start, link.target.end))
    if options.names or (projection.dropped and options.dropped == "names"):
        labelled = {token for span in sentence.spans for token in range(span.start, span.end)}
        unobserved.update(token for token in name_like(sentence.tokens) if token not in labelled)
    weight = 1.0
    if options.weight and sentence.spans:
        weight = sum(confidence.get(span, 1.0) for span in sentence.spans) / len(sentence.spans)
    return Example(
        Sentence(sentence.tokens, tuple(spans), sentence.id, sentence.lang, sentence.text, sentence.offsets),
        max(weight, 0.01),
        tuple(sorted(unobserved)),
        options.missing,
    )


def name_like(tokens: Sequence[str]) -> list[int]:
    """Tokens that begin with a capital, other than the first word; where the script has no capitals, all with a letter.

    Example:
        >>> name_like(("Kale", "Kampala", "ne", "Gulu"))
        [1, 3]
    """
    cased = any(token != token.lower() or token != token.upper() for token in tokens)
    if not cased:
        return [index for index, token in enumerate(tokens) if any(map(str.isalpha, token))]
    words = [index for index, token in enumerate(tokens) if any(map(str.isalpha, token))]
    return [index for index in words[1:] if tokens[index][:1].isupper()]
