"""Other people's methods, to measure crosspan against.

Word aligners: fast_align (through the package ``systran-align``) and eflomal, which is called as a program and never
imported: ``CROSSPAN_EFLOMAL`` names its ``eflomal-align``, or it stands on the PATH. Projection: the two methods of
Politov et al., *Revisiting Projection-based Data Transfer for Cross-Lingual NER in Low-Resource Languages* (2025),
written from their description.
"""

from __future__ import annotations

import math
import os
import shutil
import struct
import subprocess
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.evaluate import lenient_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    Bitext = Sequence[tuple[Sequence[str], Sequence[str]]]

Links = set[tuple[int, int]]
Symmetrisation = Literal["forward", "reverse", "intersection", "union", "grow-diag-final-and"]
Table = dict[str, dict[str, float]]

SYMMETRISATIONS: tuple[Symmetrisation, ...] = ("forward", "reverse", "intersection", "union", "grow-diag-final-and")
PROB_NULL = 0.08
TENSION = 4.0
NULL_WORD = "<eps>"


@dataclass(frozen=True, slots=True)
class DirectedLinks:
    """The links of each pair as (source, target), from the two directions of an aligner.

    ``forward`` gives every target word at most one source word; ``reverse`` every source word at most one target word.
    """

    forward: list[Links]
    reverse: list[Links]

    def symmetrised(self, how: Symmetrisation) -> list[Alignment]:
        """One alignment a pair."""
        return [
            Alignment.from_links(symmetrise(forward, reverse, how))
            for forward, reverse in zip(self.forward, self.reverse, strict=True)
        ]


def symmetrise(forward: Links, reverse: Links, how: Symmetrisation) -> Links:
    """Merge two directions; ``grow-diag-final-and`` as in Koehn et al. 2005."""
    if how == "forward":
        return set(forward)
    if how == "reverse":
        return set(reverse)
    if how == "intersection":
        return forward & reverse
    if how == "union":
        return forward | reverse
    return _grow_diag_final_and(forward, reverse)


def _grow_diag_final_and(forward: Links, reverse: Links) -> Links:
    links, union = forward & reverse, forward | reverse
    sources, targets = {i for i, _ in links}, {j for _, j in links}
    neighbours = ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))
    grown = True
    while grown:
        grown = False
        for i, j in sorted(links):
            for step_i, step_j in neighbours:
                near = (i + step_i, j + step_j)
                if near in union and near not in links and (near[0] not in sources or near[1] not in targets):
                    links.add(near)
                    sources.add(near[0])
                    targets.add(near[1])
                    grown = True
    for directed in (forward, reverse):
        for i, j in sorted(directed):
            if i not in sources and j not in targets:
                links.add((i, j))
                sources.add(i)
                targets.add(j)
    return links


def eflomal_program() -> str | None:
    """Path of ``eflomal-align``, or ``None`` where it is not installed."""
    return os.environ.get("CROSSPAN_EFLOMAL") or shutil.which("eflomal-align")


