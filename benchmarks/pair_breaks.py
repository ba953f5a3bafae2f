"""Whether lines that are no pairs are noticed, and pairs are left alone, on all parallel text there is.

    python -m benchmarks.pair_breaks [--only NAME]... [--most N] [--odd]

Each corpus is looked at as it is, whole, and then with damage done to its first N pairs (4,000). An alarm on a sound
corpus is false; on a damaged one it is right where its line is within three of the place of the damage. Notes are
stretches that pass, which are no alarms: as far as we looked at them, they are faults of the corpora. The last row is
the CPU time of the watch over 20,000 pairs that are all right, in seconds. With ``--odd``, sound pairs of odd kinds
(:mod:`benchmarks.odd_pairs`) are made of the first 800 pairs of each, in place of damage: all alarms are false.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from xml.etree import ElementTree

from benchmarks import datasets
from benchmarks.datasets import Bitext
from benchmarks.odd_pairs import ODD
from crosspan.text.pair_watch import PairFault, PairWatch

Damage = Callable[[Bitext], tuple[Bitext, int]]

NEAR = 3
"""Lines that an alarm may be off."""


def corpora() -> Iterator[tuple[str, Bitext]]:
    """All parallel corpora by name."""
    for lang in datasets.EUROPARL_LANGS:
        yield f"europarl-{lang}", datasets.bitext_of(datasets.europarl(lang))
    for lang in datasets.PUD_LANGS:
        yield f"pud-{lang}", datasets.bitext_of(datasets.pud(lang))
    for lang in datasets.XSID_LANGS:
        for split in ("test", "valid"):
            yield f"xsid-{lang}-{split}", datasets.bitext_of(datasets.xsid(lang, split))
    yield "bam_nllb", datasets.bitext_of(datasets.bam_nllb().pairs)
    for lang in datasets.MASAKHANER_PAIRS:
        for split in ("train",) if lang == "yor" else ("train", "dev", "test"):
            yield f"masakhaner-{lang}-{split}", datasets.bitext_of(datasets.masakhaner(lang, split))
    for lang in datasets.XL_WA_LANGS:
        for split in ("dev", "test"):
            yield f"xl_wa-{lang}-{split}", datasets.bitext_of(datasets.xl_wa(lang, split)[0])
    yield "hansards", datasets.bitext_of(datasets.hansards()[0])
    yield "zhen", datasets.bitext_of(datasets.zhen()[0])
    text = datasets.data_dir() / "parallel_text"
    for path in sorted((text / "ntrex").glob("*-ref.*.txt")):
        code = path.name.split(".")[1].replace("zho-CN", "zh")
        yield f"ntrex-{code}", datasets.ntrex(code)
    for path in sorted((text / "mafand").glob("*.tsv")):
        code = path.stem.split("-")[1]
        yield f"mafand-{code}", datasets.mafand(code)
    for code in ("ewe", "swa", "wol", "zul"):
        yield f"bible-{code}", datasets.bible(code)
    for split in ("train", "val"):
        yield f"opennmt-{split}", datasets.opennmt(split)
    for path in sorted((text / "tico19").glob("*.tmx.zip")):
        code = path.name.split(".")[1].partition("-")[2]
        yield f"tico19-{code}", _tico(path, code)


def _tico(path: object, lang: str) -> Bitext:
    with zipfile.ZipFile(str(path)) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".tmx"))
        root = ElementTree.fromstring(packed.read(name))
    units = [["".join(seg.itertext()) for seg in unit.iter("seg")] for unit in root.iter("tu")]
    rows = [(datasets.tokenize(one, "en"), datasets.tokenize(other, lang)) for one, other in units]
    return [(one, other) for one, other in rows if one and other]


def _sides(pairs: Bitext) -> tuple[list[list[str]], list[list[str]]]:
    return [source for source, _ in pairs], [target for _, target in pairs]


def lost(share: float, side: int) -> Damage:
    """One line of a side is lost, and one is added at its end."""

    def damage(pairs: Bitext) -> tuple[Bitext, int]:
        at = int(share * len(pairs))
        sides = _sides(pairs)
        lines = sides[side]
        lines[:] = [*lines[:at], *lines[at + 1 :], lines[0]]
        return list(zip(*sides, strict=True)), at

    return damage


def shuffled(share: float) -> Damage:
    """The targets are shuffled from a line on."""

    def damage(pairs: Bitext) -> tuple[Bitext, int]:
        at = int(share * len(pairs))
        sources, targets = _sides(pairs)
        rest = targets[at:]
        random.Random(1).shuffle(rest)
        return list(zip(sources, targets[:at] + rest, strict=True)), at

    return damage


def in_order(side: int) -> Damage:
    """One side is sorted."""

    def damage(pairs: Bitext) -> tuple[Bitext, int]:
        sides = _sides(pairs)
        sides[side].sort()
        return list(zip(*sides, strict=True)), 0

    return damage


def swapped(pairs: Bitext) -> tuple[Bitext, int]:
    """Source and target are swapped from the middle on."""
    at = len(pairs) // 2
    return pairs[:at] + [(target, source) for source, target in pairs[at:]], at


def same(pairs: Bitext) -> tuple[Bitext, int]:
    """The source twice."""
    return [(source, source) for source, _ in pairs], 0


DAMAGE: dict[str, Damage] = {
    "target line lost at 20 %": lost(0.2, 1),
    "target line lost at 50 %": lost(0.5, 1),
    "target line lost at 80 %": lost(0.8, 1),
    "source line lost at 50 %": lost(0.5, 0),
    "shuffled from 50 %": shuffled(0.5),
    "shuffled from 80 %": shuffled(0.8),
    "shuffled": shuffled(0.0),
    "target sorted": in_order(1),
    "source sorted": in_order(0),
    "swapped from 50 %": swapped,
    "the same text twice": same,
}


def faults(pairs: Bitext) -> list[PairFault]:
    """What the watch finds."""
    watch = PairWatch()
    for source, target in pairs:
        watch.add(source, target)
    return watch.faults(lambda: pairs)


def _alarm(pairs: Bitext) -> PairFault | None:
    return next((fault for fault in faults(pairs) if fault.lasting), None)


def _odd(only: Sequence[str] | None) -> None:
    """How often each odd kind of sound pairs gives an alarm."""
    alarms = dict.fromkeys(ODD, 0)
    looked = 0
    for name, pairs in corpora():
        if only and not name.startswith(tuple(only)):
            continue
        looked += 1
        for kind, make in ODD.items():
            alarm = _alarm(make(pairs[:800]))
            alarms[kind] += alarm is not None
            if alarm is not None:
                sys.stderr.write(f"{name}, {kind}: {alarm.code} {alarm.start}-{alarm.end}\n")
    print(f"| kind | false alarms in {looked} corpora |\n|---|---|")
    for kind, count in alarms.items():
        print(f"| {kind} | {count} |")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", metavar="NAME", help="corpora whose names begin so")
    parser.add_argument("--odd", action="store_true", help="sound pairs of odd kinds, in place of damage")
    parser.add_argument("--most", type=int, default=4_000, metavar="N", help="pairs of a damaged corpus")
    options = parser.parse_args(arguments)
    if options.odd:
        _odd(options.only)
        return
    alarms = notes = looked = 0
    right = dict.fromkeys(DAMAGE, 0)
    near = dict.fromkeys(DAMAGE, 0)
    sound: Bitext = []
    for name, pairs in corpora():
        if options.only and not name.startswith(tuple(options.only)):
            continue
        looked += 1
        found = faults(pairs)
        alarms += any(fault.lasting for fault in found)
        notes += sum(not fault.lasting for fault in found)
        sound = sound + pairs if name.startswith("bible") else sound
        missed = []
        for kind, damage in DAMAGE.items():
            damaged, at = damage(pairs[: options.most])
            alarm = _alarm(damaged)
            right[kind] += alarm is not None
            near[kind] += alarm is not None and abs(alarm.start - at) <= NEAR
            if alarm is None or abs(alarm.start - at) > NEAR:
                missed.append(f"{kind} ({'none' if alarm is None else f'{alarm.start} for {at}'})")
        told = "; ".join([*(f"{fault.code} {fault.start}-{fault.end}" for fault in found), *missed])
        sys.stderr.write(f"{name}, {len(pairs)} pairs: {told or 'all right'}\n")
    print(f"| corpora | false alarms | notes |\n|---|---|---|\n| {looked} | {alarms} | {notes} |\n")
    print("| damage | alarm | with the right line |\n|---|---|---|")
    for kind in DAMAGE:
        print(f"| {kind} | {right[kind]} of {looked} | {near[kind]} of {looked} |")
    if len(sound) >= 20_000:
        began = time.process_time()
        faults(sound[:20_000])
        print(f"| 20,000 pairs | {time.process_time() - began:.2f} s | |")


if __name__ == "__main__":
    main()
