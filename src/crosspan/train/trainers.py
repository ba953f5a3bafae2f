"""Trainers of encoders as :data:`crosspan.train.TRAINERS` calls them: all their options in one object."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from crosspan.core.progress import Listener
from crosspan.core.types import Sentence
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.advpicker import AdvPickerReport, train_advpicker
from crosspan.train.examples import Example
from crosspan.train.picking import AdvPickerOptions
from crosspan.train.token_classifier import train_token_classifier
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import TokenClassifierReport


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


def train_encoder(
    examples: Sequence[Example | Sentence],
    *,
    out: str | os.PathLike[str],
    options: TokenTrainerOptions,
    dev: Sequence[Sentence] = (),
    unlabelled: Sequence[Sentence] = (),
    labels: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    seed: int = 0,
    threads: int | None = None,
    progress: Listener | None = None,
) -> TokenClassifierReport | AdvPickerReport:
    """Fine-tune an encoder, with AdvPicker where the options have a picker.

    See :func:`crosspan.train.token_classifier.train_token_classifier` and
    :func:`crosspan.train.advpicker.train_advpicker`; ``options.seed`` goes before ``seed``.
    """
    given: dict[str, Any] = {
        "dev": dev,
        "options": _plain(options, seed),
        "unlabelled": unlabelled,
        "adversarial": options.adversarial,
        "labels": labels,
        "about": about,
        "threads": threads,
        "progress": progress,
    }
    if isinstance(options, AdvPickerTrainerOptions):
        return train_advpicker(examples, out, picker=options.picker, **given)
    return train_token_classifier(examples, out, **given)


def _plain(options: TokenTrainerOptions, seed: int) -> TokenClassifierOptions:
    plain = TokenClassifierOptions(**{one.name: getattr(options, one.name) for one in fields(TokenClassifierOptions)})
    return replace(plain, seed=plain.seed or seed)
