from __future__ import annotations

import pytest

from crosspan.core.errors import OptionError
from crosspan.io.encoding_check import check_encoding
from crosspan.io.format import Reading
from crosspan.io.inspect import check_files


def put(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def codes(report):
    return {code for _, code in report.counts}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\xef\xbb\xbfa\n", (1, "bom")),
        (b"a\nb\r\n", (1, "crlf")),
        (b"a\nb\xff\n", (2, "utf-8")),
        ("a\ufffd\n", (1, "replacement")),
        ("Andr\u00c3\u00a9\n", (1, "mojibake")),
        ("he\u00e2\u20ac\u2122s\n", (1, "mojibake")),
        ("a\nb\x07\n", (2, "control")),
        ("a\rb\n", (1, "control")),
        ("a\u200bb\n", (1, "zero-width")),
        ("\u200cab\n", (1, "zero-width")),
        ("\u00e9\u00e9\n\u00e9\ne\u0301\n", (3, "normalization")),
    ],
)
def test_encoding_trouble(tmp_path, content, expected):
    found = [(line, code) for line, _, code, _ in check_encoding(put(tmp_path / "a", content))]
    assert found == [expected]


@pytest.mark.parametrize("text", ["«Ä» Ångström ÉÈ", "می‌خواهم", "mọ́\tn'a", "क्‍ष", "“Ça va?” €5", "👩‍👧"])
def test_good_text_is_not_suspect(tmp_path, text):
    assert list(check_encoding(put(tmp_path / "a", text + "\n"))) == []


def test_all_broken_lines_are_reported(tmp_path):
    report = check_files([put(tmp_path / "a.conll", b"a\tO\n\xff\tO\n\xfe\tO\n")])
    assert [f.where.rsplit(":")[-1] for f in report.findings] == ["2", "3"]
    assert not report.files[0].readable


def test_labels_schemes_and_summary(tmp_path):
    good = put(tmp_path / "a.conll", "Ada B-PER\nwent O\nto O\n\nAda B-PER\nwent O\nto O\n\nx O\ny I-LOC\n")
    iob1 = put(tmp_path / "b.conll", "Ada I-PER\nBob B-PER\nin O\nAccra I-GPE\n")
    report = check_files([good, iob1])
    found = {(f.where.removeprefix(str(tmp_path) + "/"), f.severity, f.code) for f in report.findings}
    assert found == {
        ("a.conll:10", "error", "labels"),
        ("a.conll:5", "note", "duplicate"),
        ("b.conll", "note", "scheme"),
        ("b.conll", "warning", "label-set"),
    }
    assert [(s.sentences, s.tokens, s.spans, s.scheme) for s in report.files] == [(3, 8, 2, "IOB2"), (1, 4, 3, "IOB1")]


def test_mixed_schemes(tmp_path):
    assert ("error", "scheme") in check_files([put(tmp_path / "a.conll", "a S-X\nb U-X\n")]).counts


def test_pairs(tmp_path):
    rows = [f"this is the sentence number {i}" for i in range(30)]
    source = put(tmp_path / "a.txt", "\n".join([*rows, "one two three four five six seven", "a b c", rows[0]]) + "\n")
    other = [row.upper() for row in rows]
    target = put(tmp_path / "b.txt", "\n".join([*other, "x" * 300 + " y z", "", rows[0]]) + "\n")
    report = check_files([], pairs=[(source, target)])
    found = {(f.where, f.code) for f in report.findings}
    assert {(f"{target}:31", "pair-length"), (f"{target}:32", "pair-empty"), (f"{target}:33", "pair-copy")} <= found
    assert not any(code == "pair-length" and where != f"{target}:31" for where, code in found)


def test_unequal_pair(tmp_path):
    source, target = put(tmp_path / "a.txt", "a\nb\n"), put(tmp_path / "b.txt", "a\n")
    (finding,) = check_files([], pairs=[(source, target)]).findings
    assert (finding.where, finding.severity) == (str(target), "error")
    assert "1 sentences, but" in finding.message


def test_files_that_cannot_be_read_are_findings_and_options_are_not(tmp_path):
    report = check_files([tmp_path / "missing", put(tmp_path / "a.conll", ""), put(tmp_path / "b.conll", "a\tO\nb\n")])
    assert [f.severity for f in report.findings] == ["error"] * 3
    assert report.findings[2].where.endswith("b.conll:2")
    with pytest.raises(OptionError):
        check_files([put(tmp_path / "c.conll", "a O\n")], how=Reading(columns="word"))


def test_limit(tmp_path):
    report = check_files([put(tmp_path / "a.txt", "\n" * 30)], limit=5)
    assert len(report.findings) == 5
    assert report.counts["warning", "empty"] == 30
    assert codes(report) == {"empty"}
