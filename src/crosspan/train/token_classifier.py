"""Fine-tunes a pre-trained encoder as a tagger, on labels that may be incomplete or unsure.

A training that was killed goes on from its last checkpoint, and ends with the same files, on the same machine. Under
``torchrun`` all processes share each batch, so that their number changes only the speed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from crosspan.core.errors import EmptyInputError, ModelError, OptionError
from crosspan.core.progress import Listener
from crosspan.core.threads import torch_threads
from crosspan.core.types import Sentence
from crosspan.models.loading import load_config, neural
from crosspan.models.pieces import word_tokenizer
from crosspan.models.processes import Processes
from crosspan.models.romanizing import to_train_with
from crosspan.models.saving import check_new
from crosspan.tag.crf import tags_of
from crosspan.train import RECORD
from crosspan.train.adversarial_options import AdversarialOptions
from crosspan.train.adversarial_text import language_text
from crosspan.train.adversary import check_layers
from crosspan.train.examples import Example
from crosspan.train.token_data import checked_data
from crosspan.train.token_game import game_of
from crosspan.train.token_model import loaded, trained_pieces, usual_rate
from crosspan.train.token_objective import TokenObjective
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import WHO, TokenClassifierReport
from crosspan.train.token_rows import rows_of
from crosspan.train.token_training import fine_tuned

__all__ = [
    "AdversarialOptions",
    "TokenClassifierOptions",
    "TokenClassifierReport",
    "check_encoder",
    "train_token_classifier",
]


def train_token_classifier(
    examples: Sequence[Example | Sentence],
    out: str | os.PathLike[str],
    *,
    dev: Sequence[Sentence] = (),
    options: TokenClassifierOptions,
    unlabelled: Sequence[Sentence] = (),
    adversarial: AdversarialOptions | None = None,
    labels: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: Listener | None = None,
) -> TokenClassifierReport:
    """Fine-tune an encoder as a tagger.

    Args:
        examples: Labelled sentences: gold, projected, or both; weights, unobserved words and scores of spans count.
        out: The folder of the model. It appears complete; until then only checkpoints are there.
        dev: Sentences of the *source* language with right labels. The weights that do best on them are kept.
        options: How.
        unlabelled: Sentences of other languages, each with its ``lang``, for adversarial training. Labels they may have
            are not looked at.
        adversarial: How the encoder is kept from telling languages apart; by default it is not.
        labels: The kinds of entity to learn; by default those that occur. Spans of other kinds are no entities.
        about: More to be written into the model's record, such as names of files.
        threads: Threads to use on a CPU; all cores by default.
        progress: Told of each step (:mod:`crosspan.core.progress`), with its loss, rate and scores on dev sentences.

    Raises:
        OptionError: No encoder is named, early stopping has no dev sentences, those have labels that are not learned,
            or are of another language than the source and ``dev_is_target`` does not say so; unlabelled text is given
            without adversarial training or the other way round, or is of the source language or of none; or words are
            not to be romanised, and the encoder was trained on romanised text.
        EmptyInputError: There is no entity to learn from, or too little text of a language.
        ModelError: The encoder cannot be loaded or is none, a loss is not a number, or a checkpoint is damaged.
        OutputError: The folder holds something else, or there is no room.
        MissingDependencyError: ``crosspan[neural]`` is not installed, or ``crosspan[train]`` where it is needed.
    """
    folder = Path(out)
    data = checked_data(examples, dev, options, labels)
    played = played_with(unlabelled, adversarial)
    check_new(folder, RECORD, reads=[options.encoder])
    options, config, tokenizer = encoder_parts(options)
    rows = rows_of(tokenizer, config, data.examples, data.labels, options)
    if not rows:
        raise EmptyInputError(
            "nothing is known of any word to learn from", hint="Keep more of what was projected (noise.dropped)."
        )
    processes, text = Processes(options.device), None
    if played is not None:
        check_layers(config, played, options)
        text = language_text(tokenizer, config, data.examples, unlabelled, data.sources, options, played)
    with torch_threads(threads):
        model = loaded(options, tokenizer, tags_of(data.labels), processes.device)
        partial = trained_pieces(model, tokenizer, options, rows, () if text is None else text.rows)
        given: dict[str, Any] = {"dev": data.dev, "labels": data.labels, "threads": threads, "partial": partial}
        if played is not None and text is not None:
            learned: TokenObjective = game_of(options, rows, model, tokenizer, processes, played, text, **given)
        else:
            learned = TokenObjective(options, rows, model, tokenizer, processes, **given)
        return fine_tuned(learned, folder, data.facts(about), progress)


def encoder_parts(options: TokenClassifierOptions) -> tuple[TokenClassifierOptions, Any, Any]:
    """The configuration and the tokenizer of the encoder that is named, and options that fit it.

    Raises:
        OptionError: None is named, or it was trained on romanised text and is to read text that is not.
        ModelError: It cannot be loaded, or is no encoder.
    """
    if not options.encoder:
        raise OptionError("no encoder is named", hint="Name one, such as xlm-roberta-base, or a folder.")
    config = load_config(options.encoder)
    check_encoder(config, options.encoder)
    romanize = to_train_with(config, options.romanize, options.encoder)
    rate = options.learning_rate or usual_rate(config, bool(options.lora_rank))
    settled = replace(options, romanize="yes" if romanize else "no", learning_rate=rate)
    return settled, config, word_tokenizer(options.encoder, config)


def played_with(unlabelled: Sequence[Sentence], adversarial: AdversarialOptions | None) -> AdversarialOptions | None:
    """The adversarial options where they are in use.

    Raises:
        OptionError: Text is given that would not be looked at.

    Example:
        >>> played_with((), AdversarialOptions()) is None
        True
    """
    if adversarial is not None and adversarial.mode != "none":
        return adversarial
    if unlabelled:
        raise OptionError(
            "unlabelled text is given, and nothing would be learned from it",
            hint="Set adversarial.mode to reversal or alternating, or leave the text out.",
        )
    return None


def check_encoder(config: Any, name: str) -> None:
    """Raise unless a model can be fine-tuned to label words: it reads whole sentences, not only what came before.

    Raises:
        ModelError: It cannot.
    """
    transformers = neural(WHO)
    kind = type(config)
    hint = "Choose an encoder such as XLM-R, mBERT, mDeBERTa, mT5 or ModernBERT."
    if kind not in transformers.AutoModelForTokenClassification._model_mapping:
        raise ModelError(f"a model of the type {config.model_type} cannot label words", where=name, hint=hint)
    causal = kind in transformers.AutoModelForCausalLM._model_mapping
    if causal and kind not in transformers.AutoModelForMaskedLM._model_mapping:
        raise ModelError(
            f"a model of the type {config.model_type} is no encoder: it reads each word without what follows it",
            where=name,
            hint=hint,
        )
