"""Which bytes are text, and what is wrong with those that are none: the remedy is that of what the file is."""

from __future__ import annotations

import codecs

from crosspan.core.errors import EncodingError, FormatError, OptionError

_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_MARKS_32 = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_PACKED = {
    b"\x1f\x8b": ("gzip", "End its name in .gz, or unpack it with gunzip."),
    b"PK\x03\x04": ("zip", "Unpack it with unzip."),
    b"\xfd7zXZ\x00": ("xz", "Unpack it with unxz."),
    b"BZh": ("bzip2", "Unpack it with bunzip2."),
    b"\x28\xb5\x2f\xfd": ("zstd", "Unpack it with unzstd."),
}
_SHEET = "Save the table as CSV or tab-separated text."
_BINARY = {
    b"\xd0\xcf\x11\xe0": ("a document of an office program (xls, doc)", _SHEET),
    b"ARROW1": ("a Feather or Arrow file", "Write it as Parquet, e.g. with pandas or pyarrow."),
    b"FEA1": ("a Feather file", "Write it as Parquet, e.g. with pandas or pyarrow."),
    b"\x89HDF": ("HDF5", "Write it as Parquet or JSONL."),
    b"\x93NUMPY": ("an array of NumPy", "Write it as Parquet or JSONL."),
    b"SQLite format 3": ("a database (SQLite)", "Export the table as CSV."),
    b"%PDF-": ("PDF", "Take the text out of it, e.g. with pdftotext."),
    **dict.fromkeys(
        (b"\x80\x02", b"\x80\x03", b"\x80\x04\x95", b"\x80\x05\x95"),
        ("a pickle of Python", "Load it where it was made, and write JSONL or CSV."),
    ),
}
_OFFICE = (b"[Content_Types].xml", b"mimetypeapplication/", b"xl/", b"word/", b"_rels/", b"docProps/")
_NAME_IN_ZIP = 30
_START = 2_000
_MANY_ZEROS = 0.3
_FEWEST = 4


def check_encoding_name(encoding: str) -> None:
    """Raise unless this is an encoding of text.

    Raises:
        OptionError: It is none.

    Example:
        >>> check_encoding_name("utf-16-le")
    """
    try:
        known = getattr(codecs.lookup(encoding), "_is_text_encoding", True)
    except (LookupError, ValueError):
        known = False
    if not known:
        raise OptionError(f"unknown encoding {encoding!r}", hint="Name one such as utf-8, utf-16 or latin-1.")


def is_utf8(encoding: str) -> bool:
    """Whether an encoding is UTF-8, however it is spelt.

    Example:
        >>> is_utf8("UTF8"), is_utf8("utf-16")
        (True, False)
    """
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def check_start(raw: bytes, name: str) -> None:
    """Raise where the first bytes of a file say that it is no UTF-8.

    Args:
        raw: The bytes.
        name: The file, for messages.

    Raises:
        EncodingError: It is UTF-16 or UTF-32.
        FormatError: It is compressed, or no text.
    """
    if raw.startswith(b"PK\x03\x04") and raw[_NAME_IN_ZIP:].startswith(_OFFICE):
        raise FormatError("the file is a document of an office program (xlsx, docx, ods)", where=name, hint=_SHEET)
    for mark, (kind, hint) in _BINARY.items():
        if raw.startswith(mark):
            raise FormatError(f"the file is {kind}, which is not read here", where=name, hint=hint)
    for mark, (kind, hint) in _PACKED.items():
        if raw.startswith(mark) and (len(mark) > 3 or not _is_text(raw)):
            raise FormatError(f"the file is compressed ({kind})", where=name, hint=hint)
    if raw[:4] in _MARKS_32:
        raise EncodingError(
            "the file is UTF-32, not UTF-8",
            where=name,
            hint="Add --encoding utf-32, or convert it, e.g. with iconv -f UTF-32 -t UTF-8.",
        )
    if raw[:2] in _MARKS:
        raise EncodingError(
            "the file is UTF-16, not UTF-8",
            where=name,
            hint="Add --encoding utf-16, or convert it, e.g. with iconv -f UTF-16 -t UTF-8.",
        )
    start = raw[:_START]
    for first, order in ((1, "le"), (0, "be")):
        zeros, others = start[first::2].count(0), start[1 - first :: 2]
        readable = sum(byte >= 0x20 or byte in b"\t\r\n" for byte in others)
        if zeros >= _FEWEST and zeros > _MANY_ZEROS * len(others) and readable == len(others):
            raise EncodingError(
                "the file looks like UTF-16 without a mark at its start, not UTF-8",
                where=name,
                hint=f"Add --encoding utf-16-{order}, or convert it with iconv -f UTF-16{order.upper()} -t UTF-8.",
            )
    if b"\x00" in start and not _is_text(raw):
        raise FormatError(
            "the file is binary, not text",
            where=name,
            hint="Name its format, or, if it is text, its encoding, e.g. --encoding utf-16-le.",
        )


def _is_text(raw: bytes) -> bool:
    try:
        raw[:_START].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start > _START - 4
    return True


def decoded(raw: bytes, name: str, lines_before: int) -> str:
    """The text of some whole lines of UTF-8.

    Args:
        raw: Their bytes.
        name: The file, for messages.
        lines_before: How many lines stand before them.

    Raises:
        EncodingError: They are none; the error names the line.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = lines_before + raw.count(b"\n", 0, error.start) + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        what, hint = what_is_wrong(raw, error.start)
        raise EncodingError(f"byte {column} of the line {what}", where=f"{name}:{line}", hint=hint) from error


def what_is_wrong(raw: bytes, at: int) -> tuple[str, str]:
    r"""What a byte is that cannot stand in UTF-8, and what to do.

    Args:
        raw: Some bytes.
        at: Which of them.

    Example:
        >>> what_is_wrong(b"\xed\xa0\xbd", 0)[0]
        '(0xed) begins half of a surrogate pair, which is no character'
    """
    if raw[at] == 0xED and raw[at + 1 : at + 2] >= b"\xa0":
        return (
            f"(0x{raw[at]:02x}) begins half of a surrogate pair, which is no character",
            "Some programs write emoji and other rare characters so (CESU-8); let the one that made the file write "
            "UTF-8, or mend the line.",
        )
    return (
        f"(0x{raw[at]:02x}) is not valid UTF-8",
        "Name its encoding, e.g. --encoding latin-1, or save it as UTF-8, e.g. with iconv -f LATIN1 -t UTF-8.",
    )
