"""E-mail by SMTP: text and HTML in one language, a stable Message-ID, and one click to have no more (RFC 8058)."""

import hashlib
import re
from asyncio import timeout
from collections.abc import Sequence
from contextlib import suppress
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

# aiosmtplib's own limit is for each command: a server that is slow with every one of them took minutes.
_LETTER_SECONDS, _GOODBYE_SECONDS = 10.0, 1.0
_REFUSED = {
    aiosmtplib.SMTPAuthenticationError: "mail_login_refused",
    aiosmtplib.SMTPSenderRefused: "mail_sender_refused",
}
# The status behind a code, such as `5.1.1` (RFC 3463, 3): the mailbox or the way to it is wrong, but for two of the sender's.
_STATUS = re.compile(r"5\.(\d{1,3})\.(\d{1,3})\b")
_OF_A_MAILBOX = frozenset({"1", "2", "4"})
_OF_A_SENDER = frozenset({("1", "7"), ("1", "8")})


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
        try:
            await self._hand_over(message)
        except (aiosmtplib.SMTPException, OSError) as error:
            return _meaning(error)
        return Tried(250)

    async def _hand_over(self, message: EmailMessage) -> None:
        """Until the mail server has taken it. Raises what aiosmtplib raises, and TimeoutError."""
        relay = self._relay
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            username=relay.username,
            password=relay.password,
            use_tls=relay.tls,
            timeout=_LETTER_SECONDS,
        )
        try:
            async with timeout(_LETTER_SECONDS):
                await client.connect()
                await client.send_message(message)
            # It is taken by now: a slow goodbye must not have it sent once more.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=_GOODBYE_SECONDS)
        finally:
            client.close()

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


def _meaning(error: Exception) -> Tried:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return _of_mailbox(error.recipients[0].code, error.recipients[0].message)
    if isinstance(error, aiosmtplib.SMTPDataError):
        return _of_mailbox(error.code, error.message, by_code=False)
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Tried(error.code, _REFUSED.get(type(error), "mail_refused"), ours=True)
    return Tried(error="timeout" if isinstance(error, TimeoutError) else "connection_failed", ours=True)


def _of_mailbox(code: int, message: str, *, by_code: bool = True) -> Tried:
    """What a refusal of a recipient, or of the letter itself, means: for good where the mailbox is at fault (RFC 5321,
    4.2.1); 4xx may pass; and what is refused to ourselves (no login, no relaying, policy) an operator mends.
    """
    if code < 500:
        return Tried(code, "mailbox_refused")
    status = _STATUS.match(message)
    mailbox = 550 <= code <= 553 and by_code
    if status and status[1] != "0":
        mailbox = status[1] in _OF_A_MAILBOX and (status[1], status[2]) not in _OF_A_SENDER
    return Tried(code, "mailbox_refused", hopeless=True) if mailbox else Tried(code, "mail_refused", ours=True)
