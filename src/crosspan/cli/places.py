"""What a verb reads and writes: the types of its parameters say so, and all of it is checked before the verb begins.

No result takes the place of what is read, by whatever name, and every result has a place where it can be written: that
is found out here, once for all verbs. A parameter that holds a path has one of the types below.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from glob import glob
from pathlib import Path
from typing import Any

import click

from crosspan.core.model_options import names_a_cache, names_a_model
from crosspan.core.overwrites import check_outputs, no_folders, try_file, try_folder
from crosspan.core.urls import is_url


class PlaceType(click.ParamType[str]):
    """A parameter that names a file or folder, or may do so."""

    name = "path"
    trial: Callable[[str | os.PathLike[str]], None] | None = None
    """What finds out, before the work, whether something can be written there."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Take it as it is."""
        return str(value)

    def read(self, values: Sequence[str]) -> Iterable[str]:
        """The files and folders that are read, of all values of the parameter."""
        return ()

    def written(self, values: Sequence[str]) -> Iterable[str]:
        """The files and folders that are written."""
        return ()


class InFile(PlaceType):
    """A file that is read, or a folder that is read like one. Others in its place are refused where they are opened."""

    def read(self, values: Sequence[str]) -> Iterable[str]:
        """All but such folders."""
        if not any(map(os.path.isdir, values)):
            return values  # which formats there are need not be known for that
        from crosspan.io.dataset_folder import places_read

        return places_read(values)


class InRun(InFile):
    """Files, or the folder of a run: a result may stand in it, beside what is read there."""

    def read(self, values: Sequence[str]) -> Iterable[str]:
        """The files, or those of the run."""
        if len(values) == 1 and os.path.isdir(values[0]):
            return [str(path) for path in Path(values[0]).glob("*") if path.suffix != ".html"]
        return super().read(values)


class InModel(PlaceType):
    """A model that is read: a file or folder, also behind what loads it, or what it is for; other names are no paths.

    Example:
        >>> list(InModel().read(["onnx:.", "sw=.", "xlm-roberta-base"]))
        ['.', '.']
    """

    def read(self, values: Sequence[str]) -> Iterable[str]:
        """What is there of it; ``{lang}`` in a name stands for any language."""
        for value in values:
            for place in _behind(value):
                if os.path.exists(place):
                    yield place
                elif "{lang}" in place:
                    yield from glob(place.replace("{lang}", "*"))


class InNames(PlaceType):
    """Names, or a file of them that is read.

    Example:
        >>> list(InNames().read(["O,B-PER"]))
        []
    """

    def read(self, values: Sequence[str]) -> Iterable[str]:
        """The file, where it is one."""
        return [value for value in values if os.path.isfile(value)]


class OutFile(PlaceType):
    """A file that is written."""

    trial: Callable[[str | os.PathLike[str]], None] | None = staticmethod(try_file)

    def written(self, values: Sequence[str]) -> Iterable[str]:
        """All."""
        return values


class OutFolder(OutFile):
    """A folder that is written, and nothing else is in it."""

    trial = staticmethod(try_folder)


class OutPlace(OutFile):
    """A file or folder that is written; the verb finds out itself whether it can be."""

    trial = None


class CachePlace(OutPlace):
    """A folder of what is finished, or a URL, which is no place of this machine.

    Example:
        >>> list(CachePlace().written(["s3://bucket/run"]))
        []
    """

    def written(self, values: Sequence[str]) -> Iterable[str]:
        """Folders."""
        return [value for value in values if not is_url(value)]


class FilledFolder(PlaceType):
    """A folder in which results are put beside what is there; the verb checks each of them itself."""


class SearchedFolder(PlaceType):
    """A folder in which files are found by their names; the verb checks itself those that it found."""


class SettingType(PlaceType):
    """A setting, ``KEY=VALUE``: some name a model that is read, or a file or folder of what was worked out before.

    Example:
        >>> list(SettingType().written(["translate.cache=answers.db", "beams=4"]))
        ['answers.db']
    """

    name = "setting"

    def read(self, values: Sequence[str]) -> Iterable[str]:
        """Models that are here."""
        return InModel().read([value for name, value in map(_setting, values) if names_a_model(name)])

    def written(self, values: Sequence[str]) -> Iterable[str]:
        """Caches."""
        return [value for name, value in map(_setting, values) if names_a_cache(name)]


class Verb(click.Command):
    """A command whose places are checked before it begins."""

    def invoke(self, ctx: click.Context) -> Any:
        """Check, then do it.

        Raises:
            OptionError: A result would take the place of what is read, or of another.
            OutputError: A result cannot be written.
        """
        check_places(self.params, ctx.params)
        return super().invoke(ctx)


def verb(name: str, **how: Any) -> Callable[[Callable[..., Any]], Verb]:
    """The decorator of a verb: ``click.command``, with the check of its places.

    Args:
        name: What it is called.
        how: As of ``click.command``.
    """
    return click.command(name, cls=Verb, **how)


def check_places(parameters: Iterable[click.Parameter], given: Mapping[str, Any]) -> None:
    """Check what a verb reads against what it writes, and that it can write it.

    Args:
        parameters: Of the verb.
        given: Their values by name.

    Raises:
        OptionError: A result would take the place of what is read, or of another.
        OutputError: A result cannot be written.
    """
    read: list[str] = []
    written: list[tuple[str, Callable[[str], None] | None]] = []
    for parameter in parameters:
        kind = parameter.type
        if isinstance(kind, PlaceType):
            values = list(_flat(given.get(parameter.name or "")))
            read += kind.read(values)
            written += [(path, kind.trial) for path in kind.written(values)]
    files = no_folders(path for path, trial in written if trial is try_file)
    check_outputs([*files, *(path for path, trial in written if trial is not try_file)], read)
    for path, trial in written:
        if trial is not None:
            trial(path)


def _flat(value: Any) -> Iterator[str]:
    """The values of a parameter: one, several, or several pairs."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _flat(one)


def _behind(value: str) -> list[str]:
    """A value, and what stands in it behind an equals sign, a colon, or both."""
    found = [value, value.partition("=")[2]]
    return [place for one in found for place in (one, one.partition(":")[2]) if place]


def _setting(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name.strip().replace("-", "_"), value.strip()
