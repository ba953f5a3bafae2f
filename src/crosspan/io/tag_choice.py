"""Which column of many holds the tags of entities, and which hold further tags, by what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from crosspan.core.tag_forms import SPELLINGS, are_labels, find_spelling, is_tag, outside_mark, without_invisible

_SURE_TAGS = 0.9
_LIKELY_TAGS = 0.5

# Labels of syntactic chunks, which CoNLL-2000 and CoNLL-2003 write with the same prefixes as entities.
_CHUNKS = frozenset(["NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP", "PC"])


def find_tags(values: Sequence[Counter[str]]) -> tuple[int | None, float]:
    """The column of the entity tags, and the share of its values that are tags.

    Args:
        values: How often each value stands in each column.

    Example:
        >>> find_tags([Counter(["Ada", "left"]), Counter(["B-NP", "B-VP"]), Counter(["B-PER", "O"])])
        (2, 1.0)
    """
    shares = [find_spelling(counts)[1] for counts in values]
    candidates = [column for column, share in enumerate(shares) if share >= _SURE_TAGS]
    if not candidates:
        best = max(range(len(shares)), key=shares.__getitem__)
        if shares[best] >= _LIKELY_TAGS and not are_labels(values[best]):
            return best, shares[best]
        bare = [column for column in range(1, len(values)) if are_labels(values[column])]
        return (bare[-1], 1.0) if bare else (None, 0.0)
    # Tokens may look like tags, chunks do: leave the first column and columns of chunks where there is a choice.
    candidates = [column for column in candidates if column > 0] or candidates
    candidates = [column for column in candidates if not is_chunks(values[column])] or candidates
    candidates = [column for column in candidates if values[column].keys() - {"O"}] or candidates
    return candidates[0], shares[candidates[0]]


def find_unused(
    values: Sequence[Counter[str]], used: Collection[int | None], names: Sequence[str] = ()
) -> tuple[tuple[int, str], ...]:
    """Columns of tags that are not read, with what to call them.

    Args:
        values: How often each value stands in each column.
        used: The columns that are read, or are known to be something else.
        names: What the columns are called, where they have names.

    Example:
        >>> find_unused([Counter(["Ada", "left"]), Counter(["B-PER", "O"]), Counter(["O", "B-X"])], {0, 1})
        ((2, '3'),)
    """
    found = []
    for column, counts in enumerate(values):
        if column in used or is_chunks(counts):
            continue
        labelled = {value for value in counts if without_invisible(value) not in ("O", "o", "_", "-", "")}
        spelling, share = find_spelling({value: counts[value] for value in labelled})
        prefixed = share >= _SURE_TAGS and spelling != "letter" and find_spelling(counts)[1] >= _LIKELY_TAGS
        if labelled and (prefixed or (0 not in (column, counts["O"]) and are_labels(counts))):
            name = f" ({names[column]})" if column < len(names) else ""
            found.append((column, f"{column + 1}{name}"))
    return tuple(found)


def with_outside(counts: Counter[str], mark: str | None = None) -> Counter[str]:
    """The values of a column with ``O`` in place of what stands for it.

    Args:
        counts: How often each value stands there.
        mark: What stands for it; ``None`` finds out.

    Example:
        >>> with_outside(Counter(["B-PER", "_"]))
        Counter({'B-PER': 1, 'O': 1})
    """
    mark = outside_mark(counts) if mark is None else mark
    if mark is None:
        return counts
    found: Counter[str] = Counter()
    for value, count in counts.items():
        found["O" if without_invisible(value) == mark else value] += count
    return found


def bare_tags(values: Sequence[Counter[str]]) -> int | None:
    """The last column of labels in capitals beside a mark for ``O``, where no column has tags.

    Args:
        values: How often each value stands in each column.

    Example:
        >>> bare_tags([Counter(["Ada", "left"]), Counter(["PER", "OTHER"])])
        1
    """
    for column in range(len(values) - 1, 0, -1):
        mark = outside_mark(values[column])
        if mark is not None and all(value.isupper() for value in values[column] if without_invisible(value) != mark):
            return column
    return None


def has_prefixes(counts: Counter[str]) -> bool:
    """Whether some values are tags with a prefix and a label.

    Example:
        >>> has_prefixes(Counter(["B-PER", "_"])), has_prefixes(Counter(["PER", "O"]))
        (True, False)
    """
    return any(len(value) > 1 and is_tag(value, spelling) for value in counts for spelling in SPELLINGS[:-1])


def is_chunks(counts: Collection[str]) -> bool:
    """Whether tags are of syntactic chunks.

    Example:
        >>> is_chunks(["B-NP", "O"]), is_chunks(["B-PER", "O"])
        (True, False)
    """
    labels = {value[2:] for value in counts if value != "O"}
    return bool(labels) and labels <= _CHUNKS
