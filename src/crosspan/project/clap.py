"""Contextual translation of entities by a language model (CLaP, Parekh et al. 2024).

*Contextual Label Projection for Cross-Lingual Structured Prediction* (NAACL 2024) translates a sentence first, and
then asks an instruction-following model for the translation of each entity *as it stands in that translation*, which
is found there by exact match. No links are needed.

We depart from the paper in what is found and how it is chosen: all places where an answer stands are considered, and
each entity gets one of its own (:func:`crosspan.project.match.match`), so that neither of two entities of the same
name is lost. The source sentence is shown to the model too, which ``show_source`` switches off. The prompt and its
examples are our own. Matches that leave case and spelling aside can be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Annotated, Any

import numpy as np

from crosspan.core.locks import Lock
from crosspan.core.options import Above, AtMost, Within, with_settings
from crosspan.core.types import Alignment, DroppedSpan, Pair, Projection, Sentence
from crosspan.project.batch import PairBatch
from crosspan.project.clap_prompt import EXAMPLES, Message, PromptExample, answers_in, conversation
from crosspan.project.match import match
from crosspan.project.results import Reason, SpanResult, assemble
from crosspan.text.mentions import Match, find_mention, text_of
from crosspan.translate.chat import CUT_OFF, Chat, ChatClient, ChatOptions, check_chat
from crosspan.translate.languages import spoken_name

REASONS = {
    "filtered:clap_absent": "the model says that it is not in the translation, or gave no answer",
    "filtered:clap_unmatched": "the answer of the model is not in the translation",
    "filtered:clap_incomplete": "the sentence was given up, as not all its entities were found",
    "overlap": "its words belong to another entity",
    "error": "the model could not be asked",
}
"""Why a source span has no place in the target."""

_FILTERS = ("clap_absent", "clap_unmatched")
_ORDER = 0.001
_LENGTH = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class ClapOptions(ChatOptions):
    """Options of contextual translation: those of :class:`~crosspan.translate.chat.ChatOptions`, and how it asks.

    Args:
        source_lang: Language of the sources, as the model is told; by default that of each sentence, where it is known.
        target_lang: Language of the translations, likewise.
        match: exact takes an answer where it stands letter for letter; folded leaves case and composition of accents
            aside as well; fuzzy also takes words that are alike.
        similarity: The least similarity for fuzzy, from 0 to 1.
        match_filter: Give up sentences of which an entity is not found, as the paper does for training data.
        shots: How many examples the model is shown, 0 to 4.
        together: Ask for all entities of a sentence at once: fewer requests, less exact.
        show_source: Show the model the source sentence too, not the translation alone.

    Raises:
        OptionError: A setting cannot have its value.
    """

    source_lang: str = ""
    target_lang: str = ""
    match: Match = "exact"
    similarity: Annotated[float, Above(0), AtMost(1)] = 0.8
    match_filter: bool = True
    shots: Annotated[int, Within(0, len(EXAMPLES))] = 2
    together: bool = False
    show_source: bool = True

    def __post_init__(self) -> None:
        ChatOptions.__post_init__(self)


class ClapProjector:
    """Finds entities in translations by asking a language model.

    Links are not looked at; a pair without any (``None``) is an error, as for every projector. Nothing is asked, and
    no cache is opened, before :meth:`project`.

    Args:
        options: Which model, and how answers are matched.
        client: Asks the model; by default one for the server of ``options``.
        examples: Shown instead of those that come along; ``options.shots`` says how many.
        settings: Single settings by name, instead of ``options``.

    Raises:
        OptionError: No client is given, and no model named, or the key is none.

    Example:
        >>> from crosspan.core.types import Span
        >>> from crosspan.translate.chat import Answer
        >>> class Knows:
        ...     def complete(self, prompts, *, advance=None):
        ...         return [Answer("Acra") for _ in prompts]
        >>> pair = Pair(Sentence(("in", "Accra"), (Span(1, 2, "LOC"),)), Sentence(("en", "Acra")))
        >>> projector = ClapProjector(ClapOptions(), client=Knows())
        >>> projector.project([pair], [Alignment.from_links([])])[0].sentence.tags()
        ['O', 'B-LOC']
    """

    def __init__(
        self,
        options: ClapOptions | None = None,
        *,
        client: Chat | None = None,
        examples: Sequence[PromptExample] = EXAMPLES,
        **settings: Any,
    ) -> None:
        self.options = with_settings(options or ClapOptions(), settings)
        if client is None:
            check_chat(self.options)
        self.examples = tuple(examples)[: self.options.shots]
        self._client = client
        self._loading = Lock()

    def count(self, pairs: Sequence[Pair]) -> None:
        """Do nothing: each sentence is worked on by itself."""

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Do nothing: each sentence is worked on by itself."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Ask for every entity, and find the answers in the targets.

        Raises:
            UnavailableError: The server cannot be reached or refuses to work.
        """
        batch = PairBatch.build(pairs, alignments)
        asked = {
            index: list(dict.fromkeys(_surfaces(pair.source)))
            for index, pair in enumerate(pairs)
            if index not in batch.errors and pair.source.spans and pair.target.tokens
        }
        answers, failures = self._answers(pairs, asked)
        failures.update(
            {index: "the target has no words" for index, pair in enumerate(pairs) if not pair.target.tokens}
        )
        result = self._matched(batch, pairs, answers)
        projections = assemble(batch, pairs, result, filters=_FILTERS)
        for index in failures.keys() - batch.errors.keys():
            projections[index] = _unlabelled(projections[index], failures[index], "error")
        if self.options.match_filter:
            projections = [_complete(projection) for projection in projections]
        return projections

    # -- asking

    def _answers(
        self, pairs: Sequence[Pair], asked: dict[int, list[str]]
    ) -> tuple[dict[int, dict[str, str]], dict[int, str]]:
        """For each sentence the answer for each entity; and the sentences for which the model could not be asked."""
        requests: list[tuple[int, list[str]]] = []
        for index, names in asked.items():
            requests += [(index, names)] if self.options.together else [(index, [name]) for name in names]
        if not requests:
            return {}, {}
        conversations = [self._conversation(pairs[index], names) for index, names in requests]
        replies = self._chat().complete(conversations)
        answers: dict[int, dict[str, str]] = {index: {} for index in asked}
        failures: dict[int, str] = {}
        for (index, names), reply in zip(requests, replies, strict=True):
            whole = reply.problem is None or (
                reply.problem == CUT_OFF and len(names) == 1 and "\n" in reply.text.strip()
            )
            if whole:  # what a model adds below its answer does not matter
                answers[index].update(zip(names, answers_in(reply.text, len(names)), strict=True))
            else:
                failures[index] = f"the model gave no answer: {reply.problem}"
        return answers, failures

    def _conversation(self, pair: Pair, names: list[str]) -> list[Message]:
        return conversation(
            text_of(pair.source)[0] if self.options.show_source else "",
            text_of(pair.target)[0],
            names,
            source_lang=spoken_name(self.options.source_lang or pair.source.lang),
            target_lang=spoken_name(self.options.target_lang or pair.target.lang),
            examples=self.examples,
        )

    def _chat(self) -> Chat:
        with self._loading:
            if self._client is None:
                server = {field.name: getattr(self.options, field.name) for field in fields(ChatOptions)}
                self._client = ChatClient(ChatOptions(**server))
            return self._client

    # -- matching

    def _matched(self, batch: PairBatch, pairs: Sequence[Pair], answers: dict[int, dict[str, str]]) -> SpanResult:
        span: list[int] = []
        places: list[tuple[int, int, float, float]] = []
        absent = np.zeros(batch.n_spans, np.bool_)
        row = -1
        for index, pair in enumerate(pairs):
            for entity, surface in zip(pair.source.spans, _surfaces(pair.source), strict=True):
                row += 1
                answer = answers.get(index, {}).get(surface, "")
                absent[row] = not answer
                if not answer:
                    continue
                moved = entity.start / len(pair.source)
                for start, end, alike in find_mention(
                    pair.target, answer, how=self.options.match, least=self.options.similarity
                ):
                    far = abs(start / len(pair.target) - moved)
                    places.append((start, end, alike, alike - _ORDER * far + _LENGTH * (end - start)))
                    span.append(row)
        table = np.array(places, np.float64).reshape(-1, 4)
        first, last = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
        matching = match(batch.span_ptr, np.array(span, np.int32), first, last, table[:, 3])
        found = matching.result(first, last, table[:, 2])
        reason = found.reason.copy()
        nowhere = reason == Reason.NO_LINK
        reason[nowhere] = Reason.FILTERED + _FILTERS.index("clap_unmatched")
        reason[nowhere & absent] = Reason.FILTERED + _FILTERS.index("clap_absent")
        return replace(found, reason=reason)


def _surfaces(sentence: Sentence) -> list[str]:
    text, offsets = text_of(sentence)
    return [text[offsets[span.start][0] : offsets[span.end - 1][1]] for span in sentence.spans]


def _complete(projection: Projection) -> Projection:
    """The match filter: give a sentence up of which an entity is not found."""
    if projection.error is not None or not projection.dropped:
        return projection
    n = len(projection.links) + len(projection.dropped)
    message = f"filtered:clap_incomplete: {len(projection.dropped)} of {n} entities not found"
    return _unlabelled(projection, message, "filtered:clap_incomplete")


def _unlabelled(projection: Projection, message: str, reason: str) -> Projection:
    gone = [DroppedSpan(link.source, reason) for link in projection.links]
    lost = [DroppedSpan(one.source, "error") if reason == "error" else one for one in projection.dropped]
    dropped = tuple(sorted([*lost, *gone], key=lambda one: one.source))
    return Projection(replace(projection.sentence, spans=()), (), dropped, message)
