"""What can be known of a new language beforehand, and which kind of transfer to try first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from textwrap import fill
from typing import Any

from crosspan.core.errors import EmptyInputError
from crosspan.lab.advise.choice import FITTED_ON, CaseSide, RuleChoice, shipped
from crosspan.lab.advise.encoders import Pretraining, language_of, pretraining_lists, pretraining_of, usual_scripts
from crosspan.lab.bench.kinds import Kind
from crosspan.models.pieces import pieces_of
from crosspan.text.scripts import script_of
from crosspan.translate.languages import english_name

_WIDTH = 110
_BY_MACHINE = "WikiANN"
"""The data set of the figures whose labels come from links of Wikipedia."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How a tokenizer cuts text.

    Args:
        words: Words of the text.
        pieces_per_word: Pieces that a word is cut into, on average.
        unknown: Share of the pieces that the tokenizer does not know; 0 where it falls back on bytes.
        words_with_unknown: Share of the words with such a piece.
    """

    words: int
    pieces_per_word: float
    unknown: float
    words_with_unknown: float


@dataclass(frozen=True, slots=True)
class LanguageFacts:
    """What is known beforehand.

    Args:
        language: Tag of the language.
        name: Its English name.
        encoder: The encoder, as it was named.
        pretraining: Where its list of languages is from; ``None`` where no list is known.
        on_list: Whether the language is on the list; ``None`` where there is none.
        scripts: Scripts of the text with their shares of the words, or without a text the usual ones, shares unknown.
        scripts_on_list: The same scripts: whether the list has a language in them; ``None`` where there is no list.
        same_script: Whether the list has the language in the script of the text; ``None`` where it lacks the language.
        cut: How the tokenizer of the encoder cuts the text; ``None`` without a text or a tokenizer.
        cut_of_source: How it cuts text of the source language.
    """

    language: str
    name: str
    encoder: str
    pretraining: Pretraining | None
    on_list: bool | None
    scripts: dict[str, float | None]
    scripts_on_list: dict[str, bool] | None
    same_script: bool | None
    cut: Cut | None
    cut_of_source: Cut | None


@dataclass(frozen=True, slots=True)
class Advice:
    """Facts, what to try first, and how far that is to be trusted.

    Args:
        facts: What is known.
        first: The kind to try first; ``None`` where nothing published says it.
        why: A sentence.
        evidence: Sentences on how often such advice was right, and where it was not.
        unknown: What is not known, and what would change that.
    """

    facts: LanguageFacts
    first: Kind | None
    why: str
    evidence: tuple[str, ...]
    unknown: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON, with the rule and its figures."""
        facts = asdict(self.facts)
        known = self.facts.pretraining
        facts["pretraining"] = known and {"title": known.title, "read": known.read, "note": known.note}
        return {
            "facts": facts,
            "first": self.first,
            "why": self.why,
            "evidence": list(self.evidence),
            "unknown": list(self.unknown),
            "rule": shipped().to_dict(),
        }

    def text(self) -> str:
        """As lines for a terminal."""
        lines = [f"{self.facts.name} ({self.facts.language}) and {self.facts.encoder}", *_fact_lines(self.facts), ""]
        lines.append(f"Try first: {self.first or 'cannot be said'}. {self.why}")
        lines += [fill(one, _WIDTH, initial_indent="- ", subsequent_indent="  ") for one in self.evidence]
        lines += [f"Not known: {one}" for one in self.unknown]
        return "\n".join(lines)


def advise(
    language: str,
    encoder: str = "xlm-roberta-base",
    *,
    text: Sequence[Sequence[str]] = (),
    source: Sequence[Sequence[str]] = (),
    tokenizer: Any = None,
) -> Advice:
    """Say what is known of a language beforehand, and which kind of transfer to try first.

    Args:
        language: Any usual form of it: ``"Luganda"``, ``"lg"``, ``"lug"``.
        encoder: Name or folder of the encoder that would be fine-tuned, or the key of a list of languages.
        text: Words of sentences of the language, for its script and for how it is cut.
        source: Words of sentences of the source language, to compare with.
        tokenizer: The tokenizer of the encoder, where it is at hand.

    Raises:
        OptionError: Nobody knows such a language.
        EmptyInputError: A text was given, but it has no words.
        MissingDependencyError: ``crosspan[neural]`` is not installed.
        ModelError: The tokenizer does not say which word a piece belongs to.

    Example:
        >>> advise("Luganda").first, advise("Hausa").first, advise("Hausa", "my-own-encoder").first
        ('data transfer', 'model transfer', None)
    """
    facts = _facts(language, encoder, text, source, tokenizer)
    first, why = _first(facts)
    return Advice(facts, first, why, _evidence(facts, shipped()) if first else (), tuple(_unknown(facts, bool(text))))


