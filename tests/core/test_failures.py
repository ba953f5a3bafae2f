"""Bad items stand alone; outages stop the work, whatever they are called; and who breaks down is found out."""

from __future__ import annotations

import pickle

import pytest

from crosspan.core.errors import (
    ArgumentError,
    CrosspanError,
    MemoryTooSmallError,
    ModelError,
    OptionError,
    UnavailableError,
)
from crosspan.core.failures import MANY, EachByItself


def each(function):
    return EachByItself(function, "the tagger")


def failing(error, *bad):
    """A function that fails on some items."""

    def work(batch):
        if any(item in bad for item in batch):
            raise error
        return list(batch)

    return work


def bad_in(found):
    return [index for index, one in enumerate(found) if isinstance(one, Exception)]


# --- items ---------------------------------------------------------------------------------------------------------


def test_the_bad_ones_are_found_by_halving():
    """One bad item of a thousand costs some twenty calls more, not a thousand."""
    calls = []

    def double(batch):
        calls.append(len(batch))
        if 700 in batch:
            raise ValueError("700")
        return [2 * item for item in batch]

    found = each(double)(range(1_000))
    assert bad_in(found) == [700]
    assert [one for one in found if not isinstance(one, ValueError)] == [2 * k for k in range(1_000) if k != 700]
    assert len(calls) <= 23  # with a second look at it, and one at an item that did well


def test_many_that_all_fail_are_not_to_blame():
    def fail(batch):
        raise ValueError(len(batch))

    few = each(fail)
    assert bad_in(few(range(MANY - 1))) == [*range(MANY - 1)]
    assert few.unsure
    with pytest.raises(CrosspanError, match=r"the tagger fails on every sentence \(ValueError: 1\)") as caught:
        each(fail)(range(MANY))
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(ModelError, match="it is broken"):
        each(failing(ModelError("it is broken"), *range(MANY)))(range(MANY))


def test_many_bad_ones_at_the_beginning_are_no_reason_to_stop():
    work = each(failing(ValueError("bad"), *range(3 * MANY)))
    found = work(range(4 * MANY))
    assert bad_in(found) == [*range(3 * MANY)]
    assert not work.unsure


def test_many_that_all_fail_in_small_batches():
    work = each(failing(ValueError("bad"), *range(100)))
    for start in range(0, MANY - 4, 4):
        work(range(start, start + 4))
        assert work.unsure
    with pytest.raises(CrosspanError, match="fails on every sentence"):
        work(range(MANY - 4, MANY))


def test_results_must_be_as_many_as_items():
    found = each(lambda batch: batch[1:])([1, 2])
    assert [str(one) for one in found] == ["0 results for 1 sentences"] * 2
    assert each(lambda batch: batch)([]) == []


def test_what_did_well_before_is_remembered():
    """A batch of which all fails is only unsure where nothing ever did well."""
    work = each(failing(ValueError("bad"), 7))
    assert work([7])[0].args == ("bad",)
    assert work.unsure
    assert work([1, 2]) == [1, 2]
    assert not work.unsure
    assert bad_in(work([7])) == [0]
    assert not work.unsure


def test_an_option_that_nothing_can_be_done_with_is_at_fault_however_few_there_are():
    unknown = OptionError("the model does not know 'xx'")
    with pytest.raises(OptionError, match="does not know"):
        each(failing(unknown, 1, 2))([1, 2])
    assert bad_in(each(failing(unknown, 1))([1, 2])) == [0]  # the language of one sentence
    assert bad_in(each(failing(ArgumentError("no words"), 1))([1])) == [0]


# --- outages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("good_before", [0, 30])
@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ConnectionRefusedError(111, "refused"), r"the tagger cannot go on \(ConnectionRefusedError: .*refused\)"),
        (RuntimeError("CUDA error: device lost"), r"the tagger cannot go on \(RuntimeError: CUDA error"),
        (UnavailableError("the server sleeps"), r"\Athe server sleeps\.\Z"),
    ],
)
def test_an_outage_stops_the_work_at_once(error, message, good_before):
    calls = []

    def work(batch):
        calls.append(len(batch))
        if len(calls) > good_before:
            raise error
        return list(batch)

    asked = each(work)
    for _ in range(good_before):
        asked([1])
    with pytest.raises(UnavailableError, match=message):
        asked(range(500))
    assert len(calls) == good_before + 1  # nobody asks a server that is down 500 times


@pytest.mark.parametrize("error", [MemoryError, SystemError, KeyboardInterrupt])
def test_some_errors_are_left_as_they_are(error):
    def work(batch):
        raise error

    with pytest.raises(error):
        each(work)([1, 2])


class Dying:
    """Works on so many batches, and fails with an error that does not say why from then on."""

    def __init__(self, batches, back_after=None):
        self.left = batches
        self.back_after = back_after
        self.failures = 0

    def __call__(self, batch):
        self.left -= 1
        if self.left >= 0 or self.failures == self.back_after:
            return [2 * item for item in batch]
        self.failures += 1
        raise RuntimeError("service unavailable")


@pytest.mark.parametrize("n", [1, 5, 500])
def test_who_breaks_down_without_saying_so_is_found_out(n):
    work = each(Dying(2))
    work([1, 2])
    work([3, 4])
    with pytest.raises(
        UnavailableError, match=r"the tagger fails now on what it did well before \(RuntimeError"
    ) as one:
        work(range(n))
    assert "run it again" in one.value.hint


def test_who_breaks_down_within_a_batch_is_found_out():
    """The batch has a bad item, so it was halved; the half after that is done by somebody who is no more."""
    dying = Dying(10**6)

    def work(batch):
        if 0 in batch:
            raise ValueError("bad")
        if 90 in batch:
            dying.left = 0
        return dying(batch)

    with pytest.raises(UnavailableError, match="what it did well before"):
        each(work)(range(100))


@pytest.mark.parametrize("failures", [1, 2, 9, 15])
def test_what_passes_by_itself_leaves_no_trace(failures):
    dying = Dying(1, back_after=failures)
    work = each(dying)
    work([0])
    assert work(range(100)) == [2 * item for item in range(100)]
    assert not work.unsure


def test_memory_that_is_too_small_for_one_is_tried_again_another_time():
    work = each(failing(MemoryTooSmallError("memory is too small for 30,000 pieces at once"), 3))
    assert bad_in(work(range(10))) == [3]
    assert work.unsure
    assert work([1, 2]) == [1, 2]
    assert not work.unsure


def test_it_goes_to_other_processes():
    work = pickle.loads(pickle.dumps(each(abs_of)))
    assert work([-1, 2]) == [1, 2]


def abs_of(batch):
    return [abs(item) for item in batch]
