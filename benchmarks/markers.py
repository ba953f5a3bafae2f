"""How many entities markers carry through a translator, and how well: no gold labels of the translation are needed.

    python -m benchmarks.markers                                # Apertium, English to Spanish, Catalan and Galician
    python -m benchmarks.markers --targets es --markers brackets xml
    python -m benchmarks.markers --use ctranslate2 --model DIR --targets es sw
    python -m benchmarks.markers --back                         # labelled back-translation, scored against gold

Sources are the English sides of the demonstration corpus and of Europarl-NER, with their gold labels. For each:

- **found**: share of the entities that have a place in the translation, and why the others have none.
- **confidence**: mean similarity of what was found to the entity translated by itself.
- **copied**: of the names that the translator copies when it gets them alone (mostly people), and that stand in the
  translation exactly once, the share whose span is exactly that name. This needs no gold labels, and tells whether
  marks are where they belong.
- **same text**: share of the sentences whose translation without marks is what the translator makes of the sentence
  without any: what markers cost in quality.

Back-translation has gold labels: the English sentences go back to Spanish with their labels, are aligned with the
Spanish originals by the statistical aligner, and the labels that arrive there are scored (strict F1), beside those of
the ordinary way, from English straight to the Spanish original.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from benchmarks import datasets
from crosspan.core.types import Sentence
from crosspan.demo import load_corpus
from crosspan.evaluate import evaluate_ner
from crosspan.pipeline.labels import project_labels
from crosspan.project.marked_translation import MarkedTranslation, back_translate, compose, translate_marked
from crosspan.project.marker_options import MarkerOptions
from crosspan.project.projector import PROJECTORS
from crosspan.text.mentions import text_of
from crosspan.translate import Translator, make_translator

CORPORA = ("demo", "europarl")


@dataclass(frozen=True, slots=True)
class Row:
    """What markers of one style do on one corpus."""

    entities: int
    found: float
    confidence: float
    copied: float
    copied_of: int
    same_text: float
    kept_strict: float
    seconds: float
    reasons: Counter[str]
    errors: int


def sentences_of(corpus: str) -> list[Sentence]:
    if corpus == "demo":
        return load_corpus("en")
    return [pair.source for pair in datasets.europarl("es")]


def measure(sentences: Sequence[Sentence], translator: Translator, target: str, markers: str) -> Row:
    """Translate a corpus with its labels, and look at what arrives."""
    started = time.perf_counter()
    found = translate_marked(
        sentences, translator, source_lang="en", target_lang=target, options=MarkerOptions(markers=markers)
    )
    seconds = time.perf_counter() - started
    strict = translate_marked(
        sentences,
        translator,
        source_lang="en",
        target_lang=target,
        options=MarkerOptions(markers=markers, counts="strict"),
    )
    plain = translator.translate([text_of(sentence)[0] for sentence in sentences], source="en", target=target)
    names = sorted({name for one in found for name in surfaces(one)})
    alone = dict(zip(names, translator.translate(names, source="en", target=target), strict=True))
    copied = [name_is_right(one, name, at) for one in found for at, name in enumerate(surfaces(one))]
    known = [
        right
        for right, name in zip(copied, [name for one in found for name in surfaces(one)], strict=True)
        if right is not None and alone[name].text.strip() == name
    ]
    total = sum(len(one.source.spans) for one in found)
    links = [link for one in found for link in one.projection.links]
    same = [squeezed(one.sentence.text or "") == squeezed(text.text) for one, text in zip(found, plain, strict=True)]
    return Row(
        entities=total,
        found=len(links) / total,
        confidence=fmean(link.confidence for link in links) if links else 0.0,
        copied=fmean(known) if known else 0.0,
        copied_of=len(known),
        same_text=fmean(same),
        kept_strict=fmean(one.error is None for one in strict),
        seconds=seconds,
        reasons=Counter(gone.reason for one in found for gone in one.projection.dropped),
        errors=sum(one.error is not None for one in found),
    )


def back_translated(corpus: str, translator: Translator, method: str) -> tuple[float, float]:
    """Strict F1 of labels carried straight from English to Spanish, and by way of a back-translation."""
    english = sentences_of(corpus)
    gold = load_corpus("es") if corpus == "demo" else [pair.target for pair in datasets.europarl("es")]
    originals = [replace(sentence, spans=()) for sentence in gold]
    straight = project_labels(english, originals, method=method)
    pairs, back = back_translate(english, originals, translator, source_lang="en", target_lang="es")
    last = project_labels([pair.source for pair in pairs], originals, method=method)
    whole = [compose(one.projection, other) for one, other in zip(back, last, strict=True)]
    first, second = (evaluate_ner(gold, [one.sentence for one in found]).strict for found in (straight, whole))
    return first.micro.f1, second.micro.f1


def surfaces(one: MarkedTranslation) -> list[str]:
    text, offsets = text_of(one.source)
    return [text[offsets[span.start][0] : offsets[span.end - 1][1]] for span in one.source.spans]


def name_is_right(one: MarkedTranslation, name: str, at: int) -> bool | None:
    """Whether the span of an entity is exactly its name; ``None`` where that stands not once in the translation."""
    text = one.sentence.text or ""
    if text.count(name) != 1:
        return None
    span = one.source.spans[at]
    for link in one.projection.links:
        if link.source == span:
            assert one.sentence.offsets is not None
            start, end = one.sentence.offsets[link.target.start][0], one.sentence.offsets[link.target.end - 1][1]
            return text[start:end] == name
    return False


def squeezed(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--use", default="apertium", help="translator")
    parser.add_argument("--model", default="", help="its model")
    parser.add_argument("--targets", nargs="+", default=["es", "ca", "gl"], help="languages to translate to")
    parser.add_argument("--markers", nargs="+", default=["tags", "brackets"], help="styles of markers")
    parser.add_argument("--corpora", nargs="+", default=CORPORA, choices=CORPORA)
    parser.add_argument("--back", action="store_true", help="measure back-translation")
    given = parser.parse_args()
    translator = make_translator(given.use, given.model)
    if given.back:
        print("| corpus | method | straight | back-translated |\n|---|---|---:|---:|")
        for corpus in given.corpora:
            for method in [name for name, one in PROJECTORS.builtin.items() if one.links]:
                straight, back = back_translated(corpus, translator, method)
                print(f"| {corpus} | {method} | {straight:.3f} | {back:.3f} |", flush=True)
        return
    print("| corpus | to | markers | entities | found | confidence | copied | same text | strict keeps | seconds |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for corpus in given.corpora:
        sentences = sentences_of(corpus)
        for target in given.targets:
            for markers in given.markers:
                row = measure(sentences, translator, target, markers)
                print(
                    f"| {corpus} | {target} | {markers} | {row.entities} | {row.found:.1%} | {row.confidence:.3f} "
                    f"| {row.copied:.1%} of {row.copied_of} | {row.same_text:.1%} | {row.kept_strict:.1%} "
                    f"| {row.seconds:.1f} |",
                    flush=True,
                )
                if row.reasons or row.errors:
                    why = ", ".join(f"{count} {reason}" for reason, count in row.reasons.most_common())
                    print(f"    not found: {why or 'none'}; sentences with an error: {row.errors}", flush=True)


if __name__ == "__main__":
    main()
