"""The layers of an encoder: some of them alone, or some of them as they are."""

from __future__ import annotations

from typing import Any

from crosspan.core.errors import OptionError
from crosspan.models.loading import neural


def stack_of(body: Any) -> tuple[Any, str, Any] | None:
    """Where the layers of an encoder are.

    Args:
        body: The encoder, or the encoder inside a model that has a decoder as well.

    Returns:
        The part that holds them, what it calls them, and the list of them; ``None`` where they share their weights.
    """
    torch = neural("this model", "torch")
    count = int(body.config.num_hidden_layers)
    for part in body.modules():
        for name, layers in part.named_children():
            if isinstance(layers, torch.nn.ModuleList) and len(layers) == count:
                return part, name, layers
    return None


def check_first(config: Any, layers: int, name: str) -> None:
    """Raise unless an encoder has so many layers.

    Args:
        config: Its configuration.
        layers: How many are wanted; 0 is all of them.
        name: What the encoder is called, for the error.

    Raises:
        OptionError: It has fewer.
    """
    there = int(config.num_hidden_layers)
    if layers > there:
        raise OptionError(
            f"layers is {layers}, but {name} has {there}", hint=f"Choose from 1 to {there}, or 0 for all of them."
        )


def keep_first(model: Any, layers: int, name: str) -> None:
    """Take away all layers of an encoder but the first, in place; its configuration says so.

    Args:
        model: A model around the encoder.
        layers: How many stay; 0 takes none away.
        name: What the encoder is called, for errors.

    Raises:
        OptionError: It has fewer, or they share their weights.
    """
    check_first(model.config, layers, name)
    if not layers or layers == int(model.config.num_hidden_layers):
        return
    found = stack_of(model)
    if found is None:
        raise OptionError(f"the layers of {name} share their weights", hint="Set layers=0.")
    part, attribute, stack = found
    setattr(part, attribute, stack[:layers])
    configs = [model.config, *(one.config for one in model.modules() if hasattr(one, "config"))]
    for config in {id(one): one for one in configs}.values():
        config.num_hidden_layers = layers
        for each in ("layer_types", "mlp_layer_types"):  # some kinds say of each layer what it is
            kinds = getattr(config, each, None)
            if isinstance(kinds, list):
                setattr(config, each, kinds[:layers])


def states_behind(body: Any, layer: int, **inputs: Any) -> Any:
    """The hidden states behind a layer that is not the last; those above it are not computed.

    Args:
        body: The encoder.
        layer: Which: 0 is the embeddings.
        inputs: What the encoder is called with.

    Returns:
        ``[rows, pieces, width]``, with gradients where they are wanted.
    """
    found = stack_of(body)
    if found is None:
        return body(**inputs, output_hidden_states=True).hidden_states[layer]
    part, attribute, stack = found
    seen: list[Any] = []
    last = stack[max(layer, 1) - 1]
    if layer:
        hook = last.register_forward_hook(lambda _, __, output: seen.append(output))
    else:
        hook = last.register_forward_pre_hook(
            lambda _, given, named: seen.append(given[0] if given else named["hidden_states"]), with_kwargs=True
        )
    setattr(part, attribute, stack[: max(layer, 1)])
    try:
        body(**inputs)
    finally:
        setattr(part, attribute, stack)
        hook.remove()
    return seen[0][0] if isinstance(seen[0], tuple) else seen[0]


def freeze(model: Any, body: Any, *, layers: int = 0, embeddings: bool = False) -> None:
    """Let the embeddings, and the lowest layers with them, be as they are.

    Args:
        model: The model, which is named in errors.
        body: Its encoder; matrices of LoRA in these layers are frozen as well.
        layers: How many; the embeddings are frozen with them.
        embeddings: Whether the embeddings are frozen in any case.

    Raises:
        OptionError: Nothing would be left to train, or the layers share their weights.
    """
    if not layers and not embeddings:
        return
    below = [body.get_input_embeddings(), getattr(body, "embeddings", None)]
    if layers:
        count = int(body.config.num_hidden_layers)
        if layers >= count:
            raise OptionError(
                f"freeze_layers is {layers}, but the encoder has {count} layers",
                hint=f"Leave at least one to be trained: at most {count - 1}.",
            )
        found = stack_of(body)
        if found is None:
            raise OptionError(
                f"the layers of a model of the type {model.config.model_type} cannot be frozen one by one",
                hint="Set freeze_layers=0.",
            )
        below += found[2][:layers]
    for part in below:
        if part is not None:
            part.requires_grad_(False)
