"""Sending many events: batches by department and door, in order within each, several under way at once."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from guichet.client import Services
from guichet.simulator import Report

_BATCH = 1_000
_UNDER_WAY = 6


@dataclass(slots=True)
class Sent:
    """What became of events that were sent; `surprises` are those answered otherwise than expected."""

    outcomes: Counter[str] = field(default_factory=Counter)
    surprises: list[dict[str, Any]] = field(default_factory=list)
    accepted_by_service: Counter[str] = field(default_factory=Counter)

    def add(self, report: Report, receipt: dict[str, Any]) -> None:
        self.outcomes[receipt["outcome"]] += 1
        if receipt["outcome"] == "accepted":
            self.accepted_by_service[report.service] += 1
        if receipt["outcome"] != report.expected and len(self.surprises) < 100:
            self.surprises.append({"service": report.service, "event": report.event, "receipt": receipt})

    @property
    def total(self) -> int:
        return sum(self.outcomes.values())


async def feed(
    services: Services, keys: dict[str, str], reports: Iterable[Report], sent: Sent, done: Callable[[int], None]
) -> None:
    """Send reports as fast as they are accepted. Order holds for each department at each door."""
    window: list[Report] = []
    for report in reports:
        window.append(report)
        if len(window) >= _BATCH * _UNDER_WAY * 2:
            await _send_window(services, keys, window, sent, done)
            window = []
    if window:
        await _send_window(services, keys, window, sent, done)


async def _send_window(
    services: Services, keys: dict[str, str], window: list[Report], sent: Sent, done: Callable[[int], None]
) -> None:
    lanes: dict[tuple[str, str], list[Report]] = defaultdict(list)
    for report in window:
        lanes[report.service, report.org_id].append(report)
    limit = asyncio.Semaphore(_UNDER_WAY)

    async def send_lane(service: str, org_id: str, reports: list[Report]) -> None:
        for start in range(0, len(reports), _BATCH):
            some = reports[start : start + _BATCH]
            async with limit:
                receipts = await services.send(service, keys[org_id], [orjson.dumps(report.event) for report in some])
            for report, receipt in zip(some, receipts, strict=True):
                sent.add(report, receipt)
            done(len(some))

    await asyncio.gather(*(send_lane(*lane, reports) for lane, reports in lanes.items()))


async def drip(
    services: Services, keys: dict[str, str], reports: Iterable[Report], sent: Sent, per_second: float
) -> None:
    """Send reports one by one, at a steady rate, for ever."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    for report in reports:
        receipts = await services.send(report.service, keys[report.org_id], [orjson.dumps(report.event)])
        sent.add(report, receipts[0])
        due = max(due + 1 / per_second, loop.time() - 1)
        await asyncio.sleep(max(0.0, due - loop.time()))
