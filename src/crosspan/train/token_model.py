"""The model that is fine-tuned: encoder, new layer of tags, matrices of LoRA; and what trains it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from crosspan.core.errors import OptionError
from crosspan.models.device import Placement
from crosspan.models.layers import freeze, keep_first
from crosspan.models.loading import check_fit, load_model, neural
from crosspan.models.partial_vocabulary import PartialVocabulary, partial_vocabulary
from crosspan.models.pieces import record_marks
from crosspan.models.romanizing import record
from crosspan.train.token_options import TokenClassifierOptions

if TYPE_CHECKING:
    from crosspan.train.adversarial_text import TextRow
    from crosspan.train.token_rows import Row

_WHO = "fine-tuning"


def loaded(options: TokenClassifierOptions, tokenizer: Any, tags: Sequence[str], device: Any) -> Any:
    """The encoder with a layer of tags, ready to be trained; what is to stay as it is, is frozen.

    Raises:
        ModelError: It cannot be loaded.
        OptionError: No layer has a name in ``lora_targets``, or there are fewer layers than are wanted or frozen.
        MissingDependencyError: LoRA is wanted and peft is not installed.
    """
    torch = neural(_WHO, "torch")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed)  # of the new layer
        model = load_model(
            options.encoder,
            "AutoModelForTokenClassification",
            placement=Placement(device=str(device), dtype="float32"),
            new_head=True,
            num_labels=len(tags),
            id2label=dict(enumerate(tags)),
            label2id={tag: index for index, tag in enumerate(tags)},
        )
        check_fit(tokenizer, model, options.encoder)
        keep_first(model, options.layers, options.encoder)
        record(model, options.romanize == "yes")
        record_marks(model, options.marks)
        if options.lora_rank:
            model = _with_lora(model, options).to(device)
        freeze(model, body_of(model), layers=options.freeze_layers, embeddings=options.freeze_embeddings)
    if options.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    return model


def usual_rate(config: Any, lora: bool) -> float:
    """The highest learning rate where none is named: the narrower an encoder, the higher.

    Args:
        config: Its configuration.
        lora: Whether matrices beside its weights are trained, and not these.

    Example:
        >>> from types import SimpleNamespace as Some
        >>> [usual_rate(Some(hidden_size=width), False) for width in (128, 384, 768, 1024)]
        [0.001, 0.0002, 2e-05, 7.7e-06]
    """
    found = _RATE * (_WIDTH / int(config.hidden_size)) ** _FALL * (10 if lora else 1)
    return float(f"{min(found, _HIGHEST):.2g}")


_RATE, _WIDTH = 2e-5, 768
"""The rate that XLM-R and mBERT of the size "base" are usually fine-tuned with."""

_FALL = 3.32
"""So that a tenth of the rate of an encoder is right for one of twice the width: e5-small, 384 wide, learns at 2e-4."""

_HIGHEST = 1e-3


def trained_pieces(
    model: Any, tokenizer: Any, options: TokenClassifierOptions, rows: Iterable[Row], text: Iterable[TextRow] = ()
) -> PartialVocabulary | None:
    """Leave the vectors of pieces out of a training that it has no text of, unless all are wanted.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        options: How it is trained.
        rows: What it learns its task from.
        text: What else it learns from.

    Returns:
        What puts them back; ``None`` where all stay.
    """
    if options.vocabulary == "all":
        return None
    fill = np.array([tokenizer.pad_token_id or 0])
    ids = [row.ids for some in (rows, text) for row in some]
    return partial_vocabulary(model, [fill, *ids])


def body_of(model: Any) -> Any:
    """The pre-trained part of a token classifier, without the layer of tags."""
    whole = model.get_base_model() if hasattr(model, "peft_config") else model
    return whole.base_model


def merged(model: Any) -> Any:
    """The model as it is used: the matrices of LoRA are added to the weights beside them."""
    return model.merge_and_unload() if hasattr(model, "merge_and_unload") else model


def _with_lora(model: Any, options: TokenClassifierOptions) -> Any:
    """The model with low-rank matrices beside its frozen layers (Hu et al. 2022); its head is trained as a whole."""
    peft, torch = neural("LoRA", "peft", "lora"), neural(_WHO, "torch")
    body = f"{model.base_model_prefix}."
    linear = [
        name for name, part in model.named_modules() if name.startswith(body) and isinstance(part, torch.nn.Linear)
    ]
    wanted = options.lora_targets
    chosen = [name for name in linear if not wanted or name.rpartition(".")[2] in wanted or name.endswith(wanted)]
    if not chosen:
        ends = sorted({name.rpartition(".")[2] for name in linear})
        raise OptionError(
            f"no layer is called {', '.join(wanted)}", hint=f"lora_targets can be {', '.join(ends)}, or empty for all."
        )
    config = peft.LoraConfig(
        r=options.lora_rank,
        lora_alpha=options.lora_alpha or 2 * options.lora_rank,
        lora_dropout=options.lora_dropout,
        target_modules=chosen,
    )
    head = [name for name, _ in model.named_parameters() if not name.startswith(body)]
    made = peft.get_peft_model(model, config)
    for name, value in made.get_base_model().named_parameters():
        if name in head:
            value.requires_grad_(True)
    return made