def how_cut(tokenizer: Any, sentences: Sequence[Sequence[str]]) -> Cut:
    """How a tokenizer cuts the words of a text.

    Args:
        tokenizer: A fast tokenizer of transformers.
        sentences: Words of each sentence.

    Raises:
        EmptyInputError: There is no word.
        ModelError: The tokenizer does not say which word a piece belongs to.
    """
    n_words = sum(map(len, sentences))
    if not n_words:
        raise EmptyInputError("the text has no words", hint="Name a file with some sentences of the language.")
    unknown = tokenizer.unk_token_id
    n_pieces = n_unknown = n_words_unknown = 0
    for pieces in pieces_of(tokenizer, sentences):
        n_pieces += len(pieces)
        if unknown is not None:
            hit = pieces.ids == unknown
            n_unknown += int(hit.sum())
            n_words_unknown += len(set(pieces.word[hit].tolist()))
    return Cut(n_words, n_pieces / n_words, n_unknown / n_pieces, n_words_unknown / n_words)


def _facts(
    language: str, encoder: str, text: Sequence[Sequence[str]], source: Sequence[Sequence[str]], tokenizer: Any
) -> LanguageFacts:
    wanted = language_of(language)
    known = pretraining_of(encoder)
    scripts = _scripts(text) if text else dict.fromkeys(usual_scripts(wanted))
    main = next(iter(scripts), None)
    of_language = known.scripts_of(language) if known else None
    # with neither a text nor a script in the name, the language is taken to be written as it usually is
    named = bool(text) or wanted.script is not None
    return LanguageFacts(
        language=wanted.tag,
        name=english_name(wanted.tag),
        encoder=encoder,
        pretraining=known,
        on_list=None if known is None else of_language is not None,
        scripts=scripts,
        scripts_on_list=None if known is None else {one: one in known.scripts() for one in scripts},
        same_script=None if of_language is None else (not named or main is None or main in of_language),
        cut=how_cut(tokenizer, text) if tokenizer is not None and text else None,
        cut_of_source=how_cut(tokenizer, source) if tokenizer is not None and text and source else None,
    )


def _scripts(text: Sequence[Sequence[str]]) -> dict[str, float | None]:
    """The scripts of a text by their shares of the words that have one, the most frequent first."""
    counts = Counter(script for word in chain.from_iterable(text) if (script := script_of(word)) != "Common")
    if not counts:
        raise EmptyInputError(
            "the text has no words in any script", hint="Name a file with some sentences of the language."
        )
    return {script: count / counts.total() for script, count in counts.most_common()}


def _first(facts: LanguageFacts) -> tuple[Kind | None, str]:
    rule = shipped().rule
    known = facts.pretraining
    if known is None:
        return None, "The rule asks whether the encoder has seen the language, and no list of its languages is known."
    if facts.same_script is False:
        script = next(iter(facts.scripts))
        return None, (
            f"{facts.name} is on the list of {known.title}, but not in {script} script; there are no figures for that."
        )
    assert facts.on_list is not None
    first = rule.first(facts.on_list)
    return first, f"{facts.name} is {'' if facts.on_list else 'not '}on the list of {known.title}."


