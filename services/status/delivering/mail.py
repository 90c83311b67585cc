"""E-mail by SMTP: text and HTML in one language, a stable Message-ID, and one click to have no more (RFC 8058)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

import aiosmtplib

from services.status.delivering.letters import Letter, as_html, as_text, letter
from services.status.delivering.sealing import open_address
from services.status.domain.retries import Tried
from services.status.store import Claimed
from shared.encryption import Seal

_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server, as `smtp://user:password@host:587` or `smtps://...` names it; STARTTLS where smtp offers it."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool


def relay_of(url: str) -> Relay:
    parts = urlsplit(url)
    tls = parts.scheme == "smtps"
    user, word = (unquote(each) if each else None for each in (parts.username, parts.password))
    return Relay(parts.hostname or "", parts.port or (465 if tls else 587), user, word, tls)


class Mail:
    """Sends letters by one mail server; several changes claimed for one subscription are one letter."""

    def __init__(self, seal: Seal, relay: Relay, sender: str, public_url: str) -> None:
        self._seal, self._relay, self._from, self._public_url = seal, relay, sender, public_url

    async def close(self) -> None:
        """Nothing is kept open."""

    async def send(self, claimed: Sequence[Claimed]) -> Tried:
        first = claimed[0]
        address = open_address(self._seal, first.subscription_id, first.sealed_address)
        message = self._message(address, claimed, letter(self._seal, self._public_url, claimed))
        relay = self._relay
        try:
            await aiosmtplib.send(
                message,
                hostname=relay.host,
                port=relay.port,
                username=relay.username,
                password=relay.password,
                use_tls=relay.tls,
                timeout=_TIMEOUT_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            return _refused(refused.recipients[0].code, "mailbox_refused")
        except aiosmtplib.SMTPResponseException as refused:
            return _refused(refused.code, "mail_refused")
        except (TimeoutError, aiosmtplib.SMTPTimeoutError):
            return Tried(error="timeout")
        except (aiosmtplib.SMTPException, OSError):
            return Tried(error="connection_failed")
        return Tried(250)

    def _message(self, address: str, claimed: Sequence[Claimed], said: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._from
        message["To"] = Address(addr_spec=address)
        message["Subject"] = said.subject
        message["Message-ID"] = f"<{_id(claimed)}@{urlsplit(self._public_url).hostname or 'localhost'}>"
        message["Date"] = format_datetime(max(each.made_at for each in claimed))
        message["Auto-Submitted"] = "auto-generated"
        message["List-Unsubscribe"] = f"<{said.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        message.set_content(as_text(said))
        message.add_alternative(as_html(said), subtype="html")
        message["Content-Language"] = said.language  # set earlier, it would be taken for the text's own
        return message


def _id(claimed: Sequence[Claimed]) -> str:
    """Of one change its own id; of several one that follows from theirs, so that the same letter is the same again."""
    ids = sorted(each.webhook_id for each in claimed)
    return ids[0] if len(ids) == 1 else "digest_" + hashlib.sha256(" ".join(ids).encode()).hexdigest()[:32]


def _refused(code: int, error: str) -> Tried:
    """5xx is for good (RFC 5321, 4.2.1); 4xx may pass."""
    return Tried(code, error, hopeless=code >= 500)
