"""``crosspan new``: files to start from."""

from __future__ import annotations

import os

import click

from crosspan.cli import options
from crosspan.cli.messages import say, say_lines
from crosspan.core.errors import OptionError

KINDS = ("recipe", "study")
_SPELLED = {"everything": "all"}
# as crosspan.pipeline.recipes.tables.TASKS, which must not be loaded for --help
TASKS = ("project", "translate-train", "translate-test", "ensemble", "model-transfer")


@click.command("new", no_args_is_help=True)
@click.argument("kind", type=click.Choice(KINDS), metavar="recipe|study")
@click.option("--task", type=click.Choice(TASKS), default="project", show_default=True, help="What the recipe does.")
@click.option(
    "--pipeline", metavar="NAME", help="Begin with a ready recipe of a published system; NAME list names them all."
)
@click.option("--source", metavar="FILE", help="Labelled sentences, or sentences that a tagger labels.")
@click.option("--target", metavar="FILE", help="The sentences to label, one for each of the source.")
@options.language("--source-lang", "the source")
@options.language("--target-lang", "the target")
@options.bitext
@click.option("--tagger", metavar="MODEL", help="Let this tagger label the source: en, or a model file.")
@click.option("--model", metavar="FILE", help="The trained tagger of an ensemble.")
@click.option("--predict", metavar="FILE", help="Sentences that the trained tagger labels.")
@click.option("--gold", metavar="FILE", help="Right labels, to score the result.")
@click.option("--results", metavar="DIR", help="Folder of the results.  [default: named after the recipe]")
@click.option("--ready", metavar="NAME", help="Of a study: the ready one to begin with; NAME list names them all.")
@click.option("--all", "everything", is_flag=True, help="Write every option of the task, with its default.")
@options.out("FILE", "The file to write.  [default: recipe.toml, or NAME.toml for a study]", required=False)
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def command(
    kind: str,
    task: str,
    pipeline: str | None,
    source: str | None,
    target: str | None,
    source_lang: str | None,
    target_lang: str | None,
    bitext: tuple[tuple[str, str], ...],
    tagger: str | None,
    model: str | None,
    predict: str | None,
    gold: str | None,
    results: str | None,
    ready: str | None,
    everything: bool,
    out: str | None,
    force: bool,
) -> None:
    """Write a recipe for 'crosspan run', with a line on each option, or a study for 'crosspan study'.

    The recipe has the tables that it uses, with --all every one. What is not given stays in it as a comment, or as a
    name to be filled in. Paths are written relative to the recipe.
    """
    from crosspan.pipeline import new_recipe

    if kind == "study":
        _study(ready, out, force)
        return
    if ready is not None:
        raise click.UsageError("--ready is for studies; a ready recipe is chosen by --pipeline.")
    out = out or "recipe.toml"
    if pipeline == "list":
        say_lines(pipelines_text(), err=False)
        return
    if pipeline is not None:
        _refuse_with_pipeline()
    _refuse_to_replace(out, force)
    folder = os.path.dirname(os.path.abspath(out)) if out != "-" else os.getcwd()
    stem = os.path.splitext(os.path.basename(out))[0] if out != "-" else "recipe"

    def path(name: str | None) -> str | None:
        return None if name is None else os.path.relpath(os.path.abspath(name), folder)

    def model_name(name: str | None) -> str | None:
        return path(name) if name is not None and (os.path.exists(name) or name.endswith(".crf")) else name

    results_folder = path(results) or f"{stem}.out"
    if pipeline is not None:
        from crosspan.pipeline.recipes.ready import ready_recipe

        filled = {"SOURCE": path(source), "TARGET": path(target), "OUT": results_folder}
        filled |= {"SOURCE_LANG": source_lang or "en", "TARGET_LANG": target_lang}
        _write(out, ready_recipe(pipeline, filled, gold=path(gold)))
        return
    text = new_recipe(
        task,
        {
            "": {"out": results_folder},
            "source": {"path": path(source), "lang": source_lang},
            "target": {"path": path(target), "lang": target_lang},
            "bitext": {"files": [[path(one), path(other)] for one, other in bitext] or None},
            "tag": {"model": model_name(tagger)},
            "predict": {"path": path(predict)},
            "ensemble": {"model": model_name(model)},
            "evaluate": {"path": path(gold)},
        },
        everything=everything,
    )
    _write(out, text)


def _study(ready: str | None, out: str | None, force: bool) -> None:
    """Write a ready study."""
    from crosspan.core.tables import Table
    from crosspan.lab.study.shipped import about_study, ready_study, study_names

    if ready == "list":
        say_lines(Table((), [[name, about_study(name)] for name in study_names()]).text(), err=False)
        return
    _refuse_but("kind", "ready", "out", "force")
    name = ready or "scale-small"
    out = out or f"{name}.toml"
    _refuse_to_replace(out, force)
    folder = os.path.splitext(os.path.basename(out))[0]
    _write(out, ready_study(name), f"crosspan study {out} --out {folder} --dry-run")


def _refuse_to_replace(out: str, force: bool) -> None:
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
