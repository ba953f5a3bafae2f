"""The errors crosspan raises: what happened, where, and what to do next.

Every class derives from :class:`CrosspanError`, so a caller can catch one type. The command line prints the
message as one paragraph and exits with the class's ``exit_code``.
"""

from __future__ import annotations


class CrosspanError(Exception):
    """Base of every error that crosspan raises on purpose.

    Args:
        message: What happened, in one sentence.
        where: The place: ``file:line``, a file, or a sentence id.
        hint: What the user can do about it, in one sentence.

    Example:
        >>> print(FormatError("3 columns, expected 2", where="train.conll:17", hint="Remove the extra column."))
        train.conll:17: 3 columns, expected 2. Remove the extra column.
    """

    exit_code = 1
    of_input = True
    """Whether a sentence may be at fault. Where not, no sentence is ever left out for it: the work stops."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        self.message = message.rstrip(".")
        self.where = where
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place}{self.message}.{hint}"


class FormatError(CrosspanError):
    """A file does not have the form its format asks for."""


class EncodingError(FormatError):
    """A file is not valid UTF-8."""


class TagError(CrosspanError):
    """A tag is malformed, unknown, or not allowed at its place in the scheme."""


class SpanError(CrosspanError):
    """A span is empty, reaches outside its sentence, or overlaps another."""


class LeftOutError(SpanError):
    """Who annotated a sentence said that it is not to be used; it is left out, and nobody needs to mend anything."""


class OffsetError(CrosspanError):
    """Offsets do not fit the tokens and the text of their sentence."""


class AlignmentError(CrosspanError):
    """Word links are malformed or point outside their sentences."""


class PairError(CrosspanError):
    """Source and target do not belong together, e.g. their line counts differ."""


class OptionError(CrosspanError):
    """An option is unknown or has a value that it cannot take."""

    exit_code = 2


class ArgumentError(OptionError):
    """A function was given a value of another kind than it works on, such as a string for a list of sentences."""


class UnavailableError(CrosspanError):
    """Something that the work needs beside its input is not there.

    A server that does not answer or refuses the key, a device, memory, a disk, a file, a package. No sentence is at
    fault, so none is left out for it: the work stops, what is finished is kept, and the next run goes on. Components of
    other packages raise it, too; :mod:`crosspan.core.outages` says what else counts as such.

    Example:
        >>> print(UnavailableError("the server does not answer", where="http://gpu:8000/v1", hint="Start it again."))
        http://gpu:8000/v1: the server does not answer. Start it again.
    """

    of_input = False


class MemoryTooSmallError(UnavailableError):
    """Memory is too small for one item by itself, such as a sentence that is very long.

    The sentence is left out, and the others go on; but as there may be more memory another time, the next run tries it
    again.
    """

    of_input = True


class MissingDependencyError(UnavailableError):
    """An optional package is needed and not installed."""


class ModelError(CrosspanError):
    """A saved model is damaged, too new, or not what was asked for."""


class OutputError(UnavailableError):
    """A result cannot be written."""


class EmptyInputError(CrosspanError):
    """There is nothing to work on."""
