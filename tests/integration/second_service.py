"""Another process of a service on the same database, as a second machine would run it; told what the test says."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from bench.rig import free_port
from guichet.home import Home
from shared.testing import eventually
from tests.conftest import ROOT, LocalSystem


@asynccontextmanager
async def second_service(
    system: LocalSystem, session: aiohttp.ClientSession, name: str, **settings: str | None
) -> AsyncIterator[str]:
    """Its address. A setting that is None is left out."""
    port = free_port()
    home, kafka = Home(), system.addresses["kafka"]
    said = {
        "GUICHET_MODE": "demo",
        "GUICHET_DATABASE_URL": system.addresses["postgres"][name],
        "GUICHET_KAFKA_BOOTSTRAP": kafka["bootstrap"],
        "GUICHET_KAFKA_USERNAME": name,
        "GUICHET_KAFKA_PASSWORD": home.secret(f"kafka-{name}"),
        "GUICHET_PORT": str(port),
        "GUICHET_PEPPER": home.secret(f"pepper-{name}"),
        "GUICHET_MASTER_KEY": home.secret(f"master-key-{name}"),
        "GUICHET_JWKS": str(home.jwks_file),
    }
    environment = {name: value for name, value in {**os.environ, **said, **settings}.items() if value is not None}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"services.{name}.app", cwd=ROOT, env=environment, stdout=asyncio.subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"

    async def ready() -> bool:
        try:
            async with session.get(f"{url}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    try:
        await eventually(ready, seconds=60)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)
