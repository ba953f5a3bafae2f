"""Two labellings of one text that do not stand line by line: by ids, and by characters where tokens differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from crosspan.core.errors import PairError
from crosspan.core.types import Sentence, Span


def places_by_id(sentences: Sequence[Sentence], name: str) -> dict[str, int]:
    """Where each sentence stands, by its id.

    Args:
        sentences: The sentences.
        name: What to call them in an error.

    Raises:
        PairError: One has no id, or two have the same.

    Example:
        >>> places_by_id([Sentence(("a",), id="s1"), Sentence(("b",), id="s2")], "gold")
        {'s1': 0, 's2': 1}
    """
    places: dict[str, int] = {}
    for index, sentence in enumerate(sentences):
        if sentence.id is None:
            raise PairError(f"sentence {index + 1} has no id", where=name, hint="Sentences are matched by their ids.")
        if sentence.id in places:
            first = places[sentence.id] + 1
            raise PairError(
                f"sentences {first} and {index + 1} have the same id {sentence.id!r}",
                where=name,
                hint="Ids must tell the sentences apart: make them unique, or leave out --by-id.",
            )
        places[sentence.id] = index
    return places


def same_text(one: Sentence, other: Sentence) -> bool:
    """Whether two sentences have the same characters, white space aside.

    Example:
        >>> same_text(Sentence(("don't",)), Sentence(("do", "n't")))
        True
    """
    return one.tokens == other.tokens or _characters(one) == _characters(other)


def in_common_tokens(*sentences: Sentence) -> list[Sentence]:
    """Cut sentences with the same characters wherever one of them is cut, so that their spans can be compared.

    Args:
        sentences: Labellings of one sentence, in any tokens.

    Returns:
        The same with one tokenisation; their spans cover the same characters as before. As they are where they have the
        same tokens already, or not the same characters.

    Example:
        >>> gold, pred = in_common_tokens(
        ...     Sentence(("Accra's", "port"), (Span(0, 1, "LOC"),)),
        ...     Sentence(("Accra", "'s", "port"), (Span(0, 1, "LOC"),)),
        ... )
        >>> gold.tokens, gold.spans[0].end, pred.spans[0].end
        (('Accra', "'s", 'port'), 2, 1)
    """
    first = sentences[0]
    if all(one.tokens == first.tokens for one in sentences):
        return list(sentences)
    text = _characters(first)
    if any(_characters(one) != text or not all(map(str.strip, one.tokens)) for one in sentences):
        return list(sentences)
    cuts = [[0, *accumulate(len("".join(token.split())) for token in one.tokens)] for one in sentences]
    common = sorted({cut for one in cuts for cut in one})
    place = {cut: index for index, cut in enumerate(common)}
    tokens = tuple(text[start:end] for start, end in pairwise(common))
    return [
        replace(
            one,
            tokens=tokens,
            spans=tuple(
                Span(place[own[span.start]], place[own[span.end]], span.label, span.score) for span in one.spans
            ),
            text=None,
            offsets=None,
        )
        for one, own in zip(sentences, cuts, strict=True)
    ]


def _characters(sentence: Sentence) -> str:
    return "".join("".join(sentence.tokens).split())
