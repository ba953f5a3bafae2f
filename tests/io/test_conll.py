from __future__ import annotations

import pytest

import crosspan
from crosspan.core.errors import EmptyInputError, FormatError, OptionError
from crosspan.io.column_roles import parse_columns
from crosspan.io.conll import Conll
from crosspan.io.conll_layout import ColumnLayout, find_layout
from crosspan.io.format import Reading
from crosspan.io.places import find_offsets


def parse(text, **options):
    return [item.sentence for item in Conll().parse(text.split("\n"), "x", Reading(**options))]


def spans(sentence):
    return [(s.start, s.end, s.label) for s in sentence.spans]


def test_conll2003_takes_entities_not_chunks():
    text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP I-ORG\nrejects VBZ B-VP O\n\nAda NNP B-NP I-PER\nBob NNP B-NP B-PER\n"
    first, second = parse(text)
    assert first.tokens == ("EU", "rejects")
    assert spans(first) == [(0, 1, "ORG")]
    assert spans(second) == [(0, 1, "PER"), (1, 2, "PER")]


def test_uner():
    text = (
        "# newdoc id = d\n# sent_id = s1\n# text = In Accra.\n1\tIn\tO\t-\t-\n2\tAccra\tB-LOC\t-\tann\n3\t.\tO\t-\t-\n"
    )
    (sentence,) = parse(text)
    assert (sentence.id, sentence.text, sentence.offsets) == ("s1", "In Accra.", ((0, 2), (3, 8), (8, 9)))
    assert spans(sentence) == [(1, 2, "LOC")]


def test_ragged_rows_are_fine_as_long_as_the_tag_is_there():
    text = "1\tIn\tO\t-\t-\n2\tAccra\tB-LOC\t-\t-\n\n1\tIn\tO\n2\tTema\tB-LOC\n"
    assert [spans(s) for s in parse(text)] == [[(1, 2, "LOC")]] * 2


def test_xsid():
    comments = "# id = 1\n# text-en = show x\n# slots: 1:2:a\n"
    text = comments + "1\tshow\tr/show\tO\n2\tall\tr/show\tB-reference\n3\t#\tr/show\tO\n"
    (sentence,) = parse(text)
    assert (sentence.tokens, sentence.id) == (("show", "all", "#"), "1")
    assert spans(sentence) == [(1, 2, "reference")]


def test_hipe_header_and_sentence_ends():
    header = "TOKEN\tNE-COARSE-LIT\tNE-COARSE-METO\tMISC\n# hipe2022:document_id = d\n"
    rows = "In\tO\t_\t_\nRom\tB-loc\t_\tEndOfSentence\nvon\tB-loc\t_\tNoSpaceAfter|EndOfSentence\nHier\tI-loc\t_\t_\n"
    first, second = parse(header + rows)
    assert first.tokens == ("In", "Rom")
    assert spans(second) == [(0, 2, "loc")]  # a mark inside an entity does not cut it


def test_conllu_without_entities_and_with_ranges():
    row = "{}\t{}" + "\t_" * 8
    text = "\n".join(row.format(*cells) for cells in [("1-2", "du"), ("1", "de"), ("2", "le"), ("2.1", "x")])
    (sentence,) = parse(text)
    assert sentence.tokens == ("de", "le")
    assert sentence.spans == ()


def test_one_column_is_unlabelled():
    assert [s.tokens for s in parse("# sent_id = a\na\n#\n#x\n\nb")] == [("a", "#", "#x"), ("b",)]


def test_only_tabs_separate_where_there_are_tabs():
    (sentence,) = parse("New York\tB-LOC\n\u00a0\tO\na\u2028b\tO")
    assert sentence.tokens == ("New York", "\u00a0", "a\u2028b")


def test_blanks_in_a_row_count_as_one():
    (sentence,) = parse("in  O\nAccra   B-LOC\n\u00a0 O")
    assert sentence.tokens == ("in", "Accra", "\u00a0")


def test_lines_of_white_space_end_sentences():
    assert [s.tokens for s in parse("a\tO\n\t\nb\tO\n  \nc\tO")] == [("a",), ("b",), ("c",)]


def test_a_line_without_a_token_is_passed_over():
    (sentence,) = parse("1\ta\tO\n2\t\tO\n3\tb\tB-X")
    assert (sentence.tokens, spans(sentence)) == (("a", "b"), [(1, 2, "X")])


def test_a_number_can_be_a_token():
    (sentence,) = parse("1\tO\n2\tB-X")
    assert sentence.tokens == ("1", "2")


def test_io_file_with_later_begin(monkeypatch):
    monkeypatch.setattr("crosspan.io.conll._SAMPLE_SENTENCES", 1)
    assert [spans(s) for s in parse("a I-X\n\nb I-X\nc B-X")] == [[(0, 1, "X")], [(0, 1, "X"), (1, 2, "X")]]


def test_columns_can_be_given():
    text = "a\tB-X\tO\tB-Y\n"
    assert spans(parse(text, columns="token,-,-,tag")[0]) == [(0, 1, "Y")]
    assert parse("1\tx\ty\n", columns=["id", "-", "token"])[0].tokens == ("y",)
    for bad, message in [("word,tag", "unknown column"), ("token,token", "twice"), ("tag", "no column")]:
        with pytest.raises(OptionError, match=message):
            parse_columns(bad)


def test_missing_columns_are_named_with_their_line():
    first, second = Conll().parse(["a\tO", "b\tO", "c", "", "d\tB-X", ""], "x", Reading())
    assert "1 column, expected at least 2" in str(first.fault)
    assert first.fault.where == "x:3"
    assert spans(second.sentence) == [(0, 1, "X")]
    (item,) = Conll().parse(["a", "b", "c d"], "x", Reading())
    assert "2 columns, expected 1" in str(item.fault)
    with pytest.raises(FormatError, match="none of the 3 columns holds tags") as caught:
        parse("# c\na\tb\tc\n")
    assert caught.value.where == "x:2"


def test_one_bad_tag_among_few_does_not_hide_the_column():
    items = list(Conll().parse(["Ada PER", "went O", "to O", "", "Bo B-PER"], "x", Reading()))
    assert items[0].fault.where == "x:1"
    assert "'PER' is not a tag" in str(items[0].fault)


def test_nothing_but_blank_lines():
    with pytest.raises(EmptyInputError):
        parse("\n\n")


def test_find_offsets_gives_up_rather_than_guess():
    assert find_offsets(["a", "b"], "a  b ") == ((0, 1), (3, 4))
    assert find_offsets(["b"], "a b") is None
    assert find_offsets(["a", "a"], "a") is None


def test_layout_of_tags_first():
    layout = find_layout(["O\tshow", "B-title\tAlien"], "x")
    assert (layout.token, layout.tag) == (1, 0)
    assert find_layout([], "x") == ColumnLayout()


def test_a_cell_that_is_longer_than_any_word(tmp_path):
    """The reader of cells that may be quoted takes no more than so many characters."""
    path = tmp_path / "long.conll"
    path.write_text("Ada\tB-PER\n" + "b" * 200_000 + "\tO\n\n")
    (sentence,) = crosspan.read(path)
    assert [len(token) for token in sentence.tokens] == [3, 200_000]
    assert [span.label for span in sentence.spans] == ["PER"]
