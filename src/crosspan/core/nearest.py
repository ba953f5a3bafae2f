"""The one "did you mean": a hint with the name that comes nearest to what was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def did_you_mean(
    name: str,
    known: Iterable[str],
    *,
    shown: Mapping[str, str] | None = None,
    quoted: bool = True,
    otherwise: str | None = None,
) -> str:
    """A hint for a name that is not known.

    Case does not count. Where the whole name is like none, its last part is compared with the last parts of dotted
    names.

    Args:
        name: What was written.
        known: The names there are.
        shown: What to show instead of a name.
        quoted: Whether the name stands in quotes.
        otherwise: The hint where none is near; by default a list of all names.

    Example:
        >>> did_you_mean("heuristics", ["candidates", "heuristic"])
        "Did you mean 'heuristic'?"
        >>> did_you_mean("wird", ["smoothing.word", "p_null"], quoted=False)
        'Did you mean smoothing.word?'
        >>> did_you_mean("markers", ["candidates", "heuristic"])
        'Choose one of candidates, heuristic.'
    """
    import difflib

    names = list(known)
    whole = {one.lower(): one for one in reversed(names)}
    last = {one.rpartition(".")[2]: whole[one] for one in whole}
    asked = name.lower()
    for table, sought in ((whole, asked), (last, asked.rpartition(".")[2])):
        near = difflib.get_close_matches(sought, table, n=1)
        if near:
            found = (shown or {}).get(table[near[0]], table[near[0]])
            return f"Did you mean {found!r}?" if quoted else f"Did you mean {found}?"
    if otherwise is not None:
        return otherwise
    return f"Choose one of {', '.join(names)}." if names else "None is known."
