"""WNUT-17: rare and new names in English posts and comments (Derczynski et al. 2017)."""

from __future__ import annotations

from crosspan.suites.folder import Folder
from crosspan.suites.labels import DOMAIN_LABELS, NO_COUNTERPART, relabelled
from crosspan.suites.reading import no_translations, read_gold
from crosspan.suites.suite import About, Found, Material, MissingData, Need

ABOUT = About(
    name="wnut17",
    title="WNUT-17: rare and new entities in English posts",
    languages=("en",),
    pipelines=("tagger",),
    ignore=("DATE", "MISC"),
    download="https://github.com/leondz/emerging_entities_17",
    caveats=(
        "corporation and group are ORG, person and location PER and LOC. " + NO_COUNTERPART,
        "The tagger en was trained on the training part: its figure here is not zero-shot.",
    ),
)


class Wnut17:
    """Reads ``emerging.test.annotated``."""

    about = ABOUT

    def find(self, folder: Folder, lang: str, needs: frozenset[Need], translations: Folder | None) -> Found:
        """Find the test part; see :class:`crosspan.suites.suite.Suite`."""
        no_translations(needs)
        path = folder.first(r"(^|/)emerging[.]test[.]annotated$")
        if path is None:
            raise MissingData("no emerging.test.annotated", hint=ABOUT.download)
        return {"test": (path,)}

    def read(self, found: Found, lang: str, needs: frozenset[Need]) -> Material:
        """Read it; see :class:`crosspan.suites.suite.Suite`."""
        (gold, lenient), notes = relabelled(read_gold(found["test"][0], "en", format="conll"), DOMAIN_LABELS)
        return Material(gold=gold, lenient=lenient, n_total=len(gold), notes=notes)


SUITE = Wnut17()
