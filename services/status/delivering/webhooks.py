"""Webhooks by Standard Webhooks 1.0: signed, to a checked address, without redirects, and not for long."""

import base64
import hashlib
import hmac
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson

from services.status.delivering.addresses import AddressRefused, CheckedResolver, check, check_literal
from services.status.delivering.sealing import open_address, open_secrets
from services.status.domain.messages import told
from services.status.domain.retries import Tried
from services.status.store import Claimed
from shared.encryption import Seal

# Shorter than a claim's lease by what recording takes.
_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_MOST_READ = 4096
_AGENT = "Guichet-Webhooks/1.0"


class Webhooks:
    """Posts messages to receivers; one session for all of them, closed with the service."""

    def __init__(self, seal: Seal, *, loopback: bool) -> None:
        self._seal = seal
        self.resolver = CheckedResolver(loopback=loopback)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=self.resolver, limit=0, ttl_dns_cache=10),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_TIMEOUT,
            auto_decompress=False,
            headers={"User-Agent": _AGENT, "Content-Type": "application/json"},
        )

    async def close(self) -> None:
        await self._session.close()

    async def check(self, url: str, *, plain: bool) -> str:
        """`host:port` of where a webhook would go; by http too where `plain`. Raises AddressRefused."""
        return await check(self.resolver, url, plain=plain)

    async def send(self, claimed: Sequence[Claimed]) -> Tried:
        """Post one message, signed at this very moment."""
        (one,) = claimed
        url = open_address(self._seal, one.subscription_id, one.sealed_address)
        body = told(one.org_id, one.application_id, one.version, one.facts, one.language)
        return await self.post(url, one.webhook_id, body, open_secrets(self._seal, one))

    async def post(self, url: str, message_id: str, body: Any, secrets: Sequence[str]) -> Tried:
        content = orjson.dumps(body)
        headers = signed(message_id, int(time.time()), content, secrets)
        try:
            check_literal(self.resolver, url)
            async with self._session.post(url, data=content, headers=headers, allow_redirects=False) as answer:
                # Nothing in it is of use; read a little, so that a connection can be used again.
                await answer.content.read(_MOST_READ)
                return answered(answer.status, answer.headers.get("Retry-After"), datetime.now(UTC))
        except AddressRefused:
            return Tried(error="address_not_allowed")
        except TimeoutError:
            return Tried(error="timeout")
        except aiohttp.ClientConnectorDNSError:
            return Tried(error="name_not_resolved")
        except (aiohttp.ClientSSLError, ssl.SSLError):
            return Tried(error="tls_failed")
        except (aiohttp.ClientError, OSError, ValueError):
            return Tried(error="connection_failed")


def answered(status: int, retry_after: str | None, now: datetime) -> Tried:
    """What an answer means: only 2xx is a delivery; 410, that nothing is wanted any more."""
    if 200 <= status < 300:
        return Tried(status)
    error = {3: "redirected", 4: "refused", 5: "receiver_failed"}.get(status // 100, "no_answer")
    return Tried(status, "gone" if status == 410 else error, _asked(retry_after, now), gone=status == 410)


def _asked(retry_after: str | None, now: datetime) -> timedelta | None:
    """Retry-After, as seconds or as a date (RFC 9110, 10.2.3); None where it is neither."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 10:
        return timedelta(seconds=int(retry_after))
    try:
        until = parsedate_to_datetime(retry_after)
    except (ValueError, OverflowError):
        return None
    return until - now if until.tzinfo is not None else until.replace(tzinfo=UTC) - now


def signed(message_id: str, timestamp: int, content: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0: a signature by each secret, newest first, over id, timestamp and body."""
    message = f"{message_id}.{timestamp}.".encode() + content
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, message) for secret in secrets),
    }


def _signature(secret: str, message: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
