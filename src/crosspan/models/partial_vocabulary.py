"""Fine-tuning with the vectors of those pieces alone that the text has.

A multilingual encoder has most of its weights in the table of its pieces' vectors, and a text has a tenth of the
pieces. All that a training does to the others is to let them decay. So they are taken out while it trains: they have no
gradients, and the optimizer remembers nothing of them. They come back, as they were, when it has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from crosspan.models.loading import neural

_WHO = "fine-tuning"


class PartialVocabulary:
    """The vectors of some pieces in the place of all, as long as a model is trained.

    The model still takes the numbers of all pieces: those without a vector of their own have the one that they had.

    Args:
        model: The model; its embeddings must be trained. From now on it has a smaller table.
        pieces: Numbers of the pieces whose vectors are trained.
    """

    def __init__(self, model: Any, pieces: npt.NDArray[np.integer[Any]]) -> None:
        torch = neural(_WHO, "torch")
        self.model = model
        self.whole = model.get_input_embeddings()
        self.pieces = torch.from_numpy(np.unique(pieces).astype(np.int64)).to(self.whole.weight.device)
        self.whole.requires_grad_(False)
        model.set_input_embeddings(_table(torch, self.whole, self.pieces))

    def put_back(self) -> None:
        """Put the trained vectors into the whole table, and this in its place. Twice is as good as once."""
        torch = neural(_WHO, "torch")
        part = self.model.get_input_embeddings()
        if part is self.whole:
            return
        with torch.no_grad():
            self.whole.weight[self.pieces] = part.weight.to(self.whole.weight.dtype)
        self.whole.requires_grad_(True)
        self.model.set_input_embeddings(self.whole)


def partial_vocabulary(
    model: Any, pieces: Iterable[npt.NDArray[np.integer[Any]]], *, guesses: bool = True
) -> PartialVocabulary | None:
    """Train the vectors of some pieces alone, where that saves anything.

    Args:
        model: The model.
        pieces: Numbers of the pieces of each text that is learned from.
        guesses: Whether a layer that guesses pieces is trained, if the model has one.

    Returns:
        What puts the whole table back; ``None`` where the model stays as it is: its table is not trained, is tied to
        another, or of a kind of its own, or the text has most of the pieces.
    """
    torch = neural(_WHO, "torch")
    whole = model.get_input_embeddings()
    if type(whole) is not torch.nn.Embedding or not whole.weight.requires_grad or whole.max_norm is not None:
        return None
    if guesses and model.get_output_embeddings() is not None:
        return None
    used = np.unique(np.concatenate([np.unique(one) for one in pieces]))
    if 2 * len(used) > whole.num_embeddings:
        return None
    return PartialVocabulary(model, used)


def _table(torch: Any, whole: Any, pieces: Any) -> Any:
    rows = torch.full((whole.num_embeddings,), -1, dtype=torch.long, device=pieces.device)
    rows[pieces] = torch.arange(len(pieces), device=pieces.device)
    padding = -1 if whole.padding_idx is None else int(rows[whole.padding_idx])

    class Table(torch.nn.Module):  # type: ignore[misc]  # its base is known only once torch is there
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(whole.weight[pieces].clone())
            self.num_embeddings, self.embedding_dim = whole.num_embeddings, whole.embedding_dim

        def forward(self, ids: Any) -> Any:
            found = rows[ids]
            fill = padding if padding >= 0 else None
            if self.training:  # on the text that the pieces were taken from
                return torch.nn.functional.embedding(found, self.weight, padding_idx=fill)
            vectors = torch.nn.functional.embedding(found.clamp(min=0), self.weight, padding_idx=fill)
            away = found < 0
            if away.any():
                vectors = torch.where(away[..., None], whole(ids), vectors)
            return vectors

    return Table().to(whole.weight.device)
