"""What HuggingFace ``datasets`` keeps on disk: files of Arrow, and folders of them that ``save_to_disk`` made.

Read as :mod:`crosspan.io.parquet` reads its rows. Needs the package ``pyarrow``.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import Any

from crosspan.core.errors import FormatError
from crosspan.core.files import PathLike, name_of
from crosspan.core.json_text import parse_json
from crosspan.core.lines import open_input, read_lines
from crosspan.core.shown import in_short, shown
from crosspan.io.arrow_messages import MAGIC, unpacked_size
from crosspan.io.dataset_folder import STATE
from crosspan.io.format import Format, Reading
from crosspan.io.parquet import (
    Bounded,
    check_columns,
    check_size,
    class_names,
    columns_of,
    readable,
    records_of,
    rows_of,
)
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


@contextmanager
def _opened(path: Path, name: str) -> Iterator[Any]:
    """A reader of the batches of a file, of which there are two kinds.

    The file is not mapped into memory: one that ends early would end the process.
    """
    ipc = importlib.import_module("pyarrow").ipc
    with open_input(path) as stream:
        with readable(name, f"{shown(path.name)} is not an Arrow file, or a damaged one"):
            held = Bounded(stream)
            check_size(held.size, unpacked_size(stream))
            is_stream = stream.read(len(MAGIC)) != MAGIC
            stream.seek(0)
            reader = ipc.open_stream(held) if is_stream else ipc.open_file(held)
        yield reader


def _names(files: list[Path], name: str) -> dict[str, list[str]]:
    if not files:
        return {}
    with _opened(files[0], name) as reader, readable(name, f"{shown(files[0].name)} is damaged"):
        return class_names(reader.schema.metadata)


def _rows(path: Path, name: str, how: Reading) -> Iterator[Mapping[str, Any]]:
    what = f"{shown(path.name)} is damaged"
    with _opened(path, name) as reader:
        with readable(name, what):
            columns = columns_of(reader.schema, how.tag_column)
            check_columns(columns, reader.schema, name)
        for at in count():
            with readable(name, what):
                if hasattr(reader, "num_record_batches"):
                    batch = reader.get_batch(at) if at < reader.num_record_batches else None
                else:
                    batch = next(iter(reader), None)
                records = None if batch is None else records_of(batch.select(columns))
            if records is None:
                return
            yield from records
