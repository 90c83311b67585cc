"""Departments' keys: one key for several doors, kept by each service, asked of each through its API.

Every service keeps every key with what it opens. Where Kafka asks for a login, a key is a principal there too: its id is
the user name, the key itself the password.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guichet.client import Services
from guichet.errors import NotReachable, WrongUse
from guichet.home import Home
from guichet.principals import Principal, Principals, department
from shared.identity import ACTIONS, key_id_of, new_key

DOORS = ("inventory", "feedback", "status")
ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key opens: whose it is, which doors, what for, and until when."""

    org_id: str
    doors: Sequence[str] = DOORS
    actions: Sequence[str] = ACTIONS
    expires_at: datetime | None = None

    def as_body(self) -> dict[str, Any]:
        return {
            "org_id": self.org_id,
            "services": list(self.doors),
            "actions": list(self.actions),
            "expires_at": self.expires_at and self.expires_at.isoformat(),
        }


async def create(services: Services, org_id: str, doors: Sequence[str] = DOORS) -> dict[str, Any]:
    return await make(services, Scope(org_id, doors))


async def make(services: Services, scope: Scope, replaces: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """`{"key", "id", "kafka"}`; the key is shown this once. `replaces` says which key it takes over from.

    `kafka` is null for a key that may not report: it has no login there.
    """
    key = await _make(services, scope, replaces or {})
    await _admit(services, [(key, scope)])
    login = {"username": key_id_of(key), "password": key} if services.kafka.username else _NO_LOGIN
    return {"key": key, "id": key_id_of(key), "kafka": login if "report" in scope.actions else None}


_NO_LOGIN = {"username": None, "password": None}


async def _make(services: Services, scope: Scope, replaces: Mapping[str, Any]) -> str:
    key = new_key()
    body = {**scope.as_body(), **replaces, "key": key}
    await asyncio.gather(*(services.ask(door, "/v1/keys", method="POST", body=body) for door in DOORS))
    return key


async def _admit(services: Services, made: Sequence[tuple[str, Scope]]) -> None:
    principals = [_principal(key, scope) for key, scope in made if "report" in scope.actions]
    if services.kafka.username and principals:
        await asyncio.to_thread(administrator(services).admit, principals)


def _principal(key: str, scope: Scope) -> Principal:
    return department(key_id_of(key), key, scope.org_id, scope.doors)


def administrator(services: Services, seconds: float = 30.0) -> Principals:
    return Principals(services.home.kafka_administrator(services.kafka), seconds)


async def found(services: Services) -> tuple[list[dict[str, Any]], list[str]]:
    """Every key, never its secret, and what is to be said of the services that do not answer.

    `state` is live, expired or revoked, and revoked at one service is revoked.
    """
    kept: dict[str, dict[str, Any]] = {}
    away: list[str] = []
    for answer in await asyncio.gather(*(_rows(services, door) for door in DOORS)):
        if isinstance(answer, NotReachable):
            away.append(str(answer))
            continue
        for item in answer:
            row = kept.setdefault(item["id"], item)
            row["revoked_at"] = row["revoked_at"] or item["revoked_at"]
    return [{**row, "state": _state(row)} for row in kept.values()], away


async def _rows(services: Services, door: str) -> list[dict[str, Any]] | NotReachable:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            rows: list[dict[str, Any]] = (await services.ask(door, "/v1/keys", patient=False))["items"]
            return rows
    except TimeoutError:
        return NotReachable(f"{door} does not answer within {ANSWER_SECONDS:.0f} s; look at `guichet ps`")
    except NotReachable as away:
        return away


def _state(row: Mapping[str, Any]) -> str:
    if row["revoked_at"] is not None:
        return "revoked"
    expired = row["expires_at"] is not None and datetime.fromisoformat(row["expires_at"]) <= datetime.now(UTC)
    return "expired" if expired else "live"


async def live(services: Services, key_id: str) -> dict[str, Any]:
    """A key that opens something now. Raises WrongUse where there is none of this id, NotReachable where one cannot know."""
    rows, away = await found(services)
    if away:
        raise NotReachable("; ".join(away))
    for row in rows:
        if row["id"] == key_id and row["state"] == "live":
            return row
    raise WrongUse(f"no live key has the id {key_id}; `guichet keys ls` lists them")


async def rotate(
    services: Services, key_id: str, overlap: timedelta, expires_at: datetime | None = None
) -> dict[str, Any]:
    """A new key for the same doors and actions, for as long as the old one was made for unless said; the old one lives on
    for `overlap`, so that a department can change over.
    """
    old = await live(services, key_id)
    if expires_at is None and old["lasts_seconds"] is not None:
        expires_at = datetime.now(UTC) + timedelta(seconds=old["lasts_seconds"])
    scope = Scope(old["org_id"], old["services"], old["actions"], expires_at)
    return await make(services, scope, {"replaces": key_id, "overlap_seconds": int(overlap.total_seconds())})


async def kept(services: Services, home: Home, org_ids: Iterable[str]) -> dict[str, str]:
    """A key for each organisation, made where this home has none yet, and kept in keys/departments.json."""
    file = home.path / "keys" / "departments.json"
    keys: dict[str, str] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    limit = asyncio.Semaphore(40)
    made: list[tuple[str, Scope]] = []

    async def add(org_id: str) -> None:
        async with limit:
            scope = Scope(org_id)
            keys[org_id] = await _make(services, scope, {})
            made.append((keys[org_id], scope))

    await asyncio.gather(*(add(org_id) for org_id in org_ids if org_id not in keys))
    await _admit(services, made)
    file.touch(mode=0o600)
    file.write_text(json.dumps(keys), encoding="utf-8")
    return keys


def given(text: str) -> str:
    """A key as the command line gives it: itself, or `@FILE` with what `keys create --out FILE` wrote. Raises WrongUse."""
    if not text.startswith("@"):
        return text
    try:
        return str(json.loads(Path(text[1:]).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError):
        raise WrongUse(f"{text[1:]} holds no key: give the file that `guichet keys create --out` wrote") from None


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """A new file for a key, for its owner's eyes only; gone again when no key comes. Raises WrongUse where one is there."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise WrongUse(f"no key can be written to {path} ({error.strerror}): name a new file") from None
    try:
        yield path
    except BaseException:
        path.unlink()
        raise


def lasting(text: str) -> timedelta:
    """A length of time such as 90d, 12h, 30m. Raises WrongUse."""
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    if text[-1:] in units and text[:-1].isdigit() and len(text) < 8:
        return timedelta(**{units[text[-1]]: int(text[:-1])})
    raise WrongUse(f"{text!r} is no length of time: write 90d, 12h or 30m")
