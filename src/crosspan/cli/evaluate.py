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
    of_spans = ("source", "labels", "ignore_labels", "calibration", "by_id", "gold_columns", "pred_columns")
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

    for name in ("gold_columns", "pred_columns"):
        given[name] = given[name] or given["columns"]
    if links or gold == "-":
        if pred is None:
            raise click.UsageError("Name a prediction as well.")
        return pred, given
    of_gold = tag_columns(gold, given["format"]) if Path(gold).is_file() else None
    if pred is None:
        if given["gold_columns"] == given["pred_columns"]:
            if given["columns"] or of_gold is None or len(of_gold.tags) < 2:
                raise click.UsageError(
                    f"{gold} does not hold gold and prediction side by side, in two columns of tags. Name a prediction "
                    "as well, or say where they are with --gold-columns and --pred-columns."
                )
            right, found = of_gold.tags[-2:]
            given |= {"gold_columns": of_gold.named(right), "pred_columns": of_gold.named(found)}
        return gold, given
    for path in filter(None, (pred, given["against"])):
        if given["pred_columns"] or not Path(path).is_file():
            continue
        columns = tag_columns(path, given["format"])
        expected = 1 if of_gold is None or given["gold_columns"] else max(1, len(of_gold.tags))
        if columns is not None and len(columns.tags) > expected:
            from crosspan.core.errors import OptionError

            shown = ", ".join(str(column + 1) for column in columns.tags)
            raise OptionError(
                f"{path}: {len(columns.tags)} columns hold tags ({shown}), where {gold} has {expected}",
                hint="Say which is the prediction with --pred-columns, e.g. --pred-columns "
                f"{columns.named(columns.tags[-1])} for the last.",
            )
    return pred, given


def _spans(gold: str, pred: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[Table]]:
    """Score spans; the result for JSON, and what to show."""
    from crosspan.core.errors import EmptyInputError
    from crosspan.evaluate import compare_ner, evaluate_ner, reliability, span_outcomes
    from crosspan.evaluate.tables import calibration_table, ner_comparison_table, ner_tables

    keep: dict[str, Any] = {
        "labels": options.split_names(given["labels"]) or None,
        "ignore_labels": options.split_names(given["ignore_labels"]),
    }
    gold_read = _read(gold, given, given["gold_columns"], given["scheme"])
    scheme = _scheme_of(gold_read, given)
    others = [_read_prediction(path, given, scheme) for path in (pred, given["against"]) if path]
    source = _read(given["source"], given, given["columns"], given["scheme"]).strict if given["source"] else None
    if source is not None:
        _check_as_many(source, gold_read.strict, given["source"], gold)
    n_gold = len(gold_read.strict)
    gold_read, others, kept = _matched(gold_read, others, by_id=given["by_id"])
    if source is not None and len(kept) < n_gold:
        source = [source[index] for index in kept]
    for other in others:
        _check_texts(gold_read, other)
    gold_read, *others = _by_characters([gold_read, *others])
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


class _Reading(NamedTuple):
    """A file read once, or twice where tags break their scheme."""

    path: str
    strict: Sequence[Sentence]
    lenient: Sequence[Sentence]
    lines: Sequence[int]

    def at(self, places: Sequence[int]) -> _Reading:
        """Some of the sentences."""
        strict, lenient, lines = ([one[index] for index in places] for one in self[1:])
        return _Reading(self.path, strict, lenient, lines)  # type: ignore[arg-type]


def _read(path: str, given: dict[str, Any], columns: str | None, scheme: str) -> _Reading:
    """Read sentences strictly and leniently; the same list twice where no tag breaks its scheme."""
    from crosspan import io

    how: dict[str, Any] = {"format": given["format"], "columns": columns, "scheme": scheme}
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


def _scheme_of(gold: _Reading, given: dict[str, Any]) -> str:
    """The scheme that a prediction is read by: the one named, or that of the gold; strict means IOB2 otherwise.

    Tags of gold that are well-formed, but not in IOB2, are in another scheme: ``IOB1``, or one that its prefixes tell.
    """
    if given["scheme"] != "auto":
        return str(given["scheme"])
    if gold.strict is not gold.lenient or not Path(gold.path).is_file():
        return "IOB2"
    from crosspan import io

    how = {"format": given["format"], "columns": given["gold_columns"]}
    faults = [item.fault for item in io.iter_located(gold.path, repair="error", scheme="IOB2", **how) if item.fault]
    return "IOB1" if faults and not any(map(_is_foreign, faults)) else "IOB2"


