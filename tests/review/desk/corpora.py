"""Small corpora to correct, in memory and as files."""

from __future__ import annotations

from tests.browser_texts import EVIL

from crosspan.core.types import Alignment, DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.io import write, write_links, write_projections
from crosspan.review.tasks import Task


def placed(text, words=None):
    """Words of a text with their offsets."""
    words = text.split(" ") if words is None else words
    offsets, at = [], 0
    for word in words:
        start = text.index(word, at)
        at = start + len(word)
        offsets.append((start, at))
    return {"tokens": tuple(words), "text": text, "offsets": tuple(offsets)}


def pair(name, source, target, spans, links="", dropped=(), lang="sw"):
    """A projection: ``spans`` are ``(source start, source end, start, end, label, score)``."""
    sources = [Span(one[0], one[1], one[4]) for one in spans]
    gone = [Span(*one) for one in dropped]
    source = Sentence(tuple(source.split()), (*sources, *gone), id=name, lang="en")
    there = [Span(*one[2:]) for one in spans]
    sentence = Sentence(**placed(target), spans=tuple(there), id=name, lang=lang)
    projected = tuple(ProjectedSpan(a, b, b.score) for a, b in zip(sources, there, strict=True))
    projection = Projection(sentence, projected, tuple(DroppedSpan(one, "no_link") for one in gone))
    return source, projection, Alignment.from_pharaoh(links)


PAIRS = [
    pair(
        "names",
        "Lena Hartmann of the Ministry of Health spoke in Nairobi .",
        "Lena Hartmann wa Wizara ya Afya alizungumza jijini Nairobi .",
        [(0, 2, 0, 2, "PER", 0.98), (4, 7, 3, 4, "ORG", 0.41), (9, 10, 8, 9, "LOC", 0.93)],
        "0-0:0.99 1-1:0.98 4-3:0.9 5-4:0.6 6-5:0.9 7-6:0.8 8-7:0.6 9-8:0.99 10-9:1",
    ),
    pair(
        "emoji",
        "Ada Lovelace visited Accra .",
        "😀👩‍👩‍👧‍👦 Ada Lovelace alitembelea Ọlọ́run Accra .",
        [(0, 2, 1, 3, "PER", 0.72)],
        "0-1:0.9 1-2:0.9 2-3:0.9 3-5:0.5",
        [(3, 4, "LOC")],
    ),
    pair(
        "arabic",
        "The Ministry of Health in Cairo spoke",
        "ICANN أعلنت وزارة الصحة في القاهرة عن خطة",
        [(1, 4, 2, 4, "ORG", 0.8), (5, 6, 5, 6, "LOC", 0.55)],
        "1-2 3-3 5-5",
        lang="ar",
    ),
    *(
        pair(
            f"n{number}",
            f"Bo lives in Accra {number}",
            f"Bo anaishi Accra {number}",
            [(0, 1, 0, 1, "PER", 0.99), (3, 4, 2, 3, "LOC", 0.6 + number / 100)],
            "0-0 1-1 3-2",
        )
        for number in range(9)
    ),
]


def tasks(pairs=None):
    """Pairs as what is looked at."""
    for index, (source, projection, links) in enumerate(PAIRS if pairs is None else pairs):
        yield Task(
            index=index,
            id=projection.sentence.id or f"#{index + 1}",
            sentence=projection.sentence,
            source=source,
            projection=projection,
            alignment=links,
        )


def plain_tasks(scores):
    """One sentence of one span for each score; ``None`` for a sentence without spans."""
    for index, score in enumerate(scores):
        spans = () if score is None else (Span(0, 1, "PER", score),)
        yield Task(index=index, id=f"s{index}", sentence=Sentence(("Ada", "left", str(index)), spans, id=f"s{index}"))


def write_corpus(folder, pairs=None):
    """Source, projection and links as files; returns their paths."""
    pairs = PAIRS if pairs is None else pairs
    paths = [folder / name for name in ("source.jsonl", "projected.jsonl", "links.txt")]
    write(paths[0], [source for source, _, _ in pairs])
    write_projections(paths[1], [projection for _, projection, _ in pairs])
    write_links(paths[2], [links for _, _, links in pairs])
    return paths


def evil_pairs():
    """Markup in words, text, names, languages, labels and reasons."""
    for number in range(len(EVIL)):
        one = [EVIL[(number + at) % len(EVIL)] for at in range(4)]
        text = "".join(one)
        ends = [len("".join(one[: at + 1])) for at in range(4)]
        offsets = tuple(zip([0, *ends], ends, strict=False))
        sources = (Span(0, 2, one[0]), Span(3, 4, one[1]))
        source = Sentence(tuple(one), sources, id=f"{one[2]}{number}", lang=one[3])
        there = Span(1, 3, one[0], 0.5)
        target = Sentence(tuple(one), (there,), f"{one[2]}{number}", one[1], text, offsets)
        gone = DroppedSpan(sources[1], f"filtered:{one[0]}")
        projection = Projection(target, (ProjectedSpan(sources[0], there, 0.5),), (gone,))
        yield source, projection, Alignment.from_pharaoh("0-1 1-2 3-3:0.5")
