"""Files as people have them, through the command line: each kind read right, or named and refused."""

# ruff: noqa: E501  # lines of other people's files are as long as they are
from __future__ import annotations

import json

import pytest

from crosspan.cli.main import main
from crosspan.io import read


class Desk:
    """A folder in which files are put, and read through ``crosspan convert`` and ``crosspan check``."""

    def __init__(self, path, capsys):
        self.path, self.capsys = path, capsys

    def put(self, name, content):
        data = content if isinstance(content, bytes) else content.encode()
        (self.path / name).write_bytes(data)
        return str(self.path / name)

    def run(self, *words):
        code = main([str(word) for word in words])
        captured = self.capsys.readouterr()
        return code, captured.out, captured.err

    def convert(self, name, content, *words):
        """The exit code, the sentences that came out, and what was said."""
        path = self.put(name, content)
        out = self.path / "out.jsonl"
        out.unlink(missing_ok=True)
        code, _, err = self.run("convert", path, out, *words)
        return code, [entities(one) for one in read(out)] if out.exists() else [], err

    def check(self, path, *words):
        code, out, _ = self.run("check", path, "--json", *words)
        return code, json.loads(out)


def entities(sentence):
    return {entity.text: entity.label for entity in sentence.entities()}


@pytest.fixture
def desk(tmp_path, capsys):
    return Desk(tmp_path, capsys)


def codes(report):
    return {(one["severity"], one["code"]) for one in report["findings"]}


ADA = [{"Ada Obi": "PER", "Accra": "LOC"}]
CONLLU = "1\tAda\t_\tPROPN\t_\t_\t2\tnsubj\t_\t{}\n2\tObi\t_\tPROPN\t_\t_\t2\tflat\t_\t{}\n3\tleft\t_\tV\t_\t_\t0\troot\t_\t{}\n"
CONLLU += "4\tAccra\t_\tPROPN\t_\t_\t3\tobj\t_\t{}\n"
TEXT = "Ada Obi left Accra"
PLACES = '{"start": 0, "end": 7, "label": "PER"}, {"start": 13, "end": 18, "label": "LOC"}'
SCORED = PLACES.replace("}", ', "score": "0.5"}')
TOKENS = '"tokens": ["Ada", "Obi", "left", "Accra"]'
TAGS = '["B-PER", "I-PER", "O", "B-LOC"]'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("misc.conllu", CONLLU.format("name=B-PER", "name=I-PER", "name=O", "SpaceAfter=No|name=B-LOC")),
        ("misc.conllu", CONLLU.format("NER=B-PER", "NER=I-PER", "_", "NER=B-LOC")),
        ("plus.conllu", "# global.columns = ID FORM NER\n1\tAda\tB-PER\n2\tObi\tI-PER\n3\tleft\tO\n4\tAccra\tB-LOC\n"),
        ("ents.jsonl", f'{{"text": "{TEXT}", "ents": [{PLACES}]}}'),
        ("groups.jsonl", f'{{"text": "{TEXT}", "spans": {{}}, "ents": [{PLACES}]}}'),
        ("sc.jsonl", f'{{"text": "{TEXT}", "spans": {{"sc": [{PLACES}]}}, "ents": []}}'),
        ("lists.jsonl", f'{{"text": "{TEXT}", "entities": {{"start": [0, 13], "end": [7, 18], "label": ["PER", "LOC"]}}}}'),
        ("doccano.jsonl", f'{{"text": "{TEXT}", "label": [[0, 7, "PER"], [13, 18, "LOC"]], "Comments": []}}'),
        ("doccano.jsonl", f'{{"text": "{TEXT}", "label": [], "annotations": [{PLACES.replace("start", "start_offset")}]}}'),
        ("aws.jsonl", f'{{"text": "{TEXT}", "Entities": [{PLACES.replace("start", "BeginOffset").replace("end", "EndOffset")}]}}'),
        ("azure.json", f'{{"text": "{TEXT}", "entities": [{{"offset": 0, "length": 7, "category": "PER"}}, {{"offset": 13, "length": 5, "category": "LOC"}}]}}'),
        ("spacy2.json", f'[["{TEXT}", {{"entities": [[0, 7, "PER"], [13, 18, "LOC"]]}}]]'),
        ("array.json", f'[\n {{"text": "{TEXT}",\n  "entities": [{PLACES}]}}\n]\n'),
        ("array.txt", f'[\n {{"text": "{TEXT}",\n  "entities": [{PLACES}]}}\n]\n'),
        ("held.json", f'{{"version": "1", "data": [{{{TOKENS}, "ner": {TAGS}}}]}}'),
        ("pretty.json", f'{{\n"text": "{TEXT}",\n"entities": [{PLACES}]}}\n'),
        ("studio.json", f'[{{"data": {{"t": "{TEXT}"}}, "annotations": [{{"result": [{{"value": {{"start": 0, "end": 7, "labels": ["PER"]}}}}, {{"value": {{"start": 13, "end": 18, "text": "Accra", "labels": ["LOC"]}}}}]}}]}}]'),
        ("min.json", f'[{{"text": "{TEXT}", "label": [{{"start": 0, "end": 7, "labels": ["PER"]}}, {{"start": 13, "end": 18, "labels": ["LOC"]}}]}}]'),
        ("gliner.json", '[{"tokenized_text": ["Ada", "Obi", "left", "Accra"], "ner": [[0, 1, "PER"], [3, 3, "LOC"]]}]'),
        *[(f"{key}.jsonl", f'{{{TOKENS}, "{key}": {TAGS}}}') for key in ("tags", "ner", "labels", "fine_ner_tags", "gold")],
        ("bioes.jsonl", f'{{{TOKENS}, "tags": ["B-PER", "E-PER", "O", "S-LOC"]}}'),
        ("words.jsonl", f'{{"sentence": "{TEXT}", "tags": {TAGS}}}'),
        ("wikiann.jsonl", f'{{{TOKENS}, "ner_tags": {TAGS}, "spans": ["PER: Ada Obi", "LOC: Accra"]}}'),
        ("blank.jsonl", f'{{{TOKENS}, "tags": ["B-PER ", "I-PER\u200b", "O", "B-LOC"]}}'),
        ("string.jsonl", f'{{"text": "{TEXT}", "entities": [{SCORED}]}}'),
        ("bare.txt", "Ada PER\nObi PER\nleft O\nAccra LOC\n"),
        ("bare.tsv", "Ada\tPER\nObi\tPER\nleft\tO\nAccra\tLOC\n"),
        ("bmes.txt", "Ada B-PER\nObi E-PER\nleft O\nAccra S-LOC\n"),
        ("bmes.bmes", "Ada B-PER\nObi M-PER\nleft O\nAccra B-LOC\n".replace("Obi M", "Obi I")),
        ("under", "Ada B_PER\nObi I_PER\nleft O\nAccra B_LOC\n"),
        ("suffix.txt", "Ada PER-B\nObi PER-I\nleft O\nAccra LOC-B\n"),
        ("comma.csv", "Ada,B-PER\nObi,I-PER\nleft,O\nAccra,B-LOC\n"),
        ("kaggle.csv", "Sentence #,Word,POS,Tag\nSentence: 1,Ada,N,B-PER\n,Obi,N,I-PER\n,left,V,O\n,Accra,N,B-LOC\n"),
        ("semicolon.txt", "Sentence;Word;Tag\n1;Ada;B-PER\n1;Obi;I-PER\n1;left;O\n1;Accra;B-LOC\n"),
        ("nbsp.conll", "Ada\u00a0B-PER\nObi\u00a0I-PER\nleft\u00a0O\nAccra\u00a0B-LOC\n"),
        ("wide.txt", "Ada\u3000B-PER\nObi\u3000I-PER\nleft\u3000O\nAccra\u3000B-LOC\n"),
        ("mac.conll", "Ada B-PER\rObi I-PER\rleft O\rAccra B-LOC\r"),
        ("mark.conll", "-DOCSTART-\tO\nAda\tN\tB-PER\nObi\tN\tI-PER\nleft\tV\tO\nAccra\tN\tB-LOC\n"),
        ("tail.conll", "Ada B-PER \nObi I-PER\u200b\nleft O\nAccra B-LOC\n"),
        ("wikiann.txt", "en:Ada\tB-PER\nen:Obi\tI-PER\nen:left\tO\nen:Accra\tB-LOC\n"),
    ],
)  # fmt: skip
def test_labels_are_found_wherever_they_stand(desk, name, content):
    code, found, err = desk.convert(name, content)
    assert (code, found, "warning" in err) == (0, ADA, False), err


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("Ada\tB-PER\tO\nObi\tI-PER\tB-ORG\nleft\tO\tO\nAccra\tB-LOC\tO\n", ":2: column 3 holds 1 more"),
        ("token\tner\tnested\nAda\tB-PER\tO\nObi\tI-PER\tS-X\nleft\tO\tO\nAccra\tB-LOC\tS-X\n", ":3: column 3 (nested) holds 2 more"),
        ("Ada\tB-PER\tO\nObi\tI-PER\tORG\nleft\tO\tO\nAccra\tB-LOC\tO\n", ":2: column 3 holds 1 more"),
        ("Ada\tB-PER\tart\nObi\tI-PER\tart\nleft\tO\tO\nAccra\tB-LOC\tO\n", ":1: column 3 holds 1 more"),
        ("word\tpos\tner\tinner\nAda\tN\tB-PER\tO\nObi\tN\tI-PER\tname-last\nleft\tV\tO\tO\nAccra\tN\tB-LOC\tname-part\n", ":3: column 4 (inner) holds 2 more"),
        (f'{{{TOKENS}, "ner_tags": {TAGS}, "inner_ner": ["O", "ORG", "O", "O"]}}', ":1: 'inner_ner' holds 1 more"),
        (f'{{{TOKENS}, "ner_tags": {TAGS}, "fine": ["B-x", "I-x", "O", "B-y"]}}', ":1: 'fine' holds 3 more"),
        (f'{{"text": "{TEXT}", "entities": [{PLACES}], "relations": [], "events": [[0, 3, "E"]]}}', ":1: 'events' holds 1 more"),
    ],
)  # fmt: skip
def test_further_labels_are_named(desk, content, where):
    name = "a.conll" if "\t" in content else "a.jsonl"
    code, found, err = desk.convert(name, content)
    assert (code, found) == (0, ADA)
    assert f"{name}{where}" in err
    code, report = desk.check(desk.path / name)
    assert code == 0
    assert ("warning", "labels-unused") in codes(report)


