"""Taking a dead predecessor's place in a consumer group at once, instead of waiting until its session has run out.

Kafka keeps a member's partitions for ten seconds after its last heartbeat. Whoever starts at an address knows that the one
who was there before is gone, and leaves the group in its name. Were it not gone, it would join again, and the fence would
hold meanwhile.
"""

import asyncio
import socket
from collections.abc import Iterable

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.group import LeaveGroupRequest

from shared.kafka import Kafka
from shared.logs import log

_SECONDS = 3.0


def member_name(service: str, port: int) -> str:
    """What a service's members call themselves: only one process at a time can serve there."""
    return f"{service}@{socket.gethostname()}:{port}"


async def leave_for_predecessors(kafka: Kafka, groups: Iterable[str], name: str) -> None:
    """Leave the groups for whoever was called this. What fails is left to the session's end."""
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        async with asyncio.timeout(_SECONDS):
            await admin.start()
            for group in groups:
                await _leave(admin, group, name)
    except (KafkaError, OSError, TimeoutError) as error:
        log.info("predecessor_not_found", error=type(error).__name__)
    finally:
        await admin.close()


async def _leave(admin: AIOKafkaAdminClient, group: str, name: str) -> None:
    coordinator = await admin.find_coordinator(group)
    for response in await admin.describe_consumer_groups([group], coordinator):
        for described in response.to_object()["groups"]:
            for member in described["members"]:
                if member["client_id"] == name:
                    request = LeaveGroupRequest(group, member["member_id"])
                    await admin._send_request(request, coordinator)  # noqa: SLF001 - its admin cannot remove members
                    log.info("predecessor_left", group=group)
