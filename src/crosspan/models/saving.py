"""Models written to folders, as safetensors with their tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from crosspan.models.loading import neural


def save_model(model: Any, tokenizer: Any, folder: Path) -> None:
    """Write a model and its tokenizer, the weights in one file, without progress bars of other libraries.

    Args:
        model: A model of ``transformers``.
        tokenizer: Its tokenizer.
        folder: Where they go; made if it is not there.

    Raises:
        OSError: There is no room, or the folder may not be written.
    """
    logging = neural("saving a model").utils.logging
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder, max_shard_size="100GB")
        tokenizer.save_pretrained(folder)
    finally:
        if bars:
            logging.enable_progress_bar()
