from __future__ import annotations

import copy
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosspan.align import statistical
from crosspan.align.expectation import chunk_bounds
from crosspan.align.lexicon import Smoothing
from crosspan.align.statistical import StatisticalAligner, StatisticalOptions, blocks
from crosspan.core.errors import EmptyInputError, ModelError, OptionError
from crosspan.core.types import Pair, Sentence

TINY = [
    ("the house", "das Haus", "0-0 1-1"),
    ("the book", "das Buch", "0-0 1-1"),
    ("a book", "ein Buch", "0-0 1-1"),
    ("a house", "ein Haus", "0-0 1-1"),
    ("my house is big", "mein Haus ist groß", "0-0 1-1 2-2 3-3"),
    ("my book is small", "mein Buch ist klein", "0-0 1-1 2-2 3-3"),
    ("the small house", "das kleine Haus", "0-0 1-1 2-2"),
    ("today the dog sleeps", "heute schläft das Pferd", "0-0 1-2 2-3 3-1"),
    ("the dog sleeps", "das Pferd schläft", "0-0 1-1 2-2"),
    ("a dog", "ein Pferd", "0-0 1-1"),
    ("the house is big today", "das Haus ist heute groß", "0-0 1-1 2-2 3-4 4-3"),
    ("Anna Petrovna reads a book", "Анна Петровна liest ein Buch", "0-0 1-1 2-2 3-3 4-4"),
]


def tokens(rows):
    return [(row[0].split(), row[1].split()) for row in rows]


def best_targets(alignment):
    """The most probable target word of each source word."""
    best = {}
    for i, j, prob in zip(alignment.source.tolist(), alignment.target.tolist(), alignment.prob.tolist(), strict=True):
        if prob > best.get(i, (0.0, -1))[0]:
            best[i] = (prob, j)
    return " ".join(f"{i}-{j}" for i, (_, j) in sorted(best.items()))


def test_a_tiny_bitext_is_aligned_right():
    pairs = tokens(TINY)
    found = StatisticalAligner().fit_tokens(pairs).align_tokens(pairs)
    assert [best_targets(alignment) for alignment in found] == [row[2] for row in TINY]


def test_names_in_another_script_are_linked_without_any_other_evidence():
    pairs = [
        (["Yesterday", "Elena", "Kostova", "met", "Boris"], ["Вчера", "Борис", "видя", "Елена", "Костова"]),
        (["Dimitrios", "Papadopoulos", "left"], ["Έφυγε", "ο", "Δημήτριος", "Παπαδόπουλος"]),
    ]
    first, second = StatisticalAligner().fit_tokens(pairs).align_tokens(pairs)
    assert {"1-3", "2-4", "4-1"} <= set(best_targets(first).split())
    assert {"0-2", "1-3"} <= set(best_targets(second).split())


def test_learns_a_dictionary(bitext, fitted, f1):
    assert f1(bitext[1], fitted.align_tokens(bitext[0])) > 0.95


def test_aligns_sentences_it_has_not_seen(fresh_bitext, fitted, f1):
    assert f1(fresh_bitext[1], fitted.align_tokens(fresh_bitext[0])) > 0.95


def test_fewer_sentences_are_worse_but_not_nonsense(bitext, fresh_bitext, fitted, f1):
    little = StatisticalAligner().fit_tokens(bitext[0][:30])
    score = f1(fresh_bitext[1], little.align_tokens(fresh_bitext[0]))
    assert 0.6 < score < f1(fresh_bitext[1], fitted.align_tokens(fresh_bitext[0]))


def test_fit_learns_from_bitext_and_pairs(bitext):
    pairs = [Pair(Sentence(tuple(source)), Sentence(tuple(target))) for source, target in bitext[0][:20]]
    one = StatisticalAligner().fit(pairs, bitext=iter(bitext[0][20:200]))
    other = StatisticalAligner().fit_tokens([*bitext[0][20:200], *bitext[0][:20]])
    assert one.align(pairs) == other.align_tokens(bitext[0][:20])


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_the_number_of_threads_changes_nothing(bitext, fitted, threads):
    found = StatisticalAligner(threads=threads).fit_tokens(bitext[0])
    cells = np.cumsum([0, *(len(source) * len(target) for source, target in bitext[0])])
    assert len(chunk_bounds(cells)) >= 2, "too little text to share out"
    assert found.align_tokens(bitext[0]) == fitted.align_tokens(bitext[0])
    assert (found.learned.jumps == fitted.learned.jumps).all()


