"""A case is held against the time its department set itself, on the clock of the service standards."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.cases import Case, Step
from services.feedback.domain.timing import DEFAULT_TARGET, ResolutionTime, in_force, overdue, promises
from shared.contracts.feedback import Promises

# A Friday in Ottawa.
RECEIVED = datetime(2026, 5, 1, 15, 0, tzinfo=UTC)


def case(*steps: tuple[str, float], to: str | None = None) -> Case:
    """A complaint received on that Friday, and what was done so many days later."""
    taken = [Step(RECEIVED, "s", "0", "received")]
    taken += [
        Step(RECEIVED + timedelta(days=days), "s", str(number), state, to if state == "redirected" else None)  # type: ignore[arg-type]
        for number, (state, days) in enumerate(steps, 1)
    ]
    return Case("9001", "F-1", tuple(taken), kind="complaint", service_id="S", received_at=RECEIVED, version=len(taken))


def promised(of: Case, *times: ResolutionTime, now: float = 0) -> Promises:
    found = promises(of, times, RECEIVED + timedelta(days=now))
    assert found is not None
    return found


def test_until_a_department_sets_its_own_time_the_default_holds_and_says_so() -> None:
    found = promised(case())
    assert (found.acknowledge.within, found.acknowledge.days, found.acknowledge.due_on) == (
        "P2D",
        "business",
        date(2026, 5, 5),
    )
    assert (found.resolve.within, found.resolve.days, found.resolve.due_on) == ("P30D", "calendar", date(2026, 5, 31))
    assert (found.resolve.own, found.target) == (False, DEFAULT_TARGET)


def test_a_department_s_own_time_holds_from_its_day_on_in_its_days() -> None:
    earlier = ResolutionTime("complaint", date(2026, 1, 1), "P20D")
    own = ResolutionTime("complaint", date(2026, 5, 1), "P10D", "P1D", "business", "CA", 0.95)
    later = ResolutionTime("complaint", date(2026, 5, 2), "P5D")
    other = ResolutionTime("compliment", date(2026, 5, 1), "P1D")
    found = promised(case(), earlier, own, later, other)
    assert (found.acknowledge.due_on, found.resolve.due_on) == (date(2026, 5, 4), date(2026, 5, 15))
    assert (found.resolve.own, found.target) == (True, 0.95)


def test_a_case_is_acknowledged_by_the_first_thing_its_client_is_told_and_an_assignment_is_none() -> None:
    assert promised(case(("assigned", 1)), now=2).acknowledge.stopped_at is None
    assert promised(case(("assigned", 1), ("interim_reply", 3))).acknowledge.met is True
    assert promised(case(("resolved", 6))).acknowledge.met is False


def test_a_case_that_was_reopened_was_never_ended() -> None:
    open_again = case(("resolved", 3), ("reopened", 5))
    assert promised(open_again, now=6).resolve.stopped_at is None
    assert overdue(promised(open_again, now=40), RECEIVED + timedelta(days=40))
    late = case(("resolved", 3), ("reopened", 5), ("resolved", 33))
    assert promised(late).resolve.met is False


def test_what_is_no_feedback_is_judged_by_no_time() -> None:
    found = promised(case(("redirected", 40), to="appeal"))
    assert (found.acknowledge.met, found.resolve.met) == (None, None)
    elsewhere = promised(case(("redirected", 3), to="the regional office"))
    assert elsewhere.resolve.met is True


def test_a_case_of_which_only_the_handling_is_known_is_held_against_nothing() -> None:
    assert promises(Case("9001", "F-2", (Step(RECEIVED, "s", "1", "resolved"),)), (), RECEIVED) is None


@given(st.integers(1, 400), st.integers(0, 500))
def test_met_and_overdue_never_disagree_with_the_due_day(within: int, days: int) -> None:
    time = ResolutionTime("complaint", date(2026, 1, 1), f"P{within}D")
    open_, ended = promised(case(), time, now=days), promised(case(("resolved", days)), time)
    now = RECEIVED + timedelta(days=days)
    assert open_.resolve.due_at == ended.resolve.due_at
    assert overdue(open_, now) == (now >= open_.resolve.due_at) == (ended.resolve.met is False)
    assert not overdue(ended, now)


@given(
    st.lists(
        st.tuples(st.sampled_from(["acknowledged", "resolved", "reopened", "closed"]), st.integers(0, 60)), max_size=6
    )
)
def test_the_order_in_which_steps_are_reported_changes_no_time(steps: list[tuple[str, int]]) -> None:
    one = case(*steps)
    other = Case(**{**{name: getattr(one, name) for name in Case.__slots__}, "steps": one.steps[::-1]})
    assert promises(one, (), RECEIVED) == promises(other, (), RECEIVED)


@given(
    st.lists(
        st.builds(ResolutionTime, st.just("complaint"), st.dates(date(2025, 1, 1), date(2027, 1, 1)), st.just("P5D"))
    )
)
def test_the_time_in_force_began_before_and_none_since(times: list[ResolutionTime]) -> None:
    day = date(2026, 1, 1)
    found = in_force(times, "complaint", day)
    assert found.from_date <= day
    assert not any(found.from_date < each.from_date <= day for each in times)
