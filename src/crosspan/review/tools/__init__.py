"""The tools for annotators that sentences go to and come back from, one a file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from itertools import islice
from typing import Any

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike, name_of
from crosspan.core.nearest import did_you_mean
from crosspan.review.tools.tool import ReviewTool, export_records

TOOLS: dict[str, str] = {
    "label-studio": "crosspan.review.tools.label_studio:LabelStudio",
    "doccano": "crosspan.review.tools.doccano:Doccano",
    "inception": "crosspan.review.tools.inception:Inception",
    "prodigy": "crosspan.review.tools.prodigy:Prodigy",
}
"""Where the class of each tool is, by its name."""


def tool_by_name(name: str) -> ReviewTool:
    """A tool by its name.

    Args:
        name: One of :data:`TOOLS`.

    Raises:
        OptionError: There is no such tool.

    Example:
        >>> tool_by_name("doccano").unit
        'utf16'
    """
    if name not in TOOLS:
        raise OptionError(f"there is no tool {name!r}", hint=did_you_mean(name, list(TOOLS)))
    module, _, attribute = TOOLS[name].partition(":")
    found: ReviewTool = getattr(import_module(module), attribute)()
    return found


def find_tool(path: PathLike) -> str:
    """Which tool an export is of, by its first records.

    Args:
        path: The export.

    Raises:
        FormatError: It cannot be opened.
        OptionError: It does not show.
    """
    unknown = OptionError("it does not show which tool this is an export of", where=name_of(path), hint=_NAME_IT)
    name = name_of(path).lower()
    if path == "-":
        raise unknown
    if name.endswith(".xmi"):
        return "inception"
    try:
        records = [record for _, _, record in islice(export_records(path, "a tool"), _FIRST)]
    except FormatError:
        if name.endswith(".zip"):
            return "inception"  # an archive without JSON, as of documents in XMI
        raise
    for record in records:
        if isinstance(record, Mapping) and (found := _tool_of(record)) is not None:
            return found
    raise unknown


_FIRST = 20
_NAME_IT = "Name it: --from-tool " + ", ".join(TOOLS) + "."


def _tool_of(record: Mapping[str, Any]) -> str | None:
    """The tool whose records look like this."""
    keys = record.keys()
    if "%FEATURE_STRUCTURES" in keys:
        return "inception"
    if keys & {"answer", "_task_hash", "_input_hash"} or {"text", "tokens", "spans"} <= keys:
        return "prodigy"
    if (isinstance(record.get("data"), Mapping) and keys & {"annotations", "predictions"}) or keys & {
        "annotation_id",
        "lead_time",
    }:
        return "label-studio"
    if "text" in keys and keys & {"label", "labels", "entities", "Comments"}:
        return "doccano"
    return None
