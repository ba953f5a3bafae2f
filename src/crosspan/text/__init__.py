"""Text as written: tokens with character offsets, scripts, romanisation. Nothing here changes a text."""

from __future__ import annotations

from crosspan.text.romanize import romanize_types
from crosspan.text.scripts import is_unspaced, script_of
from crosspan.text.sentences import split_sentences
from crosspan.text.tokenize import tokenize, tokenize_sentence

__all__ = ["is_unspaced", "romanize_types", "script_of", "split_sentences", "tokenize", "tokenize_sentence"]
