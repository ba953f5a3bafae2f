"""Studies that come with crosspan, to start from; they lie in ``ready/``."""

from __future__ import annotations

from functools import cache
from importlib import resources

from crosspan.core.errors import OptionError
from crosspan.core.nearest import did_you_mean


@cache
def study_names() -> tuple[str, ...]:
    """Names of the ready studies, sorted.

    Example:
        >>> study_names()
        ('scale-e5', 'scale-full', 'scale-small')
    """
    folder = resources.files("crosspan.lab.study") / "ready"
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def ready_study(name: str) -> str:
    """The text of a ready study.

    Args:
        name: One of :func:`study_names`.

    Raises:
        OptionError: There is none of this name.

    Example:
        >>> 'name = "scale-full"' in ready_study("scale-full")
        True
    """
    if name not in study_names():
        raise OptionError(f"there is no ready study {name!r}", hint=did_you_mean(name, study_names()))
    return (resources.files("crosspan.lab.study") / "ready" / f"{name}.toml").read_text(encoding="utf-8")


def about_study(name: str) -> str:
    """The first line of a ready study: what it asks.

    Example:
        >>> about_study("scale-full").startswith("Does adversarial training gain less")
        True
    """
    return ready_study(name).partition("\n")[0].removeprefix("# ")
