"""The published pipelines from end to end on real text, with what needs no download in the place of their models.

    python -m benchmarks.offline_pipelines           # prints the table; --page puts it into docs/neural.md

Europarl-NER, Spanish: Apertium translates the test sentences to English (and back, where a pipeline asks for that), the
embedded tagger tags, the embedded aligner links. What is measured is the ready recipes and their ways, not the papers'
models. The English tagger of crosspan marks few of Europarl's organisations, so all figures are low; the rows are to be
held against each other. Needs the program apertium with apertium-eng-spa.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks import datasets, page
from benchmarks.findings import markdown
from crosspan.io import write
from crosspan.pipeline import load_recipe, run_recipe
from crosspan.pipeline.recipes.ready import about_recipe, ready_recipe

PLAIN = ("translate.use=apertium", "tag.use=crf", "tag.model=en", "align.use=statistical")
BACK = ("back_translate.use=apertium", "back_translate.markers.markers=auto")
NER = ("project.ner.tagger=en",)
PIPELINES: dict[str, tuple[str, ...]] = {
    "align-source": PLAIN,
    "align-target": (*PLAIN, *BACK),
    "ngram-candidates": PLAIN,
    "ner-candidates": (*PLAIN, *NER),
    "back-translation-candidates": (*PLAIN, *BACK),
}
"""What is changed of each recipe. Candidates are found by the English tagger, which knows no Spanish."""

OWN = "candidates of crosspan's own"


def scores(cache: Path, work: Path, name: str, changes: tuple[str, ...]) -> list[str]:
    """Run one pipeline; a row of the table."""
    recipe = work / f"{name}.toml"
    given = {"TARGET": "es.jsonl", "TARGET_LANG": "es", "SOURCE_LANG": "en", "OUT": f"{name}.out"}
    recipe.write_text(ready_recipe(name if name in PIPELINES else "align-source", given, gold="gold.jsonl"), "utf-8")
    report = run_recipe(load_recipe(recipe, [*changes, "evaluate.ignore_labels=MISC"]), cache=cache)
    assert report.written is not None
    found = json.loads((work / f"{name}.out" / "scores.json").read_text("utf-8"))
    about = about_recipe(name) if name in PIPELINES else "The same, projected as crosspan does by default."
    rejected = str(report.written.rejected)
    return [name, about, *(f"{found[kind]['micro']['f1']:.3f}"[1:] for kind in ("strict", "lenient")), rejected]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--page", action="store_true", help="put the table into docs/neural.md")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        gold = [pair.target for pair in datasets.europarl("es")]
        write(work / "gold.jsonl", gold)
        write(work / "es.jsonl", [type(one)(one.tokens) for one in gold])
        for name, changes in {**PIPELINES, OWN: (*PLAIN, "project.use=candidates")}.items():
            rows.append(scores(work / "cache", work, name, changes))
            print(rows[-1], flush=True)
    text = markdown(["recipe", "what it does", "strict F1", "lenient F1", "rejected"], rows)
    print(text)
    if arguments.page:
        page.write("offline-pipelines", text, Path(__file__).parents[1] / "docs" / "neural.md")


if __name__ == "__main__":
    main()
