"""What the library tells on the way: standard ``logging`` under the name ``crosspan``.

======== =========================================================================================
DEBUG    what only matters when one looks for a fault
INFO     what takes long or is done once (a model is converted), or was done a second time
WARNING  what makes the result other than one might think (sentences without links, projections left
         out), or the work slower than it could be (memory ran out, nothing can be cached)
======== =========================================================================================

Errors are raised, not logged. Nothing is written anywhere unless the program sets ``logging`` up. What a user should
see even then is a Python warning as well: see :func:`warn`.
"""

from __future__ import annotations

import warnings
from logging import Logger, NullHandler, getLogger

ROOT = "crosspan"

getLogger(ROOT).addHandler(NullHandler())  # so that nothing goes to standard error by itself


def logger_of(module: str) -> Logger:
    """The logger of a module: call it with ``__name__``.

    Example:
        >>> logger_of("crosspan.io.hf").name
        'crosspan.io.hf'
    """
    return getLogger(module)


def warn(message: str, category: type[Warning], *, stacklevel: int = 1) -> None:
    """Warn, and log the same under the module of the category.

    Args:
        message: What happened, and what it means.
        category: A class of warning of ours, so that programs can filter it or make it an error.
        stacklevel: Which caller to name: 1 is the function that calls this one, as in ``warnings.warn``.

    Example:
        >>> with warnings.catch_warnings(record=True) as told:
        ...     warnings.simplefilter("always")
        ...     warn("memory ran out", UserWarning)
        >>> str(told[0].message)
        'memory ran out'
    """
    name = category.__module__ if category.__module__.startswith(f"{ROOT}.") else ROOT
    getLogger(name).warning(message)
    warnings.warn(message, category, stacklevel=stacklevel + 1)
