"""One bad sentence never stops a corpus, and no outage makes a sentence bad.

A component works on batches and raises anything. What fails is halved until the bad item stands alone. An outage
(:mod:`crosspan.core.outages`) stops the work instead: nothing is wrong with the items. Where that cannot be told by the
error, what did well before is tried again: who fails on that as well has broken down.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from crosspan.core.errors import ArgumentError, CrosspanError, MemoryTooSmallError, OptionError, UnavailableError
from crosspan.core.outages import is_outage
from crosspan.core.secrets import hidden

T = TypeVar("T")
R = TypeVar("R")

MANY = 20
"""If so many items fail one after the other, something else than the items may be at fault."""

GO_ON = "No sentence is at fault: run it again when that is mended; a run goes on from what it has finished."


class Pulse(Generic[T]):
    """Tells who has broken down from who meets bad items.

    Args:
        work: Works on one item, and raises where that fails.
        what: Who does it, for messages: ``"the tagger"``.
        where: Where it is, for messages.

    Attributes:
        failures: How many items failed since the last one that did well.

    Example:
        >>> def half(number):
        ...     if number % 2:
        ...         raise ValueError("odd")
        >>> pulse = Pulse(half, "the halver")
        >>> pulse.well(4)
        >>> pulse.failed(ValueError("odd"))
        >>> pulse.check()
    """

    def __init__(self, work: Callable[[T], object], what: str, where: str | None = None) -> None:
        self._work = work
        self._what = what
        self._where = where
        self._well: list[T] = []
        self._last: Exception | None = None
        self.failures = 0

    @property
    def known(self) -> bool:
        """Whether anything did well yet."""
        return bool(self._well)

    def well(self, item: T) -> None:
        """Take note of an item that did well."""
        self._well = [item]
        self.failures = 0

    def failed(self, error: Exception) -> None:
        """Take note of an item that failed; where many did, find out why.

        Raises:
            UnavailableError: What did well before fails now.
        """
        self._last = error
        self.failures += 1
        if self.known and self.failures >= MANY:
            self.check()

    def check(self) -> None:
        """Try what did well before, if anything did, and if nothing has since the last failure.

        Raises:
            UnavailableError: It fails now.
        """
        if not self.known or not self.failures:
            return
        try:
            self._work(self._well[0])
        except (MemoryError, SystemError):
            raise
        except Exception as error:
            raise_outage(error, self._what)
            raise UnavailableError(
                f"{self._what} fails now on what it did well before ({in_words(self._last or error)})",
                where=self._where,
                hint=GO_ON,
            ) from error
        self.failures = 0


class EachByItself(Generic[T, R]):
    """A batch function that fails item by item.

    What it remembers lasts for all its batches: who fails on every item of one may have done well on the one before.

    Args:
        function: Gives one result an item, in order.
        what: Who works there, for messages: ``"the tagger"``.

    Attributes:
        unsure: Whether failures of the last batch may pass: nothing at all has done well yet, so they may be anybody's
            fault, or memory was too small for an item.

    Example:
        >>> inverted = EachByItself(lambda batch: [1 / item for item in batch], "the divider")
        >>> found = inverted([1, 0])
        >>> found[0], type(found[1]).__name__
        (1.0, 'ZeroDivisionError')
    """

    def __init__(self, function: Callable[[Sequence[T]], Sequence[R]], what: str) -> None:
        self._function = function
        self._what = what
        self._pulse: Pulse[T] = Pulse(self._one, what)
        self._failed = 0
        self.unsure = False

    def __call__(self, items: Sequence[T]) -> list[R | Exception]:
        """Work on a batch.

        Returns:
            For each item its result, or the error that it alone brings about.

        Raises:
            CrosspanError: No item is at fault: there is an outage, or an option is one that nothing can be done with,
                or many fail and none does well.
        """
        found = self._halved(items)
        for index, one in enumerate(found):  # an outage that nobody calls so may have passed
            if isinstance(one, Exception):
                found[index] = self._alone(items[index])
        self._pulse.check()
        errors = [one for one in found if isinstance(one, Exception)]
        if errors and not self._pulse.known and all(map(_of_an_option, errors)):
            raise errors[0]
        may_pass = any(isinstance(one, UnavailableError) for one in errors)
        self.unsure = may_pass or (bool(errors) and not self._pulse.known)
        return found

    def _halved(self, items: Sequence[T]) -> list[R | Exception]:
        found: list[R | Exception] = []
        waiting = [items] if items else []
        while waiting:
            batch = waiting.pop()
            try:
                results = self._called(batch)
            except (MemoryError, SystemError):  # the latter is what compiled code makes of Ctrl-C
                raise
            except Exception as error:  # whatever a component does: it may be anybody's
                raise_outage(error, self._what)
                if len(batch) > 1:
                    half = len(batch) // 2
                    waiting += [batch[half:], batch[:half]]
                    continue
                found.append(error)
                self._pulse.failed(error)
                self._failed += 1
                if not self._pulse.known and self._failed >= MANY:
                    self._find_one_that_works([item for rest in reversed(waiting) for item in rest], error)
            else:
                self._pulse.well(batch[0])
                found += results
        return found

    def _alone(self, item: T) -> R | Exception:
        try:
            result = self._one(item)
        except (MemoryError, SystemError):
            raise
        except Exception as error:
            raise_outage(error, self._what)
            self._pulse.failed(error)
            return error
        self._pulse.well(item)
        return result

    def _one(self, item: T) -> R:
        return self._called([item])[0]

    def _called(self, batch: Sequence[T]) -> Sequence[R]:
        results = self._function(batch)
        if len(results) != len(batch):
            raise ValueError(f"{len(results)} results for {len(batch)} sentences")
        return results

    def _find_one_that_works(self, items: Sequence[T], error: Exception) -> None:
        """Look for one of some items, at even distances, that does well.

        Raises:
            CrosspanError: None does.
        """
        for item in items[:: max(1, len(items) // MANY)]:
            if not isinstance(self._alone(item), Exception):
                return
        if isinstance(error, CrosspanError):
            raise error
        raise CrosspanError(
            f"{self._what} fails on every sentence ({in_words(error)})", hint="Mend it, or choose another."
        ) from error


def raise_outage(error: Exception, what: str) -> None:
    """Raise where no item can be at fault; return where one may be.

    Args:
        error: What was raised.
        what: Who raised it, for messages: ``"the tagger"``.

    Raises:
        CrosspanError: The error itself if it is one of ours, else an :class:`UnavailableError` that tells of it.
    """
    if isinstance(error, CrosspanError):
        if not error.of_input or (is_outage(error) and not isinstance(error, MemoryTooSmallError)):
            raise error
    elif is_outage(error):
        raise UnavailableError(f"{what} cannot go on ({in_words(error)})", hint=GO_ON) from error


def _of_an_option(error: Exception) -> bool:
    return isinstance(error, OptionError) and not isinstance(error, ArgumentError)


def in_words(error: BaseException) -> str:
    """An error as the reason why a sentence is left out, without secrets.

    Example:
        >>> in_words(ZeroDivisionError("division by zero"))
        'ZeroDivisionError: division by zero'
    """
    if isinstance(error, CrosspanError):
        return hidden(f"{error.message}. {error.hint}" if error.hint else error.message)
    what = hidden(str(error)).strip().partition("\n")[0]
    return f"{type(error).__name__}: {what}" if what else type(error).__name__
