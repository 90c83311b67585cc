"""Receivers of webhooks that time out, fail, drip, redirect to a forbidden place, or flap: F14."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from shared.testing import eventually
from tests.faults.campaign import meanwhile
from tests.faults.departments import ORGS, services_of
from tests.faults.experiments.asides import Asides
from tests.faults.history import Anomaly
from tests.faults.rig import Rig
from tests.faults.stirring import quietly_stirred
from tests.integration.receiving import Answer, Receiver, receivers

_ORG, _SERVICE = ORGS[0], services_of(ORGS[0])[0]
_FORBIDDEN = "http://169.254.169.254/latest/meta-data/"
_HEAL_SECONDS = 120.0
Change = tuple[str, int]  # application, version


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A receiver and its subscription, made while the log was between two positions."""

    name: str
    id: str
    receiver: Receiver
    after: int
    by: int


async def receivers_misbehave(rig: Rig, full: bool) -> str:
    """Status ends meanwhile before and after every await between a commit and its receivers, in full. Once they have healed every change is at every receiver, in the order of its application."""
    seconds = 20 if full else 2
    status, _ = await _ask(rig, "POST", "", _wanted(_FORBIDDEN))
    assert status == 422, f"a subscription to {_FORBIDDEN} was answered with {status}"
    async with _subscribed(rig, {"well": None, "well too": None}) as well:
        await asyncio.sleep(seconds)
        before = await _p99(rig, well)
        healed = asyncio.Event()
        async with _subscribed(rig, _bad(healed)) as bad:
            await asyncio.sleep(seconds)
            during = await _p99(rig, well)
            ended = await _crashing(rig) if full else "no crash"
            healed.set()
            for each in bad:
                each.receiver.answer = None
            head = await _head(rig)
            await eventually(lambda: _missing(rig, [*well, *bad], head), lambda left: not left, seconds=_HEAL_SECONDS)
        for each in (*well, *bad):
            rig.history.anomalies += [Anomaly("reordered", what, "status") for what in disorder(each.receiver)]
            rig.history.anomalies += await _invented(rig, each)
    assert during <= max(2 * before, 3), f"the others' p99 was {before:.2f} s, then {during:.2f} s"
    tried = sum(len(each.receiver.tried) for each in (*well, *bad))
    return f"{len(well) + len(bad)} receivers, {tried} tries; the two that are well: p99 {before:.2f} → {during:.2f} s; {ended}"


async def _crashing(rig: Rig) -> str:
    async with receivers() as found, Asides(rig, found).going_on():
        await asyncio.sleep(5)
        return await meanwhile(rig, 180, beside=quietly_stirred(rig))


def _bad(healed: asyncio.Event) -> dict[str, Answer | None]:
    async def hangs(_: web.Request) -> web.StreamResponse:
        await healed.wait()
        return web.Response(status=204)

    async def fails(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    async def drips(request: web.Request) -> web.StreamResponse:
        for byte in b"HTTP/1.1 204 No Content":  # never to its end
            if healed.is_set() or request.transport is None or request.transport.is_closing():
                break
            request.transport.write(bytes([byte]))
            await asyncio.sleep(1)
        return web.Response(status=500)

    async def redirects(_: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": _FORBIDDEN})

    turns = itertools.cycle((500, 204, 503))

    async def flaps(_: web.Request) -> web.StreamResponse:
        return web.Response(status=next(turns))

    return {"hangs": hangs, "fails": fails, "drips": drips, "redirects": redirects, "flaps": flaps}


def _wanted(address: str) -> dict[str, str]:
    return {"service_id": _SERVICE, "channel": "webhook", "language": "fr", "address": address}


async def _ask(rig: Rig, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    return await rig.ask(method, "status", f"/v1/subscriptions{path}", body, bearer=rig.load.keys[_ORG])


@asynccontextmanager
async def _subscribed(rig: Rig, wanted: dict[str, Answer | None]) -> AsyncIterator[list[Subscribed]]:
    made: list[Subscribed] = []
    async with receivers() as found:
        for name, answer in wanted.items():
            receiver, after = await found.one(), await _head(rig)
            status, subscription = await _ask(rig, "POST", "", _wanted(receiver.url))
            assert status == 201, f"no subscription for {name}: {status} {subscription}"
            receiver.answer = answer
            made.append(Subscribed(name, subscription["id"], receiver, after, await _head(rig)))
        try:
            yield made
        finally:
            for each in made:
                await _ask(rig, "DELETE", f"/{each.id}")


async def _head(rig: Rig) -> int:
    ((position,),) = await rig.fetch("status", "select position from log_head")
    return int(position)


async def _p99(rig: Rig, well: Sequence[Subscribed]) -> float:
    """Seconds from a change to its arrival, of the last ones."""
    rows = await rig.fetch(
        "status",
        "select extract(epoch from percentile_disc(0.99) within group (order by settled_at - made_at)) from "
        "(select * from delivery where subscription_id = any($1) and status = 'delivered' order by n desc limit 300) d",
        [each.id for each in well],
    )
    assert rows[0][0] is not None, "nothing was delivered to those that are well"
    return float(rows[0][0])


async def _changes(rig: Rig, after: int, until: int) -> set[Change]:
    """The changes of state that the log has, which is what subscribers are to be told."""
    rows = await rig.fetch(
        "status",
        "select value from recorded_event where position > $1 and position <= $2 and org_id = $3 and type like "
        "'%.ApplicationStateChanged.%'",
        after,
        until,
        _ORG,
    )
    told = [orjson.loads(row[0])["data"] for row in rows]
    return {
        (each["application_id"], each["version"])
        for each in told
        if each["service_id"] == _SERVICE and each["from_state"] != each["to_state"] and not each["void"]
    }


def _taken(receiver: Receiver) -> list[Change]:
    """What a receiver that drops what it has by its id sees, in the order in which it came."""
    by_id = {message.id: message.data for message in reversed(receiver.taken)}
    return [
        (data["application_id"], data["version"])
        for data in (by_id.pop(each.id, None) for each in receiver.taken)
        if data is not None
    ]


async def _missing(rig: Rig, everyone: Sequence[Subscribed], head: int) -> list[str]:
    """Who lacks what up to a position; what waits for its next try is made due, as if time had passed."""
    await rig.fetch(
        "status", "update delivery set due_at = now() where status = 'pending' and due_at > now() returning n"
    )
    found = []
    for each in everyone:
        missing = await _changes(rig, each.by, head) - set(_taken(each.receiver))
        found += [f"{each.name} lacks {len(missing)} changes"] if missing else []
    return found


def disorder(receiver: Receiver) -> list[str]:
    """Where a version came after a later one of the same application, or one change under two ids."""
    last: dict[str, int] = {}
    found = []
    for application, version in _taken(receiver):
        if version <= last.get(application, 0):
            found.append(f"{application}: version {version} came after {last[application]}")
        last[application] = version
    return found


async def _invented(rig: Rig, each: Subscribed) -> list[Anomaly]:
    unknown = set(_taken(each.receiver)) - await _changes(rig, each.after, await _head(rig))
    return [Anomaly("invented", f"{each.name} was told of {change}", "status") for change in sorted(unknown)]
