"""What people read: a change, or several, in one language, with what comes next and how to have no more of it."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from services.status.domain.messages import told
from services.status.store import Claimed
from shared.encryption import Seal
from shared.language import Language
from shared.organizations import name_of
from shared.web.words import Words

PURPOSES = ("confirm", "unsubscribe")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message for a person: its parts are plain text; `link` is what it asks to be opened, if anything."""

    language: Language
    subject: str
    parts: Sequence[str]
    link: str | None
    unsubscribe: str


def link(seal: Seal, public_url: str, language: Language, subscription_id: str, purpose: str) -> str:
    """A link that whoever got the letter may follow, and nobody else can guess."""
    mark = _mark(seal, subscription_id, purpose)
    return f"{public_url.rstrip('/')}/{language}/subscriptions/{subscription_id}/{purpose}/{mark}"


def is_link(seal: Seal, subscription_id: str, purpose: str, mark: str) -> bool:
    return hmac.compare_digest(_mark(seal, subscription_id, purpose).encode(), mark.encode())


def _mark(seal: Seal, subscription_id: str, purpose: str) -> str:
    return base64.urlsafe_b64encode(seal.derive("link", f"{purpose}:{subscription_id}")).decode().rstrip("=")


def letter(seal: Seal, public_url: str, claimed: Sequence[Claimed]) -> Letter:
    """One letter of what was claimed for one subscription."""
    first = claimed[0]
    words, language = Words(first.language), first.language
    unsubscribe = link(seal, public_url, language, first.subscription_id, "unsubscribe")
    if "confirm" in first.facts:
        confirm = link(seal, public_url, language, first.subscription_id, "confirm")
        parts = [_asked(words, first), words.say(*_IGNORE)]
        return Letter(language, words.say(*_CONFIRM), parts, confirm, unsubscribe)
    page = f"{public_url.rstrip('/')}/{language}/"
    if len(claimed) == 1:
        return Letter(language, _subject(words, first), _change(words, first), page, unsubscribe)
    subject = words.say(f"{len(claimed)} changes to your applications", f"{len(claimed)} changements à vos demandes")
    parts = [" ".join([_subject(words, each) + words.say(":", " :"), *_change(words, each)]) for each in claimed]
    return Letter(language, subject, parts, page, unsubscribe)


_CONFIRM = ("Please confirm your e-mail address", "Veuillez confirmer votre adresse électronique")
_IGNORE = (
    "If you did not ask for this, do nothing: nothing more will be sent.",
    "Si vous n'avez rien demandé, ne faites rien : rien d'autre ne sera envoyé.",
)


def _asked(words: Words, claimed: Claimed) -> str:
    organization = words.text(name_of(claimed.org_id))
    return words.say(
        f"You asked to be told by e-mail of changes at {organization}. Open this link to begin:",
        f"Vous avez demandé à être avisé par courriel des changements auprès de : {organization}. Ouvrez ce lien pour commencer :",
    )


def _subject(words: Words, claimed: Claimed) -> str:
    if "test" in claimed.facts:
        return words.say("Test message", "Message d'essai")
    return words.say(f"Your application {claimed.application_id}", f"Votre demande {claimed.application_id}")


def _change(words: Words, claimed: Claimed) -> list[str]:
    data = told(claimed.org_id, claimed.application_id, claimed.version, claimed.facts, claimed.language)["data"]
    parts = [data["summary"], data["next"]]
    if data["expected_at"] is not None:
        day = words.moment(datetime.fromisoformat(data["expected_at"]))
        parts.append(words.say(f"You can expect a decision by {day}.", f"Une décision est attendue d'ici le {day}."))
    return parts


def as_text(found: Letter) -> str:
    """Plain text, a paragraph a part."""
    stop = Words(found.language).say("To receive no more of these:", "Pour ne plus en recevoir :")
    return "\n\n".join([*found.parts, *([found.link] if found.link else []), f"{stop}\n{found.unsubscribe}"]) + "\n"


def as_html(found: Letter) -> str:
    """The same as a page of its own, with nothing in it that is fetched from elsewhere."""
    words = Words(found.language)
    parts = "".join(f"<p>{escape(part)}</p>" for part in found.parts)
    open_ = f'<p><a href="{escape(found.link)}">{words.say("Open", "Ouvrir")}</a></p>' if found.link else ""
    stop = words.say("Receive no more of these", "Ne plus en recevoir")
    return (
        f'<!doctype html><html lang="{found.language}-CA"><head><meta charset="utf-8"><title>{escape(found.subject)}</title>'
        f'</head><body><h1>{escape(found.subject)}</h1>{parts}{open_}<p><a href="{escape(found.unsubscribe)}">{stop}</a></p>'
        "</body></html>"
    )
