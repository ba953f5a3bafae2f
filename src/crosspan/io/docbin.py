"""spaCy's ``DocBin``, the training data of ``spacy train``: one ``Doc`` a sentence.

Written: tokens, entities, and the text as it is; what stands between tokens besides one blank becomes a token of its
own, as spaCy's tokenisers have it. Under ``crosspan`` in the ``user_data`` of a ``Doc`` stands what spaCy has no place
for (id, language, scores and sources of spans, what was dropped, which tokens are such gaps), so that round trips are
exact. Needs the package
``spacy``; a file is held in memory as a whole, which is how the format is made.
"""

from __future__ import annotations

import gc
import importlib
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from crosspan.core.errors import CrosspanError, EmptyInputError, FormatError, SpanError
from crosspan.core.files import PathLike, name_of
from crosspan.core.lines import open_input
from crosspan.core.shown import in_short, shown
from crosspan.core.tag_forms import without_invisible
from crosspan.core.types import Sentence, Span
from crosspan.io.format import Format, Labelled, Reading, Writing, binary_output, sentence_in
from crosspan.io.notices import Notices
from crosspan.io.projections import failure_of, is_projection
from crosspan.io.rejects import Located

_KEY = "crosspan"
_BLOCK = 1 << 16
_SMALL = 64 << 20
_DENSEST = 50
"""A file may hold so many bytes besides so many times its own size."""


class DocBin(Format):
    """The format ``docbin``. A ``Doc`` is a sentence, however long, and is counted as a line.

    Tokens of white space in files of others are left out of the tokens, and stay in the text. A ``Doc`` whose entity
    labels are missing altogether has no spans; one of which some tokens are labelled and others missing has a fault.

    Example:
        >>> DocBin().endings
        ('.spacy',)
    """

    name = "docbin"
    title = "DocBin"
    endings = (".spacy",)
    scores = sources = True

    def read(self, path: PathLike, how: Reading) -> Iterator[Located]:
        """Yield sentences, whoever wrote them; raises where the file is no ``DocBin`` or holds no ``Doc``."""
        name = name_of(path)
        with open_input(path) as stream:
            content = stream.read()
        with _readable(name):
            _check_size(content)
        tokens = importlib.import_module("spacy.tokens")
        with _readable(name):
            docs = tokens.DocBin().from_bytes(content)
        vocab = importlib.import_module("spacy.vocab").Vocab()
        every = iter(docs.get_docs(vocab))
        seen = Notices(name, how.notices)
        for index in count(1):
            where = f"{name}: doc {index}"
            with _readable(where, "the doc cannot be read"):
                doc = next(every, None)
                if doc is None:
                    break
                sentence, fault, evidence = _sentence(doc, how.lang)
                fault = fault or failure_of(evidence) or _notice_groups(doc, sentence, seen, index)
            placed = None if fault is None else type(fault)(fault.message, where=where, hint=fault.hint)
            yield Located(index, sentence, placed, evidence)
        seen.tell()
        if index == 1:
            raise EmptyInputError("the file holds no doc", where=name, hint="Check that it is the right file.")

    def write(self, path: PathLike, sentences: Iterable[Sentence], how: Writing) -> int:
        """Write sentences; the same ones give the same bytes. A name in ``.gz`` is compressed once more."""
        return self.write_projections(path, sentences, how)

    def write_projections(self, path: PathLike, items: Iterable[Labelled], how: Writing) -> int:
        """As :meth:`write`; what else is known of projections goes into the ``user_data`` of each ``Doc``."""
        tokens = importlib.import_module("spacy.tokens")
        vocab = importlib.import_module("spacy.vocab").Vocab()
        with binary_output(path) as stream:  # first, so that a bad path is found before the work
            docs = tokens.DocBin(attrs=["ENT_IOB", "ENT_TYPE"], store_user_data=True)
            for item in items:
                docs.add(_doc(item, vocab, tokens))
            stream.write(docs.to_bytes())
        return len(docs)


@contextmanager
def _readable(where: str, what: str = "not a DocBin of spaCy, or a damaged one") -> Iterator[None]:
    """Turn whatever a damaged file brings about in spaCy, zlib or msgpack into one clear error."""
    collecting = gc.isenabled()  # msgpack switches it off and, where it fails, not on again
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        reason = in_short(error.message if isinstance(error, CrosspanError) else error)
        hint = "Name the format if the ending is wrong; else write the file again."
        raise FormatError(f"{what} ({reason})", where=where, hint=hint) from error
    finally:
        if collecting:
            gc.enable()


def _check_size(content: bytes) -> None:
    """Raise where a file would become far larger than one of its size can be, before it is unpacked as a whole."""
    unpacking, total = zlib.decompressobj(), 0
    for begin in range(0, len(content), _BLOCK):
        rest = content[begin : begin + _BLOCK]
        while rest:
            total += len(unpacking.decompress(rest, 16 * _BLOCK))
            rest = unpacking.unconsumed_tail
            if total > _SMALL + _DENSEST * len(content):
                raise ValueError(f"its {len(content):,} bytes would become more than {total:,}")


