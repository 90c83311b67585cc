"""An application as its reports tell it: the order of their arrival makes no difference to what it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.status.domain import application as domain
from services.status.domain.application import Application, Change
from services.status.domain.clocks import Rules, Standard
from services.status.domain.words import NEXT, SUMMARY
from shared.contracts.measure import Measure
from shared.contracts.reported.status import ApplicationState, ApplicationStatusReported
from shared.decoding import Received
from shared.language import Bilingual
from shared.problems import Problem

NAME = Bilingual(en="Ten days", fr="Dix jours")
TEN_DAYS = Measure(limit="P10D", days="business")
SIX_WEEKS = Measure(limit="P6W", starts="complete", ends="issued", calendar="CA-QC")
TWO_DAYS = Measure(limit="PT48H")
NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
MONDAY = datetime(2026, 5, 4, 15, 0, tzinfo=UTC)


def standard(
    standard_id: str = "STD-1",
    measure: Measure | None = TEN_DAYS,
    valid_from: date = date(2020, 4, 1),
    channel: Any = None,
) -> Standard:
    return Standard(standard_id, valid_from, NAME, channel, measure)


STANDARDS = (
    standard("STD-1"),
    standard("STD-2", SIX_WEEKS),
    standard("STD-3", TWO_DAYS, channel="ONL"),
    standard("STD-4", TEN_DAYS, channel="TEL"),
    standard("STD-5", None),
)


def report(state: str, number: int = 1, day: float = 0, **data: Any) -> Received:
    """A report of this state, so many days after the Monday."""
    fields = {"application_id": "A-1", "service_id": "S-1", "state": state, **data}
    reported = ApplicationStatusReported(**fields)
    at = MONDAY + timedelta(days=day)
    return Received(f"e-{number}", "/organizations/134", "134", "type", at, reported, b"")


def told(
    events: Sequence[Received], standards: Sequence[Standard] = STANDARDS, now: datetime = NOW
) -> tuple[Application, list[Change]]:
    """The application after these reports, in this order, and each change on the way."""
    application: Application | None = None
    changes = []
    for event in events:
        change = domain.report(application, event, Rules(standards), now)
        assert isinstance(change, Change)
        application = change.application
        changes.append(change)
    assert application is not None
    return application, changes


def what_counts(application: Application) -> tuple[Any, ...]:
    clocks = dict(application.clocks)
    return application.state, application.channel, application.expected_at, application.version, clocks


STATES = [
    "submitted",
    "complete",
    "in_review",
    "information_requested",
    "information_received",
    "decided",
    "issued",
    "closed",
    "withdrawn",
    "reopened",
]


@st.composite
def histories(draw: st.DrawFn) -> list[Received]:
    """Up to seven reports, some at the same moment, with and without the department's own counter."""
    number = draw(st.integers(1, 7))
    return [
        report(
            draw(st.sampled_from(STATES)),
            n,
            draw(st.integers(0, 40)) / 2,
            sequence=draw(st.none() | st.integers(0, 3)),
            channel=draw(st.sampled_from([None, "ONL", "TEL"])),
            expected_at=draw(st.sampled_from([None, NOW, NOW + timedelta(days=9)])),
        )
        for n in range(number)
    ]


# Order


@given(histories(), st.data())
def test_the_same_reports_in_any_order_make_the_same_application(events: list[Received], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(events))
    assert what_counts(told(shuffled)[0]) == what_counts(told(events)[0])


@given(histories())
def test_each_change_starts_from_the_clocks_the_one_before_left(events: list[Received]) -> None:
    left: dict[str, Any] = {}
    state = None
    application, changes = told(events)
    for version, change in enumerate(changes, 1):
        published = change.published
        assert {each.standard_id: each.before for each in published.standards if each.before} == left
        assert (published.from_state, published.version) == (state, version)
        left = {each.standard_id: each.after for each in published.standards if each.after}
        state = published.to_state
    assert left == dict(application.clocks)
    assert state == application.state


