"""T-Projection: questions and answers, places of candidates, the choice against trying everything, real tiny models."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.core.errors import ModelError, OptionError
from crosspan.core.options import with_settings
from crosspan.core.types import Alignment, Pair, Sentence, Span
from crosspan.project.projector import PROJECTORS
from crosspan.project.scorers.nmt import NmtOptions
from crosspan.project.t_projection import TProjection, TProjectionOptions
from crosspan.project.t_projection_data import Places, Template, WrittenEntity

NONE = Alignment.from_links([])
NMT = NmtOptions(source_lang="en", target_lang="es")


class Says:
    """A writer that gives prepared answers to sentences, and remembers what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def write(self, questions):
        self.asked += questions
        return [self.answers[len(self.asked) - len(questions) + at] for at in range(len(questions))]


class Table:
    """A scorer with prepared scores; 0.01 for others."""

    def __init__(self, scores=()):
        self.scores = dict(scores)

    def phrases(self, sources, targets, languages):
        assert languages == ("en", "es")
        return np.array([self.scores.get(pair, 0.01) for pair in zip(sources, targets, strict=True)])


def projected(pair, answers, scores, **options):
    made = TProjection(TProjectionOptions(nmt=NMT, **options), writer=Says(answers), scorer=Table(scores))
    return made.project([pair], [NONE])[0]


# --- options -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beams": 0}, "beams is 0.*at least 1"),
        ({"budget": 0}, "budget is 0"),
        ({"min_score": -0.1}, "min_score is -0.1.*at least 0"),
        ({"min_score": float("nan")}, "min_score is nan"),
        ({"names": ("DIS",)}, "'DIS' names no label.*LABEL=Name"),
        ({"names": ("DIS=a b",)}, "'DIS' cannot be called 'a b'"),
        ({"names": ("DIS=Person",)}, "'DIS' and 'PER' are both called 'Person'"),
        ({"dtype": "int3"}, "dtype is 'int3'"),
    ],
)
def test_wrong_options_say_what_is_right(options, message):
    with pytest.raises(OptionError, match=message):
        TProjectionOptions(**options)


def test_settings_may_be_strings():
    found = with_settings(TProjectionOptions(), {"beams": "100", "substring": "yes", "nmt.model": "x", "names": "A=B"})
    assert (found.beams, found.substring, found.nmt.model, found.names) == (100, True, "x", ("A=B",))
    made = PROJECTORS.make("t-projection", **{"model": "m", "nmt.model": "x", "beams": "3"})
    assert made.options == TProjectionOptions(model="m", beams=3, nmt=NmtOptions(model="x"))
    with pytest.raises(OptionError, match=r"'modle'.*Did you mean model"):
        TProjection(**{"nmt.modle": "x"})


def test_a_model_must_be_named():
    pair = Pair(Sentence(("Ada",), (Span(0, 1, "PER"),)), Sentence(("Ada",)))
    with pytest.raises(OptionError, match=r"needs a model that writes candidates.*Train one"):
        TProjection(TProjectionOptions(nmt=NMT)).project([pair], [NONE])
    with pytest.raises(OptionError, match=r"language of the source sentences is not known.*nmt.source_lang"):
        TProjection(writer=Says(["x"]), scorer=Table()).project([pair], [NONE])
    with pytest.raises(OptionError, match="no translator for the nmt score"):
        TProjection(TProjectionOptions(nmt=NMT), writer=Says(["<Person>Ada</Person>"])).project([pair], [NONE])
    assert TProjection().project([], []) == []


# --- questions and answers -----------------------------------------------------------------------------------------


