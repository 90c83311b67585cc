"""J5, fan-out: one change of an application told to 1,000 subscriptions, of which 2 % never answer and 2 % fail.

From the 202 that the department gets to the last healthy receiver. Each message is signed, written with its change, and what
became of it is recorded and published; its peers keep nothing: aiohttp, all posts gathered at once, to the same receivers; and
httpx, one post after the other, to the healthy ones alone (each hole would stop it for ten seconds).
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from typing import Any

import aiohttp
import orjson
from standardwebhooks import Webhook, WebhookVerificationError

from bench import results
from bench.draining import memory
from bench.environments import PROGRAMS, lacking, python_of
from bench.rig import cpu_seconds, rig
from bench.saying import say
from guichet import demo, keys
from guichet.client import Services
from guichet.progress import Bar
from guichet.system import System
from guichet.verifying import caught_up

SUBSCRIPTIONS, PORTS, BAD = 1_000, 50, 1  # of each kind of bad port: 2 %
HEALTHY = SUBSCRIPTIONS * (PORTS - 2 * BAD) // PORTS
PEERS = ("aiohttp", "httpx")
_SERVICE, _SECONDS = "DEMO-0001", 60.0

Target = dict[str, str]


def run(*, quick: bool) -> dict[str, Any]:
    runs = 3 if quick else 7
    os.environ["GUICHET_WEBHOOK_TARGETS"] = "any"  # the receivers are on this machine
    with _receivers() as receivers, rig(services=True) as system:
        ours, healthy, targets = asyncio.run(_ours(system, receivers, runs))
        peers = {} if lacking("fanout") else {name: _peer(system, receivers, name, targets, runs) for name in PEERS}
    well, badly = _p99(healthy), _p99(ours)
    found = results.contender(ours)
    return results.result(
        "j5",
        found,
        {name: results.contender(each) for name, each in peers.items()},
        {} if peers else dict.fromkeys(PEERS, lacking("fanout") or ""),
        unit=f"deliveries/s to {HEALTHY} healthy receivers of {SUBSCRIPTIONS}",
        p99_ms_all_well=well,
        p99_ms_some_bad=badly,
        p99_ratio=round(badly / well, 2),
    )


class Asked:
    """The receivers' process, asked line by line."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.ports: list[int] = self._answer()

    def __call__(self, line: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def _receivers() -> Iterator[Asked]:
    command = [sys.executable, "-m", "bench.receivers", str(PORTS), str(BAD), str(BAD)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Asked(process)
        finally:
            process.kill()


async def _ours(
    system: System, receivers: Asked, runs: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Target]]:
    """Runs while some are bad, runs while all are well, and the subscriptions' addresses and secrets."""
    async with Services(system.home) as services, aiohttp.ClientSession() as session:
        loaded = await demo.load_inventory(services, demo.read_inventory([]), Bar(None, None, quiet=True))
        org = min(loaded.keys)
        key = (await keys.create(services, org, ["status"]))["key"]
        await caught_up(services, lambda _: None)
        say(f"Subscribing {SUBSCRIPTIONS:,} receivers")
        session.headers["Authorization"] = f"Bearer {key}"
        targets = [await _subscribe(services, session, receivers.ports, number) for number in range(SUBSCRIPTIONS)]
        numbers = iter(range(10_000))
        found: dict[str, list[dict[str, Any]]] = {}
        for how in ("well", "badly"):
            for _ in range(2):  # connections opened, paths warm
                await _tell(system, services, receivers, (org, key), targets, next(numbers), how)
            found[how] = []
            for turn in range(1, runs + 1):
                each = await _tell(system, services, receivers, (org, key), targets, next(numbers), how)
                found[how].append(each)
                say(f"  {how}, run {turn} of {runs}: {each['events_per_second']:,.0f} deliveries/s")
    return found["badly"], found["well"], targets


async def _subscribe(services: Services, session: aiohttp.ClientSession, ports: Sequence[int], number: int) -> Target:
    url = f"http://127.0.0.1:{ports[number % len(ports)]}/{number}"
    wanted = {"service_id": _SERVICE, "channel": "webhook", "address": url, "language": "en"}
    async with session.post(f"{services.url('status')}/v1/subscriptions", json=wanted) as answer:
        told = await answer.json()
        assert answer.status == 201, told
    return {"url": url, "secret": told["secret"]}


async def _tell(
    system: System,
    services: Services,
    receivers: Asked,
    sender: tuple[str, str],
    targets: Sequence[Target],
    number: int,
    how: str,
) -> dict[str, Any]:
    """One change, until it has come to every healthy receiver."""
    receivers(f"begin {how}")
    pids = [system.parts[name].pid or 0 for name in ("status", "postgres")]
    cpu = cpu_seconds(pids)
    (receipt,) = await services.send("status", sender[1], [_event(sender[0], number)])
    assert receipt["outcome"] == "accepted", receipt
    return _outcome(receivers, targets, time.monotonic(), pids, cpu)


def _event(org: str, number: int) -> bytes:
    application = f"J5-{number}"
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": application,
            "source": f"/organizations/{org}/bench",
            "type": "guichet.status.ApplicationStatusReported.v1",
            "time": (datetime.now(UTC) - timedelta(seconds=1)).isoformat(),
            "data": {"application_id": application, "service_id": _SERVICE, "state": "submitted", "channel": "ONL"},
        }
    )


