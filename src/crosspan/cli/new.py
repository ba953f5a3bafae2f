"""``crosspan new``: files to start from."""

from __future__ import annotations

import os
from typing import Any

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_lines
from crosspan.cli.places import FilledFolder, InFile, InModel, check_places, verb
from crosspan.core.errors import OptionError

KINDS = ("recipe", "study")
_SPELLED = {"everything": "all"}
# as crosspan.pipeline.recipes.tables.TASKS, which must not be loaded for --help
TASKS = ("project", "translate-train", "translate-test", "ensemble", "model-transfer")


@verb("new", no_args_is_help=True)
@click.argument("kind", type=click.Choice(KINDS), metavar="recipe|study")
@click.option("--task", type=click.Choice(TASKS), default="project", show_default=True, help="What the recipe does.")
@click.option(
    "--pipeline", metavar="NAME", help="Begin with a ready recipe of a published system; NAME list names them all."
)
@click.option("--source", metavar="FILE", type=InFile(), help="Labelled sentences, or sentences that a tagger labels.")
@click.option("--target", metavar="FILE", type=InFile(), help="The sentences to label, one for each of the source.")
@options.language("--source-lang", "the source")
@options.language("--target-lang", "the target")
@options.bitext
@click.option(
    "--tagger", metavar="MODEL", type=InModel(), help="Let this tagger label the source: en, or a model file."
)
@click.option("--model", metavar="FILE", type=InModel(), help="The trained tagger of an ensemble.")
@click.option("--predict", metavar="FILE", type=InFile(), help="Sentences that the trained tagger labels.")
@click.option("--gold", metavar="FILE", type=InFile(), help="Right labels, to score the result.")
@click.option(
    "--results",
    metavar="DIR",
    type=FilledFolder(),
    help="Folder of the results.  [default: named after the recipe]",
)
@click.option("--ready", metavar="NAME", help="Of a study: the ready one to begin with; NAME list names them all.")
@click.option("--all", "everything", is_flag=True, help="Write every option of the task, with its default.")
@options.out("FILE", "The file to write.  [default: recipe.toml, or NAME.toml for a study]", required=False)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def command(kind: str, out: str | None, force: bool, **given: Any) -> None:
    """Write a recipe for 'crosspan run', with a line on each option, or a study for 'crosspan study'.

    The recipe has the tables that it uses, with --all every one. What is not given stays in it as a comment, or as a
    name to be filled in. Paths are written relative to the recipe.
    """
    if kind == "study":
        _study(given["ready"], out, force)
    elif given["ready"] is not None:
        raise click.UsageError("--ready is for studies; a ready recipe is chosen by --pipeline.")
    elif given["pipeline"] == "list":
        say_lines(pipelines_text(), err=False)
    else:
        if given["pipeline"] is not None:
            _refuse_with_pipeline()
        out = out or "recipe.toml"
        _refuse_to_replace(out, force)
        _write(out, _recipe_text(out, given))


def _recipe_text(out: str, given: dict[str, Any]) -> str:
    """The recipe that is to be written; paths are relative to it."""
    from crosspan.pipeline import new_recipe
    from crosspan.pipeline.recipes.ready import ready_recipe

    folder = os.path.dirname(os.path.abspath(out)) if out != "-" else os.getcwd()
    stem = os.path.splitext(os.path.basename(out))[0] if out != "-" else "recipe"

    def path(name: str | None) -> str | None:
        return None if name is None else os.path.relpath(os.path.abspath(name), folder)

    def model_name(name: str | None) -> str | None:
        return path(name) if name is not None and (os.path.exists(name) or name.endswith(".crf")) else name

    results = path(given["results"]) or f"{stem}.out"
    source, target, gold = (path(given[name]) for name in ("source", "target", "gold"))
    source_lang, target_lang = given["source_lang"], given["target_lang"]
    if given["pipeline"] is not None:
        filled = {"SOURCE": source, "TARGET": target, "OUT": results}
        filled |= {"SOURCE_LANG": source_lang or "en", "TARGET_LANG": target_lang}
        return ready_recipe(given["pipeline"], filled, gold=gold)
    return new_recipe(
        given["task"],
        {
            "": {"out": results},
            "source": {"path": source, "lang": source_lang},
            "target": {"path": target, "lang": target_lang},
            "bitext": {"files": [[path(one), path(other)] for one, other in given["bitext"]] or None},
            "tag": {"model": model_name(given["tagger"])},
            "predict": {"path": path(given["predict"])},
            "ensemble": {"model": model_name(given["model"])},
            "evaluate": {"path": gold},
        },
        everything=given["everything"],
    )


def _study(ready: str | None, out: str | None, force: bool) -> None:
    """Write a ready study."""
    from crosspan.core.tables import Table
    from crosspan.lab.study.shipped import about_study, ready_study, study_names

    if ready == "list":
        say_lines(Table((), [[name, about_study(name)] for name in study_names()]).text(), err=False)
        return
    _refuse_but("kind", "ready", "out", "force")
    name = ready or "scale-e5"
    out = out or f"{name}.toml"
    _refuse_to_replace(out, force)
    folder = os.path.splitext(os.path.basename(out))[0]
    _write(out, ready_study(name), f"crosspan study {out} --out {folder} --dry-run")


def _refuse_to_replace(out: str, force: bool) -> None:
    context = click.get_current_context()
    check_places(context.command.params, {**context.params, "out": out})  # it may be the name by default
    if out != "-" and os.path.exists(out) and not force:
        raise OptionError(f"{out!r} is there already", hint="Choose another name, or add --force to replace it.")


def _write(out: str, text: str, then: str | None = None) -> None:
    from crosspan.core.files import open_output

    with open_output(out) as stream:
        stream.write(text)
    if out != "-":
        then = then or f"crosspan run {out} --dry-run"
        say(f"{out}: written; fill in what is missing, then: {then}")


def _refuse_but(*names: str) -> None:
    """Refuse options of recipes."""
    context = click.get_current_context()
    for name in context.params:
        if name not in names and context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{_SPELLED.get(name, name).replace('_', '-')} is for recipes: change the study that is written."
            )


def _refuse_with_pipeline() -> None:
    """A ready recipe says itself what it does; other options have no place in it."""
    context = click.get_current_context()
    for name in ("task", "bitext", "tagger", "model", "predict", "everything"):
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{_SPELLED.get(name, name)} does not go with --pipeline: change the recipe that is written."
            )


def pipelines_text() -> str:
    """The ready recipes, a line each.

    Example:
        >>> pipelines_text().splitlines()[0]
        'align-source                 Translate to English, tag, align English and target words, carry the labels back.'
    """
    from crosspan.core.tables import Table
    from crosspan.pipeline.recipes.ready import about_recipe, ready_names

    return Table((), [[name, about_recipe(name)] for name in ready_names()]).text()
