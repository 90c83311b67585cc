"""What people read: a change, or several, in one language, with what comes next and how to have no more of it."""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from html import escape
from typing import Literal

from services.status.delivering.contacts import CONFIRM, IGNORE, to_contact
from services.status.delivering.sealing import open_address
from services.status.domain.messages import told
from services.status.store import Claimed
from shared.encryption import Seal
from shared.language import Language
from shared.organizations import name_of
from shared.web.words import Words

Purpose = Literal["confirm", "unsubscribe", "preferences", "confirm-contact", "remove-contact"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message for a person: its parts are plain text; `link` is what it asks to be opened, if anything; `preferences`, where
    to say how one wants to be told.
    """

    language: Language
    subject: str
    parts: Sequence[str]
    link: str | None
    unsubscribe: str
    preferences: str | None = None


def link(
    seal: Seal, public_url: str, language: Language, subscription_id: str, purpose: Purpose, address: str = ""
) -> str:
    """A link that whoever got the letter may follow, and nobody else can guess; of one `address` alone where that is said."""
    mark = _mark(seal, subscription_id, purpose, address)
    return f"{public_url.rstrip('/')}/{language}/subscriptions/{subscription_id}/{purpose}/{mark}"


def is_link(seal: Seal, subscription_id: str, purpose: Purpose, mark: str, address: str = "") -> bool:
    return hmac.compare_digest(_mark(seal, subscription_id, purpose, address).encode(), mark.encode())


def _mark(seal: Seal, subscription_id: str, purpose: Purpose, address: str) -> str:
    of = f"{purpose}:{subscription_id}" + (f":{address}" if address else "")
    return base64.urlsafe_b64encode(seal.derive("link", of)).decode().rstrip("=")


def letter(seal: Seal, public_url: str, claimed: Sequence[Claimed]) -> Letter:
    """One letter of what was claimed for one subscription."""
    first = claimed[0]
    words, language = Words(first.language), first.language
    to = partial(link, seal, public_url, language, first.subscription_id)
    if "to_contact" in first.facts:
        address = open_address(seal, first.subscription_id, first.sealed_address)
        confirm = to("confirm-contact", address) if first.facts["to_contact"] == "confirm" else None
        return Letter(language, *to_contact(words, first), confirm, to("remove-contact"))
    if "confirm" in first.facts:
        parts = [_asked(words, first), words.say(*IGNORE)]
        return Letter(language, words.say(*CONFIRM), parts, to("confirm"), to("unsubscribe"))
    page, ends = f"{public_url.rstrip('/')}/{language}/", (to("unsubscribe"), to("preferences"))
    if len(claimed) == 1:
        return Letter(language, _subject(words, first), _change(words, first), page, *ends)
    subject = words.say(f"{len(claimed)} changes to your applications", f"{len(claimed)} changements à vos demandes")
    parts = [" ".join([_subject(words, each) + words.say(":", " :"), *_change(words, each)]) for each in claimed]
    return Letter(language, subject, parts, page, *ends)


def _asked(words: Words, claimed: Claimed) -> str:
    organization = words.text(name_of(claimed.org_id))
    return words.say(
        f"You asked to be told by e-mail of changes at {organization}. Open this link and press the button to begin:",
        f"Vous avez demandé à être avisé par courriel des changements auprès de : {organization}. Ouvrez ce lien et appuyez sur le bouton pour commencer :",
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
        decision = words.say(f"You can expect a decision by {day}.", f"Une décision est attendue d'ici le {day}.")
        issue = words.say(
            f"You can expect what you asked for to be issued by {day}.",
            f"La délivrance de ce que vous avez demandé est attendue d'ici le {day}.",
        )
        parts.append(issue if data["state"] == "decided" else decision)
    return parts


def as_text(found: Letter) -> str:
    """Plain text, a paragraph a part."""
    words = Words(found.language)
    stop = words.say(*_STOP) + words.say(":", " :")
    ends = [f"{stop}\n{found.unsubscribe}"]
    if found.preferences:
        ends.insert(0, f"{words.say(*_CHOOSE) + words.say(':', ' :')}\n{found.preferences}")
    return "\n\n".join([*found.parts, *([found.link] if found.link else []), *ends]) + "\n"


_STOP = ("Receive no more of these", "Ne plus en recevoir")
_CHOOSE = ("Choose how you are told", "Choisir comment vous êtes avisé")


def as_html(found: Letter) -> str:
    """The same as a page of its own, with nothing in it that is fetched from elsewhere."""
    words = Words(found.language)
    parts = "".join(f"<p>{escape(part)}</p>" for part in found.parts)
    open_ = f'<p><a href="{escape(found.link)}">{words.say("Open", "Ouvrir")}</a></p>' if found.link else ""
    ends = f'<p><a href="{escape(found.unsubscribe)}">{words.say(*_STOP)}</a></p>'
    if found.preferences:
        ends = f'<p><a href="{escape(found.preferences)}">{words.say(*_CHOOSE)}</a></p>{ends}'
    return (
        f'<!doctype html><html lang="{found.language}-CA"><head><meta charset="utf-8"><title>{escape(found.subject)}</title>'
        f"</head><body><h1>{escape(found.subject)}</h1>{parts}{open_}{ends}</body></html>"
    )
