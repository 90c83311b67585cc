"""FastStream's broker as every service has it: it consumes alone, as the service's own principal, and departments in turns."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain
from typing import Any

from aiokafka.errors import KafkaError
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512

from shared.consuming import Consumption
from shared.fair_consumer import FairConsumer
from shared.kafka import Kafka
from shared.logs import log
from shared.patient_consumer import PatientConsumer

_LEAST_SECONDS, _MOST_SECONDS, _LOOK_SECONDS = 0.2, 5.0, 1.0
# A Kafka that started again has left readers without an answer until this time was up. It may hold the question of one who
# joins a group as long as it misses another, for ten seconds.
ANSWER_SECONDS = 15.0
# A reader that stands still for so long does not come back by itself.
STILL_SECONDS = 15.0
_STOP_SECONDS, _CUT_SECONDS = 8.0, 1.0


def make_broker(kafka: Kafka, name: str) -> KafkaBroker:
    return KafkaBroker(
        kafka.bootstrap,
        client_id=name,
        security=_security(kafka),
        consumer_only=True,
        allow_auto_create_topics=False,
        apply_types=False,
        metadata_max_age_ms=10_000,
        request_timeout_ms=int(ANSWER_SECONDS * 1000),
        logger=logging.getLogger("broker"),  # FastStream's own writes whole exceptions, past our form
        log_level=logging.DEBUG,
        graceful_timeout=5.0,
    )


def _security(kafka: Kafka) -> BaseSecurity:
    if kafka.username:
        login = SASLPlaintext if kafka.mechanism == "PLAIN" else SASLScram512
        return login(kafka.username, kafka.password or "", ssl_context=kafka.tls_context(), use_ssl=kafka.tls)
    return BaseSecurity(ssl_context=kafka.tls_context(), use_ssl=kafka.tls)


async def keep_reading(
    broker: KafkaBroker,
    consumptions: Sequence[Consumption],
    before: Callable[[], Awaitable[None]],
    say: Callable[[bool], None],
) -> None:
    """Read as soon as Kafka answers, for ever; `before` comes before each start, `say` is told whether it is connected."""
    delay = _LEAST_SECONDS
    while True:
        await before()
        try:
            await broker.connect()
            _read_our_way(broker)
            await broker.start()
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("kafka_unreachable", error=type(error).__name__, seconds=delay)
        else:
            say(True)
            began = time.monotonic()
            reason = await _given_up(broker, consumptions)
            if time.monotonic() - began > _MOST_SECONDS:
                delay = _LEAST_SECONDS
            log.error("consumers_gave_up", error=reason, seconds=delay)
            say(False)
        await stop_broker(broker)
        await asyncio.sleep(delay)
        delay = min(delay * 2, _MOST_SECONDS)


async def _given_up(broker: KafkaBroker, consumptions: Sequence[Consumption]) -> str:
    """Wait until a reader will not go on by itself, and name why: aiokafka never comes back from an error in its heartbeat,
    such as a permission that was missing for a moment in a Kafka made anew, nor from the end of another of its tasks.
    """
    looks = {each.group: (each.progress_at, 0) for each in consumptions}
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        for subscriber in broker.subscribers:
            if reason := _ended(subscriber.consumer):  # type: ignore[attr-defined]  # broker.subscribers are Kafka's
                return reason
        for each in consumptions:
            progress_at, still = looks[each.group]
            still = still + 1 if each.stands_still() and each.progress_at == progress_at else 0
            looks[each.group] = (each.progress_at, still)
            if still * _LOOK_SECONDS >= STILL_SECONDS:
                return "StandsStill"


def _ended(consumer: Any) -> str:
    """Why a task that a consumer cannot do without has ended; empty where none has."""
    for_ever, others = _tasks(consumer)
    for task in (*for_ever, *others):
        if task is not None and task.done():
            error = None if task.cancelled() else task.exception()
            if error is not None:
                return type(error).__name__
            if task in for_ever:
                return "TaskEnded"
    return ""


def _tasks(consumer: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """Those that run as long as the consumer does, and those that may end when their work is done."""
    coordinator = consumer._coordinator  # noqa: SLF001 - nothing else tells
    for_ever = (consumer._client._sync_task, consumer._fetcher._fetch_task, coordinator._coordination_task)  # noqa: SLF001
    return for_ever, (coordinator._heartbeat_task, coordinator._commit_refresh_task, consumer.hinting)  # noqa: SLF001


def _read_our_way(broker: KafkaBroker) -> None:
    """Patiently; departments' topics in turns, those between services as they come."""
    config = broker.config.broker_config
    if not isinstance(config.builder, partial):
        return  # done before, and FastStream has not connected anew since
    options = config.builder.keywords

    def consumer(*topics: str, group_id: str | None = None, **more: Any) -> PatientConsumer:
        kind = FairConsumer if (group_id or "").endswith(".ingest") else PatientConsumer
        return kind(*topics, group_id=group_id, **{**options, **more})

    config.builder = consumer


async def stop_broker(broker: KafkaBroker) -> None:
    """In good order where that takes no longer than it may; what is left then is cut off."""
    with suppress(Exception):
        await asyncio.wait_for(broker.stop(), _STOP_SECONDS)
    for subscriber in broker.subscribers:
        with suppress(Exception):
            await asyncio.wait_for(_cut_off(subscriber), _CUT_SECONDS)


async def _cut_off(subscriber: Any) -> None:
    consumer, subscriber.consumer = subscriber.consumer, None
    if consumer is None:
        return
    consumer._closed = True  # noqa: SLF001 - its own stop is what did not end
    for task in (*subscriber.tasks, *chain(*_tasks(consumer))):
        if task is not None:
            task.cancel()
    subscriber.tasks.clear()
    await consumer._client.close()  # noqa: SLF001
