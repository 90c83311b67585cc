"""Cases and their steps, as they are written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.feedback.domain.cases import Case, Step
from shared.contracts.feedback import Promises
from shared.database import ConcurrentChange, Connection
from shared.decoding import Received

Key = tuple[str, str]  # organisation, feedback id
# How long texts of the same words are taken for the same matter.
ALIKE_WITHIN: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Told:
    """What a report of the case itself says that is no part of its state; sealed by its person's key."""

    language: str | None
    sealed_text: bytes | None
    sealed_contact: bytes | None
    contact_hash: bytes | None
    masked: Mapping[str, int]
    concern: str | None
    essence: bytes | None
    spam_suspected: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """A changed case, read at version `previous` (0: new), and what it was told with, if it was told anew."""

    case: Case
    previous: int
    person_id: bytes
    promises: Promises | None
    told: Told | None
    tracking_hash: bytes | None


async def cases(connection: Connection, keys: Iterable[Key]) -> dict[Key, Case]:
    orgs, ids = _columns(keys)
    rows = await connection.fetch(
        "select org_id, feedback_id, service_id, kind, version, channel, rating, drivers, application_id, reply_wanted, "
        "received_at from feedback_case join unnest($1::text[], $2::text[]) as a (org_id, feedback_id) using (org_id, feedback_id)",
        orgs,
        ids,
    )
    steps: dict[Key, list[Step]] = {}
    superseded: dict[Key, set[tuple[str, str]]] = {}
    for row in await connection.fetch(
        "select org_id, feedback_id, superseded_by, occurred_at, source, event_id, state, redirected_to from feedback_step "
        "join unnest($1::text[], $2::text[]) as a (org_id, feedback_id) using (org_id, feedback_id)",
        orgs,
        ids,
    ):
        org_id, feedback_id, by, *fields = row.values()
        if by is None:
            steps.setdefault((org_id, feedback_id), []).append(Step(*fields))
        else:
            superseded.setdefault((org_id, feedback_id), set()).add((row["source"], row["event_id"]))
    return {
        (row["org_id"], row["feedback_id"]): Case(
            **dict(row),
            steps=tuple(steps.get((row["org_id"], row["feedback_id"]), ())),
            superseded=frozenset(superseded.get((row["org_id"], row["feedback_id"]), ())),
        )
        for row in rows
    }


def _columns(keys: Iterable[Key]) -> tuple[list[str], list[str]]:
    wanted = sorted(set(keys))
    return [key[0] for key in wanted], [key[1] for key in wanted]


_COLUMNS = {
    "org_id": "text",
    "feedback_id": "text",
    "service_id": "text",
    "kind": "text",
    "state": "text",
    "version": "int",
    "channel": "text",
    "rating": "int",
    "drivers": "jsonb",
    "application_id": "text",
    "reply_wanted": "bool",
    "received_at": "timestamptz",
    "recourse": "text",
    "acknowledge_due_on": "date",
    "acknowledge_due_at": "timestamptz",
    "resolve_due_on": "date",
    "resolve_due_at": "timestamptz",
    "acknowledged_at": "timestamptz",
    "ended_at": "timestamptz",
    "person_id": "bytea",
    "previous": "int",
    "tracking_hash": "bytea",
    "told": "bool",
    "language": "text",
    "sealed_text": "bytea",
    "sealed_contact": "bytea",
    "contact_hash": "bytea",
    "masked": "jsonb",
    "concern": "text",
    "essence": "bytea",
    "spam_suspected": "bool",
}
_ROW = (
    "unnest("
    + ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(_COLUMNS.values(), 1))
    + f") as a ({', '.join(_COLUMNS)})"
)
_STATE = (
    "service_id, kind, state, version, channel, rating, drivers, application_id, reply_wanted, received_at, recourse, "
    "acknowledge_due_on, acknowledge_due_at, resolve_due_on, resolve_due_at, acknowledged_at, ended_at"
)
_TOLD = "language, sealed_text, sealed_contact, contact_hash, masked, concern, essence, spam_suspected"


