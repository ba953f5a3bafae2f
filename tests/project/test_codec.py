"""CODEC: the search against trying everything, the places of markers, and a tiny translator that learned to mark."""

from __future__ import annotations

import math
import random
import re
from itertools import combinations

import numpy as np
import pytest

from crosspan.core.errors import OptionError
from crosspan.core.options import with_settings
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.codec import CodecOptions, CodecProjector
from crosspan.project.codec_model import MarkerModel, marked_text
from crosspan.project.codec_search import Forced, ForcedScores, Hypothesis, MarkerSearch, shares, template_of
from crosspan.project.projector import PROJECTORS

NONE = Alignment.from_links([])


# --- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"open_marker": " "}, "open_marker is empty.*such as"),
        ({"close_marker": "["}, r"both markers are '\['.*two different"),
        ({"hypotheses": 0}, "hypotheses is 0.*at least 1"),
        ({"openings": -1}, "openings is -1.*at least 0"),
        ({"effort": -1}, "effort is -1.*at least 0"),
        ({"min_share": 1.5}, "min_share is 1.5.*from 0 to 1"),
        ({"min_gain": math.nan}, "min_gain is not a number"),
        ({"dtype": "int3"}, "dtype is 'int3'"),
    ],
)
def test_wrong_options_say_what_is_right(given, message):
    with pytest.raises(OptionError, match=message):
        CodecOptions(**given)


def test_settings_may_be_strings():
    found = with_settings(CodecOptions(), {"min_gain": "-inf", "openings": "0", "open_marker": "<a>"})
    assert (found.min_gain, found.openings, found.open_marker) == (-math.inf, 0, "<a>")
    made = PROJECTORS.make("codec", model="x", min_gain="-5")
    assert made.options == CodecOptions(model="x", min_gain=-5.0)
    with pytest.raises(OptionError, match=r"'openigs'.*openings"):
        CodecProjector(openigs=3)


# --- text and places -----------------------------------------------------------------------------------------------


def test_markers_go_into_the_text_as_it_is_written():
    sentence = Sentence(
        ("Ada", "l'", "Accra", "."), (), text="Ada  l'Accra.", offsets=((0, 3), (5, 7), (7, 12), (12, 13))
    )
    assert marked_text(sentence, Span(2, 3, "LOC"), "[", "]") == "Ada  l'[ Accra ]."
    assert marked_text(sentence, Span(0, 1, "PER"), "[", "]") == "[ Ada ]  l'Accra."
    assert marked_text(Sentence(("東京", "に", "行く")), Span(1, 2, "X"), "<a>", "</a>") == "東京 <a> に </a> 行く"


def test_places_are_where_words_and_pieces_both_begin():
    # "New York's" as New | York | 's in the pieces "New", "Yo", "rk's", and a piece of blanks alone before "sun"
    words = [(0, 1), (1, 2), (1, 3), (3, 3), (3, 4)]
    found = template_of([8], [1, 2, 3, 4, 5], [2], words, 4)
    assert found.place.tolist() == [0, 1, 3, 5]
    assert found.opens.tolist() == [0, 1, 3, 4]
    assert found.closes.tolist() == [0, 1, 3, 4]
    assert found.marked(1, 3, (7,), (9,)) == (8, 1, 7, 2, 3, 9, 4, 5, 2)


def test_words_without_pieces_stay_outside_of_entities():
    found = template_of([], [1, 2], [], [(1, 2), (3, 4)], 5)  # words 0, 2 and 4 have none
    assert found.place.tolist() == [0, 1, 2]
    assert found.opens.tolist() == [1, 3, 5]
    assert found.closes.tolist() == [0, 2, 4]


# --- the search, with probabilities made up ------------------------------------------------------------------------


class Random:
    """Log probabilities that depend on all pieces before, as those of a model do; ``sharp`` ones differ more."""

    def __init__(self, seed, sharp=2.0, vocabulary=9):
        self.seed, self.sharp, self.n = seed, sharp, vocabulary
        self.asked = 0

    def _row(self, before):
        numbers = np.random.default_rng([self.seed, *before]).normal(size=self.n) * self.sharp
        return numbers - np.logaddexp.reduce(numbers)

    def know(self, one):
        self.asked += 1
        rows = [self._row(one.ids[:at]) for at in range(len(one.ids))]
        forced = np.array([row[piece] for row, piece in zip(rows, one.ids, strict=True)])
        return ForcedScores(forced, np.array([row[one.watch] for row in rows]))

    def total(self, ids, n_before):
        return float(self.know(Forced(tuple(ids), 0)).forced[n_before:].sum())


