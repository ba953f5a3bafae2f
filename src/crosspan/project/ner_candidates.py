"""What a tagger says of the target sentences: the entities it finds as candidates, and its probabilities for scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import Above, AtLeast, checked
from crosspan.core.types import Pair, Sentence

if TYPE_CHECKING:
    from crosspan.project.candidate_options import CandidateOptions
    from crosspan.tag import Tagger

Float32Array = npt.NDArray[np.float32]
Ranges = list[tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NerOptions:
    """The tagger of the target side, and how its probabilities become a score.

    Args:
        tagger: What crosspan tag takes as --model, such as transformers:FOLDER; loaded when it is first needed.
        labels: New names of the tagger's labels, such as PERSON=PER; only transformers, onnx and gliner know this.
        alpha: Each word beyond the first multiplies the score of a candidate by this.
        floor: Scores up to this become 0.
        device: Where the tagger runs, if not where it chooses itself.

    Raises:
        OptionError: A value is outside what it can be.
    """

    tagger: str = ""
    labels: tuple[str, ...] = ()
    alpha: Annotated[float, Above(0)] = 1.15
    floor: Annotated[float, AtLeast(0)] = 0.05
    device: str = "auto"

    def __post_init__(self) -> None:
        checked(self)


@dataclass(slots=True, eq=False)
class TargetTagger:
    """A tagger of target sentences that is loaded when it is first asked.

    It keeps what it said of the sentences it was asked about last, so that candidates and scores of a batch read
    each sentence once.

    Args:
        options: Which tagger to load.
        tagger: One that is loaded already.

    Example:
        >>> from crosspan.tag import load_tagger
        >>> TargetTagger(NerOptions(), load_tagger("en")).ranges([Sentence(("Ada", "lives", "in", "London"))])
        [[(0, 1), (3, 4)]]
    """

    options: NerOptions
    tagger: Tagger | None = None
    threads: int | None = None
    _known: dict[Any, Float32Array] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __reduce__(self) -> tuple[Any, ...]:
        given = None if self.options.tagger else self.tagger  # what is named is loaded again where it is needed
        return TargetTagger, (self.options, given, self.threads)

    def loaded(self) -> Tagger:
        """The tagger.

        Raises:
            OptionError: None is named.
            ModelError: It cannot be loaded.
        """
        with self._lock:
            if self.tagger is None:
                from crosspan.tag import load_tagger

                if not self.options.tagger:
                    raise OptionError(
                        "no tagger of the target side is named", hint="Set ner.tagger, such as transformers:FOLDER."
                    )
                more: dict[str, Any] = {}
                if self.options.labels:
                    more["labels"] = self.options.labels
                if self.options.device != "auto":
                    more["device"] = self.options.device
                self.tagger = load_tagger(self.options.tagger, threads=self.threads, **more)
            return self.tagger

    def probabilities(self, sentences: Sequence[Sentence]) -> list[Float32Array]:
        """The probability of each tag at each word; see :class:`crosspan.tag.Tagger`."""
        keys = [(sentence.tokens, sentence.text) for sentence in sentences]
        before = self._known  # other threads put other ones in its place
        missing = {key: one for key, one in zip(keys, sentences, strict=True) if key not in before}
        found = self.loaded().probabilities(list(missing.values())) if missing else []
        known = {**before, **dict(zip(missing, found, strict=True))}
        self._known = {key: known[key] for key in keys}
        return [known[key] for key in keys]

    def ranges(self, sentences: Sequence[Sentence]) -> list[Ranges]:
        """Begin and end of the entities that are found in each sentence, whatever their labels."""
        tagger = self.loaded()
        decoded = getattr(tagger, "spans_of", None)  # what was read for the scores need not be read again
        spans = (
            [one.spans for one in tagger.tag(sentences)] if decoded is None else decoded(self.probabilities(sentences))
        )
        return [[(span.start, span.end) for span in found] for found in spans]


def sub_ranges(ranges: Iterable[tuple[int, int]], max_words: int) -> Ranges:
    """All ranges inside some ranges, themselves included, that have at most ``max_words`` words.

    Example:
        >>> sub_ranges([(0, 2), (4, 5)], 10)
        [(0, 1), (0, 2), (1, 2), (4, 5)]
    """
    found = {
        (a, b) for start, end in ranges for a in range(start, end) for b in range(a + 1, min(end, a + max_words) + 1)
    }
    return sorted(found)


def all_ranges(n_words: int, max_words: int, stops: Iterable[int] = ()) -> Ranges:
    """All ranges of a sentence with at most ``max_words`` words and none of those at ``stops``.

    Example:
        >>> all_ranges(4, 2, stops=[2])
        [(0, 1), (0, 2), (1, 2), (3, 4)]
    """
    edges = [-1, *sorted(stops), n_words]
    return sub_ranges([(before + 1, after) for before, after in pairwise(edges)], max_words)


def given_ranges(
    pairs: Sequence[Pair], options: CandidateOptions, tagger: TargetTagger
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The ranges that are candidates of all entities of their sentence, as the options ask for.

    Returns:
        Where the ranges of each sentence begin, and their first words and the words after their last. All are empty
        where candidates are looked for near the links.
    """
    kind, longest = options.candidates, options.max_words
    if kind == "ngrams":
        return np.zeros(0, np.int64), np.zeros(0, np.int32), np.zeros(0, np.int32)
    wanted = [index for index, pair in enumerate(pairs) if pair.source.spans]
    targets = [pairs[index].target for index in wanted]
    if kind == "ner":
        found = tagger.ranges(targets)
    elif kind == "target_spans":
        found = [[(span.start, span.end) for span in target.spans] for target in targets]
    else:
        stop = {word.lower() for word in options.stop_words}
        stops = [[at for at, token in enumerate(target.tokens) if token.lower() in stop] for target in targets]
        found = [all_ranges(len(target), longest, some) for target, some in zip(targets, stops, strict=True)]
    if options.sub_ranges and kind != "all_ngrams":
        found = [sub_ranges(some, longest) for some in found]
    counts = np.zeros(len(pairs), np.int64)
    counts[wanted] = [len(some) for some in found]
    flat = np.array([edge for some in found for one in some for edge in one], np.int32).reshape(-1, 2)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)]), flat[:, 0].copy(), flat[:, 1].copy()
