"""The trainer of encoders as :data:`crosspan.train.TRAINERS` calls it: with all its options in one object."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from crosspan.core.progress import Listener
from crosspan.core.types import Sentence
from crosspan.train.advpicker import AdvPickerReport, train_advpicker
from crosspan.train.examples import Example
from crosspan.train.token_classifier import train_token_classifier
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import TokenClassifierReport
from crosspan.train.trainer_options import AdvPickerTrainerOptions, TokenTrainerOptions


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