def run(search, model):
    while asked := search.ask():
        search.tell([model.know(one) for one in asked])
    return search.found


def by_force(template, opening, closing, model):
    found = []
    for i, j in combinations(range(len(template.place)), 2):
        ids = template.marked(int(template.place[i]), int(template.place[j]), opening, closing)
        score = model.total(ids, len(template.before))
        found.append(Hypothesis(int(template.opens[i]), int(template.closes[j]), score))
    return sorted(found, key=lambda one: (-one.score, one.start, -one.end))


@pytest.mark.parametrize("seed", range(60))
def test_the_search_finds_what_trying_everything_finds(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 8))
    cut = np.sort(rng.integers(0, n + 2, n + 1))  # words of no, one or several pieces
    words = [(word, word + 1) for word in range(n) for _ in range(cut[word], cut[word + 1])]
    template = template_of([8], rng.integers(0, 6, len(words)).tolist(), [2], words, n)
    opening, closing = ((6,), (7,)) if seed % 2 else ((6, 3), (7, 3, 6))
    model = Random(seed, sharp=float(rng.choice([0.5, 2.0, 6.0])))
    expected = by_force(template, opening, closing, model)
    for width in (1, 4):
        model.asked = 0
        search = MarkerSearch(template, opening, closing, most=5, min_share=0.0, width=width)
        found = run(search, model)
        assert [(one.start, one.end) for one in found] == [(one.start, one.end) for one in expected[:5]]
        assert [one.score for one in found] == pytest.approx([one.score for one in expected[:5]])
        assert search.sequences == model.asked
        best = run(MarkerSearch(template, opening, closing, min_share=0.01, width=width), model)
        near = [one for one in expected[:5] if one.score >= expected[0].score + math.log(0.01)]
        assert [(one.start, one.end) for one in best] == [(one.start, one.end) for one in near]


def test_bounds_save_most_of_the_work_where_a_model_is_sure():
    template = template_of([], list(range(20)), [20], [(word, word + 1) for word in range(20)], 20)
    right = template.marked(7, 9, (21,), (22,))

    class Sure(Random):
        def _row(self, before):
            row = np.full(23, math.log(0.01 / 22))
            row[right[len(before)] if tuple(before) == right[: len(before)] else 21] = math.log(0.99)
            return row

    model = Sure(0)
    found = run(MarkerSearch(template, (21,), (22,)), model)
    assert [(one.start, one.end) for one in found] == [(7, 9)]
    assert model.asked <= 8  # of 210
    assert by_force(template, (21,), (22,), model)[0] == found[0]


def test_openings_are_chosen_by_what_marking_the_source_changes():
    template = template_of([], [1, 2, 3, 4], [0], [(word, word + 1) for word in range(4)], 4)
    model = Random(3)
    marked = model.know(Forced(template.plain(), 6)).forced
    plain = marked + np.array([0.0, 2.0, 0.5, 1.0, 9.0])
    search = MarkerSearch(template, (6,), (7,), most=99, min_share=0.0, openings=2, plain=plain)
    assert {one.start for one in run(search, model)} == {1, 3}


@pytest.mark.parametrize("effort", [1, 12, 40])
def test_effort_has_a_limit(effort):
    template = template_of([], list(range(6)), [6], [(word, word + 1) for word in range(6)], 6)
    model = Random(5, sharp=0.1)  # so unsure that bounds help little
    search = MarkerSearch(template, (7,), (8,), min_share=0.0, effort=effort, width=1)
    found = run(search, model)
    expected = by_force(template, (7,), (8,), model)
    assert found
    assert search.exact == (found == expected[:5])
    assert search.exact or search.sequences <= max(effort, 1 + 6 + 1)
    assert {one.score for one in found} <= {one.score for one in expected}


def test_a_text_without_words_has_no_place():
    search = MarkerSearch(template_of([8], [], [2], [], 0), (6,), (7,))
    assert run(search, Random(0)) == []