def test_nor_does_it_where_words_are_numbered_ahead(bitext, tmp_path, monkeypatch):
    """With more threads than one the words of a block are numbered while the aligner learns from the block before."""
    monkeypatch.setattr(statistical, "FIT_CELLS", 4_000)
    some = bitext[0][:300]
    assert sum(1 for _ in blocks(some, statistical.FIT_CELLS)) >= 5
    for threads in (1, 2, 3):
        StatisticalAligner(threads=threads).fit_tokens(some).save(tmp_path / f"{threads}.npz")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_two_runs_give_the_same(bitext, fitted):
    assert StatisticalAligner(threads=1).fit_tokens(bitext[0]).align_tokens(bitext[0]) == fitted.align_tokens(bitext[0])


def test_streaming_in_small_blocks_stays_good(bitext, fresh_bitext, fitted, f1, monkeypatch):
    monkeypatch.setattr(statistical, "FIT_CELLS", 15_000)
    monkeypatch.setattr(statistical, "ALIGN_CELLS", 3_000)
    assert sum(1 for _ in blocks(bitext[0], statistical.FIT_CELLS)) >= 5
    streamed = StatisticalAligner().fit_tokens(iter(bitext[0]))
    assert streamed.sentences_seen == fitted.sentences_seen == len(bitext[0])
    found = list(streamed.iter_align_tokens(iter(fresh_bitext[0])))
    assert f1(fresh_bitext[1], found) > f1(fresh_bitext[1], fitted.align_tokens(fresh_bitext[0])) - 0.03


def largest_difference(one, other, shape):
    dense = np.zeros((2, *shape))
    for k, alignment in enumerate((one, other)):
        dense[k, alignment.source, alignment.target] = alignment.prob
    return np.abs(dense[0] - dense[1]).max()


def test_alignment_hardly_depends_on_the_sentences_around(fresh_bitext, fitted):
    together = fitted.align_tokens(fresh_bitext[0])
    for (source, target), found in zip(fresh_bitext[0], together, strict=True):
        (alone,) = fitted.align_tokens([(source, target)])
        assert largest_difference(found, alone, (len(source), len(target))) < 0.1


def test_alignment_does_not_depend_on_the_sentences_around(fresh_bitext, fitted, monkeypatch):
    together = fitted.align_tokens(fresh_bitext[0])
    monkeypatch.setattr(statistical, "ALIGN_CELLS", 1)
    assert fitted.align_tokens(fresh_bitext[0]) == together


def test_a_stream_is_read_no_further_than_needed(fresh_bitext, fitted, monkeypatch):
    monkeypatch.setattr(statistical, "ALIGN_CELLS", 1)
    read = []
    endless = (read.append(0) or pair for pair in itertools.cycle(fresh_bitext[0]))
    assert len(list(itertools.islice(fitted.iter_align_tokens(endless), 5))) == 5
    assert len(read) <= 7


def state_of(aligner):
    lexicon = aligner.learned.lexicon
    sides = [
        ([a.tolist() for a in side.frequency], [a.tolist() for a in side.total], side.unlinked.tolist(), [
            value for name, value in vars(side.vocabulary).items() if name != "_arrays"
        ])
        for side in (lexicon.source, lexicon.target)
    ]  # fmt: skip
    tables = [(t.first.tolist(), t.second.tolist(), t.values.tolist()) for t in lexicon.tables]
    return copy.deepcopy((sides, tables, aligner.learned.jumps.tolist(), aligner.sentences_seen))


def test_align_leaves_the_model_as_it_was(fitted):
    before = state_of(fitted)
    fitted.align_tokens([(["unheard", "of", "Fitted"], ["nie", "gehört"]), ([], ["allein"]), (["x"] * 40, ["y"] * 3)])
    assert state_of(fitted) == before


