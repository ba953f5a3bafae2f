"""Training taggers from labels, also from labels that are incomplete or unsure."""

from __future__ import annotations

from typing import Any

from crosspan.core.components import Component
from crosspan.core.families import Family
from crosspan.core.model_options import SETTLED

RECORD = "training.json"
"""The record of the training of an encoder; a folder that has it holds a model that is complete."""

_ENCODER: dict[str, Any] = {
    "target": "crosspan.train.trainers:train_encoder",
    "packages": ("transformers", "tokenizers", "torch"),
    "optional": ("peft",),
    "extra": "neural",
    "model": "encoder",
    "downloads": True,
    "gpu": True,
    "saves": "folder",
    "tagger": "transformers",
    "resumes": True,
    "dev": True,
    "unlabelled": True,
}
"""What is true of all trainers of encoders."""

TRAINERS = Family(
    "crosspan.trainers",
    "trainer",
    {
        "crf": Component(
            target="crosspan.train.crf:train_crf",
            options="crosspan.train.crf:CrfOptions",
            about="A conditional random field, trained on evidence; fast and small.",
            data=("crosspan.tag",),
            saves="file",
            tagger="crf",
            votes=True,
        ),
        "token-classifier": Component(
            options="crosspan.train.trainer_options:TokenTrainerOptions",
            about="Fine-tunes an encoder, against a discriminator of languages where adversarial.mode says so.",
            **_ENCODER,
        ),
        "advpicker": Component(
            options="crosspan.train.trainer_options:AdvPickerTrainerOptions",
            about="AdvPicker: an adversarial teacher labels the sentences that look least like one language.",
            **_ENCODER,
        ),
    },
    given=("examples",),
    context=("out", "seed", "threads", "progress", "dev", "unlabelled", "labels", "about"),
    unknown=Component(saves="file"),
    unseen=SETTLED,
)
"""Trainers by name: factories ``(examples, *, seed, threads, progress, **options)`` of a tagger.

What a trainer returns has ``save(path)``. One whose component says ``saves="folder"`` writes its model into the folder
``out`` instead, goes on there where it was left off, and returns a report. It may name in its signature what else it
wants: ``dev`` sentences to choose its weights by, ``unlabelled`` ones of the target language, the ``labels`` to learn,
and plain values ``about`` the data for the card of the model.
"""
