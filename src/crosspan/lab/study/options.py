"""What a study hands on: settings of fine-tuning, adversarial training, pre-training, and shapes of new encoders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crosspan.core.errors import OptionError
from crosspan.core.options import with_settings
from crosspan.lab.study.tables import Encoder, Mode
from crosspan.train.token_options import TokenClassifierOptions

if TYPE_CHECKING:
    from crosspan.lab.study.plan import Plan
    from crosspan.train.adversarial_options import AdversarialOptions
    from crosspan.train.pretrain.options import PretrainOptions
    from crosspan.train.pretrain.scratch import Shape

_OURS = ("encoder", "seed", "device", "source_lang", "dev_is_target")


def train_options(plan: Plan, encoder: Encoder, model: str, seed: int, device: str) -> TokenClassifierOptions:
    """How a tagger is trained.

    Args:
        plan: The study.
        encoder: The encoder.
        model: Its name on the hub or its folder, where it was pre-trained here.
        seed: Of the training.
        device: Where it runs.

    Raises:
        OptionError: A setting is unknown, not possible, or one that the study sets itself.
    """
    settings = {**plan.train.options, **encoder.train}
    _refuse(settings, _OURS)
    return with_settings(
        TokenClassifierOptions(),
        {**settings, "encoder": model, "seed": seed, "device": device, "source_lang": plan.train.lang},
    )


def pretrain_options(plan: Plan, encoder: Encoder, seed: int, device: str) -> PretrainOptions:
    """How an encoder is pre-trained.

    Raises:
        OptionError: A setting is unknown, not possible, or one that the study sets itself.
    """
    from crosspan.train.pretrain.options import PretrainOptions

    settings = {**plan.pretrain.options, **encoder.pretrain}
    _refuse(settings, ("seed", "device"))
    return with_settings(PretrainOptions(), {**settings, "seed": seed, "device": device})


def adversarial_options(mode: Mode) -> AdversarialOptions:
    """How the languages are made alike.

    Raises:
        OptionError: A setting is unknown or not possible.
    """
    from crosspan.train.adversarial_options import AdversarialOptions

    found = with_settings(AdversarialOptions(), mode.settings)
    if found.mode == "none":
        raise OptionError("this mode is plain fine-tuning", hint="Leave it out: it is always run.")
    return found


def shape_of(encoder: Encoder) -> Shape:
    """The shape of an encoder that is made here.

    Raises:
        OptionError: A setting is unknown or not possible.
    """
    from crosspan.train.pretrain.scratch import Shape

    return with_settings(Shape(), encoder.shape)


def _refuse(settings: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if name in settings:
            raise OptionError(f"{name} is set by the study itself", hint="Leave it out.")
