"""The whole manual: pages that are written, and pages made from the code."""

from __future__ import annotations

import inspect

import crosspan
from crosspan.cli.command_pages import command_pages
from crosspan.manual import Manual, Page
from crosspan.manual.pages import written_pages
from crosspan.manual.prose import as_markdown
from crosspan.manual.settings import setting_pages


def whole_manual() -> Manual:
    """All pages.

    Raises:
        MissingDependencyError: The written pages are not here.

    Example:
        >>> manual = whole_manual()
        >>> manual["commands/tag"].title, "projection" in manual
        ('crosspan tag', True)
    """
    return Manual([*written_pages(), *command_pages(), *setting_pages(), Page(PYTHON, "The Python API", _python_page)])


PYTHON = "python"
"""The page of the public names; on the site each has its signature and docstring."""


def public_names() -> list[str]:
    """The names that ``import crosspan`` gives."""
    return [name for name in crosspan.__all__ if not name.startswith("_")]


def _python_page() -> str:
    parts = [python_lead()]
    for name in public_names():
        lead = (inspect.getdoc(getattr(crosspan, name)) or "").partition("\n\n")[0]
        parts += [f"## {name}", as_markdown(" ".join(lead.split())), f"`help(crosspan.{name})` tells the rest."]
    return "\n\n".join(parts) + "\n"


def python_lead() -> str:
    """How the page of public names begins."""
    return (
        "# The Python API\n\nMade from the code: what `import crosspan` gives. How they work together, with examples, "
        "stands in [crosspan from Python](api.md)."
    )