def test_shares_add_up():
    found = [Hypothesis(0, 1, -1000.0), Hypothesis(0, 2, -1001.0)]
    assert shares(found).tolist() == pytest.approx([1 / (1 + math.exp(-1)), 1 / (1 + math.e)])
    assert shares([]).tolist() == []


# --- with a model --------------------------------------------------------------------------------------------------

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.models.batching import SmallerBatch  # noqa: E402
from crosspan.testing.tiny_models import SPECIAL, byte_pairs, save_m2m100, save_madlad, save_marian  # noqa: E402
from crosspan.translate.transformers import TransformersTranslator  # noqa: E402

WORDS = [
    *("ada", "obi", "accra", "lagos", "kano", "went", "to", "from", "sees", "big"),
    *("old", "city", "and", "river", "market", "sun", "rain", "lake", "moon", "stone"),
]


def sentence(rng):
    """Words, and where the entity is."""
    n = rng.randint(3, 5)
    start = rng.randrange(n)
    return rng.choices(WORDS, k=n), start, min(n, start + rng.randint(1, 2))


def marked(words, start, end):
    return " ".join([*words[:start], "[", *words[start:end], "]", *words[end:]])


def tiny_nllb(seed):
    """A random NLLB that knows a few words, and the brackets; large first weights let it learn fast."""
    vocabulary, merges = byte_pairs([" ".join(WORDS)] * 20 + ["[ ] . Ōé"] * 40, list(SPECIAL.values()), size=200)
    tokenizer = transformers.NllbTokenizer(
        vocab=vocabulary, merges=merges, src_lang="eng_Latn", tgt_lang="spa_Latn", model_max_length=32
    )
    config = transformers.M2M100Config(
        vocab_size=len(tokenizer),
        d_model=64,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=128,
        decoder_ffn_dim=128,
        max_position_embeddings=32,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.eos_token_id,
        dropout=0.0,
        attention_dropout=0.0,
        encoder_layerdrop=0.0,
        decoder_layerdrop=0.0,
        init_std=0.1,
    )
    torch.manual_seed(seed)
    return tokenizer, transformers.M2M100ForConditionalGeneration(config)


