"""Fine-tunes a pre-trained encoder as a tagger, on labels that may be incomplete or unsure.

A training that was killed goes on from its last checkpoint, and ends with the same files, on the same machine. Under
``torchrun`` all processes share each batch, so that their number changes only the speed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crosspan.errors import EmptyInputError, ModelError, OptionError, OutputError
from crosspan.models.loading import load_config, load_tokenizer, neural
from crosspan.models.processes import Processes
from crosspan.models.threads import torch_threads
from crosspan.tag.transformers import PREFIX_SPACE
from crosspan.train.examples import Example
from crosspan.train.model_card import RECORD
from crosspan.train.token_loop import Training
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import WHO, StageProgress, TokenClassifierReport
from crosspan.train.token_rows import Row, rows_of
from crosspan.types import Sentence

__all__ = ["TokenClassifierOptions", "TokenClassifierReport", "check_encoder", "train_token_classifier"]


def train_token_classifier(
    examples: Sequence[Example | Sentence],
    out: str | os.PathLike[str],
    *,
    dev: Sequence[Sentence] = (),
    options: TokenClassifierOptions,
    labels: Sequence[str] = (),
    about: Mapping[str, Any] | None = None,
    threads: int | None = None,
    progress: StageProgress | None = None,
) -> TokenClassifierReport:
    """Fine-tune an encoder as a tagger.

    Args:
        examples: Labelled sentences: gold, projected, or both; weights, unobserved words and scores of spans count.
        out: The folder of the model. It appears complete; until then only checkpoints are there.
        dev: Sentences of the *source* language with right labels. The weights that do best on them are kept.
        options: How.
        labels: The kinds of entity to learn; by default those that occur. Spans of other kinds are no entities.
        about: More to be written into the model's record, such as names of files.
        threads: Threads to use on a CPU; all cores by default.
        progress: Called with ``(stage, done, total)``.

    Raises:
        OptionError: No encoder is named, early stopping has no dev sentences, those have labels that are not learned,
            or are of another language than the source and ``dev_is_target`` does not say so.
        EmptyInputError: There is no entity to learn from.
        ModelError: The encoder cannot be loaded or is none, a loss is not a number, or a checkpoint is damaged.
        OutputError: The folder holds something else, or there is no room.
        MissingDependencyError: ``crosspan[neural]`` is not installed, or ``crosspan[train]`` where it is needed.
    """
    folder = Path(out)
    given = [one if isinstance(one, Example) else Example(one) for one in examples]
    given = [one for one in given if len(one.sentence)]
    kinds = _kinds(given, labels)
    gold = [one for one in dev if len(one)]
    side = _dev_side(given, gold, kinds, not labels, options)
    _check_folder(folder)
    if not options.encoder:
        raise OptionError("no encoder is named", hint="Name one, such as xlm-roberta-base, or a folder.")
    processes = Processes(options.device)
    config = load_config(options.encoder)
    check_encoder(config, options.encoder)
    prefix = {"add_prefix_space": True} if config.model_type in PREFIX_SPACE else {}
    tokenizer = load_tokenizer(options.encoder, **prefix)
    rows = _rows(tokenizer, config, given, kinds, options)
    with torch_threads(threads):
        training = Training(
            options, rows, gold, kinds, tokenizer, folder, processes, _facts(given, kinds, side, about), threads
        )
        return training.run(progress)


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


def _kinds(given: Sequence[Example], labels: Sequence[str]) -> tuple[str, ...]:
    found = {span.label for one in given for span in one.sentence.spans}
    if not (found & {*labels} if labels else found):
        raise EmptyInputError(
            "there is no labelled entity to learn from", hint="Check that the sentences have labels, and which."
        )
    for one in given:
        if not one.weight > 0:
            raise OptionError(f"an example has the weight {one.weight}", hint="Weights must be above 0.")
    return tuple(sorted({*labels} or found))


def _dev_side(
    given: Sequence[Example],
    gold: Sequence[Sentence],
    kinds: Sequence[str],
    strict: bool,
    options: TokenClassifierOptions,
) -> str:
    """Which side the dev sentences are of; choosing weights by target sentences would be no transfer any more."""
    if not gold:
        if options.patience:
            raise OptionError(
                "early stopping needs dev sentences, and there are none",
                hint="Give labelled sentences of the source language, or set patience=0.",
            )
        return "none"
    strange = sorted({span.label for one in gold for span in one.spans} - {*kinds})
    if strict and strange:
        raise OptionError(
            f"the dev sentences have the label {strange[0]!r}, which no sentence to learn from has",
            hint=f"Map it, or name the labels to learn: {','.join(kinds)}.",
        )
    if options.dev_is_target:
        return "target"
    source = {options.source_lang} if options.source_lang else _source_langs(given)
    langs = {one.lang for one in gold}
    known = {lang for lang in langs if lang is not None}
    other = sorted(known - source)
    if other and (source or any(one.sentence.lang is not None for one in given)):
        named = f"not in {', '.join(sorted(source))!r}, the source language" if source else "and no source is known"
        raise OptionError(
            f"the dev sentences are in {other[0]!r}, {named}",
            hint="Give a dev set of the source language (source_lang=… names it), or say that it is meant with "
            "dev_is_target=yes.",
        )
    return "source" if known and langs == known and source else "unstated"


def _source_langs(given: Sequence[Example]) -> set[str]:
    """Languages of which no sentence looks as if its labels had been carried over."""
    langs = {one.sentence.lang for one in given if one.sentence.lang is not None}
    carried = {
        one.sentence.lang
        for one in given
        if one.missing or one.unobserved or any(span.score is not None for span in one.sentence.spans)
    }
    return langs - carried


def _check_folder(folder: Path) -> None:
    if (folder / RECORD).is_file():
        raise OutputError("there is a trained model already", where=str(folder), hint="Name another folder.")
    if folder.exists() and not folder.is_dir():
        raise OutputError("this is a file, and the model needs a folder", where=str(folder), hint="Name another.")
    if folder.is_dir() and any(not path.name.startswith(("checkpoint-", "finished.part")) for path in folder.iterdir()):
        raise OutputError("the folder holds something else", where=str(folder), hint="Name a folder that is new.")


def _rows(
    tokenizer: Any, config: Any, given: Sequence[Example], kinds: Sequence[str], options: TokenClassifierOptions
) -> list[Row]:
    rows = rows_of(tokenizer, config, given, kinds, options)
    if not rows:
        raise EmptyInputError(
            "nothing is known of any word to learn from", hint="Keep more of what was projected (noise.dropped)."
        )
    return rows


def _facts(
    given: Sequence[Example], kinds: Sequence[str], side: str, about: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What the record of the model says of its data."""
    counts = dict.fromkeys(kinds, 0)
    for one in given:
        for span in one.sentence.spans:
            if span.label in counts:
                counts[span.label] += 1
    return {
        "sentences": len(given),
        "tokens": sum(len(one.sentence) for one in given),
        "languages": sorted({one.sentence.lang for one in given if one.sentence.lang is not None}),
        "unobserved": sum(len(one.unobserved) for one in given),
        "entities": counts,
        "dev_side": side,
        **(about or {}),
    }