@pytest.mark.parametrize(
    "row",
    ["{0}\t{1}\t{2}\n", "{0}\t{3}\t{1}\n", "{0}\t{4}\t{1}\t{4}\n", "{0}\t{1}\t{5}\n", "{0}\t{1}\t_\n", "{0}\t{1}\t{6}\n"],
)  # fmt: skip
def test_columns_that_say_nothing_more_are_not_named(desk, row):
    words, tags, bare = "Ada Obi left Accra", "B-PER I-PER O B-LOC", "PER PER O LOC"
    others = "NNP NNP VBD NNP", "ada obi leave accra", "B-NP I-NP B-VP B-NP", "- - - -"
    columns = [one.split() for one in (words, tags, bare, *others)]
    content = "".join(row.format(*cells) for cells in zip(*columns, strict=True))
    code, found, err = desk.convert("a.conll", content)
    assert (code, found, err.count("warning")) == (0, ADA, 0), err


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ('{"text": "Ada left", "annotations": [{"label": 7, "start_offset": 0, "end_offset": 3}]}', "number 7 for a label"),
        ('{"tokens": ["Ada", "left"], "ner": [1, 0]}', "--tag-names"),
        ('{"text": "Ada left", "predictions": [{"result": [{"value": {"start": 0, "end": 3, "labels": ["X"]}}]}]}', "'predictions' looks like 1 labels"),
        ('{"text": "Ada left", "spans": {"a": [{"start": 0, "end": 3, "label": "X"}], "b": [{"start": 4, "end": 8, "label": "Y"}]}}', "not a list"),
        ('{"text": "Ada left", "ner_labels": ["B-X", "O", "O"]}', "'ner_labels' looks like"),
    ],
)  # fmt: skip
def test_labels_that_are_not_understood_stop(desk, record, said):
    code, found, err = desk.convert("a.jsonl", record)
    assert (code, found) == (1, [])
    assert said in err
    code, report = desk.check(desk.path / "a.jsonl")
    assert code == 1
    assert report["files"][0]["spans"] == 0
    model = desk.path / "m.crf"
    code, _, err = desk.run("train", desk.path / "a.jsonl", "--out", model)
    assert code == 1  # it is no gold without names
    assert not model.exists()


