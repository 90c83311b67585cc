"""What is told of a change, to whom it concerns, and in which words."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from services.status.domain.application import Application, Change, decision
from services.status.domain.expectation import promised
from services.status.domain.words import following, summary
from shared.contracts.envelope import rfc3339
from shared.contracts.reported.status import ApplicationState
from shared.decoding import Received
from shared.language import Bilingual, Language

Lane = Literal["live", "bulk"]

CHANGED, TEST = "application.state_changed", "subscription.test"
# More events of one organisation in a request or a commit are a backfill: live changes of others and its own go first.
BULK_EVENTS = 100
BULK_AGE = timedelta(days=1)

_TEST_SUMMARY = Bilingual(
    en="This is a test: deliveries reach you here.", fr="Ceci est un essai : les livraisons vous parviennent ici."
)
_TEST_NEXT = Bilingual(
    en="You need do nothing; changes will follow.", fr="Vous n'avez rien à faire; les changements suivront."
)


@dataclass(frozen=True, slots=True)
class News:
    """A change that is told: facts alone, texts are made when it is sent. `cause` is the report's source and id."""

    application: Application
    decided: bool
    at: datetime
    cause: tuple[str, str]
    expected_at: datetime | None

    def facts(self) -> dict[str, Any]:
        return {
            "state": self.application.state,
            "decided": self.decided,
            "service_id": self.application.service_id,
            "expected_at": self.expected_at and rfc3339(self.expected_at),
            "at": rfc3339(self.at),
            "source": self.cause[0],
            "event_id": self.cause[1],
        }


def news(before: Application | None, event: Received, change: Change) -> News | None:
    """What a report or its correction tells: that the state moved. An older report that comes late tells nothing, nor one
    whose department wants nobody told, nor what leaves no report of the application.
    """
    after = change.application
    moved = before is None or before.void or before.state != after.state
    quiet = event.data is not None and not event.data.notify
    if not moved or quiet or after.void or (event.corrects is None and not change.newest):
        return None
    decided = decision(after) is not None
    return News(after, decided, event.time, (event.source, event.id), promised(after, after.clocks).at)


def tellings(
    changes: Sequence[tuple[Received, Change]],
    known: Sequence[Application | None],
    watched: Collection[tuple[str, str | None, str | None]],
    now: datetime,
) -> list[tuple[News, Lane]]:
    """What changes of one commit, each with the application as it was `known` before, tell those who watch it by its id or
    by its service's, and in which lane.
    """
    found: list[tuple[News, Lane]] = []
    events = Counter(event.org_id for event, _ in changes)
    for (event, change), before in zip(changes, known, strict=True):
        org_id, application_id = change.application.key
        if {(org_id, application_id, None), (org_id, None, change.application.service_id)}.isdisjoint(watched):
            continue
        if told := news(before, event, change):
            together = max(events[org_id], event.together)
            found.append((told, "bulk" if is_bulk(together, event.time, now) else "live"))
    return found


def is_bulk(together: int, occurred_at: datetime, now: datetime) -> bool:
    return together > BULK_EVENTS or now - occurred_at > BULK_AGE


def texts(state: ApplicationState, *, decided: bool) -> tuple[Bilingual, Bilingual]:
    """What happened, and what is next."""
    return summary(state, decided=decided), following(state, decided=decided)


def told(org_id: str, application_id: str, version: int, facts: dict[str, Any], language: Language) -> dict[str, Any]:
    """The body of a message, its texts in one language; of a test, the same with nothing of any application in it."""
    test = "test" in facts
    happened, then = (_TEST_SUMMARY, _TEST_NEXT) if test else texts(facts["state"], decided=facts["decided"])
    return {
        "type": TEST if test else CHANGED,
        "timestamp": facts["at"],
        "data": {
            "org_id": org_id,
            "application_id": application_id or None,
            "state": facts.get("state"),
            "version": None if test else version,
            "summary": happened.in_(language),
            "next": then.in_(language),
            "expected_at": facts.get("expected_at"),
        },
    }


def trial(now: datetime) -> dict[str, Any]:
    """The facts of a test message."""
    return {"test": True, "at": rfc3339(now)}
