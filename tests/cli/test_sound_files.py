"""Sound files in which something looks a little like labels: read as what they are, without a word."""

# ruff: noqa: E501  # lines of other people's files are as long as they are
from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.io import read

LABELLED = {"tokens": ["Ada", "left", "Accra"], "ner_tags": ["B-PER", "O", "B-LOC"]}
TEXT = {"text": "Ada left"}


def read_quietly(path, capsys):
    """What ``convert`` makes of a file, which has nothing to say; ``check`` has no error, and no word about labels."""
    out = path.with_name("out.jsonl")
    assert main(["convert", str(path), str(out), "--quiet"]) == 0, capsys.readouterr().err
    assert capsys.readouterr().err == ""
    assert main(["check", str(path), "--json"]) == 0
    found = {one["code"] for one in json.loads(capsys.readouterr().out)["findings"]}
    assert not found & {"labels-unused", "labels-within", "labels", "scheme"}
    return read(out)


@pytest.mark.parametrize(
    "content",
    [
        "The plane was a B-52\nHe drove down the I-95\nShe likes S-100\nThey came by U-Bahn\nIt was an S-Bahn\n",
        "mit der U-Bahn\nmit der S-Bahn\nper E-Mail\nein E-Bike\n",
        "Bitte per E-Mail\nSchreib eine E-Mail\nAntwort per E-Mail\n",
        "Vitamin B-12\nVitamin B-6\nVitamin B-1\n",
        "visa I-20\nvisa B-1\nvisa B-2\nvisa O\n",
        "Take vitamin-E\nDrive Model-S\nUse plan-B\nHepatitis type-B\n",
        "He has group O\nMo rí O\nwọ́n wá O\nO dára\n",
        "E-Mail\nS-Bahn\nU-Boot\nT-Shirt\nO\n",
        "I/O\nI/O ports\nAC/DC\nhe/she\n24/7\n",
        "10,000 people came\n5,000 stayed\n3,200 left\n",
        "1 1 In the beginning\n1 2 And the earth\n1 3 And God said\n",
        "Gen 1 1 In the beginning\nGen 1 2 And the earth\nGen 1 3 And God said\n",
        "Ghana 2 1 Togo\nKenya 1 0 Uganda\nMali 3 2 Chad\n",
        "12 3 Kumasi\n1 2 Accra\n7 9 Tamale\n",
        "See https://a.b/B-1 and http://x.y/?q=O\nMail ada@b.org\nwww.example.com/B-52\n",
        "[Ada](ada) left\n[Kofi](kofi) came\n[Esi Obi](esi_obi) stayed\n",
        "".join(f"Ask [page {n}](Topic{n})\n" for n in range(9)),
        "He said <EM>now</EM>\nand <B>then</B>\nor <STRONG>never</STRONG>\n",
        "T1\tfirst train\nT2\tsecond train\n",
        "{name} went to {place}\n{user} left\n",
        "{user}\n{name}\n",
        "{\nis a brace\n",
        "[laughs]\n[[Accra]] is here\n[] item\n",
        "yes\nno\nO\nB-PER or not\n",
        "[PHONE RINGING]\n[MUSIC PLAYING]\nHe said: hello\n[1] Ada left\n",
        "TCP/IP\nAC/DC\nhttp://A\nsee fig.(A)\nnote:BBC\n",
        "Array [1, 2, 3] and (4, 5)\nf(x, y)\n('Ada', 'Bo')\n",
        "-- O O\nO O O\nO come, all ye faithful\n",
        "laughs\t-\nspeaks\tloudly\nsighs\t-\n",
        "Acts\t_\nRuth\tAda\nMark\tKofi\n",
        "e-mail o\nb-movie o\ni-pad o\n",
    ],
)
def test_text_is_text(tmp_path, capsys, content):
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    found = read_quietly(path, capsys)
    assert [one.text for one in found] == content.splitlines()
    assert not any(one.spans for one in found)


CONLLU = "1\tAda\tAda\tPROPN\tNNP\t{0}\t2\tnsubj\t_\t{1}\n2\tleft\tleave\tVERB\tVBD\t_\t0\troot\t_\t{2}\n"


