"""Lines that are no pairs are noticed, those that are pairs are not."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from crosspan.text.pair_watch import PairFault, PairWatch

Pairs = list[tuple[tuple[str, ...], tuple[str, ...]]]

_LETTERS = {"latin": "aeioubdgklmnprst", "other": "абвгдезиклмнопрс"}


def made(n: int, seed: int = 0, *, letters: str = "latin", names: float = 0.3) -> Pairs:
    """Sentences of a made language, and their translations word by word, with words left out and turned round."""
    chance = random.Random(seed)
    words = ["".join(chance.choices(_LETTERS["latin"], k=chance.randint(2, 8))) for _ in range(400)]
    others = ["".join(chance.choices(_LETTERS[letters], k=chance.randint(2, 8))) + "z" for _ in words]
    weights = [1 / (rank + 3) for rank in range(len(words))]
    pairs: Pairs = []
    for _ in range(n):
        chosen = chance.choices(range(len(words)), weights, k=chance.randint(4, 20))
        source = [words[word] for word in chosen]
        target = [others[word] for word in chosen if chance.random() < 0.85]
        chance.shuffle(target)
        if chance.random() < names:
            name = "".join(chance.choices(_LETTERS["latin"], k=6)).title()
            source.insert(2, name)
            target.append(name)
        pairs.append((tuple(source), (*target, ".")))
    return pairs


def faults(pairs: Pairs) -> list[PairFault]:
    watch = PairWatch()
    for source, target in pairs:
        watch.add(source, target)
    return watch.faults(lambda: pairs)


def lost(pairs: Pairs, at: int, side: int) -> Pairs:
    sides = [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    sides[side] = sides[side][:at] + sides[side][at + 1 :] + sides[side][:1]
    return list(zip(*sides, strict=True))


def shuffled(pairs: Pairs, at: int) -> Pairs:
    targets = [target for _, target in pairs]
    tail = targets[at:]
    random.Random(3).shuffle(tail)
    return [(source, target) for (source, _), target in zip(pairs, targets[:at] + tail, strict=True)]


def swapped(pairs: Pairs, at: int) -> Pairs:
    return pairs[:at] + [(target, source) for source, target in pairs[at:]]


@pytest.mark.parametrize("n", [0, 5, 60, 300, 3_000])
@pytest.mark.parametrize("letters", ["latin", "other"])
def test_pairs_are_left_alone(n: int, letters: str) -> None:
    assert faults(made(n, letters=letters)) == []


def test_one_sentence_again_and_again_is_no_fault() -> None:
    assert faults([(("a", "b", "c"), ("x", "y", "z"))] * 200) == []


ODD: dict[str, Callable[[Pairs], Pairs]] = {
    "empty lines between": lambda pairs: [one for pair in pairs for one in (pair, ((), ()))],
    "stars between": lambda pairs: [one for pair in pairs for one in (pair, (("*", "*", "*"), ("*", "*", "*")))],
    "the same answer": lambda pairs: [one for pair in pairs for one in (pair, (("yes", "."), ("ndiyo", ".")))],
    "each twice": lambda pairs: [pair for pair in pairs for _ in (0, 1)],
    "the whole twice": lambda pairs: pairs + pairs,
    "single words": lambda pairs: [(one[:1], other[:1]) for one, other in pairs],
    "one length": lambda pairs: [(one, other[:5]) for one, other in pairs],
    "last words": lambda pairs: [(one[-4:], other[-4:]) for one, other in pairs],
    "names": lambda pairs: [(("Ada", "Obi", str(n)), ("Ada", "Obi", str(n))) for n in range(len(pairs))],
}


@pytest.mark.parametrize("kind", ODD)
@pytest.mark.parametrize("seed", [0, 1])
def test_odd_kinds_of_pairs_are_left_alone(kind: str, seed: int) -> None:
    assert not [fault for fault in faults(ODD[kind](made(400, seed, letters="other"))) if fault.lasting]


@pytest.mark.parametrize("n", [120, 600, 9_000])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("side", [0, 1])
def test_a_lost_line_is_found(n: int, share: float, side: int) -> None:
    at = int(n * share)
    [fault] = faults(lost(made(n), at, side))
    assert fault.code == "pair-break"
    assert abs(fault.start - at) <= 3
    assert fault.end == n
    assert fault.shift == (1 if side == 0 else -1)


@pytest.mark.parametrize("damage", [shuffled, swapped])
@pytest.mark.parametrize("n", [300, 4_000])
def test_a_shuffled_or_swapped_rest_is_found(damage: Callable[[Pairs, int], Pairs], n: int) -> None:
    at = n // 2
    [fault] = faults(damage(made(n), at))
    assert fault.code == ("pair-break" if damage is shuffled else "pair-swapped")
    assert abs(fault.start - at) <= 3


def test_a_sorted_side_is_found_from_the_first_line() -> None:
    pairs = made(400)
    targets = sorted(target for _, target in pairs)
    [fault] = faults([(source, target) for (source, _), target in zip(pairs, targets, strict=True)])
    assert (fault.code, fault.start, fault.shift) == ("pair-break", 0, None)


def test_the_same_text_twice_is_found() -> None:
    [fault] = faults([(source, source) for source, _ in made(40)])
    assert fault.code == "pair-same"


def test_a_stretch_that_passes_is_no_lasting_fault() -> None:
    pairs = made(2_000)
    targets = [target for _, target in pairs]
    targets[700:740] = [*targets[701:740], targets[700]]
    [fault] = faults([(source, target) for (source, _), target in zip(pairs, targets, strict=True)])
    assert not fault.lasting
    assert abs(fault.start - 700) <= 3
    assert abs(fault.end - 740) <= 3


def test_memory_is_bounded() -> None:
    watch = PairWatch()
    for source, target in made(5_000) * 4:
        watch.add(source, target)
    assert sum(map(len, watch._kept.values())) < 2_500


@pytest.mark.parametrize(("lines", "times"), [(150, 5), (60, 4), (300, 3)])
def test_lines_that_stand_again_and_again_raise_no_alarm(lines, times):
    assert faults(made(lines) * times) == []
    assert faults([pair for pair in made(lines) for _ in range(times)]) == []
