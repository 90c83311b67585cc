"""What operators ask of each service: keys, and the log's digest that `guichet verify` compares."""

from datetime import date
from typing import Annotated

import orjson
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from shared.event_log import digest, head, positions
from shared.identity import key_id_of, new_key
from shared.mending import Operator
from shared.mending import router as mending
from shared.organizations import organizations
from shared.problems import Refused, TemporarilyUnavailable, problem

router = APIRouter(tags=["operation"])
router.include_router(mending)
Until = Annotated[int, Query(ge=0, lt=2**63, description="a position of the log")]


class KeyRequested(BaseModel):
    org_id: str
    # Given by `guichet keys create`, so that one key opens several services; made here otherwise.
    key: str | None = Field(default=None, pattern=r"^gk_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$")


def _json(value: object, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


@router.post("/v1/keys", summary="Create a department's key; it is shown this once")
async def create_key(request: Request, wanted: KeyRequested, _: Operator) -> Response:
    if wanted.org_id not in organizations():
        raise Refused(
            problem(
                "not_found",
                f"There is no organisation {wanted.org_id} in the reference table.",
                f"Il n'y a pas d'organisation {wanted.org_id} dans la table de référence.",
            )
        )
    key = wanted.key or new_key()
    await request.app.state.keys.add(wanted.org_id, key)
    try:
        await request.app.state.department_topics.make(wanted.org_id)
    except KafkaError as error:
        raise TemporarilyUnavailable(
            f"Kafka cannot make the organisation's topics just now ({type(error).__name__}); ask again.",
            f"Kafka ne peut créer les sujets de l'organisation maintenant ({type(error).__name__}); redemandez.",
        ) from error
    return _json({"id": key_id_of(key), "org_id": wanted.org_id, "key": key}, 201)


@router.get("/v1/keys", summary="The keys of this service, never their secrets")
async def list_keys(request: Request, _: Operator) -> Response:
    return _json({"items": await request.app.state.keys.list(), "next": None})


@router.delete("/v1/keys/{key_id}", summary="Revoke a key at once")
async def revoke_key(request: Request, key_id: str, _: Operator) -> Response:
    if not await request.app.state.keys.revoke(key_id):
        raise Refused(problem("not_found", "No live key has this id.", "Aucune clé active ne porte cet identifiant."))
    return Response(status_code=204)


@router.get("/v1/log", summary="The log's last position")
async def log_head(request: Request, _: Operator) -> Response:
    async with request.app.state.pool.acquire() as connection:
        position, recorded_at = await head(connection)
    return _json({"position": position, "recorded_at": recorded_at})


@router.get("/v1/log/digest", summary="Counts and sums of hashes per type, organisation and day, up to a position")
async def log_digest(request: Request, until: Until, _: Operator) -> Response:
    async with request.app.state.pool.acquire() as connection:
        return _json({"until": until, "cells": await digest(connection, until)})


@router.get("/v1/log/positions", summary="One cell of the digest, event by event")
async def log_positions(
    request: Request, _: Operator, until: Until, org_id: str, day: date, kind: Annotated[str, Query(alias="type")]
) -> Response:
    async with request.app.state.pool.acquire() as connection:
        return _json({"items": await positions(connection, (kind, org_id, day), until)})