async def save(connection: Connection, changed: Sequence[Saved]) -> None:
    """Write changed cases. Raises ConcurrentChange when another was quicker."""
    rows = [_row(each) for each in sorted(changed, key=lambda each: (each.case.org_id, each.case.feedback_id))]
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    inserted = await connection.execute(
        f"insert into feedback_case (org_id, feedback_id, {_STATE}, person_id, tracking_hash, {_TOLD}, changed_at) "
        f"select org_id, feedback_id, {_STATE}, person_id, tracking_hash, {_TOLD}, now() from {_ROW} where previous = 0",
        *columns,
    )
    state = ", ".join(f"{each} = a.{each}" for each in _STATE.split(", "))
    told = ", ".join(f"{each} = case when a.told then a.{each} else b.{each} end" for each in _TOLD.split(", "))
    updated = await connection.execute(
        f"update feedback_case b set {state}, {told}, person_id = a.person_id, changed_at = now(), "
        "tracking_hash = coalesce(a.tracking_hash, b.tracking_hash), concern_seen_at = case when a.told and a.concern is not null "
        f"then null else b.concern_seen_at end from {_ROW} "
        "where b.org_id = a.org_id and b.feedback_id = a.feedback_id and b.version = a.previous",
        *columns,
    )
    if int(inserted.split()[-1]) + int(updated.split()[-1]) != len(changed):
        raise ConcurrentChange


def _row(each: Saved) -> tuple[Any, ...]:
    c, told = each.case, each.told
    acknowledge = each.promises and each.promises.acknowledge
    resolve = each.promises and each.promises.resolve
    return (
        c.org_id, c.feedback_id, c.service_id, c.kind, c.state or "received", c.version, c.channel, c.rating,
        dict(c.drivers or {}), c.application_id, c.reply_wanted, c.received_at, c.recourse,
        acknowledge and acknowledge.due_on, acknowledge and acknowledge.due_at, resolve and resolve.due_on, resolve and resolve.due_at, acknowledge and acknowledge.stopped_at,
        resolve and resolve.stopped_at, each.person_id, each.previous, each.tracking_hash, told is not None,
        told and told.language, told and told.sealed_text, told and told.sealed_contact, told and told.contact_hash, dict(told.masked) if told else {},
        told and told.concern, told and told.essence, bool(told and told.spam_suspected),
    )  # fmt: skip


async def group_alike(connection: Connection, keys: Iterable[Key]) -> None:
    """Join each of these cases to the earliest of its service that was told in the same words, if there is one."""
    await connection.execute(
        "update feedback_case b set group_id = (select coalesce(o.group_id, o.feedback_id) from feedback_case o "
        "where o.org_id = b.org_id and o.service_id = b.service_id and o.essence = b.essence "
        "and (o.received_at, o.feedback_id) < (b.received_at, b.feedback_id) and o.received_at > b.received_at - $3::interval "
        "order by o.received_at, o.feedback_id limit 1) "
        "from unnest($1::text[], $2::text[]) as a (org_id, feedback_id) "
        "where b.org_id = a.org_id and b.feedback_id = a.feedback_id and b.essence is not null",
        *_columns(keys),
        ALIKE_WITHIN,
    )


async def add_steps(connection: Connection, steps: Sequence[tuple[Key, Step, bytes | None, bytes | None]]) -> None:
    """Each with the person whose key seals what the client was told, and that."""
    await connection.executemany(
        "insert into feedback_step (org_id, feedback_id, source, event_id, state, occurred_at, redirected_to, person_id, "
        "sealed_resolution) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        [
            (*key, s.source, s.event_id, s.state, s.occurred_at, s.to, person, sealed)
            for key, s, person, sealed in steps
        ],
    )


async def supersede_steps(connection: Connection, corrections: Sequence[Received]) -> None:
    """Reports that others took the place of tell nothing any more."""
    made = [(each, each.corrects) for each in corrections if each.corrects is not None]
    if made:
        keys = [corrects.key.partition("/") for _, corrects in made]
        await connection.execute(
            "update feedback_step b set superseded_by = a.by "
            "from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) "
            "as a (org_id, feedback_id, source, event_id, by) where b.org_id = a.org_id "
            "and b.feedback_id = a.feedback_id and b.source = a.source and b.event_id = a.event_id",
            [org for org, _, _ in keys], [feedback for _, _, feedback in keys], [each.source for each, _ in made],
            [corrects.event_id for _, corrects in made], [each.id for each, _ in made],
        )  # fmt: skip
