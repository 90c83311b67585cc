"""The parts of delivering, put together: senders by channel, the worker that claims, the recorder; and their housekeeping."""

import asyncio
from contextlib import suppress

from fastapi import FastAPI

from services.status import store
from services.status.delivering.mail import Mail, relay_of
from services.status.delivering.notify import Notify
from services.status.delivering.recording import Recorder
from services.status.delivering.webhooks import Webhooks
from services.status.delivering.worker import Sender, Worker
from services.status.domain.subscriptions import DeliveryChannel
from shared import metrics
from shared.database import TRANSIENT, Pool, open_pool, transaction
from shared.language import Language
from shared.logs import log
from shared.service import to_the_end

# Together shorter than what a service waits for its parts at its end.
_REST_SECONDS, _RECORD_SECONDS = 3.0, 1.0
_LOOK_SECONDS, _DAY_SECONDS = 15.0, 24 * 3600


def prepare(app: FastAPI) -> None:
    """The senders, one for each channel that is set up."""
    settings = app.state.settings
    seal, public_url = app.state.seal, settings.public_url or ""
    senders: dict[DeliveryChannel, Sender] = {"webhook": Webhooks(seal, loopback=settings.webhook_targets == "any")}
    if settings.smtp is not None:
        relay = relay_of(settings.smtp.get_secret_value())
        senders["email"] = Mail(seal, relay, settings.mail_from or "", public_url)
    if settings.notify_key is not None:
        templates: dict[Language, str] = {
            "en": settings.notify_template_en or "",
            "fr": settings.notify_template_fr or "",
        }
        key = settings.notify_key.get_secret_value()
        senders["notify"] = Notify(seal, settings.notify_url, key, templates, public_url)
    app.state.senders = senders


async def deliver(app: FastAPI) -> None:
    """In the background, for ever. At the end, what is under way has a moment to arrive and be recorded."""
    pool = await _pool(app)
    recorder = Recorder(pool, app.state.committed)
    worker = Worker(pool, app.state.senders, recorder, app.state.committed.another())
    parts = [asyncio.create_task(worker.run()), asyncio.create_task(recorder.run())]
    try:
        done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for part in done:
            part.result()
    finally:
        parts[0].cancel()
        await to_the_end(_finish(worker, recorder))
        parts[1].cancel()
        for sender in app.state.senders.values():
            await sender.close()
        pool.terminate()


async def _finish(worker: Worker, recorder: Recorder) -> None:
    await worker.rest(_REST_SECONDS)
    with suppress(TimeoutError):
        await asyncio.wait_for(recorder.finish(), _RECORD_SECONDS)


async def _pool(app: FastAPI) -> Pool:
    """Connections for claiming and recording alone. Plans that PostgreSQL made while there were no deliveries are ruinous
    once there are thousands; and a slow receiver's answers must find a connection however busy the doors are.
    """
    dsn = app.state.settings.database_url.get_secret_value()
    while True:
        try:
            return await open_pool(dsn, 2, least=1, plan_cache_mode="force_custom_plan")
        except TRANSIENT as error:
            log.warning("claiming_retried", error=type(error).__name__)
            await asyncio.sleep(1)


async def keep_house(app: FastAPI) -> None:
    """Now and then, how much waits; daily, what its time has come for is removed, and said."""
    looks = 0
    while True:
        try:
            found = await store.waiting(app.state.pool)
            for lane in ("live", "bulk"):
                metrics.deliveries_waiting.labels(lane).set(found.get(lane, 0))
            metrics.subscriptions_suspended.set(await store.suspended_count(app.state.pool))
            if looks % (_DAY_SECONDS // _LOOK_SECONDS) == 0:
                async with transaction(app.state.pool) as connection:
                    deliveries = await store.forget_deliveries(connection)
                    subscriptions = await store.forget_subscriptions(connection)
                log.info("deliveries_forgotten", deliveries=deliveries, subscriptions=subscriptions)
            looks += 1
        except TRANSIENT as error:
            log.warning("housekeeping_retried", error=type(error).__name__)
        await asyncio.sleep(_LOOK_SECONDS)
