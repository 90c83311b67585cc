"""How long a full commit takes decides how many events the next one has: whoever comes meanwhile waits it out."""

from hypothesis import given
from hypothesis import strategies as st

from shared.group_commit import FEWEST_COMMIT, MAX_COMMIT, next_most

SIZES = st.integers(FEWEST_COMMIT, MAX_COMMIT)


@given(SIZES, st.integers(1, MAX_COMMIT), st.floats(0, 100))
def test_a_commit_has_neither_too_few_nor_too_many_events(most: int, events: int, seconds: float) -> None:
    assert FEWEST_COMMIT <= next_most(most, min(most, events), seconds) <= MAX_COMMIT


@given(st.floats(0.00001, 0.002))
def test_full_commits_come_to_take_sixty_milliseconds_wherever_the_machine_allows_it(seconds_each: float) -> None:
    most = MAX_COMMIT // 4
    for _ in range(20):
        most = next_most(most, most, most * seconds_each)
    assert most in {FEWEST_COMMIT, MAX_COMMIT} or 0.05 <= most * seconds_each <= 0.07


@given(SIZES, st.integers(1, FEWEST_COMMIT - 1), st.floats(0, 0.06))
def test_a_quick_commit_of_few_events_says_nothing(most: int, events: int, seconds: float) -> None:
    assert next_most(most, events, seconds) == most


@given(SIZES, st.floats(0.5, 100))
def test_slow_commits_of_few_events_make_the_next_ones_smaller_step_by_step(most: int, seconds: float) -> None:
    once = next_most(most, FEWEST_COMMIT - 1, seconds)
    assert once == max(FEWEST_COMMIT, round(most / 2))
    for _ in range(5):
        once = next_most(once, FEWEST_COMMIT - 1, seconds)
    assert once == FEWEST_COMMIT
