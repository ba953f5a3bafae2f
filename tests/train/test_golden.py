"""Trainings of tiny models whose course is known: what was published stays reproducible.

``golden.json`` holds what each training lost from step to step, as measured when its figures were published. Losses are
compared, not weights: their last bits depend on the kernels that a CPU has. ``python -m tests.train.test_golden``
prints digests of the weights as well, for a comparison on one machine, before a change and after it.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.worlds.language_world import save_marked_encoder, sentences_of, without_labels  # noqa: E402

from crosspan.core.progress import Progress  # noqa: E402
from crosspan.core.types import Sentence, Span  # noqa: E402
from crosspan.testing import tiny_models  # noqa: E402
from crosspan.train.adversarial_options import AdversarialOptions  # noqa: E402
from crosspan.train.advpicker import train_advpicker  # noqa: E402
from crosspan.train.candidates.training import WriterTraining, train_writer  # noqa: E402
from crosspan.train.links.tuning import TuningOptions, tune_aligner  # noqa: E402
from crosspan.train.pretrain.language_model import train_language_model  # noqa: E402
from crosspan.train.pretrain.options import PretrainOptions  # noqa: E402
from crosspan.train.token_classifier import train_token_classifier  # noqa: E402
from crosspan.train.token_options import TokenClassifierOptions  # noqa: E402

GOLDEN = Path(__file__).with_name("golden.json")


class Killed(BaseException):
    """What a kill looks like to those who only see the disk."""


class Models:
    """Tiny models, each made once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, name: str) -> str:
        place = self.folder / name
        if not place.exists():
            if name == "marked":
                save_marked_encoder(place, languages=("ka", "zu", "xo"))
            else:
                getattr(tiny_models, f"save_{name}")(place, positions=128)
        return str(place)


def killing(at: int | None, stage: str = "") -> Callable[[Progress], None]:
    """A listener that kills the training at a step."""

    def listen(event: Progress) -> None:
        if event.done == at and stage in ("", event.stage):
            raise Killed

    return listen


def token(models: Models, out: Path, at: int | None, game: AdversarialOptions | None = None, **settings: Any) -> Any:
    how = {
        "encoder": models["marked"], "epochs": 3, "batch_size": 8, "learning_rate": 5e-3, "device": "cpu",
        "evaluate_every": 2, "save_every": 3, "max_steps": 11, "source_lang": "ka", **settings,
    }  # fmt: skip
    text = without_labels([one for lang in ("zu", "xo") for one in sentences_of(lang, 30, 1)])
    labelled = [
        replace(one, spans=tuple(replace(span, score=0.7) for span in one.spans)) if at % 3 == 0 else one
        for at, one in enumerate(sentences_of("ka", 45, 1))
    ]
    return train_token_classifier(
        labelled,
        out,
        dev=sentences_of("ka", 10, 2),
        options=TokenClassifierOptions(**how),
        unlabelled=text if game else (),
        adversarial=game,
        threads=1,
        progress=killing(at),
    )


PUBLISHED = AdversarialOptions(balance="fixed", reach="all", begin=0.0, weight=1.0, longest=-1)


def advpicker(models: Models, out: Path, at: int | None) -> Any:
    how = {"epochs": 2, "batch_size": 8, "learning_rate": 5e-3, "device": "cpu", "save_every": 3}
    return train_advpicker(
        sentences_of("ka", 40, 1),
        out,
        unlabelled=without_labels([one for lang in ("zu", "xo") for one in sentences_of(lang, 20, 1)]),
        dev=sentences_of("ka", 10, 2),
        options=TokenClassifierOptions(encoder=models["marked"], **how),
        adversarial=replace(PUBLISHED, hidden=8, discriminator_rate=1e-2, generator_rate=1e-3),
        threads=1,
        progress=killing(at, "training the student"),
    )


def language_model(models: Models, out: Path, at: int | None, name: str) -> Any:
    options = PretrainOptions(
        longest=24, batch_size=8, learning_rate=3e-3, held_out=0.1, max_steps=9, save_every=3, evaluate_every=4,
        device="cpu",
    )  # fmt: skip
    lines = tiny_models.corpus_lines()
    return train_language_model(models[name], lines, out, options=options, threads=1, progress=killing(at))


def links(models: Models, out: Path, at: int | None, **settings: Any) -> Any:
    lines = tiny_models.corpus_lines()[:120]
    pairs = [(one.split()[:12], other.split()[:12]) for one, other in zip(lines[::2], lines[1::2], strict=True)]
    names = ("self_training", "tlm", "mlm", "psi", "consistency")
    how = {
        "model": models["mbert"], "layer": 2, "batch": 4, "accumulate": 2, "objectives": names, "epochs": 2,
        "max_steps": 10, "learning_rate": 1e-3, "save_every": 2, "device": "cpu", **settings,
    }  # fmt: skip
    return tune_aligner(pairs, out, TuningOptions(**how), threads=1, progress=killing(at))


