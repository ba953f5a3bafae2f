"""What a chat model writes around its answer: thoughts before it, fences about it."""

from __future__ import annotations

import re

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)
_FENCE = re.compile(r"\A```\w*\n(.*?)\n?```\Z", re.DOTALL)


def bare_answer(text: str) -> str:
    r"""The answer without thoughts in ``<think>``, without a fence about the whole, and without blanks at its ends.

    Args:
        text: What the model wrote.

    Example:
        >>> bare_answer("<think>Hm.</think>\n```json\n[]\n```")
        '[]'
    """
    found = _THOUGHT.sub("", text).strip()
    fenced = _FENCE.match(found)
    return fenced[1].strip() if fenced else found
