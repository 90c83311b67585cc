"""Where a webhook may go: to public addresses alone, as they were resolved and checked (OWASP: server-side request forgery).

A name is resolved once; every address it has must be public, and the connection goes to an address that was checked.
"""

import asyncio
import ipaddress
import re
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Beyond what Python's registry calls not global: clouds' own services, and forms that carry another address within.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(each)
    for each in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "168.63.129.16/32",  # a cloud's host, at an address that looks public
        "192.0.0.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",  # IPv4 within, of old
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo, benchmarks, ORCHID
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")
# A look-up cannot be stopped, and a name server may take half a minute to say nothing.
_RESOLVERS, _RESOLVERS_OF_KNOWN = 24, 8
_LOOK_UP_SECONDS = 5.0
_MOST_KNOWN = 10_000

Found = list[tuple[int, int, int, str, tuple[str, int]]]


class AddressRefused(Exception):
    """Nothing is sent there: the address is not public."""


def is_allowed(text: str, *, loopback: bool) -> bool:
    """Whether an IP address may be connected to; `loopback` too where that is allowed (the demo)."""
    try:
        address = _innermost(ipaddress.ip_address(text))
    except ValueError:
        return False
    if loopback and address.is_loopback:
        return True
    return address.is_global and not address.is_multicast and not any(_within(address, net) for net in _NOT_PUBLIC)


def _within(address: Address, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    return address.version == network.version and address in network


def _innermost(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4 or NAT64. Raises ValueError for one with a zone."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.scope_id is not None:
        raise ValueError("an address with a zone is of this very link")
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def host_of(url: str, *, plain: bool) -> str | None:
    """`host:port` of an address that a webhook may have: https (http too where `plain`), without user or fragment; else
    None. What its host resolves to is not judged here.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    allowed = {"https": 443, "http": 80} if plain else {"https": 443}
    clean = url.isascii() and url.isprintable() and not any(each in url for each in (" ", "\\", "@", "#"))
    host = parts.hostname or ""
    if parts.scheme not in allowed or not _HOST.fullmatch(host) or not clean or port == 0:
        return None
    return f"{host.lower().rstrip('.')}:{port or allowed[parts.scheme]}"


class CheckedResolver(AbstractResolver):
    """Resolves names for aiohttp on threads of its own, so that a slow name server holds up no other work; nor other names:
    those that were resolved in time have threads to themselves, and of one name one look-up is under way.
    """

    def __init__(self, *, loopback: bool) -> None:
        self._loopback = loopback
        self._threads = ThreadPoolExecutor(_RESOLVERS, "resolve")
        self._threads_of_known = ThreadPoolExecutor(_RESOLVERS_OF_KNOWN, "resolve-known")
        self._known: dict[str, None] = {}
        self._under_way: dict[tuple[str, int, int], Future[Found]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises AddressRefused where one of its addresses is not allowed, OSError where there is none, or none in time."""
        found = await self._look_up(host, port, family)
        addresses = [(each[0], str(each[4][0]), int(each[4][1]), each[2]) for each in found]
        if not addresses or not all(is_allowed(address, loopback=self._loopback) for _, address, _, _ in addresses):
            raise AddressRefused
        return [
            ResolveResult(hostname=host, host=address, port=at, family=kind, proto=proto, flags=socket.AI_NUMERICHOST)
            for kind, address, at, proto in addresses
        ]

    async def _look_up(self, host: str, port: int, family: socket.AddressFamily) -> Found:
        key = (host, port, int(family))
        asked = self._under_way.get(key)
        if asked is None:
            threads = self._threads_of_known if host in self._known else self._threads
            asked = self._under_way[key] = threads.submit(_look_up, host, port, family)
            asked.add_done_callback(lambda _: self._under_way.pop(key, None))
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                found = await asyncio.shield(asyncio.wrap_future(asked))
        except TimeoutError:
            asked.cancel()  # where it has not begun
        except asyncio.CancelledError:
            if not asked.cancelled():  # by another that waited for it
                raise
        else:
            self._remember(host)
            return found
        self._known.pop(host, None)
        raise socket.gaierror(socket.EAI_AGAIN, "no answer in time")

    def _remember(self, host: str) -> None:
        """The last ones that were resolved in time."""
        self._known.pop(host, None)
        self._known[host] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def allow(self, address: str) -> None:
        """An address that is no name is never resolved: it is judged here. Raises AddressRefused."""
        if not is_allowed(address, loopback=self._loopback):
            raise AddressRefused

    async def close(self) -> None:
        for threads in (self._threads, self._threads_of_known):
            threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int, family: socket.AddressFamily) -> Found:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
    return [(each[0], each[1], each[2], each[3], (str(each[4][0]), int(each[4][1]))) for each in found]


def check_literal(resolver: CheckedResolver, url: str) -> None:
    """Raises AddressRefused where a webhook's host is written as an address, and that is not allowed; or cannot be read.

    aiohttp takes for an address what has a colon, or nothing but digits and dots, and resolves no such thing: `127.1` or
    `2130706433` would pass unseen.
    """
    try:
        host = URL(url).raw_host or ""
    except ValueError:
        raise AddressRefused from None
    if ":" in host or host.replace(".", "").isdigit():
        resolver.allow(host)


async def check(resolver: CheckedResolver, url: str, *, plain: bool) -> str:
    """`host:port` of an address that a webhook may have. Raises AddressRefused where it may not, or where its host is not
    public; one that cannot be resolved now may be later.
    """
    host = host_of(url, plain=plain)
    if host is None:
        raise AddressRefused
    check_literal(resolver, url)
    with suppress(OSError):
        await resolver.resolve(URL(url).raw_host or "")
    return host
