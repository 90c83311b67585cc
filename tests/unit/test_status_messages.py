"""What is told of a change: news alone, in the reader's language, in its lane."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.domain import application as domain
from services.status.domain.application import Application, Change
from services.status.domain.clocks import Rules
from services.status.domain.messages import BULK_EVENTS, News, is_bulk, news, tellings, told, trial
from shared.contracts.reported.status import ApplicationStatusReported
from shared.decoding import Corrects, Received
from shared.language import Bilingual

NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)
STATES = ["submitted", "complete", "in_review", "information_requested", "information_received", "decided"]


def report(state: str | None, number: int, day: float, corrects: str | None = None, **data: Any) -> Received:
    said = state and ApplicationStatusReported(application_id="A-1", service_id="S-1", state=state, **data)
    why = Corrects(corrects, "134/A-1", Bilingual(en="Wrong", fr="Erreur")) if corrects else None
    at = MONDAY + timedelta(days=day)
    return Received(f"e-{number}", "/organizations/134", "134", "type", at, said, b"", corrects=why)


def told_by(events: list[Received]) -> list[News | None]:
    application: Application | None = None
    found = []
    for event in events:
        change = (
            domain.correct(application, event, Rules(), NOW)
            if event.corrects and application
            else domain.report(application, event, Rules(), NOW)
        )
        assert isinstance(change, Change)
        found.append(news(application, event, change))
        application = change.application
    return found


def states(events: list[Received]) -> list[str]:
    return [each.application.state for each in told_by(events) if each]


def test_each_state_is_told_as_it_comes() -> None:
    assert states([report(state, n, n) for n, state in enumerate(STATES)]) == STATES


def test_the_same_state_again_is_no_news() -> None:
    assert states([report("submitted", 1, 1), report("in_review", 2, 2), report("in_review", 3, 3)]) == [
        "submitted",
        "in_review",
    ]


def test_lesson_5_8_an_older_report_that_comes_late_is_no_news_and_a_true_later_one_is() -> None:
    """Status goes back after a final state (VA-notify #1097, #1294); but a true later bounce must win (CDS #1295)."""
    events = [report("decided", 1, 9), report("in_review", 2, 5), report("submitted", 3, 1), report("reopened", 4, 10)]
    assert states(events) == ["decided", "reopened"]


def test_closed_without_a_decision_is_never_told_as_decided() -> None:
    (_, closed) = told_by([report("submitted", 1, 1), report("closed", 2, 2)])
    assert closed is not None
    body = told("134", "A-1", 2, closed.facts(), "en")
    assert body["data"]["summary"] == "Your application has been closed."
    assert "not a decision" in body["data"]["next"]


def test_a_decision_that_does_not_count_is_told_of_nobody() -> None:
    """Lesson 5.8: closed is not decided. A `decided` after the end, without `reopened`, changes nothing (clock rule 7)."""
    events = [report("submitted", 1, 1), report("decided", 2, 9), report("closed", 3, 8)]
    *_, closed = told_by(events)
    assert closed is not None
    assert closed.application.state == "closed"
    assert told("134", "A-1", 3, closed.facts(), "en")["data"]["summary"] == "Your application has been closed."


def test_what_is_closed_again_after_a_reopening_is_not_told_by_the_decision_before_it() -> None:
    states_ = ["submitted", "decided", "closed", "reopened", "closed"]
    *_, first, _, last = told_by([report(state, n, n) for n, state in enumerate(states_)])
    assert first is not None
    assert last is not None
    assert (first.decided, last.decided) == (True, False)


def test_what_nobody_is_to_be_told_is_told_to_nobody() -> None:
    assert states([report("submitted", 1, 1, notify=False), report("complete", 2, 2)]) == ["complete"]


def test_a_correction_is_told_where_it_moves_the_state_and_a_void_application_never() -> None:
    wrong = [report("submitted", 1, 1), report("closed", 2, 2)]
    assert states([*wrong, report("in_review", 3, 2, "e-2")]) == ["submitted", "closed", "in_review"]
    assert states([*wrong, report("closed", 3, 3, "e-2")]) == ["submitted", "closed"]
    assert states([*wrong, report(None, 3, 2, "e-2")]) == ["submitted", "closed", "submitted"]
    assert states([report("submitted", 1, 1), report(None, 2, 1, "e-1")]) == ["submitted"]


@given(st.permutations(list(enumerate(STATES))))
def test_in_whatever_order_reports_come_the_last_told_is_what_it_is(order: list[tuple[int, str]]) -> None:
    found = states([report(state, n, n) for n, state in order])
    assert found[-1] == STATES[-1]
    assert len(found) == len(set(found))


def test_a_backfill_is_bulk_and_so_is_what_is_older_than_a_day() -> None:
    assert not is_bulk(BULK_EVENTS, NOW, NOW)
    assert is_bulk(BULK_EVENTS + 1, NOW, NOW)
    assert is_bulk(1, NOW - timedelta(days=1, seconds=1), NOW)


def test_only_those_who_watch_it_are_told_and_by_its_own_organisation() -> None:
    event = report("submitted", 1, 1)
    change = domain.report(None, event, Rules(), NOW)
    assert isinstance(change, Change)
    for watched, number in (
        ({("134", "A-1", None)}, 1),
        ({("134", None, "S-1")}, 1),
        ({("999", "A-1", None), ("999", None, "S-1"), ("134", "A-2", None)}, 0),
    ):
        assert len(tellings([(event, change)], [None], watched, NOW)) == number


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("state", [*STATES, "issued", "closed", "withdrawn", "reopened"])
def test_every_state_has_its_texts_in_the_subscription_s_language(state: Any, language: Any) -> None:
    (found,) = told_by([report("submitted", 1, 1)])
    assert found is not None
    facts = replace(found, application=replace(found.application, state=state)).facts()
    data = told("134", "A-1", 1, facts, language)["data"]
    assert set(data) == {"org_id", "application_id", "state", "version", "summary", "next", "expected_at"}
    assert data["summary"] != told("134", "A-1", 1, facts, "fr" if language == "en" else "en")["data"]["summary"]


def test_a_test_message_has_the_same_fields_and_tells_of_no_application() -> None:
    body = told("134", "", 0, trial(NOW), "fr")
    assert body["type"] == "subscription.test"
    assert set(body["data"]) == {"org_id", "application_id", "state", "version", "summary", "next", "expected_at"}
    assert (body["data"]["application_id"], body["data"]["state"], body["data"]["version"]) == (None, None, None)
