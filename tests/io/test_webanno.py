"""WebAnno TSV 3: what INCEpTION and WebAnno write, read back with nothing passed over."""

from __future__ import annotations

import pytest

from crosspan.cli.main import main
from crosspan.core.errors import EmptyInputError, FormatError, OptionError, SpanError
from crosspan.io import SentenceFile, input_format, read

NE = "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value"
POS = "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.pos.POS|PosValue"
HEAD = "#FORMAT=WebAnno TSV 3.3\n"


def put(tmp_path, *lines, head=NE, name="a.tsv"):
    path = tmp_path / name
    path.write_text(
        HEAD + head + "\n\n\n" + "\n".join(line.replace(" ~ ", "\t") for line in lines) + "\n", encoding="utf-8"
    )
    return path


def entities(sentence):
    return {entity.text: entity.label for entity in sentence.entities()}


ADA = [
    "#Text=Ada Obi left Accra",
    "1-1 ~ 0-3 ~ Ada ~ *[1] ~ PER[1] ~ ",
    "1-2 ~ 4-7 ~ Obi ~ *[1] ~ PER[1] ~ ",
    "1-3 ~ 8-12 ~ left ~ _ ~ _ ~ ",
    "1-4 ~ 13-18 ~ Accra ~ http://x/Q1 ~ LOC ~ ",
]


@pytest.mark.parametrize("name", ["a.tsv", "a.txt", "a"])
def test_entities_are_read_whatever_the_file_is_called(tmp_path, name):
    path = put(
        tmp_path, *ADA, "", "#Text=Kofi.", "2-1 ~ 19-23 ~ Kofi ~ _ ~ PER ~ ", "2-2 ~ 23-24 ~ . ~ _ ~ _ ~ ", name=name
    )
    assert input_format(path).name == "webanno"
    one, other = read(path)
    assert (entities(one), entities(other)) == ({"Ada Obi": "PER", "Accra": "LOC"}, {"Kofi": "PER"})
    assert (one.text, one.offsets[3], other.text) == ("Ada Obi left Accra", (13, 18), "Kofi.")


def test_one_label_twice_in_a_row_is_two_entities(tmp_path):
    rows = ["#Text=Ada Obi", "1-1 ~ 0-3 ~ Ada ~ _ ~ PER ~ ", "1-2 ~ 4-7 ~ Obi ~ _ ~ PER ~ "]
    assert entities(read(put(tmp_path, *rows))[0]) == {"Ada": "PER", "Obi": "PER"}


def test_parts_of_tokens_count_utf16(tmp_path):
    rows = ["#Text=das 😀Berlin-Treffen", "1-1 ~ 5-8 ~ das ~ _ ~ _ ~ ", "1-2 ~ 9-25 ~ 😀Berlin-Treffen ~ _ ~ _ ~ "]
    rows += ["1-2.1 ~ 11-17 ~ Berlin ~ _ ~ LOC ~ "]
    (found,) = read(put(tmp_path, *rows))
    assert (found.tokens, entities(found)) == (("das", "😀", "Berlin", "-Treffen"), {"Berlin": "LOC"})


def test_escapes_stand_for_themselves(tmp_path):
    rows = [
        r"#Text=a\tb \\ c|d",
        r"1-1 ~ 0-3 ~ a\tb ~ _ ~ A\|B\_C ~ ",
        r"1-2 ~ 4-5 ~ \\ ~ _ ~ _ ~ ",
        "1-3 ~ 6-9 ~ c|d ~ _ ~ * ~ ",
    ]
    (found,) = read(put(tmp_path, *rows))
    assert (found.tokens, found.text) == (("a\tb", "\\", "c|d"), "a\tb \\ c|d")
    assert [span.label for span in found.spans] == ["A|B_C", "ENTITY"]


def test_overlapping_entities_are_a_fault_of_their_sentence(tmp_path):
    rows = [
        "#Text=Ada Obi",
        "1-1 ~ 0-3 ~ Ada ~ *[1]|*[2] ~ PER[1]|ORG[2] ~ ",
        "1-2 ~ 4-7 ~ Obi ~ *[1]|*[2] ~ PER[1]|ORG[2] ~ ",
    ]
    bad, good = SentenceFile(put(tmp_path, *rows, "", "#Text=a", "2-1 ~ 8-9 ~ a ~ _ ~ X ~ ")).located()
    assert isinstance(bad.fault, SpanError)
    assert (bad.sentence.tokens, bad.sentence.spans, good.fault) == (("Ada", "Obi"), (), None)
    assert bad.fault.where.endswith("a.tsv:5")


def test_other_layers_are_named_and_can_be_chosen(tmp_path, capsys):
    head = f"{POS}\n{NE}\n#T_SP=webanno.custom.Claim|strength"
    rows = [
        "#Text=Ada left",
        "1-1 ~ 0-3 ~ Ada ~ PROPN ~ _ ~ PER ~ weak[1] ~ ",
        "1-2 ~ 4-8 ~ left ~ VERB ~ _ ~ _ ~ weak[1] ~ ",
    ]
    path = put(tmp_path, *rows, head=head)
    assert main(["convert", str(path), str(tmp_path / "o.jsonl")]) == 0
    err = capsys.readouterr().err
    assert "the layer claim holds 1 more labels" in err
    assert "POS" not in err
    assert main(["check", str(path)]) == 0
    assert "[labels-unused]" in capsys.readouterr().out
    for told in ("Claim", "strength", "7"):
        assert entities(read(path, tag_column=told)[0]) == {"Ada left": "weak"}
    with pytest.raises(OptionError, match="no layer or feature 'Clam'"):
        read(path, tag_column="Clam")


def test_relations_and_words_without_labels_do_no_harm(tmp_path):
    head = f"{POS}\n#T_RL=de.tudarmstadt.Dependency|DependencyType|flavor|BT_x.POS"
    (found,) = read(put(tmp_path, "#Text=Ada", "1-1 ~ 0-3 ~ Ada ~ PROPN ~ root ~ basic ~ 1-1 ~ ", head=head))
    assert (found.tokens, found.spans) == (("Ada",), ())


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ([], EmptyInputError),
        (["1-1 ~ 0-3 ~ Ada ~ _ ~ PER ~ "], FormatError),
        (["#Text=Ada", "1-1 ~ Ada ~ _ ~ PER"], FormatError),
        (["#Text=Ada", "1-1 ~ 0-3 ~ Ada ~ _ ~ _ ~ PER ~ "], FormatError),
        (["#Text=Bob Ada", "1-1 ~ 0-3 ~ Ada ~ _ ~ _ ~ ", "1-1.1 ~ 0-9 ~ Ad ~ _ ~ PER ~ "], SpanError),
    ],
)
def test_what_is_none_is_refused(tmp_path, lines, error):
    with pytest.raises(error):
        read(put(tmp_path, *lines))
