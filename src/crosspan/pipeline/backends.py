"""All components there are: those of crosspan, those registered in this process, and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from crosspan.align import ALIGNERS
from crosspan.core.components import Component
from crosspan.core.errors import CrosspanError, OptionError
from crosspan.core.families import Family
from crosspan.core.nearest import did_you_mean
from crosspan.io.choice import FORMATS
from crosspan.project.matchers import MATCHERS
from crosspan.project.projector import PROJECTORS
from crosspan.project.scorers import SCORERS
from crosspan.suites import SUITES
from crosspan.tag import TAGGERS
from crosspan.train import TRAINERS
from crosspan.translate import TRANSLATORS

FAMILIES: Mapping[str, Family[Component]] = {
    family.group.rpartition(".")[2]: family
    for family in (*(TRANSLATORS, TAGGERS, ALIGNERS, PROJECTORS, SCORERS, MATCHERS, TRAINERS, FORMATS, SUITES),)
}
"""Every family, by the plural of what one of it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """What is known of one component.

    Args:
        family: Its family, such as ``"aligners"``.
        name: Its name.
        about: What it is, in one line.
        brought_by: Who brings it: ``"crosspan"``, or the name and version of a package.
        packages: Packages that it needs.
        programs: Programs that it needs.
        extra: The extra of crosspan that installs its packages; empty for none.
        model: Which option names the model that it needs; empty for none.
        downloads: Whether that model may come from the hub.
        gpu: Whether it wants a GPU.
        installed: Whether all that it needs is here, but for models.
        missing: What is not; or why it cannot be loaded.
    """

    family: str
    name: str
    about: str
    brought_by: str
    packages: tuple[str, ...]
    programs: tuple[str, ...]
    extra: str
    model: str
    downloads: bool
    gpu: bool
    installed: bool
    missing: str

    @property
    def needs(self) -> str:
        """The packages and programs that it needs, in words."""
        packages = [f"crosspan[{self.extra}]"] if self.extra else [one for one in self.packages if "{" not in one]
        return ", ".join([*packages, *self.programs])

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return asdict(self)


def backends(families: Iterable[str] = ()) -> list[Backend]:
    """All components.

    Args:
        families: Names of :data:`FAMILIES`; all by default.

    Raises:
        OptionError: There is no such family.

    Example:
        >>> [one.name for one in backends(["matchers"]) if one.brought_by == "crosspan"]
        ['exact', 'greedy']
    """
    asked = list(families) or [*FAMILIES]
    for name in asked:
        if name not in FAMILIES:
            raise OptionError(f"there is no family {name!r}", hint=did_you_mean(name, FAMILIES))
    return [_backend(family, name) for family in asked for name in FAMILIES[family].names()]


def _backend(family: str, name: str) -> Backend:
    of = FAMILIES[family]
    installed, missing = of.available(name)
    try:
        known = of.component(name)
    except CrosspanError:  # a package that is broken; what it says stands in missing
        known = of.unknown
    return Backend(
        family=family,
        name=name,
        about=known.about,
        brought_by=of.brought_by(name),
        packages=known.packages,
        programs=known.programs,
        extra=known.extra,
        model=known.model,
        downloads=known.downloads,
        gpu=known.gpu,
        installed=installed,
        missing=missing,
    )