IOB2 = "Ada B-PER\nObi I-PER\nleft O\n\n" * 5


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (IOB2, "Accra E-LOC\nis O\n", "'E-LOC' does not belong"),
        (IOB2, "Accra U-LOC\nis O\n", "'U-LOC' does not belong"),
        (IOB2, "Accra LOC\nis O\n", "'LOC' is not a tag"),
        (IOB2, "Accra I-LOC\nis O\n", "orphan"),
        ("Ada B-PER\nObi E-PER\nleft O\n\n" * 5, "Accra I-LOC\nis O\n", "orphan"),
        (IOB2, "AccraB-LOC\nis O\n", "1 column"),
        (IOB2, "New York B-LOC\nis O\n", "3 columns, expected 2"),
        (IOB2, "'\nis O\n", "1 column"),
        (IOB2.replace(" ", "\t"), "\tB-LOC\nis\tO\n", "empty token"),
        (IOB2.replace(" ", " _ x "), "New York _ x B-LOC\nis _ x O\n", "5 columns"),
        (IOB2.replace("-PER", "").replace("Obi I", "Obi I"), "Accra I\nis O\n", "orphan"),
    ],
)
def test_a_bad_row_costs_its_sentence(desk, good, bad, said):
    content = good + bad + "\n" + good
    line = good.count("\n") + 1
    code, found, _ = desk.convert("a.txt", content, "--on-error", "skip")
    assert (code, len(found)) == (3, 10)
    assert all("Ada Obi" in one for one in found)
    code, report = desk.check(desk.path / "a.txt")
    errors = [one for one in report["findings"] if one["severity"] == "error"]
    assert [one["where"].rpartition(":")[2] for one in errors] == [str(line)]
    assert said in errors[0]["message"]
    assert code == 1


@pytest.mark.parametrize(
    "bad",
    [
        '{"tokens": ["Ada", ""], "ner_tags": ["B-PER", "O"]}',
        '{"tokens": ["Ada", 3]}',
        '{"text": 3}',
        '{"nothing": 1}',
        '{"text": "Ada',
        '{"text": "Ada", "entities": [{"start": 0, "end": 3, "label": "PER", "score": NaN}]}',
        '{"text": "Ada", "entities": [{"start": 0, "end": 3, "label": "PER", "score": "high"}]}',
        '{"text": "\\ud83d"}',
    ],
)
def test_a_bad_record_costs_its_sentence(desk, bad):
    good = f'{{{TOKENS}, "ner_tags": {TAGS}}}\n'
    code, found, err = desk.convert("a.jsonl", good + bad + "\n" + good, "--on-error", "skip")
    assert (code, found) == (3, ADA * 2)
    assert "a.jsonl:2: left out" in err
    target = desk.put("b.txt", "Ada Obi left Accra\nx\nAda Obi left Accra\n")
    out = desk.path / "p.jsonl"
    code, _, err = desk.run("project", desk.path / "a.jsonl", target, "--out", out, "--quiet")
    assert (code, len(read(out))) == (3, 2), err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.ann", "T1\tPER 0 3\tAda\nT2\tLOC 9 14\tAccra\n", "brat"),
        ("a.txt", "T1\tPER 0 3\tAda\nR1\tRel Arg1:T1 Arg2:T1\n", "brat"),
        ("a.txt", "#FORMAT=WebAnno TSV 4.0\n\n#Text=Ada\n1-1\t0-3\tAda\tPER\n", "WebAnno TSV 4.0"),
        ("a.csv", "text,label\nAda left,news\n", "none of the"),
        ("a.txt", "x y B-PER\nfree text\nsome more words here\n", "end in tags"),
        ("a.conll", b"\xff\xfeA\x00", "--encoding utf-16"),
        ("a.conll", "Ada B-PER\n".encode("utf-16-le"), "--encoding utf-16-le"),
        ("a.conll", "Ada B-PER\n".encode("utf-16-be"), "--encoding utf-16-be"),
        ("a.conll", b"PK\x03\x04abc", "unzip"),
        ("a.conll", b"\x1f\x8b\x08\x00", ".gz"),
        ("a.xlsx", b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "as CSV"),
        ("a.csv", b"PK\x03\x04" + bytes(26) + b"xl/workbook.xml", "as CSV"),
        ("a.feather", b"ARROW1\x00\x00\xff\xff", "as Parquet"),
        ("a.pkl", b"\x80\x04\x95\x0a\x00}\x94.", "pickle"),
        ("a.bin", b"\x01\x00\xff\x80\xfe\x00 \n", "binary"),
        ("a.conll", b"Ada B-PER\n\xed\xa0\xbd O\n", "surrogate"),
    ],
)
def test_what_is_not_read_is_refused_with_its_remedy(desk, name, content, said):
    code, found, err = desk.convert(name, content)
    assert (code, found) == (1, [])
    assert said in err
    assert len(err.strip().split("\n")) == 1
    assert desk.check(desk.path / name)[0] == 1


@pytest.mark.parametrize(
    "content",
    ["Ada left Accra.\n\nShe came back.\n", "Vitamin B\nO\nI O\n", "a B-52 flew\nthe end\nof it\n", "[Music]\nhello\n"],
)
def test_running_text_stays_running_text(desk, content):
    path = desk.put("a.txt", content)
    assert [one.text for one in read(path)] == content.split("\n")[:-1]


def test_answers_of_annotators(desk):
    place = '"spans": [{"start": 0, "end": 3, "label": "PER"}]'
    content = "".join(
        f'{{"text": "Ada left", {place}, "answer": "{answer}"}}\n' for answer in ("reject", "accept", "ignore")
    )
    code, found, err = desk.convert("a.jsonl", content)
    assert (code, found) == (3, [{"Ada": "PER"}])
    assert "2 left out" in err
    code, report = desk.check(desk.path / "a.jsonl")
    assert code == 0
    assert {"severity": "note", "code": "left-out", "count": 2} in report["counts"]
    assert len(read(desk.path / "a.jsonl", rejects=[])) == 3


def test_offsets_in_other_units(desk):
    content = '{"text": "💩é is Accra.", "label": [{"start": 7, "end": 12%s, "label": "LOC"}]}\n'
    with_text = content % ', "text": "Accra"'
    code, _, err = desk.convert("a.jsonl", with_text)
    assert (code, "--from-offsets utf16" in err) == (1, True)
    assert desk.convert("a.jsonl", with_text, "--from-offsets", "utf16")[:2] == (0, [{"Accra": "LOC"}])
    code, _, err = desk.convert("a.jsonl", content % "")
    assert (code, "inside of a word ('A|ccra')" in err) == (0, True)
    assert ("warning", "cuts-word") in codes(desk.check(desk.path / "a.jsonl")[1])
    assert codes(desk.check(desk.path / "a.jsonl", "--offsets", "utf16")[1]) == set()
    in_bytes = (content % ', "text": "Accra"').replace("7", "10").replace("12", "15")
    assert desk.convert("a.jsonl", in_bytes, "--from-offsets", "bytes")[1] == [{"Accra": "LOC"}]
    of_lines = '{"text": "a\\r\\nAda", "entities": [{"start": 2, "end": 5, "label": "PER", "text": "Ada"}]}'
    assert "CR LF" in desk.convert("a.jsonl", of_lines)[2]


