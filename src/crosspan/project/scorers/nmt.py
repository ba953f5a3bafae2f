"""How well a candidate translates an entity: NMTScore "direct" (Vamvas and Sennrich 2022) of the two phrases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from crosspan.core.answers import Answers
from crosspan.core.carried import model_identity
from crosspan.core.digests import digest_of, file_digest
from crosspan.core.errors import ModelError, OptionError
from crosspan.core.locks import Lock
from crosspan.core.options import AtLeast, checked
from crosspan.core.types import Pair
from crosspan.text.detokenize import phrase

if TYPE_CHECKING:
    from crosspan.project.batch import PairBatch
    from crosspan.project.candidates import Candidates
    from crosspan.translate import ScoringTranslator

Float64Array = npt.NDArray[np.float64]
Texts = tuple[str, str]

_BASES = {"2": 2.0, "e": float(np.e)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NmtOptions:
    """The translator that scores phrases, and how.

    Args:
        model: What the translator loads, a name on the hub or a folder; loaded when it is first needed.
        use: Name of the translator: one that tells how probable a translation is, as transformers and ctranslate2 do.
        source_lang: Language of the source sentences; by default what they name themselves.
        target_lang: Language of the target sentences; by default what they name themselves.
        normalize: Divide the probability of a phrase by its probability as a translation of itself.
        both_directions: Average the scores of both directions of translation.
        base: 2 takes powers of two of mean log probabilities, as the package nmtscore does; e is what its paper says.
        floor: Scores up to this become 0.
        cache: A file to keep scores in for later runs; by default they are kept in memory only.
        device: Where the translator runs, if not where it chooses itself.

    Raises:
        OptionError: A value is outside what it can be.
    """

    model: str = ""
    use: str = "transformers"
    source_lang: str = ""
    target_lang: str = ""
    normalize: bool = True
    both_directions: bool = True
    base: Literal["2", "e"] = "2"
    floor: Annotated[float, AtLeast(0)] = 0.1
    cache: str = ""
    device: str = "auto"

    def __post_init__(self) -> None:
        checked(self)


class NmtScorer:
    """A score of candidates: how probable they and their entity are as translations of each other.

    For a phrase A and its translation B, NMTScore "direct" (Vamvas and Sennrich 2022) is the mean of P(A|B)/P(A|A) and
    P(B|A)/P(B|B), where P is normalised by length. Probabilities are those of a translation model for the phrases
    alone, as they are written in their sentences. Each pair of phrases is scored once.

    The package ``nmtscore`` takes two to the power of the mean natural log probability of the pieces, where the paper
    has e: so does this by default, as published thresholds and weights belong to such values.

    Args:
        options: Which translator, and how.
        translator: A translator that is loaded already.
        threads: Threads of the translator.

    Example:
        >>> class Even:
        ...     def score(self, sources, targets, *, source, target, advance=None):
        ...         return np.array([-1.0 if a == b else -2.0 for a, b in zip(sources, targets)])
        >>> scorer = NmtScorer(NmtOptions(source_lang="en", target_lang="de"), translator=Even())
        >>> scorer.phrases(["sea", "sea"], ["Meer", "sea"], ("en", "de")).tolist()
        [0.5, 1.0]
    """

    def __init__(
        self,
        options: NmtOptions | None = None,
        *,
        translator: ScoringTranslator | None = None,
        threads: int | None = None,
    ) -> None:
        self.options = options or NmtOptions()
        self.threads = threads
        self._translator: Any = translator
        self._cache: Answers | None = None
        self._model: list[str] = []
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        named = {"_translator": None, "_cache": None} if self.options.model else {}
        return {**self.__dict__, **named}  # what is named is loaded again where it is needed

    def __call__(self, pairs: Sequence[Pair], batch: PairBatch, candidates: Candidates) -> Float64Array:
        """The score of each candidate, ``[n_candidates]``.

        Raises:
            OptionError: A language is not named, or the model does not know it, or the translator gives no scores.
            ModelError: The model cannot be loaded, or fails.
        """
        out = np.zeros(len(candidates))
        if not len(candidates):
            return out
        sentence = batch.span_sentence[candidates.span]
        used = np.unique(sentence).tolist()
        spoken = {index: self._languages(pairs[index]) for index in used}
        groups = {languages: number for number, languages in enumerate(dict.fromkeys(spoken.values()))}
        group = np.zeros(len(batch), np.int64)
        group[used] = [groups[spoken[index]] for index in used]
        sources = [phrase(pair.source, span.start, span.end) for pair in pairs for span in pair.source.spans]
        at = np.stack([sentence, candidates.start, candidates.end])
        ranges, target = np.unique(at, axis=1, return_inverse=True)
        targets = [phrase(pairs[index].target, start, end) for index, start, end in ranges.T.tolist()]
        for languages, number in groups.items():
            of = np.flatnonzero(group[sentence] == number)
            one = [sources[index] for index in candidates.span[of].tolist()]
            other = [targets[index] for index in np.asarray(target).reshape(-1)[of].tolist()]
            out[of] = self.phrases(one, other, languages)
        return np.where(out <= self.options.floor, 0.0, out)

    def phrases(self, sources: Sequence[str], targets: Sequence[str], languages: Texts) -> Float64Array:
        """The score of pairs of phrases, ``[n]``; the floor is not applied.

        Args:
            sources: Phrases in the one language.
            targets: Phrases in the other.
            languages: The two languages.
        """
        sources, targets = [" ".join(text.split()) for text in sources], [" ".join(text.split()) for text in targets]
        there = self._direct(sources, targets, languages)
        if not self.options.both_directions:
            return there
        return (there + self._direct(targets, sources, (languages[1], languages[0]))) / 2.0

    def _direct(self, sources: Sequence[str], targets: Sequence[str], languages: Texts) -> Float64Array:
        score = self._log_probs(list(zip(sources, targets, strict=True)), languages)
        if self.options.normalize:
            score = score - self._log_probs([(text, text) for text in targets], (languages[1], languages[1]))
        found: Float64Array = _BASES[self.options.base] ** score
        return found

    def _log_probs(self, texts: Sequence[Texts], languages: Texts) -> Float64Array:
        """Mean log probability of the pieces of each translation."""
        translator, cache = self._loaded()
        unique = list(dict.fromkeys(texts))
        keys = {pair: digest_of([self._model, languages, pair]) for pair in unique}
        kept = cache.get(keys.values())
        known = {pair: float(kept[key]) for pair, key in keys.items() if key in kept}
        missing = [pair for pair in unique if pair not in known]
        if missing:
            found = np.asarray(
                translator.score(
                    [pair[0] for pair in missing],
                    [pair[1] for pair in missing],
                    source=languages[0],
                    target=languages[1],
                ),
                np.float64,
            )
            if not np.isfinite(found).all():
                bad = missing[int(np.flatnonzero(~np.isfinite(found))[0])]
                raise ModelError(
                    f"the translator gives no probability for {bad[1]!r} as a translation of {bad[0]!r}",
                    where=self.options.model or None,
                    hint="Use another precision, such as float32.",
                )
            new = dict(zip(missing, found.tolist(), strict=True))
            cache.put({keys[pair]: repr(score) for pair, score in new.items()})
            known.update(new)
        return np.fromiter((known[pair] for pair in texts), np.float64, len(texts))

    def _languages(self, pair: Pair) -> Texts:
        found = (self.options.source_lang or pair.source.lang or "", self.options.target_lang or pair.target.lang or "")
        for language, name in zip(found, ("source", "target"), strict=True):
            if not language:
                raise OptionError(
                    f"the nmt score does not know the {name} language", hint=f"Set nmt.{name}_lang, such as en."
                )
        return found

    def _loaded(self) -> tuple[Any, Answers]:
        with self._lock:
            if self._translator is None:
                from crosspan.translate import make_translator

                if not self.options.model:
                    raise OptionError("no translator for the nmt score is named", hint="Set nmt.model and nmt.use.")
                more = {} if self.options.device == "auto" else {"device": self.options.device}
                self._translator = make_translator(self.options.use, self.options.model, threads=self.threads, **more)
            if not callable(getattr(self._translator, "score", None)):
                raise OptionError(
                    f"the translator {self.options.use!r} does not tell how probable a translation is",
                    hint="Use transformers or ctranslate2 for the nmt score.",
                )
            if self._cache is None:
                self._cache = Answers(self.options.cache or None)
                known = model_identity(self.options.model, file_digest) if self.options.cache else ""
                self._model = [self.options.use, known] if self.options.cache else []
            return self._translator, self._cache