def _evidence(facts: LanguageFacts, choice: RuleChoice) -> tuple[str, ...]:
    total = choice.held_out
    assert facts.on_list is not None
    sides = [side for side in choice.sides if side.seen == facts.on_list]
    fitted = [side for side in sides if (side.encoder, side.system) == FITTED_ON]
    others = [side for side in sides if side.encoder != FITTED_ON[0]]
    kind = choice.rule.first(facts.on_list)
    what = "on the list" if facts.on_list else "off the list"
    found = [
        f"The rule was right for {total} languages of two data sets that it was not fitted on "
        f"(95 % interval {100 * total.low:.0f} to {100 * total.high:.0f} %); always data transfer would have been for "
        f"{choice.always['data transfer'].right}, always model transfer for {choice.always['model transfer'].right}.",
        _inside(choice),
        f"{kind.capitalize()} is ahead {what}: {_counted(fitted, kind)} (XLM-R large); {_counted(others, kind)}.",
    ]
    if facts.on_list:
        found.append(
            f"So this side of the rule rests on {_BY_MACHINE}, whose labels are made by machine. Where people made "
            f"them, model transfer was ahead in {_by_people(sides)}: compare both before you settle."
        )
    else:
        found.append(
            "Nearly all of these are African languages in Latin script, with translations by NLLB: data transfer needs "
            "a translator that knows the language."
        )
    return tuple(found)


def _inside(choice: RuleChoice) -> str:
    """How the rule does inside each data set, where it cannot gain by telling the data sets apart."""
    parts = []
    fitted = [side for side in choice.sides if (side.encoder, side.system) == FITTED_ON]
    for data in dict.fromkeys(side.data for side in fitted):
        these = [side for side in fitted if side.data == data]
        total, models = (sum(getattr(side.model_ahead, name) for side in these) for name in ("of", "right"))
        right = sum(
            side.model_ahead.right if choice.rule.first(side.seen) == "model transfer" else _projected_ahead(side)
            for side in these
        )
        parts.append(f"{right} against {max(models, total - models)} of {total} in {data}")
    return f"Inside one data set it is hardly better than one answer for all: {', '.join(parts)}."


def _projected_ahead(side: CaseSide) -> int:
    return side.model_ahead.of - side.model_ahead.right


def _by_people(sides: Sequence[CaseSide]) -> str:
    """Where model transfer is ahead in data labelled by people, each data set counted once."""
    of_people = {side.data: side.model_ahead for side in reversed(sides) if side.data != _BY_MACHINE}
    return f"{sum(one.right for one in of_people.values())} of {sum(one.of for one in of_people.values())}"


def _counted(sides: Sequence[CaseSide], kind: Kind) -> str:
    def right(side: CaseSide) -> int:
        return side.model_ahead.right if kind == "model transfer" else _projected_ahead(side)

    return ", ".join(
        f"{right(side)} of {side.model_ahead.of} in {side.data}"
        + (f" ({pretraining_lists()[side.encoder].title}, {side.system})" if side.encoder != FITTED_ON[0] else "")
        for side in sides
    )


def _unknown(facts: LanguageFacts, has_text: bool) -> list[str]:
    found = []
    if facts.pretraining is None:
        found.append(
            "what the encoder has learned from. If it is an XLM-R, name its list: --encoder xlm-r; others likewise."
        )
    if not has_text:
        found.append("how the encoder cuts the language into pieces. --text FILE measures it.")
    elif facts.cut is None:
        found.append("how the encoder cuts the language into pieces: its tokenizer is not at hand.")
    return found


def _fact_lines(facts: LanguageFacts) -> list[str]:
    known = facts.pretraining
    lines = []
    if known is None:
        lines.append("language seen     not known: there is no list for this encoder")
    else:
        lines.append(f"language seen     {'yes' if facts.on_list else 'no'}, by the list of {known.title}")
    for script, share in facts.scripts.items():
        seen = facts.scripts_on_list
        part = "" if share is None else f", {100 * share:.0f} % of the words"
        answer = "not known" if seen is None else "yes" if seen[script] else "no"
        lines.append(f"script seen       {answer}: {script}{part}")
    if facts.cut is not None:
        beside = facts.cut_of_source
        than = "" if beside is None else f"; {beside.pieces_per_word:.2f} for text of the source language"
        lines.append(f"pieces a word     {facts.cut.pieces_per_word:.2f} over {facts.cut.words:,} words{than}")
        than = "" if beside is None else f"; {100 * beside.unknown:.1f} % for text of the source language"
        lines.append(f"unknown pieces    {100 * facts.cut.unknown:.1f} %{than}")
    return lines
