"""Loads configurations, tokenizers and models by their name on the hub or from a folder.

Only weights in safetensors are read, and no code of a checkpoint is ever run: a file of weights made with ``pickle``
and a repository with code of its own are errors that say what to do.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from logging import ERROR, getLogger
from pathlib import Path
from typing import Any

from crosspan.core.errors import MissingDependencyError, ModelError, UnavailableError
from crosspan.core.outages import out_of_memory
from crosspan.core.threads import uses_torch
from crosspan.models.batching import device_error
from crosspan.models.device import Placement, device_of, dtype_of
from crosspan.models.hub import fetching, is_path, no_hub
from crosspan.models.unpacking import place_of

PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".msgpack", ".h5")
"""Endings of weights that are not safetensors."""


def neural(what: str, package: str = "transformers", extra: str = "neural") -> Any:
    """Import a heavy package when it is needed.

    Args:
        what: Who needs it, for the error.
        package: Name of the module.
        extra: The extra of crosspan that installs it.

    Raises:
        MissingDependencyError: It is not installed.

    Example:
        >>> neural("this aligner", "json").__name__
        'json'

    Threads of PyTorch that wait for one another sleep, unless ``OMP_WAIT_POLICY`` says otherwise: where the cores are
    busy, those that spin in place make a step up to six times as long. It is read when PyTorch is loaded.
    """
    uses_torch()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return import_module(package)
    except ImportError as error:
        missing = (error.name or package).partition(".")[0]
        raise MissingDependencyError(
            f"{what} needs the package {missing}", hint=f"Install it with: pip install 'crosspan[{extra}]'."
        ) from error


def load_config(name: str | os.PathLike[str]) -> Any:
    """The configuration of a model.

    Args:
        name: A folder, a name of a model that a package carries (:data:`crosspan.core.carried.CARRIED`), or a name on
            the hub, in this order; so for all that load a model.

    Raises:
        ModelError: There is no such model, it is damaged, or it has code of its own.
    """
    transformers = neural("this model")
    shown = place_of(name)
    with _readable_errors(shown), _quiet(transformers.utils.logging):
        config = transformers.AutoConfig.from_pretrained(shown, trust_remote_code=False, **_fetching(shown))
    if getattr(config, "auto_map", None):
        raise ModelError(
            "the model comes with code of its own, which crosspan never runs",
            where=shown,
            hint="Choose a model of an architecture that transformers knows.",
        )
    return config


def load_tokenizer(name: str | os.PathLike[str], **options: Any) -> Any:
    """The tokenizer of a model.

    Args:
        name: Name on the hub, or a folder.
        options: Passed on, such as ``add_prefix_space``.

    Raises:
        ModelError: There is none, or it knows no pieces of words (a folder whose vocabulary is missing).
    """
    transformers = neural("this model")
    shown = place_of(name)
    with _readable_errors(shown), _quiet(transformers.utils.logging):
        options |= _fetching(shown)
        tokenizer = transformers.AutoTokenizer.from_pretrained(shown, trust_remote_code=False, **options)
    if len(tokenizer) <= len({*tokenizer.all_special_ids}):
        raise ModelError(
            "the tokenizer has no vocabulary, only special tokens",
            where=shown,
            hint="Its files are missing or have other names: save it with save_pretrained (tokenizer.json).",
        )
    return tokenizer


def load_model(
    name: str | os.PathLike[str],
    architecture: str = "AutoModel",
    *,
    placement: Placement | None = None,
    may_miss: Iterable[str] = ("pooler", "position_ids"),
    new_head: bool = False,
    **options: Any,
) -> Any:
    """The model itself, in evaluation mode, on its device.

    Args:
        name: Name on the hub, or a folder.
        architecture: A class of transformers, such as ``"AutoModelForTokenClassification"``.
        placement: Device and precision; by default what fits the machine.
        may_miss: Parts of names of weights that a checkpoint may lack. Any other that is missing is an error, as it
            would be filled with random numbers.
        new_head: Whether what is around the pre-trained body may be filled with random numbers: it will be trained.
        options: Passed on to ``from_pretrained``, such as ``add_pooling_layer`` or ``attn_implementation``.

    Raises:
        ModelError: There is no such model, it is damaged, has no safetensors, has code of its own, or lacks weights.
        OptionError: The device is not there.
    """
    transformers = neural("this model")
    placement = placement or Placement()
    shown = place_of(name)
    load_config(shown)
    _check_weights(shown)
    device = device_of(placement)
    with _readable_errors(shown), _quiet(transformers.utils.logging):
        model, about = getattr(transformers, architecture).from_pretrained(
            shown,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=dtype_of(placement, device),
            output_loading_info=True,
            ignore_mismatched_sizes=new_head,
            **_fetching(shown),
            **options,
        )
    absent = {*about["missing_keys"], *(key for key, *_ in about["mismatched_keys"])}
    if new_head:
        absent = {key for key in absent if key.startswith(f"{model.base_model_prefix}.")}
    missing = sorted(key for key in absent if not any(part in key for part in may_miss))
    if missing:
        raise ModelError(
            f"the model lacks weights that {architecture} needs, the first {missing[0]!r}",
            where=shown,
            hint="Take a model that was trained for this task; without them its output would be random.",
        )
    with _readable_errors(shown):
        return model.to(device).eval()


def load_guesser(
    name: str | os.PathLike[str], config: Any, *, placement: Placement | None = None, seed: int = 0
) -> Any:
    """A model that guesses hidden pieces; an encoder that was saved without the layers for it begins with new ones.

    Args:
        name: As for :func:`load_config`.
        config: Its configuration.
        placement: Device and precision; by default what fits the machine.
        seed: Of the new layers.

    Raises:
        ModelError: There is no such model, it is damaged, or cannot guess pieces.
    """
    torch = neural("this model", "torch")
    guesses = any(one.endswith(("ForMaskedLM", "ForPreTraining")) for one in config.architectures or ())
    if not guesses:
        getLogger("crosspan.models").warning("%s comes without layers that guess pieces: they begin anew", name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return load_model(name, "AutoModelForMaskedLM", placement=placement, new_head=not guesses)


def check_fit(tokenizer: Any, model: Any, name: str) -> None:
    """Raise if a tokenizer makes pieces that a model has no vector for.

    Raises:
        ModelError: It does.
    """
    check_rows(tokenizer, int(model.get_input_embeddings().weight.shape[0]), name)


def check_rows(tokenizer: Any, rows: int, name: str) -> None:
    """Raise if a tokenizer makes pieces beyond the rows of a model's table of vectors.

    Raises:
        ModelError: It does.
    """
    highest = max(tokenizer.get_vocab().values())
    if highest >= rows:
        raise ModelError(
            f"the tokenizer has piece number {highest}, but the model knows only {rows} pieces",
            where=name,
            hint="Tokenizer and model do not belong together: put both into one folder with save_pretrained.",
        )


def _fetching(shown: str) -> dict[str, bool]:
    """What a loader is to be told of the hub; that a model will be downloaded is said here."""
    return {} if is_path(shown) else fetching(shown, neural("this model", "huggingface_hub"))


def _check_weights(shown: str) -> None:
    """Say clearly what is wrong with a folder, before a library says it less clearly."""
    folder = Path(shown)
    if not folder.is_dir():
        return
    names = sorted(path.name for path in folder.iterdir())
    if any(name.endswith((".safetensors", ".safetensors.index.json")) for name in names):
        return
    pickled = [name for name in names if name.endswith(PICKLED)]
    if pickled:
        raise ModelError(
            f"the weights are in {pickled[0]}, a format that can run code when it is read",
            where=shown,
            hint="Save the model again with save_pretrained, which writes model.safetensors.",
        )
    raise ModelError(
        "the folder holds no weights (model.safetensors)", where=shown, hint="Copy the whole folder of the model."
    )


@contextmanager
def _quiet(logging: Any) -> Iterator[None]:
    """No progress bars and no reports of other libraries while a model loads: what matters is checked here."""
    bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    hub = getLogger("huggingface_hub")
    of_hub = hub.level
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    hub.setLevel(ERROR)  # it tells of every try to reach a hub that is not there
    try:
        yield
    finally:
        hub.setLevel(of_hub)
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _readable_errors(shown: str) -> Iterator[None]:
    """Turn what a library raises while it loads into one clear error."""
    try:
        yield
    except (KeyboardInterrupt, ModelError, UnavailableError):
        raise
    except Exception as error:  # a broken folder raises whatever its parts raise
        clear = error if out_of_memory(error) else device_error(error)
        raise (_model_error(shown, error) if clear is error else clear) from error


def _model_error(shown: str, error: Exception) -> ModelError:
    text = str(error).strip()
    first = (text.splitlines() or [type(error).__name__])[0].strip(" .")
    if not os.path.isdir(shown):
        if is_path(shown):
            return ModelError("there is no such folder", where=shown, hint="Check the path of the model.")
        return ModelError(f"the model is not at hand ({first})", where=shown, hint=no_hub(shown))
    if out_of_memory(error):
        return ModelError(
            "memory is too small for the model",
            where=shown,
            hint="Use a smaller one, another device, or less precision, such as dtype=bfloat16.",
        )
    if "trust_remote_code" in text:
        return ModelError(
            "the model comes with code of its own, which crosspan never runs",
            where=shown,
            hint="Choose a model of an architecture that transformers knows.",
        )
    if not (Path(shown) / "config.json").is_file():
        return ModelError(
            "the folder holds no config.json", where=shown, hint="Copy the whole folder of the model, not its weights."
        )
    return ModelError(
        f"the model cannot be loaded ({first})", where=shown, hint="Fetch it again, or save it again in safetensors."
    )
