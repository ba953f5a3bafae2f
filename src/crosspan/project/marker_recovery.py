"""From a translation with marks back to text and entities (EasyProject, Chen et al. 2023).

Brackets do not say which entity they stand for. As in the paper, each entity is translated by itself as well, and
the bracketed text that is most like that translation is the entity. We depart from the published code, which takes
the last stretch that is similar enough, finds brackets with a regular expression and keeps a sentence only if their
number is right:

- Every pair of marks is a candidate for every entity it may stand for, and the best assignment of all is chosen
  (:func:`crosspan.project.match.match`): one pair to one entity, none inside another. So nested, doubled and re-ordered
  marks are no special cases.
- Half a pair, and brackets of another kind (``「Accra」``), are mended where the text tells how.
- Tags with a number or a class stand only for what they name; text that is nothing like the entity is still refused.
- Brackets that the sentence had itself stay, all others go, with the blanks that came with them.
- What is not found has a reason: see :data:`REASONS`.
"""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from crosspan.core.errors import OptionError, SpanError
from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io.places import place_spans
from crosspan.project.marker_candidates import MOST_MARKS, Candidate, MarkedText
from crosspan.project.marker_options import MarkerOptions
from crosspan.project.marker_spacing import without_marks
from crosspan.project.markers import Mark, Marked, find_marks
from crosspan.project.match import match
from crosspan.text.tokenize import tokenize, tokenize_sentence

REASONS = {
    "filtered:marker_lost": "no mark of it is left in the translation",
    "filtered:marker_broken": "half of its marks is left, and the text does not tell where the other half was",
    "filtered:marker_empty": "nothing stands between its marks",
    "filtered:marker_mismatch": "what stands between its marks is nothing like the entity",
    "filtered:marker_count": "the sentence was given up, as marks or entities are missing",
    "overlap": "its marks lie across those of another entity",
    "error": "there is no translation to trust",
}
"""Why a source span has no place in the translation."""

Found = Mapping[int, Candidate]


def recover(
    marked: Sequence[Marked],
    translations: Sequence[str],
    expected: Sequence[Sequence[str]] | None = None,
    options: MarkerOptions | None = None,
    *,
    lang: str | None = None,
    ids: Sequence[str | None] | None = None,
) -> list[Projection]:
    """Find the entities of marked sentences in their translations.

    Args:
        marked: The sentences that were translated.
        translations: Their translations, marks and all.
        expected: For each sentence the translations of its entities, each translated by itself. A name that the
            translation copies counts as well. ``None`` trusts tags as they are; brackets need it.
        options: How careful to be.
        lang: Language of the translations.
        ids: Names of the sentences.

    Returns:
        One projection a sentence: its sentence is the translation without marks, tokenised, with its text. The
        confidence of a span is its similarity to what was expected, and 1 where nothing was.

    Raises:
        OptionError: Brackets without ``expected``.
        ValueError: There are not as many translations as sentences, or expected texts as entities.

    Example:
        >>> from crosspan.project.markers import insert_markers
        >>> source = Sentence(("Ada", "left", "Accra"), (Span(0, 1, "PER"), Span(2, 3, "LOC")))
        >>> found = recover([insert_markers(source)], ["De [ Akkra ] salió [Ada]."], [["Ada", "Akkra"]])[0]
        >>> found.sentence.text, found.sentence.tags()
        ('De Akkra salió Ada.', ['O', 'B-LOC', 'O', 'B-PER', 'O'])
    """
    options = options or MarkerOptions()
    wanted: list[Sequence[str]] = list(expected) if expected is not None else [()] * len(marked)
    if not len(marked) == len(translations) == len(wanted):
        raise ValueError(f"{len(translations)} translations and {len(wanted)} lists of entities for {len(marked)}")
    for one, texts in zip(marked, wanted, strict=True):
        if expected is None and one.style == "brackets" and one.entities:
            raise OptionError(
                "brackets do not say which entity they stand for", hint="Give the entities' translations."
            )
        if expected is not None and len(texts) != len(one.entities):
            raise ValueError(f"{len(texts)} translations for {len(one.entities)} entities")
    tasks = [
        MarkedText(one, text, find_marks(text, one.style, [entity.name for entity in one.entities]), texts, options)
        for one, text, texts in zip(marked, translations, wanted, strict=True)
    ]
    candidates = [task.candidates() for task in tasks]
    chosen = _choose(tasks, candidates)
    names = list(ids) if ids is not None else [None] * len(tasks)
    return [
        _projection(task, found, picked, lang=lang, id=name)
        for task, found, picked, name in zip(tasks, candidates, chosen, names, strict=True)
    ]


