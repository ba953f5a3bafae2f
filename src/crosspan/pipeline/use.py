"""A component that a plan uses: by name with its settings, or an object that somebody handed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosspan.core.components import Component
from crosspan.core.digests import file_digest
from crosspan.core.errors import OptionError
from crosspan.core.families import Family


@dataclass(frozen=True, slots=True)
class Use:
    """Which component to use.

    Args:
        family: Its family.
        name: Its name there.
        model: What it loads: a name, or a file or folder.
        settings: Its options, by dotted name.
        given: The component itself, where somebody handed it over; the rest does not count then.
    """

    family: Family[Any]
    name: str = ""
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    given: Any = None

    @property
    def component(self) -> Component:
        """What is known of it with these settings; of one handed over, what it says of itself, if anything."""
        known: Component = (
            self.family.facts(self.name, self.settings) if self.given is None else self.family.told_by(self.given)
        )
        return known

    def facts(self) -> Mapping[str, Any]:
        """All that its results depend on beside its code, as plain values.

        Raises:
            OptionError: There is no such component, or it was handed over and says nothing of itself.
        """
        if self.given is None:
            return self.family.identity(self.name, self.settings, content=file_digest, model=self.model)
        identity = getattr(self.given, "identity", None)
        if not callable(identity):
            raise OptionError(
                f"results of a {type(self.given).__name__} that was handed over cannot be kept",
                hint="Name the component, or give it a method identity() of plain values that says what it is.",
            )
        return {"given": type(self.given).__qualname__, "identity": identity()}

    def roots(self) -> tuple[str, ...]:
        """Modules whose code its results depend on."""
        return (type(self.given).__module__,) if self.given is not None else self.family.roots(self.name)

    def make(self, threads: int | None = None, **context: Any) -> Any:
        """The component, loaded.

        Raises:
            OptionError: It does not know an option.
            ModelError: There is no such model, or it is damaged.
        """
        if self.given is not None:
            return self.given
        model = (self.model,) if "model" in self.family.given else ()
        return self.family.make(self.name, *model, settings=self.settings, threads=threads, **context)
