"""What a recipe may say of the tagger that is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from crosspan.core.errors import OptionError
from crosspan.core.options import AtLeast
from crosspan.pipeline.recipes.file_tables import check_choice
from crosspan.train import TRAINERS
from crosspan.train.noise import NoiseOptions
from crosspan.train.round_options import ROUNDS, VoteOptions

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainTable:
    """The tagger that is trained.

    Args:
        use: crf, token-classifier to fine-tune an encoder, or a trainer that another package brings.
        rounds: How often the tagger's predictions and the projected labels vote, and it is trained again; only crf
            does so, once if nothing else is said.
        noise: How projected labels are taken.
        vote: How predictions and labels vote.
        gold: A file of the target language with right labels, such as sentences corrected by hand, that is learned from
            beside what was projected; projected sentences of which it has labels are left out.
        gold_weight: How much a sentence of gold counts beside one that was projected; 0 has crf choose it, and is 1 for
            other trainers.
        dev: A file of the source language with right labels, on which token-classifier chooses its weights; with
            dev_is_target = true, of the target language.
        learn_from: Which labelled sentences are learned from: target, those that labels were carried to; source, those
            that they came from; or both. auto is target, but source where a trainer learns not to tell languages apart.
        unlabelled: Files of other languages that an encoder learns not to tell from the source, such as
            ["sw=news.txt"]; only with adversarial.mode, and in advpicker. Without a language they are of the target.
            Where the source is learned from, all target sentences are such text, too.
    """

    use: str = "crf"
    learn_from: Literal["auto", "target", "source", "both"] = "auto"
    rounds: int = -1
    gold: str = ""
    gold_weight: Annotated[float, AtLeast(0)] = 0.0
    dev: str = ""
    unlabelled: tuple[str, ...] = ()
    noise: NoiseOptions = field(default_factory=NoiseOptions)
    vote: VoteOptions = field(default_factory=VoteOptions)
    options: Options = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("learn_from", self.learn_from, ("auto", "target", "source", "both"))
        trainer = TRAINERS.component(self.use)
        if self.rounds == -1:
            object.__setattr__(self, "rounds", ROUNDS if trainer.votes else 0)
        if self.rounds < 0:
            raise OptionError(f"rounds is {self.rounds}", hint="Choose 0 or more.")
        if not trainer.votes:
            if self.rounds:
                raise OptionError(f"{self.use} does not vote in rounds", hint="Leave out rounds, or set rounds = 0.")
            if self.vote != VoteOptions():
                raise OptionError(f"{self.use} does not vote in rounds", hint="Leave out what begins with vote.")
        if self.unlabelled and not trainer.unlabelled:
            raise OptionError(f"{self.use} learns nothing from unlabelled text", hint="Leave out unlabelled.")
        if self.dev and not trainer.dev:
            raise OptionError(f"{self.use} chooses nothing on dev sentences", hint="Leave out dev.")
        if trainer.model and not self.options.get(trainer.model):
            raise OptionError(f"{self.use} needs an {trainer.model}", hint=f'Add {trainer.model} = "NAME".')
        if self.options.get("patience") and trainer.dev and not self.dev:
            raise OptionError("early stopping needs dev sentences", hint='Add dev = "FILE", or set patience = 0.')
