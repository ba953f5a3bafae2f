"""Translation by a chat model behind an HTTP address in the manner of OpenAI: vLLM, Ollama, llama.cpp and others."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from crosspan.core.errors import OptionError
from crosspan.core.options import with_settings
from crosspan.translate import Advance, Translation
from crosspan.translate.chat import Answer, ChatClient, ChatOptions, with_model
from crosspan.translate.chat_answers import bare_answer
from crosspan.translate.languages import spoken_name

PROMPT = (
    "Translate the following text from {source} to {target}. Answer with the translation only, on one line, and keep "
    "tags, brackets and numbers as they are.\n\n{text}"
)
_QUOTES = ('""', "“”", "«»", "„“", "''")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIOptions(ChatOptions):
    """Settings of :class:`OpenAITranslator`: those of :class:`~crosspan.translate.chat.ChatOptions`, and what is asked.

    Args:
        prompt: What is asked; {source} and {target} stand for the languages, {text} for the text.
        system: A message to the model before it.

    Raises:
        OptionError: A setting cannot have its value.
    """

    prompt: str = PROMPT
    system: str = ""

    def __post_init__(self) -> None:
        ChatOptions.__post_init__(self)
        if "{text}" not in self.prompt:
            raise OptionError("the prompt has no place for the text", hint="Write {text} where it should stand.")


class OpenAITranslator:
    """A :class:`~crosspan.translate.Translator` that asks a chat model. It gives no scores.

    Args:
        model: Name of the model on the server.
        threads: Not used; see ``concurrency``.
        options: Settings; ``model`` above comes first where both name one.
        settings: Single settings by name, instead of ``options``.

    Raises:
        OptionError: There is no such setting, no model is named, or the key is none.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "",
        *,
        threads: int | None = None,
        options: OpenAIOptions | None = None,
        **settings: Any,
    ) -> None:
        chosen = with_settings(options or OpenAIOptions(), settings)
        self.options = chosen
        plain = ChatOptions(**{field.name: getattr(chosen, field.name) for field in fields(ChatOptions)})
        self.client = ChatClient(with_model(plain, os.fspath(model)))

    def translate(
        self, texts: Sequence[str], *, source: str, target: str, advance: Advance | None = None
    ) -> list[Translation]:
        """Translate texts; see :class:`crosspan.translate.Translator`.

        Raises:
            UnavailableError: Nothing answers at the address, it stays busy, refuses the key, or has no such model.
        """
        languages = {"{source}": spoken_name(source), "{target}": spoken_name(target)}
        work = [index for index, text in enumerate(texts) if text.strip()]
        skipped = len(texts) - len(work)
        counted = None if advance is None else (lambda done, _: advance(done + skipped, len(texts)))
        answers = self.client.complete([self._messages(texts[at], languages) for at in work], advance=counted)
        results = [Translation("") for _ in texts]
        for index, answer in zip(work, answers, strict=True):
            results[index] = translation_in(texts[index], answer)
        return results

    def _messages(self, text: str, languages: dict[str, str]) -> list[dict[str, str]]:
        asked = self.options.prompt
        for mark, name in languages.items():
            asked = asked.replace(mark, name)
        messages = [{"role": "user", "content": asked.replace("{text}", text)}]
        return [{"role": "system", "content": self.options.system}, *messages] if self.options.system else messages


def translation_in(text: str, answer: Answer) -> Translation:
    r"""The translation in the answer of a model.

    Thoughts in ``<think>`` are left out, and so are quotes and fences around the whole that the text does not have.

    Args:
        text: What was to be translated.
        answer: The answer.

    Example:
        >>> translation_in("Ada lives.", Answer('<think>Hm.</think>\n"Ada anaishi."')).text
        'Ada anaishi.'
    """
    found = bare_answer(answer.text)
    for pair in _QUOTES:
        quoted = len(found) > 2 and found[0] == pair[0] and found[-1] == pair[1]
        if quoted and not text.strip().startswith(pair[0]) and pair[1] not in found[1:-1]:
            found = found[1:-1].strip()
            break
    lines = [line.strip() for line in found.splitlines() if line.strip()]
    problem = answer.problem
    if len(lines) > max(1, len(text.splitlines())):
        problem = problem or "the answer has several lines"
    return Translation(" ".join(lines), problem=problem, final=answer.final)
