"""What a model folder says of itself: a record for programs, and a card for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

from crosspan import __version__
from crosspan.evaluate.signature import signature
from crosspan.train import RECORD
from crosspan.train.token_options import TokenClassifierOptions
from crosspan.train.token_report import GameReport

_SIDES = {
    "source": "They are of the source language: nothing of the target language chose these weights.",
    "target": "**They are of the target language**: these weights were chosen on target sentences with right labels, "
    "so scores on that language are not zero-shot.",
    "unstated": "Their language is not stated: whether the weights were chosen on the target language is not known.",
}


def record_of(
    report: Mapping[str, Any],
    data: Mapping[str, Any],
    options: TokenClassifierOptions,
    processes: int,
    method: str | None = None,
    game: GameReport | None = None,
) -> dict[str, Any]:
    """The record of a training: everything that the model depends on, and how it went; no times and no places.

    Args:
        report: What the training did.
        data: What is known of the sentences.
        options: How it was trained.
        processes: How many processes there were.
        method: What the way of training is called, if it is not the plain one.
        game: How the discriminator of languages fared, where there was one.
    """
    settings = {**asdict(options), "encoder": PurePath(options.encoder).name or options.encoder}
    del settings["device"], settings["save_every"]
    line = signature(
        "token-classifier",
        encoder=settings["encoder"],
        labels=list(report["labels"]),
        n=data["sentences"],
        dev=report["dev_side"],
        steps=report["best_step"],
        loss=options.loss,
        lora=options.lora_rank or None,
        layers=options.layers or None,
        frozen=options.freeze_layers or ("embeddings" if options.freeze_embeddings else None),
        method=method,
        level=None if game is None else game.settings["level"],
        romanize="yes" if options.romanize == "yes" else None,
        seed=options.seed,
    )
    kept = {name: value for name, value in report.items() if name != "folder"}
    return {
        **{name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()},
        "signature": line,
        "crosspan": __version__,
        "options": settings,
        "processes": processes,
        "data": dict(data),
        **({} if game is None else {"game": asdict(game)}),
    }


def written_card(record: Mapping[str, Any]) -> str:
    """The model card, as Markdown with the metadata that hubs read.

    Example:
        >>> data = {"tokens": 9, "unobserved": 0, "languages": ["en"]}
        >>> options = {"encoder": "xlm-roberta-base", "words": "first"}
        >>> record = {"signature": "s", "labels": ["LOC"], "entities": {"LOC": 2}, "sentences": 3, "data": data,
        ...           "steps": 4, "best_step": 4, "dev": None, "dev_side": "none", "options": options}
        >>> written_card(record).splitlines()[1:5]
        ['library_name: transformers', 'pipeline_tag: token-classification', 'language: [en]', 'tags: [crosspan]']
    """
    data, options = record["data"], record["options"]
    entities = ", ".join(f"{label} {count}" for label, count in record["entities"].items())
    lines = [
        "---",
        "library_name: transformers",
        "pipeline_tag: token-classification",
        *([f"language: [{', '.join(data['languages'])}]"] if data["languages"] else []),
        "tags: [crosspan]",
        "---",
        "",
        f"# A tagger of {', '.join(record['labels'])}",
        "",
        f"`{options['encoder']}`, fine-tuned by crosspan to label words in IOB2.",
        "",
        "```python",
        "from crosspan.tag import load_tagger",
        "",
        'tagger = load_tagger("transformers:FOLDER"'
        + ("" if options["words"] == "first" else f', words="{options["words"]}"')
        + ")",
        "```",
        "",
        *_reading(options),
        "## Data",
        "",
        f"{record['sentences']} sentences with {data['tokens']} words; entities: {entities}. Of {data['unobserved']} "
        "words it was not known whether they belong to an entity.",
        "",
        *[
            f"- {one['name']}: {one['kind']}, {one['sentences']} sentences, SHA-256 {one['sha256']}"
            for one in data.get("files", ())
        ],
        *([""] if data.get("files") else []),
        "## Training",
        "",
        f"{record['steps']} steps; the weights are those of step {record['best_step']}. Settings: `{RECORD}`.",
        "",
        *_dev(record),
        "",
        *_game(record.get("game")),
        f"Signature: `{record['signature']}`",
        "",
    ]
    return "\n".join(lines)


def _reading(options: Mapping[str, Any]) -> list[str]:
    if options.get("romanize") != "yes":
        return []
    return [
        "It reads words of other scripts in Latin letters (uroman), as it learned them. The tagger above does so by "
        "itself; another program must romanise its text first.",
        "",
    ]


def _dev(record: Mapping[str, Any]) -> list[str]:
    if record["dev"] is None:
        return ["There were no dev sentences: the weights are the last ones."]
    scores = ", ".join(f"{name} {record['dev'][name]:.4f}" for name in ("precision", "recall", "f1"))
    return [f"On the dev sentences (exact spans, micro average): {scores}. {_SIDES[record['dev_side']]}"]


def _game(game: Mapping[str, Any] | None) -> list[str]:
    if game is None:
        return []
    windows = ", ".join(f"{lang} {counts['learned']}" for lang, counts in game["windows"].items())
    how = f"{game['settings']['mode']}, {game['settings']['level']} level"
    lines = [
        f"The encoder was trained against a discriminator of languages ({how}), which saw windows without labels: "
        f"{windows}."
    ]
    if game["looks"]:
        (_, first), (_, last) = game["looks"][0], game["looks"][-1]
        lines[0] += (
            f" Its accuracy on text held out from it was {first:.3f} at the first look and {last:.3f} at the last; "
            f"guessing reaches {game['chance']:.3f}."
        )
    return [*lines, ""]