def test_questions_are_written_as_the_text_is():
    text = "l'  Obama,\nici."
    sentence = Sentence(
        ("l'", "Obama", ",", "ici", "."), (), None, None, text, ((0, 2), (4, 9), (9, 10), (11, 14), (14, 15))
    )
    assert (
        Template().question(sentence, ["PER", "PER"]) == "l' Obama, ici. <Person>[None]</Person><Person>[None]</Person>"
    )
    other = Template.named(["DIS=Disease"], "<extra_id_0>")
    assert other.question(Sentence(("flu", ".")), ["DIS", "X Y"]) == (
        "flu. <Disease><extra_id_0></Disease><X_Y><extra_id_0></X_Y>"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<Person>Ada</Person><Location>Accra</Location>", [("PER", "Ada"), ("LOC", "Accra")]),
        ("< Person > Ada  Obi </ Person > and <Person>Bo</Person>", [("PER", "Ada Obi"), ("PER", "Bo")]),
        ("<Person>Ada<Person>Obi</Person>", [("PER", "Obi")]),
        ("<Person>Ada</Location>", []),
        ("<Person>Ada", []),
        ("Ada</Person>", []),
        ("<Person></Person><Person>[None]</Person>", []),
        ("<Animal>cat</Animal><Location>3 < 4</Location>", [("LOC", "3 < 4")]),
        ("", []),
    ],
)
def test_broken_answers_are_read_as_far_as_they_go(text, expected):
    assert Template().read(text, ["PER", "LOC"]) == [WrittenEntity(*one) for one in expected]
    assert Template().read(text, []) == []


@given(st.lists(st.tuples(st.sampled_from(["PER", "LOC", "ODD"]), st.sampled_from(["Ada", "São Tomé", "b c d"]))))
def test_answers_are_read_back(entities):
    tokens, spans = [], []
    for label, text in entities:
        spans.append(Span(len(tokens), len(tokens) + len(text.split()), label))
        tokens += text.split()
    answer = Template().answer(Sentence(tuple(tokens), tuple(spans)))
    assert Template().read(answer, ["PER", "LOC", "ODD"]) == [WrittenEntity(*one) for one in entities]


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        ("in New York , New York", "New York", [(1, 3), (4, 6)]),
        ("in New York", "new york", [(1, 3)]),
        ("in New York and new york", "New York", [(1, 3)]),
        ("the U.S. ( Texas )", "US", [(1, 2)]),
        ("the U.S. ( Texas )", "( Texas )", [(2, 5)]),
        ("the U.S. ( Texas )", "texas)", [(3, 4)]),
        ("Jean - Luc left", "Jean-Luc", [(0, 3)]),
        ("Re\u0301union", "R\u00e9union", [(0, 1)]),
        ("東京 都 に", "東京都", [(0, 2)]),
        ("Accras", "Accra", []),
        ("no", ".", []),
        ("! no", "?", []),
        ("1º de Mayo", "1o de Mayo", [(0, 3)]),
        ("a a a", "a a", [(0, 2), (1, 3)]),
    ],
)
def test_places_are_whole_words(tokens, text, expected):
    assert Places(tuple(tokens.split())).of(text) == expected


@pytest.mark.parametrize(
    ("tokens", "text", "expected"),
    [
        ("Ummeli waseJamani kwikomiti yeManyano yaseYurophu", "Jamani", [(1, 2)]),
        ("Ummeli waseJamani kwikomiti yeManyano yaseYurophu", "manyano Yurophu", [(3, 5)]),
        ("Jamani waseJamani", "Jamani", [(0, 1)]),  # a whole word comes first
        ("waseJamani", "ma", []),  # too short to mean anything
    ],
)
def test_places_may_be_parts_of_words(tokens, text, expected):
    assert Places(tuple(tokens.split()), inside=True).of(text) == expected


# --- the choice ----------------------------------------------------------------------------------------------------


def test_all_entities_of_a_class_share_its_candidates_and_each_gets_its_own():
    source = Sentence(("Ada", "met", "Obi", "in", "Rome"), (Span(0, 1, "PER"), Span(2, 3, "PER"), Span(4, 5, "LOC")))
    target = Sentence(("En", "Roma", "Obi", "vio", "a", "Ada"), (Span(0, 1, "OLD"),))
    made = projected(
        Pair(source, target),
        ["<Person>Obi</Person><Person>Ada</Person><Location>Roma</Location>", "<Person>Roma</Person>"],
        {("Ada", "Ada"): 0.9, ("Obi", "Obi"): 1.3, ("Ada", "Obi"): 0.2, ("Rome", "Roma"): 0.7},
    )
    assert made.sentence.tags() == ["O", "B-LOC", "B-PER", "O", "O", "B-PER"]
    assert [(one.source.start, one.target.start, one.confidence) for one in made.links] == [
        (0, 5, 0.9),
        (2, 2, 1.0),
        (4, 1, 0.7),
    ]


