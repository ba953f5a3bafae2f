"""How a translation model is told the languages: what stands around the pieces of a text on both sides.

===============  ==============================  ====================  =================================
family           source                          target                models
===============  ==============================  ====================  =================================
``codes``        ``eng_Latn`` pieces ``</s>``    ``lug_Latn`` pieces   NLLB-200, M2M100, mBART-50
``target-code``  ``>>spa<<`` pieces ``</s>``     pieces                MarianMT with several targets
``pair``         pieces ``</s>``                 pieces                MarianMT for one pair
``tag``          ``<2es>`` pieces ``</s>``       pieces                MADLAD-400
``prefix``       a phrase, pieces, ``</s>``      pieces                T5, mT5 and what was made from them
===============  ==============================  ====================  =================================

Every target ends with ``</s>``. Which family a model belongs to, and which languages it knows, is read from its
tokenizer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.text.characters import encodable
from crosspan.translate.languages import code_of, english_name, same_language

Int32Array = npt.NDArray[np.int32]
Kind = Literal["codes", "target-code", "pair", "tag", "prefix"]

_CODES: tuple[re.Pattern[str], ...] = (
    re.compile(r"(?P<code>[a-z]{3}_[A-Z][a-z]{3})\Z"),  # NLLB: eng_Latn
    re.compile(r"(?P<code>[a-z]{2}_[A-Z]{2})\Z"),  # mBART-50: en_XX
    re.compile(r"__(?P<code>[a-z]{2,3})__\Z"),  # M2M100: __en__
)
_TAG = re.compile(r"<2(?P<code>[A-Za-z]{2,3}(?:_[A-Za-z]+)?)>\Z")  # MADLAD: <2es>
_TARGET_CODE = re.compile(r">>(?P<code>[^<>]+)<<\Z")  # Marian: >>spa<<
_MARIAN_NAME = re.compile(r"opus-mt-(?:tc-(?:big|base|bible-big)-)?(?P<source>[A-Za-z_]+)-(?P<target>[A-Za-z_]+)\Z")
_FEWEST = 5
"""Fewest pieces that look like codes of languages for them to be such: words look like codes as well."""


class ModelFamily:
    """What a model wants around a text, found out from its tokenizer.

    Args:
        tokenizer: The tokenizer of a translation model.
        name: Name of the model, for errors; that of an OPUS-MT model tells its pair.
        prefix: For models without codes of languages: a phrase before each text, in which ``{source}`` and
            ``{target}`` stand for the English names of the languages.

    Raises:
        ModelError: The tokenizer should know codes of languages and does not.
        OptionError: A prefix is given, and the model has codes; or it has a placeholder that is not known.
    """

    def __init__(self, tokenizer: Any, *, name: str = "", prefix: str = "") -> None:
        self.tokenizer = tokenizer
        self._turn = Lock()  # a tokenizer has settings, which are changed while it cuts
        self.name = name
        self.prefix = prefix
        self.kind, self._ids = _read_codes(tokenizer)
        self._declared = _declared_pair(tokenizer, name) if self.kind in ("pair", "target-code") else (None, None)
        kind = type(tokenizer).__name__
        if self.kind not in ("codes",) and kind.startswith(("Nllb", "M2M100", "MBart50", "MBartTokenizer")):
            raise ModelError(
                "the tokenizer knows no codes of languages",
                where=name or None,
                hint="It was made from the bare vocabulary: take the folder with tokenizer.json and its settings.",
            )
        if self.kind == "codes" and kind.startswith("MBartTokenizer"):
            raise ModelError("models of the first mBART are not supported", where=name or None, hint="Take mBART-50.")
        if prefix and self.kind != "prefix":
            raise OptionError(f"{name or 'the model'} has codes of languages and takes no prefix", hint="Leave it out.")
        self._phrase("en", "de")
        special = (tokenizer.eos_token_id, tokenizer.pad_token_id, tokenizer.bos_token_id)
        codes = self._ids.values() if self.kind in ("codes", "target-code") else ()
        self._framing = {int(piece) for piece in special if piece is not None} | set(codes)
        self._named = 1 + max(*tokenizer.get_vocab().values(), *self._ids.values())  # models have rows beyond it

    @property
    def languages(self) -> list[str]:
        """The codes of the languages it knows; empty where its tokenizer does not tell."""
        return list(self._ids)

    @property
    def n_given(self) -> int:
        """How many pieces at the beginning of a target are given, and not the model's choice."""
        return 1 if self.kind == "codes" else 0

    def source_code(self, language: str) -> str:
        """The model's code for a source language; the name itself where it has none.

        Raises:
            OptionError: It does not know that language.
        """
        if self.kind == "codes":
            return self._code(language)
        self._check_declared(self._declared[0], language, "from")
        return language

    def target_code(self, language: str) -> str:
        """The model's code for a target language; the name itself where it has none.

        Raises:
            OptionError: It does not know that language.
        """
        if self._ids:
            return self._code(language)
        self._check_declared(self._declared[1], language, "to")
        return language

    def source_ids(self, texts: Sequence[str], source: str, target: str) -> list[Int32Array]:
        """The pieces that the encoder reads for each text, its frame included.

        Raises:
            OptionError: The model does not know a language.
        """
        code, wanted = self.source_code(source), self.target_code(target)
        end = int(self.tokenizer.eos_token_id)
        if self.kind == "codes":
            before, after = [self._ids[code]], [end]
            if getattr(self.tokenizer, "legacy_behaviour", False):
                before, after = [], [end, self._ids[code]]
        elif self.kind == "prefix":
            phrase = self._phrase(source, target)
            before, after = (self._pieces([phrase])[0] if phrase else []), [end]
        elif self.kind == "tag":
            # the tag as the tokenizer cuts it at the beginning of a text
            before, after = self._cut([f"<2{wanted}>"], split_special_tokens=False)[0], [end]
        else:
            before, after = ([self._ids[wanted]] if self._ids else []), [end]
        return [np.array([*before, *row, *after], np.int32) for row in self._pieces(texts)]

    def target_ids(self, texts: Sequence[str], target: str) -> list[Int32Array]:
        """The pieces that the decoder is to produce for each text.

        The code of the language comes first where the model has one (see :attr:`n_given`), the end of the text last.

        Raises:
            OptionError: The model does not know the language.
        """
        before, end = self.given(target), int(self.tokenizer.eos_token_id)
        switch = getattr(self.tokenizer, "_switch_to_target_mode", None)
        marian = self.kind in ("pair", "target-code") and switch is not None
        with self._turn:
            if marian and switch is not None:
                switch()
            try:
                rows = self._pieces(texts)
            finally:
                if marian:
                    self.tokenizer._switch_to_input_mode()
        return [np.array([*before, *row, end], np.int32) for row in rows]

    def given(self, target: str) -> list[int]:
        """The pieces that a target begins with."""
        code = self.target_code(target)
        return [self._ids[code]] if self.kind == "codes" else []

    def text_of(self, ids: Iterable[int]) -> str:
        """The text of pieces, without those that only frame it."""
        kept = [int(piece) for piece in ids if int(piece) not in self._framing and int(piece) < self._named]
        text: str = self.tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text.strip()

    def _code(self, language: str) -> str:
        return code_of(language, self.languages, what=self.name or "the model")

    def _check_declared(self, declared: str | None, language: str, direction: str) -> None:
        if declared and same_language(language, declared) is False:
            raise OptionError(
                f"{self.name or 'the model'} translates {direction} {english_name(declared)}, "
                f"not {direction} {english_name(language)}",
                hint="Name the model of your language pair.",
            )

    def _phrase(self, source: str, target: str) -> str:
        if "{" not in self.prefix:
            return self.prefix
        try:
            return self.prefix.format(source=english_name(source), target=english_name(target))
        except (KeyError, IndexError, ValueError) as error:
            raise OptionError(
                f"prefix is {self.prefix!r}", hint="Only {source} and {target} can stand in it in braces."
            ) from error

    def _pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Pieces of texts alone; what looks like a special piece in a text is cut like any other word."""
        if self.kind in ("pair", "target-code"):  # a text that begins with >>...<< would be taken for a code
            texts = [f" {text}" if text.startswith(">>") else text for text in texts]
        rows = self._cut(texts, split_special_tokens=True)
        end, unknown = self.tokenizer.eos_token_id, self.tokenizer.unk_token_id
        # some tokenizers find the end of a text in a text that only names it
        return [[unknown if piece == end else piece for piece in row] if end in row else row for row in rows]

    def _cut(self, texts: Sequence[str], *, split_special_tokens: bool) -> list[list[int]]:
        if not texts:
            return []
        with self._turn:
            found: list[list[int]] = self.tokenizer(
                list(encodable(texts)),
                add_special_tokens=False,
                split_special_tokens=split_special_tokens,
                return_attention_mask=False,
                verbose=False,  # long texts are looked after elsewhere
            )["input_ids"]
        return found


def _read_codes(tokenizer: Any) -> tuple[Kind, dict[str, int]]:
    """The family of a tokenizer, and the piece of each code of a language."""
    tokens = getattr(tokenizer, "lang_code_to_token", None)  # M2M100 keeps its codes out of its vocabulary
    if tokens:
        ids = tokenizer.convert_tokens_to_ids(list(tokens.values()))
        return "codes", dict(zip(tokens, ids, strict=True))
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    if type(tokenizer).__name__.startswith("Marian"):
        codes = _matching(_TARGET_CODE, vocabulary)
        return ("target-code", codes) if codes else ("pair", {})
    tagged = _matching(_TAG, vocabulary)
    if len(tagged) >= _FEWEST:
        return "tag", tagged
    special = {piece: vocabulary[piece] for piece in _special(tokenizer) if piece in vocabulary}
    for pattern in _CODES:
        codes = _matching(pattern, special)
        if len(codes) >= _FEWEST:
            return "codes", codes
    return "prefix", {}


def _special(tokenizer: Any) -> list[str]:
    added: Callable[[], dict[str, int]] | None = getattr(tokenizer, "get_added_vocab", None)
    return list(dict.fromkeys([*tokenizer.all_special_tokens, *(added() if added is not None else ())]))


def _matching(pattern: re.Pattern[str], vocabulary: dict[str, int]) -> dict[str, int]:
    found = ((pattern.match(piece), index) for piece, index in vocabulary.items())
    return dict(sorted((match["code"], index) for match, index in found if match))


def _declared_pair(tokenizer: Any, name: str) -> tuple[str | None, str | None]:
    """The languages that a Marian model says it translates between, where it says so."""
    named = _MARIAN_NAME.search(name.rstrip("/"))
    source = getattr(tokenizer, "source_lang", None) or (named["source"] if named else None)
    target = getattr(tokenizer, "target_lang", None) or (named["target"] if named else None)
    return source, target
