"""Translates labelled sentences, labels and all, by way of markers (EasyProject, Chen et al. 2023).

In both directions:

- :func:`translate_marked` makes labelled sentences of another language out of labelled ones: data to train on.
- :func:`back_translate` takes translations *of* a language that were labelled, and translates them *back* with their
  labels. The result is aligned with the original sentence, target to target, which is easier than across languages:
  what Politov et al. (2025) call back-translation. :func:`compose` then tells what became of each entity on both
  legs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from crosspan.core.errors import ModelError, PairError
from crosspan.core.types import DroppedSpan, Pair, ProjectedSpan, Projection, Sentence
from crosspan.project.marker_options import MarkerOptions
from crosspan.project.marker_recovery import failed, recover
from crosspan.project.markers import Marked, MarkerStyle, insert_markers
from crosspan.text.mentions import stripped
from crosspan.translate.soundness import problem_of

if TYPE_CHECKING:
    from crosspan.translate import Translation, Translator

Advance = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class MarkedTranslation:
    """A labelled sentence and what became of it in translation.

    Args:
        source: The sentence that was translated.
        marked: Its text with markers, as the translator got it.
        translation: What came back, markers and all.
        projection: The labelled translation; every span of ``source`` is in its links or dropped, with a reason.
    """

    source: Sentence
    marked: str
    translation: str
    projection: Projection

    @property
    def sentence(self) -> Sentence:
        """The labelled translation."""
        return self.projection.sentence

    @property
    def error(self) -> str | None:
        """Why there is none, or why it was given up; such a sentence is unlabelled, not free of entities."""
        return self.projection.error


def translate_marked(
    sentences: Sequence[Sentence],
    translator: Translator,
    *,
    source_lang: str,
    target_lang: str,
    options: MarkerOptions | None = None,
    advance: Advance | None = None,
) -> list[MarkedTranslation]:
    """Translate labelled sentences with their labels.

    The translator is called twice: with all sentences, and with every different entity by itself.

    Args:
        sentences: Labelled sentences.
        translator: Any translator. For the markers ``tags`` its method ``translate_tagged`` is used, where it has one:
            such a translator keeps inline tags by itself, as ``apertium`` does.
        source_lang: Language of the sentences.
        target_lang: Language to translate to.
        options: Which markers, and how careful to be.
        advance: Called with texts translated and all there are.

    Returns:
        One a sentence, in order. A sentence that has no words, or no translation to trust, has an error.

    Raises:
        OptionError: The translator does not know a language, or the options do not go together.
        ModelError: The translator failed, or gave another number of texts than it got.

    Example:
        >>> from crosspan.translate import Translation
        >>> from crosspan.core.types import Span
        >>> class ToSpanish:
        ...     words = {"left": "salió de", "Accra": "Acra"}
        ...
        ...     def translate(self, texts, *, source, target, advance=None):
        ...         found = []
        ...         for text in texts:
        ...             for word, other in self.words.items():
        ...                 text = text.replace(word, other)
        ...             found.append(Translation(text))
        ...         return found
        >>> sentence = Sentence(("Ada", "left", "Accra"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
        >>> found = translate_marked([sentence], ToSpanish(), source_lang="en", target_lang="es")[0]
        >>> found.translation, found.sentence.tags()
        ('[Ada] salió de [Acra]', ['B-PER', 'O', 'O', 'B-LOC'])
    """
    options = options or MarkerOptions()
    style = style_for(translator, options)
    marked = [insert_markers(sentence, style) for sentence in sentences]
    filled = [index for index, one in enumerate(marked) if one.plain.strip()]
    names = list(dict.fromkeys(one.surface(at) for one in marked for at in range(len(one.entities))))
    if not options.entity_wise:
        names = []
    total = len(filled) + len(names)

    def call(texts: list[str], done: int, *, tagged: bool) -> list[Translation]:
        def moved(now: int, _: int) -> None:
            if advance is not None:
                advance(done + now, total)

        method = _tagged_method(translator) if tagged else None
        return _called(method or translator.translate, texts, source_lang, target_lang, moved)

    whole = dict(zip(filled, call([marked[index].text for index in filled], 0, tagged=style == "tags"), strict=True))
    alone = dict(zip(names, call(names, len(filled), tagged=False), strict=True))
    problems = {index: _problem(one.text, whole.get(index)) for index, one in enumerate(marked)}
    sound = [index for index, problem in problems.items() if problem is None]
    expected = (
        [[_as_part(alone[name], name) for name in _surfaces(marked[index])] for index in sound] if names else None
    )
    found = recover(
        [marked[index] for index in sound],
        [whole[index].text for index in sound],
        expected,
        options,
        lang=target_lang,
        ids=[sentences[index].id for index in sound],
    )
    projections = dict(zip(sound, found, strict=True))
    for index, problem in problems.items():
        if problem is not None:
            text = whole[index].text if index in whole else ""
            projections[index] = failed(marked[index], problem, text, lang=target_lang, id=sentences[index].id)
    texts = [whole[index].text if index in whole else "" for index in range(len(marked))]
    return [
        MarkedTranslation(sentence, one.text, texts[index], projections[index])
        for index, (sentence, one) in enumerate(zip(sentences, marked, strict=True))
    ]


def back_translate(
    tagged: Sequence[Sentence],
    originals: Sequence[Sentence],
    translator: Translator,
    *,
    source_lang: str,
    target_lang: str,
    options: MarkerOptions | None = None,
    advance: Advance | None = None,
) -> tuple[list[Pair], list[MarkedTranslation]]:
    """Translate labelled translations back, to be aligned with the sentences they are translations of.

    Args:
        tagged: Translations, labelled by a tagger of their language (mostly English).
        originals: The sentences they are translations of, in the same order.
        translator: Translates back.
        source_lang: Language of ``tagged``.
        target_lang: Language of ``originals``.
        options: Which markers, and how careful to be.
        advance: Called with texts translated and all there are.

    Returns:
        Pairs of a labelled back-translation and its original, which any aligner and projector take; and, in the same
        order, what became of the labels on the way. Where ``error`` says that a back-translation is not to be trusted,
        give the projector ``None`` for links, or leave it to :func:`compose`.

    Raises:
        PairError: There are not as many translations as originals.
    """
    if len(tagged) != len(originals):
        raise PairError(
            f"{len(tagged)} translations, but {len(originals)} originals",
            hint="Give the translation of each sentence at the same place.",
        )
    found = translate_marked(
        tagged, translator, source_lang=source_lang, target_lang=target_lang, options=options, advance=advance
    )
    return [Pair(one.sentence, original) for one, original in zip(found, originals, strict=True)], found


def compose(first: Projection, second: Projection) -> Projection:
    """What became of the spans of a first sentence, by way of a second, in a third.

    Args:
        first: From the first sentence to the second.
        second: From the second sentence to the third.

    Returns:
        From the first to the third: a span dropped on either leg is dropped, with the reason it has there; the
        confidence is the product of both. An error on either leg is an error of the whole.

    Example:
        >>> from crosspan.core.types import Span
        >>> english, back, target = Span(3, 4, "LOC"), Span(0, 1, "LOC", 0.8), Span(2, 3, "LOC", 0.5)
        >>> one = Projection(Sentence(("Accra",), (back,)), (ProjectedSpan(english, back, 0.8),))
        >>> two = Projection(Sentence(("a", "b", "Accra"), (target,)), (ProjectedSpan(back, target, 0.5),))
        >>> compose(one, two).links[0].source, compose(one, two).links[0].confidence
        (Span(start=3, end=4, label='LOC', score=None), 0.4)
    """
    error = first.error or second.error
    if error is not None:
        spans = sorted([*(link.source for link in first.links), *(one.source for one in first.dropped)])
        was = {one.source: one.reason for one in first.dropped}
        dropped = tuple([DroppedSpan(span, was.get(span, "error")) for span in spans])
        return Projection(replace(second.sentence, spans=()), (), dropped, error)
    links: list[ProjectedSpan] = []
    lost = list(first.dropped)
    reasons = {one.source: one.reason for one in second.dropped}
    for link in first.links:
        onward = [other for other in second.links if other.source == link.target]
        for other in onward:
            sure = link.confidence * other.confidence
            links.append(ProjectedSpan(link.source, replace(other.target, score=sure), sure))
        if not onward:
            lost.append(DroppedSpan(link.source, reasons.get(link.target, "error")))
    sentence = replace(second.sentence, spans=tuple([link.target for link in links]))
    return Projection(sentence, tuple(links), tuple(sorted(lost, key=lambda one: one.source)))


def style_for(translator: Translator, options: MarkerOptions) -> MarkerStyle:
    """The markers that ``auto`` means: tags where the translator keeps them by itself, else brackets."""
    if options.markers != "auto":
        return cast("MarkerStyle", options.markers)
    return "tags" if _tagged_method(translator) else "brackets"


def _tagged_method(translator: Translator) -> Any:
    """What translates texts with tags: a method of the translator, or of the one that it is put around."""
    inner = getattr(translator, "translator", None)
    return getattr(translator, "translate_tagged", None) or getattr(inner, "translate_tagged", None)


def _called(method: Any, texts: list[str], source: str, target: str, advance: Advance) -> list[Translation]:
    if not texts:
        return []
    found: list[Translation] = method(texts, source=source, target=target, advance=advance)
    if len(found) != len(texts):
        raise ModelError(
            f"the translator gave {len(found)} texts for {len(texts)}",
            hint="Let it give one translation a text, in order.",
        )
    return found


def _problem(source: str, translation: Translation | None) -> str | None:
    if translation is None:
        return "the sentence has no words"
    problem = translation.problem or problem_of(source, translation.text)
    return None if problem is None else f"the translation is not to be trusted: {problem}"


def _surfaces(marked: Marked) -> list[str]:
    return [marked.surface(index) for index in range(len(marked.entities))]


def _as_part(translation: Translation, source: str) -> str:
    """An entity translated by itself, without the full stop that translators like to end with; empty if unsound."""
    text = translation.text.strip()
    if translation.problem is not None:
        return ""
    if source[-1:] not in _STOPS:
        start, end = stripped(text, 0, len(text), lambda char: char in _STOPS)
        return text[start:end] or text
    return text


_STOPS = (".", "。", "।", "։", "።", "۔")
