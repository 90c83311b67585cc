"""What status does with reports: of applications, and of days on which offices were closed."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from services.status import store
from services.status.domain import application as domain
from services.status.domain import refusals
from services.status.domain.application import Application, Change
from services.status.domain.messages import tellings
from services.status.handlers.entries import changed
from services.status.handlers.exceptions import EXCEPTION_DAY, record_exception_days
from shared.contracts.reported.status import ApplicationStatusReported
from shared.database import Connection
from shared.decoding import Received
from shared.encryption import Seal
from shared.intake import Outcome, Recorded
from shared.language import Bilingual
from shared.ownership import day_in_ottawa, not_your_service, unknown_service
from shared.problems import Problem
from shared.tracking_codes import TrackingCodes, code_hash

CODES = TrackingCodes(
    "tracking",
    "guichet_application",
    Bilingual(
        en="No application has this tracking code. Check it; it has 20 letters and digits.",
        fr="Aucune demande ne porte ce code de suivi. Vérifiez-le; il compte 20 lettres et chiffres.",
    ),
    many=True,
)
_BREATH = 50


async def record_reports(
    seal: Seal, connection: Connection, events: Sequence[Received], now: datetime
) -> list[Outcome]:
    """Exception days first: what comes with them is measured with them."""
    days = [event for event in events if event.type == EXCEPTION_DAY]
    others = [event for event in events if event.type != EXCEPTION_DAY]
    await (store.change_rules if days else store.hold_rules)(connection)
    of_days = iter(await record_exception_days(connection, days, now) if days else ())
    of_others = iter(await _record_statuses(seal, connection, others, now) if others else ())
    return [next(of_days if event.type == EXCEPTION_DAY else of_others) for event in events]


async def _record_statuses(
    seal: Seal, connection: Connection, events: Sequence[Received], now: datetime
) -> list[Outcome]:
    applications = await store.applications(connection, [_key(event) for event in events])
    service_ids = {_service_of(event, applications) for event in events}
    known = await store.known(connection, service_ids, {event.org_id for event in events})
    before = dict(applications)
    changes: list[tuple[Received, Change]] = []
    earlier: list[Application | None] = []
    outcomes: list[Outcome] = []
    for number, event in enumerate(events, 1):
        if number % _BREATH == 0:
            await asyncio.sleep(0)  # health and other requests are answered meanwhile
        outcome = _report(event, applications, known, now)
        if isinstance(outcome, Change):
            key = outcome.application.key
            earlier.append(applications.get(key))
            opened = _is_new(earlier[-1]) and event.corrects is None
            applications[key] = outcome.application
            changes.append((event, outcome))
            outcomes.append(Recorded([changed(event, outcome)], "/".join(key) if opened else None, outcome.warnings))
        else:
            outcomes.append(outcome)
    if changes:
        steps = [_step(seal, event, change) for event, change in changes if event.data is not None]
        await store.save(connection, _saved(seal, changes, before, applications, now), steps)
        await store.supersede_steps(connection, [event for event, _ in changes if event.corrects is not None])
        watched = await store.watched(connection, [change.application for _, change in changes])
        if watched:  # told in the commit of the change itself, or not at all
            await store.enqueue(connection, tellings(changes, earlier, watched, now))
    return outcomes


def _key(event: Received) -> store.Key:
    """Of a correction, the application that the corrected report was of."""
    if event.corrects is not None:
        return event.org_id, event.corrects.key.partition("/")[2]
    return event.org_id, event.data.application_id


def _is_new(application: Application | None) -> bool:
    """Not reported yet, or only by reports that were withdrawn."""
    return application is None or application.void


def _service_of(event: Received, applications: dict[store.Key, Application]) -> str:
    if event.corrects is not None and _key(event) in applications:
        return applications[_key(event)].service_id
    return str(event.data.service_id) if event.data is not None else ""


def _report(
    event: Received, applications: dict[store.Key, Application], known: store.Known, now: datetime
) -> Change | Problem:
    before = applications.get(_key(event))
    service_id = _service_of(event, applications)
    rules = known.rules(service_id, event.org_id)
    if event.corrects is not None:
        return domain.correct(before, event, rules, now) if before else refusals.gone(event)
    owner = known.owner(service_id, day_in_ottawa(event.time))
    # What was begun before a transfer may be finished by the one who began it.
    if owner is not None and owner != event.org_id and _is_new(before):
        return not_your_service(service_id)
    change = domain.report(before, event, rules, now)
    if owner is None and isinstance(change, Change):
        change.warnings.append(unknown_service(service_id))
    return change


def _saved(
    seal: Seal,
    changes: Sequence[tuple[Received, Change]],
    before: dict[store.Key, Application],
    after: dict[store.Key, Application],
    now: datetime,
) -> list[store.Saved]:
    by_key: dict[store.Key, list[ApplicationStatusReported]] = {}
    for event, _ in changes:
        by_key.setdefault(_key(event), []).extend([event.data] if event.data is not None else [])
    return [_row(seal, after[key], before.get(key), by_key[key], now) for key in sorted(by_key)]


def _row(
    seal: Seal,
    application: Application,
    before: Application | None,
    reports: Sequence[ApplicationStatusReported],
    now: datetime,
) -> store.Saved:
    key = f"{application.org_id}/{application.application_id}"
    client = next((data.client_id for data in reversed(reports) if data.client_id), None)
    return store.Saved(
        application=application,
        previous=before.version if before else 0,
        language=next((data.language for data in reversed(reports) if data.language), None),
        sealed_client=seal.seal(client.encode(), f"client:{key}") if client else None,
        client_hash=client_hash(seal, client) if client else None,
        tracking_hash=None if before else code_hash(CODES.code(seal, key)),
        opened_at=min((step.occurred_at for step in application.history), default=now),
        changed_at=now,
    )


def _step(seal: Seal, event: Received, change: Change) -> store.NewStep:
    step = next(step for step in change.application.history if (step.source, step.event_id) == (event.source, event.id))
    reason = event.data.reason
    sealed = seal.seal(orjson.dumps(reason.model_dump()), _reason_context(step)) if reason else None
    client: str | None = event.data.client_id
    key = "/".join(_key(event))
    sealed_client = seal.seal(client.encode(), f"client:{key}") if client else None
    return store.NewStep(_key(event), step, sealed, sealed_client, client_hash(seal, client) if client else None)


def _reason_context(step: domain.Step) -> str:
    return f"reason:{step.source} {step.event_id}"


def open_reason(seal: Seal, step: domain.Step, sealed: bytes | None) -> dict[str, str] | None:
    """The department's reason for a step, in both languages."""
    return None if sealed is None else dict(orjson.loads(seal.open(sealed, _reason_context(step))))


def client_hash(seal: Seal, client_id: str) -> bytes:
    return seal.derive("client", client_id)


def opened(seal: Seal, key: str) -> dict[str, Any]:
    return {"tracking_code": CODES.code(seal, key)}
