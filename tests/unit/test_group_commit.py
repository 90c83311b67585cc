"""How long a full commit takes decides how many events the next one has: whoever comes meanwhile waits it out."""

from hypothesis import given
from hypothesis import strategies as st

from shared.group_commit import FEWEST_COMMIT, MAX_COMMIT, next_most


@given(st.integers(FEWEST_COMMIT, MAX_COMMIT), st.floats(0, 100))
def test_a_commit_has_neither_too_few_nor_too_many_events(most: int, seconds: float) -> None:
    assert FEWEST_COMMIT <= next_most(most, seconds) <= MAX_COMMIT


@given(st.floats(0.00001, 0.002))
def test_full_commits_come_to_take_sixty_milliseconds_wherever_the_machine_allows_it(seconds_each: float) -> None:
    most = MAX_COMMIT // 4
    for _ in range(20):
        most = next_most(most, most * seconds_each)
    assert most in {FEWEST_COMMIT, MAX_COMMIT} or 0.05 <= most * seconds_each <= 0.07