def test_a_report_that_comes_late_takes_its_place_by_its_time() -> None:
    application, changes = told([report("decided", 1, day=2), report("submitted", 2, day=0)])
    assert application.state == "decided"
    assert [change.published.to_state for change in changes] == ["decided", "decided"]
    clock = application.clocks["STD-1"]
    assert (clock.state, clock.started_on, clock.stopped_on, clock.elapsed, clock.met) == (
        "stopped",
        date(2026, 5, 4),
        date(2026, 5, 6),
        2,
        True,
    )


def test_of_reports_at_one_moment_the_departments_own_counter_decides() -> None:
    first, second = report("in_review", 2, sequence=1), report("decided", 1, sequence=2)
    assert told([second, first])[0].state == "decided"
    assert told([first, second])[0].state == "decided"


def test_the_channel_is_that_of_the_first_report_that_names_one() -> None:
    events = [
        report("in_review", 3, 2, channel="TEL"),
        report("submitted", 1, 0),
        report("complete", 2, 1, channel="ONL"),
    ]
    assert told(events)[0].channel == "ONL"


def test_the_departments_date_is_that_of_the_last_report_that_gives_one() -> None:
    late, early = NOW + timedelta(days=9), NOW
    events = [
        report("in_review", 2, 2, expected_at=late),
        report("submitted", 1, 0, expected_at=early),
        report("decided", 3, 3),
    ]
    assert told(events)[0].expected_at == late


def test_a_date_given_before_a_decision_is_gone_once_that_is_reopened() -> None:
    before = [report("submitted", 1, 0, expected_at=NOW), report("decided", 2, 1), report("reopened", 3, 2)]
    assert told(before)[0].expected_at is None
    assert told([*before, report("in_review", 4, 3, expected_at=NOW + timedelta(days=9))])[0].expected_at is not None
    assert told([*before[:2], report("reopened", 3, 2, expected_at=NOW)])[0].expected_at == NOW


def test_a_case_closed_undecided_and_reopened_keeps_its_date_as_if_it_had_not_been_closed() -> None:
    events = [report("submitted", 1, 0, expected_at=NOW), report("closed", 2, 1), report("reopened", 3, 2)]
    assert told(events)[0].expected_at == NOW


# What changes nothing


def test_a_report_after_a_final_state_moves_nothing_and_warns() -> None:
    before, _ = told([report("submitted", 1, 0), report("withdrawn", 2, 1)])
    change = domain.report(before, report("decided", 3, 2, channel="TEL", expected_at=NOW), Rules(STANDARDS), NOW)
    assert isinstance(change, Change)
    assert [warning.code for warning in change.warnings] == ["after_final_state"]
    assert what_counts(replace(change.application, version=2)) == what_counts(before)
    assert len(change.application.history) == 3
    assert all(each.before == each.after for each in change.published.standards)


def test_a_report_of_before_the_end_that_comes_after_it_does_count_and_does_not_warn() -> None:
    before, _ = told([report("submitted", 1, 0), report("withdrawn", 3, 3)])
    change = domain.report(before, report("decided", 2, 2), Rules(STANDARDS), NOW)
    assert isinstance(change, Change)
    assert change.warnings == []
    assert change.application.state == "withdrawn"
    assert change.application.clocks["STD-1"].state == "stopped"


def test_what_was_reopened_goes_on() -> None:
    application, changes = told([report("submitted", 1, 0), report("closed", 2, 1), report("reopened", 3, 2)])
    assert application.state == "reopened"
    assert application.clocks["STD-1"].state == "running"
    assert all(not change.warnings for change in changes)


def test_another_service_for_the_same_application_is_a_conflict_and_says_both() -> None:
    before, _ = told([report("submitted")])
    refusal = domain.report(before, report("decided", 2, 1, service_id="S-2"), Rules(STANDARDS), NOW)
    assert isinstance(refusal, Problem)
    assert (refusal.code, refusal.field) == ("service_conflict", "data.service_id")
    for text in (refusal.detail.en, refusal.detail.fr):
        assert "S-1" in text
        assert "S-2" in text


# Standards


def test_an_application_is_judged_by_the_standards_of_its_channel_and_those_of_every_channel() -> None:
    assert set(told([report("submitted", channel="ONL")])[0].clocks) == {"STD-1", "STD-2", "STD-3"}
    assert set(told([report("submitted", channel="TEL")])[0].clocks) == {"STD-1", "STD-2", "STD-4"}
    assert set(told([report("submitted")])[0].clocks) == {"STD-1", "STD-2", "STD-3", "STD-4"}