def eflomal(bitext: Bitext, extra: Bitext = (), *, lowercase: bool = True, model: int = 3) -> DirectedLinks:
    """Links of ``bitext`` by eflomal, estimated on ``extra`` and ``bitext`` together.

    Raises:
        FileNotFoundError: eflomal is not installed.
    """
    program = eflomal_program()
    if program is None:
        raise FileNotFoundError("no eflomal-align: name it with the environment variable CROSSPAN_EFLOMAL")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "text", [*bitext, *extra], lowercase=lowercase)
        command = [program, "-m", str(model), "-i", "text", "-f", "forward", "-r", "reverse", "--overwrite"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        sides = [_read_pharaoh(folder / side)[: len(bitext)] for side in ("forward", "reverse")]
    return DirectedLinks(*sides)


def fast_align(bitext: Bitext, extra: Bitext = (), *, lowercase: bool = True, diagonal: bool = True) -> DirectedLinks:
    """Links of ``bitext`` by fast_align (options -d -o -v), estimated on ``extra`` and ``bitext`` together.

    Without ``diagonal`` it is IBM model 1 (option -v alone), which languages of free or opposite word order may need.

    The package returns only links of its own symmetrisation, so the best link of each word is taken here from the
    probability tables that it writes, with the diagonal prior of Dyer et al. 2013. The tension of that prior is the
    default, with which the package aligns too: the tables do not hold the fitted one, and it made the links worse.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "text", [*bitext, *extra], lowercase=lowercase)
        _fit_fast_align(folder, diagonal=diagonal)
        forward, reverse = (_read_table(folder / side) for side in ("forward", "reverse"))
    lines = [(_cleaned(source, lowercase), _cleaned(target, lowercase)) for source, target in bitext]
    tension = TENSION if diagonal else 0.0
    return DirectedLinks(
        [_best_links(source, target, forward, tension) for source, target in lines],
        [{(i, j) for j, i in _best_links(target, source, reverse, tension)} for source, target in lines],
    )


def fast_align_native(bitext: Bitext, extra: Bitext = (), *, lowercase: bool = True) -> list[Alignment]:
    """Links of ``bitext`` as the package ``systran-align`` itself fits, aligns and symmetrises them: what is timed."""
    import systran_align

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "text", [*bitext, *extra], lowercase=lowercase)
        _fit_fast_align(folder, diagonal=True)
        aligner = systran_align.Aligner(str(folder / "forward"), str(folder / "reverse"))
        sources = [_cleaned(source, lowercase) for source, _ in bitext]
        targets = [_cleaned(target, lowercase) for _, target in bitext]
        results = aligner.align_batch(sources, targets)
    return [Alignment.from_links(result["alignments"]) for result in results]


def paper_heuristic_tags(
    pair: Pair,
    alignment: Alignment,
    *,
    merge_distance: int = 1,
    length_ratio: float = 0.8,
    largest_only: bool = False,
) -> list[str]:
    """IOB2 tags of the target by the heuristic of García-Ferrero et al. 2022 as Politov et al. use it.

    Entities are written one after the other, as there, so that a later one can overwrite an earlier one and leave an
    orphan ``I-`` tag.
    """
    tags = ["O"] * len(pair.target)
    linked = _linked_targets(alignment)
    for span in pair.source.spans:
        words = sorted({j for i in range(span.start, span.end) for j in linked[i]})
        ranges = _merged_ranges(words, merge_distance)
        kept = [part for part in ranges if (part[1] - part[0]) / (span.end - span.start) > length_ratio]
        if largest_only and kept:
            kept = [max(kept, key=lambda part: part[1] - part[0])]
        for start, end in kept:
            tags[start] = "B-" + span.label
            tags[start + 1 : end] = ["I-" + span.label] * (end - start - 1)
    return tags


def paper_heuristic(pair: Pair, alignment: Alignment, **options: float) -> Sentence:
    """As :func:`paper_heuristic_tags`, where an orphan ``I-`` tag begins an entity."""
    tags = paper_heuristic_tags(pair, alignment, **options)  # type: ignore[arg-type]
    spans = tuple(Span(*chunk) for chunk in lenient_spans(tags))
    return Sentence(pair.target.tokens, spans, id=pair.target.id, lang=pair.target.lang)


def paper_ngram_greedy(pair: Pair, alignment: Alignment, *, max_words: int = 10) -> Sentence:
    """Politov et al.'s n-gram candidates with their alignment score, matched greedily.

    The score of an entity s and a candidate t is 2·links(s, t) / (|s| + |t|). Candidates that hold "!" or "?" are left
    out, as are those that begin or end outside the words linked to the entity: they never win.
    """
    linked = _linked_targets(alignment)
    barred = {j for j, token in enumerate(pair.target.tokens) if "!" in token or "?" in token}
    scored: list[tuple[float, int, int, int]] = []
    for number, span in enumerate(pair.source.spans):
        counts: dict[int, int] = defaultdict(int)
        for i in range(span.start, span.end):
            for j in linked[i]:
                counts[j] += 1
        if not counts:
            continue
        first, last = min(counts), max(counts)
        for start in range(first, last + 1):
            total = 0
            for end in range(start + 1, min(start + max_words, last + 1) + 1):
                if end - 1 in barred:
                    break
                total += counts.get(end - 1, 0)
                if total:
                    scored.append((-2 * total / (span.end - span.start + end - start), number, start, end))
    taken: list[Span] = []
    done: set[int] = set()
    for _, number, start, end in sorted(scored):
        if number not in done and all(end <= other.start or other.end <= start for other in taken):
            done.add(number)
            taken.append(Span(start, end, pair.source.spans[number].label))
    return Sentence(pair.target.tokens, tuple(taken), id=pair.target.id, lang=pair.target.lang)


def _linked_targets(alignment: Alignment) -> dict[int, list[int]]:
    linked: dict[int, list[int]] = defaultdict(list)
    for i, j in zip(alignment.source.tolist(), alignment.target.tolist(), strict=True):
        linked[i].append(j)
    return linked


def _merged_ranges(words: Sequence[int], merge_distance: int) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for word in words:
        if ranges and word - ranges[-1][1] <= merge_distance:
            ranges[-1] = (ranges[-1][0], word + 1)
        else:
            ranges.append((word, word + 1))
    return ranges


def _cleaned(tokens: Sequence[str], lowercase: bool) -> list[str]:
    # both programs cut at blanks and at " ||| ", so neither may stand inside a token
    words = ("_".join(token.split()).replace("|||", "|") or "_" for token in tokens)
    return [word.lower() if lowercase else word for word in words]


def _write(path: Path, bitext: Bitext, *, lowercase: bool) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for source, target in bitext:
            file.write(f"{' '.join(_cleaned(source, lowercase))} ||| {' '.join(_cleaned(target, lowercase))}\n")


def _read_pharaoh(path: Path) -> list[Links]:
    lines = path.read_text("ascii").split("\n")[:-1]
    return [{(int(i), int(j)) for i, j in (link.split("-") for link in line.split())} for line in lines]


def _fit_fast_align(folder: Path, *, diagonal: bool) -> None:
    import systran_align

    systran_align.generate_alignment_probabilities(
        str(folder / "text"),
        str(folder / "forward"),
        str(folder / "reverse"),
        favor_diagonal=diagonal,
        optimize_tension=diagonal,
        variational_bayes=True,
    )


def _read_table(path: Path) -> Table:
    """A table that systran-align wrote: words, then for each source word its target words and probabilities."""
    data = path.read_bytes()
    _, n_words = struct.unpack_from("<II", data)
    *raw, body = data[8:].split(b"\0", n_words)
    words = ["", *(word.decode("utf-8") for word in raw)]  # words are numbered from 1
    table: Table = {}
    position = 4
    while position < len(body):
        source, count = struct.unpack_from("<II", body, position)
        entries = struct.iter_unpack("<If", body[position + 8 : position + 8 + 8 * count])
        table[words[source]] = {words[target]: prob for target, prob in entries}
        position += 8 + 8 * count
    return table


def _best_links(source: Sequence[str], target: Sequence[str], table: Table, tension: float) -> Links:
    """The most probable source word of each target word, or none."""
    links: Links = set()
    empty: dict[str, float] = {}
    rows = [table.get(word, empty) for word in source]
    null = table.get(NULL_WORD, empty)
    for j, word in enumerate(target):
        place = (j + 1) / len(target)
        prior = [math.exp(-tension * abs(place - (i + 1) / len(source))) for i in range(len(source))]
        scale = (1 - PROB_NULL) / sum(prior)
        best, best_score = -1, PROB_NULL * null.get(word, 1e-9)
        for i, row in enumerate(rows):
            score = prior[i] * scale * row.get(word, 1e-9)
            if score > best_score:
                best, best_score = i, score
        if best >= 0:
            links.add((best, j))
    return links
