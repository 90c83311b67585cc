"""The Kaplan-Meier estimate: what it is where everything has ended, what open cases and delayed entries do to it."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.survival import Seen, estimate
from shared.intervals import wilson

MARKS = st.integers(0, 30)
CASES = st.lists(st.builds(Seen, st.just(0), MARKS, st.booleans(), st.integers(1, 20)), min_size=1, max_size=30)
DELAYED = st.lists(
    st.tuples(MARKS, MARKS, st.booleans(), st.integers(1, 20)).map(
        lambda each: Seen(min(each[:2]), max(each[:2]), each[2], each[3])
    ),
    max_size=30,
)


def test_the_textbook_s_remissions_come_out_as_the_textbook_has_them() -> None:
    """Freireich et al. (1963), weeks of remission under 6-MP, as Cox and Oakes (1984) table 1.1 and every course have them."""
    ended = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    seen = [Seen(0, each, ended=True) for each in ended] + [Seen(0, each, ended=False) for each in censored]
    for limit, left in ((6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538), (23, 0.448)):
        found = estimate(seen, limit)
        assert found is not None
        assert 1 - found.share == pytest.approx(left, abs=0.0005)


@given(st.lists(st.tuples(MARKS, st.integers(1, 50)), min_size=1, max_size=20), MARKS)
def test_where_everything_has_ended_it_is_the_empirical_share_with_wilson_s_interval(
    taken: list[tuple[int, int]], limit: int
) -> None:
    found = estimate([Seen(0, mark, ended=True, cases=cases) for mark, cases in taken], limit)
    met, total = sum(cases for mark, cases in taken if mark <= limit), sum(cases for _, cases in taken)
    assert found is not None
    assert found.share == pytest.approx(met / total, abs=1e-9)
    assert (found.at_risk, found.ended, found.censored, found.passed) == (total, met, 0, total - met)
    expected = wilson(met, total)
    assert expected is not None
    assert found.interval == pytest.approx(expected, abs=1e-6)


@given(DELAYED, MARKS)
def test_it_is_between_0_and_1_inside_its_interval_and_never_without_cases_at_risk(
    seen: list[Seen], limit: int
) -> None:
    found = estimate(seen, limit)
    if found is None:
        return
    assert 0 <= found.share <= 1
    assert found.at_risk > 0
    assert min(found.ended, found.censored, found.passed) >= 0
    assert found.interval is not None
    assert found.interval[0] - 1e-9 <= found.share <= found.interval[1] + 1e-9


@given(CASES)
def test_a_longer_limit_is_kept_no_less_often(seen: list[Seen]) -> None:
    shares = [found.share for limit in range(31) if (found := estimate(seen, limit)) is not None]
    assert all(shorter <= longer + 1e-12 for shorter, longer in pairwise(shares))


@given(CASES, MARKS, st.integers(1, 30))
def test_open_cases_that_have_passed_the_limit_never_raise_it(seen: list[Seen], limit: int, late: int) -> None:
    before = estimate(seen, limit)
    after = estimate([*seen, Seen(0, limit, ended=False, cases=late)], limit)
    assert after is not None
    if before is not None:
        assert after.share <= before.share + 1e-12


def test_nothing_is_known_of_marks_that_nobody_has_reached() -> None:
    assert estimate([], 5) is None
    assert estimate([Seen(0, 2, ended=False, cases=50)], 5) is None  # all open, and young
    assert estimate([Seen(0, 1, ended=True), Seen(0, 3, ended=False)], 5) is None
    assert estimate([Seen(4, 9, ended=True)], 5) is None  # seen from its fourth day on alone


def test_nothing_is_known_where_the_last_at_risk_ended_before_others_came() -> None:
    """One early case that ended at once must not make it 100 %."""
    assert estimate([Seen(0, 0, ended=True), Seen(1, 9, ended=True, cases=50)], 5) is None


def test_a_case_that_is_seen_late_counts_from_there_on() -> None:
    """Two in four end on the first day; of those left, and three that come over from before, one in five on the third."""
    seen = [
        Seen(0, 1, ended=True, cases=2),
        Seen(0, 9, ended=True, cases=2),
        Seen(2, 3, ended=True),
        Seen(2, 9, ended=True, cases=2),
    ]
    found = estimate(seen, 5)
    assert found is not None
    assert found.share == pytest.approx(1 - 0.5 * 0.8)
    assert (found.at_risk, found.ended, found.censored, found.passed) == (7, 3, 0, 4)


def test_the_share_of_what_has_ended_misleads_where_work_has_just_begun_and_the_estimate_does_not() -> None:
    """A service that opened five weeks ago, of which six cases in ten keep 20 days: what has ended are the quick ones."""
    chance, limit, opened = random.Random(7), 20, 35
    closed, estimated = [], []
    for _ in range(200):
        seen = []
        for _ in range(300):
            age, takes = (
                chance.randint(0, opened),
                chance.choices((chance.randint(1, 20), chance.randint(21, 60)), (6, 4))[0],
            )
            seen.append(Seen(0, min(age, takes), ended=takes <= age))
        ended = [each.left for each in seen if each.ended]
        closed.append(sum(each <= limit for each in ended) / len(ended))
        found = estimate(seen, limit)
        assert found is not None
        estimated.append(found.share)
    assert sum(closed) / 200 > 0.8
    assert sum(estimated) / 200 == pytest.approx(0.6, abs=0.01)


def test_its_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    chance, limit, held = random.Random(11), 20, 0
    for _ in range(400):
        seen = []
        for _ in range(80):
            age, takes = (
                chance.randint(5, 60),
                chance.choices((chance.randint(1, 20), chance.randint(21, 60)), (7, 3))[0],
            )
            seen.append(Seen(0, min(age, takes), ended=takes <= age))
        found = estimate(seen, limit)
        assert found is not None
        assert found.interval is not None
        held += found.interval[0] <= 0.7 <= found.interval[1]
    assert 0.92 <= held / 400 <= 0.99
