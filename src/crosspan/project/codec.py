"""Projection by constrained decoding: markers are put into a translation where a translation model expects them.

CODEC (Le, Chen, Ritter and Xu, ICLR 2024): the target text stays as it is. The source is marked around one entity, and
of all ways to mark the target the one is looked for that is most probable as a translation of the marked source.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import AtLeast, Within, checked, with_settings
from crosspan.core.types import Alignment, Pair, Projection, Span
from crosspan.models.batching import in_batches
from crosspan.models.device import Placement
from crosspan.project.batch import Float64Array, PairBatch
from crosspan.project.codec_model import MarkerModel, SequenceModel, marked_text, text_and_offsets
from crosspan.project.codec_search import Forced, Hypothesis, MarkerSearch, TargetTemplate, shares
from crosspan.project.match import match
from crosspan.project.results import Reason, assemble
from crosspan.project.sides import language_of

_AT_ONCE = 64
"""Entities whose searches share batches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecOptions:
    """How markers are put into translations.

    Args:
        model: The translation model, by its name on the hub or its folder.
        device: Where it runs: ``"auto"``, ``"cpu"``, ``"cuda"`` …
        dtype: Its precision: ``"auto"``, ``"float32"``, ``"float16"`` or ``"bfloat16"``.
        source_lang: Language of the source sentences; by default what they say themselves.
        target_lang: Language of the target sentences; by default what they say themselves.
        open_marker: What stands before an entity.
        close_marker: What stands after it.
        hypotheses: How many places to keep for an entity.
        openings: How many beginnings to look at, those where marking the source changes most, as published; 0 looks at
            all, which makes the search exact.
        effort: How many target texts to read for an entity before what was found is taken; 0 sets no limit.
        min_share: How probable a place must be to be kept, as a share of the best one.
        min_gain: What the best marked text must reach, in log probability above the plain text given the plain source;
            entities whose best is below are dropped.
        budget: Most pieces that the decoder reads at once.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    device: str = "auto"
    dtype: str = "auto"
    source_lang: str = ""
    target_lang: str = ""
    open_marker: str = "["
    close_marker: str = "]"
    hypotheses: Annotated[int, AtLeast(1)] = 5
    openings: Annotated[int, AtLeast(0)] = 0
    effort: Annotated[int, AtLeast(0)] = 300
    min_share: Annotated[float, Within(0, 1)] = 0.001
    min_gain: float = -math.inf
    budget: Annotated[int, AtLeast(1)] = 2_048

    def __post_init__(self) -> None:
        checked(self)
        Placement(device=self.device, dtype=self.dtype)
        for name in ("open_marker", "close_marker"):
            if not getattr(self, name).strip():
                raise OptionError(f"{name} is empty", hint="Choose a character or a tag, such as [ or <a>.")
        if self.open_marker == self.close_marker:
            raise OptionError(f"both markers are {self.open_marker!r}", hint="Choose two different ones.")
        if math.isnan(self.min_gain):
            raise OptionError("min_gain is not a number", hint="Write a number such as -5, or -inf to keep all.")


@dataclass(frozen=True, slots=True)
class _Task:
    """One entity to be found."""

    row: int
    sentence: int
    marked: str
    languages: tuple[str, str]


class CodecProjector:
    """Carries spans over by putting markers into the target text (see :mod:`crosspan.project.projector`).

    As published, one entity is marked at a time, and with ``openings`` only those are looked at where the log
    probability of the piece that follows falls most when the source is marked. Other than published, all openings are
    looked at by default, in the order of what they can still reach, which costs less than pruning where a model is
    sure; markers only stand between words; hypotheses of all entities of a sentence are put together so that the
    expected number of right ones is highest and none overlap; and nothing is ranked again afterwards.

    The confidence of a span is the probability of its place among those that were kept for the entity. The alignments
    are not used, but a pair whose alignment is ``None`` becomes an error projection.

    Args:
        options: How markers are put in.
        translator: A model that is loaded already, with its tokenizer; by default ``options.model`` is loaded when it
            is first needed.
        settings: Single options by name, which come before ``options``; values may be strings.

    Attributes:
        sequences: How many target texts, with or without markers, the decoder has read so far.

    Example:
        >>> options = CodecOptions(model="facebook/nllb-200-3.3B", source_lang="en", target_lang="sw")
        >>> projector = CodecProjector(options)  # nothing is loaded before it is needed
        >>> projector.project([], [])
        []
    """

    def __init__(
        self, options: CodecOptions | None = None, *, translator: SequenceModel | None = None, **settings: Any
    ) -> None:
        self.options = with_settings(options or CodecOptions(), settings)
        self.sequences = 0
        self._translator = translator
        self._model: MarkerModel | None = None
        self._turn = Lock()

    def count(self, pairs: Sequence[Pair]) -> None:
        """Do nothing: CODEC looks at one sentence at a time."""

    def observe(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> None:
        """Do nothing: CODEC looks at one sentence at a time."""

    def project(self, pairs: Sequence[Pair], alignments: Sequence[Alignment | None]) -> list[Projection]:
        """Project the spans of pairs.

        Raises:
            OptionError: No model is named, a language is not known, or the model does not know a marker.
            ModelError: The model cannot be loaded, or failed.
            MissingDependencyError: ``crosspan[neural]`` is not installed.
        """
        batch = PairBatch.build(pairs, alignments)
        tasks = self._tasks(pairs, batch)
        with self._turn:
            templates, tasks = self._templates(pairs, batch, tasks)
            found = self._search(pairs, templates, tasks) if tasks else []
        below = np.zeros(batch.n_spans, np.bool_)
        candidates: list[tuple[int, Hypothesis, float]] = []
        for task, (hypotheses, gain) in zip(tasks, found, strict=True):
            if hypotheses and gain < self.options.min_gain:
                below[task.row] = True
                continue
            for one, share in zip(hypotheses, shares(hypotheses).tolist(), strict=True):
                candidates.append((task.row, one, share))
        return self._assembled(pairs, batch, candidates, below)

    @staticmethod
    def _assembled(
        pairs: Sequence[Pair],
        batch: PairBatch,
        candidates: Sequence[tuple[int, Hypothesis, float]],
        below: npt.NDArray[np.bool_],
    ) -> list[Projection]:
        candidates = sorted(candidates, key=lambda one: one[0])
        start = np.array([one.start for _, one, _ in candidates], np.int32)
        end = np.array([one.end for _, one, _ in candidates], np.int32)
        share = np.array([share for _, _, share in candidates], np.float64)
        span = np.array([row for row, _, _ in candidates], np.int32)
        # the sum of probabilities is the number of spans that are right, as far as the model knows
        matching = match(batch.span_ptr, span, start, end, np.maximum(share, 1e-9))
        result = matching.result(start, end, share)
        result.reason[below] = Reason.BELOW_THRESHOLD
        result.reason[batch.bad[batch.span_sentence]] = Reason.ERROR
        return assemble(batch, pairs, result)

    def _tasks(self, pairs: Sequence[Pair], batch: PairBatch) -> list[_Task]:
        tasks = []
        row = 0
        for index, pair in enumerate(pairs):
            for span in pair.source.spans:
                if not batch.bad[index] and pair.target.tokens:
                    tasks.append(self._task(row, index, pair, span))
                row += 1
        return tasks

    def _task(self, row: int, index: int, pair: Pair, span: Span) -> _Task:
        text = marked_text(pair.source, span, self.options.open_marker, self.options.close_marker)
        languages = (
            language_of(self.options.source_lang, pair.source, "source_lang"),
            language_of(self.options.target_lang, pair.target, "target_lang"),
        )
        return _Task(row, index, text, languages)

    def _loaded(self) -> MarkerModel:
        if self._model is None:
            options = self.options
            if self._translator is None:
                if not options.model:
                    raise OptionError(
                        "CODEC needs a translation model", hint="Name one, such as model=facebook/nllb-200-3.3B."
                    )
                from crosspan.translate.transformers import TransformersTranslator

                made: Any = TransformersTranslator(options.model, device=options.device, dtype=options.dtype)
                self._translator = made
            assert self._translator is not None
            self._model = MarkerModel(self._translator, options.open_marker, options.close_marker, options.budget)
        return self._model

    def _templates(
        self, pairs: Sequence[Pair], batch: PairBatch, tasks: list[_Task]
    ) -> tuple[dict[int, TargetTemplate], list[_Task]]:
        """The target texts as pieces; tasks of sentences that are too long become errors."""
        if not tasks:
            return {}, []
        model = self._loaded()
        languages = {task.sentence: task.languages for task in tasks}
        templates: dict[int, TargetTemplate] = {}
        for target in dict.fromkeys(pair[1] for pair in languages.values()):
            there = [index for index, pair in languages.items() if pair[1] == target]
            found = model.templates([pairs[index].target for index in there], target)
            templates.update(zip(there, found, strict=True))
        read = self._source_lengths(model, tasks)
        for task, length in zip(tasks, read, strict=True):
            added = sum(map(len, model.markers(task.languages[1])))
            written = len(templates[task.sentence].plain()) + added
            problem = _too_long(length, model.translator.longest) or _too_long(written, model.translator.longest_target)
            if problem and not batch.bad[task.sentence]:
                batch.bad[task.sentence] = True
                batch.errors[task.sentence] = problem
        return templates, [task for task in tasks if not batch.bad[task.sentence]]

    @staticmethod
    def _source_lengths(model: MarkerModel, tasks: Sequence[_Task]) -> list[int]:
        lengths = [0] * len(tasks)
        for languages, at in _by_language(tasks):
            rows = model.translator.source_ids([tasks[index].marked for index in at], *languages)
            for index, row in zip(at, rows, strict=True):
                lengths[index] = len(row)
        return lengths

    def _search(
        self, pairs: Sequence[Pair], templates: dict[int, TargetTemplate], tasks: Sequence[_Task]
    ) -> list[tuple[list[Hypothesis], float]]:
        """For each entity its hypotheses, and what the best gains over the plain text."""
        model = self._loaded()
        plain = self._plain(model, pairs, templates, tasks)

        def compute(chosen: npt.NDArray[np.int64]) -> list[tuple[list[Hypothesis], float]]:
            some = [tasks[index] for index in chosen.tolist()]
            searches = [
                self._start(templates[task.sentence], plain.get(task.sentence), model.markers(task.languages[1]))
                for task in some
            ]
            self._run(model, searches, self._states(model, some))
            return [
                (one.found, self._gain(one, plain.get(task.sentence))) for one, task in zip(searches, some, strict=True)
            ]

        lengths = [len(templates[task.sentence].plain()) for task in tasks]
        budget = max(self.options.budget, *lengths)
        return in_batches(lengths, compute, budget=budget, most=_AT_ONCE, what="entities")

    def _start(
        self, template: TargetTemplate, plain: Float64Array | None, markers: tuple[tuple[int, ...], tuple[int, ...]]
    ) -> MarkerSearch:
        options = self.options
        own = None if plain is None else plain[len(template.before) :]
        return MarkerSearch(
            template,
            *markers,
            most=options.hypotheses,
            min_share=options.min_share,
            openings=options.openings if own is not None else 0,
            plain=own,
            effort=options.effort,
        )

    def _run(self, model: MarkerModel, searches: Sequence[MarkerSearch], states: Sequence[Any]) -> None:
        """All searches together, round by round."""
        while True:
            asked = [search.ask() for search in searches]
            flat = [(state, one) for state, some in zip(states, asked, strict=True) for one in some]
            if not flat:
                return
            self.sequences += len(flat)
            known = iter(model.know(flat))
            for search, some in zip(searches, asked, strict=True):
                if some:
                    search.tell([next(known) for _ in some])

    def _plain(
        self, model: MarkerModel, pairs: Sequence[Pair], templates: dict[int, TargetTemplate], tasks: Sequence[_Task]
    ) -> dict[int, Float64Array]:
        """Log probabilities of the pieces of each target without markers given its source, where they are needed."""
        needed = [
            task
            for task in {task.sentence: task for task in tasks}.values()
            if self.options.min_gain > -math.inf or 0 < self.options.openings < len(templates[task.sentence].place) - 1
        ]

        def compute(chosen: npt.NDArray[np.int64]) -> list[Float64Array]:
            some = [
                _Task(task.row, task.sentence, text_and_offsets(pairs[task.sentence].source)[0], task.languages)
                for task in (needed[index] for index in chosen.tolist())
            ]
            states = self._states(model, some)
            asked = [Forced(templates[task.sentence].plain(), 0) for task in some]
            self.sequences += len(asked)
            return [one.forced for one in model.know(list(zip(states, asked, strict=True)))]

        lengths = [len(templates[task.sentence].plain()) for task in needed]
        budget = max([self.options.budget, *lengths])
        found = in_batches(lengths, compute, budget=budget, most=_AT_ONCE)
        return {task.sentence: one for task, one in zip(needed, found, strict=True)}

    @staticmethod
    def _states(model: MarkerModel, tasks: Sequence[_Task]) -> list[Any]:
        states: list[Any] = [None] * len(tasks)
        for languages, at in _by_language(tasks):
            for index, state in zip(at, model.read([tasks[index].marked for index in at], *languages), strict=True):
                states[index] = state
        return states

    @staticmethod
    def _gain(search: MarkerSearch, plain: Float64Array | None) -> float:
        if plain is None or not search.found:
            return math.inf
        return search.found[0].score - float(plain[len(search.template.before) :].sum())


def _by_language(tasks: Sequence[_Task]) -> Iterator[tuple[tuple[str, str], list[int]]]:
    """Pairs of languages, and the tasks of each."""
    for languages in dict.fromkeys(task.languages for task in tasks):
        yield languages, [index for index, task in enumerate(tasks) if task.languages == languages]


def _too_long(length: int, longest: int) -> str | None:
    if length <= longest:
        return None
    return f"the sentence has {length} pieces with its markers, and the model takes {longest}"
