"""The training of T-Projection's model: it learns, stops, goes on where it was interrupted, and says what is wrong."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.core.errors import EmptyInputError, ModelError, OptionError, OutputError  # noqa: E402
from crosspan.core.temporary import beside  # noqa: E402
from crosspan.core.types import Alignment, Pair, Sentence, Span  # noqa: E402
from crosspan.models.batching import SmallerBatch  # noqa: E402
from crosspan.project.scorers.nmt import NmtOptions  # noqa: E402
from crosspan.project.t_projection import TProjection, TProjectionOptions  # noqa: E402
from crosspan.train.candidates.exercises import examples_of  # noqa: E402
from crosspan.train.candidates.objective import WriterObjective  # noqa: E402
from crosspan.train.candidates.training import WriterTraining, train_writer  # noqa: E402

PERSONS = ("ada", "obi", "bola", "kofi", "zuri", "amina")
PLACES = ("accra", "lagos", "kano", "nairobi", "kigali", "lome")
OTHERS = ("went", "to", "from", "sees", "big", "old", "city", "and", "in", "lives")
TAGS = ("<Person>", "</Person>", "<Location>", "</Location>", "[None]")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def save_base(folder, dropout):
    """A random mT5 whose vocabulary has whole words and the tags."""
    words = [*PERSONS, *PLACES, *OTHERS]
    letters = sorted({letter for word in [*words, *TAGS] for letter in word})
    pieces = [(special, 0.0) for special in ("<pad>", "</s>", "<unk>")]
    pieces += [("▁", -6.0), *((letter, -9.0) for letter in letters)]
    pieces += [(form, -3.0) for word in [*words, *TAGS] for form in ("▁" + word, word)]
    tokenizer = transformers.T5Tokenizer(vocab=pieces, extra_ids=4)
    config = transformers.MT5Config(
        vocab_size=len(tokenizer), d_model=64, d_kv=16, num_heads=4, d_ff=128, num_layers=1, num_decoder_layers=1,
        dropout_rate=dropout, decoder_start_token_id=0, pad_token_id=0, eos_token_id=1,
    )  # fmt: skip
    torch.manual_seed(0)
    tokenizer.save_pretrained(folder)
    transformers.MT5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_base(tmp_path_factory.mktemp("writer") / "base", 0.1)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """One without dropout, which learns faster."""
    return save_base(tmp_path_factory.mktemp("writer") / "quiet", 0.0)


def labelled(n, seed):
    """Sentences with a person of one or two words and a place."""
    rng = random.Random(seed)
    found = []
    for _ in range(n):
        words = rng.choices(OTHERS, k=rng.randint(2, 4))
        person, place = rng.sample(PERSONS, rng.randint(1, 2)), rng.choice(PLACES)
        at = rng.randrange(len(words))
        words[at:at] = [*person, place]
        middle = at + len(person)
        found.append(Sentence(tuple(words), (Span(at, middle, "PER"), Span(middle, middle + 1, "LOC"))))
    return found


def options_of(base, **changes):
    fast = WriterTraining(
        model=str(base), device="cpu", epochs=10, batch_size=32, at_once=32, learning_rate=1e-2, warmup=10, patience=0
    )
    return replace(fast, **changes)


@pytest.fixture(scope="module")
def trained(quiet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("writer") / "trained"
    return folder, train_writer(folder, labelled(320, 1), labelled(30, 2), options_of(quiet))


def test_the_loss_falls_and_the_best_model_is_kept(trained):
    folder, report = trained
    losses = [loss for _, loss in report.dev_losses]
    assert losses[-1] < losses[0] / 4
    assert report.steps == 100
    assert report.best_step == min(report.dev_losses, key=lambda one: one[1])[0]
    names = {path.name for path in folder.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= names
    assert not {name for name in names if name.startswith("checkpoint") or name.endswith((".bin", ".pt"))}


def test_the_trained_model_finds_entities_end_to_end(trained):
    """Target sentences are of the same words, as a multilingual model would know them."""

    class Same:
        def phrases(self, sources, targets, languages):
            return [1.0 if one == other else 0.1 for one, other in zip(sources, targets, strict=True)]

    sentences = labelled(40, 3)
    pairs = [Pair(one, Sentence(one.tokens)) for one in sentences]
    options = TProjectionOptions(
        model=str(trained[0]), device="cpu", beams=8, nmt=NmtOptions(source_lang="en", target_lang="es")
    )
    projector = TProjection(options, scorer=Same())
    assert all(len(set(answers)) == 8 for answers in projector.written(pairs[:3]))
    made = projector.project(pairs, [Alignment.from_links([])] * len(pairs))
    right = sum(one.sentence.tags() == sentence.tags() for one, sentence in zip(made, sentences, strict=True))
    assert right >= 36


def weights(folder):
    return transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).state_dict()


def test_resumed_training_ends_where_uninterrupted_training_does(base, tmp_path):
    sentences, dev = labelled(60, 4), labelled(10, 5)
    options = options_of(base, epochs=4, batch_size=8, evaluate_every=3)
    whole = train_writer(tmp_path / "whole", sentences, dev, options)

    def stop(event):
        assert event.total == 32
        if event.done == 17:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_writer(tmp_path / "parts", sentences, dev, options, progress=stop)
    assert (tmp_path / "parts" / "checkpoint-00000015" / "state.json").is_file()
    steps = []
    parts = train_writer(tmp_path / "parts", sentences, dev, options, progress=lambda event: steps.append(event.done))
    assert steps[0] == 16  # the last checkpoint was made after step 15
    assert parts == whole
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not list((tmp_path / "parts").glob("checkpoint*"))


def interrupted(base, folder, **changes):
    def stop(event):
        if event.done == 4:
            raise KeyboardInterrupt

    options = options_of(base, epochs=2, batch_size=8, evaluate_every=2, **changes)
    with pytest.raises(KeyboardInterrupt):
        train_writer(folder, labelled(40, 6), labelled(5, 7), options, progress=stop)
    return options


def test_a_checkpoint_of_another_training_is_refused(base, tmp_path):
    options = interrupted(base, tmp_path)
    with pytest.raises(OutputError, match=r"checkpoint of another training.*Use the same data and settings"):
        train_writer(tmp_path, labelled(40, 6), labelled(5, 7), replace(options, seed=1))
    with pytest.raises(OutputError, match="checkpoint of another training"):
        train_writer(tmp_path, labelled(41, 6), labelled(5, 7), options)


@pytest.mark.parametrize("name", ["state.json", "weights.safetensors", "optimizer.safetensors"])
def test_a_damaged_checkpoint_is_named(base, tmp_path, name):
    options = interrupted(base, tmp_path)
    path = tmp_path / "checkpoint-00000004" / name
    path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(ModelError, match="the checkpoint cannot be read"):
        train_writer(tmp_path, labelled(40, 6), labelled(5, 7), options)


def test_a_checkpoint_that_was_being_written_does_not_count(base, tmp_path):
    options = interrupted(base, tmp_path)
    beside(tmp_path / "checkpoint-00000006").mkdir()
    steps = []
    train_writer(tmp_path, labelled(40, 6), labelled(5, 7), options, progress=lambda event: steps.append(event.done))
    assert steps[0] == 5


def test_training_stops_when_the_dev_sentences_get_worse(base, tmp_path, monkeypatch):
    losses = iter([3.0, 2.0, 2.5, 2.25, 1.0])
    monkeypatch.setattr(WriterObjective, "dev_loss", lambda self: next(losses))
    options = options_of(base, epochs=9, batch_size=8, evaluate_every=1, patience=2)
    report = train_writer(tmp_path, labelled(8, 6), labelled(2, 7), options)
    assert (report.steps, report.best_step, report.stopped_early) == (4, 2, True)


def test_without_dev_sentences_the_last_model_is_kept(base, tmp_path):
    report = train_writer(tmp_path, labelled(8, 6), (), options_of(base, epochs=2, batch_size=8))
    assert (report.steps, report.best_step, report.dev_losses) == (2, 2, ())
    assert (tmp_path / "model.safetensors").is_file()


def test_sentences_in_parts_teach_the_same(quiet, tmp_path):
    found = []
    for at_once in (8, 3):
        folder = tmp_path / str(at_once)
        train_writer(folder, labelled(8, 6), (), options_of(quiet, epochs=2, batch_size=8, at_once=at_once))
        found.append(weights(folder))
    assert all(torch.allclose(found[0][name], found[1][name], atol=2e-4) for name in found[0])


def test_memory_that_runs_out_makes_smaller_parts(base, tmp_path, monkeypatch):
    original = WriterObjective._loss

    def small(self, chosen, pieces):
        if len(chosen) > 2:
            raise MemoryError
        return original(self, chosen, pieces)

    monkeypatch.setattr(WriterObjective, "_loss", small)
    with pytest.warns(SmallerBatch) as told:
        report = train_writer(tmp_path, labelled(8, 6), (), options_of(base, epochs=1, batch_size=8))
    assert report.steps == 1
    assert [str(one.message) for one in told] == [
        f"memory ran out; going on with {n} sentences at once" for n in (4, 2)
    ]


def test_the_random_numbers_of_others_are_left_alone(base, tmp_path):
    torch.manual_seed(7)
    expected = torch.rand(1)
    torch.manual_seed(7)
    train_writer(tmp_path, labelled(4, 6), (), options_of(base, epochs=1))
    assert torch.equal(torch.rand(1), expected)


def test_examples_ask_for_the_entities_of_a_sentence(base):
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    sentences = [Sentence(("ada", "in", "lome"), (Span(0, 1, "PER"), Span(2, 3, "LOC"))), Sentence(("no", "one"))]
    found, left_out = examples_of(tokenizer, sentences, options_of(base))
    assert left_out == 0
    assert [tokenizer.decode(ids) for ids in found[0]] == [
        "ada in lome <Person>[None]</Person><Location>[None]</Location></s>",
        "<Person>ada</Person><Location>lome</Location></s>",
    ]
    assert examples_of(tokenizer, sentences, options_of(base, max_pieces=5)) == ([], 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dtype": "float16"}, "dtype is 'float16'.*bfloat16"),
        ({"epochs": 0}, "epochs is 0.*at least 1"),
        ({"warmup": -1}, "warmup is -1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0.*above 0"),
        ({"clip": float("nan")}, "clip is nan"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"names": ("A",)}, "'A' names no label"),
    ],
)
def test_wrong_options_say_what_is_right(changes, message):
    with pytest.raises(OptionError, match=message):
        WriterTraining(**changes)


def test_what_cannot_be_trained_is_said(base, tmp_path):
    with pytest.raises(OptionError, match=r"no model to start from.*model=google/mt5-large"):
        train_writer(tmp_path, labelled(1, 1))
    with pytest.raises(EmptyInputError, match="no sentence has an entity"):
        train_writer(tmp_path, [Sentence(("ada",))], (), options_of(base))
    with pytest.raises(EmptyInputError, match="all sentences with entities are too long"):
        train_writer(tmp_path, labelled(2, 1), (), options_of(base, max_pieces=3))
    with pytest.raises(ModelError, match="there is no such folder"):
        train_writer(tmp_path, labelled(1, 1), (), options_of(tmp_path / "missing"))
