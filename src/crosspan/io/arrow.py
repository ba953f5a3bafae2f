"""What HuggingFace ``datasets`` keeps on disk: files of Arrow, and folders of them that ``save_to_disk`` made.

Read as :mod:`crosspan.io.parquet` reads its rows. Needs the package ``pyarrow``.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from crosspan.core.errors import CrosspanError, FormatError
from crosspan.core.files import PathLike, name_of
from crosspan.core.json_text import parse_json
from crosspan.core.lines import read_lines
from crosspan.core.shown import in_short, shown
from crosspan.io.dataset_folder import STATE
from crosspan.io.format import Format, Reading
from crosspan.io.parquet import class_names, columns_of, rows_of
from crosspan.io.rejects import Located


class Arrow(Format):
    """The format ``arrow``: a file, or the folder of one split.

    Example:
        >>> Arrow().endings
        ('.arrow',)
    """

    name = "arrow"
    title = "Arrow"
    endings = (".arrow",)
    writes = False

    def read(self, path: PathLike, how: Reading) -> Iterator[Located]:
        """Yield sentences; raises where there is no column ``tokens`` or ``text``."""
        name = name_of(path)
        files = _files(Path(path)) if os.path.isdir(path) else [Path(path)]
        yield from rows_of(
            chain.from_iterable(_rows(file, name, how) for file in files), name, how, _names(files, name)
        )


def _files(folder: Path) -> list[Path]:
    """The files of a folder, in their order.

    Raises:
        FormatError: It holds several splits, or says nothing of its files.
    """
    if not (folder / STATE).is_file():
        splits = sorted(one.parent.name for one in folder.glob(f"*/{STATE}"))
        raise FormatError(
            f"the folder holds the splits {', '.join(splits) or 'of none'}",
            where=os.fspath(folder),
            hint=f"Name one of them, e.g. {folder / splits[0]}." if splits else "Save the data set again.",
        )
    try:
        found = parse_json("\n".join(read_lines(folder / STATE)))
        return [folder / Path(item["filename"]).name for item in found["_data_files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(
            f"it does not say which files it has ({in_short(error)})",
            where=os.fspath(folder / STATE),
            hint="Save the data set again.",
        ) from error


def _opened(path: Path, name: str) -> Any:
    """A reader of the batches of a file, of which there are two kinds."""
    arrow = importlib.import_module("pyarrow")
    try:
        source = arrow.memory_map(os.fspath(path), "r")
        try:
            return arrow.ipc.open_stream(source)
        except arrow.ArrowInvalid:
            return arrow.ipc.open_file(source)
    except CrosspanError:
        raise
    except Exception as error:  # its errors share no class
        raise FormatError(
            f"{shown(path.name)} is not an Arrow file, or a damaged one ({in_short(error)})",
            where=name,
            hint="Name the format if the ending is wrong; else get the file again.",
        ) from error


def _names(files: list[Path], name: str) -> dict[str, list[str]]:
    return class_names(_opened(files[0], name).schema.metadata) if files else {}


def _rows(path: Path, name: str, how: Reading) -> Iterator[Mapping[str, Any]]:
    reader = _opened(path, name)
    columns = columns_of(reader.schema, how.tag_column)
    at = 0
    while True:
        try:
            if hasattr(reader, "num_record_batches"):
                batch = reader.get_batch(at) if at < reader.num_record_batches else None
            else:
                batch = next(iter(reader), None)
            records = None if batch is None else batch.select(columns).to_pylist()
        except Exception as error:  # its errors share no class
            raise FormatError(
                f"{shown(path.name)} is damaged ({in_short(error)})", where=name, hint="Get the file again."
            ) from error
        if records is None:
            return
        yield from records
        at += 1
