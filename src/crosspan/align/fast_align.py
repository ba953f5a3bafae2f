"""The ``fast_align`` backend (Dyer, Chahuneau & Smith 2013), through the package ``systran-align``; for comparison."""

from __future__ import annotations

import importlib
import itertools
import struct
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt

from crosspan.align.pair_table import PairTable
from crosspan.align.symmetrize import Symmetrization, alignment_of, symmetrize_matrices
from crosspan.core.errors import EmptyInputError, MissingDependencyError, ModelError
from crosspan.core.options import AtLeast, Within, checked
from crosspan.core.types import Alignment, Pair

TokenPair = tuple[Sequence[str], Sequence[str]]
Progress = Callable[[int, int], None]

PROB_NULL = 0.08
TENSION = 4.0
UNSEEN = 1e-9
_NULL_WORD = "<eps>"


@dataclass(frozen=True, slots=True)
class FastAlignOptions:
    """Settings of :class:`FastAlign`.

    Args:
        symmetrization: How the two directions are merged, one of
            :data:`crosspan.align.symmetrize.SYMMETRIZATIONS`.
        iterations: Rounds of estimation.
        diagonal: Prefer links near the diagonal; ``False`` is IBM model 1.
        lowercase: Make no difference between upper and lower case.
        min_prob: Links below this probability are not reported.
    """

    symmetrization: Symmetrization = "grow-diag-final-and"
    iterations: Annotated[int, AtLeast(1)] = 5
    diagonal: bool = True
    lowercase: bool = True
    min_prob: Annotated[float, Within(0, 1)] = 0.0

    def __post_init__(self) -> None:
        checked(self)


class FastAlign:
    """Word alignment by IBM model 2 with a prior for the diagonal, estimated by the C++ program.

    The package hands out links of its own symmetrisation only. So the best link of each word is taken here from the
    two probability tables that it estimates, with the diagonal prior of its default tension, and the two directions
    are merged by the method asked for. Each direction gives one link a word and no probability; a link's ``prob`` is
    the share of the directions that have it, 1 or 0.5: an order, not a posterior.

    Fitting starts anew each time, and holds all text in memory. The program adds up its threads' counts in any order,
    so that two fits can differ in the last digits.

    Args:
        options: Settings.

    Raises:
        MissingDependencyError: ``systran-align`` is not installed.
    """

    def __init__(self, options: FastAlignOptions | None = None) -> None:
        self.options = options or FastAlignOptions()
        self._package = _package()
        self._directions: list[_Direction] = []

    def fit(
        self, pairs: Iterable[Pair], *, bitext: Iterable[TokenPair] = (), progress: Progress | None = None
    ) -> FastAlign:
        """Learn from pairs, and from further translated text.

        Raises:
            EmptyInputError: There is not one pair with words on both sides.
        """
        at_hand = ((pair.source.tokens, pair.target.tokens) for pair in pairs)
        return self.fit_tokens(itertools.chain(bitext, at_hand), progress=progress)

    def fit_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> FastAlign:
        """Learn from token sequences; ``progress`` is called once, at the end.

        Raises:
            EmptyInputError: There is not one pair with words on both sides.
        """
        with tempfile.TemporaryDirectory() as name:
            text, forward, backward = (Path(name) / part for part in ("text", "forward", "backward"))
            count = self._write(text, pairs)
            if count == 0:
                raise EmptyInputError(
                    "there is no sentence pair to learn from", hint="Give pairs with words on both sides."
                )
            self._package.generate_alignment_probabilities(
                str(text), str(forward), str(backward), iterations=self.options.iterations,
                favor_diagonal=self.options.diagonal, optimize_tension=self.options.diagonal, variational_bayes=True,
            )  # fmt: skip
            tension = TENSION if self.options.diagonal else 0.0
            self._directions = [_Direction(path.read_bytes(), tension) for path in (forward, backward)]
        if progress is not None:
            progress(count, count)
        return self

    def align(self, pairs: Sequence[Pair], *, progress: Progress | None = None) -> list[Alignment]:
        """Link the words of each pair; a pair with an empty side has no links.

        Raises:
            ModelError: The aligner has learned nothing yet.
        """
        return self.align_tokens(((p.source.tokens, p.target.tokens) for p in pairs), progress=progress)

    def align_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> list[Alignment]:
        """Like :meth:`align`, for token sequences."""
        return list(self.iter_align_tokens(pairs, progress=progress))

    def iter_align_tokens(self, pairs: Iterable[TokenPair], *, progress: Progress | None = None) -> Iterator[Alignment]:
        """Link the words of a stream of token sequences.

        Raises:
            ModelError: The aligner has learned nothing yet.
        """
        if not self._directions:
            raise ModelError("the aligner has learned nothing yet", hint="Call fit first.")
        forward, backward = self._directions
        for done, (source, target) in enumerate(pairs, 1):
            sources, targets = self._cleaned(source), self._cleaned(target)
            one = forward.best(sources, targets)
            other = backward.best(targets, sources).T
            links = symmetrize_matrices(one, np.ascontiguousarray(other), self.options.symmetrization)
            share = (one.astype(np.float32) + other) / 2
            yield alignment_of(links & (share >= self.options.min_prob), share)
            if progress is not None:
                progress(done, done)

    def _write(self, path: Path, pairs: Iterable[TokenPair]) -> int:
        count = 0
        with path.open("w", encoding="utf-8", errors="surrogatepass", newline="\n") as stream:
            for source, target in pairs:
                if source and target:  # the program stops at a line with an empty side
                    stream.write(f"{' '.join(self._cleaned(source))} ||| {' '.join(self._cleaned(target))}\n")
                    count += 1
        return count

    def _cleaned(self, tokens: Sequence[str]) -> list[str]:
        """Words without what the program takes for a separator, or for no word."""
        words = [_clean(token) for token in tokens]
        return [word.lower() for word in words] if self.options.lowercase else words