def _is_foreign(fault: Exception) -> bool:
    """Whether a tag has a prefix that its scheme does not know, such as ``E-`` in IOB2."""
    return "does not belong to the scheme" in str(fault)


def _read_prediction(path: str, given: dict[str, Any], scheme: str) -> _Reading:
    """Read a prediction by a scheme; prefixes of another one are told from errors in this."""
    from crosspan import io
    from crosspan.core.errors import TagError

    columns = given["pred_columns"]
    if given["scheme"] == "auto" and Path(path).is_file():
        how = {"format": given["format"], "columns": columns, "scheme": scheme}
        faults = (item.fault for item in io.iter_located(path, repair="error", **how))
        if any(isinstance(fault, TagError) and _is_foreign(fault) for fault in faults):
            scheme = "auto"
    return _read(path, given, columns, scheme)


def _matched(gold: _Reading, others: list[_Reading], *, by_id: bool) -> tuple[_Reading, list[_Reading], list[int]]:
    """The sentences that all have, in the order of the gold, and their places in it.

    Without being asked ids are looked at only where the order does not tell, and then all of the gold must be there.
    """
    from crosspan.core.errors import EmptyInputError, PairError
    from crosspan.evaluate.matching import places_by_id, same_text

    every = list(range(len(gold.strict)))
    if not by_id and all(
        len(other.strict) == len(every) and all(map(same_text, gold.strict, other.strict)) for other in others
    ):
        return gold, others, every
    try:
        places = [places_by_id(one.strict, one.path) for one in (gold, *others)]
    except PairError:
        if by_id:
            raise
        return gold, others, every  # the check of texts says where they differ
    ids = [sentence.id for sentence in gold.strict]
    kept = [index for index in every if all(ids[index] in one for one in places[1:])]
    if not by_id and len(kept) < len(every):
        return gold, others, every
    if not kept:
        hint = "Matching by ids needs the same ids in both files."
        raise EmptyInputError(f"no sentence has an id of {gold.path}", where=others[0].path, hint=hint)
    say(
        f"Matched by id: {len(kept)} of {len(every)} sentences of {gold.path}, "
        + ", ".join(f"of {len(one.strict)} of {one.path}" for one in others)
        + "."
    )
    chosen = [
        other.at([place[str(ids[index])] for index in kept]) for other, place in zip(others, places[1:], strict=True)
    ]
    return gold.at(kept), chosen, kept


def _by_characters(readings: list[_Reading]) -> list[_Reading]:
    """The readings with common tokens where theirs differ and their characters do not."""
    from crosspan.evaluate.matching import in_common_tokens

    strict = [in_common_tokens(*row) for row in zip(*(one.strict for one in readings), strict=True)]
    n_other = sum(
        any(row[0].tokens != other.tokens for other in row)
        for row in zip(*(one.strict for one in readings), strict=True)
    )
    if not n_other:
        return readings
    say(f"{n_other} sentences have other tokens but the same characters: their spans are compared by characters.")
    lenient = [in_common_tokens(*row) for row in zip(*(one.lenient for one in readings), strict=True)]
    sides = zip(readings, zip(*strict, strict=True), zip(*lenient, strict=True), strict=True)
    return [one._replace(strict=list(own), lenient=list(other)) for one, own, other in sides]


def _check_texts(gold: _Reading, pred: _Reading) -> None:
    """Raise where two readings are not of the same characters."""
    from crosspan.evaluate import check_same_tokens
    from crosspan.evaluate.matching import same_text

    right = list(gold.strict)
    for index, (one, other) in enumerate(zip(right, pred.strict, strict=False)):
        if same_text(one, other):
            right[index] = other
    check_same_tokens(right, pred.strict, gold_name=gold.path, pred_name=pred.path, pred_lines=pred.lines)


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
