from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from crosspan import __version__
from crosspan.cli.evaluate import command
from crosspan.core.errors import CrosspanError

Run = Callable[..., Result]

GOLD = "Ada B-PER\nL. I-PER\nsees O\nBo B-LOC\n\nThe O\nUN B-ORG\n"
PRED = "Ada B-PER\nL. O\nsees O\nBo B-LOC\n\nThe O\nUN B-LOC\n"


@click.group()
def group() -> None:
    """Stands in for the program: prints an error and exits with its code."""


group.add_command(command, "evaluate")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command in a folder with the files given by name; errors come back as the program prints them."""
    monkeypatch.chdir(tmp_path)

    def call(*args: str, **files: str) -> Result:
        for name, text in files.items():
            Path(name.replace("_", ".")).write_text(text, encoding="utf-8", newline="")
        result = CliRunner().invoke(group, ["evaluate", *args])
        assert result.exception is None or isinstance(result.exception, SystemExit | CrosspanError), result.exception
        return result

    return call


def message(result: Result) -> str:
    assert isinstance(result.exception, CrosspanError)
    assert result.exception.exit_code == 1
    assert result.stdout == ""
    return str(result.exception)


def test_evaluate_prints_scores_and_errors(run: Run) -> None:
    result = run("gold.conll", "pred.conll", gold_conll=GOLD, pred_conll=PRED)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Spans in 2 sentences (strict, unless said)"
    assert lines[1].split() == ["label", "precision", "recall", "F1", "right", "pred", "gold", "pred/gold"]
    assert lines[2].split() == ["LOC", "0.5000", "1.0000", "0.6667", "1", "2", "1", "2.000"]
    assert lines[5].split() == ["micro", "0.3333", "0.3333", "0.3333", "1", "3", "3", "1.000"]
    assert f"crosspan-ner|strict|IOB2|labels:LOC,ORG,PER|n:2|v:{__version__}" in lines
    assert "most confused: ORG taken for LOC 1" in lines
    assert not any("\x1b" in line or line != line.rstrip() for line in lines)


def test_evaluate_json_has_everything(run: Run) -> None:
    result = run(
        *("gold.conll", "pred.conll", "--against", "gold.conll", "--source", "gold.conll", "--json"),
        *("--bootstrap", "50", "--samples", "50", "--seed", "3"),
        gold_conll=GOLD,
        pred_conll=PRED,
    )
    found = json.loads(result.stdout)
    assert found["strict"]["micro"]["f1"] == pytest.approx(1 / 3)
    assert found["strict"]["intervals"]["micro"]["n_samples"] == 50
    assert found["errors"]["total"] == {"exact": 1, "label": 1, "boundary": 1, "both": 0, "missed": 0, "spurious": 0}
    assert found["projection_ratio"]["reference"] == "source"
    assert found["comparison"]["randomization"]["difference"] == pytest.approx(-2 / 3)
    assert "|seed:3|" in found["comparison"]["signature"]


def test_evaluate_orphan_tags_split_strict_from_lenient(run: Run) -> None:
    pred = "Ada I-PER\nL. I-PER\nsees O\nBo B-LOC\n\nThe O\nUN B-ORG\n"
    found = json.loads(run("gold.conll", "pred.conll", "--json", gold_conll=GOLD, pred_conll=pred).stdout)
    assert found["lenient"]["micro"]["f1"] == 1.0
    assert found["strict"]["micro"]["f1"] == pytest.approx(0.8)
    assert found["errors"]["total"]["missed"] == 1


@pytest.mark.parametrize(
    "option", [("--labels", "PER,LOC"), ("--ignore-labels", "ORG"), ("--labels", "PER", "--labels", "LOC")]
)
def test_evaluate_labels(run: Run, option: tuple[str, ...]) -> None:
    result = run("gold.conll", "pred.conll", "--json", *option, gold_conll=GOLD, pred_conll=PRED)
    found = json.loads(result.stdout)
    assert found["strict"]["micro"]["n_gold"] == 2
    assert "ORG" not in found["strict"]["by_label"]


def test_evaluate_label_that_is_nowhere_is_said(run: Run) -> None:
    result = run("gold.conll", "pred.conll", "--labels", "PERS", gold_conll=GOLD, pred_conll=PRED)
    assert result.exit_code == 0
    assert result.stderr == "No span has the label PERS. There are: LOC, ORG, PER.\n"


def test_evaluate_formats_mix_and_calibration(run: Run) -> None:
    pred = (
        '{"tokens": ["Ada", "L.", "sees", "Bo"], "spans": [{"start": 0, "end": 2, "label": "PER", "score": 0.9}]}\n'
        '{"tokens": ["The", "UN"], "spans": [{"start": 0, "end": 2, "label": "ORG", "score": 0.2}]}\n'
    )
    result = run("gold.conll", "pred.jsonl", "--calibration", "--json", gold_conll=GOLD, pred_jsonl=pred)
    found = json.loads(result.stdout)
    assert found["calibration"]["n"] == 2
    assert found["calibration"]["brier"] == pytest.approx((0.1**2 + 0.2**2) / 2)
    shown = run("gold.conll", "pred.jsonl", "--calibration", gold_conll=GOLD, pred_jsonl=pred)
    assert "Reliability of 2 confidences" in shown.stdout


def test_evaluate_calibration_without_confidences(run: Run) -> None:
    result = run("gold.conll", "pred.conll", "--calibration", gold_conll=GOLD, pred_conll=PRED)
    assert message(result).startswith("pred.conll: no span has a confidence.")


@pytest.mark.parametrize(
    ("pred", "expected"),
    [
        ("Ada B-PER\nL. O\nsees O\nBo B-LOC\n", "pred.conll: 1 sentences, but gold.conll has 2. "),
        (PRED.replace("UN", "EU"), "pred.conll:6: token 2 of sentence 2 is 'EU', but 'UN' in gold.conll. "),
        (PRED.replace("The O\n", ""), "pred.conll:6: token 1 of sentence 2 is 'UN', but 'The' in gold.conll. "),
        (PRED + "too O\n", "pred.conll:6: sentence 2 has 3 tokens, but 2 in gold.conll. "),
        ("", "pred.conll: the file is empty. "),
    ],
)
def test_evaluate_bad_prediction_is_one_message(run: Run, pred: str, expected: str) -> None:
    assert message(run("gold.conll", "pred.conll", gold_conll=GOLD, pred_conll=pred)).startswith(expected)
    again = run("gold.conll", "gold.conll", "--against", "pred.conll", gold_conll=GOLD, pred_conll=pred)
    assert message(again).startswith(expected)


def test_evaluate_missing_file_and_source_of_other_length(run: Run) -> None:
    assert message(run("gold.conll", "none.conll", gold_conll=GOLD)).startswith("none.conll: no such file.")
    result = run("gold.conll", "gold.conll", "--source", "short.conll", gold_conll=GOLD, short_conll="a O\nb B-X\n")
    assert message(result).startswith("short.conll: 1 sentences, but gold.conll has 2.")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize(("pred", "strict"), [(GOLD, 1.0), (GOLD.replace("B-PER", "I-PER"), 0.8)])
def test_evaluate_reads_every_file_but_once(run: Run, tmp_path: Path, pred: str, strict: float) -> None:
    from threading import Thread

    texts = {"gold.conll": GOLD, "pred.conll": pred, "other.conll": pred, "source.conll": GOLD}
    for name, text in texts.items():
        os.mkfifo(tmp_path / name)  # what is read from a pipe is gone
        Thread(target=(tmp_path / name).write_text, args=(text,), daemon=True).start()
    more = ("--against", "other.conll", "--source", "source.conll", "--format", "conll", "--samples", "10")
    assert scores(run("gold.conll", "pred.conll", "--json", *more)) == {"strict": strict, "lenient": 1.0}


def test_evaluate_links(run: Run) -> None:
    files = {"gold_txt": "1-1 2p3\n1-1 2-2\n", "pred_txt": "0-0 1-2:0.9\n0-0 1-0:0.2\n"}
    result = run("gold.txt", "pred.txt", "--links", "--one-based", "--json", **files)
    found = json.loads(result.stdout)["links"]
    # |A|=4, |S|=3, A∩S=2, A∩P=3
    assert found["aer"] == pytest.approx(1 - 5 / 7)
    sharper = run("gold.txt", "pred.txt", "--links", "--one-based", "--threshold", "0.5", "--json", **files)
    assert json.loads(sharper.stdout)["links"]["precision"] == 1.0
    shown = run(
        *("gold.txt", "pred.txt", "--links", "--one-based", "--against", "pred.txt", "--bootstrap", "20"), **files
    )
    assert "0.2857" in shown.stdout
    assert "AER of pred.txt against pred.txt" in shown.stdout
    assert f"|n:2|bootstrap:20|conf:0.95|seed:0|v:{__version__}" in shown.stdout
    assert shown.stderr == ""


def test_evaluate_links_that_seem_to_count_from_1_are_said(run: Run) -> None:
    result = run("gold.txt", "pred.txt", "--links", gold_txt="1-1 2-2\n", pred_txt="0-0 1-1\n")
    assert result.exit_code == 0
    assert "add --one-based" in result.stderr


def test_evaluate_links_unequal_lengths(run: Run) -> None:
    result = run("gold.txt", "pred.txt", "--links", gold_txt="0-0\n0-0\n", pred_txt="0-0\n")
    assert message(result).startswith("pred.txt: 1 lines of links, but gold.txt has 2.")
    result = run("gold.txt", "pred.txt", "--links", gold_txt="0-0\n", pred_txt="0:0\n")
    assert message(result).startswith("pred.txt:1: '0:0' is not a link.")


@pytest.mark.parametrize("option", [("--links", "--labels", "PER"), ("--threshold", "0.5"), ("--confidence", "1")])
def test_evaluate_options_without_sense_are_usage_errors(run: Run, option: tuple[str, ...]) -> None:
    result = run("gold.conll", "pred.conll", *option, gold_conll=GOLD, pred_conll=PRED)
    assert result.exit_code == 2
    assert option[-2] in result.stderr or option[1] in result.stderr


def test_evaluate_terminal_output_has_the_same_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    from crosspan.cli.tables import show
    from crosspan.core.tables import Table

    table = Table(["label", "F1"], [["[LOC]", "0.5000"]], "Scores [x]", ["crosspan-ner|strict|labels:[LOC]"])
    show([table, table], colour=True)
    shown = capsys.readouterr().out
    assert shown.count("[LOC]  ") >= 2
    assert "0.5000" in shown
    assert "crosspan-ner|strict|labels:[LOC]" in shown


def test_evaluate_signature_is_not_broken_on_narrow_terminals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from crosspan.cli.tables import show
    from crosspan.core.tables import Table

    monkeypatch.setenv("COLUMNS", "30")
    signature = "crosspan-ner|strict|IOB2|labels:LOC,ORG,PER|n:1000|v:0.1"
    show([Table(["label", "F1"], [["LOC", "0.5"]], "Spans", [signature])], colour=True)
    assert signature in capsys.readouterr().out


def scores(result: Result) -> dict[str, float]:
    found = json.loads(result.stdout)
    return {name: round(found[name]["micro"]["f1"], 4) for name in ("strict", "lenient")}


@pytest.mark.parametrize(
    ("gold", "pred", "strict", "lenient"),
    [
        ("Ada B-PER\nL. I-PER\nBo O\n", "Ada I-PER\nL. I-PER\nBo O\n", 0.0, 1.0),  # IOB2 by its gold
        ("Ada I-PER\nL. I-PER\nBo O\n", "Ada B-PER\nL. I-PER\nBo O\n", 1.0, 1.0),  # IOB1 by its gold
        ("Ada B-PER\nL. I-PER\nBo O\n", "Ada B-PER\nL. E-PER\nBo O\n", 1.0, 1.0),  # other prefixes tell themselves
        ("Ada B-PER\nL. E-PER\nBo O\n", "Ada B-PER\nL. I-PER\nBo O\n", 1.0, 1.0),
        ("Ada O\nL. O\nBo O\n\nA B-PER\n", "Ada O\nL. I-PER\nBo O\n\nA I-PER\n", 0.0, 0.6667),
    ],
)
def test_both_files_are_read_by_the_scheme_of_the_gold(
    run: Run, gold: str, pred: str, strict: float, lenient: float
) -> None:
    result = run("gold.conll", "pred.conll", "--json", gold_conll=gold, pred_conll=pred)
    assert scores(result) == {"strict": strict, "lenient": lenient}


def test_a_named_scheme_is_that_of_both(run: Run) -> None:
    text = "Ada I-PER\nL. I-PER\nBo O\n"
    result = run("gold.conll", "gold.conll", "--scheme", "IOB1", "--json", gold_conll=text)
    assert scores(result)["strict"] == 1.0
    result = run("gold.conll", "gold.conll", "--scheme", "IOB2", "--json")
    assert scores(result)["strict"] == 0.0


BOTH = "Ada NNP B-PER B-PER\nObi NNP I-PER O\nleft VBD O O\nAccra NNP B-LOC B-LOC\n\nKofi NNP B-PER B-PER\n"


def test_gold_and_prediction_in_one_file_are_read_as_conlleval_reads_them(run: Run) -> None:
    assert scores(run("both.txt", "--json", both_txt=BOTH))["strict"] == pytest.approx(0.6667)
    named = ("--gold-columns", "token,-,-,tag", "--pred-columns", "token,-,tag")
    assert scores(run("both.txt", *named, "--json"))["strict"] == pytest.approx(0.6667)


def test_a_file_of_gold_alone_wants_a_prediction(run: Run) -> None:
    result = run("gold.conll", gold_conll=GOLD)
    assert result.exit_code == 2
    assert "Name a prediction as well" in result.stderr


def test_a_prediction_with_more_columns_of_tags_is_asked_about(run: Run) -> None:
    gold = "Ada B-PER\nObi I-PER\nleft O\nAccra B-LOC\n\nKofi B-PER\n"
    result = run("gold.conll", "both.txt", gold_conll=gold, both_txt=BOTH)
    assert isinstance(result.exception, CrosspanError)
    assert str(result.exception).startswith("both.txt: 2 columns hold tags (3, 4), where gold.conll has 1.")
    assert "--pred-columns token,-,-,tag" in str(result.exception)
    told = run("gold.conll", "both.txt", "--pred-columns", "token,-,-,tag", "--json")
    assert scores(told)["strict"] == pytest.approx(0.6667)
    chunks = "Ada B-NP B-PER\nObi I-NP I-PER\nleft B-VP O\nAccra B-NP B-LOC\n\nKofi B-NP B-PER\n"
    assert scores(run("gold.conll", "chunks.txt", "--json", chunks_txt=chunks))["strict"] == 1.0


def test_other_tokens_are_compared_by_characters(run: Run) -> None:
    gold = "Ada's B-PER\nport O\nof O\nAccra-Tema B-LOC\n"
    pred = "Ada B-PER\n's O\nport O\nof O\nAccra B-LOC\n- I-LOC\nTema I-LOC\n"
    result = run("gold.conll", "pred.conll", "--json", gold_conll=gold, pred_conll=pred)
    assert scores(result)["strict"] == 0.5
    assert "1 sentences have other tokens" in result.stderr


PART = '{"id": "s2", "tokens": ["The", "UN"], "spans": [{"start": 1, "end": 2, "label": "ORG"}]}\n'
WHOLE = (
    '{"id": "s1", "tokens": ["Ada"], "spans": [{"start": 0, "end": 1, "label": "PER"}]}\n'
    '{"id": "s2", "tokens": ["The", "UN"], "spans": [{"start": 0, "end": 2, "label": "ORG"}]}\n'
)


def test_a_part_is_scored_against_the_whole_by_id(run: Run) -> None:
    result = run("part.jsonl", "whole.jsonl", "--json", part_jsonl=PART, whole_jsonl=WHOLE)
    assert scores(result)["strict"] == 0.0
    assert result.stderr == "Matched by id: 1 of 1 sentences of part.jsonl, of 2 of whole.jsonl.\n"
    other_way = run("whole.jsonl", "part.jsonl")
    assert "sentences" in message(other_way) or "token" in message(other_way)
    asked = run("whole.jsonl", "part.jsonl", "--by-id", "--json")
    assert json.loads(asked.stdout)["strict"]["micro"]["n_gold"] == 1


def test_sentences_in_another_order_are_matched_by_id(run: Run) -> None:
    turned = "".join(reversed(WHOLE.splitlines(keepends=True)))
    result = run("whole.jsonl", "turned.jsonl", "--json", whole_jsonl=WHOLE, turned_jsonl=turned)
    assert scores(result)["strict"] == 1.0


def test_ids_that_do_not_tell_sentences_apart_are_refused(run: Run) -> None:
    result = run("part.jsonl", "twice.jsonl", "--by-id", part_jsonl=PART, twice_jsonl=PART * 2)
    assert "sentences 1 and 2 have the same id 's2'" in message(result)


@pytest.mark.parametrize(
    "pred",
    [
        GOLD.replace("B-", "I-"),
        GOLD.replace("B-", "").replace("I-", ""),
    ],
)
def test_entities_that_strict_scores_do_not_count_are_told(run: Run, pred: str) -> None:
    result = run("gold.conll", "pred.conll", gold_conll=GOLD, pred_conll=pred)
    assert result.exit_code == 0
    assert "pred.conll: none of its 3 entities begins as IOB2 has it" in result.stderr
    assert "there is no entity in it" not in result.stderr
    empty = run(
        "gold.conll", "pred.conll", pred_conll=GOLD.replace("B-", "O ").replace("I-", "O ").replace("O PER", "O")
    )
    assert "none of its" not in empty.stderr


def test_a_file_that_is_scored_against_itself_is_told(run: Run) -> None:
    both = "Ada B-PER O\nL. I-PER O\nsees O O\nBo B-LOC B-LOC\n"
    assert "scored against itself" in run("both.conll", "./both.conll", both_conll=both).stderr
    assert "scored against itself" not in run("both.conll").stderr
    columns = ("--gold-columns", "token,tag", "--pred-columns", "token,-,tag")
    assert "scored against itself" not in run("both.conll", "both.conll", *columns).stderr
    assert "scored against itself" not in run("both.conll", "copy.conll", copy_conll=GOLD, both_conll=GOLD).stderr


@pytest.mark.parametrize("header", ["token\tgold\tpred", "word\tgold_tag\tpredicted", "Token\tner\tsystem"])
def test_columns_that_a_first_row_names_are_scored_side_by_side(run: Run, header: str) -> None:
    both = f"{header}\nAda\tB-PER\tO\nL.\tI-PER\tO\nsees\tO\tO\nBo\tB-LOC\tB-LOC\n"
    result = run("both.tsv", "--json", both_tsv=both)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["strict"]["micro"]["tp"], found["strict"]["micro"]["n_gold"]) == (1, 2)
    asked = str(run("gold.conll", "both.tsv", gold_conll=GOLD).exception)
    name = header.rpartition("\t")[2]
    assert f"--pred-tag-column {name} for the last" in asked
    gold = "Ada B-PER\nL. I-PER\nsees O\nBo B-LOC\n"
    assert run("gold.conll", "both.tsv", "--pred-tag-column", name, gold_conll=gold).exit_code == 0  # as the hint says
