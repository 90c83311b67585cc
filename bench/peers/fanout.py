"""How webhooks are mostly sent: `fanout.py aiohttp FILE` gathers all posts at once; `fanout.py httpx FILE` goes one by one.

The file holds `{"targets": [{"url", "secret"}], "body"}`. For each line it is given, every target gets the body, signed by
Standard Webhooks 1.0, under a new id; a line is answered when it is done. Nothing is kept, nothing tried again.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

Post = Callable[[str, bytes, dict[str, str]], Awaitable[None]]
_SECONDS = 3


def signed(secret: str, content: bytes) -> dict[str, str]:
    message_id, timestamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + content, hashlib.sha256)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }


async def by_aiohttp(targets: list[dict[str, str]], content: bytes) -> None:
    import aiohttp  # noqa: PLC0415 - each peer loads its own library alone

    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=_SECONDS)
    ) as session:

        async def post(target: dict[str, str]) -> None:
            try:
                headers = signed(target["secret"], content)
                async with session.post(target["url"], data=content, headers=headers) as answer:
                    await answer.read()
            except (aiohttp.ClientError, TimeoutError):
                pass

        while await _told():
            await asyncio.gather(*map(post, targets))
            _say("done")


async def by_httpx(targets: list[dict[str, str]], content: bytes) -> None:
    import httpx  # noqa: PLC0415 - each peer loads its own library alone

    async with httpx.AsyncClient(timeout=_SECONDS, limits=httpx.Limits(max_connections=None)) as client:
        while await _told():
            for target in targets:
                try:
                    await client.post(target["url"], content=content, headers=signed(target["secret"], content))
                except httpx.HTTPError:
                    pass
            _say("done")


async def _told() -> str:
    return await asyncio.to_thread(sys.stdin.readline)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    work = {"aiohttp": by_aiohttp, "httpx": by_httpx}[sys.argv[1]]
    _say("ready")
    asyncio.run(work(given["targets"], given["body"].encode()))
