"""How the verbs that project are told what to do, and what goes together."""

from __future__ import annotations

from typing import Any

import click
from click.core import ParameterSource

from crosspan.cli import options
from crosspan.cli.places import OutFile, PlaceType


def projecting(dropped: type[PlaceType] = OutFile) -> options.Decorator[Any]:
    """How a source and its translation are read, and labels carried over.

    Args:
        dropped: Whether the file of what was not projected is written or read.
    """
    about_dropped = "What was not projected, and why, as JSON lines."
    return options.stack(
        *(options.bitext, options.links, options.one_based, options.aligner, options.aligner_model, options.method),
        options.settings("A setting of the method, or aligner.KEY=VALUE"),
        click.option("--dropped", metavar="FILE", type=dropped(), help=about_dropped),
        *(options.min_confidence, options.filters, options.target_labels),
        options.language("--source-lang", "SOURCE"),
        options.language("--target-lang", "TARGET"),
        options.input_format("--source-format", "SOURCE"),
        options.input_format("--target-format", "TARGET"),
        options.columns(of="SOURCE"),
        options.columns("--target-columns", "TARGET"),
        options.encoding("--target-encoding", "TARGET"),
        options.scheme(of="SOURCE"),
        options.reading("SOURCE", "--source-offsets"),
        options.repair("SOURCE"),
    )


def check_projecting(given: dict[str, Any]) -> None:
    """Refuse options of a projection that contradict each other.

    Raises:
        UsageError: They do.
    """
    chosen = click.get_current_context().get_parameter_source("aligner") is not ParameterSource.DEFAULT
    if given["aligner_model"] and chosen:
        raise click.UsageError("A saved model is an aligner: leave out --aligner or --aligner-model.")
    if given["one_based"] and not given["links"]:
        raise click.UsageError("--one-based is of word links: name them with --links.")
    if given["links"] and (given["aligner_model"] or given["bitext"]):
        raise click.UsageError("--links takes the place of the aligner: leave out --aligner-model and --bitext.")
    if given["aligner_model"] and given["bitext"]:
        raise click.UsageError("A saved model learns nothing more: leave out --bitext or --aligner-model.")
