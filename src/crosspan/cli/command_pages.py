"""Pages of the commands, made from their declarations."""

from __future__ import annotations

import inspect
import re
from functools import partial

import click

from crosspan.cli.main import GROUPS, MORE, VERBS, cli
from crosspan.core.tables import Table, words
from crosspan.manual.pages import Page
from crosspan.manual.prose import escaped

_CHOICES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]")
"""How click shows what an option can be."""


def command_pages() -> list[Page]:
    """A page that lists all commands, and a page for each.

    Example:
        >>> [page.name for page in command_pages()][:2]
        ['commands', 'commands/project']
    """
    pages = [Page("commands", "Commands", _list_page)]
    return pages + [Page(page_of(verb), f"crosspan {verb}", partial(_command_page, verb)) for verb in VERBS]


def page_of(verb: str) -> str:
    """The name of the page of a verb.

    Example:
        >>> page_of("review apply")
        'commands/review-apply'
    """
    return f"commands/{verb.replace(' ', '-')}"


def command_of(verb: str) -> click.Command:
    """The command of a verb, which may be one of a group."""
    found: click.Command | None = cli
    for word in verb.split():
        found = found.get_command(click.Context(found), word) if isinstance(found, click.Group) else None
    if found is None:
        raise KeyError(verb)
    return found


def _list_page() -> str:
    alone = [verb for verb in VERBS if " " not in verb]
    parts = [
        "# Commands",
        "Made from the code: what `crosspan VERB --help` says, a page for each verb. [Errors](errors.md) has the exit "
        "codes and what messages mean, [the settings](settings/aligners.md) what `--set` takes.",
        _listed(alone),
    ]
    for group, about in GROUPS.items():
        parts += [f"## {group}", about, _listed([verb for verb in VERBS if verb.startswith(f"{group} ")])]
    return "\n\n".join(parts) + "\n"


def _listed(verbs: list[str]) -> str:
    rows = [(f"[`{verb}`]({page_of(verb)}.md)", VERBS[verb][1]) for verb in verbs]
    return Table(words("verb", "what it does"), rows).markdown()


def _command_page(verb: str) -> str:
    command = command_of(verb)
    context = click.Context(command, info_name=f"crosspan {verb}")
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    rows = [row for one in options if (row := _row(one, context)) is not None]
    parts = [
        f"# crosspan {verb}",
        _prose(command.help or ""),
        f"```sh\n{usage}\n```",
        Table(words("option", "what it does"), rows).markdown(),
    ]
    if verb in MORE:
        parts.append(f"More: [{MORE[verb]}](../{MORE[verb]}.md).")
    return "\n\n".join(parts) + "\n"


def _row(option: click.Option, context: click.Context) -> tuple[str, str] | None:
    """An option and what it does; names that it can have are told one by one, as bars end the cells of a table."""
    record = option.get_help_record(context)
    if record is None:
        return None
    name, about = record[0], escaped(" ".join(record[1].split()))
    choices = _CHOICES.search(name)
    if choices:
        name = name.replace(choices[0], "NAME")
        about += f" NAME is one of {', '.join(f'`{one}`' for one in choices[1].split('|'))}."
    return f"`{name}`", about


def _prose(text: str) -> str:
    """The text of a command's help as Markdown: what is laid out there stays as it is."""
    parts = re.split(r"\n\n+", inspect.cleandoc(text))
    return "\n\n".join(
        f"```text\n{part.removeprefix(chr(8)).strip(chr(10))}\n```" if part.startswith("\b") else escaped(part)
        for part in parts
    )
