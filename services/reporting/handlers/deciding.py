"""People's decisions: kept with their reasons, and published without."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Literal

from services.reporting import store
from services.reporting.domain.oversight import RULES, StepKind, refusal
from services.reporting.handlers.judging import body_of
from services.reporting.handlers.telling import TOPIC
from shared.contracts.envelope import Published
from shared.contracts.reporting import ConfirmationSigned, CorrectiveActionChanged, OversightStepTaken
from shared.database import Connection, Pool, transaction
from shared.event_log import LogEntry, append
from shared.identity import Person
from shared.ownership import day_in_ottawa
from shared.problems import Problem, problem

Kind = Literal["confirmation", "action", "step"]
Fields = dict[str, Any]


async def sign(pool: Pool, by: Person, org_id: str, fiscal_year: str, fields: Fields) -> Fields | Problem:
    """A deputy head confirms a fiscal year, once."""
    async with transaction(pool) as connection:
        await store.hold_organization(connection, org_id)
        if await store.newest_decision(connection, "confirmation", org_id, fiscal_year):
            return problem(
                "id_conflict",
                f"{fiscal_year} was confirmed before; a confirmation is signed once.",
                f"L'exercice {fiscal_year} a déjà été confirmé; une confirmation est signée une seule fois.",
                "fiscal_year",
            )
        now = datetime.now(UTC)
        said = ConfirmationSigned(fiscal_year=fiscal_year, signed_on=day_in_ottawa(now))
        return await _decide(connection, "confirmation", org_id, fiscal_year, 1, fields, by, said, now)


async def act(
    pool: Pool, by: Person, org_id: str, action_id: str, fields: Fields, version: int | None
) -> Fields | Problem:
    """Open a corrective action, or change one that was read at `version`."""
    async with transaction(pool) as connection:
        await store.hold_organization(connection, org_id)
        known = await store.newest_decision(connection, "action", org_id, action_id)
        if (known["version"] if known else None) != version:
            return _changed_since(known)
        now = datetime.now(UTC)
        kept = {"opened_on": (known["fields"]["opened_on"] if known else day_in_ottawa(now).isoformat()), **fields}
        names = ("requirement", "state", "opened_on", "due_on", "done_on")
        after = 1 + (version or 0)
        said = CorrectiveActionChanged(action_id=action_id, version=after, **{name: kept.get(name) for name in names})
        return await _decide(connection, "action", org_id, action_id, after, kept, by, said, now)


def no_such_action() -> Problem:
    return problem(
        "not_found",
        "There is no corrective action of this id.",
        "Aucune mesure corrective ne porte cet identifiant.",
    )


def _changed_since(known: Mapping[str, Any] | None) -> Problem:
    if known is None:
        return no_such_action()
    return problem(
        "precondition_failed",
        f"The corrective action is at version {known['version']} now; read it again.",
        f"La mesure corrective en est à la version {known['version']}; relisez-la.",
    )


async def take_step(pool: Pool, by: Person, org_id: str, step: StepKind, fields: Fields) -> Fields | Problem:
    """A step of oversight about one requirement of an organisation, where the policy and the steps before allow it."""
    async with transaction(pool) as connection:
        await store.hold_organization(connection, org_id)
        taken = await store.steps_about(connection, org_id, fields["requirement"])
        if found := refusal(step, taken, body_of(org_id).scope):  # type: ignore[arg-type]  # as they were stored
            return found
        now, step_id = datetime.now(UTC), f"step-{secrets.token_hex(8)}"
        clause = RULES[step].clause
        said = OversightStepTaken(
            step_id=step_id, step=step, clause=clause, requirement=fields["requirement"], taken_on=day_in_ottawa(now)
        )
        return await _decide(
            connection, "step", org_id, step_id, 1, {**fields, "step": step, "clause": clause}, by, said, now
        )


async def _decide(
    connection: Connection,
    kind: Kind,
    org_id: str,
    decision_id: str,
    version: int,
    fields: Fields,
    by: Person,
    said: Published,
    now: datetime,
) -> Fields:
    await store.add_decision(connection, kind, org_id, decision_id, version, fields, by.subject, now)
    name = _NAMES[kind]
    source, event_id = f"/organizations/{org_id}/decisions", f"{kind}-{decision_id}-{version}"
    entry = LogEntry(TOPIC, org_id, "reporting", name, org_id, now, source, event_id, said, decision_id)
    appended = await append(connection, [entry], [])
    shown = answer_of(
        {
            "decision_id": decision_id,
            "org_id": org_id,
            "version": version,
            "fields": fields,
            "decided_by": by.subject,
            "decided_at": now,
        },
        kind,
    )
    return {**shown, "position": appended.first, "recorded_at": appended.recorded_at}


_NAMES: Final[Mapping[Kind, str]] = {
    "confirmation": "ConfirmationSigned",
    "action": "CorrectiveActionChanged",
    "step": "OversightStepTaken",
}
_IDS: Final[Mapping[str, str]] = {"confirmation": "fiscal_year", "action": "action_id", "step": "step_id"}


def answer_of(row: Mapping[str, Any], kind: Kind) -> Fields:
    """A decision as it is answered."""
    return {
        "org_id": row["org_id"],
        _IDS[kind]: row["decision_id"],
        "version": row["version"],
        **row["fields"],
        "decided_by": row["decided_by"],
        "decided_at": row["decided_at"],
    }


def answers_of(rows: Sequence[Mapping[str, Any]], kind: Kind) -> list[Fields]:
    return [answer_of(row, kind) for row in rows]
