"""All options of a trainer of encoders in one object, as :data:`crosspan.train.TRAINERS` takes them.

They stand by themselves, so that asking for options loads nothing that trains.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.picking import AdvPickerOptions
from crosspan.train.token_options import TokenClassifierOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTrainerOptions(TokenClassifierOptions):
    """How an encoder is fine-tuned, with or without a discriminator of languages.

    Args:
        adversarial: How it is kept from telling languages apart.
    """

    adversarial: AdversarialOptions = field(default_factory=AdversarialOptions)

    def __post_init__(self) -> None:
        TokenClassifierOptions.__post_init__(self)  # super() does not know a class with slots

    def facts(self) -> dict[str, Any]:
        """What of :class:`~crosspan.core.components.Component` depends on these options."""
        return {"unlabelled": self.adversarial.mode != "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvPickerTrainerOptions(TokenTrainerOptions):
    """How an encoder is trained with AdvPicker.

    Args:
        picker: How sentences are picked.
    """

    picker: AdvPickerOptions = field(default_factory=AdvPickerOptions)

    def __post_init__(self) -> None:
        TokenTrainerOptions.__post_init__(self)

    def facts(self) -> dict[str, Any]:
        """All of AdvPicker's learning is from unlabelled sentences."""
        return {}
