"""One cell of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["pretrain", "train"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One model of a study.

    Args:
        kind: ``"pretrain"`` makes an encoder, ``"train"`` a tagger that is scored.
        key: What its result depends on, as a hash.
        encoder: Name of the encoder.
        mode: Of training; empty for an encoder.
        target: The language that it is trained against, where each has a training of its own; else empty.
        seed: Of all chance in it.
        needs: Key of the encoder that has to be there first; empty for none.
        tests: The test sets that it is scored on.
    """

    kind: Kind
    key: str = ""
    encoder: str
    mode: str = ""
    target: str = ""
    seed: int = 0
    needs: str = ""
    tests: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What a line about the cell begins with.

        Example:
            >>> Cell(kind="train", encoder="xlm-r", mode="reversal", target="sw", seed=1).label
            'xlm-r, reversal against sw, seed 1'
        """
        if self.kind == "pretrain":
            return f"{self.encoder}, pre-training, seed {self.seed}"
        against = f" against {self.target}" if self.target else ""
        return f"{self.encoder}, {self.mode}{against}, seed {self.seed}"
