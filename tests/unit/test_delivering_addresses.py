"""Where a webhook may go: hostile addresses of every form are refused, whoever resolves to them."""

import asyncio
import socket
import threading
from contextlib import suppress
from typing import Any

import pytest

from services.status.delivering import addresses
from services.status.delivering.addresses import (
    AddressRefused,
    CheckedResolver,
    check,
    check_literal,
    host_of,
    is_allowed,
)
from services.status.delivering.sealing import new_secret
from services.status.delivering.webhooks import Webhooks
from shared.encryption import Seal

HOSTILE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.8.8.8",
    "168.63.129.16", "169.254.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::169.254.169.254", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1",
    "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:0a00:0001::", "3fff::1",
    "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "", "localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "1.1.1.1.", "8.8.8.8%eth0",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "142.250.1.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::",
]


@pytest.mark.parametrize("address", HOSTILE)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(address, loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_allowed(address: str) -> None:
    assert is_allowed(address, loopback=False)


@pytest.mark.parametrize("address", HOSTILE)
def test_the_demo_allows_loopback_and_nothing_else_besides(address: str) -> None:
    loopback = {"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"}
    assert is_allowed(address, loopback=True) == (address in loopback)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///path", "example.org",
        "https://user@example.org/", "https://user:word@example.org/", "https://example.org\\@127.0.0.1/",
        "https://example.org/#fragment", "https://example.org/a b", "https://example.org/\n", "https://example.org:0/",
        "https://example.org:99999/", "https://example.org:x/", "https://exämple.org/", "//example.org/", "javascript:1",
        "https://[::1", "https://\x00example.org/", "https://%31%32%37.1/", "https://[fe80::1%25eth0]/", "gopher://example.org/",
    ],
)  # fmt: skip
def test_an_address_of_another_form_is_refused(url: str) -> None:
    assert host_of(url, plain=False) is None


def test_a_host_is_told_by_its_name_and_port() -> None:
    assert host_of("https://Example.ORG./hook?x=1", plain=False) == "example.org:443"
    assert host_of("https://example.org:8443", plain=False) == "example.org:8443"
    assert host_of("http://127.0.0.1:9/", plain=True) == "127.0.0.1:9"


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1", "2130706433", "127.0.0.1.", "169.254.169.254",
     "[fe80::1%25eth0]", "0177.0.0.1", "10.0.0.1"],
)  # fmt: skip
def test_a_host_that_aiohttp_would_not_resolve_is_judged_before_it_connects(host: str) -> None:
    resolver = CheckedResolver(loopback=False)
    with pytest.raises(AddressRefused):
        check_literal(resolver, f"https://{host}/")


class Names:
    """A name server, in the place of the system's: some names it answers, and with some it takes its time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: str) -> None:
        self.answers, self.slow, self.hurry = answers, set[str](), threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", self.look_up)

    def look_up(self, host: str, port: int, *_: object) -> list[Any]:
        if host in self.slow:
            self.hurry.wait(30)
        if host not in self.answers:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (self.answers[host], port))]


async def test_slow_name_servers_take_no_time_from_names_that_are_known_and_little_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, known="8.8.8.8", new="8.8.4.4")
    names.slow = {f"slow-{n}" for n in range(100)}
    monkeypatch.setattr(addresses, "_LOOK_UP_SECONDS", 0.2)
    resolver = CheckedResolver(loopback=False)
    try:
        await resolver.resolve("known", 443)
        slow = await asyncio.gather(*(resolver.resolve(each, 443) for each in names.slow), return_exceptions=True)
        assert {type(each) for each in slow} == {socket.gaierror}
        assert [each["host"] for each in await resolver.resolve("known", 443)] == ["8.8.8.8"]
        with pytest.raises(socket.gaierror):
            await resolver.resolve("new", 443)  # it waits for a thread, but not for long
        names.hurry.set()
        assert [each["host"] for each in await asyncio.wait_for(_until(resolver, "new"), 10)] == ["8.8.4.4"]
    finally:
        names.hurry.set()
        await resolver.close()


async def _until(resolver: CheckedResolver, name: str) -> list[Any]:
    while True:
        with suppress(OSError):
            return list(await resolver.resolve(name, 443))


async def test_of_one_name_one_look_up_is_under_way_however_many_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, one="8.8.8.8", other="8.8.4.4")
    names.slow = {"one"}
    monkeypatch.setattr(addresses, "_LOOK_UP_SECONDS", 0.2)
    resolver = CheckedResolver(loopback=False)
    try:
        for _ in range(2):
            found = await asyncio.gather(*(resolver.resolve("one", 443) for _ in range(50)), return_exceptions=True)
            assert {type(each) for each in found} == {socket.gaierror}
        assert [each["host"] for each in await resolver.resolve("other", 443)] == ["8.8.4.4"]
    finally:
        names.hurry.set()
        await resolver.close()


async def test_to_subscribe_waits_for_a_slow_name_server_no_longer_than_that(monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch)
    names.slow = {"slow.example"}
    monkeypatch.setattr(addresses, "_LOOK_UP_SECONDS", 0.2)
    resolver = CheckedResolver(loopback=False)
    try:
        assert await asyncio.wait_for(check(resolver, "https://slow.example/", plain=False), 5) == "slow.example:443"
    finally:
        names.hurry.set()
        await resolver.close()


async def test_a_name_that_turns_private_after_it_was_subscribed_is_refused_when_a_message_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, **{"turning.example": "8.8.8.8"})
    came = list[str]()

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append("somebody")
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    url = f"https://turning.example:{server.sockets[0].getsockname()[1]}/hook"
    webhooks = Webhooks(Seal("A" * 43), loopback=False)
    try:
        assert await webhooks.check(url, plain=False)
        for private in ("127.0.0.1", "10.0.0.1", "169.254.169.254"):
            names.answers["turning.example"] = private
            assert (await webhooks.post(url, "msg_1", {}, [new_secret()])).error == "address_not_allowed"
        assert came == []
    finally:
        server.close()
        await webhooks.close()


@pytest.mark.parametrize("host", ["localhost", "0x7f000001", "0x7f.1", "127.0.0.1", "[::1]"])
async def test_a_name_that_leads_to_this_machine_is_refused(host: str) -> None:
    resolver = CheckedResolver(loopback=False)
    try:
        with pytest.raises(AddressRefused):
            await check(resolver, f"https://{host}/hook", plain=False)
    finally:
        await resolver.close()


async def test_the_demo_resolves_its_own_machine() -> None:
    resolver = CheckedResolver(loopback=True)
    try:
        found = await asyncio.wait_for(resolver.resolve("localhost", 80, socket.AF_INET), 10)
    finally:
        await resolver.close()
    assert {each["host"] for each in found} == {"127.0.0.1"}
    assert all(each["flags"] & socket.AI_NUMERICHOST for each in found)