def test_together_entities_do_better_than_one_after_the_other():
    source = Sentence(("X", "Y"), (Span(0, 1, "PER"), Span(1, 2, "PER")))
    made = projected(
        Pair(source, Sentence(("x", "y"))),
        ["<Person>x</Person>", "<Person>x y</Person>"],
        {("X", "x y"): 0.6, ("X", "x"): 0.5, ("Y", "x"): 0.9, ("Y", "x y"): 0.1},
    )
    assert [(one.source.start, one.target.start, one.target.end) for one in made.links] == [(1, 0, 1)]
    assert [one.reason for one in made.dropped] == ["overlap"]


def test_every_dropped_entity_has_its_reason():
    source = Sentence(
        ("A", "B", "C", "D"), (Span(0, 1, "PER"), Span(1, 2, "LOC"), Span(2, 3, "ORG"), Span(3, 4, "ORG"))
    )
    made = projected(
        Pair(source, Sentence(("c", "d"))),
        ["<Location>Paris</Location><Organization>c</Organization>"],
        {("C", "c"): 0.9, ("D", "c"): 0.05},
        min_score=0.1,
    )
    assert {one.source.label + str(one.source.start): one.reason for one in made.dropped} == {
        "PER0": "filtered:not_generated",
        "LOC1": "filtered:not_in_target",
        "ORG3": "below_threshold",
    }
    assert [one.target.start for one in made.links] == [0]


def test_a_part_of_a_word_is_scored_alone_and_labelled_whole():
    pair = Pair(Sentence(("Germany",), (Span(0, 1, "LOC"),)), Sentence(("Ummeli", "waseJamani")))
    scores = {("Germany", "Jamani"): 0.8}
    assert projected(pair, ["<Location>Jamani</Location>"], scores).dropped[0].reason == "filtered:not_in_target"
    made = projected(pair, ["<Location>Jamani</Location>"], scores, substring=True)
    assert (made.sentence.tags(), made.links[0].confidence) == (["O", "B-LOC"], 0.8)


def test_sentences_that_cannot_be_worked_on_do_not_stop_others():
    pair = Pair(Sentence(("Ada",), (Span(0, 1, "PER"),)), Sentence(("Ada",)))
    writer = Says(["<Person>Ada</Person>"], None)
    pairs = [pair, pair, Pair(pair.source, Sentence(())), pair, Pair(Sentence(("x",)), pair.target)]
    made = TProjection(TProjectionOptions(nmt=NMT), writer=writer, scorer=Table()).project(
        pairs, [NONE, None, NONE, NONE, NONE]
    )
    assert [one.status for one in made] == ["ok", "error", "ok", "error", "ok"]
    assert made[3].error == "the sentence is too long for the model that writes candidates"
    assert [one.dropped[0].reason for one in made[1:4]] == ["error", "no_link", "error"]
    assert len(writer.asked) == 2


def by_force(pair, candidates, scores):
    """The highest total of all ways to give each entity one of its class's places or none."""
    best = 0.0
    options = []
    for span in pair.source.spans:
        name = pair.source.tokens[span.start]
        options.append([None, *[(place, scores[name, text]) for text, place in candidates.get(span.label, ())]])
    for choice in product(*options):
        taken = [place for one in choice if one is not None for place in [one[0]]]
        words = [word for start, end in taken for word in range(start, end)]
        if len(words) == len(set(words)):
            best = max(best, sum(one[1] for one in choice if one is not None))
    return best


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_the_choice_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 7))
    words = tuple(f"w{index}" for index in range(n))
    labels = [str(label) for label in rng.choice(["PER", "LOC"], int(rng.integers(1, 5)))]
    names = tuple(f"E{index}" for index in range(len(labels)))
    source = Sentence(names, tuple(Span(index, index + 1, label) for index, label in enumerate(labels)))
    pair = Pair(source, Sentence(words))
    answers, candidates, scores = [], {}, {}
    for label, name in (("PER", "Person"), ("LOC", "Location")):
        ranges = {tuple(sorted(rng.choice(n + 1, 2, replace=False).tolist())) for _ in range(int(rng.integers(0, 6)))}
        for start, end in sorted(ranges):
            text = " ".join(words[start:end])
            answers.append(f"<{name}>{text}</{name}>")
            candidates.setdefault(label, []).append((text, (start, end)))
            scores.update({(entity, text): float(rng.random()) for entity in names})
    made = projected(pair, answers, scores)
    assert made.status == "ok"
    assert len(made.links) + len(made.dropped) == len(labels)
    total = sum(one.confidence for one in made.links)
    assert total == pytest.approx(by_force(pair, candidates, scores))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("<>/PersonLct AdaÉ\u0301.\u200d👩", max_size=40), max_size=4), st.booleans())
