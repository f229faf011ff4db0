"""The queue: bounds, batches across requests, fairness, giving places back."""

import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medenc.serve import limits
from medenc.serve.queue import FullError, Queue, TooLargeError, weight


@dataclass(eq=False)
class Doubling:
    """Doubles numbers; the first batch waits for `go`, so that a test can fill the queue meanwhile."""

    go: threading.Event = field(default_factory=threading.Event)
    batches: list[list[int]] = field(default_factory=list)

    def __call__(self, items):
        self.go.wait(10)
        self.batches.append(items)
        if "bad" in items:
            raise ValueError("a bad item")
        return [2 * item for item in items]


@pytest.fixture
def work():
    work = Doubling()
    yield work
    work.go.set()


@pytest.fixture
def queue(work):
    queue = Queue()
    yield queue
    work.go.set()
    queue.close()


def ones(count):
    return [1] * count


def test_texts_of_all_requests_are_computed_together(queue, work):
    """Seen to fail with a batch of the first request only."""
    futures = [queue.submit(work, [number, 10 * number], ones(2)) for number in range(1, 5)]
    work.go.set()
    assert [future.result(5) for future in futures] == [[2 * n, 20 * n] for n in range(1, 5)]
    assert work.batches == [[1, 10], [2, 20, 3, 30, 4, 40]]


def test_other_work_is_not_mixed_in(queue, work):
    other = Doubling(work.go)
    futures = [queue.submit(one, [number], [1]) for number, one in enumerate([work, other, work, other])]
    work.go.set()
    assert [future.result(5) for future in futures] == [[0], [2], [4], [6]]
    assert (work.batches, other.batches) == ([[0], [2]], [[1, 3]])


def test_a_long_request_lets_short_ones_pass(queue, work):
    """Seen to fail when the rest of a request went back to the front."""
    blocker = queue.submit(work, [0], [1])
    half = limits.BATCH_TOKENS // 2
    long = queue.submit(work, list(range(10)), [half] * 10)
    other = Doubling(work.go)
    short = queue.submit(other, [1], [1])
    order = []
    for name, future in {"long": long, "short": short}.items():
        future.add_done_callback(lambda _, name=name: order.append(name))
    work.go.set()
    assert (blocker.result(5), short.result(5), long.result(5)) == ([0], [2], [2 * n for n in range(10)])
    assert order == ["short", "long"]
    assert max(map(len, work.batches)) == 2


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_bound_in_texts_is_exact(queue, work, over):
    """Seen to fail with a bound on requests instead of texts."""
    queue.submit(work, ones(32), ones(32))
    rest = limits.QUEUE_TEXTS - 32 + over
    if over > 0:
        with pytest.raises(FullError):
            queue.submit(work, ones(rest), ones(rest))
    else:
        queue.submit(work, ones(rest), ones(rest))
        assert queue.texts == limits.QUEUE_TEXTS + over


@pytest.mark.parametrize("over", [-1, 0, 1])
def test_the_bound_in_tokens_is_exact(queue, work, over):
    queue.submit(work, [1], [1000])
    rest = limits.QUEUE_TOKENS - 1000 + over
    if over > 0:
        with pytest.raises(FullError):
            queue.submit(work, [1], [rest])
    else:
        queue.submit(work, [1], [rest])
        assert queue.tokens == limits.QUEUE_TOKENS + over


def test_what_never_fits_is_told_so(queue, work):
    with pytest.raises(TooLargeError):
        queue.submit(work, ones(limits.QUEUE_TEXTS + 1), ones(limits.QUEUE_TEXTS + 1))
    with pytest.raises(TooLargeError):
        queue.submit(work, [1], [limits.QUEUE_TOKENS + 1])


def test_a_request_that_would_wait_too_long_is_refused_with_the_time_to_wait(queue, work, monkeypatch):
    monkeypatch.setattr(limits, "LONGEST_WAIT_SECONDS", 0.5)
    work.go.set()

    def slow(items):
        time.sleep(0.05)
        return items

    queue.submit(slow, [1], [10]).result(5)  # 5 ms a token
    work.go.clear()
    queue.submit(work, [1], [1000])
    with pytest.raises(FullError) as refused:
        queue.submit(work, [1], [1])
    assert 4 <= refused.value.retry_after <= 8


def test_who_leaves_frees_the_place(queue, work):
    """Seen to fail without the callback of the future."""
    first = queue.submit(work, [1], [1])
    waiting = [queue.submit(work, ones(8), ones(8)) for _ in range(20)]
    for future in waiting:
        assert future.cancel()
    assert (queue.texts, queue.tokens) == (1, 1)
    work.go.set()
    assert first.result(5) == [2]
    assert work.batches == [[1]]


def test_who_leaves_while_being_computed_is_counted_once(queue, work):
    left, stayed = queue.submit(work, [1, 2], ones(2)), queue.submit(work, [3], [1])
    assert left.cancel()
    work.go.set()
    assert stayed.result(5) == [6]
    assert (queue.texts, queue.tokens) == (0, 0)


def test_an_error_is_that_of_its_own_request(queue, work):
    """Seen to fail when a failed batch failed all its requests."""
    first = queue.submit(work, [0], [1])
    good, bad, better = (queue.submit(work, [item], [1]) for item in [1, "bad", 2])
    work.go.set()
    assert (first.result(5), good.result(5), better.result(5)) == ([0], [2], [4])
    with pytest.raises(ValueError, match="a bad item"):
        bad.result(5)
    assert (queue.texts, queue.tokens) == (0, 0)


def test_a_long_request_that_failed_is_computed_no_further(queue, work):
    """Seen to fail when it stayed in line: its rest shared a batch with others, which then got no results."""
    items = ["bad", *ones(limits.BATCH_TEXTS)]
    bad = queue.submit(work, items, ones(len(items)))
    good = [queue.submit(work, [number], [1]) for number in range(3)]
    work.go.set()
    with pytest.raises(ValueError, match="a bad item"):
        bad.result(5)
    assert [one.result(5) for one in good] == [[0], [2], [4]]
    assert work.batches == [items[:-1], [0, 1, 2]]
    assert (queue.texts, queue.tokens) == (0, 0)


def test_closing_cancels_what_waits(work):
    queue = Queue()
    running, waiting = queue.submit(work, [1], [1]), queue.submit(work, [2], [1])
    threading.Timer(0.1, work.go.set).start()
    queue.close()
    for future in (running, waiting):
        with pytest.raises(CancelledError):
            future.result(5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(1, 600), min_size=1, max_size=8), st.booleans()), max_size=24))
def test_every_request_gets_its_own_results(requests):
    """Whatever comes and goes; nothing is left in the counts."""
    queue, work = Queue(), Doubling()
    futures = [queue.submit(work, weights, weights) for weights, _ in requests]
    for future, (_, leaves) in zip(futures, requests, strict=True):
        if leaves:
            future.cancel()
    work.go.set()
    for future, (weights, leaves) in zip(futures, requests, strict=True):
        assert leaves or future.result(5) == [2 * item for item in weights]
    queue.close()
    assert (queue.texts, queue.tokens) == (0, 0)
    assert all(sum(batch) <= limits.BATCH_TOKENS or len(batch) == 1 for batch in work.batches)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 2), ("warfarin", 4), ("혈압약", 5), ("糖尿病" * 10, 32), ("a" * 400, 135)]
)
def test_weights_are_about_tokens(text, tokens):
    assert weight(text) == tokens
