"""Signatures: one line that says how a score was made, in the way of sacreBLEU."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from crosspan import __version__


def signature(kind: str, *facts: str, **named: object) -> str:
    """Write the signature of a score.

    Args:
        kind: What was measured, e.g. ``"ner"``.
        facts: Settings that speak for themselves, e.g. ``"strict"``, ``"IOB2"``.
        named: Settings with a name, in order. ``None`` and empty lists are left out; lists are sorted and joined
            with commas; a character that would break the line up (``|``, a comma, a blank) is percent-encoded.

    Returns:
        ``crosspan-KIND|FACT|…|NAME:VALUE|…|v:VERSION``.

    Example:
        >>> from crosspan import __version__
        >>> line = signature("ner", "strict", "IOB2", labels=["PER", "LOC"], n=1000)
        >>> line == "crosspan-ner|strict|IOB2|labels:LOC,PER|n:1000|v:" + __version__
        True
    """
    parts = [f"crosspan-{kind}", *(_encode(fact) for fact in facts)]
    parts += [f"{name}:{text}" for name, text in _texts(named)]
    return "|".join([*parts, f"v:{__version__}"])


def made_on(line: str, devices: Iterable[str]) -> str:
    """A signature that also says on which devices models ran, whose last digits depend on them.

    Args:
        line: The signature.
        devices: The kinds of GPUs; without any it stays as it is.

    Example:
        >>> made_on("crosspan-ner|strict|v:0.1.0", ["NVIDIA H200"])
        'crosspan-ner|strict|device:NVIDIA%20H200|v:0.1.0'
    """
    head, _, version = line.rpartition("|")
    return "|".join([head, *(f"{name}:{text}" for name, text in _texts({"device": [*devices]})), version])


def _texts(named: Mapping[str, object]) -> Iterable[tuple[str, str]]:
    for name, value in named.items():
        if isinstance(value, list | tuple | set | frozenset):
            if value:
                yield name, ",".join(sorted(_encode(str(item)) for item in value))
        elif value is not None:
            yield name, _encode(str(value))


def _encode(text: str) -> str:
    for char in "%|, \t\n":
        text = text.replace(char, f"%{ord(char):02X}")
    return text