def teach(tokenizer, model, steps):
    """Copying, with the markers where they are."""
    rng = random.Random(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    model.train()
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 3e-3 * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / steps)
        drawn = [sentence(rng) for _ in range(32)]
        texts = [marked(*one) if at % 5 else " ".join(one[0]) for at, one in enumerate(drawn)]
        batch = tokenizer(texts, text_target=texts, return_tensors="pt", padding=True)
        batch["labels"][batch["labels"] == tokenizer.pad_token_id] = -100
        optimizer.zero_grad()
        model(**batch).loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    model.eval()


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tiny models are no faster with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A translator that has learned to copy marked text, and one that has not."""
    found = {}
    for name, steps in (("trained", 180), ("random", 0)):
        tokenizer, model = tiny_nllb(seed=0)
        if steps:
            teach(tokenizer, model, steps)
        found[name] = tmp_path_factory.mktemp("codec") / name
        tokenizer.save_pretrained(found[name])
        model.save_pretrained(found[name])
    return found


@pytest.fixture(scope="module")
def trained(folders):
    return TransformersTranslator(folders["trained"], device="cpu")


def projector(translator, **options):
    return CodecProjector(CodecOptions(source_lang="en", target_lang="es", **options), translator=translator)


def held_out(n=60):
    rng = random.Random(99)
    pairs = []
    for _ in range(n):
        words, start, end = sentence(rng)
        pairs.append(Pair(Sentence(tuple(words), (Span(start, end, "X"),)), Sentence(tuple(words))))
    return pairs


def right(made):
    return sum(
        [(link.target.start, link.target.end) for link in one.links] == [(link.source.start, link.source.end)]
        for one in made
        for link in one.links
    ) / len(made)


def test_a_model_that_learned_markers_finds_entities_and_a_random_one_does_not(folders):
    pairs = held_out()
    found = {}
    for name, folder in folders.items():
        options = CodecOptions(model=str(folder), source_lang="en", target_lang="es", device="cpu")
        found[name] = right(CodecProjector(options).project(pairs, [NONE] * len(pairs)))
    assert found["trained"] > 0.9
    assert found["random"] < 0.5


@pytest.mark.parametrize("kind", ["trained", "random"])
def test_all_openings_are_exact(folders, kind):
    translator = TransformersTranslator(folders[kind], device="cpu")
    for pair in held_out(8):
        text, words = " ".join(pair.source.tokens), pair.target.tokens
        span = pair.source.spans[0]
        source = marked(text.split(), span.start, span.end)
        scores = {}
        for i, j in combinations(range(len(words) + 1), 2):
            target = marked(list(words), i, j)
            n = len(translator.target_ids([target], "es")[0]) - 1  # the code of the language is given
            scores[i, j] = n * translator.score([source], [target], source="en", target="es")[0]
        expected = sorted(scores, key=lambda one: -scores[one])
        model = MarkerModel(translator, "[", "]")
        template = model.templates([pair.target], "es")[0]
        search = MarkerSearch(template, *model.markers("es"), min_share=0.0)
        state = model.read([source], "en", "es")[0]
        while asked := search.ask():
            search.tell(model.know([(state, one) for one in asked]))
        assert [(one.start, one.end) for one in search.found] == expected[:5]
        assert search.found[0].score == pytest.approx(scores[expected[0]], abs=1e-3)


def test_batches_make_no_difference(trained):
    pairs = held_out(20)
    together = projector(trained).project(pairs, [NONE] * 20)
    alone = [projector(trained, budget=1).project([pair], [NONE])[0] for pair in pairs]
    assert [one.sentence.tags() for one in together] == [one.sentence.tags() for one in alone]
    for one, other in zip(together, alone, strict=True):
        assert [x.confidence for x in one.links] == pytest.approx([x.confidence for x in other.links], abs=1e-3)


def test_bounds_cost_less_than_trying_everything(trained):
    pairs = held_out(30)
    exact, pruned = projector(trained), projector(trained, openings=2)
    best, near = (one.project(pairs, [NONE] * 30) for one in (exact, pruned))
    same = sum(one.sentence.tags() == other.sentence.tags() for one, other in zip(best, near, strict=True))
    assert same >= 15  # what is published loses some, and costs more than bounds do
    everything = sum(len(pair.target) * (len(pair.target) + 1) // 2 for pair in pairs)
    assert exact.sequences < everything


def test_entities_of_a_sentence_do_not_overlap_and_keep_their_labels(trained):
    words = ("ada", "sees", "old", "accra", "city")
    source = Sentence(words, (Span(0, 1, "PER"), Span(3, 5, "LOC")))
    made = projector(trained).project([Pair(source, Sentence(words, (Span(1, 2, "OLD"),)))], [NONE])[0]
    assert made.sentence.tags() == ["B-PER", "O", "O", "B-LOC", "I-LOC"]
    assert all(0.0 <= link.confidence <= 1.0 for link in made.links)


def test_two_entities_that_want_one_word_do_not_both_get_it(trained):
    source = Sentence(("accra", "and", "lagos"), (Span(0, 1, "A"), Span(2, 3, "B")))
    made = projector(trained).project([Pair(source, Sentence(("accra",)))], [NONE])[0]
    assert [one.target.label for one in made.links] == ["A"]
    assert [(one.source.label, one.reason) for one in made.dropped] == [("B", "overlap")]


def test_an_entity_that_is_worth_too_little_is_dropped(trained):
    pair = held_out(1)[0]
    made = projector(trained, min_gain=1e9).project([pair], [NONE])[0]
    assert [one.reason for one in made.dropped] == ["below_threshold"]
    source = Sentence(("ada", "sees", "moon"), (Span(0, 1, "PER"),))
    there, gone = Pair(source, Sentence(source.tokens)), Pair(source, Sentence(("sees", "moon")))
    kept = [len(one.links) for one in projector(trained, min_gain=-3.0).project([there, gone], [NONE] * 2)]
    assert kept == [1, 0]  # they gain -0.3 and -6.6
    assert [len(one.links) for one in projector(trained).project([there, gone], [NONE] * 2)] == [1, 1]


def test_sentences_that_cannot_be_worked_on_do_not_stop_others(trained):
    pair = held_out(1)[0]
    long = Sentence(("river",) * 40)
    pairs = [pair, pair, Pair(pair.source, Sentence(())), Pair(pair.source, long), Pair(Sentence(("x",)), long)]
    made = projector(trained).project(pairs, [NONE, None, NONE, NONE, NONE])
    assert [one.status for one in made] == ["ok", "error", "ok", "error", "ok"]
    assert made[1].error == "there is no alignment for this pair"
    assert re.match(r"the sentence has 4\d pieces with its markers, and the model takes 32", made[3].error)
    assert [one.reason for one in made[2].dropped] == ["no_link"]
    assert [one.reason for one in made[3].dropped] == ["error"]
    assert made[3].sentence.tokens == long.tokens


def test_text_survives_byte_for_byte(trained):
    tokens = ("accra", "e\u0301\u200d", "👩\u200d👧", "\x01", "ō", ".", "אבג")
    text = "accra  e\u0301\u200d 👩\u200d👧\x01 ō. אבג"
    at, offsets = 0, []
    for token in tokens:
        at = text.index(token, at)
        offsets.append((at, at + len(token)))
    target = Sentence(tokens, (), "t", "es", text, tuple(offsets))
    source = Sentence(tokens, tuple(Span(i, i + 1, "X") for i in range(len(tokens))), lang="en")
    made = CodecProjector(CodecOptions(), translator=trained).project([Pair(source, target)], [NONE])[0]
    assert made.status == "ok"
    assert (made.sentence.tokens, made.sentence.text, made.sentence.offsets) == (tokens, text, tuple(offsets))
    assert len(made.links) + len(made.dropped) == len(tokens)


def test_memory_that_runs_out_halves_batches(trained, monkeypatch):
    pairs = held_out(6)
    expected = projector(trained).project(pairs, [NONE] * 6)
    original = MarkerModel._known

    def small(self, asked):
        if len(asked) > 2:
            raise MemoryError
        return original(self, asked)

    monkeypatch.setattr(MarkerModel, "_known", small)
    with pytest.warns(SmallerBatch, match="half as many") as told:
        found = projector(trained).project(pairs, [NONE] * 6)
    assert len(told) <= 3  # what was learned is kept from round to round
    assert [one.sentence.tags() for one in found] == [one.sentence.tags() for one in expected]


def test_faults_are_named(trained, folders):
    pair = held_out(1)[0]
    with pytest.raises(OptionError, match=r"language of the source sentences is not known.*source_lang=en"):
        CodecProjector(translator=trained).project([pair], [NONE])
    with pytest.raises(OptionError, match=r"CODEC needs a translation model.*model="):
        projector(None).project([pair], [NONE])
    with pytest.raises(OptionError, match="no pieces for the marker '€'"):
        projector(trained, open_marker="€").project([pair], [NONE])
    with pytest.raises(OptionError, match="qqq"):
        CodecProjector(CodecOptions(source_lang="qqq", target_lang="es"), translator=trained).project([pair], [NONE])
    assert projector(None).project([], []) == []


@pytest.mark.parametrize("save", [save_marian, save_m2m100, save_madlad])
def test_models_of_other_families(tmp_path, save):
    translator = TransformersTranslator(save(tmp_path / "model"), device="cpu")
    model = MarkerModel(translator, "a", "e")
    target = Sentence(("la", "ciudad", "."), text="la  ciudad.", offsets=((0, 2), (4, 10), (10, 11)))
    template = model.templates([target], "es")[0]
    assert template.opens.tolist() == [0, 1, 2, 3]
    assert list(template.plain()) == translator.target_ids(["la  ciudad."], "es")[0].tolist()
    source = Sentence(("the", "city", "."), (Span(0, 1, "A"), Span(1, 2, "B")))
    made = projector(translator, open_marker="a", close_marker="e").project([Pair(source, target)], [NONE])[0]
    assert made.status == "ok"
    assert made.links
    state = model.read([marked_text(source, Span(1, 2, "B"), "a", "e")], "en", "es")[0]
    ids = template.marked(0, 1, *model.markers("es"))
    known = model.know([(state, Forced(ids, 0)), (state, Forced((*ids, *ids), 0))])[0]
    whole = translator.score_ids(translator.source_ids(["the a city e."], "en", "es"), [np.array(ids, np.int32)])[0]
    own = known.forced[len(template.before) :]
    assert own.mean() == pytest.approx(whole, abs=1e-4)
