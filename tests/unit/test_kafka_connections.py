"""A connection to Kafka that was lost is known to be lost, in the moment after it was reset too."""

import asyncio
import socket
import struct

import pytest
import uvloop
from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError
from aiokafka.protocol.metadata import MetadataRequest

from shared.kafka import Kafka

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)


async def _answer_versions(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Metadata is all that is spoken here."""
    asked = await reader.readexactly(struct.unpack(">i", await reader.readexactly(4))[0])
    answer = asked[4:8] + struct.pack(">hihhh", 0, 1, 3, 0, 0)
    writer.write(struct.pack(">i", len(answer)) + answer)


async def _ask_what_was_just_reset() -> None:
    served: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(writer)
        await _answer_versions(reader, writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        connection = await create_conn(host, port, security_protocol=Kafka(host).protocol)
        served[0].get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        served[0].close()
        for _ in range(10_000):
            if connection._reader.exception() is not None:
                break
            await asyncio.sleep(0)
        assert connection.connected(), "it is not known yet to be lost"
        with pytest.raises(KafkaConnectionError):
            await connection.send(MetadataRequest([]))
        assert not connection.connected()


def test_a_request_over_a_connection_that_was_just_reset_fails_as_over_one_that_was_lost() -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_ask_what_was_just_reset())
