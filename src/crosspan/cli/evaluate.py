"""``crosspan evaluate``: scores of predicted spans, or of word links, against gold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_json
from crosspan.cli.places import InFile, verb
from crosspan.cli.scored_files import (
    by_characters,
    check_only_labels,
    check_texts,
    matched,
    read_once,
    tell,
)

if TYPE_CHECKING:
    from crosspan.cli.scored_files import ScoredFile
    from crosspan.core.tables import Table
    from crosspan.core.types import Alignment, Sentence
    from crosspan.io import GoldLinks


@verb("evaluate")
@click.argument("gold", type=InFile())
@click.argument("pred", required=False, type=InFile())
@click.option("--against", metavar="PRED2", type=InFile(), help="A second prediction: test whether the two differ.")
@click.option(
    "--source",
    metavar="FILE",
    type=InFile(),
    help="Labelled source sentences: projection ratios divide by their spans.",
)
@click.option("--links", is_flag=True, help="Score word links (Pharaoh) against gold links instead of spans.")
@click.option("--one-based", is_flag=True, help="The gold links count from 1.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.0, help="Leave out links less probable than this.")
@options.labels("Keep only these labels, on both sides.")
@options.labels("Leave out these labels, on both sides.", "--ignore-labels")
@click.option("--average", default="micro", show_default=True, help="F1 to compare: micro, macro or a label.")
@options.bootstrap(0)
@options.paired_tests
@click.option("--calibration", is_flag=True, help="Show whether the confidences of PRED mean what they say.")
@options.input_format("--format", "the files")
@options.columns(of="both files")
@options.columns("--gold-columns", "GOLD")
@options.columns("--pred-columns", "PRED")
@options.scheme(of="both files")
@options.reading("both files", "--offsets")
@options.tag_column("--gold-tag-column", "GOLD")
@options.tag_column("--pred-tag-column", "PRED")
@click.option("--by-id", is_flag=True, help="Match sentences by their ids; those on one side only are left out.")
@options.as_json
def command(gold: str, pred: str | None, links: bool, as_json: bool, **given: Any) -> None:
    """Score PRED against GOLD: spans of the same sentences, or word links with --links.

    Without PRED, GOLD has both as conlleval reads them: the last two columns are the gold tag and the predicted one.
    Tags of both files are read by one scheme, that of GOLD unless --scheme names it. Where tokens differ and characters
    do not, spans are compared by characters. Where GOLD is a part of PRED by the ids, that part is scored.
    """
    _check_use(links, given)
    pred, given = _settle_columns(gold, pred, links, given)
    result, tables = (_links if links else _spans)(gold, pred, given)
    if as_json:
        say_json(result, indent=2)
        return
    from crosspan.cli.tables import show

    show(tables)


def _check_use(links: bool, given: dict[str, Any]) -> None:
    """Refuse options of the other kind of evaluation rather than leave them without effect."""
    of_spans: tuple[str, ...] = (
        "source",
        "labels",
        "ignore_labels",
        "calibration",
        "by_id",
        "gold_columns",
        "pred_columns",
    )
    of_spans += ("tag_column", "gold_tag_column", "pred_tag_column", "tag_names")
    other = of_spans if links else ("one_based", "threshold")
    for name in other:
        if given[name]:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(f"{option} has no effect {'with' if links else 'without'} --links.")


def _settle_columns(gold: str, pred: str | None, links: bool, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The prediction, and which columns hold what; one file with both is told from two files with one each.

    Raises:
        UsageError: There is no prediction.
        OptionError: A prediction has more columns of tags than the gold: any of them may be meant.
    """
    from crosspan.io.tag_columns import tag_columns

    for what in ("columns", "tag_column"):
        for side in ("gold", "pred"):
            given[f"{side}_{what}"] = given[f"{side}_{what}"] or given[what]
    how = given["format"], given["encoding"]
    if links or gold == "-":
        if pred is None:
            raise click.UsageError("Name a prediction as well.")
        return pred, given
    of_gold = tag_columns(gold, *how) if Path(gold).is_file() else None
    if pred is None:
        if all(given[f"gold_{what}"] == given[f"pred_{what}"] for what in ("columns", "tag_column")):
            if given["columns"] or given["tag_column"] or of_gold is None or len(of_gold.tags) < 2:
                raise click.UsageError(
                    f"{gold} does not hold gold and prediction side by side, in two columns of tags. Name a prediction "
                    "as well, or say where they are with --gold-columns and --pred-columns, or with "
                    "--gold-tag-column and --pred-tag-column."
                )
            right, found = of_gold.tags[-2:]
            for side, column in (("gold", right), ("pred", found)):
                what, value = of_gold.option(column)
                given[f"{side}_{what}"] = value
        return gold, given
    for path in filter(None, (pred, given["against"])):
        if given["pred_columns"] or given["pred_tag_column"] or not Path(path).is_file():
            continue
        columns = tag_columns(path, *how)
        told = given["gold_columns"] or given["gold_tag_column"]
        expected = 1 if of_gold is None or told else max(1, len(of_gold.tags))
        if columns is not None and len(columns.tags) > expected:
            from crosspan.core.errors import OptionError

            shown = ", ".join(str(column + 1) for column in columns.tags)
            what, value = columns.option(columns.tags[-1])
            option = f"--pred-{what.replace('_', '-')}"
            raise OptionError(
                f"{path}: {len(columns.tags)} columns hold tags ({shown}), where {gold} has {expected}",
                hint=f"Say which is the prediction with {option}, e.g. {option} {value} for the last.",
            )
    return pred, given


