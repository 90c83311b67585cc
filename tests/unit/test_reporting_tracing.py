"""Why an event is in a figure or in none: each reason in both languages, and none where there is none."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.reporting.domain.figures import Window
from services.reporting.domain.reasons import (
    in_window,
    not_read,
    outside_window,
    set_aside,
    suppressed,
    uncounted,
)
from services.reporting.domain.tracing import (
    Known,
    Later,
    about_application,
    about_result,
    counted,
    counted_result,
    standing,
)
from shared.contracts.envelope import type_name
from shared.contracts.topics import TOPICS

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
MEASURE = {"limit": "P10D"}


def clock(state: str, **facts: Any) -> dict[str, Any]:
    empty = {"channel": "ONL", "stopped_on": None, "late_from": None, "met": None, "excluded_as": None}
    return {"state": state, **empty, **facts}


def application(*changes: tuple[Any, Any], channel: str | None = "ONL") -> dict[str, Any]:
    standards = [{"standard_id": f"S-{n}", "before": b, "after": a} for n, (b, a) in enumerate(changes)]
    return {"channel": channel, "standards": standards}


def standard(**facts: Any) -> dict[str, Any]:
    return {"standard_id": "S-0", "channel": "ONL", "measure": MEASURE, "valid_from": date(2026, 4, 1), **facts}


def codes(own: dict[str, Any], known: Known, later: Later | None = None) -> list[str]:
    return [each.code for each in about_application(own, "134", later, known)]


OURS = Known("S", "134", [standard()])
RUNNING = clock("running")


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        (clock("stopped", met=True, stopped_on="2026-06-01"), ("met", date(2026, 6, 1))),
        (clock("stopped", met=False, stopped_on="2026-06-01"), ("late", date(2026, 6, 1))),
        (
            clock("excluded", excluded_as="withdrawn", stopped_on="2026-06-01"),
            ("excluded_withdrawn", date(2026, 6, 1)),
        ),
        (
            clock("excluded", excluded_as="closed_undecided", stopped_on="2026-06-01"),
            ("excluded_closed_undecided", date(2026, 6, 1)),
        ),
        (clock("not_started"), ("not_started", None)),
        (clock("running", late_from="2026-06-16T04:00:00Z"), ("open", None)),
        (clock("paused"), ("open", None)),
        (clock("running", late_from="2026-06-15T04:00:00Z"), ("open_late", None)),
    ],
)
def test_a_clock_counts_as_one_thing_on_one_day(found: dict[str, Any], wanted: tuple[str, Any]) -> None:
    as_, day = standing(found, NOW)
    assert (as_, day) == wanted
    assert counted("S-0", "ONL", as_, day).code == f"counts_{as_}"


def test_an_application_that_counts_needs_no_other_reason() -> None:
    assert codes(application((None, RUNNING)), OURS) == []


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        (Known("S", None, []), ["unknown_service"]),
        (Known("S", "56", [standard()]), ["other_organization", "other_channel"]),
        (Known("S", "134", []), ["no_standard"]),
        (Known("S", "134", [standard(measure=None)]), ["no_measure"]),
        (Known("S", "134", [standard()]), ["other_channel"]),
        (Known("S", "134", [standard(channel="TEL")]), ["not_in_force"]),
        (Known("S", "134", [standard(channel=None)]), ["not_in_force"]),
    ],
)
def test_an_application_without_a_clock_has_one_reason(known: Known, wanted: list[str]) -> None:
    assert codes(application(channel="TEL"), known) == wanted


def test_a_report_that_changed_nothing_or_was_followed_by_another_says_so() -> None:
    assert codes(application((RUNNING, RUNNING)), OURS) == ["changed_nothing"]
    after = Later(9, "e-2", "/organizations/134", application((RUNNING, clock("stopped"))))
    assert codes(application((None, RUNNING)), OURS, after) == ["superseded"]
    again = Later(9, "S", "/services/inventory", application((None, RUNNING)))
    assert codes(application(), OURS, again) == ["measured_again"]


def result(**after: Any) -> dict[str, Any]:
    return {"standard_id": "S-0", "to_date": "2026-06-01", "after": {"met": 9, "total": 10, **after}}


def test_a_result_counts_its_totals_unless_it_has_none_or_another_came() -> None:
    assert list(about_result(result(), "134", None, OURS)) == []
    assert "9" in counted_result(result()).text.en
    assert [r.code for r in about_result(result(total=None), "134", None, OURS)] == ["no_total"]
    assert [r.code for r in about_result(result(), "134", None, Known("S", "134", []))] == ["unknown_standard"]
    again = Later(9, "e-2", "/organizations/134", result())
    assert [r.code for r in about_result(result(), "134", again, OURS)] == ["superseded"]


def test_a_day_outside_the_usual_window_is_told_with_how_to_ask_for_it() -> None:
    span = Window("28d", date(2026, 5, 19), date(2026, 6, 15))
    assert in_window(date(2026, 5, 19), span)
    assert in_window(None, span)
    assert not in_window(date(2026, 5, 18), span)
    assert "?window=2026-05-18/2026-06-15" in outside_window(date(2026, 5, 18), span).text.fr


def test_what_is_not_read_lags_or_is_missing_or_was_set_aside() -> None:
    assert not_read(5, None).code == not_read(5, 4).code == "not_read_yet"
    assert not_read(5, 5).code == "missing"
    assert "illisible" in set_aside({"en": "unreadable", "fr": "illisible"}).text.fr


_COUNTED = {"ApplicationStateChanged", "ServiceStandardResultRecorded"}


def test_every_event_that_counts_in_no_figure_has_its_reason_in_both_languages() -> None:
    kinds = {event for topic in TOPICS.values() for event in topic.events if event.__name__ not in _COUNTED}
    reasons = [uncounted(type_name("any", kind.__name__)) for kind in kinds]
    for each in [suppressed(), *reasons]:
        assert each.text.en
        assert each.text.fr
        assert each.text.en != each.text.fr