def test_tags_that_are_chosen_or_numbers(desk):
    content = "Ada\tB-PER\tB-X\nleft\tO\tO\n"
    assert desk.convert("a.tsv", content, "--tag-column", "3")[1:] == (
        [{"Ada": "X"}],
        desk.convert("a.tsv", content, "--tag-column", "3")[2],
    )
    named = "token\tone\ttwo\nAda\tB-PER\tB-X\nleft\tO\tO\n"
    assert desk.convert("a.tsv", named, "--tag-column", "two")[1] == [{"Ada": "X"}]
    assert desk.convert("a.tsv", content, "--tag-column", "9")[0] == 2
    numbers = '{"tokens": ["Ada", "left"], "ner": [1, 0], "fine": [2, 0]}'
    names = ("--tag-names", "O,B-PER,B-X")
    assert desk.convert("a.jsonl", numbers, *names)[1] == [{"Ada": "PER"}]
    assert desk.convert("a.jsonl", numbers, *names, "--tag-column", "fine")[1] == [{"Ada": "X"}]
    assert desk.convert("a.conll", "Ada é B-PER\n".encode("latin-1"), "--encoding", "latin-1")[1] == [{"Ada": "PER"}]
    text = "Ada B-PER\nleft O\n".encode("utf-16")
    assert desk.convert("a.conll", text, "--encoding", "utf-16")[1] == [{"Ada": "PER"}]
    assert desk.convert("a.conll", text, "--encoding", "utf-61")[0] == 2


def test_names_of_classes_are_found_in_any_column(desk):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    names = {"names": ["O", "B-PER", "B-LOC"], "_type": "ClassLabel"}
    parts = {"names": ["NN", "VB"], "_type": "ClassLabel"}
    info = {"info": {"features": {"entity_ids": {"feature": names}, "pos_tags": {"feature": parts}}}}
    rows = {"tokens": [["Ada", "left"]], "entity_ids": [[1, 0]], "pos_tags": [[0, 1]], "spans": [["PER: Ada"]]}
    table = arrow.table(rows).replace_schema_metadata({"huggingface": json.dumps(info)})
    parquet.write_table(table, desk.path / "a.parquet")
    folder = desk.path / "saved" / "train"
    folder.mkdir(parents=True)
    with arrow.OSFile(str(folder / "data-0.arrow"), "wb") as stream, arrow.ipc.new_stream(stream, table.schema) as out:
        out.write_table(table)
    (folder / "state.json").write_text('{"_data_files": [{"filename": "data-0.arrow"}]}')
    (desk.path / "saved" / "dataset_dict.json").write_text('{"splits": ["train"]}')
    for path in (desk.path / "a.parquet", folder, folder / "data-0.arrow"):
        code, _, err = desk.run("convert", path, desk.path / "out.jsonl")
        assert (code, [entities(one) for one in read(desk.path / "out.jsonl")]) == (0, [{"Ada": "PER"}]), err
        assert desk.check(path)[0] == 0
    code, _, err = desk.run("convert", desk.path / "saved", desk.path / "out.jsonl")
    assert (code, "splits train" in err) == (1, True)
    (folder / "data-0.arrow").write_bytes(b"no arrow")
    assert desk.run("convert", folder, desk.path / "out.jsonl")[0] == 1


def test_groups_of_spans_in_docbin(desk):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import DocBin, Span

    def convert(entities, **groups):
        doc = spacy.blank("en")("Ada left Accra")
        doc.ents = [Span(doc, *one) for one in entities]
        for key, spans in groups.items():
            doc.spans[key] = [Span(doc, *one) for one in spans]
        DocBin(docs=[doc]).to_disk(desk.path / "in.spacy")
        return desk.convert("in.spacy", (desk.path / "in.spacy").read_bytes())

    assert convert([], sc=[(0, 1, "PER"), (2, 3, "LOC")])[:2] == (0, [{"Ada": "PER", "Accra": "LOC"}])
    code, found, err = convert([(0, 1, "PER")], sc=[(0, 1, "PER"), (2, 3, "LOC")])
    assert (code, found) == (0, [{"Ada": "PER"}])
    assert "'sc' of doc.spans holds 1 more" in err
    assert convert([], a=[(0, 1, "PER")], b=[(2, 3, "LOC")])[0] == 1


def test_pairs_in_one_file_document_marks_and_links_from_one(desk):
    both = desk.put("both.txt", "Ada left ||| Ada kushoto\nObi came ||| Obi kuja\n")
    out = desk.path / "links.txt"
    assert desk.run("align", both, both, "--out", out, "--quiet")[0] == 0
    assert len(out.read_text().splitlines()) == 2
    assert desk.run("convert", both, desk.path / "x.jsonl")[0] == 1

    source = desk.put("s.tsv", "-DOCSTART-\tO\n\nAda\tB-PER\nleft\tO\n\n-DOCSTART-\tO\n\nObi\tB-PER\ncame\tO\n")
    target = desk.put("t.txt", "- DOCSTART -\nkushoto Ada\n- DOCSTART -\nkuja Obi\n")
    links = desk.put("l.txt", "1-2\n1-2 2-1\n1-2\n1-2 2-1\n")
    words = ["project", source, target, "--out", desk.path / "p.jsonl", "--links", links, "--quiet"]
    code, _, err = desk.run(*words, "--one-based")
    assert code == 0, err
    assert [entities(one) for one in read(desk.path / "p.jsonl")] == [{}, {"Ada": "PER"}, {}, {"Obi": "PER"}]
    short = desk.put("u.txt", "kushoto Ada\nkuja Obi\n")
    links = desk.put("l.txt", "0-1 1-0\n0-1 1-0\n")
    words = ["project", source, short, "--out", desk.path / "p.jsonl", "--links", links, "--quiet"]
    assert desk.run(*words)[0] == 0
    assert len(read(desk.path / "p.jsonl")) == 2
    assert desk.run(*words, "--one-based")[0] in (1, 3)


def test_no_blank_lines_at_all(desk):
    path = desk.put("a.conll", "Ada B-PER\nleft O\n. O\n" * 400)
    code, report = desk.check(path)
    assert (code, codes(report)) == (0, {("warning", "long")})


@pytest.mark.parametrize("verb", ["tag", "train"])
def test_tag_and_train_read_the_same(desk, verb):
    path = desk.put("a.csv", "Sentence #,Word,Tag\n" + "1,Ada,B-PER\n,left,O\n2,Obi,B-PER\n,came,O\n" * 3)
    if verb == "train":
        code, out, err = desk.run("train", path, "--out", desk.path / "m.crf", "--json", "--quiet")
        assert code == 0, err
        assert json.loads(out)["labels"] == {"PER": 6}
    else:
        code, _, err = desk.run("tag", path, "--out", desk.path / "o.jsonl", "--replace", "--quiet")
        assert (code, len(read(desk.path / "o.jsonl"))) == (0, 6), err


