"""Taggers that ask a chat model behind an HTTP address in the manner of OpenAI: vLLM, Ollama, llama.cpp and others.

The model names the entities of a sentence as they stand there, and each is found there again
(:mod:`crosspan.tag.answers`), as contextual translation does it with the words of a translation
(:mod:`crosspan.project.clap`). What it names that is not in the sentence is left out, and told.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.logs import logger_of
from crosspan.core.options import with_settings
from crosspan.core.secrets import hidden
from crosspan.core.types import Float32Array, Sentence
from crosspan.tag import Labelled
from crosspan.tag.answers import REASONS, entities_in, spans_of
from crosspan.tag.crf import relabel
from crosspan.tag.decoding import ToldLabels, parsed_names
from crosspan.tag.smoothing import smoothed
from crosspan.text.mentions import text_of
from crosspan.translate.chat import Answer, Chat, ChatClient, ChatOptions, Message, with_model
from crosspan.translate.languages import spoken_name

SYSTEM = "You find names in text. You answer with JSON, and with nothing else."

PROMPT = (
    "Find all entities of these kinds in the text below:\n{labels}\n"
    'Answer with a JSON list that has {"text": …, "label": …} for each time one is mentioned, in order of the text. '
    "Copy what the text says exactly, without articles or titles before it. If there is none, answer [].\n\n"
    "{language}: {text}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAITaggerOptions(ChatOptions):
    """Settings of :class:`OpenAITagger`: those of :class:`~crosspan.translate.chat.ChatOptions`, and what is asked.

    Args:
        labels: Kinds of entity as the model is told them, in as many words as it needs, and what they are called here.
        match: exact takes what the model names where it stands letter for letter; folded leaves case and composition of
            accents aside as well.
        prompt: What is asked; {labels} stands for the kinds, {language} for the name of the language, {text} for the
            text.
        system: A message to the model before it.

    Raises:
        OptionError: A setting cannot have its value.
    """

    labels: tuple[str, ...] = (
        "name of a person=PER",
        "name of a place (country or city or river or mountain …)=LOC",
        "name of an organisation (company or party or team or authority …)=ORG",
    )
    match: Literal["exact", "folded"] = "folded"
    prompt: str = PROMPT
    system: str = SYSTEM

    def __post_init__(self) -> None:
        ChatOptions.__post_init__(self)
        if not self.labels:
            raise OptionError("no kind of entity is named", hint="Set labels, such as person=PER,city=LOC.")
        parsed_names(self.labels)
        if "{text}" not in self.prompt:
            raise OptionError("the prompt has no place for the text", hint="Write {text} where it should stand.")


class OpenAITagger(ToldLabels):
    """A :class:`~crosspan.tag.Tagger` that asks a chat model.

    The ``score`` of its spans is ``None``, as the model does not say how sure it is.

    Args:
        model: Name of the model on the server.
        threads: Not used; see ``concurrency``.
        options: Settings; ``model`` above comes first where both name one.
        client: Asks the model; by default one for the server of ``options``.
        settings: Single settings by name, instead of ``options``.

    Raises:
        OptionError: There is no such setting, no model is named, or the key is none.
        OutputError: The cache cannot be opened.

    Example:
        >>> class Knows:
        ...     def complete(self, prompts, *, advance=None):
        ...         return [Answer('[{"text": "Accra", "label": "LOC"}, {"text": "Lagos", "label": "LOC"}]')]
        >>> tagger = OpenAITagger("any", client=Knows())
        >>> (found,) = tagger.labelled([Sentence(("in", "Accra"))])
        >>> found.sentence.tags(), found.unplaced[0].text, found.unplaced[0].reason
        (['O', 'B-LOC'], 'Lagos', 'absent')
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: OpenAITaggerOptions | None = None,
        client: Chat | None = None,
        **settings: Any,
    ) -> None:
        self.options = with_settings(options or OpenAITaggerOptions(), settings)
        plain = ChatOptions(**{field.name: getattr(self.options, field.name) for field in fields(ChatOptions)})
        chat = with_model(plain, os.fspath(model))
        self.name = chat.model
        self.client = client or ChatClient(chat)
        super().__init__(self.options.labels)
        self._spoken = {word.casefold(): label for told, label in self._names.items() for word in (told, label)}
        self._kinds = "\n".join(f"- {label}: {told}" for told, label in self._names.items())

    def tag(self, sentences: Sequence[Sentence]) -> list[Sentence]:
        """Label sentences; see :class:`~crosspan.tag.Tagger`. Spans have no score.

        Raises:
            ModelError: There is no answer for a sentence, or none that can be read; :meth:`labelled` tells which.
            UnavailableError: Nothing answers at the address, it stays busy, refuses the key, or has no such model.
        """
        found = self.labelled(sentences)
        for one in found:
            if one.problem is not None:
                raise ModelError(one.problem, where=self.name, hint="Ask another model, or leave the sentence out.")
        return [one.sentence for one in found]

    def labelled(self, sentences: Sequence[Sentence]) -> list[Labelled]:
        """Label sentences, and tell which could not be, and what the model named that is not there.

        Args:
            sentences: What to label; labels they have are replaced.

        Raises:
            UnavailableError: Nothing answers at the address, it stays busy, refuses the key, or has no such model.
        """
        asked = [sentence for sentence in sentences if sentence.tokens]
        answers = iter(self.client.complete([self._messages(sentence) for sentence in asked]))
        found = [self._read(one, next(answers)) if one.tokens else Labelled(relabel(one, ())) for one in sentences]
        reasons = Counter(gone.reason for one in found for gone in one.unplaced)
        for reason, count in sorted(reasons.items()):
            logger_of(__name__).info("%d of what %s named are left out: %s", count, self.name, REASONS[reason])
        return found

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The chosen tag of each token as a smoothed one-hot row: see :mod:`crosspan.tag.smoothing`."""
        return [smoothed(sentence, self.tags, self.name) for sentence in self.tag(sentences)]

    def _messages(self, sentence: Sentence) -> list[Message]:
        asked = self.options.prompt.replace("{labels}", self._kinds)
        asked = asked.replace("{language}", spoken_name(sentence.lang) or "Text")
        messages: list[Message] = [{"role": "user", "content": asked.replace("{text}", text_of(sentence)[0])}]
        return [{"role": "system", "content": self.options.system}, *messages] if self.options.system else messages

    def _read(self, sentence: Sentence, answer: Answer) -> Labelled:
        plain = relabel(sentence, ())
        if answer.problem is not None:
            return Labelled(plain, f"the model gave no answer: {hidden(answer.problem)}")
        try:
            named = entities_in(answer.text)
        except ValueError as error:
            return Labelled(plain, f"the answer of the model cannot be read ({error})")
        spans, unplaced = spans_of(sentence, named, self._spoken, how=self.options.match)
        return Labelled(relabel(sentence, spans), unplaced=unplaced)
