"""A feedback case as its reports tell it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.feedback.domain.cases import FINAL, Case, Step, handle, receive
from shared.contracts.reported.feedback import FeedbackHandlingReported, FeedbackReported
from shared.problems import Problem

START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
NEW = Case("134", "F-1")
COMPLAINT = FeedbackReported(
    feedback_id="F-1",
    service_id="S-1",
    kind="complaint",
    channel="TEL",
    text="What I said.",
    rating=2,
    drivers={"timeliness": 1},
    application_id="A-1",
    reply_wanted=True,
)


def step(state: Any, hour: int, number: int = 1) -> Step:
    return Step(START + timedelta(hours=hour), "/organizations/134", f"e-{number}", state)


def received(case: Case = NEW, hour: int = 0) -> Case:
    outcome = receive(case, COMPLAINT, step("received", hour, 0))
    assert not isinstance(outcome, Problem)
    return outcome[0]


def handled(case: Case, state: Any, hour: int, number: int = 1) -> Case:
    return handle(case, FeedbackHandlingReported(feedback_id="F-1", state=state), step(state, hour, number))[0]


def test_a_case_is_published_as_it_was_reported_and_without_a_word_of_the_clients() -> None:
    outcome = receive(NEW, COMPLAINT, step("received", 0))
    assert not isinstance(outcome, Problem)
    case, published = outcome
    assert (case.kind, case.service_id, case.state, case.version) == ("complaint", "S-1", "received", 1)
    assert published.model_dump() == {
        "feedback_id": "F-1",
        "service_id": "S-1",
        "kind": "complaint",
        "state": "received",
        "version": 1,
        "channel": "TEL",
        "rating": 2,
        "drivers": {"timeliness": 1},
        "application_id": "A-1",
        "reply_wanted": True,
        "withdrawn": False,
        "promises": None,
        "received_at": START,
    }
    assert "What I said" not in published.model_dump_json()


def test_a_case_is_reported_once() -> None:
    refusal = receive(received(), COMPLAINT, step("received", 1, 2))
    assert isinstance(refusal, Problem)
    assert (refusal.code, refusal.field) == ("id_conflict", "data.feedback_id")


def test_a_step_moves_the_case_and_says_from_where_to_where() -> None:
    case, published, warnings = handle(
        received(), FeedbackHandlingReported(feedback_id="F-1", state="acknowledged"), step("acknowledged", 1)
    )
    assert (case.state, case.version) == ("acknowledged", 2)
    assert (published.from_state, published.to_state, published.version) == ("received", "acknowledged", 2)
    assert (published.kind, published.service_id, warnings) == ("complaint", "S-1", [])


def test_handling_that_comes_before_its_case_is_kept_and_warned_of() -> None:
    data = FeedbackHandlingReported(feedback_id="F-1", state="resolved")
    case, published, warnings = handle(NEW, data, step("resolved", 5))
    assert (published.from_state, published.to_state, published.kind) == (None, "resolved", None)
    assert [warning.code for warning in warnings] == ["unknown_case"]
    late = receive(case, COMPLAINT, step("received", 0, 2))
    assert not isinstance(late, Problem)
    assert (late[0].state, late[1].state, late[1].version) == ("resolved", "resolved", 2)


@pytest.mark.parametrize("final", sorted(FINAL))
def test_after_a_final_state_nothing_but_reopened_moves_a_case(final: str) -> None:
    ended = handled(received(), final, 1, 1)
    kept = handled(ended, "assigned", 2, 2)
    assert (kept.state, kept.version) == (final, 3)
    again = handled(kept, "reopened", 3, 3)
    assert again.state == "reopened"
    assert handled(again, "assigned", 4, 4).state == "assigned"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["acknowledged", "assigned", "interim_reply", "resolved", "redirected", "reopened", "closed"]),
        st.integers(1, 4),
    ),
    max_size=5,
)


@given(STEPS, st.data())
def test_the_same_reports_in_any_order_make_the_same_case(steps: list[tuple[str, int]], data: st.DataObject) -> None:
    def told(order: list[int]) -> Case:
        case = NEW
        for n in order:
            case = received(case) if n == len(steps) else handled(case, *steps[n], n + 1)
        return case

    numbers = list(range(len(steps) + 1))
    one, other = told(numbers), told(data.draw(st.permutations(numbers)))
    assert (one.state, one.version, one.kind, one.received_at) == (
        other.state,
        other.version,
        other.kind,
        other.received_at,
    )
