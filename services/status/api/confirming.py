"""Letters that ask somebody to confirm: they reach people who may not have asked, so few of them are sent."""

import time
from datetime import UTC, datetime

from fastapi import Request

from services.status import store
from services.status.delivering import sealing
from services.status.domain.subscriptions import Subscription
from shared.contracts.envelope import rfc3339
from shared.database import Connection
from shared.problems import Refused, problem

Asking = store.NewSubscription | Subscription
_LETTERS_AN_HOUR, _HOUR = 10, 3600.0
_MOST_THINGS = 10_000


async def ask_to_confirm(
    request: Request, connection: Connection, new: store.NewSubscription, subscription_id: str
) -> None:
    """Ask whoever reads its address. Raises Refused."""
    _count_letter(request, new)
    at = rfc3339(datetime.now(UTC))
    await store.add_confirmation(connection, subscription_id, new.org_id, sealing.new_message_id(), at)


async def ask_contact(request: Request, connection: Connection, its: Asking) -> None:
    """Ask whoever was named as its contact. Raises Refused."""
    _count_letter(request, its)
    await store.write_to_contacts(connection, [its.subscription_id], "confirm")


def _count_letter(request: Request, asking: Asking) -> None:
    """Of one application or service, in this process. Raises Refused."""
    letters: dict[str, list[float]] = request.app.state.letters
    thing, now = f"{asking.org_id}/{asking.application_id}/{asking.service_id}", time.monotonic()
    if len(letters) > _MOST_THINGS:
        for each in [each for each, times in letters.items() if now - times[-1] > _HOUR]:
            del letters[each]
    mine = letters.setdefault(thing, [])
    mine[:] = [each for each in mine if now - each < _HOUR]
    if len(mine) >= _LETTERS_AN_HOUR:
        raise Refused(
            problem(
                "too_many_requests",
                f"{_LETTERS_AN_HOUR} letters of confirmation an hour are sent for one application; wait an hour.",
                f"{_LETTERS_AN_HOUR} lettres de confirmation à l'heure sont envoyées pour une demande; patientez une heure.",
            ),
            {"Retry-After": str(int(_HOUR - (now - mine[0])) + 1)},
        )
    mine.append(now)
