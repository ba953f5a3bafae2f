"""A user's folder, listed once and searched by pattern: downloads lie in many ways."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from crosspan.core.errors import FormatError

_KNOWN = re.compile(
    r"masakhaner|masakhane-ner|wikiann|panx|pan-x|xl[-_]wa|xsid|europarl|uner|mafand|lafand|crossner|hipe|wnut|europeana",
    re.I,
)
"""Names of the data sets the suites read, as folders of downloads carry them."""


class Folder:
    """The files below a folder.

    Args:
        path: The folder. Links are followed; hidden folders are passed over.

    Raises:
        FormatError: There is no such folder.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as name:
        ...     _ = Path(name, "de.test.conll").write_text("")
        ...     [path.name for path in Folder(name).search(r"(^|/)de[.]test[.]conll$")]
        ['de.test.conll']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise FormatError(
                "there is no such folder", where=str(self.path), hint="Name the folder that holds the downloads."
            )
        self._absolute = self.path.resolve()
        self._files = sorted(_files(self._absolute, self._absolute, {os.path.realpath(self._absolute)}))

    def search(self, pattern: str, *, hint: str | None = None) -> list[Path]:
        """Files whose path below the folder matches, the likeliest first.

        Args:
            pattern: A regular expression, looked for in the path with ``/`` between its parts; case does not count.
            hint: A regular expression for the path of the data set. Files that match it come first; where any does,
                others are left out, and where none does, files of other known data sets are.
        """
        wanted = re.compile(pattern, re.IGNORECASE)
        found = [name for name in self._files if wanted.search(name)]
        if hint is not None:
            named = re.compile(hint, re.IGNORECASE)
            here = bool(named.search(self._absolute.as_posix()))
            ours = [name for name in found if named.search(name)]
            found = ours or [name for name in found if here or not _KNOWN.search(name)]
        return [self.path / name for name in sorted(found, key=lambda name: (name.count("/"), name))]

    def first(self, pattern: str, *, hint: str | None = None) -> Path | None:
        """The likeliest file whose path matches; ``None`` where there is none."""
        return next(iter(self.search(pattern, hint=hint)), None)


def _files(folder: Path, root: Path, seen: set[str]) -> Iterator[str]:
    """Paths below a folder, relative to the root; each real folder once, so that links in a ring end."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except PermissionError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            real = os.path.realpath(entry.path)
            if real not in seen:
                seen.add(real)
                yield from _files(Path(entry.path), root, seen)
        elif entry.is_file():
            yield Path(entry.path).relative_to(root).as_posix()
