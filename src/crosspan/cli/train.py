"""``crosspan train``: labelled sentences in, a tagger out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from crosspan.cli import options
from crosspan.cli.choices import FamilyChoice
from crosspan.cli.messages import in_lines
from crosspan.cli.places import InFile, InModel, OutPlace, verb
from crosspan.cli.progress import progress_bars
from crosspan.cli.rejects import Rejects, finish
from crosspan.cli.settings import parse_settings
from crosspan.core.errors import OptionError

if TYPE_CHECKING:
    from crosspan.io.pairs import SentenceFile
    from crosspan.pipeline.training_files import TrainSummary


@verb("train", no_args_is_help=True)
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=InFile())
@options.out("MODEL", "Where the tagger goes, e.g. sw.crf; a folder with --encoder.", kind=OutPlace)
@click.option(
    "--dev",
    metavar="FILE",
    type=InFile(),
    help="Labelled sentences to score the tagger on; it does not learn from them.",
)
@click.option(
    "--trainer",
    type=FamilyChoice("crosspan.trainers"),
    help="A small model, a pre-trained encoder that is fine-tuned, or AdvPicker on one.  "
    "[default: crf, or what --encoder needs]",
)
@click.option(
    "--encoder", metavar="NAME", type=InModel(), help="The encoder to fine-tune: a name on the hub, or a folder."
)
@click.option(
    "--unlabelled",
    multiple=True,
    metavar="[LANG=]FILE",
    type=InModel(),
    help="Text in a target language, against which an encoder is trained (adversarial.mode); may be repeated.",
)
@click.option("--dev-is-target", is_flag=True, help="The dev sentences are of the target language; the model says so.")
@click.option("--weights", metavar="W,W", help="How much the sentences of each file count.  [default: all the same]")
@click.option(
    "--gold-weight",
    type=click.FloatRange(0),
    metavar="W",
    help="How much a sentence of gold counts beside a projected one; 0 tries it out.  "
    "[default: 0, or what --weights says]",
)
@click.option(
    "--kind",
    metavar="KIND,KIND",
    help="What the labels are: gold, projected, or auto, which goes by what each sentence says; one for all files, or "
    "one a file.  [default: auto]",
)
@options.rounds
@options.settings(
    "A setting of the training, noise.KEY=VALUE for projected data, adversarial.KEY=VALUE or picker.KEY=VALUE for "
    "adversarial training"
)
@options.labels("Learn only these labels.  [default: those that occur]")
@options.input_format(of="all files")
@options.tagged_input("the files")
@options.reading("the files", "--offsets")
@options.repair("the files")
@options.working
def command(data: tuple[str, ...], out: str, as_json: bool, quiet: bool, **given: Any) -> None:
    """Train a tagger on DATA, and save it as MODEL.

    DATA are labelled files in any format that crosspan reads. JSONL, Parquet and DocBin that 'crosspan project' wrote
    are learned from with confidences and dropped spans; anything else is taken for gold, and named. With both, gold
    counts for more: how much is tried out on gold sentences that are held out. A dash stands for standard input.

    With --encoder, MODEL is a folder, and 'crosspan tag' knows it as transformers:MODEL. Dev sentences then
    choose the weights, so they must be of the source language unless --dev-is-target says otherwise. A training that
    was killed goes on when it is started again. 'torchrun' trains on many GPUs.

    With --unlabelled and --set adversarial.mode=reversal or alternating, or with --trainer advpicker, the encoder also
    learns not to tell the source from the languages of these files. Each file says its language, or LANG= does.

    Sentences whose labels cannot be read are named and left out; the exit code is 3 then.
    """
    from crosspan.io.pairs import SentenceFile
    from crosspan.models.processes import is_first
    from crosspan.pipeline.training_files import train_files

    trainer, settings = trainer_of(given)
    quiet = quiet or not is_first()  # one of many processes talks
    how = {name: given[name] for name in ("columns", "scheme", "repair")} | {"format": given["from_format"]}
    how |= options.reading_of(given)
    rejects = Rejects()
    with progress_bars(quiet=quiet) as progress:
        summary = train_files(
            [SentenceFile(path, **how) for path in data],
            out,
            dev=SentenceFile(given["dev"], **how) if given["dev"] else None,
            unlabelled=[unlabelled_file(one, how) for one in given["unlabelled"]],
            trainer=trainer,
            rounds=given["rounds"],
            gold_weight=given["gold_weight"],
            settings=settings,
            weights=parsed_weights(given["weights"]),
            kinds=options.split_names([given["kind"] or ""]),  # type: ignore[arg-type]  # they are checked there
            labels=options.split_names(given["labels"]),
            threads=given["threads"],
            on_reject=rejects.add,
            progress=progress,
        )
    if not is_first():
        return
    rejects.show()
    finish(summary, summary_text(out, summary), {"model": out}, as_json=as_json, quiet=quiet)


def trainer_of(given: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The trainer, and its settings.

    Raises:
        OptionError: Options of fine-tuning are given, and another trainer.

    Example:
        >>> trainer_of({"trainer": None, "settings": ("epochs=2",), "encoder": "xlm-r", "dev_is_target": False})
        ('token-classifier', {'epochs': '2', 'encoder': 'xlm-r'})
    """
    settings: dict[str, Any] = dict(parse_settings(given["settings"]))
    trainer = given["trainer"] or ("token-classifier" if given["encoder"] else "crf")
    for name in ("encoder", "dev_is_target", "unlabelled"):
        if given.get(name):
            if name != "unlabelled":
                settings[name] = given[name]
            if trainer == "crf":
                raise OptionError(f"--{name.replace('_', '-')} is for encoders", hint="Add --trainer token-classifier.")
    return trainer, settings


