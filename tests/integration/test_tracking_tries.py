"""Ten wrong tracking codes a minute from one address, however they are sent; each test tries from an address of its own."""

import asyncio
from collections import Counter

import aiohttp
import orjson

from guichet.client import Services
from shared.testing import status_event


async def tried(services: Services, address: str, codes: list[str], **headers: str) -> Counter[int]:
    """How often which status, of codes tried all at once."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(number: int, code: str) -> int:
            said = {name.replace("_", "-"): f"{value}{number}" for name, value in headers.items()}
            url, body = f"{services.url('status')}/v1/tracking", {"tracking_code": code}
            async with session.post(url, json=body, headers=said) as answer:
                return answer.status

        return Counter(await asyncio.gather(*(one(number, code) for number, code in enumerate(codes))))


async def test_tries_at_the_same_time_are_tries_too(services: Services) -> None:
    codes = [f"AAAAA-BBBBB-CCCCC-DDD{n:02}" for n in range(60)]
    assert await tried(services, "127.0.0.2", codes) == {404: 10, 429: 50}


async def test_nobody_becomes_another_by_saying_so(services: Services) -> None:
    codes = [f"AAAAA-BBBBB-CCCCC-EEE{n:02}" for n in range(30)]
    said = {"X_Forwarded_For": "203.0.113.", "Forwarded": "for=203.0.113.", "X_Real_IP": "203.0.113."}
    assert await tried(services, "127.0.0.3", codes, **said) == {404: 10, 429: 20}


async def test_right_codes_are_no_failed_tries(services: Services, key: str, org: str, unique: str) -> None:
    (receipt,) = await services.send("status", key, [orjson.dumps(status_event(org, unique, "submitted"))])
    for _ in range(3):
        assert await tried(services, "127.0.0.4", [receipt["tracking_code"]] * 8) == {200: 8}
