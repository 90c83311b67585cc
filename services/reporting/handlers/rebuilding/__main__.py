"""A rebuild in a process of its own, so that neither readers nor the consumer wait for it: `python -m ... 12`, by reporting alone.

It ends with the process that began it.
"""

import asyncio
import gc
import os
import sys
from functools import partial

from services.reporting.handlers.rebuilding import rebuild
from services.reporting.handlers.rebuilding.rereading import read_again
from shared.database import open_pool
from shared.dead_letters import DeadLetters
from shared.encryption import Seal
from shared.logs import configure_logs
from shared.settings import Settings, load_settings

_CONNECTIONS = 6
_LOOK_SECONDS = 0.5


async def _run(settings: Settings, rebuild_id: int) -> None:
    pool = await open_pool(
        settings.database_url.get_secret_value(),
        _CONNECTIONS,
        statement_timeout="0",
        application_name="guichet rebuild",
    )
    letters = DeadLetters(Seal(settings.master_key.get_secret_value()))
    working = asyncio.create_task(rebuild(pool, rebuild_id, partial(read_again, pool, settings.kafka, letters)))
    watching = asyncio.create_task(_until_orphaned(os.getppid()))
    try:
        await asyncio.wait([working, watching], return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        watching.cancel()
        pool.terminate()


async def _until_orphaned(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(_LOOK_SECONDS)


def main() -> None:
    gc.freeze()
    settings = load_settings()
    configure_logs("reporting", settings.log_level)
    asyncio.run(_run(settings, int(sys.argv[1])))


if __name__ == "__main__":
    main()
