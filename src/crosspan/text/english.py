"""Is this English? A question for those who are about to give text to an English tagger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

_WORDS = frozenset([
    "the", "of", "and", "that", "with", "was", "are", "been", "this", "those", "these", "which", "from", "by",
    "as", "it", "its", "his", "she", "they", "their", "them", "you", "your", "our", "has", "had", "not", "but",
    "would", "will", "can", "could", "there", "what", "when", "who", "how", "if", "about", "than", "then",
    "into", "some", "please", "my", "or", "up", "all", "said", "were", "have", "be",
])  # fmt: skip
"""Those that no near language has as well: no ``for``, ``at`` or ``to``."""

_FEWEST = 150  # words; fewer do not tell
_LEAST = 0.06  # share of these words; English text has from .2 (commands) to .45, other languages at most .04
_SENTENCES = 400


def plainly_not_english(sentences: Iterable[Sequence[str]]) -> bool:
    """Whether text has next to none of the small words that no English does without.

    Args:
        sentences: Words of some sentences; the first 400 count.

    Returns:
        False where there are too few words to tell.

    Example:
        >>> swahili = "Rais alisema kuwa mkutano huo utafanyika mjini Nairobi wiki ijayo".split()
        >>> english = "The president said that the meeting would be held in Nairobi".split()
        >>> plainly_not_english([swahili] * 30), plainly_not_english([english] * 30), plainly_not_english([swahili])
        (True, False, False)
    """
    words = [
        word.lower() for sentence in islice(sentences, _SENTENCES) for word in sentence if any(map(str.isalpha, word))
    ]
    return len(words) >= _FEWEST and sum(word in _WORDS for word in words) < _LEAST * len(words)
