"""What every service is made of: a pool, a door, a relay, consumers, and the routes people and programs use."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI
from faststream.kafka import KafkaBroker

from shared import health
from shared.access import access_of, list_access
from shared.answers import refuse_by_problems
from shared.batches import flush_all
from shared.broker import keep_reading, make_broker, stop_broker
from shared.committing import Committed
from shared.consuming import Consumption
from shared.contracts.envelope import ServiceName
from shared.contracts.reported.kinds import Kinds
from shared.database import TRANSIENT, Pool, open_pool
from shared.dead_letters import DeadLetters, forget_dead_letters
from shared.door import door, shortcut
from shared.encryption import Seal
from shared.event_log import make_partitions
from shared.group_commit import GroupCommit
from shared.ingest import Topics, ingest
from shared.intake import Handle, Intake
from shared.kafka import Kafka
from shared.keys import Keys
from shared.keys import router as keys
from shared.logs import configure_logs, log
from shared.membership import leave_for_predecessors, member_name
from shared.migrating import missing_migrations
from shared.operation import router as operation
from shared.rate_limit import RateLimit
from shared.receipts import forget_ids
from shared.relay import Relay
from shared.restoring import SayAgain
from shared.self_description import self_description
from shared.settings import Settings, load_settings
from shared.tokens import Tokens
from shared.web import assets

_FIRST_LOOK_SECONDS, _CANCEL_SECONDS, _END_SECONDS = 3.0, 1.0, 5.0

Background = Callable[[FastAPI], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What differs from one service to the next; `app.py` fills it in."""

    name: ServiceName
    topics: Sequence[str]
    kinds: Kinds
    handle: Callable[..., Any] | None = None
    opened: Callable[[Seal, str], dict[str, Any]] = field(default=lambda _seal, _key: {})
    # Whether oversight reports here too, of any organisation.
    overseen: bool = False
    # Called once the pool is open, before anything runs.
    prepare: Callable[[FastAPI], None] = field(default=lambda _app: None)
    consumptions: Callable[[FastAPI], Sequence[Consumption]] = field(default=lambda _app: ())
    # What it says again when it was restored from a backup.
    say_again: SayAgain | None = None
    routers: Sequence[APIRouter] = ()
    # Whether people without a role sign in to its pages too.
    clients_sign_in: bool = False
    background: Sequence[Background] = ()


def create_app(parts: Parts, settings: Settings) -> FastAPI:
    configure_logs(parts.name, settings.log_level)
    app = FastAPI(
        title=f"Guichet: {parts.name}",
        version="0.1.0",
        lifespan=partial(_lifespan, parts, settings),
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: f"{min(route.methods or {'GET'})} {route.path}",
    )
    app.state.service, app.state.settings = parts.name, settings
    app.state.seal = Seal(settings.master_key.get_secret_value())
    app.state.tokens = Tokens(settings.jwks, settings.issuer)
    app.state.kafka_connected = False
    app.state.streams = []
    refuse_by_problems(app)
    app.state.intake = _intake(parts, app)
    doors = [door(app.state.intake)] if app.state.intake is not None else []
    described = self_description(parts.name, parts.kinds, parts.topics)
    for router in [*doors, described, health.router, assets.router, keys, operation, *parts.routers]:
        app.include_router(router)
    app.state.clients_sign_in = parts.clients_sign_in
    app.state.signs_in = ("/{language}/sign-in", "get") in access_of(app)
    list_access(app)
    if doors:
        app.router.routes.insert(0, shortcut(app.state.intake))
    return app


def _intake(parts: Parts, app: FastAPI) -> Intake | None:
    if parts.handle is None:
        return None
    handle: Handle = partial(parts.handle, app.state.seal)
    opened = partial(parts.opened, app.state.seal)
    dead_letters = DeadLetters(app.state.seal)
    return Intake(parts.name, parts.kinds, handle, dead_letters, app.state.seal, opened, parts.overseen)