def _outcome(receivers: Asked, targets: Sequence[Target], began: float, pids: list[int], cpu: float) -> dict[str, Any]:
    """What came since a moment, once all has come; each message verified by Standard Webhooks' own library."""
    while receivers("count") < HEALTHY and time.monotonic() < began + _SECONDS:
        time.sleep(0.005)
    spent = cpu_seconds(pids) - cpu
    came = receivers("report")
    waits = sorted(each["at"] - began for each in came)
    wrong = _wrong(came, targets)
    return {
        "events_per_second": round(len(came) / waits[-1], 1) if waits else 0.0,
        "waits": waits,
        "cpu": round(spent / max(1, len(came)) * 1000, 4),
        "memory": round(max(memory(pid) for pid in pids[:1]), 1),
        "differing": wrong,
    }


def _wrong(came: Sequence[dict[str, Any]], targets: Sequence[Target]) -> list[str]:
    """In what way this is not one verified message for each healthy receiver."""
    healthy = {int(each["path"].strip("/")) for each in came}
    ids = Counter(each["headers"]["webhook-id"] for each in came)
    found = []
    if len(healthy) != HEALTHY:
        found.append(f"{HEALTHY - len(healthy)} receivers without a message")
    if max(ids.values(), default=1) > 1 or len(ids) != HEALTHY:
        found.append("messages twice")
    for each in came:
        try:
            Webhook(targets[int(each["path"].strip("/"))]["secret"]).verify(each["body"], each["headers"])
        except WebhookVerificationError:
            found.append("a signature")
            break
    return found


def _p99(runs: Sequence[dict[str, Any]]) -> float:
    """Milliseconds to a healthy receiver, over all runs."""
    return float(round(quantiles([wait for run in runs for wait in run["waits"]], n=100)[98] * 1000, 1))


def _peer(system: System, receivers: Asked, name: str, targets: Sequence[Target], runs: int) -> list[dict[str, Any]]:
    bad = set(receivers.ports[-2 * BAD :])
    chosen = [each for each in targets if name == "aiohttp" or int(each["url"].split(":")[2].split("/")[0]) not in bad]
    file = system.home.path / f"{name}.json"
    body = json.dumps({"type": "application.state_changed", "data": {"application_id": "J5", "state": "submitted"}})
    file.write_text(json.dumps({"targets": chosen, "body": body}), encoding="utf-8")
    command = [str(python_of("fanout")), str(PROGRAMS / "fanout.py"), name, str(file)]
    found = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdout.readline()
            for turn in range(runs + 2):
                receivers("begin badly")
                cpu = cpu_seconds([process.pid])
                process.stdin.write("go\n")
                process.stdin.flush()
                each = _outcome(receivers, targets, time.monotonic(), [process.pid], cpu)
                process.stdout.readline()
                if turn >= 2:
                    found.append(each)
                    say(f"  {name}, run {turn - 1} of {runs}: {each['events_per_second']:,.0f} deliveries/s")
        finally:
            process.kill()
    return found