NUMBERED = '"annotations": [{"id": 9, "label": 3, "start_offset": 0, "end_offset": 7, "user": 1}, {"id": 10, "label": 7, "start_offset": 13, "end_offset": 18}]'
LABELS = '[{"id": 3, "text": "PER", "prefixKey": "p"}, {"id": 7, "text": "LOC"}]'


@pytest.mark.parametrize(
    ("record", "names", "content"),
    [
        (f'{{"id": 1, "text": "{TEXT}", {NUMBERED}, "relations": []}}', "3=PER,7=LOC", None),
        (f'{{"id": 1, "text": "{TEXT}", {NUMBERED}}}', "labels.json", LABELS),
        (f'{{"text": "{TEXT}", "label": [[0, 7, 0], [13, 18, 1]]}}', "PER,LOC", None),
        (f'{{"text": "{TEXT}", "label": [[0, 7, 0], [13, 18, 1]]}}', "labels.txt", "PER\nLOC\n"),
        (f'{{{TOKENS}, "ner_tags": [1, 2, 0, 3]}}', "config.json", '{"id2label": {"0": "O", "1": "B-PER", "2": "I-PER", "3": "B-LOC"}}'),
        (f'{{{TOKENS}, "ner_tags": [1, 2, 0, 3]}}', "map.json", '{"O": 0, "B-PER": 1, "I-PER": 2, "B-LOC": 3}'),
        (f'{{{TOKENS}, "ner_tags": [1, 2, 0, 3]}}', "list.json", '["O", "B-PER", "I-PER", "B-LOC"]'),
        (f'{{{TOKENS}, "spans": [{{"start": 0, "end": 2, "label": 3}}, {{"start": 3, "end": 4, "label": 7}}]}}', "3=PER,7=LOC", None),
    ],
)  # fmt: skip
def test_numbers_get_their_names_and_are_never_guessed(desk, record, names, content):
    if content is not None:
        names = desk.put(names, content)
    assert desk.convert("a.jsonl", record, "--tag-names", names)[:2] == (0, ADA)
    code, found, err = desk.convert("a.jsonl", record)
    assert (code, found, "--tag-names" in err) == (1, [], True), err
    code, found, err = desk.convert("a.jsonl", record, "--tag-names", "99=PER")
    assert (code, found) == (1, []), err


@pytest.mark.parametrize("content", ["{}", "[1, 2]", '[{"text": "PER"}]', '{"a": "b"}', '["O",'])
def test_a_file_without_names_is_refused(desk, content):
    code, found, err = desk.convert(
        "a.jsonl", f'{{{TOKENS}, "ner_tags": [1, 2, 0, 3]}}', "--tag-names", desk.put("n.json", content)
    )
    assert (code, found, "n.json" in err) == (2, [], True), err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("from.jsonl", f'{{"text": "{TEXT}", "named_entities": [{{"from": 0, "to": 7, "class": "PER"}}, {{"from": 13, "to": 18, "class": "LOC"}}]}}'),
        ("chars.jsonl", f'{{"text": "{TEXT}", "entities": [{{"start_char": 0, "end_char": 7, "label_": "PER"}}, {{"start_char": 13, "end_char": 18, "label_": "LOC"}}]}}'),
        ("misc.conllu", CONLLU.format("NE=PER|NamedEntity=Yes", "NE=PER", "_", "SpaceAfter=No|NE=LOC")),
        ("named.conllu", CONLLU.format("NamedEnt=PER", "NamedEnt=PER", "_", "NamedEnt=LOC")),
        ("en.conll", "Ada\u2002B-PER\nObi\u2002I-PER\nleft\u2002O\nAccra\u2002B-LOC\n"),
        ("thin.txt", "Ada\u2009B-PER\nObi\u2009I-PER\nleft\u2009O\nAccra\u2009B-LOC\n"),
        ("kaggle.csv", ",lemma,pos,word,tag,sentence_idx\n0,ada,N,Ada,B-PER,1\n1,obi,N,Obi,I-PER,1\n2,leave,V,left,O,1\n3,accra,N,Accra,B-LOC,1\n"),
    ],
)  # fmt: skip
def test_more_ways_to_say_the_same(desk, name, content):
    assert desk.convert(name, content)[:2] == (0, ADA)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("docred.jsonl", f'{{{TOKENS}, "vertexSet": [[{{"name": "Ada Obi", "pos": [0, 2], "type": "PER"}}]]}}', "'vertexSet' looks like 1 labels"),
        ("cluener.jsonl", f'{{"text": "{TEXT}", "label": {{"PER": {{"Ada Obi": [[0, 6]]}}, "LOC": {{"Accra": [[13, 17]]}}}}}}', "'label' looks like 2 labels"),
        ("lists.jsonl", f'{{"sentence": "{TEXT}", "PER": ["Ada Obi"], "LOC": ["Accra"]}}', "'PER' looks like 1 labels"),
        ("bigbio.jsonl", f'{{"text": "{TEXT}", "entities": [{{"offsets": [[0, 7]], "type": "PER"}}]}}', "no whole number under 'start'"),
        ("gum.conllu", CONLLU.format("Entity=(person-1", "Entity=1)", "_", "Entity=(place-2)"), "'Entity' looks like entities"),
        ("tags.txt", "<PER>Ada Obi</PER> left <LOC>Accra</LOC>\nKofi saw <LOC>Lagos</LOC>\n", "labels stand within the text"),
        ("muc.txt", 'Then <ENAMEX TYPE="PERSON">Ada</ENAMEX> left\n', "labels stand within the text"),
        ("rasa.txt", "[Ada Obi](PER) left [Accra](LOC)\nKofi left [Lagos](city)\n", "labels stand within the text"),
        ("slash.txt", "Ada/B-PER Obi/I-PER left/O Accra/B-LOC\n", "labels stand within the text"),
        ("bar.txt", "Ada|B-PER Obi|I-PER left|O Accra|B-LOC\nKofi|B-PER left|O Lagos|B-LOC\n", "labels stand within the text"),
        ("row.tsv", "Ada Obi left Accra\tB-PER I-PER O B-LOC\nKofi left\tB-PER O\n", "a row holds the tags of many words"),
        ("row.csv", 'sentence,labels\n"Ada Obi left","B-PER I-PER O"\n"Kofi left","B-PER O"\n', "none of the 2 columns"),
        ("places.txt", "0 0 7 PER\n0 13 18 LOC\n", "places and labels"),
        ("doc.txt", '<doc>\n<w ne="PER">Ada</w>\n</doc>\n', "this is XML"),
        ("colon.txt", "Ada:B-PER\nleft:O\n\nBo:B-PER\n", "labels stand within the text"),
        ("bare.txt", "Ada_PER left_O\nBo_PER came_O\n", "labels stand within the text"),
        ("round.txt", "Ada(B-PER) left(O)\nBo(B-PER) came(O)\n", "labels stand within the text"),
        ("conll2000.txt", "[PER Ada Obi] left [LOC Accra] .\n[PER Bo] came .\n", "labels stand within the text"),
        ("braces.txt", "{Ada Obi}_PER left\n[Bo]PER came\n", "labels stand within the text"),
        ("tuples.txt", "[('Ada', 'B-PER'), ('left', 'O')]\n[('Bo', 'B-PER')]\n", "labels stand within the text"),
        ("spacy.txt", "TRAIN = [\n('Ada left', {'entities': [(0, 3, 'PER')]}),\n]\n", "labels stand within the text"),
        ("rows.txt", "Ada left\nB-PER O\n\nBo came\nB-PER O\n", "labels stand within the text"),
        ("m2.txt", "S Ada left\nA 0 1|||PER|||x\n\nS Bo came\nA 0 1|||PER|||x\n", "labels stand within the text"),
        ("pubtator.txt", "1|t|Ada left\n1|a|Bo came\n1\t0\t3\tAda\tPER\t-\n", "labels stand within the text"),
        ("stanza.jsonl", '{"text": "Ada left", "tokens": [{"text": "Ada", "ner": "S-PER", "start": 0, "end": 3}, {"text": "left", "ner": "O", "start": 4, "end": 8}]}', "'tokens' looks like 1 labels"),
        ("ent_type.jsonl", '{"text": "Ada left", "tokens": [{"start": 0, "end": 3, "ent_type": "PERSON"}, {"start": 4, "end": 8, "ent_type": ""}]}', "'tokens' looks like 1 labels"),
        ("string.jsonl", f'{{"text": "{TEXT}", "tags": "B-PER I-PER O B-LOC"}}', "'tags' looks like 3 labels"),
        ("golden.jsonl", f'{{{TOKENS}, "golden-entity-mentions": [{{"start": 0, "end": 2, "entity-type": "PER"}}]}}', "looks like 1 labels"),
    ],
)  # fmt: skip
def test_forms_that_are_not_read_are_never_passed_over(desk, name, content, said):
    code, found, err = desk.convert(name, content)
    assert (code, found) == (1, [])
    assert said in err or name == "row.csv", err
    assert desk.check(desk.path / name)[0] == 1
    out = desk.path / "out.crf"
    assert desk.run("train", desk.path / name, "--out", out)[0] == 1
    assert not out.exists()
    desk.put("gold.conll", "Ada B-PER\nObi I-PER\n")
    assert desk.run("evaluate", desk.path / "gold.conll", desk.path / name)[0] == 1
    if name.endswith("txt"):
        assert desk.run("tag", desk.path / name, "--out", desk.path / "t.jsonl")[0] == 1
        assert desk.run("convert", desk.path / name, desk.path / "t.jsonl", "--from", "plain")[0] == 0


