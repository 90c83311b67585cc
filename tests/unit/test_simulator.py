import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from pathlib import Path
from statistics import fmean

import orjson
import pytest

from guichet.inventory_files import Import, read
from guichet.simulator import Report, Simulation
from guichet.simulator.departments import Service, services
from guichet.synthetic import SERVICES, STANDARDS
from shared.calendars import calendar
from shared.clock import Moment, Reading, in_order
from shared.clock import read as read_clock
from shared.contracts.reported.feedback import FeedbackHandlingReported, FeedbackReported
from shared.contracts.reported.inventory import ServiceStandardResultReported
from shared.contracts.reported.status import ApplicationStatusReported
from shared.decoding import Arrival, Kinds, Refusal, decode

ROOT = Path(__file__).parents[2]
REAL = [ROOT / "../shared/data" / name for name in ("service_2023-2024.csv", "service-std_2023-2024.csv")]
NOW = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)
EVENTS = 30_000
INVENTORY = read([SERVICES, STANDARDS])
OFFERED = {each.service_id: each for each in services(INVENTORY)}
KINDS: dict[str, Kinds] = {
    "status": {"guichet.status.ApplicationStatusReported.v1": ApplicationStatusReported},
    "feedback": {
        "guichet.feedback.FeedbackReported.v1": FeedbackReported,
        "guichet.feedback.FeedbackHandlingReported.v1": FeedbackHandlingReported,
    },
    "inventory": {"guichet.inventory.ServiceStandardResultReported.v1": ServiceStandardResultReported},
}


@cache
def backlog() -> tuple[Report, ...]:
    return tuple(Simulation(INVENTORY, 7, NOW).backlog(EVENTS))


def accepted(reports: Iterable[Report]) -> list[Report]:
    return [report for report in reports if report.expected == "accepted"]


def time_of(report: Report) -> datetime:
    return datetime.fromisoformat(report.event["time"])


def key_of(report: Report) -> tuple[str, str]:
    return report.event["source"], report.event["id"]


@cache
def applications() -> dict[tuple[str, str], list[Report]]:
    """Each application's accepted reports, in the order of their ids."""
    found: defaultdict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in accepted(backlog()):
        if report.service == "status":
            found[report.org_id, report.event["data"]["application_id"]].append(report)
    return {key: sorted(reports, key=key_of) for key, reports in found.items()}


class Door:
    """What the doors answer by envelope, sender, contract and id."""

    def __init__(self) -> None:
        self.digests: dict[tuple[str, str], bytes] = {}

    def answer(self, report: Report, now: datetime) -> str:
        received = decode(Arrival(orjson.dumps(report.event), report.org_id), KINDS[report.service], now)
        if isinstance(received, Refusal):
            return "rejected"
        known = self.digests.setdefault((received.source, received.id), received.digest)
        if known is not received.digest:
            return "duplicate" if known == received.digest else "rejected"
        return "accepted"


