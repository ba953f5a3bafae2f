"""``crosspan evaluate``: scores of predicted spans, or of word links, against gold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_json
from crosspan.cli.places import InFile, verb

if TYPE_CHECKING:
    from crosspan.core.tables import Table
    from crosspan.core.types import Alignment, Sentence
    from crosspan.io import GoldLinks


@verb("evaluate")
@click.argument("gold", type=InFile())
@click.argument("pred", type=InFile())
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
@options.tagged_input("the files")
@options.as_json
def command(gold: str, pred: str, links: bool, as_json: bool, **given: Any) -> None:
    """Score PRED against GOLD: spans of the same sentences, or word links with --links."""
    _check_use(links, given)
    result, tables = (_links if links else _spans)(gold, pred, given)
    if as_json:
        say_json(result, indent=2)
        return
    from crosspan.cli.tables import show

    show(tables)


def _check_use(links: bool, given: dict[str, Any]) -> None:
    """Refuse options of the other kind of evaluation rather than leave them without effect."""
    other = ("source", "labels", "ignore_labels", "calibration") if links else ("one_based", "threshold")
    for name in other:
        if given[name]:
            option = "--" + name.replace("_", "-")
            raise click.UsageError(f"{option} has no effect {'with' if links else 'without'} --links.")


def _spans(gold: str, pred: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[Table]]:
    """Score spans; the result for JSON, and what to show."""
    from crosspan.core.errors import EmptyInputError
    from crosspan.evaluate import compare_ner, evaluate_ner, reliability, span_outcomes
    from crosspan.evaluate.tables import calibration_table, ner_comparison_table, ner_tables

    keep: dict[str, Any] = {
        "labels": options.split_names(given["labels"]) or None,
        "ignore_labels": options.split_names(given["ignore_labels"]),
    }
    gold_read, pred_read = _read(gold, given), _read(pred, given)
    _check_texts(gold_read, pred_read)
    right, found = gold_read.strict, pred_read.strict
    source = _read(given["source"], given).strict if given["source"] else None
    if source is not None:
        _check_as_many(source, right, given["source"], gold)
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
        against = _read(given["against"], given)
        _check_texts(gold_read, against)
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


class _Reading(NamedTuple):
    """A file read once, or twice where tags break their scheme."""

    path: str
    strict: Sequence[Sentence]
    lenient: Sequence[Sentence]
    lines: Sequence[int]


def _read(path: str, given: dict[str, Any]) -> _Reading:
    """Read sentences strictly and leniently; the same list twice where no tag breaks its scheme."""
    from crosspan import io

    how = {"format": given["format"], "columns": given["columns"], "scheme": given["scheme"]}
    located = list(io.iter_located(path, repair="error", **how))
    lines = [item.line for item in located]
    fault = next((item.fault for item in located if item.fault is not None), None)
    if fault is None:
        sentences = [item.sentence for item in located]
        return _Reading(path, sentences, sentences, lines)
    if not Path(path).is_file():
        fault.hint = "Ill-formed tags need a second reading, which a pipe does not allow: save it as a file first."
        raise fault
    return _Reading(path, io.read(path, repair="drop", **how), io.read(path, repair="begin", **how), lines)


def _check_texts(gold: _Reading, pred: _Reading) -> None:
    from crosspan.evaluate import check_same_tokens

    check_same_tokens(gold.strict, pred.strict, gold_name=gold.path, pred_name=pred.path, pred_lines=pred.lines)


def _warn_of_labels(names: Sequence[str], sides: Sequence[Sequence[Sentence]]) -> None:
    """Say which of the named labels occurs nowhere: most often a slip of the pen."""
    if not names:
        return
    there = {span.label for sentences in sides for sentence in sentences for span in sentence.spans}
    missing = sorted(set(names) - there)
    if missing:
        found = ", ".join(sorted(there)) or "none"
        say(f"No span has the label {' or '.join(missing)}. There are: {found}.")


def _check_as_many(source: Sequence[Sentence], gold: Sequence[Sentence], source_name: str, gold_name: str) -> None:
    if len(source) != len(gold):
        from crosspan.core.errors import PairError

        raise PairError(
            f"{len(source)} sentences, but {gold_name} has {len(gold)}",
            where=source_name,
            hint="The source needs one sentence for each sentence of the gold file.",
        )
