"""``crosspan advise``: model transfer or data transfer first, for a new language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_json, say_lines

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command("advise", no_args_is_help=True)
@click.option("--lang", required=True, metavar="NAME", help="The language: its name or a code, such as Luganda or lug.")
@click.option(
    "--encoder",
    default="xlm-roberta-base",
    show_default=True,
    metavar="NAME",
    help="The encoder to fine-tune: its name or folder, or xlm-r, e5, mdeberta-v3, mbert, mt5, afro-xlm-r: its list.",
)
@click.option("--text", type=str, metavar="FILE", help="Some sentences of the language.")
@click.option(
    "--source-text",
    type=str,
    metavar="FILE",
    help="Sentences of the source language to compare with.  [default: English ones of the demonstration corpus]",
)
@options.input_format(of="the files")
@options.as_json
def command(
    lang: str, encoder: str, text: str | None, source_text: str | None, from_format: str, as_json: bool
) -> None:
    """Say which kind of transfer to try first for a language, what that rests on, and how often it was right.

    What counts is known beforehand: whether the encoder has seen the language, by the list that its makers published.
    The rule is fitted on published figures. With --text the script and how the tokenizer cuts the language are shown.
    """
    from crosspan.lab.advise.advice import advise

    if source_text and not text:
        raise click.UsageError("--source-text is there to compare with: name a --text too.")
    words = _words(text, from_format) if text else []
    tokenizer, trouble = _tokenizer(encoder) if text else (None, None)
    source = _words(source_text, from_format) if source_text else _english() if tokenizer is not None else []
    found = advise(lang, encoder, text=words, source=source, tokenizer=tokenizer)
    if as_json:
        say_json({**found.to_dict(), "tokenizer": trouble}, indent=2)
        return
    say_lines(found.text(), err=False)
    if trouble:
        say(f"crosspan: {trouble}")


def _words(path: str, from_format: str) -> Sequence[Sequence[str]]:
    from crosspan.io import read

    return [sentence.tokens for sentence in read(path, format=from_format)]


def _english() -> Sequence[Sequence[str]]:
    from crosspan.demo import load_corpus

    return [sentence.tokens for sentence in load_corpus("en")]


def _tokenizer(encoder: str) -> tuple[Any, str | None]:
    """The tokenizer, or why there is none: advice does without."""
    from crosspan.core.errors import ModelError
    from crosspan.lab.advise.encoders import pretraining_lists
    from crosspan.models.loading import load_tokenizer

    if encoder in pretraining_lists():
        return None, None  # a list was named, not a model
    try:
        return load_tokenizer(encoder), None
    except ModelError as error:
        return None, str(error)
