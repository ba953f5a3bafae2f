"""CrossNER: English Wikipedia of five domains, with types of their own (Liu et al. 2021)."""

from __future__ import annotations

from crosspan.suites.folder import Folder
from crosspan.suites.labels import DOMAIN_LABELS, NO_COUNTERPART, relabelled
from crosspan.suites.reading import no_translations, read_gold
from crosspan.suites.suite import About, Found, Material, MissingData, Need

_DOMAINS = ("politics", "science", "music", "literature", "ai")
_HINT = r"crossner|ner_data"

ABOUT = About(
    name="crossner",
    title="CrossNER: entities in five domains of English Wikipedia",
    languages=_DOMAINS,
    codes=dict.fromkeys(_DOMAINS, "en"),
    pipelines=("tagger",),
    ignore=("DATE", "MISC"),
    download="https://github.com/zliucr/CrossNER",
    caveats=(
        "Politicians, writers, scientists and the like are PER, countries LOC, parties, bands and universities ORG. "
        + NO_COUNTERPART,
        "The tagger en was trained on the training parts of the five domains: its figures here are not zero-shot.",
    ),
)


class CrossNer:
    """Reads ``politics/test.txt`` and the like."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the test part of a domain; see :class:`crosspan.suites.suite.Suite`."""
        no_translations(needs)
        path = folder.first(rf"(^|/){lang}/test[.]txt$", hint=_HINT)
        if path is None:
            raise MissingData(f"no {lang}/test.txt of CrossNER", hint=ABOUT.download)
        return {"test": (path,)}

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read it; see :class:`crosspan.suites.suite.Suite`."""
        (gold, lenient), notes = relabelled(read_gold(found["test"][0], "en", format="conll"), DOMAIN_LABELS)
        return Material(gold=gold, lenient=lenient, n_total=len(gold), notes=notes)


SUITE = CrossNer()