@pytest.mark.parametrize(
    "content",
    [
        "A/B-tests and the S-Bahn\nThe U-/S-Bahn is late\nHe is <b>here</b>, see [this](https://a.b/c)\nIt is <BR> late\n",
        "1 2 3\n4 5 6\nHe won 3 to 2 against 4 others\n",
    ],
)
def test_text_that_only_looks_a_little_so_is_text(desk, content):
    code, found, err = desk.convert("a.txt", content)
    assert (code, len(found), err.count("warning")) == (0, content.count("\n"), 0), err


def test_labels_within_texts_of_records_are_warned_of(desk):
    code, found, err = desk.convert("a.jsonl", '{"text": "<PER>Ada</PER> left"}\n{"text": "Kofi left"}\n')
    assert (code, len(found)) == (0, 2)
    assert "a.jsonl:1: 1 texts without labels have what looks like a label in them" in err


@pytest.mark.parametrize("key", ["answer", "status"])
@pytest.mark.parametrize("word", ["Discarded", "rejected", "skipped"])
def test_answers_of_other_tools(desk, key, word):
    record = f'{{"text": "{TEXT}", "entities": [{PLACES}], "{key}": "{word}"}}'
    code, found, err = desk.convert(
        "a.jsonl", '{"text": "Kofi", "status": "Submitted"}\n' + record, "--on-error", "skip"
    )
    assert (code, found) == (3, [{}])
    assert f"answer is '{word}'" in err


def test_confidences_under_other_names_are_read(desk):
    record = f'{{"text": "{TEXT}", "entities": [{PLACES}]}}'
    record = record.replace('"PER"}', '"PER", "confidence": 0.5}').replace('"LOC"}', '"LOC", "prob": "high"}')
    assert desk.convert("a.jsonl", record)[:2] == (0, ADA)
    (one,) = read(desk.path / "out.jsonl")
    assert [span.score for span in one.spans] == [0.5, None]


def test_a_column_that_is_not_there_is_an_error(desk):
    record = f'{{{TOKENS}, "ner_tags": {TAGS}, "events": [[0, 1, "X"]]}}'
    for name, content in (
        ("a.jsonl", record),
        ("a.tsv", "token\tner\nAda\tB-PER\n"),
        ("a.csv", "word,tag\nAda,B-PER\n"),
    ):
        code, found, err = desk.convert(name, content, "--tag-column", "nre")
        assert (code, found, "'nre'" in err) == (2, [], True), err
    assert desk.convert("a.jsonl", record, "--tag-column", "events")[:2] == (0, [{"Ada": "X"}])


def test_the_remedy_of_the_first_fault_is_told_where_nothing_is_left(desk):
    record = (
        '{"text": "\U0001f600\U0001f600 Ada left", "spans": [{"start": 5, "end": 8, "label": "PER", "text": "Ada"}]}'
    )
    code, _, err = desk.convert("a.jsonl", record, "--on-error", "skip")
    assert (code, "--from-offsets utf16" in err) == (1, True), err


