"""Departments' keys: `gk_<id>_<256 random bits>`, of which a service keeps the HMAC under its pepper alone."""

import asyncio
import hashlib
import hmac
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, BaseModel, Field

from shared.access import Operator
from shared.contracts.envelope import ServiceName
from shared.database import Connection, Pool, transaction
from shared.described import refusals
from shared.identity import ACTIONS, Action, Department, key_id_of, new_key
from shared.organizations import organizations
from shared.problems import Refused, TemporarilyUnavailable, problem

router = APIRouter(tags=["operation"])


class KeyRequested(BaseModel):
    """What a key is to open. `replaces` names the key it takes over from, which lives on for `overlap_seconds`."""

    org_id: str
    # Given by `guichet keys create`, so that one key opens several services; made here otherwise.
    key: str | None = Field(default=None, pattern=r"^gk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$")
    services: list[ServiceName] | None = Field(default=None, description="this service alone, unless said")
    actions: list[Action] = Field(default_factory=lambda: list(ACTIONS), min_length=1)
    expires_at: AwareDatetime | None = None
    replaces: Annotated[str, Field(pattern=r"^gk_[0-9a-f]{12}$")] | None = None
    overlap_seconds: int = Field(default=7 * 86_400, ge=0, le=90 * 86_400)


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key opens: whose it is, which services, what for, and until when."""

    org_id: str
    services: tuple[str, ...]
    actions: tuple[str, ...]
    expires_at: datetime | None


_LIVE = (
    "select org_id, hmac, services, actions, expires_at from api_key "
    "where revoked_at is null and (expires_at is null or expires_at > now())"
)


def _scope(row: Mapping[str, Any]) -> Scope:
    return Scope(row["org_id"], tuple(row["services"] or ()), tuple(row["actions"]), row["expires_at"])


async def _give_way(connection: Connection, key_id: str, org_id: str, overlap: timedelta) -> None:
    """A live key of the organisation ends with the overlap."""
    done = await connection.execute(
        "update api_key set expires_at = least(expires_at, now() + $3) "
        "where key_id = $1 and org_id = $2 and revoked_at is null and (expires_at is null or expires_at > now())",
        key_id,
        org_id,
        overlap,
    )
    if done == "UPDATE 0":
        raise Refused(problem("not_found", "No live key has this id.", "Aucune clé active ne porte cet identifiant."))


class Keys:
    """The keys of one service. A key is looked up once a second at most; one that is revoked is forgotten at once."""

    _CACHED_SECONDS = 1.0

    def __init__(self, pool: Pool, pepper: str) -> None:
        self._pool, self._pepper = pool, pepper.encode()
        self._seen: dict[str, tuple[float, Department]] = {}
        self._looks: dict[str, asyncio.Future[Department | None]] = {}

    async def department(self, key: str) -> Department | None:
        now = time.monotonic()
        cached = self._seen.get(key)
        if cached is not None and now - cached[0] < self._CACHED_SECONDS:
            return cached[1]
        found = await self._look_up_once(key)
        if found is not None:
            self._seen = {k: v for k, v in self._seen.items() if now - v[0] < self._CACHED_SECONDS}
            self._seen[key] = (now, found)
        return found

    async def _look_up_once(self, key: str) -> Department | None:
        """One look for all who ask at the same time: a thousand streams of one key do."""
        look = self._looks.get(key)
        if look is None:
            look = self._looks[key] = asyncio.ensure_future(self._look_up(key))
            look.add_done_callback(lambda done: self._looks.pop(key) if self._looks.get(key) is done else None)
        return await asyncio.shield(look)

    async def _look_up(self, key: str) -> Department | None:
        row = await self._pool.fetchrow(f"{_LIVE} and key_id = $1", key_id_of(key))
        if row is None or not hmac.compare_digest(row["hmac"], self._hmac(key)):
            return None
        return Department(row["org_id"], key_id_of(key), tuple(row["services"] or ()), tuple(row["actions"]))

    async def add(self, key: str, scope: Scope, replaces: str | None = None, overlap: timedelta = timedelta(0)) -> None:
        """Asked again for the same key, it stays as it is. Raises Refused, and then nothing has changed: where the id is
        another key's, or where the key it is to replace is not a live one of this organisation.
        """
        async with transaction(self._pool) as connection:
            if not await self._insert(connection, key, scope):
                await self._check_same(connection, key, scope)
            elif replaces is not None:
                await _give_way(connection, replaces, scope.org_id, overlap)
        self._forget()

    async def _insert(self, connection: Connection, key: str, scope: Scope) -> bool:
        done = await connection.execute(
            "insert into api_key (key_id, org_id, hmac, services, actions, expires_at, lasts) values ($1, $2, $3, $4, $5, $6, "
            "make_interval(secs => round(extract(epoch from $6::timestamptz - now())))) on conflict do nothing",
            key_id_of(key), scope.org_id, self._hmac(key), list(scope.services), list(scope.actions), scope.expires_at,
        )  # fmt: skip
        return bool(done == "INSERT 0 1")

    async def _check_same(self, connection: Connection, key: str, scope: Scope) -> None:
        row = await connection.fetchrow(f"{_LIVE} and key_id = $1", key_id_of(key))
        same = row is not None and hmac.compare_digest(row["hmac"], self._hmac(key)) and _scope(row) == scope
        if not same:
            raise Refused(
                problem(
                    "key_exists",
                    f"A key with the id {key_id_of(key)} exists already, of another scope or ended; make a new key.",
                    f"Une clé d'identifiant {key_id_of(key)} existe déjà, d'une autre portée ou révolue; créez une "
                    "nouvelle clé.",
                )
            )

    async def revoke(self, key_id: str) -> bool:
        """False where no key has this id; one that is revoked already stays as it is."""
        done = await self._pool.execute(
            "update api_key set revoked_at = coalesce(revoked_at, now()) where key_id = $1", key_id
        )
        self._forget()
        return bool(done == "UPDATE 1")

    def _forget(self) -> None:
        """From now on everyone looks again, also beside who is looking."""
        self._seen.clear()
        self._looks.clear()

    async def organizations(self, service: str) -> Sequence[str]:
        """Those with a live key that may report to a service."""
        rows = await self._pool.fetch(
            "select distinct org_id from api_key where revoked_at is null and (expires_at is null or expires_at > now()) "
            "and $1 = any(services) and 'report' = any(actions) order by org_id",
            service,
        )
        return [row["org_id"] for row in rows]

    async def list(self) -> list[dict[str, Any]]:
        rows = await self._pool.fetch(
            "select key_id as id, org_id, services, actions, created_at, expires_at, revoked_at, "
            "extract(epoch from lasts)::bigint as lasts_seconds from api_key "
            "order by created_at, key_id"
        )
        return [dict(row) for row in rows]

    def _hmac(self, key: str) -> bytes:
        return hmac.digest(self._pepper, key.encode(), hashlib.sha256)


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


@router.post(
    "/v1/keys",
    summary="Create a department's key; it is shown this once",
    status_code=201,
    responses=refusals("not_found", "key_exists"),
)
async def create_key(request: Request, wanted: KeyRequested, _: Operator) -> Response:
    _check(wanted)
    key = wanted.key or new_key()
    services = wanted.services if wanted.services is not None else [request.app.state.service]
    scope = Scope(wanted.org_id, tuple(services), tuple(wanted.actions), wanted.expires_at)
    await request.app.state.keys.add(key, scope, wanted.replaces, timedelta(seconds=wanted.overlap_seconds))
    if request.app.state.service in services and "report" in wanted.actions:
        await _make_topics(request, wanted.org_id)
    answer = {"id": key_id_of(key), "org_id": wanted.org_id, "services": services, "actions": wanted.actions}
    return _json({**answer, "expires_at": wanted.expires_at, "key": key}, 201)


def _check(wanted: KeyRequested) -> None:
    if wanted.org_id not in organizations():
        raise Refused(
            problem(
                "not_found",
                f"There is no organisation {wanted.org_id} in the reference table.",
                f"Il n'y a pas d'organisation {wanted.org_id} dans la table de référence.",
            )
        )
    if wanted.expires_at is not None and wanted.expires_at <= datetime.now(UTC):
        raise Refused(
            problem(
                "invalid_request",
                "expires_at has passed already; give a moment to come.",
                "expires_at est déjà passé; donnez un moment à venir.",
            )
        )


async def _make_topics(request: Request, org_id: str) -> None:
    if request.app.state.department_topics is None:
        return
    try:
        await request.app.state.department_topics.make(org_id)
    except KafkaError as error:
        raise TemporarilyUnavailable(
            f"Kafka cannot make the organisation's topics just now ({type(error).__name__}); ask again.",
            f"Kafka ne peut créer les sujets de l'organisation maintenant ({type(error).__name__}); redemandez.",
        ) from error


@router.get("/v1/keys", summary="The keys of this service, never their secrets")
async def list_keys(request: Request, _: Operator) -> Response:
    return _json({"items": await request.app.state.keys.list(), "next": None})


@router.delete("/v1/keys/{key_id}", summary="Revoke a key at once; asked again, it stays so", status_code=204)
async def revoke_key(request: Request, key_id: str, _: Operator) -> Response:
    if not await request.app.state.keys.revoke(key_id):
        raise Refused(problem("not_found", "No key has this id.", "Aucune clé ne porte cet identifiant."))
    return Response(status_code=204)