def _how(given: dict[str, Any], side: str) -> dict[str, Any]:
    """How one of the files is read: what is said of both, and what of it alone."""
    own = {what: given[f"{side}{what}"] for what in ("columns", "tag_column")}
    return {**options.reading_of(given), "format": given["format"], "scheme": given["scheme"], **own}


def _spans(gold: str, pred: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[Table]]:
    """Score spans; the result for JSON, and what to show."""
    from crosspan.core.errors import EmptyInputError
    from crosspan.evaluate import compare_ner, evaluate_ner, reliability, span_outcomes
    from crosspan.evaluate.tables import calibration_table, ner_comparison_table, ner_tables

    keep: dict[str, Any] = {
        "labels": options.split_names(given["labels"]) or None,
        "ignore_labels": options.split_names(given["ignore_labels"]),
    }
    gold_file = read_once(gold, _how(given, "gold_"))
    files = [read_once(path, _how(given, "pred_")) for path in (pred, given["against"]) if path]
    for file in files:
        check_only_labels(file, gold_file, _how(given, "pred_"))
    source_file = read_once(given["source"], _how(given, "")) if given["source"] else None
    tell([gold_file, *files, *filter(None, [source_file])])
    gold_read = gold_file.by()
    others = [file.by(gold_file.scheme_of_others) for file in files]
    source = source_file.by().strict if source_file else None
    if source is not None:
        _check_as_many(source, gold_read.strict, given["source"], gold)
    n_gold = len(gold_read.strict)
    gold_read, others, kept = matched(gold_read, others, by_id=given["by_id"])
    if source is not None and len(kept) < n_gold:
        source = [source[index] for index in kept]
    for other in others:
        check_texts(gold_read, other)
    gold_read, *others = by_characters([gold_read, *others])
    pred_read = others[0]
    right, found = gold_read.strict, pred_read.strict
    report = evaluate_ner(
        right,
        found,
        lenient=(gold_read.lenient, pred_read.lenient),
        source=source,
        bootstrap=given["bootstrap"],
        confidence=given["confidence"],
        seed=given["seed"],
        **keep,
    )
    _warn_of_labels(options.split_names(given["labels"]), [right, found])
    _warn_of_none(gold, gold_read, pred, pred_read)
    _warn_of_same_file(gold, pred, given)
    result = report.to_dict()
    tables = list(ner_tables(report))
    if given["calibration"]:
        confidences, outcomes = span_outcomes(right, found, **keep)
        if not len(confidences):
            raise EmptyInputError(
                "no span has a confidence", where=pred, hint="JSONL and Parquet files keep confidences, columns do not."
            )
        calibration = reliability(confidences, outcomes)
        result["calibration"] = calibration.to_dict()
        tables.append(calibration_table(calibration))
    if given["against"]:
        against = others[1]
        comparison = compare_ner(
            right,
            found,
            against.strict,
            average=given["average"],
            n_samples=given["samples"],
            confidence=given["confidence"],
            seed=given["seed"],
            **keep,
        )
        result["comparison"] = comparison.to_dict()
        tables.append(ner_comparison_table(comparison, (pred, given["against"])))
    return result, tables


