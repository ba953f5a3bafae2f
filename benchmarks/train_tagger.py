"""Train the embedded English tagger, and measure it.

    python -m benchmarks.teach_tagger --out silver.jsonl              # first: a teacher labels more text
    python -m benchmarks.train_tagger --silver silver.jsonl           # trains and prints what is measured
    python -m benchmarks.train_tagger --silver silver.jsonl --write   # model into the package, its card into docs

Learned from: UNER English-EWT (train), WNUT-17 (train), CrossNER (train of five domains, dev of four), with types
mapped to PER, LOC and ORG by :data:`crosspan.suites.labels.DOMAIN_LABELS`; and from other text that a teacher labelled
(:mod:`benchmarks.teach_tagger`). The odds of entities and the temperature of probabilities are chosen on the
development sets that nothing was learned from. Test sets are UNER EWT test, UNER English PUD, WNUT-17 test and the
CrossNER tests.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import crosspan
from benchmarks import datasets, page
from benchmarks.findings import markdown
from crosspan.core.types import Sentence, Span
from crosspan.evaluate import score_spans, strict_spans
from crosspan.suites.labels import DOMAIN_LABELS
from crosspan.tag.crf import CrfModel, CrfTagger, FeatureOptions
from crosspan.train.crf import CrfOptions, train_crf
from crosspan.train.examples import Example

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "src" / "crosspan" / "tag" / "data" / "en.crf"
CARD = ROOT / "docs" / "tagger_en.md"
POLITICS_DEV = ("politics", "dev")
DOMAINS = ("politics", "science", "music", "literature", "ai")
OPTIONS = CrfOptions(l2=0.2, noising=0.3, iterations=70, features=FeatureOptions(wide=True))

SOURCES = (
    ("UNER English-EWT", "UniversalNER/UNER_English-EWT", "CC BY-SA 4.0", "train"),
    ("WNUT-17", "leondz/emerging_entities_17", "CC BY 4.0", "train"),
    ("CrossNER", "zliucr/CrossNER", "MIT; text from Wikipedia, CC BY-SA", "train of five domains, dev of four"),
)
SILVER = (
    ("NTREX-128", "MicrosoftTranslator/NTREX", "CC BY-SA 4.0", "English, labelled by the teacher"),
    ("WMT English-German", "OpenNMT/OpenNMT-py", "MIT repository", "English, labelled by the teacher"),
    ("TICO-19", "tico-19/tico-19.github.io", "CC0 1.0", "English, labelled by the teacher"),
)
SILVER_WEIGHT = 0.5
UNSURE = 0.6
"""Words that the teacher is less sure of are unobserved."""


def uner(split: str) -> list[Sentence]:
    return _mapped(datasets.uner_file(f"ner/uner_ewt/en_ewt-ud-{split}.iob2"))


def wnut(split: str) -> list[Sentence]:
    name = {"train": "wnut17train.conll", "dev": "emerging.dev.conll", "test": "emerging.test.annotated"}[split]
    return _mapped(datasets.two_columns(f"ner/wnut17/{name}"))


def crossner(domain: str, split: str) -> list[Sentence]:
    return _mapped(datasets.two_columns(f"ner/crossner/{domain}/{split}.txt"))


def pud() -> list[Sentence]:
    return _mapped([pair.source for pair in datasets.pud("de")])


def tests() -> dict[str, list[Sentence]]:
    """The test sets, by name."""
    return {
        "UNER EWT test": uner("test"),
        "UNER English PUD": pud(),
        "WNUT-17 test": wnut("test"),
        **{f"CrossNER {domain} test": crossner(domain, "test") for domain in DOMAINS},
    }


def _mapped(sentences: Iterable[Sentence]) -> list[Sentence]:
    out = []
    for sentence in sentences:
        spans = [
            Span(span.start, span.end, DOMAIN_LABELS[span.label])
            for span in sentence.spans
            if span.label in DOMAIN_LABELS
        ]
        out.append(Sentence(sentence.tokens, tuple(spans), sentence.id, "en"))
    return out


def learned_from() -> list[Sentence]:
    """The labelled sentences to learn from."""
    crossed = [(domain, split) for domain in DOMAINS for split in ("train", "dev") if (domain, split) != POLITICS_DEV]
    return uner("train") + wnut("train") + [s for domain, split in crossed for s in crossner(domain, split)]


def development() -> list[list[Sentence]]:
    """The sets that nothing is learned from but odds and temperature."""
    return [uner("dev"), wnut("dev"), crossner(*POLITICS_DEV)]


def silver(path: Path) -> list[Example]:
    """What the teacher labelled: sure words count, unsure ones are unobserved."""
    examples = []
    for line in path.read_text("utf-8").splitlines():
        row = json.loads(line)
        sure = row["confidence"]
        spans = [
            Span(start, end, label, min(sure[start:end]))
            for start, end, label in strict_spans(row["tags"])
            if min(sure[start:end]) >= UNSURE
        ]
        known = {token for span in spans for token in range(span.start, span.end)}
        unsure = tuple(t for t, (p, tag) in enumerate(zip(sure, row["tags"], strict=True))
                       if t not in known and (p < UNSURE or tag != "O"))  # fmt: skip
        examples.append(Example(Sentence(tuple(row["tokens"]), tuple(spans)), SILVER_WEIGHT, unsure))
    return examples


def f1(gold: Sequence[Sentence], tagged: Sequence[Sentence]) -> float:
    right = sum(len({*one.spans} & {*other.spans}) for one, other in zip(gold, tagged, strict=True))
    return 2 * right / max(1, sum(len(s.spans) for s in gold) + sum(len(s.spans) for s in tagged))


def shifted(model: CrfModel, odds: float) -> CrfModel:
    """The model with these log odds taken from ``O`` at every word."""
    transition = model.transition.copy()
    transition[:, 0] -= odds
    return replace(model, transition=transition)


def choose_odds(tagger: CrfTagger, devs: Sequence[Sequence[Sentence]]) -> float:
    """The log odds of entities that give the best mean F1."""

    def mean(odds: float) -> float:
        other = CrfTagger(shifted(tagger.model, odds))
        return float(np.mean([f1(dev, other.tag(dev)) for dev in devs]))

    return max((round(0.2 * step, 1) for step in range(9)), key=mean)


def choose_temperature(tagger: CrfTagger, devs: Sequence[Sequence[Sentence]]) -> float:
    """The temperature that makes the right tags most probable."""
    column = {tag: place for place, tag in enumerate(tagger.tags)}

    def loss(temperature: float) -> float:
        other = CrfTagger(replace(tagger.model, temperature=temperature))
        total = 0.0
        for dev in devs:
            rows = np.concatenate(other.probabilities(dev))
            right = [column[tag] for sentence in dev for tag in sentence.tags()]
            total -= float(np.log(np.maximum(rows[np.arange(len(right)), right], 1e-6)).mean())
        return total

    return min((round(0.8 + 0.1 * step, 1) for step in range(13)), key=loss)


def build(path: Path | None, options: CrfOptions = OPTIONS) -> CrfTagger:
    """Train the tagger that is shipped."""
    more = silver(path) if path else []
    first = train_crf([*learned_from(), *more], options=options)
    odds = choose_odds(first, development())
    temperature = choose_temperature(CrfTagger(shifted(first.model, odds)), development())
    model = replace(shifted(first.model, odds), temperature=temperature)
    card = {
        **model.card,
        "name": "en",
        "language": "en",
        "crosspan": crosspan.__version__,
        "sources": [
            {"name": n, "from": f, "licence": li, "parts": p} for n, f, li, p in (*SOURCES, *(SILVER if more else ()))
        ],
        "licence": "CC BY-SA 4.0",
        "odds": odds,
        "temperature": temperature,
    }
    return CrfTagger(replace(model, card=card))


def measure(tagger: CrfTagger) -> dict[str, dict[str, float]]:
    """Strict F1 with its 95 % interval, precision, recall and F1 by label, for each test set."""
    out = {}
    for name, gold in tests().items():
        score = score_spans(gold, tagger.tag(gold), bootstrap=1_000)
        row = {"sentences": len(gold), "f1": score.micro.f1, "precision": score.micro.precision}
        row |= {
            "recall": score.micro.recall,
            "low": score.intervals["micro"].low,
            "high": score.intervals["micro"].high,
        }
        row |= {label: found.f1 for label, found in score.by_label.items()}
        out[name] = {key: round(value, 4) for key, value in row.items()}
    return out


def card_text(tagger: CrfTagger) -> str:
    """The part of the model card that is measured or counted."""
    card = tagger.card
    rows = [
        [name, str(row["sentences"]), *(shown(row[key]) for key in ("f1", "precision", "recall")),
         f"{shown(row['low'])}–{shown(row['high'])}", *(shown(row.get(label, 0.0)) for label in tagger.labels)]
        for name, row in card["scores"].items()
    ]  # fmt: skip
    header = ["test set", "sentences", "strict F1", "precision", "recall", "95 % interval", *tagger.labels]
    sources = markdown(
        ["learned from", "where it is from", "licence", "parts"],
        [[source["name"], source["from"], source["licence"], source["parts"]] for source in card["sources"]],
    )
    counts = ", ".join(f"{label} {count}" for label, count in card["entities"].items())
    return "\n\n".join(
        [
            sources,
            f"{card['sentences']} sentences, {card['tokens']} tokens; {counts}. {card['kept_features']} features, "
            f"{MODEL.stat().st_size / 1e6:.1f} MB. Odds of entities raised by {card['odds']}, temperature "
            f"{card['temperature']}.",
            markdown(header, rows),
        ]
    )


def shown(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--silver", type=Path, help="text that the teacher labelled")
    parser.add_argument("--write", action="store_true", help="put the model into the package")
    arguments = parser.parse_args()
    began = time.perf_counter()
    tagger = build(arguments.silver)
    if arguments.write:
        tagger.save(MODEL)
    scores = measure(tagger)
    for name, row in scores.items():
        print(f"{name:28} F1 {row['f1']:.3f}  P {row['precision']:.3f}  R {row['recall']:.3f}")
    tagger = CrfTagger(replace(tagger.model, card={**tagger.card, "scores": scores}))
    print(f"odds {tagger.card['odds']}, temperature {tagger.card['temperature']}, {time.perf_counter() - began:.0f} s")
    if arguments.write:
        tagger.save(MODEL)
        page.write("card", card_text(tagger), CARD)
        print(f"{MODEL.name}: {MODEL.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
