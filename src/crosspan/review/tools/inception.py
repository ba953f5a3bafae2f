"""INCEpTION: a document as a CAS of UIMA, in JSON or XMI, with a sentence of ours for each of its sentences.

A name stands in the feature ``id`` of its sentence, which INCEpTION keeps, and an entity is a ``NamedEntity`` of its
layer of that name. Where the source is known, it stands as a sentence of its own before each, with its entities; what
is done to it is passed over. Scores have no place there. Places count UTF-16 units in the files; ``dkpro-cassis``
counts, never we.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crosspan.core.errors import FormatError, MissingDependencyError, OptionError
from crosspan.core.files import PathLike, atomic_binary, name_of
from crosspan.core.lines import open_input
from crosspan.core.types import Span
from crosspan.io.places import written
from crosspan.review.drawing import Shown
from crosspan.review.tools.tool import (
    HASH,
    ID,
    WHY,
    Returned,
    ReviewTool,
    ToolOptions,
    archive_files,
    marks_for,
    marks_in,
    source_of,
)

if TYPE_CHECKING:
    from cassis import Cas, TypeSystem

_DKPRO = "de.tudarmstadt.ukp.dkpro.core.api"
SENTENCE = f"{_DKPRO}.segmentation.type.Sentence"
TOKEN = f"{_DKPRO}.segmentation.type.Token"
ENTITY = f"{_DKPRO}.ner.type.NamedEntity"
_STRING = "uima.cas.String"
_SEPARATOR = "\t"
_SOURCE = "source"
_ENDINGS = (".json", ".xmi")


class Inception(ReviewTool):
    """The tool ``inception``."""

    name = "inception"
    title = "INCEpTION"
    unit = "utf16"
    says_who_looked = False

    def write(self, path: PathLike, shown: Sequence[Shown], how: ToolOptions) -> None:
        """Write one document, as its name says: ``.json`` for *UIMA CAS JSON*, ``.xmi`` for *UIMA CAS XMI*."""
        if not name_of(path).lower().endswith(_ENDINGS):
            raise OptionError(
                "INCEpTION imports no file of this name",
                where=name_of(path),
                hint="Let it end in .json for UIMA CAS JSON, or in .xmi for UIMA CAS XMI.",
            )
        cas = _document(shown)
        try:
            text = cas.to_json() if name_of(path).lower().endswith(".json") else cas.to_xmi()
        except ValueError as error:  # of lxml, for characters that XML has no place for
            raise FormatError(f"XML cannot hold it ({error})", where=name_of(path), hint="Write .json.") from error
        with atomic_binary(path) as stream:
            stream.write((text or "").encode("utf-8"))

    def read(self, path: PathLike, how: ToolOptions) -> Iterator[Returned]:
        """Yield each sentence of a document, or of those in an archive, as INCEpTION exports them."""
        count = 0
        for name, raw, types in _files(path):
            count += 1
            yield from _of(_loaded(name, raw, types), name)
        if not count:
            raise FormatError("it holds no document", where=name_of(path), hint="Export UIMA CAS JSON or XMI.")


def _cassis() -> Any:
    try:
        import cassis
    except ImportError as error:
        raise MissingDependencyError(
            "INCEpTION's files need dkpro-cassis", hint="Install it: pip install 'crosspan[inception]'."
        ) from error
    return cassis


def _types() -> TypeSystem:
    """The types of DKPro that are used; INCEpTION has them built in."""
    types: TypeSystem = _cassis().TypeSystem()
    for name, features in ((SENTENCE, ("id",)), (TOKEN, ("id",)), (ENTITY, ("value", "identifier"))):
        made = types.create_type(name, "uima.tcas.Annotation")
        for feature in features:
            types.create_feature(made, feature, _STRING)
    return types


def _document(shown: Sequence[Shown]) -> Cas:
    """All sentences as one document, a sentence a line."""
    cassis = _cassis()
    types = _types()
    sentence, token, entity = (types.get_type(name) for name in (SENTENCE, TOKEN, ENTITY))
    cas: Cas = cassis.Cas(types)
    parts: list[str] = []
    found: list[Any] = []
    at = 0

    def put(name: str, text: str, offsets: Sequence[tuple[int, int]], spans: Sequence[Span]) -> None:
        nonlocal at
        found.append(sentence(begin=at, end=at + len(text), id=name))
        found.extend(token(begin=at + start, end=at + end) for start, end in offsets)
        found.extend(entity(begin=at + one.start, end=at + one.end, value=one.label) for one in spans)
        parts.append(text)
        at += len(text) + 1

    for one in shown:
        source = source_of(one.task)
        if source is not None and one.task.source is not None:
            put(_SOURCE, source[0], written(one.task.source)[1], source[1])
        marks = marks_for(one)
        put(
            _SEPARATOR.join([marks[HASH], marks.get(WHY, ""), marks[ID]]),
            one.task.text,
            written(one.task.sentence)[1],
            one.task.spans,
        )
    cas.sofa_string = "\n".join(parts)  # before the places, which it counts
    cas.sofa_mime = "text/plain"
    languages = {one.task.sentence.lang for one in shown}
    cas.document_language = (languages.pop() if len(languages) == 1 else None) or "x-unspecified"
    whole = cas.get_document_annotation()
    whole.begin, whole.end = 0, len(cas.sofa_string)
    cas.add_all(found)
    return cas


def _files(path: PathLike) -> Iterator[tuple[str, bytes, bytes | None]]:
    """The documents of an export, with the types of those in XMI where they stand beside them."""
    if path != "-" and zipfile.is_zipfile(path):
        files = dict(archive_files(path, (*_ENDINGS, ".xml")))
        types = next((raw for name, raw in files.items() if name.lower().endswith("typesystem.xml")), None)
        yield from ((name, raw, types) for name, raw in files.items() if name.lower().endswith(_ENDINGS))
        return
    with open_input(path) as stream:
        yield name_of(path), stream.read(), None


def _loaded(name: str, raw: bytes, types: bytes | None) -> Cas:
    cassis = _cassis()
    try:
        if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
            found: Cas = cassis.load_cas_from_json(io.BytesIO(raw))
        else:
            known = _types() if types is None else cassis.load_typesystem(io.BytesIO(types))
            found = cassis.load_cas_from_xmi(io.BytesIO(raw), typesystem=known, lenient=True)
    except Exception as error:  # cassis raises whatever it stumbles over
        raise FormatError(
            f"it is no CAS of UIMA ({type(error).__name__}: {error})",
            where=name,
            hint="Export the document from INCEpTION as UIMA CAS JSON or UIMA CAS XMI.",
        ) from error
    if found.sofa_string is None:
        raise FormatError("the document has no text", where=name, hint="Export the document that was annotated.")
    return found


def _of(cas: Cas, name: str) -> Iterator[Returned]:
    document = cas.sofa_string or ""
    known = {one.name for one in cas.typesystem.get_types()}
    entities = sorted(cas.select(ENTITY), key=lambda one: (one.begin, one.end)) if ENTITY in known else []
    sentences = cas.select(SENTENCE) if SENTENCE in known else []
    seen = 0
    for number, sentence in enumerate(sorted(sentences, key=lambda one: int(one.begin)), 1):
        begin, end, where = sentence.begin, sentence.end, f"{name}:{number}"
        inside = []
        while seen < len(entities) and entities[seen].begin < end:
            inside.append(entities[seen])
            seen += 1
        mark = getattr(sentence, "id", None)
        if mark == _SOURCE:
            continue
        yield Returned(
            where=where,
            marks=_marks(mark),
            text=document[begin:end],
            items=[
                {"start": one.begin - begin, "end": one.end - begin, "label": one.value}
                for one in inside
                if one.begin >= begin
            ],
            sure=False,
            fault=_fault(inside, begin, end),
        )
    if seen < len(entities):
        yield Returned(where=name, fault=f"{len(entities) - seen} entities are in no sentence")


def _marks(mark: object) -> Any:
    if not isinstance(mark, str):
        return marks_in()
    parts = mark.split(_SEPARATOR, 2)
    return marks_in(dict(zip((HASH, WHY, ID), parts, strict=True))) if len(parts) == 3 else marks_in()


def _fault(entities: Sequence[Any], begin: int, end: int) -> str | None:
    """What is wrong with the entities of a sentence: one reaches out of it, or has no label."""
    for one in entities:
        if one.begin < begin or one.end > end:
            return f"the entity [{one.begin}, {one.end}) of the document is not inside of one sentence"
        if not isinstance(one.value, str) or not one.value:
            return f"the entity [{one.begin}, {one.end}) of the document has no value"
    return None
