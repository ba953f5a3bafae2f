"""Which labels the names of a corpus have, with and without the affixes that the corpus itself shows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence

from crosspan.text.characters import composed

SHORTEST_STEM = 4
"""What is left of a form without its affixes has so many characters."""

LONGEST_AFFIX = 6
_JOINT = "\x1f"

STEMS = 3
"""An affix is one that stands at so many different stems that have labels without it."""


def form_of(words: Sequence[str]) -> str:
    r"""Words as one string in which case and the spelling of marks do not count.

    Example:
        >>> form_of(("Wa", "Ujerumani")) == form_of(("wa", "UJERUMANI"))
        True
        >>> form_of(("o\u0301gu\u0301n",))
        'ógún'
    """
    return _JOINT.join([word.replace(_JOINT, " ") for word in composed(words)]).casefold()


class NameForms:
    """Counts the labels of forms.

    In many languages small words and classes are written in front of names, or cases behind them: ``wa Ujerumani``,
    ``eGhana``, ``Accra'da``. A form without such affixes is its *stem*, and a stem has the labels of all its forms.
    Affixes are what the corpus shows: beginnings and ends that stand at several stems which are labelled without them.

    Example:
        >>> forms = NameForms()
        >>> for place in ("Ghana", "Kenya", "Uganda", "Malawi"):
        ...     forms.add((place,), "LOC")
        >>> for place in ("eGhana", "eKenya", "eUganda"):
        ...     forms.add((place,), None)
        >>> forms.label_of(("eMalawi",)), forms.label_of(("eMali",))
        (('LOC', 1.0), ('', 0.0))
    """

    def __init__(self) -> None:
        self._labels: dict[str, Counter[str]] = defaultdict(Counter)
        self._others: set[str] = set()
        self._settled: tuple[frozenset[str], frozenset[str], dict[str, Counter[str]]] | None = None

    def add(self, words: Sequence[str], label: str | None) -> None:
        """Count a name; one without a label shows affixes all the same."""
        form = form_of(words)
        if label is None:
            self._others.add(form)
        else:
            self._labels[form][label] += 1
        self._settled = None

    def of_labels(self, labels: Collection[str]) -> NameForms:
        """The same forms where only some labels count.

        Args:
            labels: These labels.

        Example:
            >>> forms = NameForms()
            >>> forms.add(("Ghana",), "LOC")
            >>> forms.of_labels(["PER"]).label_of(("Ghana",))
            ('', 0.0)
        """
        found = NameForms()
        found._others |= self._others
        for form, counts in self._labels.items():
            kept = Counter({label: count for label, count in counts.items() if label in labels})
            if kept:
                found._labels[form] = kept
            if len(kept) < len(counts):
                found._others.add(form)
        return found

    def counts(self) -> dict[str, dict[str, int]]:
        """How often each form has which label; those without any label have none."""
        return {form: dict(self._labels.get(form, {})) for form in {*self._labels, *self._others}}

    @classmethod
    def of_counts(cls, counts: Mapping[str, Mapping[str, int]]) -> NameForms:
        """What :meth:`counts` gave.

        Args:
            counts: The labels of each form.
        """
        found = cls()
        for form, labels in counts.items():
            if labels:
                found._labels[form] = Counter(labels)
            else:
                found._others.add(form)
        return found

    def label_of(self, words: Sequence[str]) -> tuple[str, float]:
        """The label that most names of the same stem have, and their share; an empty one for unknown stems."""
        _, labels = self.stem_of(words)
        if not labels:
            return "", 0.0
        label = min(labels, key=lambda one: (-labels[one], one))
        return label, labels[label] / labels.total()

    def stem_of(self, words: Sequence[str]) -> tuple[tuple[int, int], Counter[str]]:
        """Which of some words belong to the longest stem that is known, and how often it has which label.

        Returns:
            The first of these words and the one after the last, and the counts; all words, and no counts, where none
            is known.

        Example:
            >>> forms = NameForms()
            >>> for place in ("Ghana", "Kenya", "Uganda"):
            ...     forms.add((place,), "LOC")
            ...     forms.add(("wa", place), None)
            >>> forms.stem_of(("wa", "Kenya"))
            ((1, 2), Counter({'LOC': 1}))
        """
        before, after, stems = self._known()
        form = form_of(words)
        for start, end in _cuts(form, before, after):
            if form[start:end] in stems:
                first = form.count(_JOINT, 0, start)
                return (first, first + form.count(_JOINT, start, end) + 1), stems[form[start:end]]
        return (0, len(words)), Counter()

    def _known(self) -> tuple[frozenset[str], frozenset[str], dict[str, Counter[str]]]:
        """Affixes before and after stems, and the labels of stems."""
        if self._settled is None:
            forms = {*self._labels, *self._others}
            before: frozenset[str] = frozenset()
            after: frozenset[str] = frozenset()
            stems = dict(self._labels)
            for _ in range(2):  # once with names that stand alone, once with names that never do
                before, after = _affixes(forms, stems)
                stems = _stems(self._labels, before, after)
            self._settled = before, after, stems
        return self._settled


def _affixes(forms: Collection[str], stems: Collection[str]) -> tuple[frozenset[str], frozenset[str]]:
    before: dict[str, set[str]] = defaultdict(set)
    after: dict[str, set[str]] = defaultdict(set)
    for form in forms:
        for length in range(1, min(LONGEST_AFFIX, len(form) - SHORTEST_STEM) + 1):
            if form[length:] in stems:
                before[form[:length]].add(form[length:])
            if form[:-length] in stems:
                after[form[-length:]].add(form[:-length])
    return _common(before), _common(after)


def _common(found: dict[str, set[str]]) -> frozenset[str]:
    return frozenset(affix for affix, stems in found.items() if len(stems) >= STEMS)


def _stems(labels: dict[str, Counter[str]], before: Collection[str], after: Collection[str]) -> dict[str, Counter[str]]:
    """The labels of forms, and of what they are without affixes."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for form, counts in labels.items():
        for start, end in _cuts(form, before, after):
            found[form[start:end]].update(counts)
    return dict(found)


def _cuts(form: str, before: Collection[str], after: Collection[str]) -> list[tuple[int, int]]:
    """Where a form can begin and end without affixes; the longest that is left comes first, the form itself."""
    starts = [0, *(n for n in range(1, LONGEST_AFFIX + 1) if form[:n] in before)]
    ends = [0, *(n for n in range(1, LONGEST_AFFIX + 1) if form[len(form) - n :] in after)]
    room = len(form) - SHORTEST_STEM
    cuts = [(start, len(form) - end) for start in starts for end in ends if start + end <= room or start + end == 0]
    return sorted(cuts, key=lambda cut: (cut[0] - cut[1], cut))