TWO = [{"Ada Obi": "PER"}, {"Bo": "PER"}]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "s0,Ada,B-PER\ns0,Obi,I-PER\ns0,left,O\ns1,Bo,B-PER\ns1,came,O\n"),
        ("a.txt", "d1_0\tAda\tB-PER\nd1_0\tObi\tI-PER\nd1_0\tleft\tO\nd1_1\tBo\tB-PER\nd1_1\tcame\tO\n"),
        ("a.txt", "s0\t0\tAda\tB-PER\ns0\t1\tObi\tI-PER\ns0\t2\tleft\tO\ns1\t0\tBo\tB-PER\ns1\t1\tcame\tO\n"),
        ("a.txt", "0\tAda\tB-PER\n0\tObi\tI-PER\n0\tleft\tO\n1\tBo\tB-PER\n1\tcame\tO\n"),
        ("a.conll", "7 1 Ada B-PER\n7 2 Obi I-PER\n7 3 left O\n8 1 Bo B-PER\n8 2 came O\n"),
        ("a.conll", "1 Ada B-PER\n2 Obi I-PER\n3 left O\n1 Bo B-PER\n2 came O\n"),
        ("a.conll", "0 3 Ada B-PER\n4 7 Obi I-PER\n8 12 left O\n\n0 2 Bo B-PER\n3 7 came O\n"),
        ("a.conll", "0 2 Ada B-PER\n4 6 Obi I-PER\n8 11 left O\n\n13 14 Bo B-PER\n16 19 came O\n"),
        *[
            ("a.csv", f"{head}\n7,Ada,B-PER\n7,Obi,I-PER\n7,left,O\n8,Bo,B-PER\n8,came,O\n")
            for head in ("id,words,labels", "line,word,tag", "text_id,token,ner", "doc_id,token,ner", "Sent No,word,tag")
        ],
        ("a.csv", "sep=;\nid;word;tag\n7;Ada;B-PER\n7;Obi;I-PER\n8;Bo;B-PER\n"),
        ("a.csv", "sep=;\nAda;B-PER\nObi;I-PER\n;\nBo;B-PER\n"),
        ("a.csv", "Word,Tag\nAda,B-PER\nObi,I-PER\n,\nBo,B-PER\n"),
        ("a.csv", "Ada,N,B-PER\nObi,N,I-PER\n,,\nBo,N,B-PER\n"),
        ("a.csv", "sentence_id ; word ; tag\n1 ; Ada ; B-PER\n1 ; \"Obi\" ; I-PER\n2 ; Bo ; B-PER\n"),
    ],
)  # fmt: skip
def test_numbers_and_names_beside_tokens_are_no_tokens(desk, name, content):
    assert desk.convert(name, content)[:2] == (0, TWO)
    assert not {"s0", "7", "0", "1", ";"} & {token for one in read(desk.path / name) for token in one.tokens}


def test_a_sentence_column_can_be_told(desk):
    content = "a Ada B-PER\na Obi I-PER\nb Bo B-PER\n"
    assert desk.convert("a.conll", content, "--columns", "sentence,token,tag")[:2] == (0, TWO)
    assert [one.id for one in read(desk.path / "out.jsonl")] == ["a", "b"]


@pytest.mark.parametrize(
    "bad",
    ["40;Yaa\n40;x;O\n", "40;x,O\n40;y;O\n", '40;"Ada\nObi";B-PER\n40;x;O\n', '40;"quote;O\n', "40;;B-X\n40;y;O\n"],
)
@pytest.mark.parametrize("head", ["sentence_id;word;tag\n", ""])
def test_a_bad_row_costs_the_sentence_that_a_column_names(desk, head, bad):
    good = "".join(f"{number};Ada;B-PER\n{number};left;O\n" for number in range(40))
    content = f"{head}{good}{bad}41;Ada;B-PER\n41;came;O\n"
    code, found, err = desk.convert("a.csv", content, "--on-error", "skip")
    assert (code, found) == (3, [{"Ada": "PER"}] * 41), err
    assert f"a.csv:{81 + bool(head)}: left out" in err


@pytest.mark.parametrize(
    ("content", "n_tokens"),
    [
        ("1\tAda\tB-PER\n0.97\tleft\tO\n", 2),
        ("0.5 Ada B-PER\n0.97 left O\n1.1 now O\n", 3),
        ("1 Ada B-PER\n5-7 left O\n", 2),
        ("1 Ada B-PER\n2-3 du _\n2 de O\n3 le O\n3.1 x _\n", 3),
    ],
)
def test_only_ranges_and_empty_nodes_are_no_words(desk, content, n_tokens):
    code, _, err = desk.convert("a.conll", content)
    assert (code, [len(one.tokens) for one in read(desk.path / "out.jsonl")]) == (0, [n_tokens]), err


@pytest.mark.parametrize("mark", ["_", "-", "0", "OTHER", "NONE", "Out", "", "o"])
def test_other_marks_for_outside_are_no_entities(desk, mark):
    prefixed = f"Ada\tB-PER\nObi\tI-PER\nleft\t{mark}\nAccra\tB-LOC\n.\t{mark}\n"
    bare = prefixed.replace("B-", "").replace("I-", "")
    code, found, err = desk.convert("a.txt", prefixed)
    assert (code, found, "warning" in err) == (0, ADA, False), err
    for name, content in (("a.txt", bare), ("a.csv", "word,tag\n" + bare.replace("\t", ","))):
        code, found, err = desk.convert(name, content)
        assert (code, found) == (0, ADA), err
        assert (f"2 tokens have '{mark}' for a label" in err) == bool(mark)


@pytest.mark.parametrize("sign", [":", "/", ".", "|", "\u2013", "\u2212", " - "])
def test_other_signs_between_prefix_and_label(desk, sign):
    content = "Ada\tB-PER\nObi\tI-PER\nleft\tO\nAccra\tB-LOC\n".replace("-", sign)
    code, found, err = desk.convert("a.txt", content)
    assert (code, found, "warning" in err) == (0, ADA, False), err


@pytest.mark.parametrize("outside", ["o", "O", "_"])
@pytest.mark.parametrize("head", ["", "sentence_id;word;tag\n"])
def test_tags_in_small_letters(desk, head, outside):
    content = f"{head}1;Ada;b-per\n1;Obi;i-per\n1;left;{outside}\n1;Accra;b-loc\n2;o;{outside}\n"
    code, found, err = desk.convert("a.csv", content)
    assert (code, found, "warning" in err) == (0, [{"Ada Obi": "per", "Accra": "loc"}, {}], False), err
    record = '{"tokens": ["Ada", "Obi", "left", "Accra"], "tags": ["b-per", "i-per", "o", "b-loc"]}'
    assert desk.convert("a.jsonl", record)[1] == [{"Ada Obi": "per", "Accra": "loc"}]


ADA_IN_CHARACTERS = (
    '{"tokens": ["Ada", "left", "now", "in", "Accra"], "text": "Ada left now in Accra", "entities": [[0, 3, "PER"]]}\n'
)
PLACED = '{"tokens": ["In", "Accra", "Ada", "left"], "text": "In Accra Ada left", "entities": [[9, 12, "PER"]]}\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ADA_IN_CHARACTERS + PLACED, [{"Ada": "PER"}, {"Ada": "PER"}]),
        (ADA_IN_CHARACTERS.replace("entities", "ents") + PLACED, [{"Ada": "PER"}, {"Ada": "PER"}]),
        (PLACED.replace("9, 12", "2, 3").replace("entities", "spans"), [{"Ada": "PER"}]),
        (PLACED.replace("9, 12", "2, 3"), [{"Ada": "PER"}]),
        (ADA_IN_CHARACTERS.replace("entities", "spans"), [{"Ada left now": "PER"}]),  # what 'spans' counts is told
    ],
)
def test_spans_beside_tokens_count_what_the_file_speaks_for(desk, content, expected):
    code, found, err = desk.convert("units.jsonl", content, "--on-error", "skip")
    assert (code, found, "left out" in err) == (0, expected, False), err


