"""What goes wrong on the way: late reports, reports sent twice, reports that a door has to refuse."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

from guichet.simulator.report import Plan, Report
from shared.contracts.envelope import rfc3339

LATE, TWICE, INVALID = 0.02, 0.015, 0.01
_CONFLICTS = 1 / 7  # of the invalid ones
_CORRECTED = 0.5  # of the other invalid ones, those sent again as they should be
_FUTURE = timedelta(days=3653)
_Event = dict[str, Any]
_Sent = tuple[datetime, int, Report]
# An unknown code, and two known ones of which one differs from what was said.
_CODES = {
    "ApplicationStatusReported": ("state", "pending", ("in_review", "complete")),
    "FeedbackReported": ("kind", "praise", ("issue", "complaint")),
    "FeedbackHandlingReported": ("state", "done", ("assigned", "interim_reply")),
    "ServiceStandardResultReported": ("channel", "WEB", ("TEL", "EML")),
}


def sent(
    rng: Random, clean: Plan, duplicates: int, invalid: int, late: int, now: datetime, organizations: Sequence[str]
) -> list[Report]:
    """Everything in the order in which it arrives; `clean` is in order of time and keeps its times."""
    arrivals = _arrivals(rng, [each.at for each in clean], late, now)
    chosen = rng.sample(range(len(clean)), min(duplicates + invalid, len(clean)))
    twice = [
        (_soon(rng, arrivals[index], now), 2, replace(clean[index].report, expected="duplicate"))
        for index in chosen[:duplicates]
    ]
    refused = [_refused(rng, clean[index].report, arrivals, index, now, organizations) for index in chosen[duplicates:]]
    # Only now: what is refused has moved the arrival of what is sent again, corrected.
    good = zip(arrivals, (1 for _ in clean), (each.report for each in clean), strict=True)
    return [report for *_, report in sorted([*good, *twice, *refused], key=itemgetter(0, 1))]


def _arrivals(rng: Random, times: list[datetime], late: int, now: datetime) -> list[datetime]:
    arrivals = list(times)
    for index in rng.sample(range(len(times)), min(late, len(times))):
        room = (now - times[index]) / timedelta(hours=1)
        if room > 2:
            arrivals[index] += timedelta(hours=rng.uniform(2, min(rng.choice((12, 48, 120)), room)))
    return arrivals


def _soon(rng: Random, at: datetime, now: datetime) -> datetime:
    return min(at + timedelta(minutes=rng.uniform(0.1, rng.choice((5, 40, 600)))), now)


def _refused(
    rng: Random, report: Report, arrivals: list[datetime], index: int, now: datetime, organizations: Sequence[str]
) -> _Sent:
    """A conflict comes after its original; what is corrected comes before, and delays it by some minutes."""
    at = arrivals[index]
    if rng.random() < _CONFLICTS:
        return _soon(rng, at, now), 2, conflicting(report)
    if rng.random() < _CORRECTED:
        arrivals[index] = min(at + timedelta(minutes=rng.uniform(1, 40)), now)
        return at, 0, spoiled(rng, report, now, organizations)
    return at, 0, renamed(spoiled(rng, report, now, organizations))


def conflicting(report: Report) -> Report:
    """The same id with other data."""
    field, _, (one, other) = _CODES[_name(report)]
    data = report.event["data"]
    return _invalid(report, {**report.event, "data": {**data, field: other if data.get(field) == one else one}})


def spoiled(rng: Random, report: Report, now: datetime, organizations: Sequence[str]) -> Report:
    """The same report, wrong in one way that a door refuses."""
    event = report.event
    wrong: tuple[Callable[[], _Event], ...] = (
        lambda: _with_data(event, **dict((_CODES[_name(report)][:2],))),
        lambda: _without_its_first_field(event),
        lambda: {**event, "source": _another(rng, report, organizations)},
        lambda: {**event, "time": rfc3339(now + _FUTURE)},
        lambda: _with_data(event, status_code=7),
        lambda: {**event, "type": event["type"].replace(".v1", ".v9")},
    )
    return _invalid(report, rng.choice(wrong)())


def renamed(report: Report) -> Report:
    """Under an id of its own."""
    return replace(report, event={**report.event, "id": f"{report.event['id']}-bis"})


def _invalid(report: Report, event: _Event) -> Report:
    return replace(report, event=event, expected="rejected")


def _name(report: Report) -> str:
    return str(report.event["type"].split(".")[2])


def _with_data(event: _Event, **fields: Any) -> _Event:
    return {**event, "data": {**event["data"], **fields}}


def _without_its_first_field(event: _Event) -> _Event:
    """Each contract's data begins with an id that it requires."""
    return {**event, "data": dict(list(event["data"].items())[1:])}


def _another(rng: Random, report: Report, organizations: Sequence[str]) -> str:
    """The source as it would be another organisation's."""
    drawn = rng.choice(organizations)
    other = drawn if drawn != report.org_id else f"{drawn}0"
    return str(report.event["source"]).replace(f"/{report.org_id}/", f"/{other}/")
