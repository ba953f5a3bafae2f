"""What is finished of files whose writing was ended early: ``OUT.part``, ``OUT.2.part`` … beside them."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO

from crosspan.core.locks import locked
from crosspan.core.temporary import stem_of

_BLOCK = 1 << 20


def parts_of(target: Path) -> Iterator[Path]:
    """Where parts of a file stand, the first first, without end; an ending ``.gz`` stays at the end.

    Args:
        target: The file.

    Example:
        >>> found = parts_of(Path("news.sw.gz"))
        >>> next(found).name, next(found).name
        ('news.sw.part.gz', 'news.sw.2.part.gz')
    """
    stem, packed, _ = target.name.rpartition(".gz") if target.name.endswith(".gz") else (target.name, "", "")
    for number in count(1):
        more = f".{number}" if number > 1 else ""
        yield target.with_name(f"{stem_of(stem)}{more}.part{packed}")


def remove_parts(target: Path) -> None:
    """Remove parts that earlier tries left, of a file that is finished now.

    Only what the file itself begins with goes, so that nothing is lost, and not what somebody is writing.

    Args:
        target: The file.
    """
    for part in parts_of(target):
        with suppress(OSError, EOFError, zlib.error):
            with open(part, "rb") as raw:
                if os.name == "nt" or not locked(raw.fileno(), wait=False) or not _begins_with(target, raw):
                    continue
                part.unlink()
            continue
        if not part.exists():
            return


def _begins_with(target: Path, part: IO[bytes]) -> bool:
    with open(target, "rb") as raw:
        whole, some = (gzip.GzipFile(fileobj=one) if target.name.endswith(".gz") else one for one in (raw, part))
        while block := some.read(_BLOCK):
            if whole.read(len(block)) != block:
                return False
    return True