def test_an_interrupted_align_leaves_the_model_as_it_was(fitted, monkeypatch):
    before = state_of(fitted)

    def interrupted(*_args, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(statistical, "expect", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fitted.align_tokens([(["unheard", "of"], ["nie", "gehört"])])
    assert state_of(fitted) == before


def with_an_unseen_word(bitext):
    """Each pair with one linked word on both sides replaced, and where those are."""
    for (source, target), links in zip(*bitext, strict=True):
        i, j = sorted(links)[len(links) // 2]
        yield ([*source[:i], "Qwxy", *source[i + 1 :]], [*target[:j], "Jjhh", *target[j + 1 :]]), (i, j)


def test_unseen_words_do_no_harm_to_the_others(fresh_bitext, fitted, f1):
    pairs, places = zip(*with_an_unseen_word(fresh_bitext), strict=True)
    gold = [links - {place} for links, place in zip(fresh_bitext[1], places, strict=True)]
    assert f1(gold, fitted.align_tokens(pairs)) > 0.9
    (strange,) = fitted.align_tokens([(["Zzz", "Yyy"], ["Ффф"])])
    strange.check(2, 1)


def test_unseen_words_that_are_left_over_belong_together(fresh_bitext, fitted):
    pairs, places = zip(*with_an_unseen_word(fresh_bitext), strict=True)
    right = 0
    for found, (i, j) in zip(fitted.align_tokens(pairs), places, strict=True):
        right += bool(found.prob[(found.source == i) & (found.target == j)].sum() > 0.5)
    assert right > 0.8 * len(places)


def test_empty_sides_keep_their_place(fitted, fresh_bitext):
    good = fresh_bitext[0][0]
    pairs = [([], []), good, ([], ["a", "b"]), (["a"], []), good, ([], [])]
    found = fitted.align_tokens(pairs)
    assert [len(alignment) > 0 for alignment in found] == [False, True, False, False, True, False]
    assert found[1] == found[4]
    assert largest_difference(found[1], fitted.align_tokens([good])[0], (len(good[0]), len(good[1]))) < 1e-4
    assert fitted.align_tokens([]) == []
    assert fitted.align_tokens([([], [])]) == fitted.align_tokens([([], ["x"])])


def test_empty_sides_teach_nothing(bitext):
    some = bitext[0][:40]
    holes = [pair for good in some for pair in (good, ([], good[1]), (good[0], []), ([], []))]
    with_holes, without = StatisticalAligner().fit_tokens(holes), StatisticalAligner().fit_tokens(some)
    assert with_holes.sentences_seen == 40
    assert with_holes.align_tokens(some) == without.align_tokens(some)


def test_one_word_sentences():
    pairs = [(["Nairobi"], ["Найроби"]), (["yes"], ["ndiyo"]), (["no"], ["hapana"])]
    found = StatisticalAligner().fit_tokens(pairs).align_tokens(pairs)
    assert [alignment.to_pharaoh().partition(":")[0] for alignment in found] == ["0-0"] * 3
    assert all(alignment.prob[0] > 0.5 for alignment in found)


def test_one_word_against_many(fitted, fresh_bitext):
    word = fresh_bitext[0][0][0][0]
    many = [fresh_bitext[0][k % 60][1][0] for k in range(2_000)]
    for pair in (([word], many), (many, [word])):
        (found,) = fitted.align_tokens([pair])
        found.check(len(pair[0]), len(pair[1]))
    learned = StatisticalAligner().fit_tokens([([word], many), *fresh_bitext[0]])
    assert len(learned.align_tokens(fresh_bitext[0])) == 60


def run_together(bitext, length):
    """Sentences joined to one pair of at least so many words, and its links."""
    source, target, gold = [], [], set()
    for (words, others), links in zip(*bitext, strict=True):
        gold |= {(i + len(source), j + len(target)) for i, j in links}
        source += words
        target += others
        if len(source) >= length:
            break
    assert len(source) >= length
    return (source, target), gold


@pytest.mark.parametrize(
    "length",
    [100, 300, 400],
)
def test_long_sentences(bitext, fitted, f1, length):
    pair, gold = run_together(bitext, length)
    assert f1([gold], fitted.align_tokens([pair])) > 0.9


def test_pairs_too_long_for_the_hidden_markov_model_follow_the_diagonal(bitext, fitted, f1):
    pair, gold = run_together(bitext, 5_000)
    (found,) = fitted.align_tokens([pair])
    found.check(len(pair[0]), len(pair[1]))
    assert f1([gold], [found]) > 0.6


def test_giant_pairs_are_not_learned_from(bitext, fresh_bitext):
    giant, _ = run_together(bitext, 3_000)
    without = StatisticalAligner().fit_tokens(bitext[0])
    beside = StatisticalAligner().fit_tokens([giant, *bitext[0]])
    assert beside.align_tokens(fresh_bitext[0]) == without.align_tokens(fresh_bitext[0])


def test_a_giant_pair_is_learned_from_where_there_is_no_other(bitext):
    giant, _ = run_together(bitext, 1_500)
    assert StatisticalAligner().fit_tokens([giant]).sentences_seen == 1


words = st.one_of(
    st.sampled_from(["a", "b", "Haus", "haus", "!", "Ж", "日本", "e\u0301", "\u200d"]), st.text(min_size=1)
)
sides = st.lists(words, max_size=7)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(sides, sides), min_size=1, max_size=8), st.lists(st.tuples(sides, sides), max_size=4))
def test_posteriors_are_probabilities(pairs, others):
    aligner = StatisticalAligner(StatisticalOptions(min_prob=0.0), threads=1)
    if not any(source and target for source, target in pairs):
        with pytest.raises(EmptyInputError):
            aligner.fit_tokens(pairs)
        return
    aligner.fit_tokens(pairs)
    for (source, target), found in zip([*pairs, *others], aligner.align_tokens([*pairs, *others]), strict=True):
        found.check(len(source), len(target))
        assert len(found) == len(source) * len(target)  # min_prob is 0
        keys = list(zip(found.source.tolist(), found.target.tolist(), strict=True))
        assert keys == sorted(set(keys))
        assert np.isfinite(found.prob).all()
        # The mean of two directions, of which one sums to at most 1 over each source word, one over each target word.
        assert found.prob.sum() <= (len(source) + len(target)) / 2 * (1 + 1e-4)


def test_min_prob(fitted, fresh_bitext, monkeypatch):
    every = fitted.align_tokens(fresh_bitext[0])
    monkeypatch.setattr(fitted, "options", StatisticalOptions(min_prob=0.6))
    for found, all_links in zip(fitted.align_tokens(fresh_bitext[0]), every, strict=True):
        assert (found.prob >= 0.6).all()
        assert len(found) == (all_links.prob >= 0.6).sum()


@pytest.mark.parametrize(("threads", "blocks_of"), [(1, 15_000), (3, 12_000_000)])
def test_progress(bitext, monkeypatch, threads, blocks_of):
    monkeypatch.setattr(statistical, "FIT_CELLS", blocks_of)
    seen = []
    aligner = StatisticalAligner(threads=threads).fit_tokens(bitext[0], progress=lambda *step: seen.append(step))
    rounds = aligner.options.diagonal_iterations + aligner.options.hmm_iterations
    assert seen[-1] == (rounds * 600, rounds * 600)
    assert all(one[0] < other[0] for one, other in itertools.pairwise(seen))
    assert all(done <= total for done, total in seen)
    seen.clear()
    aligner.align_tokens(bitext[0][:10], progress=lambda *step: seen.append(step))
    assert seen[-1] == (10, 10)


def test_more_text_can_be_learned_later(bitext, fresh_bitext, f1):
    aligner = StatisticalAligner().fit_tokens(bitext[0][:50])
    before = f1(fresh_bitext[1], aligner.align_tokens(fresh_bitext[0]))
    aligner.fit_tokens(bitext[0][50:])
    assert aligner.sentences_seen == 600
    assert f1(fresh_bitext[1], aligner.align_tokens(fresh_bitext[0])) > before


def test_nothing_learned():
    with pytest.raises(ModelError, match="learned nothing") as caught:
        StatisticalAligner().align_tokens([(["a"], ["b"])])
    assert "fit" in str(caught.value)
    with pytest.raises(EmptyInputError, match="no sentence pair"):
        StatisticalAligner().fit_tokens([([], ["a"])])


@pytest.mark.parametrize(
    "options",
    [
        {"p_null": 0.0}, {"p_null": 1.0}, {"hmm_iterations": -1}, {"min_prob": 1.5}, {"tension": -1.0},
        {"tension": float("nan")},
    ],
)  # fmt: skip
def test_options_out_of_range(options):
    with pytest.raises(OptionError):
        StatisticalOptions(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"word": 0.0}, {"form": -1.0}, {"suffix": 1.1}, {"spelling_threshold": 1.0}, {"uniform": float("nan")},
        {"word": float("inf")},
    ],
)  # fmt: skip
def test_smoothing_out_of_range(options):
    with pytest.raises(OptionError):
        Smoothing(**options)