def test_whatever_is_written_nothing_breaks(answers, substring):
    tokens = ("Ada", "E\u0301", "👩\u200d👧", ".", "Person")
    source = Sentence(("Ada", "Lc"), (Span(0, 1, "PER"), Span(1, 2, "LOC")))
    made = projected(Pair(source, Sentence(tokens)), answers, {}, substring=substring)
    assert made.status == "ok"
    assert made.sentence.tokens == tokens
    assert len(made.links) + len(made.dropped) == 2


# --- with real models ----------------------------------------------------------------------------------------------

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from crosspan.models.device import Placement  # noqa: E402
from crosspan.project.t_projection_model import BeamWriter  # noqa: E402
from crosspan.testing.tiny_models import save_mt5, save_nllb, save_xlmr  # noqa: E402

CPU = Placement(device="cpu")


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tiny models are no faster with more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def random_mt5(tmp_path_factory):
    return save_mt5(tmp_path_factory.mktemp("mt5") / "model")


def test_beams_are_those_of_each_sentence_alone(random_mt5):
    questions = ["Ada lives in Accra <Person>[None]</Person>", "no", "Accra is big and old and far away"]
    writer = BeamWriter(random_mt5, beams=4, placement=CPU, longest=12)
    together = writer.write(questions)
    alone = [BeamWriter(random_mt5, beams=4, placement=CPU, longest=12).write([one])[0] for one in questions]
    assert [len(one) for one in together] == [4, 4, 4]
    assert [one[0] for one in together] == [one[0] for one in alone]
    assert writer.write([]) == []


def test_a_model_that_does_not_write_is_named(tmp_path):
    folder = save_xlmr(tmp_path / "xlmr")
    with pytest.raises(ModelError, match=r"type xlm-roberta, which does not write.*mt5"):
        BeamWriter(folder, placement=CPU)
    with pytest.raises(ModelError, match="there is no such folder"):
        BeamWriter(tmp_path / "missing", placement=CPU)


def test_questions_that_are_too_long_are_not_cut(random_mt5):
    writer = BeamWriter(random_mt5, beams=1, placement=CPU, longest=2)
    writer.limit = 20
    found = writer.write(["x", "Accra " * 40])
    assert found[0] is not None
    assert found[1] is None


def test_real_models_from_end_to_end(random_mt5, tmp_path):
    nllb = save_nllb(tmp_path / "nllb")
    options = TProjectionOptions(
        model=str(random_mt5), device="cpu", beams=3, longest=16,
        nmt=NmtOptions(model=str(nllb), source_lang="en", target_lang="es", device="cpu"),
    )  # fmt: skip
    source = Sentence(("Ada", "lives", "in", "Accra"), (Span(0, 1, "PER"), Span(3, 4, "LOC")))
    pair = Pair(source, Sentence(("Ada", "vive", "en", "Accra")))
    projector = TProjection(options)
    made = projector.project([pair], [NONE])[0]
    assert {one.reason for one in made.dropped} <= {"filtered:not_generated", "filtered:not_in_target", "overlap"}
    # the same, with what a trained model would have written
    told = TProjection(
        options, writer=Says(["<Person>Ada</Person><Location>Accra</Location>", "<Location>en Accra</Location>"])
    )
    made = told.project([pair], [NONE])[0]
    assert [(one.source.label, one.target.label) for one in made.links] == [("PER", "PER"), ("LOC", "LOC")]
    assert all(re.match(r"PER|LOC", one.label) and 0 < one.score <= 1 for one in made.sentence.spans)