def _links(gold: str, pred: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[Table]]:
    """Score word links; the result for JSON, and what to show."""
    from crosspan import io
    from crosspan.evaluate import compare_alignments, score_alignments
    from crosspan.evaluate.tables import alignment_comparison_table, alignment_table

    right = io.read_gold_links(gold, start=1 if given["one_based"] else 0)
    found = _read_links(pred, gold, len(right))
    _warn_of_base(gold, right, found, one_based=given["one_based"])
    how = {name: given[name] for name in ("threshold", "confidence", "seed")}
    score = score_alignments(right, found, bootstrap=given["bootstrap"], **how)
    result: dict[str, Any] = {"links": score.to_dict()}
    tables = [alignment_table(score)]
    if given["against"]:
        other = _read_links(given["against"], gold, len(right))
        comparison = compare_alignments(right, found, other, n_samples=given["samples"], **how)
        result["comparison"] = comparison.to_dict()
        tables.append(alignment_comparison_table(comparison, (pred, given["against"])))
    return result, tables


def _read_links(path: str, gold: str, n_gold: int) -> list[Alignment]:
    from crosspan import io
    from crosspan.core.errors import PairError

    found = list(io.read_links(path))
    if len(found) != n_gold:
        raise PairError(
            f"{len(found)} lines of links, but {gold} has {n_gold}",
            where=path,
            hint="Both need one line for each sentence pair; an empty line stands for no links.",
        )
    return found


def _warn_of_base(path: str, gold: Sequence[GoldLinks], found: Sequence[Alignment], *, one_based: bool) -> None:
    """Say so where gold seems to count from 1: the scores would be nonsense without any error."""
    if one_based or any(0 in link for links in gold for link in links.possible):
        return
    if any(len(links) and int(links.source.min()) == 0 for links in found):
        say(f"{path}: no gold link has a 0. If they count from 1, add --one-based.")


def _warn_of_labels(names: Sequence[str], sides: Sequence[Sequence[Sentence]]) -> None:
    """Say which of the named labels occurs nowhere: most often a slip of the pen."""
    if not names:
        return
    there = {span.label for sentences in sides for sentence in sentences for span in sentence.spans}
    missing = sorted(set(names) - there)
    if missing:
        found = ", ".join(sorted(there)) or "none"
        say(f"No span has the label {' or '.join(missing)}. There are: {found}.")


def _warn_of_none(gold: str, gold_read: ScoredFile, pred: str, pred_read: ScoredFile) -> None:
    """Say why a score is 0 where it is no matter of the system: no label at all, or none that both sides have."""
    of_gold, of_pred = ({span.label for one in side.strict for span in one.spans} for side in (gold_read, pred_read))
    for path, labels, read in ((gold, of_gold, gold_read), (pred, of_pred, pred_read)):
        if labels:
            continue
        ill_formed = sum(len(one.spans) for one in read.lenient)
        if ill_formed:
            say(
                f"{path}: none of its {ill_formed} entities begins as IOB2 has it (B-), so the strict scores count "
                f"none; the lenient ones do. 'crosspan convert {path} NEW.conll' writes them in IOB2."
            )
        else:
            say(f"{path}: there is no entity in it.")
    if of_gold and of_pred and not of_gold & of_pred:
        say(f"No label of {pred} ({', '.join(sorted(of_pred))}) is one of {gold} ({', '.join(sorted(of_gold))}).")


def _warn_of_same_file(gold: str, pred: str, given: dict[str, Any]) -> None:
    """Say so where a file is scored against itself, its labels read twice in the same way."""
    if any(given[f"gold_{what}"] != given[f"pred_{what}"] for what in ("columns", "tag_column")):
        return
    if Path(gold).exists() and Path(pred).exists() and Path(gold).samefile(pred):
        say(
            f"{gold} is scored against itself: gold and prediction are the same labels. If it holds both side by side, "
            "leave out PRED, or say where they are with --gold-tag-column and --pred-tag-column."
        )


def _check_as_many(source: Sequence[Sentence], gold: Sequence[Sentence], source_name: str, gold_name: str) -> None:
    if len(source) != len(gold):
        from crosspan.core.errors import PairError

        raise PairError(
            f"{len(source)} sentences, but {gold_name} has {len(gold)}",
            where=source_name,
            hint="The source needs one sentence for each sentence of the gold file.",
        )