@pytest.mark.parametrize(
    "options",
    [
        StatisticalOptions(diagonal_iterations=0),
        StatisticalOptions(hmm_iterations=0),
        StatisticalOptions(diagonal_iterations=0, hmm_iterations=0),
        StatisticalOptions(smoothing=Smoothing(spelling=0.0, suffix=0.0, uniform=0.0)),
        StatisticalOptions(p_null=0.9, tension=8.0, smoothing=Smoothing(suffix=1.0)),
    ],
)
def test_unusual_options_work(options):
    pairs = tokens(TINY)
    for (source, target), found in zip(
        pairs, StatisticalAligner(options).fit_tokens(pairs).align_tokens(pairs), strict=True
    ):
        found.check(len(source), len(target))
        assert np.isfinite(found.prob).all()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30), st.integers(1, 200), st.booleans())
def test_blocks_keep_order_and_size(shapes, cells, keep_empty):
    pairs = [([str(k)] * n, [str(k)] * m) for k, (n, m) in enumerate(shapes)]
    found = list(blocks(pairs, cells, keep_empty=keep_empty))
    assert [pair for block in found for pair in block] == [
        pair for pair in pairs if keep_empty or (pair[0] and pair[1])
    ]
    for block in found:
        assert block
        assert len(block) == 1 or sum(len(source) * len(target) for source, target in block) <= cells


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 60))
def test_chunks_cover_everything_once(sizes, cells):
    bounds = chunk_bounds(np.cumsum([0, *sizes]).astype(np.int64), cells)
    assert [k for begin, end in bounds for k in range(begin, end)] == list(range(len(sizes)))
    assert all(end - begin == 1 or sum(sizes[begin:end]) <= cells for begin, end in bounds)