def _choose(tasks: Sequence[MarkedText], candidates: Sequence[Sequence[Candidate]]) -> list[Found]:
    """The best candidates of each sentence, no two of which overlap, marks included."""
    ptr = np.cumsum([0, *(len(task.marked.entities) for task in tasks)], dtype=np.int64)
    flat: list[Candidate] = []
    rows: list[tuple[int, int, int]] = []
    for first, task, found in zip(ptr[:-1].tolist(), tasks, candidates, strict=True):
        reaches = [_reach(one, task.marks) for one in found]
        rank = {edge: index for index, edge in enumerate(sorted({edge for reach in reaches for edge in reach}))}
        flat += found
        rows += [(first + one.entity, rank[start], rank[end]) for one, (start, end) in zip(found, reaches, strict=True)]
    table = np.array(rows, np.int32).reshape(-1, 3)
    score = np.array([one.score for one in flat], np.float64)
    matching = match(ptr, table[:, 0], table[:, 1], table[:, 2], score)
    edges = ptr.tolist()
    return [
        {flat[at].entity: flat[at] for at in matching.chosen[first:last].tolist() if at >= 0}
        for first, last in itertools.pairwise(edges)
    ]


def _reach(one: Candidate, marks: Sequence[Mark]) -> tuple[int, int]:
    """The stretch that a candidate takes up, with its marks."""
    start, end = marks[one.marks[0]].start, marks[one.marks[-1]].end
    return min(one.start, start), max(one.end, end)


def _projection(
    task: MarkedText,
    candidates: Sequence[Candidate],
    chosen: Found,
    *,
    lang: str | None,
    id: str | None,  # noqa: A002
) -> Projection:
    if len(task.marks) > MOST_MARKS:
        return failed(task.marked, "the translation has too many marks", task.text, lang=lang, id=id)
    used = {mark for one in chosen.values() for mark in one.marks}
    strays = _strays(task, used)
    if strays is None:
        error = "the translation has brackets that may be of the text or may be markers"
        return failed(task.marked, error, task.text, lang=lang, id=id)
    out = [task.marks[index] for index in sorted({*used, *strays})]
    cleaned = without_marks(task.text, out, _neighbours(task, chosen))
    spots = {entity: (cleaned.place[one.start], cleaned.place[one.end]) for entity, one in chosen.items()}
    offsets, placed = _placed(cleaned.text, spots, lang)
    links: list[ProjectedSpan] = []
    dropped: list[DroppedSpan] = []
    for index, entity in enumerate(task.marked.entities):
        if index in placed:
            sure = min(1.0, chosen[index].similarity)
            links.append(ProjectedSpan(entity.span, Span(*placed[index], entity.span.label, sure), sure))
        elif index in chosen:
            dropped.append(DroppedSpan(entity.span, "filtered:marker_empty"))
        else:
            overlap = any(one.entity == index and not used.issuperset(one.marks) for one in candidates)
            dropped.append(DroppedSpan(entity.span, "overlap" if overlap else _reason(task, index, used)))
    tokens = tuple([cleaned.text[start:end] for start, end in offsets])
    sentence = Sentence(tokens, tuple([link.target for link in links]), id, lang, cleaned.text, offsets)
    return _counted(task, Projection(sentence, tuple(links), tuple(dropped)))


def _strays(task: MarkedText, used: set[int]) -> list[int] | None:
    """Marks that stand for nothing and are not of the text; ``None`` where that cannot be told."""
    left = [index for index in range(len(task.marks)) if index not in used]
    if task.marked.style != "brackets":
        return left
    strays: list[int] = []
    for opens, char in ((True, "["), (False, "]")):
        rest = [index for index in left if task.marks[index].opens == opens and task.marks[index].rank == 0]
        own = task.marked.plain.count(char)
        if len(rest) <= own:
            continue
        if own:  # of a doubled mark one is surely ours
            doubled = [index for index in rest if _beside(task, index, used)]
            strays += doubled
            if len(rest) - len(doubled) > own:
                return None
        else:
            strays += rest
    return strays


