"""Tagging shard by shard: a sentence that a tagger cannot do costs that sentence and no other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.types import Sentence
from crosspan.tag import Tagger, load_tagger

SHARD = 4_000
"""Sentences tagged at a time."""


@dataclass(slots=True)
class TagSummary:
    """What was tagged.

    Args:
        sentences: Sentences tagged.
        lines: Lines of text they come from, where it is running text.
        rejected: Sentences, or lines of running text, that could not be worked on.
        spans: Entities written.
        labels: How many of each kind.
        unsure: Entities left out because they were less sure than asked.
        left_out: Entities left out because their label was not asked for, by label.
        mean_score: Mean score of the entities written; ``None`` where they have none.
        seconds: Time taken.
    """

    sentences: int = 0
    lines: int | None = None
    rejected: int = 0
    spans: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    mean_score: float | None = None
    seconds: float = 0.0
    _scored: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        found = {**asdict(self), "labels": dict(sorted(self.labels.items()))}
        found["left_out"] = dict(sorted(self.left_out.items()))
        return {
            name: value for name, value in found.items() if name[0] != "_" and not (name == "lines" and value is None)
        }

    def count(self, sentence: Sentence) -> None:
        """Take note of a sentence that is written."""
        self.sentences += 1
        self.spans += len(sentence.spans)
        for span in sentence.spans:
            self.labels[span.label] += 1
            if span.score is not None:
                total = (self.mean_score or 0.0) * self._scored + span.score
                self._scored += 1
                self.mean_score = total / self._scored


def ready(tagger: PathLike | Tagger, labels: Collection[str], threads: int | None) -> Tagger:
    """Load a tagger if it is a name, and check that it knows the labels asked for.

    Raises:
        CrosspanError: There is no such tagger, or it cannot be loaded.
        OptionError: It does not know a label.
    """
    loaded = load_tagger(tagger, threads=threads) if isinstance(tagger, str | os.PathLike) else tagger
    for label in labels:
        if label not in loaded.labels:
            raise OptionError(f"the tagger knows no {label!r}", hint=f"Choose from {', '.join(loaded.labels)}.")
    return loaded


def tag_shard(tagger: Tagger, sentences: Sequence[Sentence]) -> list[Sentence | Exception]:
    """Tag sentences; where the tagger fails, find the sentences that it fails on.

    Args:
        tagger: The tagger.
        sentences: What to tag.

    Returns:
        For each sentence its labelled form, or what went wrong with it.

    Raises:
        Exception: What the tagger raised, if it did so for every one of several sentences.
    """
    found = _tag(tagger, sentences)
    failures = [result for result in found if isinstance(result, Exception)]
    if len(failures) > 1 and len(failures) == len(found):
        raise failures[0]  # the tagger is at fault, not a sentence
    return found


def _tag(tagger: Tagger, sentences: Sequence[Sentence]) -> list[Sentence | Exception]:
    if not sentences:
        return []
    try:
        found = tagger.tag(sentences)
        if [one.tokens for one in found] != [sentence.tokens for sentence in sentences]:
            raise ModelError("the tagger gives back other sentences than it got", hint="Mend the tagger.")
        return list(found)
    except (MemoryError, SystemError):  # the latter is what compiled code makes of Ctrl-C
        raise
    except Exception as error:  # a tagger may be anybody's
        if len(sentences) == 1:
            return [error]
    half = len(sentences) // 2
    return [*_tag(tagger, sentences[:half]), *_tag(tagger, sentences[half:])]


def reason_of(error: Exception) -> str:
    """What to say of a sentence that a tagger failed on.

    Example:
        >>> reason_of(ValueError("bad shape"))
        'the tagger failed: ValueError: bad shape'
    """
    what = str(error) if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
    return f"the tagger failed: {what}"


def kept_spans(sentence: Sentence, labels: Collection[str], least: float, summary: TagSummary) -> Sentence:
    """The sentence without spans that are not asked for or not sure enough; the summary counts those.

    Raises:
        OptionError: Sureness is asked for, and a span has no score.
    """
    if not labels and not least:
        return sentence
    kept = []
    for span in sentence.spans:
        if labels and span.label not in labels:
            summary.left_out[span.label] += 1
        elif least and span.score is None:
            raise OptionError("this tagger does not say how sure it is", hint="Leave out the least confidence.")
        elif span.score is not None and span.score < least:
            summary.unsure += 1
        else:
            kept.append(span)
    return sentence if len(kept) == len(sentence.spans) else replace(sentence, spans=tuple(kept))
