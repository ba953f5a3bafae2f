"""Which kind of transfer to try first: a rule fitted on published figures, and how often it was right elsewhere.

A case is a language of a data set for which both kinds were published with the same encoder. The rules are as few as
the cases allow: two that say the same of every language, and one that asks whether the encoder has seen it. The
script cannot be a question of its own: every script of the cases is on the encoder's list.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from crosspan.core.errors import OptionError
from crosspan.evaluate.proportions import exact_interval
from crosspan.lab.advise.encoders import language_of, pretraining_lists, pretraining_of
from crosspan.lab.bench.kinds import KINDS, Kind, kind_of
from crosspan.lab.bench.published import language_tables

FITTED_ON = ("xlm-r", "heuristic, SimAlign")
"""The encoder and the way to project of the cases that the rule is fitted on: the only one for which the means of the
figures by language are those of the paper on both data sets."""


class Case(NamedTuple):
    """A language of a data set with both kinds of figures.

    Args:
        code: The language, as the data set calls it.
        language: The same language, however a data set calls it.
        data: The data set.
        seen: Whether the language is on the list of the encoder.
        model: F1 of model transfer.
        projected: F1 of data transfer.
    """

    code: str
    language: str
    data: str
    seen: bool
    model: float
    projected: float

    @property
    def ahead(self) -> Kind:
        """The kind that is ahead; equal figures count for model transfer, which is less work."""
        return "data transfer" if self.projected > self.model else "model transfer"

    def f1(self, kind: Kind) -> float:
        """F1 of a kind."""
        return self.model if kind == "model transfer" else self.projected


class Rule(NamedTuple):
    """What to try first.

    Args:
        key: Its name.
        seen: Where the encoder has seen the language.
        unseen: Where it has not.
    """

    key: str
    seen: Kind
    unseen: Kind

    def first(self, seen: bool) -> Kind:
        """The kind to try first."""
        return self.seen if seen else self.unseen


RULES = (
    Rule("always model transfer", "model transfer", "model transfer"),
    Rule("always data transfer", "data transfer", "data transfer"),
    Rule("model transfer where the encoder has seen the language", "model transfer", "data transfer"),
)
"""The rules there are, the simplest first."""


@dataclass(frozen=True, slots=True)
class Share:
    """How often something was so.

    Args:
        right: Cases where it was.
        of: All cases.
        low: Lower end of the exact 95 % interval, cases taken to be independent.
        high: Its upper end.
    """

    right: int
    of: int
    low: float
    high: float

    @classmethod
    def count(cls, cases: Sequence[Case], holds: Callable[[Case], bool]) -> Share:
        """Count the cases where something holds."""
        right = sum(map(holds, cases))
        return cls(right, len(cases), *(round(end, 4) for end in exact_interval(right, len(cases))))

    def __str__(self) -> str:
        return f"{self.right} of {self.of}"


def share_ahead(cases: Sequence[Case], kind: Kind) -> Share:
    """Where a kind is ahead, which is how often it is right to say so of every language."""
    return Share.count(cases, lambda one: one.ahead == kind)


def cases_of(encoder: str = FITTED_ON[0], system: str = FITTED_ON[1]) -> tuple[Case, ...]:
    """The cases of an encoder and a system of data transfer.

    Args:
        encoder: Key of its list.
        system: As the published figures call it.

    Raises:
        OptionError: There are none.
        MissingDependencyError: ``crosspan[neural]`` is not installed.

    Example:
        >>> [(one.code, one.seen, one.ahead) for one in cases_of() if one.language == "sw"]
        [('swa', True, 'model transfer'), ('sw', True, 'data transfer')]
    """
    tables = [one for one in language_tables() if one.encoder == encoder]
    of_models = {one.data: one.f1 for one in tables if kind_of(one.pipeline) == "model transfer"}
    known = pretraining_lists()[encoder]
    found = [
        Case(
            code,
            language_of(code).language,
            one.data,
            known.scripts_of(code) is not None,
            of_models[one.data][code],
            f1,
        )
        for one in tables
        if one.system == system
        for code, f1 in one.f1.items()
    ]
    if not found:
        raise OptionError(f"there are no figures by language of {system!r} with {encoder}")
    return tuple(found)


def systems() -> list[tuple[str, str]]:
    """Encoders and systems of data transfer that there are cases of."""
    found = ((one.encoder, one.system) for one in language_tables() if kind_of(one.pipeline) == "data transfer")
    return list(dict.fromkeys(found))


def fit(cases: Sequence[Case]) -> Rule:
    """The rule that is right most often; of several, the simplest.

    Example:
        >>> african = [one for one in cases_of() if one.data == "MasakhaNER 2"]
        >>> fit(african).key
        'model transfer where the encoder has seen the language'
    """
    return max(RULES, key=lambda rule: sum(rule.first(one.seen) == one.ahead for one in cases))  # the first of equals


def held_out(cases: Sequence[Case]) -> tuple[tuple[Case, Kind], ...]:
    """What is said of each language by a rule fitted on the others, a language of two data sets left out of both.

    Args:
        cases: Of two languages at least.
    """
    rules = {lang: fit([one for one in cases if one.language != lang]) for lang in {one.language for one in cases}}
    return tuple((one, rules[one.language].first(one.seen)) for one in cases)


def across(cases: Sequence[Case], data: str) -> tuple[Rule, Share]:
    """Fit on one data set, test on the others, without the languages that it has too.

    Args:
        cases: All cases.
        data: The data set to fit on.
    """
    inside = [one for one in cases if one.data == data]
    languages = {one.language for one in inside}
    outside = [one for one in cases if one.data != data and one.language not in languages]
    rule = fit(inside)
    return rule, Share.count(outside, lambda one: rule.first(one.seen) == one.ahead)


@dataclass(frozen=True, slots=True)
class CaseSide:
    """Cases of one data set, one encoder and one system, all on its list or none.

    Args:
        encoder: Key of the list.
        system: Of data transfer.
        data: The data set.
        seen: Whether these languages are on the list.
        model_ahead: Where model transfer is ahead.
    """

    encoder: str
    system: str
    data: str
    seen: bool
    model_ahead: Share


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """The rule of the package and its evidence.

    Args:
        rule: Fitted on all cases of :data:`FITTED_ON`.
        held_out: How often it was right of languages it was not fitted on.
        always: The same of the rules that say one thing of all.
        f1: Mean F1 over these cases of what is tried first: by the rule, always the one, always the other, and the
            better one of each language.
        sides: Where model transfer is ahead, by encoder, system, data set and whether a language is on the list.
    """

    rule: Rule
    held_out: Share
    always: dict[Kind, Share]
    f1: dict[str, float]
    sides: tuple[CaseSide, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {**asdict(self), "rule": self.rule._asdict()}


def measure() -> RuleChoice:
    """Fit the rule and see how often it is right; what the package comes with is the result of this.

    Raises:
        MissingDependencyError: ``crosspan[neural]`` is not installed.
    """
    cases = cases_of()
    said = held_out(cases)
    answers = dict(said)
    f1 = {
        "rule": [one.f1(kind) for one, kind in said],
        **{f"always {kind}": [one.f1(kind) for one in cases] for kind in KINDS},
        "better of both": [max(one.model, one.projected) for one in cases],
    }
    return RuleChoice(
        rule=fit(cases),
        held_out=Share.count(cases, lambda one: answers[one] == one.ahead),
        always={kind: share_ahead(cases, kind) for kind in KINDS},
        f1={name: round(sum(values) / len(values), 4) for name, values in f1.items()},
        sides=tuple(_sides()),
    )


def _sides() -> list[CaseSide]:
    found = []
    for encoder, system in systems():
        cases = cases_of(encoder, system)
        for data, seen in dict.fromkeys((one.data, one.seen) for one in cases):
            these = [one for one in cases if (one.data, one.seen) == (data, seen)]
            found.append(CaseSide(encoder, system, data, seen, share_ahead(these, "model transfer")))
    return sorted(found, key=lambda side: not side.seen)


def first_by_language(languages: Mapping[str, str], encoders: Mapping[str, str]) -> list[str]:
    """What the rule says of the languages of a run, a line for each list of languages that its encoders have.

    Args:
        languages: The language of each entry.
        encoders: Name or folder of the encoder of each entry; those without a known list are passed over.

    Example:
        >>> first_by_language({"lug": "lug", "hau": "hau"}, {"lug": "xlm-roberta-base", "hau": "xlm-roberta-base"})
        ['to try first, by what XLM-R has seen: model transfer in hau; data transfer in lug']
    """
    found: dict[str, dict[Kind, list[str]]] = {}
    for entry, language in languages.items():
        known = pretraining_of(encoders[entry])
        if known is not None:
            kind = shipped().rule.first(known.scripts_of(language) is not None)
            found.setdefault(known.title, {one: [] for one in KINDS})[kind].append(entry)
    return [
        f"to try first, by what {title} has seen: "
        + "; ".join(f"{kind} in {' '.join(entries)}" for kind, entries in by_kind.items() if entries)
        for title, by_kind in found.items()
    ]


@cache
def shipped() -> RuleChoice:
    """The rule that comes with the package.

    Example:
        >>> shipped().rule.first(seen=False)
        'data transfer'
    """
    data = json.loads(files("crosspan.lab.advise").joinpath("choice.json").read_text(encoding="utf-8"))
    return RuleChoice(
        rule=Rule(**data["rule"]),
        held_out=Share(**data["held_out"]),
        always={kind: Share(**data["always"][kind]) for kind in KINDS},
        f1=data["f1"],
        sides=tuple(CaseSide(**{**side, "model_ahead": Share(**side["model_ahead"])}) for side in data["sides"]),
    )
