"""From entities as a language model names them to exact spans of a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from crosspan.core.json_text import parse_json
from crosspan.core.types import Sentence, Span
from crosspan.text.mentions import Match, find_mention
from crosspan.translate.chat_answers import bare_answer

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "absent": "the text does not say it",
        "repeated": "it is named more often than the text says it",
        "overlap": "its words belong to another entity",
        "label": "its label was not asked for",
        "form": "it is no text with a label",
    }
)
"""Why something that a model named is no entity of the sentence."""


@dataclass(frozen=True, slots=True)
class UnplacedAnswer:
    """Something that a model named and that is no entity of the sentence.

    Args:
        text: What it said.
        label: What it called it.
        reason: Why it is none: a key of :data:`REASONS`.
    """

    text: str
    label: str
    reason: str


def entities_in(reply: str) -> list[Any]:
    """The entities that a model's answer lists, in whatever form each of them is.

    Thoughts and fences around the list do not matter, nor does an object around it that holds nothing else.

    Args:
        reply: The answer.

    Raises:
        ValueError: It is no list; the error says why.

    Example:
        >>> entities_in('{"entities": [{"text": "Accra", "label": "LOC"}]}')
        [{'text': 'Accra', 'label': 'LOC'}]
    """
    found = parse_json(bare_answer(reply))
    if isinstance(found, dict) and len(found) == 1:
        (found,) = found.values()
    if not isinstance(found, list):
        raise ValueError("it is no list")
    return found


def spans_of(
    sentence: Sentence, named: Sequence[Any], labels: Mapping[str, str], *, how: Match = "folded"
) -> tuple[tuple[Span, ...], tuple[UnplacedAnswer, ...]]:
    """Find the places of what a model named.

    Each has one place. Longer ones choose first, so that ``New York`` does not take the words of ``New York Times``;
    what is named several times takes its places in the order of the text. Nothing is labelled that was not named, and
    nothing that is named is guessed at.

    Args:
        sentence: The sentence.
        named: What was named: ``{"text": …, "label": …}`` each, in the order of the text.
        labels: What to call a label as the model writes it, in small letters.
        how: What counts as being said; see :func:`crosspan.text.mentions.find_mention`.

    Returns:
        The spans in order, and what has no place.

    Example:
        >>> sentence = Sentence(tuple("The New York Times left New York".split()))
        >>> said = [("New York", "loc"), ("New York Times", "ORG"), ("Boston", "LOC")]
        >>> named = [{"text": text, "label": label} for text, label in said]
        >>> spans, others = spans_of(sentence, named, {"loc": "LOC", "org": "ORG"})
        >>> [(sentence.text_of(span), span.label) for span in spans], others[0].reason
        ([('New York Times', 'ORG'), ('New York', 'LOC')], 'absent')
    """
    wanted: list[tuple[str, str]] = []
    unplaced: list[UnplacedAnswer] = []
    for one in named:
        text, label = (one.get("text"), one.get("label")) if isinstance(one, dict) else (None, None)
        if not isinstance(text, str) or not isinstance(label, str):
            unplaced.append(UnplacedAnswer(str(text or one), str(label or ""), "form"))
        elif label.strip().casefold() not in labels:
            unplaced.append(UnplacedAnswer(text, label, "label"))
        else:
            wanted.append((text, labels[label.strip().casefold()]))
    taken: dict[tuple[int, int], str] = {}
    spans = []
    for text, label in sorted(wanted, key=lambda one: -len(one[0].strip())):
        places = [(start, end) for start, end, _ in find_mention(sentence, text, how=how)]
        free = [place for place in places if all(place[1] <= one[0] or one[1] <= place[0] for one in taken)]
        if free:
            taken[free[0]] = text
            spans.append(Span(*free[0], label))
        else:
            again = bool(places) and all(taken.get(place) == text for place in places)
            unplaced.append(UnplacedAnswer(text, label, "repeated" if again else "overlap" if places else "absent"))
    return tuple(sorted(spans)), tuple(unplaced)
