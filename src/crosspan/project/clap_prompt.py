"""What a language model is asked for contextual translation, and what is read from its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import regex

from crosspan.translate.chat_answers import bare_answer

Message = dict[str, str]

ABSENT = "NONE"
"""What the model answers where the entity is not in the translation."""

_SYSTEM = (
    "You find the translation of a name or phrase in a translated sentence. "
    "You answer with words of that sentence exactly as they stand there, and with nothing else."
)
_NUMBERED = regex.compile(r"^\s*(\d+)\s*[.:)\-]\s*(.*?)\s*$")
_LABEL = regex.compile(r"^\s*(?:\p{L}+ )?(?:answer|translation)\s*:\s*", flags=regex.IGNORECASE)
_FENCE = regex.compile(r"^```\w*$")
_QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ("“", "”"),
    ("‘", "’"),
    ("«", "»"),
    ("„", "“"),
    ("「", "」"),
    ("`", "`"),
    ("**", "**"),
)


@dataclass(frozen=True, slots=True)
class PromptExample:
    """An example that is shown to the model.

    Args:
        source: A sentence.
        target: Its translation.
        entities: Words of the source, each with those that stand for them in the translation.
        source_lang: Name of the language of the source.
        target_lang: Name of the language of the translation.
    """

    source: str
    target: str
    entities: tuple[tuple[str, str], ...]
    source_lang: str = "English"
    target_lang: str = ""


EXAMPLES = (
    PromptExample(
        "The prime minister of the Netherlands met Lena Hartmann of the United Nations in Geneva.",
        "El primer ministro de los Países Bajos se reunió en Ginebra con Lena Hartmann, de las Naciones Unidas.",
        (("Netherlands", "Países Bajos"), ("United Nations", "Naciones Unidas"), ("Geneva", "Ginebra")),
        target_lang="Spanish",
    ),
    PromptExample(
        "Amina Otieno left Ivory Coast for the World Bank.",
        "Amina Otieno aliondoka Kodivaa na kwenda Benki ya Dunia.",
        (("World Bank", "Benki ya Dunia"), ("Ivory Coast", "Kodivaa"), ("Amina Otieno", "Amina Otieno")),
        target_lang="Swahili",
    ),
    PromptExample(
        "Officials of the Red Cross arrived yesterday.",
        "Gestern kamen Beamte an.",
        (("Red Cross", ABSENT),),
        target_lang="German",
    ),
    PromptExample(
        "Poland's Supreme Court rejected the claim of Gdansk.",
        "Das Oberste Gericht Polens wies die Klage Danzigs ab.",
        (("Supreme Court", "Oberste Gericht"), ("Poland", "Polens"), ("Gdansk", "Danzigs")),
        target_lang="German",
    ),
)
"""Written by hand; in this order they show a plain case, several words, an entity that is missing, and inflection."""


def conversation(
    source: str,
    target: str,
    entities: Sequence[str],
    *,
    source_lang: str = "",
    target_lang: str = "",
    examples: Sequence[PromptExample] = (),
) -> list[Message]:
    """The messages that ask for the words of a translation that stand for entities of its source.

    Args:
        source: The source sentence; empty shows the translation alone.
        target: Its translation.
        entities: What to find: one, or several, which are numbered.
        source_lang: English name of the language of the source, where it is known.
        target_lang: English name of the language of the translation.
        examples: Shown before, each as a question with its answer.

    Example:
        >>> conversation("Ada left Accra.", "Ada salió de Acra.", ["Accra"])[-1]["content"].splitlines()[-1]
        'Which words of the translation stand for "Accra"? If none do, answer NONE.'
    """
    messages = [{"role": "system", "content": _SYSTEM}]
    for example in examples:
        pairs = example.entities if len(entities) > 1 else example.entities[:1]
        question = _question(
            example.source if source else "",
            example.target,
            [name for name, _ in pairs],
            source_lang=example.source_lang,
            target_lang=example.target_lang,
            numbered=len(entities) > 1,
        )
        answers = [found for _, found in pairs]
        answer = "\n".join(f"{at}. {found}" for at, found in enumerate(answers, 1)) if len(entities) > 1 else answers[0]
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    content = _question(
        source, target, entities, source_lang=source_lang, target_lang=target_lang, numbered=len(entities) > 1
    )
    return [*messages, {"role": "user", "content": content}]


def _question(
    source: str, target: str, entities: Sequence[str], *, source_lang: str, target_lang: str, numbered: bool
) -> str:
    lines = [f"{source_lang or 'Sentence'}: {source}"] if source else []
    lines.append(f"{target_lang} translation: {target}" if target_lang else f"Translation: {target}")
    if numbered:
        lines += [f"{at}. {entity}" for at, entity in enumerate(entities, 1)]
        lines.append(
            "For each number, which words of the translation stand for it? "
            f"Answer one line each, with its number; {ABSENT} where none do."
        )
    else:
        lines.append(f'Which words of the translation stand for "{entities[0]}"? If none do, answer {ABSENT}.')
    return "\n".join(lines)


def answers_in(reply: str, count: int) -> list[str]:
    r"""Read the answers from what a model wrote.

    Args:
        reply: Its message.
        count: How many were asked for; several are numbered.

    Returns:
        One a question, without thoughts before it and quotation marks around it; empty where the model gave none, or
        said there is none.

    Example:
        >>> answers_in('"Acra"', 1), answers_in("Sure:\n1. Ada\n2) NONE", 3)
        (['Acra'], ['Ada', '', ''])
    """
    lines = [line for line in bare_answer(reply).splitlines() if line.strip() and not _FENCE.match(line.strip())]
    if count == 1:
        numbered = _NUMBERED.match(lines[0]) if lines else None
        first = numbered[2] if numbered and numbered[1] == "1" else lines[0] if lines else ""
        return [_bare(first)]
    found = [""] * count
    for line in lines:
        match = _NUMBERED.match(line)
        if match and 1 <= int(match[1]) <= count and not found[int(match[1]) - 1]:
            found[int(match[1]) - 1] = _bare(match[2])
    return found


def _bare(text: str) -> str:
    text = _LABEL.sub("", text).strip()
    for opening, closing in _QUOTES:
        if len(text) > len(opening) + len(closing) and text.startswith(opening) and text.endswith(closing):
            text = text[len(opening) : -len(closing)].strip()
            break
    return "" if text.strip(" .").upper() == ABSENT else text
