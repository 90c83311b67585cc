"""GC Notify as a third channel: its REST interface, a template for each language, its statuses made ours.

https://documentation.notification.canada.ca/en/send.html and /status.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import orjson

from services.status.delivering.letters import Letter, letter
from services.status.delivering.sealing import open_address
from services.status.domain.retries import Tried
from services.status.store import Claimed
from shared.encryption import Seal
from shared.language import Language

_TIMEOUT = aiohttp.ClientTimeout(total=10, sock_connect=5)
_MOST_READ = 64 * 1024

# What Notify says became of a notification. What may still arrive is asked after again; what failed for a while is sent
# again; the rest would fail again.
DELIVERED = frozenset({"delivered", "sent"})
UNDER_WAY = frozenset({"created", "sending", "pending", "pending-virus-check"})
AGAIN = frozenset({"temporary-failure", "technical-failure"})


class Notify:
    """Sends letters by GC Notify. Before it sends, it asks whether a crash came after it had: Notify knows references."""

    def __init__(self, seal: Seal, url: str, key: str, templates: Mapping[Language, str], public_url: str) -> None:
        self._seal, self._url, self._templates, self._public_url = seal, url.rstrip("/"), templates, public_url
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, headers={"Authorization": f"ApiKey-v1 {key}"})

    async def close(self) -> None:
        await self._session.close()

    async def send(self, claimed: Sequence[Claimed]) -> Tried:
        first = claimed[0]
        try:
            if reference := first.facts.get("reference"):
                code, answer = await self._ask("GET", f"/v2/notifications/{reference}")
                return looked(code, answer)
            code, answer = await self._ask("GET", f"/v2/notifications?reference={first.webhook_id}")
            known = answer.get("notifications") or [] if code == 200 else []
            if known and known[0].get("status") not in AGAIN:
                return looked(200, known[0])
            return sent(*await self._ask("POST", "/v2/notifications/email", self._body(claimed)))
        except TimeoutError:
            return Tried(error="timeout", ours=True)
        except (aiohttp.ClientError, OSError, ValueError):
            return Tried(error="connection_failed", ours=True)

    def _body(self, claimed: Sequence[Claimed]) -> dict[str, Any]:
        first = claimed[0]
        said = letter(self._seal, self._public_url, claimed)
        return {
            "email_address": open_address(self._seal, first.subscription_id, first.sealed_address),
            "template_id": self._templates[first.language],
            "personalisation": personalisation(said),
            "reference": first.webhook_id,
        }

    async def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        content = None if body is None else orjson.dumps(body)
        headers = {"Content-Type": "application/json"} if content else {}
        async with self._session.request(
            method, self._url + path, data=content, headers=headers, allow_redirects=False
        ) as answer:
            read = await answer.content.read(_MOST_READ)
            found = orjson.loads(read or b"{}") if answer.status < 300 else {}
            return answer.status, found if isinstance(found, dict) else {}


def personalisation(said: Letter) -> dict[str, str]:
    """What a template's ((places)) are filled with."""
    return {
        "subject": said.subject,
        "message": "\n\n".join([*said.parts, *([said.link] if said.link else [])]),
        "unsubscribe": said.unsubscribe,
    }


def sent(code: int, answer: Mapping[str, Any]) -> Tried:
    """What Notify's answer to a new notification means: taken, and to be asked after; or refused: for good by 4xx, but for
    what is said of our key (401, 403) or our rate (429).
    """
    if code == 201 and answer.get("id"):
        return Tried(code, "under_way", reference=str(answer["id"]))
    hopeless = 400 <= code < 500 and code not in {401, 403, 429}
    return Tried(code, "notify_refused", hopeless=hopeless, ours=not hopeless)


def looked(code: int, answer: Mapping[str, Any]) -> Tried:
    """What Notify's word on a notification means; what it does not know is sent again."""
    status = str(answer.get("status", ""))
    if code != 200 or status in AGAIN:
        return Tried(code, status.replace("-", "_") or "notify_lost", ours=code not in {200, 404})
    if status in DELIVERED:
        return Tried(code)
    if status in UNDER_WAY:
        return Tried(code, "under_way", reference=str(answer.get("id", "")))
    return Tried(code, status.replace("-", "_") or "unknown", hopeless=True)