class _Direction:
    """The probability of each word given a word of the other language, as the program wrote it.

    Args:
        data: Number of words, the words (each ended by a zero byte), then for each given word its number, the count of
            its translations, and their numbers and probabilities.
        tension: How strongly links are drawn to the diagonal.
    """

    def __init__(self, data: bytes, tension: float) -> None:
        self._tension = tension
        n_words = struct.unpack_from("<I", data, 4)[0]
        *raw, body = data[8:].split(b"\0", n_words)
        # words are numbered from 1, and 0 is no word
        self._ids = {word.decode("utf-8", "surrogatepass"): number for number, word in enumerate(raw, 1)}
        first: list[npt.NDArray[np.int32]] = []
        entries: list[npt.NDArray[Any]] = []
        kind = np.dtype([("id", "<u4"), ("prob", "<f4")])
        position = 4
        while position < len(body):
            given, count = struct.unpack_from("<II", body, position)
            entries.append(np.frombuffer(body, kind, count, position + 8))
            first.append(np.full(count, given, np.int32))
            position += 8 + 8 * count
        rows = np.concatenate(entries) if entries else np.empty(0, kind)
        given_ids = np.concatenate(first) if first else np.empty(0, np.int32)
        self._table = PairTable(given_ids, rows["id"].astype(np.int32), rows["prob"])
        self._null = self._ids.get(_NULL_WORD, 0)

    def best(self, given: Sequence[str], produced: Sequence[str]) -> npt.NDArray[np.bool_]:
        """The most probable given word of each produced word, or none; bool, shape (given, produced)."""
        links = np.zeros((len(given), len(produced)), np.bool_)
        if not links.size:
            return links
        e = np.array([self._null, *(self._ids.get(word, -1) for word in given)], np.int32)
        f = np.array([self._ids.get(word, -1) for word in produced], np.int32)
        prob = self._table.get(np.repeat(e, len(f)), np.tile(f, len(e))).reshape(len(e), len(f)).astype(np.float64)
        prob[prob == 0.0] = UNSEEN
        places = (np.arange(len(given)) + 1.0) / len(given), (np.arange(len(produced)) + 1.0) / len(produced)
        prior = np.exp(-self._tension * np.abs(places[0][:, None] - places[1]))
        prob[1:] *= prior * ((1.0 - PROB_NULL) / prior.sum(axis=0))
        prob[0] *= PROB_NULL
        winner = prob.argmax(axis=0)
        columns = np.flatnonzero(winner > 0)
        links[winner[columns] - 1, columns] = True
        return links


def _clean(token: str) -> str:
    word = "_".join(token.replace("\0", "_").split()) or "_"
    if "|||" in word:
        word = word.replace("|||", "|")
    return "_" + word if word == _NULL_WORD else word


def _package() -> Any:
    try:
        return importlib.import_module("systran_align")
    except ImportError as error:
        raise MissingDependencyError(
            "the aligner fast_align needs the package systran-align",
            hint="Install it with: pip install 'crosspan[fast-align]' (Python 3.11), or use the aligner statistical.",
        ) from error
