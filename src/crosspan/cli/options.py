"""Options that several verbs share, each declared once.

An option is a decorator, or a function that makes one and takes what differs between verbs: what the option is of. They
can be put together with :func:`stack`::

    @verb("tag")
    @options.out("FILE", "Where the labelled sentences go; - stdout.")
    @options.working
    def command(...): ...

Names of components are looked up when they are used, so that those of installed packages are known.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from crosspan.cli.choices import AlignerOption, FamilyChoice
from crosspan.cli.places import CachePlace, InFile, InNames, OutFile, PlaceType, SettingType

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]


def stack(*decorators: Decorator[F]) -> Decorator[F]:
    """One decorator out of many; ``--help`` shows their options in this order."""

    def decorate(command: F) -> F:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return decorate


# What a verb is told of itself

threads: Decorator[Any] = click.option(
    "--threads", type=click.IntRange(1), metavar="N", help="Threads to use.  [default: all cores]"
)
as_json: Decorator[Any] = click.option(
    "--json", "as_json", is_flag=True, help="Write the summary as JSON on standard output."
)
quiet: Decorator[Any] = click.option("--quiet", is_flag=True, help="Write neither progress nor summary.")
ending: Decorator[Any] = stack(as_json, quiet)
"""How a verb tells what it did."""
working: Decorator[Any] = stack(threads, as_json, quiet)
"""How a verb works, and tells what it did."""


on: Decorator[Any] = click.option(
    "--on",
    default="local",
    show_default=True,
    metavar="PLACE",
    help="Where to work: local, ray (a cluster that runs here, or is started here), or ray://HOST:10001.",
)
_workers = click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Processes to work in.  [default: 1; on a cluster as many as it has room for]",
)
_gpus = click.option(
    "--gpus-per-worker",
    type=click.FloatRange(0),
    default=0,
    metavar="G",
    help="GPUs of each worker of a cluster; a part of one can be shared.  [default: none]",
)
workplace: Decorator[Any] = stack(on, _workers, _gpus)
"""Where a verb works."""


def cache(default: str) -> Decorator[Any]:
    """``--cache``: where what is finished is kept.

    Args:
        default: Where else.
    """
    return click.option(
        "--cache",
        metavar="DIR",
        type=CachePlace(),
        help=f"Where what is finished is kept: a folder, or a URL such as s3://bucket/run.  [default: {default}]",
    )


def out(
    metavar: str,
    help_text: str,
    *,
    kind: type[PlaceType] = OutFile,
    default: str | None = None,
    required: bool = True,
) -> Decorator[Any]:
    """``--out``: where the result goes.

    Args:
        metavar: ``FILE``, ``FOLDER`` …
        help_text: What goes there.
        kind: What it is.
        default: Where it goes else; it need not be given then.
        required: Whether it must be given.
    """
    given: dict[str, Any] = {"required": required} if default is None else {"default": default}
    return click.option("--out", "-o", metavar=metavar, type=kind(), help=help_text, **given)


def settings(help_text: str, metavar: str = "KEY=VALUE") -> Decorator[Any]:
    """``--set``: settings by name.

    Args:
        help_text: What is set.
        metavar: How one is written.
    """
    return click.option(
        "--set",
        "settings",
        multiple=True,
        type=SettingType(),
        metavar=metavar,
        help=f"{help_text.rstrip('.')}; may be repeated.",
    )


# Files of sentences


def input_format(name: str = "--from", of: str = "INPUT") -> Decorator[Any]:
    """The format of a file that is read.

    Args:
        name: The option; ``--from`` is ``from_format`` to the verb.
        of: The file.
    """
    names = (name, "from_format") if name == "--from" else (name,)
    choice = FamilyChoice("crosspan.formats", first=("auto",))
    return click.option(*names, type=choice, default="auto", help=f"Format of {of}.  [default: found out]")


def output_format(of: str = "FILE", *, convert: bool = False) -> Decorator[Any]:
    """``--to``: the format of the file that is written.

    Args:
        of: The file.
        convert: Whether any format will do; else it must hold labels.
    """
    choice = FamilyChoice("crosspan.formats" if convert else "crosspan.written-formats", first=("auto",))
    return click.option(
        "--to", "to_format", type=choice, default="auto", help=f"Format of {of}.  [default: by its ending]"
    )


def columns(name: str = "--columns", of: str = "INPUT") -> Decorator[Any]:
    """What the columns of a file hold."""
    return click.option(name, metavar="NAMES", help=f"What the columns of {of} hold, e.g. id,token,-,tag.")


def scheme(name: str = "--scheme", of: str = "INPUT") -> Decorator[Any]:
    """The tag scheme of a file that is read."""
    choice = FamilyChoice("crosspan.schemes", first=("auto",))
    return click.option(name, type=choice, default="auto", show_default=True, help=f"Tag scheme of {of}.")


def repair(of: str = "INPUT", otherwise: str = "'error' leaves such sentences out") -> Decorator[Any]:
    """``--repair``: how to read ill-formed tags.

    Args:
        of: The file.
        otherwise: What becomes of sentences that are not repaired.
    """
    return click.option(
        "--repair",
        type=FamilyChoice("crosspan.repairs"),
        default="error",
        show_default=True,
        help=f"How to read ill-formed tags of {of}; {otherwise}.",
    )


def language(name: str = "--lang", of: str = "the sentences") -> Decorator[Any]:
    """The language of a file."""

    def check(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
        from crosspan.text.language_codes import check_language

        check_language(value, what=name)
        return value

    return click.option(name, metavar="CODE", callback=check, help=f"Language of {of}, kept with them.")


def encoding(name: str = "--encoding", of: str = "INPUT") -> Decorator[Any]:
    """The encoding of a text file."""
    return click.option(name, default="utf-8", show_default=True, metavar="NAME", help=f"Encoding of {of}.")


def tag_column(name: str = "--tag-column", of: str = "INPUT") -> Decorator[Any]:
    """Where the tags of a file stand."""
    return click.option(name, metavar="NAME", help=f"Column or key of the tags of {of}: name, or number from 1.")


def reading(of: str = "INPUT", *names: str) -> Decorator[Any]:
    """What else a file says of its labels: which column they are in, what numbers and offsets stand for, its encoding.

    Args:
        of: The file.
        names: What the option for offsets is called besides ``--from-offsets``.
    """
    unit = FamilyChoice("crosspan.units")
    return stack(
        tag_column(of=of),
        click.option(
            "--tag-names",
            type=InNames(),
            metavar="NAMES",
            help="What tags or labels that are numbers stand for: O,B-PER,… from 0, or 3=PER,7=LOC, or a file of them.",
        ),
        encoding(of=of),
        click.option(
            *names,
            "--from-offsets",
            "from_offsets",
            type=unit,
            default="codepoints",
            show_default=True,
            help=f"What character offsets of {of} count, where it does not say.",
        ),
    )


def reading_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`reading` declares, as fields of :class:`crosspan.io.pairs.SentenceFile`.

    Args:
        given: All options of the verb.

    Example:
        >>> given = {"tag_column": None, "tag_names": None, "encoding": "utf-8", "from_offsets": "utf16"}
        >>> reading_of(given)["offsets"]
        'utf16'
    """
    names = given["tag_names"]
    if names is not None and os.path.isfile(names):
        from crosspan.io.label_names import names_in_file

        names = tuple(names_in_file(names))
    how = {name: given[name] for name in ("tag_column", "encoding")}
    return {**how, "tag_names": names, "offsets": given["from_offsets"]}


