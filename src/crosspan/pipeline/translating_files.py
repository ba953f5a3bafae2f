"""The door of files of text to be translated: what ``crosspan translate`` does, and goes on with after an outage."""

from __future__ import annotations

from collections.abc import Callable

from crosspan.core.digests import digested
from crosspan.core.files import PathLike
from crosspan.core.progress import Listener
from crosspan.core.sources import source_digest
from crosspan.pipeline.steps.translating import Between
from crosspan.translate.corpus import TranslationSummary, Unsound, translate_file
from crosspan.translate.kept import KeptTranslations, kept_beside


def translate_text(
    path: PathLike,
    out: PathLike,
    between: Between,
    *,
    threads: int | None = None,
    on_unsound: Callable[[Unsound], None] | None = None,
    on_kept: Callable[[str, int], None] | None = None,
    progress: Listener | None = None,
) -> TranslationSummary:
    """Translate a file line by line, with a translator by name; see :func:`crosspan.translate.corpus.translate_file`.

    What is finished is kept beside ``out`` until all is, under a hash of the translator, its model and its code: the
    same call goes on with it, and no other takes it for its own.

    Args:
        path: The file; ``-`` is standard input.
        out: The file to write; ``-`` is standard output, beside which nothing is kept.
        between: The translator, and the languages.
        threads: Threads to use.
        on_unsound: Called with each translation that is not to be trusted.
        on_kept: Called with the name of a file and its lines, where the work is ended early.
        progress: Told how far the work is.

    Returns:
        What was translated.

    Raises:
        CrosspanError: The file, a language or the translator is at fault, or there is an outage.
    """
    translator = between.load(threads)
    place = None if getattr(translator, "as_given", False) else kept_beside(out)
    kept = None
    if place is not None:
        with digested() as seen:
            facts = between.facts()
        code = source_digest((translate_file.__module__, type(translator).__module__, *between.use.roots()))
        kept = KeptTranslations(place, {"code": code, **facts}, seen.check)
    return translate_file(
        path,
        out,
        translator,
        source=between.source_lang,
        target=between.target_lang,
        on_unsound=on_unsound,
        on_kept=on_kept,
        kept=kept,
        progress=progress,
    )