def test_spans_that_may_count_tokens_or_characters_are_asked_about(desk):
    code, found, err = desk.convert("units.jsonl", ADA_IN_CHARACTERS)
    assert (code, found) == (1, []), err
    assert "'entities' may count tokens or characters" in err
    for content in (ADA_IN_CHARACTERS.replace('"tokens"', '"other"'), ADA_IN_CHARACTERS.replace("entities", "spans")):
        assert desk.convert("units.jsonl", content)[0] == 0  # as the hint says


@pytest.mark.parametrize(
    "content",
    [
        '{"content": "Ada left", "annotation": [{"label": ["PER"], "points": [{"start": 0, "end": 2, "text": "Ada"}]}]}',
        '{"content": "Ada left", "annotation": [{"label": "PER", "points": [{"start": 0, "end": 2}]}], "extras": null}',
        '{"text": "Ada left", "annotation": [["PER", 0, 3]], "status": "Validated"}',
        '{"text": "Ada left", "annotation": [["PER", 0, 3, 0.9]]}',
        '{"text": "Ada left", "entities": [["PER", 0, 3]]}',
    ],
)
def test_labels_of_more_tools_are_read(desk, content):
    code, found, err = desk.convert("tool.jsonl", content)
    assert (code, found) == (0, [{"Ada": "PER"}]), err


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ('{"text": "Ada left", "predictions": [{"value": [{"start": 0, "end": 3, "label": "PER"}]}]}', "predictions"),
        ('{"text": "Ada left", "prediction": [["PER", 0, 3]]}', "prediction"),
        ('{"text": "Ada left", "results": {"ents": [{"from": 0, "to": 3, "name": "PER"}]}}', "results"),
        ('{"text": "Ada left", "tags": ["news"]}', "tags"),
        ('{"text": "Kofi left.", "labels": ["sports", "x"]}', "labels"),
    ],
)
def test_what_may_be_labels_is_named(desk, content, key):
    code, _, err = desk.convert("guess.jsonl", content)
    assert (code, f"{key!r} looks like" in err, "take them out" in err) == (1, True, True), err
    labelled = content[:-1] + ', "entities": [[0, 3, "PER"]]}'
    code, found, err = desk.convert("guess.jsonl", labelled)
    assert (code, len(found[0]), f"{key!r} holds" in err) == (0, 1, True), err


@pytest.mark.parametrize(
    "other", ['"results": {"type": "x", "position": 3}', '"predictions": ["news"]', '"annotation": "news"']
)
def test_what_else_stands_in_records_is_no_label(desk, other):
    code, found, err = desk.convert("sound.jsonl", f'{{"text": "Ada left", {other}}}')
    assert (code, found, "warning" in err) == (0, [{}], False), err


@pytest.mark.parametrize("bare", ['{"tokens": ["Yaa"], "ner_tags": null}', '{"tokens": ["Yaa"]}', '{"text": "Yaa"}'])
def test_sentences_without_labels_among_others_are_named(desk, bare):
    labelled = f'{{{TOKENS}, "ner_tags": {TAGS}}}\n'
    path = desk.put("mixed.jsonl", labelled + bare + "\n")
    assert ("warning", "no-labels") in codes(desk.check(path)[1])
    for content in (labelled + '{"tokens": ["Yaa"], "ner_tags": ["O"]}\n', labelled + '{"text": "Yaa", "spans": []}\n'):
        assert ("warning", "no-labels") not in codes(desk.check(desk.put("sound.jsonl", content))[1])
    code, _, err = desk.run("convert", path, desk.path / "out.jsonl")
    assert (code, "mixed.jsonl:2: 1 sentences say nothing of labels" in err) == (0, True), err


def test_a_parquet_file_without_text_is_named(desk):
    arrow = pytest.importorskip("pyarrow")
    import pyarrow.parquet as parquet

    parquet.write_table(arrow.table({"body": ["Ada left"], "lang": ["en"]}), desk.path / "other.parquet")
    code, _, err = desk.run("convert", desk.path / "other.parquet", desk.path / "out.jsonl")
    assert (code, "no column holds tokens or text" in err, "It has body, lang" in err) == (1, True, True), err


SOURCE = "Ada B-PER\nleft O\n\nBo B-PER\nleft O\n\nYaa B-PER\ncame O\n"
TARGET = "Ada aliondoka\nBo aliondoka\nYaa alikuja\n"


@pytest.mark.parametrize(
    ("links", "warned", "refused"),
    [
        ("1-1\n1-1\n1-1\n", True, False),
        ("1-1\n2-1\n1-2\n", True, True),
        ("0-0 1-1\n1-1\n1-1\n", False, False),
        ("1-1\n1-1\n\n", False, False),
    ],
)
def test_links_of_a_few_sentences_that_seem_to_count_from_one(desk, links, warned, refused):
    source, target = desk.put("s.conll", SOURCE), desk.put("t.txt", TARGET)
    _, _, err = desk.run("project", source, target, "--links", desk.put("l.txt", links), "-o", desk.path / "o.conll")
    assert ("no link has a 0" in err, "No link has a 0: if they count from 1, add --one-based" in err) == (
        warned,
        refused,
    ), err


def test_both_sides_in_one_file_are_checked_as_a_pair(desk):
    path = desk.put("both.txt", "Ada left ||| Ada aliondoka\nBo came ||| Bo alikuja\n")
    code, out, _ = desk.run("check", "--pair", path, path, "--json")
    assert (code, [one["sentences"] for one in json.loads(out)["files"]]) == (0, [2, 2])
    code, out, _ = desk.run("check", path, "--json")  # alone it is no text
    assert (code, "source ||| target" in out) == (1, True)


def test_a_doc_with_spans_that_overlap_costs_itself_alone(desk):
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import Doc, DocBin, Span

    docs = DocBin(store_user_data=True)
    for places in ([(0, 2), (0, 1)], [(0, 1)]):
        doc = Doc(spacy.blank("en").vocab, words=["Ada", "Obi", "left"])
        doc.spans["sc"] = [Span(doc, start, end, label="PER") for start, end in places]
        docs.add(doc)
    docs.to_disk(desk.path / "spans.spacy")
    code, _, err = desk.run("convert", desk.path / "spans.spacy", desk.path / "out.jsonl", "--on-error", "skip")
    assert (code, "doc 1: left out" in err) == (3, True), err
    assert [entities(one) for one in read(desk.path / "out.jsonl")] == [{"Ada": "PER"}]
