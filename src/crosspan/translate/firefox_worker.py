"""The process that holds an engine of Firefox Translations; :mod:`crosspan.translate.firefox_engine` talks to it.

The engine belongs to the thread that made it, keeps all other threads of its process waiting, and ends the process
where it meets something that it did not expect. So it has a process of its own, and as many processes as cores are
used. What is said is JSON, a line each: the files of the model first, then a text for each answer. Nothing of
crosspan is imported, so that a process is there at once.
"""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST = 127
"""Most pieces of a text: the models have learned from texts of 128, the end included."""
_MOST = 256
"""Most pieces of a translation; the engine allows two for each piece of the text, and four more."""

Answer = dict[str, Any]


def translating(model: str, source: str, target: str, likely: str | None) -> Callable[[str], Answer]:
    """Load a model.

    Args:
        model: The file of its weights.
        source: That of the vocabulary of the source.
        target: That of the vocabulary of the target.
        likely: That of likely translations, if there is one.

    Returns:
        What translates a text: ``{"text": …, "whole": …}``, or ``{"pieces": n}`` where it is too long to be read.
    """
    from fxtranslate import Translator
    from sentencepiece import SentencePieceProcessor

    before = SentencePieceProcessor(model_file=source)
    after = before if source == target else SentencePieceProcessor(model_file=target)
    engine = Translator(
        model=Path(model).read_bytes(),
        src_vocab=Path(source).read_bytes(),
        trg_vocab=Path(target).read_bytes(),
        shortlist=None if likely is None else Path(likely).read_bytes(),
    )

    def translate(text: str) -> Answer:
        pieces = len(before.encode(text))
        if pieces > LONGEST:
            return {"pieces": pieces}
        made = engine.translate(text)
        most = min(math.ceil(2.0 * (pieces + 1)) + 4, _MOST)
        return {"text": made, "whole": len(after.encode(made)) < most}

    return translate


def main() -> None:
    """Answer on standard output, until there is nothing more on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks is told, and closes the input
    out = sys.stdout.buffer

    def say(answer: Answer) -> None:
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()

    lines = iter(sys.stdin.buffer)
    try:
        translate = translating(**json.loads(next(lines)))
    except BaseException as error:  # what the engine raises where it is lost is none of Python's
        say({"failed": f"{type(error).__name__}: {error}"})
        return
    say({"ready": True})
    for line in lines:
        try:
            say(translate(json.loads(line)))
        except BaseException as error:  # as above
            say({"failed": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