def _sentence(doc: Any, lang: str | None) -> tuple[Sentence, SpanError | None, Mapping[str, Any] | None]:
    kept = doc.user_data.get(_KEY)
    known: Mapping[str, Any] = kept if isinstance(kept, Mapping) else {}
    for key in ("id", "lang", "text"):
        if known.get(key) is not None and not isinstance(known[key], str):
            raise FormatError(f"its {key!r} is {shown(known[key])}, not a string")
    gaps = set(known["gaps"]) if "gaps" in known else {token.i for token in doc if token.text.isspace()}
    place: list[int] = []
    words: list[str] = []
    offsets: list[tuple[int, int]] = []
    for token in doc:
        place.append(len(words))
        if token.i not in gaps:
            words.append(token.text)
            offsets.append((token.idx, token.idx + len(token.text)))
    place.append(len(words))
    text: str | None = doc.text
    found: tuple[tuple[int, int], ...] | None = tuple(offsets)
    if "text" in known:  # the words are not the text
        text = known["text"]
        found = tuple([(start, end) for start, end in known["offsets"]]) if "offsets" in known else None
    about = {(item["start"], item["end"], without_invisible(item["label"])): item for item in known.get("spans", ())}
    entities = _labelled_spans(doc)
    spans = [
        Span(place[ent.start], place[ent.end], without_invisible(ent.label_))
        for ent in entities
        if place[ent.start] < place[ent.end]
    ]
    if about:  # entities that somebody changed have no score
        spans = [replace(one, score=about.get((one.start, one.end, one.label), {}).get("score")) for one in spans]
    missing = sum(token.ent_iob == 0 for token in doc)
    fault = None
    if spans and missing and doc.ents:
        spans = []
        fault = SpanError(
            f"{missing} tokens are neither part of an entity nor outside of one",
            hint="Label the missing tokens, or remove the doc.",
        )
    language = lang or known.get("lang")
    sentence = Sentence(tuple(words), (), known.get("id"), language, text, found)
    try:
        sentence = replace(sentence, spans=tuple(spans))
    except SpanError as error:  # spans of a group may overlap
        fault = error
    return sentence, fault, known if is_projection(known) else None


def _groups(doc: Any) -> dict[str, list[Any]]:
    """The spans of a span categoriser, by group, that are no entities as well."""
    entities = {(ent.start, ent.end, ent.label_) for ent in doc.ents}
    found = {
        key: [one for one in spans if (one.start, one.end, one.label_) not in entities]
        for key, spans in doc.spans.items()
    }
    return {key: spans for key, spans in found.items() if spans}


def _labelled_spans(doc: Any) -> list[Any]:
    """The entities; where there are none, the spans of the only group."""
    if doc.ents:
        return list(doc.ents)
    groups = _groups(doc)
    return sorted(next(iter(groups.values())), key=lambda one: (one.start, one.end)) if len(groups) == 1 else []


def _notice_groups(doc: Any, sentence: Sentence, seen: Notices, index: int) -> SpanError | None:
    """Name groups of spans that are not used; where there are no entities, that is a fault."""
    groups = _groups(doc)
    if not doc.ents and len(groups) < 2:
        return None
    for key, spans in groups.items():
        if not doc.ents:
            return SpanError(
                f"the group {key!r} holds {len(spans)} spans, and there are others beside it",
                hint="Keep one group in doc.spans, or set doc.ents.",
            )
        seen.add(
            "labels-unused",
            f"the group {key!r} of doc.spans holds {{count}} more spans, which are not used",
            index,
            len(spans),
        )
    return None


def _doc(item: Labelled, vocab: Any, tokens: Any) -> Any:
    sentence = sentence_in(item)
    words, spaces, gaps = _words(sentence)
    doc = tokens.Doc(vocab, words=words, spaces=spaces)
    place = [index for index in range(len(words)) if index not in gaps]
    if words:
        entities = [
            tokens.Span(doc, place[span.start], place[span.end - 1] + 1, label=span.label) for span in sentence.spans
        ]
        doc.set_ents(entities, default="outside")
    kept: dict[str, Any] = {"gaps": sorted(gaps)}
    if sentence.id is not None:
        kept["id"] = sentence.id
    if sentence.lang is not None:
        kept["lang"] = sentence.lang
    if doc.text != sentence.text or sentence.offsets is None:
        kept["text"] = sentence.text
        if sentence.offsets is not None:
            kept["offsets"] = [list(offset) for offset in sentence.offsets]
    record = item.to_dict()
    if any(span.score is not None for span in sentence.spans):
        kept["spans"] = record["spans"]
    kept |= {key: record[key] for key in ("dropped", "unobserved", "error") if key in record}
    doc.user_data[_KEY] = kept
    return doc


def _words(sentence: Sentence) -> tuple[list[str], list[bool], set[int]]:
    """The tokens with what stands between them; whether a blank follows each; which of them are gaps."""
    text, offsets = sentence.text, sentence.offsets
    before = 0
    for start, end in offsets or ():
        if start < before:
            offsets = None
            break
        before = end
    if text is None or offsets is None:
        return list(sentence.tokens), [True] * (len(sentence.tokens) - 1) + [False] * bool(sentence.tokens), set()
    words: list[str] = []
    spaces: list[bool] = []
    gaps: set[int] = set()
    before = 0
    for start, end in [*offsets, (len(text), len(text))]:
        gap = text[before:start]
        if words and gap.startswith(" "):
            spaces[-1] = True
            gap = gap[1:]
        if gap:
            gaps.add(len(words))
            words.append(gap)
            spaces.append(False)
        if start < end:
            words.append(text[start:end])
            spaces.append(False)
        before = end
    return words, spaces, gaps