def tagged_input(of: str = "INPUT") -> Decorator[Any]:
    """How a file of labelled sentences is read: columns and tag scheme."""
    return stack(columns(of=of), scheme(of=of))


# Labels and confidences


def labels(does: str = "Write", name: str = "--labels") -> Decorator[Any]:
    """``--labels``: labels that count.

    Args:
        does: What is done with them.
        name: The option.
    """
    return click.option(name, multiple=True, metavar="A,B", help=does)


min_confidence: Decorator[Any] = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Leave out entities that are less sure.",
)


def split_names(given: Sequence[str]) -> list[str]:
    """Names given with commas between them, or by repeating the option.

    Example:
        >>> split_names(("PER,LOC", "ORG"))
        ['PER', 'LOC', 'ORG']
    """
    return [name.strip() for item in given for name in item.split(",") if name.strip()]


# Alignment and projection

bitext: Decorator[Any] = click.option(
    "--bitext",
    nargs=2,
    multiple=True,
    type=InFile(),
    metavar="SRC TGT",
    help="More translated text to learn from; may be repeated.",
)
aligner: Decorator[Any] = click.option(
    "--aligner",
    cls=AlignerOption,
    type=FamilyChoice("crosspan.aligners"),
    default="statistical",
    show_default=True,
    help="What links words.",
)
method: Decorator[Any] = click.option(
    "--method",
    type=FamilyChoice("crosspan.projectors"),
    default="candidates",
    show_default=True,
    help="How labels are carried over.",
)
aligner_model: Decorator[Any] = click.option(
    "--aligner-model", metavar="FILE", type=InFile(), help="A model kept by 'crosspan align --save-model'."
)
filters: Decorator[Any] = click.option(
    "--filter",
    "filters",
    multiple=True,
    metavar="NAME",
    help="Take out what a filter objects to: comp-src, comp-tgt, rstr-tgt or comp-ins; may be repeated.",
)
target_labels: Decorator[Any] = labels(
    "The labels of TARGET: entities of others get one of these where the text shows which, and are unobserved else.  "
    "[default: those of SOURCE]"
)
links: Decorator[Any] = click.option(
    "--links",
    metavar="FILE",
    type=InFile(),
    help="Word links made elsewhere (Pharaoh, from 0), one line for each source sentence.",
)
one_based: Decorator[Any] = click.option("--one-based", is_flag=True, help="The links of --links count words from 1.")
source_scores: Decorator[Any] = click.option(
    "--source-scores/--no-source-scores",
    default=True,
    help="Multiply confidences with the scores of the source's labels, where it has some.  [default: yes]",
)
adapting: Decorator[Any] = stack(
    click.option(
        "--adapt/--no-adapt",
        default=True,
        help="Adapt a tagger of crosspan to the text, where translations of it are known.  [default: yes]",
    ),
    click.option(
        "--copy-bias/--no-copy-bias",
        default=True,
        help="Take words that stand in the translation as well for likelier names.  [default: yes]",
    ),
)
"""How a tagger uses translations of the text."""
rounds: Decorator[Any] = click.option(
    "--rounds",
    type=click.IntRange(0),
    metavar="N",
    help="How often projected labels and the tagger's own predictions vote, and it learns again.  [default: 1]",
)


# Statistics


def bootstrap(default: int) -> Decorator[Any]:
    """``--bootstrap``: resamples for intervals."""
    return click.option(
        "--bootstrap",
        type=click.IntRange(0),
        default=default,
        show_default=True,
        metavar="N",
        help="Resamples for intervals; 0 for none.",
    )


def seed(of: str = "the random numbers") -> Decorator[Any]:
    """``--seed``: the seed of what is drawn at random."""
    return click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help=f"Seed of {of}.")


paired_tests: Decorator[Any] = stack(
    click.option(
        "--samples", type=click.IntRange(1), default=10_000, show_default=True, help="Samples of paired tests."
    ),
    click.option(
        "--confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=0.95,
        show_default=True,
        help="Share of the resamples inside an interval.",
    ),
    seed(),
)
"""How scores are compared."""