def test_the_same_arguments_give_the_same_events_to_the_byte_in_another_process() -> None:
    script = (
        "import hashlib, orjson; from tests.unit import test_simulator as t; "
        "print(hashlib.sha256(orjson.dumps(list(t.Simulation(t.INVENTORY, 3, t.NOW).backlog(3000)))).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    }  # fmt: skip
    assert len(digests) == 1


def test_a_backlog_asked_for_again_is_the_same() -> None:
    simulation = Simulation(INVENTORY, 7, NOW)
    first = list(simulation.backlog(500))
    assert list(simulation.backlog(500)) == first


def test_another_seed_or_another_now_gives_other_ids() -> None:
    ids = [
        {key_of(report) for report in Simulation(INVENTORY, seed, now).backlog(1000)}
        for seed, now in ((1, NOW), (2, NOW), (1, NOW + timedelta(minutes=1)))
    ]
    assert sum(map(len, ids)) == len(set.union(*ids))


@pytest.mark.parametrize("events", [0, 1, 2, 37, 400, 2500, EVENTS])
def test_a_backlog_has_exactly_as_many_reports_as_asked(events: int) -> None:
    assert len(list(Simulation(INVENTORY, 5, NOW).backlog(events))) == events


@pytest.mark.parametrize(("events", "days"), [(-1, 60), (10, 0)])
def test_a_backlog_of_less_than_nothing_is_refused(events: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        Simulation(INVENTORY, 5, NOW).backlog(events, days)


def test_an_inventory_without_services_cannot_be_simulated() -> None:
    with pytest.raises(ValueError, match="no valid service"):
        Simulation(Import(()), 5, NOW)


def test_the_doors_answer_as_expected() -> None:
    door = Door()
    wrong = [report for report in backlog() if door.answer(report, NOW) != report.expected]
    assert wrong == []


def test_events_are_mostly_of_applications_with_some_feedback_and_few_results() -> None:
    shares = Counter(report.service for report in backlog())
    assert 0.90 <= shares["status"] / EVENTS <= 0.94
    assert 0.05 <= shares["feedback"] / EVENTS <= 0.07
    assert 0.005 <= shares["inventory"] / EVENTS <= 0.025


def test_some_reports_are_sent_twice_after_their_original_and_some_are_invalid() -> None:
    outcomes = Counter(report.expected for report in backlog())
    assert outcomes["duplicate"] == round(EVENTS * 0.015)
    assert outcomes["rejected"] == round(EVENTS * 0.01)
    seen: dict[tuple[str, str], bytes] = {}
    for report in backlog():
        if report.expected == "duplicate":
            assert seen[key_of(report)] == orjson.dumps(report.event)
        elif report.expected == "accepted":
            seen[key_of(report)] = orjson.dumps(report.event)


def test_some_refused_ids_are_sent_again_corrected_and_some_are_conflicts() -> None:
    places = {key_of(report): place for place, report in enumerate(backlog()) if report.expected == "accepted"}
    gaps = [
        places[key_of(report)] - place
        for place, report in enumerate(backlog())
        if report.expected == "rejected" and key_of(report) in places
    ]
    assert sum(gap > 0 for gap in gaps) > 60
    assert sum(gap < 0 for gap in gaps) > 20


def test_one_in_fifty_arrives_hours_late() -> None:
    late, newest = 0, NOW - timedelta(days=60)
    for report in accepted(backlog()):
        late += newest - time_of(report) > timedelta(hours=1.5)
        newest = max(newest, time_of(report))
    assert 0.014 <= late / EVENTS <= 0.026


def test_times_are_spread_over_the_days_before_now() -> None:
    days = Counter((NOW - time_of(report)).days for report in accepted(backlog()))
    assert set(days) == set(range(60))
    assert max(days.values()) < 0.08 * EVENTS
    weekly = [sum(days[7 * week + day] for day in range(7)) for week in range(8)]
    assert min(weekly) > 0.04 * EVENTS


def test_ids_are_unique_in_their_source_and_sources_are_of_the_organization() -> None:
    keys = [key_of(report) for report in accepted(backlog())]
    assert len(keys) == len(set(keys))
    for report in accepted(backlog()):
        assert report.event["source"].startswith(f"/organizations/{report.org_id}/")
        assert re.fullmatch(r"[AFR]-[A-Z2-7]{4}-\d{6}-\d{2}", report.event["id"])


def test_every_report_is_of_a_service_of_its_own_organization() -> None:
    for reports in applications().values():
        assert len({report.event["data"]["service_id"] for report in reports}) == 1
    for report in accepted(backlog()):
        service_id = report.event["data"].get("service_id")
        assert service_id is None or OFFERED[service_id].org_id == report.org_id


def test_every_service_in_use_reports_where_events_allow() -> None:
    few = Simulation(INVENTORY, 11, NOW).backlog(7 * len(OFFERED))
    named = {report.event["data"]["service_id"] for report in few if report.event["subject"].startswith("A-")
             and report.expected == "accepted"}  # fmt: skip
    assert named == set(OFFERED)


def test_causes_precede_effects() -> None:
    for reports in applications().values():
        assert reports[0].event["data"]["state"] == "submitted"
        assert reports[0].event["id"].endswith("-01")
        for before, after in pairwise(reports):
            assert time_of(before) < time_of(after) <= NOW
            assert (before.event["data"]["state"] in {"closed", "withdrawn"}) == (
                after.event["data"]["state"] == "reopened"
            )


def test_answers_follow_requests_and_decisions_follow_reviews() -> None:
    before = {"information_received": "information_requested", "decided": "in_review", "reopened": "closed"}
    for reports in applications().values():
        states = [report.event["data"]["state"] for report in reports]
        for place, state in enumerate(states):
            assert before.get(state, "submitted") in states[: place + 1]


def test_departments_work_at_office_hours() -> None:
    federal, hours = calendar("CA"), Counter[bool]()
    for reports in applications().values():
        if OFFERED[reports[0].event["data"]["service_id"]].measured:
            continue
        for report in reports[1:]:
            local = time_of(report).astimezone(federal.zone)
            hours[federal.is_business_day(local.date()) and 8 <= local.hour < 17] += 1
    assert hours[True] > 1000
    assert hours[False] == 0


def test_channels_follow_the_volumes_of_the_service() -> None:
    came: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for reports in applications().values():
        data = reports[0].event["data"]
        came[data["service_id"]][data["channel"]] += 1
    plain = [each for each in OFFERED.values() if not each.measured and came[each.service_id].total() > 80]
    assert len(plain) >= 3
    for service in plain:
        for channel, volume in service.volumes.items():
            share = came[service.service_id][channel] / came[service.service_id].total()
            assert abs(share - volume / service.applications) < 0.15


def test_most_applications_come_by_a_channel_of_a_measured_standard() -> None:
    found = Counter[bool]()
    for reports in applications().values():
        data = reports[0].event["data"]
        channels = {each.channel for each in OFFERED[data["service_id"]].measured}
        if channels and None not in channels:
            found[data["channel"] in channels] += 1
    assert 0.62 <= found[True] / found.total() <= 0.95


def readings(service: Service) -> list[Reading]:
    """The clocks of a service's one measured standard."""
    (standard,) = service.measured
    assert standard.measure
    cases = [reports for reports in applications().values()
             if reports[0].event["data"]["service_id"] == service.service_id
             and standard.channel in {None, reports[0].event["data"]["channel"]}]  # fmt: skip
    histories = (
        in_order(Moment(each.event["data"]["state"], time_of(each), None, each.event["id"]) for each in reports)
        for reports in cases
    )
    found = calendar(standard.measure.calendar)
    return [read_clock(standard.measure, found, history, NOW) for history in histories]


def test_the_share_met_is_near_that_of_the_standard() -> None:
    deviations = []
    for service in OFFERED.values():
        if len(service.measured) != 1:
            continue
        stopped = [reading for reading in readings(service) if reading.state == "stopped"]
        if len(stopped) > 30:
            met = sum(bool(reading.met) for reading in stopped) / len(stopped)
            deviations.append(met - service.measured[0].share)
    assert len(deviations) >= 5
    assert max(map(abs, deviations)) < 0.25
    assert abs(fmean(deviations)) < 0.06


def test_some_cases_pause_some_are_withdrawn_and_some_are_still_open() -> None:
    states = [{report.event["data"]["state"] for report in reports} for reports in applications().values()]
    assert 0.09 <= sum("information_requested" in each for each in states) / len(states) <= 0.18
    assert 0.015 <= sum("withdrawn" in each for each in states) / len(states) <= 0.04
    assert 0.05 <= sum(not each & {"closed", "withdrawn"} for each in states) / len(states) <= 0.35
    assert any("reopened" in each for each in states)
    assert any("closed" in each and "decided" not in each for each in states)


def test_languages_clients_and_reasons_are_told() -> None:
    first = [reports[0].event["data"] for reports in applications().values()]
    assert 0.18 <= fmean(each["language"] == "fr" for each in first) <= 0.26
    assert 0.45 <= fmean("client_id" in each for each in first) <= 0.55
    for report in accepted(backlog()):
        data = report.event["data"]
        assert (data.get("outcome") == "refused") == ("reason" in data)


def test_feedback_is_handled_after_it_is_given_and_some_is_about_an_application() -> None:
    given: dict[tuple[str, str], Report] = {}
    for report in sorted(accepted(backlog()), key=time_of):
        if report.service != "feedback":
            continue
        key = report.org_id, report.event["data"]["feedback_id"]
        assert given.setdefault(key, report).event["type"].endswith(".FeedbackReported.v1")
    linked = [report for report in given.values() if "application_id" in report.event["data"]]
    assert 0.2 <= len(linked) / len(given) <= 0.6
    for report in linked:
        reports = applications()[report.org_id, report.event["data"]["application_id"]]
        assert time_of(reports[0]) <= time_of(report)
        assert reports[0].event["data"]["service_id"] == report.event["data"]["service_id"]


def test_results_are_of_whole_weeks_and_of_standards_that_no_application_shows() -> None:
    results = [report.event["data"] for report in accepted(backlog()) if report.service == "inventory"]
    assert results
    for data in results:
        standards = {each.standard_id: each for each in OFFERED[data["service_id"]].counted}
        assert standards[data["service_standard_id"]].type in {"ACS", "ACY", "OTH"}
        first, last = (datetime.fromisoformat(data[name]) for name in ("from", "to"))
        assert (first.weekday(), last - first) == (0, timedelta(days=6))
    keys = [tuple(data[name] for name in ("service_standard_id", "from", "channel")) for data in results]
    assert len(keys) == len(set(keys))


class Ticking:
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def test_live_goes_on_where_the_backlog_ended() -> None:
    simulation, clock, door = Simulation(INVENTORY, 7, NOW), Ticking(), Door()
    before = list(simulation.backlog(5000))
    told = [(report, clock.now) for report in islice(simulation.live(clock), 6000)]
    assert all(door.answer(report, NOW) == report.expected for report in before)
    assert [report for report, now in told if door.answer(report, now) != report.expected] == []
    keys = [key_of(report) for report in accepted([*before, *(report for report, _ in told)])]
    assert len(keys) == len(set(keys))
    old = {report.event["subject"] for report in accepted(before)}
    continued = Counter(report.event["subject"] in old for report, _ in told)
    assert min(continued.values()) > 400
    assert {report.expected for report, _ in told} == {"accepted", "duplicate", "rejected"}
    assert {report.service for report, _ in told} == {"status", "feedback", "inventory"}


def test_live_reports_are_told_at_the_clock_and_each_case_in_order() -> None:
    simulation, clock = Simulation(INVENTORY, 7, NOW), Ticking()
    last: dict[str, int] = {}
    for report in sorted(accepted(simulation.backlog(3000)), key=key_of):
        last[report.event["source"] + report.event["subject"]] = int(report.event["id"][-2:])
    for report in islice(simulation.live(clock), 3000):
        if report.expected == "accepted":
            case, _, number = report.event["id"].rpartition("-")
            key = report.event["source"] + case
            assert timedelta(0) <= clock.now - time_of(report) <= timedelta(seconds=1)
            if key in last:
                assert int(number) == last[key] + 1
            last[key] = int(number)


def test_live_without_a_backlog_begins_with_new_cases() -> None:
    first = next(Simulation(INVENTORY, 7, NOW).live(lambda: NOW))
    assert first.event["id"].endswith("-01")
    assert time_of(first) == NOW


@pytest.mark.skipif(
    not all(path.exists() for path in REAL), reason="the public inventory files are not at ../shared/data"
)
def test_the_real_inventory_is_simulated_in_proportion() -> None:
    inventory = read(REAL)
    used = services(inventory)
    reports = list(Simulation(inventory, 7, NOW).backlog(10_000))
    named = Counter(
        report.event["data"].get("service_id") for report in accepted(reports) if report.service == "status"
    )
    assert len(reports) == 10_000
    assert {each.service_id for each in used} <= set(named)
    largest = max(used, key=lambda each: each.applications)
    assert named.most_common(1)[0][0] == largest.service_id
