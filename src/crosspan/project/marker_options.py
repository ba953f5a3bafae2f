"""Options of projection with markers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from crosspan.core.errors import OptionError
from crosspan.core.options import Within, checked
from crosspan.project.markers import check_style

Counts = Literal["keep", "complete", "strict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerOptions:
    """Options of projection with markers.

    Args:
        markers: ``brackets``, ``xml``, ``classes`` or ``tags``; ``auto`` takes tags where the translator keeps inline
            tags itself, else brackets.
        similarity: The least similarity, from 0 to 1, of bracketed text and entity.
        tag_similarity: The same for text between tags, which name their entity.
        counts: ``keep`` keeps all sentences; ``complete`` gives up those where an entity is not found, ``strict``
            those where a mark is missing or added, as EasyProject does.
        entity_wise: Translate each entity by itself as well, to compare bracketed text with; brackets need it.
        repair: Mend half pairs of marks where the text tells how.
        repair_similarity: The least similarity of text and entity for that.
    """

    markers: str = "auto"
    similarity: Annotated[float, Within(0, 1)] = 0.5
    tag_similarity: Annotated[float, Within(0, 1)] = 0.3
    counts: Counts = "keep"
    entity_wise: bool = True
    repair: bool = True
    repair_similarity: Annotated[float, Within(0, 1)] = 0.8

    def __post_init__(self) -> None:
        if self.markers != "auto":
            check_style(self.markers)
        checked(self)
        if self.markers == "brackets" and not self.entity_wise:
            raise OptionError(
                "brackets do not say which entity they stand for", hint="Use other markers, or leave entity_wise on."
            )
