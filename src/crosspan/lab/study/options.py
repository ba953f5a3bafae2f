"""What a study hands on: settings of trainers and of pre-training, and shapes of new encoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosspan.core.components import Component
from crosspan.core.errors import OptionError
from crosspan.core.options import flat, with_settings
from crosspan.lab.study.tables import PLAIN, EncoderTable, Mode
from crosspan.train import TRAINERS

if TYPE_CHECKING:
    from crosspan.lab.study.plan import StudyPlan
    from crosspan.train.pretrain.options import PretrainOptions
    from crosspan.train.pretrain.scratch import Shape

_OURS = ("seed", "device", "source_lang", "dev_is_target")
_GROUP = "adversarial"


@dataclass(frozen=True, slots=True)
class Training:
    """How a tagger is trained, whatever encoder it begins with and whatever the seed.

    Args:
        use: The trainer.
        settings: Its options, by dotted name.
    """

    use: str
    settings: Mapping[str, Any]

    @property
    def component(self) -> Component:
        """What is known of the trainer with these settings."""
        return TRAINERS.facts(self.use, self.settings)

    def option(self, name: str, default: Any) -> Any:
        """One of its options, of a trainer that has it."""
        options = TRAINERS.options(self.use)
        found = None if options is None else with_settings(options, self.settings)
        for part in name.split("."):
            found = getattr(found, part, None)
        return default if found is None else found


def training_of(plan: StudyPlan, encoder: EncoderTable, mode: str, device: str = "auto") -> Training:
    """How a tagger of the study is trained.

    Args:
        plan: The study.
        encoder: The encoder, which may have settings of its own.
        mode: Name of the mode.
        device: Where it runs, for trainers that ask.

    Raises:
        OptionError: There is no such trainer, or a setting is unknown, not possible, or one that the study sets itself.
    """
    row = Mode(name=PLAIN) if mode == PLAIN else plan.mode(mode)
    use = row.use or plan.train.use
    component = TRAINERS.component(use)
    settings = {**flat(plan.train.options), **flat(encoder.train)}
    _refuse(settings, (*_OURS, component.model))
    if use != plan.train.use:  # the settings of another trainer count as far as this one has them too
        settings = {name: value for name, value in settings.items() if _has(use, name)}
    settings |= _of_mode(use, row)
    _refuse(settings, (*_OURS, component.model))
    ours = {"device": device, "source_lang": plan.train.lang}
    settings |= {name: value for name, value in ours.items() if _has(use, name)}
    TRAINERS.resolved(use, settings)
    found = Training(use, settings)
    if mode != PLAIN and not row.use and found.option(f"{_GROUP}.mode", "") == "none":
        raise OptionError("this mode is plain fine-tuning", hint="Leave it out: it is always run.")
    return found


def is_adversarial(use: str) -> bool:
    """Whether a trainer has options of adversarial training.

    Example:
        >>> is_adversarial("token-classifier"), is_adversarial("crf")
        (True, False)
    """
    return _has(use, f"{_GROUP}.mode")


def _has(use: str, name: str) -> bool:
    return name in (TRAINERS.option_names(use) or ())


def _of_mode(use: str, mode: Mode) -> dict[str, Any]:
    """The settings of a mode as the trainer calls them."""
    settings = flat(mode.settings)
    if not is_adversarial(use):
        return settings
    from crosspan.train.adversarial_options import AdversarialOptions

    inside = {name: value for name, value in settings.items() if not _has(use, name) or _has(use, f"{_GROUP}.{name}")}
    with_settings(AdversarialOptions(), inside)  # names the nearest of them
    return {f"{_GROUP}.{name}" if name in inside else name: value for name, value in settings.items()}


def pretrain_options(plan: StudyPlan, encoder: EncoderTable, seed: int, device: str) -> PretrainOptions:
    """How an encoder is pre-trained.

    Raises:
        OptionError: A setting is unknown, not possible, or one that the study sets itself.
    """
    from crosspan.train.pretrain.options import PretrainOptions

    settings = {**plan.pretrain.options, **encoder.pretrain}
    _refuse(settings, ("seed", "device"))
    return with_settings(PretrainOptions(), {**settings, "seed": seed, "device": device})


def shape_of(encoder: EncoderTable) -> Shape:
    """The shape of an encoder that is made here.

    Raises:
        OptionError: A setting is unknown or not possible.
    """
    from crosspan.train.pretrain.scratch import Shape

    return with_settings(Shape(), encoder.shape)


def shape_config(encoder: EncoderTable) -> Any:
    """The configuration of an encoder that is yet to be made.

    Raises:
        OptionError: A setting of its shape is not possible.
    """
    from crosspan.train.pretrain.scratch import config_of

    return config_of(shape_of(encoder))


def _refuse(settings: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name and name in settings:
            raise OptionError(f"{name} is set by the study itself", hint="Leave it out.")