def test_a_standard_whose_limit_cannot_be_measured_has_no_clock() -> None:
    assert told([report("submitted")], [standard(measure=None)])[0].clocks == {}


def limits(events: Sequence[Received], *standards: Standard) -> dict[str, int | None]:
    return {each: clock.limit for each, clock in told(events, standards)[0].clocks.items()}


def versions() -> tuple[Standard, Standard]:
    return (
        standard(valid_from=date(2025, 4, 1), measure=Measure(limit="P10D")),
        standard(valid_from=date(2026, 5, 5), measure=Measure(limit="P20D")),
    )


def test_the_version_in_force_on_the_day_the_clock_starts_is_the_one() -> None:
    assert limits([report("submitted", day=0)], *versions()) == {"STD-1": 10}
    assert limits([report("submitted", day=1)], *versions()) == {"STD-1": 20}
    assert limits([report("submitted", day=0), report("decided", 2, day=9)], *reversed(versions())) == {"STD-1": 10}


def test_the_day_the_clock_starts_is_the_local_one() -> None:
    past_midnight_utc = report("submitted", day=11 / 24)  # 02:00 UTC on the Tuesday: still Monday in Ottawa
    assert past_midnight_utc.time.day == 5
    assert limits([past_midnight_utc], *versions()) == {"STD-1": 10}


def test_a_clock_that_starts_at_a_complete_application_takes_the_version_of_that_day() -> None:
    old, new = versions()
    complete = [replace(each, measure=each.measure.model_copy(update={"starts": "complete"})) for each in (old, new)]
    events = [report("submitted", 1, day=0), report("complete", 2, day=1)]
    assert limits(events, *complete) == {"STD-1": 20}


def test_a_standard_that_begins_later_does_not_judge_what_began_before() -> None:
    assert limits([report("submitted", day=0)], versions()[1]) == {}


def test_a_version_that_took_the_measure_away_ends_the_judging() -> None:
    ended = standard(valid_from=date(2026, 5, 1), measure=None)
    assert limits([report("submitted", day=0)], versions()[0], ended) == {}


def test_each_standard_has_its_own_clock_and_the_first_due_is_the_one_shown() -> None:
    application, _ = told([report("submitted", 1, channel="ONL"), report("complete", 2, day=0.5)], now=MONDAY)
    clocks = application.clocks
    assert {each: clock.unit for each, clock in clocks.items()} == {
        "STD-1": "business_day",
        "STD-2": "day",
        "STD-3": "second",
    }
    assert (clocks["STD-1"].due_on, clocks["STD-2"].due_on) == (date(2026, 5, 19), date(2026, 6, 15))
    assert domain.standard_shown(clocks) == "STD-3"
    assert domain.standard_shown({each: clocks[each] for each in ("STD-2", "STD-1")}) == "STD-1"
    assert domain.standard_shown({}) is None


def test_a_standard_that_has_stopped_hides_none_that_runs() -> None:
    """The first due is over: what is still to come is what the client is told of."""
    complete = SIX_WEEKS.model_copy(update={"starts": "submitted"})
    application, _ = told(
        [report("submitted", 1), report("decided", 2, 1)], [standard("STD-1"), standard("STD-2", complete)], now=MONDAY
    )
    assert {each: clock.state for each, clock in application.clocks.items()} == {"STD-1": "stopped", "STD-2": "running"}
    assert domain.standard_shown(application.clocks) == "STD-2"


def test_of_those_that_are_paused_one_is_shown_before_those_that_are_over() -> None:
    complete = SIX_WEEKS.model_copy(update={"starts": "submitted"})
    events = [report("submitted", 1), report("decided", 2, 1), report("information_requested", 3, 2)]
    application, _ = told(events, [standard("STD-1"), standard("STD-2", complete)], now=MONDAY)
    assert domain.standard_shown(application.clocks) == "STD-2"
    assert application.clocks["STD-2"].state == "paused"


# Decisions


