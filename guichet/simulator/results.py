"""Results of standards that no application shows: calls answered in time, documents without error."""

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from guichet.simulator.departments import Service, Standard
from guichet.simulator.pace import office
from guichet.simulator.report import Plan, Window, step
from shared.calendars import calendar
from shared.contracts.reported.status import Channel

WEEK = timedelta(days=7)
_MOST_CHANNELS = 3


class Counted(NamedTuple):
    """A standard whose results are reported, in one of its channels; `volume` is a year's there."""

    service: Service
    standard: Standard
    channel: Channel
    volume: float


def counted(services: Sequence[Service]) -> list[Counted]:
    """Every standard of access, accuracy or another kind that has a volume, by channel."""
    return [
        Counted(service, standard, channel, standard.volume * share)
        for service in services
        for standard in service.counted
        if standard.volume
        for channel, share in _channels(service, standard).items()
    ]


def _channels(service: Service, standard: Standard) -> dict[Channel, float]:
    """Its own channel; for one of several or none, the largest of the service."""
    if standard.channel not in {None, "OTH"} or not service.applications:
        return {standard.channel or "OTH": 1.0}
    largest = sorted(service.volumes, key=lambda channel: -service.volumes[channel])[:_MOST_CHANNELS]
    total = sum(service.volumes[channel] for channel in largest)
    return {channel: service.volumes[channel] / total for channel in largest if service.volumes[channel]}


def weeks(window: Window) -> Iterator[date]:
    """The Mondays of the whole weeks in a window whose results were known before its end."""
    zone = calendar("CA").zone
    first, last = (moment.astimezone(zone).date() for moment in window)
    monday = first + timedelta(days=-first.weekday() % 7)
    while monday + WEEK < last:
        yield monday
        monday += WEEK


def week(rng: Random, result_id: str, of: Counted, monday: date) -> Plan:
    """The result of one week, told when the next begins; nothing where nothing was counted."""
    told = office(
        rng, calendar("CA"), monday + WEEK, datetime.combine(monday, datetime.min.time(), calendar("CA").zone)
    )
    return _plan(rng, result_id, of, monday, monday + timedelta(days=6), told)


def today(rng: Random, result_id: str, of: Counted, now: datetime) -> Plan:
    """The result of the day so far."""
    day = now.astimezone(calendar("CA").zone).date()
    return _plan(rng, result_id, of, day, day, now)


def _plan(rng: Random, result_id: str, of: Counted, first: date, last: date, at: datetime) -> Plan:
    total = _about(rng, of.volume * ((last - first).days + 1) / 365)
    if not total:
        return []
    data: dict[str, Any] = {
        "service_id": of.service.service_id,
        "service_standard_id": of.standard.standard_id,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "channel": of.channel,
        "met": min(_about(rng, total * of.standard.share, of.standard.share), total),
        "total": total,
    }
    return [step(of.service.org_id, "inventory", "ServiceStandardResultReported", result_id, 1, at, data)]


def _about(rng: Random, expected: float, share: float = 0.0) -> int:
    """A count that varies as counts do: Poisson's, or a binomial's with this share."""
    return max(0, round(rng.gauss(expected, math.sqrt(expected * (1 - share)))))
