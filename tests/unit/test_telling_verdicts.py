"""How soon verdicts are told again: at once after few events, twice a second while many come, a fifth of the time at most."""

from hypothesis import given
from hypothesis import strategies as st

from services.reporting.consumers import pause

EVENTS, SECONDS = st.integers(0, 10**6), st.floats(0, 60)


@given(EVENTS, SECONDS)
def test_judging_takes_a_fifth_of_the_time_at_most(events: int, seconds: float) -> None:
    assert pause(events, seconds) >= 4 * seconds


@given(EVENTS, st.floats(0, 0.1))
def test_what_is_judged_quickly_is_told_again_within_half_a_second(events: int, seconds: float) -> None:
    assert pause(events, seconds) <= 0.5


def test_one_event_after_the_other_is_told_at_once_and_a_stream_of_them_twice_a_second() -> None:
    assert pause(1, 0.01) < 0.1
    assert pause(100, 0.01) == 0.5