def _beside(task: MarkedText, index: int, used: set[int]) -> bool:
    """Whether only blanks stand between a mark and one of its kind that is used."""
    for other in (index - 1, index + 1):
        if other in used and task.marks[other].opens == task.marks[index].opens:
            first, last = sorted((index, other))
            if not task.text[task.marks[first].end : task.marks[last].start].strip():
                return True
    return False


def _neighbours(task: MarkedText, chosen: Found) -> dict[int, str]:
    """By the start of each used mark, what stood right outside of it in the source."""
    found: dict[int, str] = {}
    plain = task.marked.plain
    for index, one in chosen.items():
        entity = task.marked.entities[index]
        for mark in (task.marks[at] for at in one.marks):
            at = entity.start - 1 if mark.opens else entity.end
            found[mark.start] = plain[at] if 0 <= at < len(plain) else ""
    return found


def _placed(
    text: str, spots: Mapping[int, tuple[int, int]], lang: str | None
) -> tuple[tuple[tuple[int, int], ...], dict[int, tuple[int, int]]]:
    """Tokens of the clean text, cut where an entity begins or ends inside one, and the entities in tokens."""
    tokens = tuple(tokenize(text, lang=lang))
    sound: dict[int, Span] = {}
    for index, (start, end) in spots.items():
        with contextlib.suppress(SpanError):  # empty, or of characters that belong to no token
            span = Span(start, end, "entity")
            place_spans(text, tokens, [span])
            sound[index] = span
    offsets, spans = place_spans(text, tokens, list(sound.values()))
    return offsets, {index: (span.start, span.end) for index, span in zip(sound, spans, strict=True)}


def _reason(task: MarkedText, index: int, used: set[int]) -> str:
    """Why an entity that nothing was like is not there."""
    name = task.marked.entities[index].name
    left = [mark for at, mark in enumerate(task.marks) if at not in used and mark.name == name]
    if task.marked.style == "brackets":
        left = [mark for mark in left if mark.rank == 0]
        literal = Counter({True: task.marked.plain.count("["), False: task.marked.plain.count("]")})
        if not Counter([mark.opens for mark in left]) - literal:
            return "filtered:marker_lost"
    if not left:
        return "filtered:marker_lost"
    inside = [
        task.text[first.end : last.start]
        for first in left
        for last in left
        if first.opens and not last.opens and first.end <= last.start
    ]
    if not inside:
        return "filtered:marker_broken"
    return "filtered:marker_mismatch" if any(map(str.strip, inside)) else "filtered:marker_empty"


def _counted(task: MarkedText, projection: Projection) -> Projection:
    """Give a sentence up where its counts are not as asked."""
    n = len(task.marked.entities)
    if task.options.counts == "complete" and projection.dropped:
        return _given_up(projection, f"{n} entities in the source, {n - len(projection.dropped)} here")
    if task.options.counts == "strict":
        names = [entity.name for entity in task.marked.entities]
        put = [mark.opens for mark in find_marks(task.marked.text, task.marked.style, names) if not mark.rank]
        here = [mark.opens for mark in task.marks if not mark.rank]
        if Counter(put) != Counter(here) or projection.dropped:
            return _given_up(
                projection, f"{len(put)} marks in the source, {len(here)} here, {len(projection.links)} entities found"
            )
    return projection


def _given_up(projection: Projection, counts: str) -> Projection:
    gone = [DroppedSpan(link.source, "filtered:marker_count") for link in projection.links]
    dropped = tuple(sorted([*projection.dropped, *gone], key=lambda one: one.source))
    return Projection(replace(projection.sentence, spans=()), (), dropped, f"filtered:marker_count: {counts}")


def failed(
    marked: Marked,
    error: str,
    text: str = "",
    *,
    lang: str | None = None,
    id: str | None = None,  # noqa: A002
) -> Projection:
    """The projection of a sentence without a translation to trust: unlabelled, not free of entities.

    Args:
        marked: The sentence.
        error: What is wrong.
        text: What the translator gave, if anything.
        lang: Language of the translation.
        id: Name of the sentence.

    Example:
        >>> from crosspan.project.markers import insert_markers
        >>> failed(insert_markers(Sentence(("Ada",), (Span(0, 1, "PER"),))), "the translation is empty").status
        'error'
    """
    dropped = tuple([DroppedSpan(entity.span, "error") for entity in marked.entities])
    return Projection(tokenize_sentence(text, id=id, lang=lang), (), dropped, error)
