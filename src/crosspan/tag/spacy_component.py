"""A component of spaCy's pipelines that finds entities with a tagger of crosspan. Needs ``spacy``.

spaCy finds it by an entry point of the package, so that nothing has to be imported:
``nlp.add_pipe("crosspan", config={"model": "sw.crf"})``.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spacy.language import Language
from spacy.tokens import Span as DocSpan
from spacy.util import filter_spans, raise_error

from crosspan.core.errors import ModelError
from crosspan.core.types import Sentence
from crosspan.tag import Tagger, load_tagger

if TYPE_CHECKING:
    from spacy.tokens import Doc

SCORE = "crosspan_score"
"""The attribute ``span._.crosspan_score``: how sure the tagger is of an entity; ``None`` of entities of others."""

_KEPT = "model"


class EntityFinder:
    """Writes the entities that a tagger finds into ``doc.ents``.

    Each sentence of a document is tagged for itself where something before it in the pipeline has found sentences
    (``sentencizer``, ``parser``, ``senter``), else the document as a whole. Tokens are spaCy's; what is only white
    space between them is passed over.

    Args:
        name: What the component is called in its pipeline.
        model: What :func:`crosspan.load_tagger` takes: ``"en"``, a file that ``crosspan train`` made, or
            ``"onnx:FOLDER"``, ``"transformers:FOLDER"``. It is loaded with the first document, or from the folder of
            a pipeline that was saved, which holds a copy.
        overwrite: Whether entities that are there give way to those that are found where they overlap; else the
            other way round.
        threads: Threads of the tagger; all cores by default.

    Example:
        >>> import spacy
        >>> nlp = spacy.blank("en")
        >>> finder = nlp.add_pipe("crosspan")
        >>> [(one.text, one.label_) for one in nlp("Angela Merkel flew to Paris.").ents]
        [('Angela Merkel', 'PER'), ('Paris', 'LOC')]
    """

    def __init__(self, name: str, model: str, *, overwrite: bool = True, threads: int | None = None) -> None:
        self.name, self.model, self.overwrite, self.threads = name, model, overwrite, threads
        self._tagger: Tagger | None = None
        self._on_error: Callable[..., None] = raise_error
        if not DocSpan.has_extension(SCORE):
            DocSpan.set_extension(SCORE, default=None)

    @property
    def tagger(self) -> Tagger:
        """The tagger; loading it raises as :func:`crosspan.load_tagger` does."""
        if self._tagger is None:
            self._tagger = load_tagger(self.model, threads=self.threads)
        return self._tagger

    def __call__(self, doc: Doc) -> Doc:
        """Find the entities of a document; an error goes to the handler that the pipeline has set."""
        return next(self.pipe([doc]), doc)

    def pipe(self, stream: Iterable[Doc], batch_size: int = 128) -> Iterator[Doc]:
        """Find the entities of documents, many at a time; one that fails costs no other.

        Args:
            stream: The documents.
            batch_size: How many of them are tagged at once.
        """
        docs = iter(stream)
        tag = self.tagger.tag
        while batch := list(islice(docs, batch_size)):
            parts = [_sentences_of(doc) for doc in batch]
            try:
                found = iter(tag([sentence for own in parts for sentence, _ in own]))
                tagged: list[list[Sentence] | None] = [[next(found) for _ in own] for own in parts]
            except Exception:  # whatever a tagger raises: it is found out below which document it was
                tagged = [self._alone(doc, own, tag) for doc, own in zip(batch, parts, strict=True)]
            for doc, own, sentences in zip(batch, parts, tagged, strict=True):
                if sentences is not None:
                    self._put(doc, [places for _, places in own], sentences)
                    yield doc

    def _alone(
        self, doc: Doc, own: Sequence[tuple[Sentence, list[int]]], tag: Callable[[Sequence[Sentence]], list[Sentence]]
    ) -> list[Sentence] | None:
        try:
            return tag([sentence for sentence, _ in own])
        except Exception as error:  # spaCy's handlers decide what becomes of it
            self._on_error(self.name, self, [doc], error)
            return None

    def _put(self, doc: Doc, places: Sequence[list[int]], sentences: Sequence[Sentence]) -> None:
        found = []
        for own, sentence in zip(places, sentences, strict=True):
            for span in sentence.spans:
                entity = DocSpan(doc, own[span.start], own[span.end - 1] + 1, label=span.label)
                entity._.set(SCORE, span.score)
                found.append(entity)
        first, second = (found, doc.ents) if self.overwrite else (doc.ents, found)
        taken = {index for span in first for index in range(span.start, span.end)}
        others = [span for span in second if taken.isdisjoint(range(span.start, span.end))]
        doc.ents = filter_spans([*first, *others])

    def set_error_handler(self, handler: Callable[..., None]) -> None:
        """Say what becomes of documents that fail; spaCy calls this (``nlp.set_error_handler``)."""
        self._on_error = handler

    def get_error_handler(self) -> Callable[..., None]:
        """What becomes of documents that fail."""
        return self._on_error

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Copy the model into a folder of the pipeline, so that it can be moved; ``"en"`` is in the package.

        Args:
            path: The folder.
            exclude: Nothing here can be left out; spaCy passes it on.
        """
        kind, _, place = self.model.rpartition(":")
        source, folder = Path(place), Path(path)
        target = folder / (_KEPT + (f"-{kind}" if kind else "") + source.suffix)
        if not source.exists() or (target.exists() and target.samefile(source)):
            return
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob(f"{_KEPT}*"):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> EntityFinder:
        """Take the model from the folder of a pipeline that was saved.

        Args:
            path: The folder.
            exclude: Nothing here can be left out; spaCy passes it on.

        Raises:
            ModelError: There are several models.
        """
        found = sorted(Path(path).glob(f"{_KEPT}*")) if Path(path).is_dir() else []
        if len(found) > 1:
            raise ModelError("there are several models of one component", where=str(path), hint="Save it again.")
        if found:
            kind = found[0].name.removeprefix(_KEPT).partition(".")[0].lstrip("-")
            self.model = f"{kind}:{found[0]}" if kind else str(found[0])
            self._tagger = None
        return self


def _sentences_of(doc: Doc) -> list[tuple[Sentence, list[int]]]:
    """The sentences of a document, and where each of their tokens is in it."""
    found = []
    for part in doc.sents if doc.has_annotation("SENT_START") else [doc[:]]:
        tokens = [token for token in part if not token.is_space]
        if tokens:
            begin = tokens[0].idx
            ends = [(token.idx - begin, token.idx - begin + len(token.text)) for token in tokens]
            text = doc.text[begin : begin + ends[-1][1]]
            words = tuple(token.text for token in tokens)
            found.append((Sentence(words, text=text, offsets=tuple(ends)), [token.i for token in tokens]))
    return found


@Language.factory(
    "crosspan",
    default_config={"model": "en", "overwrite": True, "threads": None},
    assigns=["doc.ents", "token.ent_iob", "token.ent_type"],
)
def entity_finder(nlp: Any, name: str, model: str, overwrite: bool, threads: int | None) -> EntityFinder:
    """Make the component; spaCy calls this for ``nlp.add_pipe("crosspan", config=…)``.

    Args:
        nlp: The pipeline.
        name: As of :class:`EntityFinder`, like the others.
        model: The model.
        overwrite: Whether entities that are there give way.
        threads: Threads.

    Example:
        >>> import spacy
        >>> entity_finder(spacy.blank("en"), "names", "en", True, None).name
        'names'
    """
    return EntityFinder(name, model, overwrite=overwrite, threads=threads)
