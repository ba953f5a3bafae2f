"""The demonstration: a small corpus with gold labels on all sides, projected and scored."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from crosspan import io
from crosspan.core.errors import OptionError
from crosspan.core.files import make_folder
from crosspan.core.progress import Listener
from crosspan.core.types import Projection, Sentence, Span
from crosspan.evaluate import NerReport, evaluate_ner
from crosspan.io.places import place_spans
from crosspan.report.items import Item
from crosspan.report.page import write_report
from crosspan.report.projecting import project_items
from crosspan.text import tokenize

SOURCE = "en"
LANGUAGES = {"es": "Spanish", "de": "German", "sw": "Swahili"}
"""Languages to project into, by code."""

_MARK = re.compile(r"\[([A-Z]+) ([^\[\]]+)\]")


def parse_marked(line: str, *, id: str | None = None, lang: str | None = None) -> Sentence:  # noqa: A002
    """Read a sentence whose entities are marked in the text, as the files of the demonstration corpus are.

    Args:
        line: Text with entities written as ``[LABEL words]``.
        id: Name of the sentence.
        lang: Its language.

    Returns:
        The sentence without the marks, tokenised. A token that a mark cuts is split there.

    Example:
        >>> sentence = parse_marked("[LOC Kenya]'s [PER Ada Obi] won.")
        >>> sentence.text, sentence.tokens
        ("Kenya's Ada Obi won.", ('Kenya', "'s", 'Ada', 'Obi', 'won', '.'))
        >>> sentence.spans == (Span(0, 1, "LOC"), Span(2, 4, "PER"))
        True
    """
    pieces: list[str] = []
    marked: list[Span] = []
    length = begin = 0
    for match in _MARK.finditer(line):
        before = line[begin : match.start()]
        length += len(before)
        marked.append(Span(length, length + len(match[2]), match[1]))
        length += len(match[2])
        pieces += [before, match[2]]
        begin = match.end()
    text = "".join([*pieces, line[begin:]])
    offsets, spans = place_spans(text, tuple(tokenize(text, lang=lang)), marked)
    tokens = tuple([text[start:end] for start, end in offsets])
    return Sentence(tokens, tuple(spans), id, lang, text, offsets)


def load_corpus(lang: str) -> list[Sentence]:
    """Load one side of the demonstration corpus.

    Args:
        lang: ``"en"``, ``"es"``, ``"de"`` or ``"sw"``.

    Returns:
        The sentences with gold spans; sentence ``i`` is the translation of sentence ``i`` of every other side.

    Raises:
        OptionError: There is no such side.

    Example:
        >>> load_corpus("sw")[0].spans[1].label
        'PER'
    """
    if lang != SOURCE and lang not in LANGUAGES:
        raise OptionError(
            f"the corpus has no language {lang!r}", hint=f"Choose one of {', '.join([SOURCE, *LANGUAGES])}."
        )
    text = (files("crosspan") / "demo_corpus" / f"{lang}.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    return [parse_marked(line, id=f"demo-{number:03}", lang=lang) for number, line in enumerate(lines, 1)]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """One language of the demonstration.

    Args:
        lang: Its code.
        source: The English sentences.
        gold: The translations with gold spans.
        projections: What was projected onto them.
        report: How good that is.
        items: The same with word links and runners-up, for a page to look at.
    """

    lang: str
    source: Sequence[Sentence]
    gold: Sequence[Sentence]
    projections: Sequence[Projection]
    report: NerReport
    items: Sequence[Item] = ()


def run_demo(
    lang: str, *, method: str = "candidates", bootstrap: int = 1_000, progress: Listener | None = None
) -> DemoResult:
    """Project the English side of the corpus onto another and score it; nothing but these sentences is learned from.

    Args:
        lang: ``"es"``, ``"de"`` or ``"sw"``.
        method: How spans are carried over.
        bootstrap: Resamples for the interval of the score.
        progress: Is told how far it is.

    Raises:
        OptionError: There is no such language.
    """
    source, gold = load_corpus(SOURCE), load_corpus(lang)
    bare = [Sentence(one.tokens, (), one.id, one.lang, one.text, one.offsets) for one in gold]
    items = project_items(source, bare, gold=gold, method=method, progress=progress)
    projections = [item.outcome() for item in items]
    report = evaluate_ner(gold, [one.sentence for one in projections], source=source, bootstrap=bootstrap)
    return DemoResult(lang, source, gold, projections, report, items)


def write_demo(results: Sequence[DemoResult], folder: str | Path) -> list[Path]:
    """Write labelled sentences, source, gold labels and pages into a folder, which is made where it is missing.

    Args:
        results: The languages to write.
        folder: Where to.

    Returns:
        The files: ``en.conll``, and for each language its projection as CoNLL columns and as JSONL, its gold, and a
        page to look at.

    Raises:
        OutputError: The folder or a file cannot be written.
    """
    folder = Path(folder)
    make_folder(folder, "Choose another folder.")
    written = [folder / f"{SOURCE}.conll"]
    io.write(written[0], load_corpus(SOURCE))
    for result in results:
        for suffix in (".conll", ".jsonl"):
            written.append(folder / f"{result.lang}{suffix}")
            io.write_projections(written[-1], [one for one in result.projections if one.error is None])
        written.append(folder / f"{result.lang}.gold.conll")
        io.write(written[-1], result.gold)
        written.append(folder / f"{result.lang}.html")
        title = f"The demonstration corpus: English to {LANGUAGES[result.lang]}"
        write_report(written[-1], result.items, title=title, facts={"gold": f"{result.lang}.gold.conll"})
    return written


def telling_examples(results: Sequence[DemoResult], count: int = 6, *, longest: int = 130) -> list[tuple[int, int]]:
    """Choose sentences that show what projection is about: entities that change their form or their order.

    Args:
        results: The languages.
        count: How many sentences, shared out evenly.
        longest: The most characters a sentence may have.

    Returns:
        ``(result, sentence)`` indices. The choice looks at the gold labels alone, not at what was projected.
    """
    chosen: list[tuple[int, int]] = []
    used: set[int] = set()
    for number, result in enumerate(results):
        share = count // len(results) + (number < count % len(results))
        ranked = sorted(range(len(result.gold)), key=lambda at: (-_interest(result, at, longest), at))
        best = [at for at in ranked if at not in used][:share]
        used.update(best)
        chosen += [(number, at) for at in sorted(best)]
    return chosen


def _interest(result: DemoResult, at: int, longest: int) -> float:
    source, gold = result.source[at], result.gold[at]
    if max(len(source.text or ""), len(gold.text or "")) > longest:
        return -1.0
    names = {" ".join(source.tokens[span.start : span.end]) for span in source.spans}
    changed = sum(" ".join(gold.tokens[span.start : span.end]) not in names for span in gold.spans)
    labels = [[span.label for span in sentence.spans] for sentence in (source, gold)]
    reordered = sorted(labels[0]) == sorted(labels[1]) and labels[0] != labels[1]
    return min(changed, 3) + 1.5 * reordered + 1.5 * len(set(labels[1])) - 0.2 * len(gold.spans)
