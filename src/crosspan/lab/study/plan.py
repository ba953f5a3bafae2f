"""Reads the TOML file of a study, checks every setting, and writes it again with every default."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from crosspan.core.errors import FormatError, OptionError
from crosspan.core.files import PathLike
from crosspan.core.nearest import did_you_mean
from crosspan.core.values import as_field
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
from crosspan.pipeline.recipes.toml_text import read_toml, toml_text

T = TypeVar("T")

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
            ("mode", [{"name": one.name, "use": one.use, **one.settings} for one in self.modes if one.name != PLAIN]),
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
    data, _ = read_toml(path)
    return _Reader(shown).plan(data, Path(shown).resolve().parent, limits or {})


class _Reader:
    """Turns values into a plan."""

    def __init__(self, shown: str) -> None:
        self.shown = shown

    def plan(self, data: Mapping[str, Any], folder: Path, limits: Mapping[str, float]) -> StudyPlan:
        values = {name: value for name, value in data.items() if name not in _TABLES}
        known = [*(field.name for field in fields(StudyTable)), *_TABLES]
        for name in values:
            if name not in known:
                raise self._error("", OptionError(f"there is no key {name!r}", hint=_near(name, known)))
        general = self._table("", StudyTable, values)
        given = general.data or os.environ.get(DATA, "")
        pretrain = self._inside(data, "pretrain")
        pretrain["text"] = self._texts("pretrain", pretrain.get("text", []))
        unlabelled = self._inside(data, "unlabelled")
        files = unlabelled.get("files", {})
        if not isinstance(files, Mapping):
            raise self._error("unlabelled", OptionError("files is no table", hint="Write [unlabelled.files]."))
        unlabelled["files"] = {lang: self._texts("unlabelled", text) for lang, text in files.items()}
        train = self._table("train", TrainingTable, self._inside(data, "train"))
        plan = StudyPlan(
            shown=self.shown,
            root=Path(os.path.normpath(folder / given)),
            general=general,
            limits=self._table("limits", Limits, {**self._inside(data, "limits"), **limits}),
            train=train,
            pretrain=self._table("pretrain", PretrainTable, pretrain),
            unlabelled=self._table("unlabelled", Unlabelled, unlabelled),
            modes=(Mode(name=PLAIN), *self._modes(data, train.use)),
            encoders=tuple(self._table("encoder", EncoderTable, one) for one in self._rows(data, "encoder")),
            tests=tuple(self._table("test", Tests, one) for one in self._rows(data, "test")),
            groups={
                name: tuple(map(str, members)) if isinstance(members, list) else (str(members),)
                for name, members in self._inside(data, "groups").items()
            },
        )
        self._check(plan)
        return plan

    def _modes(self, data: Mapping[str, Any], trainer: str) -> list[Mode]:
        """The ways of training; what adversarial ones have in common is put into each."""
        common = self._inside(data, "adversarial")
        found = []
        for row in self._rows(data, "mode"):
            use = str(row.get("use", ""))
            with self._naming("mode"):
                adversarial = is_adversarial(use or trainer)
            own = {key: value for key, value in row.items() if key not in ("name", "use")}
            settings = {**(common if adversarial else {}), **own}
            name = str(row.get("name") or settings.get("mode") or use)
            if adversarial and not use:
                settings.setdefault("mode", name)
            found.append(Mode(name=name, use=use, settings=settings))
        return found

    def _check(self, plan: StudyPlan) -> None:
        """What one table alone does not tell."""
        for table, rows in (("encoder", plan.encoders), ("test", plan.tests)):
            if not rows:
                raise self._error(table, OptionError("there is none", hint=f"Write at least one [[{table}]]."))
        for table, names in (
            ("encoder", [one.name for one in plan.encoders]),
            ("mode", [one.name for one in plan.modes]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                hint = f"{PLAIN} is always run." if twice == [PLAIN] else "Give each a name of its own."
                raise self._error(table, OptionError(f"{twice[0]!r} is there twice", hint=hint))
        if any(one.shape for one in plan.encoders) and not plan.pretrain.text:
            raise self._error(
                "pretrain",
                OptionError("there is no text to pre-train encoders on", hint="Name files as text in [pretrain]."),
            )
        self._check_options(plan)

    def _check_options(self, plan: StudyPlan) -> None:
        """The settings that are handed on, as far as they can be read without training anything."""
        for encoder in plan.encoders:
            with self._naming(f"encoder {encoder.name}"):
                trainings = [training_of(plan, encoder, PLAIN)]
                if encoder.shape:
                    shape_of(encoder)
                    pretrain_options(plan, encoder, 0, "auto")
            for mode in plan.modes[1:]:
                with self._naming(f"mode {mode.name}"):
                    trainings.append(training_of(plan, encoder, mode.name))
            if not plan.unlabelled.files and any(one.component.unlabelled for one in trainings):
                raise self._error(
                    "unlabelled",
                    OptionError(
                        "adversarial training needs text of the target languages, and there is none",
                        hint="Name files by language in [unlabelled.files].",
                    ),
                )

    def _inside(self, data: Mapping[str, Any], name: str) -> dict[str, Any]:
        found = data.get(name, {})
        if not isinstance(found, Mapping):
            raise self._error(name, OptionError("this is one value, no table", hint=f"Write [{name}]."))
        return dict(found)

    def _rows(self, data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
        found = data.get(name, [])
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise self._error(name, OptionError("this is no list of tables", hint=f"Write [[{name}]]."))
        return [dict(one) for one in found]

    def _texts(self, table: str, given: Any) -> tuple[TextSource, ...]:
        rows = given if isinstance(given, list) else [given]
        return tuple(self._table(table, TextSource, row if isinstance(row, Mapping) else {"path": row}) for row in rows)

    def _table(self, name: str, kind: type[T], values: Mapping[str, Any]) -> T:
        known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
        for key in values:
            if key not in known:
                raise self._error(name, OptionError(f"there is no key {key!r}", hint=_near(key, sorted(known))))
        defaults = _defaults(kind)
        with self._naming(name):
            return kind(**{key: as_field(kind, key, value, defaults[key]) for key, value in values.items()})

    @contextmanager
    def _naming(self, table: str) -> Iterator[None]:
        """Give an error the table that it speaks of."""
        try:
            yield
        except OptionError as error:
            raise self._error(table, error) from error

    def _error(self, table: str, error: OptionError) -> OptionError:
        where = f"{self.shown}: [{table}]" if table else self.shown
        return OptionError(error.message, where=where, hint=error.hint)


def _defaults(kind: type[Any]) -> dict[str, Any]:
    """The default of each field, made without the checks of the whole."""
    found = {}
    for field in fields(kind):
        if field.default is not MISSING:
            found[field.name] = field.default
        elif field.default_factory is not MISSING:
            found[field.name] = field.default_factory()
    return found


def _near(name: str, known: Sequence[str]) -> str:
    return did_you_mean(name, known, quoted=False)
