"""Which page is of which kind, and the order of the pages: the contents of the manual and of the site."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of pages.

    Args:
        name: What it is called.
        about: What its pages are for, in a line.
        pages: Names of the pages, in their order. One that ends with ``/`` stands for all pages below it.
    """

    name: str
    about: str
    pages: tuple[str, ...]


START = "index"
"""The page that one comes in by."""

KINDS: tuple[Kind, ...] = (
    Kind("Tutorial", "Learn it by doing, from the beginning.", ("tutorial",)),
    Kind(
        "How-to",
        "How one thing is done, for those who know what they want.",
        (
            *("new_language", "api", "huggingface", "review", "review_page", "report", "gpu", "neural"),
            *("fine_tuning", "adapting_encoders", "tagging", "translate", "cluster", "compare", "study"),
            *("transfer_choice", "add_backend", "contributing"),
        ),
    ),
    Kind(
        "Reference",
        "What there is, to look up; commands, recipes, settings and the Python API are made from the code.",
        (
            *("commands", "commands/", "recipes", "recipe_tables", "settings/", "python"),
            *("formats", "errors", "suites", "tagger_en", "changes"),
        ),
    ),
    Kind(
        "Explanation",
        "Why it is as it is: methods, figures, and how the code is laid out.",
        (
            *("transfer", "aligner", "neural_aligners", "projection", "markers", "codec_tprojection"),
            *("neural_taggers", "adversarial", "evaluation", "benchmarks", "limits", "studies/", "architecture"),
        ),
    ),
)
"""The kinds of pages, and the pages of each."""


def kind_of(name: str) -> Kind | None:
    """The kind of a page; ``None`` for the page that one comes in by, and for one that stands nowhere.

    Example:
        >>> kind_of("projection").name, kind_of("commands/tag").name, kind_of("index")
        ('Explanation', 'Reference', None)
    """
    for kind in KINDS:
        if any(name == one or (one.endswith("/") and name.startswith(one)) for one in kind.pages):
            return kind
    return None
