"""`guichet rebuild`: a rebuild asked of reporting, followed to its end; and what Kafka no longer has, from the services' logs."""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import orjson

from guichet.client import Services
from guichet.errors import Stop
from guichet.progress import working
from guichet.verifying import verify

UNDER_WAY = ("asked", "reading", "filling", "comparing", "switching", "rolling_back")
_LOOK_SECONDS, _TELL_SECONDS = 0.2, 1.0
_MOST_SECONDS_STILL = 120.0

_WORDS = {
    "asked": "Beginning",
    "reading": "Reading Kafka again",
    "filling": "Making the views anew from the log",
    "comparing": "Comparing them with the live ones",
    "switching": "Putting them in the place of the live ones",
    "rolling_back": "Going back to the views that were live before",
}


async def newest(services: Services) -> dict[str, Any]:
    """The newest rebuild. Raises Stop."""
    answer = await services.ask("reporting", "/v1/rebuilds", query={"limit": 1})
    if not answer["items"]:
        raise Stop("nothing was ever rebuilt here; begin with `guichet rebuild`")
    found: dict[str, Any] = answer["items"][0]
    return found


async def followed(services: Services, begun: dict[str, Any], *, for_programs: bool) -> dict[str, Any]:
    """A rebuild once it has ended. Meanwhile: a bar on a terminal; for programs, a line of JSON each second on stderr."""
    now, told = begun, 0.0
    loop = asyncio.get_running_loop()
    with working(_words(now), total=100, quiet=for_programs) as bar:
        at, said = 0.0, now["state"]
        while now["state"] in UNDER_WAY:
            await asyncio.sleep(_LOOK_SECONDS)
            now = await services.ask("reporting", f"/v1/rebuilds/{begun['rebuild_id']}")
            percent = 100 * now["done"] / now["total"] if now["total"] else 0.0
            bar.show(_words(now), percent - at)
            at = percent
            if now["state"] != said:
                bar.step(_words(now))
                said = now["state"]
            if for_programs and loop.time() - told >= _TELL_SECONDS:
                told = loop.time()
                sys.stderr.write(orjson.dumps({name: now[name] for name in _TOLD}).decode() + "\n")
    return now


_TOLD = ("rebuild_id", "state", "done", "total", "events_per_second", "eta_seconds")


def _words(now: dict[str, Any]) -> str:
    words = _WORDS.get(now["state"], str(now["state"]))
    if now["eta_seconds"] is None:
        return words
    return f"{words}: {now['done']:,} of {now['total']:,}, {now['events_per_second']:,}/s, {_duration(now['eta_seconds'])} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


async def filled_up(services: Services, say: Callable[[str], None]) -> dict[str, Any]:
    """What reporting lacks of the services' logs is published by them once more, until all of it is there, or nothing more of it
    comes for two minutes; what `verify` says then.
    """
    outcome = await verify(services, say)
    for service, facts in outcome["logs"].items():
        if facts["read"] < facts["position"]:
            say(
                f"Kafka no longer has {facts['position'] - facts['read']:,} events of {service}: it publishes its log again"
            )
            await services.ask(service, "/v1/log/publications", method="POST")
    loop = asyncio.get_running_loop()
    missing, moved_at = outcome["missing"], loop.time()
    while outcome["missing"] and loop.time() - moved_at < _MOST_SECONDS_STILL:
        await asyncio.sleep(_TELL_SECONDS)
        outcome = await verify(services, lambda _: None)
        if outcome["missing"] < missing:
            missing, moved_at = outcome["missing"], loop.time()
    return outcome