def unlabelled_file(item: str, how: Mapping[str, Any]) -> SentenceFile:
    """A file of unlabelled text, and the language that stands before its name.

    Args:
        item: ``FILE`` or ``LANG=FILE``; a file that has just this name goes first.
        how: How it is read; see :class:`crosspan.io.pairs.SentenceFile`.

    Raises:
        OptionError: Language or name is missing.

    Example:
        >>> found = unlabelled_file("sw=news.txt", {})
        >>> found.lang, found.path
        ('sw', 'news.txt')
    """
    from crosspan.io.pairs import SentenceFile

    lang, equals, path = item.partition("=")
    if not equals or os.path.exists(item):
        return SentenceFile(item, **how)
    if not lang or not path:
        raise OptionError(f"--unlabelled is {item!r}", hint="Write LANG=FILE, such as sw=news.txt, or the file alone.")
    return SentenceFile(path, lang=lang, **how)


def parsed_weights(text: str | None) -> list[float]:
    """Weights with commas between them.

    Raises:
        OptionError: One is no number above 0.

    Example:
        >>> parsed_weights("1,0.5")
        [1.0, 0.5]
    """
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        found = [0.0]
    if not all(0.0 < one < float("inf") for one in found):
        raise OptionError(f"--weights is {text!r}", hint="Write a number above 0 for each file, such as 1,0.5.")
    return found


def _gold_text(gold: Mapping[str, Any]) -> str:
    """How much gold counts, and what that rests on.

    Example:
        >>> _gold_text({"sentences": 200, "weight": 5.0, "alone": False, "f1": {"1": 0.75, "5": 0.8}})
        'gold: 200 sentences, each counts as 5 projected ones (F1 on held-out gold by weight: 1 0.750, 5 0.800)'
    """
    tried = ", ".join(f"{weight} {f1:.3f}" for weight, f1 in gold["f1"].items())
    why = f" (F1 on held-out gold by weight: {tried})" if tried else ""
    counts = "better without projected ones" if gold["alone"] else f"each counts as {gold['weight']:g} projected ones"
    return f"gold: {gold['sentences']} sentences, {counts}{why}"


def summary_text(out: str, summary: TrainSummary) -> str:
    """The summary for people.

    Example:
        >>> from collections import Counter
        >>> from crosspan.pipeline.training_files import TrainSummary
        >>> print(summary_text("sw.crf", TrainSummary(2, spans=3, labels=Counter(PER=3), features=9, seconds=0.5)))
        sw.crf: learned from 2 sentences, 3 entities (PER 3); 9 features, 0 kept; 0.5 s
    """
    kinds = ", ".join(f"{label} {count}" for label, count in sorted(summary.labels.items()))
    how = f"{summary.features} features, {summary.kept_features} kept"
    if summary.steps:
        how = f"{summary.steps} steps, the weights are those of step {summary.best_step}"
    lines = [
        f"{out}: learned from {summary.sentences} sentences, {summary.spans} entities ({kinds}); {how}; "
        f"{summary.seconds:.1f} s"
    ]
    gold = [f"{one.gold} sentences of {one.name}" for one in summary.taken if one.gold]
    if gold:
        lines.append(f"taken for gold: {', '.join(gold)}")
    if summary.gold is not None:
        lines.append(_gold_text(summary.gold))
    if summary.unobserved:
        lines.append(f"not known: whether {summary.unobserved} words belong to an entity")
    if summary.left_out:
        lines.append(f"left out by noise.dropped: {summary.left_out} sentences")
    if summary.rejected:
        lines.append(f"left out: {summary.rejected} sentences whose labels cannot be read")
    if summary.dev is not None:
        scores = summary.dev
        lines.append(
            f"on dev: F1 {scores['f1']:.4f}, precision {scores['precision']:.4f}, recall {scores['recall']:.4f}"
        )
    if summary.game is not None and summary.game["looks"]:
        (_, first), (_, last) = summary.game["looks"][0], summary.game["looks"][-1]
        lines.append(
            f"the discriminator tells languages apart in {last:.3f} of held-out text (at the first look {first:.3f}; "
            f"guessing {summary.game['chance']:.3f})"
        )
    if summary.selection is not None:
        kept = ", ".join(
            f"{lang} {n} of {summary.selection['given'][lang]}" for lang, n in summary.selection["kept"].items()
        )
        lines.append(f"picked: {kept} sentences")
    if summary.dev_side == "target":
        lines.append("the weights were chosen on the target language: scores on it are not zero-shot")
    if summary.signature:
        lines.append(f"signature: {summary.signature}")
    return in_lines(lines)