@asynccontextmanager
async def _lifespan(parts: Parts, settings: Settings, app: FastAPI) -> AsyncIterator[None]:
    # uvicorn runs the lifespan in a context of its own; its tasks are to log under this service's name.
    structlog.contextvars.bind_contextvars(service=parts.name)
    committed = Committed()
    async with AsyncExitStack() as stack:
        stack.callback(flush_all)
        pool = await _database(parts, settings)
        stack.push_async_callback(_close_pool, pool)
        app.state.pool, app.state.committed = pool, committed
        app.state.keys = Keys(pool, settings.pepper.get_secret_value())
        app.state.department_topics = app.state.intake and Topics(parts.name, settings.kafka)
        app.state.group_commit = app.state.intake and GroupCommit(pool, app.state.intake, settings.gather, committed)
        app.state.rate_limit = RateLimit(settings.key_events_per_second, settings.key_burst)
        app.state.relay = relay = _relay(parts, settings, app)
        stack.push_async_callback(relay.close)
        name = member_name(parts.name, settings.port)
        app.state.broker = broker = make_broker(settings.kafka, name)
        parts.prepare(app)
        app.state.consumptions = list(parts.consumptions(app))
        if app.state.intake is not None:
            app.state.consumptions.append(ingest(app.state.intake, settings.kafka, committed, stack))
        for consumption in app.state.consumptions:
            consumption.subscribe(broker, pool, settings.kafka)
        stack.push_async_callback(stop_broker, broker)
        tasks = [_connect(app, broker, settings.kafka, name), relay.run(), _housekeeping(pool)]
        tasks += [background(app) for background in parts.background]
        if app.state.group_commit is not None:
            tasks.append(app.state.group_commit.run())
        stack.push_async_callback(end, [asyncio.create_task(_guarded(task)) for task in tasks])
        await _tried(relay)
        log.info("service_started", port=settings.port)
        yield
    log.info("service_stopped")


def _relay(parts: Parts, settings: Settings, app: FastAPI) -> Relay:
    async def refilling() -> None:
        """Kafka lost what it had: the departments' topics are gone too."""
        if app.state.department_topics is not None:
            found = await app.state.keys.organizations(parts.name)
            await asyncio.gather(*(app.state.department_topics.make(org_id) for org_id in found))
            log.warning("department_topics_made", organizations=len(found))

    state = app.state
    return Relay(parts.name, state.pool, settings.kafka, parts.topics, state.committed, parts.say_again, refilling)


async def _tried(relay: Relay) -> None:
    """No door opens before the log was compared with its topics; but Kafka is not waited for long."""
    with suppress(TimeoutError):
        await asyncio.wait_for(relay.tried.wait(), _FIRST_LOOK_SECONDS)


async def _guarded(task: Coroutine[Any, Any, None]) -> None:
    """A part that must run for ever and does not ends the process: better restarted than half alive."""
    try:
        await task
    except Exception:  # noqa: BLE001 - logged, and the process ends
        log.exception("part_failed", part=getattr(task, "__qualname__", "part"))
        logging.shutdown()
        raise SystemExit(1) from None


async def _database(parts: Parts, settings: Settings) -> Pool:
    pool = await open_pool(settings.database_url.get_secret_value(), settings.database_connections)
    if missing := await missing_migrations(pool, parts.name):
        log.error("migrations_missing", migrations=missing)
        raise SystemExit(1)
    return pool


async def _housekeeping(pool: Pool) -> None:
    """Daily: partitions for the months to come; what its time has come for is removed, and said."""
    while True:
        try:
            async with pool.acquire() as connection:
                await make_partitions(connection)
                letters = await forget_dead_letters(connection)
                ids = await forget_ids(connection)
        except TRANSIENT as error:
            log.warning("housekeeping_retried", error=type(error).__name__)
            await asyncio.sleep(60)
        else:
            log.info("retention_applied", dead_letters=letters, event_ids=ids)
            await asyncio.sleep(24 * 3600)


async def _connect(app: FastAPI, broker: KafkaBroker, kafka: Kafka, name: str) -> None:
    """Consume once Kafka answers; the doors over HTTP are open meanwhile."""

    def say(connected: bool) -> None:
        app.state.kafka_connected = connected

    await _tried(app.state.relay)
    consumptions = app.state.consumptions
    groups = [each.group for each in consumptions]
    await keep_reading(broker, consumptions, lambda: leave_for_predecessors(kafka, groups, name), say)


async def _close_pool(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), 5)
    except TimeoutError:
        pool.terminate()


async def end(tasks: Sequence[asyncio.Task[None]], seconds: float = _END_SECONDS) -> None:
    """What a task does at its end may wait for Kafka or the database, which may be cut off: the process ends all the same.

    A cancellation can get lost, as in `asyncio.wait_for` before Python 3.12: it is said again. What a task may do all the same
    is for `to_the_end`.
    """
    left, until = set(tasks), time.monotonic() + seconds
    while left and (patience := until - time.monotonic()) > 0:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=min(patience, _CANCEL_SECONDS))


async def to_the_end(work: Coroutine[Any, Any, object]) -> None:
    """Wait for work that ends by itself before long, however often the waiting is cancelled. Raises what it raises."""
    task = asyncio.create_task(work)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait({task})
    task.result()


def main(parts: Parts) -> FastAPI:
    """The service's app, as `app.py` exposes it."""
    return create_app(parts, load_settings())
