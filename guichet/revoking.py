"""How a department's key ends: at each service and in Kafka on its own, so that none that is away delays the others."""

import asyncio
import re
import sys
import time
from collections.abc import Awaitable
from typing import Never

from guichet.client import Services, with_services
from guichet.errors import NotReachable, Stop, WrongUse
from guichet.home import Home
from guichet.keys import ANSWER_SECONDS, DOORS, administrator, found
from shared.identity import key_id_of

# An expired key is no login for Kafka after this, and the moment a pass takes: Kafka itself knows no expiry.
PRUNE_SECONDS = 15.0
_KEY_ID = re.compile(r"gk_[0-9a-f]{12}")


async def revoke(services: Services, key_id: str) -> None:
    """In Kafka and at every service, at once. Raises NotReachable naming where it is still to be done; asked again, that
    is done too. Raises WrongUse where there is no such key.
    """
    if not _KEY_ID.fullmatch(key_id):
        raise WrongUse(
            f"no key has the id {key_id_of(key_id)}: an id is like gk_0123456789ab; `guichet keys ls` lists them"
        )
    places = {**{door: _revoke_at(services, door, key_id) for door in DOORS}, "Kafka": _expel(services, key_id)}
    answers = dict(zip(places, await asyncio.gather(*map(_answer, places.values())), strict=True))
    left = [f"{place} ({answer})" for place, answer in answers.items() if isinstance(answer, Stop)]
    if left:
        raise NotReachable(
            f"{key_id} is revoked where that could be done; not yet: {'; '.join(left)}. "
            f"Repeat `guichet keys revoke {key_id}` until it says that it is revoked everywhere"
        )
    if not any(answers.values()):
        raise WrongUse(f"no key has the id {key_id}; `guichet keys ls` lists them")


async def _answer(asking: Awaitable[bool]) -> bool | Stop:
    """Whether the key was known there, or what is to be said of a place that does not end it in time."""
    try:
        return await asyncio.wait_for(asking, ANSWER_SECONDS)
    except TimeoutError:
        return NotReachable(f"no answer within {ANSWER_SECONDS:.0f} s")
    except Stop as stop:
        return stop


async def _revoke_at(services: Services, door: str, key_id: str) -> bool:
    try:
        await services.ask(door, f"/v1/keys/{key_id}", method="DELETE", patient=False)
    except NotReachable:
        raise
    except Stop:
        if any(row["id"] == key_id for row in (await services.ask(door, "/v1/keys", patient=False))["items"]):
            raise
        return False
    return True


async def _expel(services: Services, key_id: str) -> bool:
    if not services.kafka.username:
        return False
    # A call of librdkafka cannot be given up from here: it has a limit of its own.
    kafka = administrator(services, ANSWER_SECONDS)
    return bool(await asyncio.to_thread(kafka.expel, [key_id]))


async def prune(services: Services, settled: set[str] | None = None) -> list[str]:
    """End the Kafka logins of keys that expired, or were revoked elsewhere. Returns their ids.

    `settled` remembers whose logins have ended: Kafka is asked about others alone.
    """
    settled = set() if settled is None else settled
    rows, _ = await found(services)
    ended = [row["id"] for row in rows if row["state"] != "live" and row["id"] not in settled]
    if not ended or not services.kafka.username:
        return []
    gone = await asyncio.to_thread(administrator(services).expel, ended)
    settled.update(ended)
    return gone


def keep_pruned(home: Home, seconds: float = PRUNE_SECONDS) -> Never:
    """Prune again and again; whatever is away is waited for."""
    settled: set[str] = set()
    while True:
        try:
            for key_id in asyncio.run(with_services(home, lambda services: prune(services, settled))):
                sys.stderr.write(f"{key_id} may not enter Kafka any more: it has expired or was revoked\n")
        except Stop as stop:
            sys.stderr.write(f"{stop}\n")
        time.sleep(seconds)
