"""The token bucket of each key: what is let in over any stretch of time, and what the headers say of it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.problems import Refused
from shared.rate_limit import RateLimit, events_worth

BURST, PER_SECOND = 100, 10.0
REQUESTS = st.lists(st.tuples(st.floats(0, 5), st.integers(1, 60)), max_size=60)


def lets_in(limit: RateLimit, key: str, events: int, now: float) -> bool:
    try:
        limit.take(key, events, now)
    except Refused:
        return False
    return True


@given(REQUESTS)
def test_over_any_stretch_a_key_sends_no_more_than_the_burst_and_what_flows_in(
    requests: list[tuple[float, int]],
) -> None:
    limit, now, let_in = RateLimit(PER_SECOND, BURST), 0.0, list[tuple[float, int]]()
    for pause, events in requests:
        now += pause
        if lets_in(limit, "k", events, now):
            let_in.append((now, events))
    for start, (began, _) in enumerate(let_in):
        for end in range(start, len(let_in)):
            sent = sum(events for _, events in let_in[start : end + 1])
            assert sent <= BURST + PER_SECOND * (let_in[end][0] - began) + 1e-6


@given(REQUESTS)
def test_one_key_takes_nothing_from_another(requests: list[tuple[float, int]]) -> None:
    shared, alone, now = RateLimit(PER_SECOND, BURST), RateLimit(PER_SECOND, BURST), 0.0
    for pause, events in requests:
        now += pause
        lets_in(shared, "noisy", 60, now)
        assert lets_in(shared, "k", events, now) == lets_in(alone, "k", events, now)


def test_a_refusal_says_when_to_come_again_and_then_it_is_let_in() -> None:
    limit = RateLimit(PER_SECOND, BURST)
    limit.take("k", BURST, 0.0)
    with pytest.raises(Refused) as refused:
        limit.take("k", 25, 0.0)
    assert refused.value.problem.code == "too_many_requests"
    assert refused.value.headers["Retry-After"] == "3"
    assert lets_in(limit, "k", 25, 3.0)


def test_a_request_of_more_than_a_bucket_is_let_in_by_a_full_one_and_leaves_a_debt() -> None:
    limit = RateLimit(PER_SECOND, BURST)
    assert lets_in(limit, "k", 3 * BURST, 0.0)
    assert not lets_in(limit, "k", 1, 19.9)
    assert lets_in(limit, "k", 1, 21.0)


def test_the_headers_say_the_quota_what_is_left_and_when_it_is_whole_again() -> None:
    headers = RateLimit(PER_SECOND, BURST).take("k", 30, 0.0)
    assert headers == {"RateLimit-Policy": '"events";q=100;w=10', "RateLimit": '"events";r=70;t=3'}
    assert all(re.fullmatch(r'"events"(;\w=\d+)+', value) for value in headers.values())


@given(st.integers(0, 10**7))
def test_a_body_counts_as_one_event_for_each_kib_that_it_begins(size: int) -> None:
    assert events_worth(size) - 1 < size / 1024 <= events_worth(size)


def test_what_was_refused_once_it_was_read_is_charged_a_bucket_at_most() -> None:
    limit = RateLimit(PER_SECOND, BURST)
    headers = limit.charge("k", 50 * BURST, 0.0)
    assert headers["RateLimit"] == '"events";r=0;t=10'
    assert not lets_in(limit, "k", 1, 0.0)
    assert lets_in(limit, "k", 1, 0.1)


@given(st.integers(1, 2 * BURST))
def test_what_is_given_back_may_be_sent_again_at_once(events: int) -> None:
    limit = RateLimit(PER_SECOND, BURST)
    limit.take("k", events, 0.0)
    assert limit.give_back("k", events, 0.0)["RateLimit"] == '"events";r=100;t=0'
    assert lets_in(limit, "k", events, 0.0)
