"""AdvPicker's teacher, once it is trained: what it thinks of words, and its discriminator of sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.core.progress import Advance
from crosspan.core.types import Sentence
from crosspan.models.batching import in_batches
from crosspan.models.device import Placement
from crosspan.models.loading import load_model, neural
from crosspan.tag.transformers import TransformersTagger, TransformersTaggerOptions
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.adversarial_text import TextRow, judged, text_rows
from crosspan.train.adversary import discriminator_of
from crosspan.train.picking import Float64Array
from crosspan.train.token_classifier import encoder_parts
from crosspan.train.token_game import DISCRIMINATOR_FILE
from crosspan.train.token_model import body_of
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import WHO


class Teacher:
    """A trained teacher with its discriminator.

    Args:
        folder: Where both are.
        record: What the folder says of itself.
        options: How it was trained.
        adversarial: What the discriminator reads.
        threads: Threads to use on a CPU.
    """

    def __init__(
        self,
        folder: Path,
        record: Mapping[str, Any],
        options: TokenClassifierOptions,
        adversarial: AdversarialOptions,
        threads: int | None,
    ) -> None:
        self.torch = neural(WHO, "torch")
        self.adversarial = adversarial
        self.options, self.config, self.tokenizer = encoder_parts(replace(options, encoder=str(folder)))
        placement = Placement(device=options.device, dtype="float32")
        self.model = load_model(folder, "AutoModelForTokenClassification", placement=placement)
        self.device = next(self.model.parameters()).device
        how = TransformersTaggerOptions(model=str(folder), words=options.words, overlap=options.overlap)
        self.tagger = TransformersTagger.around(self.model, self.tokenizer, how, threads)
        self.classes = list(record["game"]["classes"])
        width = int(body_of(self.model).config.hidden_size)
        self.discriminator = discriminator_of(width, adversarial.hidden, len(self.classes), 0, self.device)
        weights = neural(WHO, "safetensors.torch").load_file(folder / DISCRIMINATOR_FILE)
        self.discriminator.load_state_dict(weights)

    def scores(self, sentences: Sequence[Sentence], advance: Advance | None = None) -> Float64Array:
        """The probability that each sentence is of the source, the mean over its pieces.

        Args:
            sentences: The sentences, each with its language.
            advance: Called with windows done and all there are.
        """
        others = {str(one.lang) for one in sentences}
        source = [at for at, name in enumerate(self.classes) if name not in others and name != "other"]
        cut = text_rows(self.tokenizer, self.config, sentences, 0, self.options)
        rows = [row for one in cut for row in one]
        owner = np.repeat(np.arange(len(cut)), [len(one) for one in cut])
        body, pad = body_of(self.model), int(self.tokenizer.pad_token_id or 0)

        def there(array: npt.NDArray[Any]) -> Any:
            return self.torch.from_numpy(array).to(self.device)

        def compute(batch: npt.NDArray[np.int64]) -> list[float]:
            chosen: list[TextRow] = [rows[index] for index in batch.tolist()]
            with self.torch.inference_mode():
                vectors, _ = judged(body, chosen, self.adversarial, pad, there)
                found = self.torch.softmax(self.discriminator(vectors).double(), -1)[:, source].sum(-1).cpu().numpy()
            if self.adversarial.level == "sentence":
                return [float(p) for p in found]
            ends = np.cumsum([row.end - row.begin for row in chosen])[:-1]
            return [float(part.mean()) for part in np.split(found, ends)]

        found = in_batches([len(row.ids) for row in rows], compute, budget=8_192, what="windows", advance=advance)
        size = np.array([row.end - row.begin for row in rows], float)
        sums = np.bincount(owner, weights=np.array(found) * size, minlength=len(cut))
        return np.asarray(sums / np.bincount(owner, weights=size, minlength=len(cut)), np.float64)
