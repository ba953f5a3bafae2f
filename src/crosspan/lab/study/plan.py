"""Reads the TOML file of a study, checks every setting, and writes it again with every default."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.nearest import did_you_mean
from crosspan.core.toml_reader import Place, TomlReader, read_toml
from crosspan.lab.study.options import is_adversarial, pretrain_options, shape_of, training_of
from crosspan.lab.study.shipped import study_names
from crosspan.lab.study.tables import (
    PLAIN,
    EncoderTable,
    Limits,
    Mode,
    PretrainTable,
    StudyTable,
    Tests,
    TextSource,
    TrainingTable,
    Unlabelled,
)
from crosspan.pipeline.recipes.toml_text import toml_text
from crosspan.train import TRAINERS

DATA = "CROSSPAN_DATA"
"""The environment variable that names the data folder."""

_TABLES = ("limits", "train", "pretrain", "unlabelled", "adversarial", "mode", "encoder", "test", "groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyPlan:
    """A study that was read and checked.

    Args:
        shown: Its file, for messages.
        root: The folder that paths start from.
        general: What stands before the tables.
        limits, train, pretrain, unlabelled: The tables.
        modes: Plain fine-tuning, then the ways of adversarial training.
        encoders: The encoders, in the order of the page.
        tests: The test sets.
        groups: Languages by the name of their group.
    """

    shown: str
    root: Path
    general: StudyTable
    limits: Limits
    train: TrainingTable
    pretrain: PretrainTable
    unlabelled: Unlabelled
    modes: tuple[Mode, ...]
    encoders: tuple[EncoderTable, ...]
    tests: tuple[Tests, ...]
    groups: Mapping[str, tuple[str, ...]]

    def resolved(self) -> str:
        """The study with every option, as TOML; paths are as they were written."""
        data: dict[str, Any] = asdict(self.general)
        for name in ("limits", "train", "pretrain", "unlabelled"):
            data[name] = asdict(getattr(self, name))
        data["groups"] = {name: list(members) for name, members in self.groups.items()}
        text = toml_text(data)
        for name, rows in (
            ("mode", [_row(one) for one in self.modes if one.name != PLAIN]),
            ("encoder", [asdict(one) for one in self.encoders]),
            ("test", [asdict(one) for one in self.tests]),
        ):
            for row in rows:
                kept = {key: value for key, value in row.items() if value not in ("", {}, ())}
                text += toml_text(kept, name).replace(f"[{name}]\n", f"[[{name}]]\n", 1)
        return text

    def encoder(self, name: str) -> EncoderTable:
        """The encoder of a name."""
        return next(one for one in self.encoders if one.name == name)

    def mode(self, name: str) -> Mode:
        """The mode of a name."""
        return next(one for one in self.modes if one.name == name)

    def modes_of(self, encoder: str) -> list[Mode]:
        """The modes that an encoder is trained in."""
        return [one for one in self.modes if not one.encoders or encoder in one.encoders]


def _row(mode: Mode) -> dict[str, Any]:
    return {"name": mode.name, "use": mode.use, "encoders": list(mode.encoders) or "", **mode.settings}


def load_plan(path: PathLike, limits: Mapping[str, float] | None = None) -> StudyPlan:
    r"""Read the file of a study.

    Args:
        path: The file.
        limits: Other limits than it names, by their names.

    Raises:
        FormatError: The file cannot be read, or is not TOML.
        OptionError: A key is unknown, or a value is not possible.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "s.toml"
        ...     _ = path.write_text(
        ...         '[train]\npath="en.conll"\n[[encoder]]\nname="xlm-r"\n[[test]]\nsuite="uner"\nlanguages=["da"]'
        ...     )
        ...     plan = load_plan(path)
        >>> plan.encoders[0].source, [mode.name for mode in plan.modes]
        ('xlm-r', ['none'])
    """
    shown = os.fspath(path)
    if shown in study_names() and not os.path.exists(shown):
        hint = f"It is a ready study: write it into a file with crosspan new study --ready {shown}."
        raise FormatError("no such file", where=shown, hint=hint)
    data, text = read_toml(path)
    reader = _Reader(shown, text)
    plan = reader.plan(data, Path(shown).resolve().parent, limits or {})
    reader.check(plan, data)
    return plan


class _Reader:
    """Turns values into a plan."""

    def __init__(self, shown: str, text: str) -> None:
        self.shown = shown
        self.read = TomlReader(shown, text)

    def plan(self, data: Mapping[str, Any], folder: Path, limits: Mapping[str, float]) -> StudyPlan:
        top = Place("", {name: value for name, value in data.items() if name not in _TABLES})
        self.read.check_keys(top, [*(field.name for field in fields(StudyTable)), *_TABLES])
        general = self.read.table(top, StudyTable)
        train = self.read.table(self._place(data, "train"), TrainingTable)
        self.read.guarded(partial(TRAINERS.check, train.use), Place("train", {"use": train.use}))
        given = general.data or os.environ.get(DATA, "")
        return StudyPlan(
            shown=self.shown,
            root=Path(os.path.normpath(folder / given)),
            general=general,
            limits=self.read.table(self._place(data, "limits", limits), Limits),
            train=train,
            pretrain=self._pretrain(data),
            unlabelled=self._unlabelled(data),
            modes=(Mode(name=PLAIN), *self._modes(data, train.use)),
            encoders=tuple(self.read.table(one, EncoderTable) for one in self.read.rows(data, "encoder")),
            tests=tuple(self.read.table(one, Tests) for one in self.read.rows(data, "test")),
            groups={
                name: tuple(map(str, members)) if isinstance(members, list) else (str(members),)
                for name, members in self.read.inside(data, "groups").items()
            },
        )

    def _place(self, data: Mapping[str, Any], name: str, changes: Mapping[str, Any] | None = None) -> Place:
        return Place(name, {**self.read.inside(data, name), **(changes or {})})

    def _pretrain(self, data: Mapping[str, Any]) -> PretrainTable:
        text = self._texts("pretrain.text", self.read.inside(data, "pretrain").get("text", []))
        return self.read.table(self._place(data, "pretrain", {"text": text}), PretrainTable)

    def _unlabelled(self, data: Mapping[str, Any]) -> Unlabelled:
        given = self.read.inside(data, "unlabelled")
        files = given.get("files", {})
        if isinstance(files, Mapping):
            given["files"] = {lang: self._texts(f"unlabelled.files.{lang}", text) for lang, text in files.items()}
        return self.read.table(Place("unlabelled", given), Unlabelled)

    def _texts(self, name: str, given: Any) -> tuple[TextSource, ...]:
        rows = given if isinstance(given, list) else [given]
        return tuple(
            self.read.table(Place(name, row if isinstance(row, Mapping) else {"path": row}), TextSource) for row in rows
        )

    def _modes(self, data: Mapping[str, Any], trainer: str) -> list[Mode]:
        """The ways of training; what adversarial ones have in common is put into each."""
        common = self.read.inside(data, "adversarial")
        found = []
        for place in self.read.rows(data, "mode"):
            row = place.given
            use = str(row.get("use", ""))
            adversarial = self.read.guarded(partial(is_adversarial, use or trainer), place)
            own = {key: value for key, value in row.items() if key not in ("name", "use", "encoders")}
            settings = {**(common if adversarial else {}), **own}
            name = str(row.get("name") or settings.get("mode") or use)
            if adversarial and not use:
                settings.setdefault("mode", name)
            given = {"name": name, "use": use, "encoders": row.get("encoders", []), "settings": settings}
            found.append(self.read.table(replace(place, given=given), Mode))
        return found

    def check(self, plan: StudyPlan, data: Mapping[str, Any]) -> None:
        """What one table alone does not tell."""
        for table, named in (("encoder", plan.encoders), ("test", plan.tests)):
            if not named:
                error = OptionError(f"there is no [[{table}]]", hint=f"Write at least one [[{table}]].")
                raise self.read.error(Place("", {}), "", error)
        encoders, modes = self.read.rows(data, "encoder"), self.read.rows(data, "mode")
        self._check_names([one.name for one in plan.encoders], encoders, "Give each a name of its own.")
        self._check_names([one.name for one in plan.modes], [Place("mode", {}), *modes], f"{PLAIN} is always run.")
        known = [one.name for one in plan.encoders]
        for mode, place in zip(plan.modes[1:], modes, strict=True):
            if strange := [name for name in mode.encoders if name not in known]:
                error = OptionError(f"there is no encoder {strange[0]!r}", hint=did_you_mean(strange[0], known))
                raise self.read.error(place, "encoders", error)
        if any(one.shape for one in plan.encoders) and not plan.pretrain.text:
            hint = "Name files as text in [pretrain]."
            error = OptionError("there is no text to pre-train encoders on", hint=hint)
            raise self.read.error(Place("pretrain", {}), "", error)
        self._check_options(plan, data)

    def _check_names(self, names: Sequence[str], places: Sequence[Place], hint: str) -> None:
        for at, name in enumerate(names):
            if name in names[:at]:
                raise self.read.error(places[at], "", OptionError(f"{name!r} is there twice", hint=hint))

    def _check_options(self, plan: StudyPlan, data: Mapping[str, Any]) -> None:
        """The settings that are handed on, as far as they can be read without training anything."""
        modes = self.read.rows(data, "mode")
        shared = self._place(data, "adversarial")
        train = Place("train", plan.train.options, inside="options")
        pretrain = Place("pretrain", plan.pretrain.options, inside="options")
        for row, encoder in enumerate(plan.encoders):
            own = Place("encoder", encoder.train, row, "train")
            trainings = [self.read.guarded(partial(training_of, plan, encoder, PLAIN), own, train)]
            if encoder.shape:
                self.read.guarded(partial(shape_of, encoder), Place("encoder", encoder.shape, row, "shape"))
                before = Place("encoder", encoder.pretrain, row, "pretrain")
                self.read.guarded(partial(pretrain_options, plan, encoder, 0, "auto"), before, pretrain)
            for mode, place in zip(plan.modes[1:], modes, strict=True):
                if mode not in plan.modes_of(encoder.name):
                    continue
                make = partial(training_of, plan, encoder, mode.name)
                trainings.append(self.read.guarded(make, place, shared, own, train))
            if not plan.unlabelled.files and any(one.component.unlabelled for one in trainings):
                what = "adversarial training needs text of the target languages, and there is none"
                error = OptionError(what, hint="Name files by language in [unlabelled.files].")
                raise self.read.error(Place("unlabelled", {}), "", error)
