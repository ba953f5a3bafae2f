"""Sentences and projections at random, with text that has broken other readers."""

from __future__ import annotations

from hypothesis import strategies as st

from crosspan.core.types import DroppedSpan, ProjectedSpan, Projection, Sentence, Span
from crosspan.text.tokenize import tokenize

PIECES = ["mọ́", "n'a", '""""', "#", "# text = a", "#tag", "-DOCSTART-", "O", "B-PER", "1", "1-2", "می‌خواهم", "صلاة"]
PIECES += [
    "\u00a0",
    "a\u2028b",
    "\u0085",
    "\ufeff",
    "\u200f",
    "\x0b",
    "\x1c",
    "e\u0301",
    "é",
    "タワー",
    "😀",
    "{",
    "a b",
]
NASTY_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r")
TOKENS = st.one_of(st.sampled_from(PIECES), st.text(alphabet=NASTY_CHARACTERS, min_size=1, max_size=6))
TEXTS = st.text(alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\n\r\t #=")), max_size=30)
NAMES = st.one_of(st.none(), st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8))
LABELS = st.sampled_from(["PER", "weather/attribute", "Ọjọ́", "B-X"])


@st.composite
def sentences(draw, *, tokens=TOKENS, scores=False):
    words = tuple(draw(st.lists(tokens, max_size=7)))
    spans, place = [], 0
    while place < len(words) and draw(st.booleans()):
        start = draw(st.integers(place, len(words) - 1))
        place = draw(st.integers(start + 1, len(words)))
        score = draw(st.one_of(st.none(), st.floats(0, 1))) if scores else None
        spans.append(Span(start, place, draw(LABELS), score))
    return Sentence(words, tuple(spans), draw(NAMES), draw(NAMES))


@st.composite
def written_sentences(draw):
    """Sentences that were tokenised from a text, spans and all."""
    text = draw(TEXTS)
    offsets = tuple(tokenize(text))
    words = tuple(text[start:end] for start, end in offsets)
    spans = (Span(0, draw(st.integers(1, len(words))), draw(LABELS)),) if words and draw(st.booleans()) else ()
    return Sentence(words, spans, draw(NAMES), draw(NAMES), text, offsets)


SCORES = st.integers(0, 10_000).map(lambda score: score / 10_000)
"""Confidences as they are written: with four digits."""
REASONS = st.sampled_from(["no_link", "below_threshold", "overlap", "filtered:comp-src", "error"])


@st.composite
def projections(draw, of=None):
    """What became of a source sentence: each span has a source, and others were dropped."""
    bare = draw(st.one_of(sentences(), written_sentences()) if of is None else of)
    spans, links = [], []
    for span in bare.spans:
        scored = Span(span.start, span.end, span.label, draw(SCORES))
        start = draw(st.integers(0, 9))
        source = Span(start, start + draw(st.integers(1, 3)), span.label, draw(st.one_of(st.none(), SCORES)))
        spans.append(scored)
        links.append(ProjectedSpan(source, scored, scored.score))
    dropped = tuple(
        DroppedSpan(Span(start, start + 1, draw(LABELS), draw(st.one_of(st.none(), SCORES))), draw(REASONS))
        for start in draw(st.lists(st.integers(0, 9), max_size=2))
    )
    sentence = Sentence(bare.tokens, tuple(spans), bare.id, bare.lang, bare.text, bare.offsets)
    return Projection(sentence, tuple(links), dropped)
