"""How large an encoder is, from its configuration alone: no weight is loaded or made."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass
from typing import Any

from crosspan.models.loading import load_config, neural


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The size of an encoder as it is fine-tuned: a T5 without its decoder.

    Args:
        parameters: All weights.
        embeddings: Those of them in tables that are looked up, of pieces and positions.
        layers: Of the encoder.
        width: Of its vectors.
        heads: Of its attention.
    """

    parameters: int
    embeddings: int
    layers: int
    width: int
    heads: int

    @property
    def body(self) -> int:
        """Parameters without embeddings: what works on every piece."""
        return self.parameters - self.embeddings

    def to_dict(self) -> dict[str, int]:
        """As plain values for JSON."""
        return {**asdict(self), "body": self.body}


def sizes_of(name: str) -> Sizes:
    """The size of an encoder.

    Args:
        name: Name on the hub, or a folder.

    Raises:
        ModelError: There is none.
    """
    return config_sizes(load_config(name))


def config_sizes(config: Any) -> Sizes:
    """The size of an encoder with a configuration."""
    torch = neural("a study", "torch")
    model = empty_model(config)
    tables = [part for part in model.modules() if isinstance(part, torch.nn.Embedding)]
    found = {id(part.weight): part.weight.numel() for part in tables}
    layers, width, heads = (
        int(getattr(config, name)) for name in ("num_hidden_layers", "hidden_size", "num_attention_heads")
    )
    return Sizes(
        parameters=sum(weight.numel() for weight in model.parameters()),
        embeddings=sum(found.values()),
        layers=layers,
        width=width,
        heads=heads,
    )


def empty_model(config: Any, device: str = "meta") -> Any:
    """A model that labels words, with random weights; on the device ``meta`` it takes no memory."""
    torch, transformers = neural("a study", "torch"), neural("a study")
    with torch.random.fork_rng(devices=[]), torch.device(device):
        # a copy: a T5 that labels words notes in it that it has no decoder
        return transformers.AutoModelForTokenClassification.from_config(deepcopy(config))