@pytest.mark.parametrize(
    ("name", "content", "spans"),
    [
        ("a.conll", "Ada B-PER\nleft O\n\nThe O\nB-52 O\nflew O\nI-95 O\nS-100 O\nO O\n", 1),
        ("a.txt", "Ada B-PER\nleft O\n\nThe O\nB-52 O\nflew O\nI-95 O\nS-100 O\nO O\n", 1),
        ("a.txt", "Ada B-PER\nObi I-PER\n", 1),
        ("a.txt", "Ada B-per\nObi I-per\n", 1),
        ("a.txt", "Ada O\nleft O\n\nBo O\nis O\nhere O\n", 0),
        ("a.conll", "B-52 O\nB-1 O\nE-4 O\nU-2 B-VEH\n", 1),
        ("a.conll", "Ada O B-PER\nleft O O\n", 1),
        ("a.conll", "Ada NNP B-NP B-PER\nleft VBD O O\n", 1),
        ("a.conll", "Ada\tada\tB-PER\nO\to\tO\nB-52\tb-52\tO\n", 1),
        ("a.conll", "Ada B-1\nObi I-1\nleft O\n", 1),
        ("a.tsv", "# speaker = O\n# note = B-PER\n#1\nAda\tB-PER\nleft\tO\n", 1),
        ("a.tsv", "http://x.y/B-1\tO\nAda\tB-PER\n3,000\tO\n#\tO\n#tag\tO\n", 1),
        ("a.tsv", "token\tner\tlemma\tupos\tdeprel\tscore\nAda\tB-PER\tAda\tPROPN\tnsubj\t0.9\nleft\tO\tleave\tVERB\troot\t0.8\n", 1),
        ("a.conll", "Ada NNP _ B-PER\nleft VBD _ O\n. _ _ O\n", 1),
        ("a.conll", "Ada B-PER _\nleft O X\n", 1),
        ("a.tsv", "U.S.\tB-LOC\nI.e\tO\nb-boy\tO\no\tO\n", 1),
        ("a.tsv", "Ada\tB-PER\tb-per\nleft\tO\to\n", 1),
        ("a.conll", "1 B-X\n1 I-X\n2 B-X\n", 2),
        ("a.conll", "2020 CD B-DATE\n2020 CD B-DATE\n21 CD B-DATE\n", 3),
        ("a.conll", "B2B B-ORG\nB2B B-ORG\n4G O\n", 2),
        ("a.conll", "no no B-X\nno no I-X\nwell well O\nno no O\n", 1),
        ("a.conll", "1 1 B-X\n2 = O\n3 2 B-X\n", 2),
        ("a.csv", "word,tag,row\n1,B-X,1\n1,O,2\n2,O,3\n", 1),
        ("a.conllu", CONLLU.format("NameType=Giv", "SpaceAfter=No|Gloss=I-ada", "Ref=B-1|LId=leave-1|Translit=O"), 0),
        ("a.conllu", CONLLU.format("Case=Nom", "name=B-PER", "name=O|SpaceAfter=No"), 1),
    ],
)  # fmt: skip
def test_columns_are_columns(tmp_path, capsys, name, content, spans):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert sum(len(one.spans) for one in read_quietly(path, capsys)) == spans


@pytest.mark.parametrize(
    "record",
    [
        {**LABELLED, "attention_mask": [1, 1, 1], "input_ids": [1, 2, 3], "token_type_ids": [0, 1, 1]},
        {**LABELLED, "upos": ["X", "Y", "Z"], "posTags": ["A", "B", "C"], "head": [2, 0, 2], "deprel": ["a", "b", "c"]},
        {**LABELLED, "pos_tags": [1, 2, 3], "chunk_tags": ["B-NP", "B-VP", "B-NP"], "lemmas": ["O", "B-52", "S-1"]},
        {**LABELLED, "annotator_ids": [3, 4], "entity_ids": [4, 9], "span": [0, 14], "label_list": ["O", "B-PER"]},
        {**LABELLED, "bboxes": [[1, 2, 3, 4]] * 3, "token_spans": [[0, 3], [4, 8], [9, 14]], "alignment": [[0, 1]]},
        {**TEXT, "annotation_time": [1, 2], "doc_span": [10, 18], "dinner": [1, 2], "partner": [3, 4], "bbox": [1, 2]},
        {**TEXT, "sents": [{"start": 0, "end": 8}], "sentence_spans": [[0, 3], [4, 8]], "owner": {"label": "x", "start": 3}},
        {**TEXT, "history": [{"by": "ada", "label": "done", "start": "2020-01-02"}], "slots": {}, "intent": "go"},
        {**TEXT, "tokens": [{"text": "Ada", "start": 0, "end": 3, "tag": "NNP", "pos": "O"}, {"text": "left", "start": 4, "end": 8, "tag": "VBD", "pos": "V"}]},
        {**TEXT, "label": "news", "keywords": ["Ada"], "topic": "O", "category": "B-1", "tags": []},
    ],
)  # fmt: skip
def test_records_may_hold_more(tmp_path, capsys, record):
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    (found,) = read_quietly(path, capsys)
    assert len(found.spans) == (2 if "ner_tags" in record else 0)