def decided_by(*states: str) -> str | None:
    application, _ = told([report(state, number, number) for number, state in enumerate(states)])
    found = domain.decision(application)
    return found and found.event_id


def test_the_decision_is_the_last_that_counts_and_none_after_a_reopening() -> None:
    assert decided_by("submitted", "in_review") is None
    assert decided_by("submitted", "decided", "issued", "closed") == "e-1"
    assert decided_by("submitted", "issued") == "e-1"
    assert decided_by("submitted", "decided", "decided") == "e-2"
    assert decided_by("submitted", "closed", "decided") is None
    assert decided_by("submitted", "decided", "reopened") is None
    assert decided_by("submitted", "decided", "closed", "reopened", "decided") == "e-4"


# Measuring again


def test_measuring_again_under_the_same_standards_gives_nothing_though_time_has_passed() -> None:
    running, _ = told([report("submitted")], now=MONDAY)
    assert domain.measure_again(running, Rules(STANDARDS), NOW) is None
    paused, _ = told([report("submitted"), report("information_requested", 2, 1)], now=MONDAY)
    assert domain.measure_again(paused, Rules(STANDARDS), NOW) is None


def test_measuring_again_under_other_standards_gives_a_change_of_clocks_and_of_nothing_else() -> None:
    before, _ = told([report("submitted"), report("decided", 2, 1)], [standard()])
    change = domain.measure_again(before, Rules([standard(measure=Measure(limit="PT1H")), standard("STD-9")]), NOW)
    assert change is not None
    after, published = change.application, change.published
    assert (after.state, after.history, after.version) == (before.state, before.history, before.version + 1)
    assert (published.from_state, published.to_state, published.version) == ("decided", "decided", 3)
    assert {each.standard_id: (each.before, each.after) for each in published.standards} == {
        "STD-1": (before.clocks["STD-1"], after.clocks["STD-1"]),
        "STD-9": (None, after.clocks["STD-9"]),
    }
    assert (before.clocks["STD-1"].met, after.clocks["STD-1"].met) == (True, False)
    assert domain.measure_again(after, Rules([standard(measure=Measure(limit="PT1H")), standard("STD-9")]), NOW) is None


def test_measuring_again_without_a_standard_takes_its_clock_away() -> None:
    before, _ = told([report("submitted")], [standard()])
    change = domain.measure_again(before, Rules([]), NOW)
    assert change is not None
    assert change.application.clocks == {}
    assert [(each.before is None, each.after) for each in change.published.standards] == [(False, None)]


def test_measuring_again_what_was_withdrawn_gives_nothing() -> None:
    before, _ = told([report("submitted")], [])
    void = replace(before, history=(), clocks={})
    assert domain.measure_again(void, Rules(STANDARDS), NOW) is None


def test_versions_never_go_back_after_measuring_again() -> None:
    before, _ = told([report("submitted")], [standard()])
    for limit in ("P20D", "P30D", "P40D"):
        measured = domain.measure_again(before, Rules([standard(measure=Measure(limit=limit))]), NOW)
        assert measured is not None
        before = measured.application
    change = domain.report(before, report("decided", 2, 1), Rules([standard()]), NOW)
    assert isinstance(change, Change)
    assert (before.version, change.application.version, change.published.version) == (4, 5, 5)


@given(histories())
def test_measuring_again_is_what_the_standards_would_have_said_at_once(events: list[Received]) -> None:
    before, _ = told(events, STANDARDS[:1])
    change = domain.measure_again(before, Rules(STANDARDS), NOW)
    clocks = change.application.clocks if change else before.clocks
    assert clocks == told(events, STANDARDS)[0].clocks


# What a client is told


def test_every_state_has_plain_words_for_what_happened_and_what_comes_next() -> None:
    states = set(ApplicationState.__args__)
    assert set(SUMMARY) == set(NEXT) == states == set(STATES)
    for words in (*SUMMARY.values(), *NEXT.values()):
        assert words.en != words.fr


def test_closed_is_never_told_as_decided() -> None:
    for words in (SUMMARY["closed"], SUMMARY["withdrawn"]):
        assert "deci" not in words.en.lower()
        assert "déci" not in words.fr.lower()
