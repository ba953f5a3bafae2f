"""Trials in the world of two languages: what adversarial training does there, seed by seed.

Each trial makes an encoder, trains it on labelled sentences of one language, and measures the tagger in the other: F1
without a labelled sentence of it, and how well a probe that is trained afresh tells the two languages apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from crosspan.evaluate import evaluate_ner
from crosspan.tag import load_tagger
from crosspan.testing.language_world import SOURCE, TARGET, save_marked_encoder, sentences_of, without_labels
from crosspan.train.adversarial_options import AdversarialOptions, Level
from crosspan.train.advpicker import TEACHER, train_advpicker
from crosspan.train.language_probe import language_probe
from crosspan.train.token_classifier import train_token_classifier
from crosspan.train.token_options import TokenClassifierOptions

_GAME = AdversarialOptions(
    mode="alternating", schedule="constant", hidden=64, discriminator_rate=5e-3, discriminator_steps=2,
    generator_rate=3e-3,
)  # fmt: skip

METHODS: dict[str, AdversarialOptions] = {
    "plain": AdversarialOptions(),
    "reversal, token": replace(_GAME, mode="reversal", level="token", weight=2.0),
    "reversal, sentence": replace(_GAME, mode="reversal", level="sentence", weight=2.0),
    "alternating, sentence": replace(_GAME, level="sentence"),
    "alternating, token": replace(_GAME, level="token"),
}
"""Settings of each way of training, chosen on seeds 10 and 11. AdvPicker's teacher is that of "alternating, token".

λ is full from the first step: once the mark is learned, the task gives the roots no gradient any more.
"""

ADVPICKER = "advpicker"

_TEACHER = "alternating, token"
_SENTENCES, _TESTED = 128, 60


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial.

    Args:
        source: F1 in the language that was learned from.
        target: F1 in the other one.
        token: Accuracy of a probe of the vectors of words; guessing reaches 0.5.
        sentence: The same of the means of sentences.
    """

    source: float
    target: float
    token: float
    sentence: float


def tried(method: str, seed: int, folder: Path) -> dict[str, Outcome]:
    """Run one trial.

    Args:
        method: A name in :data:`METHODS`, or "advpicker".
        seed: Of encoder, sentences and training.
        folder: An empty folder for the models.

    Returns:
        The outcome by method: one, or with AdvPicker two, as its teacher is a trial of its own.
    """
    encoder = save_marked_encoder(folder / "encoder", seed=seed)
    options = TokenClassifierOptions(
        encoder=str(encoder), epochs=25, batch_size=16, learning_rate=2e-3, device="cpu", seed=seed
    )
    labelled = sentences_of(SOURCE, _SENTENCES, seed)
    text = without_labels(sentences_of(TARGET, _SENTENCES, seed))
    out = folder / "model"
    if method == ADVPICKER:
        train_advpicker(labelled, text, out, options=options, adversarial=METHODS[_TEACHER], threads=1)
        return {_TEACHER: measured(out / TEACHER, seed), ADVPICKER: measured(out, seed)}
    game = METHODS[method]
    given = () if game.mode == "none" else text
    train_token_classifier(labelled, out, options=options, unlabelled=given, adversarial=game, threads=1)
    return {method: measured(out, seed)}


def measured(model: Path, seed: int) -> Outcome:
    """Measure a model on sentences that it was not trained on."""
    tagger = load_tagger(f"transformers:{model}", threads=1)
    found = []
    for lang in (SOURCE, TARGET):
        gold = sentences_of(lang, _TESTED, 1_000 + seed)
        found.append(evaluate_ner(gold, tagger.tag(without_labels(gold))).strict.micro.f1)
    probed = [one for lang in (SOURCE, TARGET) for one in sentences_of(lang, _TESTED, 2_000 + seed)]
    levels: tuple[Level, ...] = ("token", "sentence")
    found += [language_probe(model, probed, level=level, hidden=32, steps=100).accuracy for level in levels]
    return Outcome(*found)
