"""Labelled sentences that are read once, and understood in several ways: strictly and leniently, by any tag scheme."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from crosspan.core.errors import LeftOutError, TagError
from crosspan.core.tags import Repair, Scheme, SchemeOption, TagFault, decode, reading_scheme
from crosspan.core.types import Sentence, Span
from crosspan.io.rejects import Located, warn_of_left_out


@dataclass(frozen=True, slots=True)
class Readings:
    """The sentences of a file with their tags, of which spans can be made again.

    Args:
        name: The file, for messages.
        items: The sentences as read.
        scheme: The scheme that is told, or that most tags speak for.

    Example:
        >>> items = [Located(1, Sentence(("Ada", "Obi")), tags=["B-PER", "O"])]
        >>> items += [Located(4, Sentence(("Bo",)), tags=["I-PER"])]
        >>> strict, lenient = Readings.of(items, "a.conll").both()
        >>> [len(one.spans) for one in strict], [len(one.spans) for one in lenient]
        ([1, 0], [1, 1])
    """

    name: str
    items: Sequence[Located]
    scheme: Scheme

    @classmethod
    def of(cls, located: Iterable[Located], name: str, scheme: SchemeOption = "auto") -> Readings:
        """Read all sentences; those that an annotator left out do not count.

        Args:
            located: The sentences.
            name: Their file, for messages.
            scheme: Their tag scheme; ``"auto"`` finds it.

        Raises:
            CrosspanError: The labels of a sentence cannot be read, whatever the scheme.
        """
        items: list[Located] = []
        left_out = 0
        for item in located:
            if isinstance(item.fault, LeftOutError):
                left_out += 1
                continue
            if item.fault is not None and item.tags is None:
                raise item.fault
            items.append(item)
        warn_of_left_out(left_out)
        if scheme == "auto":
            scheme = reading_scheme(item.tags for item in items if item.tags is not None)
        return cls(name, items, scheme)

    @property
    def lines(self) -> list[int]:
        """Where each sentence begins."""
        return [item.line for item in self.items]

    def are_in(self, scheme: Scheme) -> bool:
        """Whether a scheme has all prefixes that are there; well-formed the tags need not be.

        Args:
            scheme: The scheme.
        """
        faults = (decode(item.tags, scheme)[1] for item in self.items if item.tags is not None)
        return not any(fault is not None and fault.kind == "foreign" for fault in faults)

    def both(self, scheme: Scheme | None = None) -> tuple[list[Sentence], list[Sentence]]:
        """The sentences read strictly (ill-formed tags count as ``O``) and leniently (they begin a span).

        Args:
            scheme: The scheme to read by, if not :attr:`scheme`.

        Returns:
            Both readings; one list twice where no tag is ill-formed.

        Raises:
            TagError: A tag is none, or does not belong to the scheme.
        """
        scheme = scheme or self.scheme
        strict: list[Sentence] = []
        lenient: list[Sentence] = []
        differ = False
        for item in self.items:
            one = other = item.sentence
            if item.tags is not None:
                spans, fault = decode(item.tags, scheme)
                one = other = _with_spans(one, spans)
                if fault is not None:
                    differ = True
                    one, other = (self._repaired(item, scheme, repair) for repair in ("drop", "begin"))
            strict.append(one)
            lenient.append(other)
        return strict, lenient if differ else strict

    def _repaired(self, item: Located, scheme: Scheme, repair: Repair) -> Sentence:
        assert item.tags is not None
        spans, fault = decode(item.tags, scheme, repair)
        if fault is not None:
            raise self._error(item, fault)
        return _with_spans(item.sentence, spans)

    def _error(self, item: Located, fault: TagFault) -> TagError:
        known = item.fault
        if isinstance(known, TagError) and fault.message in known.message:  # its reader knows the line of the tag
            return known
        return TagError(fault.message, where=f"{self.name}:{item.line}", hint=fault.hint)


def _with_spans(sentence: Sentence, spans: Sequence[Span]) -> Sentence:
    """The sentence with spans; as it is, with the scores of its own, where they are the same."""
    return sentence if tuple(spans) == sentence.spans else replace(sentence, spans=tuple(spans))
