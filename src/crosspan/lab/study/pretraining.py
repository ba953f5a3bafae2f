"""The step that makes an encoder with random weights and pre-trains it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crosspan.core.model_options import SETTLED
from crosspan.core.plugins import package_version
from crosspan.models.archive import packed
from crosspan.pipeline.parts import Facts, Model
from crosspan.pipeline.step import Inputs, Output, Step

if TYPE_CHECKING:
    from crosspan.train.pretrain.options import PretrainOptions
    from crosspan.train.pretrain.scratch import Shape

_PACKAGES = ("transformers", "tokenizers", "sentencepiece", "torch")


@dataclass(kw_only=True)
class Pretrain(Step):
    """Makes an encoder and trains it on raw text; its folder, packed, is the result.

    Args:
        shape: What the encoder is like.
        options: How it is trained.
        lines: The text.
        held_out: Text to measure on.
        digests: Of both, as they are long.
        seed: Of the weights.
    """

    shape: Shape
    options: PretrainOptions
    lines: Sequence[str]
    held_out: Sequence[str]
    digests: Sequence[str]
    seed: int = 0
    name: str = "pretrain"
    single: bool = True
    resumes: bool = True

    def facts(self) -> Mapping[str, Any]:
        """Shape, options and text."""
        options = {name: value for name, value in asdict(self.options).items() if name not in SETTLED}
        packages = [f"{name} {package_version(name)}" for name in _PACKAGES]
        return {
            "shape": asdict(self.shape),
            "options": options,
            "text": list(self.digests),
            "seed": self.seed,
            "packages": packages,
        }

    def work(self, inputs: Inputs) -> Output:
        """Make and train it, from where that was left off."""
        from crosspan.lab.study.sizes import sizes_of
        from crosspan.models.saving import is_finished
        from crosspan.train.pretrain import language_model, scratch

        with tempfile.TemporaryDirectory(prefix="crosspan-") as folder:
            place = inputs.unfinished or Path(folder)
            new, model = place / "new", place / "model"
            if not is_finished(model, language_model.RECORD):
                if not is_finished(new, scratch.RECORD):
                    shutil.rmtree(new, ignore_errors=True)
                    scratch.new_encoder(self.lines, self.shape, new, seed=self.seed)
                language_model.train_language_model(
                    new,
                    self.lines,
                    model,
                    held_out=self.held_out,
                    options=self.options,
                    threads=inputs.threads,
                    progress=inputs.listener,
                )
            report = json.loads((model / language_model.RECORD).read_text(encoding="utf-8"))
            result = {"report": report, "sizes": sizes_of(str(model)).to_dict()}
            return Output({"model": Model("encoders", "transformers", packed(model)), "result": Facts(result)})