def writer(models: Models, out: Path, at: int | None, **settings: Any) -> Any:
    chance, names, others = random.Random(4), ("ada", "obi", "bola", "kofi"), ("went", "to", "sees", "big", "old")
    sentences = []
    for _ in range(70):
        words = chance.choices(others, k=chance.randint(2, 5))
        place = chance.randrange(len(words))
        words[place:place] = [chance.choice(names)]
        sentences.append(Sentence(tuple(words), (Span(place, place + 1, "PER"),)))
    how = {
        "model": models["mt5"], "device": "cpu", "epochs": 4, "batch_size": 8, "evaluate_every": 3, "warmup": 4,
        "learning_rate": 1e-2, "weight_decay": 0.01, "patience": 2, **settings,
    }  # fmt: skip
    return train_writer(out, sentences[:60], sentences[60:], WriterTraining(**how), progress=killing(at))


GAMES = {
    "reversal": replace(
        PUBLISHED, mode="reversal", hidden=8, discriminator_rate=1e-2, discriminator_steps=2, keep=True
    ),
    "alternating": replace(
        PUBLISHED, mode="alternating", level="sentence", hidden=8, generator_rate=1e-3, classes="each", keep=True
    ),
}

TRAININGS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "token": (token, {}),
    "token, accumulated, gce": (token, {"accumulate": 2, "loss": "gce", "words": "average", "patience": 2}),
    "token, reversal": (token, {"game": GAMES["reversal"]}),
    "token, alternating": (token, {"game": GAMES["alternating"]}),
    "advpicker": (advpicker, {}),
    "language model, masked": (language_model, {"name": "xlmr"}),
    "language model, spans": (language_model, {"name": "mt5"}),
    "links": (links, {}),
    "links, one objective": (links, {"objectives": ("mlm",), "accumulate": 1, "weight_decay": 0.1}),
    "writer": (writer, {}),
    "writer, in parts": (writer, {"at_once": 3}),
}
"""The trainings: what runs them, and their settings."""


def losses_of(report: Any) -> list[float]:
    """The course of a training, and what was measured on the way."""
    if hasattr(report, "student"):
        return [*report.student.losses, *(value for look in report.student.looks for value in look)]
    if hasattr(report, "dev_losses"):
        return [float(value) for look in report.dev_losses for value in look]
    if isinstance(report.losses, dict):
        return [value for course in report.losses.values() for value in course]
    game = getattr(report, "game", None)
    parts = [] if game is None else [part.adversarial for part in game.parts]
    return [*report.losses, *(float(value) for look in report.looks for value in look), *parts]


def digests_of(folder: Path) -> dict[str, str]:
    """The hash of each file of weights."""
    found = {}
    for path in sorted(folder.rglob("*.safetensors")):
        found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return found


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield Models(tmp_path_factory.mktemp("models"))
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", TRAININGS)
def test_the_course_is_what_it_was_and_goes_on_after_a_kill(models, tmp_path, name):
    run, how = TRAININGS[name]
    report = run(models, tmp_path / "whole", None, **how)
    assert losses_of(report) == pytest.approx(json.loads(GOLDEN.read_text())[name], rel=2e-2, abs=1e-5)
    with pytest.raises(Killed):
        run(models, tmp_path / "part", 5, **how)
    resumed = run(models, tmp_path / "part", None, **how)
    assert losses_of(resumed) == losses_of(report)
    assert digests_of(tmp_path / "part") == digests_of(tmp_path / "whole")


def tight(most: int) -> Callable[[], None]:
    """Let models that are trained read so many sentences at most."""
    inside = torch.nn.Module.__call__

    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        ids = named.get("input_ids")
        if self.training and ids is not None and len(ids) > most:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return inside(self, *arguments, **named)

    torch.nn.Module.__call__ = call

    def undo() -> None:
        torch.nn.Module.__call__ = inside

    return undo


def main() -> None:
    """Print the losses and the digests of all trainings: whole, killed and resumed, and in halved batches."""
    torch.set_num_threads(1)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch:
        models = Models(Path(scratch, "models"))
        for number, (name, (run, how)) in enumerate(TRAININGS.items()):
            place = Path(scratch, str(number))
            report = run(models, place / "whole", None, **how)
            found[name] = {"losses": losses_of(report), "whole": digests_of(place / "whole")}
            try:
                run(models, place / "part", 5, **how)
            except Killed:
                run(models, place / "part", None, **how)
            found[name]["killed"] = digests_of(place / "part")
            undo = tight(3)
            try:
                with warnings.catch_warnings(record=True) as told:
                    warnings.simplefilter("always")
                    report = run(models, place / "halved", None, **how)
                told = [str(one.message) for one in told if "memory ran out" in str(one.message)]
                found[name] |= {
                    "halved": digests_of(place / "halved"),
                    "told": told,
                    "halved losses": losses_of(report),
                }
            except Exception as error:
                found[name]["halved"] = str(error)
            finally:
                undo()
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
