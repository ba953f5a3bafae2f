"""``crosspan new``: files to start from."""

from __future__ import annotations

import os

import click

from crosspan.errors import OptionError

KINDS = ("recipe",)
# as crosspan.run.tables.TASKS, which must not be loaded for --help
TASKS = ("project", "translate-train", "translate-test", "ensemble")


@click.command("new", no_args_is_help=True)
@click.argument("kind", type=click.Choice(KINDS), metavar="recipe")
@click.option("--task", type=click.Choice(TASKS), default="project", show_default=True, help="What the recipe does.")
@click.option("--source", metavar="FILE", help="Labelled sentences, or sentences that a tagger labels.")
@click.option("--target", metavar="FILE", help="The sentences to label, one for each of the source.")
@click.option("--source-lang", metavar="CODE", help="Language of the source.")
@click.option("--target-lang", metavar="CODE", help="Language of the target.")
@click.option(
    "--bitext", nargs=2, multiple=True, metavar="SRC TGT", help="More translated text to learn from; may be repeated."
)
@click.option("--tagger", metavar="MODEL", help="Let this tagger label the source: en, or a model file.")
@click.option("--model", metavar="FILE", help="The trained tagger of an ensemble.")
@click.option("--predict", metavar="FILE", help="Sentences that the trained tagger labels.")
@click.option("--gold", metavar="FILE", help="Right labels, to score the result.")
@click.option("--results", metavar="DIR", help="Folder of the results.  [default: named after the recipe]")
@click.option("--out", "-o", default="recipe.toml", show_default=True, metavar="FILE", help="The recipe to write.")
@click.option("--force", is_flag=True, help="Replace the recipe if it is there.")
def command(
    kind: str,
    task: str,
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
    out: str,
    force: bool,
) -> None:
    """Write a recipe for 'crosspan run', with a line on every option.

    What is not given stays in the recipe as a comment, or as a name to be filled in. Paths are written relative to the
    recipe.
    """
    from crosspan.io.files import open_output
    from crosspan.run import new_recipe

    if out != "-" and os.path.exists(out) and not force:
        raise OptionError(f"{out!r} is there already", hint="Choose another name, or add --force to replace it.")
    folder = os.path.dirname(os.path.abspath(out)) if out != "-" else os.getcwd()
    stem = os.path.splitext(os.path.basename(out))[0] if out != "-" else "recipe"

    def path(name: str | None) -> str | None:
        return None if name is None else os.path.relpath(os.path.abspath(name), folder)

    def model_name(name: str | None) -> str | None:
        return path(name) if name is not None and (os.path.exists(name) or name.endswith(".crf")) else name

    text = new_recipe(
        task,
        {
            "": {"out": path(results) or f"{stem}.out"},
            "source": {"path": path(source), "lang": source_lang},
            "target": {"path": path(target), "lang": target_lang},
            "bitext": {"files": [[path(one), path(other)] for one, other in bitext] or None},
            "tag": {"model": model_name(tagger)},
            "predict": {"path": path(predict)},
            "ensemble": {"model": model_name(model)},
            "evaluate": {"path": path(gold)},
        },
    )
    with open_output(out) as stream:
        stream.write(text)
    if out != "-":
        click.echo(f"{out}: written; fill in what is missing, then: crosspan run {out} --dry-run", err=True)
