"""FastStream's broker as every service has it: it consumes alone, as the service's own principal, and departments in turns."""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer
from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram512

from shared.fair_consumer import FairConsumer
from shared.kafka import Kafka


def make_broker(kafka: Kafka, name: str) -> KafkaBroker:
    return KafkaBroker(
        kafka.bootstrap,
        client_id=name,
        security=_security(kafka),
        consumer_only=True,
        allow_auto_create_topics=False,
        apply_types=False,
        metadata_max_age_ms=10_000,
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,
        graceful_timeout=5.0,
    )


def _security(kafka: Kafka) -> BaseSecurity:
    if kafka.username:
        login = SASLPlaintext if kafka.mechanism == "PLAIN" else SASLScram512
        return login(kafka.username, kafka.password or "", ssl_context=kafka.tls_context(), use_ssl=kafka.tls)
    return BaseSecurity(ssl_context=kafka.tls_context(), use_ssl=kafka.tls)


def take_turns(broker: KafkaBroker) -> None:
    """Departments' topics are read in turns; those between services as they come."""
    config = broker.config.broker_config
    if not isinstance(config.builder, partial):
        return  # done before, and FastStream has not connected anew since
    options = config.builder.keywords

    def consumer(*topics: str, group_id: str | None = None, **more: Any) -> AIOKafkaConsumer:
        kind = FairConsumer if (group_id or "").endswith(".ingest") else AIOKafkaConsumer
        return kind(*topics, group_id=group_id, **{**options, **more})

    config.builder = consumer


async def stop_broker(broker: KafkaBroker) -> None:
    with suppress(Exception):
        await asyncio.wait_for(broker.stop(), 8)
