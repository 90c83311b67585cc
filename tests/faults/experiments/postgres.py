"""PostgreSQL stopped, a backend ended, disks without room, and databases that were restored elsewhere: F7, F8, F16."""

import asyncio
import signal
import time
from contextlib import suppress

import asyncpg

from guichet.errors import Stop
from guichet.home import SERVICES
from shared.restoring import STRIDE
from tests.faults.campaign import on_the_way
from tests.faults.leading import read_further, waited_for
from tests.faults.rig import Rig
from tests.faults.stages import LOGS
from tests.faults.strays import stray

_READ_SECONDS = 0.5
# Where reading and PostgreSQL meet, and what is asked on the way there.
_BROKEN = ("shared.consuming:", "shared.fence:", "shared.kafka:", "shared.database:")


async def postgres_stops(rig: Rig, full: bool) -> str:
    """In full, whoever passes an await that a broken connection alone leads to ends there."""
    times = 6 if full else 2
    with rig.ending_at(each for each in rig.left_over if each.startswith(_BROKEN)):
        for _ in range(times):
            cut = await _cut_mid_copy(rig)
            async with rig.away("postgres", signal.SIGQUIT):
                await asyncio.sleep(1)
                await _answers_503(rig)
            await rig.healed(30)
        for _ in range(2 if full else 0):
            await _end_mid_copy(rig)
            await rig.healed(30)
    return f"{times} immediate stops; {'a COPY' if cut else 'a transaction'} cut short each time"


async def _end_mid_copy(rig: Rig) -> None:
    """Reporting is ended in order while its COPY waits."""
    async with (
        waited_for(rig, "reporting", "lock table logged_event in share mode", "copy"),
        rig.away("reporting", signal.SIGTERM),
    ):
        pass


async def _cut_mid_copy(rig: Rig) -> bool:
    """End one backend of reporting's: in its COPY, where it can be met."""
    connection = await asyncpg.connect(rig.system.home_dsn("reporting"))
    try:
        deadline = time.monotonic() + 5
        while True:
            copying = time.monotonic() < deadline
            found = await connection.fetchval(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'reporting' "
                "and pid <> pg_backend_pid() and state <> 'idle' and (query like 'COPY%' or not $1) limit 1",
                copying,
            )
            if found or time.monotonic() > deadline + 5:
                return copying
            await asyncio.sleep(0)
    finally:
        await connection.close()


async def _answers_503(rig: Rig) -> None:
    assert rig.load._session is not None
    key = next(iter(rig.load.keys.values()))
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
    async with rig.load._session.post(f"{rig.load.urls['status']}/v1/events", data=b"{}", headers=headers) as answer:
        assert answer.status == 503, f"status answered {answer.status} without its database"
        assert answer.headers.get("Retry-After"), "503 without Retry-After"


async def disk_full(rig: Rig, full: bool) -> str:
    done = []
    for name in ("postgres", "kafka") if full else ("postgres",):
        async with rig.system.disks[name].full():
            await asyncio.sleep(10 if full else 5)
        await rig.healed(40)
        done.append(name)
    return f"{' and '.join(done)}: no room, then room again"


async def restored_elsewhere(rig: Rig, full: bool) -> str:
    """As after backups: inventory's lacks one event, and each service has read on in Kafka since its own; with crashes on the way.
    `test_restoring.py` has those that lack much.
    """
    crashes = ""
    if full:
        crashes = await on_the_way(rig, lambda: _elsewhere(rig))
    else:
        await _elsewhere(rig)
    await rig.healed(60)
    for name in LOGS:
        ((position,),) = await rig.fetch(name, "select position from log_head")
        assert position >= STRIDE, f"the log of {name} goes on at {position}"
    return f"every log goes on above; {crashes}".rstrip("; ")


async def _elsewhere(rig: Rig) -> None:
    await read_further(rig)
    await stray(rig)
    await asyncio.sleep(_READ_SECONDS)
    for name in LOGS:
        await rig.fetch(name, "update log_head set place = 'elsewhere' returning position")
    await read_further(rig)
    for name in SERVICES:
        rig.kill(name)
    for name in SERVICES:
        with suppress(Stop):  # it may end meanwhile, and its letters wait for another time
            await rig.replay(name, door="listening")
