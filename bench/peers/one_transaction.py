"""The status door as it is mostly built: FastAPI, pydantic, asyncpg, one transaction a request.

It writes what ours writes for a report: the id for the duplicate check, the application and its step, and the event that
is published. It is spared what ours does beside: the clock of the service standard, and the one order of the log.
"""

import hashlib
import os
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

DATABASE, KEY = os.environ["BENCH_DATABASE"], os.environ["BENCH_KEY"]
CONNECTIONS = 16

READ = """
select s.org_id as owner, a.state, a.version from (values ($1::text, $2::text, $3::text)) as asked (org_id, application_id, service_id)
  left join public.known_service s using (service_id)
  left join application a on a.org_id = asked.org_id and a.application_id = asked.application_id
"""
WRITE = """
with received as (
    insert into received_event (source, event_id, org_id, digest, type, key, position, recorded_at)
    values ($1, $2, $3, $4, $5, $3 || '/' || $6, 0, clock_timestamp()) on conflict do nothing returning recorded_at
), changed as (
    insert into application (org_id, application_id, service_id, state, version, channel, tracking_hash, clocks, opened_at, changed_at)
    select $3, $6, $7, $8, 1, $9, sha256(convert_to($3 || '/' || $6, 'UTF8')), '{}', $10, recorded_at from received
    on conflict (org_id, application_id) do update
    set state = excluded.state, version = application.version + 1, changed_at = excluded.changed_at
    returning version
), stepped as (
    insert into application_event (org_id, application_id, source, event_id, state, occurred_at, channel)
    select $3, $6, $1, $2, $8, $10, $9 from received
), recorded as (
    insert into recorded_event
        (recorded_at, type, org_id, occurred_at, caused_by_source, caused_by_id, topic, key, value)
    select recorded_at, 'guichet.status.ApplicationStateChanged.v1', $3, $10, $1, $2, 'status.applications.v1',
           $3 || '/' || $6, $11 from received
    returning position, recorded_at
)
select position, recorded_at, version from recorded, changed
"""


class Data(BaseModel):
    application_id: str = Field(min_length=1, max_length=255)
    service_id: str = Field(min_length=1, max_length=255)
    state: Literal["submitted", "complete", "in_review", "decided", "issued", "closed", "withdrawn", "reopened"]
    channel: Literal["EML", "FAX", "ONL", "OTH", "PERSON", "POST", "TEL"] | None = None


class Event(BaseModel):
    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=255)
    source: str
    type: Literal["guichet.status.ApplicationStatusReported.v1"]
    time: AwareDatetime
    subject: str | None = None
    data: Data


@asynccontextmanager
async def lifespan(app):
    settings = {"search_path": "one_transaction", "jit": "off", "timezone": "UTC"}
    async with asyncpg.create_pool(DATABASE, min_size=CONNECTIONS, max_size=CONNECTIONS, server_settings=settings) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/readyz")
async def ready() -> Response:
    return Response()


@app.post("/v1/events", status_code=202)
async def report(request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return Response(status_code=401)
    raw = await request.body()
    try:
        event = Event.model_validate_json(raw)
    except ValidationError as error:
        return Response(error.json(include_url=False), 422, media_type="application/json")
    org = event.source.split("/")[2]
    async with request.app.state.pool.acquire() as connection, connection.transaction():
        known = await connection.fetchrow(READ, org, event.data.application_id, event.data.service_id)
        row = await connection.fetchrow(WRITE, *columns(org, event, raw, known["state"]))
    receipt = {"id": event.id, "outcome": "accepted" if row else "duplicate"}
    if row:
        receipt |= {"position": row["position"], "recorded_at": row["recorded_at"]}
    return Response(orjson.dumps({"receipts": [receipt]}), 202, media_type="application/json")


def columns(org: str, event: Event, raw: bytes, before: str | None):
    data = event.data
    digest = hashlib.sha256(raw).digest()
    told = published(org, event, before)
    return (
        event.source, event.id, org, digest, event.type, data.application_id, data.service_id, data.state, data.channel,
        event.time, told,
    )


def published(org: str, event: Event, before: str | None) -> str:
    """What consumers are told."""
    data = event.data
    return orjson.dumps(
        {
            "specversion": "1.0",
            "source": "/services/status",
            "type": "guichet.status.ApplicationStateChanged.v1",
            "subject": f"{org}/{data.application_id}",
            "time": event.time,
            "datacontenttype": "application/json",
            "org": org,
            "causedby": event.id,
            "causedbysource": event.source,
            "recordedat": datetime.now(event.time.tzinfo),
            "data": {
                "application_id": data.application_id,
                "service_id": data.service_id,
                "from_state": before,
                "to_state": data.state,
                "channel": data.channel,
            },
        }
    ).decode()


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), log_level="warning", access_log=False)
